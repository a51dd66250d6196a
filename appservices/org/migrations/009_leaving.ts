import { sql, type Kysely } from 'kysely';

const statements = [
  // What of a user could not be taken over, and the manager who is waited for.
  `alter table org.scim_user add column untaken jsonb not null default '[]', add column waiting_manager text`,
  `create index scim_user_waiting on org.scim_user (source_id, lower(waiting_manager)) where waiting_manager is not null`,
  // Whom a provider wants gone while the guard waits for a person's yes.
  `create table org.held_leaver (
    source_id uuid not null references org.source (id),
    person_id uuid not null references org.person (id),
    first_at timestamptz not null,
    last_at timestamptz not null,
    primary key (source_id, person_id)
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
