import { sql, type Kysely } from 'kysely';

const statements = [
  // Since when the person is known to have a device with end-to-end keys, so that others can write to them; null: not
  // yet. Ends with the account.
  `alter table org.person add column keys_at timestamptz`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
