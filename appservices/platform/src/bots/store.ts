import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { EventId, RoomId } from '@qiao/matrix-types';
import { BotError } from './errors.ts';

/** An event that waits for its handlers, as the homeserver gave it. */
export interface InboxRow {
  seq: number;
  roomId: RoomId;
  eventId: string;
  /** JSON of the event. */
  event: string;
}

/** An event whose key is missing. */
export interface UndecryptedRow {
  eventId: EventId;
  roomId: RoomId;
  sessionId: string;
  event: string;
  firstSeen: number;
  reported: boolean;
}

/** What is remembered of a room. */
export interface RoomRow {
  roomId: RoomId;
  joined: boolean;
  /** Algorithm of `m.room.encryption`; once set it is never removed. */
  algorithm: string | undefined;
  rotationMs: number | undefined;
  rotationMessages: number | undefined;
  historyVisibility: string | undefined;
}

/** How long ids of handled events are remembered, milliseconds. */
const SEEN_MS = 30 * 24 * 3600 * 1000;
/** How long an undecryptable event is kept, milliseconds. */
const UNDECRYPTED_MS = 90 * 24 * 3600 * 1000;

/**
 * What one bot remembers besides its keys: where it stands in the sync, which events still wait for their handlers,
 * which were seen, which could not be decrypted. One file, held by one process (a second one is refused).
 * Holds events only as they came: of an encrypted room, ciphertext. A power cut may take the last moments: then the
 * sync begins a little earlier, and events of those moments are delivered again.
 */
