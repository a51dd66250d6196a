import { sql, type RawBuilder } from 'kysely';
import type { OrgDepartment, OrgPerson, OrgPlacement, OrgRead, OrgRole } from '../../contract/read.ts';
import { localpartOf } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import type { Visibility } from '../visibility/visibility.service.ts';
import { peopleRepository } from './people.repository.ts';
import { userIdOf } from './present.ts';
import { asLocale, roomLocales } from '../provision/words.ts';
import { loadTree } from './tree.repository.ts';

type Row = Omit<OrgPerson, 'user_id'> & { localpart: string };

/** Org's answers to other domains; see `OrgRead`. */
export function createOrgRead(
  context: Pick<OrgContext, 'clock' | 'db' | 'homeserver'>,
  visibility: Visibility,
): OrgRead {
  const db = context.db as OrgDb;
  const { serverName } = context.homeserver;

  async function select(where: RawBuilder<unknown>): Promise<OrgPerson[]> {
    const { rows } =
      await sql<Row>`select p.id, p.localpart, p.display_name, p.title, coalesce(p.reads, p.locale) as locale, p.manager_id, p.status
      from org.person p where ${where}`.execute(db);
    return rows.map(({ localpart, ...row }) => ({ ...row, user_id: userIdOf(localpart, serverName) }));
  }
  const byIds = (ids: readonly string[]): Promise<OrgPerson[]> =>
    ids.length === 0 ? Promise.resolve([]) : select(sql`p.id = any(${[...ids]}::uuid[])`);
  const isHere = (person: OrgPerson): boolean => person.status === 'joining' || person.status === 'active';
  const here = sql`p.status in ('joining', 'active')`;

  async function setting(): Promise<string | null> {
    const { rows } = await sql<{ locale: string | null }>`select settings ->> 'locale' as locale
      from org.workspace`.execute(db);
    return rows[0]?.locale ?? null;
  }
  async function line(personId: string): Promise<OrgPerson[]> {
    const ids = (await peopleRepository.reportingLine(db, personId)).map((row) => row.id);
    const found = new Map((await byIds(ids)).map((person) => [person.id, person]));
    return ids.flatMap((id) => found.get(id) ?? []);
  }
  const placed = (ids: readonly string[]): Promise<OrgPerson[]> =>
    select(sql`${here} and p.id in (select m.person_id from org.membership m
      where m.until is null and m.department_id = any(${[...ids]}::uuid[]))`);

  return {
    async personByUserId(userId) {
      if (!userId.endsWith(`:${serverName}`)) return undefined;
      return (await select(sql`p.localpart = ${localpartOf(userId)}`))[0];
    },
    person: async (id) => (await byIds([id]))[0],
    people: byIds,
    managerOf: async (personId, n = 1) => (await line(personId)).filter(isHere)[n - 1],
    reportingLine: line,
    async headsOf(departmentId, options) {
      const tree = await loadTree(db);
      const path = [departmentId, ...(options?.climb ? tree.ancestors(departmentId) : [])];
      for (const id of path) {
        const heads = await select(sql`${here} and p.id in (select m.person_id from org.membership m
          where m.until is null and m.is_head and m.department_id = ${id}::uuid)`);
        if (heads.length > 0) return heads;
      }
      return [];
    },
    async department(id) {
      const { rows } =
        await sql<OrgDepartment>`select id, name, parent_id, state, hidden, include_sub, room_id
        from org.department where id = ${id}::uuid`.execute(db);
      return rows[0];
    },
    async departments() {
      const { rows } =
        await sql<OrgDepartment>`select id, name, parent_id, state, hidden, include_sub, room_id
        from org.department where state = 'active'`.execute(db);
      return rows;
    },
    everybody: () => select(sql`p.status = 'active'`),
    async roles() {
      const { rows } = await sql<OrgRole>`select id, name, builtin from org.role
        where builtin is distinct from 'member'`.execute(db);
      return rows;
    },
    roleHolders: (roleId) =>
      select(sql`p.status = 'active' and p.id in (select g.person_id from org.role_grant g
        where g.role_id = ${roleId}::uuid and (g.ends_at is null or g.ends_at > ${context.clock.now()}))`),
    async roleIdsOf(personId) {
      const { rows } = await sql<{ role_id: string }>`select distinct g.role_id from org.role_grant g
        where g.person_id = ${personId}::uuid
          and (g.ends_at is null or g.ends_at > ${context.clock.now()})`.execute(db);
      return rows.map((row) => row.role_id);
    },
    locale: async () => asLocale(await setting()),
    roomLocales: async () => roomLocales(await setting()),
    async departmentsOf(personId) {
      const { rows } = await sql<
        OrgDepartment & Omit<OrgPlacement, 'department'>
      >`select d.id, d.name, d.parent_id, d.state, d.hidden, d.include_sub, d.room_id,
          m.is_primary, m.is_head, m.title
        from org.membership m join org.department d on d.id = m.department_id
        where m.until is null and m.person_id = ${personId}::uuid
        order by m.is_primary desc, d.name, d.id`.execute(db);
      return rows.map(({ is_primary, is_head, title, ...department }) => ({
        department,
        is_primary,
        is_head,
        title,
      }));
    },
    members: (departmentId) => placed([departmentId]),
    subtreeMembers: async (departmentId) => placed([...(await loadTree(db)).subtree([departmentId])]),
    async isWithin(personId, departmentId) {
      const ids = [...(await loadTree(db)).subtree([departmentId])];
      const { rows } = await sql<{ found: boolean }>`select exists (select 1 from org.membership m
        where m.until is null and m.person_id = ${personId}::uuid
          and m.department_id = any(${ids}::uuid[])) as found`.execute(db);
      return rows[0]?.found ?? false;
    },
    maySee: async (viewer, personId) => (await visibility.between(viewer, personId)).see,
    mayContact: async (viewer, personId) => (await visibility.between(viewer, personId)).contact,
  };
}
