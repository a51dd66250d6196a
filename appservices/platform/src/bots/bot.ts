import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import {
  EXTENSIBLE_TEXT,
  isEventId,
  isUserId,
  parseEncrypted,
  parseMember,
  parseMessage,
  parseMxcUri,
  parsePollEnd,
  parsePollResponse,
  parsePollStart,
  parseReaction,
  parseTimelineEvent,
  POLL_END,
  POLL_RESPONSE,
  POLL_START,
  type EventId,
  type MessageContent,
  type RoomAlias,
  type RoomId,
  type UserId,
} from '@qiao/matrix-types';
import { isDatabaseAway } from '../db/away.ts';
import {
  MatrixError,
  MatrixUnreachableError,
  noMetrics,
  silentLogger,
  systemClock,
  type Clock,
  type Json,
  type Logger,
  type MatrixLink,
  type Metrics,
  type RawEvent,
  type SyncResponse,
} from '../matrix/index.ts';
import { decryptStream, encryptStream, type AttachmentKey } from './attachments.ts';
import {
  pollContent,
  pollEndContent,
  pollResponseContent,
  reactionContent,
  readMessage,
  textContent,
  withRelation,
} from './content.ts';
import { messageIndexOf, sessionOf, UndecryptableError, type ShareWith, type Trust } from './crypto.ts';
import { BotError } from './errors.ts';
import { MEGOLM, Rooms } from './rooms.ts';
import { openSession, POSITION_TYPE, type Session } from './session.ts';
import type { BotSecrets } from './secrets.ts';
import { BotStore, type InboxRow } from './store.ts';
import type {
  BotEvent,
  BotHealth,
  CreateRoom,
  CustomEvent,
  FileMessage,
  Handler,
  InviteEvent,
  MembershipEvent,
  MessageEvent,
  Poll,
  PollEndEvent,
  PollResponseEvent,
  PollStartEvent,
  ReactionEvent,
  ReceivedFile,
  RedactionEvent,
  SendOptions,
  Subscribe,
  TextMessage,
  UndecryptableEvent,
} from './types.ts';

/** Texts a bot says of itself, from the catalogues. */
export interface BotTexts {
  /** Said once in every encrypted room after the bot's keys were lost. */
  newDevice(): string;
}

export interface BotOptions {
  /** Link with the appservice's token; the bot speaks through it as itself. */
  link: MatrixLink;
  /** Who the bot is; in the appservice's namespace, and not its sender. */
  userId: UserId;
  displayName: string;
  /** Folder of this bot alone; made if missing. Losing it loses no history: see `docs/adr/0021`. */
  storeDir: string;
  /** Keys that must outlive the store; keep it elsewhere than the store. */
  secrets: BotSecrets;
  texts: BotTexts;
  log?: Logger;
  metrics?: Metrics;
  clock?: Clock;
  /** Sets a name where users may not do it themselves (Qiao's Synapse module). Default: the bot does it. */
  setDisplayName?: (userId: UserId, name: string) => Promise<void>;
  /** Name of the bot's device as others see it. Default: the display name. */
  deviceName?: string;
  /** Default `all_devices`; `signed_devices` leaves out devices their owner has not signed (MSC4153). */
  shareWith?: ShareWith;
  /** Whether to accept an invitation; called again after a crash. Default: accepts none. */
  acceptInvite?: (invite: InviteEvent) => boolean | Promise<boolean>;
  /** How long an event may wait for its key before `on.undecryptable` is told, milliseconds. Default 30 s. */
  undecryptableAfterMs?: number;
  /** How long a sync waits for news, milliseconds. Default 30 s. */
  syncTimeoutMs?: number;
  /** Awaited before each sync: lets a domain that floods the bot's rooms with events space the reading. */
  beforeSync?: (signal: AbortSignal) => Promise<void>;
}

const INVITE_TYPE = 'io.qiao.bot.invite';
/** Events of a room's timeline in one sync; the rest is fetched by /messages. */
const TIMELINE_LIMIT = 100;
/** Events fetched at once to fill a gap. */
const GAP_PAGE = 250;
/** Most events fetched to fill one gap of one room. */
const GAP_LIMIT = 50_000;
/** Events being decrypted or handled at once. */
const INBOX_WINDOW = 512;
/** Most deliveries that wait to be written down as done: so many come twice after a kill. */
const MOST_UNWRITTEN = 16;
/** Tries of a handler that throws, and the waits between them, milliseconds. */
const HANDLER_WAITS_MS = [500, 3000];
/** Waits of one whose database or homeserver is away: it is called until they are there. */
const AWAY_WAIT_MS = { first: 500, most: 10_000 };
const SYNC_WAIT_MS = { first: 250, most: 10_000 };
/** How often the position is noted on the homeserver, milliseconds. */
const POSITION_EVERY_MS = 60_000;
const HOUSEKEEPING_MS = 5_000;
/** Longest a room's key sharing goes unchecked, milliseconds; bounds how late a rotation by time can be. */
const SHARE_CHECK_MS = 60_000;
/** Of the specification, and the most the crypto library allows. */
const DEFAULT_ROTATION_MESSAGES = 100;
const MAX_ROTATION_MESSAGES = 10_000;
/** Longest the first event of a new sender waits for the sender's devices, milliseconds. */
const NEW_SENDER_WAIT_MS = 5_000;
const STOP_WAIT_MS = 10_000;
/** Never encrypted by any client. */
const PLAIN_TYPES = new Set(['m.reaction', 'm.room.redaction']);

