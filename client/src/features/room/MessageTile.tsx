import KeyIcon from '@vector-im/compound-design-tokens/assets/web/icons/key';
import PinIcon from '@vector-im/compound-design-tokens/assets/web/icons/pin-solid';
import ThreadsIcon from '@vector-im/compound-design-tokens/assets/web/icons/threads';
import { ErrorBoundary, Tag, useServices, useText } from '@qiao/ui-kit';
import { memo, useEffect, useRef, useState, type ReactNode } from 'react';
import { MatrixAvatar } from '../../components/MatrixAvatar.tsx';
import { UnreadCount } from '../../components/UnreadCount.tsx';
import { useMatrix } from '../../matrix/context.tsx';
import type { Message, Preview } from '../../matrix/timeline-types.ts';
import { AskLine } from '../reading/AskLine.tsx';
import { NoticeLine } from '../reading/NoticeLine.tsx';
import { ActionBar } from './ActionBar.tsx';
import { oneBar, type BarHolder } from './one-bar.ts';
import { TileFailed } from './DomainTile.tsx';
import { MessageBodyView } from './MessageBodyView.tsx';
import { ReactionPicker } from './ReactionPicker.tsx';
import { useRoom } from './room-context.ts';
import { SendLine } from './SendLine.tsx';

/** How long a finger rests before the menu opens, milliseconds. */
const LONG_PRESS_MS = 450;
/** Readers shown as pictures; more are a number. */
const READERS = 5;

/** A preview in words. */
export function usePreview(): (preview: Preview | undefined) => string {
  const { t } = useText('room');
  return (preview) =>
    preview === undefined
      ? ''
      : 'text' in preview
        ? preview.text
        : t(`preview.${preview.key}`, preview.values);
}

/** What a message says in one line: for screen readers and for the strip above the composer. */
function useSummary(): (message: Message) => string {
  const { t } = useText('room');
  return ({ content, text }) => {
    switch (content.kind) {
      case 'text':
        return text === '' ? t('preview.unknown') : text;
      case 'image':
        return content.sticker ? t('preview.sticker', { name: content.name }) : t('preview.image');
      case 'audio':
        return t(content.voice ? 'preview.voice' : 'preview.audio');
      case 'file':
        return t('preview.file', { name: content.name });
      case 'poll':
        return t('preview.poll', { question: content.poll.question });
      case 'video':
      case 'location':
      case 'redacted':
      case 'unreadable':
      case 'decrypting':
        return t(`preview.${content.kind}`);
      case 'unknown':
        return content.text === '' ? t('preview.unshown') : content.text;
      default:
        return t('preview.unknown');
    }
  };
}

function QuoteLine(props: { message: Message }): ReactNode {
  const { t } = useText('room');
  const { store } = useRoom();
  const { toasts } = useServices();
  const words = usePreview();
  const { quote } = props.message;
  if (!quote) return null;
  const text =
    quote.state === 'gone'
      ? t('quote_gone')
      : quote.state === 'loading'
        ? t('quote_loading')
        : words(quote.preview);
  return (
    <button
      type="button"
      className="c-quote"
      disabled={quote.state !== 'ready'}
      onClick={() => {
        store.jumpTo(quote.eventId).catch(() => {
          toasts.show({ kind: 'error', text: t('not_there') });
        });
      }}
    >
      {quote.author && <bdi className="c-quote__name">{quote.author.name}</bdi>}
      <span dir="auto" className="c-quote__text">
        {text}
      </span>
    </button>
  );
}

