import { makeErrors, platformErrors, type Actor } from '@qiao/platform';
import type { Static } from 'typebox';
import type {
  CreateDepartment,
  Department,
  EndDepartment,
  MergeDepartment,
  PatchDepartment,
} from '../../contract/api.ts';
import { orgErrorTable } from '../../contract/errors.ts';
import type { DirectoryChange, Placement } from '../changes.ts';
import { changesRepository } from '../changes.repository.ts';
import type { Changes } from '../changes.service.ts';
import { cleanName } from '../names.ts';
import { reaches } from '../roles/held.ts';
import type { Holder, Roles } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';
import {
  requireEditDepartment,
  requirePlaceDepartment,
  requireTakeDepartment,
} from './departments.policy.ts';
import { departmentsRepository as repository, type DepartmentRow } from './departments.repository.ts';
import { mayManagePerson } from './people.policy.ts';
import { peopleRepository } from './people.repository.ts';
import { presentDepartment } from './present.ts';
import { withoutOthers } from './refusals.ts';
import { countMembers, DepartmentTree } from './tree.ts';

const errors = makeErrors('org', orgErrorTable);
const MAX_NAME = 200;

export type DepartmentsContext = Pick<OrgContext, 'clock' | 'db' | 'homeserver' | 'random'>;

/** The calendar date changes by hand hold from, in UTC. */
export const today = (now: Date): string => now.toISOString().slice(0, 10);

/** Where everybody is who was in `from`: there it becomes `to`; who is in both keeps what they are in `to`. */
export function replacePlace(placements: readonly Placement[], from: string, to: string): Placement[] {
  const old = placements.find((place) => place.department_id === from);
  if (!old) return [...placements];
  const rest = placements.filter((place) => place.department_id !== from);
  const there = rest.find((place) => place.department_id === to);
  if (there) {
    return rest.map((place) =>
      place === there ? { ...place, is_primary: place.is_primary || old.is_primary } : place,
    );
  }
  return [...rest, { ...old, department_id: to, is_head: false }];
}

/** Where somebody is who was in `from` and in others too; undefined where nothing would be left. */
export function dropPlace(placements: readonly Placement[], from: string): Placement[] | undefined {
  const rest = placements.filter((place) => place.department_id !== from);
  if (rest.length === 0) return undefined;
  if (rest.some((place) => place.is_primary)) return rest;
  return rest.map((place, at) => (at === 0 ? { ...place, is_primary: true } : place));
}

