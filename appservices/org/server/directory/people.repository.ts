import { sql, type RawBuilder } from 'kysely';
import { rolesRepository } from '../roles/roles.repository.ts';
import type { AccountState, OrgDb, OrgTrx, PersonStatus } from '../tables.ts';
import type { PersonTarget } from './people.policy.ts';
import { searchCondition } from './search.ts';

export interface PersonRow {
  id: string;
  external_id: string | null;
  localpart: string;
  display_name: string;
  given_name: string | null;
  family_name: string | null;
  email: string | null;
  phone: string | null;
  title: string | null;
  locale: 'zh-Hans' | 'en' | null;
  manager_id: string | null;
  status: PersonStatus;
  account: AccountState;
  activated_at: Date | null;
  keys_at: Date | null;
  starts_on: string | null;
  ends_on: string | null;
  source_id: string | null;
  source_name: string | null;
  source_kind: string | null;
  version: number;
  sort_name: string;
}
export interface RefRow {
  id: string;
  display_name: string;
  localpart: string;
  title: string | null;
}
export interface PlaceRow {
  person_id: string;
  department_id: string;
  department_name: string;
  is_primary: boolean;
  is_head: boolean;
  title: string | null;
  since: string;
  until: string | null;
}
/** People below `reach` who fit all of it. */
export interface PeopleFilter {
  readonly reach: ReadonlySet<string> | 'all';
  readonly words: readonly string[];
  readonly departments?: ReadonlySet<string> | undefined;
  readonly status?: PersonStatus | undefined;
  readonly activated?: boolean | undefined;
}

const uuids = (ids: Iterable<string>): RawBuilder<unknown> => sql`${[...ids]}::uuid[]`;

/** Current places; of somebody without any, those that ended last. */
const PLACES = sql`(
  select m.* from org.membership m where m.until is null
  union all
  select m.* from org.membership m
  where m.until is not null
    and not exists (select 1 from org.membership c where c.person_id = m.person_id and c.until is null)
    and m.until = (select max(l.until) from org.membership l where l.person_id = m.person_id))`;

/** Whether somebody is, or as a leaver was last, in one of the departments. */
const placedIn = (departments: Iterable<string>): RawBuilder<boolean> => {
  const ids = uuids(departments);
  return sql<boolean>`(p.id in (select m.person_id from org.membership m
      where m.until is null and m.department_id = any(${ids}))
    or (p.status in ('suspended', 'left') and exists (select 1 from org.membership m
      where m.person_id = p.id and m.department_id = any(${ids})
        and not exists (select 1 from org.membership c where c.person_id = p.id and c.until is null)
        and m.until = (select max(l.until) from org.membership l where l.person_id = p.id))))`;
};

const COLUMNS = sql`p.id, p.external_id, p.localpart, p.display_name, p.given_name, p.family_name, p.email, p.phone,
  p.title, p.locale, p.manager_id, p.status, p.account, p.activated_at, p.keys_at, p.starts_on, p.ends_on, p.source_id,
  s.name as source_name, s.kind as source_kind, p.version, p.sort_name`;

function conditions(filter: PeopleFilter): RawBuilder<unknown> {
  const parts: RawBuilder<unknown>[] = [sql`true`];
  if (filter.reach !== 'all') parts.push(placedIn(filter.reach));
  if (filter.departments) parts.push(placedIn(filter.departments));
  if (filter.status) parts.push(sql`p.status = ${filter.status}`);
  if (filter.activated !== undefined) {
    parts.push(filter.activated ? sql`p.activated_at is not null` : sql`p.activated_at is null`);
  }
  if (filter.words.length > 0) parts.push(searchCondition(filter.words));
  return sql.join(parts, sql` and `);
}

