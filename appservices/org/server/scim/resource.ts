import { createHash } from 'node:crypto';
import { cleanName, inspectName } from '../names.ts';
import type { Json } from './filter.ts';
import { ENTERPRISE, GROUP, UNTAKEN, USER } from './schemas.ts';
import type { GroupRow, MemberRow, UserRow } from './scim.repository.ts';
import type { Untaken, UntakenCode } from './untaken.ts';

/** How the manager is called among what was not taken. */
export const MANAGER = `${ENTERPRISE}:manager`;
/** Whose names are all none to show. */
const UNNAMED = '?';
/** Of a value that was not taken, characters that are kept to be shown. */
const MAX_TOLD = 200;
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

const tooLong = (max: number): string => `at most ${max} characters are kept`;

/**
 * What the directory keeps of a user, and what it cannot keep: of that it keeps what it has (`present`), else nothing.
 * There is always a name: the user name is one.
 */
export function factsOf(resource: Json, present?: UserFacts): { facts: UserFacts; untaken: Untaken[] } {
  const untaken: Untaken[] = [];
  const tell = (
    attribute: string,
    code: UntakenCode,
    detail: string,
    value: string,
    instead: string | null,
  ) => {
    untaken.push({
      attribute,
      code,
      detail: `${attribute}: ${detail}`,
      value: value.slice(0, MAX_TOLD),
      instead,
    });
  };
  const name = (value: unknown, attribute: string, instead: string | null): string | null => {
    const raw = text(value);
    if (raw === undefined) return null;
    const { name: clean, empty, tooLong: long } = inspectName(raw, MAX_NAME);
    if (!empty && !long) return clean;
    tell(
      attribute,
      long ? 'too_long' : 'no_name',
      long ? tooLong(MAX_NAME) : 'not usable as a name',
      raw,
      instead,
    );
    return instead;
  };
  const parts = (resource['name'] ?? {}) as Json;
  const given = name(parts['givenName'], 'name.givenName', present?.given_name ?? null);
  const family = name(parts['familyName'], 'name.familyName', present?.family_name ?? null);
  const han = /\p{Script=Han}/u.test(`${family ?? ''}${given ?? ''}`);
  const joined = han ? `${family ?? ''}${given ?? ''}` : [given, family].filter(Boolean).join(' ');
  const other = (value: unknown): string | undefined =>
    typeof value === 'string' ? cleanName(value, MAX_NAME) : undefined;
  const fallback =
    present?.display_name ?? other(parts['formatted']) ?? other(joined) ?? other(resource['userName']);
  const display =
    name(resource['displayName'], 'displayName', fallback ?? UNNAMED) ??
    other(parts['formatted']) ??
    other(joined) ??
    other(resource['userName']) ??
    fallback ??
    UNNAMED;
  const email = text(chosen(entries(resource['emails']), EMAIL_KINDS)?.value) ?? null;
  const isEmail = email === null || (EMAIL.test(email) && email.length <= MAX_EMAIL);
  if (!isEmail) tell('emails', 'no_address', 'not an e-mail address', email, present?.email ?? null);
  const phone = text(chosen(entries(resource['phoneNumbers']), PHONE_KINDS)?.value) ?? null;
  const isPhone = phone === null || phone.length <= MAX_PHONE;
  if (!isPhone) tell('phoneNumbers', 'too_long', tooLong(MAX_PHONE), phone, present?.phone ?? null);
  const language = (text(resource['preferredLanguage']) ?? text(resource['locale']) ?? '').toLowerCase();
  return {
    facts: {
      display_name: display,
      given_name: given,
      family_name: family,
      email: isEmail ? email : (present?.email ?? null),
      phone: isPhone ? phone : (present?.phone ?? null),
      title: name(resource['title'], 'title', present?.title ?? null),
      locale: language.startsWith('zh') ? 'zh-Hans' : language.startsWith('en') ? 'en' : null,
    },
    untaken,
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
  const { facts: kept } = factsOf({ ...resource, userName: row.user_name });
  // What could not be taken is shown as it was sent, until the directory says something else than it did then.
  const waits = (attribute: string, now: string | null): boolean =>
    row.untaken.some(
      (one) => one.attribute === attribute && one.instead !== undefined && one.instead === now,
    );
  const over = (attribute: string, now: string | null, write: () => void): void => {
    if (!waits(attribute, now)) write();
  };
  resource['userName'] = row.user_name;
  put(resource, 'externalId', row.external_id);
  over('displayName', row.display_name, () => {
    if (kept.display_name !== row.display_name) resource['displayName'] = row.display_name;
  });
  const names = { ...(resource['name'] as Json | undefined) };
  over('name.givenName', row.given_name, () => {
    put(names, 'givenName', row.given_name);
  });
  over('name.familyName', row.family_name, () => {
    put(names, 'familyName', row.family_name);
  });
  put(resource, 'name', names);
  over('title', row.title, () => {
    put(resource, 'title', row.title);
  });
  if (kept.locale !== row.locale) {
    put(resource, 'preferredLanguage', row.locale === 'zh-Hans' ? 'zh-CN' : row.locale);
  }
  over('emails', row.email, () => {
    put(resource, 'emails', withChosen(entries(resource['emails']), EMAIL_KINDS, row.email));
  });
  over('phoneNumbers', row.phone, () => {
    put(resource, 'phoneNumbers', withChosen(entries(resource['phoneNumbers']), PHONE_KINDS, row.phone));
  });
  resource['active'] = row.status === 'joining' || row.status === 'active';
  const enterprise = { ...(resource[ENTERPRISE] as Json | undefined) };
  over(MANAGER, row.manager_id, () => {
    put(enterprise, 'manager', row.manager_id === null ? undefined : { value: row.manager_id });
  });
  put(resource, ENTERPRISE, enterprise);
  return resource;
}

/** The manager that is shown: whom the directory says, or, while that one cannot be taken, whom the client sent. */
function shownManager(row: UserRow, manager: Json | undefined, base: string): Json {
  if (row.manager_id === null || manager?.['value'] !== row.manager_id) return manager ? { manager } : {};
  const { manager_id: value, manager_name: displayName } = row;
  return { manager: { value, $ref: `${base}/Users/${value}`, displayName } };
}

/** The answer's form: with ids, references and `meta`. */
export function presentUser(row: UserRow, base: string): Json {
  const { [ENTERPRISE]: enterprise, ...core } = userResource(row);
  const location = `${base}/Users/${row.id}`;
  const work = enterprise as Json | undefined;
  const others = Object.keys(core).filter((name) => /^urn:/i.test(name));
  const untaken = row.untaken.map(({ attribute, code, detail }) => ({ attribute, reason: code, detail }));
  return {
    schemas: [USER, ...(work ? [ENTERPRISE] : []), ...others, ...(untaken.length > 0 ? [UNTAKEN] : [])],
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
      ? { [ENTERPRISE]: { ...work, ...shownManager(row, work['manager'] as Json | undefined, base) } }
      : {}),
    ...(untaken.length > 0 ? { [UNTAKEN]: { untaken } } : {}),
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
