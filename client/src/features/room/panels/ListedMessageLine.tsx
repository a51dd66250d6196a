import { useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { MatrixAvatar } from '../../../components/MatrixAvatar.tsx';
import { UnreadCount } from '../../../components/UnreadCount.tsx';
import type { ListedMessage } from '../../../matrix/pinned-store.ts';
import { usePreview } from '../MessageTile.tsx';

/** What is unread below it. */
interface UnreadOf {
  readonly unread: number;
  readonly mentions: number;
}

/** A message in a panel's list: who, when, one line. */
export function ListedMessageLine(props: {
  message: ListedMessage;
  onOpen: () => void;
  children?: ReactNode;
  unread?: UnreadOf;
}): ReactNode {
  const { format } = useText('room');
  const words = usePreview();
  const { author, ts, preview } = props.message;
  return (
    <button
      type="button"
      className="c-listed"
      data-unread={(props.unread?.unread ?? 0) > 0}
      onClick={props.onOpen}
    >
      <MatrixAvatar id={author.userId} name={author.name} mxc={author.avatar} size={32} />
      <span className="c-listed__text">
        <span className="c-listed__head">
          <bdi className="c-quote__name">{author.name}</bdi>
          <time className="q-muted q-small">{format.relative(new Date(ts))}</time>
        </span>
        <span dir="auto" className="c-listed__line">
          {words(preview)}
        </span>
        {props.children}
      </span>
      {props.unread && <UnreadCount {...props.unread} />}
    </button>
  );
}
