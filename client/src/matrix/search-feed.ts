import { ViewModel } from '@qiao/ui-kit';
import {
  ClientEvent,
  EventTimeline,
  MatrixEvent,
  MatrixEventEvent,
  RelationType,
  RoomEvent,
  SyncState,
  type IEvent,
  type MatrixClient,
  type Room,
} from 'matrix-js-sdk';
import { CryptoEvent } from 'matrix-js-sdk/lib/crypto-api';
import { SearchClient, type WorkerEvent } from '../search/client.ts';
import { deleteRecords } from '../search/records.ts';
import {
  IndexDamaged,
  type ApplyResult,
  type SearchOp,
  type SearchPage,
  type SearchRequest,
} from '../search/types.ts';
import { Crawler, parseProgress, type RoomProgress } from './search-feed-crawler.ts';
import { readEvent } from './search-feed-events.ts';
import { isJoined, SearchPlaces } from './search-places.ts';
import type { Vault } from './vault.ts';

/** Milliseconds after the first sync before the index is fed: the conversation list comes first. */
const FEED_AFTER = 1_000;
/** Events decrypted and indexed at once, and milliseconds of rest between two such groups. */
const GROUP = 25;
const GROUP_REST = 20;
/** Events of before that are asked for again when keys have come, and milliseconds between two. */
const MOST_RETRIED = 300;
const RETRY_REST = 100;

const SETTINGS = 'qiao.search';

interface SearchSettings {
  readonly enabled: boolean;
  /** Whole histories are wanted. */
  readonly history: boolean;
  readonly paused: boolean;
}

/** How far search is, for views. */
export interface SearchStatus {
  /** `failed`: the browser refuses the storage. */
  readonly state: 'off' | 'opening' | 'ready' | 'failed';
  readonly history: 'none' | 'running' | 'paused' | 'done';
  /** Rooms whose history has been read, of all. */
  readonly roomsDone: number;
  readonly rooms: number;
  readonly messages: number;
  /** Bytes in the browser's storage. */
  readonly stored: number;
  /** Messages that could not be read for want of their keys. */
  readonly pending: number;
  /** There was no room for the newest messages. */
  readonly full: boolean;
}

function loadSettings(): SearchSettings {
  let given: Record<string, unknown> = {};
  try {
    const read: unknown = JSON.parse(localStorage.getItem(SETTINGS) ?? '{}');
    if (typeof read === 'object' && read !== null) given = read as Record<string, unknown>;
  } catch {
    // Defaults, then.
  }
  return {
    enabled: given['enabled'] !== false,
    history: given['history'] === true,
    paused: given['paused'] === true,
  };
}

/** Feeds the search index from what the device receives, and searches it. Nothing of it leaves the browser. */
export class SearchFeed extends ViewModel<SearchStatus> {
  readonly places: SearchPlaces;
  readonly #client: MatrixClient;
  #vault: Vault | undefined;
  #worker: SearchClient | undefined;
  #crawler: Crawler | undefined;
  #settings = loadSettings();
  #progress = new Map<string, RoomProgress>();
  #queue: MatrixEvent[] = [];
  #feeding = false;
  #live = false;
  #checkedRooms = false;
  /** Events whose keys are missing, by id. */
  #waiting = new Set<string>();
  #reset = new Set<string>();
  #listening = false;

  constructor(client: MatrixClient) {
    super({
      state: 'off',
      history: 'none',
      roomsDone: 0,
      rooms: 0,
      messages: 0,
      stored: 0,
      pending: 0,
      full: false,
    });
    this.#client = client;
    this.places = new SearchPlaces(client);
  }

