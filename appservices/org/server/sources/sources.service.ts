import { makeErrors, platformErrors, type Actor } from '@qiao/platform';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Static } from 'typebox';
import { Value } from 'typebox/value';
import { LdapSettings, type CreateSource, type PatchSource } from '../../contract/api.ts';
import { orgErrorTable } from '../../contract/errors.ts';
import type { FetchSource, Imports } from '../imports/imports.service.ts';
import { inspectFile } from '../imports/read-file.ts';
import { UnreadableFile } from '../imports/unreadable.ts';
import { sourceActors } from '../leaver-guard.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import { fetchFile, resolveImportFile } from './file-source.ts';
import { ldapMapping, readLdap, type LdapServer } from './ldap.ts';
import { nextRun } from './schedule.ts';
import { sourcesRepository as repository, type SourceRow } from './sources.repository.ts';

const errors = makeErrors('org', orgErrorTable);
export const SCHEDULER = sourceActors.schedule;

/** A source's password is a secret of its own, never in the database. */
const secretName = (id: string): string => `ldap_password_${id.replaceAll('-', '')}`;

/** Path of a csv or json source below the import folder; empty for others. */
const pathOf = ({ settings: { path } }: Pick<SourceRow, 'settings'>): string =>
  typeof path === 'string' ? path : '';

/** Reads what a source has now into a file of the import; see `FetchSource`. */
export function createFetchSource(context: OrgContext): FetchSource {
  const db = context.db as unknown as OrgDb;
  return async (sourceId, folder, runId) => {
    const source = await repository.find(db, sourceId);
    if (!source) throw new UnreadableFile('gone');
    if (source.kind === 'ldap') {
      const directory = await readLdap(ldapServer(context, source));
      const path = join(folder, `${runId}.json`);
      await writeFile(path, JSON.stringify(directory), { mode: 0o600 });
      return { path, kind: 'json', mapping: ldapMapping(directory, source.mapping), encoding: null };
    }
    const kind = source.kind === 'json' ? 'json' : 'csv';
    const path = await fetchFile(context.site.varDir, pathOf(source), {
      folder,
      runId,
      kind,
      maxBytes: context.config.max_import_bytes,
    });
    const { encoding } = source.settings;
    return { path, kind, mapping: source.mapping, encoding: typeof encoding === 'string' ? encoding : null };
  };
}

function ldapServer(context: OrgContext, source: SourceRow): LdapServer {
  const settings = source.settings as Static<typeof LdapSettings>;
  return {
    ...settings,
    name: source.name,
    bind_password: context.site.secrets.find(secretName(source.id)) ?? '',
    mapping: source.mapping,
  };
}

