import {
  AdminLimitExceededError,
  Client,
  InappropriateAuthError,
  InsufficientAccessError,
  InvalidCredentialsError,
  InvalidDNSyntaxError,
  NoSuchObjectError,
  ResultCodeError,
  SizeLimitExceededError,
  TLSNotSupportedError,
  UnwillingToPerformError,
  type Entry,
} from 'ldapts';
import { PEOPLE_FIELDS, type ImportMapping } from '../../contract/api.ts';
import type { PeopleFieldName } from '../imports/guess-mapping.ts';
import { plainDn, splitDn } from './dn.ts';
import { SourceUnreachable, type SourceReason } from './unreachable.ts';

/** An LDAP server to read people from; `LdapSettings` of the contract with the password filled in. */
export interface LdapServer {
  /** How the source is called, for errors. */
  name: string;
  url: string;
  start_tls?: boolean | undefined;
  bind_dn: string;
  bind_password: string;
  base_dn: string;
  people_filter?: string | undefined;
  department_filter?: string | undefined;
  ca_certificate?: string | null | undefined;
  mapping?: ImportMapping | null | undefined;
}

/** What an import reads as a JSON file; people have the fields of the contract. */
export interface LdapDirectory {
  departments: { id: string; name: string; parent: string | null }[];
  people: Partial<Record<PeopleFieldName, string>>[];
}

const CONNECT_TIMEOUT_MS = 10_000;
const OPERATION_TIMEOUT_MS = 60_000;
/** Entries in one answer; Active Directory allows 1,000. */
const PAGE_SIZE = 500;
const ACTIVE_DIRECTORY = '1.2.840.113556.1.4.800';

type Attributes = Partial<Record<PeopleFieldName, readonly string[]>>;
interface Dialect {
  id: string;
  people: string;
  departments: string;
  attributes: Attributes;
  /** Attributes whose values are bytes. */
  binary: readonly string[];
}

const COMMON: Attributes = {
  given_name: ['givenName'],
  family_name: ['sn'],
  email: ['mail'],
  phone: ['mobile', 'telephoneNumber'],
  title: ['title'],
  manager: ['manager'],
  locale: ['preferredLanguage'],
};
/** RFC 4519, 2798 (inetOrgPerson), 4530 (entryUUID). */
const OPENLDAP: Dialect = {
  id: 'entryUUID',
  people: '(objectClass=inetOrgPerson)',
  departments: '(objectClass=organizationalUnit)',
  attributes: {
    ...COMMON,
    external_id: ['entryUUID'],
    display_name: ['displayName', 'cn'],
    localpart: ['uid'],
  },
  binary: [],
};
/** Active Directory; accounts that are disabled (bit 2 of userAccountControl) are no people. */
const ACTIVE: Dialect = {
  id: 'objectGUID',
  people: '(&(objectCategory=person)(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))',
  departments: '(objectClass=organizationalUnit)',
  attributes: {
    ...COMMON,
    external_id: ['objectGUID'],
    display_name: ['displayName', 'cn'],
    localpart: ['sAMAccountName', 'userPrincipalName'],
  },
  binary: ['objectGUID'],
};

/** objectGUID's bytes as the text administrators know (MS-DTYP 2.3.4.2: the first three parts are little-endian). */
export function guidText(bytes: Buffer): string {
  const part = (...order: number[]): string =>
    order.map((at) => (bytes[at] ?? 0).toString(16).padStart(2, '0')).join('');
  return [part(3, 2, 1, 0), part(5, 4), part(7, 6), part(8, 9), part(10, 11, 12, 13, 14, 15)].join('-');
}

const valueOf = (entry: Entry, attribute: string): string | undefined => {
  const key = Object.keys(entry).find((name) => name.toLowerCase() === attribute.toLowerCase());
  const raw = key === undefined ? undefined : entry[key];
  const first = Array.isArray(raw) ? raw[0] : raw;
  if (first === undefined) return undefined;
  const text = Buffer.isBuffer(first)
    ? first.length === 16
      ? guidText(first)
      : first.toString('utf8')
    : first;
  return text === '' ? undefined : text;
};

/** Reads people, and departments from organisational units, a page at a time. @throws SourceUnreachable */
export async function readLdap(server: LdapServer, signal?: AbortSignal): Promise<LdapDirectory> {
  const url = new URL(server.url);
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'ldaps:' && !server.start_tls && !loopback) {
    throw new SourceUnreachable('not_encrypted', server.name);
  }
  const tlsOptions = {
    minVersion: 'TLSv1.2' as const,
    ...(server.ca_certificate ? { ca: [server.ca_certificate] } : {}),
    ...(/^[\d.:[\]]+$/.test(url.hostname) ? {} : { servername: url.hostname }),
  };
  const client = new Client({
    url: server.url,
    connectTimeout: CONNECT_TIMEOUT_MS,
    timeout: OPERATION_TIMEOUT_MS,
    strictDN: false,
    ...(url.protocol === 'ldaps:' ? { tlsOptions } : {}),
  });
  const abort = (): void => void client.unbind().catch(() => undefined);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    if (server.start_tls && url.protocol === 'ldap:')
      await client.startTLS({ ...tlsOptions, host: url.hostname });
    await client.bind(server.bind_dn, server.bind_password);
    const root = await client.search('', { scope: 'base', attributes: ['supportedCapabilities'] });
    const capabilities = [root.searchEntries[0]?.['supportedCapabilities'] ?? []].flat().map(String);
    const dialect = capabilities.includes(ACTIVE_DIRECTORY) ? ACTIVE : OPENLDAP;
    return await readDirectory(client, server, dialect);
  } catch (error) {
    throw unreachable(error, server.name);
  } finally {
    signal?.removeEventListener('abort', abort);
    await client.unbind().catch(() => undefined);
  }
}

