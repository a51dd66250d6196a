import { sql, type Kysely } from 'kysely';

const statements = [
  // A large import is written in parts: a manager may come in a later one. Only it asks for the delay.
  `alter table org.person alter constraint person_manager_id_fkey deferrable initially immediate`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
