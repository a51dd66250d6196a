import { join } from 'node:path';
import {
  activate,
  buildPages,
  callApiFrom,
  firstAdmin,
  inStep,
  launchBrowser,
  PASSWORD,
  startTestStack,
  type RunningTestStack,
  type TestBrowser,
  type TestPage,
} from '@qiao/testkit';
import type { Browser, Page } from 'playwright-core';

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
  await buildPages();
  const own = await startTestStack({ parts: ['postgres', 'synapse', 'host', 'gateway'] });
  const chromium = await launchBrowser();
  const first = await firstAdmin(own.info);
  const adminName = first.user_id.slice(1, first.user_id.indexOf(':'));
  const open: Console['open'] = (options = {}) =>
    chromium.newPage({ baseURL: own.info.gatewayUrl, ...options });
  const admin = await open();
  const { page } = admin;
  await activate(own.info, first.link);
  await page.goto('/admin/');
  await signIn(page, adminName);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  const api = <T>(method: string, path: string, data?: unknown): Promise<T> =>
    callApiFrom(page.request, method, path, data);
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
    inStep: () => inStep(api, { problems: true }),
    close: async () => {
      await chromium.close();
      await own.stop();
    },
  };
}

export async function signIn(page: Page, user: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** An identity provider that pushes by SCIM. */
export interface Provider {
  /** @returns the id by which it knows the person from then on */
  add(userName: string, more: object): Promise<string>;
  /** Sets people inactive, one after the other. @returns what each was answered */
  end(ids: readonly string[]): Promise<number[]>;
  active(ids: readonly string[]): Promise<boolean[]>;
}

export function providerOf({ own }: Console, token: string): Provider {
  const send = (method: string, path: string, body?: object): Promise<Response> =>
    fetch(`${own.info.gatewayUrl}/api/scim/v2/Users${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
      ...(body && { body: JSON.stringify(body) }),
    });
  const inTurn = async <T>(ids: readonly string[], of: (id: string) => Promise<T>): Promise<T[]> => {
    const found: T[] = [];
    for (const id of ids) found.push(await of(id));
    return found;
  };
  return {
    add: async (userName, more) => {
      const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User'];
      const answer = await send('POST', '', { schemas, userName, ...more });
      const { id } = (await answer.json()) as { id?: string };
      if (id === undefined) throw new Error(`${userName} was answered by ${answer.status}`);
      return id;
    },
    end: (ids) =>
      inTurn(ids, async (id) => {
        const answer = await send('PATCH', `/${id}`, {
          schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
          Operations: [{ op: 'replace', path: 'active', value: false }],
        });
        return answer.status;
      }),
    active: (ids) =>
      inTurn(ids, async (id) => ((await (await send('GET', `/${id}`)).json()) as { active: boolean }).active),
  };
}

/** A picture of the whole page for looking at, where `QIAO_PICTURES` names a folder; else nothing. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['QIAO_PICTURES'];
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
