import { sql, type RawBuilder } from 'kysely';
import { directoryVersion } from '../changes.repository.ts';
import type { Placement } from '../changes.ts';
import type { ChangeKind, ImportState, OrgDb, OrgTrx } from '../tables.ts';
import type { ShownChange } from './shown-change.ts';
import type { CurrentDepartment, CurrentPerson, Directory } from './directory.ts';
import type { Problem } from './problems.ts';
import type { FileFacts } from './read-file.ts';
import type { ImportMapping } from '../../contract/api.ts';

/** Kinds of an import's origin. */
export type ImportKind = 'csv' | 'json' | 'ldap' | 'demo';

/** What a run was asked to do; the first three are shown and set by people. */
export interface RunOptions {
  missing_leave?: boolean;
  missing_dissolve?: boolean;
  leaver_guard?: number;
  confirm_leavers?: boolean;
  skip_bad_rows?: boolean;
  /** Who let it be applied, Matrix user id. */
  applied_by?: string;
  /** Set by the schedule: goes on to apply where nothing speaks against it. */
  auto_apply?: boolean;
  /** Day the changes hold from, ISO 8601; today where absent. */
  on?: string;
}

export interface StoredError {
  code: string;
  params: Record<string, string | number>;
  /** Key of a text below `imports.reasons`, for the parameter `reason`. */
  reason?: string;
}

export interface ImportRunRow {
  id: string;
  source_id: string | null;
  source_name: string | null;
  kind: string;
  state: ImportState;
  file_name: string | null;
  file_path: string | null;
  encoding: string | null;
  mapping: ImportMapping | null;
  options: RunOptions;
  counts: Record<string, number>;
  progress: Record<string, number>;
  error: StoredError | null;
  base_version: number | null;
  file: FileFacts;
  started_by: string;
  created_at: Date;
  checked_at: Date | null;
  ended_at: Date | null;
}

/** Columns that can be set; JSON is turned into text here. */
export type RunPatch = Partial<
  Pick<
    ImportRunRow,
    | 'state'
    | 'file_name'
    | 'file_path'
    | 'encoding'
    | 'mapping'
    | 'options'
    | 'counts'
    | 'progress'
    | 'error'
    | 'base_version'
    | 'file'
    | 'checked_at'
    | 'ended_at'
  > & { applied_at: Date | null }
>;

const JSON_COLUMNS = new Set(['mapping', 'options', 'counts', 'progress', 'error', 'file']);
const forDb = (patch: RunPatch): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(patch).map(([key, value]) => [
      key,
      JSON_COLUMNS.has(key) && value !== null ? JSON.stringify(value) : value,
    ]),
  );

const RUN = sql`r.id, r.source_id, s.name as source_name, r.kind, r.state, r.file_name, r.file_path, r.encoding,
  r.mapping, r.options, r.counts, r.progress, r.error, r.base_version, r.file, r.started_by, r.created_at,
  r.checked_at, r.ended_at`;
const FROM = sql`from org.import_run r left join org.source s on s.id = r.source_id`;

/** Rows of one INSERT of JSON, and of one part of a large answer. */
const CHUNK = 2000;

/** Rows of a query, a part at a time, so that the answer is never held as a whole. */
async function* inParts<T>(trx: OrgTrx, name: string, query: RawBuilder<T>): AsyncGenerator<T> {
  const cursor = sql.id(name);
  await sql`declare ${cursor} no scroll cursor for ${query}`.execute(trx);
  for (let more = true; more;) {
    const { rows } = await sql<T>`fetch forward ${sql.lit(CHUNK)} from ${cursor}`.execute(trx);
    yield* rows;
    more = rows.length === CHUNK;
  }
  await sql`close ${cursor}`.execute(trx);
}

