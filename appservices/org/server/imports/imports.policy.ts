import type { Access, Actor } from '@qiao/platform';

/** Imports change the whole directory: only the company's permission will do. */
export const importsPolicy = {
  /** @throws DomainError `platform.not_found` */
  run: (access: Access, actor: Actor): Promise<void> =>
    access.require(actor, 'org.import.run', { kind: 'company' }),
  /** @throws DomainError `platform.not_found` */
  editSources: (access: Access, actor: Actor): Promise<void> =>
    access.require(actor, 'org.source.edit', { kind: 'company' }),
};
