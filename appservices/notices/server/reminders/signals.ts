import { loose, type Base } from '../context.ts';
import type { NoticesDb, NoticesTrx } from '../tables.ts';
import { SIGNAL_JOB } from './names.ts';

/** People told at once by one job. */
const BATCH = 100;
/** In growing waits, about ten minutes: longer than a homeserver and a bot need to start again. */
const SIGNAL_ATTEMPTS = 7;

/** Tells people's clients, without content, that something of theirs changed. */
export interface Signals {
  /**
   * After the transaction commits.
   * @param about where many changes come at once: those of the same that still wait become one signal
   */
  enqueue(on: NoticesDb | NoticesTrx, userIds: readonly string[], about?: string): Promise<void>;
}

export function createSignals({ context }: Pick<Base, 'context'>): Signals {
  return {
    async enqueue(on, userIds, about) {
      const all = [...new Set(userIds)];
      for (let at = 0; at < all.length; at += BATCH) {
        await context.queue.enqueue(
          loose(on),
          SIGNAL_JOB,
          { user_ids: all.slice(at, at + BATCH) },
          // Whoever missed it sees the change at the next look: not worth many tries.
          {
            maxAttempts: SIGNAL_ATTEMPTS,
            ...(about === undefined ? {} : { key: `${SIGNAL_JOB}:${about}:${String(at)}` }),
          },
        );
      }
    },
  };
}
