import { cutPage, readCursor, requireActor, writeCursor, type Http } from '@qiao/platform';
import { Type } from 'typebox';
import {
  CreateSource,
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
  SourceTest,
} from '../../contract/api.ts';
import { importsPolicy } from '../imports/imports.policy.ts';
import { errorText, presentRun } from '../imports/imports.present.ts';
import { readable } from '../imports/imports.routes.ts';
import { storedError, type Imports } from '../imports/imports.service.ts';
import type { OrgContext } from '../setup.ts';
import type { OrgDb } from '../tables.ts';
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

export function sourcesRoutes(http: Http, context: OrgContext, sources: Sources, imports: Imports): void {
  const { access, texts } = context;
  const tags = ['org sources'];

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
      const { limit = 50 } = request.query;
      const cursor = readCursor(request.query.after);
      const db = context.db as OrgDb;
      const after = cursor && { name: cursor.value, id: cursor.id };
      const [rows, total] = await Promise.all([
        sourcesRepository.byHand(db, after, limit + 1),
        sourcesRepository.countByHand(db),
      ]);
      const { page, next } = cutPage(rows, limit, (row) => writeCursor(row.sort_name, row.id));
      return {
        items: page.map(({ id, display_name, localpart, title, email }) => ({
          id,
          display_name,
          user_id: `@${localpart}:${context.homeserver.serverName}`,
          title,
          email,
        })),
        next,
        total,
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
      return presentRun(await imports.get(id), texts, request.locale);
    },
  );
}
