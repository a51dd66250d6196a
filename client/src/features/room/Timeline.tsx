import { Button } from '@vector-im/compound-web';
import ArrowDownIcon from '@vector-im/compound-design-tokens/assets/web/icons/arrow-down';
import ArrowUpIcon from '@vector-im/compound-design-tokens/assets/web/icons/arrow-up';
import ChatIcon from '@vector-im/compound-design-tokens/assets/web/icons/chat';
import { Busy, EmptyState, Skeleton, useServices, useSnapshot, useText } from '@qiao/ui-kit';
import {
  memo,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactNode,
} from 'react';
import type { Edge, TimelineItem } from '../../matrix/timeline-types.ts';
import { MessageTile } from './MessageTile.tsx';
import { useRoom } from './room-context.ts';
import { ScrollKeeper, type ScrollState } from './scroll-keeper.ts';
import { StateGroup } from './StateGroup.tsx';
import './timeline.css';

/** How long a message that was jumped to stays marked, milliseconds. */
const HIGHLIGHT_MS = 4000;

/** The day as people say it. */
function useDay(): (ts: number) => string {
  const { t, format, locale } = useText('room');
  return (ts) => {
    const date = new Date(ts);
    const days = Math.round(
      (new Date().setHours(0, 0, 0, 0) - new Date(ts).setHours(0, 0, 0, 0)) / 86_400_000,
    );
    if (days === 0) return t('today');
    if (days === 1) return t('yesterday');
    if (days > 1 && days < 7) return new Intl.DateTimeFormat(locale, { weekday: 'long' }).format(date);
    return format.date(date);
  };
}

function DateLine(props: { ts: number }): ReactNode {
  const day = useDay()(props.ts);
  return (
    <div className="c-date" role="separator" aria-label={day}>
      <span aria-hidden>{day}</span>
    </div>
  );
}

function MarkerLine(): ReactNode {
  const { t } = useText('room');
  return (
    <div className="c-marker" role="separator" aria-label={t('new_messages')} data-marker="true">
      <span aria-hidden>{t('new_messages')}</span>
    </div>
  );
}

const Item = memo(function Item(props: { item: TimelineItem; highlighted: boolean }): ReactNode {
  const { item } = props;
  switch (item.kind) {
    case 'message':
      return <MessageTile message={item} highlighted={props.highlighted} />;
    case 'state':
      return <StateGroup item={item} />;
    case 'date':
      return <DateLine ts={item.ts} />;
    case 'marker':
      return <MarkerLine />;
  }
});

function EdgeLine(props: { edge: Edge; onMore: () => void; begin?: boolean }): ReactNode {
  const { t } = useText('room');
  switch (props.edge) {
    case 'loading':
      return (
        <div className="c-edge">
          <Busy />
        </div>
      );
    case 'failed':
      return (
        <div className="c-edge" role="alert">
          {t('edge_failed')}{' '}
          <Button kind="tertiary" size="md" onClick={props.onMore}>
            {t('again')}
          </Button>
        </div>
      );
    case 'end':
      return props.begin ? <div className="c-edge q-muted">{t('beginning')}</div> : null;
    case 'more':
      return <div className="c-edge" aria-hidden />;
  }
}

/** Says the newest message of somebody else to a screen reader. */
function Announcer(props: { items: readonly TimelineItem[] }): ReactNode {
  const { t } = useText('room');
  const last = props.items.at(-1);
  const [first] = useState(last?.key);
  if (last?.kind !== 'message' || last.own || last.key === first)
    return <div className="q-sr" aria-live="polite" />;
  return (
    <div className="q-sr" aria-live="polite">
      {t('announce', { name: last.author.name, text: last.text.slice(0, 200) })}
    </div>
  );
}

function Typing(props: { names: readonly string[] }): ReactNode {
  const { t, format } = useText('room');
  const { names } = props;
  return (
    <div className="c-typing" aria-live="off">
      {names.length === 0
        ? ''
        : names.length > 3
          ? t('typing_many', { count: names.length })
          : t('typing', { names: format.list(names), count: names.length })}
    </div>
  );
}

