import { ScimError } from './errors.ts';
import type { Json } from './filter.ts';
import { unknownOf } from './unknown.ts';
import { MAX_RESULTS, resolve, type Attribute, type ResourceKind, type Target } from './schemas.ts';

const DEFAULT_COUNT = 100;
/** Nobody has more; PostgreSQL counts no further than a bigint. */
const MAX_INDEX = 2 ** 31 - 1;

/** A list request, of the query or of a `.search` body (RFC 7644, sections 3.4.2 and 3.4.3). */
export interface ListQuery {
  filter: string | undefined;
  sortBy: string | undefined;
  descending: boolean;
  /** From 1. */
  startIndex: number;
  count: number;
  attributes: string[];
  excludedAttributes: string[];
}

function texts(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list
    .flatMap((one) => (typeof one === 'string' ? one.split(',') : []))
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .slice(0, 100);
}

function integer(value: unknown, fallback: number, name: string): number {
  if (value === undefined || value === null || value === '') return fallback;
  const number = Number(value);
  if (!Number.isInteger(number)) throw new ScimError(400, `${name} is a whole number`, 'invalidValue');
  return number;
}

/** @throws ScimError 400 `invalidValue` */
export function parseQuery(raw: Json): ListQuery {
  const one = (name: string): unknown => raw[name] ?? raw[name.toLowerCase()];
  const text = (name: string): string | undefined => {
    const value = one(name);
    return typeof value === 'string' && value.trim() !== '' ? value : undefined;
  };
  return {
    filter: text('filter'),
    sortBy: text('sortBy'),
    descending: text('sortOrder')?.toLowerCase() === 'descending',
    startIndex: Math.min(MAX_INDEX, Math.max(1, integer(one('startIndex'), 1, 'startIndex'))),
    count: Math.min(MAX_RESULTS, Math.max(0, integer(one('count'), DEFAULT_COUNT, 'count'))),
    attributes: texts(one('attributes')),
    excludedAttributes: texts(one('excludedAttributes')),
  };
}

function sortValue(resource: Json, target: Target, by: Attribute): string | undefined {
  const { attribute, sub, extension } = target;
  if (!attribute) return undefined;
  const holder = extension === undefined ? resource : (resource[extension] as Json | undefined);
  const raw = holder?.[attribute.name];
  const list = (Array.isArray(raw) ? raw : raw === undefined ? [] : [raw]) as unknown[];
  // Of a list the primary value, else the first (RFC 7644, section 3.4.2.3).
  const chosen =
    list.find((one) => typeof one === 'object' && one !== null && (one as Json)['primary'] === true) ??
    list[0];
  const value =
    typeof chosen === 'object' && chosen !== null ? (chosen as Json)[sub?.name ?? 'value'] : chosen;
  if (typeof value !== 'string' && typeof value !== 'boolean') return undefined;
  return by.caseExact ? String(value) : String(value).toLowerCase();
}

/** Sorts by an attribute; resources without it come last, first when descending. @throws ScimError 400 */
export function sortResources(
  kind: ResourceKind,
  resources: readonly Json[],
  sortBy: string,
  descending: boolean,
): Json[] {
  const target = resolve(kind, sortBy);
  const attribute = target?.sub ?? target?.attribute;
  if (!target || !attribute) throw new ScimError(400, `Unknown attribute ${sortBy}`, 'invalidPath');
  const keyed = resources.map((resource) => ({ resource, key: sortValue(resource, target, attribute) }));
  const compare = (a: string | undefined, b: string | undefined): number => {
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    return a < b ? -1 : a > b ? 1 : 0;
  };
  keyed.sort((a, b) => (descending ? -compare(a.key, b.key) : compare(a.key, b.key)));
  return keyed.map(({ resource }) => resource);
}

/** `attributes` and `excludedAttributes` (RFC 7644, section 3.9); unknown names are passed over. */
export function project(
  kind: ResourceKind,
  resource: Json,
  query: Pick<ListQuery, 'attributes' | 'excludedAttributes'>,
): Json {
  const wanted = query.attributes.flatMap((path) => resolve(kind, path) ?? []);
  const unwanted = query.excludedAttributes.flatMap((path) => resolve(kind, path) ?? []);
  if (query.attributes.length === 0 && query.excludedAttributes.length === 0) return resource;
  const result = structuredClone(resource);
  const always = (attribute: Attribute): boolean => attribute.returned === 'always';
  const prune = (holder: Json, attributes: readonly Attribute[], extension: string | undefined): void => {
    for (const attribute of attributes) {
      if (always(attribute) || holder[attribute.name] === undefined) continue;
      const same = (target: Target): boolean =>
        target.extension === extension &&
        (target.attribute === undefined || target.attribute.name === attribute.name);
      if (query.attributes.length > 0) {
        const fits = wanted.filter(same);
        if (fits.length === 0) Reflect.deleteProperty(holder, attribute.name);
        else if (fits.every((target) => target.sub)) {
          const subs = new Set(fits.map((target) => target.sub?.name ?? ''));
          holder[attribute.name] = pick(holder[attribute.name], (name) => subs.has(name));
        }
      } else {
        const fits = unwanted.filter(same);
        if (fits.some((target) => !target.sub)) Reflect.deleteProperty(holder, attribute.name);
        else if (fits.length > 0) {
          const subs = new Set(fits.map((target) => target.sub?.name ?? ''));
          holder[attribute.name] = pick(holder[attribute.name], (name) => !subs.has(name));
        }
      }
    }
  };
  prune(result, kind.attributes, undefined);
  // Attributes of no schema are there unless others are asked for, or they are not wanted by their own name.
  const named = (list: readonly string[], key: string): boolean =>
    list.some((path) => path.toLowerCase() === key.toLowerCase());
  for (const key of Object.keys(unknownOf(kind, result))) {
    if (kind.extensions.some(({ schema }) => schema === key)) continue;
    const wants = query.attributes.length === 0 || named(query.attributes, key);
    if (!wants || named(query.excludedAttributes, key)) Reflect.deleteProperty(result, key);
  }
  for (const { schema, attributes } of kind.extensions) {
    const part = result[schema] as Json | undefined;
    if (!part) continue;
    prune(part, attributes, schema);
    if (Object.keys(part).length === 0) Reflect.deleteProperty(result, schema);
  }
  return result;
}

function pick(value: unknown, keep: (name: string) => boolean): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => pick(one, keep));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => keep(name)));
}
