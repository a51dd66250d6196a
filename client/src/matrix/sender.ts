import { ViewModel } from '@qiao/ui-kit';
import {
  ClientEvent,
  ConnectionError,
  EventStatus,
  HTTPError,
  MatrixError,
  RoomEvent,
  RoomStateEvent,
  SyncState,
  type MatrixClient,
  type MatrixEvent,
  type Room,
} from 'matrix-js-sdk';
import { decryptFile, encryptFile, parseEncryptedFile } from './media-crypto.ts';
import type { Media } from './media.ts';
import { Outbox, type ItemState, type Outcome, type OutboxItem, type OutboxUpload } from './outbox.ts';
import { SealedOutboxStore, type SealedStore } from './outbox-store.ts';
import { inThread, replyTo, withAddress, type Content } from './sender-content.ts';

/** How a message that is not at the homeserver yet stands. */
export interface SendState {
  readonly state: ItemState;
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

/** A file that is ready to be sent. */
export interface FileToSend {
  /** `m.image`, `m.file`, …; without addresses. */
  readonly content: Content;
  readonly name: string;
  readonly file: Blob;
  readonly thumbnail?: Blob | undefined;
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

const localAddress = (blob: string): string => `mxc://local.invalid/${blob}`;

/** What an attempt that threw came to. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof MatrixError || error instanceof HTTPError) {
    const status = error.httpStatus ?? 0;
    if (error instanceof MatrixError && error.errcode === 'M_UNKNOWN_TOKEN') return { kind: 'signed-out' };
    if (error.isRateLimitError()) {
      let afterMs: number | null = null;
      try {
        afterMs = error.getRetryAfterMs();
      } catch {
        // A header that cannot be read.
      }
      return { kind: 'later', offline: false, ...(afterMs === null ? {} : { afterMs }) };
    }
    if (status === 0 || status === 408 || status >= 500) return { kind: 'later', offline: status === 0 };
    return {
      kind: 'refused',
      reason: (error instanceof MatrixError ? error.errcode : undefined) ?? String(status),
    };
  }
  if (error instanceof ConnectionError || error instanceof TypeError || error instanceof DOMException)
    return { kind: 'later', offline: true };
  return { kind: 'later', offline: false };
}

/** Sends what a person writes, and keeps it until the homeserver has it. */
export class Sender extends ViewModel<SenderSnapshot> {
  readonly client: MatrixClient;
  readonly #media: Media;
  readonly #store: SealedStore;
  readonly #outbox: Outbox;
  readonly #echoes = new Map<string, MatrixEvent>();
  readonly #progress = new Map<string, number>();
  /** Bytes to upload, in memory too: the storage may refuse them. */
  readonly #bytes = new Map<string, ArrayBuffer>();
  readonly #oddFailures = new Map<string, number>();
  readonly #typing = new Map<string, number>();
  #lastAt = 0;

