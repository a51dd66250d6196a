import {
  EventStatus,
  MatrixEvent,
  Method,
  ReceiptType,
  threadIdForReceipt,
  type IndexedDBStore,
  type MatrixClient,
  type Room,
} from 'matrix-js-sdk';
import { EVENT, RELATION } from './names.ts';
import { receiptsArePrivate } from './receipt-privacy.ts';
import { MAIN, SyncLog, WHOLE } from './sync-log.ts';

/** What is unread in a timeline: messages to be told about, and those among them that mention the person. */
export interface UnreadCount {
  readonly unread: number;
  readonly mentions: number;
}

/** What is unread in a conversation. Every view takes its numbers from here. */
export interface RoomUnread extends UnreadCount {
  /** The main timeline alone. */
  readonly main: UnreadCount;
  /** Threads in which something is unread, by their roots. */
  readonly threads: ReadonlyMap<string, UnreadCount>;
  /** The newest message of others in the main timeline is not read, whether it is to be told about or not. */
  readonly fresh: boolean;
}

/** Unread messages looked at one by one; of more, the homeserver's count is believed. */
const MOST_LOOKED_AT = 200;

interface Walk extends UnreadCount {
  /** The place up to which all is read was found. */
  readonly complete: boolean;
  /** The walk came by the person's joining after an invitation: what was written meanwhile has waited. */
  readonly waited: boolean;
  readonly fresh: boolean;
}

/**
 * Counts what is unread. A message counts while it stands behind the place up to which the person has read, by the
 * order in which the homeserver tells events; whichever way and however often it came. The SDK adds up instead, and
 * so counts some messages twice (decrypted again, loaded again) and others never (written before the device was there).
 */
export class Unread {
  readonly #client: MatrixClient;
  readonly #log: SyncLog;
  readonly #listeners = new Set<(roomId: string) => void>();
  readonly #newListeners = new Set<(roomId: string, eventId: string) => void>();

  constructor(client: MatrixClient) {
    this.#client = client;
    this.#log = new SyncLog(
      client.getSafeUserId(),
      (roomId) => {
        for (const listener of this.#listeners) listener(roomId);
      },
      (roomId, eventId) => {
        for (const listener of this.#newListeners) listener(roomId, eventId);
      },
    );
  }

  /** Hears what the SDK stores; before it starts. */
  watch(store: IndexedDBStore): void {
    this.#log.watch(store);
  }

  /** For tests of the rules, which have no store. @param join `rooms.join` of an answer of `/sync` */
  note(join: unknown): void {
    this.#log.note(join);
  }

  /** Calls back when the person has read, here or elsewhere. @returns ends it */
  onRead(listener: (roomId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls back for each event that is told for the first time, before the SDK has it. @returns ends it */
  onNew(listener: (roomId: string, eventId: string) => void): () => void {
    this.#newListeners.add(listener);
    return () => this.#newListeners.delete(listener);
  }

  /** What is unread in a conversation. Costs about as much as there is unread. */
  of(room: Room): RoomUnread {
    const main = this.#part(room, MAIN, room.getLiveTimeline().getEvents());
    const threads = new Map<string, UnreadCount>();
    const ids = new Set(room.getThreads().map(({ id }) => id));
    for (const id of this.#log.of(room.roomId)?.threads.keys() ?? []) ids.add(id);
    let { unread, mentions } = main;
    for (const id of ids) {
      const count = this.ofThread(room, id);
      if (count.unread === 0 && count.mentions === 0) continue;
      threads.set(id, count);
      unread += count.unread;
      mentions += count.mentions;
    }
    return { unread, mentions, main, threads, fresh: main.fresh };
  }

  /** What is unread in a thread. */
  ofThread(room: Room, threadId: string): UnreadCount {
    const events = room.getThread(threadId)?.liveTimeline.getEvents() ?? [];
    return this.#part(room, threadId, events);
  }

  /** Whether the person has read a message. */
  hasRead(room: Room, event: MatrixEvent): boolean {
    const key = threadIdForReceipt(event);
    const log = this.#log.of(room.roomId);
    const id = event.getId() ?? '';
    const at = log?.order.get(id);
    if (log?.read.get(key) === id || log?.read.get(WHOLE) === id) return true;
    return at !== undefined && at <= this.#readTo(room.roomId, key);
  }

  /** Place of the newest receipt that holds for a timeline; -1: none that is known. */
  #readTo(roomId: string, key: string): number {
    const log = this.#log.of(roomId);
    const at = (each: string): number => log?.order.get(log.read.get(each) ?? '') ?? -1;
    return Math.max(at(WHOLE), at(key));
  }

  #part(room: Room, key: string, events: readonly MatrixEvent[]): UnreadCount & { readonly fresh: boolean } {
    const walk = this.#walk(room, key, events);
    const log = this.#log.of(room.roomId);
    const told = (key === MAIN ? log?.main : log?.threads.get(key)) ?? { total: 0, mentions: 0 };
    const { fresh } = walk;
    if (walk.complete) return { unread: walk.unread, mentions: walk.mentions, fresh };
    // Further back than what is here: the homeserver has counted.
    const least = walk.waited ? walk.unread : 0;
    if (!room.hasEncryptionStateEvent())
      return {
        unread: Math.max(told.total, least),
        mentions: Math.max(told.mentions, walk.waited ? walk.mentions : 0),
        fresh,
      };
    // It cannot see who is mentioned in what is encrypted, and with "mentions only" counts nothing.
    const mentions = Math.max(told.mentions, walk.mentions);
    return { unread: Math.max(told.total, mentions, least), mentions, fresh };
  }

  #walk(room: Room, key: string, events: readonly MatrixEvent[]): Walk {
    const log = this.#log.of(room.roomId);
    const readTo = this.#readTo(room.roomId, key);
    const receipts = [log?.read.get(WHOLE), log?.read.get(key)];
    const found = { unread: 0, mentions: 0, fresh: false, waited: false };
    for (
      let index = events.length - 1, looked = 0;
      index >= 0 && looked < MOST_LOOKED_AT;
      index--, looked++
    ) {
      const event = events[index];
      if (!event) break;
      const id = event.getId() ?? '';
      const at = log?.order.get(id);
      // A thread's root is of the main timeline.
      if (id === key) continue;
      if (receipts.includes(id) || (at !== undefined && at <= readTo)) return { ...found, complete: true };
      const own = this.#own(event);
      if (own === 'read' || event.getType() === EVENT.create) return { ...found, complete: true };
      if (own === 'joined') found.waited = true;
      if (own !== 'other') continue;
      // A thread's older replies come from elsewhere: only what was told live is known to be new.
      if (key !== MAIN && at === undefined) break;
      this.#look(event, found);
    }
    return { ...found, complete: false };
  }

  /** `read`: nobody writes, changes a room or comes into it without knowing what was there. */
  #own(event: MatrixEvent): 'other' | 'read' | 'joined' | 'none' {
    const me = this.#client.getSafeUserId();
    if (event.getType() === EVENT.member && event.getStateKey() === me) {
      const { membership } = event.getContent();
      if (membership === 'invite') return 'read';
      if (membership !== 'join') return 'none';
      const before: unknown = event.getPrevContent()['membership'];
      // Renamed, or a new picture: by whom ever, it says nothing.
      if (before === 'join') return 'none';
      return before === 'invite' ? 'joined' : 'read';
    }
    if (event.getSender() !== me) return 'other';
    return event.status === null || event.status === EventStatus.SENT ? 'read' : 'none';
  }

