import {
  Direction,
  Method,
  type EventTimeline,
  type EventTimelineSet,
  type MatrixClient,
  type Room,
  type TimelineWindow,
} from 'matrix-js-sdk';

/** Events that stay in memory on either side of the window, so that turning round needs no request. */
const SPARE = 600;
/** So many more than that have to be there before any is let go of: each time costs a request. */
const SURPLUS = 1000;

/** What the SDK keeps to itself, of the version that is pinned. */
interface OfRoom {
  fixUpLegacyTimelineFields(): void;
}
interface OfRelations {
  readonly relations: Map<string, unknown>;
}

/** Where pagination goes on from an event, to both sides. */
async function tokensAt(
  client: MatrixClient,
  room: Room,
  eventId: string,
): Promise<{ start?: string; end?: string }> {
  const path = `/rooms/${encodeURIComponent(room.roomId)}/context/${encodeURIComponent(eventId)}`;
  return client.http.authedRequest(Method.Get, path, { limit: '0' });
}

/** Where a window is in its timeline: places in the list of its events; the last is outside. */
function placeOf(
  window: TimelineWindow,
): { readonly timeline: EventTimeline; readonly first: number; readonly last: number } | undefined {
  const start = window.getTimelineIndex(Direction.Backward);
  const end = window.getTimelineIndex(Direction.Forward);
  if (start === null || end === null) return undefined;
  if (start.timeline !== end.timeline) return undefined;
  const base = start.timeline.getBaseIndex();
  return { timeline: start.timeline, first: start.index + base, last: end.index + base };
}

/** Removes events of the window's timeline outside of it; the window stays over the same events. */
function remove(set: EventTimelineSet, window: TimelineWindow, ids: readonly string[], older: boolean): void {
  const start = window.getTimelineIndex(Direction.Backward);
  const end = window.getTimelineIndex(Direction.Forward);
  const place = placeOf(window);
  if (!start || !end || !place) return;
  let { first, last } = place;
  for (const id of ids) {
    if (!set.removeEvent(id)) continue;
    if (older) {
      first--;
      last--;
    }
    // The SDK counts from the event the timeline began with, which moves.
    const base = place.timeline.getBaseIndex();
    start.index = first - base;
    end.index = last - base;
  }
}

/** Parts a timeline from its neighbour, which is reached again by a request. */
async function part(
  client: MatrixClient,
  room: Room,
  timeline: EventTimeline,
  direction: Direction,
): Promise<(() => void) | undefined> {
  const neighbour = timeline.getNeighbouringTimeline(direction);
  if (!neighbour) return () => undefined;
  const edge = neighbour
    .getEvents()
    .at(direction === Direction.Forward ? 0 : -1)
    ?.getId();
  if (edge === undefined) return undefined;
  const tokens = await tokensAt(client, room, edge);
  const token = direction === Direction.Forward ? tokens.start : tokens.end;
  if (token === undefined) return undefined;
  return () => {
    if (timeline.getNeighbouringTimeline(direction) !== neighbour) return;
    // Neighbours can be set once by the SDK's own means.
    if (direction === Direction.Forward) {
      timeline['nextTimeline'] = null;
      neighbour['prevTimeline'] = null;
      neighbour.setPaginationToken(token, Direction.Backward);
    } else {
      timeline['prevTimeline'] = null;
      neighbour['nextTimeline'] = null;
      neighbour.setPaginationToken(token, Direction.Forward);
    }
  };
}

/** Lets the newest messages have a timeline of their own, as after a gap in the sync. */
function detachLive(client: MatrixClient, room: Room, set: EventTimelineSet, token: string): boolean {
  const now = client.store.getSyncToken();
  if (now === null) return false;
  set.resetLiveTimeline(now, token);
  // Else done by `room.resetLiveTimeline`, which asks twice for each thread.
  (room as unknown as OfRoom).fixUpLegacyTimelineFields();
  return true;
}

/**
 * Lets go of events of the window's timeline that are far from it, at one end at a time; what is let go of comes
 * back by pagination. Called after each page; does nothing most times.
 * @param isFree whether the window is still what is shown, and nothing is being fetched at that end
 * @returns whether anything was let go of
 * @throws MatrixError when the homeserver cannot be asked where to go on later
 */
export async function boundTimeline(
  client: MatrixClient,
  room: Room,
  set: EventTimelineSet,
  window: TimelineWindow,
  isFree: (direction: Direction) => boolean,
): Promise<boolean> {
  const before = placeOf(window);
  if (!before) return false;
  const { timeline } = before;
  const count = timeline.getEvents().length;
  const older = before.first > SPARE + SURPLUS;
  if (!older && count - before.last <= SPARE + SURPLUS) return false;
  const direction = older ? Direction.Backward : Direction.Forward;
  const edge = timeline.getEvents()[older ? before.first - SPARE : before.last + SPARE - 1];
  const edgeId = edge?.getId();
  if (!edge || edgeId?.startsWith('$') !== true) return false;
  const tokens = await tokensAt(client, room, edgeId);
  const token = older ? tokens.start : tokens.end;
  const apart = await part(client, room, timeline, direction);
  if (token === undefined || !apart || !isFree(direction)) return false;
  const now = placeOf(window);
  const events = timeline.getEvents();
  const at = events.indexOf(edge);
  // Somebody turned round in the meantime, or left for another place.
  if (now?.timeline !== timeline || at < 0 || (older ? at >= now.first : at < now.last)) return false;
  const gone = (older ? events.slice(0, at) : events.slice(at + 1).reverse()).flatMap(
    (event) => event.getId() ?? [],
  );
  const wasLive = timeline === set.getLiveTimeline();
  if (!older && wasLive && !detachLive(client, room, set, token)) return false;
  apart();
  timeline.setPaginationToken(token, direction);
  remove(set, window, gone, older);
  if (!older) {
    // What refers to them came after them and went with them.
    const { relations } = set.relations as unknown as OfRelations;
    for (const id of gone) relations.delete(id);
    // The conversation list shows the newest message.
    if (wasLive)
      await client
        .paginateEventTimeline(set.getLiveTimeline(), { backwards: true, limit: 20 })
        .catch(() => undefined);
  }
  return true;
}
