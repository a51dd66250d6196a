import type { IndexedDBStore } from 'matrix-js-sdk';
import { asList, asRecord, asSize, asText } from './safe-text.ts';

/** Counts of the homeserver, by its rules: of encrypted messages it sees neither words nor mentions. */
export interface ServerCount {
  readonly total: number;
  readonly mentions: number;
}

/** Events of a room whose order is remembered; of more, the newest. */
const MOST_ORDERED = 400;

interface RoomLog {
  /** Place of an event in the order in which the homeserver tells them: threads, edits and reactions among all. */
  readonly order: Map<string, number>;
  /** The newest event of the room, as the homeserver told it. */
  newest: Readonly<Record<string, unknown>> | undefined;
  /** How far the person has read: by thread, `main`, or the empty key for all of it at once. */
  readonly read: Map<string, string>;
  main: ServerCount;
  threads: Map<string, ServerCount>;
}

const countOf = (value: unknown): ServerCount => {
  const count = asRecord(value);
  return {
    total: Math.floor(asSize(count['notification_count']) ?? 0),
    mentions: Math.floor(asSize(count['highlight_count']) ?? 0),
  };
};

/** The key of receipts that hold for a whole room (MSC3771). */
export const WHOLE = '';
/** The key of the main timeline (client-server API, `m.receipt`). */
export const MAIN = 'main';

/**
 * What the answers of `/sync` say about reading, and the SDK drops (js-sdk 43): the order of all events of a room,
 * receipts at events that are in no timeline (edits and reactions in threads), and the homeserver's counts of
 * encrypted rooms.
 */
export class SyncLog {
  readonly #me: string;
  readonly #rooms = new Map<string, RoomLog>();
  readonly #changed: (roomId: string) => void;
  readonly #came: (roomId: string, eventId: string) => void;
  #next = 0;

  /**
   * @param changed hears of rooms in which the person has read
   * @param came hears of each event that is new here, before the SDK works on it
   */
  constructor(
    me: string,
    changed: (roomId: string) => void,
    came: (roomId: string, eventId: string) => void,
  ) {
    this.#me = me;
    this.#changed = changed;
    this.#came = came;
  }

  /** Listens to what the SDK stores: each answer before it is worked on, and at the start what is kept of them. */
  watch(store: IndexedDBStore): void {
    const { setSyncData, getSavedSync } = store;
    store.setSyncData = (data) => {
      // A quiet answer has no rooms, whatever its type says.
      this.note(asRecord(data.rooms)['join']);
      return setSyncData(data);
    };
    store.getSavedSync = async () => {
      const saved = await getSavedSync();
      if (saved) this.note(asRecord(saved.roomsData)['join']);
      return saved;
    };
  }

  /** @param join `rooms.join` of an answer */
  note(join: unknown): void {
    for (const [roomId, given] of Object.entries(asRecord(join))) this.#noteRoom(roomId, asRecord(given));
  }

  #noteRoom(roomId: string, given: Readonly<Record<string, unknown>>): void {
    const log = this.#log(roomId);
    for (const each of asList(asRecord(given['timeline'])['events'])) {
      const event = asRecord(each);
      const id = asText(event['event_id']);
      if (id === undefined) continue;
      if (!log.order.has(id)) {
        log.order.set(id, this.#next++);
        this.#came(roomId, id);
      }
      log.newest = event;
    }
    if (log.order.size > MOST_ORDERED * 2)
      for (const id of [...log.order.keys()].slice(0, -MOST_ORDERED)) log.order.delete(id);
    if (given['unread_notifications'] !== undefined) log.main = countOf(given['unread_notifications']);
    const threads = given['unread_thread_notifications'];
    log.threads = new Map(Object.entries(asRecord(threads)).map(([id, count]) => [id, countOf(count)]));
    let read = false;
    for (const each of asList(asRecord(given['ephemeral'])['events'])) {
      const event = asRecord(each);
      if (event['type'] === 'm.receipt') read = this.#noteReceipts(log, event['content']) || read;
    }
    if (read) this.#changed(roomId);
  }

  #noteReceipts(log: RoomLog, content: unknown): boolean {
    let own = false;
    for (const [eventId, types] of Object.entries(asRecord(content)))
      for (const type of ['m.read', 'm.read.private']) {
        const people = asRecord(asRecord(types)[type]);
        if (!Object.hasOwn(people, this.#me)) continue;
        own = true;
        this.#advance(log, asText(asRecord(people[this.#me])['thread_id']) ?? WHOLE, eventId);
      }
    return own;
  }

  #advance(log: RoomLog, key: string, eventId: string): void {
    const before = log.order.get(log.read.get(key) ?? '');
    const now = log.order.get(eventId);
    // Of what is not known the homeserver never goes back.
    if (before === undefined || now === undefined || now > before) log.read.set(key, eventId);
  }

  /** The person has read here, up to an event; the homeserver is being told. @param key a thread, `main`, or all */
  read(roomId: string, key: string, eventId: string): void {
    const log = this.#log(roomId);
    this.#advance(log, key, eventId);
    if (key === WHOLE || key === MAIN) log.main = { total: 0, mentions: 0 };
    if (key === WHOLE) log.threads.clear();
    else log.threads.delete(key);
    this.#changed(roomId);
  }

  /** What is known of a room; undefined: nothing. */
  of(roomId: string): Readonly<RoomLog> | undefined {
    return this.#rooms.get(roomId);
  }

  /** The newest event of a room in the homeserver's order, of which kind ever. */
  newest(roomId: string): Readonly<Record<string, unknown>> | undefined {
    return this.#rooms.get(roomId)?.newest;
  }

  #log(roomId: string): RoomLog {
    const known = this.#rooms.get(roomId);
    if (known) return known;
    const made: RoomLog = {
      order: new Map(),
      newest: undefined,
      read: new Map(),
      main: { total: 0, mentions: 0 },
      threads: new Map(),
    };
    this.#rooms.set(roomId, made);
    return made;
  }
}
