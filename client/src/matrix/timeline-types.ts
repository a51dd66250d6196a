import type { Ask } from './ask-content.ts';
import type { MessageBody } from './message-body.ts';
import type { PollState } from './poll-body.ts';
import type { StateLine } from './state-words.ts';

/** Who wrote a message, as shown. */
export interface Author {
  readonly userId: string;
  /** One line without control characters. */
  readonly name: string;
  readonly avatar: string | undefined;
  /** Of another homeserver. */
  readonly external: boolean;
}

/** Why a message cannot be read. Texts are below `room:utd.`. */
export type UnreadableWhy =
  /** The key has not come to this device (yet). */
  | 'no_key'
  /** Sent before this person was in the room. */
  | 'before_joining'
  /** The key should be in the backup, which this device cannot open (yet). */
  | 'backup_locked'
  /** There was no backup when it was sent. */
  | 'no_backup'
  /** It was sent before this device was there, and its key is not in the backup. */
  | 'not_kept'
  /** The sender does not send keys to this device. */
  | 'withheld'
  /** … because the device is not verified. */
  | 'withheld_unverified'
  /** The sender's identity changed after it was verified, or the device is not the sender's own. */
  | 'untrusted_sender'
  | 'unknown';

/** Where a message of one's own is on its way. */
export type SendState = 'sent' | 'sending' | 'failed';

/** What is not at the homeserver yet: the message, its newest change, or its deletion. */
export interface Unsent {
  readonly txnId: string;
  readonly what: 'message' | 'edit' | 'deletion';
}

export interface Reaction {
  readonly key: string;
  readonly count: number;
  readonly mine: boolean;
  /** Names of some who reacted. */
  readonly names: readonly string[];
}

/** The message that another one answers. */
export interface Quote {
  readonly eventId: string;
  readonly state: 'ready' | 'loading' | 'gone';
  readonly author: Author | undefined;
  readonly preview: Preview | undefined;
}

/** One line for a message: a text of somebody, or a key below `room:preview.`. */
export type Preview =
  { readonly text: string } | { readonly key: string; readonly values?: Readonly<Record<string, string>> };

/** The conversation below a message. */
export interface ThreadInfo {
  readonly count: number;
  readonly last: { readonly author: Author; readonly preview: Preview; readonly ts: number } | undefined;
  readonly unread: number;
  readonly mentions: number;
}

export type Content =
  | MessageBody
  | { readonly kind: 'redacted'; readonly by: string | undefined }
  /** `mayCome`: its writer's client may still give the key, if it remembers (ADR 103). */
  | { readonly kind: 'unreadable'; readonly why: UnreadableWhy; readonly mayCome: boolean }
  | { readonly kind: 'decrypting' }
  | { readonly kind: 'poll'; readonly poll: PollState }
  /** A type that is none of the chat's own: a domain's tile shows it, or a quiet line. */
  | { readonly kind: 'other'; readonly type: string; readonly content: Readonly<Record<string, unknown>> };

/** What the person may do with a message. */
export interface Rights {
  readonly react: boolean;
  readonly reply: boolean;
  readonly edit: boolean;
  readonly redact: boolean;
  readonly pin: boolean;
}

/** One message, all that its view needs; the same object until something of it changes. */
export interface Message {
  readonly kind: 'message';
  /** Stays the same from the local echo on. */
  readonly key: string;
  readonly roomId: string;
  /** Of a message on its way: the local one. */
  readonly eventId: string;
  readonly type: string;
  readonly author: Author;
  readonly own: boolean;
  /** Milliseconds since 1970, by the origin server. */
  readonly ts: number;
  readonly content: Content;
  readonly edited: boolean;
  readonly quote: Quote | undefined;
  readonly reactions: readonly Reaction[];
  readonly thread: ThreadInfo | undefined;
  readonly threadId: string | undefined;
  readonly send: SendState;
  /** What of it is on its way, while `send` is not `sent`. */
  readonly unsent: Unsent | undefined;
  readonly pinned: boolean;
  readonly mentioned: boolean;
  readonly readers: readonly Author[];
  readonly rights: Rights;
  /** Who is asked for an answer by it, as its sender says. */
  readonly ask: Ask | undefined;
  /** Id of the notice that it brings. */
  readonly notice: string | undefined;
  /** Plain text, for copying and for the composer; empty where there is none. */
  readonly text: string;
  /** Follows a message of the same person closely: name and picture are not repeated. */
  readonly continued: boolean;
  /** Who gave the key, where that was not the author: then nothing but the homeserver says who wrote it. */
  readonly keyFrom?: string | undefined;
}

export interface DateItem {
  readonly kind: 'date';
  readonly key: string;
  readonly ts: number;
}

/** Line above the first message that has not been read when the room was opened. */
export interface MarkerItem {
  readonly kind: 'marker';
  readonly key: string;
}

/** Changes of the room that follow one another. */
export interface StateItem {
  readonly kind: 'state';
  readonly key: string;
  readonly ts: number;
  readonly lines: readonly StateLine[];
}

export type TimelineItem = Message | DateItem | MarkerItem | StateItem;

/** What is at one end of what is shown. */
export type Edge = 'more' | 'loading' | 'failed' | 'end';

export interface TimelineSnapshot {
  readonly state: 'loading' | 'ready' | 'failed' | 'missing';
  readonly items: readonly TimelineItem[];
  /** The older end: `end` is the room's beginning (or of what may be read). */
  readonly older: Edge;
  /** The newer end: `end` is now. */
  readonly newer: Edge;
  /** Messages of others that came while the newest was not in sight. */
  readonly unseen: number;
  /** Where the view should go; a new object for each wish. */
  readonly focus: { readonly eventId: string; readonly highlight: boolean } | undefined;
  readonly typing: readonly string[];
  /** Event after which the marker stands, if it may be out of what is loaded. */
  readonly firstUnread: string | undefined;
  /** How often more has come, also when it was nothing: whoever is still near an end asks again. */
  readonly pages: number;
  /** How many messages the person has sent here since it was opened: each is to be in sight. */
  readonly sent: number;
}
