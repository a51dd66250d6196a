import { pinyin } from 'pinyin-pro';
import { withoutMarks } from '../directory/search.ts';
import type { PersonFacts } from '../changes.ts';

const HAN = /\p{Script=Han}/u;
/** Readings of one name that are kept; names of many heteronyms would only bring false hits. */
const MAX_READINGS = 8;
/** Longest name, in syllables, whose mixed typings are kept. */
const MAX_MIXED = 4;

const syllables = (text: string, surname: 'head' | 'off'): string[] =>
  pinyin(text, { toneType: 'none', type: 'array', surname, nonZh: 'removed', v: true });

/** Every likely reading of a Chinese name, surname readings first: 单行 → shan xing, shan hang, dan xing … */
function readings(name: string): string[][] {
  const asName = syllables(name, 'head');
  const plain = syllables(name, 'off');
  const characters = Array.from(name).filter((character) => HAN.test(character));
  let all: string[][] = [[]];
  for (const [at, first] of asName.entries()) {
    const character = characters[at] ?? '';
    // The first character is read as a surname or as it is mostly read; the others in all their common ways.
    const others = at === 0 ? [] : pinyin(character, { multiple: true, toneType: 'none', type: 'array' });
    const ways = [...new Set([first, plain[at] ?? first, ...others.slice(0, 3)])];
    const next = all.flatMap((start) => ways.map((way) => [...start, way]));
    all = next.length <= MAX_READINGS ? next : all.map((start) => [...start, first]);
  }
  return all;
}

/**
 * The ways to type a reading, each syllable in full or as its initial: zhangsan, zsan. The last one stays in full,
 * because search takes what a word begins with (zs, zhangs).
 */
function typings(reading: readonly string[]): string[] {
  const initials = (syllables: readonly string[]): string =>
    syllables.map((syllable) => syllable.charAt(0)).join('');
  if (reading.length > MAX_MIXED) return [reading.join(''), initials(reading)];
  let ways = [''];
  for (const [at, syllable] of reading.entries()) {
    const last = at === reading.length - 1;
    ways = ways.flatMap((way) => (last ? [way + syllable] : [way + syllable, way + syllable.charAt(0)]));
  }
  return [...ways, initials(reading)];
}

/**
 * What a person is found by, lower-case: name (both orders), the same of one width without accents, pinyin in full and
 * initials with heteronyms, title, the e-mail's local part. Search asks whether it contains every word.
 */
export function searchText(
  person: Pick<PersonFacts, 'display_name' | 'given_name' | 'family_name' | 'title' | 'email'>,
): string {
  const words = new Set<string>();
  const add = (text: string): void => {
    const lower = text.normalize('NFC').toLowerCase().trim();
    if (lower === '') return;
    words.add(lower);
    const bare = withoutMarks(lower);
    if (bare !== lower) words.add(bare);
  };
  add(person.display_name);
  const { family_name: family, given_name: given } = person;
  const chinese = HAN.test(`${person.display_name}${family ?? ''}`);
  if (family && given) {
    if (HAN.test(family)) add(`${family}${given}`);
    else {
      add(`${given} ${family}`);
      add(`${family} ${given}`);
    }
  }
  if (chinese) {
    const name = family && given && HAN.test(family) ? `${family}${given}` : person.display_name;
    for (const reading of readings(name.slice(0, 12))) {
      for (const way of typings(reading)) add(way);
    }
  }
  if (person.title) add(person.title);
  const mailbox = person.email?.split('@')[0];
  if (mailbox) add(mailbox);
  return [...words].join(' ');
}
