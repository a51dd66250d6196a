import { sql, type Kysely } from 'kysely';

const statements = [
  // What the homeserver was last told, beside person.applied_name.
  `alter table org.person add column applied_email text`,
  // When the bot welcomed the person; null: not yet.
  `alter table org.person add column greeted_at timestamptz`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
