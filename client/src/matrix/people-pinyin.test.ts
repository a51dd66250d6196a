import { beforeAll, describe, expect, test } from 'vitest';
import { NameIndex, spells } from './people-pinyin.ts';

const index = new NameIndex();
const bare = new NameIndex();
beforeAll(() => index.load());

describe('names by a few letters', () => {
  test.each([
    ['张三', ['张', '张三', '三', 'z', 'zs', 'zhs', 'zhang', 'zhangs', 'zsan', 'zhangsan']],
    ['张三', ["zhang'san", 'Zhang San', 'zhang s', 'ZhangSan', 'san']],
    // A surname has a reading of its own; the usual one counts, too.
    ['单雄信', ['shan', 'shanxiongxin', 'sxx', 'dan', 'dxx']],
    ['曾国藩', ['zeng', 'zgf', 'zengguofan']],
    ['解缙', ['xie', 'xj', 'xiejin']],
    ['欧阳修', ['ouyang', 'oyx', 'ouyangxiu', 'xiu']],
    ['吕布', ['lv', 'lü', 'lb', 'lvbu']],
    ['重阳', ['chong', 'zhong', 'cy', 'zy']],
    ['产品部', ['cpb', 'chanpinb']],
    ['Qiao 产品部', ['chanpin', 'qiaocpb', 'qiao']],
    ['José Álvarez', ['alvarez', 'jose', 'José', 'alv']],
    ['Wang Wu 王五', ['wang', 'wu', '王五']],
    ['阿卜杜拉·买买提', ['阿卜杜拉买', 'abdl']],
    ['ＡＢＣ', ['abc']],
  ])('%s by %j', (name, queries) => {
    expect(queries.filter((query) => index.match(name, query) === 0)).toEqual([]);
  });

  test.each([
    ['张三', 'lisi'],
    ['张三', 'zx'],
    ['张三', 'zhangsi'],
    ['张三', 'sz'],
    ['张三', '李'],
    ['张三', 'hang'],
    ['张三', ''],
    ['张三', '   '],
    ['Ann', 'zs'],
    ['José García', 'b'],
    ['张三', '?'],
    ['张三', "'"],
  ])('%s not by “%s”', (name, query) => {
    expect(index.match(name, query)).toBe(0);
  });

  test('a long name and many letters end soon', () => {
    const many = Array.from({ length: 8 }, () => 'a');
    expect(spells('a'.repeat(60), many)).toBeUndefined();
  });

  test('better fits come first', () => {
    const fit = (name: string) => index.match(name, 'zs');
    expect(fit('zs')).toBeGreaterThan(fit('张三'));
    expect(fit('张三')).toBeGreaterThan(fit('张三丰'));
    expect(index.match('Sales', 'sa')).toBeGreaterThan(index.match('Global sales', 'sa'));
    expect(index.match('Global sales', 'sa')).toBeGreaterThan(index.match('Nessa', 'sa'));
  });

  test('before the dictionary is there, names are found as written', () => {
    expect(bare.match('张三', '三')).toBeGreaterThan(0);
    expect(bare.match('张三', 'zs')).toBe(0);
  });
});
