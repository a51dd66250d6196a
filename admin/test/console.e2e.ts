import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  axeViolations,
  buildPages,
  callApiFrom,
  firstAdmin,
  horizontalOverflow,
  inStep,
  launchBrowser,
  picturesOfFailure,
  PASSWORD,
  startTestStack,
  waitFor,
  type RunningTestStack,
  type TestBrowser,
  type TestPage,
} from '@qiao/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { signIn } from './support.ts';

/*
 * The console as an administrator of a new company goes through it, in a real browser against the real
 * stack. One company for the whole file: the tests stand on each other in their order.
 */

const root = join(import.meta.dirname, '../..');
const JOURNEY_MS = 240_000;

/** People of Adventure Works (Microsoft's sample company, MIT licence), with column names of no system. */
const CSV = `Nr,FirstName,LastName,JobTitle,EmailAddress,Unit,OrganizationNode,HireDate
1,Ken,Sánchez,Chief Executive Officer,ken0@adventure-works.com,Executive General and Administration/Executive,,2009-01-14
2,Terri,Duffy,Vice President of Engineering,terri0@adventure-works.com,Research and Development/Engineering,/1/,2008-01-31
3,Roberto,Tamburello,Engineering Manager,roberto0@adventure-works.com,Research and Development/Engineering,/1/1/,2007-11-11
4,Rob,Walters,Senior Tool Designer,rob0@adventure-works.com,Research and Development/Tool Design,/1/1/1/,2007-12-05
5,Gail,Erickson,Design Engineer,gail0@adventure-works.com,Research and Development/Engineering,/1/1/2/,2008-01-06
6,Jossef,Goldberg,Design Engineer,jossef0@adventure-works.com,Research and Development/Engineering,/1/1/3/,2008-01-24
7,Brian,Welcker,Vice President of Sales,brian3@adventure-works.com,Sales and Marketing/Sales,/2/,2011-02-15
8,Stephen,Jiang,North American Sales Manager,stephen0@adventure-works.com,Sales and Marketing/Sales,/2/1/,2011-01-04
9,No,Address,Clerk,not-an-address,Sales and Marketing/Sales,/2/2/,2011-01-04
`;

let own: RunningTestStack;
let chromium: TestBrowser;
let admin: TestPage;
let firstLink = '';
let adminName = '';

const open = (options: Parameters<TestBrowser['newPage']>[0] = {}): Promise<TestPage> =>
  chromium.newPage({ baseURL: own.info.gatewayUrl, ...options });

interface Listed {
  items: { id: string; display_name: string; name: string; parent_id: string | null; user_id: string }[];
}
const personId = async (name: string): Promise<string> => {
  const found = await callApiFrom<Listed>(
    admin.page.request,
    'GET',
    `/api/org/people?q=${encodeURIComponent(name)}`,
  );
  const id = found.items[0]?.id;
  if (id === undefined) throw new Error(`${name} is not there`);
  return id;
};
const department = async (name: string): Promise<Listed['items'][number]> => {
  const all = await callApiFrom<Listed>(admin.page.request, 'GET', '/api/org/departments');
  const found = all.items.find((each) => each.name === name);
  if (!found) throw new Error(`${name} is not there`);
  return found;
};
const allInStep = (): Promise<void> =>
  inStep((method, path) => callApiFrom(admin.page.request, method, path));

