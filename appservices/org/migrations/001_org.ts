import { sql, type Kysely } from 'kysely';

const statements = [
  `create extension if not exists pg_trgm`,
  // One row: the company itself.
  `create table org.workspace (
    one boolean primary key default true check (one),
    company_space_id text,
    applied_name text,
    settings jsonb not null default '{}',
    pilot_confirmed_at timestamptz,
    rollout_confirmed_at timestamptz
  )`,
  `insert into org.workspace default values`,
  `create table org.department (
    id uuid primary key,
    external_id text unique,
    name text not null check (length(name) between 1 and 200),
    parent_id uuid references org.department (id),
    position int not null default 0,
    hidden boolean not null default false,
    include_sub boolean not null default false,
    state text not null default 'active' check (state in ('active', 'dissolved', 'converted')),
    space_id text unique,
    room_id text unique,
    -- What the homeserver was last told, so that only differences are sent.
    applied jsonb not null default '{}',
    version int not null default 1,
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    check (parent_id is distinct from id)
  )`,
  `create index department_parent on org.department (parent_id)`,
  `create unique index department_sibling_name on org.department (coalesce(parent_id, '00000000-0000-0000-0000-000000000000'), lower(name)) where state = 'active'`,
  `create table org.person (
    id uuid primary key,
    external_id text unique,
    localpart text not null unique,
    display_name text not null check (length(display_name) between 1 and 256),
    given_name text,
    family_name text,
    email text,
    phone text,
    title text,
    locale text check (locale in ('zh-Hans', 'en')),
    manager_id uuid references org.person (id),
    -- joining: no working account yet; active; suspended: leaver being handed over; left: closed.
    status text not null default 'joining' check (status in ('joining', 'active', 'suspended', 'left')),
    -- none, created, locked, deactivated: what the homeserver was last told.
    account text not null default 'none' check (account in ('none', 'created', 'locked', 'deactivated')),
    applied_name text,
    activated_at timestamptz,
    starts_on date,
    ends_on date,
    -- Where the person comes from: null for one made by hand; an import only ends people of its own source.
    source_id uuid,
    -- Lower-case search text: name, its pinyin in full and initials, title, e-mail's local part.
    search text not null default '',
    version int not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check (manager_id is distinct from id)
  )`,
  `create unique index person_email on org.person (lower(email)) where email is not null and status <> 'left'`,
  `create index person_manager on org.person (manager_id)`,
  `create index person_search on org.person using gin (search gin_trgm_ops)`,
  // Who was where and when; current ones have no end.
  `create table org.membership (
    id uuid primary key,
    person_id uuid not null references org.person (id),
    department_id uuid not null references org.department (id),
    is_primary boolean not null default true,
    is_head boolean not null default false,
    title text,
    since date not null,
    until date,
    check (until is null or until >= since)
  )`,
  `create unique index membership_current on org.membership (person_id, department_id) where until is null`,
  `create unique index membership_primary on org.membership (person_id) where until is null and is_primary`,
  `create index membership_department on org.membership (department_id) where until is null`,
  // What the homeserver holds as far as we know; the difference to what should be is the work to do.
  `create table org.room_member (
    room_id text not null,
    person_id uuid not null references org.person (id),
    joined_at timestamptz not null default now(),
    primary key (room_id, person_id)
  )`,
  `create index room_member_person on org.room_member (person_id)`,
  `create table org.role (
    id uuid primary key,
    name text not null unique,
    -- main_admin, department_admin, member: cannot be changed or removed; texts come from the catalogues.
    builtin text unique,
    permissions text[] not null,
    version int not null default 1
  )`,
  `create table org.role_grant (
    id uuid primary key,
    person_id uuid not null references org.person (id),
    role_id uuid not null references org.role (id),
    -- null: the whole company; else the subtree below the department.
    department_id uuid references org.department (id),
    granted_by text not null,
    granted_at timestamptz not null default now(),
    ends_at timestamptz,
    unique nulls not distinct (person_id, role_id, department_id)
  )`,
  `create table org.visibility_rule (
    id uuid primary key,
    position int not null,
    -- Whom the rule holds for, and whom it speaks about: {"all":true} | {"departments":[…],"positions":[…],"external":bool}
    viewer jsonb not null,
    target jsonb not null,
    can_see boolean not null,
    can_contact boolean not null,
    note text,
    check (can_see or not can_contact)
  )`,
  `create table org.activation (
    token_hash bytea primary key,
    person_id uuid not null references org.person (id),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
  )`,
  `create index activation_person on org.activation (person_id)`,
  // A place people come from: a file kept by hand, an LDAP server, a SCIM client.
  `create table org.source (
    id uuid primary key,
    kind text not null check (kind in ('csv', 'json', 'ldap', 'scim')),
    name text not null unique,
    settings jsonb not null default '{}',
    mapping jsonb,
    -- Cron pattern in UTC, five fields; null: by hand only.
    schedule text,
    -- Stops a run when more than this share of the source's people would leave (0 to 1).
    leaver_guard real not null default 0.1 check (leaver_guard between 0 and 1),
    enabled boolean not null default true,
    last_run_at timestamptz,
    next_run_at timestamptz,
    version int not null default 1
  )`,
  `create table org.import_run (
    id uuid primary key,
    source_id uuid references org.source (id),
    kind text not null,
    -- uploaded → checking → checked → applying → done; stopped and failed go on with resume.
    state text not null check (state in ('uploaded', 'checking', 'checked', 'applying', 'stopped', 'done', 'failed', 'discarded')),
    file_name text,
    file_path text,
    encoding text,
    mapping jsonb,
    options jsonb not null default '{}',
    counts jsonb not null default '{}',
    progress jsonb not null default '{}',
    error jsonb,
    -- Directory version the difference was made against; apply refuses when it moved on.
    base_version bigint,
    started_by text not null,
    created_at timestamptz not null default now(),
    checked_at timestamptz,
    applied_at timestamptz,
    ended_at timestamptz
  )`,
  `create table org.import_change (
    run_id uuid not null references org.import_run (id) on delete cascade,
    seq int not null,
    kind text not null check (kind in ('department_add', 'department_change', 'department_move', 'department_dissolve', 'person_add', 'person_change', 'person_move', 'person_leave')),
    subject text not null,
    label text not null,
    before jsonb,
    after jsonb,
    primary key (run_id, seq)
  )`,
  `create table org.import_problem (
    run_id uuid not null references org.import_run (id) on delete cascade,
    seq int not null,
    severity text not null check (severity in ('error', 'warning')),
    line int,
    column_name text,
    code text not null,
    params jsonb not null default '{}',
    primary key (run_id, seq)
  )`,
  // Counts up with every change of people or departments.
  `create sequence org.directory_version`,
  `create table org.offboarding (
    id uuid primary key,
    person_id uuid not null references org.person (id),
    state text not null check (state in ('suspended', 'closing', 'closed', 'undone')),
    started_by text not null,
    started_at timestamptz not null,
    closed_at timestamptz,
    undo_until timestamptz,
    undone_at timestamptz,
    reason text,
    -- What undo needs: memberships, grants, rooms, reports as they were.
    snapshot jsonb not null default '{}',
    certificate jsonb
  )`,
  `create unique index offboarding_open on org.offboarding (person_id) where state in ('suspended', 'closing')`,
  `create table org.handover_item (
    id uuid primary key,
    offboarding_id uuid not null references org.offboarding (id),
    -- report, department_head, role_grant, room, or <domain>.<noun> for what other domains hand in.
    kind text not null,
    subject text not null,
    label text not null,
    to_person_id uuid references org.person (id),
    done_at timestamptz,
    unique (offboarding_id, kind, subject)
  )`,
  `create table org.provision_problem (
    subject text primary key,
    kind text not null,
    code text not null,
    detail text,
    attempts int not null default 1,
    first_at timestamptz not null default now(),
    last_at timestamptz not null default now()
  )`,
  `create table org.drift (
    id bigint generated always as identity primary key,
    found_at timestamptz not null default now(),
    kind text not null,
    subject text not null,
    detail jsonb not null default '{}',
    repaired_at timestamptz
  )`,
  `create table org.scim_token (
    id uuid primary key,
    name text not null,
    token_hash bytea not null unique,
    source_id uuid not null references org.source (id),
    created_by text not null,
    created_at timestamptz not null default now(),
    last_used_at timestamptz,
    expires_at timestamptz
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
