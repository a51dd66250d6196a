import { describe, expect, it } from 'vitest';
import { isPersonLocalpart, makeLocalpart, MAX_LOCALPART } from './localpart.ts';
import { searchText } from './search-text.ts';

describe('localpart', () => {
  it.each([
    [{ localpart: 'Ann.Lee' }, 'ann.lee'],
    [{ localpart: '@ann:example.com' }, 'ann'],
    [{ login: 'adventure-works\\mark1', email: 'm@example.com' }, 'mark1'],
    [{ login: 'ann@corp.example', email: 'a@example.com' }, 'ann'],
    [{ email: 'Ken.Sánchez+x@example.com' }, 'ken.sanchez.x'],
    [{ display_name: '张三丰' }, 'zhangsanfeng'],
    [{ display_name: '单雄信' }, 'shanxiongxin'],
    [{ family_name: 'Sánchez', given_name: 'José Luis' }, 'jose.luis.sanchez'],
    [{ display_name: 'Łukasz Groß' }, 'lukasz.gross'],
    [{ localpart: '_evil', display_name: 'Eve' }, 'evil'],
    [{ display_name: 'Ольга', external_id: 'E-17' }, 'e-17'],
    [{ display_name: '🙂' }, 'user'],
    [{ localpart: '00305', display_name: '王芳' }, 'u00305'],
    [{ login: '305', display_name: '王芳' }, 'u305'],
    [{ email: '13800138000@example.com', display_name: '王芳' }, 'wangfang'],
    [{ display_name: 'Ольга', external_id: '00305' }, 'u00305'],
    [{ display_name: '２０２６' }, 'u2026'],
  ])('of %j is %s', (from, expected) => {
    expect(makeLocalpart(from, new Set())).toBe(expected);
  });

  it('of namesakes gets a number', () => {
    const taken = new Set<string>();
    const next = (display_name: string): string => makeLocalpart({ display_name }, taken);
    expect([next('张伟'), next('张伟'), next('章炜'), next('mark1'), next('mark1')]).toEqual([
      'zhangwei',
      'zhangwei2',
      'zhangwei3',
      'mark1',
      'mark1.2',
    ]);
  });

  it('is always valid', () => {
    const taken = new Set<string>();
    for (const text of [
      'x'.repeat(1000),
      '7'.repeat(100),
      '42',
      '...',
      '-a-',
      '_',
      '/+/=',
      'A B C',
      '\u202eabc',
      'é'.repeat(100),
    ]) {
      for (let n = 0; n < 12; n++) {
        const made = makeLocalpart({ localpart: text, display_name: text }, taken);
        expect(isPersonLocalpart(made), made).toBe(true);
        expect(made.length).toBeLessThanOrEqual(MAX_LOCALPART);
      }
    }
  });
});

describe('search text', () => {
  const of = (display_name: string, more: object = {}): string =>
    searchText({ display_name, given_name: null, family_name: null, title: null, email: null, ...more });

  it('finds Chinese names by pinyin and initials, surname readings and heteronyms', () => {
    expect(of('张三').split(' ')).toEqual(expect.arrayContaining(['张三', 'zhangsan', 'zs']));
    expect(of('单行').split(' ')).toEqual(expect.arrayContaining(['shanxing', 'shanhang', 'sx', 'sh']));
    expect(of('欧阳娜娜')).toContain('ouyangnana');
    expect(of('吕布')).toContain('lvbu');
  });

  it('finds Western names in both orders and without accents', () => {
    const text = of('Ken Sánchez', {
      given_name: 'Ken',
      family_name: 'Sánchez',
      title: 'CEO',
      email: 'ken0@x.com',
    });
    for (const part of ['ken sánchez', 'sánchez ken', 'sanchez ken', 'ceo', 'ken0'])
      expect(text).toContain(part);
    expect(text).not.toContain('x.com');
  });

  it('stays short for names of many readings', () => {
    expect(of('乐行重长朝曾单').length).toBeLessThan(400);
  });
});
