import { sql, type RawBuilder } from 'kysely';
import { searchCondition, searchWords } from '../directory/search.ts';
import type { OrgDb } from '../tables.ts';
import { nameHolds } from '../visibility/department-names.ts';

const UUID = /:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** How the people, departments, roles and sources are called now, by subject (`person:<id>`). */
export async function namesOf(db: OrgDb, subjects: Iterable<string>): Promise<Map<string, string>> {
  const ids = [...new Set([...subjects].flatMap((subject) => UUID.exec(subject)?.[1] ?? []))];
  if (ids.length === 0) return new Map();
  const named = sql`any(${ids}::uuid[])`;
  const { rows } = await sql<{ subject: string; name: string }>`
    select 'person:' || id as subject, display_name as name from org.person where id = ${named}
    union all select 'department:' || id, name from org.department where id = ${named}
    union all select 'role:' || id, name from org.role where id = ${named} and builtin is null
    union all select 'source:' || id, name from org.source where id = ${named}
    union all select 'import:' || id, file_name from org.import_run
      where id = ${named} and file_name is not null`.execute(db);
  return new Map(rows.map((row) => [row.subject, row.name]));
}

/** Built-in roles by id: their names are texts. */
export async function builtinRoles(db: OrgDb): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('org.role')
    .select(['id', 'builtin'])
    .where('builtin', 'is not', null)
    .execute();
  return new Map(rows.flatMap((row) => (row.builtin === null ? [] : [[row.id, row.builtin] as const])));
}

/** Acts (`a`) of or about a person. */
export const aboutPerson = (personId: string, serverName: string): RawBuilder<boolean> =>
  sql<boolean>`(a.subject = ${`person:${personId}`} or a.actor = (
    select '@' || p.localpart || ':' || ${serverName}::text from org.person p where p.id = ${personId}))`;

const escaped = (word: string): string => `%${word.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;

/** Acts (`a`) in which every word is the name of somebody or something; undefined: no words. */
export async function aboutWords(
  db: OrgDb,
  serverName: string,
  q: string,
): Promise<RawBuilder<boolean> | undefined> {
  const words = searchWords(q);
  if (words.length === 0) return undefined;
  const { rows } = await sql<{ subject: string; name: string }>`
    select 'department:' || id as subject, name from org.department
    union all select 'role:' || id, name from org.role
    union all select 'source:' || id, name from org.source`.execute(db);
  const subjects = rows
    .filter((row) => words.every((word) => nameHolds(row.name, word)))
    .map((row) => row.subject);
  const people = sql`from org.person p where ${searchCondition(words)}`;
  const noted = ['name', 'file_name', 'role', 'localpart', 'into_name', 'to_name'].map(
    (key) =>
      sql`(${sql.join(
        words.map((word) => sql`a.details ->> ${sql.lit(key)} ilike ${escaped(word)}`),
        sql` and `,
      )})`,
  );
  return sql<boolean>`(a.subject = any(${subjects})
    or a.subject in (select 'person:' || p.id ${people})
    or a.actor in (select '@' || p.localpart || ':' || ${serverName}::text ${people})
    or ${sql.join(noted, sql` or `)})`;
}
