import { describe, expect, test } from 'vitest';
import { joinedWord, searchKey, searchPattern, searchWords } from './search.ts';

describe('what somebody types', () => {
  test.each([
    [' Zhang  S ', ['zhang', 's']],
    ['ＺＳ', ['zs']],
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

  test('only letters are joined as pinyin', () => {
    expect(joinedWord(['zhang', 's'])).toBe('zhangs');
    expect(joinedWord(['zhang'])).toBeUndefined();
    expect(joinedWord(['张', 's'])).toBeUndefined();
  });
});
