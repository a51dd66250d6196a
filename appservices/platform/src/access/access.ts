import { platformErrors } from '../errors.ts';

/** Who acts: a signed-in Matrix user of this or another homeserver. */
export interface Actor {
  /** Verified Matrix user id. */
  readonly userId: string;
  /** True for a user of our own homeserver. */
  readonly local: boolean;
}

/** Where a permission holds or is needed. */
export type Scope = { readonly kind: 'company' } | { readonly kind: 'department'; readonly id: string };

/** What a person's roles give: the whole company, or the subtrees below some departments. */
export interface Grants {
  readonly company: boolean;
  /** Roots of the subtrees, by department id. */
  readonly departments: readonly string[];
}

/**
 * Answers for roles; one domain (org) supplies it at start. Called outside transactions, per request; must
 * answer from current data (a role taken away ends at the next request).
 */
export interface GrantSource {
  grants(userId: string, permission: string): Promise<Grants>;
  /** True when `departmentId` lies in the subtree of one of `roots` (a root is in its own subtree). */
  within(departmentId: string, roots: readonly string[]): Promise<boolean>;
}

export interface PermissionDefinition {
  /** `<domain>.<noun>.<verb>`. */
  readonly name: string;
  /** Scopes it can be granted over. */
  readonly scopes: readonly ('company' | 'department')[];
  /** Built-in roles that hold it from the start, beside the main administrator, who holds all. */
  readonly roles?: readonly 'department_admin'[];
}

/** The one door for permissions: policies ask here, routes never look at roles. */
export interface Access {
  setSource(source: GrantSource): void;
  /** Every permission a domain claims. */
  permissions(): readonly PermissionDefinition[];
  grants(actor: Actor, permission: string): Promise<Grants>;
  can(actor: Actor, permission: string, scope: Scope): Promise<boolean>;
  /** @throws DomainError `platform.not_found`, so that the existence of what is asked for is not told. */
  require(actor: Actor, permission: string, scope: Scope): Promise<void>;
  /** At least somewhere. @throws DomainError `platform.not_allowed` */
  requireSomewhere(actor: Actor, permission: string): Promise<Grants>;
}

const NOTHING: Grants = { company: false, departments: [] };

/** @param definitions every domain's permissions; a bare name can be granted over anything. */
export function createAccess(definitions: Iterable<string | PermissionDefinition>): Access {
  const known = new Map<string, PermissionDefinition>();
  for (const one of definitions) {
    const definition: PermissionDefinition =
      typeof one === 'string' ? { name: one, scopes: ['company', 'department'] } : one;
    known.set(definition.name, definition);
  }
  let source: GrantSource | undefined;
  const grants = async (actor: Actor, permission: string): Promise<Grants> => {
    if (!known.has(permission)) throw new Error(`Unknown permission: ${permission}`);
    if (!actor.local || !source) return NOTHING;
    return source.grants(actor.userId, permission);
  };
  const can = async (actor: Actor, permission: string, scope: Scope): Promise<boolean> => {
    const held = await grants(actor, permission);
    if (held.company) return true;
    if (scope.kind === 'company' || held.departments.length === 0 || !source) return false;
    return source.within(scope.id, held.departments);
  };
  return {
    setSource(next) {
      if (source) throw new Error('The source of grants is set once');
      source = next;
    },
    permissions: () => [...known.values()],
    grants,
    can,
    async require(actor, permission, scope) {
      if (!(await can(actor, permission, scope))) throw platformErrors.not_found();
    },
    async requireSomewhere(actor, permission) {
      const held = await grants(actor, permission);
      if (!held.company && held.departments.length === 0) throw platformErrors.not_allowed();
      return held;
    },
  };
}
