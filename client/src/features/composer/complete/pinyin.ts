import { pinyin } from 'pinyin-pro';

const HAN = /\p{Script=Han}/u;
/** Longest name whose readings are made, and most readings of one. */
const MAX_NAME = 8;
const MAX_READINGS = 6;

const syllables = (text: string, surname: 'head' | 'off'): string[] =>
  pinyin(text, { toneType: 'none', type: 'array', surname, nonZh: 'removed', v: true });

/** Readings of a name, syllable by syllable: 单行 is shan xing, shan hang, dan xing … */
function readings(name: string): string[][] {
  const asName = syllables(name, 'head');
  const plain = syllables(name, 'off');
  const characters = Array.from(name).filter((character) => HAN.test(character));
  let all: string[][] = [[]];
  for (const [at, first] of asName.entries()) {
    const character = characters[at] ?? '';
    const others = pinyin(character, { multiple: true, toneType: 'none', type: 'array', v: true });
    const ways = [...new Set([first, plain[at] ?? first, ...others.slice(0, 3)])];
    const next = all.flatMap((start) => ways.map((way) => [...start, way]));
    all = next.length <= MAX_READINGS ? next : all.map((start) => [...start, first]);
  }
  return all;
}

const known = new Map<string, readonly (readonly string[])[]>();

/** Readings of a name, made once. Empty where there is nothing Chinese in it. */
export function readingsOf(name: string): readonly (readonly string[])[] {
  if (!HAN.test(name)) return [];
  let found = known.get(name);
  if (!found) {
    found = readings(Array.from(name).slice(0, MAX_NAME).join(''));
    known.set(name, found);
  }
  return found;
}
