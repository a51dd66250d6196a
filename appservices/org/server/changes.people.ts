import { makeErrors, platformErrors, type Random } from '@qiao/platform';
import { orgErrorTable } from '../contract/errors.ts';
import {
  changesRepository as repository,
  chunks,
  type DepartmentRow,
  type PersonRow,
  type PlacementRow,
} from './changes.repository.ts';
import { differing, type Sorted, type WriteAct } from './changes.sort.ts';
import type { ChangeContext, NewPerson, PersonFacts, Placement } from './changes.ts';
import { nameColumns } from './directory/name-columns.ts';
import { findCycle } from './imports/cycles.ts';
import { isPersonLocalpart } from './imports/localpart.ts';
import type { OrgTrx } from './tables.ts';

const errors = makeErrors('org', orgErrorTable);

/** What of a person nobody else may have. */
type Unique = Pick<PersonRow, 'email' | 'external_id' | 'localpart'>;

/** What was held before, by person, of those who have given it up so that others of the set may take it. */
export type Freed = Map<string, Unique>;

/** The unique values a set asks for, by person; where it asks for none, nobody. */
export function collectClaims(sorted: Sorted, claims: Map<string, Partial<Unique>>): void {
  for (const [id, { email, external_id, localpart }] of sorted.personSets) {
    if (email === undefined && external_id === undefined && localpart === undefined) continue;
    claims.set(id, {
      ...(email === undefined ? {} : { email }),
      ...(external_id === undefined ? {} : { external_id }),
      ...(localpart === undefined ? {} : { localpart }),
    });
  }
}

/** Before the parts of a large set are written: whoever of it gets another unique value gives up the old one. */
export async function freeClaims(trx: OrgTrx, claims: ReadonlyMap<string, Partial<Unique>>): Promise<Freed> {
  const freed: Freed = new Map();
  for (const ids of chunks([...claims.keys()])) {
    const part: string[] = [];
    for (const { id, email, external_id, localpart } of await repository.people(trx, ids)) {
      const now = { email, external_id, localpart };
      if (differing<Unique>(now, claims.get(id) ?? {}).length === 0) continue;
      freed.set(id, now);
      part.push(id);
    }
    await repository.freePeople(trx, part);
  }
  return freed;
}

/** What became of the people of a set, or of a part of one. */
export interface AppliedPeople {
  /** Rows of added or changed people whose version has been counted up already. */
  written: Set<string>;
  localparts: Map<string, string>;
  /** Those whose manager is new. */
  touchedManagers: string[];
}

/** Writes new people and what changes of others. `freed`: those of earlier parts and this one, by `freeClaims`. */
export async function applyPeople(
  trx: OrgTrx,
  sorted: Sorted,
  freed: Freed,
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
  const freeing: string[] = [];
  for (const [id, set] of personSets) {
    const added = adds.get(id);
    if (added) adds.set(id, { ...added, ...set });
  }
  for (const found of rows) {
    const row: PersonRow = { ...found, ...freed.get(found.id) };
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
      freeing.push(row.id);
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
  const claims = new Set(freeing);
  const claiming = [...adds.values(), ...updates.filter((row) => claims.has(row.id))];
  await checkUnique(trx, claiming);
  await repository.freePeople(trx, freeing);
  let written = 0;
  for (const part of chunks(managersFirst(adds))) {
    // Managers may come later in the same statement; the database checks references at its end.
    await repository.insertPeople(
      trx,
      part.map((person) => ({ ...person, ...nameColumns(person) })),
      now,
    );
    written += part.length;
    await progress?.(written);
  }
  for (const part of chunks(updates)) {
    await repository.updatePeople(
      trx,
      part.map((row) => ({ ...row, ...nameColumns(row) })),
      now,
    );
    written += part.length;
    await progress?.(written);
  }
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
    if (!isPersonLocalpart(localpart))
      throw errors.localpart_not_valid({ localpart }, { field: 'localpart' });
    if (email !== null) {
      if (emails.has(email.toLowerCase())) throw errors.email_taken({ email }, { field: 'email' });
      emails.add(email.toLowerCase());
    }
    if (external_id !== null) {
      if (externals.has(external_id)) throw platformErrors.conflict({}, { external_id });
      externals.add(external_id);
    }
    if (localparts.has(localpart)) throw errors.localpart_taken({ localpart }, { field: 'localpart' });
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
    if (taken.email !== null) throw errors.email_taken({ email: taken.email }, { field: 'email' });
    if (taken.localpart !== null)
      throw errors.localpart_taken({ localpart: taken.localpart }, { field: 'localpart' });
    throw platformErrors.conflict({}, { external_id: taken.external_id });
  }
}

/** Answers who was moved. */
export async function applyPlacements(
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
    if (seen.has(id)) throw platformErrors.bad_request({ reason: 'org.department_twice' });
    seen.add(id);
  }
  if (placements.filter((placement) => placement.is_primary).length !== 1) {
    throw platformErrors.bad_request({ reason: 'org.primary' });
  }
}

/** @throws DomainError `org.would_make_cycle`, `org.person_ended` */
export async function checkReportingLines(trx: OrgTrx, touched: readonly string[]): Promise<void> {
  if (touched.length === 0) return;
  const managers = await repository.managers(trx, touched);
  const cycle = findCycle(managers);
  if (cycle) {
    const names = await repository.names(trx, cycle);
    throw errors.would_make_cycle({}, { people: cycle, names: cycle.map((id) => names.get(id) ?? id) });
  }
  for (const part of chunks(touched)) {
    const left = await repository.leftManager(trx, part);
    if (left) throw errors.person_ended({}, { person_id: left.id, name: left.display_name });
  }
}
