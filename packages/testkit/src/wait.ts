import { setTimeout as delay } from 'node:timers/promises';

/** Options of `waitFor`. Times in ms. */
export interface WaitOptions {
  timeout?: number;
  interval?: number;
  /** What is waited for; said when it does not come. */
  what?: string;
}

/**
 * Waits until `condition` gives something other than undefined, null or false, and returns it. An
 * error it throws counts as "not yet" and is told when the time is over.
 * @throws Error after `timeout` (default 30 s).
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  const { timeout = 30_000, interval = 50, what = 'the condition' } = options;
  const deadline = Date.now() + timeout;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false)
        return value as Exclude<T, undefined | null | false>;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline)
      throw new Error(`Waited ${timeout} ms in vain for ${what}.`, last === undefined ? {} : { cause: last });
    await delay(interval);
  }
}
