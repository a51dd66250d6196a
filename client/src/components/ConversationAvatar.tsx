import type { ReactNode } from 'react';
import { MatrixAvatar } from './MatrixAvatar.tsx';

/** What decides how a conversation's picture looks. */
export interface Pictured {
  readonly roomId: string;
  readonly name: string;
  readonly avatar: string | undefined;
  /** The other one of a direct chat. */
  readonly partner: string | undefined;
}

/** The picture of a conversation; a direct chat has the other person's, in their colour, as it is everywhere. */
export const ConversationAvatar = ({ of, size }: { of: Pictured; size: number }): ReactNode => (
  <MatrixAvatar
    id={of.partner ?? of.roomId}
    name={of.name}
    mxc={of.avatar}
    size={size}
    square={of.partner === undefined}
  />
);
