import { describe, expect, test } from 'vitest';
import { dropPlace, replacePlace } from './departments.service.ts';

const place = (department_id: string, is_primary = false, is_head = false) => ({
  department_id,
  is_primary,
  is_head,
  title: null,
});

describe('people of a department that goes', () => {
  test('move with their primary place, without being head there', () => {
    expect(replacePlace([place('x', true, true), place('z')], 'x', 'y')).toEqual([
      place('z'),
      place('y', true),
    ]);
  });
  test('who is in both keeps what they are there, and exactly one primary place', () => {
    expect(replacePlace([place('x', true), place('y', false, true)], 'x', 'y')).toEqual([
      place('y', true, true),
    ]);
    expect(replacePlace([place('x'), place('y', true)], 'x', 'y')).toEqual([place('y', true)]);
  });
  test('without another department they stay where else they are', () => {
    expect(dropPlace([place('x', true), place('z')], 'x')).toEqual([place('z', true)]);
    expect(dropPlace([place('x', true)], 'x')).toBeUndefined();
  });
});
