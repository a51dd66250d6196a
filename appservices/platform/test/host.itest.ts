import { createTestDatabase, testStack, type TestDatabase } from '@qiao/testkit';
import { sql } from 'kysely';
import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  SESSION_IDLE_MS,
  SESSION_LIFE_MS,
  createJobQueue,
  defineJob,
  defineModule,
  makeErrors,
  migrateAll,
  openDatabase,
  platformErrors,
  registrationYaml,
  requireActor,
  sweepTransactions,
} from '../src/index.ts';
import { startTestHost, type TestHost } from '../src/testing/index.ts';

const ran: string[] = [];
const pushed: string[] = [];
const heard: unknown[] = [];
let failures = 2;
/** Ends the runs that take long. */
const longWork = Promise.withResolvers<undefined>();

const errors = makeErrors('notes', { note_locked: { status: 409 } });

const notes = defineModule({
  id: 'notes',
  needs: [],
  config: Type.Object({}),
  claims: {
    eventTypes: [],
    bots: ['_qiao_notes_bot'],
    permissions: [],
    domainEvents: ['notes.note.written'],
  },
  errors: { note_locked: { status: 409 } },
  texts: {
    en: { errors: { note_locked: '{{who}} is writing here.' } },
    zh_Hans: { errors: { note_locked: '{{who}} 正在编辑。' } },
  },
  hears: true,
  migrations: {
    '001_notes': {
      up: async (db) => {
        await sql`create table notes.note (id int primary key)`.execute(db);
      },
    },
  },
  setup: ({ db, queue, events, acts }) => ({
    routes: (http) => {
      http.get('/mine', (request) => ({ user: requireActor(request).userId }));
      http.get('/open', { config: { public: true } }, () => ({ ok: true }));
      http.post('/notes', { schema: { body: Type.Object({ id: Type.Integer() }) } }, async (request) => {
        const { id } = request.body;
        await db.transaction().execute(async (trx) => {
          await sql`insert into notes.note values (${id})`.execute(trx);
          await acts.record(trx as never, {
            actor: requireActor(request).userId,
            action: 'notes.note.write',
            subject: `note:${id}`,
          });
          await queue.enqueue(trx as never, 'notes.count-words', { id });
          await events.publish(trx as never, 'notes.note.written', { id });
          if (id < 0) throw platformErrors.conflict();
        });
        return {};
      });
      http.get('/locked', { config: { public: true } }, () => {
        throw errors.note_locked({ who: 'Ken' });
      });
      http.get('/broken', { config: { public: true } }, () => {
        throw new Error('secret detail');
      });
    },
    jobs: [
      defineJob({
        name: 'notes.count-words',
        payload: Type.Object({ id: Type.Integer() }),
        run: ({ id }) => {
          if (id === 500 && failures-- > 0) throw new Error('not yet');
          ran.push(`count ${id}`);
          return Promise.resolve();
        },
      }),
      defineJob({
        name: 'notes.print-all',
        lane: 'long',
        payload: Type.Object({ id: Type.Integer() }),
        run: async ({ id }) => {
          ran.push(`begin ${id}`);
          await longWork.promise;
          ran.push(`printed ${id}`);
        },
      }),
    ],
    subscriptions: [
      {
        event: 'notes.note.written',
        subscriber: 'notes.listener',
        handle: (payload) => {
          heard.push(payload);
          return Promise.resolve();
        },
      },
    ],
    onMatrixEvent: (event) => {
      if (event.type === 'hostile') throw new Error('hostile');
      pushed.push(event.event_id);
      return Promise.resolve();
    },
  }),
});

let database: TestDatabase;
let host: TestHost;
let now = Date.parse('2026-03-01T08:00:00Z');

beforeAll(async () => {
  database = await createTestDatabase();
  host = await startTestHost({
    domains: [notes],
    databaseUrl: database.url,
    serve: true,
    clock: { now: () => new Date(now) },
    verifyOpenId: (server, token) =>
      Promise.resolve(
        token === 'good' ? `@ken:${server}` : token === 'liar' ? '@ken:other.example' : undefined,
      ),
  });
});
afterAll(async () => {
  await host.stop();
  // The server notices a closed connection a moment later.
  const watch = openDatabase({ url: testStack().superuserUrl, applicationName: 'test-watch' });
  await vi.waitFor(
    async () => {
      const open =
        await sql`select application_name, state, query from pg_stat_activity where datname = ${database.name}`.execute(
          watch.db,
        );
      expect(open.rows, 'connections left open').toEqual([]);
    },
    { timeout: 30_000 },
  );
  await watch.close();
  await database.drop();
});

const openid = (token: string, server = 'qiao.test') => ({
  openid: { access_token: token, token_type: 'Bearer', matrix_server_name: server, expires_in: 3600 },
});

