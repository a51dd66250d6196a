import { expect, test } from 'vitest';
import { mainAdminStays, type MainAdminGrant } from './main-admins.ts';

const grant = (id: string, more: Partial<MainAdminGrant> = {}): MainAdminGrant => ({
  id,
  person_id: `p-${id}`,
  ends_at: null,
  status: 'active',
  ...more,
});
const later = new Date('2030-01-01');

test.each([
  ['the only one is revoked', [grant('a')], { grants: ['a'] }, false],
  ['the only one leaves', [grant('a')], { people: ['p-a'] }, false],
  ['another one stays', [grant('a'), grant('b')], { grants: ['a'] }, true],
  ['both leave at once', [grant('a'), grant('b')], { people: ['p-a', 'p-b'] }, false],
  [
    'one with an end is none to rely on',
    [grant('a'), grant('b', { ends_at: later })],
    { grants: ['a'] },
    false,
  ],
  [
    'who is suspended is none to rely on',
    [grant('a'), grant('b', { status: 'suspended' })],
    { people: ['p-a'] },
    false,
  ],
  ['who has not begun yet is', [grant('a'), grant('b', { status: 'joining' })], { people: ['p-a'] }, true],
  ['a temporary one goes', [grant('a'), grant('b', { ends_at: later })], { people: ['p-b'] }, true],
  ['a suspended one goes', [grant('a'), grant('b', { status: 'suspended' })], { grants: ['b'] }, true],
  // There was none to rely on before: a company is not held by that.
  ['only temporary ones there, one leaves', [grant('b', { ends_at: later })], { people: ['p-b'] }, true],
  ['nobody concerned', [grant('a')], { people: ['p-x'] }, true],
] as const)('%s', (_what, grants, taken, stays) => {
  expect(mainAdminStays(grants, taken)).toBe(stays);
});
