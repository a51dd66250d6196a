import type { DomainParts } from '@qiao/platform';
import { importsParts } from './imports/parts.ts';
import { actsParts } from './acts/parts.ts';
import { conversationsParts } from './conversations/parts.ts';
import { createChanges } from './changes.service.ts';
import type { OrgContext } from './context.ts';
import { directoryParts } from './directory/parts.ts';
import { lifecycleParts } from './lifecycle/index.ts';
import { scimParts } from './scim/index.ts';
import { provisionParts } from './provision/parts.ts';
import { rolesParts } from './roles/parts.ts';
import { createRoles } from './roles/roles.service.ts';
import { setupGuideParts } from './setup-guide/parts.ts';
import { visibilityParts } from './visibility/parts.ts';
import { createVisibility } from './visibility/visibility.service.ts';

/** Puts the parts of the domain's areas together; routes and lifecycles run in the order of the areas. */
export function combine(areas: readonly DomainParts[]): DomainParts {
  return {
    routes: async (http) => {
      for (const area of areas) await area.routes?.(http);
    },
    protocols: areas.flatMap((area) => area.protocols ?? []),
    jobs: areas.flatMap((area) => area.jobs ?? []),
    subscriptions: areas.flatMap((area) => area.subscriptions ?? []),
    onMatrixEvent: async (event) => {
      for (const area of areas) await area.onMatrixEvent?.(event);
    },
    health: Object.fromEntries(areas.flatMap((area) => Object.entries(area.health ?? {}))),
    offers: Object.fromEntries(areas.flatMap((area) => Object.entries(area.offers ?? {}))),
    commands: Object.fromEntries(areas.flatMap((area) => Object.entries(area.commands ?? {}))),
    prepare: async () => {
      for (const area of areas) await area.prepare?.();
    },
    start: async () => {
      for (const area of areas) await area.start?.();
    },
    stop: async () => {
      for (const area of [...areas].reverse()) await area.stop?.();
    },
  };
}

/** One line for each area of the domain. */
export function setup(context: OrgContext): DomainParts {
  const roles = createRoles(context);
  const visibility = createVisibility(context);
  const changes = createChanges(context);
  const areas: DomainParts[] = [
    rolesParts(context, roles),
    directoryParts(context, { changes, roles, visibility }),
    visibilityParts(context, { roles, visibility }),
    setupGuideParts(context, roles),
    actsParts(context, roles),
    lifecycleParts(context),
    scimParts(context),
    provisionParts(context),
    conversationsParts(context, { roles, visibility }),
    importsParts(context),
  ];
  return combine(areas);
}
