import { makeErrors } from '@qiao/platform';
import { orgErrorTable } from '../../contract/errors.ts';
import type { OrgTrx } from '../tables.ts';
import { rolesRepository } from './roles.repository.ts';

const errors = makeErrors('org', orgErrorTable);

/** A grant of the main administrator's role over the company, with its holder's state. */
export interface MainAdminGrant {
  readonly id: string;
  readonly person_id: string;
  readonly ends_at: Date | null;
  readonly status: string;
}

/** What an act takes away: single grants, or all that some people hold. */
export interface Taken {
  readonly grants?: readonly string[];
  readonly people?: readonly string[];
}

/** A main administrator to rely on: here, and without an end. */
const counts = (grant: MainAdminGrant): boolean =>
  grant.ends_at === null && (grant.status === 'active' || grant.status === 'joining');

/**
 * Whether a company that has a main administrator to rely on still has one after `taken` is gone. What takes nobody
 * to rely on away is no loss: a grant with an end, or a person who is suspended already. Pure.
 */
export function mainAdminStays(grants: readonly MainAdminGrant[], taken: Taken): boolean {
  const gone = (grant: MainAdminGrant): boolean =>
    taken.grants?.includes(grant.id) === true || taken.people?.includes(grant.person_id) === true;
  const reliable = grants.filter(counts);
  const left = reliable.filter((grant) => !gone(grant));
  return left.length > 0 || left.length === reliable.length;
}

/**
 * The one rule of the last main administrator, for revoking grants and for leaving. Locks the grants it looks at, so
 * that two main administrators cannot remove each other at the same time.
 * @throws DomainError `org.last_main_admin`
 */
export async function requireMainAdminStays(trx: OrgTrx, taken: Taken): Promise<void> {
  if (!mainAdminStays(await rolesRepository.lockMainAdmins(trx), taken)) throw errors.last_main_admin();
}
