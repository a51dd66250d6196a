import { sql, type Kysely } from 'kysely';

const statements = [
  // PostgreSQL's trigrams skip what the collation does not call a letter, and for C that is all but ASCII.
  // Written out as u<hex>, every script is found by the same index; a blank in front marks a word's beginning.
  `create function org.search_key(text) returns text immutable strict parallel safe language sql as $$
    select ' ' || coalesce(string_agg(
      case
        when c ~ '[a-z0-9]' then c
        when ascii(c) < 128 then ' '
        else 'u' || lpad(to_hex(ascii(c)), 5, '0')
      end, '' order by n), '')
    from unnest(string_to_array($1, null)) with ordinality as characters (c, n)
  $$`,
  `alter table org.person add column search_key text generated always as (org.search_key(search)) stored`,
  `drop index org.person_search`,
  `create index person_search_key on org.person using gin (search_key gin_trgm_ops)`,
  `create index person_name on org.person (lower(display_name), id)`,
  `create index role_grant_department on org.role_grant (department_id)`,
  `create index membership_person on org.membership (person_id)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
