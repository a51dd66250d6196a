import { sql, type Kysely } from 'kysely';

/** Acts by who did them, what they are and when. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index act_actor on platform.act (domain, actor, id)`.execute(db);
  await sql`create index act_action on platform.act (domain, action, id)`.execute(db);
  await sql`create index act_at on platform.act (domain, at)`.execute(db);
}
