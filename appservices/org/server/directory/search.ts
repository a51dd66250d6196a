import { sql, type RawBuilder } from 'kysely';

/** Words of one search beyond these are not looked at. */
const MAX_WORDS = 8;

/** What somebody typed, as the words that all have to match: NFKC, lower-case, without punctuation. */
export function searchWords(text: string | undefined): string[] {
  const words = (text ?? '')
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .trim()
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

/** `p` is `org.person`: the person's text has a word that begins with it, or for other scripts contains it. */
export function searchCondition(word: string): RawBuilder<boolean> {
  const key = searchKey(word);
  const pattern = STARTS_ASCII.test(word) ? `% ${key}%` : `%${key}%`;
  return sql<boolean>`p.search_key like ${pattern}`;
}
