import {
  ErrorBoundary,
  useServices,
  useText,
  type ClientTile,
  type RoomRef,
  type TileEvent,
} from '@qiao/ui-kit';
import {
  createElement,
  lazy,
  Suspense,
  type ComponentType,
  type LazyExoticComponent,
  type ReactNode,
} from 'react';
import { modules } from '../../modules.ts';
import type { Message } from '../../matrix/timeline-types.ts';
import { useRoom } from './room-context.ts';

type Tile = LazyExoticComponent<ComponentType<{ event: TileEvent; room: RoomRef }>>;

const lazyTiles = new Map<ClientTile, Tile>();

/** The view of a tile; the same component each time it is asked for. */
function viewOf(tile: ClientTile): Tile {
  const known = lazyTiles.get(tile) ?? lazy(tile.load);
  lazyTiles.set(tile, known);
  return known;
}

/** The domain's tile for a type of event. */
export const tileFor = (type: string): ClientTile | undefined =>
  modules.flatMap((module) => module.client?.tiles ?? []).find((tile) => tile.types.includes(type));

/** Shown in place of what threw. */
export function TileFailed(props: { reset?: () => void }): ReactNode {
  const { t } = useText('room');
  return (
    <div className="c-quiet c-tile-failed" role="note">
      {t('tile_failed')}{' '}
      {props.reset && (
        <button type="button" className="q-link-button" onClick={props.reset}>
          {t('again')}
        </button>
      )}
    </div>
  );
}

/** An event of a domain, or a quiet line for a type that nobody shows. */
export function DomainTile(props: {
  message: Message;
  type: string;
  content: Readonly<Record<string, unknown>>;
  /** For tests; by default the tile that the domains offer. */
  tile?: ClientTile | undefined;
}): ReactNode {
  const { t } = useText('room');
  const { session } = useServices();
  const { ref } = useRoom();
  const { message, type, content } = props;
  const tile = props.tile ?? tileFor(type);
  if (!tile) {
    return (
      <p className="c-quiet">
        {t('unknown_type')} <code>{type.slice(0, 80)}</code>
      </p>
    );
  }
  const event: TileEvent = {
    roomId: message.roomId,
    eventId: message.eventId,
    sender: message.author.userId,
    senderName: message.author.name,
    type,
    content,
    ts: message.ts,
    own: message.author.userId === session.userId,
  };
  return (
    <ErrorBoundary at={message.eventId} fallback={(_error, reset) => <TileFailed reset={reset} />}>
      <Suspense fallback={<div className="c-quiet">{t('loading_tile')}</div>}>
        {createElement(viewOf(tile), { event, room: ref })}
      </Suspense>
    </ErrorBoundary>
  );
}
