import type { DomainParts } from '@qiao/platform';
import type { HandoverRegistry } from '../../contract/index.ts';
import { createChanges } from '../changes.service.ts';
import { certifyLeaver, closeLeaver } from '../jobs/close-leaver.job.ts';
import { collectHandover } from '../jobs/collect-handover.job.ts';
import { dailyLifeCycle } from '../jobs/daily-life-cycle.job.ts';
import { lockLeavers } from '../jobs/lock-leavers.job.ts';
import { passwordAsked } from '../jobs/password-asked.job.ts';
import { createRoles } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import { activationRoutes } from './activation.routes.ts';
import { createActivation } from './activation.service.ts';
import { firstAdminCommand } from './first-admin.command.ts';
import { createHandoverRegistry } from './handover.registry.ts';
import { openAccounts } from './homeserver.ts';
import { offboardingRoutes } from './offboarding.routes.ts';
import { createOffboardings } from './offboarding.service.ts';
import { newPasswords } from './new-passwords.ts';
import { passwordRoutes } from './password.routes.ts';
import { defineLinkMails } from './link-mails.ts';
import { createLinks } from './links.ts';
import { createMailings } from './mailings.service.ts';
import { mailsRoutes } from './mails.routes.ts';
import { createMails } from './mails.service.ts';
import { createPasswordRequests } from './password-requests.service.ts';
import { createLifecyclePolicy } from './policy.ts';

/** Joiner, mover, leaver: activation links, leavers and what time brings (ORG-5). */
export function lifecycleParts(context: OrgContext): DomainParts {
  const interactive = openAccounts(context, true);
  const patient = openAccounts(context, false);
  const changes = createChanges(context);
  const roles = createRoles(context);
  const policy = createLifecyclePolicy(context, roles);
  const registry = createHandoverRegistry();
  const links = createLinks(context);
  const activation = createActivation(context, links, interactive, policy);
  const mails = createMails(context, { policy, requireLink: (person) => activation.requireLink(person) });
  const mailings = createMailings(context, { activation, mails, policy });
  const mayHaveLink = activation.mayHaveLink.bind(activation);
  const requests = createPasswordRequests(context, { accounts: patient, policy, mayHaveLink });
  defineLinkMails(context, {
    links,
    linkState: activation.linkState.bind(activation),
    passwordMailFailed: (trx, mailId) => requests.mailFailed(trx, mailId),
  });
  const offboardings = createOffboardings(context, { changes, policy, registry, accounts: interactive });
  const passwordHttp = passwordRoutes(context, { activation, roles });
  const activationHttp = activationRoutes(context, { activation, links, mails });
  const mailsHttp = mailsRoutes(context, { mails, mailings, requests });
  const offboardingHttp = offboardingRoutes(context, offboardings);
  const handover: HandoverRegistry = { register: (source) => registry.register(source) };
  return {
    routes: async (http) => {
      await activationHttp(http);
      await passwordHttp(http);
      await mailsHttp(http);
      await offboardingHttp(http);
    },
    protocols: [newPasswords(context, activation)],
    jobs: [
      passwordAsked(requests),
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
