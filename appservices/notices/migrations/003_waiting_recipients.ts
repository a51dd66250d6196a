import { sql, type Kysely } from 'kysely';

/** People a notice is for who have not activated the account yet: they find it in their list when they do. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table notices.recipient add column waiting boolean not null default false`.execute(db);
}
