import { platformErrors, requireActor, type DomainParts } from '@qiao/platform';
import { ActPage, ActQuery } from '../../contract/api.ts';
import { loadTree } from '../directory/tree.repository.ts';
import type { Roles } from '../roles/roles.service.ts';
import type { OrgContext } from '../setup.ts';
import type { OrgDb } from '../tables.ts';

const DEFAULT_LIMIT = 50;

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
          return {
            items: page.map((row) => ({
              id: row.id,
              at: row.at.toISOString(),
              actor: row.actor,
              action: row.action,
              subject: row.subject,
              details: { ...row.details },
            })),
            next: rows.length > limit ? String(page.at(-1)?.id) : null,
          };
        },
      );
    },
  };
}
