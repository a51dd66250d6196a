import { type Actor, DomainError, type Locale, makeErrors, platformErrors, sizeOf } from '@qiao/platform';
import { createWriteStream } from 'node:fs';
import { access, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Static } from 'typebox';
import { PEOPLE_FIELDS, type ImportMapping, type PutImportMapping } from '../../contract/api.ts';
import { orgErrorTable } from '../../contract/errors.ts';
import { changesRepository, directoryVersion } from '../changes.repository.ts';
import { createChanges } from '../changes.service.ts';
import { guardHolds, leavingSoFar } from '../leaver-guard.ts';
import type { OrgContext } from '../context.ts';
import type { ImportState, OrgDb, OrgTrx } from '../tables.ts';
import { buildDepartmentImage } from './department-image.ts';
import { openResult, storedChanges } from './changes-file.ts';
import { openDifference } from './difference.ts';
import { encodingOf, type Encoding } from './encoding.ts';
import { guessMapping, missingFields } from './guess-mapping.ts';
import {
  importsRepository as repository,
  type ImportKind,
  type ImportRunRow,
  type RunOptions,
  type StoredError,
} from './imports.repository.ts';
import { changeTotal } from './imports.present.ts';
import { buildPeopleImage } from './people-image.ts';
import { openLines, readLines } from './lines.ts';
import { DOUBTS, MAX_KEPT_PROBLEMS, Problems } from './problems.ts';
import { inspectFile, readFileContent, type FileContent, type FileFacts } from './read-file.ts';
import type { RowRest } from './rows.ts';
import { refineMapping, surveyFacts, surveyFile, withStatuses } from './survey.ts';
import { SourceUnreachable } from '../sources/unreachable.ts';
import { UnreadableFile } from './unreadable.ts';

const errors = makeErrors('org', orgErrorTable);

export const CHECK_JOB = 'org.check-import';
export const APPLY_JOB = 'org.apply-import';
/** Imports run one after the other. */
const QUEUE = 'org.imports';
/** Tries of a job before the run is given up as failed; with back-off that is about twenty minutes. */
export const MAX_ATTEMPTS = 8;
export const DEFAULT_LEAVER_GUARD = 0.1;
/** Days an import waits to be gone on with. */
const KEEP_DAYS = 30;

/** Thrown inside a run that a person has stopped. */
class Stopped extends Error {}

/** Fetches what a source has now and writes it as a file the import reads. See `sources/`. */
export type FetchSource = (
  sourceId: string,
  folder: string,
  runId: string,
) => Promise<{ path: string; kind: 'csv' | 'json'; mapping: ImportMapping | null; encoding: string | null }>;

export interface NewRun {
  kind: ImportKind;
  actor: string;
  source_id: string;
  file_name: string | null;
  options?: RunOptions;
}

