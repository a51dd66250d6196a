import type { MatrixClient, Room } from 'matrix-js-sdk';
import type { CryptoApi } from 'matrix-js-sdk/lib/crypto-api';
import type { CryptoBackend } from 'matrix-js-sdk/lib/common-crypto/CryptoBackend';
import { REMEMBERED_MS, type HistoryStore, type Owed } from './history-types.ts';
import { devicesOf, isIdentityInDoubt, isOwnDeviceSigned, signedDevicesOf } from './key-readiness.ts';
import { isHistoryShared, peopleToLookAt } from './room-people.ts';

/** What of the encryption gives history; `shareRoomHistoryWithUser` is of the SDK's inner interface (ADR 102). */
export type Giving = CryptoApi & Pick<CryptoBackend, 'shareRoomHistoryWithUser'>;

interface Parts {
  readonly client: MatrixClient;
  readonly crypto: Giving;
  readonly store: HistoryStore;
  readonly now: () => number;
  readonly onChange: (roomId: string) => void;
  /** Tries again after a failure. */
  readonly again: () => void;
}

const PREFIX = 'owed ';
const keyOf = (roomId: string, userId: string): string => `${PREFIX}${roomId} ${userId}`;

const isOwed = (value: unknown): value is Owed => {
  if (typeof value !== 'object' || value === null) return false;
  const { roomId, userId, since, last } = value as Record<string, unknown>;
  return (
    typeof roomId === 'string' &&
    typeof userId === 'string' &&
    typeof since === 'number' &&
    typeof last === 'number'
  );
};

const isGone = (room: Room, userId: string): boolean => {
  const membership = room.getMember(userId)?.membership;
  return membership === 'leave' || membership === 'ban';
};

/**
 * Remembers who could not read when something was written here, and gives them the keys when they can: once their
 * identity has signed a device, while they are in the conversation, and while its history is for who comes later.
 */
export class OwedHistory {
  readonly #parts: Parts;
  readonly #owed = new Map<string, Owed>();
  /** People who have devices: what is encrypted reaches them. */
  readonly #reached = new Set<string>();
  #work: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @param kept what the store had */
  load(kept: readonly (readonly [key: string, value: unknown])[]): void {
    for (const [key, value] of kept) {
      if (!key.startsWith(PREFIX)) continue;
      if (isOwed(value) && !this.#isOver(value)) this.#owed.set(key, value);
      else void this.#parts.store.remove('history', key).catch(() => undefined);
    }
  }

  /** What was given to people of a conversation in the last weeks. */
  given(roomId: string): Owed[] {
    return [...this.#owed.values()].filter((each) => each.roomId === roomId && each.given !== undefined);
  }

  /** The notice about what was given has been read. */
  async forget(roomId: string, userId: string): Promise<void> {
    const key = keyOf(roomId, userId);
    if (this.#owed.get(key)?.given === undefined) return;
    await this.#drop(key);
  }

  /** Colleagues of a conversation without any device that has keys. */
  async unreached(room: Room): Promise<string[]> {
    await room.loadMembersIfNeeded();
    const asked = peopleToLookAt(room)
      .map(({ userId }) => userId)
      .filter((userId) => !this.#reached.has(userId));
    const devices = await devicesOf(this.#parts.crypto, asked);
    for (const [userId, count] of devices) if (count > 0) this.#reached.add(userId);
    return asked.filter((userId) => devices.get(userId) === 0);
  }

  /** People's devices have changed: they may have none any more. */
  devicesChanged(userIds: readonly string[]): void {
    for (const userId of userIds) this.#reached.delete(userId);
  }

  /** Something is being sent there: whoever cannot read it now is remembered. */
  wrote(roomId: string): Promise<void> {
    return this.#inTurn(async () => {
      const { client, now } = this.#parts;
      const room = client.getRoom(roomId);
      if (!room?.hasEncryptionStateEvent() || !isHistoryShared(room)) return;
      for (const userId of await this.unreached(room)) {
        const before = this.#owed.get(keyOf(roomId, userId));
        const at = now();
        await this.#keep({
          roomId,
          userId,
          since: before && before.given === undefined ? before.since : at,
          last: at,
        });
      }
    });
  }

  /** Gives what is owed and can be given. @param userIds to whom something happened; absent: everybody */
  settle(userIds?: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const [key, owed] of [...this.#owed]) {
        if (userIds && !userIds.includes(owed.userId)) continue;
        if (this.#isOver(owed)) await this.#drop(key);
        else if (owed.given === undefined) await this.#settle(key, owed).catch(this.#parts.again);
      }
    });
  }

  async #settle(key: string, owed: Owed): Promise<void> {
    const { client, crypto, now } = this.#parts;
    const { roomId, userId } = owed;
    const room = client.getRoom(roomId);
    // Unknown as yet: the first sync is not read.
    if (!room) return;
    if (room.getMyMembership() !== 'join' || !isHistoryShared(room)) {
      await this.#drop(key);
      return;
    }
    if (isGone(room, userId)) {
      await this.#drop(key);
      return;
    }
    const signed = await signedDevicesOf(crypto, userId);
    if (signed === 0) return;
    await room.loadMembersIfNeeded();
    // Who has not come yet has not taken the invitation: nothing is handed out unasked.
    if (room.getMember(userId)?.membership !== 'join') return;
    if (await isIdentityInDoubt(crypto, userId)) return;
    if (!(await isOwnDeviceSigned(crypto, client.getSafeUserId(), client.getDeviceId() ?? ''))) return;
    await crypto.shareRoomHistoryWithUser(roomId, userId);
    await this.#keep({ ...owed, given: { at: now(), devices: signed } });
  }

  #isOver(owed: Owed): boolean {
    return this.#parts.now() - (owed.given?.at ?? owed.last) > REMEMBERED_MS;
  }

  async #keep(owed: Owed): Promise<void> {
    const key = keyOf(owed.roomId, owed.userId);
    this.#owed.set(key, owed);
    // Where the storage refuses it is remembered until the page is closed.
    await this.#parts.store.put('history', key, owed).catch(() => undefined);
    this.#parts.onChange(owed.roomId);
  }

  async #drop(key: string): Promise<void> {
    const owed = this.#owed.get(key);
    this.#owed.delete(key);
    await this.#parts.store.remove('history', key).catch(() => undefined);
    if (owed) this.#parts.onChange(owed.roomId);
  }

  /** One after the other: what was just written is owed before it is looked who can be given. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch(this.#parts.again);
    return this.#work;
  }
}
