import cookie from '@fastify/cookie';
import multipart from '@fastify/multipart';
import rateLimit from '@fastify/rate-limit';
export type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
// Types of uploads for domains: request.file(), request.isMultipart().
export type { MultipartFile } from '@fastify/multipart';
import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type RawServerDefault,
} from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Actor } from '../access/access.ts';
import { isDatabaseAway } from '../db/away.ts';
import { DomainError, platformErrors } from '../errors.ts';
import { negotiateLocale, type Locale, type Texts } from '../i18n/texts.ts';
import { MatrixUnreachableError } from '../matrix/errors.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { hasBoundary, isUnkeepable, unkeepable } from './door.ts';
import { describeHttp, type DescribedBody, type DescribedProtocol } from './openapi.ts';
import type { Sessions } from './session.ts';
import { sizeOf } from './size.ts';

/** A fastify instance whose handlers are typed by their TypeBox schemas. */
export type Http = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined only on routes with `config: { public: true }`. */
    actor: Actor | undefined;
    /** Language of the answer's texts. */
    locale: Locale;
  }
  interface FastifyContextConfig {
    /** No session needed. */
    public?: boolean;
    /** Reads any text and number itself: nothing is refused at the door (`door.ts`). */
    readsAnything?: boolean;
    /** What the description says of a body that is not checked by a schema. */
    describedBody?: DescribedBody;
    /** A protocol with errors of its own (SCIM). */
    describedProtocol?: DescribedProtocol;
  }
}

export const SESSION_COOKIE = 'qiao_session';
/** Bodies that are not uploads. */
const BODY_LIMIT_BYTES = 1024 * 1024;
/** One file of an upload. */
const FILE_LIMIT_BYTES = 256 * 1024 * 1024;
/** When a caller may ask again what is not available right now. */
export const RETRY_AFTER_SECONDS = 3;
/** Every request that changes something by cookie carries it: a form of another site cannot. */
export const CSRF_HEADER = 'x-qiao';

/** The signed-in person. @throws DomainError `platform.not_signed_in` */
export function requireActor(request: { actor: Actor | undefined }): Actor {
  if (!request.actor) throw platformErrors.not_signed_in();
  return request.actor;
}

const tokenOf = (request: {
  headers: { authorization?: string | undefined };
  cookies: Record<string, string | undefined>;
}): { token: string; byCookie: boolean } | undefined => {
  const header = request.headers.authorization;
  if (header?.startsWith('Bearer ')) return { token: header.slice(7), byCookie: false };
  const value = request.cookies[SESSION_COOKIE];
  return value ? { token: value, byCookie: true } : undefined;
};

export interface HttpOptions {
  readonly texts: Texts;
  readonly sessions: Sessions;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Requests per minute and person (before sign-in: address) on one process; routes may set their own. */
  readonly requestsPerMinute?: number;
}

const domainOf = (path: string): string => /^\/(?:api|_matrix-as)\/([a-z0-9]+)/.exec(path)?.[1] ?? 'platform';

