import { makeErrors, platformErrors, type Act, type Random } from '@qiao/platform';
import type { OrgAct } from '../contract/acts.ts';
import { orgErrorTable } from '../contract/errors.ts';
import type {
  ChangeContext,
  DirectoryChange,
  NewDepartment,
  NewPerson,
  PersonFacts,
  Placement,
} from './changes.ts';
import {
  changesRepository as repository,
  chunks,
  type DepartmentRow,
  type PersonRow,
  type PlacementRow,
} from './changes.repository.ts';
import { findCycle } from './imports/cycles.ts';
import { isPersonLocalpart } from './imports/localpart.ts';
import { searchText } from './imports/search-text.ts';
import { startLeaving as startLeavingNow } from './lifecycle/leaving.ts';
import type { OrgContext } from './setup.ts';
import type { OrgTrx } from './tables.ts';
import { visibilityRepository } from './visibility/visibility.repository.ts';

const errors = makeErrors('org', orgErrorTable);

/** What a set has done; all zero when everything was as asked already. */
export interface AppliedChanges {
  /** Change elements that were more than what was there already. */
  changed: number;
  /** The directory's version after it; undefined where nothing changed. */
  version: number | undefined;
}

/** Applies sets of changes to the directory; see `createChanges`. */
export interface Changes {
  /**
   * Applies a set in the caller's transaction: all or nothing, in any order inside the set. Holds the
   * directory's lock until commit, checks that the end state holds, keeps the history of placements, writes an act
   * for every change, publishes domain events and asks for provisioning. Changes that change nothing are skipped.
   *
   * @throws DomainError `org.would_make_cycle`, `org.name_taken`, `org.email_taken`, `org.localpart_taken`,
   * `org.localpart_not_valid`, `org.department_ended`, `org.department_not_empty`, `org.person_ended`,
   * `platform.not_found` for an unknown id, `platform.conflict` for an external id of somebody else,
   * `platform.bad_request` for placements without exactly one primary.
   */
  applyChanges(
    trx: OrgTrx,
    changes: readonly DirectoryChange[],
    context: ChangeContext,
  ): Promise<AppliedChanges>;
}

/** What the change engine needs of the domain's context. */
export type ChangeServices = Pick<
  OrgContext,
  'acts' | 'clock' | 'events' | 'homeserver' | 'queue' | 'random'
>;
/** The leaver's part, see `lifecycle/leaving.ts`. */
export type StartLeaving = typeof startLeavingNow;

type PersonSet = Extract<DirectoryChange, { kind: 'person_change' }>['set'];
type DepartmentSet = Extract<DirectoryChange, { kind: 'department_change' }>['set'];

/** The set, sorted by what it speaks of; of several changes to one thing the last wins field by field. */
interface Sorted {
  departmentAdds: Map<string, NewDepartment>;
  departmentSets: Map<string, DepartmentSet>;
  departmentMoves: Map<string, string | null>;
  departmentEnds: Map<string, 'dissolved' | 'converted'>;
  /** Of departments that are merged: into which. */
  mergers: Map<string, string>;
  personAdds: Map<string, NewPerson>;
  personSets: Map<string, PersonSet>;
  places: Map<string, Placement[]>;
  leaves: Map<string, string | null>;
}

