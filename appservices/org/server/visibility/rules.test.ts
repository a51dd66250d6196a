import { describe, expect, test } from 'vitest';
import { DepartmentTree, type DepartmentNode } from '../directory/tree.ts';
import { decide, fits, rulesFor, unseenDepartments, type Party, type Rule } from './rules.ts';

const node = (id: string, parent_id: string | null, hidden = false): DepartmentNode => ({
  id,
  name: id,
  parent_id,
  position: 0,
  hidden,
  state: 'active',
});
const tree = new DepartmentTree([
  node('a', null),
  node('a1', 'a'),
  node('b', null),
  node('h', null, true),
  node('h1', 'h'),
  node('hh', 'h', true),
]);
const party = (departments: string[], titles: string[] = [], external = false): Party => ({
  departments,
  titles,
  external,
});
const rule = (
  viewer: Rule['viewer'],
  target: Rule['target'],
  can_see: boolean,
  can_contact = can_see,
): Rule => ({
  viewer,
  target,
  can_see,
  can_contact,
});

describe('selectors', () => {
  test.each([
    [{}, party([]), true],
    [{ departments: ['a'] }, party(['a1']), true],
    [{ departments: ['a1'] }, party(['a']), false],
    [{ departments: [], titles: [] }, party(['b']), true],
    [{ titles: ['经理'] }, party(['b'], [' 经理 ']), true],
    [{ titles: ['Manager'] }, party(['b'], ['MANAGER']), true],
    [{ titles: ['经理'] }, party(['b'], ['副经理']), false],
    [{ departments: ['a'], titles: ['x'] }, party(['a'], ['y']), false],
    [{ external: true }, party([]), false],
    [{ external: true }, party([], [], true), true],
    [{ departments: ['gone'] }, party(['a']), false],
  ])('%j and %j: %s', (selector, who, expected) => {
    expect(fits(selector, who, tree)).toBe(expected);
  });
});

describe('the first rule that fits decides', () => {
  const rules = [
    rule({ departments: ['b'] }, { titles: ['总经理'] }, true, false),
    rule({ departments: ['b'] }, { departments: ['a'] }, false),
    rule({ external: true }, {}, false),
    rule({}, {}, true),
    rule({}, {}, false),
  ];
  test.each([
    ['a rule above wins', party(['b']), party(['a'], ['总经理']), { see: true, contact: false }],
    ['then the next', party(['b']), party(['a1']), { see: false, contact: false }],
    ['others are not concerned', party(['a']), party(['a1']), { see: true, contact: true }],
    ['externals', party([], [], true), party(['b']), { see: false, contact: false }],
  ])('%s', (_what, viewer, target, expected) => {
    expect(decide(rules, viewer, target, tree)).toEqual(expected);
  });
  test('without a rule all is visible', () => {
    expect(decide([], party([]), party([]), tree)).toEqual({ see: true, contact: true });
  });
  test('who is not seen is not contacted', () => {
    expect(decide([rule({}, {}, false, true)], party([]), party([]), tree)).toEqual({
      see: false,
      contact: false,
    });
  });
  test('a viewer needs only the rules up to the one that holds for all', () => {
    expect(rulesFor(rules, party(['a']), tree)).toEqual([rules[3]]);
    expect(rulesFor(rules, party(['b']), tree)).toEqual([rules[0], rules[1], rules[3]]);
  });
});

describe('hidden departments', () => {
  test.each([
    [['a'], ['h', 'h1', 'hh']],
    [['h'], ['hh']],
    [['h1'], ['hh']],
    [['hh'], []],
  ])('from %j, %j are not seen', (viewer, expected) => {
    expect([...unseenDepartments(tree, viewer)].sort()).toEqual(expected);
  });
});
