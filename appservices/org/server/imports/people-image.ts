import { findCycle } from './cycles.ts';
import { BAD_DEPARTMENT, type DepartmentImage } from './department-image.ts';
import type { CurrentPerson, Directory } from './directory.ts';
import type { PeopleFieldName } from './guess-mapping.ts';
import type { ProblemCode, Problems } from './problems.ts';
import type { RowKeys } from './rows.ts';

/** A row that holds, matched with who it is. */
export interface ImagePerson {
  row: RowKeys;
  /** Id of the known or new person. */
  id: string;
  current: CurrentPerson | undefined;
  department: string | null | undefined;
  /** Person id; null for none, undefined where the source does not say. */
  manager_id: string | null | undefined;
}

export interface PeopleImage {
  people: ImagePerson[];
  byId: Map<string, ImagePerson>;
  /** Known people whose row is bad, or who are leaving already: they neither change nor leave. */
  kept: Set<string>;
  /** Known people whose last day is over. */
  ended: CurrentPerson[];
  /** Whom a text in the source means, by id, e-mail, account name, then name. */
  find(text: string): { id: string } | 'unknown' | 'ambiguous';
}

export interface BadRow {
  external_id: string | null;
  email: string | null;
}

const lower = (text: string): string => text.toLowerCase();

/** Matches rows with people, checks what has to be unique, and finds the reporting line. */
export function buildPeopleImage(
  options: {
    rows: readonly RowKeys[];
    bad: readonly BadRow[];
    departments: DepartmentImage;
    directory: Directory;
    columns: Partial<Record<PeopleFieldName, string>>;
    today: string;
    newId: () => string;
  },
  problems: Problems,
): PeopleImage {
  const { directory, departments, today } = options;
  const say = (
    code: ProblemCode,
    row: RowKeys,
    field: PeopleFieldName,
    params: Record<string, string | number> = {},
  ): void => {
    const column = options.columns[field] ?? field;
    problems.add(code, { line: row.line, column: row.at === null ? column : `${row.at}.${column}` }, params);
  };
  const whereOf = (row: RowKeys): string => (row.line === null ? (row.at ?? '') : String(row.line));

  const current = indexPeople(directory.people);
  const externalDepartments = new Set(directory.departments.flatMap((one) => one.external_id ?? []));
  const kept = new Set<string>();
  const ended: CurrentPerson[] = [];
  const keep = (bad: BadRow): void => {
    const person =
      (bad.external_id === null ? undefined : current.byExternal.get(bad.external_id)) ??
      (bad.email === null ? undefined : current.byEmail.get(lower(bad.email)));
    if (person) kept.add(person.id);
  };
  for (const bad of options.bad) keep(bad);

  // Who is it? Ids and e-mails once each.
  const seenIds = new Map<string, RowKeys>();
  const seenEmails = new Map<string, RowKeys>();
  const seenPeople = new Map<string, RowKeys>();
  let people: ImagePerson[] = [];
  for (const row of options.rows) {
    const email = row.email ? lower(row.email) : undefined;
    const sameId = row.external_id === null ? undefined : seenIds.get(row.external_id);
    const sameEmail = email === undefined ? undefined : seenEmails.get(email);
    if (sameId) {
      say('duplicate_id', row, 'external_id', { value: row.external_id ?? '', other: whereOf(sameId) });
      continue;
    }
    if (sameEmail) {
      say('duplicate_email', row, 'email', { value: row.email ?? '', other: whereOf(sameEmail) });
      keep({ external_id: row.external_id, email: null });
      continue;
    }
    if (row.external_id !== null) seenIds.set(row.external_id, row);
    if (email !== undefined) seenEmails.set(email, row);
    const known = matchPerson(row, current);
    const twice = known && seenPeople.get(known.id);
    if (twice) {
      say('duplicate_id', row, 'external_id', {
        value: row.external_id ?? row.email ?? '',
        other: whereOf(twice),
      });
      continue;
    }
    if (known) seenPeople.set(known.id, row);
    if (known?.source_id === null && known.external_id === null && row.external_id !== null) {
      // Whoever may edit an account could have given it a future colleague's address, and would get that one's
      // place: only who may set ids for the whole company says that both are the same person.
      say('matched_by_email', row, 'email', {
        value: row.email ?? '',
        name: known.display_name,
        id: row.external_id,
      });
      kept.add(known.id);
      continue;
    }
    if (known?.status === 'left') {
      say('person_left', row, 'external_id', { name: known.display_name });
      continue;
    }
    if (known?.status === 'suspended') {
      say('person_leaving', row, 'external_id', { name: known.display_name });
      kept.add(known.id);
      continue;
    }
    if (row.ends_on && row.ends_on < today) {
      if (known) ended.push(known);
      continue;
    }
    const department = departments.of(row);
    if (department === BAD_DEPARTMENT) {
      if (known) kept.add(known.id);
      continue;
    }
    if (
      typeof department === 'string' &&
      !departments.departments.has(department) &&
      !externalDepartments.has(department.replace(/^id:/, ''))
    ) {
      say('department_without_name', row, 'department_id', { id: row.department_id ?? '' });
      if (known) kept.add(known.id);
      continue;
    }
    people.push({ row, id: known?.id ?? options.newId(), current: known, department, manager_id: undefined });
  }

  // E-mails against those who are not in the source; dropping one may bring another's old e-mail back.
  for (let again = true; again;) {
    again = false;
    const inImage = new Set(people.map((person) => person.id));
    const held = new Map<string, CurrentPerson>();
    for (const person of directory.people) {
      if (person.status === 'left' || person.email === null) continue;
      const ours = inImage.has(person.id) && people.length > 0;
      if (!ours) held.set(lower(person.email), person);
    }
    // Rows without an e-mail column keep the one they have.
    for (const { id, row, current: known } of people) {
      if (row.email === undefined && known?.email) held.set(lower(known.email), { ...known, id });
    }
    people = people.filter((person) => {
      const other = person.row.email ? held.get(lower(person.row.email)) : undefined;
      if (!other || other.id === person.id) return true;
      say('email_taken', person.row, 'email', { value: person.row.email ?? '', name: other.display_name });
      if (person.current) kept.add(person.current.id);
      again = true;
      return false;
    });
  }

  const byId = new Map(people.map((person) => [person.id, person]));
  const find = createFinder(people, directory, current);
  const dropped = resolveManagers();
  if (dropped.size > 0) {
    people = people.filter((person) => !dropped.has(person.id));
    for (const id of dropped) {
      const person = byId.get(id);
      if (person?.current) kept.add(person.current.id);
      byId.delete(id);
    }
    for (const person of people) {
      // The manager's row is bad: known ones stay the manager, unknown ones cannot be.
      const manager = person.manager_id;
      if (typeof manager !== 'string' || !dropped.has(manager) || current.byId.has(manager)) continue;
      say('manager_skipped', person.row, 'manager', { value: person.row.manager ?? '' });
      person.manager_id = null;
    }
  }
  return { people, byId, kept, ended, find };

  /** Answers those whose manager cannot be found or would be below them. */
  function resolveManagers(): Set<string> {
    const out = new Set<string>();
    resolvePaths(out);
    for (const person of people) {
      const { row } = person;
      if (person.manager_id !== undefined || row.manager === undefined) continue;
      if (row.manager === null) {
        person.manager_id = null;
        continue;
      }
      const found = find(row.manager);
      if (found === 'unknown' || found === 'ambiguous') {
        say(found === 'unknown' ? 'manager_unknown' : 'manager_ambiguous', row, 'manager', {
          value: row.manager,
        });
        out.add(person.id);
      } else if (found.id === person.id) {
        say('manager_self', row, 'manager', { value: row.manager });
        person.manager_id = null;
      } else {
        const known = current.byId.get(found.id);
        if (known && (known.status === 'suspended' || known.status === 'left')) {
          say('manager_left', row, 'manager', { value: known.display_name });
          person.manager_id = person.current?.manager_id === found.id ? found.id : null;
        } else person.manager_id = found.id;
      }
    }
    // Whoever is left out keeps the manager of now, which may close another circle: until there is none.
    for (;;) {
      const managers = new Map<string, string | null>();
      for (const person of directory.people) managers.set(person.id, person.manager_id);
      for (const person of people) {
        if (out.has(person.id) || person.manager_id === undefined) continue;
        managers.set(person.id, person.manager_id);
      }
      const cycle = findCycle(managers);
      if (!cycle) return out;
      const nameOf = (id: string): string =>
        byId.get(id)?.row.display_name ?? current.byId.get(id)?.display_name ?? '';
      const names = [...cycle, cycle[0] ?? ''].map(nameOf).join(' → ');
      let marked = false;
      for (const id of cycle) {
        const person = byId.get(id);
        if (!person || out.has(id)) continue;
        say('manager_cycle', person.row, person.row.manager_path ? 'manager_path' : 'manager', { names });
        out.add(id);
        marked = true;
      }
      if (!marked) return out;
    }
  }

  /** A materialised path: the manager has the longest prefix; the only one without a path is at the top. */
  function resolvePaths(out: Set<string>): void {
    if (!people.some((person) => person.row.manager_path)) return;
    const segments = (path: string | null | undefined): string[] =>
      (path ?? '').split(/[/.\\>|]/).filter((part) => part.trim() !== '');
    const owners = new Map<string, ImagePerson>();
    const tops = people.filter((person) => segments(person.row.manager_path).length === 0);
    for (const person of people) {
      const key = segments(person.row.manager_path).join('/');
      if (key === '') continue;
      const other = owners.get(key);
      if (other) {
        say('path_duplicate', person.row, 'manager_path', {
          value: person.row.manager_path ?? '',
          other: whereOf(other.row),
        });
        out.add(person.id);
      } else owners.set(key, person);
    }
    const only = tops.length === 1 ? tops[0] : undefined;
    for (const person of people) {
      const parts = segments(person.row.manager_path);
      if (parts.length === 0) {
        person.manager_id ??= person.row.manager ? undefined : null;
        continue;
      }
      const manager = parts.length === 1 ? only : owners.get(parts.slice(0, -1).join('/'));
      if (manager) person.manager_id = manager.id;
      else if (parts.length === 1) person.manager_id = null;
      else {
        say('manager_unknown', person.row, 'manager_path', { value: person.row.manager_path ?? '' });
        out.add(person.id);
      }
    }
  }
}

