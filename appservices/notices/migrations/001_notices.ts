import { sql, type Kysely } from 'kysely';

const statements = [
  // When somebody may be reminded; without a row the defaults of the configuration hold.
  `create table notices.settings (
    user_id text primary key,
    zone text not null,
    quiet boolean not null,
    quiet_from text not null,
    quiet_to text not null,
    quiet_weekends boolean not null,
    urgent_through boolean not null,
    every_minutes int not null check (every_minutes >= 30),
    direct boolean not null,
    updated_at timestamptz not null default now()
  )`,
  // One row for each person asked by a message. No text: the message is encrypted, and stays in its room.
  `create table notices.obligation (
    id uuid primary key,
    kind text not null check (kind in ('question', 'urgent', 'unread')),
    room_id text not null,
    event_id text not null,
    asker text not null,
    asked text not null check (asked <> asker),
    due_at timestamptz,
    -- Urgent: minutes between reminders.
    every_minutes int check (every_minutes >= 5),
    state text not null default 'open' check (state in ('open', 'answered', 'withdrawn', 'ended')),
    created_at timestamptz not null,
    closed_at timestamptz,
    closed_how text,
    closed_by text,
    reminders int not null default 0,
    reminded_at timestamptz,
    -- Null: no (more) reminders.
    next_remind_at timestamptz,
    unique (event_id, asked, kind),
    check ((state = 'open') = (closed_at is null))
  )`,
  `create index obligation_owe on notices.obligation (asked, created_at desc, id desc)`,
  `create index obligation_wait on notices.obligation (asker, created_at desc, id desc)`,
  `create index obligation_due on notices.obligation (next_remind_at) where state = 'open' and next_remind_at is not null`,
  // What went out (or is to) to one person at one time, about obligations or a notice.
  `create table notices.reminder (
    id uuid primary key,
    user_id text not null,
    kind text not null check (kind in ('question', 'urgent', 'unread', 'notice')),
    obligation_ids uuid[] not null default '{}',
    notice_id uuid,
    created_at timestamptz not null,
    sent_at timestamptz,
    -- sent; settled: answered meanwhile; client: shown by the client only.
    outcome text check (outcome in ('sent', 'settled', 'client')),
    room_id text,
    event_id text unique
  )`,
  `create index reminder_of on notices.reminder (user_id, created_at desc)`,
  // The bot's room with one person.
  `create table notices.direct_room (
    user_id text primary key,
    room_id text not null unique,
    -- The person left it: reminders are shown by the client only.
    left_by_person boolean not null default false,
    created_at timestamptz not null default now()
  )`,
  `create table notices.notice (
    id uuid primary key,
    version int not null default 1,
    state text not null default 'draft' check (state in ('draft', 'scheduled', 'sending', 'sent', 'recalled')),
    author text not null,
    title text not null,
    body text not null,
    confirm boolean not null,
    audience jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    scheduled_at timestamptz,
    sent_at timestamptz,
    recalled_at timestamptz,
    reminded_at timestamptz,
    -- Who sent or scheduled it: whose rights count at its time.
    sender text,
    problem text
  )`,
  `create index notice_sent on notices.notice (sent_at desc, id desc) where sent_at is not null`,
  `create index notice_author on notices.notice (author)`,
  `create index notice_scheduled on notices.notice (scheduled_at) where state = 'scheduled'`,
  `create table notices.recipient (
    notice_id uuid not null references notices.notice (id) on delete cascade,
    user_id text not null,
    -- Came into the audience after it was sent.
    late boolean not null default false,
    seen_at timestamptz,
    confirmed_at timestamptz,
    confirmed_how text check (confirmed_how in ('client', 'reaction', 'reply')),
    reminded_at timestamptz,
    next_remind_at timestamptz,
    -- Suspended or left: counted no more.
    gone boolean not null default false,
    primary key (notice_id, user_id)
  )`,
  `create index recipient_of on notices.recipient (user_id, notice_id)`,
  `create index recipient_due on notices.recipient (next_remind_at) where next_remind_at is not null`,
  // One message: to a department's room, or to one person.
  `create table notices.delivery (
    id uuid primary key,
    notice_id uuid not null references notices.notice (id) on delete cascade,
    kind text not null check (kind in ('room', 'direct')),
    -- Department id, or user id.
    target text not null,
    state text not null default 'waiting' check (state in ('waiting', 'sent', 'skipped', 'failed', 'redacted')),
    room_id text,
    event_id text unique,
    attempts int not null default 0,
    problem text,
    unique (notice_id, kind, target)
  )`,
  `create index delivery_state on notices.delivery (notice_id, state)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
