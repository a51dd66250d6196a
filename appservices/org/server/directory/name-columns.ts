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

/**
 * Makes the sort keys anew that are of an older rule: after an upgrade, before the first list is asked for. Another
 * process may do the same, and change people meanwhile: rows are locked in the order of ids, as everywhere.
 */
export async function renewSortNames(db: OrgDb): Promise<void> {
  const renewSome = (): Promise<number> =>
    db.transaction().execute(async (trx) => {
      const { rows } = await sql<Pick<PersonFacts, 'display_name'> & { id: string }>`select id, display_name
        from org.person where sort_rule <> ${SORT_RULE} order by id limit ${AT_ONCE} for update`.execute(trx);
      const made = JSON.stringify(
        rows.map(({ id, display_name }) => ({ id, sort_name: sortName(display_name) })),
      );
      await sql`update org.person p set sort_name = x.sort_name, sort_rule = ${SORT_RULE}
        from jsonb_to_recordset(${made}::jsonb) as x(id uuid, sort_name text) where p.id = x.id`.execute(trx);
      return rows.length;
    });
  while ((await renewSome()) > 0);
}