/** SQL of people for the console; writing is `changes.service.ts`. */
export const peopleRepository = {
  /** What the rules need of these people, unknown ids left out. */
  async targets(db: OrgDb | OrgTrx, ids: readonly string[], now: Date): Promise<Map<string, PersonTarget>> {
    if (ids.length === 0) return new Map();
    const { rows } = await sql<{
      id: string;
      status: PersonStatus;
      places: PersonTarget['places'] | null;
    }>`select p.id, p.status,
        (select jsonb_agg(jsonb_build_object('department_id', m.department_id, 'is_primary', m.is_primary))
          from ${PLACES} m where m.person_id = p.id) as places
      from org.person p where p.id = any(${uuids(ids)})`.execute(db);
    const grants = await rolesRepository.grantsOf(db, ids, now);
    return new Map(
      rows.map((row) => [
        row.id,
        { id: row.id, status: row.status, places: row.places ?? [], grants: grants.get(row.id) ?? [] },
      ]),
    );
  },

  async list(
    db: OrgDb,
    filter: PeopleFilter,
    page: { after?: { name: string; id: string } | undefined; limit: number },
  ): Promise<PersonRow[]> {
    const after = page.after
      ? sql`and (p.sort_name, p.id) > (${page.after.name}, ${page.after.id}::uuid)`
      : sql``;
    const { rows } = await sql<PersonRow>`select ${COLUMNS} from org.person p
      left join org.source s on s.id = p.source_id
      where ${conditions(filter)} ${after}
      order by p.sort_name, p.id limit ${page.limit}`.execute(db);
    return rows;
  },

  async count(db: OrgDb, filter: PeopleFilter): Promise<number> {
    const { rows } = await sql<{ count: number }>`select count(*) as count from org.person p
      where ${conditions(filter)}`.execute(db);
    return rows[0]?.count ?? 0;
  },

  async find(db: OrgDb | OrgTrx, id: string): Promise<PersonRow | undefined> {
    const { rows } = await sql<PersonRow>`select ${COLUMNS} from org.person p
      left join org.source s on s.id = p.source_id where p.id = ${id}::uuid`.execute(db);
    return rows[0];
  },

  async refs(db: OrgDb | OrgTrx, ids: Iterable<string>): Promise<Map<string, RefRow>> {
    const { rows } = await sql<RefRow>`select id, display_name, localpart, title from org.person
      where id = any(${uuids(ids)})`.execute(db);
    return new Map(rows.map((row) => [row.id, row]));
  },

  /** Current places, or the last ones of leavers, primary first. */
  async places(db: OrgDb | OrgTrx, personIds: readonly string[]): Promise<Map<string, PlaceRow[]>> {
    if (personIds.length === 0) return new Map();
    const { rows } =
      await sql<PlaceRow>`select m.person_id, m.department_id, d.name as department_name, m.is_primary,
        m.is_head, m.title, m.since, m.until
      from ${PLACES} m join org.department d on d.id = m.department_id
      where m.person_id = any(${uuids(personIds)})
      order by m.is_primary desc, d.name, d.id`.execute(db);
    return Map.groupBy(rows, (row) => row.person_id);
  },

  /** Places that are over, latest first. */
  async history(db: OrgDb, personId: string): Promise<PlaceRow[]> {
    const { rows } =
      await sql<PlaceRow>`select m.person_id, m.department_id, d.name as department_name, m.is_primary,
        m.is_head, m.title, m.since, m.until
      from org.membership m join org.department d on d.id = m.department_id
      where m.person_id = ${personId}::uuid and m.until is not null
      order by m.until desc, m.since desc, m.id`.execute(db);
    return rows;
  },

  /** People who report to somebody and are still here. */
  async reports(db: OrgDb, managerId: string): Promise<RefRow[]> {
    const { rows } = await sql<RefRow>`select id, display_name, localpart, title from org.person
      where manager_id = ${managerId}::uuid and status <> 'left' order by sort_name, id`.execute(db);
    return rows;
  },

  /** From the direct manager up to the top; ends where a cycle would begin. */
  async reportingLine(db: OrgDb | OrgTrx, personId: string): Promise<RefRow[]> {
    const { rows } = await sql<RefRow>`with recursive up as (
        select p.id, p.manager_id, 0 as depth, array[p.id] as seen from org.person p where p.id = ${personId}::uuid
        union all
        select p.id, p.manager_id, up.depth + 1, up.seen || p.id from up join org.person p on p.id = up.manager_id
        where not p.id = any(up.seen) and up.depth < 100)
      select p.id, p.display_name, p.localpart, p.title from up join org.person p on p.id = up.id
      where up.depth > 0 order by up.depth`.execute(db);
    return rows;
  },

  async openOffboarding(db: OrgDb, personId: string): Promise<string | null> {
    const { rows } = await sql<{ id: string }>`select id from org.offboarding
      where person_id = ${personId}::uuid and state <> 'undone' order by started_at desc limit 1`.execute(db);
    return rows[0]?.id ?? null;
  },

  async localparts(trx: OrgTrx): Promise<Set<string>> {
    const { rows } = await sql<{ localpart: string }>`select localpart from org.person`.execute(trx);
    return new Set(rows.map((row) => row.localpart));
  },
};
