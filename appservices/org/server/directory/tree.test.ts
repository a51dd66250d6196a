import { describe, expect, test } from 'vitest';
import { DepartmentTree, type DepartmentNode } from './tree.ts';

const node = (id: string, parent_id: string | null, position = 0, hidden = false): DepartmentNode => ({
  id,
  name: id,
  parent_id,
  position,
  hidden,
  state: 'active',
});
const tree = new DepartmentTree([
  node('a2', 'a', 1, true),
  node('a', null, 0),
  node('a1', 'a', 0),
  node('a1x', 'a1'),
  node('b', null, 1),
]);

describe('the tree of departments', () => {
  test('lists parents before children, siblings by position', () => {
    expect(tree.ordered().map(({ id }) => id)).toEqual(['a', 'a1', 'a1x', 'a2', 'b']);
  });
  test('a root is in its own subtree', () => {
    expect([...tree.subtree(['a1'])]).toEqual(['a1', 'a1x']);
    expect(tree.within('a1', new Set(['a1']))).toBe(true);
    expect(tree.within('a1x', new Set(['a']))).toBe(true);
    expect(tree.within('a', new Set(['a1']))).toBe(false);
    expect(tree.within('nobody', new Set(['nobody']))).toBe(false);
  });
  test('a cycle, which the database should never hold, ends', () => {
    const broken = new DepartmentTree([node('x', 'y'), node('y', 'x')]);
    expect(broken.ancestors('x')).toEqual(['y']);
    expect([...broken.subtree(['x'])].sort()).toEqual(['x', 'y']);
    expect(broken.ordered()).toEqual([]);
  });
});
