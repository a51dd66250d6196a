import type { NewPerson, PersonFacts, Placement } from '../changes.ts';
import { guardHolds } from '../leaver-guard.ts';
import type { DepartmentImage } from './department-image.ts';
import { createPaths, placeDepartments, type PlacedDepartments } from './difference-departments.ts';
import type { CurrentPerson, Directory } from './directory.ts';
import { makeLocalpart } from './localpart.ts';
import type { ImagePerson, PeopleImage } from './people-image.ts';
import type { Problems } from './problems.ts';
import type { RowRest } from './rows.ts';
import type { DifferenceOptions, EmitChange } from './shown-change.ts';

/** A difference under way; nothing of what it has found is held. */
export interface Difference {
  /** Everybody of `people.people`, in that order, with the rest of their row. */
  person(person: ImagePerson, rest: RowRest): void;
  /** After the last person: who leaves, which departments go, and the sums. */
  finish(): { counts: Record<string, number>; guard_tripped: boolean };
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

/**
 * What has to be done so that the directory is as the source says: departments at once, then person by person. Pure:
 * nothing is written but by `emit`.
 */
export function openDifference(
  departmentImage: DepartmentImage,
  people: PeopleImage,
  directory: Directory,
  options: DifferenceOptions,
  problems: Problems,
  emit: EmitChange,
): Difference {
  const counts: Record<string, number> = {};
  const tell: EmitChange = (change, shown) => {
    counts[shown.kind] = (counts[shown.kind] ?? 0) + 1;
    emit(change, shown);
  };
  const departments = placeDepartments(departmentImage.departments, directory, options, problems);
  const names = new Map(directory.people.map((person) => [person.id, person.display_name]));
  for (const person of people.people) names.set(person.id, person.row.display_name);
  const managerName = (id: string | null | undefined): string | null => (id ? (names.get(id) ?? null) : null);
  const pathOf = createPaths(departments.end);
  departments.tell(pathOf, tell);

  const heads = collectHeads(departmentImage, people, departments.idOf, problems);
  const taken = new Set(directory.people.map((person) => person.localpart));
  let unchanged = 0;
  const placedIn = new Set<string>();
  const headed = new Map<string, string[]>();
  return { person: onePerson, finish };

  function onePerson(person: ImagePerson, rest: RowRest): void {
    const { row, current } = person;
    if (row.department === null && person.department === null && !current?.placements.length) {
      problems.add('no_department', { line: row.line, column: row.at }, { name: row.display_name });
    }
    const placements = placementsOf(person, rest, departments, heads);
    for (const placement of placements ?? current?.placements ?? []) {
      placedIn.add(placement.department_id);
      if (placement.is_head) {
        const of = headed.get(placement.department_id);
        if (of) of.push(row.display_name);
        else headed.set(placement.department_id, [row.display_name]);
      }
    }
    if (!current) {
      const added = newPerson(person, rest, taken, options.source_id);
      tell(
        { kind: 'person_add', person: added, placements: placements ?? [] },
        {
          kind: 'person_add',
          subject: person.id,
          label: row.display_name,
          before: null,
          after: withoutNulls({
            external_id: added.external_id,
            localpart: added.localpart,
            email: added.email,
            title: added.title,
            department: pathsOf(placements ?? [], pathOf),
            manager: managerName(added.manager_id),
          }),
        },
      );
      return;
    }
    const set = changedFacts(person, rest, current);
    const fields = Object.keys(set) as (keyof PersonFacts)[];
    const moves = placements !== undefined && !samePlacements(placements, current.placements);
    if (fields.length > 0) {
      const show = (facts: Partial<PersonFacts>): Record<string, unknown> =>
        Object.fromEntries(
          fields.map((field) =>
            field === 'manager_id'
              ? ['manager', managerName(facts.manager_id)]
              : [field, facts[field] ?? null],
          ),
        );
      tell(
        { kind: 'person_change', id: person.id, set },
        {
          kind: 'person_change',
          subject: person.id,
          label: row.display_name,
          before: show(current),
          after: show(set),
        },
      );
    }
    if (moves) {
      tell(
        { kind: 'person_place', id: person.id, placements },
        {
          kind: 'person_move',
          subject: person.id,
          label: row.display_name,
          before: { department: pathsOf(current.placements, pathOf), head: isHead(current.placements) },
          after: { department: pathsOf(placements, pathOf), head: isHead(placements) },
        },
      );
    }
    if (fields.length === 0 && !moves) unchanged++;
  }

  function finish(): ReturnType<Difference['finish']> {
    for (const [id, headNames] of headed) {
      if (headNames.length < 2) continue;
      problems.add(
        'two_heads',
        {},
        { department: pathOf(id) ?? '', names: headNames.slice(0, 5).join(', ') },
      );
    }
    const { leaving, held } = leavers(people, directory, options);
    if (held > 0) problems.add('leaving_held', {}, { count: held, rows: people.unknown });
    for (const person of leaving) {
      tell(
        { kind: 'person_leave', id: person.id, reason: 'import' },
        {
          kind: 'person_leave',
          subject: person.id,
          label: person.display_name,
          before: withoutNulls({
            external_id: person.external_id,
            email: person.email,
            title: person.title,
            department: pathsOf(person.placements, pathOf),
          }),
          after: null,
        },
      );
    }
    if (options.missing_dissolve) dissolve(leaving);

    const ofSource = directory.people.filter(
      (person) =>
        person.source_id === options.source_id && (person.status === 'active' || person.status === 'joining'),
    ).length;
    const people_before = Math.max(ofSource, leaving.length) + options.gone;
    const guard_tripped = guardHolds(
      leaving.length,
      { people: people_before, gone: options.gone },
      options.leaver_guard,
      { few: false },
    );
    return { counts: { ...counts, unchanged, source_people: ofSource }, guard_tripped };
  }

  function dissolve(leaving: readonly CurrentPerson[]): void {
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
        tell(
          { kind: 'department_end', id: department.id, mode: 'dissolved' },
          {
            kind: 'department_dissolve',
            subject: department.id,
            label: department.name,
            before: { path: pathOf(department.id) ?? department.name },
            after: null,
          },
        );
      }
    }
  }
}

