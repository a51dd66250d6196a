import { isDeepStrictEqual } from 'node:util';
import { DomainError } from '@qiao/platform';
import type { DirectoryChange, Placement } from '../changes.ts';
import { changesRepository } from '../changes.repository.ts';
import type { Changes } from '../changes.service.ts';
import { makeLocalpart } from '../imports/localpart.ts';
import { guardHolds, leaversAllowed, leavingSoFar, sourceActors } from '../leaver-guard.ts';
import type { Offboardings } from '../lifecycle/offboarding.service.ts';
import { cleanName } from '../names.ts';
import type { OrgContext } from '../setup.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';
import { ScimError } from './errors.ts';
import { demanded, matches, parseFilter, type Json } from './filter.ts';
import { applyPatch } from './patch.ts';
import { sortResources, type ListQuery } from './query.ts';
import {
  factsOf,
  groupResource,
  groupVersion,
  presentGroup,
  presentUser,
  userResource,
  userVersion,
} from './resource.ts';
import { ENTERPRISE, groupKind, userKind, type ResourceKind } from './schemas.ts';
import {
  scimRepository as repository,
  type GroupRow,
  type Lookup,
  type MemberRow,
  type PlacementOf,
  type ScimClient,
  type UserRow,
} from './scim.repository.ts';
import { canonicalResource } from './values.ts';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
/** After how many seconds a client may ask again to let somebody go whom the guard holds. */
const HELD_RETRY_S = 3600;
const MAX_DEPARTMENT_NAME = 200;

export interface Found {
  resource: Json;
  version: string;
  location: string;
}
export interface FoundList {
  total: number;
  resources: Json[];
}

/** Refuses a write where the client saw another version; `*` is any (RFC 9110, section 13.1.1). */
export type Precondition = (version: string) => void;

/** Everything a SCIM client does; every call is bound to the client's source. */
export interface Scim {
  list(client: ScimClient, kind: ResourceKind, query: ListQuery): Promise<FoundList>;
  get(client: ScimClient, kind: ResourceKind, id: string): Promise<Found>;
  create(client: ScimClient, kind: ResourceKind, body: unknown): Promise<Found>;
  replace(
    client: ScimClient,
    kind: ResourceKind,
    id: string,
    body: unknown,
    check: Precondition,
  ): Promise<Found>;
  patch(
    client: ScimClient,
    kind: ResourceKind,
    id: string,
    body: unknown,
    check: Precondition,
  ): Promise<Found>;
  remove(client: ScimClient, kind: ResourceKind, id: string, check: Precondition): Promise<void>;
}

const notFound = (id: string): ScimError => new ScimError(404, `Resource ${id} not found`);
const invalid = (detail: string): ScimError => new ScimError(400, detail, 'invalidValue');
const taken = (detail: string): ScimError => new ScimError(409, detail, 'uniqueness');

