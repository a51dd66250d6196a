import type { ApplyResult, SearchOp, SearchPage, SearchRequest, SearchStats } from './types.ts';

/** What the page asks of the worker: name, arguments, answer. */
export interface WorkerCalls {
  /** Opens the index; waits until no other tab has it. */
  open: { args: { key: CryptoKey; database: string }; answer: OpenAnswer };
  apply: {
    args: { ops: readonly SearchOp[]; state?: Readonly<Record<string, unknown>> };
    answer: ApplyResult;
  };
  search: { args: SearchRequest; answer: SearchPage };
  stats: { args: undefined; answer: SearchStats };
  rooms: { args: undefined; answer: string[] };
  dropRooms: { args: { roomIds: readonly string[] }; answer: undefined };
  /** Empties the index. */
  reset: { args: undefined; answer: undefined };
  /** Writes what is in memory. */
  flush: { args: undefined; answer: undefined };
  /** Writes, waits for merges, lets other tabs have the index. */
  close: { args: undefined; answer: undefined };
}

export interface OpenAnswer {
  /** What the feed had kept; see `SearchIndex.state`. */
  readonly state: Readonly<Record<string, unknown>>;
  /** There was an index that could not be read; it is empty now. */
  readonly damaged: boolean;
}

export interface CallMessage {
  readonly id: number;
  readonly name: keyof WorkerCalls;
  readonly args: unknown;
}

export type WorkerMessage =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } }
  /** Without having been asked: the index was found damaged and emptied, or could not be written. */
  | { readonly event: 'damaged' | 'not-written' | 'written'; readonly reason?: string };
