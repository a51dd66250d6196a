/* What the send queue holds, and what it asks of those it is given: a store, and a way to the homeserver. */

/** A file that an item has to upload before it can be sent. */
export interface OutboxUpload {
  /** Its bytes' key in the store. */
  readonly blob: string;
  /** Where its address goes in the event. */
  readonly part: 'file' | 'thumbnail';
  readonly name: string;
  readonly type: string;
  readonly size: number;
  /** Set when it is uploaded. */
  readonly mxc?: string;
}

/** What is to be sent, as it is kept. */
export interface OutboxItem {
  /** The transaction id: the same for every attempt, so that nothing is sent twice. */
  readonly txnId: string;
  readonly roomId: string;
  readonly threadId?: string;
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** The event that it deletes (`m.room.redaction`). */
  readonly redacts?: string;
  /** Has no line of its own in the timeline (a reaction, a deletion): refused, it is given up and told. */
  readonly quiet?: boolean;
  /** When it was sent by the person, milliseconds since 1970. */
  readonly at: number;
  /** A request has left: the homeserver may have it although it was not heard to say so. */
  readonly attempted?: boolean;
  /** Why the homeserver refused it for good. */
  readonly failed?: string;
  readonly uploads?: readonly OutboxUpload[];
}

/** Keeps items over a reload. Any call may fail: storage can be full or deleted. */
export interface OutboxStore {
  all(): Promise<OutboxItem[]>;
  put(item: OutboxItem): Promise<void>;
  remove(item: OutboxItem): Promise<void>;
}

/** What an attempt came to. */
export type Outcome =
  /** The homeserver has it. */
  | { readonly kind: 'sent'; readonly eventId: string }
  /** It may work later; `afterMs` when the homeserver said when. */
  | { readonly kind: 'later'; readonly offline: boolean; readonly afterMs?: number }
  /** It never will; the person decides. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The session has ended: kept until the person signs in again. */
  | { readonly kind: 'signed-out' };

export interface OutboxTransport {
  /** Tries once; does not throw. `update` replaces the kept item (an upload that is done). */
  deliver(item: OutboxItem, update: (item: OutboxItem) => void, signal: AbortSignal): Promise<Outcome>;
  /** Shows the item's state in the timeline. */
  show(item: OutboxItem, state: ItemState): void;
  /** Takes a quiet item out of the timeline: it was refused and is forgotten. */
  refused(item: OutboxItem, reason: string): void;
}

/** A quiet item was refused for good. */
export class RefusedError extends Error {
  /** Code of the homeserver, or one of the transport. */
  readonly reason: string;

  constructor(reason: string) {
    super(`refused: ${reason}`);
    this.reason = reason;
  }
}

/** `waiting`: will be tried again by itself. */
export type ItemState = 'sending' | 'waiting' | 'failed';

/** What an item waits for: that the homeserver is reached, or that it takes more again (429, 5xx). */
export type WaitsFor = 'connection' | 'server';

/** What a queue works with. */
export interface OutboxParts {
  readonly store: OutboxStore;
  readonly transport: OutboxTransport;
  /** Calls `work` after `ms` milliseconds; answers what cancels it. */
  readonly after: (ms: number, work: () => void) => () => void;
  readonly onChange: () => void;
}
