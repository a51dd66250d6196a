import { sql, type Kysely } from 'kysely';

const statements = [
  // Which of phone and employee number cannot be signed in with, and why, as the homeserver has told.
  `alter table org.person add column names_told text[] not null default '{}'`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
