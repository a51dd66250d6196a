import type { ImportMapping } from '../../contract/api.ts';
import { foldWidth, inspectName } from '../names.ts';
import type { PeopleFieldName } from './guess-mapping.ts';
import { parseDate, type DateOrder } from './dates.ts';
import { isPersonLocalpart, mapToLocalpart } from './localpart.ts';
import type { ProblemCode, Problems } from './problems.ts';
import { spoiledBySheet } from './sheet-values.ts';
import { statusOf } from './statuses.ts';

/** One person as a file, a server or a command hands them in; values are texts as they were found. */
export interface SourceRow {
  /** From 1 with the header; null where the source has no lines. */
  line: number | null;
  /** Where it is in a source without lines, `people[3]`. */
  at: string | null;
  values: Partial<Record<PeopleFieldName | 'department_since' | 'login', string>>;
}

/** A department that a source names by itself, beside what people's rows say. */
export interface SourceDepartment {
  line: number | null;
  at: string | null;
  id: string | null;
  name: string;
  /** Id of its parent, else its name. */
  parent: string | null;
  /** Id, e-mail or account name of its heads. */
  heads: string[];
  hidden?: boolean | undefined;
  include_sub?: boolean | undefined;
}

/** A row that can be taken over. `undefined` is what the source says nothing about; null is empty there. */
export interface PersonRow {
  line: number | null;
  at: string | null;
  external_id: string | null;
  display_name: string;
  given_name: string | null | undefined;
  family_name: string | null | undefined;
  email: string | null | undefined;
  phone: string | null | undefined;
  title: string | null | undefined;
  locale: 'zh-Hans' | 'en' | null | undefined;
  starts_on: string | null | undefined;
  ends_on: string | null | undefined;
  localpart: string | null;
  login: string | null;
  department: string | null | undefined;
  department_id: string | null;
  department_parent: string | null;
  department_since: string | null;
  is_head: boolean | undefined;
  manager: string | null | undefined;
  manager_path: string | null | undefined;
  /** The source says that the person has left: nothing else of the row counts. */
  left: boolean;
}

/** What a person is told apart and placed by: held of every row of an import, to look for doubles and circles. */
export type RowKeys = Omit<PersonRow, keyof RowRest>;

/** What nobody is looked for by: waits in a file until the row's turn has come. */
export type RowRest = Pick<
  PersonRow,
  'given_name' | 'family_name' | 'phone' | 'title' | 'locale' | 'starts_on' | 'is_head' | 'department_since'
>;

/** Divides rows; texts that many rows share are held once. */
export function createRowDivider(): (row: PersonRow) => { keys: RowKeys; rest: RowRest } {
  const texts = new Map<string, string>();
  const once = <T extends string | null | undefined>(text: T): T => {
    if (typeof text !== 'string') return text;
    const same = texts.get(text);
    if (same !== undefined) return same as T;
    if (texts.size < MAX_SHARED) texts.set(text, text);
    return text;
  };
  return (row) => ({
    keys: {
      line: row.line,
      at: row.at,
      external_id: row.external_id,
      display_name: row.display_name,
      email: row.email,
      ends_on: once(row.ends_on),
      localpart: row.localpart,
      login: row.login,
      department: once(row.department),
      department_id: once(row.department_id),
      department_parent: once(row.department_parent),
      manager: once(row.manager),
      manager_path: row.manager_path,
      left: row.left,
    },
    rest: {
      given_name: row.given_name,
      family_name: row.family_name,
      phone: row.phone,
      title: row.title,
      locale: row.locale,
      starts_on: row.starts_on,
      is_head: row.is_head,
      department_since: row.department_since,
    },
  });
}

