import type { PermissionDefinition } from '@qiao/platform';
import { describe, expect, test } from 'vitest';
import { builtinRoles, orgPermissions } from '../../contract/permissions.ts';
import { DepartmentTree, type DepartmentNode } from '../directory/tree.ts';
import { Held, type HeldGrant } from './held.ts';
import { maySeeRole, requireGrantable, requireRevocable, requireRoleEdit } from './roles.policy.ts';

const node = (id: string, parent_id: string | null): DepartmentNode => ({
  id,
  name: id,
  parent_id,
  position: 0,
  hidden: false,
  state: 'active',
});
const tree = new DepartmentTree([node('a', null), node('a1', 'a'), node('b', null)]);
const definitions: readonly PermissionDefinition[] = orgPermissions;
const held = (...grants: HeldGrant[]) => new Held(grants, definitions);
const grant = (
  permissions: readonly string[],
  department_id: string | null = null,
  ends_at: Date | null = null,
): HeldGrant => ({ permissions, department_id, ends_at });
const main = held(grant(builtinRoles.main_admin));
const adminA = held(grant(builtinRoles.department_admin, 'a'));
const departmentAdmin = builtinRoles.department_admin;
const code = (run: () => void): string => {
  try {
    run();
    return 'allowed';
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const soon = new Date('2030-01-01');
const late = new Date('2031-01-01');

describe('what is held', () => {
  test('a company-wide permission in a role over a department gives nothing', () => {
    const odd = held(grant(['org.import.run', 'org.person.read'], 'a'));
    expect(odd.somewhere('org.import.run')).toBe(false);
    expect(odd.over('org.import.run', null, tree)).toBe(false);
    expect(odd.permissions()).toEqual(['org.person.read']);
  });
  test('over the company means over every department', () => {
    expect(main.over('org.person.edit', 'b', tree)).toBe(true);
    expect(adminA.over('org.person.edit', 'a1', tree)).toBe(true);
    expect(adminA.over('org.person.edit', 'b', tree)).toBe(false);
    expect(adminA.over('org.person.edit', null, tree)).toBe(false);
  });
  test('of several the longest counts', () => {
    const both = held(grant(['org.person.edit'], 'a', soon), grant(['org.person.edit'], 'a1', late));
    expect(both.until('org.person.edit', 'a1', tree)).toBe(late);
    expect(both.until('org.person.edit', 'a', tree)).toBe(soon);
    expect(both.until('org.person.edit', 'b', tree)).toBeUndefined();
  });
  test('an unknown permission is never held', () => {
    expect(held(grant(['chat.everything'])).somewhere('chat.everything')).toBe(false);
  });
});

describe('granting', () => {
  const give = (
    by: Held,
    permissions: readonly string[],
    department_id: string | null,
    ends_at: Date | null = null,
  ) =>
    code(() => {
      requireGrantable(by, tree, { permissions, department_id, ends_at });
    });
  test.each([
    ['the same role in the own subtree', adminA, departmentAdmin, 'a1', 'allowed'],
    ['in another subtree', adminA, departmentAdmin, 'b', 'platform.not_found'],
    ['over the company', adminA, departmentAdmin, null, 'platform.not_found'],
    ['main administrator', adminA, builtinRoles.main_admin, 'a', 'org.cannot_grant_more_than_held'],
    [
      'one permission more',
      adminA,
      [...departmentAdmin, 'org.role.edit'],
      'a',
      'org.cannot_grant_more_than_held',
    ],
    ['a permission of another domain', adminA, ['audit.case.open'], 'a', 'org.cannot_grant_more_than_held'],
    ['anything, as main administrator', main, builtinRoles.main_admin, null, 'allowed'],
  ] as const)('%s', (_what, by, permissions, department, expected) => {
    expect(give(by, permissions, department)).toBe(expected);
  });
  test('never for longer than the giver holds it', () => {
    const temporary = held(grant(departmentAdmin, 'a', soon));
    expect(give(temporary, departmentAdmin, 'a')).toBe('org.cannot_grant_more_than_held');
    expect(give(temporary, departmentAdmin, 'a', late)).toBe('org.cannot_grant_more_than_held');
    expect(give(temporary, departmentAdmin, 'a', soon)).toBe('allowed');
  });
  test('taking away needs the same', () => {
    const take = (by: Held, permissions: readonly string[], department_id: string | null) =>
      code(() => {
        requireRevocable(by, tree, { permissions, department_id });
      });
    expect(take(adminA, departmentAdmin, 'a1')).toBe('allowed');
    expect(take(adminA, departmentAdmin, 'b')).toBe('platform.not_found');
    expect(take(adminA, builtinRoles.main_admin, 'a')).toBe('org.cannot_grant_more_than_held');
  });
});

describe('making roles', () => {
  test('only of what the maker holds over the company, without end', () => {
    const hr = held(grant(['org.role.edit', 'org.person.read']), grant(['org.person.edit'], 'a'));
    const edit = (by: Held, permissions: readonly string[]) =>
      code(() => {
        requireRoleEdit(by, tree, permissions);
      });
    expect(edit(hr, ['org.person.read'])).toBe('allowed');
    expect(edit(hr, ['org.person.edit'])).toBe('org.cannot_grant_more_than_held');
    expect(edit(hr, ['org.visibility.edit'])).toBe('org.cannot_grant_more_than_held');
    expect(edit(adminA, [])).toBe('platform.not_allowed');
    expect(edit(held(grant(['org.role.edit', 'org.person.read'], null, soon)), ['org.person.read'])).toBe(
      'org.cannot_grant_more_than_held',
    );
  });
  test('a department admin sees roles used below, and those within reach', () => {
    expect(maySeeRole(adminA, { permissions: departmentAdmin, usedInReach: false })).toBe(true);
    expect(maySeeRole(adminA, { permissions: ['org.import.run'], usedInReach: false })).toBe(false);
    expect(maySeeRole(adminA, { permissions: ['org.import.run'], usedInReach: true })).toBe(true);
    expect(maySeeRole(main, { permissions: ['audit.case.open'], usedInReach: false })).toBe(true);
  });
});
