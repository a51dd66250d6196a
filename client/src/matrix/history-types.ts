/*
 * History that is given to people who could not read when it was written (ADR 103).
 */

/** How long a device remembers that somebody is owed what was written, and takes what comes late. */
export const REMEMBERED_MS = 30 * 24 * 3_600_000;

/** What is owed to a person of a conversation, or was given. */
export interface Owed {
  readonly roomId: string;
  readonly userId: string;
  /** When the first message was written that the person could not read; milliseconds since 1970. */
  readonly since: number;
  /** When the newest one was. */
  readonly last: number;
  /** When the keys were sent, and to how many devices. */
  readonly given?: { readonly at: number; readonly devices: number };
}

/** A person of a conversation, as the notices name them. */
export interface Named {
  readonly userId: string;
  readonly name: string;
}

/**
 * What becomes of what is written now for those who cannot read yet. `later`: this device gives them the keys;
 * `own_keys`: it could, but for the person's own keys, which are not set up or not confirmed here; `closed`: the
 * conversation's history is for those who were there; `open`: it is not encrypted.
 */
export type Outlook = 'later' | 'own_keys' | 'closed' | 'open';

/** Who of a conversation cannot read yet, and who was given keys since. */
export interface RoomReaders {
  /** People without any device that has keys. */
  readonly waiting: readonly Named[];
  readonly outlook: Outlook;
  /** Newest first. */
  readonly given: readonly (Named & {
    readonly since: number;
    readonly at: number;
    readonly devices: number;
  })[];
}

export interface HistorySnapshot {
  /** Of the conversations that are shown, by id. */
  readonly rooms: ReadonlyMap<string, RoomReaders>;
}

/** Where it is kept: sealed, on this device. */
export interface HistoryStore {
  all(store: 'history'): Promise<(readonly [key: string, value: unknown])[]>;
  put(store: 'history', key: string, value: unknown): Promise<void>;
  remove(store: 'history', key: string): Promise<void>;
}
