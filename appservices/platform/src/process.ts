import type { Kysely } from 'kysely';
import { Type } from 'typebox';
import { createAccess } from './access/access.ts';
import { hasRegistration, registerAppservice, sweepTransactions } from './appservice.ts';
import { systemClock, systemRandom, type Clock } from './clock.ts';
import { databaseUrl, parseConfig, type Site } from './config/site.ts';
import { createActs } from './db/acts.ts';
import { openDatabase, pingDatabase, withAdvisoryLock } from './db/database.ts';
import { migrateDomain } from './db/migrate.ts';
import { platformErrors } from './errors.ts';
import { createDomainEvents, subscriptionJobs, type Subscription } from './events.ts';
import type { HomeserverAccess } from './homeserver.ts';
import { createHttp, type Http } from './http/http.ts';
import { createSessions, type Sessions } from './http/session.ts';
import { sessionRoutes, type OpenIdVerifier } from './http/session.routes.ts';
import { createTexts } from './i18n/texts.ts';
import { createJobQueue, defineJob, migrateJobs, startJobs, type JobRunner } from './jobs/jobs.ts';
import { createMailPost } from './mail/mail.ts';
import { mailServer } from './mail/settings.ts';
import {
  ManifestError,
  orderModules,
  type DomainModule,
  type DomainParts,
  type HealthReport,
} from './manifest.ts';
import { createLog } from './observe/log.ts';
import { createMetrics } from './observe/metrics.ts';
import { migrations as platformMigrations } from '../migrations/index.ts';
import { platformTexts } from './texts.ts';

/** Jobs at work at once in one process, by lane. */
const JOB_CONCURRENCY = { prompt: 4, long: 3 };
const DATABASE_CONNECTIONS = 16;
/** The queue's schema. */
const JOB_SCHEMA = 'jobs';

export interface HostOptions {
  readonly site: Site;
  readonly domains: readonly DomainModule[];
  readonly verifyOpenId: OpenIdVerifier;
  /** The domain that runs here alone, on a database of its own. */
  readonly apart?: string;
  /** Distinguishes processes in logs, in `pg_stat_activity` and in the queue. */
  readonly name: string;
  /** `false`: for one command: no jobs are worked off, no bots start, nothing listens. */
  readonly serve: boolean;
  /** Tests decide what "now" is. */
  readonly clock?: Clock;
  /** Where log lines go instead of the standard output. */
  readonly logTo?: { write(line: string): void };
}

export interface Host {
  readonly http: Http;
  readonly db: Kysely<unknown>;
  readonly sessions: Sessions;
  readonly parts: ReadonlyMap<string, DomainParts>;
  listen(port: number, address?: string): Promise<string>;
  stop(): Promise<void>;
}

/** Migrates the platform's and the domains' schemas, one process at a time. */
export async function migrateAll(
  site: Site,
  domains: readonly DomainModule[],
  apart?: string,
): Promise<void> {
  const handle = openDatabase({ url: databaseUrl(site, apart), applicationName: 'qiao-migrate', max: 3 });
  try {
    await withAdvisoryLock(handle.pool, 'qiao-migrate', async () => {
      await migrateDomain(handle.db, 'platform', platformMigrations);
      await migrateJobs(handle.pool, JOB_SCHEMA);
      for (const module of orderModules(domains)) {
        await migrateDomain(handle.db, module.id, module.migrations);
      }
    });
  } finally {
    await handle.close();
  }
}

/**
 * Sets up one host process: config, database, domains, HTTP, jobs, bots, in this order. What fails on the way leaves
 * nothing behind: a database that goes away meanwhile lets it be tried again (`serveHost`).
 */
export async function createHost(options: HostOptions): Promise<Host> {
  /** How to end what has begun, in order of its beginning. */
  const undo: (() => Promise<void>)[] = [];
  try {
    return await assemble(options, undo);
  } catch (error) {
    for (const end of undo.reverse()) await end().catch(() => undefined);
    throw error;
  }
}

