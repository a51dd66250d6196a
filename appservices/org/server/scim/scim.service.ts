import type { Changes } from '../changes.service.ts';
import type { Offboardings } from '../lifecycle/offboarding.service.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';
import { ScimError } from './errors.ts';
import { demanded, matches, parseFilter, type Json } from './filter.ts';
import type { Found, FoundList, Precondition } from './found.ts';
import { createGroups } from './groups.service.ts';
import { applyPatch } from './patch.ts';
import { sortResources, type ListQuery } from './query.ts';
import { groupVersion, presentGroup, presentUser, userVersion } from './resource.ts';
import { groupKind, userKind, type ResourceKind } from './schemas.ts';
import {
  scimRepository as repository,
  type GroupRow,
  type Lookup,
  type MemberRow,
  type ScimClient,
  type UserRow,
} from './scim.repository.ts';
import { createUsers } from './users.service.ts';
import { canonicalResource } from './values.ts';
import { createWriting } from './writing.ts';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Everything a SCIM client does; every call is bound to the client's source. */
export interface Scim {
  list(client: ScimClient, kind: ResourceKind, query: ListQuery): Promise<FoundList>;
  /** Over several kinds at once, in their order; a filter has to make sense for at least one. */
  search(
    client: ScimClient,
    kinds: readonly ResourceKind[],
    query: ListQuery,
  ): Promise<{ total: number; resources: { kind: ResourceKind; resource: Json }[] }>;
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

export function createScim(
  context: OrgContext,
  parts: { changes: Changes; offboardings: Offboardings },
): Scim {
  const db = context.db as OrgDb;
  const { site } = context;
  const base = `${site.settings.public_url.replace(/\/+$/, '')}/api/scim/v2`;
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

  const writing = createWriting(context, parts.changes);
  const users = createUsers(context, { ...writing, offboardings: parts.offboardings }, foundUser);
  const groups = createGroups(context, writing, foundGroup);

  return {
    async list(client, kind, query) {
      const page = { offset: query.startIndex - 1, limit: query.count };
      const source = client.source_id;
      const load = kind === userKind ? loadUsers : loadGroups;
      if (query.filter === undefined && query.sortBy === undefined) {
        const total = await (kind === userKind
          ? repository.countUsers(db, source)
          : repository.countGroups(db, source));
        return { total, resources: query.count === 0 ? [] : await load(source, {}, page) };
      }
      const resources = await matching(client, kind, query);
      return { total: resources.length, resources: resources.slice(page.offset, page.offset + page.limit) };
    },

    async search(client, kinds, query) {
      const found: { kind: ResourceKind; resource: Json }[] = [];
      let refused: ScimError | undefined;
      let understood = false;
      for (const kind of kinds) {
        try {
          for (const resource of await matching(client, kind, query)) found.push({ kind, resource });
          understood = true;
        } catch (error) {
          // An attribute only the other kind has: of this one nothing fits.
          if (!(error instanceof ScimError)) throw error;
          refused ??= error;
        }
      }
      if (!understood && refused) throw refused;
      const from = query.startIndex - 1;
      return { total: found.length, resources: found.slice(from, from + query.count) };
    },

    async get(client, kind, id) {
      if (kind === userKind) return foundUser(await userRow(db, client, id));
      const row = await groupRow(db, client, id);
      return foundGroup(row, await repository.members(db, [id]));
    },

    async create(client, kind, body) {
      return kind === userKind
        ? users.createUser(client, body)
        : groups.createGroup(client, canonicalResource(kind, body));
    },

    async replace(client, kind, id, body, check) {
      return kind === userKind
        ? users.replaceUser(client, id, check, body)
        : groups.changeGroup(client, id, check, () => canonicalResource(kind, body));
    },

    async patch(client, kind, id, body, check) {
      return kind === userKind
        ? users.patchUser(client, id, check, body)
        : groups.changeGroup(client, id, check, (before) => applyPatch(kind, before, body));
    },

    async remove(client, kind, id, check) {
      if (kind === userKind) await users.removeUser(client, id, check);
      else await groups.removeGroup(client, id, check);
    },
  };

  /** All of a kind that fit, in the wanted order. */
  async function matching(client: ScimClient, kind: ResourceKind, query: ListQuery): Promise<Json[]> {
    const filter = query.filter === undefined ? undefined : parseFilter(query.filter, kind);
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
    const load = kind === userKind ? loadUsers : loadGroups;
    const all = await load(client.source_id, lookup);
    const fitting = filter ? all.filter((resource) => matches(filter, resource)) : all;
    return query.sortBy === undefined
      ? fitting
      : sortResources(kind, fitting, query.sortBy, query.descending);
  }

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
}
