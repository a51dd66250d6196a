import { sql, type Kysely } from 'kysely';

const statements = [
  // What people are listed by: names in the order of their pinyin, made by the host (`directory/sort-name.ts`), in code
  // points whatever the database's collation is. `sort_rule`: by which rule it was made; the host makes older ones anew.
  `alter table org.person
    add column sort_name text collate "C" not null default '',
    add column sort_rule smallint not null default 0,
    -- Mails with a link that were ordered before this bring none: the password was set since, or the links were ended.
    add column links_ended_at timestamptz`,
  `update org.person set sort_name = lower(display_name)`,
  `drop index org.person_name`,
  `create index person_sort_name on org.person (sort_name, id)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