function sort(changes: readonly DirectoryChange[]): Sorted {
  const sorted: Sorted = {
    departmentAdds: new Map(),
    departmentSets: new Map(),
    departmentMoves: new Map(),
    departmentEnds: new Map(),
    mergers: new Map(),
    personAdds: new Map(),
    personSets: new Map(),
    places: new Map(),
    leaves: new Map(),
  };
  for (const change of changes) {
    switch (change.kind) {
      case 'department_add':
        sorted.departmentAdds.set(change.department.id, change.department);
        break;
      case 'department_change':
        sorted.departmentSets.set(change.id, { ...sorted.departmentSets.get(change.id), ...change.set });
        break;
      case 'department_move':
        sorted.departmentMoves.set(change.id, change.parent_id);
        break;
      case 'department_end':
        sorted.departmentEnds.set(change.id, change.mode);
        if (change.into !== undefined) sorted.mergers.set(change.id, change.into);
        break;
      case 'person_add':
        sorted.personAdds.set(change.person.id, change.person);
        if (change.placements.length > 0) sorted.places.set(change.person.id, change.placements);
        break;
      case 'person_change':
        sorted.personSets.set(change.id, { ...sorted.personSets.get(change.id), ...change.set });
        break;
      case 'person_place':
        sorted.places.set(change.id, change.placements);
        break;
      case 'person_leave':
        sorted.leaves.set(change.id, change.reason);
        break;
    }
  }
  return sorted;
}

/** Fields of `next` that differ from `row`. */
function differing<T extends object>(row: T, next: Partial<T>): (keyof T & string)[] {
  return (Object.keys(next) as (keyof T & string)[]).filter(
    (key) => next[key] !== undefined && next[key] !== row[key],
  );
}

/** Makes the engine; `startLeaving` can be replaced in tests. */
export function createChanges(
  services: ChangeServices,
  startLeaving: StartLeaving = startLeavingNow,
): Changes {
  return {
    async applyChanges(trx, changes, context) {
      if (changes.length === 0) return { changed: 0, version: undefined };
      const now = services.clock.now();
      const acts: Act<OrgAct>[] = [];
      const act: WriteAct = (action, subject, details) => {
        acts.push({ actor: context.actor, action, subject, details });
      };
      const sorted = sort(changes);
      await repository.lock(trx);
      const { departments, changedDepartments } = await applyDepartments(trx, sorted, now, act);
      const people = await applyPeople(trx, sorted, now, act, context.progress);
      const moved = await applyPlacements(trx, sorted, departments, context, act, services.random);
      const leaving = await applyLeavers(trx, sorted, context);
      await finishDepartmentEnds(trx, sorted, departments, context);
      await followMergers(trx, sorted, departments, act);
      await checkReportingLines(trx, people.touchedManagers);
      const touched = [...moved].filter((id) => !people.written.has(id));
      await repository.touchPeople(trx, touched, now);
      const changed = acts.length + leaving;
      if (changed === 0) return { changed: 0, version: undefined };

      for (const part of chunks(acts)) await services.acts.recordMany(trx as never, part);
      const userId = (localpart: string): string => `@${localpart}:${services.homeserver.serverName}`;
      for (const person of sorted.personAdds.values()) {
        await services.events.publish(trx as never, 'org.person.joined', {
          person_id: person.id,
          user_id: userId(person.localpart),
        });
      }
      for (const id of moved) {
        const localpart = people.localparts.get(id);
        if (localpart === undefined || sorted.personAdds.has(id)) continue;
        await services.events.publish(trx as never, 'org.person.moved', {
          person_id: id,
          user_id: userId(localpart),
        });
      }
      for (const id of changedDepartments) {
        await services.events.publish(trx as never, 'org.department.changed', { department_id: id });
      }
      const version = await repository.bumpDirectoryVersion(trx);
      await services.queue.enqueue(trx as never, 'org.provision', {}, { key: 'org.provision' });
      return { changed, version };
    },
  };

  async function applyLeavers(trx: OrgTrx, sorted: Sorted, context: ChangeContext): Promise<number> {
    if (sorted.leaves.size === 0) return 0;
    const rows = await repository.people(trx, [...sorted.leaves.keys()]);
    if (rows.length < sorted.leaves.size) throw platformErrors.not_found();
    const byReason = new Map<string | null, string[]>();
    let leaving = 0;
    for (const row of rows) {
      if (row.status === 'suspended' || row.status === 'left') continue;
      const reason = sorted.leaves.get(row.id) ?? null;
      byReason.set(reason, [...(byReason.get(reason) ?? []), row.id]);
      leaving++;
    }
    for (const [reason, ids] of byReason) await startLeaving(services, trx, ids, reason, context);
    return leaving;
  }
}

