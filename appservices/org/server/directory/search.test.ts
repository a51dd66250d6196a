import { describe, expect, test } from 'vitest';
import { readingsOf, searchKey, searchPattern, searchWords } from './search.ts';

describe('what somebody types', () => {
  test.each([
    [' Zhang  S ', ['zhang', 's']],
    ['ＺＳ', ['zs']],
    ['José ÉCOLE', ['jose', 'ecole']],
    ['한국', ['한국']],
    ['li.na@example.com', ['li', 'na', 'example', 'com']],
    ['R&D', ['r', 'd']],
    ['张三 经理', ['张三', '经理']],
    ["%_'\\", []],
    ['a a a', ['a']],
    [undefined, []],
    ['1 2 3 4 5 6 7 8 9 10', ['1', '2', '3', '4', '5', '6', '7', '8']],
  ])('%j is %j', (text, words) => {
    expect(searchWords(text)).toEqual(words);
  });

  test('characters outside of ASCII are spelled by their code', () => {
    expect(searchKey('张a𠮷')).toBe('u05f20au20bb7');
    expect(searchPattern('zs')).toBe('% zs%');
    expect(searchPattern('张')).toBe('%u05f20%');
  });

  test.each([
    [['zhang'], [['zhang']]],
    [
      ['zhang', 's'],
      [['zhang', 's'], ['zhangs']],
    ],
    [['张', 's'], [['张', 's']]],
    [
      ['zhang', 's', '研发'],
      [
        ['zhang', 's', '研发'],
        ['zhangs', '研发'],
      ],
    ],
    [
      ['li', 'na', 'yanfa'],
      [['li', 'na', 'yanfa'], ['linayanfa'], ['lina', 'yanfa'], ['li', 'nayanfa']],
    ],
  ])('%j is read as %j', (words, ways) => {
    expect(readingsOf(words)).toEqual(ways);
  });

  test('many words are read in few ways', () => {
    expect(readingsOf(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])).toHaveLength(12);
  });
});
