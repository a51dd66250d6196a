import type { Pending } from '@qiao/notices/contract';
import { dataOf, watch, type Services } from '@qiao/ui-kit';
import { keys, LOOK_MS, noticesApi } from './api.ts';

/** Watches how much of something waits for the person: for the entries of the rail. */
const watching =
  (pick: (pending: Pending) => number) =>
  ({ queries, api }: Services, show: (count: number) => void): (() => void) => {
    const watched = watch<Pending>(
      queries,
      { key: keys.pending, every: LOOK_MS, load: (signal) => api.call(noticesApi.pending, { signal }) },
      (pending) => {
        const data = dataOf(pending);
        show(data === undefined ? 0 : pick(data));
      },
    );
    return watched.end;
  };

/** Open questions and urgent messages to the person. */
export const watchOwed = watching(({ owe }) => owe);
/** Notices to confirm. */
export const watchNotices = watching(({ notices }) => notices);
