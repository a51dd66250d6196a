import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  createTestDatabase,
  startMailServer,
  waitFor,
  type TestDatabase,
  type TestMailServer,
} from '@qiao/testkit';
import { sql, type Transaction } from 'kysely';
import { Type } from 'typebox';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  defineModule,
  layoutMail,
  openDatabase,
  type DomainContext,
  type Mail,
  type MailRow,
  type SiteSettings,
} from '../src/index.ts';
import { startTestHost, type TestHost } from '../src/testing/index.ts';

/** A secret that stands in each mail: neither log nor database may hold it. */
const SECRET = 'only-in-the-message';
const LOGIN = { user: 'qiao@example.com', pass: 'the mail password' };
const FROM = 'no-reply@example.com';

interface Post {
  readonly host: TestHost;
  readonly mail: Mail;
  readonly composed: string[];
  readonly undelivered: string[];
  readonly failed: string[];
  order(to: string, more?: { name?: string; giveUpAt?: Date }): Promise<string>;
  row(id: string): Promise<MailRow>;
  until(id: string, state: string): Promise<MailRow>;
  close(): Promise<void>;
}

let database: TestDatabase;
const open = new Set<TestHost>();
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const host of open) await host.stop();
  open.clear();
  // What a test has left is not the next one's to send.
  const handle = openDatabase({ url: database.url, applicationName: 'test', max: 1 });
  await sql`drop schema if exists platform, jobs, letters cascade`.execute(handle.db);
  await handle.close();
});
afterAll(async () => {
  await database.drop();
});

async function openPost(mail?: Partial<NonNullable<SiteSettings['mail']>>, password?: string): Promise<Post> {
  let context: DomainContext | undefined;
  const composed: string[] = [];
  const undelivered: string[] = [];
  const failed: string[] = [];
  const module = defineModule({
    id: 'letters',
    needs: [],
    config: Type.Object({}),
    claims: { eventTypes: [], bots: [], permissions: [], domainEvents: [] },
    errors: {},
    texts: { en: {}, zh_Hans: {} },
    migrations: {},
    setup(given) {
      context = given;
      given.mail.define('letter', {
        compose(_trx, row) {
          composed.push(row.id);
          const name = String(row.params['name']);
          return Promise.resolve(
            layoutMail('测试公司', [
              {
                lang: 'zh-Hans',
                subject: `您好，${name}`,
                parts: [{ text: `<b>${name}</b>` }, { link: `http://x.test/#${SECRET}`, label: '打开' }],
              },
            ]),
          );
        },
        undelivered: (_trx, row) => {
          undelivered.push(row.id);
          return Promise.resolve();
        },
        failed: (_trx, row) => {
          failed.push(row.id);
          return Promise.resolve();
        },
      });
      return {};
    },
  });
  const host = await startTestHost({
    domains: [module],
    databaseUrl: database.url,
    serve: true,
    ...(password === undefined ? {} : { secrets: { mail_password: password } }),
    ...(mail === undefined
      ? {}
      : {
          settings: {
            company_name: '测试公司\r\nBcc: everybody@example.com',
            mail: {
              host: '127.0.0.1',
              port: 25,
              security: 'none',
              from: FROM,
              retry_seconds: 1,
              give_up_hours: 1,
              ...mail,
            },
          },
        }),
  });
  open.add(host);
  if (context === undefined) throw new Error('not set up');
  const { mail: face, db } = context;
  const on = db as unknown as Transaction<never>;
  const row = async (id: string): Promise<MailRow> => {
    const found = await face.find(on, id);
    if (!found) throw new Error('no such mail');
    return found;
  };
  return {
    host,
    mail: face,
    composed,
    undelivered,
    failed,
    async order(to, { name = '王伟', giveUpAt } = {}) {
      const [id] = await face.order(on, [
        {
          kind: 'letter',
          to,
          person: 'someone',
          locale: null,
          params: { name },
          requestedBy: '@a:test',
          ...(giveUpAt ? { giveUpAt } : {}),
        },
      ]);
      if (id === undefined) throw new Error('not ordered');
      return id;
    },
    row,
    until: (id, state) =>
      waitFor(
        async () => {
          const now = await row(id);
          return now.state === state && now;
        },
        { what: `the mail is ${state}`, timeout: 30_000 },
      ),
    async close() {
      const log = host.logLines.join('\n');
      for (const secret of [SECRET, LOGIN.pass, 'wang@example.com', 'gone@example.com', '王伟'])
        expect(log).not.toContain(secret);
      open.delete(host);
      await host.stop();
    },
  };
}
const withServer = async (
  options: Parameters<typeof startMailServer>[0],
  work: (server: TestMailServer) => Promise<void>,
): Promise<void> => {
  const server = await startMailServer(options);
  try {
    await work(server);
  } finally {
    await server.close();
  }
};