/** Departments for the console. Every writer authorises first, then changes through the one engine. */
export function createDepartments(context: DepartmentsContext, services: { changes: Changes; roles: Roles }) {
  const { changes, roles } = services;
  const { clock, random, homeserver } = context;
  const db = context.db as OrgDb;

  async function load(on: OrgDb | OrgTrx = db): Promise<DepartmentTree<DepartmentRow>> {
    return new DepartmentTree(await repository.all(on));
  }

  /**
   * Authorises and changes under the directory's lock: nothing that was judged by can move before commit. The lock
   * comes before every row's, as in the change engine.
   */
  function locked<T>(actor: Actor, work: (trx: OrgTrx, holder: Holder) => Promise<T>): Promise<T> {
    return db.transaction().execute(async (trx) => {
      await changesRepository.lock(trx);
      const holder = await roles.holder(actor, trx);
      const seesAll = holder.held.grants('org.department.read').company;
      return withoutOthers(seesAll, () => work(trx, holder));
    });
  }

  async function present(
    on: OrgDb | OrgTrx,
    { held }: Holder,
    tree: DepartmentTree<DepartmentRow>,
    rows: readonly DepartmentRow[],
  ): Promise<Department[]> {
    const ids = rows.map((row) => row.id);
    const counts = countMembers(tree, await repository.memberships(on));
    const heads = await repository.heads(on, ids);
    const reach = held.reach('org.department.read', tree);
    const known = { held, tree, reach, counts, heads, serverName: homeserver.serverName };
    return rows.map((row) => presentDepartment(row, known));
  }

  async function one(on: OrgDb | OrgTrx, holder: Holder, id: string): Promise<Department> {
    const tree = await load(on);
    const row = tree.get(id);
    const [item] = row ? await present(on, holder, tree, [row]) : [];
    if (!item) throw platformErrors.not_found();
    return item;
  }

  function named(name: string): string {
    const clean = cleanName(name, MAX_NAME);
    if (clean === undefined) throw errors.name_not_valid();
    return clean;
  }

  /** Positions of siblings after one of them was put at `position`; only what changes. */
  function reorder(
    siblings: readonly DepartmentRow[],
    id: string,
    position: number | undefined,
  ): { own: number; others: DirectoryChange[] } {
    const others = siblings.filter((row) => row.id !== id && row.state === 'active');
    if (position === undefined) {
      return { own: Math.max(-1, ...others.map((row) => row.position)) + 1, others: [] };
    }
    const own = Math.min(position, others.length);
    const moved = others.flatMap((row, at): DirectoryChange[] => {
      const next = at < own ? at : at + 1;
      return row.position === next
        ? []
        : [{ kind: 'department_change', id: row.id, set: { position: next } }];
    });
    return { own, others: moved };
  }

  /** Present placements, everywhere, of those who are in a department. */
  async function members(trx: OrgTrx, id: string): Promise<Map<string, Placement[]>> {
    const rows = await repository.placementsOfMembers(trx, [id]);
    return new Map(
      [...rows].map(([personId, places]) => [
        personId,
        places.map(({ person_id: _person, ...place }) => place),
      ]),
    );
  }

  /** The changes that make exactly `headIds` the heads of a department. */
  async function headChanges(
    trx: OrgTrx,
    { held }: Holder,
    tree: DepartmentTree,
    id: string,
    headIds: readonly string[],
  ): Promise<DirectoryChange[]> {
    const wanted = new Set(headIds);
    const inside = await members(trx, id);
    const found: DirectoryChange[] = [];
    for (const [personId, present] of inside) {
      const is = present.some((place) => place.department_id === id && place.is_head);
      if (is === wanted.has(personId)) continue;
      const placements = present.map((place) =>
        place.department_id === id ? { ...place, is_head: !is } : place,
      );
      found.push({ kind: 'person_place', id: personId, placements });
    }
    const outsiders = [...wanted].filter((personId) => !inside.has(personId));
    if (outsiders.length === 0) return found;
    // Making an outsider the head puts them into the department: as much as moving them.
    const targets = await peopleRepository.targets(trx, outsiders, clock.now());
    const places = await peopleRepository.places(trx, outsiders);
    for (const personId of outsiders) {
      const target = targets.get(personId);
      if (
        !target ||
        !mayManagePerson(held, tree, target, 'org.person.edit') ||
        !held.over('org.person.edit', id, tree)
      ) {
        throw platformErrors.not_found();
      }
      if (target.status === 'left' || target.status === 'suspended') throw errors.person_ended();
      const present = (places.get(personId) ?? []).filter((place) => place.until === null);
      found.push({
        kind: 'person_place',
        id: personId,
        placements: [
          ...present.map(({ department_id, is_primary, is_head, title }) => ({
            department_id,
            is_primary,
            is_head,
            title,
          })),
          { department_id: id, is_primary: present.length === 0, is_head: true, title: null },
        ],
      });
    }
    return found;
  }

  async function apply(trx: OrgTrx, { actor }: Holder, list: readonly DirectoryChange[]): Promise<void> {
    await changes.applyChanges(trx, list, { actor: actor.userId, on: today(clock.now()) });
  }

  return {
    /** @throws DomainError `platform.not_allowed` */
    async list(holder: Holder, options: { ended: boolean }): Promise<Department[]> {
      if (!holder.held.somewhere('org.department.read')) throw platformErrors.not_allowed();
      const tree = await load();
      const reach = holder.held.reach('org.department.read', tree);
      const rows = tree
        .ordered()
        .filter((row) => reaches(reach, row.id) && (options.ended || row.state === 'active'));
      return present(db, holder, tree, rows);
    },

    async create({ actor, held }: Holder, body: Static<typeof CreateDepartment>): Promise<Department> {
      if (!held.somewhere('org.department.edit')) throw platformErrors.not_allowed();
      const id = random.uuid();
      return locked(actor, async (trx, holder) => {
        const tree = await load(trx);
        requirePlaceDepartment(holder.held, tree, body.parent_id);
        const externalId = body.external_id ?? null;
        // Imports know departments by it: one taken in advance would catch the people of another.
        if (externalId !== null && !holder.held.over('org.department.edit', null, tree)) {
          throw platformErrors.not_allowed();
        }
        const { own } = reorder(tree.children(body.parent_id), id, undefined);
        await apply(trx, holder, [
          {
            kind: 'department_add',
            department: {
              id,
              external_id: externalId,
              name: named(body.name),
              parent_id: body.parent_id,
              hidden: body.hidden ?? false,
              include_sub: body.include_sub ?? false,
              position: own,
            },
          },
        ]);
        return one(trx, holder, id);
      });
    },

    async change(
      { actor, held }: Holder,
      id: string,
      body: Static<typeof PatchDepartment>,
    ): Promise<Department> {
      if (!held.somewhere('org.department.edit')) throw platformErrors.not_allowed();
      return locked(actor, async (trx, holder) => {
        const tree = await load(trx);
        requireEditDepartment(holder.held, tree, id);
        const row = tree.get(id);
        if (!row) throw platformErrors.not_found();
        if (row.state !== 'active') throw errors.department_ended();
        const list: DirectoryChange[] = [];
        const set: Extract<DirectoryChange, { kind: 'department_change' }>['set'] = {};
        if (body.name !== undefined) set.name = named(body.name);
        if (body.hidden !== undefined) set.hidden = body.hidden;
        if (body.include_sub !== undefined) set.include_sub = body.include_sub;

        const readable = holder.held.reach('org.department.read', tree);
        const shownParent = row.parent_id !== null && reaches(readable, row.parent_id) ? row.parent_id : null;
        const moves = body.parent_id !== undefined && body.parent_id !== shownParent;
        const parentId = moves ? (body.parent_id ?? null) : row.parent_id;
        if (moves) {
          requireTakeDepartment(holder.held, tree, id);
          requirePlaceDepartment(holder.held, tree, parentId);
          list.push({ kind: 'department_move', id, parent_id: parentId });
        }
        if (moves || body.position !== undefined) {
          // The order of siblings is the parent's.
          requireTakeDepartment(holder.held, tree, id);
          const { own, others } = reorder(tree.children(parentId), id, body.position);
          set.position = own;
          list.push(...others);
        }
        if (body.head_ids) list.push(...(await headChanges(trx, holder, tree, id, body.head_ids)));
        if (row.version !== body.version) throw platformErrors.changed_meanwhile();
        list.push({ kind: 'department_change', id, set });
        await apply(trx, holder, list);
        return one(trx, holder, id);
      });
    },

    /** Its people and sub-departments go into another department, then it ends. */
    async merge(
      { actor, held }: Holder,
      id: string,
      body: Static<typeof MergeDepartment>,
    ): Promise<Department> {
      if (!held.somewhere('org.department.edit')) throw platformErrors.not_allowed();
      const { into_id: into } = body;
      return locked(actor, async (trx, holder) => {
        const tree = await load(trx);
        requireTakeDepartment(holder.held, tree, id);
        requireEditDepartment(holder.held, tree, into);
        for (const place of [id, into]) {
          if (!holder.held.over('org.person.edit', place, tree)) throw platformErrors.not_allowed();
          if (tree.get(place)?.state !== 'active') throw errors.department_ended();
        }
        if (tree.within(into, new Set([id]))) throw errors.would_make_cycle();
        const list: DirectoryChange[] = [];
        for (const child of tree.children(id)) {
          if (child.state === 'active') list.push({ kind: 'department_move', id: child.id, parent_id: into });
        }
        for (const [personId, present] of await members(trx, id)) {
          list.push({ kind: 'person_place', id: personId, placements: replacePlace(present, id, into) });
        }
        list.push({ kind: 'department_end', id, mode: 'dissolved', into });
        await apply(trx, holder, list);
        return one(trx, holder, into);
      });
    },

    /** Dissolves or converts; people go to `move_people_to`, or stay where else they are. */
    async end({ actor, held }: Holder, id: string, body: Static<typeof EndDepartment>): Promise<Department> {
      if (!held.somewhere('org.department.edit')) throw platformErrors.not_allowed();
      const { move_people_to: to } = body;
      return locked(actor, async (trx, holder) => {
        const tree = await load(trx);
        requireTakeDepartment(holder.held, tree, id);
        if (to !== undefined) requireEditDepartment(holder.held, tree, to);
        for (const place of to === undefined ? [id] : [id, to]) {
          if (!holder.held.over('org.person.edit', place, tree)) throw platformErrors.not_allowed();
          if (tree.get(place)?.state !== 'active') throw errors.department_ended();
        }
        if (to === id || tree.children(id).some((child) => child.state === 'active')) {
          throw errors.department_not_empty();
        }
        const list: DirectoryChange[] = [];
        for (const [personId, present] of await members(trx, id)) {
          const placements = to === undefined ? dropPlace(present, id) : replacePlace(present, id, to);
          if (!placements) throw errors.department_not_empty();
          list.push({ kind: 'person_place', id: personId, placements });
        }
        list.push({ kind: 'department_end', id, mode: body.mode === 'dissolve' ? 'dissolved' : 'converted' });
        await apply(trx, holder, list);
        return one(trx, holder, id);
      });
    },
  };
}
export type Departments = ReturnType<typeof createDepartments>;
