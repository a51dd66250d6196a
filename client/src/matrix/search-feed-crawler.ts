import { Direction, Filter, MatrixEvent, type MatrixClient } from 'matrix-js-sdk';
import type { ApplyResult, SearchOp } from '../search/types.ts';
import { EVENT } from './names.ts';
import { readEvent } from './search-feed-events.ts';

/** Events asked for at once. */
const BATCH = 100;
/** Least milliseconds between two requests; and not more than half of the time is spent with this. */
const PAUSE = 200;
/** Milliseconds to wait after an error: at first, and at most. */
const RETRY_FIRST = 2_000;
const RETRY_LAST = 60_000;
/** Requests after which the search for the other side of a gap is given up. */
const GAP_REQUESTS = 40;
/** Most events of a room whose keys are waited for beyond a reload. */
const MOST_PENDING = 500;

/** How far a room's history has been read: kept in the index, written with the messages. */
export interface RoomProgress {
  /** Where the history goes on, backwards; absent: from its end. */
  readonly from?: string;
  /** Everything up to the room's beginning has been read. */
  readonly done?: true;
  /** Where gaps begin that a limited sync left, newest last. */
  readonly gaps?: readonly string[];
  /** Events whose keys were missing. */
  readonly pending?: readonly string[];
}

/** Reads what is stored for a room; another version may have written it. */
export function parseProgress(value: unknown): RoomProgress {
  if (typeof value !== 'object' || value === null) return {};
  const given = value as Record<string, unknown>;
  const strings = (list: unknown): string[] =>
    Array.isArray(list) ? list.filter((each): each is string => typeof each === 'string') : [];
  const gaps = strings(given['gaps']);
  const pending = strings(given['pending']);
  return {
    ...(typeof given['from'] === 'string' ? { from: given['from'] } : {}),
    ...(given['done'] === true ? { done: true as const } : {}),
    ...(gaps.length > 0 ? { gaps } : {}),
    ...(pending.length > 0 ? { pending } : {}),
  };
}

/** What the crawler needs of the feed. */
export interface CrawlerHost {
  progress(roomId: string): RoomProgress;
  /** Rooms to read, most important first. */
  rooms(): string[];
  /** Whether whole histories are wanted, or only gaps. */
  wholeHistory(): boolean;
  apply(ops: readonly SearchOp[], roomId: string, progress: RoomProgress): Promise<ApplyResult>;
  /** An event was read whose key is missing. */
  waitFor(event: MatrixEvent): void;
  onProgress(): void;
}

interface Job {
  readonly roomId: string;
  readonly kind: 'gap' | 'history';
}

const isGone = (error: unknown): boolean => {
  const status = (error as { httpStatus?: unknown } | null)?.httpStatus;
  return status === 403 || status === 404 || status === 400;
};
const retryAfter = (error: unknown): number | undefined => {
  const wait = (error as { data?: { retry_after_ms?: unknown } } | null)?.data?.retry_after_ms;
  return typeof wait === 'number' ? wait : undefined;
};

/** Reads rooms' histories backwards, a batch at a time, without pushing itself forward. */
export class Crawler {
  readonly #client: MatrixClient;
  readonly #host: CrawlerHost;
  readonly #filter: Filter;
  #running = false;
  // Read through a method: it changes while something is awaited.
  #stopped = false;
  #wake: (() => void) | undefined;
  #gapRequests = new Map<string, number>();
  #retry = RETRY_FIRST;

