import { sql, type Kysely } from 'kysely';

const statements = [
  // What was found at the head of an uploaded file: columns with samples, delimiter, encodings to offer.
  `alter table org.import_run add column file jsonb not null default '{}'`,
  `create index import_run_created on org.import_run (created_at desc, id desc)`,
  `create index import_run_source on org.import_run (source_id, created_at desc)`,
  `create index import_change_kind on org.import_change (run_id, kind, seq)`,
  `create index person_source on org.person (source_id)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
