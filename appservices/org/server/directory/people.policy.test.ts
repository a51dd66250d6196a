import { describe, expect, test } from 'vitest';
import { builtinRoles, orgPermissions } from '../../contract/permissions.ts';
import { Held, type HeldGrant } from '../roles/held.ts';
import {
  mayManagePerson,
  mayReadPerson,
  movedPlaces,
  requireManagePerson,
  type PersonTarget,
  type WishedPlace,
} from './people.policy.ts';
import { DepartmentTree, type DepartmentNode } from './tree.ts';

const node = (id: string, parent_id: string | null): DepartmentNode => ({
  id,
  name: id,
  parent_id,
  position: 0,
  hidden: false,
  state: 'active',
});
const tree = new DepartmentTree([node('a', null), node('a1', 'a'), node('b', null)]);
const grant = (permissions: readonly string[], department_id: string | null = null): HeldGrant => ({
  permissions,
  department_id,
  ends_at: null,
});
const held = (...grants: HeldGrant[]) => new Held(grants, orgPermissions);
const main = held(grant(builtinRoles.main_admin));
const adminA = held(grant(builtinRoles.department_admin, 'a'));
const target = (
  primary: string | null,
  others: readonly string[] = [],
  grants: HeldGrant[] = [],
): PersonTarget => ({
  id: 'p',
  status: 'active',
  places: [
    ...(primary === null ? [] : [{ department_id: primary, is_primary: true }]),
    ...others.map((department_id) => ({ department_id, is_primary: false })),
  ],
  grants,
});

describe('whose account may be managed', () => {
  test.each([
    ['a member of the own subtree', target('a1'), true],
    ['a member of another', target('b'), false],
    ['somebody lent from another department', target('b', ['a1']), false],
    ['somebody lent to another department', target('a1', ['b']), true],
    ['somebody without a department', target(null), false],
    ['a main administrator in the own subtree', target('a1', [], [grant(builtinRoles.main_admin)]), false],
    ['an admin of the same subtree', target('a1', [], [grant(builtinRoles.department_admin, 'a')]), true],
    ['an admin of a part of it', target('a', [], [grant(builtinRoles.department_admin, 'a1')]), true],
    ['an admin of another subtree', target('a1', [], [grant(builtinRoles.department_admin, 'b')]), false],
    [
      'an auditor, by a permission of another domain',
      target('a1', [], [grant(['audit.case.open'], 'a')]),
      false,
    ],
  ] as const)('by a department admin: %s', (_who, person, expected) => {
    expect(mayManagePerson(adminA, tree, person, 'org.person.edit')).toBe(expected);
  });

  test('a main administrator manages everybody, another one too', () => {
    for (const person of [target('b'), target(null), target('a', [], [grant(builtinRoles.main_admin)])]) {
      expect(mayManagePerson(main, tree, person, 'org.person.offboard')).toBe(true);
    }
  });

  test('the permission is the one asked for', () => {
    const editor = held(grant(['org.person.read', 'org.person.edit'], 'a'));
    expect(mayManagePerson(editor, tree, target('a'), 'org.person.edit')).toBe(true);
    expect(mayManagePerson(editor, tree, target('a'), 'org.person.offboard')).toBe(false);
  });

  test('seen but not managed is "not allowed", the rest is "not found"', () => {
    const refused = (person: PersonTarget | undefined) => {
      try {
        requireManagePerson(adminA, tree, person, 'org.person.edit');
        return 'allowed';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(refused(target('b', ['a1']))).toBe('platform.not_allowed');
    expect(mayReadPerson(adminA, tree, target('b', ['a1']))).toBe(true);
    expect(refused(target('b'))).toBe('platform.not_found');
    expect(refused(undefined)).toBe('platform.not_found');
    expect(refused(target('a'))).toBe('allowed');
  });
});

describe('movers', () => {
  const place = (department_id: string, is_primary = false): WishedPlace => ({
    department_id,
    is_primary,
    is_head: false,
    title: null,
  });
  const reach = { read: new Set(['a', 'a1']), edit: new Set(['a', 'a1']) };
  const move = (
    present: WishedPlace[],
    wished: WishedPlace[],
    at: Parameters<typeof movedPlaces>[2] = reach,
  ) => {
    try {
      return movedPlaces(present, wished, at).map((one) => one.department_id);
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  test('within the reach', () => {
    expect(move([place('a', true)], [place('a1', true)])).toEqual(['a1']);
  });
  test('both ends have to be in reach', () => {
    expect(move([place('a', true)], [place('b', true)])).toBe('platform.not_found');
    expect(move([place('b', true)], [place('a', true)])).toEqual(['b', 'a']);
    expect(move([], [place('b', true)])).toBe('platform.not_found');
  });
  test('a place out of reach stays, and is not spoken of', () => {
    expect(move([place('b', true), place('a')], [place('a1')])).toEqual(['b', 'a1']);
    expect(move([place('b', true), place('a')], [place('a'), place('b', true)])).toBe('platform.not_found');
  });
  test('a place that is seen and not to be changed has to stay as it is', () => {
    const reader = { read: 'all', edit: new Set(['a']) } as const;
    expect(move([place('b', true), place('a')], [place('b', true)], reader)).toEqual(['b']);
    expect(move([place('b', true), place('a')], [place('a')], reader)).toBe('platform.not_allowed');
    expect(move([place('b', true), place('a')], [place('b'), place('a', true)], reader)).toBe(
      'platform.not_allowed',
    );
  });
});
