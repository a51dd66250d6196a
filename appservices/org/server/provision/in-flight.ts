/**
 * Works on items, at most `limit` at once; items may be added while it runs (`more`). After the first error no new
 * item is begun, those at work are waited for, then the error is thrown.
 */
export async function inFlight<T>(
  limit: number,
  items: Iterable<T>,
  work: (item: T, more: (item: T) => void) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const failures: unknown[] = [];
  const running = new Set<Promise<void>>();
  const more = (item: T): void => {
    waiting.push(item);
  };
  let next = 0;
  while (failures.length === 0) {
    while (next < waiting.length && running.size < limit) {
      const item = waiting[next] as T;
      next += 1;
      const task: Promise<void> = work(item, more)
        .catch((error: unknown) => {
          failures.push(error);
        })
        .finally(() => running.delete(task));
      running.add(task);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
}

/** Cuts a list into pieces; neighbours with the same key stay together as far as `size` allows. */
export function batches<T>(items: readonly T[], size: number, keyOf?: (item: T) => string): T[][] {
  const out: T[][] = [];
  let batch: T[] = [];
  for (let at = 0; at < items.length;) {
    let end = at + 1;
    if (keyOf) {
      const key = keyOf(items[at] as T);
      while (end < items.length && end - at < size && keyOf(items[end] as T) === key) end += 1;
    }
    if (batch.length > 0 && batch.length + (end - at) > size) {
      out.push(batch);
      batch = [];
    }
    batch.push(...items.slice(at, end));
    at = end;
  }
  if (batch.length > 0) out.push(batch);
  return out;
}