export function createScim(
  context: OrgContext,
  parts: { changes: Changes; offboardings: Offboardings },
): Scim {
  const db = context.db as OrgDb;
  const { changes, offboardings } = parts;
  const { clock, random, site } = context;
  const base = `${site.settings.public_url.replace(/\/+$/, '')}/api/scim/v2`;
  const actorOf = (client: ScimClient): string => sourceActors.scim(client.source_id);
  const today = (): string => clock.now().toISOString().slice(0, 10);
  const apply = async (trx: OrgTrx, client: ScimClient, set: readonly DirectoryChange[]): Promise<void> => {
    await changes.applyChanges(trx, set, { actor: actorOf(client), on: today() });
  };

  const foundUser = (row: UserRow): Found => ({
    resource: presentUser(row, base),
    version: userVersion(row),
    location: `${base}/Users/${row.id}`,
  });
  const foundGroup = (row: GroupRow, members: readonly MemberRow[]): Found => ({
    resource: presentGroup(row, members, base),
    version: groupVersion(row),
    location: `${base}/Groups/${row.id}`,
  });

  async function userRow(on: OrgDb | OrgTrx, client: ScimClient, id: string): Promise<UserRow> {
    const [row] = UUID.test(id) ? await repository.users(on, client.source_id, { ids: [id] }) : [];
    if (!row) throw notFound(id);
    return row;
  }
  async function groupRow(on: OrgDb | OrgTrx, client: ScimClient, id: string): Promise<GroupRow> {
    const [row] = UUID.test(id) ? await repository.groups(on, client.source_id, { ids: [id] }) : [];
    if (!row) throw notFound(id);
    return row;
  }

  /** The directory's refusals in SCIM's words. */
  async function writing<T>(work: (trx: OrgTrx) => Promise<T>): Promise<T> {
    try {
      return await db.transaction().execute(async (trx) => {
        // One writer at a time, from the check of the version to the commit.
        await changesRepository.lock(trx);
        return work(trx);
      });
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      const said = context.texts.t('en', error.code.replace('.', ':errors.'), error.params);
      switch (error.code) {
        case 'org.email_taken':
        case 'org.localpart_taken':
        case 'org.name_taken':
        case 'platform.conflict':
          throw taken(said);
        case 'org.would_make_cycle':
        case 'platform.bad_request':
        case 'platform.not_found':
        case 'org.localpart_not_valid':
          throw invalid(said);
        case 'org.person_ended':
        case 'org.department_ended':
        case 'org.department_not_empty':
        case 'org.last_main_admin':
          throw new ScimError(409, said);
        default:
          throw new ScimError(error.status, said);
      }
    }
  }

  return {
    async list(client, kind, query) {
      const filter = query.filter === undefined ? undefined : parseFilter(query.filter, kind);
      const page = { offset: query.startIndex - 1, limit: query.count };
      const source = client.source_id;
      const load = kind === userKind ? loadUsers : loadGroups;
      if (!filter && query.sortBy === undefined) {
        const total = await (kind === userKind
          ? repository.countUsers(db, source)
          : repository.countGroups(db, source));
        return { total, resources: query.count === 0 ? [] : await load(source, {}, page) };
      }
      const lookup: Lookup = {};
      for (const { attribute, value } of filter ? demanded(filter) : []) {
        // PostgreSQL has no text with U+0000, so nothing here equals it.
        if (value.includes('\u0000')) lookup.ids = [];
        else if (attribute === 'id') lookup.ids = UUID.test(value) ? [value] : [];
        else if (attribute === 'externalId') lookup.external_id = value;
        else if (attribute === 'userName') lookup.user_name = value;
        else if (attribute === 'displayName' && kind === groupKind) lookup.display_name = value;
      }
      // What the database cannot look up is decided here, over the source's resources: no SQL from a filter.
      let resources = await load(source, lookup);
      if (filter) resources = resources.filter((resource) => matches(filter, resource));
      if (query.sortBy !== undefined) {
        resources = sortResources(kind, resources, query.sortBy, query.descending);
      }
      return { total: resources.length, resources: resources.slice(page.offset, page.offset + page.limit) };
    },

    async get(client, kind, id) {
      if (kind === userKind) return foundUser(await userRow(db, client, id));
      const row = await groupRow(db, client, id);
      return foundGroup(row, await repository.members(db, [id]));
    },

    async create(client, kind, body) {
      const resource = canonicalResource(kind, body);
      return kind === userKind ? createUser(client, resource) : createGroup(client, resource);
    },

    async replace(client, kind, id, body, check) {
      const resource = canonicalResource(kind, body);
      return kind === userKind
        ? changeUser(client, id, check, (before) => ({ active: before['active'], ...resource }))
        : changeGroup(client, id, check, () => resource);
    },

    async patch(client, kind, id, body, check) {
      const patched = (before: Json): Json => applyPatch(kind, before, body);
      return kind === userKind
        ? changeUser(client, id, check, patched)
        : changeGroup(client, id, check, patched);
    },

    async remove(client, kind, id, check) {
      if (kind === userKind) await removeUser(client, id, check);
      else await removeGroup(client, id, check);
    },
  };

  async function loadUsers(source: string, lookup: Lookup, page?: { offset: number; limit: number }) {
    return (await repository.users(db, source, lookup, page)).map((row) => presentUser(row, base));
  }
  async function loadGroups(source: string, lookup: Lookup, page?: { offset: number; limit: number }) {
    const rows = await repository.groups(db, source, lookup, page);
    const members = Map.groupBy(
      await repository.members(
        db,
        rows.map((row) => row.id),
      ),
      (member) => member.group_id,
    );
    return rows.map((row) => presentGroup(row, members.get(row.id) ?? [], base));
  }

  // --- users

  async function createUser(client: ScimClient, resource: Json): Promise<Found> {
    const userName = userNameOf(resource);
    const externalId = (resource['externalId'] as string | undefined) ?? null;
    // Deleted and sent again: the same person comes back, as long as the leaving can be undone.
    const gone = await db
      .transaction()
      .execute((trx) => repository.deletedUser(trx, client.source_id, userName, externalId));
    const present = await repository.users(db, client.source_id, { user_name: userName });
    if (present.length > 0) throw taken(`userName ${userName} is taken`);
    if (gone) {
      const back =
        gone.status === 'active' || gone.status === 'joining' || (await bringBack(gone.id, actorOf(client)));
      if (back) {
        return writing(async (trx) => {
          const now = clock.now();
          await saveUser(trx, client, gone.id, resource, now);
          const row = await userRow(trx, client, gone.id);
          await updatePerson(trx, client, row, resource);
          return foundUser(await userRow(trx, client, gone.id));
        });
      }
    }
    return writing(async (trx) => {
      const now = clock.now();
      const [double] = await repository.users(trx, client.source_id, { user_name: userName });
      if (double) throw taken(`userName ${userName} is taken`);
      const facts = factsOf(resource);
      const id = random.uuid();
      const set: DirectoryChange[] = [];
      const placement = await departmentPlacement(trx, client, resource, set);
      set.push({
        kind: 'person_add',
        person: {
          id,
          ...facts,
          localpart: await freeLocalpart(trx, userName, facts),
          source_id: client.source_id,
          external_id: null,
          manager_id: await managerOf(trx, client, resource, id),
          starts_on: null,
          ends_on: null,
        },
        placements: placement
          ? [{ department_id: placement, is_primary: true, is_head: false, title: null }]
          : [],
      });
      if (resource['active'] === false) set.push({ kind: 'person_leave', id, reason: 'SCIM' });
      await apply(trx, client, set);
      await saveGroups(trx, client, set, now);
      await saveUser(trx, client, id, resource, now);
      return foundUser(await userRow(trx, client, id));
    });
  }

  async function changeUser(
    client: ScimClient,
    id: string,
    check: Precondition,
    change: (before: Json) => Json,
  ): Promise<Found> {
    // A return to work may need the homeserver: not while the directory is locked.
    const present = await userRow(db, client, id);
    if (present.status === 'suspended' || present.status === 'left') {
      check(userVersion(present));
      if (change(userResource(present))['active'] === true) {
        if (!(await bringBack(id, actorOf(client)))) {
          throw new ScimError(409, 'This person has left for good: delete the user and make a new one');
        }
        return writing((trx) => write(trx));
      }
    }
    return writing((trx) => write(trx, check));

    async function write(trx: OrgTrx, precondition?: Precondition): Promise<Found> {
      const row = await userRow(trx, client, id);
      precondition?.(userVersion(row));
      const before = userResource(row);
      const after = change(before);
      const userName = userNameOf(after);
      if (userName.toLowerCase() !== row.user_name.toLowerCase()) {
        const [other] = await repository.users(trx, client.source_id, { user_name: userName });
        if (other && other.id !== id) throw taken(`userName ${userName} is taken`);
      }
      if (isDeepStrictEqual(before, after)) return foundUser(row);
      await updatePerson(trx, client, row, after);
      await saveUser(trx, client, id, after, clock.now());
      return foundUser(await userRow(trx, client, id));
    }
  }

  /** Brings the directory's person to what the resource says. */
  async function updatePerson(trx: OrgTrx, client: ScimClient, row: UserRow, resource: Json): Promise<void> {
    const facts = factsOf(resource);
    // Nothing of somebody who has left changes any more; the client's own attributes are kept all the same.
    if (row.status === 'left') return;
    const now = clock.now();
    const set: DirectoryChange[] = [
      {
        kind: 'person_change',
        id: row.id,
        set: { ...facts, ...(await managerChange(trx, client, row, resource)) },
      },
    ];
    const before = departmentName(row.resource);
    if (departmentName(resource) !== before) {
      const to = await departmentPlacement(trx, client, resource, set);
      if (to !== undefined || before !== undefined) {
        const from = before === undefined ? undefined : await attributeDepartment(trx, client, before);
        const placements = moved(await repository.placements(trx, [row.id]), from?.id, to);
        if (placements) set.push({ kind: 'person_place', id: row.id, placements });
      }
    }
    const alive = row.status === 'joining' || row.status === 'active';
    if (alive && resource['active'] === false) {
      await guardLeavers(trx, client);
      set.push({ kind: 'person_leave', id: row.id, reason: 'SCIM' });
    }
    await apply(trx, client, set);
    await saveGroups(trx, client, set, now);
  }

  async function removeUser(client: ScimClient, id: string, check: Precondition): Promise<void> {
    await writing(async (trx) => {
      const row = await userRow(trx, client, id);
      check(userVersion(row));
      if (row.status === 'joining' || row.status === 'active') {
        await guardLeavers(trx, client);
        await apply(trx, client, [{ kind: 'person_leave', id, reason: 'SCIM' }]);
      }
      await repository.deleteUser(trx, client.source_id, id, clock.now());
    });
  }

  async function bringBack(personId: string, by: string): Promise<boolean> {
    try {
      return await offboardings.bringBack(personId, by);
    } catch (error) {
      if (error instanceof DomainError) {
        const said = context.texts.t('en', error.code.replace('.', ':errors.'), error.params);
        throw new ScimError(error.status, said);
      }
      throw error;
    }
  }

  /** Stops a client that would let a large part of its people go within a day. */
  async function guardLeavers(trx: OrgTrx, client: ScimClient): Promise<void> {
    const so_far = await leavingSoFar(trx, client.source_id, clock.now());
    const single = { few: true };
    if (guardHolds(1, so_far, client.leaver_guard, single)) {
      const { people, gone } = so_far;
      const allowed = leaversAllowed(people, client.leaver_guard, single);
      context.log.warn({ source_id: client.source_id, gone, people }, 'SCIM: too many leavers in a day');
      throw new ScimError(
        503,
        `${gone} people have been let go within a day, ${allowed} of ${people} are allowed: look at the client, or raise the source's limit in the console`,
        undefined,
        HELD_RETRY_S,
      );
    }
  }

  function userNameOf(resource: Json): string {
    const userName = resource['userName'];
    if (typeof userName !== 'string' || userName.trim() === '') throw invalid('userName is missing');
    if (userName.length > 320) throw invalid('userName is too long');
    return userName.trim();
  }

  async function freeLocalpart(
    trx: OrgTrx,
    userName: string,
    facts: {
      email: string | null;
      display_name: string;
      given_name: string | null;
      family_name: string | null;
    },
  ): Promise<string> {
    const used = new Set<string>();
    for (;;) {
      // Makes the next one of a series each time; the series is short.
      const localpart = makeLocalpart({ login: userName, ...facts }, new Set(used));
      if (!(await repository.localpartTaken(trx, localpart))) return localpart;
      used.add(localpart);
    }
  }

  async function managerOf(
    trx: OrgTrx,
    client: ScimClient,
    resource: Json,
    personId: string,
  ): Promise<string | null> {
    const manager = (resource[ENTERPRISE] as Json | undefined)?.['manager'] as Json | undefined;
    const value = manager?.['value'];
    if (typeof value !== 'string' || value === '') return null;
    const id = value.toLowerCase();
    const [found] =
      UUID.test(id) && id !== personId ? await repository.users(trx, client.source_id, { ids: [id] }) : [];
    if (!found) throw invalid(`manager ${value} is not a user`);
    return found.id;
  }

  async function managerChange(
    trx: OrgTrx,
    client: ScimClient,
    row: UserRow,
    resource: Json,
  ): Promise<{ manager_id?: string | null }> {
    const manager = await managerOf(trx, client, resource, row.id);
    // A manager from elsewhere, set in the console, is not seen here and stays.
    return manager === row.manager_id ? {} : { manager_id: manager };
  }

  async function saveUser(
    trx: OrgTrx,
    client: ScimClient,
    id: string,
    resource: Json,
    now: Date,
  ): Promise<void> {
    const { userName: _name, externalId, active: _active, ...rest } = resource;
    await repository.saveUser(
      trx,
      {
        person_id: id,
        source_id: client.source_id,
        user_name: userNameOf(resource),
        external_id: (externalId as string | undefined) ?? null,
        resource: rest,
      },
      now,
    );
  }

  // --- the department attribute

  function departmentName(resource: Json): string | undefined {
    const value = (resource[ENTERPRISE] as Json | undefined)?.['department'];
    return typeof value === 'string' ? cleanName(value, MAX_DEPARTMENT_NAME) : undefined;
  }

  async function attributeDepartment(
    trx: OrgTrx,
    client: ScimClient,
    name: string,
  ): Promise<GroupRow | undefined> {
    const rows = await repository.groups(trx, client.source_id, { display_name: name });
    return rows.find((row) => row.origin === 'attribute');
  }

  /**
   * The department the attribute names, made where it is not there; added to `set`. Undefined where there is no
   * attribute, or where groups are provisioned, which then decide.
   */
  async function departmentPlacement(
    trx: OrgTrx,
    client: ScimClient,
    resource: Json,
    set: DirectoryChange[],
  ): Promise<string | undefined> {
    const name = departmentName(resource);
    if (name === undefined || (await repository.hasGroups(trx, client.source_id))) return undefined;
    const known = await attributeDepartment(trx, client, name);
    if (known) return known.id;
    const id = random.uuid();
    set.push({
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
    });
    return id;
  }

  async function saveGroups(
    trx: OrgTrx,
    client: ScimClient,
    set: readonly DirectoryChange[],
    now: Date,
  ): Promise<void> {
    for (const change of set) {
      if (change.kind !== 'department_add') continue;
      await repository.saveGroup(
        trx,
        {
          department_id: change.department.id,
          source_id: client.source_id,
          external_id: null,
          origin: 'attribute',
        },
        now,
      );
    }
  }

  // --- groups

  async function createGroup(client: ScimClient, resource: Json): Promise<Found> {
    return writing(async (trx) => {
      const now = clock.now();
      const name = groupName(resource);
      const adopted = await attributeDepartment(trx, client, name);
      const id = adopted?.id ?? random.uuid();
      const set: DirectoryChange[] = adopted
        ? []
        : [
            {
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
            },
          ];
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
