import { sql, type RawBuilder } from 'kysely';
import type { OrgDb, OrgTrx, PersonStatus } from '../tables.ts';
import type { Json } from './filter.ts';
import { ENTERPRISE } from './schemas.ts';
import type { Untaken } from './untaken.ts';

type On = OrgDb | OrgTrx;

/** What a token opens. */
export interface ScimClient {
  token_id: string;
  source_id: string;
  source_name: string;
  leaver_guard: number;
}
export interface UserRow {
  id: string;
  user_name: string;
  external_id: string | null;
  resource: Json;
  created_at: Date;
  updated_at: Date;
  person_version: number;
  display_name: string;
  given_name: string | null;
  family_name: string | null;
  email: string | null;
  phone: string | null;
  title: string | null;
  locale: 'zh-Hans' | 'en' | null;
  status: PersonStatus;
  localpart: string;
  /** Null also for a manager of another source. */
  manager_id: string | null;
  manager_name: string | null;
  groups: { value: string; display: string }[];
  untaken: Untaken[];
  /** Came as inactive and has never been here: nothing is handed over. */
  never_here: boolean;
}
export interface GroupRow {
  id: string;
  external_id: string | null;
  name: string;
  parent_id: string | null;
  origin: 'group' | 'attribute';
  created_at: Date;
  updated_at: Date;
  department_version: number;
  /** Changes with the members. */
  members_hash: string;
}
export interface MemberRow {
  group_id: string;
  value: string;
  display: string;
  type: 'User' | 'Group';
}
export interface PlacementOf {
  person_id: string;
  department_id: string;
  is_primary: boolean;
  is_head: boolean;
  title: string | null;
}
/** A token as it is listed: without its secret. */
export interface TokenRow {
  id: string;
  name: string;
  source_id: string;
  source_name: string;
  created_by: string;
  created_at: Date;
  last_used_at: Date | null;
  expires_at: Date | null;
}
/** Equalities a filter demands; looked up by index. */
export interface Lookup {
  ids?: readonly string[];
  user_name?: string;
  display_name?: string;
  external_id?: string;
}
interface Page {
  offset: number;
  limit: number;
}

const NEVER_HERE = sql`(p.status in ('suspended', 'left') and p.account = 'none'
  and not exists (select 1 from org.offboarding o where o.person_id = p.id))`;
const USER_COLUMNS = sql`u.person_id as id, u.untaken, ${NEVER_HERE} as never_here, u.user_name, u.external_id, u.resource, u.created_at,
  greatest(u.updated_at, p.updated_at) as updated_at, p.version as person_version, p.display_name, p.given_name,
  p.family_name, p.email, p.phone, p.title, p.locale, p.status, p.localpart,
  mu.person_id as manager_id, m.display_name as manager_name,
  coalesce((select jsonb_agg(jsonb_build_object('value', d.id, 'display', d.name) order by d.name, d.id)
    from org.membership ms join org.department d on d.id = ms.department_id
      join org.scim_group g on g.department_id = d.id and g.source_id = u.source_id and g.deleted_at is null
    where ms.person_id = p.id and ms.until is null), '[]') as groups`;
const USER_FROM = sql`org.scim_user u join org.person p on p.id = u.person_id
  left join org.person m on m.id = p.manager_id
  left join org.scim_user mu on mu.person_id = p.manager_id and mu.source_id = u.source_id and mu.deleted_at is null`;

const userWhere = (
  sourceId: string,
  lookup: Lookup,
): RawBuilder<unknown> => sql`u.source_id = ${sourceId}::uuid
  and u.deleted_at is null
  ${lookup.ids === undefined ? sql`` : sql`and u.person_id = any(${[...lookup.ids]}::uuid[])`}
  ${lookup.user_name === undefined ? sql`` : sql`and lower(u.user_name) = lower(${lookup.user_name})`}
  ${lookup.external_id === undefined ? sql`` : sql`and u.external_id = ${lookup.external_id}`}`;

const groupWhere = (
  sourceId: string,
  lookup: Lookup,
): RawBuilder<unknown> => sql`g.source_id = ${sourceId}::uuid
  and g.deleted_at is null and d.state = 'active'
  ${lookup.ids === undefined ? sql`` : sql`and d.id = any(${[...lookup.ids]}::uuid[])`}
  ${lookup.display_name === undefined ? sql`` : sql`and lower(d.name) = lower(${lookup.display_name})`}
  ${lookup.external_id === undefined ? sql`` : sql`and g.external_id = ${lookup.external_id}`}`;

const paged = (page: Page | undefined): RawBuilder<unknown> =>
  page ? sql`limit ${page.limit} offset ${page.offset}` : sql``;