function Reactions(props: { message: Message }): ReactNode {
  const { t, format } = useText('room');
  const { timelines } = useMatrix();
  const { reactions, roomId, eventId, rights } = props.message;
  if (reactions.length === 0) return null;
  const react = (key: string): void => {
    // A refusal is told by the room.
    timelines.react(roomId, eventId, key).catch(() => undefined);
  };
  return (
    <div className="c-reactions" role="group" aria-label={t('reactions')}>
      {reactions.map(({ key, count, mine, names }) => {
        const who = format.list(names);
        return (
          <button
            key={key}
            type="button"
            className="c-reaction"
            aria-pressed={mine}
            disabled={!rights.react}
            title={who}
            aria-label={t('reaction', { key, count, names: who })}
            onClick={() => {
              react(key);
            }}
          >
            <bdi>{key}</bdi> <span className="q-num">{count}</span>
          </button>
        );
      })}
      {rights.react && <ReactionPicker onPick={react} className="c-reaction c-reaction--add" />}
    </div>
  );
}

function ThreadLine(props: { message: Message }): ReactNode {
  const { t, format } = useText('room');
  const { openThread } = useRoom();
  const words = usePreview();
  const { thread, eventId } = props.message;
  if (!thread) return null;
  return (
    <button
      type="button"
      className="c-thread-line"
      onClick={() => {
        openThread(eventId);
      }}
    >
      <ThreadsIcon width={18} height={18} aria-hidden />
      <span className="c-thread-line__count">{t('thread.replies', { count: thread.count })}</span>
      {thread.last && (
        <>
          <MatrixAvatar
            id={thread.last.author.userId}
            name={thread.last.author.name}
            mxc={thread.last.author.avatar}
            size={20}
          />
          <span className="c-thread-line__text" dir="auto">
            <bdi>{thread.last.author.name}</bdi>: {words(thread.last.preview)}
          </span>
          <time className="q-muted q-small">{format.relative(new Date(thread.last.ts))}</time>
        </>
      )}
      <UnreadCount unread={thread.unread} mentions={thread.mentions} />
    </button>
  );
}

function Readers(props: { message: Message }): ReactNode {
  const { t, format } = useText('room');
  const { readers } = props.message;
  if (readers.length === 0) return null;
  const shown = readers.slice(0, READERS);
  const names = t('read_by', { names: format.list(readers.map((each) => each.name)) });
  return (
    <div className="c-readers" role="img" aria-label={names} title={names}>
      {shown.map((each) => (
        <MatrixAvatar key={each.userId} id={each.userId} name={each.name} mxc={each.avatar} size={16} />
      ))}
      {readers.length > shown.length && <span className="q-small">+{readers.length - shown.length}</span>}
    </div>
  );
}

