import type { Log } from '@qiao/platform';

/** With more people at once it is bulk work, which the run does better. */
const MOST_AT_ONCE = 50;

/**
 * Joins people the moment they can read, beside a run that may be busy for minutes. It does what it can: whatever
 * fails or is cut off is left to the run that was asked for when their keys were noted.
 */
export interface PersonLane {
  add(personIds: readonly string[]): void;
  close(): Promise<void>;
}

export function createPersonLane(options: {
  readonly join: (personIds: readonly string[], signal: AbortSignal) => Promise<void>;
  /** Leaves them to the run, now. */
  readonly leave: () => Promise<void>;
  readonly log: Log;
}): PersonLane {
  const stopping = new AbortController();
  const waiting = new Set<string>();
  let running: Promise<void> | undefined;

  const work = async (): Promise<void> => {
    while (waiting.size > 0 && !stopping.signal.aborted) {
      const people = [...waiting];
      waiting.clear();
      try {
        if (people.length > MOST_AT_ONCE) await options.leave();
        else await options.join(people, stopping.signal);
      } catch (error) {
        options.log.debug({ err: error, people: people.length }, 'joins are left to the run');
      }
    }
  };

  return {
    add(personIds) {
      for (const id of personIds) waiting.add(id);
      running ??= work().finally(() => {
        running = undefined;
      });
    },
    async close() {
      stopping.abort();
      await running;
    },
  };
}
