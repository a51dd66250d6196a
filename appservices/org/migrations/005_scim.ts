import { sql, type Kysely } from 'kysely';

const statements = [
  // A person as a SCIM client knows them. The directory decides; `resource` keeps what it has no place for.
  `create table org.scim_user (
    person_id uuid primary key references org.person (id),
    source_id uuid not null references org.source (id),
    user_name text not null,
    external_id text,
    resource jsonb not null default '{}',
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- Deleted by the client: not found any more; the person's leaving goes its way.
    deleted_at timestamptz
  )`,
  `create unique index scim_user_name on org.scim_user (source_id, lower(user_name)) where deleted_at is null`,
  `create index scim_user_external on org.scim_user (source_id, external_id)`,
  `create index scim_user_order on org.scim_user (source_id, created_at, person_id)`,
  // Departments of a SCIM source: made as groups, or from people's department attribute.
  `create table org.scim_group (
    department_id uuid primary key references org.department (id),
    source_id uuid not null references org.source (id),
    external_id text,
    origin text not null check (origin in ('group', 'attribute')),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
  )`,
  `create index scim_group_source on org.scim_group (source_id, created_at, department_id)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
