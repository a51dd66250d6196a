import type { Department } from '@qiao/org/contract';
import { describe, expect, test } from 'vitest';
import { aDepartment } from '../testing/builders.ts';
import { buildTree, isWithin, placeOf, stepPlace, visibleRows } from './tree.ts';

const some: Department[] = [
  aDepartment({ id: 'a', name: 'Sales', position: 0 }),
  aDepartment({ id: 'b', name: 'Engineering', position: 1 }),
  aDepartment({ id: 'b2', name: 'Tools', parent_id: 'b', position: 1 }),
  aDepartment({ id: 'b1', name: 'Platform', parent_id: 'b', position: 0 }),
  aDepartment({ id: 'c', name: '研发中心', position: 2 }),
];
const shown = (expanded: string[], filter = ''): string[] =>
  visibleRows(buildTree(some), new Set(expanded), filter).map(
    (row) => `${'-'.repeat(row.level - 1)}${row.department.id}`,
  );

describe('rows', () => {
  test('closed departments hide what is below', () => {
    expect(shown([])).toEqual(['a', 'b', 'c']);
    expect(shown(['b'])).toEqual(['a', 'b', '-b1', '-b2', 'c']);
  });
  test('a filter shows the way to what matches', () => {
    expect(shown([], 'tools')).toEqual(['b', '-b2']);
    expect(shown([], '研发')).toEqual(['c']);
  });
  test('a department whose parent may not be seen is at the top', () => {
    const rows = visibleRows(buildTree([aDepartment({ id: 'x', parent_id: 'hidden' })]), new Set());
    expect(rows.map((row) => [row.department.id, row.level, row.parent])).toEqual([['x', 1, null]]);
  });
  test('a moved department is shown at its new place', () => {
    const tree = buildTree(some, { id: 'a', place: { parent: 'b', index: 1 } });
    const ids = visibleRows(tree, new Set(['b'])).map((row) => row.department.id);
    expect(ids).toEqual(['b', 'b1', 'a', 'b2', 'c']);
  });
});

describe('moving by key', () => {
  const without = buildTree(some.filter((each) => each.id !== 'c'));
  const start = placeOf(buildTree(some), 'c');
  test('starts where it stands', () => {
    expect(start).toEqual({ parent: null, index: 2 });
  });
  test('up, in, out, and no further than the ends', () => {
    const up = stepPlace(without, start, 'up');
    expect(up).toEqual({ parent: null, index: 1 });
    const inside = stepPlace(without, start, 'in');
    expect(inside).toEqual({ parent: 'b', index: 2 });
    expect(stepPlace(without, inside, 'out')).toEqual({ parent: null, index: 2 });
    expect(stepPlace(without, start, 'down')).toEqual(start);
    expect(stepPlace(without, { parent: null, index: 0 }, 'up')).toEqual({ parent: null, index: 0 });
    expect(stepPlace(without, { parent: null, index: 0 }, 'in')).toEqual({ parent: null, index: 0 });
  });
  test('within', () => {
    const tree = buildTree(some);
    expect(isWithin(tree, 'b1', 'b')).toBe(true);
    expect(isWithin(tree, 'a', 'b')).toBe(false);
  });
});
