import { createHash } from 'node:crypto';
import { cleanName } from '../names.ts';
import { ScimError } from './errors.ts';
import type { Json } from './filter.ts';
import { ENTERPRISE, GROUP, USER } from './schemas.ts';
import type { GroupRow, MemberRow, UserRow } from './scim.repository.ts';

const MAX_NAME = 256;
const MAX_EMAIL = 320;
const MAX_PHONE = 64;
const EMAIL = /^[^\s@<>",;:]{1,64}@[^\s@<>",;:]{1,255}$/;

interface Entry {
  value?: string;
  type?: string;
  primary?: boolean;
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
const entries = (value: unknown): Entry[] => (Array.isArray(value) ? (value as Entry[]) : []);

/** The value the directory keeps of a list: the primary one, else one of the first kind that is there. */
function chosen(list: readonly Entry[], kinds: readonly string[]): Entry | undefined {
  const filled = list.filter((one) => text(one.value) !== undefined);
  return (
    filled.find((one) => one.primary === true) ??
    kinds
      .map((kind) => filled.find((one) => one.type?.toLowerCase() === kind))
      .find((one) => one !== undefined) ??
    filled[0]
  );
}
const EMAIL_KINDS = ['work'];
const PHONE_KINDS = ['work', 'mobile'];

/** What the directory keeps of a user. */
export interface UserFacts {
  display_name: string;
  given_name: string | null;
  family_name: string | null;
  email: string | null;
  phone: string | null;
  title: string | null;
  locale: 'zh-Hans' | 'en' | null;
}

const invalid = (detail: string): ScimError => new ScimError(400, detail, 'invalidValue');

function name(value: unknown, attribute: string): string | null {
  const raw = text(value);
  if (raw === undefined) return null;
  const clean = cleanName(raw, MAX_NAME);
  if (clean === undefined) throw invalid(`${attribute} is not usable as a name`);
  return clean;
}

/** @throws ScimError 400 `invalidValue` where the directory cannot keep a value. */
export function factsOf(resource: Json): UserFacts {
  const parts = (resource['name'] ?? {}) as Json;
  const given = name(parts['givenName'], 'name.givenName');
  const family = name(parts['familyName'], 'name.familyName');
  const han = /\p{Script=Han}/u.test(`${family ?? ''}${given ?? ''}`);
  const joined = han ? `${family ?? ''}${given ?? ''}` : [given, family].filter(Boolean).join(' ');
  const display =
    name(resource['displayName'], 'displayName') ??
    name(parts['formatted'], 'name.formatted') ??
    name(joined, 'name') ??
    name(resource['userName'], 'userName');
  if (display === null) throw invalid('displayName is missing');
  const email = text(chosen(entries(resource['emails']), EMAIL_KINDS)?.value) ?? null;
  if (email !== null && (!EMAIL.test(email) || email.length > MAX_EMAIL)) {
    throw invalid('emails holds no e-mail address');
  }
  const phone = text(chosen(entries(resource['phoneNumbers']), PHONE_KINDS)?.value) ?? null;
  if (phone !== null && phone.length > MAX_PHONE) throw invalid('phoneNumbers is too long');
  const language = (text(resource['preferredLanguage']) ?? text(resource['locale']) ?? '').toLowerCase();
  return {
    display_name: display,
    given_name: given,
    family_name: family,
    email,
    phone,
    title: name(resource['title'], 'title'),
    locale: language.startsWith('zh') ? 'zh-Hans' : language.startsWith('en') ? 'en' : null,
  };
}

/** A list whose chosen value is what the directory says. */
function withChosen(list: readonly Entry[], kinds: readonly string[], value: string | null): Entry[] {
  const present = chosen(list, kinds);
  if (text(present?.value) === (value ?? undefined)) return [...list];
  if (value === null) return list.filter((one) => one !== present);
  if (!present) return [{ value, type: kinds[0] ?? 'other', primary: true }];
  return list.map((one) => (one === present ? { ...one, value } : one));
}

const etag = (...parts: readonly unknown[]): string =>
  `W/"${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20)}"`;

/** Weak entity tag of a user (RFC 9110, section 8.8.3): changes with everything shown. */
export const userVersion = (row: UserRow): string =>
  etag(row.person_version, row.updated_at, row.groups, row.manager_id, row.status);
export const groupVersion = (row: GroupRow): string =>
  etag(row.department_version, row.updated_at, row.members_hash, row.name);

function put(target: Json, key: string, value: unknown): void {
  const empty =
    value === undefined ||
    value === null ||
    (Array.isArray(value) && value.length === 0) ||
    (typeof value === 'object' && Object.keys(value).length === 0);
  if (empty) Reflect.deleteProperty(target, key);
  else target[key] = value;
}

/**
 * A user as the client may change it: what it sent, with what the directory says over it, so that a change made in
 * the console shows here too.
 */
export function userResource(row: UserRow): Json {
  const resource: Json = structuredClone(row.resource);
  const kept = factsKept(resource);
  resource['userName'] = row.user_name;
  put(resource, 'externalId', row.external_id);
  if (kept?.display_name !== row.display_name) resource['displayName'] = row.display_name;
  const names = { ...(resource['name'] as Json | undefined) };
  put(names, 'givenName', row.given_name);
  put(names, 'familyName', row.family_name);
  put(resource, 'name', names);
  put(resource, 'title', row.title);
  if (kept?.locale !== row.locale) {
    put(resource, 'preferredLanguage', row.locale === 'zh-Hans' ? 'zh-CN' : row.locale);
  }
  put(resource, 'emails', withChosen(entries(resource['emails']), EMAIL_KINDS, row.email));
  put(resource, 'phoneNumbers', withChosen(entries(resource['phoneNumbers']), PHONE_KINDS, row.phone));
  resource['active'] = row.status === 'joining' || row.status === 'active';
  const enterprise = { ...(resource[ENTERPRISE] as Json | undefined) };
  put(enterprise, 'manager', row.manager_id === null ? undefined : { value: row.manager_id });
  put(resource, ENTERPRISE, enterprise);
  return resource;
}

function factsKept(resource: Json): UserFacts | undefined {
  try {
    return factsOf(resource);
  } catch {
    return undefined;
  }
}

/** The answer's form: with ids, references and `meta`. */
export function presentUser(row: UserRow, base: string): Json {
  const { [ENTERPRISE]: enterprise, ...core } = userResource(row);
  const location = `${base}/Users/${row.id}`;
  const work = enterprise as Json | undefined;
  return {
    schemas: work ? [USER, ENTERPRISE] : [USER],
    id: row.id,
    ...core,
    ...(row.groups.length > 0
      ? {
          groups: row.groups.map((group) => ({
            ...group,
            $ref: `${base}/Groups/${group.value}`,
            type: 'direct',
          })),
        }
      : {}),
    ...(work
      ? {
          [ENTERPRISE]: {
            ...work,
            ...(row.manager_id === null
              ? {}
              : {
                  manager: {
                    value: row.manager_id,
                    $ref: `${base}/Users/${row.manager_id}`,
                    displayName: row.manager_name,
                  },
                }),
          },
        }
      : {}),
    meta: {
      resourceType: 'User',
      created: row.created_at.toISOString(),
      lastModified: row.updated_at.toISOString(),
      location,
      version: userVersion(row),
    },
  };
}

/** A group as the client may change it. */
export function groupResource(row: GroupRow, members: readonly MemberRow[]): Json {
  const resource: Json = { displayName: row.name };
  put(resource, 'externalId', row.external_id);
  put(
    resource,
    'members',
    members.map(({ value, type }) => ({ value, type })),
  );
  return resource;
}

export function presentGroup(row: GroupRow, members: readonly MemberRow[], base: string): Json {
  const resource: Json = {
    schemas: [GROUP],
    id: row.id,
    ...groupResource(row, []),
    meta: {
      resourceType: 'Group',
      created: row.created_at.toISOString(),
      lastModified: row.updated_at.toISOString(),
      location: `${base}/Groups/${row.id}`,
      version: groupVersion(row),
    },
  };
  put(
    resource,
    'members',
    members.map(({ value, type, display }) => ({
      value,
      $ref: `${base}/${type}s/${value}`,
      type,
      display,
    })),
  );
  return resource;
}