type WriteAct = (action: OrgAct, subject: string, details: Record<string, unknown>) => void;

async function applyDepartments(
  trx: OrgTrx,
  sorted: Sorted,
  now: Date,
  act: WriteAct,
): Promise<{ departments: Map<string, DepartmentRow>; changedDepartments: Set<string> }> {
  const { departmentAdds, departmentSets, departmentMoves, departmentEnds } = sorted;
  const departments = new Map((await repository.departments(trx)).map((row) => [row.id, row]));
  const changedDepartments = new Set<string>();
  if (departmentAdds.size + departmentSets.size + departmentMoves.size + departmentEnds.size === 0) {
    return { departments, changedDepartments };
  }
  const find = (id: string): DepartmentRow => {
    const row = departments.get(id);
    if (!row) throw platformErrors.not_found();
    return row;
  };
  for (const added of departmentAdds.values()) {
    if (departments.has(added.id)) throw platformErrors.conflict();
    departments.set(added.id, { ...added, state: 'active' });
    changedDepartments.add(added.id);
    act('org.department.add', `department:${added.id}`, { name: added.name, parent_id: added.parent_id });
  }
  const updated = new Set<string>();
  for (const [id, set] of departmentSets) {
    const row = find(id);
    if (row.state !== 'active') throw errors.department_ended();
    const fields = differing(row, set);
    if (fields.length === 0) continue;
    if (!departmentAdds.has(id)) {
      updated.add(id);
      const before = Object.fromEntries(fields.map((field) => [field, row[field]]));
      const after = Object.fromEntries(fields.map((field) => [field, set[field]]));
      act('org.department.change', `department:${id}`, { before, after });
    }
    departments.set(id, {
      ...row,
      ...Object.fromEntries(fields.map((f) => [f, set[f]])),
    });
    changedDepartments.add(id);
  }
  for (const [id, parentId] of departmentMoves) {
    const row = find(id);
    if (row.state !== 'active') throw errors.department_ended();
    if (row.parent_id === parentId) continue;
    if (!departmentAdds.has(id)) {
      updated.add(id);
      act('org.department.move', `department:${id}`, { before: row.parent_id, after: parentId });
    }
    departments.set(id, { ...row, parent_id: parentId });
    changedDepartments.add(id);
  }
  const ends: { id: string; mode: 'dissolved' | 'converted' }[] = [];
  for (const [id, mode] of departmentEnds) {
    const row = find(id);
    if (row.state !== 'active') continue;
    ends.push({ id, mode });
    departments.set(id, { ...row, external_id: null, state: mode });
    changedDepartments.add(id);
    act('org.department.end', `department:${id}`, { mode, name: row.name, external_id: row.external_id });
  }
  checkDepartments(departments, changedDepartments);
  await repository.endDepartments(trx, ends, now);
  const updates = [...updated].flatMap((id) => departments.get(id) ?? []);
  await repository.freeDepartments(trx, [...updated]);
  await repository.insertDepartments(
    trx,
    [...departmentAdds.keys()].flatMap((id) => departments.get(id) ?? []),
  );
  await repository.updateDepartments(trx, updates);
  return { departments, changedDepartments };
}

