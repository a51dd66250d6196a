import { foldWidth, inspectName, nameKey as lower } from '../names.ts';
import { findCycle } from './cycles.ts';
import { createCellReader } from './department-cells.ts';
import type { Problems } from './problems.ts';
import { LIMITS, type RowKeys, type SourceDepartment } from './rows.ts';

/** What stands for the department of a row whose department cannot be used. */
export const BAD_DEPARTMENT = Symbol('bad department');

/** A department as the source has it; `key` is only known inside one import. */
export interface ImageDepartment {
  key: string;
  external_id: string | null;
  name: string;
  /** Key of the parent; null at the top; undefined where the source does not say. */
  parent: string | null | undefined;
  hidden: boolean | undefined;
  include_sub: boolean | undefined;
  /** Who heads it, as the source writes it; undefined where people's rows say so, or nobody. */
  heads: string[] | undefined;
  line: number | null;
  at: string | null;
}

export interface DepartmentImage {
  departments: Map<string, ImageDepartment>;
  /** Key of a row's department: null for none, undefined where the source does not say; `bad`: row cannot be used. */
  of(row: RowKeys): string | null | undefined | typeof BAD_DEPARTMENT;
  /** Keys of the other departments in the row's cell; undefined where a cell holds one only. */
  others(row: RowKeys): readonly string[] | undefined;
  /** Whether the whole department of a row can be used. */
  usable(row: RowKeys): boolean;
  /**
   * Leaves out departments that only rows speak of which are refused; `used`: keys of those that are taken over.
   * Departments of their own, and what lies above a used one, stay.
   */
  prune(used: Iterable<string>): void;
}

/**
 * The tree of departments a source speaks of: from departments of their own, paths (`A/B/C`), ids, or names
 * with the name of the parent. Keys are `id:<external id>` or `path:<names>`.
 */
