import { ConnectionError, HTTPError, MatrixError } from 'matrix-js-sdk';
import type { Outcome } from './outbox-types.ts';

/** Whether the browser's storage refused something: full, or blocked. The encryption says so in its own words. */
export const isStorageTrouble = (error: unknown): boolean =>
  /quota|disk (?:is )?full|no space/iu.test(
    error instanceof Error ? `${error.name} ${error.message}` : String(error),
  );

/** What an attempt that threw came to. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof MatrixError || error instanceof HTTPError) {
    const status = error.httpStatus ?? 0;
    if (error instanceof MatrixError && error.errcode === 'M_UNKNOWN_TOKEN') return { kind: 'signed-out' };
    if (error.isRateLimitError()) {
      let afterMs: number | null = null;
      try {
        afterMs = error.getRetryAfterMs();
      } catch {
        // A header that cannot be read.
      }
      return { kind: 'later', offline: false, ...(afterMs === null ? {} : { afterMs }) };
    }
    if (status === 0 || status === 408 || status >= 500) return { kind: 'later', offline: status === 0 };
    return {
      kind: 'refused',
      reason: (error instanceof MatrixError ? error.errcode : undefined) ?? String(status),
    };
  }
  if (isStorageTrouble(error)) return { kind: 'later', offline: false };
  if (error instanceof ConnectionError || error instanceof TypeError || error instanceof DOMException)
    return { kind: 'later', offline: true };
  return { kind: 'later', offline: false };
}
