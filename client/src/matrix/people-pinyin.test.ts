import { beforeAll, describe, expect, test } from 'vitest';
import { NameIndex } from './people-pinyin.ts';

const index = new NameIndex();
const bare = new NameIndex();
beforeAll(() => index.load());

describe('names by a few letters', () => {
  test.each([
    ['张三', '张'],
    ['张三', 'zs'],
    ['张三', 'zhang'],
    ['张三', 'ZhangSan'],
    ['张三', 'zhang s'],
    ['张三', 'zsan'],
    // A surname has a reading of its own.
    ['单雄信', 'shan'],
    ['吕布', 'lvbu'],
    ['产品部', 'cpb'],
    ['Qiao 产品部', 'chanpin'],
    ['José Álvarez', 'alvarez'],
    ['ＡＢＣ', 'abc'],
  ])('%s by %s', (name, query) => {
    expect(index.match(name, query)).toBeGreaterThan(0);
  });

  test.each([
    ['张三', 'lisi'],
    ['张三', ''],
    ['张三', '   '],
    ['Ann', 'zs'],
    ['张三', '?'],
  ])('%s not by “%s”', (name, query) => {
    expect(index.match(name, query)).toBe(0);
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
