import { platformErrors } from '@qiao/platform';
import type { OrgPermission } from '../../contract/permissions.ts';
import type { PersonStatus } from '../tables.ts';
import { reaches, type Held, type HeldGrant } from '../roles/held.ts';
import type { DepartmentTree } from './tree.ts';

/** What the rules need to know of a person who is acted on. */
export interface PersonTarget {
  readonly id: string;
  readonly status: PersonStatus;
  /** Where the person is; of somebody who has left, where they were last. */
  readonly places: readonly { readonly department_id: string; readonly is_primary: boolean }[];
  /** Running grants. */
  readonly grants: readonly HeldGrant[];
}

/** Whether somebody is seen in the console: a place in reach, or the permission over the company. */
export function mayReadPerson(held: Held, tree: DepartmentTree, target: PersonTarget): boolean {
  const reach = held.reach('org.person.read', tree);
  return reach === 'all' || target.places.some(({ department_id: id }) => reaches(reach, id));
}

/**
 * Whether a person's account and facts may be changed. Two things are needed:
 *
 * - the permission over the person's primary department (somebody who is only lent to a department is not its
 *   admin's to rename, lock or let go; somebody without a department is the company's), and
 * - everything the person holds: who can reset another's account or let them go can act as them, so a department
 *   admin must not get at a main administrator's account, nor at a colleague's with rights elsewhere.
 */
export function mayManagePerson(
  held: Held,
  tree: DepartmentTree,
  target: PersonTarget,
  permission: OrgPermission,
): boolean {
  const homes = target.places.filter((place) => place.is_primary).map((place) => place.department_id);
  const there =
    homes.length === 0
      ? held.over(permission, null, tree)
      : homes.every((home) => held.over(permission, home, tree));
  return there && holdsAllOf(held, tree, target.grants);
}

/** Whether everything in the grants is held by the actor over the same places. */
export function holdsAllOf(held: Held, tree: DepartmentTree, grants: readonly HeldGrant[]): boolean {
  return grants.every((grant) =>
    grant.permissions.every((permission) => held.over(permission, grant.department_id, tree)),
  );
}

/**
 * @throws DomainError `platform.not_found` where the actor does not even see the person, `platform.not_allowed`
 * where they do.
 */
export function requireManagePerson(
  held: Held,
  tree: DepartmentTree,
  target: PersonTarget | undefined,
  permission: OrgPermission,
): asserts target is PersonTarget {
  if (!target) throw platformErrors.not_found();
  if (mayManagePerson(held, tree, target, permission)) return;
  throw mayReadPerson(held, tree, target) ? platformErrors.not_allowed() : platformErrors.not_found();
}

/** A wish to be in a department. */
export interface WishedPlace {
  readonly department_id: string;
  readonly is_primary: boolean;
  readonly is_head: boolean;
  readonly title: string | null;
}

const same = (a: WishedPlace, b: WishedPlace): boolean =>
  a.is_primary === b.is_primary && a.is_head === b.is_head && a.title === b.title;

/**
 * The places a person has after a mover. The wish replaces the places the actor may edit; the others stay, and a
 * wish that adds, changes or (where the actor sees them) leaves out one of those is refused: moving needs the
 * permission at both ends.
 * @throws DomainError `platform.not_found` for a department out of reach, `platform.not_allowed` for a place that
 * is seen but not the actor's to change.
 */
export function movedPlaces(
  present: readonly WishedPlace[],
  wished: readonly WishedPlace[],
  reach: { read: ReadonlySet<string> | 'all'; edit: ReadonlySet<string> | 'all' },
): WishedPlace[] {
  const kept: WishedPlace[] = [];
  for (const place of present) {
    if (reaches(reach.edit, place.department_id)) continue;
    const wish = wished.find((one) => one.department_id === place.department_id);
    const seen = reaches(reach.read, place.department_id);
    if (seen ? !wish || !same(wish, place) : wish) {
      throw seen ? platformErrors.not_allowed() : platformErrors.not_found();
    }
    kept.push(place);
  }
  const mine = wished.filter((wish) => !kept.some((place) => place.department_id === wish.department_id));
  if (mine.some((wish) => !reaches(reach.edit, wish.department_id))) throw platformErrors.not_found();
  return [...kept, ...mine];
}
