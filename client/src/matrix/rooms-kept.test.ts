import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bareEntry, type KeptRooms, type RoomEntry } from './rooms-entry.ts';
import { keepRooms, showKept } from './rooms-kept.ts';
import type { RoomsSnapshot } from './rooms.ts';

const entry = (roomId: string, more: Partial<RoomEntry> = {}): RoomEntry => ({
  ...bareEntry(roomId),
  online: true,
  ts: 1,
  typing: ['张三'],
  encrypted: true,
  ...more,
});

class Store {
  rooms: RoomEntry[] = [];
  ready = false;
  shown: readonly RoomEntry[] | undefined;
  tell: () => void = () => undefined;
  getSnapshot = (): RoomsSnapshot => ({ ready: this.ready, rooms: this.rooms }) as unknown as RoomsSnapshot;
  subscribe = (tell: () => void): (() => boolean) => {
    this.tell = tell;
    return () => true;
  };
  foresee = (rooms: readonly RoomEntry[]): void => {
    this.shown = rooms;
  };
}

let kept: KeptRooms | undefined;
const vault = {
  rooms: () => Promise.resolve(kept),
  saveRooms: (rooms: KeptRooms) => {
    kept = rooms;
    return Promise.resolve();
  },
};

beforeEach(() => {
  kept = undefined;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('the newest conversations are shown to the same person again, without who is there now', async () => {
  const store = new Store();
  const end = keepRooms(store, '@a:example.org', vault);
  store.rooms = [
    entry('!1'),
    entry('!2', { invitation: {} as RoomEntry['invitation'] }),
    ...Array.from({ length: 100 }, (_, n) => entry(`!${String(n + 3)}`)),
  ];
  store.tell();
  vi.advanceTimersByTime(60_000);
  expect(kept).toBeUndefined();
  store.ready = true;
  store.tell();
  store.tell();
  vi.advanceTimersByTime(60_000);
  await showKept(store, '@a:example.org', vault);
  expect(store.shown).toHaveLength(40);
  expect(store.shown?.[0]).toEqual(entry('!1', { online: false, typing: [] }));
  expect(store.shown?.map(({ roomId }) => roomId)).not.toContain('!2');
  end();
});

test('nobody sees what was kept for somebody else, or in another form', async () => {
  const store = new Store();
  kept = { form: 1, userId: '@b:example.org', rooms: [entry('!1')] };
  await showKept(store, '@a:example.org', vault);
  kept = { form: 0, userId: '@a:example.org', rooms: [entry('!1')] };
  await showKept(store, '@a:example.org', vault);
  expect(store.shown).toBeUndefined();
});

test('after its end nothing is written', () => {
  const store = new Store();
  store.ready = true;
  const end = keepRooms(store, '@a:example.org', vault);
  store.tell();
  end();
  vi.advanceTimersByTime(60_000);
  expect(kept).toBeUndefined();
});
