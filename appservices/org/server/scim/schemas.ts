/** The schemas served and understood (RFC 7643, sections 4 and 8.7); everything else is derived from them. */

export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
/** What of a user was not taken over; an extension of our own, read only. */
export const UNTAKEN = 'urn:qiao:params:scim:schemas:extension:untaken:2.0:User';
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const LIST = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
export const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';

/** One attribute's characteristics (RFC 7643, section 2.2). */
export interface Attribute {
  name: string;
  type: 'string' | 'boolean' | 'dateTime' | 'reference' | 'complex';
  multiValued: boolean;
  description: string;
  required: boolean;
  caseExact: boolean;
  mutability: 'readOnly' | 'readWrite' | 'immutable' | 'writeOnly';
  returned: 'always' | 'never' | 'default' | 'request';
  uniqueness: 'none' | 'server' | 'global';
  subAttributes?: Attribute[];
  canonicalValues?: string[];
  referenceTypes?: string[];
}

const attribute = (name: string, description: string, more: Partial<Attribute> = {}): Attribute => ({
  name,
  type: 'string',
  multiValued: false,
  description,
  required: false,
  caseExact: false,
  mutability: 'readWrite',
  returned: 'default',
  uniqueness: 'none',
  ...more,
});
const complex = (
  name: string,
  description: string,
  subAttributes: Attribute[],
  more: Partial<Attribute> = {},
): Attribute => attribute(name, description, { type: 'complex', subAttributes, ...more });
/** A list of values of several kinds, such as e-mail addresses. */
const plural = (
  name: string,
  description: string,
  canonicalValues: string[],
  more: Attribute[] = [],
): Attribute =>
  complex(
    name,
    description,
    [
      attribute('value', `The ${name} value`),
      attribute('display', 'Name for people', { mutability: 'readWrite' }),
      attribute('type', 'Kind of the value', canonicalValues.length > 0 ? { canonicalValues } : {}),
      attribute('primary', 'The preferred one; at most one', { type: 'boolean' }),
      ...more,
    ],
    { multiValued: true },
  );

/** Common attributes (RFC 7643, section 3.1); in every resource, in no schema's list. */
export const COMMON: Attribute[] = [
  attribute('schemas', 'URIs of the schemas', {
    multiValued: true,
    caseExact: true,
    mutability: 'readOnly',
    returned: 'always',
    type: 'reference',
  }),
  attribute('id', 'Stable id', {
    caseExact: true,
    mutability: 'readOnly',
    returned: 'always',
    uniqueness: 'server',
  }),
  attribute('externalId', 'Id at the client', { caseExact: true }),
  complex(
    'meta',
    'Facts about the resource',
    [
      attribute('resourceType', 'User or Group', { caseExact: true, mutability: 'readOnly' }),
      attribute('created', 'When it was made', { type: 'dateTime', mutability: 'readOnly' }),
      attribute('lastModified', 'When it was changed', { type: 'dateTime', mutability: 'readOnly' }),
      attribute('location', 'Address', { type: 'reference', caseExact: true, mutability: 'readOnly' }),
      attribute('version', 'Entity tag', { caseExact: true, mutability: 'readOnly' }),
    ],
    { mutability: 'readOnly' },
  ),
];

