import type { Actor } from '@qiao/platform';
import type { OrgContext } from '../setup.ts';

/** Whose life-cycle an actor may act on. */
export interface LifecyclePolicy {
  /**
   * @throws DomainError `platform.not_found`, as for a person who does not exist.
   */
  requireManage(actor: Actor, permission: ManagePermission, personId: string): Promise<void>;
  /** Of the given people, those the actor may act on. */
  manageable(actor: Actor, permission: ManagePermission, personIds: readonly string[]): Promise<Set<string>>;
}
export type ManagePermission = 'org.person.edit' | 'org.person.offboard';
export type PolicyContext = Pick<OrgContext, 'access' | 'db'>;
