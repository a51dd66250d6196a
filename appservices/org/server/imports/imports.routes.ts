import { makeErrors, platformErrors, requireActor, type Http, type Locale } from '@qiao/platform';
import { Type } from 'typebox';
import {
  ApplyImport,
  ChangeKind,
  IdParams,
  ImportChangePage,
  ImportPage,
  ImportProblemPage,
  ImportRun,
  PageQuery,
  PutImportMapping,
} from '../../contract/api.ts';
import { orgErrorTable } from '../../contract/errors.ts';
import type { OrgContext } from '../context.ts';
import { importsPolicy } from './imports.policy.ts';
import { problemText, presentRun, presentRuns } from './imports.present.ts';
import { SourceUnreachable } from '../sources/unreachable.ts';
import type { Imports } from './imports.service.ts';
import { UnreadableFile } from './unreadable.ts';

const errors = makeErrors('org', orgErrorTable);

const ChangesQuery = Type.Object({ ...PageQuery.properties, kind: Type.Optional(ChangeKind) });
const ProblemsQuery = Type.Object({
  ...PageQuery.properties,
  severity: Type.Optional(Type.Enum(['error', 'warning'])),
});

/** Where a list of runs goes on; opaque to callers. */
const encodeCursor = (at: Date, id: string): string =>
  Buffer.from(JSON.stringify([at.toISOString(), id])).toString('base64url');
function decodeCursor(text: string | undefined): { at: string; id: string } | undefined {
  if (text === undefined) return undefined;
  try {
    const [at, id] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as [unknown, unknown];
    if (
      typeof at === 'string' &&
      !Number.isNaN(Date.parse(at)) &&
      typeof id === 'string' &&
      /^[0-9a-f-]{36}$/.test(id)
    ) {
      return { at, id };
    }
  } catch {
    // falls through
  }
  throw platformErrors.bad_request({ reason: 'after' });
}
function decodeSeq(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,9}$/.test(text)) throw platformErrors.bad_request({ reason: 'after' });
  return Number(text);
}

/** Files and sources that give nothing, as errors in the reader's language. */
export async function readable<T>(context: OrgContext, locale: Locale, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UnreadableFile) {
      const reason = context.texts.t(locale, `org:imports.reasons.${error.reason}`, error.params);
      throw errors.import_unreadable({ ...error.params, reason });
    }
    if (error instanceof SourceUnreachable) {
      const reason = context.texts.t(locale, `org:imports.reasons.source_${error.reason}`, error.params);
      throw errors.source_unreachable({ ...error.params, reason });
    }
    throw error;
  }
}

/** The form of an upload. Its fields stand before the file, which is written while it comes in. */
const ImportForm = Type.Object({
  encoding: Type.Optional(
    Type.String({
      maxLength: 200,
      description: 'Encoding of the file; found out by itself where it is absent',
    }),
  ),
  source_id: Type.Optional(Type.String({ format: 'uuid', description: 'The source that the file is of' })),
  file: Type.String({ contentMediaType: 'application/octet-stream', description: 'CSV or JSON' }),
});

