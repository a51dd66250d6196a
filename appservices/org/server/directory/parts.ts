import type { DomainParts } from '@qiao/platform';
import { ORG_READ } from '../../contract/read.ts';
import type { Changes } from '../changes.service.ts';
import type { Roles } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import type { Visibility } from '../visibility/visibility.service.ts';
import { departmentsRoutes } from './departments.routes.ts';
import { createDepartments } from './departments.service.ts';
import { meRoutes } from './me.routes.ts';
import { peopleRoutes } from './people.routes.ts';
import { createPeople } from './people.service.ts';
import { renewSortNames } from './name-columns.ts';
import { createOrgRead } from './read.service.ts';

/** Departments and people for the console, and what other domains may ask. */
export function directoryParts(
  context: OrgContext,
  services: { changes: Changes; roles: Roles; visibility: Visibility },
): DomainParts {
  const { changes, roles, visibility } = services;
  const departments = createDepartments(context, { changes, roles });
  const people = createPeople(context, services);
  return {
    routes: (http) => {
      meRoutes(http, {
        db: context.db,
        roles,
        companyName: context.site.settings.company_name,
      });
      departmentsRoutes(http, { departments, roles });
      peopleRoutes(http, { people, roles });
    },
    prepare: () => renewSortNames(context.db),
    offers: { [ORG_READ]: createOrgRead(context, visibility) },
  };
}
