/*
 * Names as they are typed with a Latin keyboard: 张三 is found by zhangsan, zs, zhangs and zsan. The dictionary
 * (pinyin-pro) is 100 KB and more, so it is loaded when somebody first searches.
 */

const HAN = /\p{Script=Han}/u;
/** Longest name whose mixed typings (zhangs, zsan) are kept. */
const MAX_MIXED = 4;
/** Characters of a name that are read. */
const MAX_READ = 24;

/** Reads a name: one syllable for each Chinese character, other words as they are. */
export type Syllables = (name: string) => readonly string[];

/** The ways to type syllables, each in full or as its initial. */
function typings(syllables: readonly string[]): string[] {
  const initials = syllables.map((syllable) => syllable.charAt(0)).join('');
  if (syllables.length > MAX_MIXED) return [syllables.join(''), initials];
  let ways = [''];
  for (const syllable of syllables) ways = ways.flatMap((way) => [way + syllable, way + syllable.charAt(0)]);
  return [...new Set(ways)];
}

/** What a name is compared by: lower case, of one width, without accents. */
export const foldName = (text: string): string =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').normalize('NFC').toLowerCase().trim();

/** How well a query fits a name: 4 the whole name, 3 its beginning, 2 a word's, 1 within, by sound 3 to 1; 0 not. */
export class NameIndex {
  readonly #sounds = new Map<string, readonly string[]>();
  #syllables: Syllables | undefined;

  /** Loads the dictionary. Without it names are found as they are written. */
  async load(): Promise<void> {
    if (this.#syllables) return;
    const { pinyin } = await import('pinyin-pro');
    this.useSyllables((name) =>
      pinyin(name, { toneType: 'none', type: 'array', surname: 'head', nonZh: 'consecutive', v: true }),
    );
  }

  useSyllables(syllables: Syllables): void {
    this.#syllables = syllables;
    this.#sounds.clear();
  }

  match(name: string, query: string): number {
    const wanted = foldName(query);
    if (wanted === '') return 0;
    const text = foldName(name);
    if (text === wanted) return 4;
    const at = text.indexOf(wanted);
    if (at === 0) return 3;
    if (at > 0) return /[\p{L}\p{N}]/u.test(text.charAt(at - 1)) && !HAN.test(wanted) ? 1 : 2;
    if (!/^[a-z0-9 ']+$/.test(wanted)) return 0;
    const sound = wanted.replace(/[ ']/g, '');
    const sounds = this.#soundsOf(name);
    if (sounds.some((each) => each === sound)) return 3;
    if (sounds.some((each) => each.startsWith(sound))) return 2;
    // The given name alone, or the second word of a group's name.
    return sound.length > 1 && sounds.some((each) => each.includes(sound)) ? 1 : 0;
  }

  #soundsOf(name: string): readonly string[] {
    if (!this.#syllables || !HAN.test(name)) return [];
    const known = this.#sounds.get(name);
    if (known) return known;
    const syllables = this.#syllables(name.slice(0, MAX_READ))
      .map((syllable) => foldName(syllable).replace(/[^a-z0-9]/g, ''))
      .filter((syllable) => syllable !== '');
    const sounds = typings(syllables);
    this.#sounds.set(name, sounds);
    return sounds;
  }
}

/** Shared by the quick switcher and whoever else looks for names. */
export const names = new NameIndex();
