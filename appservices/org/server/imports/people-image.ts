import { findCycle } from './cycles.ts';
import { BAD_DEPARTMENT, type DepartmentImage } from './department-image.ts';
import type { CurrentPerson, Directory } from './directory.ts';
import type { PeopleFieldName } from './guess-mapping.ts';
import type { ProblemCode, Problems } from './problems.ts';
import { foldWidth, nameKey } from '../names.ts';
import type { RefusedRow, RowKeys } from './rows.ts';
import { withoutZeros, zeroLength } from './sheet-values.ts';

/** A row that holds, matched with who it is. */
export interface ImagePerson {
  row: RowKeys;
  /** Id of the known or new person. */
  id: string;
  current: CurrentPerson | undefined;
  department: string | null | undefined;
  /** Keys of the other departments; undefined where a row names one only. */
  others: readonly string[] | undefined;
  /** Person id; null for none, undefined where the source does not say. */
  manager_id: string | null | undefined;
}

export interface PeopleImage {
  people: ImagePerson[];
  byId: Map<string, ImagePerson>;
  /** Known people whose row is bad, or who are leaving already: they neither change nor leave. */
  kept: Set<string>;
  /** Known people who have left by what the source says, or whose last day is over. */
  ended: CurrentPerson[];
  /** Refused rows nobody can say of whose they are. */
  unknown: number;
  /** Whom a text in the source means, by id, e-mail, account name, then name. */
  find(text: string): { id: string } | 'unknown' | 'ambiguous';
}

/** What can be seen of a row that is not taken over. */
interface Whose {
  external_id: string | null;
  email: string | null | undefined;
  display_name: string | null;
}

/** What an address or an account's name is compared by. */
const emailKey = (text: string): string => foldWidth(text).toLowerCase();

