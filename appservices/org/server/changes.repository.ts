import { sql } from 'kysely';
import type { NewPerson, PersonFacts, Placement } from './changes.ts';
import type { NameColumns } from './directory/name-columns.ts';
import type { AccountState, DepartmentState, OrgTrx, PersonStatus } from './tables.ts';

/** A department as far as changes look at it. */
export interface DepartmentRow {
  id: string;
  external_id: string | null;
  name: string;
  parent_id: string | null;
  position: number;
  hidden: boolean;
  include_sub: boolean;
  state: DepartmentState;
}

/** A person as far as changes look at it. */
export interface PersonRow extends PersonFacts {
  id: string;
  localpart: string;
  status: PersonStatus;
  account: AccountState;
}

export interface PlacementRow extends Placement {
  id: string;
  person_id: string;
  since: string;
}

const json = (rows: readonly unknown[]): string => JSON.stringify(rows);

/** Rows of one statement: a larger set goes in several, so that memory does not grow with its text. */
export const CHUNK = 5000;

/** Before every id. */
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Parts of a list that a statement takes. */
export function* chunks<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += CHUNK) yield rows.slice(at, at + CHUNK);
}

/** SQL of the change engine; every statement takes a whole set. */
export const changesRepository = {
  /** One change set at a time in the whole company: what is checked at the end still holds at commit. */
  async lock(trx: OrgTrx): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtextextended('org.directory', 0))`.execute(trx);
  },

  async departments(trx: OrgTrx): Promise<DepartmentRow[]> {
    return trx
      .selectFrom('org.department')
      .select(['id', 'external_id', 'name', 'parent_id', 'position', 'hidden', 'include_sub', 'state'])
      .execute();
  },

  async people(trx: OrgTrx, ids: readonly string[]): Promise<PersonRow[]> {
    const { rows } =
      await sql<PersonRow>`select id, external_id, localpart, display_name, given_name, family_name,
        email, phone, title, locale, manager_id, starts_on, ends_on, status, account
      from org.person where id = any(${ids}::uuid[]) for update`.execute(trx);
    return rows;
  },

  async placements(trx: OrgTrx, personIds: readonly string[]): Promise<PlacementRow[]> {
    const { rows } =
      await sql<PlacementRow>`select id, person_id, department_id, is_primary, is_head, title, since
      from org.membership where person_id = any(${personIds}::uuid[]) and until is null`.execute(trx);
    return rows;
  },

  /** An ended department gives its external id back, so that the source may use it again. */
  async endDepartments(
    trx: OrgTrx,
    ends: readonly { id: string; mode: 'dissolved' | 'converted' }[],
    now: Date,
  ): Promise<void> {
    if (ends.length === 0) return;
    await sql`update org.department d set state = x.mode, ended_at = ${now}, external_id = null,
        version = version + 1
      from jsonb_to_recordset(${json(ends)}::jsonb) as x(id uuid, mode text) where d.id = x.id`.execute(trx);
  },

  /** Gives up names and external ids first, so that two departments can exchange theirs. */
  async freeDepartments(trx: OrgTrx, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await sql`update org.department set name = id::text, external_id = null
      where id = any(${ids}::uuid[])`.execute(trx);
  },

  async updateDepartments(trx: OrgTrx, rows: readonly DepartmentRow[]): Promise<void> {
    if (rows.length === 0) return;
    await sql`update org.department d set name = x.name, external_id = x.external_id, parent_id = x.parent_id,
        position = x.position, hidden = x.hidden, include_sub = x.include_sub, version = version + 1
      from jsonb_to_recordset(${json(rows)}::jsonb) as x(id uuid, name text, external_id text, parent_id uuid,
        position int, hidden boolean, include_sub boolean) where d.id = x.id`.execute(trx);
  },

  async insertDepartments(trx: OrgTrx, rows: readonly Omit<DepartmentRow, 'state'>[]): Promise<void> {
    if (rows.length === 0) return;
    await sql`insert into org.department (id, external_id, name, parent_id, position, hidden, include_sub)
      select id, external_id, name, parent_id, position, hidden, include_sub
      from jsonb_to_recordset(${json(rows)}::jsonb) as x(id uuid, external_id text, name text, parent_id uuid,
        position int, hidden boolean, include_sub boolean)`.execute(trx);
  },

  /** E-mails, external ids and localparts of the set that somebody outside of it has. */
  async takenBy(
    trx: OrgTrx,
    rows: readonly Pick<PersonRow, 'id' | 'email' | 'external_id' | 'localpart'>[],
    /** Of the whole set: they give up what they have. */
    claiming: readonly string[],
  ): Promise<{ email: string | null; external_id: string | null; localpart: string | null }[]> {
    const { rows: found } = await sql<{
      email: string | null;
      external_id: string | null;
      localpart: string | null;
    }>`with x as (select * from jsonb_to_recordset(${json(rows)}::jsonb)
          as x(id uuid, email text, external_id text, localpart text)),
        other as (select p.* from org.person p where p.id <> all(${claiming}::uuid[]))
      select x.email, null as external_id, null as localpart from x
        join other p on lower(p.email) = lower(x.email) and p.email is not null and p.status <> 'left'
      union all select null, x.external_id, null from x join other p on p.external_id = x.external_id
      union all select null, null, x.localpart from x join other p on p.localpart = x.localpart
      limit 50`.execute(trx);
    return found;
  },

  async insertPeople(trx: OrgTrx, rows: readonly (NewPerson & NameColumns)[], now: Date): Promise<void> {
    if (rows.length === 0) return;
    await sql`insert into org.person (id, external_id, localpart, display_name, given_name, family_name, email,
        phone, title, locale, manager_id, starts_on, ends_on, source_id, search, sort_name, sort_rule, status, created_at, updated_at)
      select id, external_id, localpart, display_name, given_name, family_name, email, phone, title, locale,
        manager_id, starts_on, ends_on, source_id, search, sort_name, sort_rule,
        case when inactive then 'suspended' else 'joining' end, ${now}, ${now}
      from jsonb_to_recordset(${json(rows)}::jsonb) as x(id uuid, external_id text, localpart text,
        display_name text, given_name text, family_name text, email text, phone text, title text, locale text,
        manager_id uuid, starts_on date, ends_on date, source_id uuid, search text, sort_name text,
        sort_rule smallint, inactive boolean)`.execute(trx);
  },

  /** Who came as inactive (no account, never let go) is joining from now on; answers who that is. */
  async admitPeople(
    trx: OrgTrx,
    ids: readonly string[],
    now: Date,
  ): Promise<{ id: string; localpart: string }[]> {
    if (ids.length === 0) return [];
    const { rows } = await sql<{ id: string; localpart: string }>`update org.person p
      set status = 'joining', updated_at = ${now}, version = version + 1
      where p.id = any(${[...ids]}::uuid[]) and p.status in ('suspended', 'left') and p.account = 'none'
        and not exists (select 1 from org.offboarding o where o.person_id = p.id)
      returning p.id, p.localpart`.execute(trx);
    return rows;
  },

  /**
   * Of people who came as inactive and were never here, those who are not to come: gone at once, with nothing to hand
   * over, and their address free for others. Answers who that was.
   */
  async retirePeople(trx: OrgTrx, ids: readonly string[], now: Date): Promise<string[]> {
    if (ids.length === 0) return [];
    const { rows } = await sql<{ id: string }>`update org.person p
      set status = 'left', email = null, external_id = null, updated_at = ${now}, version = version + 1
      where p.id = any(${[...ids]}::uuid[]) and p.status = 'suspended' and p.account = 'none'
        and not exists (select 1 from org.offboarding o where o.person_id = p.id)
      returning p.id`.execute(trx);
    return rows.map((row) => row.id);
  },

  /** Gives up what is unique first, so that people can exchange e-mails, ids or localparts. */
  async freePeople(trx: OrgTrx, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await sql`update org.person set email = null, external_id = null, localpart = '~' || id::text
      where id = any(${ids}::uuid[])`.execute(trx);
  },

  async updatePeople(trx: OrgTrx, rows: readonly (PersonRow & NameColumns)[], now: Date): Promise<void> {
    if (rows.length === 0) return;
    await sql`update org.person p set external_id = x.external_id, localpart = x.localpart,
        display_name = x.display_name, given_name = x.given_name, family_name = x.family_name, email = x.email,
        phone = x.phone, title = x.title, locale = x.locale, manager_id = x.manager_id, starts_on = x.starts_on,
        ends_on = x.ends_on, search = x.search, sort_name = x.sort_name, sort_rule = x.sort_rule, version = version + 1, updated_at = ${now}
      from jsonb_to_recordset(${json(rows)}::jsonb) as x(id uuid, external_id text, localpart text,
        display_name text, given_name text, family_name text, email text, phone text, title text, locale text,
        manager_id uuid, starts_on date, ends_on date, search text, sort_name text, sort_rule smallint)
      where p.id = x.id`.execute(trx);
  },

  async touchPeople(trx: OrgTrx, ids: readonly string[], now: Date): Promise<void> {
    if (ids.length === 0) return;
    await sql`update org.person set version = version + 1, updated_at = ${now}
      where id = any(${ids}::uuid[])`.execute(trx);
  },

  /** Ends placements on a day; one that would begin later than it ends keeps its first day. */
  async endPlacements(trx: OrgTrx, ids: readonly string[], on: string): Promise<void> {
    if (ids.length === 0) return;
    await sql`update org.membership set until = greatest(since, ${on}::date)
      where id = any(${ids}::uuid[])`.execute(trx);
  },

  async updatePlacements(trx: OrgTrx, rows: readonly PlacementRow[]): Promise<void> {
    if (rows.length === 0) return;
    const ids = rows.map((row) => row.id);
    await sql`update org.membership set is_primary = false where id = any(${ids}::uuid[]) and is_primary`.execute(
      trx,
    );
    await sql`update org.membership m set is_primary = x.is_primary, is_head = x.is_head, title = x.title
      from jsonb_to_recordset(${json(rows)}::jsonb) as x(id uuid, is_primary boolean, is_head boolean, title text)
      where m.id = x.id`.execute(trx);
  },

  async insertPlacements(trx: OrgTrx, rows: readonly PlacementRow[]): Promise<void> {
    for (const part of chunks(rows))
      await sql`insert into org.membership (id, person_id, department_id, is_primary, is_head, title, since)
      select id, person_id, department_id, is_primary, is_head, title, since
      from jsonb_to_recordset(${json(part)}::jsonb) as x(id uuid, person_id uuid, department_id uuid,
        is_primary boolean, is_head boolean, title text, since date)`.execute(trx);
  },

  /** Who works in departments that have ended. */
  async activeIn(trx: OrgTrx, departmentIds: readonly string[]): Promise<{ department_id: string }[]> {
    const { rows } = await sql<{
      department_id: string;
    }>`select distinct m.department_id from org.membership m
      join org.person p on p.id = m.person_id
      where m.until is null and m.department_id = any(${departmentIds}::uuid[])
        and p.status in ('joining', 'active')`.execute(trx);
    return rows;
  },

  /** Leavers need not be moved out of a department by hand. */
  async endPlacementsIn(trx: OrgTrx, departmentIds: readonly string[], on: string): Promise<void> {
    await sql`update org.membership set until = greatest(since, ${on}::date)
      where until is null and department_id = any(${departmentIds}::uuid[])`.execute(trx);
  },

  /** Manager by person: the reporting line upwards from some people, or everybody's where they are many. */
  async managers(trx: OrgTrx, ids: readonly string[]): Promise<Map<string, string | null>> {
    const managers = new Map<string, string | null>();
    if (ids.length <= CHUNK) {
      const { rows } = await sql<{ id: string; manager_id: string | null }>`with recursive up as (
          select id, manager_id from org.person where id = any(${ids}::uuid[])
          union select p.id, p.manager_id from up join org.person p on p.id = up.manager_id)
        select id, manager_id from up`.execute(trx);
      for (const row of rows) managers.set(row.id, row.manager_id);
      return managers;
    }
    for (let after = FIRST_ID, more = true; more;) {
      const { rows } = await sql<{ id: string; manager_id: string }>`select id, manager_id from org.person
        where manager_id is not null and id > ${after} order by id limit ${CHUNK}`.execute(trx);
      for (const row of rows) managers.set(row.id, row.manager_id);
      after = rows.at(-1)?.id ?? after;
      more = rows.length === CHUNK;
    }
    return managers;
  },

  async names(trx: OrgTrx, ids: readonly string[]): Promise<Map<string, string>> {
    const { rows } = await sql<{ id: string; display_name: string }>`select id, display_name from org.person
      where id = any(${ids}::uuid[])`.execute(trx);
    return new Map(rows.map((row) => [row.id, row.display_name]));
  },

  /** The manager of one of them who has left. */
  async leftManager(
    trx: OrgTrx,
    ids: readonly string[],
  ): Promise<{ id: string; display_name: string } | undefined> {
    const { rows } = await sql<{ id: string; display_name: string }>`select m.id, m.display_name
      from org.person p join org.person m on m.id = p.manager_id and m.status = 'left'
      where p.id = any(${ids}::uuid[]) limit 1`.execute(trx);
    return rows[0];
  },

  /** Within a large set managers may come later than who reports to them: references are checked when asked. */
  async checkManagers(trx: OrgTrx, when: 'deferred' | 'immediate'): Promise<void> {
    await sql`set constraints org.person_manager_id_fkey ${sql.raw(when)}`.execute(trx);
  },

  async bumpDirectoryVersion(trx: OrgTrx): Promise<number> {
    const { rows } = await sql<{
      version: number;
    }>`select nextval('org.directory_version') as version`.execute(trx);
    return rows[0]?.version ?? 0;
  },
};

/** The directory's version without counting it up; 0 before the first change. */
export async function directoryVersion(trx: OrgTrx): Promise<number> {
  const { rows } = await sql<{
    version: number;
  }>`select case when is_called then last_value else 0 end as version
    from org.directory_version`.execute(trx);
  return rows[0]?.version ?? 0;
}