const userAttributes: Attribute[] = [
  attribute('userName', 'Name to sign in with at the identity provider', {
    required: true,
    uniqueness: 'server',
  }),
  complex('name', "Parts of the person's name", [
    attribute('formatted', 'The whole name'),
    attribute('familyName', 'Family name'),
    attribute('givenName', 'Given name'),
    attribute('middleName', 'Middle name'),
    attribute('honorificPrefix', 'Title before the name'),
    attribute('honorificSuffix', 'Title behind the name'),
  ]),
  attribute('displayName', 'The name shown; made from `name` where absent'),
  attribute('nickName', 'Casual name'),
  attribute('profileUrl', 'Page about the person', {
    type: 'reference',
    referenceTypes: ['external'],
    caseExact: true,
  }),
  attribute('title', 'Title, for example "Vice President"'),
  attribute('userType', 'Relation to the company'),
  attribute('preferredLanguage', 'Language, for example `zh-CN`'),
  attribute('locale', 'Locale, for example `en-US`'),
  attribute('timezone', 'Time zone, for example `Asia/Shanghai`'),
  attribute('active', 'False: the person leaves', { type: 'boolean' }),
  attribute('password', 'Not kept: people choose theirs by an activation link', {
    mutability: 'writeOnly',
    returned: 'never',
    caseExact: true,
  }),
  plural('emails', 'E-mail addresses; the primary one is kept in the directory', ['work', 'home', 'other']),
  plural('phoneNumbers', 'Phone numbers; the primary one is kept in the directory', [
    'work',
    'home',
    'mobile',
    'fax',
    'pager',
    'other',
  ]),
  plural('ims', 'Instant messaging addresses', []),
  plural('photos', 'Addresses of pictures', ['photo', 'thumbnail']),
  complex(
    'addresses',
    'Postal addresses',
    [
      attribute('formatted', 'The whole address'),
      attribute('streetAddress', 'Street'),
      attribute('locality', 'City'),
      attribute('region', 'State or region'),
      attribute('postalCode', 'Postal code'),
      attribute('country', 'Country, ISO 3166-1 alpha-2'),
      attribute('type', 'Kind of the value', { canonicalValues: ['work', 'home', 'other'] }),
      attribute('primary', 'The preferred one; at most one', { type: 'boolean' }),
    ],
    { multiValued: true },
  ),
  complex(
    'groups',
    'Departments the person is in; changed through the groups',
    [
      attribute('value', 'Id of the group', { mutability: 'readOnly', caseExact: true }),
      attribute('$ref', 'Address of the group', {
        type: 'reference',
        referenceTypes: ['Group'],
        mutability: 'readOnly',
        caseExact: true,
      }),
      attribute('display', 'Name', { mutability: 'readOnly' }),
      attribute('type', 'direct', { mutability: 'readOnly', canonicalValues: ['direct'] }),
    ],
    { multiValued: true, mutability: 'readOnly' },
  ),
  plural('entitlements', 'Entitlements; kept, without meaning here', []),
  plural('roles', 'Roles; kept, without meaning here: rights are given in the console', []),
];

const enterpriseAttributes: Attribute[] = [
  attribute('employeeNumber', 'Number at the company'),
  attribute('costCenter', 'Cost centre'),
  attribute('organization', 'Organisation'),
  attribute('division', 'Division'),
  attribute('department', 'Department; places the person while no groups are provisioned'),
  complex('manager', 'Whom the person reports to', [
    attribute('value', 'Id of the manager', { caseExact: true }),
    attribute('$ref', 'Address of the manager', {
      type: 'reference',
      referenceTypes: ['User'],
      caseExact: true,
    }),
    attribute('displayName', "Manager's name", { mutability: 'readOnly' }),
  ]),
];

const untakenAttributes: Attribute[] = [
  complex(
    'untaken',
    'What was sent and is not in the directory; the rest was taken over',
    [
      attribute('attribute', 'The attribute', { mutability: 'readOnly', caseExact: true }),
      attribute('reason', 'Why, as a word', { mutability: 'readOnly', caseExact: true }),
      attribute('detail', 'Why, as a sentence', { mutability: 'readOnly' }),
    ],
    { multiValued: true, mutability: 'readOnly' },
  ),
];

const groupAttributes: Attribute[] = [
  attribute('displayName', 'Name of the department', { required: true }),
  complex(
    'members',
    'People of the department, and its sub-departments',
    [
      attribute('value', 'Id of a user or a group', { mutability: 'immutable', caseExact: true }),
      attribute('$ref', 'Address of the member', {
        type: 'reference',
        referenceTypes: ['User', 'Group'],
        mutability: 'immutable',
        caseExact: true,
      }),
      attribute('type', 'User or Group', {
        mutability: 'immutable',
        canonicalValues: ['User', 'Group'],
      }),
      attribute('display', 'Name', { mutability: 'readOnly' }),
    ],
    { multiValued: true },
  ),
];

/** A kind of resource: its core schema and extensions. */
export interface ResourceKind {
  name: 'User' | 'Group';
  endpoint: '/Users' | '/Groups';
  schema: string;
  attributes: Attribute[];
  extensions: { schema: string; attributes: Attribute[]; readOnly?: true }[];
}

