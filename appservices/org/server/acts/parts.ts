import {
  platformErrors,
  requireActor,
  type Actor,
  type ActRow,
  type DomainParts,
  type Locale,
} from '@qiao/platform';
import { sql } from 'kysely';
import { Readable } from 'node:stream';
import { Type, type Static } from 'typebox';
import { orgActs } from '../../contract/acts.ts';
import { ActExportQuery, ActPage, ActQuery, ActTypes } from '../../contract/api.ts';
import { csvLine } from '../../contract/csv.ts';
import { actorNames } from '../actors.ts';
import { loadTree } from '../directory/tree.repository.ts';
import type { Roles } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import { aboutPerson, aboutWords, builtinRoles, namesOf } from './acts.repository.ts';
import { sentenceOf, subjectsOf } from './sentences.ts';

const DEFAULT_LIMIT = 50;
/** Acts read at once for an export, and parts of one: a spreadsheet holds no more rows. */
const EXPORT_BATCH = 1000;
const EXPORT_PARTS = 1000;

type Filter = Static<typeof ActExportQuery>;

/**
 * `GET /acts`: who changed what in the organisation. For those who may see the installation as a whole: a
 * department admin's log would tell of moves from and to other subtrees.
 */
export function actsParts(context: OrgContext, roles: Roles): DomainParts {
  const db = context.db as OrgDb;
  const { texts } = context;
  const { serverName } = context.homeserver;

  async function requireReading(actor: Actor): Promise<void> {
    const { held } = await roles.holder(actor);
    if (!held.over('org.installation.read', null, await loadTree(db))) throw platformErrors.not_allowed();
  }

  async function readerOf({ subject, action, from, to, person_id: person, q }: Filter) {
    const where = [
      ...(person === undefined ? [] : [aboutPerson(person, serverName)]),
      ...(q === undefined ? [] : [await aboutWords(db, serverName, q)]),
    ].filter((each) => each !== undefined);
    return (before: number | undefined, limit: number): Promise<ActRow[]> =>
      context.acts.list({
        limit,
        before,
        subject,
        action,
        ...(from === undefined ? {} : { from: new Date(from) }),
        ...(to === undefined ? {} : { to: new Date(to) }),
        ...(where.length === 0 ? {} : { where: sql<boolean>`${sql.join(where, sql` and `)}` }),
      });
  }

  async function present(rows: readonly ActRow[], locale: Locale): Promise<Static<typeof ActPage>['items']> {
    const [names, builtin, actor] = await Promise.all([
      namesOf(
        db,
        rows.flatMap((row) => subjectsOf(withScope(row))),
      ),
      builtinRoles(db),
      actorNames(
        { db, serverName, texts },
        rows.map((row) => row.actor),
        locale,
      ),
    ]);
    const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });
    const say = (key: string, params?: Record<string, unknown>): string =>
      texts.t(locale, `org:acts.${key}`, params);
    const of = (subject: string): string | undefined => {
      const role = /^role:(.*)$/.exec(subject)?.[1];
      const text = role === undefined ? undefined : builtin.get(role);
      return text === undefined ? names.get(subject) : texts.t(locale, `org:roles.${text}`);
    };
    const first = (...keys: readonly string[]): string => {
      const found = keys.find((key) => texts.has(locale, `org:${key}`));
      return found === undefined ? (keys[0] ?? '').replace(/^.*\./, '') : texts.t(locale, `org:${found}`);
    };
    return rows.map((row) => {
      const who = actor(row.actor);
      return {
        id: row.id,
        at: row.at.toISOString(),
        actor: who,
        action: row.action,
        type: first(`acts.types.${row.action.replaceAll('.', '_')}`, row.action),
        text: sentenceOf(withScope(row), {
          actor: who.name,
          of,
          say,
          has: (key) => texts.has(locale, `org:acts.${key}`),
          field: (name) => first(`acts.fields.${name}`, `imports.fields.${name}`),
          kind: (name) => texts.t(locale, `org:imports.kinds.${name}`),
          date: (timestamp) => date.format(new Date(timestamp)),
        }),
        subject: row.subject,
        subject_name: of(row.subject) ?? null,
        details: { ...row.details },
      };
    });
  }

  return {
    routes: (http) => {
      http.get(
        '/acts',
        {
          schema: {
            tags: ['acts'],
            summary: 'Administrative acts, newest first',
            querystring: ActQuery,
            response: { 200: ActPage },
          },
        },
        async (request) => {
          await requireReading(requireActor(request));
          const { after, limit = DEFAULT_LIMIT, ...filter } = request.query;
          const before = after === undefined ? undefined : Number(after);
          if (before !== undefined && !Number.isSafeInteger(before))
            throw platformErrors.bad_request({ reason: 'after' });
          const rows = await (await readerOf(filter))(before, limit + 1);
          const page = rows.slice(0, limit);
          return {
            items: await present(page, request.locale),
            next: rows.length > limit ? String(page.at(-1)?.id) : null,
          };
        },
      );
      http.get(
        '/acts/types',
        { schema: { tags: ['acts'], summary: 'The kinds of acts', response: { 200: ActTypes } } },
        async (request) => {
          await requireReading(requireActor(request));
          const { locale } = request;
          const collator = new Intl.Collator(locale);
          return {
            items: orgActs
              .map((action) => ({
                action,
                name: texts.t(locale, `org:acts.types.${action.replaceAll('.', '_')}`),
              }))
              .sort((a, b) => collator.compare(a.name, b.name)),
          };
        },
      );
      http.get(
        '/acts/export',
        {
          schema: {
            tags: ['acts'],
            summary: 'Administrative acts as CSV, newest first',
            querystring: ActExportQuery,
            response: { 200: Type.String() },
          },
        },
        async (request, reply) => {
          await requireReading(requireActor(request));
          const { locale } = request;
          const read = await readerOf(request.query);
          // The first part before the answer begins: what goes wrong there is an error, not half a file.
          const first = await read(undefined, EXPORT_BATCH);
          const name = encodeURIComponent(`${texts.t(locale, 'org:acts.file')}.csv`);
          void reply
            .header('content-type', 'text/csv; charset=utf-8')
            .header('content-disposition', `attachment; filename*=UTF-8''${name}`);
          const lines = async function* (): AsyncGenerator<string> {
            const columns = ['time', 'actor', 'account', 'type', 'text', 'action', 'subject'];
            // Spreadsheets need the byte order mark to read Chinese.
            yield `\uFEFF${csvLine(columns.map((column) => texts.t(locale, `org:acts.columns.${column}`)))}`;
            let rows = first;
            for (let parts = 0; rows.length > 0 && parts < EXPORT_PARTS; parts++) {
              const items = await present(rows, locale);
              yield items
                .map((act) =>
                  csvLine([
                    act.at,
                    act.actor.name,
                    act.actor.id,
                    act.type,
                    act.text,
                    act.action,
                    act.subject,
                  ]),
                )
                .join('');
              rows = rows.length < EXPORT_BATCH ? [] : await read(rows.at(-1)?.id, EXPORT_BATCH);
            }
          };
          return reply.send(Readable.from(lines()) as never);
        },
      );
    },
  };
}

/** Acts of the table have no scope as null, not as nothing. */
const withScope = (row: ActRow) => ({ ...row, scope: row.scope ?? undefined });
