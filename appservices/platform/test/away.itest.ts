import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import {
  createTestDatabase,
  startTestStack,
  waitFor,
  type RunningTestStack,
  type TestDatabase,
} from '@qiao/testkit';
import { sql } from 'kysely';
import { Type } from 'typebox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createJobQueue,
  defineJob,
  defineModule,
  isDatabaseAway,
  openDatabase,
  serveHost,
} from '../src/index.ts';
import { startTestHost, type TestHost } from '../src/testing/index.ts';

/*
 * The database goes away under a host and comes back: what was accepted is done, and the host needs nobody's help.
 * An unhandled rejection of the queue, which is how this once ended the host, fails the run by itself.
 */

const atWork = new Map<number, number>();
const done = new Map<number, number>();
let together = 0;
/** Jobs wait for it. */
let gate: Promise<unknown> = Promise.resolve();
const pushed: string[] = [];

const work = defineModule({
  id: 'work',
  needs: [],
  config: Type.Object({}),
  claims: { eventTypes: [], bots: ['_qiao_work_bot'], permissions: [], domainEvents: [] },
  errors: {},
  texts: { en: {}, zh_Hans: {} },
  hears: true,
  migrations: {
    '001_work': {
      up: async (db) => {
        await sql`create table work.item (id int primary key)`.execute(db);
      },
    },
  },
  setup: ({ db, queue }) => ({
    routes: (http) => {
      const options = { config: { public: true }, schema: { body: Type.Object({ id: Type.Integer() }) } };
      http.post('/items', options, async (request) => {
        const { id } = request.body;
        await db.transaction().execute(async (trx) => {
          await sql`insert into work.item values (${id})`.execute(trx);
          await queue.enqueue(trx as never, 'work.do', { id });
        });
        return {};
      });
    },
    jobs: [
      defineJob({
        name: 'work.do',
        payload: Type.Object({ id: Type.Integer() }),
        run: async ({ id }) => {
          atWork.set(id, (atWork.get(id) ?? 0) + 1);
          together = Math.max(together, atWork.get(id) ?? 0);
          await gate;
          atWork.set(id, (atWork.get(id) ?? 0) - 1);
          done.set(id, (done.get(id) ?? 0) + 1);
        },
      }),
    ],
    onMatrixEvent: async (event) => {
      await sql`select 1`.execute(db);
      pushed.push(event.event_id);
    },
  }),
});

let own: RunningTestStack;
let database: TestDatabase;
let host: TestHost;

beforeAll(async () => {
  own = await startTestStack({ parts: ['postgres'], keepsData: true });
  database = await createTestDatabase({ stack: own.info });
  host = await startTestHost({ domains: [work], databaseUrl: database.url, serve: true });
});
afterAll(async () => {
  await host.stop();
  await database.drop();
  await own.stop();
});

/** The processes of a killed one may hold its memory for a moment. */
const databaseBack = () => waitFor(() => own.stack.startPart('postgres'), { what: 'the database' });
const said = (text: string): number => host.logLines.filter((line) => line.includes(text)).length;
const drained = async (): Promise<boolean> => {
  const { body } = await host.call('GET', '/health');
  return (body as { parts: { jobs: { detail: string } } }).parts.jobs.detail === '0 waiting, 0 given up';
};

test('jobs that end while the database is away leave the host alive, and all are done', async () => {
  const open = Promise.withResolvers<undefined>();
  gate = open.promise;
  const ids = Array.from({ length: 12 }, (_, at) => at + 1);
  for (const id of ids) expect((await host.call('POST', '/api/work/items', { id })).status).toBe(200);
  await waitFor(() => [...atWork.values()].filter((count) => count > 0).length === 4, {
    what: 'jobs at work',
  });
  await own.stack.killPart('postgres');
  open.resolve(undefined);
  await waitFor(() => said('the queue stands still') > 0, { what: 'the queue to notice' });
  const away = await host.call('POST', '/api/work/items', { id: 100 });
  expect(away).toMatchObject({ status: 503, body: { error: { code: 'platform.unavailable' } } });
  expect(away.headers['retry-after']).toBe('3');
  expect((await host.call('GET', '/health')).body).toMatchObject({
    status: 'degraded',
    parts: { database: { ok: false }, jobs: { ok: false } },
  });
  await databaseBack();
  await waitFor(drained, { timeout: 60_000, what: 'the queue to be empty' });
  expect([...done.keys()].sort((a, b) => a - b)).toEqual(ids);
  expect(together).toBe(1);
  expect(said('the queue goes on')).toBeGreaterThan(0);
  const { rows } = await sql<{ workers: number; locked: number }>`select
    (select count(*)::int from platform.worker) as workers,
    (select count(*)::int from jobs._private_jobs where locked_by is not null) as locked`.execute(host.db);
  expect(rows).toEqual([{ workers: 1, locked: 0 }]);
});