/** Matches rows with people, checks what has to be unique, and finds the reporting line. */
export function buildPeopleImage(
  options: {
    rows: readonly RowKeys[];
    /** Rows that cannot be taken over, and those to be passed over. */
    refused: readonly RefusedRow[];
    passed?: readonly RowKeys[];
    departments: DepartmentImage;
    directory: Directory;
    source_id: string | null;
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

  const current = indexPeople(directory.people, options.source_id);
  const externalDepartments = new Set(directory.departments.flatMap((one) => one.external_id ?? []));
  const kept = new Set<string>();
  const ended = new Map<string, CurrentPerson>();
  const refusedNames: (string | null | undefined)[] = [];
  let unknown = 0;
  /** Nobody leaves by a row that is refused: everybody it can be of is kept. */
  const keep = (row: Whose, readable = true): void => {
    refusedNames.push(row.external_id, row.email, row.display_name);
    const id = row.external_id ?? '';
    const sure = [
      current.byExternal.get(foldWidth(id)),
      current.byEmail.get(emailKey(row.email ?? '')),
      current.byZeros.get(withoutZeros(id) ?? ''),
    ].flatMap((person) => person ?? []);
    const likely = sure.length > 0 ? sure : (current.byName.get(nameKey(row.display_name ?? '')) ?? []);
    for (const person of likely) kept.add(person.id);
    if (likely.length === 0 && (!readable || row.external_id === null)) unknown++;
  };
  for (const refused of options.refused) keep(refused, refused.row !== undefined);
  for (const row of options.passed ?? []) keep(row);

  // Who is it? Ids and e-mails once each. Everything that is wrong with a row is told at once.
  const zeros = zeroLength(options.rows.map((row) => (row.line === null ? null : row.external_id)));
  const ids = new Set(
    [...options.rows, ...options.refused].flatMap((row) =>
      'left' in row && row.left ? [] : (row.external_id ?? []),
    ),
  );
  const seenIds = new Map<string, RowKeys>();
  const seenEmails = new Map<string, RowKeys>();
  const seenPeople = new Map<string, RowKeys>();
  const lookAt = (row: RowKeys, taken: boolean): { known: CurrentPerson | undefined; bad: boolean } => {
    let bad = false;
    const fail = (...told: Parameters<typeof say>): void => {
      say(...told);
      bad = true;
    };
    const email = row.email ? emailKey(row.email) : undefined;
    const sameId = row.external_id === null ? undefined : seenIds.get(row.external_id);
    const sameEmail = email === undefined ? undefined : seenEmails.get(email);
    if (sameId)
      fail('duplicate_id', row, 'external_id', { value: row.external_id ?? '', other: whereOf(sameId) });
    if (sameEmail)
      fail('duplicate_email', row, 'email', { value: row.email ?? '', other: whereOf(sameEmail) });
    if (taken && row.external_id !== null && !sameId) seenIds.set(row.external_id, row);
    if (taken && email !== undefined && !sameEmail) seenEmails.set(email, row);
    let known = matchPerson(row, current);
    if (!known && row.external_id !== null) {
      const other = spoiledId(row, email);
      if (other === true) {
        fail('id_zeros_lost', row, 'external_id', { value: row.external_id });
      } else if (other) {
        const zerosLost = withoutZeros(row.external_id) === withoutZeros(other.external_id ?? '');
        fail(zerosLost ? 'id_zeros_lost' : 'id_differs', row, 'external_id', {
          value: row.external_id,
          name: other.display_name,
          id: other.external_id ?? '',
          email: row.email ?? '',
        });
        known = other;
      }
    }
    const twice = known && seenPeople.get(known.id);
    if (twice && !sameId && !sameEmail) {
      fail('duplicate_id', row, 'external_id', {
        value: row.external_id ?? row.email ?? '',
        other: whereOf(twice),
      });
    }
    if (known && taken && !twice) seenPeople.set(known.id, row);
    if (known?.source_id === null && known.external_id === null && row.external_id !== null) {
      // Whoever may edit an account could have given it a future colleague's address, and would get that one's
      // place: only who may set ids for the whole company says that both are the same person.
      fail('matched_by_email', row, 'email', {
        value: row.email ?? '',
        name: known.display_name,
        id: row.external_id,
      });
    }
    return { known, bad };
  };
  /** A known person whose id this one was, or would have been; true for an id that is short of zeros in this file. */
  function spoiledId(row: RowKeys, email: string | undefined): CurrentPerson | true | undefined {
    // Only a table can have been through a spreadsheet program.
    const digits = row.line === null ? undefined : withoutZeros(row.external_id ?? '');
    const byZeros = digits === undefined ? undefined : current.byZeros.get(digits);
    if (byZeros && !ids.has(byZeros.external_id ?? '')) return byZeros;
    const byEmail = email === undefined ? undefined : current.byEmail.get(email);
    const ours = byEmail?.source_id === options.source_id && byEmail.external_id !== null;
    if (ours && !ids.has(byEmail.external_id ?? '')) return byEmail;
    if (zeros !== undefined && digits === row.external_id && digits.length < zeros) return true;
    return undefined;
  }

  let people: ImagePerson[] = [];
  const departmentOf = (row: RowKeys): { key: string | null | undefined; bad: boolean } => {
    const key = departments.of(row);
    if (key === BAD_DEPARTMENT || !departments.usable(row)) return { key: undefined, bad: true };
    if (
      typeof key === 'string' &&
      !departments.departments.has(key) &&
      !externalDepartments.has(key.replace(/^id:/, ''))
    ) {
      say('department_without_name', row, 'department_id', { id: row.department_id ?? '' });
      return { key: undefined, bad: true };
    }
    return { key, bad: false };
  };
  const isOver = (row: RowKeys): boolean =>
    row.left || (typeof row.ends_on === 'string' && row.ends_on < today);
  const dropped = new Set<RowKeys>();
  for (const row of options.rows) {
    if (isOver(row)) continue;
    const { known, bad } = lookAt(row, true);
    const refuse = (): void => {
      dropped.add(row);
      keep(row);
      if (known) kept.add(known.id);
    };
    if (!bad && known?.status === 'left') {
      say('person_left', row, 'external_id', { name: known.display_name });
      continue;
    }
    if (!bad && known?.status === 'suspended') {
      say('person_leaving', row, 'external_id', { name: known.display_name });
      kept.add(known.id);
      continue;
    }
    const department = departmentOf(row);
    if (bad || department.bad) refuse();
    else {
      people.push({
        row,
        id: known?.id ?? options.newId(),
        current: known,
        department: department.key,
        others: departments.others(row),
        manager_id: undefined,
      });
    }
  }
  /** Every row of which nothing comes is told, with why. */
  const passOver = (code: 'left_unknown' | 'left_already' | 'left_by_hand', row: RowKeys): void => {
    const name = [row.display_name, row.external_id, row.email].find(Boolean) ?? '';
    say(code, row, row.left ? 'status' : 'ends_on', { name });
  };
  // Who has left, in the end: who works here by another row stays.
  for (const row of options.rows) {
    if (!isOver(row)) continue;
    const known = matchPerson(row, current);
    if (!known) {
      const other =
        row.external_id === null ? undefined : spoiledId(row, row.email ? emailKey(row.email) : undefined);
      if (typeof other === 'object') {
        say('id_differs', row, 'external_id', {
          value: row.external_id ?? '',
          name: other.display_name,
          id: other.external_id ?? '',
          email: row.email ?? '',
        });
        keep(row);
        kept.add(other.id);
      } else passOver('left_unknown', row);
      continue;
    }
    const stays = seenPeople.get(known.id);
    if (stays) {
      say('left_and_here', row, row.left ? 'status' : 'ends_on', {
        name: known.display_name,
        other: whereOf(stays),
      });
      continue;
    }
    if (kept.has(known.id)) continue;
    // As above: an e-mail address alone says too little of a hand-made account.
    if (known.source_id === null && known.external_id === null && row.external_id !== null) {
      passOver('left_by_hand', row);
      continue;
    }
    if (known.status === 'active' || known.status === 'joining') ended.set(known.id, known);
    else passOver('left_already', row);
  }
  for (const { row } of options.refused) {
    if (!row || row.left) continue;
    lookAt(row, false);
  }

  // E-mails against those who are not in the source; dropping one may bring another's old e-mail back.
  for (let again = true; again;) {
    again = false;
    const inImage = new Set(people.map((person) => person.id));
    const held = new Map<string, CurrentPerson>();
    for (const person of directory.people) {
      if (person.status === 'left' || person.email === null) continue;
      const ours = inImage.has(person.id) && people.length > 0;
      if (!ours) held.set(emailKey(person.email), person);
    }
    // Rows without an e-mail column keep the one they have.
    for (const { id, row, current: known } of people) {
      if (row.email === undefined && known?.email) held.set(emailKey(known.email), { ...known, id });
    }
    const staying = people.filter((person) => {
      const other = person.row.email ? held.get(emailKey(person.row.email)) : undefined;
      if (!other || other.id === person.id) return true;
      say('email_taken', person.row, 'email', { value: person.row.email ?? '', name: other.display_name });
      kept.add(other.id);
      drop(person);
      again = true;
      return false;
    });
    people = staying;
  }

  const byId = new Map(people.map((person) => [person.id, person]));
  const find = createFinder(people, directory, current);
  const refusedKeys = new Set(refusedNames.flatMap((text) => (text ? [nameKey(text)] : [])));
  const out = resolveManagers();
  if (out.size > 0) {
    people = people.filter((person) => !out.has(person.id));
    for (const id of out) {
      const person = byId.get(id);
      if (person) drop(person);
      byId.delete(id);
    }
    for (const person of people) {
      // The manager's row is bad: known ones stay the manager, unknown ones cannot be.
      const manager = person.manager_id;
      if (typeof manager !== 'string' || !out.has(manager) || current.byId.has(manager)) continue;
      say('manager_skipped', person.row, 'manager', { value: person.row.manager ?? '' });
      person.manager_id = undefined;
    }
  }
  for (const { row } of options.refused) if (row?.manager) tellManager(row, row.manager);
  for (const row of dropped) if (row.manager) tellManager(row, row.manager);
  departments.prune(
    people.flatMap(({ department, others }) => [
      ...(typeof department === 'string' ? [department] : []),
      ...(others ?? []),
    ]),
  );
  return { people, byId, kept, ended: [...ended.values()], unknown, find };

  function drop(person: ImagePerson): void {
    keep(person.row);
    if (person.current) kept.add(person.current.id);
  }

  /** A manager who cannot be found: answers them, or tells of it. */
  function tellManager(row: RowKeys, text: string): string | undefined {
    const found = find(text);
    if (found === 'ambiguous') say('manager_ambiguous', row, 'manager', { value: text });
    else if (found !== 'unknown') return found.id;
    else if (refusedKeys.has(nameKey(text))) say('manager_skipped', row, 'manager', { value: text });
    else say('manager_unknown', row, 'manager', { value: text });
    return undefined;
  }

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
      const id = tellManager(row, row.manager);
      if (id === undefined) continue;
      if (id === person.id) {
        say('manager_self', row, 'manager', { value: row.manager });
        person.manager_id = null;
        continue;
      }
      const known = current.byId.get(id);
      if (known && (known.status === 'suspended' || known.status === 'left')) {
        if (person.current?.manager_id !== id)
          say('manager_left', row, 'manager', { value: known.display_name });
      } else person.manager_id = id;
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
      else say('manager_unknown', person.row, 'manager_path', { value: person.row.manager_path ?? '' });
    }
  }
}