async function assemble(options: HostOptions, undo: (() => Promise<void>)[]): Promise<Host> {
  const { site, apart } = options;
  const modules = orderModules(options.domains);
  const workerName = `qiao-${options.name}-${process.pid}-${systemRandom.token(4)}`;
  const clock = options.clock ?? systemClock;
  const log = createLog({
    level: site.settings.log?.level ?? 'info',
    name: options.name,
    ...(options.logTo ? { destination: options.logTo } : {}),
  });
  const metrics = createMetrics();
  await migrateAll(site, modules, apart);
  const handle = openDatabase({
    url: databaseUrl(site, apart),
    applicationName: workerName,
    max: DATABASE_CONNECTIONS,
    onError: (error) => {
      log.warn({ err: error }, 'database connection lost');
    },
  });
  const { db, pool } = handle;
  undo.push(() => handle.close());
  const texts = createTexts({
    platform: platformTexts,
    ...Object.fromEntries(modules.map((module) => [module.id, module.texts])),
  });
  const sessions = createSessions({
    db,
    clock,
    random: systemRandom,
    serverName: site.settings.server_name,
  });
  const access = createAccess(modules.flatMap((module) => module.claims.permissions));
  const queue = createJobQueue(JOB_SCHEMA);
  const mail = createMailPost({
    db,
    queue,
    clock,
    random: systemRandom,
    log,
    metrics,
    server:
      site.settings.mail && mailServer(site.settings.mail, site.secrets.find('mail_password'), site.varDir),
    companyName: site.settings.company_name,
    varDir: site.varDir,
  });
  const subscriptions: Subscription[] = [];
  const events = createDomainEvents(
    queue,
    () => subscriptions,
    new Set(modules.flatMap((module) => module.claims.domainEvents)),
  );
  const offers = new Map<string, { owner: string; value: unknown }>();
  const parts = new Map<string, DomainParts>();
  for (const module of modules) {
    const { id } = module;
    const domainLog = log.child({ domain: id });
    const homeserver: HomeserverAccess = {
      url: site.settings.homeserver.url,
      serverName: site.settings.server_name,
      asToken: hasRegistration(module) ? site.secrets.get(`as_token_${id}`) : '',
      moduleToken: () => site.secrets.get('synapse_module_token'),
    };
    const part = await module.setup({
      id,
      config: parseConfig(module.config, site.settings.domains[id] ?? {}, `domains.${id}`),
      site,
      db,
      queue,
      events,
      access,
      sessions,
      acts: createActs(db, id, clock),
      texts,
      mail: mail.of(id),
      homeserver,
      log: domainLog,
      metrics,
      clock,
      random: systemRandom,
      use: (contract: string): unknown => {
        const offer = offers.get(contract);
        if (!offer || !(module.needs.includes(offer.owner) || offer.owner === id)) {
          throw new Error(`${id} may not use ${contract}`);
        }
        return offer.value;
      },
    });
    for (const [contract, value] of Object.entries(part.offers ?? {}))
      offers.set(contract, { owner: id, value });
    subscriptions.push(...(part.subscriptions ?? []));
    parts.set(id, part);
    const { stop } = part;
    if (options.serve && stop) undo.push(() => stop());
  }

  const http = await createHttp({ texts, sessions, metrics, log });
  sessionRoutes(http, {
    sessions,
    verify: options.verifyOpenId,
    secureCookie: site.settings.public_url.startsWith('https://'),
  });
  for (const module of modules) {
    const part = parts.get(module.id);
    const routes = part?.routes;
    if (routes) await http.register((scope) => routes(scope as Http), { prefix: `/api/${module.id}` });
    for (const protocol of part?.protocols ?? []) {
      await http.register(
        (scope) => {
          scope.addHook('onRequest', protocol.login);
          return protocol.routes(scope);
        },
        { prefix: protocol.prefix },
      );
    }
    const handler = part?.onMatrixEvent;
    if ((module.hears === true) !== (handler !== undefined))
      throw new ManifestError(
        `${module.id} says hears: ${String(module.hears === true)}, and its setup differs`,
      );
    if (handler) {
      registerAppservice(http, {
        domain: module.id,
        hsToken: site.secrets.get(`hs_token_${module.id}`),
        db,
        handler,
        log: log.child({ domain: module.id }),
        metrics,
      });
    }
  }

  let runner: JobRunner | undefined;
  undo.push(async () => runner?.stop());
  undo.push(() => http.close());
  const health = async (): Promise<{ ok: boolean; parts: Record<string, HealthReport> }> => {
    const reports: Record<string, HealthReport> = { database: { ok: await pingDatabase(db) } };
    for (const [id, part] of parts) {
      for (const [check, run] of Object.entries(part.health ?? {})) {
        reports[`${id}.${check}`] = await run().catch((error: unknown) => ({
          ok: false,
          detail: error instanceof Error ? error.message : 'failed',
          code: 'no_answer' as const,
        }));
      }
    }
    if (runner) {
      const jobs = await runner.stats().catch(() => undefined);
      reports['jobs'] = jobs
        ? {
            ok: true,
            detail: `${jobs.waiting} waiting, ${jobs.failed} given up`,
            code: 'queue',
            params: { waiting: jobs.waiting, failed: jobs.failed },
          }
        : { ok: false, detail: 'queue does not answer', code: 'queue_silent' };
    }
    return { ok: Object.values(reports).every((report) => report.ok), parts: reports };
  };
  http.get('/health', { schema: { hide: true } }, async (_request, reply) => {
    const report = await health();
    return reply
      .code(report.ok ? 200 : 503)
      .send({ status: report.ok ? 'ok' : 'degraded', parts: report.parts });
  });
  http.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
  http.get(
    '/api/platform/health',
    { schema: { tags: ['platform'], summary: 'Health of the parts, for administrators' } },
    async (request) => {
      // Details name parts and addresses: shown to those who may see the installation, status to the rest.
      if (!request.actor?.local) throw platformErrors.not_found();
      const report = await health();
      const permitted = [...parts.keys()].includes('org')
        ? await access.can(request.actor, 'org.installation.read', { kind: 'company' })
        : false;
      if (!permitted) throw platformErrors.not_found();
      return { status: report.ok ? 'ok' : 'degraded', parts: report.parts };
    },
  );
  http.get(
    '/api/openapi.json',
    { config: { public: true }, schema: { tags: ['platform'], summary: 'This description (OpenAPI 3.1)' } },
    () => http.swagger(),
  );

  if (options.serve) {
    const sweep = defineJob({
      name: 'platform.sweep-sessions',
      payload: Type.Object({}),
      cron: '*/15 * * * *',
      run: async () => {
        await sessions.sweep();
      },
    });
    const sweepPushed = defineJob({
      name: 'platform.sweep-transactions',
      payload: Type.Object({}),
      cron: '50 3 * * *',
      run: () => sweepTransactions(db),
    });
    for (const part of parts.values()) await part.prepare?.();
    runner = await startJobs({
      pool,
      schema: JOB_SCHEMA,
      process: workerName,
      jobs: [
        sweep,
        sweepPushed,
        ...mail.jobs,
        ...[...parts.values()].flatMap((part) => part.jobs ?? []),
        ...subscriptionJobs(subscriptions),
      ],
      concurrency: JOB_CONCURRENCY,
      log,
      metrics,
    });
    for (const part of parts.values()) await part.start?.();
  }
  return {
    http,
    db,
    sessions,
    parts,
    listen: (port, address = '127.0.0.1') => http.listen({ port, host: address }),
    async stop() {
      for (const end of undo.reverse()) await end();
    },
  };
}
