import { makeErrors, platformErrors } from '@qiao/platform';
import { orgErrorTable } from '../../contract/errors.ts';
import type { DepartmentTree } from '../directory/tree.ts';
import type { Held } from './held.ts';

const errors = makeErrors('org', orgErrorTable);

/** What is asked of the giver of a grant. */
export interface GrantTerms {
  readonly permissions: readonly string[];
  /** Null: the whole company. */
  readonly department_id: string | null;
  readonly ends_at: Date | null;
}

/** Whether an end is not later than another; `null` is no end. */
const endsWithin = (end: Date | null, limit: Date | null): boolean =>
  limit === null || (end !== null && end <= limit);

/**
 * Nobody gives more than they hold: not another permission, not another place, not for longer.
 * @throws DomainError `platform.not_found` where the actor may not grant there at all,
 * `org.cannot_grant_more_than_held` where the role holds more.
 */
export function requireGrantable(held: Held, tree: DepartmentTree, terms: GrantTerms): void {
  const { department_id: departmentId, ends_at: end } = terms;
  const mayGrant = held.until('org.role.grant', departmentId, tree);
  if (mayGrant === undefined) throw platformErrors.not_found();
  for (const permission of ['org.role.grant', ...terms.permissions]) {
    const until = held.until(permission, departmentId, tree);
    if (until === undefined || !endsWithin(end, until)) throw errors.cannot_grant_more_than_held();
  }
}

/**
 * A grant is taken away only by somebody who could have given it, whatever its end.
 * @throws DomainError `platform.not_found`, `org.cannot_grant_more_than_held`
 */
export function requireRevocable(held: Held, tree: DepartmentTree, terms: Omit<GrantTerms, 'ends_at'>): void {
  if (!held.over('org.role.grant', terms.department_id, tree)) throw platformErrors.not_found();
  if (terms.permissions.some((permission) => !held.over(permission, terms.department_id, tree))) {
    throw errors.cannot_grant_more_than_held();
  }
}

/**
 * A role can be granted over the whole company, so its maker holds everything in it there: what it had before and
 * what it gets.
 * @throws DomainError `platform.not_allowed`, `org.cannot_grant_more_than_held`
 */
export function requireRoleEdit(held: Held, tree: DepartmentTree, permissions: readonly string[]): void {
  if (!held.over('org.role.edit', null, tree)) throw platformErrors.not_allowed();
  // Without an end: a role stays when its maker's time is over.
  if (permissions.some((permission) => held.until(permission, null, tree) !== null)) {
    throw errors.cannot_grant_more_than_held();
  }
}

/** Roles a department admin gets to see: those used in the own subtrees, and those that could be granted. */
export function maySeeRole(
  held: Held,
  role: { readonly permissions: readonly string[]; readonly usedInReach: boolean },
): boolean {
  return (
    held.grants('org.role.read').company ||
    role.usedInReach ||
    role.permissions.every((permission) => held.somewhere(permission))
  );
}
