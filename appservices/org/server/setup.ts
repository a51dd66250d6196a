import type { DomainContext, DomainParts } from '@qiao/platform';
import type { OrgConfig } from './config.ts';

export type OrgContext = DomainContext<OrgConfig>;

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
    health: Object.assign({}, ...areas.map((area) => area.health ?? {})),
    offers: Object.assign({}, ...areas.map((area) => area.offers ?? {})),
    commands: Object.assign({}, ...areas.map((area) => area.commands ?? {})),
    start: async () => {
      for (const area of areas) await area.start?.();
    },
    stop: async () => {
      for (const area of [...areas].reverse()) await area.stop?.();
    },
  };
}

/** One line for each area of the domain. */
export function setup(_context: OrgContext): DomainParts {
  const areas: DomainParts[] = [];
  return combine(areas);
}
