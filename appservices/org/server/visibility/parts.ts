import type { DomainParts } from '@qiao/platform';
import type { Roles } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import { visibilityRoutes } from './visibility.routes.ts';
import type { Visibility } from './visibility.service.ts';

/** The directory for everybody, under the rules of who may see whom. */
export function visibilityParts(
  context: OrgContext,
  services: { roles: Roles; visibility: Visibility },
): DomainParts {
  return {
    routes: (http) => {
      visibilityRoutes(http, { ...services, serverName: context.homeserver.serverName });
    },
  };
}
