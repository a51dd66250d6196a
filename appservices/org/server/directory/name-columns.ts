import { sql } from 'kysely';
import type { PersonFacts } from '../changes.ts';
import { searchText } from '../imports/search-text.ts';
import type { OrgDb } from '../tables.ts';
import { SORT_RULE, sortName } from './sort-name.ts';

/** Columns of `org.person` that are made of others: what a person is found by, and listed by. */
export interface NameColumns {
  readonly search: string;
  readonly sort_name: string;
  readonly sort_rule: number;
}

export const nameColumns = (person: Parameters<typeof searchText>[0]): NameColumns => ({
  search: searchText(person),
  sort_name: sortName(person.display_name),
  sort_rule: SORT_RULE,
});

const AT_ONCE = 1000;

/** Makes the sort keys anew that are of an older rule: after an upgrade, before the first list is asked for. */
export async function renewSortNames(db: OrgDb): Promise<void> {
  for (;;) {
    const { rows } = await sql<Pick<PersonFacts, 'display_name'> & { id: string }>`select id, display_name
      from org.person where sort_rule <> ${SORT_RULE} limit ${AT_ONCE}`.execute(db);
    if (rows.length === 0) return;
    const made = JSON.stringify(
      rows.map(({ id, display_name: name }) => ({ id, name, sort_name: sortName(name) })),
    );
    // Who is renamed meanwhile has the key of the new name already.
    await sql`update org.person p set sort_name = x.sort_name, sort_rule = ${SORT_RULE}
      from jsonb_to_recordset(${made}::jsonb) as x(id uuid, name text, sort_name text)
      where p.id = x.id and p.display_name = x.name`.execute(db);
  }
}
