/*
 * What no route of ours can do anything with, whatever it is for: said once, before anything looks at it. PostgreSQL
 * keeps no text with U+0000 and no half of a surrogate pair in JSON, and counts no further than a bigint; JavaScript
 * counts exactly to 2^53 only.
 */

/** Why a request is refused at the door. */
export type DoorReason = 'text' | 'number' | 'boundary';

// A text of JSON may have any code unit; addresses are decoded from UTF-8 and have whole characters.
const isText = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed();

/**
 * What about a parsed body, query or path nobody can keep: a text with U+0000 or half a surrogate pair, also as a name,
 * or a whole number that is not exact any more. However deep: the stack is ours.
 */
export function unkeepable(value: unknown): 'text' | 'number' | undefined {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === 'string') {
      if (!isText(one)) return 'text';
    } else if (typeof one === 'number') {
      if (!Number.isFinite(one) || Math.abs(one) > Number.MAX_SAFE_INTEGER) return 'number';
    } else if (Array.isArray(one)) {
      for (const part of one as unknown[]) open.push(part);
    } else if (typeof one === 'object' && one !== null && isPlain(one)) {
      for (const [name, part] of Object.entries(one)) {
        if (!isText(name)) return 'text';
        open.push(part);
      }
    }
  }
  return undefined;
}

/** Bodies that are streams or bytes are their route's to read. A parsed query has a prototype of its own, with nothing in it. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether a multipart body says where its parts end (RFC 2046 5.1.1); others are none. */
export function hasBoundary(contentType: string | undefined): boolean {
  if (contentType === undefined || !/^\s*multipart\//i.test(contentType)) return true;
  return /;\s*boundary=(?:"[^"]{1,70}"|[^\s;",]{1,70})\s*(?:;|$)/i.test(contentType);
}

/** PostgreSQL: out of range of a number, no text of its encoding, `\u0000` in JSON (appendix A of its manual). */
const UNKEEPABLE_CODES = new Set(['22003', '22021', '22P05']);

/** True for a value that got to the database all the same, and that no try would make it keep. */
export function isUnkeepable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return (typeof code === 'string' && UNKEEPABLE_CODES.has(code)) || isUnkeepable(error.cause);
}
