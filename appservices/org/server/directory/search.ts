import { sql, type RawBuilder } from 'kysely';

/** Words of one search beyond these are not looked at. */
const MAX_WORDS = 8;

/** Text of one width and without accents (NFKD without marks), as names are compared in a search. */
export const withoutMarks = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .normalize('NFC');

/** Words as they are compared: {@link withoutMarks}, lower-case, one blank between them and no punctuation. */
export const plainText = (text: string): string =>
  withoutMarks(text)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

/** What somebody typed, as the words that all have to match. */
export function searchWords(text: string | undefined): string[] {
  const words = plainText(text ?? '')
    .split(' ')
    .filter((word) => word !== '');
  return [...new Set(words)].slice(0, MAX_WORDS);
}

/**
 * A word as it stands in `org.person.search_key` (migration 002): every character outside of ASCII as
 * `u<hex>`, so that the trigram index sees it whatever the database's collation knows of it.
 */
export function searchKey(word: string): string {
  return Array.from(word, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 128 ? character : `u${code.toString(16).padStart(5, '0')}`;
  }).join('');
}

/** Whether a word begins with a character of ASCII: then it has to begin a word of the person's text. */
const STARTS_ASCII = /^[a-z0-9]/;

/** The person's text (`column`) has a word that begins with it, or for other scripts contains it. */
export function searchPattern(word: string): string {
  const key = searchKey(word);
  return STARTS_ASCII.test(word) ? `% ${key}%` : `%${key}%`;
}

/** Most syllables of a name that are typed with blanks between them. */
const MAX_SYLLABLES = 4;
/** Ways to read one search beyond these are not looked at. */
const MAX_WAYS = 12;
const LETTERS = /^[a-z]+$/;

/**
 * The ways to read what was typed, each as words that all have to match: as it stands, and with words of letters side
 * by side as the syllables of one name, `zhang s yanfa` as `zhangs yanfa`.
 */
export function readingsOf(words: readonly string[]): string[][] {
  const ways = [[...words]];
  for (let length = Math.min(words.length, MAX_SYLLABLES); length > 1; length--) {
    for (let at = 0; at + length <= words.length && ways.length < MAX_WAYS; at++) {
      const run = words.slice(at, at + length);
      if (run.every((word) => LETTERS.test(word)))
        ways.push([...words.slice(0, at), run.join(''), ...words.slice(at + length)]);
    }
  }
  return ways;
}

/** `p` is `org.person`: all words fit, in any order; those side by side may be the syllables of one name. */
export function searchCondition(
  words: readonly string[],
  matches: (word: string) => RawBuilder<boolean> = (word) =>
    sql<boolean>`p.search_key like ${searchPattern(word)}`,
): RawBuilder<boolean> {
  if (words.length === 0) return sql<boolean>`true`;
  const ways = readingsOf(words).map((way) => sql`(${sql.join(way.map(matches), sql` and `)})`);
  return sql<boolean>`(${sql.join(ways, sql` or `)})`;
}
