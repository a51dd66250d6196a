/*
 * One way to read text for index, queries, marks and names: compatibility forms, case and accents are folded,
 * cluster by cluster, so that the outcome does not depend on what stands around. Traditional and simplified
 * characters are not folded into each other.
 */

/** Text that folding changes by letter case at most, one unit for one. */
const PLAIN = /^[\t\n\r\x20-\x7e\u2018-\u201d\u3001\u3002\u3008-\u3011\u4e00-\u9fff]*$/;
/** A character with what is composed onto it: marks, half-width voicing marks, Hangul written by letters. */
const CLUSTER = /[\u1100-\u115f][\u1160-\u11a7]*[\u11a8-\u11ff]*|.[\p{M}\uff9e\uff9f]*/gsu;

/** Scripts whose marks are accents, which many people do not type; elsewhere (が) they make other letters. */
const ACCENTED = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]/u;

function foldCluster(cluster: string): string {
  const one = cluster.normalize('NFKC').toLowerCase();
  return ACCENTED.test(one)
    ? one
        .normalize('NFD')
        .replace(/\p{M}+/gu, '')
        .normalize('NFC')
    : one;
}

/** Folded text. */
export const fold = (text: string): string =>
  PLAIN.test(text) ? text.toLowerCase() : text.replace(CLUSTER, foldCluster);

/** Folded text, and for each of its units where its cluster begins and ends in the original. */
export interface FoldedText {
  readonly text: string;
  readonly begin: (index: number) => number;
  readonly end: (index: number) => number;
}

/** Like {@link fold}, with the way back to the original for marks. */
export function foldWithMap(text: string): FoldedText {
  if (PLAIN.test(text)) {
    return { text: text.toLowerCase(), begin: (index) => index, end: (index) => index + 1 };
  }
  const begins: number[] = [];
  const ends: number[] = [];
  const folded = text.replace(CLUSTER, (cluster: string, at: number) => {
    const one = foldCluster(cluster);
    begins.push(...Array.from({ length: one.length }, () => at));
    ends.push(...Array.from({ length: one.length }, () => at + cluster.length));
    return one;
  });
  return { text: folded, begin: (index) => begins[index] ?? 0, end: (index) => ends[index] ?? text.length };
}

const CJK = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Bopomofo}ー';
/** Variation selectors and the keycap belong to emoji, not to words. */
const WORD = `[[\\p{L}\\p{N}\\p{M}]--[${CJK}\\ufe00-\\ufe0f\\u20e3]]`;
/** Group 1: a run of CJK characters; group 2: a word. */
const RUNS = new RegExp(`([${CJK}]+)|(${WORD}+)`, 'gv');
const PARTS = /\p{N}+|[^\p{N}]+/gu;
const WORD_CHARACTER = new RegExp(WORD, 'v');

/** Longest token, in UTF-16 units; of longer words (keys, base64) the beginning is indexed. */
export const MAX_TOKEN = 48;

/** What of a token is indexed. */
export const cutToken = (word: string): string => {
  if (word.length <= MAX_TOKEN) return word;
  const short = word.slice(0, MAX_TOKEN);
  return /[\ud800-\udbff]$/.test(short) ? short.slice(0, -1) : short;
};

/** Runs of folded text: CJK characters, or a word. */
export function* runsOf(folded: string): Generator<{ cjk: boolean; text: string; at: number }> {
  for (const match of folded.matchAll(RUNS)) {
    yield { cjk: match[1] !== undefined, text: match[0], at: match.index };
  }
}

/** Most parts of a word, letters or figures, that are found by themselves; a hash has more. */
const MAX_PARTS = 6;

/** Where the parts of a word begin, the first one at 0. */
function partsOf(word: string): number[] {
  const starts: number[] = [];
  for (const match of word.matchAll(PARTS)) {
    if (starts.push(match.index) > MAX_PARTS) return [0];
  }
  return starts;
}

/**
 * Calls `emit` for each token of folded text, repeated ones too. CJK: every two neighbouring characters, and the
 * last of a run alone, so that one character is found as the beginning of what it stands before or is. Words:
 * from the beginning, and from each change between letters and figures (`error404` is found by 404).
 */
export function tokenize(folded: string, emit: (token: string) => void): void {
  for (const run of runsOf(folded)) {
    if (run.cjk) {
      let before = '';
      for (const character of run.text) {
        if (before !== '') emit(before + character);
        before = character;
      }
      emit(before);
    } else for (const start of partsOf(run.text)) emit(cutToken(run.text.slice(start)));
  }
}

/** Where words of folded text can be found from: {@link tokenize} makes tokens there. */
export function wordStarts(folded: string): Set<number> {
  const starts = new Set<number>();
  for (const run of runsOf(folded)) {
    if (!run.cjk) for (const start of partsOf(run.text)) starts.add(run.at + start);
  }
  return starts;
}

/** Whether text begins with a word, not with CJK or a sign. */
export const beginsWithWord = (folded: string): boolean =>
  WORD_CHARACTER.test(String.fromCodePoint(folded.codePointAt(0) ?? 0));
