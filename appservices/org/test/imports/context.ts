import {
  createAccess,
  createActs,
  createDomainEvents,
  createHttp,
  createJobQueue,
  createLog,
  createMailPost,
  createMetrics,
  createSessions,
  createTexts,
  migrateDomain,
  migrateJobs,
  openDatabase,
  openSecrets,
  platformMigrations,
  platformTexts,
  startJobs,
  systemRandom,
  type DatabaseHandle,
  type DomainParts,
  type Grants,
  type Http,
  type JobRunner,
  type Metrics,
} from '@qiao/platform';
import { createTestDatabase, type TestDatabase } from '@qiao/testkit';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orgEvents, orgPermissions } from '../../contract/index.ts';
import { migrations } from '../../migrations/index.ts';
import type { ChangeContext } from '../../server/changes.ts';
import type { OrgContext } from '../../server/context.ts';
import type { OrgDb } from '../../server/tables.ts';
import { orgTexts } from '../../server/texts.ts';

/** A real database and everything of the platform an area of org stands on; no homeserver. */
export interface TestOrg {
  context: OrgContext;
  db: OrgDb;
  database: TestDatabase;
  by: ChangeContext;
  /** What `grants` answers for `org.*`; change it to take rights away. */
  held: { company: boolean };
  /** An HTTP server with the parts' routes below `/api/org`. */
  serve(parts: DomainParts): Promise<Http>;
  /** A session's bearer header for a user. */
  signIn(userId: string): Promise<{ authorization: string }>;
  work(parts: DomainParts): Promise<JobRunner>;
  close(): Promise<void>;
}

async function migrate(url: string): Promise<void> {
  const handle = openDatabase({ url, applicationName: 'test-migrate', max: 2 });
  await migrateDomain(handle.db, 'platform', platformMigrations);
  await migrateJobs(handle.pool, 'jobs');
  await migrateDomain(handle.db, 'org', migrations);
  await handle.close();
}

interface Parts {
  context: OrgContext;
  held: { company: boolean };
  pool: DatabaseHandle['pool'];
  metrics: Metrics;
  close: () => Promise<void>;
}

/** A domain's context over a database; `workerName` is how the process is known to the queue. */
export function contextFor(
  url: string,
  varDir: string,
  workerName: string,
  config: Partial<OrgContext['config']> = {},
): Parts {
  const handle = openDatabase({ url, applicationName: workerName, max: 8 });
  const log = createLog({ level: 'error', name: 'test' });
  const metrics = createMetrics();
  const clock = { now: () => new Date() };
  const queue = createJobQueue('jobs');
  const access = createAccess(new Set(orgPermissions.map((permission) => permission.name)));
  const held = { company: true };
  access.setSource({
    grants: (userId): Promise<Grants> =>
      Promise.resolve({ company: held.company && userId.startsWith('@admin:'), departments: [] }),
    within: () => Promise.resolve(false),
  });
  const sessions = createSessions({ db: handle.db, clock, random: systemRandom, serverName: 'test' });
  const texts = createTexts({ platform: platformTexts, org: orgTexts });
  const context: OrgContext = {
    id: 'org',
    config: {
      activation_days: 14,
      phone_country: 'CN',
      undo_days: 30,
      provision_concurrency: 4,
      max_import_bytes: 268_435_456,
      greet: false,
      ...config,
    },
    site: {
      settings: {
        company_name: 'Test',
        server_name: 'test',
        public_url: 'http://localhost',
        homeserver: { url: 'http://127.0.0.1:1', managed: false },
        database: { url, managed: false },
        ports: {},
        domains: {},
      },
      secrets: openSecrets(join(varDir, 'secrets')),
      varDir,
    },
    db: handle.db,
    queue,
    mail: createMailPost({
      db: handle.db,
      queue,
      clock,
      random: systemRandom,
      log,
      metrics,
      server: undefined,
      companyName: 'Test',
      varDir,
    }).of('org'),
    events: createDomainEvents(queue, () => [], new Set(Object.keys(orgEvents))),
    access,
    sessions,
    acts: createActs(handle.db, 'org', clock),
    texts,
    homeserver: { url: 'http://127.0.0.1:1', serverName: 'test', asToken: '', moduleToken: () => '' },
    log,
    metrics,
    clock,
    random: systemRandom,
    use: (contract) => {
      throw new Error(`nothing offers ${contract}`);
    },
  };
  return { context, held, pool: handle.pool, metrics, close: () => handle.close() };
}

export async function startTestOrg(config: Partial<OrgContext['config']> = {}): Promise<TestOrg> {
  const database = await createTestDatabase({ migrate, template: 'org_imports' });
  const workerName = `test-${database.name}`;
  const varDir = mkdtempSync(join(tmpdir(), 'qiao-imports-'));
  const { context, held, pool, metrics, close } = contextFor(database.url, varDir, workerName, config);
  const { sessions, texts, log } = context;
  const servers: Http[] = [];
  const runners: JobRunner[] = [];
  return {
    context,
    db: context.db as unknown as OrgDb,
    database,
    by: { actor: '@admin:test', on: '2026-03-01' },
    held,
    async serve(parts) {
      const http = await createHttp({ texts, sessions, metrics, log });
      await http.register(async (scope) => parts.routes?.(scope as Http), { prefix: '/api/org' });
      servers.push(http);
      return http;
    },
    async signIn(userId) {
      const { token } = await sessions.create(userId, undefined);
      return { authorization: `Bearer ${token}` };
    },
    async work(parts) {
      const runner = await startJobs({
        pool,
        schema: 'jobs',
        process: workerName,
        jobs: parts.jobs ?? [],
        concurrency: { prompt: 2, long: 2 },
        log,
        metrics,
      });
      runners.push(runner);
      return runner;
    },
    async close() {
      for (const server of servers) await server.close();
      for (const runner of runners) await runner.stop();
      await close();
      await database.drop();
      rmSync(varDir, { recursive: true, force: true });
    },
  };
}
