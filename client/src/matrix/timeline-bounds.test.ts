import {
  createClient,
  Direction,
  EventTimeline,
  EventType,
  MatrixEvent,
  Room,
  type MatrixClient,
  type TimelineWindow,
} from 'matrix-js-sdk';
import { beforeEach, describe, expect, it } from 'vitest';
import { quietLogger } from './quiet-logger.ts';
import { boundTimeline, openWindow } from './timeline-bounds.ts';

const ROOM = '!room:example.org';
const ME = '@me:example.org';
const COUNT = 5000;
const WINDOW = 400;
const PAGE = 50;

const idOf = (at: number): string => `$${String(at)}`;
const eventAt = (at: number) => ({
  event_id: idOf(at),
  room_id: ROOM,
  sender: '@other:example.org',
  type: EventType.RoomMessage,
  origin_server_ts: at,
  content: { msgtype: 'm.text', body: String(at) },
});

/** A client whose homeserver tells a room of numbered events; a token is the number of the next newer event. */
function clientOf(): MatrixClient {
  const answer = (url: URL): unknown => {
    const context = /\/context\/([^/]+)$/.exec(url.pathname);
    if (context) {
      const at = Number(decodeURIComponent(context[1] ?? '').slice(1));
      return {
        event: eventAt(at),
        start: String(at),
        end: String(at + 1),
        events_before: [],
        events_after: [],
        state: [],
      };
    }
    const from = Number(url.searchParams.get('from'));
    const limit = Number(url.searchParams.get('limit'));
    if (url.searchParams.get('dir') === 'b') {
      const begin = Math.max(0, from - limit);
      const chunk = Array.from({ length: from - begin }, (_, step) => eventAt(from - 1 - step));
      return { chunk, start: String(from), ...(begin > 0 && { end: String(begin) }) };
    }
    const end = Math.min(COUNT, from + limit);
    const chunk = Array.from({ length: end - from }, (_, step) => eventAt(from + step));
    return { chunk, start: String(from), ...(end < COUNT && { end: String(end) }) };
  };
  return createClient({
    baseUrl: 'https://example.org',
    userId: ME,
    accessToken: 'token',
    timelineSupport: true,
    logger: quietLogger,
    fetchFn: (input) =>
      Promise.resolve(Response.json(answer(new URL(input instanceof Request ? input.url : input)))),
  });
}

let client: MatrixClient;
let room: Room;
let window: TimelineWindow;
let close: () => void;

const shown = (): number[] => window.getEvents().map((event) => Number(event.getId()?.slice(1)));
const held = (): number =>
  room
    .getUnfilteredTimelineSet()
    .getTimelines()
    .reduce((sum, timeline) => sum + timeline.getEvents().length, 0);
const isWhole = (numbers: readonly number[]): boolean =>
  numbers.every((number, at) => at === 0 || number === (numbers[at - 1] ?? NaN) + 1);

/** One page further; answers whether it brought any. */
async function page(direction: Direction): Promise<boolean> {
  const set = room.getUnfilteredTimelineSet();
  const before = shown();
  await window.paginate(direction, PAGE);
  const after = shown();
  await boundTimeline(client, room, set, window, () => true);
  // What is looked at does not change by it.
  expect(shown()).toEqual(after);
  expect(isWhole(after)).toBe(true);
  return after.at(0) !== before.at(0) || after.at(-1) !== before.at(-1);
}

beforeEach(async () => {
  client = clientOf();
  room = new Room(ROOM, client, ME, { timelineSupport: true });
  client.store.storeRoom(room);
  client.store.setSyncToken(String(COUNT));
  const set = room.getUnfilteredTimelineSet();
  const events = Array.from({ length: 20 }, (_, step) => new MatrixEvent(eventAt(COUNT - 20 + step)));
  await room.addLiveEvents(events, { addToState: false });
  room.getLiveTimeline().setPaginationToken(String(COUNT - 20), EventTimeline.BACKWARDS);
  ({ window, close } = openWindow(client, set, WINDOW));
  await window.load();
});

describe('a timeline that is scrolled through', () => {
  it('keeps what is near, and goes whole up, down and up again', async () => {
    let most = 0;
    const go = async (direction: Direction): Promise<void> => {
      while (await page(direction)) most = Math.max(most, held());
    };
    await go(Direction.Backward);
    expect(shown()[0]).toBe(0);
    await go(Direction.Forward);
    expect(shown().at(-1)).toBe(COUNT - 1);
    await go(Direction.Backward);
    expect(shown()[0]).toBe(0);
    expect(most).toBeGreaterThan(WINDOW);
    expect(most).toBeLessThan(3200);
  });

  it('turns round in the middle', async () => {
    for (const [direction, pages] of [
      [Direction.Backward, 80],
      [Direction.Forward, 60],
      [Direction.Backward, 90],
      [Direction.Forward, 200],
    ] as const) {
      for (let n = 0; n < pages; n++) await page(direction);
    }
    expect(shown().at(-1)).toBe(COUNT - 1);
    expect(held()).toBeLessThan(3200);
  });

  it('gets new messages at the newest end, also while it is far from them', async () => {
    for (let n = 0; n < 80; n++) await page(Direction.Backward);
    const live = room.getLiveTimeline();
    expect(live.getEvents().some((event) => window.getEvents().includes(event))).toBe(false);
    // The SDK's own readers of the present state look at the new one, too.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- this is what they read
    expect(room.currentState).toBe(live.getState(EventTimeline.FORWARDS));
    // The conversation list reads the newest message there.
    expect(live.getEvents().at(-1)?.getId()).toBe(idOf(COUNT - 1));
    await room.addLiveEvents([new MatrixEvent(eventAt(COUNT))], {
      addToState: false,
    });
    while (await page(Direction.Forward));
    expect(shown().at(-1)).toBe(COUNT);
  });

  it('leaves no listener behind', () => {
    const before = room.listenerCount('Room.timeline' as never);
    close();
    expect(room.listenerCount('Room.timeline' as never)).toBe(before - 1);
  });
});