/** Imports from upload to done. Rights are the caller's matter (`imports.policy.ts`). */
export function createImports(context: OrgContext, fetchSource: FetchSource) {
  const db = context.db as unknown as OrgDb;
  const changes = createChanges(context);
  const folder = join(context.site.varDir, 'data', 'org', 'imports');
  const changesPath = (id: string): string => join(folder, `${id}.changes.jsonl`);
  /** Changes while they are written. */
  const draftPath = (id: string): string => `${changesPath(id)}.draft`;
  /** What waits of each row while a check looks for doubles and circles. */
  const restPath = (id: string): string => join(folder, `${id}.rows.jsonl`);
  const { clock, random, queue } = context;
  const today = (): string => clock.now().toISOString().slice(0, 10);

  const load = async (id: string): Promise<ImportRunRow> => {
    const run = await repository.find(db, id);
    if (!run) throw platformErrors.not_found();
    return run;
  };
  /** Moves a run on, or says where it stands. */
  const move = async (
    store: OrgDb | OrgTrx,
    run: ImportRunRow,
    from: readonly ImportState[],
    patch: Parameters<typeof repository.move>[3],
  ): Promise<void> => {
    if (await repository.move(store, run.id, from, patch)) return;
    const now = await repository.find(store, run.id);
    throw errors.import_not_in_state({ state: now?.state ?? run.state });
  };
  const start = async (
    run: ImportRunRow,
    from: readonly ImportState[],
    to: 'checking' | 'applying',
    options: RunOptions,
  ): Promise<void> => {
    await db.transaction().execute(async (trx) => {
      await move(trx, run, from, {
        state: to,
        options,
        progress: {},
        error: null,
        ended_at: null,
        ...(to === 'checking' ? { checked_at: null, base_version: null } : {}),
      });
      await queue.enqueue(
        trx as never,
        to === 'checking' ? CHECK_JOB : APPLY_JOB,
        { run_id: run.id },
        { queue: QUEUE, key: `import:${run.id}`, maxAttempts: MAX_ATTEMPTS },
      );
    });
  };
  const removeFiles = async (run: ImportRunRow): Promise<void> => {
    await rm(changesPath(run.id), { force: true });
    await rm(draftPath(run.id), { force: true });
    await rm(restPath(run.id), { force: true });
    if (run.file_path !== null) await rm(run.file_path, { force: true });
  };

  /** Writes what a person sends to a file of our own, readable by us alone. @throws DomainError `platform.too_large` */
  const store = async (id: string, kind: string, content: Readable): Promise<string> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${id}.${kind}`);
    let bytes = 0;
    const limit = context.config.max_import_bytes;
    try {
      await pipeline(
        content,
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            bytes += chunk.length;
            if (bytes > limit) throw platformErrors.too_large({ limit: sizeOf(limit) });
            yield chunk;
          }
        },
        createWriteStream(path, { mode: 0o600 }),
      );
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    return path;
  };

  const self = {
    folder,

    /** @throws DomainError `org.import_unreadable`, `platform.too_large`, `platform.not_found` for a source. */
    async upload(
      actor: Actor,
      locale: Locale,
      file: {
        name: string;
        content: Readable;
        encoding?: string | undefined;
        source_id?: string | undefined;
      },
    ): Promise<ImportRunRow> {
      const id = random.uuid();
      const kind = /\.json$/i.test(file.name) ? 'json' : 'csv';
      const path = await store(id, kind, file.content);
      try {
        const source_id =
          file.source_id ??
          (await repository.uploadSource(db, context.texts.t(locale, 'org:imports.upload_source')));
        await self.addFile(
          id,
          { kind, actor: actor.userId, source_id, file_name: file.name.slice(0, 200) },
          path,
          file.encoding,
        );
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
      return load(id);
    },

    /** A run over a file that is at hand; the file is removed when the run is over. */
    async addFile(
      id: string,
      run: NewRun,
      path: string,
      encodingName?: string,
      mapping?: ImportMapping,
    ): Promise<void> {
      const source = await repository.source(db, run.source_id);
      if (!source) throw platformErrors.not_found();
      const chosen = encodingName === undefined ? undefined : chooseEncoding(encodingName);
      const kind = path.endsWith('.json') ? 'json' : 'csv';
      const { encoding, facts } = await inspectFile(path, kind, chosen);
      const { size } = await stat(path);
      const read = await survey(path, kind, encoding, facts, mapping);
      await repository.insert(db, {
        id,
        kind: run.kind,
        started_by: run.actor,
        created_at: clock.now(),
        source_id: run.source_id,
        file_name: run.file_name,
        file_path: path,
        encoding,
        mapping: read.mapping,
        options: { leaver_guard: source.leaver_guard, ...run.options },
        file: { ...read.facts, bytes: size },
      });
    },

    /** A run that fetches its file itself, from the source; starts at once. */
    async startSource(run: NewRun): Promise<ImportRunRow> {
      const id = random.uuid();
      const source = await repository.source(db, run.source_id);
      if (!source) throw platformErrors.not_found();
      await db.transaction().execute(async (trx) => {
        // One at a time for a source: what the schedule starts and what a person starts.
        await trx.selectFrom('org.source').select('id').where('id', '=', run.source_id).forUpdate().execute();
        if (await repository.busy(trx, run.source_id))
          throw errors.import_not_in_state({ state: 'checking' });
        await repository.insert(trx, {
          id,
          kind: run.kind,
          started_by: run.actor,
          created_at: clock.now(),
          source_id: run.source_id,
          file_name: run.file_name,
          options: { leaver_guard: source.leaver_guard, ...run.options },
        });
        await repository.move(trx, id, ['uploaded'], { state: 'checking' });
        await queue.enqueue(
          trx as never,
          CHECK_JOB,
          { run_id: id },
          { queue: QUEUE, key: `import:${id}`, maxAttempts: MAX_ATTEMPTS },
        );
      });
      return load(id);
    },

    get: load,
    list: (after: { at: string; id: string } | undefined, limit: number) => repository.list(db, after, limit),

    /** @throws DomainError `org.import_mapping_incomplete`, `org.import_not_in_state`, `org.import_unreadable` */
    async putMapping(
      id: string,
      body: Static<typeof PutImportMapping>,
      locale: Locale,
    ): Promise<ImportRunRow> {
      const run = await load(id);
      const given = body.mapping.columns;
      let mapping: ImportMapping = {
        ...body.mapping,
        columns: Object.fromEntries(
          PEOPLE_FIELDS.flatMap((field) => (given[field] ? [[field, given[field]]] : [])),
        ),
      };
      let { encoding, file } = run;
      const chosen = body.encoding === undefined ? undefined : chooseEncoding(body.encoding);
      if (chosen !== undefined && chosen !== run.encoding && run.file_path?.endsWith('.csv')) {
        const inspected = await inspectFile(run.file_path, 'csv', chosen);
        encoding = inspected.encoding;
        file = { ...file, ...inspected.facts };
        // Names of columns were read with the other encoding.
        const names = new Set(file.columns?.map((column) => column.name));
        if (!Object.values(mapping.columns).every((name) => names.has(name)))
          mapping = guessMapping(file.columns ?? []);
      }
      const names = new Set(file.columns?.map((column) => column.name));
      const unknown = Object.values(mapping.columns).find((name) => !names.has(name));
      if (unknown !== undefined)
        throw platformErrors.bad_request({ reason: 'org.column', column: unknown.slice(0, 80) });
      requireMapping(mapping, locale);
      if (run.file_path !== null && encoding !== null) {
        const kind = run.file_path.endsWith('.json') ? 'json' : 'csv';
        const read = await survey(run.file_path, kind, encodingOf(encoding) ?? 'utf-8', file, mapping);
        file = read.facts;
        mapping = read.mapping;
      }
      await move(db, run, ['uploaded', 'checked', 'failed', 'stopped'], {
        state: 'uploaded',
        mapping,
        encoding,
        file,
        options: { ...run.options, ...body.options, confirm_leavers: false, skip_bad_rows: false },
        counts: {},
        progress: {},
        error: null,
        base_version: null,
        checked_at: null,
        ended_at: null,
      });
      return load(id);
    },

    async check(id: string, locale: Locale): Promise<ImportRunRow> {
      const run = await load(id);
      if (run.file_path !== null) requireMapping(run.mapping ?? { columns: {} }, locale);
      await start(run, ['uploaded', 'checked', 'failed', 'stopped'], 'checking', run.options);
      return load(id);
    },

    /**
     * @throws DomainError `org.import_not_in_state`, `org.import_has_errors`, `org.import_leaver_guard`,
     * `org.import_base_moved`
     */
    async apply(
      id: string,
      confirm: { confirm_leavers?: boolean; skip_bad_rows?: boolean },
      actor: Pick<Actor, 'userId'>,
    ): Promise<ImportRunRow> {
      const run = await load(id);
      await self.requireApplicable(run, confirm);
      await start(run, ['checked'], 'applying', { ...run.options, ...confirm, applied_by: actor.userId });
      return load(id);
    },

    async requireApplicable(
      run: ImportRunRow,
      confirm: { confirm_leavers?: boolean; skip_bad_rows?: boolean },
    ): Promise<void> {
      if (run.state !== 'checked') throw errors.import_not_in_state({ state: run.state });
      const bad = run.counts['errors'] ?? 0;
      if (bad > 0 && !confirm.skip_bad_rows) throw errors.import_has_errors({ count: bad });
      if (run.counts['guard_tripped'] === 1 && !confirm.confirm_leavers) throw guardError(run);
      const version = await db.transaction().execute((trx) => directoryVersion(trx));
      if (run.base_version !== version) throw errors.import_base_moved();
    },

    /** Checks here and now, for commands: no job is needed. */
    async checkNow(id: string, locale: Locale): Promise<ImportRunRow> {
      const run = await load(id);
      requireMapping(run.mapping ?? { columns: {} }, locale);
      await move(db, run, ['uploaded', 'checked'], { state: 'checking', error: null });
      await self.runCheck(id, MAX_ATTEMPTS);
      return load(id);
    },

    /** Applies here and now, for commands. @throws DomainError those of `apply` */
    async applyNow(
      id: string,
      confirm: { confirm_leavers?: boolean; skip_bad_rows?: boolean },
    ): Promise<ImportRunRow> {
      const run = await load(id);
      await self.requireApplicable(run, confirm);
      await move(db, run, ['checked'], {
        state: 'applying',
        error: null,
        options: { ...run.options, ...confirm },
      });
      await self.runApply(id, MAX_ATTEMPTS);
      return load(id);
    },

    /** Ends what is under way before it takes hold; nothing of it is kept. */
    async stop(id: string): Promise<ImportRunRow> {
      const run = await load(id);
      await move(db, run, ['checking', 'applying'], { state: 'stopped', ended_at: clock.now() });
      return load(id);
    },

    /** Goes on after a stop or a failure; what was made against an older directory is checked again. */
    async resume(id: string): Promise<ImportRunRow> {
      const run = await load(id);
      const applying = run.checked_at !== null && run.error?.code !== 'org.import_base_moved';
      await start(run, ['stopped', 'failed'], applying ? 'applying' : 'checking', run.options);
      return load(id);
    },

    async discard(id: string): Promise<ImportRunRow> {
      const run = await load(id);
      await move(db, run, ['uploaded', 'checked', 'stopped', 'failed'], {
        state: 'discarded',
        ended_at: clock.now(),
      });
      await repository.clearResult(db, id);
      await removeFiles(run);
      return load(id);
    },

    /** The job: discards what nobody has gone on with; files hold what people are called and where they work. */
    async sweep(): Promise<void> {
      const before = new Date(clock.now().getTime() - KEEP_DAYS * 86_400_000);
      for (const id of await repository.left(db, before)) await self.discard(id);
      // What a crash has left of runs that are over.
      const open = new Set(await repository.open(db));
      for (const name of await readdir(folder).catch(() => [])) {
        const [id = ''] = name.split('.');
        const path = join(folder, name);
        const { mtime } = await stat(path);
        // No check lasts a day.
        const halfDone = path === draftPath(id) || path === restPath(id);
        if ((halfDone || !open.has(id)) && mtime < new Date(clock.now().getTime() - 86_400_000))
          await rm(path, { force: true });
      }
    },

    changes: (id: string, filter: Parameters<typeof repository.changes>[2]) =>
      repository.changes(db, id, filter),
    problems: (id: string, filter: Parameters<typeof repository.problems>[2]) =>
      repository.problems(db, id, filter),

    /** The job: reads the file, makes the difference, writes it down. Nothing of the directory changes. */
    async runCheck(id: string, attempt = 1): Promise<void> {
      await guarded(id, 'checking', attempt, async (first) => {
        let run = first;
        // Of a try that a crash has cut off.
        await rm(draftPath(id), { force: true });
        if (run.file_path === null && run.source_id !== null) {
          await mkdir(folder, { recursive: true, mode: 0o700 });
          const fetched = await fetchSource(run.source_id, folder, run.id);
          const { encoding, facts } = await inspectFile(
            fetched.path,
            fetched.kind,
            fetched.encoding === null ? undefined : encodingOf(fetched.encoding),
          );
          const { size } = await stat(fetched.path);
          const read = await survey(
            fetched.path,
            fetched.kind,
            encoding,
            facts,
            fetched.mapping ?? undefined,
          );
          await repository.move(db, id, ['checking'], {
            file_path: fetched.path,
            encoding,
            file: { ...read.facts, bytes: size },
            mapping: read.mapping,
          });
          run = await load(id);
        }
        const problems = new Problems();
        try {
          const content = await readContent(run, problems);
          const result = await compare(run, content, problems);
          if (result.done && run.options.auto_apply) await applyBySchedule(id, result.ended);
        } finally {
          await rm(restPath(id), { force: true });
        }
      });
    },

    /** The job: the whole difference in one transaction, or nothing. */
    async runApply(id: string, attempt = 1): Promise<void> {
      await guarded(id, 'applying', attempt, async (run) => {
        await access(changesPath(id)).catch(() => {
          throw new UnreadableFile('gone');
        });
        const total = changeTotal(run.counts);
        await repository.move(db, id, ['applying'], { progress: { done: 0, total } });
        await db.transaction().execute(async (trx) => {
          await changesRepository.lock(trx);
          if ((await directoryVersion(trx)) !== run.base_version) throw errors.import_base_moved();
          const actor = run.options.applied_by ?? run.started_by;
          await changes.applyChanges(trx, storedChanges(changesPath(id)), {
            actor,
            on: run.options.on ?? today(),
            // On a connection of its own: seen before the commit.
            progress: async (people) => {
              const progress = { done: people, total };
              const still = await repository.move(db, id, ['applying'], { progress });
              if (!still) throw new Stopped();
            },
          });
          await context.acts.record(trx as never, {
            actor,
            action: 'org.import.apply',
            subject: `import:${id}`,
            scope: 'company',
            details: { file_name: run.file_name, source_id: run.source_id, counts: run.counts },
          });
          // In the same transaction: a run that was stopped meanwhile takes everything back.
          const still = await repository.move(trx, id, ['applying'], {
            state: 'done',
            progress: { done: total, total },
            applied_at: clock.now(),
            ended_at: clock.now(),
          });
          if (!still) throw new Stopped();
        });
        await removeFiles(run);
      });
    },
  };
  return self;

  /** What the columns say as a whole; a mapping that is given keeps its separators. */
  async function survey(
    path: string,
    kind: 'csv' | 'json',
    encoding: Encoding,
    facts: FileFacts,
    given: ImportMapping | undefined,
  ): Promise<{ mapping: ImportMapping; facts: FileFacts }> {
    const mapping = given ?? guessMapping(facts.columns ?? []);
    const found = await surveyFile(path, {
      kind,
      encoding,
      delimiter: facts.delimiter ?? ',',
      mapping,
    });
    const refined = given ? { ...given, ...withStatuses(given, found) } : refineMapping(mapping, found);
    return { mapping: refined, facts: surveyFacts(found, refined, facts) };
  }

  function chooseEncoding(name: string) {
    const encoding = encodingOf(name);
    if (!encoding) throw new UnreadableFile('encoding_unknown', { encoding: name.slice(0, 40) });
    return encoding;
  }

  function requireMapping(mapping: ImportMapping, locale: Locale): void {
    const missing = missingFields(mapping);
    if (missing.length === 0) return;
    const fields = missing.map((field) => context.texts.t(locale, `org:imports.fields.${field}`));
    throw errors.import_mapping_incomplete(
      { fields: fields.join(locale === 'en' ? ', ' : '、') },
      { fields: missing },
    );
  }

  /** Runs one step of a run that is in `state`; turns what goes wrong into the run's own error. */
  async function guarded(
    id: string,
    state: 'checking' | 'applying',
    attempt: number,
    work: (run: ImportRunRow) => Promise<void>,
  ): Promise<void> {
    const run = await repository.find(db, id);
    // Done already, or stopped: the job comes a second time after a crash.
    if (run?.state !== state) return;
    try {
      await work(run);
    } catch (error) {
      if (error instanceof Stopped) return;
      const stored = storedError(error);
      if (!stored && attempt < MAX_ATTEMPTS) throw error;
      if (!stored) context.log.error({ err: error, import: id }, 'import failed');
      await repository.move(db, id, [state], {
        state: 'failed',
        error: stored ?? { code: 'platform.internal', params: { request_id: id } },
        ended_at: clock.now(),
      });
    }
  }

  async function readContent(run: ImportRunRow, problems: Problems): Promise<FileContent> {
    if (run.file_path === null) throw new UnreadableFile('gone');
    const bytes = run.file.bytes ?? 0;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const rests = await openLines(restPath(run.id));
    try {
      return await readFileContent(
        run.file_path,
        {
          kind: run.file_path.endsWith('.json') ? 'json' : 'csv',
          encoding: encodingOf(run.encoding ?? 'utf-8') ?? 'utf-8',
          delimiter: run.file.delimiter ?? ',',
          mapping: run.mapping ?? { columns: {} },
          orders: run.file.orders,
        },
        problems,
        {
          keep: (rest) => rests.add(rest),
          progress: async (rows) => {
            const still = await repository.move(db, run.id, ['checking'], {
              progress: { done: rows, bytes },
            });
            if (!still) throw new Stopped();
          },
        },
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new UnreadableFile('gone');
      throw error;
    } finally {
      await rests.close();
    }
  }

  /**
   * Makes the difference and writes it down as it is found; answers whether the run still wanted it, and who has left
   * by the source's own word.
   */
  async function compare(
    run: ImportRunRow,
    content: FileContent,
    problems: Problems,
  ): Promise<{ done: boolean; ended: string[] }> {
    const { id } = run;
    const columns = run.mapping?.columns ?? {};
    const newId = (): string => random.uuid();
    const directory = await db.transaction().execute((trx) => repository.directory(trx, run.source_id));
    const departments = buildDepartmentImage(
      content.rows,
      content.departments,
      {
        separator: run.mapping?.department_separator,
        list: run.mapping?.department_list,
        known: directory.departments.map(({ name }) => name),
        columns: {
          department: columns.department ?? null,
          parent: columns.department_parent ?? null,
          id: columns.department_id ?? null,
        },
      },
      problems,
    );
    const people = buildPeopleImage(
      {
        rows: content.rows,
        refused: content.refused,
        passed: content.passed,
        departments,
        directory,
        source_id: run.source_id,
        columns,
        today: today(),
        newId,
      },
      problems,
    );
    // Whole or not at all: the name appears when the file is complete.
    const draft = draftPath(id);
    const file = await openLines(draft);
    return db
      .transaction()
      .execute(async (trx) => {
        await repository.clearResult(trx, id);
        const so_far =
          run.source_id === null ? { gone: 0 } : await leavingSoFar(trx, run.source_id, clock.now());
        const out = openResult(file, (first, shown) => repository.addChanges(trx, id, first, shown));
        const difference = openDifference(
          departments,
          people,
          directory,
          {
            source_id: run.source_id,
            missing_leave: run.options.missing_leave ?? true,
            missing_dissolve: run.options.missing_dissolve ?? false,
            leaver_guard: run.options.leaver_guard ?? DEFAULT_LEAVER_GUARD,
            gone: so_far.gone,
            newId,
          },
          problems,
          out.take,
        );
        // The people are the rows, in the same order, without those that cannot be taken over.
        let row = 0;
        let next = 0;
        for await (const rest of readLines<RowRest>(restPath(id))) {
          const person = people.people[next];
          if (person === undefined) break;
          if (person.row !== content.rows[row++]) continue;
          next++;
          difference.person(person, rest);
          await out.write();
        }
        if (next < people.people.length) throw new Error(`rows of ${String(next)} people only`);
        const { counts, guard_tripped } = difference.finish();
        await out.end();
        await file.close();
        await rename(draft, changesPath(id));
        await repository.addProblems(trx, id, problems.sorted());
        const done = await repository.move(trx, id, ['checking'], {
          state: 'checked',
          counts: {
            ...counts,
            rows: content.count,
            passed_over: content.passed.length,
            errors: problems.counts.error,
            warnings: problems.counts.warning,
            guard_tripped: guard_tripped ? 1 : 0,
          },
          progress: { done: content.count, total: content.count },
          base_version: directory.version,
          checked_at: clock.now(),
        });
        return { done, ended: people.ended.map((person) => person.id) };
      })
      .catch(async (error: unknown) => {
        await file.close().catch(() => undefined);
        await rm(draft, { force: true });
        throw error;
      });
  }

  /**
   * A scheduled run goes on by itself unless the guard holds it, or there is a doubt that nobody has seen: those of the
   * last import of the source were shown to the person who let it go on. Who has left by the source's own word is let
   * go all the same, as far as the guard allows.
   */
  async function applyBySchedule(id: string, ended: readonly string[]): Promise<void> {
    const run = await load(id);
    const { errors: bad = 0, warnings = 0 } = run.counts;
    const overflow = bad > MAX_KEPT_PROBLEMS || warnings > MAX_KEPT_PROBLEMS;
    const doubts = overflow ? bad + warnings : await repository.newDoubts(db, run, DOUBTS);
    if (run.counts['guard_tripped'] === 1 || doubts > 0) {
      context.log.warn({ import: id, counts: run.counts, doubts }, 'a scheduled import waits for a person');
      if (ended.length > 0) await letGo(run, ended);
      return;
    }
    await start(run, ['checked'], 'applying', { ...run.options, skip_bad_rows: true });
  }

  /** Safety comes first: the rest of the run waits, and is checked anew against the directory without them. */
  async function letGo(run: ImportRunRow, ended: readonly string[]): Promise<void> {
    const held = await db.transaction().execute(async (trx) => {
      await changesRepository.lock(trx);
      if (run.source_id === null || (await directoryVersion(trx)) !== run.base_version) return true;
      const so_far = await leavingSoFar(trx, run.source_id, clock.now());
      const limit = run.options.leaver_guard ?? DEFAULT_LEAVER_GUARD;
      if (guardHolds(ended.length, so_far, limit, { few: false })) return true;
      const set = ended.map((id) => ({ kind: 'person_leave' as const, id, reason: 'import' }));
      await changes.applyChanges(trx, set, { actor: run.started_by, on: today() });
      await context.acts.record(trx as never, {
        actor: run.started_by,
        action: 'org.import.let_go',
        subject: `import:${run.id}`,
        scope: 'company',
        details: { file_name: run.file_name, source_id: run.source_id, people: ended.length },
      });
      return false;
    });
    if (!held) await start(run, ['checked'], 'checking', { ...run.options, auto_apply: false });
  }
}
export type Imports = ReturnType<typeof createImports>;

/** The guard's figures as parameters of the error. */
export function guardError(run: Pick<ImportRunRow, 'counts' | 'options'>): DomainError {
  const leaving = run.counts['person_leave'] ?? 0;
  const total = Math.max(run.counts['source_people'] ?? 0, leaving);
  return errors.import_leaver_guard({
    leaving,
    total,
    share: Math.round((leaving / Math.max(total, 1)) * 100),
    guard: Math.round((run.options.leaver_guard ?? DEFAULT_LEAVER_GUARD) * 100),
  });
}

/** What a run keeps of an error; undefined for those that are nobody's doing and worth another try. */
export function storedError(error: unknown): StoredError | undefined {
  if (error instanceof UnreadableFile) {
    return { code: 'org.import_unreadable', params: { ...error.params }, reason: error.reason };
  }
  if (error instanceof SourceUnreachable) {
    return { code: 'org.source_unreachable', params: { ...error.params }, reason: `source_${error.reason}` };
  }
  if (error instanceof DomainError && !error.report) return { code: error.code, params: { ...error.params } };
  return undefined;
}
