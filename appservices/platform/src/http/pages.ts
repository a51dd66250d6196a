import { platformErrors } from '../errors.ts';

/*
 * Lists by pages: `{ items, next }`, where `next` goes back as `?after=`. It holds what the list is sorted by, and the
 * id, of the last item: rows that come or go meanwhile move nothing. Opaque to callers.
 */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Where a list goes on: the sort value and id of the last item. */
export const writeCursor = (value: string, id: string): string =>
  Buffer.from(JSON.stringify([value, id])).toString('base64url');

/** @throws DomainError `platform.bad_request` for anything {@link writeCursor} has not made. */
export function readCursor(text: string | undefined): { value: string; id: string } | undefined {
  if (text === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw platformErrors.bad_request({ reason: 'after' });
  }
  if (
    Array.isArray(parsed) &&
    typeof parsed[0] === 'string' &&
    typeof parsed[1] === 'string' &&
    UUID.test(parsed[1]) &&
    // PostgreSQL's text holds no NUL.
    !parsed[0].includes('\0')
  ) {
    return { value: parsed[0].toWellFormed(), id: parsed[1] };
  }
  throw platformErrors.bad_request({ reason: 'after' });
}

/** {@link writeCursor} of a list by time. */
export const writeTimeCursor = (at: Date, id: string): string => writeCursor(at.toISOString(), id);

/** @throws DomainError `platform.bad_request` for anything {@link writeTimeCursor} has not made. */
export function readTimeCursor(text: string | undefined): { at: Date; id: string } | undefined {
  const cursor = readCursor(text);
  if (cursor === undefined) return undefined;
  const at = new Date(cursor.value);
  if (Number.isNaN(at.getTime()) || at.toISOString() !== cursor.value)
    throw platformErrors.bad_request({ reason: 'after' });
  return { at, id: cursor.id };
}

/** One page of `limit` from rows fetched with one more than that. */
export function cutPage<T>(
  rows: readonly T[],
  limit: number,
  cursor: (row: T) => string,
): { page: T[]; next: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { page, next: rows.length > limit && last !== undefined ? cursor(last) : null };
}
