import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { login, startTestStack, waitFor, type RunningTestStack, type TestUser } from '@qiao/testkit';

const PASSWORD = 'x7Kp-2mQz!aa und eine Tuba';
const root = join(import.meta.dirname, '../../../..');
const run = promisify(execFile);

let own: RunningTestStack;

interface Answer {
  status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers of every shape
  body: any;
}
const call = async (method: string, path: string, body?: unknown, token?: string): Promise<Answer> => {
  const answer = await fetch(`${own.info.hostUrl}/api${path}`, {
    method,
    headers: {
      'accept-language': 'en',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
};
const firstAdmin = async (
  ...args: string[]
): Promise<{ link: string | null; user_id: string; activated: boolean }> => {
  const { stdout } = await run(
    process.execPath,
    ['appservices/host/main.ts', 'org', 'first-admin', '--json', ...args],
    { cwd: root, env: { ...process.env, QIAO_VAR: own.info.varDir } },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as never;
};
const activate = async (link: string): Promise<Answer> =>
  call('POST', '/org/activation', { token: new URL(link).hash.slice(1), password: PASSWORD });
const sessionOf = async (user: TestUser): Promise<string> => {
  const openid = await user.request(
    'POST',
    `/_matrix/client/v3/user/${encodeURIComponent(user.userId)}/openid/request_token`,
    {},
  );
  const answer = await call('POST', '/session', { openid, delivery: 'token' });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return String(answer.body.token);
};

beforeAll(async () => {
  own = await startTestStack({ parts: ['postgres', 'synapse', 'host'] });
});
afterAll(() => own.stop());

test('the first administrator, and a host that is killed while leavers are closed', async () => {
  const first = await firstAdmin('--name', '管理员', '--email', 'admin@example.com');
  expect(first).toMatchObject({ activated: false, user_id: `@admin:${own.info.serverName}` });
  // A second call makes another link; the first one ends when one is used.
  const second = await firstAdmin();
  expect(second.link).not.toBe(first.link);
  expect((await activate(second.link ?? '')).status).toBe(200);
  expect((await activate(first.link ?? '')).status).toBe(404);
  expect(await firstAdmin()).toEqual({ link: null, user_id: first.user_id, activated: true });
  const admin = await login(own.info.homeserverUrl, first.user_id, PASSWORD);
  const token = await sessionOf(admin);
  const me = await call('GET', '/org/me', undefined, token);
  expect(me.body.permissions['org.person.offboard'].company).toBe(true);

  const department = await call('POST', '/org/departments', { name: '研发部', parent_id: null }, token);
  expect(department.status, JSON.stringify(department.body)).toBeLessThan(300);
  const leavers: { id: string; user: TestUser; offboarding: string }[] = [];
  for (const name of ['one', 'two', 'three', 'four']) {
    const person = await call(
      'POST',
      '/org/people',
      { display_name: name, localpart: name, departments: [{ department_id: department.body.id }] },
      token,
    );
    const link = await call('POST', `/org/people/${person.body.id}/activation`, undefined, token);
    expect((await activate(String(link.body.link))).status).toBe(200);
    const user = await login(own.info.homeserverUrl, `@${name}:${own.info.serverName}`, PASSWORD);
    await user.createRoom({ preset: 'private_chat' });
    const begun = await call('POST', `/org/people/${person.body.id}/offboarding`, {}, token);
    expect(begun.status, JSON.stringify(begun.body)).toBe(201);
    leavers.push({ id: person.body.id, user, offboarding: begun.body.id });
  }
  const closed = await Promise.all(
    leavers.map((leaver) => call('POST', `/org/offboardings/${leaver.offboarding}/close`, undefined, token)),
  );
  expect(closed.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
  // In the middle of whatever each of them is at.
  await own.stack.killPart('host');
  await expect(call('GET', '/org/me', undefined, token)).rejects.toThrow();
  await own.stack.startPart('host');
  for (const leaver of leavers) {
    const done = await waitFor(
      async () => {
        const now = await call('GET', `/org/offboardings/${leaver.offboarding}`, undefined, token);
        return now.body.certificate !== null && now.body;
      },
      { what: `the certificate of ${leaver.user.userId}`, timeout: 120_000 },
    );
    expect(done.state).toBe('closed');
    expect(done.certificate.checks.filter((check: { ok: boolean }) => !check.ok)).toEqual([]);
    await expect(leaver.user.request('GET', '/_matrix/client/v3/account/whoami')).rejects.toThrow(
      'M_UNKNOWN_TOKEN',
    );
    await expect(login(own.info.homeserverUrl, leaver.user.userId, PASSWORD)).rejects.toThrow();
  }
}, 240_000);