const title = (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole('heading', { level: 1, name }).waitFor();

beforeAll(async () => {
  await buildPages();
  for (const page of ['admin', 'client']) expect(existsSync(join(root, page, 'dist/index.html'))).toBe(true);
  own = await startTestStack({ parts: ['postgres', 'synapse', 'host', 'gateway'] });
  chromium = await launchBrowser();
  admin = await open();
  const first = await firstAdmin(own.info);
  firstLink = first.link;
  adminName = first.user_id.slice(1, first.user_id.indexOf(':'));
}, 300_000);

afterEach(({ task }) => picturesOfFailure(chromium.browser, task));
afterAll(async () => {
  await chromium.close();
  await own.stop();
});

describe('activation', () => {
  test('a weak password is refused with reasons, a good one opens the account, once', async () => {
    const { page } = admin;
    await page.goto(firstLink);
    const password = page.getByLabel('Password', { exact: true });
    const again = page.getByLabel('Repeat the password');
    const submit = page.getByRole('button', { name: 'Activate account' });
    await password.fill('short');
    await again.fill('shorter');
    await submit.click();
    await page.getByText('Use at least 10 characters.').waitFor();
    await page.getByText('The two entries differ.').waitFor();
    await password.fill('1234567890');
    await again.fill('1234567890');
    await submit.click();
    await page.getByText('This password cannot be used').waitFor();
    // The link is out of the address, so it cannot stay in the history.
    expect(new URL(page.url()).hash).toBe('');
    await password.fill(PASSWORD);
    await again.fill(PASSWORD);
    await submit.click();
    await page.getByRole('heading', { name: 'You can begin' }).waitFor();
    expect(await page.getByLabel('Account', { exact: true }).inputValue()).toContain(`@${adminName}:`);

    await page.goto('/');
    await page.goto(firstLink);
    await title(page, 'This link does not work');
  });
});

describe('signing in', () => {
  test('a wrong password is said clearly, the right one leads to the page that was asked for', async () => {
    const { page } = admin;
    await page.goto('/admin/people');
    await signIn(page, adminName, 'wrong');
    await page.getByRole('alert').getByText('That did not match. Check the password').waitFor();
    await signIn(page, adminName);
    await title(page, 'People');
    expect(new URL(page.url()).pathname).toBe('/admin/people');
  });

  test('leaves no device behind at the homeserver', async () => {
    const login = await fetch(`${own.info.gatewayUrl}/_matrix/client/v3/login`, {
      method: 'POST',
      body: JSON.stringify({
        type: 'm.login.password',
        identifier: { type: 'm.id.user', user: adminName },
        password: PASSWORD,
      }),
    });
    const { access_token: token } = (await login.json()) as { access_token: string };
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${own.info.gatewayUrl}/_matrix/client/v3/devices`, { headers });
    const { devices } = (await answer.json()) as { devices: unknown[] };
    await fetch(`${own.info.gatewayUrl}/_matrix/client/v3/logout`, { method: 'POST', headers });
    // Only the one that asks.
    expect(devices).toHaveLength(1);
  });

  test('a session that ends leads to sign-in and back to the same page', async () => {
    const { page } = admin;
    await page.goto('/admin/roles');
    await title(page, 'Roles');
    await callApiFrom(page.request, 'DELETE', '/api/session');
    await page.getByRole('link', { name: 'Departments' }).click();
    await page.getByText('Your session has ended').waitFor();
    await signIn(page, adminName);
    await title(page, 'Departments');
  });
});

/** How far what was there already has moved by itself since the page began: the layout-shift score of the browser. */
const shiftOf = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let score = 0;
        const add = (entries: PerformanceEntryList): void => {
          for (const entry of entries)
            if ('value' in entry && typeof entry.value === 'number') score += entry.value;
        };
        const observer = new PerformanceObserver((list) => {
          add(list.getEntries());
        });
        observer.observe({ type: 'layout-shift', buffered: true });
        // Two frames on, what was kept and what was drawn meanwhile has been told.
        requestAnimationFrame(() =>
          requestAnimationFrame(() => {
            setTimeout(() => {
              add(observer.takeRecords());
              resolve(score);
            });
          }),
        );
      }),
  );

describe('while fonts and answers come, nothing moves', () => {
  test.each([
    ['the sign-in of the client', '/', false],
    ['the sign-in of the console', '/admin/', false],
    ['Overview', '/admin/', true],
    ['Departments', '/admin/departments', true],
    ['People', '/admin/people', true],
    ['Activation', '/admin/activation', true],
    ['Leavers', '/admin/leavers', true],
    ['Import', '/admin/import', true],
    ['Sources', '/admin/sources', true],
    ['Roles', '/admin/roles', true],
    ['Visibility', '/admin/visibility', true],
    ['Health', '/admin/health', true],
    ['Mail', '/admin/mail', true],
    ['Audit trail', '/admin/acts', true],
  ] as const)('%s', async (_name, path, signedIn) => {
    const { page, context } = await open();
    if (signedIn) await context.addCookies(await admin.context.cookies());
    const read = Promise.withResolvers<true>();
    await context.route('**/*.woff2', async (route) => {
      await read.promise;
      await route.continue();
    });
    // The homeserver says how it lets people in when the form has been there for long.
    await context.route('**/_matrix/client/v3/login', async (route) => {
      await read.promise;
      await route.continue();
    });
    await page.goto(path);
    if (signedIn) {
      await page.locator('.q-card, .q-empty').first().waitFor();
      await expect.poll(() => page.locator('.q-skeleton').count()).toBe(0);
    } else await page.getByLabel('Password', { exact: true }).waitFor();
    read.resolve(true);
    await page.evaluate(() => document.fonts.ready);
    expect(await page.evaluate(() => document.fonts.check('16px Inter'))).toBe(true);
    expect(await shiftOf(page)).toBeLessThan(0.01);
    await context.close();
  });
});

describe('from the client to the console', () => {
  test('and back, without signing in again', async () => {
    const other = await open();
    const { page } = other;
    await page.goto('/');
    await signIn(page, adminName);
    const later = page.getByRole('dialog').getByRole('button', { name: 'Later' });
    await later.click({ timeout: 60_000 });
    await page.getByRole('button', { name: /^Menu of/ }).click();
    await page.getByRole('menuitem', { name: 'Admin console' }).click();
    await title(page, 'Overview');
    await page.getByRole('link', { name: 'Back to messages' }).click();
    await page.getByRole('navigation', { name: 'Main menu' }).waitFor();
    await page.getByRole('heading', { name: 'Chats' }).waitFor();
    await other.context.close();
  });
});

describe('import', () => {
  test(
    'a file is mapped by hand, its bad row shown, the difference applied',
    async () => {
      const { page } = admin;
      await page.goto('/admin/import');
      await page.getByLabel('Drop a CSV or JSON file here').setInputFiles({
        name: 'adventure-works.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from(CSV),
      });
      await title(page, 'adventure-works.csv');
      const emails = page.getByLabel('E-mail', { exact: true });
      await expect.poll(() => emails.inputValue()).toBe('EmailAddress');
      await page.getByLabel('Id in your system').selectOption('Nr');
      await page.getByLabel('Department', { exact: true }).selectOption('Unit');
      await page.getByLabel('Separator in department paths').fill('/');
      await page.getByRole('button', { name: 'Check and show difference' }).click();
      await page.getByRole('heading', { name: 'Apply this?' }).waitFor({ timeout: 60_000 });
      await page.getByRole('cell', { name: 'EmailAddress' }).waitFor();
      await expect.poll(() => page.getByRole('tab', { name: /Added/ }).textContent()).toContain('8');
      await page.getByRole('tab', { name: /Departments/ }).click();
      await page.getByRole('rowheader', { name: /Tool Design/ }).waitFor();
      const apply = page.getByRole('button', { name: 'Apply changes' });
      expect(await apply.isDisabled()).toBe(true);
      await page.getByLabel('Go on without the bad rows').check();
      await apply.click();
      await page.getByText('The directory is up to date.').waitFor({ timeout: 120_000 });
      await allInStep();
      await page.getByText('All accounts, spaces and rooms are ready').waitFor({ timeout: 30_000 });
    },
    JOURNEY_MS,
  );
});

describe('departments', () => {
  test('one is moved by keyboard alone, and back by undo', async () => {
    const { page } = admin;
    await page.goto('/admin/departments');
    await page.getByRole('treeitem', { name: /^Tool Design/ }).press('m');
    await page.getByText('Moving Tool Design', { exact: true }).waitFor();
    // Out of its group, then into whatever stands above at the top level.
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.getByText('Tool Design is now at the top level').first().waitFor();
    await expect.poll(async () => (await department('Tool Design')).parent_id).toBeNull();
    await page.getByRole('button', { name: 'Undo' }).click();
    const research = await department('Research and Development');
    await waitFor(async () => (await department('Tool Design')).parent_id === research.id, {
      timeout: 20_000,
      what: 'the move taken back',
    });
  });

  test('Escape leaves everything as it was', async () => {
    const { page } = admin;
    await page.goto('/admin/departments');
    await page.getByRole('treeitem', { name: /^Tool Design/ }).press('m');
    const moving = page.getByText('Moving Tool Design', { exact: true });
    await moving.waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Escape');
    await moving.waitFor({ state: 'hidden' });
    expect((await department('Tool Design')).parent_id).not.toBeNull();
  });

  test('one is added and renamed', async () => {
    const { page } = admin;
    await page.goto('/admin/departments');
    await page.getByRole('button', { name: 'Add department' }).click();
    await page.getByLabel('Name', { exact: true }).fill('华东大区');
    await page.getByRole('dialog').getByRole('button', { name: 'Add department' }).click();
    await page.getByRole('treeitem', { name: /^华东大区/ }).waitFor();
  });
});

describe('roles', () => {
  test('a department gets an administrator, who sees only that department', async () => {
    const { page } = admin;
    // The roles come when the dialog is open already.
    const opened = Promise.withResolvers<undefined>();
    await page.route('**/api/org/roles', async (route) => {
      await opened.promise;
      await route.continue();
    });
    await page.goto('/admin/roles');
    await page.getByRole('button', { name: 'Give a role' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    opened.resolve(undefined);
    await dialog.getByRole('combobox', { name: 'Person' }).fill('tamburello');
    await dialog.getByRole('option', { name: /Roberto Tamburello/ }).click();
    await dialog.getByRole('combobox', { name: 'Over' }).fill('engineering');
    await dialog.getByRole('option', { name: /^Engineering/ }).click();
    await dialog.getByRole('button', { name: 'Give a role' }).click();
    await page.getByRole('rowheader', { name: /Roberto Tamburello/ }).waitFor();

    const { link } = await callApiFrom<{ link: string }>(
      page.request,
      'POST',
      `/api/org/people/${await personId('roberto')}/activation`,
    );
    const other = await open();
    await other.page.goto(link);
    await other.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await other.page.getByLabel('Repeat the password').fill(PASSWORD);
    await other.page.getByRole('button', { name: 'Activate account' }).click();
    await other.page.getByRole('heading', { name: 'You can begin' }).waitFor();
    await other.page.goto('/admin/');
    await signIn(other.page, 'roberto0');
    await title(other.page, 'Overview');
    const nav = other.page.getByRole('navigation', { name: 'Pages' });
    await expect
      .poll(() => nav.getByRole('link').allTextContents())
      .toEqual([
        'Overview',
        'Departments',
        'People',
        'Activation',
        'Leavers',
        'Roles',
        'Mail',
        'Back to messages',
      ]);
    await other.page.goto('/admin/people');
    await other.page.getByRole('button', { name: 'Gail Erickson' }).waitFor();
    expect(await other.page.getByRole('button', { name: 'Brian Welcker' }).count()).toBe(0);
    await other.page.goto('/admin/import');
    await title(other.page, 'Page not found');
    await other.page.goto(`/admin/people/${await personId('welcker')}`);
    await other.page.getByText('There is nothing here for you').waitFor();
    await other.context.close();
  });

  test('who administers nothing is told so', async () => {
    const { link } = await callApiFrom<{ link: string }>(
      admin.page.request,
      'POST',
      `/api/org/people/${await personId('erickson')}/activation`,
    );
    const other = await open();
    const answer = await other.page.request.post('/api/org/activation', {
      data: { token: new URL(link).hash.slice(1), password: PASSWORD },
    });
    expect(answer.ok()).toBe(true);
    await other.page.goto('/admin/');
    await signIn(other.page, 'gail0');
    await title(other.page, 'No access to the console');
    await other.context.close();
  });
});

describe('leaving', () => {
  test(
    'is handed over, closed, and ends with a complete certificate',
    async () => {
      const { page } = admin;
      await allInStep();
      await page.goto(`/admin/people/${await personId('tamburello')}`);
      await page.getByRole('button', { name: 'Start leaving' }).click();
      await page
        .getByRole('dialog', { name: /leaves the company/ })
        .getByRole('button', { name: 'Start leaving' })
        .click();
      await title(page, 'Roberto Tamburello is leaving');
      const toManager = page.getByRole('button', { name: 'All open items to Terri Duffy' });
      const close = page.getByRole('button', { name: 'Close for good' });
      await page.getByRole('rowheader').first().waitFor();
      // The manager was proposed at the start; whatever is still open goes there, too.
      await waitFor(
        async () => {
          if (await close.isEnabled()) return true;
          // It goes when nothing is left open, also between the look and the click.
          if (await toManager.isVisible()) await toManager.click({ timeout: 2_000 }).catch(() => undefined);
          return false;
        },
        { timeout: 60_000, interval: 500, what: 'nothing open any more' },
      );
      await close.click();
      await page.getByRole('dialog').getByRole('button', { name: 'Close for good' }).click();
      await page.getByRole('heading', { name: 'Certificate' }).waitFor({ timeout: 120_000 });
      await page.getByText('Complete', { exact: true }).waitFor({ timeout: 60_000 });
      await expect.poll(() => page.getByText(': passed').count()).toBeGreaterThanOrEqual(8);
      expect(await page.getByText(': not passed').count()).toBe(0);
    },
    JOURNEY_MS,
  );
});

describe('every page', () => {
  const paths = async (): Promise<Record<string, string>> => {
    const { page } = admin;
    const imports = await callApiFrom<Listed>(page.request, 'GET', '/api/org/imports');
    const leavers = await callApiFrom<Listed>(page.request, 'GET', '/api/org/offboardings');
    return {
      overview: '/admin/',
      departments: '/admin/departments',
      department: `/admin/departments/${(await department('Engineering')).id}`,
      people: '/admin/people',
      activation: '/admin/activation',
      mail: '/admin/mail',
      person: `/admin/people/${await personId('duffy')}`,
      leavers: '/admin/leavers',
      leaver: `/admin/leavers/${leavers.items[0]?.id ?? ''}`,
      import: '/admin/import',
      'one import': `/admin/import/${imports.items[0]?.id ?? ''}`,
      sources: '/admin/sources',
      roles: '/admin/roles',
      visibility: '/admin/visibility',
      health: '/admin/health',
      acts: '/admin/acts',
      start: '/',
      activate: '/activate',
    };
  };

  test.each([
    ['zh-CN', 'light', 1280],
    ['en-GB', 'dark', 1280],
    ['zh-CN', 'dark', 390],
    ['en-GB', 'light', 390],
  ] as const)(
    'is accessible and fits the window: %s, %s, %i px',
    async (locale, colorScheme, width) => {
      const { page, context, errors } = await open({ locale, colorScheme, width, height: 844 });
      await context.addCookies(await admin.context.cookies());
      const found: string[] = [];
      for (const [name, path] of Object.entries(await paths())) {
        await page.goto(path);
        await page.locator('h1').waitFor();
        await expect.poll(() => page.locator('.q-skeleton').count()).toBe(0);
        found.push(...(await axeViolations(page)).map((violation) => `${name}: ${violation}`));
        const wider = await horizontalOverflow(page);
        if (wider > 0) found.push(`${name}: ${wider} px too wide`);
        // An untranslated key shows its name; `@admin:localhost` is a person.
        const raw = /(?<![@\w])(org|admin|kit|client):[a-z_.]+/.exec(await page.locator('body').innerText());
        if (raw) found.push(`${name}: ${raw[0]}`);
      }
      expect(found).toEqual([]);
      expect(errors).toEqual([]);
      await context.close();
    },
    JOURNEY_MS,
  );

  test('the language is changed without leaving the page, and kept', async () => {
    const { page, context } = await open();
    await context.addCookies(await admin.context.cookies());
    await page.goto((await paths())['one import'] ?? '');
    // What the server says follows, too.
    await page.getByText('“not-an-address” is not an e-mail address.').waitFor();
    await page.getByRole('button', { name: /Account menu/ }).click();
    await page.getByRole('menuitemradio', { name: '简体中文' }).click();
    await page.getByText('“not-an-address”不是有效的邮箱地址。').waitFor();
    await page.getByRole('link', { name: '人员', exact: true }).click();
    await title(page, '人员');
    await page.reload();
    await title(page, '人员');
    await expect.poll(() => page.locator('html').getAttribute('lang')).toBe('zh-Hans');
    await context.close();
  });
});
