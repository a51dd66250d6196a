import { platformErrors, type Actor } from '@qiao/platform';
import { mayManagePerson, mayReadPerson, requireManagePerson } from '../directory/people.policy.ts';
import { peopleRepository } from '../directory/people.repository.ts';
import { loadTree } from '../directory/tree.repository.ts';
import type { Held } from '../roles/held.ts';
import type { Roles } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';
import type { DepartmentTree } from '../directory/tree.ts';
import { createVisibility } from '../visibility/visibility.service.ts';

export type ManagePermission = 'org.person.edit' | 'org.person.offboard';

/** An actor with what they hold, for several questions of one request. */
export interface Door {
  readonly actor: Actor;
  readonly held: Held;
  readonly tree: DepartmentTree;
}

/** Whose life-cycle an actor may act on; the rule itself is the directory's `mayManagePerson`. */
export interface LifecyclePolicy {
  open(actor: Actor, on?: OrgTrx): Promise<Door>;
  /**
   * With `on`, as that transaction sees rights and people: whoever holds the directory's lock judges by it.
   * @throws DomainError `platform.not_found`, or `platform.not_allowed` for a person the actor sees.
   */
  requireManage(actor: Actor, permission: ManagePermission, personId: string, on?: OrgTrx): Promise<Door>;
  /**
   * That the actor may know a person: in reach in the console, or seen in the directory.
   * @throws DomainError `platform.not_found`
   */
  requireKnown(door: Door, personId: string, on: OrgTrx): Promise<void>;
  /** Of the given people, those the actor may know; the same rule as `requireKnown`. */
  known(door: Door, personIds: readonly string[], on?: OrgTrx): Promise<Set<string>>;
  /**
   * That the actor may put a person into a department: both are theirs to change.
   * @throws DomainError `platform.not_allowed`
   */
  requirePlaceable(door: Door, personId: string, departmentId: string, on: OrgTrx): Promise<void>;
  /** Of the given people, those the actor may act on. */
  manageable(
    actor: Actor,
    permission: ManagePermission,
    personIds: readonly string[],
    on?: OrgTrx,
  ): Promise<Set<string>>;
}

export function createLifecyclePolicy(
  context: Pick<OrgContext, 'acts' | 'clock' | 'db' | 'random'>,
  roles: Roles,
): LifecyclePolicy {
  const db = context.db as OrgDb;
  const visibility = createVisibility(context);
  const open = async (actor: Actor, on?: OrgTrx): Promise<Door> => {
    const { held } = await roles.holder(actor, on ?? db);
    return { actor, held, tree: await loadTree(on ?? db) };
  };
  const known = async (
    { actor, held, tree }: Door,
    personIds: readonly string[],
    on?: OrgTrx,
  ): Promise<Set<string>> => {
    const targets = await peopleRepository.targets(on ?? db, personIds, context.clock.now());
    const seen = await visibility.seen(actor, [...targets.keys()], on);
    return new Set(
      [...targets.values()]
        .filter((target) => seen.has(target.id) || mayReadPerson(held, tree, target))
        .map((target) => target.id),
    );
  };
  return {
    open,
    async requireManage(actor, permission, personId, on) {
      const door = await open(actor, on);
      const targets = await peopleRepository.targets(on ?? db, [personId], context.clock.now());
      requireManagePerson(door.held, door.tree, targets.get(personId), permission);
      return door;
    },
    async requireKnown(door, personId, on) {
      if (!(await known(door, [personId], on)).has(personId)) throw platformErrors.not_found();
    },
    known,
    async requirePlaceable({ held, tree }, personId, departmentId, on) {
      const target = (await peopleRepository.targets(on, [personId], context.clock.now())).get(personId);
      const may =
        target !== undefined &&
        mayManagePerson(held, tree, target, 'org.person.edit') &&
        held.over('org.person.edit', departmentId, tree);
      if (!may) throw platformErrors.not_allowed();
    },
    async manageable(actor, permission, personIds, on) {
      const { held, tree } = await open(actor, on);
      if (!held.somewhere(permission)) return new Set();
      const targets = await peopleRepository.targets(on ?? db, personIds, context.clock.now());
      return new Set(
        [...targets.values()]
          .filter((target) => mayManagePerson(held, tree, target, permission))
          .map((target) => target.id),
      );
    },
  };
}
