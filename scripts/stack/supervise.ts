import { setTimeout as delay } from 'node:timers/promises';

/** Crashes within this time (ms) of a start count as quick. */
const quickCrash = 60_000;
/** Quick crashes in a row after which a part rests. */
const quickCrashLimit = 5;
/** Wait (ms) before the first new start. */
const firstBackoff = 500;
/** All waits in first waits: between quick starts at most, and how long a part rests at first and at most. */
const waits = { most: 30, firstRest: 120, mostRest: 3_600 };
/** How often (ms) it is looked whether what a part needs is there again. */
const lookEvery = { first: 100, most: 2_000 };

/** What the supervision tells. Times in ms. */
export type SuperviseEvent<P extends string> =
  | { kind: 'crashed'; part: P; reason: string; log: string; again: number }
  /** It is started as soon as `need` is there. */
  | { kind: 'waiting'; part: P; need: P }
  /** It keeps crashing by itself. `again`: when it is tried the next time; undefined: never. */
  | { kind: 'gave-up'; part: P; log: string; again: number | undefined };

/** What the supervision works with. */
export interface SuperviseOptions<P extends string> {
  /** Parts without which a part does not start, or ends. */
  needs: Readonly<Record<P, readonly P[]>>;
  /** Whether a part serves. */
  isThere: (part: P) => boolean | Promise<boolean>;
  /** When (ms since 1970) a part last began to serve; undefined where that is not known. */
  thereSince: (part: P) => number | undefined;
  /** Whether a part runs, or is wanted to be off: then it is left alone. */
  isSettled: (part: P) => boolean;
  /** Throws when the part does not start. */
  start: (part: P) => Promise<unknown>;
  /** Until when (ms since 1970) a part is kept away. */
  heldUntil: (part: P) => number;
  log: (part: P) => string;
  emit: (event: SuperviseEvent<P>) => void;
  /** Ends the waiting. */
  signal: () => AbortSignal;
  backoff: number | undefined;
}

/** One end of a part. */
export interface Crash {
  reason: string;
  /** When it had been started, ms since 1970. */
  started: number;
}

/**
 * Starts parts again that ended. One that ended because another one is away waits for that one, however long it takes.
 * One that crashes by itself is started after growing waits; after five quick crashes it rests, longer each time, and
 * is tried again.
 */
export function supervise<P extends string>(
  options: SuperviseOptions<P>,
): (part: P, crash: Crash) => Promise<void> {
  const { needs, emit, isSettled } = options;
  const unit = options.backoff ?? firstBackoff;
  /** Quick crashes in a row that were its own. */
  const own = new Map<P, number>();

  const missing = async (part: P): Promise<P | undefined> => {
    for (const need of needs[part]) if (!(await options.isThere(need))) return need;
    return undefined;
  };
  /** Something it needs was away while it ran: its end says nothing about itself. */
  const wasDisturbed = (part: P, since: number): boolean =>
    needs[part].some((need) => (options.thereSince(need) ?? 0) > since);

  return async (part, crash) => {
    const signal = options.signal();
    /** False when the stack is being stopped meanwhile. */
    const pause = async (ms: number): Promise<boolean> => {
      await delay(ms, undefined, { signal }).catch(() => undefined);
      return !signal.aborted;
    };
    let { reason, started } = crash;
    let count = Date.now() - started > quickCrash ? 0 : (own.get(part) ?? 0);
    for (;;) {
      const held = options.heldUntil(part) - Date.now();
      const need = held > 0 ? undefined : await missing(part);
      let wait = unit;
      let counted = false;
      if (held > 0) {
        wait = held;
        emit({ kind: 'crashed', part, reason, log: options.log(part), again: held });
      } else if (need !== undefined) {
        emit({ kind: 'waiting', part, need });
        wait = 0;
        for (
          let look = lookEvery.first;
          (await missing(part)) !== undefined;
          look = Math.min(look * 1.5, lookEvery.most)
        )
          if (!(await pause(look)) || isSettled(part)) return;
      } else if (wasDisturbed(part, started)) {
        emit({ kind: 'crashed', part, reason, log: options.log(part), again: wait });
      } else {
        count++;
        counted = true;
        const rests = count - quickCrashLimit;
        wait =
          rests <= 0
            ? unit * Math.min(2 ** (count - 1), waits.most)
            : unit * Math.min(waits.firstRest * 2 ** (rests - 1), waits.mostRest);
        if (rests <= 0) emit({ kind: 'crashed', part, reason, log: options.log(part), again: wait });
        else emit({ kind: 'gave-up', part, log: options.log(part), again: wait });
      }
      if (!(await pause(wait)) || isSettled(part)) return;
      // Two that end at the same moment are told one after the other.
      if (counted && (await missing(part)) !== undefined) {
        count--;
        continue;
      }
      own.set(part, count);
      started = Date.now();
      try {
        await options.start(part);
        return;
      } catch (error) {
        if (signal.aborted) return;
        reason = `it could not be started again: ${(error as Error).message.split('\n', 1)[0] ?? ''}`;
      }
    }
  };
}
