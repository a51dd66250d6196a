import { createHash } from 'node:crypto';
import { DomainError, type ProtocolLogin } from '@qiao/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify';
import { Type } from 'typebox';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import { errorBody, ScimError } from './errors.ts';
import type { Json } from './filter.ts';
import { parseQuery, project, type ListQuery } from './query.ts';
import {
  groupKind,
  LIST,
  resourceTypes,
  schemaResources,
  SEARCH,
  serviceProviderConfig,
  userKind,
  type ResourceKind,
} from './schemas.ts';
import { scimRepository, type ScimClient } from './scim.repository.ts';
import type { Found, Precondition } from './found.ts';
import type { Scim } from './scim.service.ts';

export const SCIM_PREFIX = '/api/scim/v2';
export const TOKEN_PREFIX = 'qiao_scim_';
const TOKEN = /^Bearer qiao_scim_([A-Za-z0-9_-]{43})$/i;
const MEDIA_TYPE = 'application/scim+json; charset=utf-8';
/** Full synchronisations send some hundred requests a minute. */
const REQUESTS_PER_MINUTE = 3000;
/** A group of 20,000 members. */
const BODY_BYTES = 8 * 1024 * 1024;

const CLIENTS = new WeakMap<FastifyRequest, ScimClient>();

export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest();

const header = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
};
/** Weak comparison of a list of entity tags (RFC 9110, section 8.8.3.2). */
const names = (list: string, version: string): boolean => {
  const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');
  return list.trim() === '*' || list.split(',').some((tag) => opaque(tag) === opaque(version));
};

/** The body of a `.search`. @throws ScimError 400 `invalidSyntax` */
function searchOf(request: FastifyRequest): Json {
  const body = (request.body ?? {}) as Json;
  const { schemas } = body;
  if (!Array.isArray(schemas) || !schemas.includes(SEARCH)) {
    throw new ScimError(400, `schemas has to name ${SEARCH}`, 'invalidSyntax');
  }
  return body;
}

/* What the description of our interfaces says of bodies; what is taken of them, SCIM's own discovery tells. */
const Schemas = Type.Array(Type.String());
const Resource = Type.Object({ schemas: Schemas });
const PatchForm = Type.Object({
  schemas: Schemas,
  Operations: Type.Array(Type.Object({ op: Type.String() })),
});
const SearchForm = Type.Object({ schemas: Schemas, filter: Type.Optional(Type.String()) });
const ErrorForm = Type.Object({
  schemas: Schemas,
  status: Type.String(),
  scimType: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
});
type Said = Pick<RouteShorthandOptions, 'config' | 'schema'>;

/** A client's bearer token (RFC 6750), which opens its source alone. */
export function scimLogin(context: OrgContext): ProtocolLogin {
  const db = context.db as OrgDb;
  return async (request, reply) => {
    void reply.header('content-type', MEDIA_TYPE).header('cache-control', 'no-store');
    const token = TOKEN.exec(request.headers.authorization ?? '')?.[1];
    // Looked up by its hash: what the time of a lookup tells is about the hash of a guess.
    const found = token && (await scimRepository.client(db, hashToken(token), context.clock.now()));
    if (!found) {
      void reply.header('www-authenticate', 'Bearer realm="scim"');
      throw new ScimError(401, 'A valid bearer token is needed');
    }
    CLIENTS.set(request, found);
  };
}