  constructor(client: MatrixClient, host: CrawlerHost) {
    this.#client = client;
    this.#host = host;
    this.#filter = new Filter(client.getUserId());
    this.#filter.setDefinition({
      room: {
        timeline: {
          types: [EVENT.message, EVENT.encrypted, EVENT.pollStart, 'm.poll.start', EVENT.redaction],
        },
      },
    });
  }

  /** Goes on if there is something to do and it does not run. */
  start(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    void this.#run().finally(() => {
      this.#running = false;
      this.#host.onProgress();
    });
  }

  #hasEnded(): boolean {
    return this.#stopped;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Ends for good. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #next(): Job | undefined {
    const rooms = this.#host.rooms();
    for (const roomId of rooms) {
      if ((this.#host.progress(roomId).gaps?.length ?? 0) > 0) return { roomId, kind: 'gap' };
    }
    if (!this.#host.wholeHistory()) return undefined;
    const roomId = rooms.find((each) => this.#host.progress(each).done !== true);
    return roomId === undefined ? undefined : { roomId, kind: 'history' };
  }

  async #run(): Promise<void> {
    for (let job = this.#next(); job !== undefined && !this.#stopped; job = this.#next()) {
      const began = performance.now();
      try {
        await this.#step(job);
        this.#retry = RETRY_FIRST;
        this.#host.onProgress();
        await this.#wait(Math.max(PAUSE, performance.now() - began));
      } catch (error) {
        if (this.#hasEnded()) return;
        if (isGone(error)) {
          await this.#host.apply([], job.roomId, this.#after(job, undefined));
        } else {
          await this.#wait(retryAfter(error) ?? this.#retry);
          this.#retry = Math.min(this.#retry * 2, RETRY_LAST);
        }
      }
    }
  }

  /** Progress after a request; `end` is where it goes on, undefined: nowhere. */
  #after(job: Job, end: string | undefined, pending: readonly string[] = []): RoomProgress {
    const { from, done, gaps = [], pending: before = [] } = this.#host.progress(job.roomId);
    const waiting = [...new Set([...before, ...pending])].slice(-MOST_PENDING);
    const nextGaps = job.kind === 'gap' ? [...gaps.slice(0, -1), ...(end === undefined ? [] : [end])] : gaps;
    const next = job.kind === 'history' ? end : from;
    return {
      ...(next === undefined ? {} : { from: next }),
      ...(done === true || (job.kind === 'history' && end === undefined) ? { done: true as const } : {}),
      ...(nextGaps.length > 0 ? { gaps: nextGaps } : {}),
      ...(waiting.length > 0 ? { pending: waiting } : {}),
    };
  }

  async #step(job: Job): Promise<void> {
    const { roomId } = job;
    const { from, gaps = [] } = this.#host.progress(roomId);
    const token = job.kind === 'gap' ? gaps.at(-1) : from;
    const answer = await this.#client.createMessagesRequest(
      roomId,
      token ?? null,
      BATCH,
      Direction.Backward,
      this.#filter,
    );
    // Of their own: the SDK's mapper would take what the timeline shows, and put changes in it that are not decrypted.
    const events = answer.chunk.map((raw) => new MatrixEvent(raw));
    await Promise.all(events.map((event) => this.#client.decryptEventIfNeeded(event).catch(() => undefined)));
    if (this.#hasEnded()) return;
    const ops: SearchOp[] = [];
    const pending: string[] = [];
    for (const event of events) {
      const read = readEvent(event);
      if (read === 'undecryptable') {
        this.#host.waitFor(event);
        pending.push(event.getId() ?? '');
      } else if (read) ops.push(read);
    }
    let end = answer.end === token ? undefined : answer.end;
    const result = await this.#host.apply(ops, roomId, this.#after(job, end, pending));
    if (job.kind !== 'gap' || end === undefined) return;
    // The other side of the gap: messages that are known.
    const requests = (this.#gapRequests.get(roomId) ?? 0) + 1;
    this.#gapRequests.set(roomId, requests);
    if (result.known > 0 || requests >= GAP_REQUESTS) {
      this.#gapRequests.delete(roomId);
      end = undefined;
      const { gaps: left = [], ...rest } = this.#host.progress(roomId);
      const others = left.slice(0, -1);
      await this.#host.apply([], roomId, { ...rest, ...(others.length > 0 ? { gaps: others } : {}) });
    }
  }
}
