import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // What a mail says is not here: it is composed when it is sent, so that no link lies in the database.
  await sql`create table platform.mail (
    id uuid primary key,
    domain text not null,
    kind text not null,
    to_address text not null,
    -- Whom it is for, as the domain knows them.
    person text not null,
    locale text,
    params jsonb not null default '{}',
    requested_by text not null,
    batch uuid,
    state text not null default 'waiting' check (state in ('waiting', 'sent', 'kept', 'failed')),
    attempts int not null default 0,
    created_at timestamptz not null,
    sent_at timestamptz,
    next_at timestamptz,
    give_up_at timestamptz not null,
    error_code text,
    error_text text
  )`.execute(db);
  await sql`create index mail_due on platform.mail (next_at) where state = 'waiting'`.execute(db);
  await sql`create index mail_newest on platform.mail (domain, created_at desc, id desc)`.execute(db);
  await sql`create index mail_person on platform.mail (domain, person, created_at desc)`.execute(db);
  await sql`create index mail_batch on platform.mail (batch) where batch is not null`.execute(db);
}