export function buildDepartmentImage(
  rows: readonly RowKeys[],
  own: readonly SourceDepartment[],
  options: {
    separator: string | undefined;
    /** Characters that divide several departments in a cell. */
    list?: string | undefined;
    /** Names of the departments there are. */
    known?: readonly string[];
    columns: { department: string | null; parent: string | null; id: string | null };
  },
  problems: Problems,
): DepartmentImage {
  const departments = new Map<string, ImageDepartment>();
  const badKeys = new Set<string>();
  const keyOf = new Map<RowKeys, string | null | undefined | typeof BAD_DEPARTMENT>();
  const columnOf = (row: { at: string | null }, name: string | null): string | null =>
    row.at === null ? name : `${row.at}.${name ?? 'department'}`;

  const add = (
    department: Omit<ImageDepartment, 'hidden' | 'include_sub' | 'heads'> & Partial<ImageDepartment>,
  ): ImageDepartment => {
    const full: ImageDepartment = {
      hidden: undefined,
      include_sub: undefined,
      heads: undefined,
      ...department,
    };
    departments.set(full.key, full);
    return full;
  };

  // Departments that are named by themselves.
  const ownByName = new Map<string, ImageDepartment[]>();
  const parentTexts = new Map<string, SourceDepartment>();
  for (const [n, source] of own.entries()) {
    const where = { line: source.line, column: source.at };
    const { name, empty, tooLong, changed } = inspectName(source.name, LIMITS.department);
    if (empty || tooLong) {
      if (tooLong) problems.add('too_long', where, { max: LIMITS.department, value: name });
      else problems.add('department_without_name', where, { id: source.id ?? '' });
      continue;
    }
    if (changed) problems.add('characters_removed', where, { value: name });
    const id = source.id?.trim() ?? '';
    const key = id === '' ? `own:${n}` : `id:${id}`;
    if (departments.has(key)) {
      problems.add('department_duplicate_id', where, { id });
      continue;
    }
    const department = add({
      key,
      external_id: id === '' ? null : id,
      name,
      parent: null,
      hidden: source.hidden,
      include_sub: source.include_sub,
      heads: source.heads.length > 0 ? source.heads : undefined,
      line: source.line,
      at: source.at,
    });
    ownByName.set(lower(name), [...(ownByName.get(lower(name)) ?? []), department]);
    if (source.parent !== null && source.parent.trim() !== '') parentTexts.set(key, source);
  }
  for (const [key, source] of parentTexts) {
    const text = source.parent?.trim() ?? '';
    const department = departments.get(key);
    if (!department) continue;
    const named = (ownByName.get(lower(text)) ?? []).filter((other) => other.key !== key);
    const parent = departments.get(`id:${text}`) ?? (named.length === 1 ? named[0] : undefined);
    if (parent) department.parent = parent.key;
    else {
      const code = named.length > 1 ? 'department_parent_ambiguous' : 'department_parent_unknown';
      problems.add(code, { line: source.line, column: source.at }, { name: department.name, parent: text });
      badKeys.add(key);
    }
  }

  const fail = (
    row: RowKeys,
    code: Parameters<Problems['add']>[0],
    column: string | null,
    params: Record<string, string | number>,
  ): void => {
    problems.add(code, { line: row.line, column: columnOf(row, column) }, params);
    keyOf.set(row, BAD_DEPARTMENT);
  };

  const ownKeys = new Set(departments.keys());
  const readCell = createCellReader(
    (function* () {
      for (const { department } of rows) if (typeof department === 'string') yield department;
    })(),
    {
      list: options.list,
      pathSeparator: options.separator,
      known: [...(options.known ?? []), ...[...departments.values()].map(({ name }) => name)],
    },
  );
  /** The cells of a row, the main department first. */
  const cellsOf = (row: RowKeys): readonly string[] =>
    typeof row.department === 'string' ? readCell(row.department).parts : [];
  const nameOf = (row: RowKeys): string | null => cellsOf(row)[0] ?? null;
  const otherKeys = new Map<RowKeys, string[]>();

  // Paths: every prefix is a department; the last one may have an id.
  const separator = options.separator === undefined ? undefined : foldWidth(options.separator);
  const pathIds = new Map<string, string>();
  const idPaths = new Map<string, string>();
  // Many people share few paths.
  const split = new Map<string, string[]>();
  const segmentsOf = (cell: string | null): string[] => {
    if (separator === undefined || cell === null) return [];
    let segments = split.get(cell);
    if (!segments) {
      segments = splitPath(cell, separator)
        .map((part) => inspectName(part, LIMITS.department).name)
        .filter((part) => part !== '');
      split.set(cell, segments);
    }
    return segments;
  };
  const pathText = (segments: readonly string[]): string => segments.map(lower).join('\u0001');
  if (separator !== undefined) {
    for (const row of rows) {
      const segments = segmentsOf(nameOf(row));
      const { department_id: id } = row;
      if (segments.length === 0 || id === null) continue;
      const path = pathText(segments);
      const otherPath = idPaths.get(id);
      if (otherPath !== undefined && otherPath !== path) {
        fail(row, 'department_two_names', options.columns.department, { id, name: row.department ?? '' });
        continue;
      }
      idPaths.set(id, path);
      if (!pathIds.has(path)) pathIds.set(path, id);
    }
    const keyOfPath = (segments: readonly string[], row: RowKeys): string | null => {
      let parent: string | null = null;
      for (const [n, name] of segments.entries()) {
        const path = pathText(segments.slice(0, n + 1));
        const id = pathIds.get(path);
        const key: string = id === undefined ? `path:${path}` : `id:${id}`;
        if (!departments.has(key)) {
          add({ key, external_id: id ?? null, name, parent, line: row.line, at: row.at });
        }
        parent = key;
      }
      return parent;
    };
    const placed = new Map<string, { main: string | null; others: string[] }>();
    for (const row of rows) {
      if (keyOf.has(row)) continue;
      // Many people share few cells.
      const known = placed.get(row.department ?? '');
      if (known) {
        keyOf.set(row, known.main);
        if (options.list !== undefined) otherKeys.set(row, known.others);
        continue;
      }
      const cells = cellsOf(row).map(segmentsOf);
      const long = cells.flat().find((segment) => segment.length > LIMITS.department);
      if (long !== undefined) {
        fail(row, 'too_long', options.columns.department, { max: LIMITS.department, value: long });
        continue;
      }
      const [main, ...others] = cells.filter((segments) => segments.length > 0);
      if (!main) continue;
      const keys = {
        main: keyOfPath(main, row),
        others: others.flatMap((segments) => keyOfPath(segments, row) ?? []),
      };
      placed.set(row.department ?? '', keys);
      keyOf.set(row, keys.main);
      if (options.list !== undefined) otherKeys.set(row, keys.others);
    }
  } else {
    assembleFlat();
  }

  /** Names with or without the parent's name, and ids. */
  function assembleFlat(): void {
    const byId = new Map<string, { row: RowKeys; name: string; parent: string | null }>();
    const pairs = new Map<string, ImageDepartment>();
    const named = new Map<string, ImageDepartment[]>();
    const parentOf = new Map<string, { text: string; row: RowKeys }>();
    const register = (department: ImageDepartment): void => {
      named.set(lower(department.name), [...(named.get(lower(department.name)) ?? []), department]);
    };
    for (const department of departments.values()) register(department);
    const hasParents = options.columns.parent !== null || rows.some((row) => row.department_parent !== null);
    for (const row of rows) {
      const { department_id: id, department_parent: parent } = row;
      const name = nameOf(row);
      if (id === null && name === null) continue;
      if (id !== null) {
        const key = `id:${id}`;
        const known = byId.get(id);
        if (known) {
          if (name !== null && lower(name) !== lower(known.name)) {
            fail(row, 'department_two_names', options.columns.department, { id, name, other: known.name });
            continue;
          }
          if (parent !== null && known.parent !== null && lower(parent) !== lower(known.parent)) {
            fail(row, 'department_two_parents', options.columns.parent, {
              name: known.name,
              parent,
              other: known.parent,
            });
            continue;
          }
        } else if (!departments.has(key)) {
          if (name === null) continue;
          byId.set(id, { row, name, parent });
          register(
            add({
              key,
              external_id: id,
              name,
              parent: hasParents ? null : undefined,
              line: row.line,
              at: row.at,
            }),
          );
          if (parent !== null) parentOf.set(key, { text: parent, row });
        }
        keyOf.set(row, key);
        continue;
      }
      if (name === null) continue;
      // A name may be the id or the name of a department that stands by itself.
      const owned = departments.get(`id:${name}`) ?? onlyOne(ownByName.get(lower(name)));
      if (owned) {
        keyOf.set(row, owned.key);
        continue;
      }
      const pair = `path:${parent === null ? '' : `${lower(parent)}\u0001`}${lower(name)}`;
      let department = pairs.get(pair);
      if (!department) {
        department = add({
          key: pair,
          external_id: null,
          name,
          parent: hasParents ? null : undefined,
          line: row.line,
          at: row.at,
        });
        pairs.set(pair, department);
        register(department);
        if (parent !== null) parentOf.set(pair, { text: parent, row });
      }
      keyOf.set(row, department.key);
    }
    if (options.list !== undefined) {
      for (const row of rows) {
        if (!keyOf.has(row) || keyOf.get(row) === BAD_DEPARTMENT) continue;
        const long = cellsOf(row).find((name) => name.length > LIMITS.department);
        if (long !== undefined) {
          fail(row, 'too_long', options.columns.department, { max: LIMITS.department, value: long });
          continue;
        }
        otherKeys.set(
          row,
          cellsOf(row)
            .slice(1)
            .map((name) => otherKey(name, row)),
        );
      }
    }
    /** A department that is named beside the main one: its parent is what other rows say. */
    function otherKey(name: string, row: RowKeys): string {
      const key = `path:${lower(name)}`;
      const found =
        departments.get(`id:${name}`) ??
        onlyOne(ownByName.get(lower(name))) ??
        pairs.get(key) ??
        onlyOne(named.get(lower(name)));
      if (found) return found.key;
      const made = add({
        key,
        external_id: null,
        name,
        parent: hasParents ? null : undefined,
        line: row.line,
        at: row.at,
      });
      pairs.set(key, made);
      register(made);
      return key;
    }
    // A group and a department of the same name: the group is the one at the top.
    const top = (name: string, row: RowKeys): ImageDepartment => {
      const key = `path:${lower(name)}`;
      const known = departments.get(key);
      if (known) return known;
      const made = add({ key, external_id: null, name, parent: null, line: row.line, at: row.at });
      register(made);
      return made;
    };
    for (const [key, { text, row }] of parentOf) {
      if (lower(departments.get(key)?.name ?? '') === lower(text)) top(text, row);
    }
    for (const [key, { text, row }] of parentOf) {
      const department = departments.get(key);
      if (!department) continue;
      const others = (named.get(lower(text)) ?? []).filter((other) => other.key !== key);
      const atTop = others.filter((other) => !parentOf.has(other.key));
      const parent = departments.get(`id:${text}`) ?? onlyOne(atTop) ?? onlyOne(others);
      if (parent) department.parent = parent.key;
      else if (others.length === 0) department.parent = top(text, row).key;
      else {
        problems.add(
          'department_parent_ambiguous',
          { line: row.line, column: columnOf(row, options.columns.parent) },
          { name: department.name, parent: text },
        );
        badKeys.add(key);
      }
    }
    // A department said to be at the top in one row and below another in the next is one and the same.
    const same = new Map<string, string>();
    for (const row of rows) {
      const key = keyOf.get(row);
      if (typeof key !== 'string' || row.department_parent !== null || row.department_id !== null) continue;
      const below = (named.get(lower(nameOf(row) ?? '')) ?? []).filter((other) => parentOf.has(other.key));
      const only = onlyOne(below);
      if (only && !parentOf.has(key) && ![...departments.values()].some((other) => other.parent === key)) {
        keyOf.set(row, only.key);
        departments.delete(key);
        same.set(key, only.key);
      }
    }
    if (same.size > 0) {
      for (const [row, keys] of otherKeys)
        otherKeys.set(
          row,
          keys.map((key) => same.get(key) ?? key),
        );
    }
  }

  // A cycle, and a name twice under one parent.
  for (;;) {
    const cycle = findCycle(
      new Map([...departments.values()].map(({ key, parent }) => [key, parent ?? null])),
    );
    if (!cycle) break;
    const names = [...cycle, cycle[0] ?? ''].map((key) => departments.get(key)?.name ?? '').join(' → ');
    for (const key of cycle) {
      const department = departments.get(key);
      if (!department) continue;
      problems.add('department_cycle', { line: department.line, column: department.at }, { names });
      badKeys.add(key);
      department.parent = null;
    }
  }
  const siblings = new Map<string, ImageDepartment>();
  for (const department of departments.values()) {
    if (department.parent === undefined) continue;
    const place = `${department.parent ?? ''}\n${lower(department.name)}`;
    const other = siblings.get(place);
    if (other && !badKeys.has(department.key)) {
      problems.add(
        'department_name_taken',
        { line: department.line, column: columnOf(department, options.columns.department) },
        { name: department.name, other: other.external_id ?? other.name },
      );
      badKeys.add(department.key);
    } else siblings.set(place, department);
  }
  // What hangs below a bad department is bad as well.
  for (let grew = true; grew;) {
    grew = false;
    for (const { key, parent } of departments.values()) {
      if (typeof parent === 'string' && badKeys.has(parent) && !badKeys.has(key)) {
        badKeys.add(key);
        grew = true;
      }
    }
  }
  for (const key of badKeys) departments.delete(key);

  const doubted = new Set<string>();
  for (const row of rows) {
    if (typeof row.department !== 'string') continue;
    for (const { text, parts } of readCell(row.department).doubts) {
      if (doubted.has(text)) continue;
      doubted.add(text);
      problems.add(
        parts.length === 1 ? 'department_not_divided' : 'department_divided',
        { line: row.line, column: columnOf(row, options.columns.department) },
        { value: text, names: parts.join(' + ') },
      );
    }
  }

  const of = (row: RowKeys): ReturnType<DepartmentImage['of']> => {
    const key = keyOf.get(row);
    if (key === BAD_DEPARTMENT || (typeof key === 'string' && badKeys.has(key))) return BAD_DEPARTMENT;
    if (key !== undefined) return key;
    // An id alone: the directory may know it.
    if (row.department_id !== null) return `id:${row.department_id}`;
    return row.department === undefined ? undefined : null;
  };
  return {
    departments,
    of,
    others: (row) => otherKeys.get(row),
    usable: (row) =>
      of(row) !== BAD_DEPARTMENT && !(otherKeys.get(row) ?? []).some((key) => badKeys.has(key)),
    prune(used) {
      const staying = new Set(ownKeys);
      for (const start of [...used, ...ownKeys]) {
        for (let key: string | null | undefined = start; typeof key === 'string';) {
          const department: ImageDepartment | undefined = departments.get(key);
          if (!department) break;
          staying.add(key);
          key = department.parent;
        }
      }
      for (const key of departments.keys()) if (!staying.has(key)) departments.delete(key);
    },
  };
}

/** Divides a path; a separator counts in either width. */
function splitPath(cell: string, separator: string): string[] {
  const folded = foldWidth(cell);
  const parts: string[] = [];
  let from = 0;
  for (let at = folded.indexOf(separator); at >= 0; at = folded.indexOf(separator, from)) {
    parts.push(cell.slice(from, at));
    from = at + separator.length;
  }
  return [...parts, cell.slice(from)];
}

const onlyOne = <T>(list: readonly T[] | undefined): T | undefined =>
  list?.length === 1 ? list[0] : undefined;