  /** Opens the index and listens; before the client starts, so that nothing is missed. */
  start(vault: Vault): void {
    this.#vault = vault;
    if (this.#settings.enabled) void this.#open();
  }

  async #open(): Promise<void> {
    const vault = this.#vault;
    if (!vault || this.#worker) return;
    this.set({ state: 'opening' });
    this.#listen();
    const worker = new SearchClient(this.#onWorker);
    this.#worker = worker;
    try {
      const { state } = await worker.open(await vault.deriveKey('search'));
      if (this.#worker !== worker) return;
      this.#progress = new Map(Object.entries(state).map(([room, value]) => [room, parseProgress(value)]));
      this.#crawler = new Crawler(this.#client, {
        progress: (roomId) => this.#progress.get(roomId) ?? {},
        rooms: () => this.#roomIds(),
        wholeHistory: () => this.#settings.history && !this.#settings.paused,
        apply: (ops, roomId, progress) => this.#apply(ops, { [roomId]: progress }),
        waitFor: (event) => {
          this.#await(event);
        },
        onProgress: () => void this.#tell(),
      });
      this.set({ state: 'ready' });
      await this.#tell();
      if (this.#live) this.#goOn();
    } catch {
      if (this.#worker !== worker) return;
      worker.kill();
      this.#worker = undefined;
      this.set({ state: 'failed' });
    }
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    const client = this.#client;
    client.on(ClientEvent.Event, this.#take);
    client.on(RoomEvent.Timeline, (event, _room, toStart) => {
      if (toStart === true) this.#take(event);
    });
    client.on(MatrixEventEvent.Decrypted, this.#takeAwaited);
    client.on(RoomEvent.TimelineReset, (room) => {
      if (room && this.#live) this.#reset.add(room.roomId);
    });
    client.on(RoomEvent.MyMembership, (room, membership) => {
      if (!isJoined(membership)) void this.#drop([room.roomId]);
      else if (this.#checkedRooms) this.#crawler?.start();
    });
    client.on(CryptoEvent.KeyBackupDecryptionKeyCached, () => void this.#retryPending());
    client.on(ClientEvent.Sync, (state, _before, data) => {
      if (state === SyncState.Prepared && data?.fromCache === true) {
        // Rooms whose timeline is reset from here on have a gap after what was stored.
        this.#live = true;
        return;
      }
      if (state !== SyncState.Prepared && state !== SyncState.Syncing) return;
      this.#live = true;
      this.#findGaps();
      if (!this.#checkedRooms) {
        this.#checkedRooms = true;
        setTimeout(() => {
          this.#goOn();
        }, FEED_AFTER);
      }
    });
  }

  readonly #take = (event: MatrixEvent): void => {
    if (event.getRoomId() === undefined || event.isState() || event.status !== null) return;
    if (!this.#settings.enabled) return;
    this.#queue.push(event);
    if (this.#checkedRooms) void this.#feed();
  };

  readonly #takeAwaited = (event: MatrixEvent): void => {
    if (this.#waiting.has(event.getId() ?? '') && !event.isDecryptionFailure()) this.#take(event);
  };

  /** Waits for the key of an event that no timeline of the SDK has. */
  #await(event: MatrixEvent): void {
    this.#waiting.add(event.getId() ?? '');
    event.on(MatrixEventEvent.Decrypted, this.#takeAwaited);
  }

  /** After the first sync: rooms that were left, what came, what is missing. */
  #goOn(): void {
    if (!this.#worker || this.snapshot.state !== 'ready' || !this.#checkedRooms) return;
    void this.#dropLeft().then(() => this.#retryPending());
    void this.#feed();
    this.#crawler?.start();
  }

  async #feed(): Promise<void> {
    if (this.#feeding || this.snapshot.state !== 'ready') return;
    this.#feeding = true;
    try {
      while (this.#queue.length > 0 && this.#worker) {
        const group = this.#queue.splice(0, GROUP);
        await Promise.all(
          group.map((event) => this.#client.decryptEventIfNeeded(event).catch(() => undefined)),
        );
        const ops: SearchOp[] = [];
        const missing = new Map<string, string[]>();
        for (const event of group) {
          const id = event.getId() ?? '';
          const read = readEvent(event);
          if (read === 'undecryptable') {
            this.#waiting.add(id);
            const room = event.getRoomId() ?? '';
            missing.set(room, [...(missing.get(room) ?? []), id]);
          } else {
            this.#waiting.delete(id);
            if (read) ops.push(read);
          }
        }
        const changed: Record<string, RoomProgress> = {};
        for (const [room, ids] of missing) {
          const before = this.#progress.get(room) ?? {};
          changed[room] = { ...before, pending: [...new Set([...(before.pending ?? []), ...ids])] };
        }
        if (ops.length > 0 || missing.size > 0) await this.#apply(ops, changed);
        await new Promise((resolve) => setTimeout(resolve, GROUP_REST));
        // Before it is looked whether something is left: what comes meanwhile is fed, too.
        if (this.#queue.length === 0) await this.#tell();
      }
    } catch {
      // The worker has ended or starts anew; what was read is read again then.
    } finally {
      this.#feeding = false;
    }
  }

  async #apply(
    ops: readonly SearchOp[],
    progress: Readonly<Record<string, RoomProgress>> = {},
  ): Promise<ApplyResult> {
    const worker = this.#worker;
    if (!worker) throw new IndexDamaged('the index is closed');
    // What was read of a conversation before it was left may come after it was dropped.
    const state = Object.fromEntries(Object.entries(progress).filter(([room]) => this.#isIn(room)));
    for (const [room, value] of Object.entries(state)) this.#progress.set(room, value);
    const result = await worker.call('apply', {
      ops: ops.filter((op) => op.op === 'remove' || this.#isIn(op.doc.roomId)),
      state,
    });
    for (const { roomId, eventId } of result.stale) void this.#fetchAnew(roomId, eventId);
    return result;
  }

  #isIn(roomId: string): boolean {
    return isJoined(this.#client.getRoom(roomId)?.getMyMembership() ?? 'leave');
  }

  /** An event as the homeserver has it, apart from the one that a timeline may show. */
  async #fetch(roomId: string, eventId: string): Promise<MatrixEvent> {
    const event = new MatrixEvent(await this.#client.fetchRoomEvent(roomId, eventId));
    await this.#client.decryptEventIfNeeded(event);
    return event;
  }

  /** A message whose newest edit was redacted: its text as it is now. */
  async #fetchAnew(roomId: string, eventId: string): Promise<void> {
    try {
      const event = await this.#fetch(roomId, eventId);
      const read = readEvent(event);
      if (typeof read !== 'object' || read.op !== 'add') return;
      const ops: SearchOp[] = [{ ...read, force: true }];
      const bundled = event.getServerAggregatedRelation<Partial<IEvent>>(RelationType.Replace);
      if (bundled?.content) {
        const edit = new MatrixEvent({ ...bundled, room_id: roomId });
        await this.#client.decryptEventIfNeeded(edit);
        const next = readEvent(edit);
        if (typeof next === 'object' && next.op === 'edit') ops.push(next);
      }
      await this.#apply(ops);
    } catch {
      // Found again by reading the history.
    }
  }

  #findGaps(): void {
    for (const roomId of this.#reset) {
      const timeline = this.#client.getRoom(roomId)?.getLiveTimeline();
      const token = timeline?.getPaginationToken(EventTimeline.BACKWARDS);
      if (typeof token !== 'string') continue;
      const before = this.#progress.get(roomId) ?? {};
      const gaps = [...(before.gaps ?? []).filter((gap) => gap !== token), token];
      void this.#apply([], { [roomId]: { ...before, gaps } })
        .then(() => this.#crawler?.start())
        .catch(() => undefined);
    }
    this.#reset.clear();
  }

  async #retryPending(): Promise<void> {
    let left = MOST_RETRIED;
    for (const [roomId, progress] of [...this.#progress]) {
      if (!progress.pending || left <= 0) continue;
      const found: string[] = [];
      for (const eventId of progress.pending.slice(-left)) {
        left--;
        if (!this.#worker) return;
        try {
          const event = await this.#fetch(roomId, eventId);
          const read = readEvent(event);
          if (read === 'undecryptable') this.#await(event);
          else {
            found.push(eventId);
            if (read) await this.#apply([read]);
          }
        } catch {
          // Asked for again another time.
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_REST));
      }
      this.#settle(roomId, found);
    }
    await this.#tell();
  }

  #settle(roomId: string, found: readonly string[]): void {
    const { pending = [], ...rest } = this.#progress.get(roomId) ?? {};
    const still = pending.filter((id) => !found.includes(id));
    if (found.length === 0) return;
    void this.#apply([], { [roomId]: { ...rest, ...(still.length > 0 ? { pending: still } : {}) } }).catch(
      () => undefined,
    );
  }

  /** Conversations one is in, the latest first. */
  #roomIds(): string[] {
    return this.#client
      .getRooms()
      .filter((room: Room) => isJoined(room.getMyMembership()) && !room.isSpaceRoom())
      .sort((one, other) => other.getLastActiveTimestamp() - one.getLastActiveTimestamp())
      .map((room) => room.roomId);
  }

  async #dropLeft(): Promise<void> {
    const joined = new Set(this.#roomIds());
    const known = (await this.#worker?.call('rooms', undefined)) ?? [];
    await this.#drop([...new Set([...known, ...this.#progress.keys()])].filter((room) => !joined.has(room)));
  }

  async #drop(roomIds: readonly string[]): Promise<void> {
    if (roomIds.length === 0 || !this.#worker) return;
    for (const roomId of roomIds) this.#progress.delete(roomId);
    const state = Object.fromEntries(roomIds.map((roomId) => [roomId, null]));
    await this.#worker.call('apply', { ops: [], state }).catch(() => undefined);
    await this.#worker.call('dropRooms', { roomIds }).catch(() => undefined);
    await this.#tell();
  }

  readonly #onWorker = (event: WorkerEvent): void => {
    if (event.event === 'damaged') {
      // Everything is read again: what the device has at once, histories if they were wanted.
      this.#progress.clear();
      this.#refill();
      this.#crawler?.start();
    }
    this.set({ full: event.event === 'not-written' && event.reason === 'QuotaExceededError' });
    void this.#tell();
  };

  /** Takes what the device has of all rooms. */
  #refill(): void {
    for (const roomId of this.#roomIds()) {
      const room = this.#client.getRoom(roomId);
      for (const event of room?.getLiveTimeline().getEvents() ?? []) this.#take(event);
      for (const thread of room?.getThreads() ?? []) {
        for (const event of thread.events) this.#take(event);
      }
    }
  }

  async #tell(): Promise<void> {
    const rooms = this.#roomIds();
    const done = rooms.filter((room) => this.#progress.get(room)?.done === true).length;
    const { history, paused } = this.#settings;
    // Before the first sync no conversation is known; afterwards there may be none.
    const all = done >= rooms.length && (rooms.length > 0 || (history && this.#checkedRooms));
    const stats = await this.#worker?.call('stats', undefined).catch(() => undefined);
    this.set({
      rooms: rooms.length,
      roomsDone: done,
      pending: [...this.#progress.values()].reduce((all, each) => all + (each.pending?.length ?? 0), 0),
      history: all ? 'done' : !history ? 'none' : paused ? 'paused' : 'running',
      ...(stats ? { messages: stats.messages, stored: stats.stored } : {}),
    });
  }

  #change(settings: Partial<SearchSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
    localStorage.setItem(SETTINGS, JSON.stringify(this.#settings));
    void this.#tell();
  }

  /** A page of messages that fit. @throws IndexDamaged when the index was found damaged; it is made anew */
  search(request: SearchRequest): Promise<SearchPage> {
    if (!this.#worker || this.snapshot.state !== 'ready') {
      return Promise.reject(new Error('search is not ready'));
    }
    return this.#worker.call('search', request);
  }

  /** Reads the histories of all conversations, or goes on with it. */
  readonly indexAll = (): void => {
    this.#change({ history: true, paused: false });
    this.#crawler?.start();
  };

  readonly pause = (): void => {
    this.#change({ paused: true });
  };

  readonly turnOn = async (): Promise<void> => {
    this.#change({ enabled: true });
    await this.#open();
    this.#refill();
    this.#goOn();
  };

  /** Ends search on this device and removes the index. */
  readonly turnOff = async (): Promise<void> => {
    this.#change({ enabled: false, history: false, paused: false });
    await this.#remove();
    this.set({ state: 'off', messages: 0, stored: 0, pending: 0, roomsDone: 0, full: false });
  };

  /** Empties the index and begins again with what the device has. */
  readonly clear = async (): Promise<void> => {
    this.#change({ history: false, paused: false });
    await this.#worker?.call('reset', undefined);
    this.#progress.clear();
    this.#refill();
    await this.#tell();
  };

  /** Writes and lets another tab have the index. */
  async stop(): Promise<void> {
    this.#crawler?.stop();
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.close();
  }

  /** Removes the index with the sign-out. */
  async forget(): Promise<void> {
    await this.#remove();
    localStorage.removeItem(SETTINGS);
  }

  async #remove(): Promise<void> {
    this.#crawler?.stop();
    this.#crawler = undefined;
    this.#worker?.kill();
    this.#worker = undefined;
    this.#progress.clear();
    this.#queue = [];
    await forgetSearch();
  }
}

/** Removes the index of a device that does not run. */
export async function forgetSearch(): Promise<void> {
  await deleteRecords().catch(() => undefined);
}
