import { describe, expect, test } from 'vitest';
import { fits, lookupsOf, marksOf, parseQuery } from './query.ts';
import { realSentences } from './testing.ts';
import { fold, foldWithMap, tokenize } from './text.ts';

const tokens = (text: string): string[] => {
  const found: string[] = [];
  tokenize(fold(text), (token) => found.push(token));
  return found;
};
const finds = (query: string, text: string): boolean => fits(parseQuery(query), { text });
const marked = (query: string, text: string): string[] =>
  marksOf(parseQuery(query), text).map(([from, to]) => text.slice(from, to));

describe('tokens', () => {
  test('CJK in twos, the last character alone', () => {
    expect(tokens('采购合同')).toEqual(['采购', '购合', '合同', '同']);
    expect(tokens('カタカナ と ひらがな')).toEqual('カタ タカ カナ ナ と ひら らが がな な'.split(' '));
    expect(tokens('한국어')).toEqual(['한국', '국어', '어']);
  });
  test('words folded, mixed text apart', () => {
    expect(tokens('用iPhone16签ＡＢＣ合同')).toEqual(['用', 'iphone16', '16', '签', 'abc', '合同', '同']);
    expect(tokens('Straße, ÉCOLE № ﬁne')).toEqual(['straße', 'ecole', 'no', 'fine']);
  });
  test('emoji and signs are none', () => {
    expect(tokens('👍🏽👨‍👩‍👧 1️⃣ 🇨🇳 —— ¥ …')).toEqual(['1']);
  });
  test('characters beyond the basic plane are one', () => {
    expect(tokens('𠮷野家')).toEqual(['𠮷野', '野家', '家']);
  });
  test('of long words the beginning', () => {
    const [token] = tokens('x'.repeat(1000));
    expect(token).toHaveLength(48);
  });
  test('a hash is one word', () => {
    expect(tokens('a1b2c3d4e5f6')).toEqual(['a1b2c3d4e5f6']);
  });
});

describe('folding', () => {
  test('with a map is the same as without', () => {
    for (const language of ['zh-cn', 'zh-tw', 'ja', 'ko', 'ru', 'fr'] as const) {
      for (const text of realSentences(language)) expect(foldWithMap(text).text).toBe(fold(text));
    }
    for (const text of ['ｶﾞｷﾞ', 'İstanbul', 'e\u0301 ﬃ ㎏', '각', 'ΣΑΣ']) {
      expect(foldWithMap(text).text).toBe(fold(text));
    }
  });
});

describe('queries', () => {
  test.each([
    ['合同', '请看采购合同', true],
    ['购合', '请看采购合同', true],
    ['合 同', '请看采购合同', true],
    ['合同 采购', '请看采购合同', true],
    ['采购同', '采购购同', false],
    ['购', '采购', true],
    ['REL', 'the Release', true],
    ['ease', 'the Release', false],
    ['404', 'error404', true],
    ['error40', 'error404', true],
    ['04', 'error404', false],
    ['ＡＢＣ１', 'abc123', true],
    ['"采购 合同"', '采购  合同', true],
    ['"采购 合同"', '合同 采购', false],
    ['“see the”', 'Look: see   the file', true],
    ['"ee the"', 'Look: see the file', false],
    ['v2版本', '版本 V2.1', true],
    ['jose', 'José', true],
    ['JOSÉ', 'jose', true],
    ['Jose', 'Jose\u0301', true],
    ['ελλαδα', 'Ελλάδα', true],
    ['ёлка', 'елка', true],
    ['ザ', 'サ', false],
    ['!!', 'anything', true],
  ])('%s in %s: %s', (query, text, found) => {
    expect(finds(query, text)).toBe(found);
  });
  test('file names are searched, each field for itself', () => {
    const doc = { text: '请看', file: { name: '采购合同.pdf' } };
    expect(fits(parseQuery('合同 pdf 请看'), doc)).toBe(true);
    expect(fits(parseQuery('看采'), doc)).toBe(false);
  });
  test('two characters need no look into the text, three do', () => {
    expect(parseQuery('合同').needs.map((need) => lookupsOf(need).check)).toEqual([false]);
    expect(parseQuery('采购合').needs.map((need) => lookupsOf(need).check)).toEqual([true]);
  });
  test('a very long query ends', () => {
    expect(parseQuery('合同'.repeat(5000)).needs).toHaveLength(1);
  });
});

describe('marks', () => {
  test('lie in the original text', () => {
    expect(marked('abc 合同', '看ＡＢＣ的合同，合同')).toEqual(['ＡＢＣ', '合同', '合同']);
    expect(marked('ガ', 'ｶﾞ')).toEqual(['ｶﾞ']);
    expect(marked('fin', 'aﬁ ﬁne')).toEqual(['ﬁn']);
    expect(marked('jose', 'an José, Jose\u0301')).toEqual(['José', 'Jose\u0301']);
  });
  test('do not overlap', () => {
    expect(marked('采购合 购合同', '采购合同')).toEqual(['采购合同']);
  });
});