/** The tree's end state: parents exist and are active, no cycle, names unique among siblings, ids unique. */
function checkDepartments(
  departments: ReadonlyMap<string, DepartmentRow>,
  changed: ReadonlySet<string>,
): void {
  const cycle = findCycle(new Map([...departments.values()].map((row) => [row.id, row.parent_id])));
  if (cycle) {
    const names = cycle.map((id) => departments.get(id)?.name ?? id);
    throw errors.would_make_cycle({}, { departments: cycle, names });
  }
  const siblings = new Map<string, string>();
  const externals = new Map<string, string>();
  for (const row of departments.values()) {
    if (row.external_id !== null) {
      const other = externals.get(row.external_id);
      if (other !== undefined && (changed.has(row.id) || changed.has(other))) {
        throw platformErrors.conflict({}, { external_id: row.external_id });
      }
      externals.set(row.external_id, row.id);
    }
    if (row.state !== 'active') continue;
    if (row.parent_id !== null) {
      const parent = departments.get(row.parent_id);
      if (!parent) throw platformErrors.not_found();
      if (parent.state !== 'active') {
        throw changed.has(row.id) && !changed.has(parent.id)
          ? errors.department_ended({}, { department_id: parent.id })
          : errors.department_not_empty({}, { department_id: parent.id, name: parent.name });
      }
    }
    const key = `${row.parent_id ?? ''}\n${row.name.toLowerCase()}`;
    const other = siblings.get(key);
    if (other !== undefined) throw errors.name_taken({ name: row.name }, { departments: [other, row.id] });
    siblings.set(key, row.id);
  }
}

interface AppliedPeople {
  /** Rows of added or changed people whose version has been counted up already. */
  written: Set<string>;
  localparts: Map<string, string>;
  /** Those whose manager is new. */
  touchedManagers: string[];
}

async function applyPeople(
  trx: OrgTrx,
  sorted: Sorted,
  now: Date,
  act: WriteAct,
  progress: ChangeContext['progress'],
): Promise<AppliedPeople> {
  const { personAdds, personSets, places } = sorted;
  const existingIds = new Set([...personSets.keys(), ...places.keys()].filter((id) => !personAdds.has(id)));
  const result: AppliedPeople = {
    written: new Set(),
    localparts: new Map(),
    touchedManagers: [],
  };
  const rows = existingIds.size === 0 ? [] : await repository.people(trx, [...existingIds]);
  if (rows.length < existingIds.size) throw platformErrors.not_found();
  const adds = new Map<string, NewPerson>(personAdds);
  const updates: PersonRow[] = [];
  const freed: string[] = [];
  for (const [id, set] of personSets) {
    const added = adds.get(id);
    if (added) adds.set(id, { ...added, ...set });
  }
  for (const row of rows) {
    result.localparts.set(row.id, row.localpart);
    if (row.status === 'left') throw errors.person_ended({}, { person_id: row.id, name: row.display_name });
    const set = personSets.get(row.id);
    if (!set) continue;
    const fields = differing<PersonFacts & { localpart: string }>(row, set);
    if (fields.length === 0) continue;
    const next: PersonRow = { ...row, ...Object.fromEntries(fields.map((field) => [field, set[field]])) };
    if (fields.includes('localpart')) {
      // The homeserver cannot rename an account.
      if (row.account !== 'none') throw errors.localpart_taken({ localpart: row.localpart });
      result.localparts.set(row.id, next.localpart);
    }
    if (fields.some((field) => field === 'email' || field === 'external_id' || field === 'localpart')) {
      freed.push(row.id);
    }
    if (fields.includes('manager_id')) result.touchedManagers.push(row.id);
    updates.push(next);
    result.written.add(row.id);
    act('org.person.change', `person:${row.id}`, { fields });
  }
  for (const person of adds.values()) {
    result.written.add(person.id);
    result.localparts.set(person.id, person.localpart);
    if (person.manager_id !== null) result.touchedManagers.push(person.id);
    act('org.person.add', `person:${person.id}`, {
      localpart: person.localpart,
      source_id: person.source_id,
    });
  }
  const freedSet = new Set(freed);
  const claiming = [...adds.values(), ...updates.filter((row) => freedSet.has(row.id))];
  await checkUnique(trx, claiming);
  await repository.freePeople(trx, freed);
  let written = 0;
  for (const part of chunks(managersFirst(adds))) {
    // Managers may come later in the same statement; the database checks references at its end.
    await repository.insertPeople(
      trx,
      part.map((person) => ({ ...person, search: searchText(person) })),
      now,
    );
    written += part.length;
    await progress?.(written);
  }
  await repository.updatePeople(
    trx,
    updates.map((row) => ({ ...row, search: searchText(row) })),
    now,
  );
  return result;
}