test('a mail goes over STARTTLS with a login, says who it is from, and is what was composed', () =>
  withServer({ login: LOGIN }, async (server) => {
    const post = await openPost(
      {
        port: server.port,
        security: 'starttls',
        user: LOGIN.user,
        ca_file: server.caFile,
        reply_to: 'help@example.com',
      },
      LOGIN.pass,
    );
    const name = '王伟\r\nBcc: everybody@example.com\u2028X-Evil: 1';
    const sent = await post.until(await post.order('wang@example.com', { name }), 'sent');
    expect(sent).toMatchObject({ attempts: 1, error_code: null, next_at: null });
    const [got] = server.mails;
    expect(server.mails).toHaveLength(1);
    expect(got).toMatchObject({ from: FROM, to: ['wang@example.com'], secure: true, user: LOGIN.user });
    // A line break in a name or in the company's adds neither header nor recipient.
    const headers = new Map(got?.parsed.headers.map(({ key, value }) => [key, value]));
    expect(headers.has('bcc')).toBe(false);
    expect(headers.has('x-evil')).toBe(false);
    expect(headers.get('auto-submitted')).toBe('auto-generated');
    expect(got?.parsed.messageId).toBe(`<${sent.id}@example.com>`);
    expect(got?.parsed.from?.name).toBe('测试公司 Bcc: everybody@example.com');
    expect(got?.parsed.replyTo?.[0]?.address).toBe('help@example.com');
    expect(got?.parsed.subject).toBe('您好，王伟 Bcc: everybody@example.com X-Evil: 1');
    expect(got?.parsed.text).toContain(`http://x.test/#${SECRET}`);
    expect(got?.parsed.html).toContain('&lt;b&gt;王伟');
    expect(got?.parsed.html).not.toContain('<b>');
    expect(JSON.stringify(await post.row(sent.id))).not.toContain(SECRET);
    await post.close();
  }));

test('TLS from the first byte, and neither an unknown certificate nor plain text where TLS is asked for', async () => {
  await withServer({ tls: true, login: LOGIN }, async (server) => {
    const good = await openPost(
      { port: server.port, security: 'tls', user: LOGIN.user, ca_file: server.caFile },
      LOGIN.pass,
    );
    await good.until(await good.order('wang@example.com'), 'sent');
    await good.close();
    const bad = await openPost({ port: server.port, security: 'tls', user: LOGIN.user }, LOGIN.pass);
    const id = await bad.order('wang@example.com');
    await waitFor(async () => (await bad.row(id)).error_code === 'tls', { what: 'the refusal' });
    await bad.close();
    expect(server.mails).toHaveLength(1);
  });
  await withServer({ starttls: false }, async (server) => {
    const post = await openPost({ port: server.port, security: 'starttls', ca_file: server.caFile });
    const id = await post.order('wang@example.com');
    await waitFor(async () => (await post.row(id)).error_code !== null, { what: 'the refusal' });
    expect((await post.row(id)).error_code).toBe('tls');
    expect(server.mails).toHaveLength(0);
    await post.close();
  });
});

test('a wrong password is told, costs no mail, and the mails go when it is right', () =>
  withServer({ login: LOGIN }, async (server) => {
    const wrong = await openPost(
      { port: server.port, security: 'starttls', user: LOGIN.user, ca_file: server.caFile },
      'not the mail password',
    );
    const id = await wrong.order('wang@example.com');
    const told = await waitFor(
      async () => {
        const now = await wrong.row(id);
        return now.error_code !== null && now;
      },
      { what: 'the failure' },
    );
    expect(told).toMatchObject({ state: 'waiting', error_code: 'login' });
    await wrong.close();
    const right = await openPost(
      { port: server.port, security: 'starttls', user: LOGIN.user, ca_file: server.caFile },
      LOGIN.pass,
    );
    await right.until(id, 'sent');
    expect(server.mails).toHaveLength(1);
    await right.close();
  }));

