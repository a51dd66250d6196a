import type { Static } from 'typebox';
import type { SignInName, SignInWay } from '../../contract/index.ts';
import type { LifePerson } from './people.repository.ts';

/** Whether a name lets its person in, as the homeserver was last told. */
export function signInName(
  person: LifePerson,
  kind: 'phone' | 'number',
  value: string | null,
): Static<typeof SignInName> | null {
  if (value === null) return null;
  // One on a line (`provision.repository`).
  const [phone = '', number = ''] = (person.applied_names ?? '').split('\n');
  const told = kind === 'phone' ? phone : number;
  if (told !== value) return { value, state: 'pending' };
  if (person.names_told.includes(`${kind}_shared`)) return { value, state: 'shared' };
  return { value, state: person.names_told.includes(`${kind}_unusable`) ? 'unusable' : 'usable' };
}

/** By what, beside the user name, a person can sign in; what the homeserver is still to be told may be another's. */
export function signInWays(person: LifePerson): SignInWay[] {
  const lets = (name: Static<typeof SignInName> | null): boolean => name?.state === 'usable';
  const ways: SignInWay[] = [];
  if (person.email !== null) ways.push('email');
  if (lets(signInName(person, 'phone', person.phone))) ways.push('phone');
  if (lets(signInName(person, 'number', person.external_id))) ways.push('number');
  return ways;
}
