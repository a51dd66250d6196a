import { pinyin } from 'pinyin-pro';
import { withoutMarks } from './search.ts';

/** Goes up when {@link sortName} answers something else for a name: the host then makes all keys anew. */
export const SORT_RULE = 2;
/** Characters of a name that are read; the rest only tells equals apart. */
const MAX_READ = 40;
const HAN = /\p{Script=Han}/u;
const LETTER = /[\p{L}\p{N}]/u;
/** Letters that have no decomposition, as they are written without their mark. */
const PLAIN: Readonly<Record<string, string>> = {
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ħ: 'h',
  ı: 'i',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ð: 'd',
  þ: 'th',
};
/** Names without any letter come last. */
const LAST = '~';

/**
 * What a person is listed by, compared by code points: Chinese by pinyin with its tone (surnames as surnames, 单 shan,
 * 欧阳 ou yang), one surname beside its like (`li2黎`, `li3李`), among Latin names of the same letter; without case,
 * accents and punctuation. The name itself is at the end, so that different names differ.
 */
export function sortName(displayName: string): string {
  const name = displayName.normalize('NFC');
  const read = Array.from(name).slice(0, MAX_READ).join('');
  let key = '';
  for (const one of pinyin(read, { type: 'all', toneType: 'num', surname: 'head', v: true })) {
    if (one.isZh && HAN.test(one.origin)) key += ` ${one.pinyin}${one.origin} `;
    else
      for (const c of withoutMarks(one.origin).toLowerCase()) key += LETTER.test(c) ? (PLAIN[c] ?? c) : ' ';
  }
  const words = key.replace(/ +/g, ' ').trim();
  return `${words === '' ? LAST : words}\t${name}`;
}
