import { isDeepStrictEqual } from 'node:util';
import type { DirectoryChange, Placement } from '../changes.ts';
import { cleanName } from '../names.ts';
import type { OrgContext } from '../context.ts';
import type { OrgTrx } from '../tables.ts';
import { ScimError } from './errors.ts';
import type { Json } from './filter.ts';
import { groupResource, groupVersion } from './resource.ts';
import {
  scimRepository as repository,
  type GroupRow,
  type MemberRow,
  type PlacementOf,
  type ScimClient,
} from './scim.repository.ts';
import type { Found, Precondition } from './found.ts';
import type { Writing } from './writing.ts';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
export const MAX_DEPARTMENT_NAME = 200;

const invalid = (detail: string): ScimError => new ScimError(400, detail, 'invalidValue');

/** What a client does with groups: departments of its source. */
export interface Groups {
  createGroup(client: ScimClient, resource: Json): Promise<Found>;
  changeGroup(
    client: ScimClient,
    id: string,
    check: Precondition,
    change: (before: Json) => Json,
  ): Promise<Found>;
  removeGroup(client: ScimClient, id: string, check: Precondition): Promise<void>;
}

/** The department of the source that people's department attribute has made under this name. */
export async function attributeDepartment(
  trx: OrgTrx,
  client: ScimClient,
  name: string,
): Promise<GroupRow | undefined> {
  const rows = await repository.groups(trx, client.source_id, { display_name: name });
  return rows.find((row) => row.origin === 'attribute');
}

/** A department as a provider makes it: at the top, until somebody moves it. */
export function newDepartment(id: string, name: string): DirectoryChange {
  return {
    kind: 'department_add',
    department: {
      id,
      external_id: null,
      name,
      parent_id: null,
      hidden: false,
      include_sub: false,
      position: 0,
    },
  };
}

