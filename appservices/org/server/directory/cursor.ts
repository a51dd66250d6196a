import { platformErrors } from '@qiao/platform';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Where a list goes on: the sort value and id of the last item, opaque to callers. */
export const writeCursor = (value: string, id: string): string =>
  Buffer.from(JSON.stringify([value, id])).toString('base64url');

/** @throws DomainError `platform.bad_request` for anything `writeCursor` has not made. */
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

/** One page of `limit` from rows fetched with one more than that. */
export function cut<T>(
  rows: readonly T[],
  limit: number,
  cursor: (row: T) => string,
): { page: T[]; next: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { page, next: rows.length > limit && last !== undefined ? cursor(last) : null };
}
