import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  launchBrowser,
  startTestStack,
  waitFor,
  type RunningTestStack,
  type TestBrowser,
  type TestPage,
} from '@qiao/testkit';
import type { Browser, Page } from 'playwright-core';

const run = promisify(execFile);
export const root = join(import.meta.dirname, '../..');
export const PASSWORD = 'Radfahren-im-Regen-7';

/** A company on a stack of its own, with a main administrator who is signed in to the console. */
export interface Console {
  readonly own: RunningTestStack;
  readonly browser: Browser;
  readonly admin: TestPage;
  /** Localpart of the main administrator. */
  readonly adminName: string;
  open(options?: Parameters<TestBrowser['newPage']>[0]): Promise<TestPage>;
  /** The console's own interface, with the administrator's session. @throws Error with status and answer */
  api<T>(method: string, path: string, data?: unknown): Promise<T>;
  department(name: string, parent?: string | null): Promise<string>;
  person(name: string, department: string, more?: object): Promise<string>;
  /** Waits until the homeserver has what the directory says, but for problems. */
  inStep(): Promise<void>;
  close(): Promise<void>;
}

/** Builds the pages, starts the parts, activates the first administrator by API and signs in. */
export async function startConsole(): Promise<Console> {
  await run(process.execPath, ['scripts/build.ts'], { cwd: root });
  const own = await startTestStack({ parts: ['postgres', 'synapse', 'host', 'gateway'] });
  const chromium = await launchBrowser();
  const { stdout } = await run(
    process.execPath,
    ['appservices/host/main.ts', 'org', 'first-admin', '--json'],
    { cwd: root, env: { ...process.env, QIAO_VAR: own.info.varDir } },
  );
  const first = JSON.parse(stdout) as { link: string; user_id: string };
  const adminName = first.user_id.slice(1, first.user_id.indexOf(':'));
  const open: Console['open'] = (options = {}) =>
    chromium.newPage({ baseURL: own.info.gatewayUrl, ...options });
  const admin = await open();
  const { page } = admin;
  await page.request.post('/api/org/activation', {
    data: { token: new URL(first.link).hash.slice(1), password: PASSWORD },
  });
  await page.goto('/admin/');
  await signIn(page, adminName);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  const api = async <T>(method: string, path: string, data?: unknown): Promise<T> => {
    const answer = await page.request.fetch(path, {
      method,
      headers: { 'x-qiao': '1', 'accept-language': 'en' },
      ...(data === undefined ? {} : { data }),
    });
    const text = await answer.text();
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
  return {
    own,
    browser: chromium.browser,
    admin,
    adminName,
    open,
    api,
    department: async (name, parent_id = null) =>
      (await api<{ id: string }>('POST', '/api/org/departments', { name, parent_id })).id,
    person: async (display_name, department_id, more = {}) =>
      (
        await api<{ id: string }>('POST', '/api/org/people', {
          display_name,
          departments: [{ department_id, is_primary: true, is_head: false, title: null }],
          ...more,
        })
      ).id,
    inStep: async () => {
      await waitFor(
        async () => {
          const { pending, problems } = await api<{ pending: Record<string, number>; problems: number }>(
            'GET',
            '/api/org/provisioning',
          );
          return Object.values(pending).reduce((sum, count) => sum + count, 0) <= problems;
        },
        { timeout: 120_000, interval: 500, what: 'accounts, rooms and memberships' },
      );
    },
    close: async () => {
      await chromium.close();
      await own.stop();
    },
  };
}

export async function signIn(page: Page, user: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('Username').fill(user);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}
