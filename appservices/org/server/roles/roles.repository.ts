import { sql } from 'kysely';
import type { OrgDb, OrgTrx } from '../tables.ts';
import type { HeldGrant } from './held.ts';

export interface RoleRow {
  id: string;
  name: string;
  builtin: string | null;
  permissions: string[];
  version: number;
}
export interface GrantRow {
  id: string;
  person_id: string;
  display_name: string;
  localpart: string;
  title: string | null;
  role_id: string;
  role_name: string;
  builtin: string | null;
  permissions: string[];
  department_id: string | null;
  department_name: string | null;
  granted_by: string;
  granted_at: Date;
  ends_at: Date | null;
}

const uuids = (ids: Iterable<string>) => sql`${[...ids]}::uuid[]`;

/** SQL of roles and grants. */
export const rolesRepository = {
  /**
   * Running grants of an active person of ours; one over a department that has ended gives nothing. Undefined
   * where the localpart is no active person's.
   */
  async held(
    db: OrgDb | OrgTrx,
    localpart: string,
    now: Date,
  ): Promise<{ person_id: string; grants: HeldGrant[] } | undefined> {
    const { rows } = await sql<{
      person_id: string;
      role_id: string | null;
      permissions: string[] | null;
      department_id: string | null;
      ends_at: Date | null;
    }>`select p.id as person_id, r.id as role_id, r.permissions, g.department_id, g.ends_at
      from org.person p
      left join (org.role_grant g join org.role r on r.id = g.role_id
          left join org.department d on d.id = g.department_id)
        on g.person_id = p.id and (g.ends_at is null or g.ends_at > ${now})
          and (g.department_id is null or d.state = 'active')
      where p.localpart = ${localpart} and p.status = 'active'`.execute(db);
    const [first] = rows;
    if (!first) return undefined;
    return {
      person_id: first.person_id,
      grants: rows.flatMap(({ permissions, department_id, ends_at }) =>
        permissions ? [{ permissions, department_id, ends_at }] : [],
      ),
    };
  },

  /** Running grants by person. */
  async grantsOf(
    db: OrgDb | OrgTrx,
    personIds: readonly string[],
    now: Date,
  ): Promise<Map<string, HeldGrant[]>> {
    if (personIds.length === 0) return new Map();
    const { rows } = await sql<HeldGrant & { person_id: string }>`select g.person_id, r.permissions,
        g.department_id, g.ends_at
      from org.role_grant g join org.role r on r.id = g.role_id
        left join org.department d on d.id = g.department_id
      where g.person_id = any(${uuids(personIds)}) and (g.ends_at is null or g.ends_at > ${now})
        and (g.department_id is null or d.state = 'active')`.execute(db);
    return Map.groupBy(rows, (row) => row.person_id);
  },

  /** Whether a department lies in the subtree of one of the roots. */
  async within(db: OrgDb | OrgTrx, departmentId: string, roots: readonly string[]): Promise<boolean> {
    const { rows } = await sql<{ found: boolean }>`with recursive up as (
        select id, parent_id from org.department where id = ${departmentId}::uuid
        union select d.id, d.parent_id from up join org.department d on d.id = up.parent_id)
      select exists (select 1 from up where id = any(${uuids(roots)})) as found`.execute(db);
    return rows[0]?.found ?? false;
  },

  /** Makes the built-in roles, and gives them what they hold in this release; changes nothing when repeated. */
  async seedBuiltins(
    db: OrgDb | OrgTrx,
    roles: readonly { id: string; builtin: string; permissions: readonly string[] }[],
  ): Promise<void> {
    for (const role of roles) {
      await sql`insert into org.role (id, name, builtin, permissions)
        values (${role.id}::uuid, ${role.builtin}, ${role.builtin}, ${[...role.permissions]}::text[])
        on conflict (builtin) do update
          set permissions = excluded.permissions, version = org.role.version + 1
          where org.role.permissions is distinct from excluded.permissions`.execute(db);
    }
  },

  async roles(db: OrgDb | OrgTrx, now: Date): Promise<(RoleRow & { grant_count: number })[]> {
    const { rows } = await sql<
      RoleRow & { grant_count: number }
    >`select r.id, r.name, r.builtin, r.permissions,
        r.version, (select count(*) from org.role_grant g where g.role_id = r.id
          and (g.ends_at is null or g.ends_at > ${now})) as grant_count
      from org.role r
      order by array_position(array['main_admin', 'department_admin', 'member'], r.builtin), lower(r.name), r.id`.execute(
      db,
    );
    return rows;
  },

  /** Grants by role, over departments of `within` only. */
  async grantCounts(db: OrgDb | OrgTrx, within: Iterable<string>, now: Date): Promise<Map<string, number>> {
    const { rows } = await sql<{ role_id: string; count: number }>`select role_id, count(*) as count
      from org.role_grant where department_id = any(${uuids(within)}) and (ends_at is null or ends_at > ${now})
      group by role_id`.execute(db);
    return new Map(rows.map((row) => [row.role_id, row.count]));
  },

  async role(db: OrgDb | OrgTrx, id: string, lock = false): Promise<RoleRow | undefined> {
    const { rows } = await sql<RoleRow>`select id, name, builtin, permissions, version from org.role
      where id = ${id}::uuid ${lock ? sql`for update` : sql``}`.execute(db);
    return rows[0];
  },

  async roleNameTaken(db: OrgTrx, name: string, except: string | null): Promise<boolean> {
    const { rows } = await sql<{ taken: boolean }>`select exists (select 1 from org.role
      where lower(name) = lower(${name}) and id is distinct from ${except}::uuid) as taken`.execute(db);
    return rows[0]?.taken ?? false;
  },

  async insertRole(
    trx: OrgTrx,
    role: { id: string; name: string; permissions: readonly string[] },
  ): Promise<void> {
    await sql`insert into org.role (id, name, permissions)
      values (${role.id}::uuid, ${role.name}, ${[...role.permissions]}::text[])`.execute(trx);
  },

  async updateRole(
    trx: OrgTrx,
    role: { id: string; name: string; permissions: readonly string[] },
  ): Promise<void> {
    await sql`update org.role set name = ${role.name}, permissions = ${[...role.permissions]}::text[],
      version = version + 1 where id = ${role.id}::uuid`.execute(trx);
  },

  async deleteRole(trx: OrgTrx, id: string): Promise<void> {
    await sql`delete from org.role where id = ${id}::uuid`.execute(trx);
  },

  async deleteEndedGrants(trx: OrgTrx, roleId: string, now: Date): Promise<void> {
    await sql`delete from org.role_grant where role_id = ${roleId}::uuid and ends_at <= ${now}`.execute(trx);
  },

  async countGrants(db: OrgDb | OrgTrx, roleId: string): Promise<number> {
    const { rows } = await sql<{ count: number }>`select count(*) as count from org.role_grant
      where role_id = ${roleId}::uuid`.execute(db);
    return rows[0]?.count ?? 0;
  },

  /** Running grants, newest first; `within` limits them to those over these departments. */
  async grants(
    db: OrgDb | OrgTrx,
    filter: {
      id?: string | undefined;
      person_id?: string | undefined;
      role_id?: string | undefined;
      within: ReadonlySet<string> | 'all';
      after?: { at: string; id: string } | undefined;
      limit: number;
      now: Date;
    },
  ): Promise<GrantRow[]> {
    const { after, within } = filter;
    const { rows } =
      await sql<GrantRow>`select g.id, g.person_id, p.display_name, p.localpart, p.title, g.role_id,
        r.name as role_name, r.builtin, r.permissions, g.department_id, d.name as department_name, g.granted_by,
        g.granted_at, g.ends_at
      from org.role_grant g join org.person p on p.id = g.person_id join org.role r on r.id = g.role_id
        left join org.department d on d.id = g.department_id
      where (g.ends_at is null or g.ends_at > ${filter.now})
        ${filter.id === undefined ? sql`` : sql`and g.id = ${filter.id}::uuid`}
        ${filter.person_id === undefined ? sql`` : sql`and g.person_id = ${filter.person_id}::uuid`}
        ${filter.role_id === undefined ? sql`` : sql`and g.role_id = ${filter.role_id}::uuid`}
        ${within === 'all' ? sql`` : sql`and g.department_id = any(${uuids(within)})`}
        ${after === undefined ? sql`` : sql`and (date_trunc('milliseconds', g.granted_at), g.id) < (${after.at}::timestamptz, ${after.id}::uuid)`}
      order by date_trunc('milliseconds', g.granted_at) desc, g.id desc limit ${filter.limit}`.execute(db);
    return rows;
  },

  async findGrant(
    trx: OrgTrx,
    grant: { person_id: string; role_id: string; department_id: string | null },
  ): Promise<{ id: string; ends_at: Date | null } | undefined> {
    const { rows } = await sql<{ id: string; ends_at: Date | null }>`select id, ends_at from org.role_grant
      where person_id = ${grant.person_id}::uuid and role_id = ${grant.role_id}::uuid
        and department_id is not distinct from ${grant.department_id}::uuid for update`.execute(trx);
    return rows[0];
  },

  async insertGrant(
    trx: OrgTrx,
    grant: {
      id: string;
      person_id: string;
      role_id: string;
      department_id: string | null;
      granted_by: string;
      granted_at: Date;
      ends_at: Date | null;
    },
  ): Promise<void> {
    await sql`insert into org.role_grant (id, person_id, role_id, department_id, granted_by, granted_at, ends_at)
      values (${grant.id}::uuid, ${grant.person_id}::uuid, ${grant.role_id}::uuid, ${grant.department_id}::uuid,
        ${grant.granted_by}, ${grant.granted_at}, ${grant.ends_at})`.execute(trx);
  },

  async deleteGrant(trx: OrgTrx, id: string): Promise<boolean> {
    const { numAffectedRows } = await sql`delete from org.role_grant where id = ${id}::uuid`.execute(trx);
    return (numAffectedRows ?? 0n) > 0n;
  },

  /** Those who hold the main administrator's role over the company; locks their grants in a fixed order. */
  async lockMainAdmins(
    trx: OrgTrx,
  ): Promise<{ id: string; person_id: string; ends_at: Date | null; status: string }[]> {
    const { rows } = await sql<{ id: string; person_id: string; ends_at: Date | null; status: string }>`
      select g.id, g.person_id, g.ends_at, p.status
      from org.role_grant g join org.role r on r.id = g.role_id join org.person p on p.id = g.person_id
      where r.builtin = 'main_admin' and g.department_id is null order by g.id for update of g`.execute(trx);
    return rows;
  },
};
