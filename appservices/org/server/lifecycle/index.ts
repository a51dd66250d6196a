import type { DomainParts } from '@qiao/platform';
import type { HandoverRegistry } from '../../contract/index.ts';
import { createChanges } from '../changes.service.ts';
import { certifyLeaver, closeLeaver } from '../jobs/close-leaver.job.ts';
import { collectHandover } from '../jobs/collect-handover.job.ts';
import { dailyLifeCycle } from '../jobs/daily-life-cycle.job.ts';
import { lockLeavers } from '../jobs/lock-leavers.job.ts';
import { createRoles } from '../roles/roles.service.ts';
import type { OrgContext } from '../setup.ts';
import { activationRoutes } from './activation.routes.ts';
import { createActivation } from './activation.service.ts';
import { firstAdminCommand } from './first-admin.command.ts';
import { createHandoverRegistry } from './handover.registry.ts';
import { openAccounts } from './homeserver.ts';
import { offboardingRoutes } from './offboarding.routes.ts';
import { createOffboardings } from './offboarding.service.ts';
import { passwordRoutes } from './password.routes.ts';
import { createLifecyclePolicy } from './policy.ts';

/** Joiner, mover, leaver: activation links, leavers and what time brings (ORG-5). */
export function lifecycleParts(context: OrgContext): DomainParts {
  const interactive = openAccounts(context, true);
  const patient = openAccounts(context, false);
  const changes = createChanges(context);
  const roles = createRoles(context);
  const policy = createLifecyclePolicy(context, roles);
  const registry = createHandoverRegistry();
  const activation = createActivation(context, interactive, policy);
  const offboardings = createOffboardings(context, { changes, policy, registry, accounts: interactive });
  const activationHttp = activationRoutes(context, activation);
  const passwordHttp = passwordRoutes(context, { activation, roles });
  const offboardingHttp = offboardingRoutes(context, offboardings);
  const handover: HandoverRegistry = { register: (source) => registry.register(source) };
  return {
    routes: async (http) => {
      await activationHttp(http);
      await passwordHttp(http);
      await offboardingHttp(http);
    },
    jobs: [
      lockLeavers(context, patient),
      collectHandover(offboardings, patient),
      closeLeaver(context, { offboardings, registry, accounts: patient }),
      certifyLeaver(context, offboardings, patient),
      dailyLifeCycle(context, changes),
    ],
    offers: { 'org.handover': handover },
    commands: { 'first-admin': firstAdminCommand(context, { changes, roles, activation }) },
    stop: async () => {
      await interactive.close();
      await patient.close();
    },
  };
}
