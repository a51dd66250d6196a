import { sql, type Kysely } from 'kysely';

const statements = [
  // The language in which the person last used the client; what the company's source says is beside it.
  `alter table org.person add column reads text check (reads in ('zh-Hans', 'en'))`,
  // The lines in which the bot names who is new in a department's room: at most one a day.
  `create table org.welcome (
    id uuid primary key,
    department_id uuid not null references org.department (id),
    room_id text not null,
    people uuid[] not null,
    made_at timestamptz not null,
    said_at timestamptz
  )`,
  `create index welcome_by_department on org.welcome (department_id, made_at)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
