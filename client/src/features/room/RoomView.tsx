import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Busy,
  ErrorBoundary,
  ErrorState,
  useServices,
  useGo,
  useSearchParams,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { lazy, Suspense, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { useLocation } from 'react-router';
import { useTitle } from '../../app/title.ts';
import { ComposeTarget } from '../../matrix/compose-target.ts';
import { useMatrix } from '../../matrix/context.tsx';
import { Composer } from '../composer/Composer.tsx';
import { RoomAsks } from '../reading/RoomAsks.tsx';
import { PinnedBar } from './PinnedBar.tsx';
import { RoomContext, type InRoom } from './room-context.ts';
import { RoomHeader } from './RoomHeader.tsx';
import { Timeline } from './Timeline.tsx';
import './room.css';

const Panel = lazy(() => import('./panels/Panel.tsx'));
const ReadersNotice = lazy(() =>
  import('../keys/Readers.tsx').then((module) => ({ default: module.ReadersNotice })),
);

/** Whether the panel was opened over another one, which its address says. */
const isBeside = (state: unknown): boolean =>
  typeof state === 'object' && state !== null && 'beside' in state && state.beside === true;

/** One conversation: header, timeline, composer, and a panel beside them. */
export function RoomView(props: { roomId: string }): ReactNode {
  const { t } = useText('room');
  const { toasts, attempt } = useServices();
  const { roomId } = props;
  const { timelines, client, people, rooms } = useMatrix();
  const go = useGo();
  const [search, setSearch] = useSearchParams();
  const panel = search.get('panel');
  const eventId = search.get('event');
  const userId = search.get('user');
  const beside = isBeside(useLocation().state);
  // A thread's panel has its root there; elsewhere it is the message to show.
  const wanted = panel === 'thread' ? null : eventId;
  const [target] = useState(() => new ComposeTarget());
  const [info, infoModel] = useViewModel(() => timelines.info(roomId));
  const [, store] = useViewModel(() => {
    const made = timelines.timeline(roomId);
    if (wanted !== null) made.openAt(wanted);
    return made;
  });
  // Before the first sync is read the list may know its name already.
  const name = info.known ? info.name : (rooms.getSnapshot().byId.get(roomId)?.name ?? t('unknown'));
  useTitle(name);

  useEffect(
    () => () => {
      timelines.trim(roomId);
    },
    [timelines, roomId],
  );

  // Address says: this message. Said once; going back and forth says it again, but not behind a panel that was opened
  // meanwhile: who closes it is where they were.
  const gone = useRef(wanted);
  useEffect(() => {
    if (wanted === null) {
      if (panel === null) gone.current = null;
      return;
    }
    if (gone.current === wanted) return;
    gone.current = wanted;
    store.jumpTo(wanted).catch(() => {
      toasts.show({ kind: 'error', text: t('not_there') });
    });
  }, [wanted, panel, store, toasts, t]);

  const room = useMemo<InRoom>(
    () => ({
      roomId,
      threadId: undefined,
      ref: { roomId, name: info.name, encrypted: info.encrypted },
      store,
      target,
      nameOf: (userId) => {
        const here = client.getRoom(roomId)?.getMember(userId)?.rawDisplayName;
        const known = people.known(userId).name;
        return here ?? (known === userId ? undefined : known);
      },
      openThread: (id) => {
        setSearch({ panel: 'thread', event: id });
      },
    }),
    [roomId, info.name, info.encrypted, store, target, client, people, setSearch],
  );
  const subject =
    panel === 'thread'
      ? `thread ${eventId ?? ''}`
      : panel === 'person'
        ? `person ${userId ?? ''}`
        : (panel ?? '');
  const close = (): void => {
    setSearch({});
  };
  return (
    <main className="c-main c-room" aria-label={name} data-panel={panel !== null}>
      <RoomContext value={room}>
        <RoomAsks roomId={roomId}>
          <div className="c-room__column">
            <RoomHeader info={info} name={name} roomId={roomId} panel={panel} />
            {info.known && !info.joined && (
              <Banner
                tone="info"
                title={t('not_joined')}
                actions={
                  <Button kind="secondary" size="md" onClick={() => void attempt(infoModel.join)}>
                    {t('join')}
                  </Button>
                }
              />
            )}
            <PinnedBar roomId={roomId} pinned={info.pinned} />
            <ErrorBoundary
              at={roomId}
              fallback={(error, reset) => <ErrorState error={error} retry={reset} />}
            >
              <Timeline />
            </ErrorBoundary>
            {info.joined && (
              <Suspense fallback={null}>
                <ReadersNotice key={roomId} roomId={roomId} />
              </Suspense>
            )}
            <Composer roomId={roomId} target={target} />
          </div>
          {panel !== null && (
            <ErrorBoundary
              at={subject}
              fallback={(error, reset) => (
                <aside className="c-panel">
                  <ErrorState error={error} retry={reset} />
                </aside>
              )}
            >
              <Suspense
                fallback={
                  <aside className="c-panel" aria-label={t('panel.label')}>
                    <Busy />
                  </aside>
                }
              >
                <Panel
                  key={subject}
                  panel={panel}
                  eventId={eventId ?? undefined}
                  userId={userId ?? undefined}
                  onBack={beside ? () => void go(-1) : undefined}
                  info={info}
                  model={infoModel}
                  onClose={close}
                  onLeft={() => void go('/')}
                />
              </Suspense>
            </ErrorBoundary>
          )}
        </RoomAsks>
      </RoomContext>
    </main>
  );
}
