import type { PEOPLE_FIELDS } from '@qiao/org/contract';

export type PeopleFieldName = (typeof PEOPLE_FIELDS)[number];

/** The directory's fields as the mapping shows them; every field of the contract has to be here. */
const groups = {
  person: ['display_name', 'given_name', 'family_name', 'email', 'phone', 'title', 'locale'],
  account: ['external_id', 'localpart', 'status', 'starts_on', 'ends_on'],
  place: ['department', 'department_parent', 'department_id', 'is_head', 'manager', 'manager_path'],
} as const satisfies Record<string, readonly PeopleFieldName[]>;

// Fails to compile when the contract has a field that the groups lack.
type Shown = (typeof groups)[keyof typeof groups][number];
export const FIELD_GROUPS: [Exclude<PeopleFieldName, Shown>] extends [never] ? typeof groups : never = groups;

export const GROUP_NAMES = ['person', 'account', 'place'] as const;

/** Why a mapping cannot work yet; text keys below `org:imports.mapping`. */
export function mappingGaps(columns: Readonly<Partial<Record<string, string>>>): string[] {
  const gaps: string[] = [];
  const has = (field: PeopleFieldName): boolean => (columns[field] ?? '') !== '';
  if (!has('display_name') && !has('given_name') && !has('family_name')) gaps.push('needs_name');
  if (!has('external_id') && !has('email') && !has('localpart')) gaps.push('needs_id');
  return gaps;
}
