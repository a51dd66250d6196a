import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema, HTTPMethods } from 'fastify';
import { ErrorAnswer } from '../../contract/index.ts';
import { sizeOf } from './size.ts';

/*
 * The description of our HTTP interfaces (OpenAPI 3.1) at `/api/openapi.json`, made of the routes themselves: what a
 * route checks and answers, who may call it, how large a body may be, and the errors that any route can give.
 */

/** A body that a route reads by itself, so that no schema of fastify's tells of it. */
export interface DescribedBody {
  readonly contentType: string;
  /** JSON Schema; of a form: of its fields. */
  readonly schema: object;
  /** Most bytes: of a form those of its file. */
  readonly maxBytes: number;
}

/** How a protocol's routes differ from ours; its login is `bearer`, too. */
export interface DescribedProtocol {
  readonly contentType: string;
  /** JSON Schema of its errors. */
  readonly error: object;
  readonly body?: DescribedBody;
}

/** Statuses that the platform itself can answer, with when. Others come of the domain: they have the same form. */
const ALWAYS = {
  400: 'What was sent cannot be taken.',
  404: 'Not there, or not for the caller.',
  429: 'Too many requests: `retry-after` says when to go on.',
  500: 'An error of ours; the operator has it in the log under `request_id`.',
  503: 'A part is away: `retry-after` says when to try again.',
} as const;
const SIGNED_IN = {
  401: 'Not signed in, or the session has ended.',
  403: 'Not allowed to the caller.',
} as const;
const CHANGES = {
  409: 'It contradicts what is there.',
  412: 'It has changed meanwhile: read it again.',
} as const;

/** What goes into and comes out of `@fastify/swagger`, as far as it is looked at here. */
interface Operation {
  readonly 'x-protocol'?: DescribedProtocol;
  readonly 'x-body'?: DescribedBody;
  readonly 'x-max-bytes'?: number;
  security?: readonly Readonly<Record<string, readonly string[]>>[];
  requestBody?: object;
  responses?: Record<string, { description?: string; content?: Record<string, { schema?: object }> }>;
}
interface Described {
  readonly components: { schemas?: Readonly<Record<string, object>> };
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}
const METHODS: ReadonlySet<string> = new Set(['get', 'post', 'put', 'patch', 'delete']);

