import { withoutHtmlFallback } from './safe-text.ts';

/*
 * The words of a formatted body, for one line of a list or a notification: as they are read, without the signs of
 * Markdown that the plain body may hold. Thousands of lines are made at a start, so nothing is parsed into a document;
 * what comes out is plain text wherever it is shown.
 */

/** No more of a body is looked at than a line can show, with the elements around it. */
export const LOOKED_AT = 4000;
/** Elements within a line; all others end one. */
const INLINE = new Set([
  ...['a', 'abbr', 'b', 'code', 'del', 'em', 'font', 'i', 'ins', 's', 'small', 'span', 'strike', 'strong'],
  ...['sub', 'sup', 'u'],
]);
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};
/** What stands for words that are to be seen only when they are asked for. */
const HIDDEN = '▇▇▇';

function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,6}));/gi, (whole, decimal, hex, name) => {
    if (typeof name === 'string') return NAMED[name.toLowerCase()] ?? whole;
    const code = typeof decimal === 'string' ? Number(decimal) : Number.parseInt(String(hex), 16);
    return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : whole;
  });
}

/** Plain words of a formatted body; a quoted message at its head and hidden words are left out. */
export function wordsOfHtml(html: string): string {
  const words = withoutHtmlFallback(html)
    .slice(0, LOOKED_AT)
    .replace(/<!--[\s\S]*?(?:-->|$)/g, '')
    .replace(/<span\b(?=[^>]*\bdata-mx-spoiler\b)[^>]*>[\s\S]*?(?:<\/span>|$)/gi, HIDDEN)
    .replace(/<(script|style|template)\b[\s\S]*?(?:<\/\1>|$)/gi, '')
    .replace(/<img\b(?=[^>]*\balt="([^">]*)")[^>]*>/gi, '$1')
    .replace(/<\/?([a-z][\w-]*)\b[^>]*(?:>|$)/gi, (_tag, name: string) =>
      INLINE.has(name.toLowerCase()) ? '' : ' ',
    );
  return decoded(words).replace(/\s+/g, ' ').trim();
}
