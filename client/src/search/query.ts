import { beginsWithWord, cutToken, fold, foldWithMap, MAX_TOKEN, runsOf, wordStarts } from './text.ts';
import type { SearchDoc } from './types.ts';

/** Longest query, in UTF-16 units; the rest is not looked at. */
export const MAX_QUERY = 200;

/** One thing a message has to have. */
export type Need =
  /** A word that begins so. */
  | { readonly kind: 'word'; readonly text: string }
  /** These CJK characters, next to each other. */
  | { readonly kind: 'cjk'; readonly text: string }
  /** This text, from the beginning of a word on; white space counts as one blank. */
  | { readonly kind: 'phrase'; readonly text: string };

/** A query, read. */
export interface Query {
  readonly needs: readonly Need[];
}

/** What the index has to be asked: tokens that are exactly so, and beginnings of tokens. */
export interface Lookups {
  readonly exact: readonly string[];
  readonly prefix: readonly string[];
  /** What the lookups find has to be checked against the text. */
  readonly check: boolean;
}

const QUOTED = /["“”„「『]([^"“”„「」『』]*)["“”「」『』]?/gu;
const oneBlank = (text: string): string => text.replace(/\s+/gu, ' ');

function runNeeds(text: string, needs: Map<string, Need>): void {
  for (const run of runsOf(text)) {
    const need: Need = { kind: run.cjk ? 'cjk' : 'word', text: run.text };
    needs.set(`${need.kind} ${need.text}`, need);
  }
}

/** Reads a query: words and CJK runs anywhere, phrases in quotes. */
export function parseQuery(text: string): Query {
  const needs = new Map<string, Need>();
  // Typographic quotes are no compatibility forms: folding leaves them.
  const rest = fold(text.slice(0, MAX_QUERY)).replace(QUOTED, (_all, inner: string) => {
    const phrase = oneBlank(inner).trim();
    const runs = [...runsOf(phrase)];
    if (runs.length > 1) needs.set(`phrase ${phrase}`, { kind: 'phrase', text: phrase });
    else runNeeds(phrase, needs);
    return ' ';
  });
  runNeeds(rest, needs);
  return { needs: [...needs.values()] };
}

function cjkLookups(text: string, exact: string[], prefix: string[]): void {
  const characters = Array.from(text);
  if (characters.length === 1) prefix.push(text);
  for (let index = 1; index < characters.length; index++) {
    exact.push((characters[index - 1] ?? '') + (characters[index] ?? ''));
  }
}

/** How the index finds candidates of a need. */
export function lookupsOf(need: Need): Lookups {
  const exact: string[] = [];
  const prefix: string[] = [];
  if (need.kind === 'word') {
    prefix.push(cutToken(need.text));
    return { exact, prefix, check: need.text.length > MAX_TOKEN };
  }
  if (need.kind === 'cjk') {
    cjkLookups(need.text, exact, prefix);
    return { exact: [...new Set(exact)], prefix, check: exact.length > 1 };
  }
  for (const run of runsOf(need.text)) {
    if (run.cjk) cjkLookups(run.text, exact, prefix);
    else prefix.push(cutToken(run.text));
  }
  return { exact: [...new Set(exact)], prefix: [...new Set(prefix)], check: true };
}

/** Texts of a message that are searched, each for itself. */
export const fieldsOf = (doc: Pick<SearchDoc, 'text' | 'file'>): string[] =>
  doc.file === undefined || doc.file.name === doc.text ? [doc.text] : [doc.text, doc.file.name];

/** Every place where a need is met in folded text. */
function* placesOf(need: Need, folded: string): Generator<[number, number]> {
  const { text } = need;
  if (text === '') return;
  const starts = beginsWithWord(text) ? wordStarts(folded) : undefined;
  for (let at = folded.indexOf(text); at >= 0; at = folded.indexOf(text, at + 1)) {
    if (starts?.has(at) ?? true) yield [at, at + text.length];
  }
}

const meets = (need: Need, folded: string): boolean =>
  !placesOf(need, need.kind === 'phrase' ? oneBlank(folded) : folded).next().done;

/** Whether a message fits, by its text alone: what the index has to agree with. */
export function fits(query: Query, doc: Pick<SearchDoc, 'text' | 'file'>): boolean {
  const fields = fieldsOf(doc).map(fold);
  return query.needs.every((need) => fields.some((field) => meets(need, field)));
}

/** Where a text has what was searched: ordered, not overlapping, in units of the original text. */
export function marksOf(query: Query, text: string): [number, number][] {
  const folded = foldWithMap(text);
  // A phrase is found with white space as it stands; what is between its words is marked with it.
  const found: [number, number][] = [];
  for (const need of query.needs) {
    const source =
      need.kind === 'phrase'
        ? [...runsOf(need.text)].map((run): Need => ({ kind: run.cjk ? 'cjk' : 'word', text: run.text }))
        : [need];
    for (const each of source) {
      for (const [from, to] of placesOf(each, folded.text)) {
        found.push([folded.begin(from), folded.end(to - 1)]);
      }
    }
  }
  found.sort((one, other) => one[0] - other[0] || other[1] - one[1]);
  const marks: [number, number][] = [];
  for (const [from, to] of found) {
    const last = marks.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else marks.push([from, to]);
  }
  return marks;
}
