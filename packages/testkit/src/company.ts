import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { root } from '@qiao/scripts/stack';
import type { APIRequestContext } from 'playwright-core';
import type { TestStackInfo } from './stack.ts';
import { waitFor } from './wait.ts';

/* What tests of a whole installation begin with: pages, commands, people who activate and sign in. */

const run = promisify(execFile);
/** Most that a command prints, bytes. */
const MOST_OUTPUT = 16 * 1024 * 1024;

/** A password that the rules take. */
export const PASSWORD = 'Radfahren-im-Regen-7';

/** Builds the pages that the gateway serves, where something of them changed. */
export async function buildPages(): Promise<void> {
  await run(process.execPath, ['scripts/build.ts'], { cwd: root });
}

/** Runs a command of a stack's host (`org demo`); answers what it prints. @throws Error with what it printed */
export async function runHost(info: Pick<TestStackInfo, 'varDir'>, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ['appservices/host/main.ts', ...args], {
    cwd: root,
    env: { ...process.env, QIAO_VAR: info.varDir },
    maxBuffer: MOST_OUTPUT,
  });
  return stdout;
}

/** The first main administrator; `args` as the command takes them. */
export const firstAdmin = async (
  info: Pick<TestStackInfo, 'varDir'>,
  ...args: string[]
): Promise<{ link: string; user_id: string }> =>
  JSON.parse(await runHost(info, 'org', 'first-admin', '--json', ...args)) as {
    link: string;
    user_id: string;
  };

/** What an answer holds. @throws Error with the call, its status and its text */
function read(call: string, status: number, text: string): unknown {
  if (status >= 400) throw new Error(`${call}: ${String(status)} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/**
 * Calls an interface behind a stack's gateway.
 * @param token of a session of ours (`/api`) or of the homeserver (`/_matrix`)
 * @throws Error when it is refused
 */
export async function callApi<T>(
  info: Pick<TestStackInfo, 'gatewayUrl'>,
  method: string,
  path: string,
  body?: unknown,
  token?: string,
): Promise<T> {
  const answer = await fetch(`${info.gatewayUrl}${path}`, {
    method,
    headers: {
      'accept-language': 'en',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return read(`${method} ${path}`, answer.status, await answer.text()) as T;
}

/**
 * The same with the session of a page, as the console calls.
 * @throws Error when it is refused
 */
export async function callApiFrom<T>(
  request: APIRequestContext,
  method: string,
  path: string,
  data?: unknown,
): Promise<T> {
  const answer = await request.fetch(path, {
    method,
    headers: { 'x-qiao': '1', 'accept-language': 'en' },
    ...(data === undefined ? {} : { data }),
  });
  return read(`${method} ${path}`, answer.status(), await answer.text()) as T;
}

/** The token in a link of activation. */
export const tokenOf = (link: string): string => new URL(link).hash.slice(1);

/** Activates an account by its link, with {@link PASSWORD}; answers the user id. */
export async function activate(info: Pick<TestStackInfo, 'gatewayUrl'>, link: string): Promise<string> {
  const body = { token: tokenOf(link), password: PASSWORD };
  return (await callApi<{ user_id: string }>(info, 'POST', '/api/org/activation', body)).user_id;
}

/** Activates by a link and signs in to our interfaces as every client does: by an OpenID token. */
export async function activateAndSignIn(
  info: Pick<TestStackInfo, 'gatewayUrl'>,
  link: string,
): Promise<{ userId: string; session: string }> {
  const userId = await activate(info, link);
  const { access_token: login } = await callApi<{ access_token: string }>(
    info,
    'POST',
    '/_matrix/client/v3/login',
    { type: 'm.login.password', identifier: { type: 'm.id.user', user: userId }, password: PASSWORD },
  );
  const asked = `/_matrix/client/v3/user/${encodeURIComponent(userId)}/openid/request_token`;
  const openid = await callApi(info, 'POST', asked, {}, login);
  const { token } = await callApi<{ token: string }>(info, 'POST', '/api/session', {
    openid,
    delivery: 'token',
  });
  // Left behind it would be a device that reads nothing and gets every key.
  await callApi(info, 'POST', '/_matrix/client/v3/logout', {}, login);
  return { userId, session: token };
}

/**
 * Waits until the homeserver has what the directory says: every account, room and membership.
 * @param call as an administrator
 * @param options.problems what cannot be done, and is listed as a problem, is not waited for
 */
export async function inStep(
  call: <T>(method: string, path: string) => Promise<T>,
  options: { problems?: boolean; timeout?: number } = {},
): Promise<void> {
  await waitFor(
    async () => {
      const { pending, problems } = await call<{ pending: Record<string, number>; problems: number }>(
        'GET',
        '/api/org/provisioning',
      );
      const waiting = Object.values(pending).reduce((sum, count) => sum + count, 0);
      return waiting <= (options.problems === true ? problems : 0);
    },
    { timeout: options.timeout ?? 120_000, interval: 500, what: 'accounts, rooms and memberships' },
  );
}
