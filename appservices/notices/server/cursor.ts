import { platformErrors } from '@qiao/platform';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Where a list by time goes on: time and id of the last item, opaque to callers. */
export const writeCursor = (at: Date, id: string): string =>
  Buffer.from(JSON.stringify([at.toISOString(), id])).toString('base64url');

/** @throws DomainError `platform.bad_request` for anything `writeCursor` has not made. */
export function readCursor(text: string | undefined): { at: Date; id: string } | undefined {
  if (text === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw platformErrors.bad_request({ reason: 'after' });
  }
  if (Array.isArray(parsed) && typeof parsed[0] === 'string' && typeof parsed[1] === 'string') {
    const at = new Date(parsed[0]);
    if (!Number.isNaN(at.getTime()) && at.toISOString() === parsed[0] && UUID.test(parsed[1]))
      return { at, id: parsed[1] };
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