/** Places people come from. Rights are the caller's matter. */
export function createSources(context: OrgContext, imports: Imports) {
  const db = context.db as unknown as OrgDb;
  const { clock, random, site } = context;

  const load = async (id: string): Promise<SourceRow> => {
    const source = await repository.find(db, id);
    if (!source) throw platformErrors.not_found();
    return source;
  };
  const schedule = (pattern: string | null | undefined, enabled: boolean): Date | null => {
    if (pattern === null || pattern === undefined) return null;
    const next = nextRun(pattern, clock.now());
    if (next === undefined) throw errors.schedule_not_valid({ schedule: pattern });
    return enabled ? next : null;
  };
  /** Splits the password off. @throws DomainError `platform.bad_request` */
  const settingsOf = (
    kind: SourceRow['kind'],
    settings: Record<string, unknown>,
  ): { kept: Record<string, unknown>; password: string | null | undefined } => {
    if (kind === 'scim') return { kept: {}, password: undefined };
    if (kind === 'ldap') {
      if (!Value.Check(LdapSettings, settings)) {
        const first = Value.Errors(LdapSettings, settings)[0];
        throw platformErrors.bad_request(
          { reason: 'org.settings' },
          { field: first?.instancePath.slice(1) ?? 'settings' },
        );
      }
      const { bind_password: password, ...given } = settings;
      const kept = Object.fromEntries(
        Object.keys(LdapSettings.properties).flatMap((key) =>
          key in given ? [[key, given[key as keyof typeof given]]] : [],
        ),
      );
      return { kept, password };
    }
    const { path, encoding } = settings;
    if (typeof path !== 'string' || path === '' || path.length > 1000) {
      throw platformErrors.bad_request({ reason: 'org.settings_path' });
    }
    if (encoding !== undefined && typeof encoding !== 'string') {
      throw platformErrors.bad_request({ reason: 'org.settings_encoding' });
    }
    return { kept: { path, ...(encoding === undefined ? {} : { encoding }) }, password: undefined };
  };
  const requireInside = async (kind: SourceRow['kind'], kept: Record<string, unknown>): Promise<void> => {
    if (kind !== 'csv' && kind !== 'json') return;
    try {
      await resolveImportFile(site.varDir, String(kept['path']));
    } catch (error) {
      // A file that is not there yet may come; a path that leads elsewhere never will.
      if (error instanceof UnreadableFile && error.reason !== 'path_outside') return;
      throw error;
    }
  };
  const keepPassword = (id: string, password: string | null | undefined): void => {
    if (password === undefined || password === null) return;
    const path = site.secrets.path(secretName(id));
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.draft`, `${password}\n`, { mode: 0o600 });
    chmodSync(`${path}.draft`, 0o600);
    renameSync(`${path}.draft`, path);
  };
  const nameTaken = (error: unknown, name: string): unknown =>
    (error as { code?: string }).code === '23505' ? errors.name_taken({ name }) : error;

  return {
    list: () => repository.list(db),
    get: load,

    /** @throws DomainError `org.name_taken`, `org.schedule_not_valid`, `platform.bad_request` */
    async create(actor: Actor, body: Static<typeof CreateSource>): Promise<SourceRow> {
      const id = random.uuid();
      const { kept, password } = settingsOf(body.kind, body.settings);
      await requireInside(body.kind, kept);
      const enabled = body.enabled ?? true;
      const next_run_at = schedule(body.schedule, enabled);
      keepPassword(id, password);
      try {
        await db.transaction().execute(async (trx) => {
          await repository.insert(trx, {
            id,
            kind: body.kind,
            name: body.name.trim(),
            settings: kept,
            mapping: body.mapping ?? null,
            schedule: body.schedule ?? null,
            enabled,
            next_run_at,
            ...(body.leaver_guard === undefined ? {} : { leaver_guard: body.leaver_guard }),
          });
          await context.acts.record(trx as never, {
            actor: actor.userId,
            action: 'org.source.add',
            subject: `source:${id}`,
            scope: 'company',
            details: { name: body.name, kind: body.kind },
          });
        });
      } catch (error) {
        rmSync(site.secrets.path(secretName(id)), { force: true });
        throw nameTaken(error, body.name);
      }
      return load(id);
    },

    /** @throws DomainError `platform.changed_meanwhile` and those of `create` */
    async patch(actor: Actor, id: string, body: Static<typeof PatchSource>): Promise<SourceRow> {
      const source = await load(id);
      const { version, ...fields } = body;
      if (version !== source.version) throw platformErrors.changed_meanwhile();
      const settings = fields.settings === undefined ? undefined : settingsOf(source.kind, fields.settings);
      if (settings) await requireInside(source.kind, settings.kept);
      const enabled = fields.enabled ?? source.enabled;
      const pattern = fields.schedule === undefined ? source.schedule : fields.schedule;
      const next_run_at = schedule(pattern, enabled);
      try {
        await db.transaction().execute(async (trx) => {
          const done = await repository.update(trx, id, version, {
            ...(fields.name === undefined ? {} : { name: fields.name.trim() }),
            ...(settings === undefined ? {} : { settings: settings.kept }),
            ...(fields.mapping === undefined ? {} : { mapping: fields.mapping }),
            ...(fields.leaver_guard === undefined ? {} : { leaver_guard: fields.leaver_guard }),
            schedule: pattern,
            enabled,
            next_run_at,
          });
          if (!done) throw platformErrors.changed_meanwhile();
          await context.acts.record(trx as never, {
            actor: actor.userId,
            action: 'org.source.change',
            subject: `source:${id}`,
            scope: 'company',
            details: { fields: Object.keys(fields) },
          });
        });
      } catch (error) {
        throw nameTaken(error, fields.name ?? source.name);
      }
      keepPassword(id, settings?.password);
      return load(id);
    },

    async remove(actor: Actor, id: string): Promise<void> {
      const source = await load(id);
      await db.transaction().execute(async (trx) => {
        await repository.remove(trx, id);
        await context.acts.record(trx as never, {
          actor: actor.userId,
          action: 'org.source.remove',
          subject: `source:${id}`,
          scope: 'company',
          details: { name: source.name },
        });
      });
      rmSync(site.secrets.path(secretName(id)), { force: true });
    },

    /** Reads without importing; answers how many people there are. @throws SourceUnreachable, UnreadableFile */
    async test(id: string): Promise<number> {
      const source = await load(id);
      if (source.kind === 'scim') return source.people_count;
      if (source.kind === 'ldap') return (await readLdap(ldapServer(context, source))).people.length;
      const path = await resolveImportFile(site.varDir, pathOf(source));
      const { facts } = await inspectFile(path, source.kind);
      return facts.columns === undefined ? 0 : countRows(path, source.kind);
    },

    async run(actor: Actor, id: string): Promise<string> {
      const source = await load(id);
      if (source.kind === 'scim') throw platformErrors.bad_request({ reason: 'org.scim' });
      const run = await imports.startSource({
        kind: source.kind,
        actor: actor.userId,
        source_id: id,
        file_name: pathOf(source) || null,
      });
      return run.id;
    },

    /** The job: starts imports of due sources; one that still runs is left alone until next time. */
    async runDue(): Promise<void> {
      const now = clock.now();
      const due = await db.transaction().execute(async (trx) => {
        const sources = await repository.takeDue(trx, now);
        for (const source of sources) {
          await repository.scheduled(trx, source.id, now, nextRun(source.schedule ?? '', now) ?? null);
        }
        return sources;
      });
      for (const source of due) {
        try {
          await imports.startSource({
            kind: source.kind as 'csv' | 'json' | 'ldap',
            actor: SCHEDULER,
            source_id: source.id,
            file_name: pathOf(source) || null,
            options: { auto_apply: true },
          });
        } catch (error) {
          context.log.warn({ err: error, source: source.id }, 'a scheduled import did not start');
        }
      }
    },
  };
}
export type Sources = ReturnType<typeof createSources>;

/** Rows of a file, header not counted. */
async function countRows(path: string, kind: 'csv' | 'json'): Promise<number> {
  if (kind === 'json') {
    const { openJson } = await import('../imports/json-file.ts');
    return (await openJson(path)).people.length;
  }
  const { readTable } = await import('../imports/delimited.ts');
  const { encoding, facts } = await inspectFile(path, kind);
  let rows = -1;
  for await (const { cells } of readTable(path, { encoding, delimiter: facts.delimiter ?? ',' })) {
    if (cells.length > 0) rows++;
  }
  return Math.max(rows, 0);
}