/** Departments by id. */
interface Heads {
  /** Those whose heads the source names at the department. */
  known: Set<string>;
  /** By person id: those the person heads. */
  of: Map<string, string[]>;
}

function collectHeads(
  image: DepartmentImage,
  people: PeopleImage,
  idOf: (key: string) => string | undefined,
  problems: Problems,
): Heads {
  const heads: Heads = { known: new Set(), of: new Map() };
  for (const department of image.departments.values()) {
    if (department.heads === undefined) continue;
    const id = idOf(department.key);
    let all = true;
    for (const text of department.heads) {
      const found = people.find(text);
      if (typeof found === 'string') {
        // Somebody heads it: who does now is not taken for wrong.
        all = false;
        problems.add(
          'head_unknown',
          { line: department.line, column: department.at },
          { department: department.name, value: text },
        );
      } else heads.of.set(found.id, [...(heads.of.get(found.id) ?? []), ...(id === undefined ? [] : [id])]);
    }
    if (all && id !== undefined) heads.known.add(id);
  }
  return heads;
}

/**
 * Where a person is to be; undefined where the source says nothing. Other departments than the main one stay, unless
 * the source names all of a person's: then those stay that it does not know.
 */
function placementsOf(
  person: ImagePerson,
  rest: RowRest,
  { idOf, named }: Pick<PlacedDepartments, 'idOf' | 'named'>,
  heads: Heads,
): Placement[] | undefined {
  const { current, department } = person;
  const before = current?.placements ?? [];
  const primary = typeof department === 'string' ? idOf(department) : undefined;
  const headed = heads.of.get(person.id) ?? [];
  if (primary === undefined && headed.length === 0) return undefined;
  const knownHeads = heads.known;
  const headedIds = new Set(headed);
  const main = primary ?? before.find((placement) => placement.is_primary)?.department_id;
  const placements: Placement[] = [];
  if (main !== undefined) {
    const same = before.find((placement) => placement.department_id === main);
    placements.push({
      department_id: main,
      is_primary: true,
      is_head: knownHeads.has(main)
        ? headedIds.has(main)
        : headedIds.has(main) || (rest.is_head ?? same?.is_head ?? false),
      title: same?.title ?? null,
      ...(rest.department_since === null ? {} : { since: rest.department_since }),
    });
  }
  const others = person.others && new Set(person.others.flatMap((key) => idOf(key) ?? []));
  for (const placement of before) {
    if (placement.department_id === main || placement.is_primary) continue;
    if (others && !others.has(placement.department_id) && named.has(placement.department_id)) continue;
    // A second department somebody was only put into as its head.
    if (
      placement.is_head &&
      knownHeads.has(placement.department_id) &&
      !headedIds.has(placement.department_id)
    )
      continue;
    placements.push(placement);
  }
  for (const id of others ?? []) {
    if (id === main || placements.some((placement) => placement.department_id === id)) continue;
    placements.push({ department_id: id, is_primary: false, is_head: headedIds.has(id), title: null });
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

/** Where somebody is, the main department first. */
const pathsOf = (
  placements: readonly Placement[],
  pathOf: (id: string) => string | undefined,
): string | null => {
  const paths = [...placements]
    .sort((a, b) => Number(b.is_primary) - Number(a.is_primary))
    .flatMap(({ department_id }) => pathOf(department_id) ?? []);
  return paths.length === 0 ? null : paths.join('; ');
};
const isHead = (placements: readonly Placement[]): boolean =>
  placements.some((placement) => placement.is_head);

const withoutNulls = (record: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null && value !== undefined));

function newPerson(
  person: ImagePerson,
  rest: RowRest,
  taken: Set<string>,
  sourceId: string | null,
): NewPerson {
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
        given_name: rest.given_name ?? null,
        family_name: rest.family_name ?? null,
        external_id: row.external_id,
      },
      taken,
    ),
    display_name: row.display_name,
    given_name: rest.given_name ?? null,
    family_name: rest.family_name ?? null,
    email: row.email ?? null,
    phone: rest.phone ?? null,
    title: rest.title ?? null,
    locale: rest.locale ?? null,
    manager_id: person.manager_id ?? null,
    starts_on: rest.starts_on ?? null,
    ends_on: row.ends_on ?? null,
    source_id: sourceId,
  };
}

function changedFacts(person: ImagePerson, rest: RowRest, current: CurrentPerson): Partial<PersonFacts> {
  const row = { ...person.row, ...rest };
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

/** Who goes, and how many would, were there no rows of which nobody can say whose they are. */
function leavers(
  people: PeopleImage,
  directory: Directory,
  options: DifferenceOptions,
): { leaving: CurrentPerson[]; held: number } {
  const leaving = new Map(people.ended.map((person) => [person.id, person]));
  let held = 0;
  if (options.missing_leave) {
    for (const person of directory.people) {
      if (person.source_id !== options.source_id || options.source_id === null) continue;
      if (person.status !== 'active' && person.status !== 'joining') continue;
      if (people.byId.has(person.id) || people.kept.has(person.id) || leaving.has(person.id)) continue;
      if (people.unknown > 0) held++;
      else leaving.set(person.id, person);
    }
  }
  return { leaving: [...leaving.values()], held };
}
