import { platformErrors, requireActor, type DomainParts, type Http, type Locale } from '@qiao/platform';
import type { Static } from 'typebox';
import {
  HandoverItemParams,
  IdParams,
  OffboardingDetail,
  OffboardingPage,
  OffboardingQuery,
  PutHandoverItem,
  StartOffboarding,
  type Offboarding,
} from '../../contract/index.ts';
import type { OrgContext } from '../context.ts';
import type { ItemRow, OffboardingRow } from './offboarding.repository.ts';
import type { Offboardings, OffboardingView } from './offboarding.service.ts';
import { actorNames } from '../actors.ts';

const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

const encodeCursor = (row: OffboardingRow): string =>
  Buffer.from(`${row.started_at.toISOString()} ${row.id}`).toString('base64url');

/** @throws DomainError `platform.bad_request` */
function decodeCursor(text: string): { at: string; id: string } {
  const [at = '', id = ''] = Buffer.from(text, 'base64url').toString('utf8').split(' ');
  if (!ID.test(id) || Number.isNaN(Date.parse(at))) throw platformErrors.bad_request({ reason: 'after' });
  return { at, id };
}

/** HTTP of leavers. */
export function offboardingRoutes(
  context: Pick<OrgContext, 'db' | 'homeserver' | 'texts'>,
  offboardings: Offboardings,
): NonNullable<DomainParts['routes']> {
  const { homeserver, texts } = context;
  const userId = (localpart: string): string => `@${localpart}:${homeserver.serverName}`;

  type Named = Awaited<ReturnType<typeof actorNames>>;
  const namedIn = (rows: readonly OffboardingRow[], locale: Locale): Promise<Named> =>
    actorNames(
      { db: context.db, serverName: homeserver.serverName, texts },
      rows.map((row) => row.started_by),
      locale,
    );
  const head = (row: OffboardingRow, named: Named): Offboarding => ({
    id: row.id,
    person: {
      id: row.person_id,
      display_name: row.display_name,
      user_id: userId(row.localpart),
      title: row.title,
    },
    state: row.state,
    reason: row.reason,
    started_by: row.started_by,
    started_by_name: named(row.started_by).name,
    started_at: row.started_at.toISOString(),
    closed_at: row.closed_at?.toISOString() ?? null,
    undo_until: row.undo_until?.toISOString() ?? null,
    items_open: row.items_open,
  });
  /** A built-in role's label begins with `@<builtin>`. */
  const label = (item: ItemRow, locale: Locale): string =>
    item.kind === 'role_grant'
      ? item.label.replace(/^@([a-z_]+)/, (whole, role: string) =>
          texts.has(locale, `org:roles.${role}`) ? texts.t(locale, `org:roles.${role}`) : whole,
        )
      : item.label;
  const detail = async (
    { row, items }: OffboardingView,
    locale: Locale,
  ): Promise<Static<typeof OffboardingDetail>> => ({
    ...head(row, await namedIn([row], locale)),
    items: items.map((item) => ({
      id: item.id,
      kind: item.kind,
      label: label(item, locale),
      to:
        item.to_person_id === null
          ? null
          : {
              id: item.to_person_id,
              display_name: item.to_name ?? '',
              user_id: userId(item.to_localpart ?? ''),
              title: item.to_title,
            },
      ends: item.to_person_id === null && item.done_at !== null,
      done: item.done_at !== null && (item.to_person_id !== null || row.state !== 'suspended'),
    })),
    certificate: row.certificate,
  });

  return (http: Http) => {
    const answer = { 200: OffboardingDetail };
    http.post(
      '/people/:id/offboarding',
      {
        schema: {
          tags: ['org'],
          params: IdParams,
          body: StartOffboarding,
          response: { 201: OffboardingDetail },
        },
      },
      async (request, reply) => {
        const { reason = null, handover_to } = request.body;
        const view = await offboardings.start(requireActor(request), request.params.id, {
          reason,
          handover_to,
        });
        return reply.code(201).send(await detail(view, request.locale));
      },
    );
    http.get(
      '/offboardings',
      { schema: { tags: ['org'], querystring: OffboardingQuery, response: { 200: OffboardingPage } } },
      async (request) => {
        const { after, limit = 50, state } = request.query;
        const rows = await offboardings.list(requireActor(request), {
          state,
          after: after === undefined ? undefined : decodeCursor(after),
          limit: limit + 1,
        });
        const items = rows.slice(0, limit);
        const last = items.at(-1);
        const named = await namedIn(items, request.locale);
        return {
          items: items.map((row) => head(row, named)),
          next: rows.length > limit && last ? encodeCursor(last) : null,
        };
      },
    );
    http.get(
      '/offboardings/:id',
      { schema: { tags: ['org'], params: IdParams, response: answer } },
      async (request) =>
        detail(await offboardings.get(requireActor(request), request.params.id), request.locale),
    );
    http.put(
      '/offboardings/:id/items/:item',
      { schema: { tags: ['org'], params: HandoverItemParams, body: PutHandoverItem, response: answer } },
      async (request) => {
        const { id, item } = request.params;
        const view = await offboardings.assign(requireActor(request), id, item, request.body.to_person_id);
        return detail(view, request.locale);
      },
    );
    for (const act of ['close', 'undo', 'check'] as const) {
      http.post(
        `/offboardings/:id/${act}`,
        { schema: { tags: ['org'], params: IdParams, response: answer } },
        async (request) =>
          detail(await offboardings[act](requireActor(request), request.params.id), request.locale),
      );
    }
  };
}
