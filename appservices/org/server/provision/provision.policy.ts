import type { Access, Actor } from '@qiao/platform';

/** Who may see how provisioning goes. @throws DomainError `platform.not_found` */
export const requireReadProvisioning = (access: Access, actor: Actor): Promise<void> =>
  access.require(actor, 'org.installation.read', { kind: 'company' });

/** Who may stop it, decide about accounts, and have it compared. @throws DomainError `platform.not_found` */
export const requireEditProvisioning = (access: Access, actor: Actor): Promise<void> =>
  access.require(actor, 'org.installation.edit', { kind: 'company' });
