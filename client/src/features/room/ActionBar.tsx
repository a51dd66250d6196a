import CopyIcon from '@vector-im/compound-design-tokens/assets/web/icons/copy';
import CodeIcon from '@vector-im/compound-design-tokens/assets/web/icons/code';
import DeleteIcon from '@vector-im/compound-design-tokens/assets/web/icons/delete';
import EditIcon from '@vector-im/compound-design-tokens/assets/web/icons/edit';
import LinkIcon from '@vector-im/compound-design-tokens/assets/web/icons/link';
import MoreIcon from '@vector-im/compound-design-tokens/assets/web/icons/overflow-horizontal';
import PinIcon from '@vector-im/compound-design-tokens/assets/web/icons/pin';
import ReplyIcon from '@vector-im/compound-design-tokens/assets/web/icons/reply';
import ThreadsIcon from '@vector-im/compound-design-tokens/assets/web/icons/threads';
import { ErrorBoundary, MenuButton, useServices, useText, type MenuEntry } from '@qiao/ui-kit';
import { createElement, lazy, Suspense, useState, type LazyExoticComponent, type ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import type { ComposeEvent } from '../../matrix/compose-target.ts';
import type { Message } from '../../matrix/timeline-types.ts';
import { messageActions, type MessageAction } from './message-actions.ts';
import { ReactionPicker } from './ReactionPicker.tsx';
import { useRoom } from './room-context.ts';
import { SourceDialog } from './SourceDialog.tsx';

type Load = NonNullable<MessageAction['load']>;

/** Address of a message, for people of this workspace. */
export const linkTo = (message: Pick<Message, 'roomId' | 'eventId'>): string =>
  `${location.origin}/room/${encodeURIComponent(message.roomId)}?event=${encodeURIComponent(message.eventId)}`;

/** A message as the composer is told of it. */
export const toCompose = (message: Message, preview: string): ComposeEvent => ({
  eventId: message.eventId,
  sender: message.author.userId,
  senderName: message.author.name,
  text: message.text === '' ? preview : message.text,
});

const lazyViews = new Map<Load, LazyExoticComponent<Awaited<ReturnType<Load>>['default']>>();

/** The view of an action; the same component each time it is asked for. */
function viewOf(load: Load): LazyExoticComponent<Awaited<ReturnType<Load>>['default']> {
  const known = lazyViews.get(load) ?? lazy(load);
  lazyViews.set(load, known);
  return known;
}

function Extra(props: { action: MessageAction; message: Message; onClose: () => void }): ReactNode {
  const { load, id } = props.action;
  if (!load) return null;
  return (
    <ErrorBoundary at={id} fallback={() => null}>
      <Suspense fallback={null}>
        {createElement(viewOf(load), { message: props.message, onClose: props.onClose })}
      </Suspense>
    </ErrorBoundary>
  );
}

/** What can be done with a message: shown on hover, focus and long press. */
export function ActionBar(props: { message: Message; preview: string }): ReactNode {
  const { t } = useText('room');
  const services = useServices();
  const { i18n, attempt, confirm, toasts } = services;
  const { timelines } = useMatrix();
  const { target, openThread, threadId } = useRoom();
  const { message } = props;
  const { roomId, eventId, rights } = message;
  const [shown, setShown] = useState<MessageAction | 'source'>();

  const copy = async (text: string, done: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      toasts.success(done);
    } catch {
      toasts.show({ kind: 'error', text: t('action.not_copied') });
    }
  };
  const redact = async (): Promise<void> => {
    const yes = await confirm.ask({
      title: t('action.redact_title'),
      body: t('action.redact_text'),
      confirm: t('action.redact'),
      destructive: true,
    });
    // A refusal is told by the shell.
    if (yes) timelines.redact(roomId, eventId).catch(() => undefined);
  };
  const maybe = (there: boolean, entry: MenuEntry): MenuEntry[] => (there ? [entry] : []);
  const entries: (MenuEntry | 'line')[] = [
    ...maybe(rights.edit, {
      label: t('action.edit'),
      Icon: EditIcon,
      onSelect: () => {
        target.edit(toCompose(message, props.preview));
      },
    }),
    ...maybe(message.text !== '', {
      label: t('action.copy'),
      Icon: CopyIcon,
      onSelect: () => void copy(message.text, t('action.copied')),
    }),
    {
      label: t('action.link'),
      Icon: LinkIcon,
      onSelect: () => void copy(linkTo(message), t('action.link_copied')),
    },
    ...maybe(rights.pin, {
      label: message.pinned ? t('action.unpin') : t('action.pin'),
      Icon: PinIcon,
      onSelect: () => void attempt(() => timelines.setPinned(roomId, eventId, !message.pinned)),
    }),
    ...messageActions
      .filter((action) => action.allowed(message, services))
      .map((action) => ({
        label: i18n.t(action.title),
        Icon: action.Icon,
        onSelect: () => {
          if (action.load) setShown(action);
          else void action.run?.(message, services);
        },
      })),
    {
      label: t('action.source'),
      Icon: CodeIcon,
      onSelect: () => {
        setShown('source');
      },
    },
    ...(rights.redact
      ? ([
          'line',
          { label: t('action.redact'), Icon: DeleteIcon, destructive: true, onSelect: () => void redact() },
        ] as const)
      : []),
  ];
  return (
    <div className="c-actions" role="toolbar" aria-label={t('action.label')}>
      {rights.react && (
        <ReactionPicker
          onPick={(emoji) => {
            timelines.react(roomId, eventId, emoji).catch(() => undefined);
          }}
        />
      )}
      {rights.reply && (
        <button
          type="button"
          className="c-action"
          aria-label={t('action.reply')}
          title={t('action.reply')}
          onClick={() => {
            target.reply(toCompose(message, props.preview));
          }}
        >
          <ReplyIcon width={20} height={20} aria-hidden />
        </button>
      )}
      {rights.reply && threadId === undefined && (
        <button
          type="button"
          className="c-action"
          aria-label={t('action.thread')}
          title={t('action.thread')}
          onClick={() => {
            openThread(eventId);
          }}
        >
          <ThreadsIcon width={20} height={20} aria-hidden />
        </button>
      )}
      <MenuButton label={t('action.more')} className="c-action" entries={entries}>
        <MoreIcon width={20} height={20} aria-hidden />
      </MenuButton>
      {shown === 'source' ? (
        <SourceDialog
          roomId={roomId}
          eventId={eventId}
          onClose={() => {
            setShown(undefined);
          }}
        />
      ) : (
        shown && (
          <Extra
            action={shown}
            message={message}
            onClose={() => {
              setShown(undefined);
            }}
          />
        )
      )}
    </div>
  );
}
