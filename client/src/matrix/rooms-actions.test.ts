import type { Conversation } from '@qiao/org/contract';
import { ApiError } from '@qiao/ui-kit';
import { ClientEvent, createClient, EventType, MatrixEvent, Room, SyncState } from 'matrix-js-sdk';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { quietLogger } from './quiet-logger.ts';
import { RoomActions } from './rooms-actions.ts';

const ME = '@me:example.org';
const LI = '@li:example.org';
const WANG = '@wang:example.org';

/** The SDK before it has synced; what is asked of the homeserver is noted, and what `/sync` would tell is told by hand. */
class Page {
  readonly asked: { what: string; body: unknown }[] = [];
  readonly client = createClient({
    baseUrl: 'https://example.org',
    userId: ME,
    accessToken: 'token',
    logger: quietLogger,
    fetchFn: (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const what = url.pathname.split('/').slice(4).map(decodeURIComponent).join('/');
      this.asked.push({ what, body: JSON.parse(typeof init?.body === 'string' ? init.body : 'null') });
      return Promise.resolve(
        this.refuses === what
          ? Response.json({ errcode: 'M_FORBIDDEN', error: 'No' }, { status: 403 })
          : Response.json({ event_id: '$1' }),
      );
    },
  });
  /** What the homeserver refuses. */
  refuses: string | undefined;
  /** What the call for conversations answers; it is noted like what is asked of the homeserver. */
  answer: Partial<Conversation> = {};
  readonly #made = (what: string, body: unknown): Promise<Conversation> => {
    this.asked.push({ what, body });
    const made = { room_id: '!new', created: true, external: false, history: 'shared' as const, people: [] };
    return Promise.resolve({ ...made, ...this.answer });
  };
  readonly actions = new RoomActions(this.client, {
    start: (wanted, key) => this.#made('start', { ...wanted, ...(key !== undefined && { key }) }),
    renew: (roomId) => this.#made('renew', roomId),
  });

  /** A third one joins a conversation. */
  joins(roomId: string, ...userIds: string[]): void {
    const room = this.client.getRoom(roomId);
    room?.getLiveTimeline().initialiseState(
      userIds.map(
        (userId) =>
          new MatrixEvent({
            type: 'm.room.member',
            state_key: userId,
            sender: userId,
            room_id: roomId,
            content: { membership: 'join' },
          }),
      ),
    );
  }

  /** Direct chats that the answer has; the person is in all of them. */
  read(direct: Record<string, string[]>, fromCache = false): void {
    this.client.store.storeAccountDataEvents([new MatrixEvent({ type: EventType.Direct, content: direct })]);
    for (const roomId of Object.values(direct).flat()) {
      const room = new Room(roomId, this.client, ME);
      room.updateMyMembership('join');
      this.client.store.storeRoom(room);
    }
    this.client.emit(ClientEvent.Sync, SyncState.Prepared, null, { fromCache });
    if (!fromCache) this.client.emit(ClientEvent.Sync, SyncState.Syncing, SyncState.Prepared);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a direct chat', () => {
  test('is looked for once the first sync is read, and not made twice', async () => {
    const page = new Page();
    const opened = page.actions.openDirect(LI);
    await vi.advanceTimersByTimeAsync(1000);
    expect(page.asked).toEqual([]);
    page.read({ [LI]: ['!li'] });
    expect(await opened).toBe('!li');
    expect(page.asked).toEqual([]);
  });

  test('that another device has made since the last page is found, too', async () => {
    const page = new Page();
    page.read({ [WANG]: ['!wang'] }, true);
    const opened = page.actions.openDirect(LI);
    page.client.emit(ClientEvent.Sync, SyncState.Error, SyncState.Prepared);
    await vi.advanceTimersByTimeAsync(1000);
    expect(page.asked).toEqual([]);
    page.read({ [WANG]: ['!wang'], [LI]: ['!li'] });
    expect(await opened).toBe('!li');
    expect(page.asked).toEqual([]);
  });

  test('that is stored is opened at once', async () => {
    const page = new Page();
    page.read({ [LI]: ['!li'] }, true);
    expect(await page.actions.openDirect(LI)).toBe('!li');
  });

  test("is asked for where there is none; the label is the homeserver's to write", async () => {
    const page = new Page();
    const opened = page.actions.openDirect(LI);
    page.read({ [WANG]: ['!wang'] });
    expect(await opened).toBe('!new');
    expect(page.asked).toEqual([{ what: 'start', body: { kind: 'direct', user_id: LI } }]);
  });

  test('is none where a third one is in it, whatever the label says', async () => {
    const page = new Page();
    page.read({ [LI]: ['!three', '!li'] });
    page.joins('!three', ME, LI, '@third:example.org');
    page.joins('!li', ME, LI);
    expect(page.actions.findDirect(LI)).toBe('!li');
  });

  test('with somebody outside is one to which this client invites', async () => {
    const page = new Page();
    const far = '@far:elsewhere.example';
    page.answer = { external: true, history: 'joined', people: [{ user_id: far, state: 'external' }] };
    page.read({});
    expect(await page.actions.openDirect(far)).toBe('!new');
    expect(page.asked.at(-1)).toEqual({ what: 'rooms/!new/invite', body: { user_id: far } });
  });

  test('with somebody outside who cannot be invited is none', async () => {
    const page = new Page();
    const far = '@far:elsewhere.example';
    page.answer = { external: true, history: 'joined', people: [{ user_id: far, state: 'external' }] };
    page.refuses = 'rooms/!new/invite';
    page.read({});
    await expect(page.actions.openDirect(far)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
  });

  test('is not waited for without end, and what came too late makes none', async () => {
    const page = new Page();
    const opened = page.actions.openDirect(LI).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(60_000);
    const error = await opened;
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'kit.not_read' });
    page.read({});
    await vi.advanceTimersByTimeAsync(1000);
    expect(page.asked).toEqual([]);
  });

  test('is not made for somebody who has gone elsewhere meanwhile', async () => {
    const page = new Page();
    const abort = new AbortController();
    const opened = page.actions.openDirect(LI, abort.signal).catch((error: unknown) => error);
    abort.abort();
    expect(await opened).toBe(abort.signal.reason);
    page.read({});
    await vi.advanceTimersByTimeAsync(1000);
    expect(page.asked).toEqual([]);
  });
});

