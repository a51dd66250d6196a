import { readFile, stat } from 'node:fs/promises';
import type { ImportMapping } from '../../contract/api.ts';

import { PEOPLE_FIELDS } from '../../contract/api.ts';
import type { Problems } from './problems.ts';
import type { SourceDepartment, SourceRow } from './rows.ts';
import { UnreadableFile } from './unreadable.ts';

/** Largest JSON file, in bytes: it is held in memory as a whole. */
export const MAX_JSON_BYTES = 64 * 1024 * 1024;
const SAMPLES = 3;
const COLUMN_ROWS = 200;

type JsonObject = Record<string, unknown>;
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface JsonFile {
  people: unknown[];
  departments: unknown[];
}

/** A list of people, or `{ departments, people }`. @throws UnreadableFile */
export async function openJson(path: string): Promise<JsonFile> {
  const { size } = await stat(path);
  if (size > MAX_JSON_BYTES)
    throw new UnreadableFile('json_too_large', { max: MAX_JSON_BYTES / 1024 / 1024 });
  const text = (await readFile(path, 'utf8')).replace(/^\ufeff/, '');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const line = /line (\d+)/.exec(message)?.[1];
    if (line !== undefined) throw new UnreadableFile('not_json_at', { line: Number(line) });
    const position = /position (\d+)/.exec(message)?.[1];
    if (position === undefined) throw new UnreadableFile('not_json');
    throw new UnreadableFile('not_json_at', { line: text.slice(0, Number(position)).split('\n').length });
  }
  if (Array.isArray(value)) return { people: value, departments: [] };
  if (!isObject(value) || !Array.isArray(value['people'])) throw new UnreadableFile('json_shape');
  const departments = value['departments'];
  if (departments !== undefined && !Array.isArray(departments)) throw new UnreadableFile('json_shape');
  return { people: value['people'], departments: departments ?? [] };
}

const asText = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return undefined;
};

/** Nested values by dotted names: `{ name: { family: 'Li' } }` is `name.family`. */
function flatten(object: JsonObject, prefix = '', into: Record<string, string> = {}): Record<string, string> {
  for (const [key, value] of Object.entries(object)) {
    const name = `${prefix}${key}`;
    if (isObject(value) && prefix.split('.').length < 4) flatten(value, `${name}.`, into);
    else {
      const text = value === null ? '' : asText(value);
      if (text !== undefined) into[name] = text;
    }
  }
  return into;
}

/** The keys people have, with sample values. */
export function jsonColumns(file: JsonFile): { name: string; samples: string[] }[] {
  const columns = new Map<string, string[]>();
  for (const person of file.people.slice(0, COLUMN_ROWS)) {
    if (!isObject(person)) continue;
    for (const [name, value] of Object.entries(flatten(person))) {
      const samples = columns.get(name) ?? [];
      columns.set(name, samples);
      if (value !== '' && samples.length < SAMPLES && !samples.includes(value))
        samples.push(value.slice(0, 100));
    }
  }
  return [...columns].slice(0, 1000).map(([name, samples]) => ({ name: name.slice(0, 250), samples }));
}

export function* jsonRows(file: JsonFile, mapping: ImportMapping, problems: Problems): Generator<SourceRow> {
  for (const [n, person] of file.people.entries()) {
    const at = `people[${n}]`;
    if (!isObject(person)) {
      problems.add('not_an_object', { column: at });
      continue;
    }
    const flat = flatten(person);
    const values: SourceRow['values'] = {};
    for (const field of PEOPLE_FIELDS) {
      const column: string | undefined = mapping.columns[field];
      const value = column === undefined ? undefined : flat[column];
      if (value !== undefined) values[field] = value;
    }
    const since = flat['department_since'];
    if (since !== undefined) values.department_since = since;
    yield { line: null, at, values };
  }
}

/** Departments of `{ departments }`: `id`, `name`, `parent`, `head` or `heads`, `hidden`, `include_sub`. */
export function jsonDepartments(file: JsonFile, problems: Problems): SourceDepartment[] {
  const found: SourceDepartment[] = [];
  for (const [n, department] of file.departments.entries()) {
    const at = `departments[${n}]`;
    if (!isObject(department)) {
      problems.add('not_an_object', { column: at });
      continue;
    }
    const first = (...keys: string[]): string | null => {
      for (const key of keys) {
        const text = asText(department[key]);
        if (text !== undefined && text.trim() !== '') return text.trim();
      }
      return null;
    };
    const heads = Array.isArray(department['heads'])
      ? department['heads'].flatMap((head) => asText(head) ?? [])
      : [first('head', 'manager') ?? []].flat();
    const flag = (key: string): boolean | undefined =>
      typeof department[key] === 'boolean' ? department[key] : undefined;
    found.push({
      line: null,
      at,
      id: first('id', 'external_id', 'code'),
      name: first('name') ?? '',
      parent: first('parent', 'parent_id', 'department_parent'),
      heads,
      hidden: flag('hidden'),
      include_sub: flag('include_sub'),
    });
  }
  return found;
}
