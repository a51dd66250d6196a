import type { DomainParts } from '@qiao/platform';
import { provisionJob } from '../jobs/provision.job.ts';
import { reconcileJob } from '../jobs/reconcile.job.ts';
import type { OrgContext } from '../setup.ts';
import { createProvisioner } from './provisioner.ts';
import { provisionRoutes } from './provision.routes.ts';
import { createProvisionService } from './provision.service.ts';

/** Accounts, spaces, rooms and memberships on the homeserver, and the organisation's bot. */
export function provisionParts(org: OrgContext): DomainParts {
  const provisioner = createProvisioner(org);
  const service = createProvisionService(org, provisioner);
  return {
    routes: (http) => {
      provisionRoutes(http, org.access, service);
    },
    jobs: [provisionJob(provisioner), reconcileJob(provisioner)],
    onMatrixEvent: (event) => provisioner.watch.take(event),
    health: {
      homeserver: async () => {
        try {
          await provisioner.ping();
          return { ok: true };
        } catch (error) {
          return { ok: false, detail: error instanceof Error ? error.message : 'no answer' };
        }
      },
      provisioning: async () => {
        const { pending, problems, enabled } = await service.get();
        const open = Object.values(pending).reduce((sum, count) => sum + count, 0);
        if (!enabled) return { ok: true, detail: `stopped, ${String(open)} to do` };
        return { ok: true, detail: `${String(open)} to do, ${String(problems)} problems` };
      },
    },
    start: async () => {
      // What was left when the process ended goes on; with nothing to do it costs a few queries.
      await provisioner.ask();
    },
    stop: () => provisioner.close(),
  };
}