export class BotStore {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(dir: string) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const file = join(dir, 'state.db');
    this.#db = new DatabaseSync(file);
    try {
      this.#db.exec(`
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA cache_size = -2048;
        BEGIN IMMEDIATE;
        CREATE TABLE IF NOT EXISTS meta (k TEXT PRIMARY KEY, v TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS room (
          room_id TEXT PRIMARY KEY, joined INTEGER NOT NULL, algorithm TEXT, rotation_ms INTEGER,
          rotation_messages INTEGER, history_visibility TEXT, announce INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS inbox (
          seq INTEGER PRIMARY KEY AUTOINCREMENT, room_id TEXT NOT NULL, event_id TEXT NOT NULL, event TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS seen (event_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS undecrypted (
          event_id TEXT PRIMARY KEY, room_id TEXT NOT NULL, session_id TEXT NOT NULL, event TEXT NOT NULL,
          first_seen INTEGER NOT NULL, reported INTEGER NOT NULL DEFAULT 0);
        CREATE INDEX IF NOT EXISTS undecrypted_session ON undecrypted (session_id);
        COMMIT;
      `);
    } catch (error) {
      this.#db.close();
      if (/locked|busy/i.test(String(error))) {
        throw new BotError('store_in_use', 'another process has this bot open', { cause: error });
      }
      throw error;
    }
    chmodSync(file, 0o600);
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  // --- single values --------------------------------------------------------------------------------------------

  get(key: string): string | undefined {
    return this.#one('SELECT v FROM meta WHERE k = ?', key)?.v as string | undefined;
  }

  set(key: string, value: string): void {
    this.#do(
      'INSERT INTO meta (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v',
      key,
      value,
    );
  }

  /** Like `set` and `unset`, and survives a power cut. */
  setDurably(key: string, value: string | undefined): void {
    this.#db.exec('PRAGMA synchronous = FULL');
    try {
      if (value === undefined) this.unset(key);
      else this.set(key, value);
    } finally {
      this.#db.exec('PRAGMA synchronous = NORMAL');
    }
  }

  unset(key: string): void {
    this.#do('DELETE FROM meta WHERE k = ?', key);
  }

  // --- rooms ----------------------------------------------------------------------------------------------------

  room(roomId: RoomId): RoomRow | undefined {
    const row = this.#one('SELECT * FROM room WHERE room_id = ?', roomId);
    return row === undefined ? undefined : toRoom(row);
  }

  joinedRooms(): RoomId[] {
    return this.#all('SELECT room_id FROM room WHERE joined = 1').map((row) => row.room_id as RoomId);
  }

  saveRoom(room: RoomRow): void {
    this.#do(
      `INSERT INTO room (room_id, joined, algorithm, rotation_ms, rotation_messages, history_visibility)
       VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (room_id) DO UPDATE SET joined = excluded.joined,
       algorithm = coalesce(excluded.algorithm, algorithm), rotation_ms = excluded.rotation_ms,
       rotation_messages = excluded.rotation_messages, history_visibility = excluded.history_visibility`,
      room.roomId,
      room.joined ? 1 : 0,
      room.algorithm ?? null,
      room.rotationMs ?? null,
      room.rotationMessages ?? null,
      room.historyVisibility ?? null,
    );
  }

  /** The room is to be told of the new device. */
  markAnnounce(roomId: RoomId): void {
    this.#do('UPDATE room SET announce = 1 WHERE room_id = ? AND algorithm IS NOT NULL', roomId);
  }

  toAnnounce(): RoomId[] {
    return this.#all('SELECT room_id FROM room WHERE announce = 1 AND joined = 1').map(
      (row) => row.room_id as RoomId,
    );
  }

  announced(roomId: RoomId): void {
    this.#do('UPDATE room SET announce = 0 WHERE room_id = ?', roomId);
  }

  // --- events ---------------------------------------------------------------------------------------------------

  /**
   * Takes one sync: the events not seen before go to the inbox, and the position moves on, all or nothing.
   * Returns how many events were new.
   */
  takeSync(
    nextBatch: string | undefined,
    events: readonly { roomId: RoomId; eventId: string; event: string | undefined }[],
    now: number,
  ): number {
    let taken = 0;
    this.#do('BEGIN IMMEDIATE');
    try {
      for (const { roomId, eventId, event } of events) {
        const { changes } = this.#prepare('INSERT OR IGNORE INTO seen (event_id, at) VALUES (?, ?)').run(
          eventId,
          now,
        );
        if (changes === 0 || event === undefined) continue;
        this.#do('INSERT INTO inbox (room_id, event_id, event) VALUES (?, ?, ?)', roomId, eventId, event);
        taken += 1;
      }
      if (nextBatch !== undefined) this.set('next_batch', nextBatch);
      this.#do('COMMIT');
    } catch (error) {
      this.#do('ROLLBACK');
      throw error;
    }
    return taken;
  }

  /** Whether an event was taken before. */
  seen(eventId: string): boolean {
    return this.#one('SELECT 1 AS one FROM seen WHERE event_id = ?', eventId) !== undefined;
  }

  /** Waiting events behind a sequence number, in order. */
  inboxAfter(seq: number, limit: number): InboxRow[] {
    return this.#all('SELECT * FROM inbox WHERE seq > ? ORDER BY seq LIMIT ?', seq, limit).map((row) => ({
      seq: Number(row.seq),
      roomId: row.room_id as RoomId,
      eventId: row.event_id as string,
      event: row.event as string,
    }));
  }

  /** Sequence number of the newest waiting event; 0 if none waits. */
  inboxEnd(): number {
    return Number(this.#one('SELECT max(seq) AS n FROM inbox')?.n ?? 0);
  }

  inboxSize(): number {
    return Number(this.#one('SELECT count(*) AS n FROM inbox')?.n ?? 0);
  }

  /** The events were handled: they leave the inbox for good. */
  handled(seqs: readonly number[]): void {
    if (seqs.length === 0) return;
    this.#do('BEGIN IMMEDIATE');
    for (const seq of seqs) this.#do('DELETE FROM inbox WHERE seq = ?', seq);
    this.#do('COMMIT');
  }

  /** Moves an event from the inbox to those without a key. */
  cannotDecrypt(row: InboxRow, sessionId: string, now: number): void {
    this.#do('BEGIN IMMEDIATE');
    this.#do(
      'INSERT OR IGNORE INTO undecrypted (event_id, room_id, session_id, event, first_seen) VALUES (?, ?, ?, ?, ?)',
      row.eventId,
      row.roomId,
      sessionId,
      row.event,
      now,
    );
    this.#do('DELETE FROM inbox WHERE seq = ?', row.seq);
    this.#do('COMMIT');
  }

  undecrypted(sessionId?: string, limit = 1000): UndecryptedRow[] {
    const rows =
      sessionId === undefined
        ? this.#all('SELECT * FROM undecrypted ORDER BY rowid LIMIT ?', limit)
        : this.#all(
            'SELECT * FROM undecrypted WHERE session_id = ? ORDER BY rowid LIMIT ?',
            sessionId,
            limit,
          );
    return rows.map(toUndecrypted);
  }

  /** Events without a key since before a time that were not reported. */
  unreported(before: number): UndecryptedRow[] {
    return this.#all(
      'SELECT * FROM undecrypted WHERE reported = 0 AND first_seen <= ? ORDER BY rowid LIMIT 500',
      before,
    ).map(toUndecrypted);
  }

  undecryptedSize(): number {
    return Number(this.#one('SELECT count(*) AS n FROM undecrypted')?.n ?? 0);
  }

  reported(eventId: EventId): void {
    this.#do('UPDATE undecrypted SET reported = 1 WHERE event_id = ?', eventId);
  }

  /** The key came: the event goes back to the end of the inbox. */
  requeue(row: UndecryptedRow): void {
    this.#do('BEGIN IMMEDIATE');
    const { changes } = this.#prepare('DELETE FROM undecrypted WHERE event_id = ?').run(row.eventId);
    if (changes > 0) {
      this.#do(
        'INSERT INTO inbox (room_id, event_id, event) VALUES (?, ?, ?)',
        row.roomId,
        row.eventId,
        row.event,
      );
    }
    this.#do('COMMIT');
  }

  /** Forgets what is too old to matter. */
  prune(now: number): void {
    this.#do('DELETE FROM seen WHERE at < ? AND event_id NOT IN (SELECT event_id FROM inbox)', now - SEEN_MS);
    this.#do('DELETE FROM undecrypted WHERE first_seen < ?', now - UNDECRYPTED_MS);
  }

  #do(sql: string, ...values: (string | number | null)[]): void {
    this.#prepare(sql).run(...values);
  }
  #one(sql: string, ...values: (string | number)[]): Record<string, unknown> | undefined {
    return this.#prepare(sql).get(...values);
  }
  #all(sql: string, ...values: (string | number)[]): Record<string, unknown>[] {
    return this.#prepare(sql).all(...values);
  }
  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function toRoom(row: Record<string, unknown>): RoomRow {
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
  return {
    roomId: row.room_id as RoomId,
    joined: Number(row.joined) === 1,
    algorithm: text(row.algorithm),
    rotationMs: number(row.rotation_ms),
    rotationMessages: number(row.rotation_messages),
    historyVisibility: text(row.history_visibility),
  };
}

function toUndecrypted(row: Record<string, unknown>): UndecryptedRow {
  return {
    eventId: row.event_id as EventId,
    roomId: row.room_id as RoomId,
    sessionId: row.session_id as string,
    event: row.event as string,
    firstSeen: Number(row.first_seen),
    reported: Number(row.reported) === 1,
  };
}
