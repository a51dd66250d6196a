import { isRoomId, parseEncryption, parseMember, type RoomId } from '@qiao/matrix-types';
import type { MatrixLink, RawEvent } from '../matrix/index.ts';
import { BotError } from './errors.ts';
import type { BotStore, RoomRow } from './store.ts';

/** The only algorithm clients use in rooms. */
export const MEGOLM = 'm.megolm.v1.aes-sha2';
/** Most member ids kept in memory over all rooms; the least recently used rooms are asked for again. */
const MAX_CACHED_MEMBERS = 200_000;

interface Cached {
  row: RoomRow;
  /** Who gets keys; undefined: not asked for yet. */
  members: Set<string> | undefined;
  /** Goes up with every change that may need a new sharing of keys. */
  version: number;
  /** The homeserver was asked in this run and said that the room is not encrypted. */
  plain: boolean;
}

/** What a bot knows of its rooms: encryption, who is there. Kept up by the sync, loaded when needed. */
export class Rooms {
  readonly #store: BotStore;
  readonly #link: MatrixLink;
  readonly #rooms = new Map<RoomId, Cached>();
  readonly #interned = new Map<string, string>();
  #cachedMembers = 0;
  #joined: Set<RoomId>;

  constructor(store: BotStore, link: MatrixLink) {
    this.#store = store;
    this.#link = link;
    this.#joined = new Set(store.joinedRooms());
  }

  get joinedCount(): number {
    return this.#joined.size;
  }

  isJoined(roomId: RoomId): boolean {
    return this.#joined.has(roomId);
  }

  joined(): RoomId[] {
    return [...this.#joined];
  }

  #cached(roomId: RoomId): Cached | undefined {
    const known = this.#rooms.get(roomId);
    if (known !== undefined) return known;
    const row = this.#store.room(roomId);
    if (row === undefined) return undefined;
    const made: Cached = { row, members: undefined, version: 0, plain: false };
    this.#rooms.set(roomId, made);
    return made;
  }

  /** The bot is in a room now. `known` is state that is certain already (of a room it just made). */
  markJoined(roomId: RoomId, known: Partial<RoomRow> = {}): void {
    const cached = this.#cached(roomId);
    const row: RoomRow = {
      roomId,
      algorithm: undefined,
      rotationMs: undefined,
      rotationMessages: undefined,
      historyVisibility: undefined,
      ...cached?.row,
      ...known,
      joined: true,
    };
    if (cached === undefined) this.#rooms.set(roomId, { row, members: undefined, version: 0, plain: false });
    else cached.row = row;
    this.#joined.add(roomId);
    this.#store.saveRoom(row);
  }

  markLeft(roomId: RoomId): void {
    const cached = this.#cached(roomId);
    if (cached === undefined) return;
    this.#forgetMembers(cached);
    cached.row = { ...cached.row, joined: false };
    this.#store.saveRoom(cached.row);
    this.#rooms.delete(roomId);
    this.#joined.delete(roomId);
  }

  /** Takes a state event of the sync. Malformed ones change nothing. */
  takeState(roomId: RoomId, event: RawEvent): void {
    const cached = this.#cached(roomId);
    if (cached === undefined || event.state_key === undefined) return;
    if (event.type === 'm.room.encryption' && event.state_key === '')
      this.#takeEncryption(cached, event.content);
    else if (event.type === 'm.room.history_visibility' && event.state_key === '') {
      const visibility = event.content.history_visibility;
      if (typeof visibility !== 'string' || visibility === cached.row.historyVisibility) return;
      cached.row = { ...cached.row, historyVisibility: visibility };
      cached.version += 1;
      this.#forgetMembers(cached);
      this.#store.saveRoom(cached.row);
    } else if (event.type === 'm.room.member') this.#takeMember(cached, event);
  }

