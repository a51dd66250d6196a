import type {
  EventId,
  MemberContent,
  MessageContent,
  MxcUri,
  PollStartContent,
  RoomId,
  UserId,
} from '@qiao/matrix-types';
import type { InitialState, Json } from '../matrix/index.ts';
import type { Trust, UndecryptableReason } from './crypto.ts';

/** What every event a handler gets has. */
export interface BotEvent {
  readonly roomId: RoomId;
  readonly eventId: EventId;
  readonly sender: UserId;
  /** Milliseconds since the Unix epoch, by the sender's homeserver: not to be trusted for order. */
  readonly timestamp: number;
  /** Whether it came encrypted. */
  readonly encrypted: boolean;
  readonly trust: Trust;
  /** The handlers may have been called for it before (a crash or an error in between). */
  readonly redelivered: boolean;
}

/** A message, an edit of one included. */
export interface MessageEvent extends BotEvent {
  readonly content: MessageContent;
  /** The text as it is to be read: of an edit, the new one. */
  readonly text: string;
  /** The message it answers. */
  readonly replyTo: EventId | undefined;
  /** The root of the thread it belongs to. */
  readonly thread: EventId | undefined;
  /** The message it replaces. Only the same sender may replace: compare before acting on it. */
  readonly replaces: EventId | undefined;
  readonly mentions: readonly UserId[];
}

export interface ReactionEvent extends BotEvent {
  readonly target: EventId;
  /** The emoji or text. */
  readonly key: string;
}

export interface PollStartEvent extends BotEvent {
  readonly question: string;
  readonly answers: readonly { readonly id: string; readonly text: string }[];
  readonly maxSelections: number;
  readonly content: PollStartContent;
}

export interface PollResponseEvent extends BotEvent {
  readonly poll: EventId;
  /** Ids of the chosen answers; whether they exist and are not too many is for the one who knows the poll. */
  readonly answers: readonly string[];
}

export interface PollEndEvent extends BotEvent {
  readonly poll: EventId;
}

export interface MembershipEvent extends BotEvent {
  readonly user: UserId;
  readonly membership: MemberContent['membership'];
  readonly content: MemberContent;
  /** What it was before, if the homeserver said so. */
  readonly previous: string | undefined;
}

export interface RedactionEvent extends BotEvent {
  readonly target: EventId;
}

/** Any other event: `content` is unchecked input, for the domain's own schema. */
export interface CustomEvent extends BotEvent {
  readonly type: string;
  readonly stateKey: string | undefined;
  readonly content: Json;
}

export interface InviteEvent {
  readonly roomId: RoomId;
  readonly inviter: UserId | undefined;
}

export interface UndecryptableEvent {
  readonly roomId: RoomId;
  readonly eventId: EventId;
  readonly sender: UserId;
  readonly sessionId: string;
  readonly timestamp: number;
  readonly reason: UndecryptableReason;
}

export type Handler<E> = (event: E) => void | Promise<void>;
/** Adds a handler; the result removes it. */
export type Subscribe<E> = (handler: Handler<E>) => () => void;

/** How a message relates to another. */
export interface Relates {
  /** The message it answers. */
  replyTo?: EventId;
  /** Root of the thread it belongs to. */
  thread?: EventId;
  /** The bot's own message it replaces. */
  replaces?: EventId;
}

export interface TextMessage extends Relates {
  body: string;
  /** HTML (`org.matrix.custom.html`); the caller has escaped what people wrote. */
  formattedBody?: string;
  /** `m.notice` (default) is not answered by other bots. */
  msgtype?: 'm.text' | 'm.notice' | 'm.emote';
  mentions?: { users?: readonly UserId[]; room?: boolean };
  /** Further fields of the content, with names of their own. */
  extra?: Json;
}

export interface FileMessage extends Relates {
  /** Bytes, or a stream that can be opened anew for each try. */
  data: Uint8Array | (() => AsyncIterable<Uint8Array>);
  /** Length in bytes; needed with a stream. */
  sizeBytes?: number;
  name: string;
  mimetype: string;
  msgtype?: 'm.file' | 'm.image' | 'm.audio' | 'm.video';
  caption?: string;
  width?: number;
  height?: number;
  durationMs?: number;
}

export interface Poll extends Relates {
  question: string;
  answers: readonly { id: string; text: string }[];
  /** Default 1. */
  maxSelections?: number;
  /** Votes are shown while it runs (default), or only at the end. */
  disclosed?: boolean;
}

export interface SendOptions {
  /**
   * Makes sending repeatable: the same id in the same room is sent once, whatever happens in between (within the time
   * the homeserver remembers, a day, and as long as the bot keeps its device). Default: a new one.
   */
  txnId?: string;
  signal?: AbortSignal;
}

export interface CreateRoom {
  name?: string;
  topic?: string;
  invite?: readonly UserId[];
  preset?: 'private_chat' | 'trusted_private_chat' | 'public_chat';
  roomAliasName?: string;
  isDirect?: boolean;
  /** Default true; a room cannot be made unencrypted later. */
  encrypted?: boolean;
  rotation?: { periodMs?: number; messages?: number };
  /** `invited` and `joined` keep what was said before from later members. */
  historyVisibility?: 'invited' | 'joined' | 'shared';
  /** Default false: the room's events never leave this homeserver (`m.federate`). */
  federated?: boolean;
  creationContent?: Json;
  initialState?: readonly InitialState[];
  powerLevels?: Json;
}

/** A file that came with a message. */
export interface ReceivedFile {
  bytes: Uint8Array;
  mimetype: string | undefined;
}

/** How a bot is doing; plain data for /health. */
export interface BotHealth {
  state: 'stopped' | 'starting' | 'running' | 'failed';
  userId: UserId;
  deviceId: string | undefined;
  /** Milliseconds since the last answered sync; undefined before the first. */
  syncAgeMs: number | undefined;
  /** Whether the last sync failed. */
  syncFailing: boolean;
  /** Events that wait for their handlers. */
  inbox: number;
  /** Events whose key is missing. */
  undecrypted: number;
  /** Messages that wait to be sent. */
  sending: number;
  rooms: number;
}

export type { MxcUri };
