import type { ImportMapping } from '../../contract/api.ts';
import { inspectName } from '../names.ts';
import type { PeopleFieldName } from './guess-mapping.ts';
import { isPersonLocalpart, mapToLocalpart } from './localpart.ts';
import type { ProblemCode, Problems } from './problems.ts';

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

type DateProblem = Extract<ProblemCode, 'date_not_valid' | 'date_ambiguous'>;

const iso = (year: number, month: number, day: number): string | undefined => {
  const date = new Date(Date.UTC(year, month - 1, day));
  if (year < 1900 || year > 2200 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
    return undefined;
  return date.toISOString().slice(0, 10);
};

/** Day zero of spreadsheets' date numbers. */
const SHEET_EPOCH = Date.UTC(1899, 11, 30);

/**
 * A calendar date in ISO 8601 from the forms found in files: `2024-1-5`, `2024/01/05`, `2024.1.5`, `20240105`,
 * `2024年1月5日`, each with a time behind it, `25/12/2024` where only one reading fits, or a spreadsheet's number.
 */
export function parseDate(text: string): { date: string } | { problem: DateProblem } {
  const value = text.normalize('NFKC').trim();
  const answer = (date: string | undefined): { date: string } | { problem: DateProblem } =>
    date === undefined ? { problem: 'date_not_valid' } : { date };
  const forward =
    /^(\d{4})[-/.年 ](\d{1,2})[-/.月 ](\d{1,2})日?(?:[T ].*)?$/.exec(value) ??
    /^(\d{4})(\d{2})(\d{2})$/.exec(value);
  if (forward) return answer(iso(Number(forward[1]), Number(forward[2]), Number(forward[3])));
  const backward = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[T ].*)?$/.exec(value);
  if (backward) {
    const [first, second, year] = [Number(backward[1]), Number(backward[2]), Number(backward[3])];
    const dayFirst = iso(year, second, first);
    const monthFirst = iso(year, first, second);
    if (dayFirst !== undefined && monthFirst !== undefined && dayFirst !== monthFirst) {
      return { problem: 'date_ambiguous' };
    }
    return answer(dayFirst ?? monthFirst);
  }
  const serial = /^\d{5}(?:\.\d+)?$/.test(value) ? Math.floor(Number(value)) : 0;
  return answer(
    serial >= 10_000 && serial < 80_000
      ? new Date(SHEET_EPOCH + serial * 86_400_000).toISOString().slice(0, 10)
      : undefined,
  );
}

/** Turns rows as found into rows that can be taken over, and says of every other what is wrong with it. */
export function createRowReader(mapping: ImportMapping, problems: Problems) {
  const mapped = (field: PeopleFieldName): boolean => mapping.columns[field] !== undefined;

  return function readRow(
    source: SourceRow,
  ): { row: PersonRow } | { bad: { external_id: string | null; email: string | null } } {
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
    /** Undefined where the source has no such column, null where it is empty. */
    const text = (field: PeopleFieldName, max: number = LIMITS[field]): string | null | undefined => {
      const raw = source.values[field];
      if (raw === undefined) return mapped(field) ? null : undefined;
      if (raw.includes('\ufffd')) {
        fail('undecodable', field, { value: raw });
        return null;
      }
      // Most values need no look at every character.
      if (PLAIN.test(raw) && raw.length <= max) return raw;
      const inspected = inspectName(raw, max);
      if (inspected.name === '') return null;
      if (inspected.tooLong) {
        fail('too_long', field, { max, value: inspected.name });
        return null;
      }
      if (inspected.changed) problem('characters_removed', field, { value: inspected.name });
      return inspected.name;
    };
    const date = (field: 'starts_on' | 'ends_on'): string | null | undefined => {
      const value = text(field);
      if (typeof value !== 'string') return value;
      const parsed = parseDate(value);
      if ('date' in parsed) return parsed.date;
      fail(parsed.problem, field, { value });
      return null;
    };

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
    if (!state.bad && display_name === null) {
      fail('missing', mapped('display_name') || !mapped('family_name') ? 'display_name' : 'family_name');
    }
    if (!state.bad && external_id === null && !email && givenLocalpart === null) {
      fail('missing', mapped('external_id') ? 'external_id' : mapped('email') ? 'email' : 'localpart');
    }

    let locale: PersonRow['locale'];
    const language = text('locale');
    if (language === null) locale = null;
    else if (language !== undefined) {
      if (/^(zh|中文|汉语|简体|chinese)/i.test(language)) locale = 'zh-Hans';
      else if (/^(en|英)/i.test(language)) locale = 'en';
      else {
        locale = null;
        problem('locale_unknown', 'locale', { value: language });
      }
    }
    let is_head: boolean | undefined;
    const head = text('is_head', 100);
    if (head === null) is_head = false;
    else if (head !== undefined) {
      if (YES.has(head.toLowerCase())) is_head = true;
      else {
        is_head = false;
        if (!NO.has(head.toLowerCase())) problem('head_not_understood', 'is_head', { value: head });
      }
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
      department: text(
        'department',
        mapping.department_separator === undefined ? LIMITS.department : MAX_PATH,
      ),
      department_id: text('department_id') ?? null,
      department_parent: text('department_parent') ?? null,
      department_since: source.values.department_since ?? null,
      is_head,
      manager: text('manager'),
      manager_path: text('manager_path'),
    };
    return state.bad ? { bad: { external_id, email: email ?? null } } : { row };
  };
}
