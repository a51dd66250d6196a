import type { MatrixClient, MatrixEvent, Room } from 'matrix-js-sdk';
import type { CryptoApi } from 'matrix-js-sdk/lib/crypto-api';
import type { CryptoBackend } from 'matrix-js-sdk/lib/common-crypto/CryptoBackend';
import { REMEMBERED_MS, type HistoryStore } from './history-types.ts';
import { isIdentityInDoubt } from './key-readiness.ts';
import { stateOf } from './room-state.ts';
import { EVENT } from './names.ts';
import { serverOf } from './safe-text.ts';

/** What of the encryption takes history; of the SDK's inner interface (ADR 102). */
export type Taking = CryptoApi & Pick<CryptoBackend, 'maybeAcceptKeyBundle'>;

interface Parts {
  readonly client: MatrixClient;
  readonly crypto: Taking;
  readonly store: HistoryStore;
  readonly now: () => number;
  /** Tries again after a failure. */
  readonly again: () => void;
}

interface Came {
  readonly roomId: string;
  readonly sender: string;
  readonly at: number;
}

const PREFIX = 'came ';
/** Bundles taken of one person in one conversation while the page is open: nobody keeps this device busy. */
const MOST_TAKEN = 10;
/** Conversations for which bundles of one person are remembered: nobody fills this device with rooms that are none. */
const MOST_CAME = 500;
/** Messages that cannot be read, remembered by conversation and sender. */
const MOST_CLOSED = 2_000;
const keyOf = (roomId: string, sender: string): string => `${PREFIX}${roomId} ${sender}`;

const isCame = (value: unknown): value is Came => {
  if (typeof value !== 'object' || value === null) return false;
  const { roomId, sender, at } = value as Record<string, unknown>;
  return typeof roomId === 'string' && typeof sender === 'string' && typeof at === 'number';
};

/** Who invited this person to a room that was then joined; undefined: nobody, as far as the room says. */
export function inviterOf(room: Room): string | undefined {
  const event = stateOf(room).getStateEvents(EVENT.member, room.myUserId);
  if (event?.getContent()['membership'] !== 'join') return undefined;
  const before = event.getPrevContent()['membership'];
  const { prev_sender: sender } = event.getUnsigned() as { prev_sender?: unknown };
  return before === 'invite' && typeof sender === 'string' ? sender : undefined;
}

/**
 * Takes bundles of keys (MSC4268) that the SDK leaves alone: those that come after the person joined, or joined by
 * the server's doing. Taken is what a colleague in the conversation gives whose identity is the one known, as long
 * as this person is new there or cannot read something of theirs (ADR 103).
 */
export class LateBundles {
  readonly #parts: Parts;
  readonly #came = new Map<string, Came>();
  readonly #closed = new Map<string, MatrixEvent>();
  readonly #taken = new Map<string, number>();
  #work: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @param kept what the store had */
  load(kept: readonly (readonly [key: string, value: unknown])[]): void {
    for (const [key, value] of kept) {
      if (!key.startsWith(PREFIX)) continue;
      if (isCame(value) && this.#parts.now() - value.at <= REMEMBERED_MS) this.#came.set(key, value);
      else void this.#parts.store.remove('history', key).catch(() => undefined);
    }
  }

  /** The device was told of a bundle. */
  async came(roomId: string, sender: string): Promise<void> {
    const me = this.#parts.client.getSafeUserId();
    // Of people of other servers nothing is taken.
    if (sender === me || serverOf(sender) !== serverOf(me)) return;
    const key = keyOf(roomId, sender);
    const others = [...this.#came].filter(([other, came]) => other !== key && came.sender === sender);
    if (others.length >= MOST_CAME) return;
    const came: Came = { roomId, sender, at: this.#parts.now() };
    this.#came.set(key, came);
    await this.#parts.store.put('history', key, came).catch(() => undefined);
    await this.consider(roomId);
  }

  /** A message could not be read. */
  closed(event: MatrixEvent): void {
    const roomId = event.getRoomId();
    const sender = event.getSender();
    if (roomId === undefined || sender === undefined) return;
    const key = keyOf(roomId, sender);
    const known = this.#closed.get(key);
    if (known?.isDecryptionFailure() !== true && this.#closed.size < MOST_CLOSED)
      this.#closed.set(key, event);
    if (this.#came.has(key)) void this.consider(roomId);
  }

  /** Takes what has come and may be taken. @param roomId of this conversation; absent: of all */
  consider(roomId?: string): Promise<void> {
    this.#work = this.#work.then(async () => {
      for (const [key, came] of [...this.#came]) {
        if (roomId !== undefined && came.roomId !== roomId) continue;
        await this.#take(key, came).catch(this.#parts.again);
      }
    });
    return this.#work;
  }

  async #take(key: string, { roomId, sender, at }: Came): Promise<void> {
    const { client, crypto } = this.#parts;
    const room = client.getRoom(roomId);
    if (room?.getMyMembership() !== 'join') return;
    await room.loadMembersIfNeeded();
    const taken = this.#taken.get(key) ?? 0;
    if (
      room.getMember(sender)?.membership !== 'join' ||
      serverOf(sender) !== serverOf(room.myUserId) ||
      taken >= MOST_TAKEN ||
      (await isIdentityInDoubt(crypto, sender))
    )
      return;
    if (!this.#isWanted(key, room, sender)) return;
    this.#taken.set(key, taken + 1);
    // False: of a device that its person has not signed. It stays closed.
    await crypto.maybeAcceptKeyBundle(roomId, sender);
    if (this.#came.get(key)?.at !== at) return;
    this.#came.delete(key);
    await this.#parts.store.remove('history', key).catch(() => undefined);
  }

  #isWanted(key: string, room: Room, sender: string): boolean {
    if (sender === inviterOf(room) || this.#closed.get(key)?.isDecryptionFailure() === true) return true;
    const joined = stateOf(room).getStateEvents(EVENT.member, room.myUserId)?.getTs() ?? 0;
    return this.#parts.now() - joined <= REMEMBERED_MS;
  }
}