/** Longest values, in characters; the database and the contract have the same. */
export const LIMITS = {
  external_id: 200,
  display_name: 256,
  given_name: 256,
  family_name: 256,
  email: 320,
  localpart: 255,
  phone: 64,
  title: 256,
  department: 200,
  department_id: 200,
  department_parent: 200,
  manager: 320,
  manager_path: 1000,
  is_head: 20,
  locale: 35,
  starts_on: 40,
  ends_on: 40,
  status: 100,
} as const satisfies Record<PeopleFieldName, number>;
/** Texts that are looked up because rows may share them. */
const MAX_SHARED = 20_000;
/** A department path is several names. */
const MAX_PATH = 4000;

const HAN = /\p{Script=Han}/u;
/** Printable ASCII and common Chinese characters, single blanks only inside: clean and NFC as it is. */
const PLAIN = /^[\x21-\x7e\u4e00-\u9fff]+(?: [\x21-\x7e\u4e00-\u9fff]+)*$/;
const MAIL = /^[^\s@<>(),;:"[\]\\]+@[^\s@<>(),;:"[\]\\]+\.[^\s@<>(),;:"[\]\\]+$/;
const YES = new Set([
  '1',
  'true',
  'yes',
  'y',
  'x',
  '是',
  '√',
  '✓',
  '对',
  '負責人',
  '负责人',
  '主管',
  'head',
  'lead',
  'manager',
]);
const NO = new Set(['0', 'false', 'no', 'n', '否', '不是', '×', '-', '非']);

/** What the whole column says of how one of its values is read. */
export type DateOrders = Partial<Record<'starts_on' | 'ends_on', DateOrder>>;

/** A row that cannot be taken over: who it is of, as far as it can be seen, so that nobody leaves by it. */
export interface RefusedRow {
  /** What could be read of it, to tell its other faults, too; undefined where it is no row at all. */
  row: RowKeys | undefined;
  external_id: string | null;
  email: string | null;
  display_name: string | null;
}

/** A row that was read: to be taken over, refused, or passed over because its status says so. */
export type ReadRow =
  { row: PersonRow } | { refused: RefusedRow & { row: PersonRow } } | { passed: PersonRow };

/** Fields whose values a spreadsheet takes for numbers. */
const NUMBERS: ReadonlySet<PeopleFieldName> = new Set([
  'external_id',
  'phone',
  'department_id',
  'localpart',
  'manager',
]);
/** Fields that are compared and not read as text. */
const FOLDED: ReadonlySet<PeopleFieldName> = new Set([
  'external_id',
  'email',
  'localpart',
  'phone',
  'department_id',
  'manager',
  'locale',
  'is_head',
]);
/** Fields without which a row is nobody. */
const IDENTITY: ReadonlySet<PeopleFieldName> = new Set(['external_id', 'email', 'localpart', 'display_name']);

/** Turns rows as found into rows that can be taken over, and says of every other what is wrong with it. */
export function createRowReader(mapping: ImportMapping, problems: Problems, orders: DateOrders = {}) {
  const mapped = (field: PeopleFieldName): boolean => mapping.columns[field] !== undefined;
  const meaningOf = statusOf(mapping);
  const departmentMax =
    mapping.department_separator === undefined && mapping.department_list === undefined
      ? LIMITS.department
      : MAX_PATH;

  return function readRow(source: SourceRow): ReadRow {
    const state = { bad: false };
    const columnOf = (field: PeopleFieldName): string | null =>
      source.at === null
        ? (mapping.columns[field] ?? null)
        : `${source.at}.${mapping.columns[field] ?? field}`;
    const problem = (
      code: ProblemCode,
      field: PeopleFieldName,
      params: Record<string, string | number> = {},
    ): void => {
      problems.add(code, { line: source.line, column: columnOf(field) }, params);
    };
    const fail = (
      code: ProblemCode,
      field: PeopleFieldName,
      params: Record<string, string | number> = {},
    ): void => {
      state.bad = true;
      problem(code, field, params);
    };
    /** Undefined where the source has no such column or no value that can be taken, null where it is empty. */
    const text = (field: PeopleFieldName, max: number = LIMITS[field]): string | null | undefined => {
      const found = source.values[field];
      if (found === undefined) return mapped(field) ? null : undefined;
      const number = NUMBERS.has(field);
      // Most values need no look at every character.
      if (found.length <= max && PLAIN.test(found) && !spoiledBySheet(found, number)) return found;
      const raw = FOLDED.has(field) ? foldWidth(found) : found;
      if (raw.includes('\ufffd')) {
        fail('undecodable', field, { value: raw });
        return null;
      }
      const trimmed = raw.trim();
      if (spoiledBySheet(trimmed, number)) {
        if (IDENTITY.has(field)) {
          fail('sheet_id', field, { value: trimmed });
          return null;
        }
        problem('sheet_value', field, { value: trimmed });
        return undefined;
      }
      const inspected = inspectName(raw, max);
      if (inspected.name === '') return null;
      if (inspected.tooLong) {
        fail('too_long', field, { max, value: inspected.name });
        return null;
      }
      if (inspected.changed) problem('characters_removed', field, { value: inspected.name });
      return inspected.name;
    };
    /** Line breaks inside a cell divide departments. */
    const departments = (): string | null | undefined => {
      const raw = source.values.department;
      if (raw === undefined || !/[\r\n]/.test(raw.trim())) return text('department', departmentMax);
      const lines = raw
        .split(/[\r\n]+/)
        .map((line) => inspectName(line, departmentMax).name)
        .filter((line) => line !== '');
      source.values.department = lines.join(' ');
      const whole = text('department', departmentMax);
      return typeof whole === 'string' && mapping.department_list !== undefined ? lines.join('\n') : whole;
    };
    const date = (field: 'starts_on' | 'ends_on'): string | null | undefined => {
      const value = text(field);
      if (typeof value !== 'string') return value;
      const parsed = parseDate(value, orders[field]);
      if ('date' in parsed) return parsed.date;
      if (parsed.problem === 'date_serial') {
        problem('date_serial', field, { value });
        return undefined;
      }
      fail(parsed.problem, field, { value });
      return null;
    };

    const statusText = text('status');
    const status = statusText === undefined ? 'working' : meaningOf(statusText ?? '');
    // Nothing else of a row that says so counts but who it is.
    if (status === 'left' || status === 'skip') return ended(status);
    if (status === undefined) fail('status_unknown', 'status', { value: statusText ?? '' });

    const external_id = text('external_id') ?? null;
    const given_name = text('given_name');
    const family_name = text('family_name');
    let display_name = text('display_name') ?? null;
    if (display_name === null && (family_name || given_name)) {
      const [family, given] = [family_name ?? '', given_name ?? ''];
      display_name = HAN.test(family + given) ? `${family}${given}` : `${given} ${family}`.trim();
      if (display_name.length > LIMITS.display_name) {
        fail('too_long', 'display_name', { max: LIMITS.display_name, value: display_name });
        display_name = null;
      }
    }
    let email = text('email');
    if (typeof email === 'string' && !MAIL.test(email)) {
      fail('email_not_valid', 'email', { value: email });
      email = null;
    }
    const givenLocalpart = text('localpart') ?? null;
    let localpart: string | null = null;
    let login = source.values.login ?? null;
    if (givenLocalpart !== null) {
      const lower = givenLocalpart.toLowerCase().replace(/^@([^:]*)(?::.*)?$/, '$1');
      if (isPersonLocalpart(lower)) localpart = lower;
      else {
        // `COMPANY\mark` and `mark@company` are usual here and need no word.
        login = givenLocalpart;
        if (!/[\\@]/.test(givenLocalpart)) {
          problem('localpart_changed', 'localpart', {
            value: givenLocalpart,
            localpart: mapToLocalpart(givenLocalpart),
          });
        }
      }
    }
    // What is there and was refused is told already.
    const empty = (field: PeopleFieldName): boolean => (source.values[field] ?? '').trim() === '';
    if (display_name === null && (!state.bad || (empty('display_name') && empty('family_name')))) {
      fail('missing', mapped('display_name') || !mapped('family_name') ? 'display_name' : 'family_name');
    }
    const nobody = external_id === null && !email && givenLocalpart === null;
    if (nobody && (!state.bad || (empty('external_id') && empty('email') && empty('localpart')))) {
      fail('missing', mapped('external_id') ? 'external_id' : mapped('email') ? 'email' : 'localpart');
    }

    let locale: PersonRow['locale'];
    const language = text('locale');
    if (language === null) locale = null;
    else if (language !== undefined) {
      if (/^(zh|中文|汉语|简体|chinese)/i.test(language)) locale = 'zh-Hans';
      else if (/^(en|英)/i.test(language)) locale = 'en';
      else problem('locale_unknown', 'locale', { value: language });
    }
    let is_head: boolean | undefined;
    const head = text('is_head', 100);
    if (head === null) is_head = false;
    else if (head !== undefined) {
      if (YES.has(head.toLowerCase())) is_head = true;
      else if (NO.has(head.toLowerCase())) is_head = false;
      else problem('head_not_understood', 'is_head', { value: head });
    }
    const row: PersonRow = {
      line: source.line,
      at: source.at,
      external_id,
      display_name: display_name ?? '',
      given_name,
      family_name,
      email,
      phone: text('phone'),
      title: text('title'),
      locale,
      starts_on: date('starts_on'),
      ends_on: date('ends_on'),
      localpart,
      login,
      department: departments(),
      department_id: text('department_id') ?? null,
      department_parent: text('department_parent') ?? null,
      department_since: source.values.department_since ?? null,
      is_head,
      manager: text('manager'),
      manager_path: text('manager_path'),
      left: false,
    };
    return state.bad ? { refused: refusedRow(row) } : { row };

    function ended(said: 'left' | 'skip'): ReadRow {
      const id = text('external_id') ?? null;
      const address = text('email');
      const name =
        (text('display_name') ?? `${text('family_name') ?? ''}${text('given_name') ?? ''}`) || null;
      const account = text('localpart')?.toLowerCase() ?? null;
      const valid = typeof address === 'string' && MAIL.test(address) ? address : null;
      if (!state.bad && id === null && valid === null && account === null && said === 'left') {
        fail('missing', mapped('external_id') ? 'external_id' : 'email');
      }
      const row: PersonRow = {
        ...NOTHING,
        line: source.line,
        at: source.at,
        external_id: id,
        display_name: name ?? '',
        email: valid ?? undefined,
        localpart: account !== null && isPersonLocalpart(account) ? account : null,
        left: said === 'left',
      };
      if (said === 'skip') {
        problems.add(
          'row_skipped',
          { line: source.line, column: columnOf('status') },
          { name: name ?? id ?? valid ?? account ?? '', value: text('status') ?? '' },
        );
        return { passed: row };
      }
      return state.bad ? { refused: refusedRow(row) } : { row };
    }
  };
}

const refusedRow = (row: PersonRow): RefusedRow & { row: PersonRow } => ({
  row,
  external_id: row.external_id,
  email: row.email ?? null,
  display_name: row.display_name === '' ? null : row.display_name,
});

/** A row that says nothing. */
const NOTHING: PersonRow = {
  line: null,
  at: null,
  external_id: null,
  display_name: '',
  given_name: undefined,
  family_name: undefined,
  email: undefined,
  phone: undefined,
  title: undefined,
  locale: undefined,
  starts_on: undefined,
  ends_on: undefined,
  localpart: null,
  login: null,
  department: undefined,
  department_id: null,
  department_parent: null,
  department_since: null,
  is_head: undefined,
  manager: undefined,
  manager_path: undefined,
  left: false,
};