/** One message: who, when, what, and what others did with it. */
export const MessageTile = memo(function MessageTile(props: {
  message: Message;
  highlighted: boolean;
}): ReactNode {
  const { t, format } = useText('room');
  const { matrix } = useServices();
  const summary = useSummary();
  const { message } = props;
  const { author, continued } = message;
  const [active, setActive] = useState(false);
  const [pressed, setPressed] = useState(false);
  const tile = useRef<HTMLDivElement>(null);
  const press = useRef<ReturnType<typeof setTimeout>>(undefined);
  /** The finger has rested long enough and is still there. */
  const held = useRef(false);
  const when = new Date(message.ts);
  const line = summary(message);

  useEffect(() => {
    // After a long press the bar is there: its menu opens.
    if (pressed) tile.current?.querySelector<HTMLElement>('[aria-haspopup=menu]')?.click();
  }, [pressed]);
  const endPress = (): void => {
    clearTimeout(press.current);
  };
  /** The finger leaves, or the browser takes the gesture over. @returns whether it had rested long enough */
  const release = (): boolean => {
    endPress();
    if (!held.current) return false;
    held.current = false;
    // After the events of the finger: the browser closes what is open when they end.
    setTimeout(() => {
      setPressed(true);
    });
    return true;
  };
  const close = (): void => {
    setActive(false);
    setPressed(false);
  };
  /** An open menu or dialog of the bar keeps it. */
  const isOpen = (): boolean => Boolean(tile.current?.querySelector(':popover-open, dialog[open]'));
  const [holder] = useState<BarHolder>(() => ({
    yield: () => {
      if (isOpen()) return false;
      close();
      return true;
    },
  }));
  useEffect(
    () => () => {
      oneBar.give(holder);
    },
    [holder],
  );
  const show = (): void => {
    if (oneBar.take(holder)) setActive(true);
  };
  const hide = (): void => {
    if (isOpen() || tile.current?.contains(document.activeElement)) return;
    oneBar.give(holder);
    close();
  };
  return (
    <div
      ref={tile}
      role="article"
      className="c-message"
      data-key={message.key}
      data-event={message.eventId}
      data-own={message.own}
      data-continued={continued}
      data-mentioned={message.mentioned}
      data-highlighted={props.highlighted}
      data-send={message.send}
      tabIndex={-1}
      aria-label={t('message_label', {
        name: author.name,
        time: format.time(when),
        text: line.slice(0, 200),
      })}
      onPointerEnter={(event) => {
        // A list that moves under a pointer that rests takes the bar from nobody: `onPointerMove` does.
        if (event.pointerType === 'mouse' && !oneBar.taken(holder)) show();
      }}
      onPointerLeave={(event) => {
        endPress();
        if (event.pointerType === 'mouse') hide();
      }}
      onFocus={show}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget) && !event.currentTarget.matches(':hover')) {
          setTimeout(hide);
        }
      }}
      onPointerDown={(event) => {
        if (event.pointerType === 'mouse') return;
        press.current = setTimeout(() => {
          held.current = true;
          setPressed(false);
          show();
        }, LONG_PRESS_MS);
      }}
      onPointerUp={(event) => {
        endPress();
        if (event.pointerType === 'pen') release();
      }}
      onPointerCancel={endPress}
      onTouchEnd={(event) => {
        // No click follows: it would press what is below the finger, and close the menu.
        if (release()) event.preventDefault();
      }}
      onTouchCancel={release}
      onPointerMove={(event) => {
        const moved = Math.abs(event.movementX) + Math.abs(event.movementY);
        if (moved > 4) endPress();
        if (event.pointerType === 'mouse' && moved > 0) show();
      }}
      onContextMenu={(event) => {
        // The long press has its own menu.
        if (held.current || pressed) event.preventDefault();
      }}
    >
      <div className="c-message__side">
        {continued ? (
          <time className="c-message__time" dateTime={when.toISOString()}>
            {format.time(when)}
          </time>
        ) : (
          <MatrixAvatar id={author.userId} name={author.name} mxc={author.avatar} size={36} />
        )}
      </div>
      <div className="c-message__main">
        {!continued && (
          <div className="c-message__head">
            <button
              type="button"
              className="c-message__name q-row-button"
              {...(author.external ? { title: author.userId } : {})}
              onClick={() => matrix?.openPerson(author.userId)}
            >
              <bdi>{author.name}</bdi>
            </button>
            {author.external && <Tag tone="warn">{t('external')}</Tag>}
            <time className="q-muted q-small" dateTime={when.toISOString()} title={format.dateTime(when)}>
              {format.time(when)}
            </time>
            {message.pinned && <PinIcon width={14} height={14} aria-label={t('pinned')} />}
          </div>
        )}
        <QuoteLine message={message} />
        <ErrorBoundary
          at={`${message.eventId} ${String(message.edited)} ${message.content.kind}`}
          fallback={(_error, reset) => <TileFailed reset={reset} />}
        >
          <MessageBodyView message={message} />
        </ErrorBoundary>
        {message.keyFrom !== undefined && (
          <p className="c-key-from">
            <KeyIcon width={14} height={14} aria-hidden /> {t('key_from', { name: message.keyFrom })}
          </p>
        )}
        <Reactions message={message} />
        <AskLine message={message} />
        <NoticeLine message={message} />
        <ThreadLine message={message} />
        <SendLine message={message} />
        <Readers message={message} />
      </div>
      {active && message.send === 'sent' && message.content.kind !== 'redacted' && (
        <ActionBar message={message} preview={line} />
      )}
    </div>
  );
});