describe('sign-in', () => {
  it('exchanges an OpenID token for a session, as a cookie that scripts cannot read', async () => {
    const answer = await host.call('POST', '/api/session', openid('good'));
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ user_id: '@ken:qiao.test', expires_at: expect.any(String) as string });
    const cookie = String(answer.headers['set-cookie']);
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    const [pair = ''] = cookie.split(';');
    const me = await host.call('GET', '/api/session', undefined, { cookie: pair });
    expect(me.body).toEqual({ user_id: '@ken:qiao.test', local: true });
    expect(
      (await host.call('DELETE', '/api/session', undefined, { cookie: pair, 'x-qiao': '1' })).status,
    ).toBe(204);
    expect((await host.call('GET', '/api/session', undefined, { cookie: pair })).status).toBe(401);
  });

  it('takes users of other homeservers, as what they are', async () => {
    const answer = await host.call('POST', '/api/session', {
      ...openid('good', 'partner.example'),
      delivery: 'token',
    });
    const { token } = answer.body as { token: string };
    const me = await host.call('GET', '/api/session', undefined, { authorization: `Bearer ${token}` });
    expect(me.body).toEqual({ user_id: '@ken:partner.example', local: false });
  });

  it.each([
    ['a token nobody knows', openid('bad'), 401],
    ['a server that speaks for another one', openid('liar'), 401],
    ['no token', {}, 400],
  ])('refuses %s', async (_what, body, status) => {
    expect((await host.call('POST', '/api/session', body)).status).toBe(status);
  });

  it('ends after idling, and after its whole life', async () => {
    const start = now;
    const ken = await host.as('@ken:qiao.test');
    now = start + SESSION_IDLE_MS + 1;
    expect((await ken('GET', '/api/notes/mine')).status).toBe(401);
    const again = await host.as('@ken:qiao.test');
    const login = now;
    while (now < login + SESSION_LIFE_MS) {
      expect((await again('GET', '/api/notes/mine')).status).toBe(200);
      now += SESSION_IDLE_MS / 2;
    }
    now = login + SESSION_LIFE_MS + 1;
    expect((await again('GET', '/api/notes/mine')).status).toBe(401);
    expect(await host.sessions.sweep()).toBeGreaterThan(0);
  });
});

describe('answers', () => {
  it('needs a session wherever a route does not say otherwise', async () => {
    expect((await host.call('GET', '/api/notes/mine')).body).toMatchObject({
      error: { code: 'platform.not_signed_in', message: 'Please sign in.' },
    });
    expect((await host.call('GET', '/api/notes/open')).status).toBe(200);
  });

  it('refuses a change by cookie without the header that other sites cannot send', async () => {
    const { token } = await host.sessions.create('@ken:qiao.test', undefined);
    const cookie = `qiao_session=${token}`;
    expect((await host.call('POST', '/api/notes/notes', { id: 1 }, { cookie })).status).toBe(403);
    expect((await host.call('GET', '/api/notes/mine', undefined, { cookie })).status).toBe(200);
  });

  it("speaks the reader's language", async () => {
    const zh = await host.call('GET', '/api/notes/locked', undefined, { 'accept-language': 'zh-CN' });
    expect(zh.status).toBe(409);
    expect(zh.body).toMatchObject({ error: { code: 'notes.note_locked', message: 'Ken 正在编辑。' } });
    expect((await host.call('GET', '/api/notes/locked')).body).toMatchObject({
      error: { message: 'Ken is writing here.' },
    });
  });

  it('hides what broke behind a request id, and logs it', async () => {
    const answer = await host.call('GET', '/api/notes/broken');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret detail');
    const { request_id: id } = (answer.body as { error: { request_id: string } }).error;
    expect(answer.text).toContain(`Request id: ${id}`);
    expect(host.logLines.some((line) => line.includes('secret detail') && line.includes(id))).toBe(true);
  });

  it('says what is wrong with a body, and does not know paths that are not there', async () => {
    const ken = await host.as('@ken:qiao.test');
    expect((await ken('POST', '/api/notes/notes', { id: 'x' })).body).toMatchObject({
      error: { code: 'platform.bad_request' },
    });
    expect((await ken('GET', '/api/notes/nothing')).body).toMatchObject({
      error: { code: 'platform.not_found' },
    });
    expect((await ken('POST', '/api/notes/notes', '{', { 'content-type': 'application/json' })).status).toBe(
      400,
    );
  });

  it('has health, metrics and an interface description', async () => {
    const health = await host.call('GET', '/health');
    expect(health.status).toBe(200);
    expect(health.body).toMatchObject({
      status: 'ok',
      parts: { database: { ok: true }, jobs: { ok: true } },
    });
    const metrics = await host.call('GET', '/metrics');
    expect(metrics.text).toMatch(
      /qiao_http_requests_total\{domain="notes",route="\/api\/notes\/locked".*status="409"\} 2/,
    );
    const description = await host.call('GET', '/api/openapi.json');
    expect(description.body).toMatchObject({ openapi: '3.1.0' });
    expect(Object.keys((description.body as { paths: object }).paths)).toContain('/api/notes/notes');
  });
});