interface PeopleIndex {
  byId: Map<string, CurrentPerson>;
  byExternal: Map<string, CurrentPerson>;
  byEmail: Map<string, CurrentPerson>;
  byLocalpart: Map<string, CurrentPerson>;
}

function indexPeople(people: readonly CurrentPerson[]): PeopleIndex {
  const index: PeopleIndex = {
    byId: new Map(),
    byExternal: new Map(),
    byEmail: new Map(),
    byLocalpart: new Map(),
  };
  for (const person of people) {
    index.byId.set(person.id, person);
    if (person.external_id !== null) index.byExternal.set(person.external_id, person);
    if (person.status === 'left') continue;
    if (person.email !== null) index.byEmail.set(lower(person.email), person);
    index.byLocalpart.set(person.localpart, person);
  }
  return index;
}

/** The known person of a row: by id; by e-mail where one of both has no id; by account name where there is neither. */
function matchPerson(row: RowKeys, index: PeopleIndex): CurrentPerson | undefined {
  if (row.external_id !== null) {
    const known = index.byExternal.get(row.external_id);
    if (known) return known;
  }
  if (row.email) {
    const known = index.byEmail.get(lower(row.email));
    if (known && (known.external_id === null || row.external_id === null)) return known;
    if (row.external_id === null) return undefined;
  }
  if (row.external_id === null && row.localpart !== null) return index.byLocalpart.get(row.localpart);
  return undefined;
}