/** New people in an order in which nobody comes before their manager; those of a cycle, which is refused later, last. */
function managersFirst(adds: ReadonlyMap<string, NewPerson>): NewPerson[] {
  const placed = new Set<string>();
  const order: NewPerson[] = [];
  for (const person of adds.values()) {
    const line: NewPerson[] = [];
    const seen = new Set<string>();
    let at: NewPerson | undefined = person;
    while (at && !placed.has(at.id) && !seen.has(at.id)) {
      seen.add(at.id);
      line.push(at);
      at = at.manager_id === null ? undefined : adds.get(at.manager_id);
    }
    for (const one of line.reverse()) {
      placed.add(one.id);
      order.push(one);
    }
  }
  return order;
}

async function checkUnique(
  trx: OrgTrx,
  claiming: readonly Pick<PersonRow, 'id' | 'email' | 'external_id' | 'localpart'>[],
): Promise<void> {
  if (claiming.length === 0) return;
  const emails = new Set<string>();
  const externals = new Set<string>();
  const localparts = new Set<string>();
  for (const { email, external_id, localpart } of claiming) {
    if (!isPersonLocalpart(localpart)) throw errors.localpart_not_valid({ localpart });
    if (email !== null) {
      if (emails.has(email.toLowerCase())) throw errors.email_taken({ email });
      emails.add(email.toLowerCase());
    }
    if (external_id !== null) {
      if (externals.has(external_id)) throw platformErrors.conflict({}, { external_id });
      externals.add(external_id);
    }
    if (localparts.has(localpart)) throw errors.localpart_taken({ localpart });
    localparts.add(localpart);
  }
  const ids = claiming.map(({ id }) => id);
  for (const part of chunks(claiming)) {
    const wanted = part.map(({ id, email, external_id, localpart }) => ({
      id,
      email,
      external_id,
      localpart,
    }));
    const [taken] = await repository.takenBy(trx, wanted, ids);
    if (!taken) continue;
    if (taken.email !== null) throw errors.email_taken({ email: taken.email });
    if (taken.localpart !== null) throw errors.localpart_taken({ localpart: taken.localpart });
    throw platformErrors.conflict({}, { external_id: taken.external_id });
  }
}

/** Answers who was moved. */
async function applyPlacements(
  trx: OrgTrx,
  sorted: Sorted,
  departments: ReadonlyMap<string, DepartmentRow>,
  context: ChangeContext,
  act: WriteAct,
  random: Random,
): Promise<Set<string>> {
  const moved = new Set<string>();
  const { places, personAdds } = sorted;
  if (places.size === 0) return moved;
  const current = new Map<string, PlacementRow[]>();
  const known = [...places.keys()].filter((id) => !personAdds.has(id));
  for (const row of known.length === 0 ? [] : await repository.placements(trx, known)) {
    const rows = current.get(row.person_id);
    if (rows) rows.push(row);
    else current.set(row.person_id, [row]);
  }
  const ended = new Map<string, string[]>();
  const updated: PlacementRow[] = [];
  const added: Omit<PlacementRow, 'id'>[] = [];
  for (const [personId, placements] of places) {
    checkPlacements(placements, departments);
    const before = current.get(personId) ?? [];
    const wanted = new Map(placements.map((placement) => [placement.department_id, placement]));
    const gone = before.filter((row) => !wanted.has(row.department_id));
    const fresh = placements.filter(
      (placement) => !before.some((row) => row.department_id === placement.department_id),
    );
    const changed = before.flatMap((row) => {
      const next = wanted.get(row.department_id);
      if (!next) return [];
      const { is_primary, is_head, title } = next;
      const same = row.is_primary === is_primary && row.is_head === is_head && row.title === title;
      return same ? [] : [{ ...row, is_primary, is_head, title }];
    });
    if (gone.length + fresh.length + changed.length === 0) continue;
    // A placement that began earlier than today ended the ones before it on that day.
    const [first] = fresh.flatMap((placement) => placement.since ?? []).sort();
    const end = first ?? context.on;
    ended.set(end, [...(ended.get(end) ?? []), ...gone.map((row) => row.id)]);
    updated.push(...changed);
    added.push(...fresh.map((placement) => ({ since: context.on, ...placement, person_id: personId })));
    moved.add(personId);
    if (personAdds.has(personId)) continue;
    act('org.person.place', `person:${personId}`, {
      before: before.map((row) => row.department_id),
      after: placements.map((placement) => placement.department_id),
    });
  }
  for (const [on, ids] of ended) await repository.endPlacements(trx, ids, on);
  await repository.updatePlacements(trx, updated);
  await repository.insertPlacements(
    trx,
    added.map((row) => ({ id: random.uuid(), ...row })),
  );
  return moved;
}