  #look(event: MatrixEvent, found: { unread: number; mentions: number; fresh: boolean }): void {
    if (event.isRedacted() || event.isState()) return;
    if (event.getType() === EVENT.reaction || event.isRelation(RELATION.replace)) return;
    if (event.shouldAttemptDecryption() && !event.isBeingDecrypted())
      void this.#client.decryptEventIfNeeded(event).catch(() => undefined);
    found.fresh = true;
    // Anew each time: it may have been decrypted, or the rules changed.
    const actions = this.#client.getPushActionsForEvent(event, true);
    if (actions?.notify !== true) return;
    found.unread++;
    if (actions.tweaks.highlight === true) found.mentions++;
  }

  /**
   * The person has read a timeline up to a message: the homeserver is told, unless it knows.
   * @param threadId of a thread; undefined: the main timeline. @throws MatrixError
   */
  async readTo(roomId: string, threadId: string | undefined, event: MatrixEvent): Promise<void> {
    const room = this.#client.getRoom(roomId);
    const eventId = event.getId();
    if (!room || eventId === undefined || eventId === threadId) return;
    const key = threadId ?? MAIN;
    const told = key === MAIN ? this.#log.of(roomId)?.main : this.#log.of(roomId)?.threads.get(key);
    // One's own message says by itself that what is above it was read.
    if (event.getSender() === room.myUserId && (told?.total ?? 0) === 0) return;
    const before = this.#log.of(roomId)?.read.get(key);
    if (this.hasRead(room, event) && threadIdForReceipt(event) === key) return;
    this.#log.read(roomId, key, eventId);
    try {
      await this.#send(event, key);
    } catch (error) {
      // Told again with the next message.
      if (before !== undefined) this.#log.of(roomId)?.read.set(key, before);
      else this.#log.of(roomId)?.read.delete(key);
      throw error;
    }
  }

  /** Everything in a conversation is read: the main timeline, all threads, and what changes them. @throws MatrixError */
  async readAll(roomId: string): Promise<void> {
    const room = this.#client.getRoom(roomId);
    if (!room) return;
    const newest = this.#log.newest(roomId);
    const id = newest?.['event_id'];
    const event =
      typeof id === 'string'
        ? (room.findEventById(id) ?? new MatrixEvent({ ...newest, room_id: roomId }))
        : room.getLastLiveEvent();
    const eventId = event?.getId();
    if (!event || eventId === undefined) return;
    await this.#send(event, WHOLE);
    this.#log.read(roomId, WHOLE, eventId);
    await this.#client.setRoomReadMarkers(roomId, eventId);
  }

  async #send(event: MatrixEvent, key: string): Promise<void> {
    const type = receiptsArePrivate() ? ReceiptType.ReadPrivate : ReceiptType.Read;
    if (key === WHOLE || threadIdForReceipt(event) === key) {
      await this.#client.sendReadReceipt(event, type, key === WHOLE);
      return;
    }
    // The SDK takes what changes a thread's root for a part of the main timeline, wherever it is read.
    const path = ['rooms', event.getRoomId() ?? '', 'receipt', type, event.getId() ?? '']
      .map(encodeURIComponent)
      .join('/');
    await this.#client.http.authedRequest(Method.Post, `/${path}`, undefined, { thread_id: key });
  }
}

const known = new WeakMap<MatrixClient, Unread>();

/** The one place that counts for a client. */
export function unreadOf(client: MatrixClient): Unread {
  const found = known.get(client);
  if (found) return found;
  const made = new Unread(client);
  known.set(client, made);
  return made;
}
