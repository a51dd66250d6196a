import { cutPage, readCursor, requireActor, writeCursor, type Http } from '@qiao/platform';
import { Type } from 'typebox';
import {
  CreateSource,
  HeldDecided,
  HeldDecision,
  HeldLeavers,
  SourceHandoverWish,
  IdParams,
  ImportRun,
  PageQuery,
  PatchSource,
  PeopleByHand,
  Source,
  SourceAdoption,
  SourceHandover,
  SourceList,
  SourcesAttention,
  SourceTest,
  UntakenPage,
} from '../../contract/api.ts';
import type { Changes } from '../changes.service.ts';
import { heldRepository } from '../held-leavers.ts';
import { importsPolicy } from '../imports/imports.policy.ts';
import { errorText, presentRun } from '../imports/imports.present.ts';
import { readable } from '../imports/imports.routes.ts';
import { storedError, type Imports } from '../imports/imports.service.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import { attentionRepository, decideHeld } from './attention.ts';
import { sourcesRepository, type SourceRow } from './sources.repository.ts';
import { adoptPeople, handOverSource } from './handover.ts';
import type { Sources } from './sources.service.ts';

const present = (source: SourceRow): Source => ({
  id: source.id,
  kind: source.kind,
  name: source.name,
  settings: source.kind === 'ldap' ? { ...source.settings, bind_password: null } : source.settings,
  mapping: source.mapping,
  schedule: source.schedule,
  leaver_guard: Math.round(source.leaver_guard * 10_000) / 10_000,
  enabled: source.enabled,
  last_run_at: source.last_run_at?.toISOString() ?? null,
  next_run_at: source.next_run_at?.toISOString() ?? null,
  people_count: source.people_count,
  version: source.version,
});