export const userKind: ResourceKind = {
  name: 'User',
  endpoint: '/Users',
  schema: USER,
  attributes: [...COMMON, ...userAttributes],
  extensions: [
    { schema: ENTERPRISE, attributes: enterpriseAttributes },
    { schema: UNTAKEN, attributes: untakenAttributes, readOnly: true },
  ],
};
export const groupKind: ResourceKind = {
  name: 'Group',
  endpoint: '/Groups',
  schema: GROUP,
  attributes: [...COMMON, ...groupAttributes],
  extensions: [],
};

/** An attribute a path points at. */
export interface Target {
  /** Extension the attribute lies in; undefined: the core schema. */
  extension: string | undefined;
  /** Undefined where the path names a whole extension. */
  attribute: Attribute | undefined;
  sub: Attribute | undefined;
}

const find = (list: readonly Attribute[] | undefined, name: string): Attribute | undefined =>
  list?.find((one) => one.name.toLowerCase() === name.toLowerCase());

/**
 * Resolves `attr`, `attr.sub`, `urn:…:attr.sub` or an extension's URN; names are case insensitive (RFC 7643,
 * section 2.1). Undefined for what the schemas do not have.
 */
export function resolve(kind: ResourceKind, path: string): Target | undefined {
  let attributes = kind.attributes;
  let extension: string | undefined;
  let rest = path;
  if (/^urn:/i.test(path)) {
    const lower = path.toLowerCase();
    const schemas = [{ schema: kind.schema, attributes }, ...kind.extensions];
    const found = schemas.find(
      ({ schema }) => lower === schema.toLowerCase() || lower.startsWith(`${schema.toLowerCase()}:`),
    );
    if (!found) return undefined;
    if (found.schema !== kind.schema) extension = found.schema;
    attributes = found.attributes;
    rest = path.slice(found.schema.length + 1);
    if (rest === '') {
      return extension === undefined ? undefined : { extension, attribute: undefined, sub: undefined };
    }
  }
  const [head = '', tail, ...more] = rest.split('.');
  if (more.length > 0) return undefined;
  const found = find(attributes, head);
  if (!found) return undefined;
  if (tail === undefined) return { extension, attribute: found, sub: undefined };
  const sub = find(found.subAttributes, tail);
  return sub && { extension, attribute: found, sub };
}

const describe = (one: Attribute): Record<string, unknown> => ({
  ...one,
  ...(one.subAttributes ? { subAttributes: one.subAttributes.map(describe) } : {}),
});
const SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Schema';

/** `GET /Schemas` (RFC 7643, section 7); common attributes are not listed there. */
export function schemaResources(base: string): Record<string, unknown>[] {
  const one = (
    id: string,
    name: string,
    description: string,
    attributes: Attribute[],
  ): Record<string, unknown> => ({
    schemas: [SCHEMA],
    id,
    name,
    description,
    attributes: attributes.map(describe),
    meta: { resourceType: 'Schema', location: `${base}/Schemas/${id}` },
  });
  return [
    one(USER, 'User', 'A person', userAttributes),
    one(GROUP, 'Group', 'A department', groupAttributes),
    one(ENTERPRISE, 'EnterpriseUser', 'A person at work', enterpriseAttributes),
    one(UNTAKEN, 'Untaken', 'What was not taken over', untakenAttributes),
  ];
}

/** `GET /ResourceTypes` (RFC 7643, section 6). */
export function resourceTypes(base: string): Record<string, unknown>[] {
  return [userKind, groupKind].map((kind) => ({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
    id: kind.name,
    name: kind.name,
    endpoint: kind.endpoint,
    description: kind.name === 'User' ? 'People' : 'Departments',
    schema: kind.schema,
    schemaExtensions: kind.extensions.map(({ schema }) => ({ schema, required: false })),
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${kind.name}` },
  }));
}

/** Most resources one answer holds. */
export const MAX_RESULTS = 200;

/** `GET /ServiceProviderConfig` (RFC 7643, section 5). */
export function serviceProviderConfig(base: string): Record<string, unknown> {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: MAX_RESULTS },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'A token made in the console, sent as `Authorization: Bearer …`',
        specUri: 'https://www.rfc-editor.org/info/rfc6750',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
  };
}
