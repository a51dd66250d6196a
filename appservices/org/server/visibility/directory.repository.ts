import { sql, type RawBuilder } from 'kysely';
import { searchCondition, searchPattern } from '../directory/search.ts';
import type { RefRow } from '../directory/people.repository.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';
import { departmentsNamed } from './department-names.ts';
import { canContact, canSee, type View } from './visibility.repository.ts';

export interface DirectoryRow extends RefRow {
  email: string | null;
  phone: string | null;
  can_contact: boolean;
  activated: boolean;
  sort_name: string;
}

export interface ContactRow {
  localpart: string;
  account: 'none' | 'created' | 'locked' | 'deactivated';
  can_contact: boolean;
}

const uuids = (ids: Iterable<string>): RawBuilder<unknown> => sql`${[...ids]}::uuid[]`;

const inDepartments = (ids: Iterable<string>): RawBuilder<boolean> =>
  sql<boolean>`p.id in (select m.person_id from org.membership m
    where m.until is null and m.department_id = any(${uuids(ids)}))`;

/** The word is in the person's text, or in the name of a department of theirs that the viewer sees. */
function matches(view: View, word: string): RawBuilder<boolean> {
  const departments = departmentsNamed(view.tree, view.unseen, word);
  const pattern = searchPattern(word);
  if (departments.length === 0) return sql<boolean>`p.search_key like ${pattern}`;
  return sql<boolean>`p.id in (select f.id from org.person f where f.search_key like ${pattern}
    union all select m.person_id from org.membership m
    where m.until is null and m.department_id = any(${uuids(departments)}))`;
}

const columns = (
  view: View,
): RawBuilder<unknown> => sql`p.id, p.display_name, p.localpart, p.title, p.email, p.phone,
  ${canContact(view)} as can_contact, p.keys_at is not null as activated, p.sort_name`;

/** SQL of the directory as one viewer sees it. */
export const directoryRepository = {
  async search(
    db: OrgDb,
    view: View,
    filter: {
      words: readonly string[];
      departments?: ReadonlySet<string> | undefined;
      localparts?: readonly string[] | undefined;
      after?: { value: string; id: string } | undefined;
      limit: number;
    },
  ): Promise<DirectoryRow[]> {
    const parts: RawBuilder<boolean>[] = [
      canSee(view),
      searchCondition(filter.words, (word) => matches(view, word)),
    ];
    if (filter.departments) parts.push(inDepartments(filter.departments));
    if (filter.localparts) parts.push(sql<boolean>`p.localpart = any(${[...filter.localparts]}::text[])`);
    if (filter.after) {
      parts.push(sql<boolean>`(p.sort_name, p.id) > (${filter.after.value}, ${filter.after.id}::uuid)`);
    }
    const { rows } = await sql<DirectoryRow>`select ${columns(view)} from org.person p
      where ${sql.join(parts, sql` and `)}
      order by p.sort_name, p.id limit ${filter.limit}`.execute(db);
    return rows;
  },

  async find(db: OrgDb, view: View, id: string): Promise<DirectoryRow | undefined> {
    const { rows } = await sql<DirectoryRow>`select ${columns(view)} from org.person p
      where p.id = ${id}::uuid and ${canSee(view)}`.execute(db);
    return rows[0];
  },

  async reports(db: OrgDb, view: View, managerId: string): Promise<RefRow[]> {
    const { rows } = await sql<RefRow>`select p.id, p.display_name, p.localpart, p.title from org.person p
      where p.manager_id = ${managerId}::uuid and ${canSee(view)}
      order by p.sort_name, p.id`.execute(db);
    return rows;
  },

  /** Those of the people whom the viewer sees. */
  async seen(db: OrgDb | OrgTrx, view: View, ids: Iterable<string>): Promise<Set<string>> {
    const { rows } = await sql<{ id: string }>`select p.id from org.person p
      where p.id = any(${uuids(ids)}) and ${canSee(view)}`.execute(db);
    return new Set(rows.map((row) => row.id));
  },

  /** Those of the accounts whom the viewer sees, and whether the rules let the viewer write to them. */
  async contacts(db: OrgDb | OrgTrx, view: View, localparts: readonly string[]): Promise<ContactRow[]> {
    const { rows } = await sql<ContactRow>`select p.localpart, p.account, ${canContact(view)} as can_contact
      from org.person p where p.localpart = any(${[...localparts]}::text[]) and ${canSee(view)}`.execute(db);
    return rows;
  },

  async contact(db: OrgDb | OrgTrx, view: View, id: string): Promise<boolean> {
    const { rows } = await sql<{ ok: boolean }>`select ${canContact(view)} as ok from org.person p
      where p.id = ${id}::uuid and ${canSee(view)}`.execute(db);
    return rows[0]?.ok ?? false;
  },

  /** People seen, by department they are directly in. */
  async counts(db: OrgDb, view: View): Promise<Map<string, number>> {
    const { rows } = await sql<{
      department_id: string;
      count: number;
    }>`select m.department_id, count(*) as count
      from org.membership m join org.person p on p.id = m.person_id
      where m.until is null and ${canSee(view)} group by m.department_id`.execute(db);
    return new Map(rows.map((row) => [row.department_id, row.count]));
  },
};
