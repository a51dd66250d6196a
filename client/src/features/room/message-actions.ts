import ForwardIcon from '@vector-im/compound-design-tokens/assets/web/icons/forward';
import ReadIcon from '@vector-im/compound-design-tokens/assets/web/icons/visibility-on';
import type { IconType, Services } from '@qiao/ui-kit';
import type { ComponentType } from 'react';
import type { Message } from '../../matrix/timeline-types.ts';

/** An entry of a message's menu that another area adds. */
export interface MessageAction {
  readonly id: string;
  /** Text key with namespace. */
  readonly title: string;
  readonly Icon: IconType;
  /** Whether this message has it; called each time the menu is drawn. */
  readonly allowed: (message: Message, services: Services) => boolean;
  /** Does it at once … */
  readonly run?: (message: Message, services: Services) => void | Promise<void>;
  /** … or shows something (a dialog) until it is closed. */
  readonly load?: () => Promise<{ default: ComponentType<{ message: Message; onClose: () => void }> }>;
}

/** Kinds of messages that mean the same elsewhere. */
const FORWARDED = new Set<Message['content']['kind']>([
  'text',
  'image',
  'video',
  'audio',
  'file',
  'location',
]);

/** Entries of other areas, in the order of the menu: one line each. */
export const messageActions: readonly MessageAction[] = [
  {
    id: 'forward',
    title: 'room:forward.action',
    Icon: ForwardIcon,
    allowed: ({ content, send }) => send === 'sent' && FORWARDED.has(content.kind),
    load: () => import('./forward/ForwardDialog.tsx'),
  },
  {
    id: 'reading',
    title: 'reading:action',
    Icon: ReadIcon,
    allowed: (message, { session }) =>
      message.own && message.send === 'sent' && session.personId !== undefined,
    load: () => import('../reading/ReadingDialog.tsx'),
  },
];
