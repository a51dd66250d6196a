import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RoomEntry, RoomsSnapshot } from '../matrix/rooms.ts';
import { HintsKeeper, hintsOf, type HintWords } from './hints-keeper.ts';
import type { Hints } from './hints.ts';

const words: HintWords = {
  language: 'en',
  brand: 'Anxin Desk',
  icon: '/icons/icon-192.png',
  newMessage: 'New message',
  testMessage: 'It works',
};
const room = (roomId: string, name: string, more: Partial<RoomEntry> = {}): RoomEntry =>
  ({ roomId, name, ...more }) as RoomEntry;

/** A list of conversations that a test changes. */
class Rooms {
  #listeners = new Set<() => void>();
  #rooms: readonly RoomEntry[];
  #ready: boolean;
  constructor(rooms: readonly RoomEntry[], ready = true) {
    this.#rooms = rooms;
    this.#ready = ready;
  }
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly getSnapshot = (): RoomsSnapshot =>
    ({ ready: this.#ready, rooms: this.#rooms }) as unknown as RoomsSnapshot;
  put(rooms: readonly RoomEntry[]): void {
    this.#rooms = rooms;
    this.#ready = true;
    for (const listener of this.#listeners) listener();
  }
}

const saved: Hints[] = [];
let language = words.language;
let languageChanges: (() => void) | undefined;

function keep(rooms: Rooms, save = (hints: Hints): Promise<void> => Promise.resolve(void saved.push(hints))) {
  const keeper = new HintsKeeper(rooms, save);
  keeper.start(
    () => ({ ...words, language }),
    (listener) => {
      languageChanges = listener;
      return () => (languageChanges = undefined);
    },
  );
  return keeper;
}

beforeEach(() => {
  vi.useFakeTimers();
  saved.length = 0;
  language = words.language;
});
afterEach(() => {
  vi.useRealTimers();
});

describe('hints', () => {
  test('hold names of conversations, and none of an invitation', () => {
    const invitation = { inviter: '@x:elsewhere' } as RoomEntry['invitation'] & object;
    const { rooms } = hintsOf(words, [
      room('!b', '乙'),
      room('!a', '甲'),
      room('!c', 'Call us', { invitation }),
    ]);
    expect(Object.entries(rooms)).toEqual([
      ['!a', '甲'],
      ['!b', '乙'],
    ]);
  });

  test('are written at the start, and not again for another order', async () => {
    const rooms = new Rooms([room('!a', 'A'), room('!b', 'B')]);
    const keeper = keep(rooms);
    rooms.put([room('!b', 'B'), room('!a', 'A')]);
    await vi.runAllTimersAsync();
    await keeper.stop();
    expect(saved.map((each) => each.rooms)).toEqual([{ '!a': 'A', '!b': 'B' }]);
  });

  test('wait for the conversations, and gather changes', async () => {
    const rooms = new Rooms([], false);
    const keeper = keep(rooms);
    rooms.put([room('!a', 'A')]);
    rooms.put([room('!a', 'Other')]);
    expect(saved).toEqual([]);
    await vi.runAllTimersAsync();
    expect(saved.map((each) => each.rooms)).toEqual([{ '!a': 'Other' }]);
    language = 'zh-Hans';
    languageChanges?.();
    await vi.runAllTimersAsync();
    expect(saved.map((each) => each.language)).toEqual(['en', 'zh-Hans']);
    await keeper.stop();
  });

  test('end with the sign-out: what was planned is not written any more', async () => {
    const rooms = new Rooms([room('!a', 'A')]);
    const keeper = keep(rooms);
    rooms.put([room('!a', 'Later')]);
    await keeper.stop();
    rooms.put([room('!a', 'Last')]);
    await vi.runAllTimersAsync();
    expect(saved.map((each) => each.rooms)).toEqual([{ '!a': 'A' }]);
    expect(languageChanges).toBeUndefined();
  });

  test('that could not be written are tried again with the next change', async () => {
    let full = true;
    const rooms = new Rooms([room('!a', 'A')]);
    keep(rooms, (hints) => {
      if (full) return Promise.reject(new Error('full'));
      saved.push(hints);
      return Promise.resolve();
    });
    await vi.runAllTimersAsync();
    full = false;
    rooms.put([room('!a', 'A')]);
    await vi.runAllTimersAsync();
    expect(saved).toHaveLength(1);
  });
});
