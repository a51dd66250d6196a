import { expect, test } from 'vitest';
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
    '吕布',
    '欧文',
    '欧阳娜娜',
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

test('a long name costs no more than its beginning, and any text has a key', () => {
  expect(Buffer.byteLength(sortName('龘'.repeat(256)))).toBeLessThan(2000);
  for (const odd of ['\u0301', '𠮷田', '﨎', '~', ' ', '👨‍👩‍👧']) expect(sortName(odd)).not.toBe('');
});
