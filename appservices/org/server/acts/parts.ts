import { platformErrors, requireActor, type DomainParts } from '@qiao/platform';
import { sql } from 'kysely';
import { ActPage, ActQuery } from '../../contract/api.ts';
import { loadTree } from '../directory/tree.repository.ts';
import type { Roles } from '../roles/roles.service.ts';
import type { OrgContext } from '../setup.ts';
import type { OrgDb } from '../tables.ts';

const DEFAULT_LIMIT = 50;

/** How the people, departments and roles that acts speak of are called now, by subject (`person:<id>`). */
async function namesOf(db: OrgDb, subjects: readonly string[]): Promise<Map<string, string>> {
  const ids = subjects.flatMap(
    (subject) => /:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(subject)?.[1] ?? [],
  );
  if (ids.length === 0) return new Map();
  const named = sql`any(${ids}::uuid[])`;
  const { rows } = await sql<{ subject: string; name: string }>`
    select 'person:' || id as subject, display_name as name from org.person where id = ${named}
    union all select 'department:' || id, name from org.department where id = ${named}
    union all select 'role:' || id, name from org.role where id = ${named}
    union all select 'source:' || id, name from org.source where id = ${named}`.execute(db);
  return new Map(rows.map((row) => [row.subject, row.name]));
}

/**
 * `GET /acts`: who changed what in the organisation. For those who may see the installation as a whole: a
 * department admin's log would tell of moves from and to other subtrees.
 */
export function actsParts(context: OrgContext, roles: Roles): DomainParts {
  const db = context.db as OrgDb;
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
          const { held } = await roles.holder(requireActor(request));
          if (!held.over('org.installation.read', null, await loadTree(db)))
            throw platformErrors.not_allowed();
          const { after, limit = DEFAULT_LIMIT, subject } = request.query;
          const before = after === undefined ? undefined : Number(after);
          if (before !== undefined && !Number.isSafeInteger(before)) {
            throw platformErrors.bad_request({ reason: 'after' });
          }
          const rows = await context.acts.list({
            limit: limit + 1,
            ...(subject === undefined ? {} : { subject }),
            ...(before === undefined ? {} : { before }),
          });
          const page = rows.slice(0, limit);
          const names = await namesOf(
            db,
            page.map((row) => row.subject),
          );
          return {
            items: page.map((row) => ({
              id: row.id,
              at: row.at.toISOString(),
              actor: row.actor,
              action: row.action,
              subject: row.subject,
              subject_name: names.get(row.subject) ?? null,
              details: { ...row.details },
            })),
            next: rows.length > limit ? String(page.at(-1)?.id) : null,
          };
        },
      );
    },
  };
}
