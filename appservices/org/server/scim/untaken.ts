import { ScimError } from './errors.ts';
import { isObject, type Json } from './filter.ts';
import { PATCH_OP, USER } from './schemas.ts';

/** Why something a client sent is not what the directory says; each has a text in both languages. */
export type UntakenCode =
  | 'not_readable'
  | 'too_long'
  | 'no_address'
  | 'no_name'
  | 'taken'
  | 'manager_waits'
  | 'manager_self'
  | 'manager_circle'
  | 'manager_left'
  | 'refused';

/** Something that was not taken over; the rest of the request was. Kept with the person until it is. */
export interface Untaken {
  /** As in a PATCH path: `phoneNumbers`, `urn:…:User:manager`. */
  attribute: string;
  code: UntakenCode;
  /** For the client, in English. */
  detail: string;
  /** What was sent, where it is short. */
  value?: string | undefined;
  /** What the directory says instead. Shown is what was sent, until the directory says something else. */
  instead?: string | null | undefined;
  /** Nothing of it is kept: only the request that sent it knows it. */
  lost?: true | undefined;
}

/** Told of each part of a request that cannot be taken; where there is none, the whole request is refused. */
export type Tell = (attribute: string, code: UntakenCode, detail: string) => void;

/** Runs `work`; what it refuses is told, and the rest goes on. */
export function telling<T>(attribute: string, tell: Tell | undefined, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ScimError) || !tell) throw error;
    tell(attribute, 'not_readable', error.message);
    return undefined;
  }
}

const ACTIVE = new Set(['active', `${USER}:active`.toLowerCase()]);
const isActive = (name: unknown): boolean => typeof name === 'string' && ACTIVE.has(name.toLowerCase());

/** `true` and `false` as clients write them (Entra ID: "True"); undefined for anything else. */
export function readBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === 0 || value === 1) return value === 1;
  if (typeof value !== 'string') return undefined;
  const found = /^\s*(?:(true|1)|(false|0))\s*$/i.exec(value);
  return found ? found[1] !== undefined : undefined;
}

const off = (value: unknown): boolean => {
  const [one] = Array.isArray(value) ? (value as unknown[]) : [value];
  return readBoolean(isObject(one) ? one['value'] : one) === false;
};

/** Whether a body lets its user go, however broken the rest of it is: a PUT's or POST's, or a PATCH's. */
export function letsGo(body: unknown): boolean {
  if (!isObject(body)) return false;
  const named = (holder: Json): boolean =>
    Object.entries(holder).some(([key, value]) => isActive(key) && off(value));
  const operations = body['Operations'] ?? body['operations'];
  if (!Array.isArray(operations)) return named(body);
  return operations.some(
    (one: unknown) =>
      isObject(one) &&
      (isActive(one['path']) ? off(one['value']) : isObject(one['value']) && named(one['value'])),
  );
}

/** What is told where `schemas` is wrong in a body that lets somebody go all the same. */
export const schemasExpected = (schema: string = PATCH_OP): string => `schemas has to name ${schema}`;