function createFinder(
  people: readonly ImagePerson[],
  directory: Directory,
  current: PeopleIndex,
): PeopleImage['find'] {
  const ids = new Map<string, string>();
  const emails = new Map<string, string>();
  const accounts = new Map<string, string>();
  // Of namesakes a list: nearly everybody has none.
  const names = new Map<string, string | string[]>();
  const addName = (name: string, id: string): void => {
    const key = lower(name);
    const known = names.get(key);
    if (known === undefined) names.set(key, id);
    else if (typeof known === 'string') names.set(key, [known, id]);
    else known.push(id);
  };
  const inImage = new Set<string>();
  for (const { id, row, current: known } of people) {
    inImage.add(id);
    if (row.external_id !== null) ids.set(row.external_id, id);
    if (row.email) emails.set(lower(row.email), id);
    const account = row.localpart ?? known?.localpart;
    if (account !== undefined) accounts.set(account, id);
    if (row.login !== null) accounts.set(lower(row.login), id);
    addName(row.display_name, id);
  }
  // Namesakes outside of the source only count where the source has nobody of the name.
  const outside = new Map<string, string[]>();
  for (const person of directory.people) {
    if (inImage.has(person.id) || person.status === 'left') continue;
    const key = lower(person.display_name);
    const known = outside.get(key);
    if (known) known.push(person.id);
    else outside.set(key, [person.id]);
  }
  const lookUp = (text: string): { id: string } | 'unknown' | 'ambiguous' => {
    const low = lower(text);
    const id =
      ids.get(text) ??
      emails.get(low) ??
      accounts.get(low) ??
      current.byExternal.get(text)?.id ??
      current.byEmail.get(low)?.id ??
      current.byLocalpart.get(low)?.id;
    if (id !== undefined) return { id };
    const known = names.get(low) ?? outside.get(low) ?? [];
    const named = typeof known === 'string' ? [known] : known;
    if (named.length > 1) return 'ambiguous';
    return named[0] === undefined ? 'unknown' : { id: named[0] };
  };
  return (text) => {
    const found = lookUp(text);
    if (found !== 'unknown') return found;
    // `张三（1001）`, `Ann Lee <ann@example.com>`
    const remark = /^(.*?)\s*[(（<[]([^)）>\]]+)[)）>\]]$/.exec(text);
    if (!remark) return found;
    const inner = lookUp((remark[2] ?? '').trim());
    return inner === 'unknown' ? lookUp((remark[1] ?? '').trim()) : inner;
  };
}
