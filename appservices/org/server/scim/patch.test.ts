import { describe, expect, test } from 'vitest';
import { ScimError } from './errors.ts';
import type { Json } from './filter.ts';
import { applyPatch } from './patch.ts';
import { ENTERPRISE, groupKind, PATCH_OP, userKind } from './schemas.ts';

const patch = (before: Json, ...operations: Json[]): Json =>
  applyPatch(userKind, before, { schemas: [PATCH_OP], Operations: operations });
const patchGroup = (before: Json, ...operations: Json[]): Json =>
  applyPatch(groupKind, before, { schemas: [PATCH_OP], Operations: operations });
const failure = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    if (error instanceof ScimError) return error.scimType;
    throw error;
  }
  return 'nothing thrown';
};

const user: Json = {
  userName: 'bjensen',
  name: { givenName: 'Barbara', familyName: 'Jensen' },
  active: true,
  emails: [
    { type: 'work', value: 'b@example.com', primary: true },
    { type: 'home', value: 'b@example.org' },
  ],
};

describe('examples of RFC 7644, section 3.5.2', () => {
  test('add a member', () => {
    const group = { displayName: 'Tour', members: [{ value: 'a' }] };
    const value = [{ display: 'Babs', $ref: 'https://x/Users/b', value: 'b' }];
    const after = patchGroup(group, { op: 'add', path: 'members', value });
    expect(after['members']).toEqual([
      { value: 'a' },
      { display: 'Babs', $ref: 'https://x/Users/b', value: 'b' },
    ]);
    expect(patchGroup(after, { op: 'add', path: 'members', value })).toEqual(after);
  });

  test('add without a path', () => {
    const value = { emails: [{ value: 'babs@jensen.org', type: 'other' }], nickName: 'Babs' };
    const after = patch(user, { op: 'add', value });
    expect(after['nickName']).toBe('Babs');
    expect(after['emails']).toHaveLength(3);
  });

  test('remove one member, and all', () => {
    const group = { displayName: 'Tour', members: [{ value: 'a' }, { value: 'b' }] };
    expect(patchGroup(group, { op: 'remove', path: 'members[value eq "a"]' })['members']).toEqual([
      { value: 'b' },
    ]);
    expect(patchGroup(group, { op: 'remove', path: 'members' })['members']).toBeUndefined();
  });

  test('remove and add in one request', () => {
    const group = { displayName: 'Tour', members: [{ value: 'a' }] };
    const after = patchGroup(
      group,
      { op: 'remove', path: 'members[value eq "a"]' },
      { op: 'add', path: 'members', value: [{ value: 'c' }] },
    );
    expect(after['members']).toEqual([{ value: 'c' }]);
  });

  test('replace an element and a part of it', () => {
    const whole = patch(user, {
      op: 'replace',
      path: 'emails[type eq "work"]',
      value: { type: 'work', value: 'new@example.com', primary: true },
    });
    expect(whole['emails']).toContainEqual({ type: 'work', value: 'new@example.com', primary: true });
    const part = patch(user, {
      op: 'replace',
      path: 'emails[type eq "home"].value',
      value: 'home@example.org',
    });
    expect(part['emails']).toContainEqual({ type: 'home', value: 'home@example.org' });
  });

  test('a new primary value takes the mark from the old one', () => {
    const after = patch(user, { op: 'replace', path: 'emails[type eq "home"].primary', value: true });
    expect(after['emails']).toEqual([
      { type: 'work', value: 'b@example.com', primary: false },
      { type: 'home', value: 'b@example.org', primary: true },
    ]);
  });
});

