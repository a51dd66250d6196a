import { ClientEvent, createClient, SyncState, type MatrixClient } from 'matrix-js-sdk';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { quietLogger } from './quiet-logger.ts';
import { SignIns } from './sign-ins.ts';

/* The SDK with a homeserver's list of devices, which can be away; and a store that can refuse. */

const NOW = 1_800_000_000_000;
const OLD = NOW - 86_400_000;

let there: string[];
let answers: (() => Promise<Response>) | undefined;
let asked: number;
let stored: Map<string, unknown>;
let refuses: boolean;
/** What is written waits for it. */
let writing: Promise<unknown> | undefined;
let client: MatrixClient;
let signIns: SignIns;

const list = (): Response =>
  Response.json({
    devices: there.map((id) => ({ device_id: id, display_name: id, last_seen_ts: OLD })),
  });
const store = {
  all: () =>
    refuses
      ? Promise.reject(new Error('refused'))
      : Promise.resolve([...stored].map(([key, value]) => [key, value] as const)),
  put: async (_store: string, key: string, value: unknown) => {
    await writing;
    if (refuses) throw new Error('refused');
    stored.set(key, value);
  },
};
const fresh = (): string[] => signIns.getSnapshot().fresh.map(({ id }) => id);
const synced = (): void => {
  client.emit(ClientEvent.Sync, SyncState.Syncing, SyncState.Prepared);
};
/** The sync says that the own devices changed. */
let changed: () => Promise<unknown>;

function begin(): void {
  client = createClient({
    baseUrl: 'https://x.invalid',
    userId: '@me:x',
    deviceId: 'OWN',
    accessToken: 'token',
    logger: quietLogger,
    fetchFn: async () => {
      asked++;
      return (await answers?.()) ?? list();
    },
  });
  vi.spyOn(client, 'isInitialSyncComplete').mockReturnValue(true);
  signIns = new SignIns(client, store, () => NOW);
  const crypto = { processSyncChanges: () => Promise.resolve() };
  signIns.listen(crypto);
  changed = () =>
    (crypto.processSyncChanges as (changes: object) => Promise<unknown>)({
      deviceLists: { changed: ['@me:x'] },
    });
}

beforeEach(() => {
  vi.useFakeTimers();
  there = ['OWN', 'LAPTOP'];
  answers = undefined;
  asked = 0;
  stored = new Map();
  refuses = false;
  writing = undefined;
  begin();
});
afterEach(() => {
  signIns.stop();
  vi.useRealTimers();
});

test('what comes after the first look is told until the person knows it', async () => {
  synced();
  await vi.advanceTimersByTimeAsync(0);
  expect(fresh()).toEqual([]);
  there.push('PHONE');
  await changed();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(fresh()).toEqual(['PHONE']);
  await signIns.acknowledge(['PHONE']);
  expect(fresh()).toEqual([]);
  begin();
  synced();
  await vi.advanceTimersByTimeAsync(0);
  expect(fresh()).toEqual([]);
});

test('one that is acknowledged while another comes is known, and the other is told', async () => {
  synced();
  await vi.advanceTimersByTimeAsync(0);
  there.push('PHONE');
  await changed();
  await vi.advanceTimersByTimeAsync(5_000);
  there.push('TABLET');
  const held = Promise.withResolvers<undefined>();
  writing = held.promise;
  await changed();
  await vi.advanceTimersByTimeAsync(5_000);
  // What was found is being kept.
  const said = signIns.acknowledge(['PHONE']);
  expect(fresh()).toEqual([]);
  held.resolve(undefined);
  await said;
  await vi.advanceTimersByTimeAsync(0);
  expect(fresh()).toEqual(['TABLET']);
  begin();
  synced();
  await vi.advanceTimersByTimeAsync(0);
  expect(fresh()).toEqual(['TABLET']);
});

test('a homeserver that is away at the first look is asked again, without waiting for something to happen', async () => {
  stored.set('known', { known: ['OWN', 'LAPTOP'], noticed: {} });
  there.push('PHONE');
  answers = () => Promise.reject(new TypeError('away'));
  synced();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fresh()).toEqual([]);
  expect(asked).toBeGreaterThan(1);
  answers = undefined;
  await vi.advanceTimersByTimeAsync(120_000);
  expect(fresh()).toEqual(['PHONE']);
});

test.each([
  ['nothing that could be meant', 'rubbish'],
  ['no list of notices', { known: ['OWN', 'LAPTOP'], noticed: null }],
  ['entries of other kinds', { known: ['OWN', 7, 'LAPTOP'], noticed: { PHONE: 'yesterday' } }],
])('a store that holds %s stops nothing', async (_what, value) => {
  stored.set('known', value);
  there.push('PHONE');
  synced();
  await vi.advanceTimersByTimeAsync(0);
  expect(fresh()).toContain('PHONE');
});

test('a store that cannot be read or written stops nothing', async () => {
  refuses = true;
  there.push('PHONE');
  synced();
  await vi.advanceTimersByTimeAsync(0);
  expect(fresh()).toEqual(['LAPTOP', 'PHONE']);
  await signIns.acknowledge(['LAPTOP']);
  await changed();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(fresh()).toEqual(['PHONE']);
});