  constructor(client: MatrixClient, media: Media, store: SealedStore) {
    super({ items: new Map(), memoryOnly: false });
    this.client = client;
    this.#media = media;
    this.#store = store;
    this.#outbox = new Outbox({
      store: new SealedOutboxStore(store),
      transport: {
        deliver: (item, update, signal) => this.#deliver(item, update, signal),
        show: (item, state) => {
          this.#show(item, state);
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

  /** Sends a file: uploaded first, encrypted where the room is. Resolves like {@link Sender.send}. */
  async sendFile(roomId: string, given: FileToSend, to: SendTo = {}): Promise<string> {
    const encrypted = this.client.getRoom(roomId)?.hasEncryptionStateEvent() ?? true;
    const base = this.#item(roomId, 'm.room.message', given.content, to);
    let content: Content = base.content;
    const uploads: OutboxUpload[] = [];
    for (const part of ['thumbnail', 'file'] as const) {
      const blob = given[part];
      if (!blob) continue;
      const key = `${base.txnId}-${part}`;
      const plain = await blob.arrayBuffer();
      let bytes = plain;
      if (encrypted) {
        const sealed = await encryptFile(plain);
        bytes = sealed.data;
        content =
          part === 'file'
            ? { ...content, file: sealed.file }
            : { ...content, info: { ...(content['info'] as object), thumbnail_file: sealed.file } };
      }
      content = withAddress(content, part, localAddress(key));
      this.#media.keep(localAddress(key), blob);
      this.#bytes.set(key, bytes);
      uploads.push({
        blob: key,
        part,
        name: part === 'file' ? given.name : '',
        type: encrypted ? 'application/octet-stream' : blob.type || 'application/octet-stream',
        size: bytes.byteLength,
      });
      // Its item is in memory whether the storage takes the bytes or not.
      await this.#store.putBytes(key, bytes).catch(() => {
        this.#outbox.storageFailed();
      });
    }
    this.#progress.set(base.txnId, 0);
    return this.#outbox.add({ ...base, content, uploads });
  }

  /** Sends again what the homeserver refused. */
  retry(txnId: string): void {
    this.#oddFailures.delete(txnId);
    this.#outbox.retry(txnId);
  }

  /** Gives up a message that is not sent, and the upload of its files. */
  async remove(txnId: string): Promise<void> {
    const echo = this.#echoes.get(txnId);
    await this.#outbox.remove(txnId);
    const room = echo && this.client.getRoom(echo.getRoomId());
    if (!room || echo.status === null) return;
    if (echo.status === EventStatus.SENDING) room.updatePendingEvent(echo, EventStatus.NOT_SENT);
    this.client.cancelPendingEvent(echo);
  }

  /** Whether an event waits in the queue: then it is retried and given up here, and not by the SDK. */
  has(event: Pick<MatrixEvent, 'getTxnId'>): boolean {
    return this.stateOf(event) !== undefined;
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
    this.client.on(RoomStateEvent.Events, onState);
    this.client.on(RoomEvent.MyMembership, onRoom);
    this.client.on(ClientEvent.Room, onRoom);
    return () => {
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
    // Order and the clock: two within a millisecond, or a clock that was set back, keep their order.
    this.#lastAt = Math.max(Date.now(), this.#lastAt + 1);
    return {
      txnId: `q${crypto.randomUUID()}`,
      roomId,
      type,
      content,
      at: this.#lastAt,
      ...(to.threadId === undefined ? {} : { threadId: to.threadId }),
    };
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
      else for (const upload of item.uploads ?? []) await this.#keepLocal(item, upload);
    }
  }

  /** Shows a file again whose upload an earlier page began. */
  async #keepLocal(item: OutboxItem, upload: OutboxUpload): Promise<void> {
    const bytes = await this.#bytesOf(upload);
    if (!bytes) return;
    const info = item.content['info'] as Content | undefined;
    const key = upload.part === 'file' ? item.content['file'] : info?.['thumbnail_file'];
    const type = upload.part === 'file' ? info?.['mimetype'] : 'image/jpeg';
    const encrypted = parseEncryptedFile(key);
    const plain = encrypted ? await decryptFile(bytes, encrypted).catch(() => undefined) : bytes;
    if (plain)
      this.#media.keep(
        localAddress(upload.blob),
        new Blob([plain], { type: typeof type === 'string' ? type : '' }),
      );
  }

  async #bytesOf(upload: OutboxUpload): Promise<ArrayBuffer | undefined> {
    return this.#bytes.get(upload.blob) ?? (await this.#store.getBytes(upload.blob).catch(() => undefined));
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
        const bytes = await this.#bytesOf(upload);
        if (!bytes) return { kind: 'refused', reason: 'file-lost' };
        const mxc = await this.#upload(item, upload, bytes, signal);
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
      if (outcome.kind === 'later' && !outcome.offline && !(error instanceof HTTPError)) {
        const failures = (this.#oddFailures.get(item.txnId) ?? 0) + 1;
        this.#oddFailures.set(item.txnId, failures);
        if (failures > MAX_ODD_FAILURES) return { kind: 'refused', reason: 'unexpected' };
      }
      return outcome;
    }
  }