/** People of the source who are placed in a department, and its sub-departments of the source. */
const MEMBERS = sql`select m.department_id as group_id, p.id as value, p.display_name as display, 'User' as type
    from org.membership m join org.person p on p.id = m.person_id
      join org.scim_user u on u.person_id = p.id and u.deleted_at is null
    where m.until is null
  union all
  select d.parent_id, d.id, d.name, 'Group' from org.department d
    join org.scim_group sg on sg.department_id = d.id and sg.deleted_at is null
    where d.state = 'active' and d.parent_id is not null`;

/** SQL of SCIM; every statement is bound to one source. Directory rows are written by the change engine only. */
export const scimRepository = {
  /** By the token's hash, of enabled sources; notes the use once a minute. */
  async client(db: OrgDb, hash: Buffer, now: Date): Promise<ScimClient | undefined> {
    const { rows } = await sql<ScimClient & { stale: boolean }>`select t.id as token_id, s.id as source_id,
        s.name as source_name, s.leaver_guard,
        (t.last_used_at is null or t.last_used_at < ${now}::timestamptz - interval '1 minute') as stale
      from org.scim_token t join org.source s on s.id = t.source_id
      where t.token_hash = ${hash} and (t.expires_at is null or t.expires_at > ${now})
        and s.enabled and s.kind = 'scim'`.execute(db);
    const [row] = rows;
    if (!row) return undefined;
    if (row.stale) {
      await sql`update org.scim_token set last_used_at = ${now} where id = ${row.token_id}::uuid`.execute(db);
      await sql`update org.source set last_run_at = ${now} where id = ${row.source_id}::uuid`.execute(db);
    }
    const { token_id, source_id, source_name, leaver_guard } = row;
    return { token_id, source_id, source_name, leaver_guard };
  },

  async users(on: On, sourceId: string, lookup: Lookup = {}, page?: Page): Promise<UserRow[]> {
    const { rows } = await sql<UserRow>`select ${USER_COLUMNS} from ${USER_FROM}
      where ${userWhere(sourceId, lookup)} order by u.created_at, u.person_id ${paged(page)}`.execute(on);
    return rows;
  },

  async countUsers(on: On, sourceId: string): Promise<number> {
    const { rows } = await sql<{ count: number }>`select count(*) as count from org.scim_user u
      where ${userWhere(sourceId, {})}`.execute(on);
    return rows[0]?.count ?? 0;
  },

  /** A user the client has deleted, who could come back under the same name or external id. */
  async deletedUser(
    trx: OrgTrx,
    sourceId: string,
    userName: string,
    externalId: string | null,
  ): Promise<{ id: string; status: PersonStatus; never_here: boolean } | undefined> {
    const { rows } = await sql<{
      id: string;
      status: PersonStatus;
      never_here: boolean;
    }>`select u.person_id as id, p.status, ${NEVER_HERE} as never_here
      from org.scim_user u join org.person p on p.id = u.person_id
      where u.source_id = ${sourceId}::uuid and u.deleted_at is not null
        and (lower(u.user_name) = lower(${userName}) or u.external_id = ${externalId}::text)
      order by u.deleted_at desc limit 1`.execute(trx);
    return rows[0];
  },

  async saveUser(
    trx: OrgTrx,
    user: {
      person_id: string;
      source_id: string;
      user_name: string;
      external_id: string | null;
      resource: Json;
      untaken: readonly Untaken[];
      waiting_manager: string | null;
    },
    now: Date,
  ): Promise<void> {
    await sql`insert into org.scim_user (person_id, source_id, user_name, external_id, resource, untaken,
        waiting_manager, created_at, updated_at)
      values (${user.person_id}::uuid, ${user.source_id}::uuid, ${user.user_name}, ${user.external_id},
        ${JSON.stringify(user.resource)}::jsonb, ${JSON.stringify(user.untaken)}::jsonb,
        ${user.waiting_manager}, ${now}, ${now})
      on conflict (person_id) do update set user_name = excluded.user_name, external_id = excluded.external_id,
        resource = excluded.resource, untaken = excluded.untaken, waiting_manager = excluded.waiting_manager,
        updated_at = excluded.updated_at, deleted_at = null
      where org.scim_user.source_id = excluded.source_id`.execute(trx);
  },

  async deleteUser(trx: OrgTrx, sourceId: string, id: string, now: Date): Promise<void> {
    await sql`update org.scim_user set deleted_at = ${now} where person_id = ${id}::uuid
      and source_id = ${sourceId}::uuid`.execute(trx);
  },

  /**
   * Whom a client means by a manager: a user's id, else the external id, user name or employee number of exactly one
   * user; clients send each of them.
   */
  async named(on: On, sourceId: string, value: string): Promise<string | undefined> {
    const { rows } = await sql<{ id: string; rank: number }>`select u.person_id as id,
        case when u.person_id::text = lower(${value}) then 1 when u.external_id = ${value} then 2
          when lower(u.user_name) = lower(${value}) then 3 else 4 end as rank
      from org.scim_user u where u.source_id = ${sourceId}::uuid and u.deleted_at is null
        and (u.person_id::text = lower(${value}) or u.external_id = ${value}
          or lower(u.user_name) = lower(${value}) or u.resource -> ${ENTERPRISE} ->> 'employeeNumber' = ${value})
      order by rank limit 2`.execute(on);
    const [first, second] = rows;
    return first && first.rank !== second?.rank ? first.id : undefined;
  },

  /** Users who wait for a manager of one of these names. */
  async waitingFor(on: On, sourceId: string, names: readonly string[]): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`select person_id as id from org.scim_user
      where source_id = ${sourceId}::uuid and deleted_at is null and waiting_manager is not null
        and lower(waiting_manager) in (select lower(x) from unnest(${[...names]}::text[]) x)
      order by created_at, person_id`.execute(on);
    return rows.map((row) => row.id);
  },

  async setUntaken(
    trx: OrgTrx,
    id: string,
    untaken: readonly Untaken[],
    waiting: string | null,
    now: Date,
  ): Promise<void> {
    await sql`update org.scim_user set untaken = ${JSON.stringify(untaken)}::jsonb,
        waiting_manager = ${waiting}, updated_at = ${now} where person_id = ${id}::uuid`.execute(trx);
  },

  async groups(on: On, sourceId: string, lookup: Lookup = {}, page?: Page): Promise<GroupRow[]> {
    const { rows } =
      await sql<GroupRow>`select d.id, g.external_id, d.name, d.parent_id, g.origin, g.created_at,
        g.updated_at, d.version as department_version,
        coalesce((select md5(string_agg(x.value::text, ',' order by x.value)) from (${MEMBERS}) x
          where x.group_id = d.id), '') as members_hash
      from org.scim_group g join org.department d on d.id = g.department_id
      where ${groupWhere(sourceId, lookup)} order by g.created_at, d.id ${paged(page)}`.execute(on);
    return rows;
  },

  async countGroups(on: On, sourceId: string): Promise<number> {
    const { rows } = await sql<{ count: number }>`select count(*) as count from org.scim_group g
      join org.department d on d.id = g.department_id where ${groupWhere(sourceId, {})}`.execute(on);
    return rows[0]?.count ?? 0;
  },

  async members(on: On, groupIds: readonly string[]): Promise<MemberRow[]> {
    if (groupIds.length === 0) return [];
    const { rows } = await sql<MemberRow>`select x.* from (${MEMBERS}) x
      where x.group_id = any(${[...groupIds]}::uuid[]) order by x.type desc, x.display, x.value`.execute(on);
    return rows;
  },

  /** Whether the client provisions groups; then people's department attribute is only kept. */
  async hasGroups(on: On, sourceId: string): Promise<boolean> {
    const { rows } = await sql<{ found: boolean }>`select exists (select 1 from org.scim_group
      where source_id = ${sourceId}::uuid and origin = 'group' and deleted_at is null) as found`.execute(on);
    return rows[0]?.found ?? false;
  },

  async saveGroup(
    trx: OrgTrx,
    group: {
      department_id: string;
      source_id: string;
      external_id: string | null;
      origin: 'group' | 'attribute';
    },
    now: Date,
  ): Promise<void> {
    await sql`insert into org.scim_group (department_id, source_id, external_id, origin, created_at, updated_at)
      values (${group.department_id}::uuid, ${group.source_id}::uuid, ${group.external_id}, ${group.origin}, ${now}, ${now})
      on conflict (department_id) do update set external_id = excluded.external_id, origin = excluded.origin,
        updated_at = excluded.updated_at
      where org.scim_group.source_id = excluded.source_id`.execute(trx);
  },

  async deleteGroup(trx: OrgTrx, sourceId: string, id: string, now: Date): Promise<void> {
    await sql`update org.scim_group set deleted_at = ${now} where department_id = ${id}::uuid
      and source_id = ${sourceId}::uuid`.execute(trx);
  },

  /** Current placements, those in departments of other origins too. */
  async placements(on: On, personIds: readonly string[]): Promise<PlacementOf[]> {
    if (personIds.length === 0) return [];
    const { rows } = await sql<PlacementOf>`select person_id, department_id, is_primary, is_head, title
      from org.membership where until is null and person_id = any(${[...personIds]}::uuid[])
      order by is_primary desc, since, id`.execute(on);
    return rows;
  },

  async localpartTaken(on: On, localpart: string): Promise<boolean> {
    const { rows } = await sql<{ found: boolean }>`select exists (select 1 from org.person
      where localpart = ${localpart}) as found`.execute(on);
    return rows[0]?.found ?? false;
  },

  async tokens(db: OrgDb): Promise<TokenRow[]> {
    const { rows } = await sql<TokenRow>`select t.id, t.name, t.created_by, t.created_at, t.last_used_at,
        t.expires_at, t.source_id, s.name as source_name
      from org.scim_token t join org.source s on s.id = t.source_id order by t.created_at desc, t.id`.execute(
      db,
    );
    return rows;
  },
};