async function readDirectory(client: Client, server: LdapServer, dialect: Dialect): Promise<LdapDirectory> {
  const chosen = server.mapping?.columns ?? {};
  const attributes: Attributes = { ...dialect.attributes };
  for (const field of PEOPLE_FIELDS) {
    const attribute = chosen[field];
    if (attribute !== undefined) attributes[field] = [attribute];
  }
  const search = async (filter: string, wanted: readonly string[]): Promise<Entry[]> => {
    const entries: Entry[] = [];
    for await (const page of client.searchPaginated(server.base_dn, {
      scope: 'sub',
      filter,
      paged: { pageSize: PAGE_SIZE },
      attributes: [...new Set(wanted)],
      explicitBufferAttributes: [...dialect.binary],
    })) {
      entries.push(...page.searchEntries);
    }
    return entries;
  };
  const people = await search(server.people_filter ?? dialect.people, [
    ...Object.values(attributes).flat(),
    dialect.id,
  ]);

  // The tree of units stands for departments, unless an attribute was named for them.
  const byAttribute = chosen.department !== undefined || chosen.department_id !== undefined;
  const units = new Map<string, { id: string; name: string; dn: string }>();
  if (!byAttribute) {
    for (const entry of await search(server.department_filter ?? dialect.departments, [
      'ou',
      'name',
      dialect.id,
    ])) {
      const dn = plainDn(entry.dn);
      // The base itself is the company.
      if (dn === plainDn(server.base_dn)) continue;
      const name = valueOf(entry, 'ou') ?? valueOf(entry, 'name');
      if (name !== undefined) units.set(dn, { id: valueOf(entry, dialect.id) ?? dn, name, dn });
    }
  }
  const unitAbove = (dn: string): { id: string } | undefined => {
    const parts = splitDn(dn);
    for (let n = 1; n < parts.length; n++) {
      const unit = units.get(parts.slice(n).join(','));
      if (unit) return unit;
    }
    return undefined;
  };

  const idAttribute = attributes.external_id?.[0] ?? dialect.id;
  const idByDn = new Map(
    people.flatMap((entry): [string, string][] => {
      const id = valueOf(entry, idAttribute) ?? valueOf(entry, 'mail');
      return id === undefined ? [] : [[plainDn(entry.dn), id]];
    }),
  );
  return {
    departments: [...units.values()].map(({ id, name, dn }) => ({
      id,
      name,
      parent: unitAbove(dn)?.id ?? null,
    })),
    people: people.map((entry) => {
      const person: Partial<Record<PeopleFieldName, string>> = {};
      for (const [field, names] of Object.entries(attributes) as [PeopleFieldName, readonly string[]][]) {
        person[field] = names.map((name) => valueOf(entry, name)).find((value) => value !== undefined) ?? '';
      }
      const manager = person.manager ?? '';
      // One who is no person of this search (a disabled account, another base, an old name) is told by its name.
      if (manager.includes('=')) person.manager = idByDn.get(plainDn(manager)) ?? manager;
      if (!byAttribute) person.department_id = unitAbove(entry.dn)?.id ?? '';
      return person;
    }),
  };
}

/** The mapping of the files `readLdap` makes. */
export function ldapMapping(
  directory: LdapDirectory,
  chosen: ImportMapping | null | undefined,
): ImportMapping {
  const fields = new Set(directory.people.flatMap((person) => Object.keys(person)));
  return {
    columns: Object.fromEntries([...fields].map((field) => [field, field])),
    ...(chosen?.department_separator === undefined
      ? {}
      : { department_separator: chosen.department_separator }),
  };
}

function unreachable(error: unknown, name: string): Error {
  if (error instanceof SourceUnreachable) return error;
  const make = (reason: SourceReason, params: Record<string, string | number> = {}): SourceUnreachable =>
    new SourceUnreachable(reason, name, params);
  if (error instanceof InvalidCredentialsError || error instanceof InappropriateAuthError)
    return make('wrong_password');
  if (error instanceof InsufficientAccessError) return make('not_permitted');
  if (error instanceof NoSuchObjectError || error instanceof InvalidDNSyntaxError) return make('no_base');
  if (error instanceof SizeLimitExceededError || error instanceof AdminLimitExceededError)
    return make('size_limit');
  if (error instanceof TLSNotSupportedError) return make('tls');
  if (error instanceof UnwillingToPerformError) return make('refused', { code: error.code });
  if (error instanceof ResultCodeError) return make('refused', { code: error.code });
  const { code, message } = error as NodeJS.ErrnoException;
  if (/CERT|SIGNATURE|ISSUER|ALTNAME|SELF_SIGNED/.test(code ?? ''))
    return make('certificate', { code: code ?? '' });
  if (/SSL|TLS|EPROTO/.test(code ?? '')) return make('tls');
  if (/filter|paren/i.test(message)) return make('bad_filter');
  if (code !== undefined || /timeout|timed out|closed|socket|connect/i.test(message))
    return make('no_answer');
  return error as Error;
}
