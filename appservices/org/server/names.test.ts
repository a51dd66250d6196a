import { describe, expect, test } from 'vitest';
import { sort } from './changes.sort.ts';
import { cleanName, inspectName, foldWidth, nameKey } from './names.ts';

describe('names', () => {
  test.each([
    ['张三', '张三'],
    ['  Ann   Lee ', 'Ann Lee'],
    ['张\u3000三', '张 三'],
    ['Ann\u0000\u0007Lee', 'AnnLee'],
    ['Ann\r\nLee', 'Ann Lee'],
    ['\u202Eeel nnA\u202C', 'eel nnA'],
    ['Ann\u200fLee\u200b', 'AnnLee'],
    ['Jose\u0301', 'José'],
    ['می\u200cخواهم', 'می\u200cخواهم'],
    ['Ann \u200d Lee', 'Ann Lee'],
    ['A\u{E0041}nn', 'Ann'],
    ["O'Neil-Ödön, Jr.", "O'Neil-Ödön, Jr."],
  ])('%j becomes %j', (given, kept) => {
    expect(cleanName(given, 200)).toBe(kept);
  });

  test('cleaning twice changes nothing more', () => {
    const once = cleanName('a\u0301\u0301\u0301\u0301\u0301\u0301\u0301b \u202e c', 200)!;
    expect(cleanName(once, 200)).toBe(once);
  });

  test.each(['', '   ', '\u200b\u202e', '\u3164', '\u0301'])('%j is no name', (given) => {
    expect(cleanName(given, 200)).toBeUndefined();
  });

  test('is counted in code points, after cleaning', () => {
    expect(cleanName('𠮷'.repeat(200), 200)).toBe('𠮷'.repeat(200));
    expect(cleanName('𠮷'.repeat(201), 200)).toBeUndefined();
    expect(cleanName('x'.repeat(1000), 200)).toBeUndefined();
    expect(inspectName(`${'x'.repeat(200)}\u200b`, 200)).toMatchObject({ changed: true, tooLong: false });
  });

  test('says whether something was taken out', () => {
    expect(inspectName(' Ann ', 200).changed).toBe(false);
    expect(inspectName('An\u202en', 200).changed).toBe(true);
  });

  test('a broken pair of surrogates does not reach the database', () => {
    expect(cleanName('A\ud800B', 200)).toBe('AB');
  });
});

test.each([
  ['Ａ０００１', 'A0001'],
  ['ｕ１＠corp．test', 'u1@corp.test'],
  ['１３８　００', '138 00'],
  ['张三', '张三'],
])('%s is %s in one width', (text, folded) => {
  expect(foldWidth(text)).toBe(folded);
});

test.each([
  ['研发部（上海）', '研发部(上海)'],
  ['张 伟', '张伟'],
  ['Ｒ＆Ｄ', 'r&d'],
  ['Ann  Lee', 'ann lee'],
])('%s and %s are one name', (one, other) => {
  expect(nameKey(one)).toBe(nameKey(other));
});

test('what is compared is written in one width, whoever writes it', () => {
  const { personSets } = sort([
    {
      kind: 'person_change',
      id: 'p',
      set: {
        email: 'ｕ１＠corp.test',
        external_id: 'Ａ１',
        phone: '１３８',
        display_name: 'Ａnn',
        title: null,
      },
    },
  ]);
  expect(personSets.get('p')).toEqual({
    email: 'u1@corp.test',
    external_id: 'A1',
    phone: '138',
    display_name: 'Ａnn',
    title: null,
  });
});