export function createGroups(
  { clock, random }: Pick<OrgContext, 'clock' | 'random'>,
  { writing, apply }: Writing,
  foundGroup: (row: GroupRow, members: readonly MemberRow[]) => Found,
): Groups {
  return { createGroup, changeGroup, removeGroup };

  async function groupRow(trx: OrgTrx, client: ScimClient, id: string): Promise<GroupRow> {
    const [row] = UUID.test(id) ? await repository.groups(trx, client.source_id, { ids: [id] }) : [];
    if (!row) throw new ScimError(404, `Resource ${id} not found`);
    return row;
  }

  async function createGroup(client: ScimClient, resource: Json): Promise<Found> {
    return writing(async (trx) => {
      const now = clock.now();
      const name = groupName(resource);
      const adopted = await attributeDepartment(trx, client, name);
      const id = adopted?.id ?? random.uuid();
      const set: DirectoryChange[] = adopted ? [] : [newDepartment(id, name)];
      const present = adopted ? await repository.members(trx, [id]) : [];
      await memberChanges(trx, client, id, present, resource, set);
      await apply(trx, client, set);
      await repository.saveGroup(trx, groupToSave(client, id, resource), now);
      return foundGroup(await groupRow(trx, client, id), await repository.members(trx, [id]));
    });
  }

  async function changeGroup(
    client: ScimClient,
    id: string,
    check: Precondition,
    change: (before: Json) => Json,
  ): Promise<Found> {
    return writing(async (trx) => {
      const row = await groupRow(trx, client, id);
      check(groupVersion(row));
      const present = await repository.members(trx, [id]);
      const before = groupResource(row, present);
      const after = change(before);
      if (isDeepStrictEqual(before, after)) return foundGroup(row, present);
      const set: DirectoryChange[] = [];
      const name = groupName(after);
      if (name !== row.name) set.push({ kind: 'department_change', id, set: { name } });
      await memberChanges(trx, client, id, present, after, set);
      await apply(trx, client, set);
      await repository.saveGroup(trx, groupToSave(client, id, after), clock.now());
      return foundGroup(await groupRow(trx, client, id), await repository.members(trx, [id]));
    });
  }

  async function removeGroup(client: ScimClient, id: string, check: Precondition): Promise<void> {
    await writing(async (trx) => {
      const row = await groupRow(trx, client, id);
      check(groupVersion(row));
      const set: DirectoryChange[] = [];
      const present = await repository.members(trx, [id]);
      await memberChanges(trx, client, id, present, { displayName: row.name }, set, row.parent_id);
      set.push({ kind: 'department_end', id, mode: 'dissolved' });
      await apply(trx, client, set);
      await repository.deleteGroup(trx, client.source_id, id, clock.now());
    });
  }

  function groupToSave(
    client: ScimClient,
    id: string,
    resource: Json,
  ): Parameters<typeof repository.saveGroup>[1] {
    return {
      department_id: id,
      source_id: client.source_id,
      external_id: (resource['externalId'] as string | undefined) ?? null,
      origin: 'group',
    };
  }

  function groupName(resource: Json): string {
    const name =
      typeof resource['displayName'] === 'string'
        ? cleanName(resource['displayName'], MAX_DEPARTMENT_NAME)
        : undefined;
    if (name === undefined) throw invalid('displayName is missing or not usable as a name');
    return name;
  }

  /** Adds to `set` what turns the present members into the wanted ones. Removed sub-departments go to `above`. */
  async function memberChanges(
    trx: OrgTrx,
    client: ScimClient,
    groupId: string,
    present: readonly MemberRow[],
    resource: Json,
    set: DirectoryChange[],
    above: string | null = null,
  ): Promise<void> {
    const wanted = new Set(
      ((resource['members'] as Json[] | undefined) ?? []).map((member) => {
        const { value } = member;
        if (typeof value !== 'string' || !UUID.test(value.toLowerCase())) {
          throw invalid(`member ${typeof value === 'string' ? value : ''} is not known`);
        }
        return value.toLowerCase();
      }),
    );
    const there = new Map(present.map((member) => [member.value, member.type]));
    const added = [...wanted].filter((id) => !there.has(id));
    const users = new Map(
      (await repository.users(trx, client.source_id, { ids: added })).map((row) => [row.id, row]),
    );
    const groups = new Set(
      (await repository.groups(trx, client.source_id, { ids: added })).map((row) => row.id),
    );
    const unknown = added.find((id) => !users.has(id) && !groups.has(id));
    if (unknown !== undefined) throw invalid(`member ${unknown} is not known`);
    const gone = present.filter((member) => !wanted.has(member.value));
    for (const id of groups) set.push({ kind: 'department_move', id, parent_id: groupId });
    for (const member of gone.filter((one) => one.type === 'Group')) {
      set.push({ kind: 'department_move', id: member.value, parent_id: above });
    }
    const joining = [...users.values()].filter((row) => row.status !== 'left').map((row) => row.id);
    const leaving = gone.filter((one) => one.type === 'User').map((one) => one.value);
    const placements = Map.groupBy(
      await repository.placements(trx, [...joining, ...leaving]),
      (row) => row.person_id,
    );
    for (const id of joining) {
      const next = moved(placements.get(id) ?? [], undefined, groupId);
      if (next) set.push({ kind: 'person_place', id, placements: next });
    }
    for (const id of leaving) {
      const next = moved(placements.get(id) ?? [], groupId, undefined);
      if (next) set.push({ kind: 'person_place', id, placements: next });
    }
  }
}

/** Placements without one department and with another; undefined where nothing changes. One stays the primary. */
export function moved(
  present: readonly PlacementOf[],
  from: string | undefined,
  to: string | undefined,
): Placement[] | undefined {
  const kept = present
    .filter((place) => place.department_id !== from || from === to)
    .map(({ department_id, is_primary, is_head, title }) => ({ department_id, is_primary, is_head, title }));
  const adds = to !== undefined && !kept.some((place) => place.department_id === to);
  if (!adds && kept.length === present.length) return undefined;
  const next: Placement[] = adds
    ? [...kept, { department_id: to, is_primary: false, is_head: false, title: null }]
    : kept;
  const [first] = next;
  if (first && !next.some((place) => place.is_primary)) {
    // Who moves from one department to another has the new one as the primary one.
    const primary = next.find((place) => place.department_id === to) ?? first;
    primary.is_primary = true;
  }
  return next;
}
