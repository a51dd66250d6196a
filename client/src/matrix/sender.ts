import { ViewModel } from '@qiao/ui-kit';
import {
  ClientEvent,
  EventStatus,
  HTTPError,
  RoomEvent,
  RoomStateEvent,
  SyncState,
  type MatrixClient,
  type MatrixEvent,
  type Room,
} from 'matrix-js-sdk';
import type { Media } from './media.ts';
import { Outbox } from './outbox.ts';
import type { ItemState, Outcome, OutboxItem, WaitsFor } from './outbox-types.ts';
import { SealedOutboxStore, type SealedStore } from './outbox-store.ts';
import { EVENT } from './names.ts';
import { SenderEchoes } from './sender-echoes.ts';
import { inThread, replyTo, withAddress, type Content } from './sender-content.ts';
import { SenderFiles, type FileToSend } from './sender-files.ts';
import { isStorageTrouble, outcomeOf } from './sender-outcome.ts';

/** How a message that is not at the homeserver yet stands. */
export interface SendState {
  readonly state: ItemState;
  /** What it waits for, while it does. */
  readonly waitsFor?: WaitsFor;
  /** Share of its files that is uploaded, 0 to 1; absent where there are none. */
  readonly progress?: number;
  /** Code of the homeserver's refusal. */
  readonly reason?: string;
}

export interface SenderSnapshot {
  /** By transaction id (`event.getTxnId()`). */
  readonly items: ReadonlyMap<string, SendState>;
  /** The browser's storage refused: what is not sent is lost when the page is closed. */
  readonly memoryOnly: boolean;
}

/** Something without a line of its own that the homeserver refused. */
export interface Refusal {
  readonly roomId: string;
  /** It was to delete an event. */
  readonly deletion: boolean;
  /** Code of the homeserver, or one of ours. */
  readonly reason: string;
}

/** Where a message goes. */
export interface SendTo {
  readonly threadId?: string | undefined;
  readonly reply?: { readonly eventId: string; readonly sender: string } | undefined;
}

/** Failures that are none of the network or the homeserver (encryption) until an item counts as refused. */
const MAX_ODD_FAILURES = 4;
/** How long the homeserver shows that somebody types, and how often it is told again, in milliseconds. */
const TYPING_MS = 20_000;
const TYPING_AGAIN_MS = 8_000;

/** Sends what a person writes, and keeps it until the homeserver has it. */
export class Sender extends ViewModel<SenderSnapshot> {
  readonly client: MatrixClient;
  readonly #files: SenderFiles;
  readonly #outbox: Outbox;
  readonly #echoes: SenderEchoes;
  readonly #oddFailures = new Map<string, number>();
  readonly #typing = new Map<string, number>();
  /** Quiet items whose sender waits for the answer and tells a refusal by itself. */
  readonly #attended = new Set<string>();
  /** Settled when the bytes of every file so far are in the queue. */
  #attached: Promise<unknown> = Promise.resolve();
  #onRefused: ((refusal: Refusal) => void) | undefined;
  /** Those that came before anybody watched. */
  readonly #refusals: Refusal[] = [];
  readonly #now: () => number;
  #lastAt = 0;

