import type { Department, Person, PersonRef } from '../../contract/index.ts';
import { reaches, type Held } from '../roles/held.ts';
import type { DepartmentRow } from './departments.repository.ts';
import { mayManagePerson, type PersonTarget } from './people.policy.ts';
import type { PersonRow, PlaceRow, RefRow } from './people.repository.ts';
import type { DepartmentTree } from './tree.ts';

/** The Matrix user id of a person of ours. */
export const userIdOf = (localpart: string, serverName: string): string => `@${localpart}:${serverName}`;

export const presentRef = (row: RefRow, serverName: string): PersonRef => ({
  id: row.id,
  display_name: row.display_name,
  user_id: userIdOf(row.localpart, serverName),
  title: row.title,
});

/** A department as the actor may know it: the parent of the topmost one seen is not told. */
export function presentDepartment(
  row: DepartmentRow,
  known: {
    held: Held;
    tree: DepartmentTree;
    reach: ReadonlySet<string> | 'all';
    counts: ReadonlyMap<string, { direct: number; total: number }>;
    heads: ReadonlyMap<string, readonly RefRow[]>;
    serverName: string;
  },
): Department {
  const { held, tree, reach, serverName } = known;
  return {
    id: row.id,
    external_id: row.external_id,
    name: row.name,
    parent_id: row.parent_id !== null && reaches(reach, row.parent_id) ? row.parent_id : null,
    position: row.position,
    hidden: row.hidden,
    include_sub: row.include_sub,
    state: row.state,
    heads: (known.heads.get(row.id) ?? []).map((head) => presentRef(head, serverName)),
    member_count: known.counts.get(row.id)?.direct ?? 0,
    total_count: known.counts.get(row.id)?.total ?? 0,
    space_id: row.space_id,
    room_id: row.room_id,
    editable: row.state === 'active' && held.over('org.department.edit', row.id, tree),
    version: row.version,
  };
}

export const presentPlace = (row: PlaceRow): Person['departments'][number] => ({
  department_id: row.department_id,
  department_name: row.department_name,
  is_primary: row.is_primary,
  is_head: row.is_head,
  title: row.title,
  since: row.since,
  until: row.until,
});

/** A person as the actor may know them: only places in reach, the manager only where `refs` holds them. */
export function presentPerson(
  row: PersonRow,
  known: {
    held: Held;
    tree: DepartmentTree;
    reach: ReadonlySet<string> | 'all';
    target: PersonTarget | undefined;
    places: readonly PlaceRow[];
    refs: ReadonlyMap<string, RefRow>;
    serverName: string;
  },
): Person {
  const { held, tree, reach, target, refs, serverName } = known;
  const manager = row.manager_id === null ? undefined : refs.get(row.manager_id);
  return {
    id: row.id,
    external_id: row.external_id,
    user_id: userIdOf(row.localpart, serverName),
    display_name: row.display_name,
    given_name: row.given_name,
    family_name: row.family_name,
    email: row.email,
    phone: row.phone,
    title: row.title,
    locale: row.locale,
    manager: manager ? presentRef(manager, serverName) : null,
    status: row.status,
    account: row.account,
    activated_at: row.activated_at?.toISOString() ?? null,
    keys_at: row.keys_at?.toISOString() ?? null,
    starts_on: row.starts_on,
    ends_on: row.ends_on,
    departments: places(known.places, reach),
    source:
      row.source_id !== null && row.source_name !== null && row.source_kind !== null
        ? { id: row.source_id, name: row.source_name, kind: row.source_kind }
        : null,
    editable:
      row.status !== 'left' && target !== undefined && mayManagePerson(held, tree, target, 'org.person.edit'),
    version: row.version,
  };
}

const places = (rows: readonly PlaceRow[], reach: ReadonlySet<string> | 'all'): Person['departments'] =>
  rows.filter((row) => reaches(reach, row.department_id)).map(presentPlace);