/** Handlers of one kind. */
class Handlers<E> {
  readonly #set = new Set<Handler<E>>();
  readonly add: Subscribe<E> = (handler) => {
    this.#set.add(handler);
    return () => this.#set.delete(handler);
  };
  async call(event: E): Promise<void> {
    for (const handler of [...this.#set]) await handler(event);
  }
  get size(): number {
    return this.#set.size;
  }
}

/** The sends of one room: what the next one has to wait for. None of the promises rejects. */
interface SendChain {
  prepared: Promise<void>;
  lastButOne: Promise<void>;
  sent: Promise<void>;
}

const IDLE_CHAIN: SendChain = {
  prepared: Promise.resolve(),
  lastButOne: Promise.resolve(),
  sent: Promise.resolve(),
};

async function settled(promise: Promise<unknown>): Promise<void> {
  try {
    await promise;
  } catch {
    // The one who asked for it is told.
  }
}

interface Shared {
  version: number;
  checkedAt: number;
  /** Messages sent with the current key, as far as known. */
  sent: number;
}

type Decrypted =
  | { kind: 'event'; event: RawEvent; type: string; content: unknown; encrypted: boolean; trust: Trust }
  | { kind: 'undecryptable'; event: RawEvent; error: UndecryptableError }
  | { kind: 'skip'; reason: string };

/**
 * One encrypted bot: a user of an appservice with a cross-signed device of its own, that reads by /sync.
 *
 * **Handlers** are called in the order of a room's timeline, one after the other per room; rooms run side by side.
 * An event whose key comes late is delivered when the key comes, after what was delivered meanwhile. Every event is
 * written to the store before the sync moves on, and leaves it when all its handlers have returned: so each is
 * delivered at least once, over crashes too, and `redelivered` says when it may not be the first time. A handler that
 * throws is called again twice; then the event is logged by its id and dropped. One that throws because the database
 * or the homeserver is away is called until they are there. Events the bot sent itself are not
 * delivered.
 *
 * **Sending** keeps the order of calls per room; rooms run side by side. A promise resolves when the homeserver has
 * the event. Encryption is not optional: a room that was encrypted once is never sent plain text again.
 */
export class EncryptedBot {
  readonly userId: UserId;
  readonly #options: BotOptions;
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #label: { bot: string };
  #state: BotHealth['state'] = 'stopped';
  #ended = false;
  #store: BotStore | undefined;
  #session: Session | undefined;
  #stop = new AbortController();
  #tasks: Promise<void>[] = [];
  #lastSync: number | undefined;
  #syncFailing = false;
  #position: string | undefined;
  #notedPosition: { since: string | undefined; at: number } = { since: undefined, at: 0 };
  #wake: () => void = () => undefined;
  #inFlight = 0;
  #redeliverUpTo = 0;
  #done: number[] = [];
  #flushDone: NodeJS.Immediate | undefined;
  readonly #roomChains = new Map<RoomId, Promise<void>>();
  readonly #sendChains = new Map<RoomId, SendChain>();
  readonly #shared = new Map<RoomId, Shared>();
  readonly #triedBackup = new Set<string>();
  #queued = 0;

  readonly #message = new Handlers<MessageEvent>();
  readonly #reaction = new Handlers<ReactionEvent>();
  readonly #pollStart = new Handlers<PollStartEvent>();
  readonly #pollResponse = new Handlers<PollResponseEvent>();
  readonly #pollEnd = new Handlers<PollEndEvent>();
  readonly #membership = new Handlers<MembershipEvent>();
  readonly #redaction = new Handlers<RedactionEvent>();
  readonly #custom = new Handlers<CustomEvent>();
  readonly #invite = new Handlers<InviteEvent>();
  readonly #undecryptable = new Handlers<UndecryptableEvent>();

  /** Where handlers are added. Add them before `start`: what waits from last time is delivered at once. */
  readonly on = {
    message: this.#message.add,
    reaction: this.#reaction.add,
    pollStart: this.#pollStart.add,
    pollResponse: this.#pollResponse.add,
    pollEnd: this.#pollEnd.add,
    /** Somebody came, went, was invited, changed the name. */
    membership: this.#membership.add,
    redaction: this.#redaction.add,
    /** All other events, state included. */
    other: this.#custom.add,
    /** An invitation to the bot, before `acceptInvite` is asked. */
    invite: this.#invite.add,
    /** Once per event whose key did not come in time. It is still delivered if the key comes later. */
    undecryptable: this.#undecryptable.add,
  };

  constructor(options: BotOptions) {
    this.#options = options;
    this.userId = options.userId;
    this.#log = options.log ?? silentLogger;
    this.#metrics = options.metrics ?? noMetrics;
    this.#clock = options.clock ?? systemClock;
    this.#label = { bot: options.userId.slice(1, options.userId.indexOf(':')) };
  }

  // --- life -----------------------------------------------------------------------------------------------------

  /**
   * Registers the user if need be, opens its device, catches up to the present and begins to deliver. Resolves after
   * the first answered sync. Throws `BotError('store_in_use')` if another process runs this bot, and what the link
   * throws when the homeserver cannot be reached in time; it may then be called again.
   */
  async start(): Promise<void> {
    this.#ended = false;
    await this.#launch();
  }

  async #launch(): Promise<void> {
    if (this.#state === 'starting' || this.#state === 'running') return;
    this.#state = 'starting';
    this.#stop = new AbortController();
    try {
      await this.#open();
      await this.#firstSync();
      this.#state = 'running';
      this.#tasks = [this.#syncLoop(), this.#drain(), this.#housekeeping(), this.#announce()];
    } catch (error) {
      this.#state = 'stopped';
      this.#close();
      throw error;
    }
  }

  async #open(): Promise<void> {
    const { link, userId, displayName } = this.#options;
    await link.registerAppserviceUser(userId.slice(1, userId.indexOf(':')));
    const own = link.as(userId);
    const profile = await own.profile(userId);
    if (profile.displayname !== displayName) await this.#setDisplayName(own);
    this.#store = new BotStore(this.#options.storeDir);
    const session = await openSession({
      userId,
      link: own,
      storeDir: this.#options.storeDir,
      secrets: this.#options.secrets,
      store: this.#store,
      log: this.#log,
      clock: this.#clock,
      deviceName: this.#options.deviceName ?? displayName,
      shareWith: this.#options.shareWith ?? 'all_devices',
    });
    this.#session = session;
    session.crypto.onDevices = (users) => session.rooms.devicesChanged(users);
    session.crypto.onRoomKeys = (keys) => {
      for (const { sessionId } of keys) this.#retry(sessionId);
    };
    this.#position = this.#store.get('next_batch');
    this.#redeliverUpTo = this.#store.inboxEnd();
    this.#store.prune(this.#clock.now());
    for (const row of this.#store.undecrypted()) this.#store.requeue(row);
    await this.#notePosition(true);
  }

  /** A homeserver that keeps people from renaming themselves keeps bots from it too: then somebody else must do it. */
  async #setDisplayName(own: MatrixLink): Promise<void> {
    const { userId, displayName, setDisplayName } = this.#options;
    try {
      if (setDisplayName === undefined) await own.setDisplayName(displayName);
      else await setDisplayName(userId, displayName);
    } catch (error) {
      if (!MatrixError.is(error)) throw error;
      this.#log.warn({ err: error }, 'the bot keeps its old name');
    }
  }

  /** One sync before `start` resolves: afterwards nothing that happens is history. */
  async #firstSync(): Promise<void> {
    const { link } = this.#running();
    const sync = await link.request({
      method: 'GET',
      path: '/_matrix/client/v3/sync',
      route: 'GET sync',
      query: {
        since: this.#position,
        filter: filterText(this.#position === undefined),
        timeout: 0,
        set_presence: 'offline',
      },
      longPoll: true,
      signal: this.#stop.signal,
    });
    await this.#take(sync as unknown as SyncResponse);
  }

  /** Stops reading, lets handlers and sends that run come to their end (at most 10 s), and closes the store. */
  async stop(): Promise<void> {
    this.#ended = true;
    await this.#halt();
  }

  /** The device was removed while the bot ran: a new one is taken and everything restored, as after a lost store. */
  async #relaunch(): Promise<void> {
    await this.#halt();
    let wait = SYNC_WAIT_MS.first;
    while (!this.#ended && this.#state === 'stopped') {
      try {
        await this.#launch();
      } catch (error) {
        this.#log.error({ err: error, waitMs: wait }, 'the bot cannot start again yet');
        await delay(wait);
        wait = Math.min(wait * 2, SYNC_WAIT_MS.most);
      }
    }
  }