/** SCIM 2.0 (RFC 7644) at `/api/scim/v2`, with its own tokens, media type and errors. */
export function scimRoutes(context: OrgContext, scim: Scim): (app: FastifyInstance) => void {
  const base = `${context.site.settings.public_url.replace(/\/+$/, '')}${SCIM_PREFIX}`;
  const config = {
    public: true,
    // Texts are cleaned, and what cannot be taken is told attribute by attribute.
    readsAnything: true,
    rateLimit: {
      max: REQUESTS_PER_MINUTE,
      timeWindow: '1 minute',
      // By token, so that one client does not use up another's; without one by address.
      keyGenerator: (request: FastifyRequest) => {
        const found = TOKEN.exec(request.headers.authorization ?? '')?.[1];
        return found === undefined ? request.ip : hashToken(found).toString('base64');
      },
    },
  };

  const client = (request: FastifyRequest): ScimClient => {
    const found = CLIENTS.get(request);
    if (!found) throw new ScimError(401, 'A valid bearer token is needed');
    return found;
  };

  const precondition =
    (request: FastifyRequest): Precondition =>
    (version) => {
      const wanted = header(request, 'if-match');
      if (wanted !== undefined && !names(wanted, version)) {
        throw new ScimError(412, 'The resource has changed meanwhile');
      }
    };

  const send = (
    reply: FastifyReply,
    kind: ResourceKind,
    found: Found,
    query: Pick<ListQuery, 'attributes' | 'excludedAttributes'>,
    status = 200,
  ): FastifyReply =>
    reply
      .code(status)
      .header('etag', found.version)
      .header('location', found.location)
      .send(project(kind, found.resource, query));

  const list = async (request: FastifyRequest, kind: ResourceKind, query: ListQuery): Promise<Json> => {
    const { total, resources } = await scim.list(client(request), kind, query);
    return {
      schemas: [LIST],
      totalResults: total,
      startIndex: query.startIndex,
      itemsPerPage: resources.length,
      Resources: resources.map((resource) => project(kind, resource, query)),
    };
  };

  return (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      ['application/scim+json', 'application/json'],
      { parseAs: 'string', bodyLimit: BODY_BYTES },
      (_request, text, done) => {
        if (text === '') {
          done(null, undefined);
          return;
        }
        try {
          done(null, JSON.parse(text as string));
        } catch {
          done(new ScimError(400, 'The body is not JSON', 'invalidSyntax'));
        }
      },
    );

    app.setErrorHandler(async (error, request, reply) => {
      let known: ScimError;
      if (error instanceof ScimError) known = error;
      else if (error instanceof DomainError) {
        const said = context.texts.t('en', error.code.replace('.', ':errors.'), error.params);
        known = new ScimError(error.status, said);
      } else {
        const { statusCode, message, code } = error as {
          statusCode?: number;
          message: string;
          code?: string;
        };
        if (code === 'ECONNREFUSED' || code === '57P01' || code === '57P03') {
          known = new ScimError(503, 'The database does not answer');
        } else if (statusCode !== undefined && statusCode < 500) {
          known = new ScimError(statusCode, message, statusCode === 400 ? 'invalidSyntax' : undefined);
        } else {
          request.log.error({ err: error }, 'SCIM request failed');
          known = new ScimError(500, `Internal error, request ${request.id}`);
        }
      }
      if (known.status === 503) void reply.header('retry-after', String(known.retryAfter ?? 30));
      return reply
        .code(known.status)
        .header('content-type', MEDIA_TYPE)
        .send(JSON.stringify(errorBody(known)));
    });
    // The type stays as it was set; fastify would write its own.
    app.addHook('onSend', async (_request, reply, payload) => {
      if (reply.statusCode !== 204) void reply.header('content-type', MEDIA_TYPE);
      return payload;
    });

    const discovery = (resources: Json[]): Json => ({
      schemas: [LIST],
      totalResults: resources.length,
      startIndex: 1,
      itemsPerPage: resources.length,
      Resources: resources,
    });
    const noFilter = (request: FastifyRequest): void => {
      // RFC 7644, section 4: forbidden there.
      if ((request.query as Json)['filter'] !== undefined) throw new ScimError(403, 'Not filterable');
    };
    const options = { config, schema: { hide: true } };
    const said = (summary: string, schema: object = Resource): Said => ({
      config: {
        ...config,
        describedProtocol: {
          contentType: 'application/scim+json',
          error: ErrorForm,
          body: { contentType: 'application/scim+json', schema, maxBytes: BODY_BYTES },
        },
      },
      schema: { tags: ['scim'], summary },
    });
    app.get('/ServiceProviderConfig', said('What of SCIM 2.0 there is here'), () =>
      serviceProviderConfig(base),
    );
    app.get('/ResourceTypes', said('Kinds of resources'), (request) => {
      noFilter(request);
      return discovery(resourceTypes(base));
    });
    app.get('/Schemas', said('Attributes of the resources'), (request) => {
      noFilter(request);
      return discovery(schemaResources(base));
    });
    app.get<{ Params: { id: string } }>('/ResourceTypes/:id', said('One kind of resources'), (request) => {
      const found = resourceTypes(base).find((one) => one['id'] === request.params.id);
      if (!found) throw new ScimError(404, 'No such resource type');
      return found;
    });
    app.get<{ Params: { id: string } }>('/Schemas/:id', said('Attributes of one kind'), (request) => {
      const found = schemaResources(base).find((one) => one['id'] === request.params.id);
      if (!found) throw new ScimError(404, 'No such schema');
      return found;
    });
    // RFC 7644, section 4, and RFC 9110, section 15.5.6: they are only read.
    for (const url of [
      '/ServiceProviderConfig',
      '/ResourceTypes',
      '/ResourceTypes/:id',
      '/Schemas',
      '/Schemas/:id',
    ]) {
      app.route({
        method: ['POST', 'PUT', 'PATCH', 'DELETE'],
        url,
        ...options,
        handler: (_request, reply) => {
          void reply.header('allow', 'GET');
          throw new ScimError(405, 'Only GET');
        },
      });
    }
    // All kinds of resources at once (RFC 7644, section 3.4.3).
    app.post('/.search', said('Search in all resources', SearchForm), async (request) => {
      const query = parseQuery(searchOf(request));
      const found = await scim.search(client(request), [userKind, groupKind], query);
      return {
        schemas: [LIST],
        totalResults: found.total,
        startIndex: query.startIndex,
        itemsPerPage: found.resources.length,
        Resources: found.resources.map(({ kind, resource }) => project(kind, resource, query)),
      };
    });
    app.all('/Me', options, () => {
      throw new ScimError(501, 'A token belongs to nobody: there is no /Me');
    });
    app.post('/Bulk', options, () => {
      throw new ScimError(501, 'Bulk is not supported');
    });

    app.all('/*', options, () => {
      throw new ScimError(404, 'No such endpoint');
    });

    for (const kind of [userKind, groupKind]) {
      const at = kind.endpoint;
      interface ById {
        Params: { id: string };
      }
      app.get(at, said(`List of ${kind.name}s`), (request) =>
        list(request, kind, parseQuery(request.query as Json)),
      );
      app.post(`${at}/.search`, said(`Search in ${kind.name}s`, SearchForm), (request) => {
        return list(request, kind, parseQuery(searchOf(request)));
      });
      app.post(at, said(`Create a ${kind.name}`), async (request, reply) =>
        send(
          reply,
          kind,
          await scim.create(client(request), kind, request.body),
          parseQuery(request.query as Json),
          201,
        ),
      );
      app.get<ById>(`${at}/:id`, said(`One ${kind.name}`), async (request, reply) => {
        const found = await scim.get(client(request), kind, request.params.id);
        const known = header(request, 'if-none-match');
        if (known !== undefined && names(known, found.version)) {
          return reply.code(304).header('etag', found.version).send();
        }
        return send(reply, kind, found, parseQuery(request.query as Json));
      });
      app.put<ById>(`${at}/:id`, said(`Replace a ${kind.name}`), async (request, reply) =>
        send(
          reply,
          kind,
          await scim.replace(client(request), kind, request.params.id, request.body, precondition(request)),
          parseQuery(request.query as Json),
        ),
      );
      app.patch<ById>(`${at}/:id`, said(`Change a ${kind.name}`, PatchForm), async (request, reply) => {
        const { id } = request.params;
        const found = await scim.patch(client(request), kind, id, request.body, precondition(request));
        const query = parseQuery(request.query as Json);
        // A group may have thousands of members: the client gets it only when it asks (RFC 7644, section 3.5.2).
        if (kind === groupKind && query.attributes.length === 0) {
          return reply.code(204).header('etag', found.version).send();
        }
        return send(reply, kind, found, query);
      });
      app.delete<ById>(`${at}/:id`, said(`Remove a ${kind.name}`), async (request, reply) => {
        await scim.remove(client(request), kind, request.params.id, precondition(request));
        return reply.code(204).send();
      });
    }
  };
}
