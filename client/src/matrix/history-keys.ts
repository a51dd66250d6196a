import { ViewModel } from '@qiao/ui-kit';
import {
  ClientEvent,
  EventStatus,
  MatrixEventEvent,
  RoomEvent,
  SyncState,
  type MatrixClient,
  type MatrixEvent,
  type ReceivedToDeviceMessage,
  type Room,
} from 'matrix-js-sdk';
import type { HistoryKeeper } from './history-keeper.ts';
import { mayKeyCome, whyUnreadable } from './message-words.ts';
import type { HistorySnapshot, HistoryStore } from './history-types.ts';

/** What tells a device of a bundle of keys (MSC4268). */
const BUNDLE = new Set(['m.room_key_bundle', 'io.element.msc4268.room_key_bundle']);
/** Messages that cannot be read, remembered until the keeper is there. */
const MOST_EARLY = 1_000;

interface Parts {
  readonly client: MatrixClient;
  readonly store: HistoryStore;
  readonly now: () => number;
  /** A message could not be read whose key may still come. */
  readonly onClosed: () => void;
}

/**
 * What a device does so that people read what was written before they could: {@link HistoryKeeper} does it, and is
 * loaded when the first sync is read; this is what listens from the start.
 */
export class HistoryKeys extends ViewModel<HistorySnapshot> {
  readonly #parts: Parts;
  #keeper: Promise<HistoryKeeper | undefined> | undefined;
  #loaded: HistoryKeeper | undefined;
  #early: MatrixEvent[] = [];
  #stopped = false;

  /** @param parts its client has not been started yet */
  constructor(parts: Parts) {
    super({ rooms: new Map() });
    this.#parts = parts;
    const { client } = parts;
    client.on(ClientEvent.Sync, this.#onSync);
    client.on(RoomEvent.LocalEchoUpdated, this.#onEcho);
    client.on(MatrixEventEvent.Decrypted, this.#onDecrypted);
    client.on(ClientEvent.ReceivedToDeviceMessage, this.#onToDevice);
  }

  stop(): void {
    this.#stopped = true;
    const { client } = this.#parts;
    client.off(ClientEvent.Sync, this.#onSync);
    client.off(RoomEvent.LocalEchoUpdated, this.#onEcho);
    client.off(MatrixEventEvent.Decrypted, this.#onDecrypted);
    client.off(ClientEvent.ReceivedToDeviceMessage, this.#onToDevice);
    this.#loaded?.stop();
  }

  /** Tells who of a conversation cannot read yet, in the snapshot, until the returned function is called. */
  watch(roomId: string): () => void {
    let end: (() => void) | undefined;
    let ended = false;
    void this.#with((keeper) => {
      if (!ended) end = keeper.watch(roomId);
    });
    return () => {
      ended = true;
      end?.();
    };
  }

  /** The notice that somebody was given keys has been read. */
  readonly seen = (roomId: string, userId: string): void => {
    void this.#with((keeper) => keeper.owed.forget(roomId, userId));
  };

  readonly #onSync = (state: SyncState): void => {
    if (state !== SyncState.Syncing) return;
    this.#parts.client.off(ClientEvent.Sync, this.#onSync);
    // The list is drawn first.
    setTimeout(() => void this.#with(() => undefined), 0);
  };

  readonly #onEcho = (event: MatrixEvent, room: Room): void => {
    // When it begins, so that it is noted whatever happens to the page; and when it is there, for who came meanwhile.
    if ((event.status !== EventStatus.SENDING && event.status !== null) || event.isState()) return;
    void this.#with((keeper) => keeper.owed.wrote(room.roomId));
  };

  readonly #onDecrypted = (event: MatrixEvent): void => {
    const { client, onClosed } = this.#parts;
    if (!event.isDecryptionFailure() || event.getSender() === client.getUserId()) return;
    if (this.#loaded) this.#loaded.bundles.closed(event);
    else if (this.#early.length < MOST_EARLY) this.#early.push(event);
    const room = client.getRoom(event.getRoomId());
    if (room && mayKeyCome(event, room, whyUnreadable(event))) onClosed();
  };

  readonly #onToDevice = ({ message, encryptionInfo }: ReceivedToDeviceMessage): void => {
    const roomId: unknown = message.content['room_id'];
    if (!BUNDLE.has(message.type) || !encryptionInfo || typeof roomId !== 'string') return;
    void this.#with((keeper) => keeper.bundles.came(roomId, encryptionInfo.sender));
  };

  async #with(work: (keeper: HistoryKeeper) => unknown): Promise<void> {
    const keeper = await (this.#keeper ??= this.#load());
    if (keeper && !this.#stopped) await work(keeper);
  }

  async #load(): Promise<HistoryKeeper | undefined> {
    const { client, store, now } = this.#parts;
    try {
      const { HistoryKeeper: Keeper } = await import('./history-keeper.ts');
      const crypto = client.getCrypto();
      if (!crypto || !('shareRoomHistoryWithUser' in crypto) || !('maybeAcceptKeyBundle' in crypto))
        return undefined;
      const keeper = await Keeper.start({
        client,
        crypto: crypto as Parameters<typeof Keeper.start>[0]['crypto'],
        store,
        now,
        onReaders: (roomId, readers) => {
          this.set({ rooms: new Map(this.snapshot.rooms).set(roomId, readers) });
        },
      });
      this.#loaded = keeper;
      for (const event of this.#early) keeper.bundles.closed(event);
      this.#early = [];
      if (this.#stopped) keeper.stop();
      return keeper;
    } catch {
      // The code could not be had: asked for again with the next that needs it.
      this.#keeper = undefined;
      return undefined;
    }
  }
}