describe('work after commit', () => {
  it('runs jobs and tells subscribers if and only if the transaction commits', async () => {
    const ken = await host.as('@ken:qiao.test');
    expect((await ken('POST', '/api/notes/notes', { id: -1 })).status).toBe(409);
    expect((await ken('POST', '/api/notes/notes', { id: 7 })).status).toBe(200);
    await expect.poll(() => ran).toContain('count 7');
    await expect.poll(() => heard).toContainEqual({ id: 7 });
    expect(ran).not.toContain('count -1');
    const acts = await sql<{ subject: string }>`select subject from platform.act`.execute(host.db);
    expect(acts.rows.map((row) => row.subject)).toEqual(['note:7']);
  });

  it('is not held up by what takes long, however much of it there is', async () => {
    const queue = createJobQueue('jobs');
    const many = Array.from({ length: 12 }, (_, id) => id);
    for (const id of many) await queue.enqueue(host.db as never, 'notes.print-all', { id });
    await expect.poll(() => ran).toContain('begin 0');
    await queue.enqueue(host.db as never, 'notes.count-words', { id: 77 });
    await expect.poll(() => ran).toContain('count 77');
    expect(ran.filter((line) => line.startsWith('printed'))).toEqual([]);
    longWork.resolve(undefined);
    await expect
      .poll(() => ran, { timeout: 20_000 })
      .toEqual(expect.arrayContaining(many.map((id) => `printed ${id}`)));
  });

  it('frees the jobs of a worker that died', async () => {
    const queue = createJobQueue('jobs');
    await queue.enqueue(
      host.db as never,
      'notes.count-words',
      { id: 900 },
      { runAt: new Date(Date.now() + 3_600_000) },
    );
    await sql`insert into platform.worker (id, process) values ('worker-dead', 'qiao-gone')`.execute(host.db);
    await sql`update jobs._private_jobs set locked_by = 'worker-dead', locked_at = now(), run_at = now()
      where payload->>'id' = '900'`.execute(host.db);
    const second = await startTestHost({ domains: [notes], databaseUrl: database.url, serve: true });
    await expect.poll(() => ran, { timeout: 20_000 }).toContain('count 900');
    await second.stop();
    const left = await sql`select 1 from platform.worker where id = 'worker-dead'`.execute(host.db);
    expect(left.rows).toEqual([]);
  });
});

describe('the homeserver pushes', () => {
  const event = (id: string, type = 'm.room.member') => ({
    type,
    event_id: id,
    room_id: '!r:qiao.test',
    sender: '@a:qiao.test',
    origin_server_ts: 1,
    content: {},
  });
  const push = (txn: string, events: unknown[], token = 'hs-notes') =>
    host.call(
      'PUT',
      `/_matrix-as/notes/_matrix/app/v1/transactions/${txn}`,
      { events },
      {
        authorization: `Bearer ${token}`,
      },
    );

  it('each transaction once, and a hostile event stops nothing', async () => {
    const events = [event('$1'), event('$2', 'hostile'), { type: 5 }, null, event('$3')];
    expect((await push('t1', events)).status).toBe(200);
    expect((await push('t1', events)).status).toBe(200);
    expect(pushed).toEqual(['$1', '$3']);
  });

  it('what was taken long ago is forgotten, and what may come again is not', async () => {
    expect((await push('old', [event('$5')])).status).toBe(200);
    expect((await push('new', [event('$6')])).status).toBe(200);
    await sql`update platform.appservice_txn set received_at = now() - interval '15 days'
      where txn_id = 'old'`.execute(host.db);
    await sweepTransactions(host.db);
    await push('new', [event('$6')]);
    expect(pushed.filter((id) => id === '$6')).toEqual(['$6']);
    const known = await sql<{ txn_id: string }>`select txn_id from platform.appservice_txn
      where txn_id in ('old', 'new')`.execute(host.db);
    expect(known.rows).toEqual([{ txn_id: 'new' }]);
  });

  it('nothing to a domain that does not hear', async () => {
    const options = { hostUrl: 'http://127.0.0.1:1', serverName: 'qiao.test', asToken: 'a', hsToken: 'h' };
    expect(registrationYaml(notes, options)).toContain('url: http://127.0.0.1:1/_matrix-as/notes');
    expect(registrationYaml({ ...notes, hears: false }, options)).toContain('url: null');
    const deaf = { ...notes, hears: false };
    await expect(startTestHost({ domains: [deaf], databaseUrl: database.url, serve: false })).rejects.toThrow(
      'hears',
    );
  });

  it('is refused without its token', async () => {
    expect((await push('t2', [event('$4')], 'wrong')).status).toBe(403);
    expect(
      (await host.call('PUT', '/_matrix-as/notes/_matrix/app/v1/transactions/t2', { events: [] })).status,
    ).toBe(401);
    expect(pushed).not.toContain('$4');
  });
});

describe('migrations', () => {
  it('run from several processes at once, and again, with the same end', async () => {
    const fresh = await createTestDatabase();
    const site = { ...host.site, secrets: { ...host.site.secrets, find: () => fresh.url } };
    await Promise.all([1, 2, 3].map(() => migrateAll(site, [notes])));
    await migrateAll(site, [notes]);
    const handle = openDatabase({ url: fresh.url, applicationName: 'test' });
    const done = await sql<{ name: string }>`select name from notes.kysely_migration`.execute(handle.db);
    expect(done.rows).toEqual([{ name: '001_notes' }]);
    await handle.close();
    await fresh.drop();
  });
});