/** The messages of a conversation, or of one of its threads. */
export function Timeline(): ReactNode {
  const { t, format } = useText('room');
  const { toasts } = useServices();
  const { store, threadId } = useRoom();
  const label = threadId === undefined ? t('messages') : t('messages_thread');
  const snapshot = useSnapshot(store);
  const { items, older, newer, focus, unseen, pages, sent } = snapshot;
  const frame = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const keeper = useRef<ScrollKeeper>(undefined);
  const [scroll, setScroll] = useState<ScrollState>({ atBottom: true, nearTop: false, nearBottom: true });
  const [highlight, setHighlight] = useState<string>();
  const [markerAbove, setMarkerAbove] = useState(false);
  const ready = snapshot.state === 'ready';

  useEffect(() => {
    if (!ready || !frame.current || !content.current) return;
    const made = new ScrollKeeper(frame.current, content.current, (state) => {
      setScroll((before) =>
        before.atBottom === state.atBottom &&
        before.nearTop === state.nearTop &&
        before.nearBottom === state.nearBottom
          ? before
          : state,
      );
      const marker = frame.current?.querySelector('[data-marker]');
      setMarkerAbove(
        marker !== null &&
          marker !== undefined &&
          marker.getBoundingClientRect().bottom < (frame.current?.getBoundingClientRect().top ?? 0),
      );
    });
    keeper.current = made;
    made.isEnd = store.getSnapshot().newer === 'end';
    made.restore();
    return () => {
      made.close();
      keeper.current = undefined;
    };
  }, [ready, store]);

  useLayoutEffect(() => {
    if (!keeper.current) return;
    keeper.current.isEnd = newer === 'end';
    keeper.current.restore();
  }, [items, newer, older]);

  // Whoever has scrolled up sees what they send.
  useLayoutEffect(() => {
    if (sent > 0) keeper.current?.toBottom();
  }, [sent]);

  useEffect(() => {
    const made = keeper.current;
    if (!focus || !made || !ready) return;
    if (made.toMiddle(`[data-event="${CSS.escape(focus.eventId)}"]`) && focus.highlight)
      setHighlight(focus.eventId);
    store.focused();
  }, [focus, items, ready, store]);

  useEffect(() => {
    if (highlight === undefined) return;
    const timer = setTimeout(() => {
      setHighlight(undefined);
    }, HIGHLIGHT_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [highlight]);

  useEffect(() => {
    if (!ready) return;
    store.setAtBottom(scroll.atBottom);
    if (scroll.nearTop && older === 'more') store.older();
    if (scroll.nearBottom && newer === 'more') store.newer();
  }, [ready, scroll, older, newer, items, pages, store]);

  const toNewest = (): void => {
    if (newer === 'end') keeper.current?.toBottom();
    else {
      void store.toNewest().then(() => {
        keeper.current?.toBottom();
      });
    }
  };
  const toMarker = (): void => {
    if (keeper.current?.toMiddle('[data-marker]')) return;
    if (snapshot.firstUnread !== undefined) {
      store.jumpTo(snapshot.firstUnread).catch(() => {
        toasts.show({ kind: 'error', text: t('not_there') });
      });
    }
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown' && event.key !== 'End' && event.key !== 'Home')
      return;
    const target = event.target as HTMLElement;
    if (target !== frame.current && target.getAttribute('role') !== 'article') return;
    const all = [...(frame.current?.querySelectorAll<HTMLElement>('[role=article]') ?? [])];
    const now = all.indexOf(target);
    const next =
      event.key === 'End' || (now < 0 && event.key !== 'Home')
        ? all.at(-1)
        : event.key === 'Home'
          ? all[0]
          : all[now + (event.key === 'ArrowUp' ? -1 : 1)];
    if (!next) return;
    event.preventDefault();
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: 'nearest' });
  };

  if (snapshot.state === 'loading') {
    return (
      <section className="c-timeline" aria-label={label} aria-busy>
        <Skeleton lines={9} />
      </section>
    );
  }
  if (snapshot.state !== 'ready') {
    return (
      <section className="c-timeline c-timeline--none" aria-label={label}>
        <EmptyState
          Icon={ChatIcon}
          title={snapshot.state === 'missing' ? t('missing') : t('failed')}
          text={snapshot.state === 'missing' ? t('missing_text') : t('failed_text')}
        >
          {snapshot.state === 'failed' && (
            <Button kind="secondary" size="md" onClick={store.again}>
              {t('again')}
            </Button>
          )}
        </EmptyState>
      </section>
    );
  }
  return (
    <section className="c-timeline" aria-label={label}>
      <div
        ref={frame}
        className="c-timeline__frame"
        role="log"
        aria-live="off"
        aria-label={t('messages_help')}
        tabIndex={0}
        onKeyDown={onKeyDown}
        data-newer={newer}
        data-older={older}
      >
        <div ref={content} className="c-timeline__content">
          <EdgeLine edge={older} onMore={store.older} begin />
          {items.map((item) => (
            <Item
              key={item.key}
              item={item}
              highlighted={item.kind === 'message' && item.eventId === highlight}
            />
          ))}
          <EdgeLine edge={newer} onMore={store.newer} />
        </div>
      </div>
      {markerAbove && (
        <button type="button" className="c-jump c-jump--up" onClick={toMarker}>
          <ArrowUpIcon width={16} height={16} aria-hidden />
          {t('to_unread')}
        </button>
      )}
      {!scroll.atBottom && (
        <button
          type="button"
          className="c-jump c-jump--down"
          aria-label={unseen > 0 ? t('to_newest_count', { count: unseen }) : t('to_newest')}
          onClick={toNewest}
        >
          {unseen > 0 && <span className="q-num">{format.number(unseen)}</span>}
          <ArrowDownIcon width={20} height={20} aria-hidden />
        </button>
      )}
      <Typing names={snapshot.typing} />
      <Announcer items={items} />
    </section>
  );
}
