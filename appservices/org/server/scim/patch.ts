import { ScimError } from './errors.ts';
import { type Filter, isObject, type Json, matches, parseFilter } from './filter.ts';
import { PATCH_OP, resolve, type Attribute, type ResourceKind, type Target } from './schemas.ts';
import { putUnknown, unknownPath } from './unknown.ts';
import { letsGo, schemasExpected, telling, type Tell } from './untaken.ts';
import { canonicalValue, onePrimary, unique } from './values.ts';

const MAX_OPERATIONS = 1000;

interface Operation {
  op: 'add' | 'replace' | 'remove';
  path: string | undefined;
  value: unknown;
}

interface Path {
  target: Target;
  /** Which elements of a list. */
  filter: Filter | undefined;
  /** Part of those elements. */
  sub: Attribute | undefined;
}

const invalidPath = (path: string): ScimError =>
  new ScimError(400, `Not a known path: ${path}`, 'invalidPath');

function operations(body: unknown, tell: Tell | undefined): Operation[] {
  const syntax = (detail: string): ScimError => new ScimError(400, detail, 'invalidSyntax');
  if (!isObject(body)) throw syntax('The body is an object');
  const { schemas } = body;
  if (!Array.isArray(schemas) || !schemas.includes(PATCH_OP)) {
    if (!tell || !letsGo(body)) throw syntax(schemasExpected());
    tell('schemas', 'not_readable', schemasExpected());
  }
  // Entra ID and Okta write `Operations` as the RFC does; some clients do not.
  const raw = body['Operations'] ?? body['operations'];
  if (!Array.isArray(raw) || raw.length === 0) throw syntax('Operations is a list');
  if (raw.length > MAX_OPERATIONS) throw syntax(`At most ${MAX_OPERATIONS} operations`);
  return raw.flatMap((one: unknown) => telling(pathOf(one), tell, () => operation(one)) ?? []);

  function operation(one: unknown): Operation {
    if (!isObject(one)) throw syntax('An operation is an object');
    const op = typeof one['op'] === 'string' ? one['op'].toLowerCase() : '';
    if (op !== 'add' && op !== 'replace' && op !== 'remove') throw syntax('op is add, replace or remove');
    const { path } = one;
    if (path !== undefined && path !== null && typeof path !== 'string') throw syntax('path is a text');
    return { op, path: path === null || path === '' ? undefined : path, value: one['value'] };
  }
}

/** How an operation that cannot be read is called. */
function pathOf(operation: unknown): string {
  const path = isObject(operation) ? operation['path'] : undefined;
  return typeof path === 'string' && path !== '' ? path.slice(0, 200) : 'Operations';
}

/** `attr`, `attr.sub`, `attr[filter]`, `attr[filter].sub`, each with or without a schema's URN before it. */
function parsePath(kind: ResourceKind, text: string): Path {
  const open = text.indexOf('[');
  if (open === -1) {
    const target = resolve(kind, text);
    if (!target) throw invalidPath(text);
    return { target, filter: undefined, sub: undefined };
  }
  const close = text.lastIndexOf(']');
  const target = resolve(kind, text.slice(0, open));
  if (close < open || !target?.attribute?.multiValued || target.sub) throw invalidPath(text);
  const parsed = parseFilter(text.slice(0, close + 1), kind);
  if (parsed.op !== 'has') throw invalidPath(text);
  const rest = text.slice(close + 1);
  if (rest === '') return { target, filter: parsed.part, sub: undefined };
  const sub = target.attribute.subAttributes?.find(
    (one) => `.${one.name}`.toLowerCase() === rest.toLowerCase(),
  );
  if (!sub) throw invalidPath(text);
  return { target, filter: parsed.part, sub };
}

function refuseReadOnly(...attributes: (Attribute | undefined)[]): void {
  const fixed = attributes.find((one) => one?.mutability === 'readOnly');
  if (fixed) throw new ScimError(400, `${fixed.name} cannot be changed`, 'mutability');
}

