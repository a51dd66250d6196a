/*
 * Everything here is for text of strangers: names, bodies, content of events. Nothing of it is trusted to be of a
 * type, of a length, or to stay where it is put.
 */

/** Characters of a name that are shown; the rest is cut. */
const NAME_LENGTH = 80;
/** Characters of a body that are shown; an event holds at most 65,536 bytes (client-server API, size limits). */
const BODY_LENGTH = 66_000;

/** C0 and C1 controls, bidi marks, embeddings, overrides and isolates, invisible operators, tag characters. */
const TRICKS =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g;
/** More than three combining marks on one letter climb over the lines above and below. */
const STACKED = /(\p{M}{3})\p{M}+/gu;

/** An object whose properties may be read; arrays and everything else are none. */
export const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};

export const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** A number that is finite and not negative. */
export const asSize = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;

export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A name as it may be shown among others: one line, no control or direction characters, not too long. */
export function cleanName(value: unknown, otherwise: string): string {
  if (typeof value !== 'string') return otherwise;
  const clean = value
    .slice(0, NAME_LENGTH * 8)
    .replace(TRICKS, '')
    .replace(STACKED, '$1')
    .replace(/\s+/gu, ' ')
    .trim();
  if (clean === '') return otherwise;
  const characters = Array.from(clean);
  return characters.length > NAME_LENGTH ? `${characters.slice(0, NAME_LENGTH).join('')}…` : clean;
}

/** A body as text; the reader's lines and directions stay, as it has a block of its own. */
export function cleanBody(value: unknown): string {
  if (typeof value !== 'string') return '';
  return value
    .slice(0, BODY_LENGTH)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, '')
    .replace(STACKED, '$1')
    .trimEnd();
}

/** One line of a longer text, for quotes and lists. */
export const firstLine = (text: string, length = 140): string => {
  const line = cleanName(
    text
      .trim()
      .split('\n', 1)[0]
      ?.slice(0, length * 2) ?? '',
    '',
  );
  const characters = Array.from(line);
  return characters.length > length ? `${characters.slice(0, length).join('')}…` : line;
};

/** The homeserver's name in a user id; empty when it has none. */
export const serverOf = (userId: string): string => {
  const colon = userId.indexOf(':');
  return colon < 0 ? '' : userId.slice(colon + 1);
};

/**
 * What tells an account from others of the same name: within the own server the user name, which people type to sign
 * in; for others the whole Matrix id.
 */
export const handleOf = (userId: string, own: string): string =>
  serverOf(userId) === own ? userId.slice(1, userId.indexOf(':')) : userId;

/*
 * Older clients put the message that is answered before a reply's text ("Rich replies", client-server API before
 * v1.13). It is not what the sender of the reply says: who shows, finds, quotes or copies a reply takes it off here.
 */

/** Its first line in a body: whose words, in `* ` those of an emote. */
const FALLBACK = /^> (?:\* )?<@/u;
/** It in a formatted body. */
const HTML_FALLBACK = /^\s*<mx-reply>[\s\S]*?<\/mx-reply>/iu;

/** Whether a content answers a message. */
export const isReply = (content: Readonly<Record<string, unknown>>): boolean =>
  asText(asRecord(asRecord(content['m.relates_to'])['m.in_reply_to'])['event_id']) !== undefined;

/** A reply's body without the quoted lines that older clients put before its text; what its writer quotes stays. */
export function withoutFallback(body: string): string {
  if (!FALLBACK.test(body)) return body;
  const lines = body.split('\n');
  let first = 0;
  while (lines[first]?.startsWith('> ') === true || lines[first] === '>') first++;
  if (lines[first]?.trim() === '') first++;
  return lines.slice(first).join('\n');
}

/** A reply's formatted body without what {@link withoutFallback} takes off. */
export const withoutHtmlFallback = (html: string): string => html.replace(HTML_FALLBACK, '');
