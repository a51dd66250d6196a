/*
 * What goes into the search index and what comes out. Nothing here knows Matrix' SDK: the feed
 * (`matrix/search-feed.ts`) makes documents of events.
 */

/** What a message has, as bits of {@link SearchDoc.kinds}. */
export const KIND = { text: 1, image: 2, video: 4, audio: 8, file: 16, link: 32, poll: 64 } as const;
/** Kinds that are an attachment. */
export const ANY_FILE = KIND.image | KIND.video | KIND.audio | KIND.file;

/** An attachment, as far as it is shown in a list. */
export interface SearchFile {
  readonly name: string;
  /** Bytes. */
  readonly size?: number;
  readonly mime?: string;
}

/** One message. */
export interface SearchDoc {
  readonly eventId: string;
  readonly roomId: string;
  readonly sender: string;
  /** Origin server's time, milliseconds since 1970. */
  readonly ts: number;
  /** Bits of {@link KIND}. */
  readonly kinds: number;
  /** Body, caption or question; may be empty where there is a file. */
  readonly text: string;
  readonly file?: SearchFile;
  /** Of the edit whose text this is. */
  readonly edit?: { readonly eventId: string; readonly ts: number };
}

/** A change of the index, in the order in which the feed saw things. */
export type SearchOp =
  /** A message; ignored if it is known, unless `force` (it was fetched anew). */
  | { readonly op: 'add'; readonly doc: SearchDoc; readonly force?: boolean }
  /** An edit: `doc.eventId` is the message it changes, `doc.edit` what did it. The message may be unknown yet. */
  | { readonly op: 'edit'; readonly doc: SearchDoc & { readonly edit: { eventId: string; ts: number } } }
  /** A redaction of a message or of an edit. */
  | { readonly op: 'remove'; readonly eventId: string };

/** What {@link SearchOp}s did. */
export interface ApplyResult {
  readonly added: number;
  /** Messages that were known already. */
  readonly known: number;
  /** Messages whose newest edit was redacted: their text has to be fetched and added with `force`. */
  readonly stale: readonly { readonly roomId: string; readonly eventId: string }[];
}

/** What is searched for. All terms have to be met. */
export interface SearchRequest {
  readonly text: string;
  readonly roomIds?: readonly string[];
  readonly senders?: readonly string[];
  /** Milliseconds since 1970, inclusive. */
  readonly from?: number;
  /** Milliseconds since 1970, exclusive. */
  readonly to?: number;
  /** Bits of {@link KIND}, one of which has to be there. */
  readonly kinds?: number;
  readonly order: 'time' | 'relevance';
  /** Most hits of one page. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: number;
}

export interface SearchPage {
  readonly hits: readonly SearchDoc[];
  /** Messages that fit; an upper bound unless `exact` (longer phrases are checked page by page). */
  readonly total: number;
  readonly exact: boolean;
  /** Where the next page begins, or undefined: this is the last. */
  readonly next?: number;
}

/** Size of the index. */
export interface SearchStats {
  /** Messages that can be found. */
  readonly messages: number;
  /** Bytes in IndexedDB. */
  readonly stored: number;
  readonly segments: number;
  /** Bytes of caches and tables in memory, by their lengths. */
  readonly memory: number;
}

/** The index could not be read (damaged, of another key or version): it was emptied and has to be fed again. */
export class IndexDamaged extends Error {
  override name = 'IndexDamaged';
}
