import { platformErrors, requireActor, type Actor, type DomainParts } from '@qiao/platform';
import type { Transaction } from 'kysely';
import { ConfirmSetup, Setup } from '../../contract/api.ts';
import { loadTree } from '../directory/tree.repository.ts';
import type { Roles } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import { setupGuideRepository as repository } from './setup-guide.repository.ts';
import { setupSteps } from './setup-guide.ts';

/** `GET /setup`, `POST /setup/confirm`: the guided set-up. */
export function setupGuideParts(context: OrgContext, roles: Roles): DomainParts {
  const db = context.db as OrgDb;
  const { acts, clock } = context;

  async function require(actor: Actor, permission: 'org.installation.read' | 'org.installation.edit') {
    const { held } = await roles.holder(actor);
    if (!held.over(permission, null, await loadTree(db))) throw platformErrors.not_allowed();
  }
  const steps = async () => ({ steps: setupSteps(await repository.figures(db, clock.now())) });

  return {
    routes: (http) => {
      http.get(
        '/setup',
        { schema: { tags: ['setup'], summary: 'The steps and how far they are', response: { 200: Setup } } },
        async (request) => {
          await require(requireActor(request), 'org.installation.read');
          return steps();
        },
      );
      http.post(
        '/setup/confirm',
        {
          schema: {
            tags: ['setup'],
            summary: 'Tick off a step that only a person can',
            body: ConfirmSetup,
            response: { 200: Setup },
          },
        },
        async (request) => {
          const actor = requireActor(request);
          await require(actor, 'org.installation.edit');
          const { step, done } = request.body;
          await db.transaction().execute(async (trx) => {
            await repository.confirm(trx, step, done ? clock.now() : null);
            await acts.record(trx as unknown as Transaction<never>, {
              actor: actor.userId,
              action: 'org.setup.confirm',
              subject: 'workspace:setup',
              scope: 'company',
              details: { step, done },
            });
          });
          return steps();
        },
      );
    },
  };
}
