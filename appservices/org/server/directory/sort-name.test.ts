import { writeCursor } from '@qiao/platform';
import { expect, test } from 'vitest';
import { MAX_CURSOR } from '../../contract/index.ts';
import { sortName } from './sort-name.ts';

const sorted = (names: readonly string[]): string[] =>
  [...names].sort((one, other) => (sortName(one) < sortName(other) ? -1 : 1));

test('names come in the order of their pinyin, Latin ones among them, surnames read as surnames', () => {
  const order = [
    '007号',
    '2号窗口',
    '安然',
    'Anna Berg',
    'Émile Zola',
    'eva 王',
    '黎明',
    '李安',
    '李伟',
    'Lian Smith',
    '林一',
    'Łukasz Nowak',
    '吕布',
    '欧文',
    '欧阳娜娜',
    'Øyvind Berg',
    '仇英',
    '单行',
    '王芳',
    '王五',
    '解晓东',
    '曾国藩',
    '张三',
    '张伟',
    '🙂',
  ];
  for (const start of [order, [...order].reverse(), [...order].sort()]) expect(sorted(start)).toEqual(order);
});

test('widths, case, accents and punctuation do not count, and different names differ', () => {
  const words = (name: string): string => sortName(name).split('\t')[0] ?? '';
  expect(words('ＡＮＮＡ')).toBe('anna');
  expect(words('Müller, Jürgen')).toBe('muller jurgen');
  expect(words('（外包）张三')).toBe(words('外包张三'));
  expect(sortName('Jose')).not.toBe(sortName('José'));
});

test('letters without a decomposition stand with those they look like', () => {
  const words = (name: string): string => sortName(name).split('\t')[0] ?? '';
  expect(words('Łukasz Đorđe Øyvind Ħal')).toBe('lukasz dorde oyvind hal');
  expect(words('Straße Æsir Œuvre Guðrún Þór Yıldız')).toBe('strasse aesir oeuvre gudrun thor yildiz');
  expect(words('ẞ')).toBe('ss');
});

test('a list goes on after any name', () => {
  const id = '00000000-0000-4000-8000-00000000000a';
  // The longest key of a character, in pinyin and by decomposition, and what grows most as UTF-8 (NFC) or as JSON.
  for (const character of ['张', '庄', '龘', '𠮷', '\uFDFA', '\u{1D160}', '\u0390', '\u0001', '"', '🙂', 'ß'])
    expect(writeCursor(sortName(character.repeat(256)), id).length).toBeLessThanOrEqual(MAX_CURSOR);
});

test('a long name costs no more than its beginning, and any text has a key', () => {
  expect(Buffer.byteLength(sortName('龘'.repeat(256)))).toBeLessThan(2000);
  for (const odd of ['\u0301', '𠮷田', '﨎', '~', ' ', '👨‍👩‍👧']) expect(sortName(odd)).not.toBe('');
});
