import { ScimError } from './errors.ts';
import { resolve, type Attribute, type ResourceKind, type Target } from './schemas.ts';

export type Json = Record<string, unknown>;

/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export type CompareOp = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'lt' | 'ge' | 'le';
export type FilterValue = string | number | boolean | null;

/** A parsed filter (RFC 7644, figure 1); attribute paths are resolved against the schemas. */
export type Filter =
  | { op: 'and' | 'or'; parts: Filter[] }
  | { op: 'not'; part: Filter }
  | { op: 'pr'; target: Target }
  | { op: CompareOp; target: Target; value: FilterValue }
  | { op: 'has'; target: Target; part: Filter };

/** Longest filter, in characters, and deepest nesting: parsing costs no more than these allow. */
const MAX_LENGTH = 4000;
const MAX_DEPTH = 30;

const COMPARE = new Set<string>(['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'lt', 'ge', 'le']);

const TOKENS =
  /\s*(?:(?<text>"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(?<number>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.:$-]))|(?<word>\.?[A-Za-z$][\w$:.-]*)|(?<mark>[()[\]]))/y;

interface Token {
  kind: 'text' | 'number' | 'word' | 'mark';
  text: string;
}

const invalid = (detail: string): ScimError => new ScimError(400, detail, 'invalidFilter');

function tokenize(text: string): Token[] {
  if (text.length > MAX_LENGTH) throw invalid(`A filter has at most ${MAX_LENGTH} characters`);
  const tokens: Token[] = [];
  const trimmed = text.trimEnd();
  TOKENS.lastIndex = 0;
  while (TOKENS.lastIndex < trimmed.length) {
    const at = TOKENS.lastIndex;
    const groups = TOKENS.exec(trimmed)?.groups;
    if (!groups) throw invalid(`Not understood at character ${at + 1}`);
    const found = (['text', 'number', 'word', 'mark'] as const).find((kind) => groups[kind] !== undefined);
    if (!found) throw invalid(`Not understood at character ${at + 1}`);
    tokens.push({ kind: found, text: groups[found] ?? '' });
  }
  return tokens;
}

/**
 * Parses a filter of the full grammar: comparisons, `pr`, `and`, `or`, `not`, groups and value paths
 * (`emails[type eq "work" and value co "@x"]`, also with `.sub` and a comparison behind it).
 * @throws ScimError 400 `invalidFilter`, also for attributes the schemas do not have.
 */
export function parseFilter(text: string, kind: ResourceKind): Filter {
  const tokens = tokenize(text);
  let at = 0;
  const peek = (): Token | undefined => tokens[at];
  const isWord = (word: string): boolean => {
    const token = peek();
    return token?.kind === 'word' && token.text.toLowerCase() === word;
  };
  const isMark = (mark: string): boolean => {
    const token = peek();
    return token?.kind === 'mark' && token.text === mark;
  };
  const expect = (mark: string): void => {
    if (!isMark(mark)) throw invalid(`"${mark}" expected`);
    at++;
  };
  const attributeOf = (path: string, inside: Attribute | undefined): Target => {
    if (inside) {
      const sub = inside.subAttributes?.find((one) => one.name.toLowerCase() === path.toLowerCase());
      if (!sub) throw invalid(`Unknown attribute ${path} in ${inside.name}`);
      return { extension: undefined, attribute: sub, sub: undefined };
    }
    const target = resolve(kind, path);
    if (!target?.attribute) throw invalid(`Unknown attribute ${path}`);
    return target;
  };

  function or(depth: number, inside?: Attribute): Filter {
    if (depth > MAX_DEPTH) throw invalid('Nested too deeply');
    const parts = [and(depth, inside)];
    while (isWord('or')) {
      at++;
      parts.push(and(depth, inside));
    }
    return parts.length === 1 && parts[0] ? parts[0] : { op: 'or', parts };
  }
  function and(depth: number, inside?: Attribute): Filter {
    const parts = [term(depth, inside)];
    while (isWord('and')) {
      at++;
      parts.push(term(depth, inside));
    }
    return parts.length === 1 && parts[0] ? parts[0] : { op: 'and', parts };
  }
  function term(depth: number, inside?: Attribute): Filter {
    if (isMark('(')) {
      at++;
      const part = or(depth + 1, inside);
      expect(')');
      return part;
    }
    const next = tokens[at + 1];
    if (isWord('not') && next?.kind === 'mark' && next.text === '(') {
      at += 2;
      const part = or(depth + 1, inside);
      expect(')');
      return { op: 'not', part };
    }
    const token = peek();
    if (token?.kind !== 'word') throw invalid('An attribute is expected');
    at++;
    const target = attributeOf(token.text, inside);
    if (isMark('[')) return valuePath(depth, target, inside);
    return comparison(target);
  }
  function valuePath(depth: number, target: Target, inside: Attribute | undefined): Filter {
    const { attribute } = target;
    if (inside || !attribute?.multiValued || attribute.type !== 'complex' || target.sub) {
      throw invalid(`${attribute?.name ?? ''} has no list of values`);
    }
    at++;
    const part = or(depth + 1, attribute);
    expect(']');
    const behind = peek();
    // `emails[type eq "work"].value eq "x"`: one and the same element has both.
    if (behind?.kind === 'word' && behind.text.startsWith('.')) {
      at++;
      const more = comparison(attributeOf(behind.text.slice(1), attribute));
      return { op: 'has', target, part: { op: 'and', parts: [part, more] } };
    }
    return { op: 'has', target, part };
  }
  function comparison(target: Target): Filter {
    const token = peek();
    const op = token?.kind === 'word' ? token.text.toLowerCase() : '';
    if (op === 'pr') {
      at++;
      return { op: 'pr', target };
    }
    if (!COMPARE.has(op)) throw invalid('An operator is expected');
    at++;
    return compare(op as CompareOp, target, value());
  }
  function value(): FilterValue {
    const token = peek();
    if (!token) throw invalid('A value is expected');
    at++;
    if (token.kind === 'text') return JSON.parse(token.text) as string;
    if (token.kind === 'number') return Number(token.text);
    const word = token.kind === 'word' ? token.text.toLowerCase() : '';
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'null') return null;
    throw invalid('A value is a text in quotes, a number, true, false or null');
  }

  const filter = or(0);
  if (at < tokens.length) throw invalid(`Not expected: ${tokens[at]?.text ?? ''}`);
  return filter;
}

/** The attribute compared: the sub-attribute, or `value` of a list (RFC 7644, section 3.4.2.2). */
function compared(target: Target): Attribute {
  const attribute = target.sub ?? target.attribute;
  if (!attribute) throw invalid('An attribute is expected');
  if (attribute.type !== 'complex') return attribute;
  const value = attribute.subAttributes?.find((one) => one.name === 'value');
  if (!value) throw invalid(`${attribute.name} has several parts: name one of them`);
  return value;
}

function compare(op: CompareOp, target: Target, value: FilterValue): Filter {
  const { type, name } = compared(target);
  let wanted = value;
  if (value !== null) {
    if (type === 'boolean') {
      // Entra ID sends "True".
      if (typeof value === 'string' && /^(?:true|false)$/i.test(value))
        wanted = value.toLowerCase() === 'true';
      if (typeof wanted !== 'boolean' || (op !== 'eq' && op !== 'ne')) {
        throw invalid(`${name} is true or false`);
      }
    } else if (typeof value !== 'string') throw invalid(`${name} is a text`);
    else if (type === 'dateTime' && Number.isNaN(Date.parse(value))) throw invalid(`${name} is a time`);
  } else if (op !== 'eq' && op !== 'ne') throw invalid('null is only equal or not');
  return { op, target, value: wanted };
}

/** Values of an attribute in a resource, as a list. */
function valuesOf(resource: Json, target: Target): unknown[] {
  const { attribute, sub, extension } = target;
  if (!attribute) return [];
  const holder = extension === undefined ? resource : (resource[extension] as Json | undefined);
  const raw = holder?.[attribute.name];
  const list = raw === undefined || raw === null ? [] : Array.isArray(raw) ? (raw as unknown[]) : [raw];
  if (attribute.type !== 'complex') return list;
  const name = sub?.name ?? 'value';
  return list.flatMap((one) => {
    const value = (one as Json)[name];
    return value === undefined || value === null ? [] : [value];
  });
}

function elementsOf(resource: Json, target: Target): Json[] {
  const { attribute, extension } = target;
  const holder = extension === undefined ? resource : (resource[extension] as Json | undefined);
  const raw = attribute && holder?.[attribute.name];
  return raw === undefined || raw === null ? [] : ((Array.isArray(raw) ? raw : [raw]) as Json[]);
}

function fits(op: CompareOp, attribute: Attribute, found: unknown, wanted: FilterValue): boolean {
  if (typeof found === 'boolean' || typeof wanted === 'boolean') return found === wanted;
  if (attribute.type === 'dateTime') {
    const a = Date.parse(String(found));
    const b = Date.parse(String(wanted));
    if (op === 'eq') return a === b;
    if (op === 'gt') return a > b;
    if (op === 'ge') return a >= b;
    if (op === 'lt') return a < b;
    if (op === 'le') return a <= b;
  }
  const fold = (value: unknown): string =>
    attribute.caseExact ? String(value) : String(value).normalize('NFC').toLowerCase();
  const a = fold(found);
  const b = fold(wanted);
  switch (op) {
    case 'eq':
    case 'ne':
      return a === b;
    case 'co':
      return a.includes(b);
    case 'sw':
      return a.startsWith(b);
    case 'ew':
      return a.endsWith(b);
    case 'gt':
      return a > b;
    case 'ge':
      return a >= b;
    case 'lt':
      return a < b;
    case 'le':
      return a <= b;
  }
}

/** Whether a resource (or an element of a list, for a value path) fits. No SQL is ever made from a filter. */
export function matches(filter: Filter, resource: Json): boolean {
  switch (filter.op) {
    case 'and':
      return filter.parts.every((part) => matches(part, resource));
    case 'or':
      return filter.parts.some((part) => matches(part, resource));
    case 'not':
      return !matches(filter.part, resource);
    case 'has':
      return elementsOf(resource, filter.target).some((element) => matches(filter.part, element));
    case 'pr': {
      const { target } = filter;
      const whole = target.attribute?.type === 'complex' && !target.sub;
      const found = whole ? elementsOf(resource, target) : valuesOf(resource, target);
      return found.some(
        (one) => one !== '' && (typeof one !== 'object' || Object.keys(one as Json).length > 0),
      );
    }
    default: {
      const found = valuesOf(resource, filter.target);
      if (filter.value === null) return (filter.op === 'eq') === (found.length === 0);
      const attribute = compared(filter.target);
      const some = found.some((one) => fits(filter.op, attribute, one, filter.value));
      return filter.op === 'ne' ? !some : some;
    }
  }
}

/** What a filter demands of some attributes for sure, so that the database can look them up. */
export function demanded(filter: Filter): { attribute: string; value: string }[] {
  if (filter.op === 'and') return filter.parts.flatMap(demanded);
  if (filter.op !== 'eq' || typeof filter.value !== 'string') return [];
  const { attribute, sub, extension } = filter.target;
  if (extension !== undefined || sub || !attribute || attribute.multiValued) return [];
  return [{ attribute: attribute.name, value: filter.value }];
}