test('an address that is refused for good is told and not tried again; for now, it is', () =>
  withServer({}, async (server) => {
    const post = await openPost({ port: server.port });
    server.answer('gone@example.com', 550);
    server.answer('busy@example.com', 451);
    const gone = await post.order('gone@example.com');
    const busy = await post.order('busy@example.com');
    const fine = await post.order('wang@example.com');
    const refused = await post.until(gone, 'failed');
    expect(refused).toMatchObject({ error_code: 'refused_address', attempts: 1, next_at: null });
    expect(refused.error_text).toContain('550');
    await post.until(fine, 'sent');
    await waitFor(async () => (await post.row(busy)).attempts >= 2, {
      what: 'a second try',
      timeout: 30_000,
    });
    expect(await post.row(busy)).toMatchObject({ state: 'waiting', error_code: 'later' });
    server.answer('busy@example.com', undefined);
    await post.until(busy, 'sent');
    expect(server.asked.filter((address) => address === 'gone@example.com')).toHaveLength(1);
    expect(post.failed).toEqual([gone]);
    expect(post.undelivered).toContain(gone);
    expect(post.undelivered).not.toContain(fine);
    // By hand it is tried once more, from the beginning.
    server.answer('gone@example.com', undefined);
    const on = post.host.db as unknown as Transaction<never>;
    expect(await post.mail.retry(on, fine)).toBe(false);
    expect(await post.mail.retry(on, gone)).toBe(true);
    await post.until(gone, 'sent');
    await post.close();
  }));

test('while the server is away mails wait, one try for all of them, and none is lost', () =>
  withServer({}, async (server) => {
    await server.stop();
    const post = await openPost({ port: server.port });
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, n) => post.order(`person${String(n)}@example.com`)),
    );
    await waitFor(
      async () =>
        (await Promise.all(ids.map((id) => post.row(id)))).some((row) => row.error_code === 'unreachable'),
      { what: 'the failure' },
    );
    expect(post.failed).toEqual([]);
    await server.start();
    for (const id of ids) await post.until(id, 'sent');
    expect(new Set(server.mails.flatMap(({ to }) => to)).size).toBe(20);
    await post.close();
  }));

test('what is no address, and what comes too late, fails and is told', () =>
  withServer({}, async (server) => {
    const post = await openPost({ port: server.port });
    for (const to of [
      'no address',
      'a@b@c.example\r\nRCPT TO:<x@y.example>',
      'x@y.example, z@y.example',
      '"a b"@example.com',
      'a@-b.example',
      `${'a'.repeat(65)}@example.com`,
      '<a@b.example>',
    ]) {
      expect(await post.row(await post.order(to)), to).toMatchObject({
        state: 'failed',
        error_code: 'bad_address',
      });
    }
    const far = await post.until(await post.order('li@例子.测试'), 'sent');
    expect(far.to_address).toBe('li@xn--fsqu00a.xn--0zwm56d');
    expect(server.mails).toHaveLength(1);
    const late = await post.order('wang@example.com', { giveUpAt: new Date(Date.now() - 1000) });
    expect(await post.until(late, 'failed')).toMatchObject({ error_code: 'expired' });
    expect(post.composed).not.toContain(late);
    await post.close();
  }));

test('without a server mails lie in a folder that the operator alone can read', async () => {
  const post = await openPost();
  const id = await post.order('wang@example.com');
  await post.until(id, 'kept');
  const folder = join(post.host.site.varDir, 'mail');
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(readdirSync(folder)).toEqual([`${id}.eml`]);
  expect(statSync(join(folder, `${id}.eml`)).mode & 0o777).toBe(0o600);
  const read = await post.mail.read(id);
  expect(read?.subject).toBe('您好，王伟');
  expect(read?.text).toContain(SECRET);
  await expect(post.mail.read('../secrets/mail_password')).rejects.toThrow('not the id');
  await post.close();
});

test('settings that would send a password in plain, or cannot work, stop the host with a sentence', async () => {
  await expect(openPost({ user: 'x' })).rejects.toThrow('mail_password');
  await expect(openPost({ user: 'x' }, 'y')).rejects.toThrow('in plain');
  await expect(openPost({ from: 'nobody' })).rejects.toThrow('mail.from');
  await expect(openPost({ ca_file: '/nowhere/ca.pem' })).rejects.toThrow('mail.ca_file');
});
