import { sql, type Kysely } from 'kysely';

const statements = [
  // A browser that wants pushes. The endpoint belongs to the browser's push service, the keys to the browser.
  `create table push.subscription (
    id text primary key,
    user_id text not null,
    endpoint text not null unique,
    p256dh text not null,
    auth text not null,
    label text not null,
    created_at timestamptz not null,
    -- The browser said that it is still there.
    seen_at timestamptz not null,
    delivered_at timestamptz
  )`,
  `create index subscription_user on push.subscription (user_id, created_at)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