  /** Encryption, once on, stays on; only its rotation may change, and only within the known algorithm. */
  #takeEncryption(cached: Cached, content: unknown): void {
    const parsed = parseEncryption(content);
    if (parsed === undefined) return;
    if (cached.row.algorithm !== undefined && cached.row.algorithm !== parsed.algorithm) return;
    cached.row = {
      ...cached.row,
      algorithm: parsed.algorithm,
      rotationMs: parsed.rotation_period_ms,
      rotationMessages: parsed.rotation_period_msgs,
    };
    cached.version += 1;
    this.#store.saveRoom(cached.row);
  }

  #takeMember(cached: Cached, event: RawEvent): void {
    const content = parseMember(event.content);
    const user = event.state_key;
    if (content === undefined || user === undefined) return;
    if (cached.members === undefined) {
      cached.version += 1;
      return;
    }
    const there =
      content.membership === 'join' ||
      (content.membership === 'invite' && cached.row.historyVisibility !== 'joined');
    if (there === cached.members.has(user)) return;
    if (there) cached.members.add(this.#intern(user));
    else cached.members.delete(user);
    this.#cachedMembers += there ? 1 : -1;
    cached.version += 1;
  }

  /** The members may have changed unseen (a gap in the sync): they are asked for again. */
  forgetMembers(roomId: RoomId): void {
    const cached = this.#rooms.get(roomId);
    if (cached === undefined) return;
    this.#forgetMembers(cached);
    cached.version += 1;
  }

  #forgetMembers(cached: Cached): void {
    this.#cachedMembers -= cached.members?.size ?? 0;
    cached.members = undefined;
  }

  /** Devices of these users changed: rooms they are in share their keys anew. */
  devicesChanged(users: readonly string[]): void {
    for (const cached of this.#rooms.values()) {
      if (cached.members !== undefined && users.some((user) => cached.members?.has(user)))
        cached.version += 1;
    }
  }

  /** Number that goes up with every change that may need a new sharing of keys. */
  version(roomId: RoomId): number {
    return this.#cached(roomId)?.version ?? 0;
  }

  /** The room's row; asks the homeserver about rooms the sync has not shown yet. */
  async row(roomId: RoomId): Promise<RoomRow> {
    const cached = this.#cached(roomId);
    if (cached?.row.joined === true) {
      // A sync may show a room before its encryption is in place: nothing goes out in the clear on its word alone.
      if (cached.row.algorithm === undefined && !cached.plain) {
        const content = await this.#link.getState(roomId, 'm.room.encryption');
        if (content === undefined) cached.plain = true;
        else this.#takeEncryption(cached, content);
      }
      return cached.row;
    }
    // A join whose sync is still to come, or not our room: the homeserver knows (403 if not).
    const [encryption, visibility] = await Promise.all([
      this.#link.getState(roomId, 'm.room.encryption'),
      this.#link.getState(roomId, 'm.room.history_visibility'),
    ]);
    this.markJoined(roomId, {
      ...(typeof visibility?.history_visibility === 'string'
        ? { historyVisibility: visibility.history_visibility }
        : {}),
    });
    const made = this.#cached(roomId);
    if (made === undefined) throw new BotError('not_in_room', 'the bot is not in the room');
    if (encryption !== undefined) this.#takeEncryption(made, encryption);
    return made.row;
  }

  /** Everybody who is to get the room's keys: joined, and invited unless the history is for the joined only. */
  async members(roomId: RoomId): Promise<ReadonlySet<string>> {
    const cached = this.#cached(roomId);
    if (cached === undefined) throw new BotError('not_in_room', 'the bot is not in the room');
    if (cached.members !== undefined) {
      // Keep the order of use.
      this.#rooms.delete(roomId);
      this.#rooms.set(roomId, cached);
      return cached.members;
    }
    const { version } = cached;
    const withInvited = cached.row.historyVisibility !== 'joined';
    const [joined, invited] = await Promise.all([
      this.#link.joinedMembers(roomId),
      withInvited ? this.#link.members(roomId, { membership: 'invite' }) : Promise.resolve([]),
    ]);
    const members = new Set<string>();
    for (const user of joined.keys()) members.add(this.#intern(user));
    for (const event of invited)
      if (event.state_key !== undefined) members.add(this.#intern(event.state_key));
    // A change that came meanwhile may be missing in the answer: then it is asked for again next time.
    if (cached.version === version && this.#rooms.get(roomId) === cached) {
      cached.members = members;
      this.#cachedMembers += members.size;
      this.#evict(roomId);
    }
    return members;
  }

  #evict(except: RoomId): void {
    if (this.#cachedMembers <= MAX_CACHED_MEMBERS) return;
    for (const [roomId, cached] of this.#rooms) {
      if (roomId === except || cached.members === undefined) continue;
      this.#forgetMembers(cached);
      if (this.#cachedMembers <= MAX_CACHED_MEMBERS) break;
    }
    this.#interned.clear();
  }

  #intern(user: string): string {
    const known = this.#interned.get(user);
    if (known !== undefined) return known;
    this.#interned.set(user, user);
    return user;
  }

  /** Room ids of a sync's part, as far as they are room ids. */
  static ids(part: Record<string, unknown> | undefined): RoomId[] {
    return Object.keys(part ?? {}).filter(isRoomId);
  }
}
