import { sql, type Kysely } from 'kysely';

const statements = [
  // Direct chats and groups that were made for people. Their members and names are the homeserver's to know.
  `create table org.conversation (
    id uuid primary key,
    kind text not null check (kind in ('direct', 'group')),
    -- Null while it is being made.
    room_id text unique,
    external boolean not null,
    history text not null check (history in ('shared', 'joined')),
    -- Matrix user id.
    requested_by text not null,
    -- Of a direct chat: both user ids in order, so that two people have one however often it is asked for.
    pair_key text unique,
    -- Idempotency key of the request.
    request_key text,
    -- The room it is the successor of.
    predecessor text unique,
    -- Who makes it says so here: whoever finds it old takes over.
    claimed_at timestamptz not null,
    created_at timestamptz not null,
    unique (requested_by, request_key)
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
