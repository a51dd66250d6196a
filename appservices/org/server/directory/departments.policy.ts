import { platformErrors } from '@qiao/platform';
import { reaches, type Held } from '../roles/held.ts';
import type { DepartmentTree } from './tree.ts';

/**
 * What a department is like (name, heads, hidden) is its admin's; where it stands, and that it is there at all, is
 * the parent's: the admin of a subtree neither moves nor ends its root.
 */

/** @throws DomainError `platform.not_found`, or `platform.not_allowed` for a department that is seen. */
export function requireEditDepartment(held: Held, tree: DepartmentTree, id: string): void {
  if (tree.get(id) && held.over('org.department.edit', id, tree)) return;
  throw refusal(held, tree, id);
}

/** Adding below a department; `null`: at the top, which is the company's. */
export function requirePlaceDepartment(held: Held, tree: DepartmentTree, parentId: string | null): void {
  if (parentId === null) {
    if (!held.over('org.department.edit', null, tree)) throw platformErrors.not_allowed();
    return;
  }
  requireEditDepartment(held, tree, parentId);
}

/** Taking a department away from where it stands: moving, merging, ending. */
export function requireTakeDepartment(held: Held, tree: DepartmentTree, id: string): void {
  requireEditDepartment(held, tree, id);
  const parentId = tree.get(id)?.parent_id ?? null;
  // The parent is not the actor's to know of.
  if (!held.over('org.department.edit', parentId, tree)) throw platformErrors.not_allowed();
}

/** The refusal that tells no more than the actor knows already. */
export function refusal(held: Held, tree: DepartmentTree, id: string): Error {
  const seen = tree.get(id) !== undefined && reaches(held.reach('org.department.read', tree), id);
  return seen ? platformErrors.not_allowed() : platformErrors.not_found();
}
