// @vitest-environment happy-dom
import { EventType, MatrixEvent, type Room } from 'matrix-js-sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { idOf, messageAt, numberedRoom, type EventAt } from './testing.ts';
import { TimelineStore } from './timeline-store.ts';
import type { Message } from './timeline-types.ts';

const COUNT = 2600;
/** Where a long run of nothing but reactions begins, and ends. */
const RUN = [700, 1900] as const;

/** The message that event number `at` is a reaction to; undefined: it is a message itself. */
function reactedBy(at: number): number | undefined {
  if (at >= RUN[0] && at < RUN[1]) return RUN[0] - 1 - ((at - RUN[0]) % 40);
  return at > 30 && at % 5 === 0 ? at - 11 : undefined;
}
const eventAt: EventAt = (at) => {
  const target = reactedBy(at);
  if (target === undefined) return messageAt(at);
  const relation = { rel_type: 'm.annotation', event_id: idOf(target), key: `r${String(at)}` };
  return { ...messageAt(at), type: EventType.Reaction, content: { 'm.relates_to': relation } };
};
const messagesIn = Array.from({ length: COUNT }, (_, at) => at).filter((at) => reactedBy(at) === undefined);

let store: TimelineStore;
let unmount: () => void;

const messages = (): Message[] =>
  store.getSnapshot().items.filter((item): item is Message => item.kind === 'message');
const shown = (): number[] => messages().map(({ eventId }) => Number(eventId.slice(1)));

/** Waits for a snapshot that fits. */
function settled(fits: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!fits()) return;
      end();
      resolve();
    };
    const end = store.subscribe(look);
    look();
  });
}

/** Goes to an end, page by page; after each, what is shown is looked at. */
async function go(end: 'older' | 'newer', look: (before: readonly number[]) => void): Promise<void> {
  while (store.getSnapshot()[end] !== 'end') {
    const before = shown();
    const snapshot = store.getSnapshot();
    store[end]();
    await settled(() => store.getSnapshot() !== snapshot && store.getSnapshot()[end] !== 'loading');
    look(before);
  }
}

/** The rows are the room's own order without a hole, and some of them were there before. */
function isWhole(before: readonly number[]): void {
  const now = shown();
  const at = messagesIn.indexOf(now[0] ?? NaN);
  expect(now).toEqual(messagesIn.slice(at, at + now.length));
  expect(before.filter((one) => now.includes(one)).length).toBeGreaterThan(15);
}

/** Shows the newest end of a room of so many events. */
async function open(count: number, at: EventAt): Promise<Room> {
  const { client, room } = await numberedRoom(count, at);
  store = new TimelineStore(client, '!room:example.org');
  unmount = store.mount();
  await settled(() => store.getSnapshot().state === 'ready');
  return room;
}

beforeEach(() => {
  // The SDK says of each reaction to a message it does not have that it waits for it.
  for (const name of ['log', 'info', 'warn'] as const) vi.spyOn(console, name).mockReturnValue(undefined);
});
afterEach(() => {
  unmount();
  vi.restoreAllMocks();
});

describe('a timeline with a long run of reactions', () => {
  it('is gone through without a hole and never without rows; downwards messages come with their reactions', async () => {
    await open(COUNT, eventAt);
    await go('older', isWhole);
    expect(shown()[0]).toBe(0);
    const first = new Map<number, number>();
    await go('newer', (before) => {
      isWhole(before);
      for (const message of messages()) {
        const at = Number(message.eventId.slice(1));
        if (!first.has(at)) first.set(at, message.reactions.length);
      }
    });
    expect(shown().at(-1)).toBe(messagesIn.at(-1));
    // Of the run itself some come later: it is longer than what is loaded ahead.
    const late = [...first].filter(([at, count]) => {
      const reaction = at + 11;
      return (
        reaction < COUNT && (at < RUN[0] - 60 || at >= RUN[1]) && reactedBy(reaction) === at && count === 0
      );
    });
    expect(late).toEqual([]);
  });
});

describe('a gap in the sync', () => {
  it.each([
    ['one after the other', false],
    ['while what was before the last one is fetched', true],
  ])('of nothing but answers in a thread, %s, takes no message away', async (_name, atOnce) => {
    const first = 200;
    const replyAt: EventAt = (at) => ({
      ...messageAt(at),
      content: { body: String(at), 'm.relates_to': { rel_type: 'm.thread', event_id: idOf(150) } },
    });
    const room = await open(first, (at) => (at < first ? messageAt(at) : replyAt(at)));
    const isThere = (): boolean => {
      const { items, older } = store.getSnapshot();
      return older === 'failed' || (older === 'more' && items.length >= 20);
    };
    // A sync that brings more than it tells of: what it brings goes to the thread, and nothing to the room.
    for (const from of [first, first + 40, first + 80]) {
      room.resetLiveTimeline(String(from + 40), String(from));
      await settled(() => store.getSnapshot().older === 'loading');
      if (!atOnce) await settled(isThere);
    }
    await settled(isThere);
    expect(store.getSnapshot().older).toBe('more');
    expect(shown().at(-1)).toBe(first - 1);
    const newest = first + 120;
    await room.addLiveEvents([new MatrixEvent(messageAt(newest))], { addToState: false });
    await settled(() => shown().at(-1) === newest);
    expect(shown().at(-2)).toBe(first - 1);
    await go('older', () => undefined);
    expect(shown()).toEqual([...Array.from({ length: first }, (_, at) => at), newest]);
  });
});