export const importsRepository = {
  async insert(
    db: OrgDb | OrgTrx,
    run: {
      id: string;
      kind: ImportKind;
      started_by: string;
      created_at: Date;
      source_id: string | null;
    } & RunPatch,
  ): Promise<void> {
    const { id, kind, started_by, created_at, source_id, ...patch } = run;
    await db
      .insertInto('org.import_run')
      .values({ id, kind, started_by, created_at, source_id, state: 'uploaded', ...forDb(patch) } as never)
      .execute();
  },

  async find(db: OrgDb | OrgTrx, id: string): Promise<ImportRunRow | undefined> {
    const { rows } = await sql<ImportRunRow>`select ${RUN} ${FROM} where r.id = ${id}`.execute(db);
    return rows[0];
  },

  async list(
    db: OrgDb,
    after: { at: string; id: string } | undefined,
    limit: number,
  ): Promise<ImportRunRow[]> {
    const { rows } = await sql<ImportRunRow>`select ${RUN} ${FROM}
      where r.state <> 'discarded' and (${after?.at ?? null}::timestamptz is null
        or (r.created_at, r.id) < (${after?.at ?? null}::timestamptz, ${after?.id ?? null}::uuid))
      order by r.created_at desc, r.id desc limit ${limit}`.execute(db);
    return rows;
  },

  /** Moves a run on if it is in one of the states; answers whether it was. */
  async move(
    db: OrgDb | OrgTrx,
    id: string,
    from: readonly ImportState[],
    patch: RunPatch,
  ): Promise<boolean> {
    const result = await db
      .updateTable('org.import_run')
      .set(forDb(patch))
      .where('id', '=', id)
      .where('state', 'in', [...from])
      .executeTakeFirst();
    return result.numUpdatedRows > 0n;
  },

  /** Runs from before a moment that nobody has gone on with. */
  async left(db: OrgDb, before: Date): Promise<string[]> {
    const rows = await db
      .selectFrom('org.import_run')
      .select('id')
      .where('state', 'in', ['uploaded', 'checked', 'stopped', 'failed'])
      .where('created_at', '<', before)
      .execute();
    return rows.map((row) => row.id);
  },

  /** Runs whose files are still needed. */
  async open(db: OrgDb): Promise<string[]> {
    const rows = await db
      .selectFrom('org.import_run')
      .select('id')
      .where('state', 'not in', ['done', 'discarded'])
      .execute();
    return rows.map((row) => row.id);
  },

  /** A run of the source that is under way. */
  async busy(db: OrgDb | OrgTrx, sourceId: string): Promise<boolean> {
    const row = await db
      .selectFrom('org.import_run')
      .select('id')
      .where('source_id', '=', sourceId)
      .where('state', 'in', ['checking', 'applying'])
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  },

  /** What a check has found before; a new check begins with it. */
  async clearResult(trx: OrgDb | OrgTrx, runId: string): Promise<void> {
    await sql`delete from org.import_change where run_id = ${runId}`.execute(trx);
    await sql`delete from org.import_problem where run_id = ${runId}`.execute(trx);
  },

  /** Lines of the difference, numbered from `first` on. */
  async addChanges(trx: OrgTrx, runId: string, first: number, shown: readonly ShownChange[]): Promise<void> {
    if (shown.length === 0) return;
    const rows = shown.map((change, n) => ({ seq: first + n, ...change }));
    await sql`insert into org.import_change (run_id, seq, kind, subject, label, before, after)
      select ${runId}::uuid, seq, kind, subject, label, nullif(before, 'null'), nullif(after, 'null')
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(seq int, kind text, subject text, label text,
        before jsonb, after jsonb)`.execute(trx);
  },

  async addProblems(trx: OrgTrx, runId: string, problems: readonly Problem[]): Promise<void> {
    for (let at = 0; at < problems.length; at += CHUNK) {
      const rows = problems.slice(at, at + CHUNK).map(({ column, ...problem }, n) => ({
        seq: at + n + 1,
        column_name: column,
        ...problem,
      }));
      await sql`insert into org.import_problem (run_id, seq, severity, line, column_name, code, params)
        select ${runId}::uuid, seq, severity, line, column_name, code, params
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(seq int, severity text, line int,
          column_name text, code text, params jsonb)`.execute(trx);
    }
  },

  /** Problems of some codes that the last import of the same source, as it was applied, did not have. */
  async newDoubts(
    db: OrgDb,
    run: Pick<ImportRunRow, 'id' | 'source_id'>,
    codes: readonly string[],
  ): Promise<number> {
    // Lines move when a row is added: what is told counts, not where.
    const { rows } = await sql<{ n: number }>`with last as (
        select id from org.import_run where source_id = ${run.source_id}::uuid and state = 'done'
        order by ended_at desc limit 1
      ), told as (
        select p.run_id, p.code, p.column_name, p.params - 'other' as params, count(*) as times
        from org.import_problem p
        where p.code = any(${[...codes]}) and (p.run_id = ${run.id} or p.run_id = (select id from last))
        group by 1, 2, 3, 4
      )
      select count(*)::int as n from told t where t.run_id = ${run.id} and not exists (
        select 1 from told o where o.run_id = (select id from last) and o.code = t.code
          and o.column_name is not distinct from t.column_name and o.params = t.params and o.times >= t.times)`.execute(
      db,
    );
    return rows[0]?.n ?? 0;
  },

  async changes(
    db: OrgDb,
    runId: string,
    filter: { kind: ChangeKind | undefined; after: number; limit: number },
  ): Promise<({ seq: number } & ShownChange)[]> {
    const { rows } = await sql<{ seq: number } & ShownChange>`select seq, kind, subject, label, before, after
      from org.import_change where run_id = ${runId} and seq > ${filter.after}
        and (${filter.kind ?? null}::text is null or kind = ${filter.kind ?? null})
      order by seq limit ${filter.limit}`.execute(db);
    return rows;
  },

  async problems(
    db: OrgDb,
    runId: string,
    filter: { severity: string | undefined; after: number; limit: number },
  ): Promise<({ seq: number } & Problem)[]> {
    const { rows } = await sql<
      { seq: number } & Problem
    >`select seq, severity, line, column_name as "column", code,
        params from org.import_problem where run_id = ${runId} and seq > ${filter.after}
        and (${filter.severity ?? null}::text is null or severity = ${filter.severity ?? null})
      order by seq limit ${filter.limit}`.execute(db);
    return rows;
  },

  /** The directory at one version; waits for changes that are under way and keeps others out until commit. */
  async directory(trx: OrgTrx, sourceId: string | null): Promise<Directory> {
    await sql`select pg_advisory_xact_lock_shared(hashtextextended('org.directory', 0))`.execute(trx);
    const version = await directoryVersion(trx);
    const { rows: departments } =
      await sql<CurrentDepartment>`select d.id, d.external_id, d.name, d.parent_id,
        d.hidden, d.include_sub, d.position,
        exists (select 1 from org.membership m join org.person p on p.id = m.person_id
          where m.department_id = d.id and p.source_id = ${sourceId}::uuid) as of_source
      from org.department d where d.state = 'active'`.execute(trx);
    // Ids and titles many people share are held once.
    const texts = new Map<string, string>();
    const once = <T extends string | null>(text: T): T => {
      if (text === null) return text;
      const same = texts.get(text);
      if (same !== undefined) return same as T;
      texts.set(text, text);
      return text;
    };
    for (const department of departments) department.id = once(department.id);
    const people = new Map<string, CurrentPerson>();
    const persons = sql<Omit<CurrentPerson, 'placements'>>`select id, external_id, localpart, display_name,
        given_name, family_name, email, phone, title, locale, manager_id, starts_on, ends_on, status, source_id
      from org.person`;
    for await (const row of inParts<Omit<CurrentPerson, 'placements'>>(trx, 'org_people', persons)) {
      const id = once(row.id);
      people.set(id, {
        id,
        external_id: row.external_id,
        localpart: row.localpart,
        display_name: row.display_name,
        given_name: row.given_name,
        family_name: row.family_name,
        email: row.email,
        phone: row.phone,
        title: once(row.title),
        locale: once(row.locale),
        manager_id: once(row.manager_id),
        starts_on: row.starts_on,
        ends_on: row.ends_on,
        status: once(row.status),
        source_id: once(row.source_id),
        placements: [],
      });
    }
    const placements = sql<Placement & { person_id: string }>`select person_id, department_id,
        is_primary, is_head, title from org.membership where until is null
      order by is_primary desc, since, id`;
    for await (const row of inParts<Placement & { person_id: string }>(trx, 'org_places', placements)) {
      people.get(row.person_id)?.placements.push({
        department_id: once(row.department_id),
        is_primary: row.is_primary,
        is_head: row.is_head,
        title: once(row.title),
      });
    }
    return { version, departments, people: [...people.values()] };
  },

  /** The source of files that people upload by hand; made when it is first needed. */
  async uploadSource(db: OrgDb | OrgTrx, name: string): Promise<string> {
    await sql`insert into org.source (id, kind, name, enabled) values (${UPLOAD_SOURCE_ID}, 'csv', ${name}, false)
      on conflict do nothing`.execute(db);
    return UPLOAD_SOURCE_ID;
  },

  async namedSource(db: OrgDb | OrgTrx, id: string, name: string, kind: 'csv' | 'json'): Promise<string> {
    await sql`insert into org.source (id, kind, name, enabled) values (${id}, ${kind}, ${name}, false)
      on conflict (name) do nothing`.execute(db);
    const { rows } = await sql<{ id: string }>`select id from org.source where name = ${name}`.execute(db);
    return rows[0]?.id ?? id;
  },

  async source(
    db: OrgDb | OrgTrx,
    id: string,
  ): Promise<{ id: string; name: string; kind: string; leaver_guard: number } | undefined> {
    const { rows } = await sql<{
      id: string;
      name: string;
      kind: string;
      leaver_guard: number;
    }>`select id, name,
      kind, leaver_guard from org.source where id = ${id}`.execute(db);
    return rows[0];
  },
};

/** Fixed, so that two first uploads at the same time make one source. */
export const UPLOAD_SOURCE_ID = '00000000-0000-4000-8000-0000000f11e5';
