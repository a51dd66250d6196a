import { ScimError } from './errors.ts';
import { isObject, type Json } from './filter.ts';
import type { ResourceKind } from './schemas.ts';

/*
 * Attributes no schema served here knows are kept as they came and shown back, within limits: a client that compares
 * what it reads with what it wrote finds it again (docs/operate/scim.md).
 */

/** All unknown attributes of a user, as JSON, and one name: characters. */
const MAX_KEPT = 16_000;
const MAX_NAME = 200;
const MAX_DEPTH = 8;
/** What an object of ours must not be asked to hold, and what the server says itself in any place. */
const NEVER = new Set(['__proto__', 'constructor', 'prototype', 'schemas', 'id', 'meta']);

const tooLarge = (): ScimError => new ScimError(400, 'too large to be kept', 'invalidValue');
const clean = (text: string): string => text.toWellFormed().replaceAll('\u0000', '');

/** Whether the name is one to keep a value under; those that are not are passed over. */
export const isKeepable = (name: string): boolean =>
  name.length > 0 && name.length <= MAX_NAME && !NEVER.has(name.toLowerCase());

/** A value of an unknown attribute as PostgreSQL can keep it. @throws ScimError 400 `invalidValue` */
export function keepable(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw tooLarge();
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map((one: unknown) => keepable(one, depth + 1));
  if (!isObject(value)) return value ?? undefined;
  const kept: Json = {};
  for (const [key, part] of Object.entries(value)) {
    const one = isKeepable(key) ? keepable(part, depth + 1) : undefined;
    if (one !== undefined) kept[clean(key)] = one;
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
}

const knownIn = (kind: ResourceKind, schema: string | undefined): ReadonlySet<string> => {
  const attributes =
    schema === undefined
      ? kind.attributes
      : (kind.extensions.find((one) => one.schema === schema)?.attributes ?? []);
  return new Set(attributes.map((one) => one.name));
};

/** The attributes of a resource that no schema knows. */
export function unknownOf(kind: ResourceKind, resource: Json): Json {
  const extensions = new Set(kind.extensions.map((one) => one.schema));
  const core = knownIn(kind, undefined);
  const unknown: Json = {};
  for (const [key, value] of Object.entries(resource)) {
    if (!extensions.has(key)) {
      if (!core.has(key)) unknown[key] = value;
      continue;
    }
    const known = knownIn(kind, key);
    const rest = Object.entries(isObject(value) ? value : {}).filter(([name]) => !known.has(name));
    if (rest.length > 0) unknown[key] = Object.fromEntries(rest);
  }
  return unknown;
}

/** @throws ScimError 400 `invalidValue` where a user has more unknown attributes than are kept */
export function requireKeepable(kind: ResourceKind, resource: Json): void {
  if (JSON.stringify(unknownOf(kind, resource)).length > MAX_KEPT) throw tooLarge();
}

/** Where a path of no known schema leads: `attr`, `attr.sub`, `urn:…:attr`, `urn:…:attr.sub`, `urn:…:User`. */
export interface UnknownPath {
  extension: string | undefined;
  /** Undefined: the whole extension. */
  name: string | undefined;
  sub: string | undefined;
}

/** Undefined for what names no place: a filter, a part of a known attribute that has no such part. */
export function unknownPath(kind: ResourceKind, path: string): UnknownPath | undefined {
  if (/[[\]\s]/.test(path) || path.length > 2 * MAX_NAME) return undefined;
  let extension: string | undefined;
  let rest = path;
  if (/^urn:/i.test(path)) {
    // An extension's name ends with the kind's; else with what stands before the last colon.
    const whole = new RegExp(`^(.*:${kind.name})(?::(.*))?$`, 'i').exec(path);
    extension = whole?.[1] ?? path.slice(0, path.lastIndexOf(':'));
    rest = whole ? (whole[2] ?? '') : path.slice(path.lastIndexOf(':') + 1);
    const served = kind.extensions.find((one) => one.schema.toLowerCase() === extension?.toLowerCase());
    if (served) extension = served.schema;
    if (extension.toLowerCase() === kind.schema.toLowerCase()) extension = undefined;
    if (extension !== undefined && extension.length > MAX_NAME) return undefined;
    if (rest === '') {
      return extension === undefined ? undefined : { extension, name: undefined, sub: undefined };
    }
  }
  const [name = '', sub, ...more] = rest.split('.');
  if (more.length > 0 || !isKeepable(name) || (sub !== undefined && !isKeepable(sub))) return undefined;
  const lower = name.toLowerCase();
  for (const known of knownIn(kind, extension)) if (known.toLowerCase() === lower) return undefined;
  return { extension, name, sub };
}

/** Puts a value under an unknown path, or takes it away; the rest of the resource stays as it is. */
export function putUnknown(
  kind: ResourceKind,
  resource: Json,
  path: UnknownPath,
  op: 'add' | 'replace' | 'remove',
  value: unknown,
): void {
  const { extension, name, sub } = path;
  const next = structuredClone(resource);
  const kept = op === 'remove' ? undefined : keepable(value);
  const place = (holder: Json, key: string): void => {
    const present = holder[key];
    if (kept === undefined) Reflect.deleteProperty(holder, key);
    else if (op === 'add' && Array.isArray(present))
      holder[key] = [...(present as unknown[]), ...[kept].flat()];
    else if (isObject(present) && isObject(kept)) holder[key] = { ...present, ...kept };
    else holder[key] = kept;
  };
  const within = (holder: Json, key: string, work: (inner: Json) => void): void => {
    const inner: Json = isObject(holder[key]) ? holder[key] : {};
    work(inner);
    if (Object.keys(inner).length === 0) Reflect.deleteProperty(holder, key);
    else holder[key] = inner;
  };
  const inside = (holder: Json): void => {
    if (name === undefined) return;
    if (sub === undefined) place(holder, name);
    else
      within(holder, name, (inner) => {
        place(inner, sub);
      });
  };
  if (extension === undefined) inside(next);
  else if (name === undefined) place(next, extension);
  else within(next, extension, inside);
  requireKeepable(kind, next);
  for (const key of Object.keys(resource)) if (!(key in next)) Reflect.deleteProperty(resource, key);
  Object.assign(resource, next);
}