interface PeopleIndex {
  byId: Map<string, CurrentPerson>;
  byExternal: Map<string, CurrentPerson>;
  byEmail: Map<string, CurrentPerson>;
  byLocalpart: Map<string, CurrentPerson>;
  /** People of the source by their id of digits without leading zeros, where it is the only one. */
  byZeros: Map<string, CurrentPerson>;
  /** People of the source. */
  byName: Map<string, CurrentPerson[]>;
}

function indexPeople(people: readonly CurrentPerson[], sourceId: string | null): PeopleIndex {
  const index: PeopleIndex = {
    byId: new Map(),
    byExternal: new Map(),
    byEmail: new Map(),
    byLocalpart: new Map(),
    byZeros: new Map(),
    byName: new Map(),
  };
  const twice = new Set<string>();
  for (const person of people) {
    index.byId.set(person.id, person);
    if (person.external_id !== null) index.byExternal.set(foldWidth(person.external_id), person);
    if (person.status === 'left') continue;
    if (person.email !== null) index.byEmail.set(emailKey(person.email), person);
    index.byLocalpart.set(person.localpart, person);
    if (person.source_id !== sourceId) continue;
    const digits = withoutZeros(person.external_id ?? '');
    if (digits !== undefined) {
      if (index.byZeros.has(digits)) twice.add(digits);
      index.byZeros.set(digits, person);
    }
    const key = nameKey(person.display_name);
    const known = index.byName.get(key);
    if (known) known.push(person);
    else index.byName.set(key, [person]);
  }
  for (const digits of twice) index.byZeros.delete(digits);
  return index;
}

