import type { DirectoryChange, NewPerson, PersonFacts, Placement } from '../changes.ts';
import type { ChangeKind } from '../tables.ts';
import { findCycle } from './cycles.ts';
import type { DepartmentImage, ImageDepartment } from './department-image.ts';
import type { CurrentDepartment, CurrentPerson, Directory } from './directory.ts';
import { makeLocalpart } from './localpart.ts';
import type { ImagePerson, PeopleImage } from './people-image.ts';
import type { Problems } from './problems.ts';

export interface DifferenceOptions {
  source_id: string | null;
  missing_leave: boolean;
  missing_dissolve: boolean;
  /** Share of the source's people, 0 to 1. */
  leaver_guard: number;
  newId: () => string;
}

/** One line of what would change, in words a person can check. */
export interface ShownChange {
  kind: ChangeKind;
  subject: string;
  label: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

export interface Difference {
  changes: DirectoryChange[];
  shown: ShownChange[];
  counts: Record<string, number>;
  guard_tripped: boolean;
}

const lower = (text: string): string => text.toLowerCase();
const FACTS = [
  'display_name',
  'given_name',
  'family_name',
  'email',
  'phone',
  'title',
  'locale',
  'starts_on',
  'ends_on',
] as const;

/** What has to be done so that the directory is as the source says. Pure: nothing is written. */
export function makeDifference(
  departmentImage: DepartmentImage,
  people: PeopleImage,
  directory: Directory,
  options: DifferenceOptions,
  problems: Problems,
): Difference {
  const changes: DirectoryChange[] = [];
  const shown: ShownChange[] = [];
  const departments = placeDepartments(departmentImage.departments, directory, options, problems);
  const names = new Map(directory.people.map((person) => [person.id, person.display_name]));
  for (const person of people.people) names.set(person.id, person.row.display_name);
  const pathOf = createPaths(departments.end);

  changes.push(...departments.changes);
  shown.push(...departments.shown(pathOf));

  const heads = collectHeads(departmentImage, people, problems);
  const taken = new Set(directory.people.map((person) => person.localpart));
  let unchanged = 0;
  const placedIn = new Set<string>();
  const headed = new Map<string, string[]>();
  for (const person of people.people) {
    const { row, current } = person;
    if (row.department === null && person.department === null && !current?.placements.length) {
      problems.add('no_department', { line: row.line, column: row.at }, { name: row.display_name });
    }
    const placements = placementsOf(person, departments.idOf, heads);
    for (const placement of placements ?? current?.placements ?? []) {
      placedIn.add(placement.department_id);
      if (placement.is_head) {
        headed.set(placement.department_id, [
          ...(headed.get(placement.department_id) ?? []),
          row.display_name,
        ]);
      }
    }
    const managerName = (id: string | null | undefined): string | null =>
      id ? (names.get(id) ?? null) : null;
    if (!current) {
      const added = newPerson(person, taken, options.source_id);
      changes.push({ kind: 'person_add', person: added, placements: placements ?? [] });
      shown.push({
        kind: 'person_add',
        subject: person.id,
        label: row.display_name,
        before: null,
        after: withoutNulls({
          external_id: added.external_id,
          localpart: added.localpart,
          email: added.email,
          title: added.title,
          department: primaryPath(placements ?? [], pathOf),
          manager: managerName(added.manager_id),
        }),
      });
      continue;
    }
    const set = changedFacts(person, current);
    const fields = Object.keys(set) as (keyof PersonFacts)[];
    const moves = placements !== undefined && !samePlacements(placements, current.placements);
    if (fields.length > 0) {
      changes.push({ kind: 'person_change', id: person.id, set });
      const show = (facts: Partial<PersonFacts>): Record<string, unknown> =>
        Object.fromEntries(
          fields.map((field) =>
            field === 'manager_id'
              ? ['manager', managerName(facts.manager_id)]
              : [field, facts[field] ?? null],
          ),
        );
      shown.push({
        kind: 'person_change',
        subject: person.id,
        label: row.display_name,
        before: show(current),
        after: show(set),
      });
    }
    if (moves) {
      changes.push({ kind: 'person_place', id: person.id, placements });
      shown.push({
        kind: 'person_move',
        subject: person.id,
        label: row.display_name,
        before: { department: primaryPath(current.placements, pathOf), head: isHead(current.placements) },
        after: { department: primaryPath(placements, pathOf), head: isHead(placements) },
      });
    }
    if (fields.length === 0 && !moves) unchanged++;
  }
  for (const [id, headNames] of headed) {
    if (headNames.length < 2) continue;
    problems.add('two_heads', {}, { department: pathOf(id) ?? '', names: headNames.slice(0, 5).join(', ') });
  }

  const leaving = leavers(people, directory, options);
  for (const person of leaving) {
    changes.push({ kind: 'person_leave', id: person.id, reason: 'import' });
    shown.push({
      kind: 'person_leave',
      subject: person.id,
      label: person.display_name,
      before: withoutNulls({
        external_id: person.external_id,
        email: person.email,
        title: person.title,
        department: primaryPath(person.placements, pathOf),
      }),
      after: null,
    });
  }
  if (options.missing_dissolve) dissolve();

  const counts: Record<string, number> = {};
  for (const { kind } of shown) counts[kind] = (counts[kind] ?? 0) + 1;
  counts['unchanged'] = unchanged;
  const ofSource = directory.people.filter(
    (person) =>
      person.source_id === options.source_id && (person.status === 'active' || person.status === 'joining'),
  ).length;
  counts['source_people'] = ofSource;
  const guard_tripped =
    leaving.length > 0 && leaving.length > options.leaver_guard * Math.max(ofSource, leaving.length);
  return { changes, shown, counts, guard_tripped };

  function dissolve(): void {
    const gone = new Set(leaving.map((person) => person.id));
    for (const person of directory.people) {
      if (people.byId.has(person.id) || gone.has(person.id)) continue;
      if (person.status !== 'active' && person.status !== 'joining') continue;
      for (const placement of person.placements) placedIn.add(placement.department_id);
    }
    const children = new Map<string, number>();
    for (const { parent_id } of departments.end.values()) {
      if (parent_id !== null) children.set(parent_id, (children.get(parent_id) ?? 0) + 1);
    }
    const candidates = directory.departments.filter(
      (department) =>
        department.of_source && !departments.named.has(department.id) && !placedIn.has(department.id),
    );
    const open = new Map(candidates.map((department) => [department.id, department]));
    for (let ended = true; ended;) {
      ended = false;
      for (const department of open.values()) {
        if ((children.get(department.id) ?? 0) > 0) continue;
        open.delete(department.id);
        ended = true;
        if (department.parent_id !== null) {
          children.set(department.parent_id, (children.get(department.parent_id) ?? 1) - 1);
        }
        changes.push({ kind: 'department_end', id: department.id, mode: 'dissolved' });
        shown.push({
          kind: 'department_dissolve',
          subject: department.id,
          label: department.name,
          before: { path: pathOf(department.id) ?? department.name },
          after: null,
        });
      }
    }
  }
}

interface EndDepartment {
  name: string;
  parent_id: string | null;
}

interface PlacedDepartments {
  changes: DirectoryChange[];
  shown: (pathOf: (id: string) => string | undefined) => ShownChange[];
  /** Id of a department's key; undefined for one that is nowhere. */
  idOf: (key: string) => string | undefined;
  /** The active departments afterwards. */
  end: Map<string, EndDepartment>;
  /** Known departments the source speaks of. */
  named: Set<string>;
}

function placeDepartments(
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

  const changes: DirectoryChange[] = [];
  const notes: {
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
      changes.push({
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
      });
      notes.push({ kind: 'department_add', id, name: department.name });
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
      changes.push({ kind: 'department_change', id, set });
      notes.push({ kind: 'department_change', id, name: department.name, current, set });
    }
    if (state && state.parent_id !== current.parent_id && !refused.has(id)) {
      changes.push({ kind: 'department_move', id, parent_id: state.parent_id });
      notes.push({ kind: 'department_move', id, name: department.name, current });
    }
  }
  const before = createPaths(new Map(directory.departments.map((one) => [one.id, one])));
  return {
    changes,
    end,
    named: new Set([...matched.values()].map((one) => one.id)),
    idOf: (key) => ids.get(key) ?? byExternal.get(key.replace(/^id:/, ''))?.id,
    shown: (pathOf) =>
      notes.map(({ kind, id, name, current, set }) => ({
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
      })),
  };
}

