import type { DirectoryChange } from '../changes.ts';
import type { ChangeKind } from '../tables.ts';
import { findCycle } from './cycles.ts';
import type { ImageDepartment } from './department-image.ts';
import type { DifferenceOptions, EmitChange } from './shown-change.ts';
import type { CurrentDepartment, Directory } from './directory.ts';
import { nameKey as lower } from '../names.ts';
import type { Problems } from './problems.ts';

interface EndDepartment {
  name: string;
  parent_id: string | null;
}

/** What becomes of the departments. */
export interface PlacedDepartments {
  tell: (pathOf: (id: string) => string | undefined, tell: EmitChange) => void;
  /** Id of a department's key; undefined for one that is nowhere. */
  idOf: (key: string) => string | undefined;
  /** The active departments afterwards. */
  end: Map<string, EndDepartment>;
  /** Known departments the source speaks of. */
  named: Set<string>;
}

/** Where every department of the source is, was, and comes to be. */
export function placeDepartments(
  image: ReadonlyMap<string, ImageDepartment>,
  directory: Directory,
  options: DifferenceOptions,
  problems: Problems,
): PlacedDepartments {
  const byExternal = new Map<string, CurrentDepartment>();
  const byPlace = new Map<string, CurrentDepartment>();
  const place = (parentId: string | null, name: string): string => `${parentId ?? ''}\n${lower(name)}`;
  for (const department of directory.departments) {
    if (department.external_id !== null) byExternal.set(department.external_id, department);
    byPlace.set(place(department.parent_id, department.name), department);
  }
  const ids = new Map<string, string>();
  const matched = new Map<string, CurrentDepartment>();
  const positions = new Map<string, number>();
  const known = (department: ImageDepartment): CurrentDepartment | undefined => {
    if (department.external_id !== null) {
      const same = byExternal.get(department.external_id);
      if (same) return same;
    }
    const parentId = typeof department.parent === 'string' ? (ids.get(department.parent) ?? null) : null;
    const same = byPlace.get(place(parentId, department.name));
    const free = same && (same.external_id === null || department.external_id === null);
    return free ? same : undefined;
  };
  // Parents first: a department without an id is known by its place.
  const visit = (department: ImageDepartment): void => {
    if (ids.has(department.key)) return;
    const stack = [department];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const parent = typeof top.parent === 'string' ? image.get(top.parent) : undefined;
      if (parent && !ids.has(parent.key)) {
        stack.push(parent);
        continue;
      }
      stack.pop();
      const current = known(top);
      ids.set(top.key, current?.id ?? options.newId());
      if (current) matched.set(top.key, current);
    }
  };
  for (const department of image.values()) visit(department);

  const end = new Map<string, EndDepartment>(
    directory.departments.map(({ id, name, parent_id }) => [id, { name, parent_id }]),
  );
  const parentIdOf = (department: ImageDepartment): string | null | undefined =>
    typeof department.parent === 'string' ? (ids.get(department.parent) ?? null) : department.parent;
  for (const department of image.values()) {
    const current = matched.get(department.key);
    const parentId = parentIdOf(department);
    end.set(ids.get(department.key) ?? '', {
      name: department.name,
      parent_id: parentId === undefined ? (current?.parent_id ?? null) : parentId,
    });
  }
  // With what is there already, a move can close a circle; such moves are left out and told.
  const refused = new Set<string>();
  for (;;) {
    const cycle = findCycle(new Map([...end].map(([id, { parent_id }]) => [id, parent_id])));
    if (!cycle) break;
    const circle = [...cycle, cycle[0] ?? ''].map((id) => end.get(id)?.name ?? '').join(' → ');
    for (const id of cycle) {
      const current = directory.departments.find((one) => one.id === id);
      const department = [...image.values()].find((one) => ids.get(one.key) === id);
      const state = end.get(id);
      if (!department || !state) continue;
      problems.add('department_cycle', { line: department.line, column: department.at }, { names: circle });
      refused.add(id);
      state.parent_id = current?.parent_id ?? null;
    }
  }
  const siblings = new Map<string, string>();
  const clashing = new Set<string>();
  for (const [id, { name, parent_id }] of end) {
    const key = place(parent_id, name);
    const other = siblings.get(key);
    if (other !== undefined) clashing.add(id).add(other);
    siblings.set(key, id);
  }
  for (const department of image.values()) {
    const id = ids.get(department.key) ?? '';
    if (!clashing.has(id)) continue;
    problems.add(
      'department_name_taken',
      { line: department.line, column: department.at },
      { name: department.name, other: department.name },
    );
  }

  const notes: {
    change: DirectoryChange;
    kind: ChangeKind;
    id: string;
    name: string;
    current?: CurrentDepartment;
    set?: Record<string, unknown>;
  }[] = [];
  for (const department of image.values()) {
    const id = ids.get(department.key) ?? '';
    const current = matched.get(department.key);
    const state = end.get(id);
    if (!current) {
      // A new one whose name is taken cannot be made; its error keeps the whole from being applied.
      const parentId = state?.parent_id ?? null;
      const position = positions.get(parentId ?? '') ?? 0;
      positions.set(parentId ?? '', position + 1);
      const change: DirectoryChange = {
        kind: 'department_add',
        department: {
          id,
          external_id: department.external_id,
          name: department.name,
          parent_id: parentId,
          hidden: department.hidden ?? false,
          include_sub: department.include_sub ?? false,
          position,
        },
      };
      notes.push({ change, kind: 'department_add', id, name: department.name });
      continue;
    }
    const set: Record<string, unknown> = {};
    if (department.name !== current.name && department.external_id !== null) set['name'] = department.name;
    if (department.hidden !== undefined && department.hidden !== current.hidden)
      set['hidden'] = department.hidden;
    if (department.include_sub !== undefined && department.include_sub !== current.include_sub) {
      set['include_sub'] = department.include_sub;
    }
    if (department.external_id !== null && department.external_id !== current.external_id) {
      set['external_id'] = department.external_id;
    }
    if (Object.keys(set).length > 0) {
      const change: DirectoryChange = { kind: 'department_change', id, set };
      notes.push({ change, kind: 'department_change', id, name: department.name, current, set });
    }
    if (state && state.parent_id !== current.parent_id && !refused.has(id)) {
      const change: DirectoryChange = { kind: 'department_move', id, parent_id: state.parent_id };
      notes.push({ change, kind: 'department_move', id, name: department.name, current });
    }
  }
  const before = createPaths(new Map(directory.departments.map((one) => [one.id, one])));
  return {
    end,
    named: new Set([...matched.values()].map((one) => one.id)),
    idOf: (key) => ids.get(key) ?? byExternal.get(key.replace(/^id:/, ''))?.id,
    tell: (pathOf, tell) => {
      for (const { change, kind, id, name, current, set } of notes) {
        tell(change, {
          kind,
          subject: id,
          label: name,
          before: !current
            ? null
            : kind === 'department_move'
              ? { path: before(id) ?? null }
              : Object.fromEntries(
                  Object.keys(set ?? {}).map((field) => [field, current[field as keyof CurrentDepartment]]),
                ),
          after: set ?? { path: pathOf(id) ?? null },
        });
      }
    },
  };
}

/** Names from the top down, ` / ` between them. */
export function createPaths(
  departments: ReadonlyMap<string, EndDepartment>,
): (id: string) => string | undefined {
  const known = new Map<string, string>();
  const path = (id: string, depth: number): string | undefined => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const department = departments.get(id);
    if (!department || depth > 100) return undefined;
    const above = department.parent_id === null ? undefined : path(department.parent_id, depth + 1);
    const made = above === undefined ? department.name : `${above} / ${department.name}`;
    known.set(id, made);
    return made;
  };
  return (id) => path(id, 0);
}