  /** @param now the time by the homeserver's clock as far as it is known: the device's own may be wrong */
  constructor(client: MatrixClient, media: Media, store: SealedStore, now: () => number = Date.now) {
    super({ items: new Map(), memoryOnly: false });
    this.#now = now;
    this.client = client;
    this.#echoes = new SenderEchoes(client);
    this.#files = new SenderFiles(media, store, {
      onStorageFailed: () => {
        this.#outbox.storageFailed();
      },
      onProgress: () => {
        this.#changed();
      },
    });
    this.#outbox = new Outbox({
      store: new SealedOutboxStore(store),
      transport: {
        deliver: (item, update, signal) => this.#deliver(item, update, signal),
        show: (item, state) => {
          this.#echoes.show(item, state);
        },
        refused: (item, reason) => {
          const attended = this.#attended.delete(item.txnId);
          this.#echoes.cancelling(item.txnId)();
          if (attended) return;
          const refusal: Refusal = { roomId: item.roomId, deletion: item.redacts !== undefined, reason };
          if (this.#onRefused) this.#onRefused(refusal);
          else this.#refusals.push(refusal);
        },
      },
      after: (ms, work) => {
        const timer = setTimeout(work, ms);
        return () => {
          clearTimeout(timer);
        };
      },
      onChange: () => {
        this.#changed();
      },
    });
    store.onEmptied(() => void this.#outbox.keepAll());
  }

  /** Takes up what an earlier page left unsent, and sends when the homeserver answers. Called once. */
  start(): void {
    // The SDK's own list of unsent events would be a second queue, in clear text.
    const { store } = this.client;
    store.getPendingEvents = () => Promise.resolve([]);
    store.setPendingEvents = () => Promise.resolve();
    let restored = false;
    this.client.on(ClientEvent.Sync, (state, previous, data) => {
      if (!restored && (state === SyncState.Prepared || state === SyncState.Syncing)) {
        restored = true;
        void this.#restore();
      }
      const live = state === SyncState.Syncing || (state === SyncState.Prepared && data?.fromCache !== true);
      // An item of an earlier page may have arrived: the first answer of the homeserver shows it.
      if (live && previous !== SyncState.Syncing) this.#outbox.open();
    });
    this.client.on(RoomEvent.LocalEchoUpdated, (event) => {
      const txnId = event.getTxnId();
      const id = event.getId();
      if (txnId !== undefined && event.status === EventStatus.CANCELLED) void this.#outbox.remove(txnId);
      if (
        txnId !== undefined &&
        id !== undefined &&
        (event.status === null || event.status === EventStatus.SENT)
      )
        void this.#outbox.confirm(txnId, id);
    });
    globalThis.addEventListener('online', this.#online);
    globalThis.addEventListener('beforeunload', this.#leaving);
  }

  /** Ends the work of this page. */
  stop(): void {
    this.#outbox.close();
    globalThis.removeEventListener('online', this.#online);
    globalThis.removeEventListener('beforeunload', this.#leaving);
  }

  /** Tells why something without a line in the timeline (a reaction, a deletion) was refused; answers what ends it. */
  watchRefusals(work: (refusal: Refusal) => void): () => void {
    this.#onRefused = work;
    for (const refusal of this.#refusals.splice(0)) work(refusal);
    return () => {
      if (this.#onRefused === work) this.#onRefused = undefined;
    };
  }

  /** Everything that is not at the homeserver. */
  get unsent(): readonly OutboxItem[] {
    return this.#outbox.items;
  }

  /** How an event stands that is not at the homeserver yet; undefined: it is there, or of somebody else. */
  stateOf(event: Pick<MatrixEvent, 'getTxnId'>): SendState | undefined {
    const txnId = event.getTxnId();
    return txnId === undefined ? undefined : this.snapshot.items.get(txnId);
  }

  /**
   * Sends an event, encrypted where the room is; its echo is in the timeline at once.
   * @returns its id when the homeserver has it, which may be after a reload; rejects when it is deleted before
   */
  send(roomId: string, type: string, content: Content, to: SendTo = {}): Promise<string> {
    return this.#outbox.add(this.#item(roomId, type, content, to));
  }

  /**
   * Sends something that has no line of its own (a reaction, a vote), or a domain's event.
   * @param attended whoever sends it waits and tells a refusal; else {@link Sender.watchRefusals} tells it
   * @throws RefusedError
   */
  sendQuietly(roomId: string, type: string, content: Content, attended = false): Promise<string> {
    const item: OutboxItem = { ...this.#item(roomId, type, content, {}), quiet: true };
    if (attended) this.#attended.add(item.txnId);
    return this.#outbox.add(item);
  }

  /**
   * Deletes an event; in the timeline it is gone at once.
   * @throws RefusedError
   */
  redact(roomId: string, eventId: string): Promise<string> {
    const item = this.#item(roomId, EVENT.redaction, {}, {});
    return this.#outbox.add({ ...item, redacts: eventId, quiet: true });
  }

  /** Takes back what has no line of its own (a reaction): forgotten where nobody has it, else deleted there. */
  async withdraw(roomId: string, txnId: string): Promise<void> {
    const cancel = this.#echoes.cancelling(txnId);
    const eventId = await this.#outbox.withdraw(txnId);
    if (eventId !== undefined) await this.redact(roomId, eventId);
    else cancel();
  }

  /** Sends a file: uploaded first, encrypted where the room is. Resolves like {@link Sender.send}. */
  async sendFile(roomId: string, given: FileToSend, to: SendTo = {}): Promise<string> {
    const encrypted = this.client.getRoom(roomId)?.hasEncryptionStateEvent() ?? true;
    const item = this.#item(roomId, EVENT.message, given.content, to);
    // One after the other: a large file takes longer to encrypt than the small one that was chosen after it.
    const attached = this.#attached.then(() => this.#files.attach(item, given, encrypted));
    this.#attached = attached.catch(() => undefined);
    return this.#outbox.add(await attached);
  }

  /** Sends again what the homeserver refused. */
  retry(txnId: string): void {
    this.#oddFailures.delete(txnId);
    this.#outbox.retry(txnId);
  }

  /** Gives up a message that is not sent, and the upload of its files; answers what it was. */
  async remove(txnId: string): Promise<OutboxItem | undefined> {
    const cancel = this.#echoes.cancelling(txnId);
    const removed = await this.#outbox.remove(txnId);
    cancel();
    return removed;
  }

  /** Sends what was given up after all; its files are gone, so only what had none. */
  sendAfterAll(removed: OutboxItem): Promise<string> {
    const { attempted: _attempted, failed: _failed, ...item } = removed;
    return this.#outbox.add({ ...item, ...this.#stamp() });
  }

  /** Tells the others that the person types; often called, seldom told. */
  typing(roomId: string, is: boolean): void {
    const last = this.#typing.get(roomId) ?? 0;
    if (is ? Date.now() - last < TYPING_AGAIN_MS : last === 0) return;
    this.#typing.set(roomId, is ? Date.now() : 0);
    this.client.sendTyping(roomId, is, is ? TYPING_MS : 0).catch(() => undefined);
  }

  /** Calls `onChange` when what one may write in a conversation may have changed; answers what ends it. */
  watchAccess(roomId: string, onChange: () => void): () => void {
    const onState = (event: MatrixEvent): void => {
      if (event.getRoomId() === roomId) onChange();
    };
    const onRoom = (room: Room): void => {
      if (room.roomId === roomId) onChange();
    };
    const onSync = (): void => {
      if (!this.client.getRoom(roomId)) onChange();
    };
    this.client.on(RoomStateEvent.Events, onState);
    this.client.on(RoomEvent.MyMembership, onRoom);
    this.client.on(ClientEvent.Room, onRoom);
    this.client.on(ClientEvent.Sync, onSync);
    return () => {
      this.client.off(ClientEvent.Sync, onSync);
      this.client.off(RoomStateEvent.Events, onState);
      this.client.off(RoomEvent.MyMembership, onRoom);
      this.client.off(ClientEvent.Room, onRoom);
    };
  }

  #item(roomId: string, type: string, given: Content, to: SendTo): OutboxItem {
    let content = given;
    if (to.reply) content = replyTo(content, to.reply, this.client.getSafeUserId());
    if (to.threadId !== undefined) {
      const thread = this.client.getRoom(roomId)?.getThread(to.threadId);
      const last = thread?.lastReply((event) => event.isRelation('m.thread') && event.status === null);
      content = inThread(content, to.threadId, last?.getId() ?? to.threadId);
    }
    return {
      ...this.#stamp(),
      roomId,
      type,
      content,
      ...(to.threadId === undefined ? {} : { threadId: to.threadId }),
    };
  }

  #stamp(): Pick<OutboxItem, 'txnId' | 'at'> {
    // Order and the clock: two within a millisecond, or a clock that was set back, keep their order.
    this.#lastAt = Math.max(this.#now(), this.#lastAt + 1);
    return { txnId: `q${crypto.randomUUID()}`, at: this.#lastAt };
  }

  async #restore(): Promise<void> {
    const items = await this.#outbox.restore();
    for (const item of items) {
      this.#lastAt = Math.max(this.#lastAt, item.at);
      const arrived = this.client
        .getRoom(item.roomId)
        ?.getLiveTimeline()
        .getEvents()
        .find((event) => event.getUnsigned().transaction_id === item.txnId);
      if (arrived) await this.#outbox.confirm(item.txnId, arrived.getId() ?? '');
      else for (const upload of item.uploads ?? []) await this.#files.showAgain(item, upload);
    }
  }

  async #deliver(
    given: OutboxItem,
    update: (item: OutboxItem) => void,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const room = this.client.getRoom(given.roomId);
    if (!room) return { kind: 'refused', reason: 'M_NOT_FOUND' };
    let item = given;
    if (item.uploads && room.hasEncryptionStateEvent() && item.content['file'] === undefined)
      return { kind: 'refused', reason: 'encrypted-meanwhile' };
    try {
      for (const upload of item.uploads ?? []) {
        if (upload.mxc !== undefined) continue;
        const mxc = await this.#files.upload(item, upload, signal);
        if (mxc === undefined) return { kind: 'refused', reason: 'file-lost' };
        item = {
          ...item,
          content: withAddress(item.content, upload.part, mxc),
          uploads: (item.uploads ?? []).map((each) => (each.blob === upload.blob ? { ...each, mxc } : each)),
        };
        update(item);
      }
      signal.throwIfAborted();
      const { event_id: eventId } = await this.#post(room, item);
      return { kind: 'sent', eventId };
    } catch (error) {
      const outcome = outcomeOf(error);
      // A full disk is told by the composer; it is tried again for as long as the page is open.
      if (isStorageTrouble(error)) this.#outbox.storageFailed();
      else if (outcome.kind === 'later' && !outcome.offline && !(error instanceof HTTPError)) {
        const failures = (this.#oddFailures.get(item.txnId) ?? 0) + 1;
        this.#oddFailures.set(item.txnId, failures);
        if (failures > MAX_ODD_FAILURES) return { kind: 'refused', reason: 'unexpected' };
      }
      return outcome;
    }
  }

  #post(room: Room, item: OutboxItem): Promise<{ event_id: string }> {
    const echo = this.#echoes.of(room, item);
    // Once encrypted it stays what it is: the same transaction id has to carry the same words.
    if (!echo.isEncrypted()) echo.event.content = item.content;
    if (echo.status === EventStatus.SENDING) room.updatePendingEvent(echo, EventStatus.QUEUED);
    return this.client.resendEvent(echo, room);
  }

  #changed(): void {
    const items = new Map<string, SendState>();
    for (const item of this.#outbox.items) {
      const state = this.#outbox.stateOf(item.txnId) ?? 'waiting';
      items.set(item.txnId, {
        state,
        ...(state === 'waiting' ? { waitsFor: this.#outbox.waitsFor(item) } : {}),
        ...(item.uploads === undefined ? {} : { progress: this.#files.progressOf(item) }),
        ...(item.failed === undefined ? {} : { reason: item.failed }),
      });
    }
    for (const txnId of this.#echoes.prune((each) => items.has(each))) {
      this.#files.forget(txnId);
      this.#oddFailures.delete(txnId);
      this.#attended.delete(txnId);
    }
    this.set({ items, memoryOnly: this.#outbox.memoryOnly });
  }

  readonly #online = (): void => {
    this.#outbox.kick();
  };

  readonly #leaving = (event: BeforeUnloadEvent): void => {
    if (this.#outbox.memoryOnly && this.#outbox.items.length > 0) event.preventDefault();
  };
}