export function importsRoutes(http: Http, context: OrgContext, imports: Imports): void {
  const { access, texts } = context;
  const tags = ['org imports'];
  const answer = { 200: ImportRun };

  http.get(
    '/imports',
    {
      schema: {
        tags,
        summary: 'Imports, the latest first',
        querystring: PageQuery,
        response: { 200: ImportPage },
      },
    },
    async (request) => {
      await importsPolicy.run(access, requireActor(request));
      const { limit = 50 } = request.query;
      const rows = await imports.list(decodeCursor(request.query.after), limit + 1);
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return {
        items: await presentRuns(context, page, request.locale, false),
        next: rows.length > limit && last ? encodeCursor(last.created_at, last.id) : null,
      };
    },
  );

  http.post(
    '/imports',
    {
      config: {
        describedBody: {
          contentType: 'multipart/form-data',
          maxBytes: context.config.max_import_bytes,
          schema: ImportForm,
        },
      },
      schema: { tags, summary: 'Upload a file', response: answer },
    },
    async (request) => {
      const actor = requireActor(request);
      await importsPolicy.run(access, actor);
      if (!request.isMultipart()) throw platformErrors.bad_request({ reason: 'org.upload' });
      const part = await request.file({ limits: { fileSize: context.config.max_import_bytes + 1 } });
      if (!part) throw platformErrors.bad_request({ reason: 'org.upload' });
      // Fields have to stand before the file: it is written while it comes in.
      const field = (name: string): string | undefined => {
        const found = part.fields[name];
        const value = found && !Array.isArray(found) && found.type === 'field' ? found.value : undefined;
        return typeof value === 'string' && value !== '' && value.length <= 200 ? value : undefined;
      };
      const source_id = field('source_id');
      if (source_id !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(source_id)) {
        throw platformErrors.bad_request({ reason: 'org.source_id' }, { field: 'source_id' });
      }
      const run = await readable(context, request.locale, () =>
        imports.upload(actor, request.locale, {
          name: part.filename,
          content: part.file,
          encoding: field('encoding'),
          source_id,
        }),
      );
      return presentRun(context, run, request.locale);
    },
  );

  http.get(
    '/imports/:id',
    { schema: { tags, summary: 'One import', params: IdParams, response: answer } },
    async (request) => {
      await importsPolicy.run(access, requireActor(request));
      return presentRun(context, await imports.get(request.params.id), request.locale);
    },
  );

  http.put(
    '/imports/:id/mapping',
    {
      schema: {
        tags,
        summary: 'Correct mapping, encoding, options',
        params: IdParams,
        body: PutImportMapping,
        response: answer,
      },
    },
    async (request) => {
      await importsPolicy.run(access, requireActor(request));
      const run = await readable(context, request.locale, () =>
        imports.putMapping(request.params.id, request.body, request.locale),
      );
      return presentRun(context, run, request.locale);
    },
  );

  http.post(
    '/imports/:id/apply',
    {
      schema: {
        tags,
        summary: 'Apply the difference',
        params: IdParams,
        body: ApplyImport,
        response: answer,
      },
    },
    async (request) => {
      const actor = requireActor(request);
      await importsPolicy.run(access, actor);
      const run = await imports.apply(request.params.id, request.body, actor);
      return presentRun(context, run, request.locale);
    },
  );

  const steps = {
    check: (id: string, locale: Locale) => imports.check(id, locale),
    stop: (id: string) => imports.stop(id),
    resume: (id: string) => imports.resume(id),
    discard: (id: string) => imports.discard(id),
  };
  for (const [step, run] of Object.entries(steps)) {
    http.post(
      `/imports/:id/${step}`,
      { schema: { tags, summary: `${step} an import`, params: IdParams, response: answer } },
      async (request) => {
        await importsPolicy.run(access, requireActor(request));
        return presentRun(context, await run(request.params.id, request.locale), request.locale);
      },
    );
  }

  http.get(
    '/imports/:id/changes',
    {
      schema: {
        tags,
        summary: 'What would change or has changed',
        params: IdParams,
        querystring: ChangesQuery,
        response: { 200: ImportChangePage },
      },
    },
    async (request) => {
      await importsPolicy.run(access, requireActor(request));
      const { limit = 50, kind, after } = request.query;
      const run = await imports.get(request.params.id);
      const rows = await imports.changes(run.id, { kind, after: decodeSeq(after), limit: limit + 1 });
      const page = rows.slice(0, limit);
      return {
        items: page.map(({ seq, kind: what, label, before, after: then }) => ({
          seq,
          kind: what,
          label,
          before,
          after: then,
        })),
        next: rows.length > limit ? String(page.at(-1)?.seq ?? 0) : null,
      };
    },
  );

  http.get(
    '/imports/:id/problems',
    {
      schema: {
        tags,
        summary: 'Bad rows and remarks, by line',
        params: IdParams,
        querystring: ProblemsQuery,
        response: { 200: ImportProblemPage },
      },
    },
    async (request) => {
      await importsPolicy.run(access, requireActor(request));
      const { limit = 50, severity, after } = request.query;
      const run = await imports.get(request.params.id);
      const rows = await imports.problems(run.id, { severity, after: decodeSeq(after), limit: limit + 1 });
      const page = rows.slice(0, limit);
      return {
        items: page.map((problem) => ({
          seq: problem.seq,
          severity: problem.severity,
          line: problem.line,
          column: problem.column,
          code: problem.code,
          message: problemText(problem, texts, request.locale),
        })),
        next: rows.length > limit ? String(page.at(-1)?.seq ?? 0) : null,
      };
    },
  );
}
