/*
 * Names and previews come from anybody: here they become one line of plain text that can neither reorder the
 * text around it nor grow over it.
 */

/** Most characters of a name in lists. */
export const MAX_NAME = 200;
/** Most characters of a message's preview. */
export const MAX_PREVIEW = 240;

/** C0, C1 and line ends: a blank in their place. */
const BREAKS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
/** What reorders text (UAX #9), or shows nothing: taken out. Joiners stay, emoji and some scripts need them. */
const UNSEEN = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e0fff}]+/gu;
/** More marks upon one letter than any language has. */
const PILED_MARKS = /(\p{M}{4})\p{M}+/gu;

/**
 * One line of plain text.
 * @param max most characters (code points) before it is cut with an ellipsis
 */
export function plainLine(value: unknown, max: number): string {
  if (typeof value !== 'string') return '';
  // A body may have 64 KB: no more than can be shown is looked at.
  const line = value
    .slice(0, max * 4)
    .replace(BREAKS, ' ')
    .replace(UNSEEN, '')
    .replace(PILED_MARKS, '$1')
    .replace(/\s+/g, ' ')
    .trim();
  if (line.length <= max) return line;
  const characters = Array.from(line);
  return characters.length <= max ? line : `${characters.slice(0, max).join('').trimEnd()}…`;
}

/** A name as lists show it; `fallback` (an id) where nothing visible is left. */
export function plainName(value: unknown, fallback: string): string {
  const name = plainLine(value, MAX_NAME);
  return name === '' ? plainLine(fallback, MAX_NAME) : name;
}

/** The server part of a user id; undefined for what is none. */
export function serverOf(userId: string): string | undefined {
  const colon = userId.indexOf(':');
  return userId.startsWith('@') && colon > 1 && colon < userId.length - 1
    ? userId.slice(colon + 1)
    : undefined;
}

/** True for people whose account is on another server than `own`. */
export const isExternalUser = (userId: string, own: string): boolean => {
  const server = serverOf(userId);
  return server !== undefined && server !== own;
};