  async #upload(
    item: OutboxItem,
    upload: OutboxUpload,
    bytes: ArrayBuffer,
    signal: AbortSignal,
  ): Promise<string> {
    const total = (item.uploads ?? []).reduce((sum, each) => sum + each.size, 0);
    const before = (item.uploads ?? []).reduce(
      (sum, each) => sum + (each.mxc === undefined ? 0 : each.size),
      0,
    );
    // The name of an encrypted file is in its event alone.
    const named = item.content['file'] === undefined && upload.name !== '';
    const mxc = await this.#media.upload(new Blob([bytes]), {
      type: upload.type,
      ...(named ? { name: upload.name } : {}),
      signal,
      onProgress: (done) => {
        this.#progress.set(item.txnId, total === 0 ? 1 : Math.min(1, (before + done) / total));
        this.#changed();
      },
    });
    // Shown from here, not fetched again.
    const local = await this.#media
      .load({ mxc: localAddress(upload.blob), size: Number.POSITIVE_INFINITY })
      .catch(() => undefined);
    if (local) {
      this.#media.keep(mxc, local.blob);
      local.release();
    }
    return mxc;
  }

  #post(room: Room, item: OutboxItem): Promise<{ event_id: string }> {
    const echo = this.#echo(room, item);
    // Once encrypted it stays what it is: the same transaction id has to carry the same words.
    if (!echo.isEncrypted()) echo.event.content = item.content;
    if (echo.status === EventStatus.SENDING) room.updatePendingEvent(echo, EventStatus.QUEUED);
    return this.client.resendEvent(echo, room);
  }

  /** The event in the timeline that stands for an item until the homeserver has it. */
  #echo(room: Room, item: OutboxItem): MatrixEvent {
    const known = this.#echoes.get(item.txnId);
    if (known) return known;
    const me = this.client.getSafeUserId();
    const echo = this.client.getEventMapper({ decrypt: false })({
      event_id: `~${item.roomId}:${item.txnId}`,
      sender: me,
      room_id: item.roomId,
      origin_server_ts: item.at,
      type: item.type,
      content: item.content,
    });
    const thread = item.threadId === undefined ? null : room.getThread(item.threadId);
    if (thread) echo.setThread(thread);
    echo.setTxnId(item.txnId);
    echo.setStatus(EventStatus.SENDING);
    this.#echoes.set(item.txnId, echo);
    room.addPendingEvent(echo, item.txnId);
    return echo;
  }

  #show(item: OutboxItem, state: ItemState): void {
    const room = this.client.getRoom(item.roomId);
    if (!room) return;
    const echo = this.#echo(room, item);
    const wanted = state === 'failed' ? EventStatus.NOT_SENT : EventStatus.QUEUED;
    const { status } = echo;
    if (status === wanted || status === null || status === EventStatus.SENT) return;
    // While it is sent the SDK sets the state.
    if (state === 'sending' && status !== EventStatus.NOT_SENT) return;
    room.updatePendingEvent(echo, wanted);
  }

  #changed(): void {
    const items = new Map<string, SendState>();
    for (const item of this.#outbox.items) {
      const progress = this.#progress.get(item.txnId);
      items.set(item.txnId, {
        state: this.#outbox.stateOf(item.txnId) ?? 'waiting',
        ...(item.uploads === undefined ? {} : { progress: progress ?? 0 }),
        ...(item.failed === undefined ? {} : { reason: item.failed }),
      });
    }
    for (const txnId of this.#echoes.keys()) {
      if (items.has(txnId)) continue;
      this.#echoes.delete(txnId);
      this.#progress.delete(txnId);
      this.#oddFailures.delete(txnId);
      for (const part of ['file', 'thumbnail']) this.#bytes.delete(`${txnId}-${part}`);
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