  async #halt(): Promise<void> {
    if (this.#state !== 'running' && this.#state !== 'failed') return;
    this.#state = 'stopped';
    this.#stop.abort(new BotError('not_running', 'the bot is stopping'));
    this.#wake();
    const ended = Promise.allSettled([
      ...this.#tasks,
      ...this.#roomChains.values(),
      ...[...this.#sendChains.values()].map((chain) => chain.sent),
    ]);
    await Promise.race([ended, delay(STOP_WAIT_MS, undefined, { ref: false })]);
    await this.#session?.crypto.backedUp().catch(() => undefined);
    await this.#notePosition(true, 2_000).catch(() => undefined);
    this.#close();
  }

  #close(): void {
    if (this.#flushDone !== undefined) clearImmediate(this.#flushDone);
    this.#flushDone = undefined;
    if (this.#store !== undefined) this.#writeDone();
    this.#session?.close();
    this.#session = undefined;
    this.#store?.close();
    this.#store = undefined;
    this.#roomChains.clear();
    this.#sendChains.clear();
    this.#shared.clear();
    this.#triedBackup.clear();
    this.#inFlight = 0;
    this.#queued = 0;
  }

  #running(): Session {
    if (this.#session === undefined) throw new BotError('not_running', 'the bot is not running');
    return this.#session;
  }
  #open_store(): BotStore {
    if (this.#store === undefined) throw new BotError('not_running', 'the bot is not running');
    return this.#store;
  }

  /** How the bot is doing. */
  get health(): BotHealth {
    return {
      state: this.#state,
      userId: this.userId,
      deviceId: this.#session?.deviceId,
      syncAgeMs: this.#lastSync === undefined ? undefined : this.#clock.now() - this.#lastSync,
      syncFailing: this.#syncFailing,
      inbox: this.#store?.inboxSize() ?? 0,
      undecrypted: this.#store?.undecryptedSize() ?? 0,
      sending: this.#queued,
      rooms: this.#session?.rooms.joinedCount ?? 0,
    };
  }

  // --- reading --------------------------------------------------------------------------------------------------

  async #syncLoop(): Promise<void> {
    let wait = SYNC_WAIT_MS.first;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#options.beforeSync?.(signal);
        const sync = await this.#running().link.sync({
          since: this.#position,
          filter: filterText(false),
          timeoutMs: this.#options.syncTimeoutMs ?? 30_000,
          setPresence: 'offline',
          signal,
        });
        await this.#take(sync);
        wait = SYNC_WAIT_MS.first;
      } catch (error) {
        if (isAborted(signal)) return;
        this.#syncFailing = true;
        this.#metrics.count('bot_sync_failures_total', this.#label);
        if (MatrixError.is(error, 'M_UNKNOWN_DEVICE') || MatrixError.is(error, 'M_UNKNOWN_TOKEN')) {
          this.#log.error({ err: error }, 'the homeserver does not know the bot’s device any more');
          this.#state = 'failed';
          setImmediate(() => void this.#relaunch());
          return;
        } else if (error instanceof Error && error.name === 'RuntimeError') {
          this.#log.error({ err: error }, 'the crypto library broke down');
          this.#state = 'failed';
        } else this.#log.warn({ err: error, waitMs: wait }, 'sync failed; it is tried again');
        await delay(wait, undefined, { signal }).catch(() => undefined);
        wait = Math.min(wait * 2, SYNC_WAIT_MS.most);
      }
    }
  }

  /** Takes one sync: keys first, then what happened, then the position. Throws if any part could not be kept. */
  async #take(sync: SyncResponse): Promise<void> {
    const { crypto, rooms } = this.#running();
    const store = this.#open_store();
    const initial = this.#position === undefined;
    const senders = new Set<string>();
    for (const room of Object.values(sync.rooms?.join ?? {})) {
      for (const event of room.timeline?.events ?? []) {
        if (event.type === 'm.room.encrypted') senders.add(event.sender);
      }
    }
    for (const event of sync.to_device?.events ?? []) {
      if (event.type === 'm.room.encrypted' && typeof event.sender === 'string') senders.add(event.sender);
    }
    const newSenders = initial ? false : await crypto.track(senders);
    await crypto.receiveSync(sync);
    const flushed = crypto
      .flush()
      .then(() => crypto.claimBetweenSyncs())
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted)
          this.#log.warn({ err: error }, 'key requests failed; they are tried again');
      });
    if (newSenders) await Promise.race([flushed, delay(NEW_SENDER_WAIT_MS, undefined, { ref: false })]);

    const taken: { roomId: RoomId; eventId: string; event: string | undefined }[] = [];
    for (const roomId of Rooms.ids(sync.rooms?.join)) {
      const part = sync.rooms?.join?.[roomId];
      if (part === undefined) continue;
      const known = rooms.isJoined(roomId);
      if (!known) rooms.markJoined(roomId);
      for (const event of part.state?.events ?? []) rooms.takeState(roomId, event);
      let events = part.timeline?.events ?? [];
      const limited = part.timeline?.limited === true;
      if (known && limited) rooms.forgetMembers(roomId);
      // Before anything is waited for: a send meanwhile must know that the room is encrypted.
      for (const event of events) if (event.type === 'm.room.encryption') rooms.takeState(roomId, event);
      if (!initial && limited) {
        const older = await this.#fillGap(
          roomId,
          part.timeline?.prev_batch,
          known ? this.#position : undefined,
          events,
        );
        events = [...older, ...events];
        // Who came during the gap may have new devices; the sync does not say so.
        await crypto.devicesMayHaveChanged(joinsOf(older));
      }
      for (const event of events) rooms.takeState(roomId, event);
      let from = initial ? events.length : 0;
      if (!known && !initial) from = events.findLastIndex((event) => this.#isOwnJoin(event)) + 1;
      events.forEach((event, at) => {
        if (!isEventId(event.event_id)) return;
        const wanted = at >= from && event.sender !== this.userId;
        taken.push({ roomId, eventId: event.event_id, event: wanted ? JSON.stringify(event) : undefined });
      });
    }
    for (const roomId of Rooms.ids(sync.rooms?.leave)) {
      for (const event of sync.rooms?.leave?.[roomId]?.timeline?.events ?? []) {
        const wanted = rooms.isJoined(roomId) && isEventId(event.event_id) && event.sender !== this.userId;
        if (wanted) taken.push({ roomId, eventId: event.event_id, event: JSON.stringify(event) });
      }
      rooms.markLeft(roomId);
      this.#shared.delete(roomId);
    }
    for (const roomId of Rooms.ids(sync.rooms?.invite)) {
      const states = sync.rooms?.invite?.[roomId]?.invite_state?.events ?? [];
      const own = states.find((event) => event.type === 'm.room.member' && event.state_key === this.userId);
      const event = JSON.stringify({ type: INVITE_TYPE, sender: own?.sender });
      taken.push({ roomId, eventId: `invite ${sync.next_batch} ${roomId}`, event });
    }
    const count = store.takeSync(sync.next_batch, taken, this.#clock.now());
    this.#position = sync.next_batch;
    this.#lastSync = this.#clock.now();
    this.#syncFailing = false;
    if (count > 0) this.#wake();
  }

  #isOwnJoin(event: RawEvent): boolean {
    if (event.type !== 'm.room.member' || event.state_key !== this.userId) return false;
    const before = event.unsigned?.prev_content as { membership?: unknown } | undefined;
    return event.content.membership === 'join' && before?.membership !== 'join';
  }

  /**
   * What happened before a limited timeline: back to the last position, or to the bot's own join in a room that is
   * new. Oldest first.
   */
  async #fillGap(
    roomId: RoomId,
    from: string | undefined,
    to: string | undefined,
    timeline: readonly RawEvent[],
  ): Promise<RawEvent[]> {
    if (from === undefined) return [];
    if (to === undefined && timeline.some((event) => this.#isOwnJoin(event))) return [];
    const store = this.#open_store();
    const found: RawEvent[] = [];
    let at: string | undefined = from;
    while (at !== undefined && found.length < GAP_LIMIT) {
      const page = await this.#running().link.messages(
        roomId,
        { from: at, to, direction: 'b', limit: GAP_PAGE },
        { signal: this.#stop.signal },
      );
      const fresh = page.chunk.filter((event) => isEventId(event.event_id) && !store.seen(event.event_id));
      found.push(...fresh);
      const reached =
        to === undefined ? page.chunk.some((event) => this.#isOwnJoin(event)) : fresh.length === 0;
      if (reached || page.chunk.length === 0 || page.end === at) break;
      at = page.end;
    }
    if (found.length >= GAP_LIMIT)
      this.#log.error({ room_id: roomId }, 'a gap is too large; older events are skipped');
    this.#metrics.count('bot_gap_events_total', this.#label, found.length);
    return found.reverse();
  }

  /** Takes events from the inbox: decrypts them side by side, hands them on per room in order. */
  async #drain(): Promise<void> {
    const { signal } = this.#stop;
    let cursor = 0;
    while (!signal.aborted) {
      const rows =
        this.#inFlight < INBOX_WINDOW ? this.#open_store().inboxAfter(cursor, INBOX_WINDOW / 2) : [];
      if (rows.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      for (const row of rows) {
        cursor = row.seq;
        this.#inFlight += 1;
        const decrypted = this.#decrypt(row);
        const before = this.#roomChains.get(row.roomId) ?? Promise.resolve();
        const turn = before
          .then(() => this.#deliver(row, decrypted))
          .catch((error: unknown) => {
            if (!signal.aborted)
              this.#log.error({ err: error, event_id: row.eventId }, 'event not delivered');
          });
        this.#roomChains.set(row.roomId, turn);
        void turn.then(() => {
          this.#inFlight -= 1;
          if (this.#roomChains.get(row.roomId) === turn) this.#roomChains.delete(row.roomId);
          if (this.#inFlight < INBOX_WINDOW / 2) this.#wake();
        });
      }
    }
  }

  async #decrypt(row: InboxRow): Promise<Decrypted> {
    try {
      const raw = JSON.parse(row.event) as RawEvent;
      if (raw.type === INVITE_TYPE) {
        return {
          kind: 'event',
          event: raw,
          type: INVITE_TYPE,
          content: {},
          encrypted: false,
          trust: 'unencrypted',
        };
      }
      if (parseTimelineEvent(raw) === undefined) return { kind: 'skip', reason: 'malformed event' };
      if (raw.type !== 'm.room.encrypted') {
        return {
          kind: 'event',
          event: raw,
          type: raw.type,
          content: raw.content,
          encrypted: false,
          trust: 'unencrypted',
        };
      }
      // A redacted event has nothing left to decrypt.
      if (raw.unsigned?.redacted_because !== undefined) return { kind: 'skip', reason: 'redacted' };
      if (parseEncrypted(raw.content) === undefined) return { kind: 'skip', reason: 'malformed encryption' };
      try {
        const clear = await this.#running().crypto.decrypt(row.roomId, row.event);
        return {
          kind: 'event',
          event: raw,
          type: clear.type,
          content: clear.content,
          encrypted: true,
          trust: clear.trust,
        };
      } catch (error) {
        if (error instanceof UndecryptableError) return { kind: 'undecryptable', event: raw, error };
        throw error;
      }
    } catch (error) {
      if (error instanceof BotError) throw error;
      this.#log.warn({ err: error, event_id: row.eventId }, 'event cannot be read');
      return { kind: 'skip', reason: 'unreadable' };
    }
  }

  async #deliver(row: InboxRow, pending: Promise<Decrypted>): Promise<void> {
    const decrypted = await pending;
    const { signal } = this.#stop;
    if (isAborted(signal)) return;
    if (decrypted.kind === 'skip') {
      this.#metrics.count('bot_events_skipped_total', this.#label);
      this.#log.debug({ event_id: row.eventId, reason: decrypted.reason }, 'event skipped');
      this.#handled(row.seq);
      return;
    }
    if (decrypted.kind === 'undecryptable') {
      this.#metrics.count('bot_decrypt_failures_total', {
        ...this.#label,
        reason: decrypted.error.reason.split(':')[0] ?? '',
      });
      this.#open_store().cannotDecrypt(row, sessionOf(decrypted.event), this.#clock.now());
      this.#askBackup(row.roomId, sessionOf(decrypted.event), row.eventId);
      return;
    }
    let away = 0;
    for (let tries = 0; ; tries += 1) {
      try {
        await this.#dispatch(row, decrypted, tries > 0 || row.seq <= this.#redeliverUpTo);
        break;
      } catch (error) {
        this.#metrics.count('bot_handler_failures_total', this.#label);
        const passing = isDatabaseAway(error) || error instanceof MatrixUnreachableError;
        if (passing) away += 1;
        const wait = passing
          ? Math.min(AWAY_WAIT_MS.first * 2 ** Math.min(away - 1, 10), AWAY_WAIT_MS.most)
          : HANDLER_WAITS_MS[tries - away];
        if (wait === undefined) {
          this.#log.error({ err: error, event_id: row.eventId }, 'event dropped: its handler keeps failing');
          break;
        }
        this.#log.warn(
          { err: error, event_id: row.eventId, waitMs: wait },
          'handler failed; it is called again',
        );
        await delay(wait, undefined, { signal }).catch(() => undefined);
        if (isAborted(signal)) return;
      }
    }
    this.#handled(row.seq);
  }

  /** Many deliveries share one write; what is not written when a process is killed is delivered again. */
  #handled(seq: number): void {
    this.#done.push(seq);
    if (this.#done.length >= MOST_UNWRITTEN && this.#store !== undefined) {
      this.#writeDone();
      return;
    }
    this.#flushDone ??= setImmediate(() => {
      this.#flushDone = undefined;
      if (this.#store !== undefined) this.#writeDone();
    });
  }
  #writeDone(): void {
    const done = this.#done;
    this.#done = [];
    this.#store?.handled(done);
  }

  async #dispatch(
    row: InboxRow,
    event: Extract<Decrypted, { kind: 'event' }>,
    redelivered: boolean,
  ): Promise<void> {
    if (event.type === INVITE_TYPE) {
      await this.#invited(row.roomId, event.event.sender);
      return;
    }
    this.#metrics.count('bot_events_total', this.#label);
    const base: BotEvent = {
      roomId: row.roomId,
      eventId: event.event.event_id,
      sender: event.event.sender,
      timestamp: event.event.origin_server_ts,
      encrypted: event.encrypted,
      trust: event.trust,
      redelivered,
    };
    const content =
      typeof event.content === 'object' && event.content !== null ? (event.content as Json) : {};
    // Redacted: the content is gone, the redaction itself is delivered.
    if (event.event.unsigned?.redacted_because !== undefined && event.event.state_key === undefined) return;
    if (!(await this.#dispatchTyped(event, base, content))) {
      this.#metrics.count('bot_events_skipped_total', this.#label);
      this.#log.debug(
        { event_id: row.eventId, type: event.type.slice(0, 64) },
        'event of a known type does not fit it',
      );
    }
  }

  /** Returns false if the content does not fit its type. */
  async #dispatchTyped(
    event: Extract<Decrypted, { kind: 'event' }>,
    base: BotEvent,
    content: Json,
  ): Promise<boolean> {
    const stateKey = event.encrypted ? undefined : event.event.state_key;
    switch (stateKey === undefined ? event.type : `state ${event.type}`) {
      case 'm.room.message': {
        const parsed = parseMessage(content);
        if (parsed === undefined) return false;
        await this.#message.call({ ...base, content: parsed, ...readMessage(parsed) });
        return true;
      }
      case 'm.reaction': {
        const relates = parseReaction(content)?.['m.relates_to'];
        if (relates === undefined) return false;
        await this.#reaction.call({ ...base, target: relates.event_id as EventId, key: relates.key });
        return true;
      }
      case POLL_START: {
        const parsed = parsePollStart(content);
        const start = parsed?.[POLL_START];
        if (parsed === undefined || start === undefined) return false;
        await this.#pollStart.call({
          ...base,
          content: parsed,
          question: start.question[EXTENSIBLE_TEXT],
          answers: start.answers.map((answer) => ({ id: answer.id, text: answer[EXTENSIBLE_TEXT] })),
          maxSelections: start.max_selections ?? 1,
        });
        return true;
      }
      case POLL_RESPONSE: {
        const parsed = parsePollResponse(content);
        if (parsed === undefined) return false;
        const poll = parsed['m.relates_to'].event_id as EventId;
        await this.#pollResponse.call({ ...base, poll, answers: parsed[POLL_RESPONSE].answers });
        return true;
      }
      case POLL_END: {
        const parsed = parsePollEnd(content);
        if (parsed === undefined) return false;
        await this.#pollEnd.call({ ...base, poll: parsed['m.relates_to'].event_id as EventId });
        return true;
      }
      case 'm.room.redaction': {
        const target = content.redacts ?? event.event.redacts;
        if (!isEventId(target)) return false;
        await this.#redaction.call({ ...base, target });
        return true;
      }
      case 'state m.room.member': {
        const parsed = parseMember(content);
        if (parsed === undefined || !isUserId(stateKey)) return false;
        const before = event.event.unsigned?.prev_content as { membership?: unknown } | undefined;
        const previous = typeof before?.membership === 'string' ? before.membership : undefined;
        await this.#membership.call({
          ...base,
          content: parsed,
          user: stateKey,
          membership: parsed.membership,
          previous,
        });
        return true;
      }
      default:
        await this.#custom.call({ ...base, type: event.type, stateKey, content });
        return true;
    }
  }

  async #invited(roomId: RoomId, inviter: unknown): Promise<void> {
    const invite: InviteEvent = { roomId, inviter: isUserId(inviter) ? inviter : undefined };
    await this.#invite.call(invite);
    if ((await this.#options.acceptInvite?.(invite)) !== true || this.#running().rooms.isJoined(roomId))
      return;
    try {
      await this.#running().link.join(roomId);
    } catch (error) {
      // Withdrawn meanwhile, or not ours to join: not worth another try.
      if (!MatrixError.is(error)) throw error;
      this.#log.warn({ err: error, room_id: roomId }, 'an invitation could not be accepted');
    }
  }

  // --- keys that are missing ------------------------------------------------------------------------------------

  /** The key of a session came: what waits for it goes back to the inbox. */
  #retry(sessionId: string): void {
    const store = this.#store;
    if (store === undefined) return;
    const rows = store.undecrypted(sessionId);
    for (const row of rows) store.requeue(row);
    if (rows.length > 0) this.#wake();
  }

  /** Looks once for a key in the backup, where an earlier device of the bot may have put it. */
  #askBackup(roomId: RoomId, sessionId: string, eventId: string): void {
    const { crypto, recoveryKey, backupVersion } = this.#running();
    if (sessionId === '' || this.#triedBackup.has(sessionId)) return;
    this.#triedBackup.add(sessionId);
    crypto
      .restore(recoveryKey, backupVersion, roomId, sessionId)
      .then((count) => {
        if (count > 0) this.#retry(sessionId);
      })
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted)
          this.#log.warn({ err: error, event_id: eventId }, 'key backup cannot be asked');
      });
  }

  async #housekeeping(): Promise<void> {
    const { signal } = this.#stop;
    const grace = this.#options.undecryptableAfterMs ?? 30_000;
    const every = Math.min(HOUSEKEEPING_MS, Math.max(50, grace / 2));
    while (!signal.aborted) {
      await delay(every, undefined, { signal }).catch(() => undefined);
      if (isAborted(signal)) return;
      try {
        await this.#reportUndecryptable(grace);
        await this.#notePosition(false);
        this.#gauges();
        if (this.#triedBackup.size > 10_000) this.#triedBackup.clear();
      } catch (error) {
        this.#log.warn({ err: error }, 'housekeeping failed');
      }
    }
  }

  async #reportUndecryptable(grace: number): Promise<void> {
    const store = this.#open_store();
    for (const row of store.unreported(this.#clock.now() - grace)) {
      const event = JSON.parse(row.event) as RawEvent;
      let reason: UndecryptableEvent['reason'];
      try {
        await this.#running().crypto.decrypt(row.roomId, row.event);
        store.requeue(row);
        this.#wake();
        continue;
      } catch (error) {
        if (!(error instanceof UndecryptableError)) throw error;
        reason = error.reason;
      }
      this.#log.warn(
        { event_id: row.eventId, room_id: row.roomId, sender: event.sender, reason },
        'event undecryptable',
      );
      this.#metrics.count('bot_undecryptable_total', { ...this.#label, reason: reason.split(':')[0] ?? '' });
      await this.#undecryptable.call({
        roomId: row.roomId,
        eventId: row.eventId,
        sender: event.sender,
        sessionId: row.sessionId,
        timestamp: event.origin_server_ts,
        reason,
      });
      store.reported(row.eventId);
    }
  }

  #gauges(): void {
    const { inbox, undecrypted, sending, syncAgeMs } = this.health;
    this.#metrics.gauge('bot_inbox_events', inbox, this.#label);
    this.#metrics.gauge('bot_undecrypted_events', undecrypted, this.#label);
    this.#metrics.gauge('bot_send_queue', sending, this.#label);
    if (syncAgeMs !== undefined) this.#metrics.gauge('bot_sync_age_seconds', syncAgeMs / 1000, this.#label);
  }

  /** Notes on the homeserver how far we are, in case the store is lost. */
  async #notePosition(now: boolean, totalMs?: number): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    const noted = this.#notedPosition;
    if (!now && (noted.since === this.#position || this.#clock.now() - noted.at < POSITION_EVERY_MS)) return;
    const since = this.#position;
    await session.link.request({
      method: 'PUT',
      path: `/_matrix/client/v3/user/${encodeURIComponent(this.userId)}/account_data/${POSITION_TYPE}`,
      route: 'PUT account_data',
      body: { device_id: session.deviceId, ...(since === undefined ? {} : { since }) },
      ...(totalMs === undefined ? {} : { totalMs }),
    });
    this.#notedPosition = { since, at: this.#clock.now() };
  }

  /** After a loss, tells every encrypted room; goes on after a crash, and says it once. */
  async #announce(): Promise<void> {
    const { deviceId } = this.#running();
    for (const roomId of this.#open_store().toAnnounce()) {
      if (isAborted(this.#stop.signal)) return;
      try {
        await this.sendText(
          roomId,
          { body: this.#options.texts.newDevice() },
          { txnId: `new-device-${deviceId}`, signal: this.#stop.signal },
        );
      } catch (error) {
        if (isAborted(this.#stop.signal)) return;
        this.#log.warn({ err: error, room_id: roomId }, 'a room could not be told of the new device');
        if (!MatrixError.is(error)) continue;
      }
      this.#store?.announced(roomId);
    }
  }

  // --- rooms ----------------------------------------------------------------------------------------------------

  /** Makes a room, encrypted and for this homeserver only unless told otherwise. */
  async createRoom(room: CreateRoom): Promise<RoomId> {
    const { link, rooms } = this.#running();
    const encrypted = room.encrypted ?? true;
    const { periodMs, messages } = room.rotation ?? {};
    const roomId = await link.createRoom({
      ...(room.name === undefined ? {} : { name: room.name }),
      ...(room.topic === undefined ? {} : { topic: room.topic }),
      ...(room.invite === undefined ? {} : { invite: room.invite }),
      ...(room.roomAliasName === undefined ? {} : { room_alias_name: room.roomAliasName }),
      ...(room.isDirect === undefined ? {} : { is_direct: room.isDirect }),
      ...(room.powerLevels === undefined ? {} : { power_level_content_override: room.powerLevels }),
      preset: room.preset ?? 'private_chat',
      creation_content: { ...room.creationContent, 'm.federate': room.federated ?? false },
      initial_state: [
        ...(encrypted
          ? [
              {
                type: 'm.room.encryption',
                content: {
                  algorithm: MEGOLM,
                  ...(periodMs === undefined ? {} : { rotation_period_ms: periodMs }),
                  ...(messages === undefined ? {} : { rotation_period_msgs: messages }),
                },
              },
            ]
          : []),
        ...(room.historyVisibility === undefined
          ? []
          : [{ type: 'm.room.history_visibility', content: { history_visibility: room.historyVisibility } }]),
        ...(room.initialState ?? []),
      ],
    });
    // Certain even when a sync has shown the room already, half made.
    if (encrypted) {
      rooms.markJoined(roomId, {
        algorithm: MEGOLM,
        rotationMs: periodMs,
        rotationMessages: messages,
        historyVisibility: room.historyVisibility ?? 'shared',
      });
    }
    return roomId;
  }

  /** Joins a room by id or alias. What was said before is not delivered. */
  async join(room: RoomId | RoomAlias, via: readonly string[] = []): Promise<RoomId> {
    return this.#running().link.join(room, via);
  }

  async leave(roomId: RoomId, reason?: string): Promise<void> {
    await this.#running().link.leave(roomId, reason);
  }

  async invite(roomId: RoomId, userId: UserId): Promise<void> {
    await this.#running().link.invite(roomId, userId);
  }

  /** Link as the bot and its device, for everything that has no method here. Never send messages through it. */
  get link(): MatrixLink {
    return this.#running().link;
  }

  // --- sending --------------------------------------------------------------------------------------------------

  /** Sends text: plain, formatted, as a reply, in a thread, or as an edit of the bot's own message. */
  async sendText(roomId: RoomId, message: TextMessage, options: SendOptions = {}): Promise<EventId> {
    return this.sendEvent(roomId, 'm.room.message', textContent(message), options);
  }

  /**
   * Has people's devices asked for again before the next message: for one who knows of a new device by other means,
   * earlier than the sync tells of it.
   */
  async refreshDevices(users: readonly UserId[]): Promise<void> {
    await this.#running().crypto.devicesMayHaveChanged(users);
  }

  /** Reacts to a message. Reactions are not encrypted, by any client. */
  async sendReaction(
    roomId: RoomId,
    target: EventId,
    key: string,
    options: SendOptions = {},
  ): Promise<EventId> {
    return this.sendEvent(roomId, 'm.reaction', reactionContent(target, key), options);
  }

  async redact(
    roomId: RoomId,
    target: EventId,
    reason?: string,
    options: SendOptions = {},
  ): Promise<EventId> {
    const txnId = options.txnId ?? randomUUID();
    return this.#inTurn(
      roomId,
      () => Promise.resolve(),
      () => this.#running().link.redact(roomId, target, txnId, reason),
    );
  }

  async sendPoll(roomId: RoomId, poll: Poll, options: SendOptions = {}): Promise<EventId> {
    return this.sendEvent(roomId, POLL_START, pollContent(poll), options);
  }

  async respondToPoll(
    roomId: RoomId,
    poll: EventId,
    answers: readonly string[],
    options: SendOptions = {},
  ): Promise<EventId> {
    return this.sendEvent(roomId, POLL_RESPONSE, pollResponseContent(poll, answers), options);
  }

  /** Ends the bot's own poll; `text` is for clients that do not know polls. */
  async endPoll(roomId: RoomId, poll: EventId, text: string, options: SendOptions = {}): Promise<EventId> {
    return this.sendEvent(roomId, POLL_END, pollEndContent(poll, text), options);
  }

  /** Uploads a file, encrypted when the room is, and sends it. The upload begins at once, the message keeps its turn. */
  async sendFile(roomId: RoomId, file: FileMessage, options: SendOptions = {}): Promise<EventId> {
    const content = this.#upload(roomId, file);
    content.catch(() => undefined);
    return this.#sendContent(roomId, 'm.room.message', () => content, options);
  }

  async #upload(roomId: RoomId, file: FileMessage): Promise<Json> {
    const { link, rooms } = this.#running();
    const row = await rooms.row(roomId);
    const { data } = file;
    const size = typeof data === 'function' ? file.sizeBytes : data.length;
    if (size === undefined) throw new TypeError('a streamed file needs its size');
    const open = (): AsyncIterable<Uint8Array> => (typeof data === 'function' ? data() : chunksOf(data));
    const content: Json = {
      msgtype: file.msgtype ?? 'm.file',
      body: file.caption ?? file.name,
      filename: file.name,
      info: {
        mimetype: file.mimetype,
        size,
        ...(file.width === undefined ? {} : { w: file.width }),
        ...(file.height === undefined ? {} : { h: file.height }),
        ...(file.durationMs === undefined ? {} : { duration: file.durationMs }),
      },
      'm.mentions': {},
    };
    if (row.algorithm === undefined) {
      content.url = await link.uploadMedia({
        data: open,
        sizeBytes: size,
        contentType: file.mimetype,
        filename: file.name,
      });
      return withRelation(content, file);
    }
    // The name and kind of an encrypted file are not for the homeserver.
    let key: () => AttachmentKey = () => {
      throw new Error('nothing was uploaded');
    };
    const url = await link.uploadMedia({
      data: () => {
        const sealed = encryptStream(open());
        key = sealed.key;
        return sealed.stream;
      },
      sizeBytes: size,
      contentType: 'application/octet-stream',
    });
    content.file = { ...key(), url };
    return withRelation(content, file);
  }

  /**
   * Fetches the file of a message, decrypted and checked. Throws `MediaTooLargeError`, `BotError('bad_file')`.
   */
  async downloadFile(content: MessageContent, maxBytes: number): Promise<ReceivedFile> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await this.#fileStream(content, maxBytes)) chunks.push(chunk);
    return { bytes: Buffer.concat(chunks), mimetype: content.info?.mimetype };
  }

  /** Like `downloadFile`, to a file of the disk, which appears only when it is whole and right. */
  async downloadFileTo(content: MessageContent, path: string, maxBytes: number): Promise<void> {
    const temporary = `${path}.part`;
    try {
      await pipeline(
        await this.#fileStream(content, maxBytes),
        createWriteStream(temporary, { mode: 0o600 }),
      );
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async #fileStream(content: MessageContent, maxBytes: number): Promise<AsyncIterable<Uint8Array>> {
    const { link } = this.#running();
    if (content.file !== undefined) {
      const { stream } = await link.downloadMedia(parseMxcUri(content.file.url), maxBytes);
      return decryptStream(stream, content.file);
    }
    if (content.url === undefined) throw new BotError('bad_file', 'the message has no file');
    return (await link.downloadMedia(parseMxcUri(content.url), maxBytes)).stream;
  }

  /** Sends any event, encrypted when the room is. */
  async sendEvent(roomId: RoomId, type: string, content: Json, options: SendOptions = {}): Promise<EventId> {
    return this.#sendContent(roomId, type, () => Promise.resolve(content), options);
  }

  async #sendContent(
    roomId: RoomId,
    type: string,
    content: () => Promise<Json>,
    options: SendOptions,
  ): Promise<EventId> {
    const txnId = options.txnId ?? randomUUID();
    return this.#inTurn(
      roomId,
      async () => this.#seal(roomId, type, await content(), options),
      async (sealed) => {
        this.#metrics.count('bot_sends_total', this.#label);
        return this.#running().link.send(roomId, sealed.type, sealed.content, txnId, {
          signal: options.signal,
        });
      },
    );
  }

  /**
   * Keeps the order of sends per room; a failed one does not stop the next. While one message is on its way the next is
   * made ready, but no more than one: who leaves the room meanwhile is not sent to for long.
   */
  async #inTurn<T>(
    roomId: RoomId,
    prepare: () => Promise<T>,
    send: (prepared: T) => Promise<EventId>,
  ): Promise<EventId> {
    this.#running();
    this.#queued += 1;
    const before = this.#sendChains.get(roomId) ?? IDLE_CHAIN;
    const prepared = before.prepared.then(() => before.lastButOne).then(prepare);
    const sent = before.sent
      .then(() => prepared)
      .then((ready) => {
        this.#running();
        return send(ready);
      });
    const chain: SendChain = { prepared: settled(prepared), lastButOne: before.sent, sent: settled(sent) };
    this.#sendChains.set(roomId, chain);
    try {
      return await sent;
    } finally {
      this.#queued -= 1;
      if (this.#sendChains.get(roomId) === chain) this.#sendChains.delete(roomId);
    }
  }

  /** What goes to the homeserver for an event: encrypted when the room is. */
  async #seal(
    roomId: RoomId,
    type: string,
    content: Json,
    { signal }: SendOptions,
  ): Promise<{ type: string; content: Json | string }> {
    signal?.throwIfAborted();
    const row = await this.#running().rooms.row(roomId);
    if (row.algorithm === undefined || PLAIN_TYPES.has(type)) return { type, content };
    if (row.algorithm !== MEGOLM) {
      throw new BotError('unsupported_encryption', 'the room’s encryption is unknown');
    }
    return { type: 'm.room.encrypted', content: await this.#encrypt(roomId, type, content) };
  }

  /** Only one call per room at a time: `#inTurn` sees to it. */
  async #encrypt(roomId: RoomId, type: string, content: Json): Promise<string> {
    const { crypto, rooms, unclean } = this.#running();
    const row = await rooms.row(roomId);
    const rotation = Math.min(row.rotationMessages ?? DEFAULT_ROTATION_MESSAGES, MAX_ROTATION_MESSAGES);
    const known = this.#shared.get(roomId);
    const now = this.#clock.now();
    const due =
      known === undefined ||
      crypto.queriesDue ||
      known.version !== rooms.version(roomId) ||
      now - known.checkedAt >= Math.min(SHARE_CHECK_MS, row.rotationMs ?? SHARE_CHECK_MS) ||
      known.sent >= rotation;
    let version = known?.version ?? 0;
    if (due) {
      if (known === undefined && unclean) await crypto.discardRoomKey(roomId);
      await crypto.track(await rooms.members(roomId));
      if (crypto.queriesDue) await crypto.flush();
      // Read before sharing: a change that comes in meanwhile makes the next message share again.
      version = rooms.version(roomId);
      await crypto.shareRoomKey(roomId, [...(await rooms.members(roomId))], row);
    }
    const sealed = await crypto.encrypt(roomId, type, content);
    const { ciphertext } = JSON.parse(sealed) as { ciphertext: string };
    this.#shared.set(roomId, {
      version,
      checkedAt: due ? now : known.checkedAt,
      sent: messageIndexOf(ciphertext) + 1,
    });
    return sealed;
  }
}

/** Makes a bot; `start` opens it. */
export function createBot(options: BotOptions): EncryptedBot {
  return new EncryptedBot(options);
}

/** Users whose joining is among the events. */
function joinsOf(events: readonly RawEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'm.room.member' && event.content.membership === 'join' && event.state_key !== undefined
      ? [event.state_key]
      : [],
  );
}

/** Asked again after each wait: the compiler would hold the first answer to be the last. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function filterText(initial: boolean): string {
  const nothing = { not_types: ['*'] };
  return JSON.stringify({
    presence: nothing,
    account_data: nothing,
    room: {
      include_leave: false,
      ephemeral: nothing,
      account_data: nothing,
      timeline: { limit: initial ? 1 : TIMELINE_LIMIT },
      // No members, not even lazily: Synapse takes every member it sends along for one with new devices, and members
      // are asked for when they are needed.
      state: { types: ['m.room.encryption', 'm.room.history_visibility'] },
    },
  });
}

const CHUNK_BYTES = 64 * 1024;
async function* chunksOf(data: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += CHUNK_BYTES) yield data.subarray(at, at + CHUNK_BYTES);
}