/** A name for the call in generated clients: `getOrgPeopleId`. */
const operationId = (method: string, url: string): string =>
  method.toLowerCase() +
  url
    .replace(/^\/api\//, '')
    .split(/[^A-Za-z0-9]+/)
    .filter((part) => part !== '')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');

/** Whether a schema says that there is nothing. */
const isNothing = (schema: object | undefined): boolean =>
  schema !== undefined && 'type' in schema && schema.type === 'null';

function describeErrors(method: string, operation: Operation): void {
  const responses = (operation.responses ??= {});
  const protocol = operation['x-protocol'];
  const content = {
    [protocol?.contentType ?? 'application/json']: {
      schema: protocol?.error ?? { $ref: '#/components/schemas/Error' },
    },
  };
  const limit = operation['x-body']?.maxBytes ?? operation['x-max-bytes'];
  const said: Readonly<Record<string, string>> = {
    ...ALWAYS,
    ...(operation.security?.length === 0 ? {} : SIGNED_IN),
    ...(method === 'get' ? {} : CHANGES),
    ...(operation.requestBody && limit !== undefined
      ? { 413: `What was sent is larger than ${sizeOf(limit)}.` }
      : {}),
    default: 'An error of the domain; its `code` is in the table of errors.',
  };
  for (const [status, description] of Object.entries(said)) responses[status] ??= { description, content };
}

function describeBody(operation: Operation): void {
  const body = operation['x-body'];
  if (!body) return;
  const isForm = body.contentType === 'multipart/form-data';
  operation.requestBody = {
    required: true,
    description: isForm
      ? `A form; its file has at most ${sizeOf(body.maxBytes)}, and stands after the other fields.`
      : `At most ${sizeOf(body.maxBytes)}.`,
    content: { [body.contentType]: { schema: body.schema } },
  };
}

function describeAnswers(operation: Operation): void {
  const type = operation['x-protocol']?.contentType;
  for (const [status, response] of Object.entries(operation.responses ?? {})) {
    const [one] = Object.values(response.content ?? {});
    if (isNothing(one?.schema)) delete response.content;
    if (response.description === undefined || response.description === 'Default Response')
      response.description = status.startsWith('2') ? 'Done.' : 'An error.';
    if (type !== undefined) response.content = { [type]: { schema: { type: 'object' } } };
  }
}

/** Goes over the finished description: what no single route's schema can say. */
function complete(document: object): void {
  const { components, paths = {} } = document as Described;
  components.schemas = { ...components.schemas, Error: ErrorAnswer };
  for (const path of Object.values(paths))
    for (const [method, operation] of Object.entries(path)) {
      if (!METHODS.has(method)) continue;
      describeAnswers(operation);
      describeBody(operation);
      describeErrors(method, operation);
      for (const own of ['x-protocol', 'x-body', 'x-max-bytes'] as const)
        Reflect.deleteProperty(operation, own);
    }
}

type Security = Readonly<Record<string, readonly string[]>>;
const BY_TOKEN: Security = { bearer: [] };
/** A browser's session; what changes something carries the header, too, which a form of another site cannot send. */
const securityOf = (method: string): readonly Security[] =>
  method === 'GET' ? [BY_TOKEN, { session: [] }] : [BY_TOKEN, { session: [], sameSite: [] }];

const only = (method: HTTPMethods | HTTPMethods[]): string =>
  typeof method === 'string' ? method : (method[0] ?? '');

/**
 * Registers the description. Only what is below `/api` is in it: other paths are the homeserver's and the operator's.
 * @param names of the session's cookie and of the header that goes with it
 */
export async function describeHttp(
  app: FastifyInstance,
  names: { readonly cookie: string; readonly header: string; readonly bodyLimit: number },
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Qiao',
        version: '1',
        description:
          'The HTTP interfaces of a Qiao installation. Every error answer has the form of `Error`; its `code` stays ' +
          'the same, its `message` is in the language of `accept-language`. SCIM (`/api/scim/v2`) has the errors of ' +
          'RFC 7644. Sign-in: `POST /api/session` with an OpenID token of the caller’s homeserver.',
        license: { name: 'AGPL-3.0-only', identifier: 'AGPL-3.0-only' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description:
              'The token of `POST /api/session` with `delivery: token`; for SCIM a token of its source.',
          },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: names.cookie,
            description: 'The session of a browser, by `POST /api/session` with `delivery: cookie`.',
          },
          sameSite: {
            type: 'apiKey',
            in: 'header',
            name: names.header,
            description: 'The value `1`, with every request of a browser’s session that changes something.',
          },
        },
      },
    },
    transform: ({ schema, url, route }) => {
      // Of a route without one it is undefined.
      const given: FastifySchema = { ...schema };
      if (!url.startsWith('/api/') || given.hide === true) return { schema: { ...given, hide: true }, url };
      const { config } = route;
      const method = only(route.method);
      const protocol = config?.describedProtocol;
      const body = protocol?.body ?? config?.describedBody;
      return {
        url,
        schema: {
          ...given,
          operationId: operationId(method, url),
          security: protocol ? [BY_TOKEN] : config?.public === true ? [] : securityOf(method),
          ...(protocol ? { 'x-protocol': protocol } : {}),
          ...(body && method !== 'GET' && method !== 'DELETE' ? { 'x-body': body } : {}),
          'x-max-bytes': route.bodyLimit ?? names.bodyLimit,
        },
      };
    },
    transformObject: (given) => {
      const document = 'openapiObject' in given ? given.openapiObject : given.swaggerObject;
      complete(document);
      return document;
    },
  });
}