/** Names from the top down, ` / ` between them. */
function createPaths(departments: ReadonlyMap<string, EndDepartment>): (id: string) => string | undefined {
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

interface Heads {
  /** Departments whose heads the source names at the department. */
  known: Set<string>;
  /** By person id: keys of the departments the person heads. */
  of: Map<string, string[]>;
}

function collectHeads(image: DepartmentImage, people: PeopleImage, problems: Problems): Heads {
  const heads: Heads = { known: new Set(), of: new Map() };
  for (const department of image.departments.values()) {
    if (department.heads === undefined) continue;
    heads.known.add(department.key);
    for (const text of department.heads) {
      const found = people.find(text);
      if (typeof found === 'string') {
        problems.add(
          'head_unknown',
          { line: department.line, column: department.at },
          { department: department.name, value: text },
        );
      } else heads.of.set(found.id, [...(heads.of.get(found.id) ?? []), department.key]);
    }
  }
  return heads;
}

/** Where a person is to be; undefined where the source says nothing. Other departments than the main one stay. */
function placementsOf(
  person: ImagePerson,
  idOf: (key: string) => string | undefined,
  heads: Heads,
): Placement[] | undefined {
  const { row, current, department } = person;
  const before = current?.placements ?? [];
  const primary = typeof department === 'string' ? idOf(department) : undefined;
  const headed = heads.of.get(person.id) ?? [];
  if (primary === undefined && headed.length === 0) return undefined;
  const knownHeads = new Set([...heads.known].flatMap((key) => idOf(key) ?? []));
  const headedIds = new Set(headed.flatMap((key) => idOf(key) ?? []));
  const main = primary ?? before.find((placement) => placement.is_primary)?.department_id;
  const placements: Placement[] = [];
  if (main !== undefined) {
    const same = before.find((placement) => placement.department_id === main);
    placements.push({
      department_id: main,
      is_primary: true,
      is_head: knownHeads.has(main) ? headedIds.has(main) : (row.is_head ?? same?.is_head ?? false),
      title: same?.title ?? null,
      ...(row.department_since === null ? {} : { since: row.department_since }),
    });
  }
  for (const placement of before) {
    if (placement.department_id === main || placement.is_primary) continue;
    // A second department somebody was only put into as its head.
    if (
      placement.is_head &&
      knownHeads.has(placement.department_id) &&
      !headedIds.has(placement.department_id)
    )
      continue;
    placements.push(placement);
  }
  for (const id of headedIds) {
    if (placements.some((placement) => placement.department_id === id)) continue;
    placements.push({ department_id: id, is_primary: placements.length === 0, is_head: true, title: null });
  }
  return placements;
}

function samePlacements(a: readonly Placement[], b: readonly Placement[]): boolean {
  if (a.length !== b.length) return false;
  const byId = new Map(b.map((placement) => [placement.department_id, placement]));
  return a.every((placement) => {
    const other = byId.get(placement.department_id);
    return (
      other?.is_primary === placement.is_primary &&
      other.is_head === placement.is_head &&
      other.title === placement.title
    );
  });
}

const primaryPath = (
  placements: readonly Placement[],
  pathOf: (id: string) => string | undefined,
): string | null => {
  const primary = placements.find((placement) => placement.is_primary);
  return primary ? (pathOf(primary.department_id) ?? null) : null;
};
const isHead = (placements: readonly Placement[]): boolean =>
  placements.some((placement) => placement.is_head);

const withoutNulls = (record: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null && value !== undefined));

