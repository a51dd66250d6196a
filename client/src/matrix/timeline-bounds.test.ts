import {
  Direction,
  EventTimeline,
  MatrixEvent,
  type MatrixClient,
  type Room,
  type TimelineWindow,
} from 'matrix-js-sdk';
import { beforeEach, describe, expect, it } from 'vitest';
import { idOf, messageAt, numberedRoom } from './testing.ts';
import { boundTimeline } from './timeline-bounds.ts';
import { openWindow } from './timeline-window.ts';

const COUNT = 5000;
const WINDOW = 400;
const PAGE = 50;

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
  ({ client, room } = await numberedRoom(COUNT));
  const set = room.getUnfilteredTimelineSet();
  ({ window, close } = openWindow(client, set));
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
    await room.addLiveEvents([new MatrixEvent(messageAt(COUNT))], {
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
