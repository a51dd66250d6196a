import { ScimError } from './errors.ts';
import { isObject, type Json } from './filter.ts';
import { resolve, type Attribute, type ResourceKind } from './schemas.ts';
import { isKeepable, keepable, putUnknown, requireKeepable, unknownOf, unknownPath } from './unknown.ts';
import { letsGo, readBoolean, schemasExpected, telling, type Tell } from './untaken.ts';

/** Longest text kept, in characters, and longest list: far above what people are described by. */
const MAX_TEXT = 2000;
const MAX_VALUES = 100;
/** Members of a group in one request. */
const MAX_MEMBERS = 20_000;

const invalid = (detail: string): ScimError => new ScimError(400, detail, 'invalidValue');

function simple(attribute: Attribute, sent: unknown): unknown {
  // Some clients wrap a simple value like one of a list.
  const value = isObject(sent) && 'value' in sent ? sent['value'] : sent;
  if (attribute.type === 'boolean') {
    const read = readBoolean(value);
    if (read !== undefined) return read;
    throw invalid(`${attribute.name} is true or false`);
  }
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value !== 'string') throw invalid(`${attribute.name} is a text`);
  const text = value.toWellFormed().replaceAll('\u0000', '');
  if (text.length > MAX_TEXT) throw invalid(`${attribute.name} has at most ${MAX_TEXT} characters`);
  return text;
}

function element(attribute: Attribute, value: unknown): unknown {
  if (attribute.type !== 'complex') return simple(attribute, value);
  if (!isObject(value)) {
    // `manager: "id"` (Entra ID), `members: ["id"]`.
    if (attribute.subAttributes?.some((one) => one.name === 'value') && typeof value === 'string') {
      return value === '' ? undefined : { value };
    }
    throw invalid(`${attribute.name} has named parts`);
  }
  const result: Json = {};
  for (const [key, raw] of Object.entries(value)) {
    const sub = attribute.subAttributes?.find((one) => one.name.toLowerCase() === key.toLowerCase());
    if (!sub || raw === null || raw === undefined) continue;
    result[sub.name] = simple(sub, raw);
  }
  return Object.keys(result).length === 0 ? undefined : result;
}

/** One attribute's value as it is kept: typed, names in their right case; undefined for an empty one. */
export function canonicalValue(attribute: Attribute, raw: unknown): unknown {
  if (raw === null || raw === undefined) return undefined;
  if (!attribute.multiValued) {
    if (Array.isArray(raw)) {
      if (raw.length > 1) throw invalid(`${attribute.name} has one value`);
      return raw.length === 0 ? undefined : element(attribute, raw[0]);
    }
    return element(attribute, raw);
  }
  const list: unknown[] = Array.isArray(raw) ? raw : [raw];
  const limit = attribute.name === 'members' ? MAX_MEMBERS : MAX_VALUES;
  if (list.length > limit) throw invalid(`${attribute.name} has at most ${limit} values`);
  const values = list.flatMap((one) => element(attribute, one) ?? []);
  return values.length === 0 ? undefined : onePrimary(unique(values));
}

/** Values once each: equal in all parts, or members of one id. */
export function unique(values: readonly unknown[]): unknown[] {
  const seen = new Map<string, unknown>();
  for (const value of values) {
    const key = isObject(value)
      ? JSON.stringify([value['value'] ?? value, value['type'] ?? ''])
      : JSON.stringify(value);
    seen.set(key, value);
  }
  return [...seen.values()];
}

/** At most one value is the primary one (RFC 7643, section 2.4); the last wins. */
export function onePrimary(values: unknown[]): unknown[] {
  const last = values.findLastIndex((value) => isObject(value) && value['primary'] === true);
  return values.map((value, at) =>
    isObject(value) && value['primary'] === true && at !== last ? { ...value, primary: false } : value,
  );
}

const SERVER_OWNED = new Set(['schemas', 'id', 'meta', 'groups']);

/**
 * A resource as a client sent it, in the shape it is kept: known attributes typed and in their right case, unknown
 * ones as they came, what the server decides left out. With `tell`, what cannot be taken is told and left out, too.
 * @throws ScimError 400 `invalidSyntax`, `invalidValue`
 */
export function canonicalResource(kind: ResourceKind, raw: unknown, tell?: Tell): Json {
  if (!isObject(raw)) throw new ScimError(400, 'The body is an object', 'invalidSyntax');
  const schemas = raw['schemas'];
  if (
    !Array.isArray(schemas) ||
    !schemas.some((one) => typeof one === 'string' && one.toLowerCase() === kind.schema.toLowerCase())
  ) {
    const said = schemasExpected(kind.schema);
    if (!tell || !letsGo(raw)) throw new ScimError(400, said, 'invalidSyntax');
    tell('schemas', 'not_readable', said);
  }
  const result: Json = {};
  const fill = (holder: Json, attributes: readonly Attribute[], from: Json, prefix: string): void => {
    for (const [key, value] of Object.entries(from)) {
      const attribute = attributes.find((one) => one.name.toLowerCase() === key.toLowerCase());
      if (!attribute) {
        if (!tell || !isKeepable(key) || (prefix === '' && /^urn:/i.test(key))) continue;
        const kept = telling(`${prefix}${key}`, tell, () => keepable(value));
        if (kept !== undefined) holder[key] = kept;
        continue;
      }
      if (SERVER_OWNED.has(attribute.name) || attribute.mutability === 'writeOnly') continue;
      const kept = telling(`${prefix}${attribute.name}`, tell, () => canonicalValue(attribute, value));
      if (kept !== undefined) holder[attribute.name] = kept;
    }
  };
  fill(result, kind.attributes, raw, '');
  for (const [key, from] of Object.entries(raw)) if (/^urn:/i.test(key)) named(key, from);
  if (tell) dropTooLarge(kind, result, tell);
  return result;

  /** A name with its schema: an extension, all of the core, one attribute of either, or what no schema knows. */
  function named(key: string, from: unknown): void {
    const schema = key.toLowerCase();
    const served = kind.extensions.find((one) => one.schema.toLowerCase() === schema);
    if (served?.readOnly) return;
    if (served || schema === kind.schema.toLowerCase()) {
      const part: Json = served ? ((result[served.schema] as Json | undefined) ?? {}) : result;
      if (isObject(from)) {
        fill(part, served?.attributes ?? kind.attributes, from, served ? `${served.schema}:` : '');
      } else tell?.(key, 'not_readable', `${key} is an object`);
      if (served && Object.keys(part).length > 0) result[served.schema] = part;
      return;
    }
    const target = resolve(kind, key);
    if (target?.attribute && !target.sub) {
      const extension = target.extension;
      named(extension ?? kind.schema, { [target.attribute.name]: from });
      return;
    }
    const unknown = tell && unknownPath(kind, key);
    if (unknown) {
      telling(key, tell, () => {
        putUnknown(kind, result, unknown, 'replace', from);
      });
    }
  }
}

/** Unknown attributes are kept all, or, where they are more than is kept, none. */
function dropTooLarge(kind: ResourceKind, resource: Json, tell: Tell): void {
  try {
    requireKeepable(kind, resource);
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    for (const [key, value] of Object.entries(unknownOf(kind, resource))) {
      tell(key.slice(0, 200), 'too_long', error.message);
      const holder = resource[key];
      if (!kind.extensions.some((one) => one.schema === key)) Reflect.deleteProperty(resource, key);
      else for (const name of Object.keys(value as Json)) Reflect.deleteProperty(holder as Json, name);
    }
  }
}