function newPerson(person: ImagePerson, taken: Set<string>, sourceId: string | null): NewPerson {
  const { row } = person;
  return {
    id: person.id,
    external_id: row.external_id,
    localpart: makeLocalpart(
      {
        localpart: row.localpart,
        login: row.login,
        email: row.email ?? null,
        display_name: row.display_name,
        given_name: row.given_name ?? null,
        family_name: row.family_name ?? null,
        external_id: row.external_id,
      },
      taken,
    ),
    display_name: row.display_name,
    given_name: row.given_name ?? null,
    family_name: row.family_name ?? null,
    email: row.email ?? null,
    phone: row.phone ?? null,
    title: row.title ?? null,
    locale: row.locale ?? null,
    manager_id: person.manager_id ?? null,
    starts_on: row.starts_on ?? null,
    ends_on: row.ends_on ?? null,
    source_id: sourceId,
  };
}

function changedFacts(person: ImagePerson, current: CurrentPerson): Partial<PersonFacts> {
  const { row } = person;
  const set: Record<string, unknown> = {};
  for (const field of FACTS) {
    const value = row[field];
    if (value === undefined || value === current[field]) continue;
    // Nobody changes an address by writing it in other case.
    if (field === 'email' && value && current.email && lower(value) === lower(current.email)) continue;
    set[field] = value;
  }
  if (row.external_id !== null && row.external_id !== current.external_id)
    set['external_id'] = row.external_id;
  if (person.manager_id !== undefined && person.manager_id !== current.manager_id)
    set['manager_id'] = person.manager_id;
  return set;
}

function leavers(people: PeopleImage, directory: Directory, options: DifferenceOptions): CurrentPerson[] {
  const leaving = new Map(people.ended.map((person) => [person.id, person]));
  if (options.missing_leave) {
    for (const person of directory.people) {
      if (person.source_id !== options.source_id || options.source_id === null) continue;
      if (person.status !== 'active' && person.status !== 'joining') continue;
      if (people.byId.has(person.id) || people.kept.has(person.id)) continue;
      leaving.set(person.id, person);
    }
  }
  return [...leaving.values()];
}