/** What a new element has to be so that the filter fits it: the equal comparisons that all hold. */
function implied(filter: Filter): Json | undefined {
  if (filter.op === 'and') {
    const parts = filter.parts.map(implied);
    return parts.includes(undefined) ? undefined : (Object.assign({}, ...parts) as Json);
  }
  if (filter.op !== 'eq' || filter.value === null || !filter.target.attribute) return undefined;
  return { [filter.target.attribute.name]: filter.value };
}

const listOf = (holder: Json, attribute: Attribute): unknown[] => {
  const present = holder[attribute.name];
  return present === undefined ? [] : Array.isArray(present) ? (present as unknown[]) : [present];
};

function put(holder: Json, name: string, value: unknown): void {
  const empty = value === undefined || (Array.isArray(value) && value.length === 0);
  if (empty) Reflect.deleteProperty(holder, name);
  else holder[name] = value;
}

/** Names the server answers for, sent back as they were read: nothing to do, in an extension's value as well. */
const isServers = (name: string): boolean => /^(?:schemas|id|meta)$/i.test(name);

/** Takes what can be taken of a PATCH: each attribute stands for itself. */
export interface Lenient {
  readonly tell: Tell;
  /** Of each path that was taken. */
  readonly taken: (path: string) => void;
}

/**
 * Applies a PATCH body (RFC 7644, section 3.5.2) to a resource in its kept form and answers the new one. Takes what
 * Entra ID and Okta send beside the RFC: any case of `op`, booleans as texts, dotted and filtered names in a value
 * without path, `remove` of members with the members in `value`, `add` and `replace` of an element that is not
 * there yet. With `lenient` an attribute that cannot be taken is told, and the others are taken all the same.
 * @throws ScimError 400 `invalidSyntax`, `invalidPath`, `invalidFilter`, `invalidValue`, `noTarget`, `mutability`
 */