/** The HTTP server all domains share: sessions, error answers, limits, metrics, OpenAPI. */
export async function createHttp(options: HttpOptions): Promise<Http> {
  const { texts, sessions, metrics, log } = options;
  const logger: FastifyBaseLogger = log;
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: 'loopback',
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 300 },
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(TypeBoxValidatorCompiler);
  app.decorateRequest('actor', undefined);
  app.decorateRequest('locale', 'zh-Hans');
  await app.register(cookie);
  await app.register(multipart, { limits: { fileSize: FILE_LIMIT_BYTES, files: 1, fields: 20 } });
  await app.register(rateLimit, {
    global: true,
    max: options.requestsPerMinute ?? 1200,
    timeWindow: '1 minute',
    // An office has one address. Sessions are looked up before: limits of routes come after the hooks of all.
    keyGenerator: (request) => request.actor?.userId ?? request.ip,
    allowList: (request) => request.url.startsWith('/_matrix-as/'),
    errorResponseBuilder: (_request, context) =>
      platformErrors.too_many_requests({ seconds: Math.ceil(context.ttl / 1000) }),
  });
  await describeHttp(app, { cookie: SESSION_COOKIE, header: CSRF_HEADER, bodyLimit: BODY_LIMIT_BYTES });
  app.addHook('onRequest', async (request, reply) => {
    request.locale = negotiateLocale(request.headers['accept-language']);
    if (request.url.startsWith('/api/')) {
      // Answers are of one person and one moment; routes may say otherwise.
      void reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    }
    if (request.routeOptions.config.public || !request.url.startsWith('/api/')) return;
    const found = tokenOf(request);
    if (!found) throw platformErrors.not_signed_in();
    const actor = await sessions.find(found.token);
    if (!actor) throw platformErrors.not_signed_in();
    const changes = request.method !== 'GET' && request.method !== 'HEAD';
    if (found.byCookie && changes && request.headers[CSRF_HEADER] !== '1') throw platformErrors.not_allowed();
    request.actor = actor;
  });
  // One door for all: before validation, after the question of who it is.
  app.addHook('preParsing', (request, _reply, payload, done) => {
    if (hasBoundary(request.headers['content-type'])) done(null, payload);
    else done(platformErrors.bad_request({ reason: 'boundary' }));
  });
  app.addHook('preValidation', (request, _reply, done) => {
    // What the homeserver tells us is not refused: it would tell nothing else before.
    const any = request.routeOptions.config.readsAnything === true || !request.url.startsWith('/api/');
    const reason = any ? undefined : unkeepable([request.params, request.query, request.body]);
    done(reason && platformErrors.bad_request({ reason }));
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const domain = domainOf(request.url);
    metrics.httpRequests.inc({ domain, route, method: request.method, status: reply.statusCode });
    metrics.httpSeconds.observe({ domain, route }, reply.elapsedTime / 1000);
    const level = reply.statusCode >= 500 ? 'error' : 'debug';
    request.log[level](
      { route, method: request.method, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'request',
    );
    done();
  });
  /** Machines' words reach no screen: a reason has a text, or is told in general (its `details` say more). */
  const reasonText = ({ params }: DomainError, locale: Locale): string => {
    const [, domain = 'platform', name = 'other'] =
      /^(?:([a-z]+)\.)?([a-z_]+)$/.exec(String(params['reason'] ?? '')) ?? [];
    const key = `${domain}:reasons.${name}`;
    return texts.t(locale, texts.has(locale, key) ? key : 'platform:reasons.other', params);
  };
  const answer = (
    error: unknown,
    locale: Locale,
    requestId: string,
    bodyLimit = BODY_LIMIT_BYTES,
  ): { status: number; body: object } => {
    let known: DomainError;
    if (error instanceof DomainError) known = error;
    else {
      const { validation, statusCode, message, code } = error as {
        validation?: unknown;
        statusCode?: number;
        code?: string;
        message?: string;
      };
      if (validation !== undefined) known = platformErrors.bad_request({ reason: message ?? '' }, validation);
      else if (isUnkeepable(error)) known = platformErrors.bad_request({ reason: 'value' });
      else if (statusCode === 413) {
        // A file of an upload has a limit of its own.
        const limit = code === 'FST_ERR_CTP_BODY_TOO_LARGE' ? bodyLimit : FILE_LIMIT_BYTES;
        known = platformErrors.too_large({ limit: sizeOf(limit) });
      } else if (isDatabaseAway(error) || error instanceof MatrixUnreachableError)
        known = platformErrors.unavailable();
      else if (statusCode !== undefined && statusCode < 500)
        known = platformErrors.bad_request({ reason: message ?? '' });
      else known = platformErrors.internal();
    }
    const [domain = 'platform', key = 'internal'] = known.code.split('.', 2);
    return {
      status: known.status,
      body: {
        error: {
          code: known.code,
          message: texts.t(locale, `${domain}:errors.${key}`, {
            ...known.params,
            ...(known.code === 'platform.bad_request' ? { reason: reasonText(known, locale) } : {}),
            request_id: requestId,
          }),
          request_id: requestId,
          ...(known.details === undefined ? {} : { details: known.details }),
        },
      },
    };
  };
  app.setErrorHandler(async (error, request, reply) => {
    const { status, body } = answer(error, request.locale, request.id, request.routeOptions.bodyLimit);
    const reported = error instanceof DomainError ? error.report : status >= 500;
    if (reported) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed');
    // Without it what calls by machine waits as long as it likes.
    if (status === 503) void reply.header('retry-after', String(RETRY_AFTER_SECONDS));
    return reply.code(status).send(body);
  });
  app.setNotFoundHandler(async (request, reply) => {
    const { status, body } = answer(platformErrors.not_found(), request.locale, request.id);
    return reply.code(status).send(body);
  });
  return app;
}
