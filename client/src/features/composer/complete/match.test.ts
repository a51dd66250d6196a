import { describe, expect, test } from 'vitest';
import { best, fit, spells } from './match.ts';
import { readingsOf } from './pinyin.ts';

const person = (name: string, userId = '@p1:qiao.test') => ({ name, userId });
const found = (query: string, name: string): boolean => fit(query, person(name), readingsOf) !== undefined;

describe('a mention’s letters', () => {
  test.each([
    [
      '张三',
      [
        '张',
        '张三',
        '三',
        'z',
        'zs',
        'zhs',
        'zhang',
        'zhangs',
        'zsan',
        'zhangsan',
        "zhang'san",
        'Zhang San',
        'san',
      ],
    ],
    ['单雄信', ['shan', 'shanxiongxin', 'sxx', 'dan', 'dxx']],
    ['曾国藩', ['zeng', 'zgf', 'zengguofan']],
    ['解缙', ['xie', 'xj', 'xiejin']],
    ['欧阳修', ['ouyang', 'oyx', 'ouyangxiu', 'xiu']],
    ['吕布', ['lv', 'lü', 'lb', 'lvbu']],
    ['重阳', ['chong', 'zhong', 'cy', 'zy']],
    ['José García', ['jose', 'José', 'garcia', 'gar']],
    ['Wang Wu 王五', ['wang', 'wu', '王五']],
    ['阿卜杜拉·买买提', ['阿卜杜拉买', 'abdl']],
  ] as const)('%s', (name, queries) => {
    expect(queries.filter((query) => !found(query, name))).toEqual([]);
  });

  test.each([
    ['zx', '张三'],
    ['zhangsi', '张三'],
    ['sz', '张三'],
    ['李', '张三'],
    ['hang', '张三'],
    ['b', 'José García'],
  ])('%s does not mean %s', (query, name) => {
    expect(found(query, name)).toBe(false);
  });

  test('the user id counts, too', () => {
    expect(fit('zhang.san', person('三哥', '@zhang.san:qiao.test'), readingsOf)).toBe(4);
    expect(fit('p1', person('三哥'), readingsOf)).toBe(4);
  });

  test('the better fit comes first', () => {
    const people = [
      person('李三', '@zs:qiao.test'),
      person('张三', '@a:qiao.test'),
      person('zs', '@b:qiao.test'),
      person('周四', '@c:qiao.test'),
      person('王五', '@d:qiao.test'),
    ];
    expect(best('zs', people, readingsOf, 8).map(({ name }) => name)).toEqual(['zs', '张三', '周四', '李三']);
    expect(best('', people, readingsOf, 2).map(({ name }) => name)).toEqual(['李三', '张三']);
  });

  test('a long name and many letters end soon', () => {
    const many = Array.from({ length: 8 }, () => 'a');
    expect(spells('a'.repeat(60), many)).toBe(false);
  });
});
