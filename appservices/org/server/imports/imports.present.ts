import { platformErrors, type Locale, type Texts } from '@qiao/platform';
import type { ActorRef, ImportRun } from '../../contract/api.ts';
import { actorNames } from '../actors.ts';
import type { OrgContext } from '../context.ts';
import type { ImportRunRow, StoredError } from './imports.repository.ts';
import type { Problem } from './problems.ts';
import { readSamples } from './preview.ts';

/** Encodings are offered for delimited files only. */
/** Runs as the interface answers them; `withColumns`: with the columns of their files, and values of them. */
export async function presentRuns(
  context: Pick<OrgContext, 'db' | 'homeserver' | 'texts'>,
  runs: readonly ImportRunRow[],
  locale: Locale,
  withColumns: boolean,
): Promise<ImportRun[]> {
  const { db, homeserver, texts } = context;
  const named = await actorNames(
    { db, serverName: homeserver.serverName, texts },
    runs.map((run) => run.started_by),
    locale,
  );
  return runs.map((run) => present(run, texts, locale, named(run.started_by), withColumns));
}

/** One run, with the columns of its file. */
export async function presentRun(
  context: Pick<OrgContext, 'db' | 'homeserver' | 'texts'>,
  run: ImportRunRow,
  locale: Locale,
): Promise<ImportRun> {
  const [one] = await presentRuns(context, [run], locale, true);
  if (one === undefined) throw platformErrors.internal();
  return one;
}

function present(
  run: ImportRunRow,
  texts: Texts,
  locale: Locale,
  by: ActorRef,
  withColumns: boolean,
): ImportRun {
  const { guard_tripped: guard, ...counts } = run.counts;
  const { missing_leave, missing_dissolve, leaver_guard } = run.options;
  return {
    id: run.id,
    kind: run.kind as ImportRun['kind'],
    source: run.source_id === null ? null : { id: run.source_id, name: run.source_name ?? '' },
    state: run.state,
    file_name: run.file_name,
    encoding: run.encoding,
    encodings: run.file.encodings ?? [],
    columns: withColumns ? readSamples(run.file, run.mapping) : [],
    status_values: withColumns ? (run.file.status_values ?? []) : [],
    mapping: run.mapping,
    options: {
      missing_leave: missing_leave ?? true,
      missing_dissolve: missing_dissolve ?? false,
      ...(leaver_guard === undefined ? {} : { leaver_guard }),
    },
    counts,
    progress: run.progress,
    guard_tripped: guard === 1,
    error: run.error === null ? null : { code: run.error.code, message: errorText(run.error, texts, locale) },
    started_by: run.started_by,
    started_by_name: by.name,
    created_at: run.created_at.toISOString(),
    ended_at: run.ended_at?.toISOString() ?? null,
  };
}

export function errorText(error: StoredError, texts: Texts, locale: Locale): string {
  const [domain = 'platform', key = 'internal'] = error.code.split('.', 2);
  const reason =
    error.reason === undefined
      ? {}
      : { reason: texts.t(locale, `org:imports.reasons.${error.reason}`, error.params) };
  return texts.t(locale, `${domain}:errors.${key}`, { ...error.params, ...reason });
}

export const problemText = (problem: Problem, texts: Texts, locale: Locale): string =>
  texts.t(locale, `org:imports.problems.${problem.code}`, problem.params);

const CHANGE = /^(department|person)_(add|change|move|dissolve|leave)$/;

/** Changes of a difference: each has one line that is shown. */
export const changeTotal = (counts: Readonly<Record<string, number>>): number =>
  Object.entries(counts).reduce((sum, [key, count]) => sum + (CHANGE.test(key) ? count : 0), 0);
