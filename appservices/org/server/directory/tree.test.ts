import { describe, expect, test } from 'vitest';
import { countMembers, DepartmentTree, type DepartmentNode } from './tree.ts';

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
  test('counts everybody once in every subtree', () => {
    // One person in a1 and a1x, one in a2 and b, two more in a1x.
    const counts = countMembers(tree, {
      direct: new Map([
        ['a1', 1],
        ['a1x', 3],
        ['a2', 1],
        ['b', 1],
      ]),
      several: [
        ['a1', 'a1x'],
        ['a2', 'b'],
      ],
    });
    expect(counts.get('a1')).toEqual({ direct: 1, total: 3 });
    expect(counts.get('a')).toEqual({ direct: 0, total: 4 });
    expect(counts.get('b')).toEqual({ direct: 1, total: 1 });
  });
});
