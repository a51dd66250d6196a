import type { DomainParts } from '@qiao/platform';
import type { OrgContext } from '../context.ts';
import { rolesRoutes } from './roles.routes.ts';
import type { Roles } from './roles.service.ts';

/** Roles and grants; from here on the platform's door knows who may what. */
export function rolesParts(context: OrgContext, roles: Roles): DomainParts {
  context.access.setSource(roles.grantSource);
  return {
    routes: (http) => {
      rolesRoutes(http, {
        roles,
        texts: context.texts,
        permissions: () => context.access.permissions(),
        serverName: context.homeserver.serverName,
        db: context.db,
      });
    },
    start: () => roles.seed(),
  };
}