function checkPlacements(
  placements: readonly Placement[],
  departments: ReadonlyMap<string, DepartmentRow>,
): void {
  if (placements.length === 0) return;
  const seen = new Set<string>();
  for (const { department_id: id } of placements) {
    const department = departments.get(id);
    if (!department) throw platformErrors.not_found();
    if (department.state !== 'active') throw errors.department_ended({}, { department_id: id });
    if (seen.has(id)) throw platformErrors.bad_request({ reason: 'a department is named twice' });
    seen.add(id);
  }
  if (placements.filter((placement) => placement.is_primary).length !== 1) {
    throw platformErrors.bad_request({ reason: 'exactly one department has to be the primary one' });
  }
}

async function finishDepartmentEnds(
  trx: OrgTrx,
  sorted: Sorted,
  departments: ReadonlyMap<string, DepartmentRow>,
  context: ChangeContext,
): Promise<void> {
  const ids = [...sorted.departmentEnds.keys()];
  if (ids.length === 0) return;
  const [left] = await repository.activeIn(trx, ids);
  if (left) {
    const name = departments.get(left.department_id)?.name ?? '';
    throw errors.department_not_empty({}, { department_id: left.department_id, name });
  }
  await repository.endPlacementsIn(trx, ids, context.on);
}

/** What was said of a department that is merged holds for the one it goes into. */
async function followMergers(
  trx: OrgTrx,
  sorted: Sorted,
  departments: ReadonlyMap<string, DepartmentRow>,
  act: WriteAct,
): Promise<void> {
  for (const [from, into] of sorted.mergers) {
    const rules = await visibilityRepository.follow(trx, from, into);
    if (rules === 0) continue;
    act('org.visibility.follow', `department:${from}`, {
      name: departments.get(from)?.name ?? '',
      into,
      into_name: departments.get(into)?.name ?? '',
      rules,
    });
  }
}

async function checkReportingLines(trx: OrgTrx, touched: readonly string[]): Promise<void> {
  if (touched.length === 0) return;
  const edges = await repository.reportingEdges(trx, touched);
  const byId = new Map(edges.map((edge) => [edge.id, edge]));
  const cycle = findCycle(new Map(edges.map((edge) => [edge.id, edge.manager_id])));
  if (cycle) {
    const names = cycle.map((id) => byId.get(id)?.display_name ?? id);
    throw errors.would_make_cycle({}, { people: cycle, names });
  }
  for (const id of touched) {
    const manager = byId.get(byId.get(id)?.manager_id ?? '');
    if (manager?.status === 'left') {
      throw errors.person_ended({}, { person_id: manager.id, name: manager.display_name });
    }
  }
}