test('an invitation accepted before the first sync is read leaves the other direct chats noted', async () => {
  const page = new Page();
  page.read({ [WANG]: ['!old'] }, true);
  const room = new Room('!li', page.client, ME);
  room.getDMInviter = () => LI;
  page.client.store.storeRoom(room);
  const joined = page.actions.join('!li');
  await vi.advanceTimersByTimeAsync(1000);
  expect(page.asked.map(({ what }) => what)).toEqual(['join/!li']);
  page.read({ [WANG]: ['!old', '!wang'] });
  await joined;
  expect(page.asked.at(-1)).toEqual({
    what: `user/${ME}/account_data/m.direct`,
    body: { [WANG]: ['!old', '!wang'], [LI]: ['!li'] },
  });
});

describe('an old room', () => {
  const far = '@far:elsewhere.example';
  const closing = 'rooms/!old/state/m.room.tombstone/';

  test('is closed once everybody is asked into its successor', async () => {
    const page = new Page();
    page.answer = { external: true, people: [{ user_id: far, state: 'external' }] };
    expect(await page.actions.renew('!old')).toBe('!new');
    expect(page.asked.map(({ what }) => what)).toEqual(['renew', 'rooms/!new/invite', closing]);
  });

  test('stays open while somebody outside cannot be asked', async () => {
    const page = new Page();
    page.answer = { external: true, people: [{ user_id: far, state: 'external' }] };
    page.refuses = 'rooms/!new/invite';
    await expect(page.actions.renew('!old')).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    expect(page.asked.map(({ what }) => what)).not.toContain(closing);
    page.refuses = undefined;
    expect(await page.actions.renew('!old')).toBe('!new');
    expect(page.asked.at(-1)?.what).toBe(closing);
  });
});
