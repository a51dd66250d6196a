/* Whom a few typed letters mean; pure. */

export interface Candidate {
  readonly userId: string;
  readonly name: string;
}

/** Readings of a name, syllable by syllable. */
export type ReadingsOf = (name: string) => readonly (readonly string[])[];

/** Without what an input method puts between syllables, and without accents. */
const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/['’\s·]/g, '');

/** Whether letters spell the beginning of syllables, each in full or as its initial: zs, zsan, zhangs, zhangsan. */
export function spells(letters: string, syllables: readonly string[]): boolean {
  if (letters === '') return true;
  const [first, ...rest] = syllables;
  if (first === undefined) return false;
  // In full, or begun where the letters end.
  if (first.startsWith(letters)) return true;
  if (letters.startsWith(first) && spells(letters.slice(first.length), rest)) return true;
  // zh, ch and sh are initials of two letters, for some.
  const initial = /^[zcs]h/.exec(first)?.[0];
  if (initial !== undefined && letters.startsWith(initial) && spells(letters.slice(2), rest)) return true;
  return letters.startsWith(first.charAt(0)) && spells(letters.slice(1), rest);
}

/** How well a candidate fits: 0 best, undefined not at all. */
export function fit(query: string, candidate: Candidate, readingsOf: ReadingsOf): number | undefined {
  const letters = plain(query);
  if (letters === '') return 0;
  const name = plain(candidate.name);
  if (name.startsWith(letters)) return 0;
  // ü is typed as v, too: lv finds 吕.
  const typed = plain(query.normalize('NFC').toLowerCase().replaceAll('ü', 'v'));
  const spelled = /^[a-z]+$/.test(typed) ? readingsOf(candidate.name) : [];
  if (spelled.some((reading) => spells(typed, reading))) return 1;
  const words = candidate.name.split(/[\s·._-]+/).map(plain);
  if (words.some((word) => word.startsWith(letters))) return 2;
  if (name.includes(letters)) return 3;
  const localpart = candidate.userId.slice(1).toLowerCase();
  if (localpart.startsWith(query.toLowerCase()) || plain(localpart).startsWith(letters)) return 4;
  // The given name alone: san finds 张三.
  if (spelled.some((reading) => reading.some((_syllable, at) => at > 0 && spells(typed, reading.slice(at)))))
    return 5;
  return undefined;
}

/** The best candidates, best first; of equals, who comes first. */
export function best<C extends Candidate>(
  query: string,
  candidates: readonly C[],
  readingsOf: ReadingsOf,
  most: number,
): C[] {
  return candidates
    .flatMap((candidate, order) => {
      const score = fit(query, candidate, readingsOf);
      return score === undefined ? [] : [{ candidate, score, order }];
    })
    .sort((one, other) => one.score - other.score || one.order - other.order)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}
