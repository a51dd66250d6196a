import {
  ClientEvent,
  RoomMemberEvent,
  RoomStateEvent,
  type MatrixClient,
  type MatrixEvent,
  type Room,
  type RoomMember,
} from 'matrix-js-sdk';
import { CryptoEvent } from 'matrix-js-sdk/lib/crypto-api';
import { LateBundles, type Taking } from './history-bundles.ts';
import { OwedHistory, type Giving } from './history-owed.ts';
import type { HistoryStore, Named, Outlook, RoomReaders } from './history-types.ts';
import { isOwnDeviceSigned } from './key-readiness.ts';
import { isHistoryShared } from './room-people.ts';
import { cleanName } from './safe-text.ts';

/** Changes within this time are looked at together, in milliseconds. */
const GATHER_MS = 200;
/** Pause before what failed is tried again, in milliseconds. */
const AGAIN_MS = 60_000;

const isMessage = (event: MatrixEvent): boolean => event.isEncrypted();

interface Parts {
  readonly client: MatrixClient;
  readonly crypto: Giving & Taking;
  readonly store: HistoryStore;
  readonly now: () => number;
  /** What is known of the readers of a watched conversation. */
  readonly onReaders: (roomId: string, readers: RoomReaders) => void;
}

/** Gives and takes history, and knows who of a conversation cannot read yet. Loaded after the first sync. */
export class HistoryKeeper {
  readonly bundles: LateBundles;
  readonly owed: OwedHistory;
  readonly #parts: Parts;
  readonly #watched = new Set<string>();
  readonly #changed = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  private constructor(parts: Parts) {
    this.#parts = parts;
    const { client, crypto, store, now } = parts;
    const again = (): void => {
      if (this.#stopped) return;
      this.#again ??= setTimeout(() => {
        this.#again = undefined;
        void this.settle();
      }, AGAIN_MS);
    };
    this.bundles = new LateBundles({ client, crypto, store, now, again });
    this.owed = new OwedHistory({ client, crypto, store, now, again, onChange: this.#look });
  }

  /** Reads what is kept, gives and takes what can be, and listens from then on. */
  static async start(parts: Parts): Promise<HistoryKeeper> {
    const keeper = new HistoryKeeper(parts);
    const kept = await parts.store.all('history').catch(() => []);
    keeper.bundles.load(kept);
    keeper.owed.load(kept);
    const { client } = parts;
    client.on(CryptoEvent.DevicesUpdated, keeper.#onDevices);
    client.on(CryptoEvent.UserTrustStatusChanged, keeper.#onTrust);
    client.on(RoomMemberEvent.Membership, keeper.#onMember);
    client.on(RoomStateEvent.Update, keeper.#onState);
    client.on(ClientEvent.Room, keeper.#onRoom);
    void keeper.settle();
    return keeper;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#again);
    const { client } = this.#parts;
    client.off(CryptoEvent.DevicesUpdated, this.#onDevices);
    client.off(CryptoEvent.UserTrustStatusChanged, this.#onTrust);
    client.off(RoomMemberEvent.Membership, this.#onMember);
    client.off(RoomStateEvent.Update, this.#onState);
    client.off(ClientEvent.Room, this.#onRoom);
  }

  /** Gives and takes what can be. */
  async settle(): Promise<void> {
    await Promise.all([this.owed.settle(), this.bundles.consider()]);
  }

  /** Tells who of a conversation cannot read yet, now and when that changes. @returns ends that */
  watch(roomId: string): () => void {
    this.#watched.add(roomId);
    this.#look(roomId);
    return () => {
      this.#watched.delete(roomId);
    };
  }

  readonly #onDevices = (userIds: readonly string[]): void => {
    this.owed.devicesChanged(userIds);
    const own = userIds.includes(this.#parts.client.getSafeUserId());
    void this.owed.settle(own ? undefined : userIds);
    for (const roomId of this.#watched) this.#look(roomId);
  };

  readonly #onTrust = (userId: string): void => {
    void this.owed.settle(userId === this.#parts.client.getUserId() ? undefined : [userId]);
    for (const roomId of this.#watched) this.#look(roomId);
  };

  readonly #onMember = (event: MatrixEvent, { roomId, userId, membership }: RoomMember): void => {
    const { client } = this.#parts;
    const me = client.getUserId();
    if (userId === me) void this.bundles.consider(roomId);
    else if (membership !== 'invite') void this.owed.settle([userId]);
    // Whom one adds is owed what is there, as the SDK gives it to those who have a device.
    else if (
      event.getSender() === me &&
      client.getRoom(roomId)?.getLiveTimeline().getEvents().some(isMessage)
    )
      void this.owed.wrote(roomId);
  };

  readonly #onRoom = (room: Room): void => {
    void this.bundles.consider(room.roomId);
  };

  readonly #onState = ({ roomId }: { roomId: string }): void => {
    this.#look(roomId);
  };

  readonly #look = (roomId: string): void => {
    if (!this.#watched.has(roomId) || this.#stopped) return;
    this.#changed.add(roomId);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const rooms = [...this.#changed];
      this.#changed.clear();
      // What could not be found out is looked at again with the next change.
      for (const each of rooms) void this.#tell(each).catch(() => undefined);
    }, GATHER_MS);
  };

  async #tell(roomId: string): Promise<void> {
    const { client, onReaders } = this.#parts;
    const room = client.getRoom(roomId);
    if (room?.getMyMembership() !== 'join') return;
    const waiting = await this.owed.unreached(room);
    const name = (userId: string): Named => ({
      userId,
      name: cleanName(room.getMember(userId)?.rawDisplayName, userId),
    });
    const given = this.owed
      .given(roomId)
      .flatMap(({ userId, since, given: done }) => (done ? [{ ...name(userId), since, ...done }] : []))
      .sort((one, other) => other.at - one.at);
    const outlook = await this.#outlook(room);
    if (!this.#stopped) onReaders(roomId, { waiting: waiting.map(name), outlook, given });
  }

  async #outlook(room: Room): Promise<Outlook> {
    const { client, crypto } = this.#parts;
    if (!room.hasEncryptionStateEvent()) return 'open';
    if (!isHistoryShared(room)) return 'closed';
    const signed = await isOwnDeviceSigned(crypto, client.getSafeUserId(), client.getDeviceId() ?? '');
    return signed ? 'later' : 'own_keys';
  }
}
