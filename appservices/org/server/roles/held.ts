import type { Grants, PermissionDefinition } from '@qiao/platform';
import type { DepartmentTree } from '../directory/tree.ts';

/** One role held by a person, over the company (`department_id` null) or a department's subtree. */
export interface HeldGrant {
  readonly permissions: readonly string[];
  readonly department_id: string | null;
  /** Null: without end. */
  readonly ends_at: Date | null;
}

/** How long something is held: an end, `null` without end, `undefined` not at all. */
export type HeldUntil = Date | null | undefined;

const later = (a: HeldUntil, b: HeldUntil): HeldUntil => {
  if (a === null || b === null) return null;
  if (a === undefined || b === undefined) return a ?? b;
  return a > b ? a : b;
};

/**
 * What one person may do where: running grants only. A permission counts only over a kind of scope its domain
 * lets it be granted over, so that a company-wide permission in a role over a department gives nothing.
 */
export class Held {
  readonly #grants: readonly HeldGrant[];
  readonly #scopes: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(grants: readonly HeldGrant[], definitions: readonly PermissionDefinition[]) {
    this.#grants = grants;
    this.#scopes = new Map(definitions.map(({ name, scopes }) => [name, new Set<string>(scopes)]));
  }

  #effective(permission: string): HeldGrant[] {
    const scopes = this.#scopes.get(permission);
    if (!scopes) return [];
    return this.#grants.filter(
      (grant) =>
        grant.permissions.includes(permission) &&
        scopes.has(grant.department_id === null ? 'company' : 'department'),
    );
  }

  /** Where the permission is held. */
  grants(permission: string): Grants {
    const effective = this.#effective(permission);
    return {
      company: effective.some((grant) => grant.department_id === null),
      departments: [...new Set(effective.flatMap((grant) => grant.department_id ?? []))],
    };
  }

  /** Permissions held somewhere. */
  permissions(): string[] {
    return [...this.#scopes.keys()].filter((permission) => this.#effective(permission).length > 0);
  }

  /** Whether the permission is held anywhere. */
  somewhere(permission: string): boolean {
    return this.#effective(permission).length > 0;
  }

  /** How long the permission is held over a department (`null`: over the whole company). */
  until(permission: string, departmentId: string | null, tree: DepartmentTree): HeldUntil {
    let end: HeldUntil;
    for (const grant of this.#effective(permission)) {
      const covers =
        grant.department_id === null ||
        (departmentId !== null && tree.within(departmentId, new Set([grant.department_id])));
      if (covers) end = later(end, grant.ends_at);
    }
    return end;
  }

  /** Whether the permission is held over a department (`null`: over the whole company). */
  over(permission: string, departmentId: string | null, tree: DepartmentTree): boolean {
    return this.until(permission, departmentId, tree) !== undefined;
  }

  /** The departments the permission holds over; `all` for the whole company. */
  reach(permission: string, tree: DepartmentTree): ReadonlySet<string> | 'all' {
    const { company, departments } = this.grants(permission);
    return company ? 'all' : tree.subtree(departments);
  }
}

/** Whether a reach holds the department. */
export const reaches = (reach: ReadonlySet<string> | 'all', departmentId: string): boolean =>
  reach === 'all' || reach.has(departmentId);