export function sourcesRoutes(
  http: Http,
  context: OrgContext,
  { sources, imports, changes }: { sources: Sources; imports: Imports; changes: Changes },
): void {
  const { access, texts } = context;
  const tags = ['org sources'];

  const personRef = (row: {
    id: string;
    display_name: string;
    localpart: string;
    title: string | null;
  }): { id: string; display_name: string; user_id: string; title: string | null } => ({
    id: row.id,
    display_name: row.display_name,
    user_id: `@${row.localpart}:${context.homeserver.serverName}`,
    title: row.title,
  });
  /** A page of people by name. */
  const paged = async <T extends { id: string; sort_name: string }>(
    request: { query: { limit?: number; after?: string } },
    load: (db: OrgDb, after: { name: string; id: string } | undefined, limit: number) => Promise<T[]>,
  ): Promise<{ page: T[]; next: string | null }> => {
    const { limit = 50 } = request.query;
    const cursor = readCursor(request.query.after);
    const rows = await load(context.db, cursor && { name: cursor.value, id: cursor.id }, limit + 1);
    return cutPage(rows, limit, (row) => writeCursor(row.sort_name, row.id));
  };

  http.get(
    '/sources',
    { schema: { tags, summary: 'Places people come from', response: { 200: SourceList } } },
    async (request) => {
      await importsPolicy.editSources(access, requireActor(request));
      return { items: (await sources.list()).map(present) };
    },
  );

  http.post(
    '/sources',
    { schema: { tags, summary: 'Add a source', body: CreateSource, response: { 200: Source } } },
    async (request) => {
      const actor = requireActor(request);
      await importsPolicy.editSources(access, actor);
      return present(await readable(context, request.locale, () => sources.create(actor, request.body)));
    },
  );

  http.patch(
    '/sources/:id',
    {
      schema: {
        tags,
        summary: 'Change a source',
        params: IdParams,
        body: PatchSource,
        response: { 200: Source },
      },
    },
    async (request) => {
      const actor = requireActor(request);
      await importsPolicy.editSources(access, actor);
      return present(
        await readable(context, request.locale, () => sources.patch(actor, request.params.id, request.body)),
      );
    },
  );

  http.delete(
    '/sources/:id',
    {
      schema: {
        tags,
        summary: 'Remove a source; its people stay',
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const actor = requireActor(request);
      await importsPolicy.editSources(access, actor);
      await sources.remove(actor, request.params.id);
      return reply.code(204).send(null);
    },
  );

  http.post(
    '/sources/:id/handover',
    {
      schema: {
        tags,
        summary: 'Hand its people over to another source',
        params: IdParams,
        body: SourceHandoverWish,
        response: { 200: SourceHandover },
      },
    },
    async (request) => {
      const actor = requireActor(request);
      await importsPolicy.editSources(access, actor);
      return handOverSource(context, actor, request.params.id, request.body);
    },
  );

  http.get(
    '/sources/by-hand',
    {
      schema: {
        tags,
        summary: 'People no source keeps in step',
        querystring: PageQuery,
        response: { 200: PeopleByHand },
      },
    },
    async (request) => {
      await importsPolicy.editSources(access, requireActor(request));
      const [{ page, next }, total] = await Promise.all([
        paged(request, (db, after, limit) => sourcesRepository.byHand(db, after, limit)),
        sourcesRepository.countByHand(context.db as OrgDb),
      ]);
      return {
        items: page.map((row) => ({ ...personRef(row), email: row.email })),
        next,
        total,
      };
    },
  );

  http.get(
    '/sources/attention',
    { schema: { tags, summary: 'What sources need a person for', response: { 200: SourcesAttention } } },
    async (request) => {
      await importsPolicy.editSources(access, requireActor(request));
      const db = context.db as OrgDb;
      const [held, waiting, untaken] = await Promise.all([
        heldRepository.counts(db),
        attentionRepository.imports(db),
        attentionRepository.untakenCounts(db),
      ]);
      const source = (row: { source_id: string; name: string }): { id: string; name: string } => ({
        id: row.source_id,
        name: row.name,
      });
      return {
        held: held.map((row) => ({
          source: source(row),
          people: row.count,
          since: row.first_at.toISOString(),
          last_asked_at: row.last_at.toISOString(),
        })),
        imports: waiting.map((row) => ({
          id: row.id,
          source: source(row),
          leaving: row.leaving,
          errors: row.errors,
          guard_tripped: row.guard_tripped,
          checked_at: row.checked_at.toISOString(),
        })),
        untaken: untaken.map((row) => ({ source: source(row), people: row.count })),
      };
    },
  );

  http.get(
    '/sources/:id/held',
    {
      schema: {
        tags,
        summary: 'People its provider wants gone and the guard holds',
        params: IdParams,
        querystring: PageQuery,
        response: { 200: HeldLeavers },
      },
    },
    async (request) => {
      await importsPolicy.editSources(access, requireActor(request));
      const { page, next } = await paged(request, (db, after, limit) =>
        heldRepository.list(db, request.params.id, after, limit),
      );
      return {
        items: page.map((row) => ({ ...personRef(row), since: row.first_at.toISOString() })),
        next,
        as_of: context.clock.now().toISOString(),
      };
    },
  );

  http.post(
    '/sources/:id/held',
    {
      schema: {
        tags,
        summary: 'Let them go, or keep them',
        params: IdParams,
        body: HeldDecision,
        response: { 200: HeldDecided },
      },
    },
    async (request) => ({
      people: await decideHeld(context, changes, requireActor(request), request.params.id, request.body),
    }),
  );

  http.get(
    '/sources/:id/untaken',
    {
      schema: {
        tags,
        summary: 'What its provider sent and the directory does not say',
        params: IdParams,
        querystring: PageQuery,
        response: { 200: UntakenPage },
      },
    },
    async (request) => {
      await importsPolicy.editSources(access, requireActor(request));
      const { page, next } = await paged(request, (db, after, limit) =>
        attentionRepository.untaken(db, request.params.id, after, limit),
      );
      return {
        items: page.flatMap((row) =>
          row.untaken.map(({ attribute, code, value }) => ({
            person: personRef(row),
            attribute,
            code,
            value: value ?? null,
            message: texts.t(request.locale, `org:scim.untaken.${code}`),
          })),
        ),
        next,
      };
    },
  );

  http.post(
    '/sources/:id/adopt',
    {
      schema: {
        tags,
        summary: 'Give it people no source keeps in step',
        params: IdParams,
        body: SourceAdoption,
        response: { 200: SourceHandover },
      },
    },
    async (request) => {
      const actor = requireActor(request);
      await importsPolicy.editSources(access, actor);
      return adoptPeople(context, actor, request.params.id, request.body);
    },
  );

  http.post(
    '/sources/:id/test',
    { schema: { tags, summary: 'Try a source', params: IdParams, response: { 200: SourceTest } } },
    async (request) => {
      await importsPolicy.editSources(access, requireActor(request));
      try {
        const people = await sources.test(request.params.id);
        return {
          ok: true,
          people,
          message: texts.t(request.locale, 'org:imports.source_ok', { count: people }),
        };
      } catch (error) {
        const stored = storedError(error);
        if (!stored || !/^org\.(source_unreachable|import_unreadable)$/.test(stored.code)) throw error;
        return { ok: false, people: 0, message: errorText(stored, texts, request.locale) };
      }
    },
  );

  http.post(
    '/sources/:id/run',
    { schema: { tags, summary: 'Import from a source now', params: IdParams, response: { 200: ImportRun } } },
    async (request) => {
      const actor = requireActor(request);
      await importsPolicy.editSources(access, actor);
      await importsPolicy.run(access, actor);
      const id = await sources.run(actor, request.params.id);
      return presentRun(context, await imports.get(id), request.locale);
    },
  );
}
