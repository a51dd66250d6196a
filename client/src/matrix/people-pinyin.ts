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

type Dictionary = (typeof import('pinyin-pro'))['pinyin'];

/** What a name is compared by: lower case, of one width, without accents. */
export const foldName = (text: string): string =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').normalize('NFC').toLowerCase().trim();

/** Without what stands between words and syllables. */
const bare = (text: string): string => text.replace(/['’\s·]/g, '');

/** The readings of names by a dictionary. */
function readingsBy(pinyin: Dictionary): ReadingsOf {
  const syllables = (text: string, surname: 'head' | 'off'): string[] =>
    pinyin(text, { toneType: 'none', type: 'array', surname, nonZh: 'consecutive', v: true });
  return (name) => {
    const text = name.slice(0, MAX_READ);
    const asName = syllables(text, 'head');
    const characters = text.match(TOKENS) ?? [];
    if (characters.length > MAX_PERSON || characters.length !== asName.length) return [asName];
    const plain = syllables(text, 'off');
    let all: string[][] = [[]];
    for (const [at, first] of asName.entries()) {
      const character = characters[at] ?? '';
      const others = HAN.test(character)
        ? pinyin(character, { multiple: true, toneType: 'none', type: 'array', v: true })
        : [];
      const ways = [...new Set([first, plain[at] ?? first, ...others.slice(0, MAX_OTHERS)])];
      const next = all.flatMap((start) => ways.map((way) => [...start, way]));
      all = next.length <= MAX_READINGS ? next : all.map((start) => [...start, first]);
    }
    return all;
  };
}

/**
 * How letters spell syllables from the first on, each in full or as its initial (zs, zsan, zhangs, zhangsan): all of
 * them, or only the beginning; undefined: not at all.
 */
export function spells(letters: string, syllables: Reading): 'all' | 'some' | undefined {
  if (letters === '') return syllables.length === 0 ? 'all' : 'some';
  const [first, ...rest] = syllables;
  if (first === undefined) return undefined;
  let found: 'some' | undefined;
  // zh, ch and sh are initials of two letters, for some.
  const initial = /^[zcs]h/.exec(first)?.[0];
  for (const part of new Set([first, initial ?? first.charAt(0), first.charAt(0)])) {
    if (!letters.startsWith(part)) continue;
    const spelled = spells(letters.slice(part.length), rest);
    if (spelled === 'all') return spelled;
    found ??= spelled;
  }
  // Begun where the letters end.
  if (first.startsWith(letters)) return rest.length === 0 ? 'all' : 'some';
  return found;
}

/** How well a query fits a name: 4 the whole name, 3 its beginning, 2 a word's, 1 within; by sound 3 to 1; 0 not. */
export class NameIndex {
  readonly #read = new Map<string, readonly Reading[]>();
  #readingsOf: ReadingsOf | undefined;

  /** Loads the dictionary. Without it names are found as they are written. */
  async load(): Promise<void> {
    if (this.#readingsOf) return;
    const { pinyin } = await import('pinyin-pro');
    this.#readingsOf = readingsBy(pinyin);
    this.#read.clear();
  }

  match(name: string, query: string): number {
    const wanted = foldName(query);
    if (wanted === '') return 0;
    const text = foldName(name);
    if (text === wanted) return 4;
    const at = text.indexOf(wanted);
    if (at === 0 || (bare(wanted) !== '' && bare(text).startsWith(bare(wanted)))) return 3;
    const written = at < 0 ? 0 : /[\p{L}\p{N}]/u.test(text.charAt(at - 1)) && !HAN.test(wanted) ? 1 : 2;
    return Math.max(written, this.#bySound(name, query));
  }

  #bySound(name: string, query: string): number {
    // ü is typed as v, too: lv finds 吕.
    const sound = bare(foldName(query.normalize('NFC').replaceAll(/ü/gi, 'v')));
    if (!/^[a-z0-9]+$/.test(sound)) return 0;
    let best = 0;
    for (const reading of this.#readings(name)) {
      const whole = spells(sound, reading);
      if (whole === 'all') return 3;
      if (whole === 'some') best = 2;
      // The given name alone, or the second word of a group's name.
      else if (
        best === 0 &&
        reading.some((_syllable, from) => spells(sound, reading.slice(from)) !== undefined)
      )
        best = 1;
    }
    return best;
  }

  #readings(name: string): readonly Reading[] {
    if (!this.#readingsOf || !HAN.test(name)) return [];
    const known = this.#read.get(name);
    if (known) return known;
    const read = this.#readingsOf(name).map((reading) =>
      reading
        .map((syllable) => foldName(syllable).replace(/[^a-z0-9]/g, ''))
        .filter((syllable) => syllable !== ''),
    );
    this.#read.set(name, read);
    return read;
  }
}

/** Shared by everything that finds names on the device. */
export const names = new NameIndex();
