import { sql, type Kysely } from 'kysely';

/** Somebody does not want to be disturbed for a while. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table notices.settings add column paused_until timestamptz`.execute(db);
}
