import type { DomainParts } from '@qiao/platform';
import { createChanges } from '../changes.service.ts';
import { createHandoverRegistry } from '../lifecycle/handover.registry.ts';
import { openAccounts } from '../lifecycle/homeserver.ts';
import { createOffboardings } from '../lifecycle/offboarding.service.ts';
import { createLifecyclePolicy } from '../lifecycle/policy.ts';
import { createRoles } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import { SCIM_PREFIX, scimLogin, scimRoutes } from './scim.routes.ts';
import { createScim } from './scim.service.ts';
import { tokenRoutes } from './tokens.routes.ts';

/** SCIM 2.0: an identity provider keeps people and departments (ORG-1, PLAT-5). */
export function scimParts(context: OrgContext): DomainParts {
  const changes = createChanges(context);
  const accounts = openAccounts(context, true);
  const offboardings = createOffboardings(context, {
    changes,
    accounts,
    policy: createLifecyclePolicy(context, createRoles(context)),
    // Nothing is collected here: SCIM only starts leaving, and takes it back.
    registry: createHandoverRegistry(),
  });
  return {
    routes: tokenRoutes(context),
    protocols: [
      {
        prefix: SCIM_PREFIX,
        login: scimLogin(context),
        routes: scimRoutes(context, createScim(context, { changes, offboardings })),
      },
    ],
    stop: () => accounts.close(),
  };
}
