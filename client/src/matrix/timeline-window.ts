import {
  Direction,
  RoomEvent,
  TimelineWindow,
  type EventTimeline,
  type EventTimelineSet,
  type MatrixClient,
} from 'matrix-js-sdk';
import { hasRow, rowsOf } from './timeline-rows.ts';

/** Most rows kept in the window; what is beyond, at the far end, is dropped and loaded again when needed. */
const WINDOW = 400;
/** Most events of the window that make no row: runs of reactions and changes do not push the rows out of it. */
const MOST_UNSHOWN = 4000;
/** Events of one request. */
export const PAGE = 100;
/** Events that are in memory below the lowest one that is shown, unless there are no more. */
const AHEAD = 100;
/** Events that come into the window at a time: so many rows are drawn at once. */
const STEP = 25;
/** Shown items the first load aims at, and that a scroll brings. */
export const ENOUGH = 20;
/** Requests of one scroll at most: a room can have long runs of what is not shown. */
const MOST_REQUESTS = 8;

/** What the SDK keeps to itself, of the version that is pinned. */
interface OfWindow {
  windowLimit: number;
}

/** A window and the end of its listening; the SDK's own never ends, and keeps all events in memory. */
export function openWindow(
  client: MatrixClient,
  set: EventTimelineSet,
): { readonly window: TimelineWindow; readonly close: () => void } {
  const heard = new Set<unknown>(set.room?.listeners(RoomEvent.Timeline));
  const window = new TimelineWindow(client, set, { windowLimit: WINDOW });
  const own = set.room?.listeners(RoomEvent.Timeline).filter((each) => !heard.has(each)) ?? [];
  return {
    window,
    close: () => {
      for (const listener of own) set.room?.off(RoomEvent.Timeline, listener as never);
    },
  };
}

/**
 * Moves the window's end over events that are in memory; what is not shown takes no row's place in it. Downwards the
 * next events stay behind until more of them are there: a message comes into sight with its reactions.
 */
function extend(window: TimelineWindow, direction: Direction, ahead = AHEAD): boolean {
  const at = window.getTimelineIndex(direction);
  if (!at) return false;
  let size = STEP;
  if (direction === Direction.Forward && at.timeline.getPaginationToken(direction) !== null)
    size = Math.min(size, at.maxIndex() - at.index - ahead);
  if (size <= 0) return false;
  const events = window.getEvents();
  (window as unknown as OfWindow).windowLimit =
    WINDOW + Math.min(MOST_UNSHOWN, events.length - rowsOf(events));
  return window.extend(direction, size);
}

/**
 * Takes timelines without events out of the chain: a gap in the sync began them and the next one ended them, and all
 * that came between was of threads. The SDK links a timeline once at each end: beside such a one the newest timeline
 * could not be linked to the messages before, and their page would be refused.
 */
async function unlinkEmpty(set: EventTimelineSet, window: TimelineWindow): Promise<void> {
  const isNeeded = (each: EventTimeline): boolean =>
    each === set.getLiveTimeline() || each === window.getTimelineIndex(Direction.Forward)?.timeline;
  const empty = (): EventTimeline[] =>
    set.getTimelines().filter((each) => each.getEvents().length === 0 && !isNeeded(each));
  // What is on its way for one of them links it when it comes.
  const underway = (): Promise<boolean> | undefined =>
    empty().flatMap((each) => each.paginationRequests[Direction.Backward] ?? [])[0];
  for (let request = underway(); request !== undefined; request = underway())
    await request.catch(() => false);
  for (const timeline of empty()) {
    const before = timeline.getNeighbouringTimeline(Direction.Backward);
    if (!before || timeline.getNeighbouringTimeline(Direction.Forward)) continue;
    // Neighbours can be set once by the SDK's own means.
    before['nextTimeline'] = null;
    timeline['prevTimeline'] = null;
    before.setPaginationToken(timeline.getPaginationToken(Direction.Forward), Direction.Forward);
  }
}

/** Who shows a window. */
interface WindowHost {
  /** Whether the window is still what is shown. */
  isCurrent(): boolean;
  /** What was in memory is in the window; answers whether that changed what is shown. */
  draw(): boolean;
  /** Before the homeserver is asked. */
  onRequest(): void;
}

/**
 * Brings some rows into the window at one end, from memory if they are there.
 * @throws MatrixError when the homeserver cannot be asked
 */
export async function pageWindow(
  client: MatrixClient,
  set: EventTimelineSet,
  window: TimelineWindow,
  direction: Direction,
  host: WindowHost,
): Promise<void> {
  const backwards = direction === Direction.Backward;
  const edge = window.getEvents().at(backwards ? 0 : -1);
  // Counted from the old edge on: a full window drops at the other end as much as it gains.
  const gained = (): number => {
    const events = window.getEvents();
    const at = edge === undefined ? -1 : events.indexOf(edge);
    if (at < 0) return events.length;
    const fresh = backwards ? events.slice(0, at) : events.slice(at + 1);
    return fresh.filter((event) => event.isState() || hasRow(event)).length;
  };
  const lacks = (): boolean => host.isCurrent() && gained() < ENOUGH && window.canPaginate(direction);
  // What is in memory already comes at once and without a sign of loading.
  while (lacks() && extend(window, direction));
  // Events without a line of their own change nothing on screen: then nobody would ask again.
  if (host.draw()) return;
  host.onRequest();
  if (backwards) await unlinkEmpty(set, window);
  for (let request = 0; request < MOST_REQUESTS && lacks(); request++) {
    const at = window.getTimelineIndex(direction);
    if (!at) break;
    const held = at.timeline.getEvents().length;
    const limit = backwards ? PAGE : PAGE + AHEAD;
    const came = await client.paginateEventTimeline(at.timeline, { backwards, limit });
    const ahead = at.timeline.getEvents().length > held ? AHEAD : 0;
    if (!extend(window, direction, ahead) && !came) break;
    while (lacks() && extend(window, direction, ahead));
  }
}