/** The known person of a row: by id; by e-mail where one of both has no id; by account name where there is neither. */
function matchPerson(row: RowKeys, index: PeopleIndex): CurrentPerson | undefined {
  if (row.external_id !== null) {
    const known = index.byExternal.get(row.external_id);
    if (known) return known;
  }
  if (row.email) {
    const known = index.byEmail.get(emailKey(row.email));
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
    const key = nameKey(name);
    const known = names.get(key);
    if (known === undefined) names.set(key, id);
    else if (typeof known === 'string') names.set(key, [known, id]);
    else known.push(id);
  };
  const inImage = new Set<string>();
  for (const { id, row, current: known } of people) {
    inImage.add(id);
    if (row.external_id !== null) ids.set(row.external_id, id);
    if (row.email) emails.set(emailKey(row.email), id);
    const account = row.localpart ?? known?.localpart;
    if (account !== undefined) accounts.set(account, id);
    if (row.login !== null) accounts.set(emailKey(row.login), id);
    addName(row.display_name, id);
  }
  // Namesakes outside of the source only count where the source has nobody of the name.
  const outside = new Map<string, string[]>();
  for (const person of directory.people) {
    if (inImage.has(person.id) || person.status === 'left') continue;
    const key = nameKey(person.display_name);
    const known = outside.get(key);
    if (known) known.push(person.id);
    else outside.set(key, [person.id]);
  }
  const lookUp = (text: string): { id: string } | 'unknown' | 'ambiguous' => {
    const low = emailKey(text);
    const folded = foldWidth(text);
    const id =
      ids.get(folded) ??
      emails.get(low) ??
      accounts.get(low) ??
      current.byExternal.get(folded)?.id ??
      current.byEmail.get(low)?.id ??
      current.byLocalpart.get(low)?.id;
    if (id !== undefined) return { id };
    const key = nameKey(text);
    const known = names.get(key) ?? outside.get(key) ?? [];
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
