import { sql, type Kysely } from 'kysely';

const statements = [
  // Several links of a person may work at once: how each was handed out, by whom, and by which mail to which address.
  `alter table org.activation
    add column id uuid not null default gen_random_uuid(),
    add column way text not null default 'dialog' check (way in ('dialog', 'list', 'sheet', 'mail')),
    add column made_by text not null default 'system:before',
    add column mail_id uuid,
    add column sent_to text`,
  `create index activation_mail on org.activation (mail_id) where mail_id is not null`,
  // Phone and employee number as the homeserver was last told, for signing in.
  `alter table org.person add column applied_names text`,
  `create table org.activation_mailing (
    id uuid primary key,
    started_by text not null,
    started_at timestamptz not null,
    without_email uuid[] not null default '{}'
  )`,
  `create index activation_mailing_newest on org.activation_mailing (started_at desc, id desc)`,
  // Who has forgotten the password; never what was typed.
  `create table org.password_request (
    id uuid primary key,
    person_id uuid not null references org.person (id),
    first_at timestamptz not null,
    last_at timestamptz not null,
    times int not null default 1,
    state text not null check (state in ('open', 'mailed', 'done', 'closed')),
    mail_id uuid,
    mailed_at timestamptz,
    told_at timestamptz
  )`,
  `create unique index password_request_running on org.password_request (person_id) where state in ('open', 'mailed')`,
  `create index password_request_newest on org.password_request (last_at desc, id desc)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