export function applyPatch(kind: ResourceKind, before: Json, body: unknown, lenient?: Lenient): Json {
  const tell = lenient?.tell;
  const resource = structuredClone(before);
  for (const { op, path, value } of operations(body, tell)) {
    telling(path ?? 'Operations', tell, () => {
      if (path !== undefined) {
        take(op, path, value);
        return;
      }
      if (op === 'remove') throw new ScimError(400, 'remove needs a path', 'noTarget');
      if (!isObject(value))
        throw new ScimError(400, 'value is an object where there is no path', 'invalidValue');
      for (const [key, part] of Object.entries(value)) if (!isServers(key)) take(op, key, part);
    });
  }
  return resource;

  /** One attribute; with `lenient` it stands for itself, and one that no schema knows is kept as it came. */
  function take(op: Operation['op'], path: string, value: unknown): void {
    if (!lenient) {
      apply(op, path, value);
      return;
    }
    // What was not taken, sent back as it was read.
    if (
      kind.extensions.some((one) => one.readOnly && path.toLowerCase().startsWith(one.schema.toLowerCase()))
    )
      return;
    const told = path.slice(0, 200);
    telling(told, tell, () => {
      const unknown = resolve(kind, path) ? undefined : unknownPath(kind, path);
      if (unknown) putUnknown(kind, resource, unknown, op, value);
      else apply(op, path, value);
      lenient.taken(told);
    });
  }

  function apply(op: Operation['op'], text: string, value: unknown): void {
    const { target, filter, sub } = parsePath(kind, text);
    const { attribute, extension } = target;
    if (!attribute) {
      wholeExtension(op, extension ?? '', value);
      return;
    }
    refuseReadOnly(attribute, target.sub, sub);
    if (attribute.mutability === 'writeOnly') return;
    const holder: Json =
      extension === undefined ? resource : ((resource[extension] as Json | undefined) ?? {});
    if (filter) elements(op, holder, attribute, filter, sub, value, text);
    else if (target.sub) subAttribute(op, holder, attribute, target.sub, value);
    else whole(op, holder, attribute, value);
    if (extension !== undefined) {
      if (Object.keys(holder).length === 0) Reflect.deleteProperty(resource, extension);
      else resource[extension] = holder;
    }
  }

  function wholeExtension(op: Operation['op'], extension: string, value: unknown): void {
    if (op === 'remove') {
      Reflect.deleteProperty(resource, extension);
      return;
    }
    if (!isObject(value)) throw new ScimError(400, 'value is an object', 'invalidValue');
    for (const [key, part] of Object.entries(value)) {
      if (!isServers(key)) take(op, `${extension}:${key}`, part);
    }
  }

  function whole(op: Operation['op'], holder: Json, attribute: Attribute, value: unknown): void {
    if (op === 'remove') {
      // Entra ID: the members to take out stand in `value`.
      const named = value === undefined || value === null ? undefined : canonicalValue(attribute, value);
      if (attribute.multiValued && Array.isArray(named)) {
        const gone = new Set(named.map((one: unknown) => (isObject(one) ? one['value'] : one)));
        put(
          holder,
          attribute.name,
          listOf(holder, attribute).filter((one) => !gone.has(isObject(one) ? one['value'] : one)),
        );
      } else put(holder, attribute.name, undefined);
      return;
    }
    const next = canonicalValue(attribute, value);
    if (attribute.multiValued && op === 'add') {
      const added = (next as unknown[] | undefined) ?? [];
      put(holder, attribute.name, onePrimary(unique([...listOf(holder, attribute), ...added])));
    } else if (attribute.type === 'complex' && !attribute.multiValued && isObject(next)) {
      holder[attribute.name] = { ...(holder[attribute.name] as Json | undefined), ...next };
    } else put(holder, attribute.name, next);
  }

  function subAttribute(
    op: Operation['op'],
    holder: Json,
    attribute: Attribute,
    sub: Attribute,
    value: unknown,
  ): void {
    const next = op === 'remove' ? undefined : canonicalValue(sub, value);
    if (!attribute.multiValued) {
      const present: Json = { ...(holder[attribute.name] as Json | undefined) };
      put(present, sub.name, next);
      put(holder, attribute.name, Object.keys(present).length === 0 ? undefined : present);
      return;
    }
    const list = listOf(holder, attribute).map((one) => {
      const present = { ...(one as Json) };
      put(present, sub.name, next);
      return present;
    });
    if (list.length === 0 && next !== undefined) list.push({ [sub.name]: next });
    put(holder, attribute.name, list);
  }

  function elements(
    op: Operation['op'],
    holder: Json,
    attribute: Attribute,
    filter: Filter,
    sub: Attribute | undefined,
    value: unknown,
    text: string,
  ): void {
    const list = listOf(holder, attribute) as Json[];
    const found = list.filter((one) => matches(filter, one));
    if (op === 'remove') {
      const kept = sub
        ? list.map((one) => (found.includes(one) ? without(one, sub.name) : one))
        : list.filter((one) => !found.includes(one));
      put(
        holder,
        attribute.name,
        kept.filter((one) => Object.keys(one).length > 0),
      );
      return;
    }
    const set: Json | undefined = sub
      ? { [sub.name]: canonicalValue(sub, value) }
      : ((canonicalValue(attribute, value) as Json[] | undefined)?.[0] ?? {});
    if (found.length > 0) {
      const changed = list.map((one) => (found.includes(one) ? { ...one, ...set } : one));
      const last = found.at(-1);
      const at = last === undefined ? -1 : list.indexOf(last);
      put(holder, attribute.name, primaryAt(changed, set['primary'] === true ? at : -1));
      return;
    }
    const base = implied(filter);
    if (!base) throw new ScimError(400, `Nothing fits ${text}`, 'noTarget');
    put(holder, attribute.name, onePrimary([...list, { ...base, ...set }]));
  }
}

function without(one: Json, name: string): Json {
  const { [name]: _gone, ...rest } = one;
  return rest;
}

/** Makes the element at `at` the only primary one; -1 leaves it to the last. */
function primaryAt(list: readonly Json[], at: number): unknown[] {
  if (at === -1) return onePrimary([...list]);
  return list.map((one, index) =>
    index !== at && one['primary'] === true ? { ...one, primary: false } : one,
  );
}