describe('as Entra ID sends it', () => {
  test('operations with a capital, booleans as texts', () => {
    expect(patch(user, { op: 'Replace', path: 'active', value: 'False' })['active']).toBe(false);
  });
  test('add of a filtered path that is not there yet', () => {
    const after = patch(
      { userName: 'a' },
      { op: 'Add', path: 'emails[type eq "work"].value', value: 'a@example.com' },
      { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+86 10' },
      { op: 'Add', path: 'roles[primary eq "True"].value', value: 'Reader' },
      { op: 'Add', path: 'addresses[type eq "work"].formatted', value: '1 Road' },
    );
    expect(after['emails']).toEqual([{ type: 'work', value: 'a@example.com' }]);
    expect(after['phoneNumbers']).toEqual([{ type: 'mobile', value: '+86 10' }]);
    expect(after['roles']).toEqual([{ primary: true, value: 'Reader' }]);
    expect(after['addresses']).toEqual([{ type: 'work', formatted: '1 Road' }]);
  });
  test('dotted names and extension names in a value without path', () => {
    const after = patch(user, {
      op: 'replace',
      value: {
        'name.givenName': 'Babs',
        'emails[type eq "work"].value': 'babs@example.com',
        [`${ENTERPRISE}:department`]: 'Tours',
        [ENTERPRISE]: { employeeNumber: '7' },
      },
    });
    expect(after['name']).toEqual({ givenName: 'Babs', familyName: 'Jensen' });
    expect(after['emails']).toContainEqual({ type: 'work', value: 'babs@example.com', primary: true });
    expect(after[ENTERPRISE]).toEqual({ department: 'Tours', employeeNumber: '7' });
  });
  test('the manager as a bare id, and cleared', () => {
    const id = '26118915-6090-4610-87e4-49d8ca9f808d';
    const after = patch(user, { op: 'Add', path: `${ENTERPRISE}:manager`, value: id });
    expect(after[ENTERPRISE]).toEqual({ manager: { value: id } });
    expect(
      patch(after, { op: 'Replace', path: `${ENTERPRISE}:manager`, value: '' })[ENTERPRISE],
    ).toBeUndefined();
    expect(patch(after, { op: 'Remove', path: `${ENTERPRISE}:manager` })[ENTERPRISE]).toBeUndefined();
  });
  test('removing members that are named in the value', () => {
    const group = {
      displayName: 'Tour',
      members: [
        { value: 'a', type: 'User' },
        { value: 'b', type: 'User' },
      ],
    };
    const after = patchGroup(group, { op: 'Remove', path: 'members', value: [{ value: 'a' }] });
    expect(after['members']).toEqual([{ value: 'b', type: 'User' }]);
  });
});

test('as Okta sends it: the read-only parts come along in a value without path', () => {
  const after = patchGroup(
    { displayName: 'Tour' },
    { op: 'replace', value: { id: 'a0', displayName: 'Tours', schemas: [], meta: {} } },
  );
  expect(after).toEqual({ displayName: 'Tours' });
});

test.each<[string, Json, string]>([
  ['a path that is not there', { op: 'add', path: 'shoeSize', value: 7 }, 'invalidPath'],
  ['a filter on a single value', { op: 'add', path: 'userName[type eq "a"]', value: 'x' }, 'invalidPath'],
  ['a filter that is none', { op: 'add', path: 'emails[type]', value: 'x' }, 'invalidFilter'],
  ['removing nothing named', { op: 'remove' }, 'noTarget'],
  [
    'an element no filter describes',
    { op: 'replace', path: 'emails[type ne "work" and value sw "z"]', value: { value: 'x' } },
    'noTarget',
  ],
  ['the id', { op: 'replace', path: 'id', value: 'x' }, 'mutability'],
  ['the groups of a user', { op: 'add', path: 'groups', value: [{ value: 'x' }] }, 'mutability'],
  ['a text for true or false', { op: 'replace', path: 'active', value: 'perhaps' }, 'invalidValue'],
  ['a list for a text', { op: 'replace', path: 'title', value: ['a', 'b'] }, 'invalidValue'],
  ['an operation of its own', { op: 'move', path: 'title' }, 'invalidSyntax'],
  ['a bare value without a path', { op: 'add', value: 'x' }, 'invalidValue'],
])('refuses %s', (_name, operation, scimType) => {
  expect(failure(() => patch(user, operation))).toBe(scimType);
});

test('changes nothing of what it was given, and nothing of the prototype', () => {
  const before = structuredClone(user);
  patch(user, { op: 'replace', path: 'name.givenName', value: 'X' });
  expect(user).toEqual(before);
  expect(
    failure(() => patch(user, { op: 'add', value: JSON.parse('{"__proto__": {"polluted": true}}') as Json })),
  ).toBe('invalidPath');
  expect(({} as Json)['polluted']).toBeUndefined();
});
