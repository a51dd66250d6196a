import { makeErrors, platformErrors } from '@qiao/platform';
import { orgErrorTable } from '../contract/errors.ts';
import { changesRepository as repository, type DepartmentRow } from './changes.repository.ts';
import { differing, type Sorted, type WriteAct } from './changes.sort.ts';
import type { ChangeContext } from './changes.ts';
import { findCycle } from './imports/cycles.ts';
import type { OrgTrx } from './tables.ts';
import { visibilityRepository } from './visibility/visibility.repository.ts';

const errors = makeErrors('org', orgErrorTable);

/** Brings the tree of departments to its end state, and answers it. */
export async function applyDepartments(
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

/** Nobody is left in what has ended. @throws DomainError `org.department_not_empty` */
export async function finishDepartmentEnds(
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
export async function followMergers(
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