test('a job that was locked by an answer that never came is not lost', async () => {
  // As after a connection that broke between the lock and its answer: held by workers that live on.
  const queue = createJobQueue('jobs');
  await queue.enqueue(host.db as never, 'work.do', { id: 200 }, { runAt: new Date(Date.now() + 3_600_000) });
  await sql`update jobs._private_jobs set locked_by = (select id from platform.worker), locked_at = now(),
    run_at = now() where payload->>'id' = '200'`.execute(host.db);
  const before = said('the queue goes on');
  await own.stack.killPart('postgres');
  await waitFor(() => said('the queue stands still') > before, { what: 'the queue to notice' });
  await databaseBack();
  await waitFor(() => done.has(200), { timeout: 60_000, what: 'the job' });
});

test('a job that was asked for anew while it ran does not stand there as given up', async () => {
  const open = Promise.withResolvers<undefined>();
  gate = open.promise;
  const queue = createJobQueue('jobs');
  const ask = () => queue.enqueue(host.db as never, 'work.do', { id: 300 }, { key: 'again', queue: 'one' });
  await ask();
  await waitFor(() => atWork.get(300) === 1, { what: 'the job at work' });
  await ask();
  const before = said('the queue goes on');
  await own.stack.killPart('postgres');
  open.resolve(undefined);
  await databaseBack();
  await waitFor(() => said('the queue goes on') > before, { timeout: 60_000, what: 'the queue to go on' });
  await waitFor(drained, { timeout: 60_000, what: 'the queue to be empty' });
  expect(done.get(300)).toBeGreaterThanOrEqual(2);
  expect(together).toBe(1);
});

test('what the homeserver pushes meanwhile is refused, so that it comes again', async () => {
  const event = {
    type: 'm.x',
    event_id: '$1',
    room_id: '!r:x',
    sender: '@a:x',
    origin_server_ts: 1,
    content: {},
  };
  const push = () =>
    host.call(
      'PUT',
      '/_matrix-as/work/_matrix/app/v1/transactions/1',
      { events: [event] },
      { authorization: 'Bearer hs-work' },
    );
  await own.stack.killPart('postgres');
  expect((await push()).status).toBe(503);
  await databaseBack();
  await waitFor(async () => (await push()).status === 200);
  expect(pushed).toEqual(['$1']);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a host that is started without a database waits for it, and says so', async () => {
  await own.stack.killPart('postgres');
  const port = await freePort();
  const lines: string[] = [];
  const options = {
    site: host.site,
    domains: [work],
    verifyOpenId: () => Promise.resolve(undefined),
    name: 'waiting',
    logTo: { write: (line: string) => lines.push(line) },
  };
  const served = serveHost({ ...options, port });
  const get = (path: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'accept-language': 'zh-CN' } });
  const waiting = await waitFor(() => get('/health'), { what: 'an answer' });
  expect(waiting.status).toBe(503);
  expect(await waiting.json()).toEqual({
    status: 'degraded',
    parts: { database: { ok: false, detail: 'no answer', code: 'no_answer' } },
  });
  const refused = await get('/api/session');
  expect(refused.status).toBe(503);
  expect(await refused.json()).toEqual({
    error: { code: 'platform.unavailable', message: '暂时不可用，请稍后重试。' },
  });
  expect(lines.some((line) => line.includes('the start waits for it'))).toBe(true);
  await databaseBack();
  await served.started;
  await waitFor(async () => (await get('/health')).status === 200, { what: 'health' });
  expect((await get('/api/session')).status).toBe(401);
  await served.stop();

  // Asked to end while it waits, it ends.
  await own.stack.killPart('postgres');
  const never = serveHost({ ...options, port });
  const ended = expect(never.started).rejects.toThrow();
  await waitFor(() => get('/health'), { what: 'an answer' });
  await never.stop();
  await ended;
  await expect(get('/health')).rejects.toThrow();
  await databaseBack();
});

test('what is no outage is not waited for', async () => {
  const wrong = openDatabase({ url: database.url.replace(/:[^:@]+@/, ':wrong@'), applicationName: 'test' });
  const refused = await sql`select 1`.execute(wrong.db).catch((error: unknown) => error);
  await wrong.close();
  expect(isDatabaseAway(refused)).toBe(false);
  expect(
    isDatabaseAway(await sql`select * from nowhere`.execute(host.db).catch((error: unknown) => error)),
  ).toBe(false);
  const nobody = openDatabase({
    url: `postgresql://x@127.0.0.1:${await freePort()}/x`,
    applicationName: 'test',
  });
  expect(isDatabaseAway(await sql`select 1`.execute(nobody.db).catch((error: unknown) => error))).toBe(true);
  await nobody.close();
});
