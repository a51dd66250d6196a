import type { pinyin as pinyinOf } from 'pinyin-pro';

import { fold } from '../search/text.ts';

/*
 * Names as they are typed with a Latin keyboard: 张三 is found by zhangsan, zs, zhangs and zsan, 单雄 as shan and dan.
 * The dictionary (pinyin-pro) is 100 KB and more, so it is loaded when somebody first searches.
 */

const HAN = /\p{Script=Han}/u;
/** One Chinese character, or a run of others. */
const TOKENS = /\p{Script=Han}|[^\p{Script=Han}]+/gu;
/** Characters of a name that are read. */
const MAX_READ = 24;
/** Longest name, in characters, of which other readings than the usual ones count: names of people. */
const MAX_PERSON = 8;
/** Most readings of one name, and of one character in it besides those in the name. */
const MAX_READINGS = 6;
const MAX_OTHERS = 3;

/** One way to read a name: a syllable for each Chinese character, other words as they are. */
type Reading = readonly string[];
/** The readings of a name, likely ones first. */
export type ReadingsOf = (name: string) => readonly Reading[];

type Dictionary = typeof pinyinOf;

/** What a name is compared by, as messages are: lower case, of one width, without accents. */
export const foldName = (text: string): string => fold(text).trim();

/** zh, ch and sh are initials of two letters, for some. */
const ZCS = 'zcs';
const H = 'h'.charCodeAt(0);

/** Without what stands between words and syllables. */
const bare = (text: string): string => text.replace(/['’\s·]/g, '');

/** The readings of names by a dictionary. */
function readingsBy(pinyin: Dictionary): ReadingsOf {
  const known = new Map<string, readonly string[]>();
  /** The usual readings of one character, the likeliest first. */
  const readingsOf = (character: string): readonly string[] => {
    let found = known.get(character);
    if (!found) {
      found = HAN.test(character)
        ? pinyin(character, {
            multiple: true,
            toneType: 'none',
            type: 'array',
            v: true,
          }).slice(0, MAX_OTHERS)
        : [];
      known.set(character, found);
    }
    return found;
  };
  return (name) => {
    const text = name.slice(0, MAX_READ);
    const likely = pinyin(text, {
      toneType: 'none',
      type: 'array',
      surname: 'head',
      nonZh: 'consecutive',
      v: true,
    });
    const characters = text.match(TOKENS) ?? [];
    if (characters.length > MAX_PERSON || characters.length !== likely.length) return [likely];
    let all: string[][] = [[]];
    for (const [at, first] of likely.entries()) {
      const ways = [...new Set([first, ...readingsOf(characters[at] ?? '')])];
      const next = all.flatMap((start) => ways.map((way) => [...start, way]));
      all = next.length <= MAX_READINGS ? next : all.map((start) => [...start, first]);
    }
    return all;
  };
}

/**
 * How letters spell syllables, each in full or as its initial (zs, zsan, zhangs, zhangsan): all of them, or only the
 * beginning; undefined: not at all.
 * @param from index of the first syllable that counts
 */
export function spells(letters: string, syllables: Reading, from = 0): 'all' | 'some' | undefined {
  return spelled(letters, 0, syllables, from);
}

function spelled(letters: string, at: number, syllables: Reading, next: number): 'all' | 'some' | undefined {
  const syllable = syllables[next];
  if (at === letters.length) return syllable === undefined ? 'all' : 'some';
  // Most names are put away by their first letter.
  if (letters.charCodeAt(at) !== syllable?.charCodeAt(0)) return undefined;
  let found: 'some' | undefined;
  const isTwo = syllable.charCodeAt(1) === H && ZCS.includes(syllable.charAt(0));
  for (const length of [syllable.length, isTwo ? 2 : 1, 1]) {
    if (!letters.startsWith(syllable.slice(0, length), at)) continue;
    const rest = spelled(letters, at + length, syllables, next + 1);
    if (rest === 'all') return rest;
    found ??= rest;
  }
  // Begun where the letters end.
  if (syllable.startsWith(letters.slice(at))) return next + 1 === syllables.length ? 'all' : 'some';
  return found;
}

/** A name as it is compared. */
interface KnownName {
  readonly text: string;
  readonly bare: string;
  /** Made when first asked for. */
  readings: readonly Reading[] | undefined;
}

/** How well a query fits a name: 4 the whole name, 3 its beginning, 2 a word's, 1 within; by sound 3 to 1; 0 not. */
export class NameIndex {
  readonly #known = new Map<string, KnownName>();
  #readingsOf: ReadingsOf | undefined;

  /** Loads the dictionary. Without it names are found as they are written. */
  async load(): Promise<void> {
    if (this.#readingsOf) return;
    const { pinyin } = await import('pinyin-pro');
    this.#readingsOf = readingsBy(pinyin);
    this.#known.clear();
  }

  match(name: string, query: string): number {
    const wanted = foldName(query);
    if (wanted === '') return 0;
    const known = this.#of(name);
    const { text } = known;
    if (text === wanted) return 4;
    const at = text.indexOf(wanted);
    const close = bare(wanted);
    if (at === 0 || (close !== '' && known.bare.startsWith(close))) return 3;
    const written = at < 0 ? 0 : /[\p{L}\p{N}]/u.test(text.charAt(at - 1)) && !HAN.test(wanted) ? 1 : 2;
    return Math.max(written, this.#bySound(name, known, query));
  }

  #bySound(name: string, known: KnownName, query: string): number {
    if (!this.#readingsOf || !HAN.test(name)) return 0;
    // ü is typed as v, too: lv finds 吕.
    const sound = bare(foldName(query.normalize('NFC').replaceAll(/ü/gi, 'v')));
    if (!/^[a-z0-9]+$/.test(sound)) return 0;
    known.readings ??= this.#readingsOf(name).map((reading) =>
      reading
        .map((syllable) => foldName(syllable).replace(/[^a-z0-9]/g, ''))
        .filter((syllable) => syllable !== ''),
    );
    let best = 0;
    for (const reading of known.readings) {
      const whole = spells(sound, reading);
      if (whole === 'all') return 3;
      if (whole === 'some') best = 2;
      // The given name alone, or the second word of a group's name.
      for (let syllable = 1; best === 0 && syllable < reading.length; syllable++)
        if (spells(sound, reading, syllable) !== undefined) best = 1;
    }
    return best;
  }

  #of(name: string): KnownName {
    let known = this.#known.get(name);
    if (!known) {
      const text = foldName(name);
      known = { text, bare: bare(text), readings: undefined };
      this.#known.set(name, known);
    }
    return known;
  }
}

/** Shared by everything that finds names on the device. */
export const names = new NameIndex();
