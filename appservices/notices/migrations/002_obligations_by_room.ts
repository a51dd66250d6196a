import { sql, type Kysely } from 'kysely';

/** A conversation that is opened shows what became of its questions. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index obligation_room on notices.obligation (room_id, created_at desc)`.execute(db);
}
