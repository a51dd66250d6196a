import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table platform.session (
    id_hash bytea primary key,
    user_id text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    last_seen_at timestamptz not null,
    user_agent text
  )`.execute(db);
  await sql`create index session_by_user on platform.session (user_id)`.execute(db);
  await sql`create index session_by_expiry on platform.session (expires_at)`.execute(db);
  await sql`create table platform.act (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    domain text not null,
    actor text not null,
    action text not null,
    subject text not null,
    scope text,
    details jsonb not null default '{}'
  )`.execute(db);
  await sql`create index act_subject on platform.act (domain, subject, id)`.execute(db);
  await sql`create table platform.appservice_txn (
    domain text not null,
    txn_id text not null,
    received_at timestamptz not null default now(),
    primary key (domain, txn_id)
  )`.execute(db);
  await sql`create table platform.worker (
    id text primary key,
    process text not null,
    started_at timestamptz not null default now()
  )`.execute(db);
}
