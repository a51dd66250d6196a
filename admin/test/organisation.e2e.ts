import { readFile } from 'node:fs/promises';
import { hrFile } from '@qiao/org/testing';
import { decodeQR } from 'qr/decode.js';
import { axeViolations, launchBrowser, makeUser, PASSWORD, picturesOfFailure, waitFor } from '@qiao/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import { picture, providerOf, startConsole, type Console, type Provider } from './support.ts';

/*
 * What a main administrator does less often than the first day's journey in console.e2e.ts: reshaping the tree, rules,
 * sources, problems, a file that would send half the company home.
 */

/** Longer than any number of a phone. */
const NOT_TAKEN = { phoneNumbers: [{ value: `+86 ${'138 0001 '.repeat(8)}`.trim(), type: 'work' }] } as const;

let company: Console;
let page: Page;
const ids: Record<string, string> = {};

interface Department {
  id: string;
  name: string;
  parent_id: string | null;
  state: string;
  total_count: number;
}
const department = async (name: string): Promise<Department> => {
  const { items } = await company.api<{ items: Department[] }>('GET', '/api/org/departments?ended=true');
  const found = items.find((each) => each.name === name);
  if (!found) throw new Error(`${name} is not there`);
  return found;
};
const title = (name: string | RegExp): Promise<void> =>
  page.getByRole('heading', { level: 1, name }).waitFor();
const treeitem = (name: string) => page.getByRole('treeitem', { name: new RegExp(`^${name}`) });
const choose = async (name: string, action: string): Promise<void> => {
  await treeitem(name)
    .getByRole('button', { name: `Actions for ${name}` })
    .click();
  await page.getByRole('menuitem', { name: action, exact: true }).click();
};
const pick = async (label: string, text: string, option: RegExp): Promise<void> => {
  const dialog = page.getByRole('dialog').last();
  await dialog.getByRole('combobox', { name: label }).first().fill(text);
  await dialog.getByRole('option', { name: option }).click();
};

const change = async (name: string, to: { email?: string; locale?: 'en' }): Promise<void> => {
  const path = `/api/org/people/${ids[name] ?? ''}`;
  const { version } = await company.api<{ version: number }>('GET', path);
  await company.api('PATCH', path, { version, ...to });
};

const activateBy = async (token: string): Promise<{ ok: boolean }> => {
  const answer = await page.request.post('/api/org/activation', { data: { token, password: PASSWORD } });
  return { ok: answer.ok() };
};

beforeAll(async () => {
  company = await startConsole();
  ({ page } = company.admin);
  ids.company = await company.department('Company');
  ids.sales = await company.department('Sales', ids.company);
  ids.east = await company.department('East', ids.sales);
  ids.west = await company.department('West', ids.sales);
  ids.labs = await company.department('Labs', ids.company);
  ids.pilot = await company.department('Pilot', ids.company);
  ids.club = await company.department('Book club', ids.company);
  for (const [name, at] of [
    ['Ann Lee', 'east'],
    ['Ben Roth', 'west'],
    ['Cleo Fox', 'labs'],
    ['Dan Hill', 'pilot'],
    ['Eve Moss', 'club'],
  ] as const) {
    ids[name] = await company.person(name, ids[at] ?? '');
  }
}, 300_000);
afterEach(({ task }) => picturesOfFailure(company.browser, task));
afterAll(() => company.close());

describe('the tree', () => {
  test('a department is dragged into another with the pointer, and back by undo', async () => {
    await page.goto('/admin/departments');
    await treeitem('Labs').waitFor();
    await treeitem('Labs').dragTo(treeitem('East'));
    await page.getByText('Labs now belongs to East').first().waitFor();
    await expect.poll(async () => (await department('Labs')).parent_id).toBe(ids.east);
    await page.getByRole('button', { name: 'Undo' }).click();
    await waitFor(async () => (await department('Labs')).parent_id === ids.company, {
      what: 'the move taken back',
    });
  });

  test('a department is not dropped into itself or below', async () => {
    await page.goto('/admin/departments');
    await treeitem('Sales').dragTo(treeitem('East'));
    await treeitem('Sales').waitFor();
    expect((await department('Sales')).parent_id).toBe(ids.company);
  });
});

describe('a drawer', () => {
  test('lies over the page to its end, and no stripe of the page is left beside it', async () => {
    const desktop = await launchBrowser({ scrollbars: true });
    try {
      const shown = await desktop.newPage({ baseURL: company.own.info.gatewayUrl });
      await shown.context.addCookies(await company.admin.context.cookies());
      const drawer = shown.page.getByRole('dialog', { name: 'Profile' });
      for (const width of [390, 600, 760, 1440]) {
        await shown.page.setViewportSize({ width, height: 500 });
        await shown.page.goto('/admin/people');
        const heading = shown.page.getByRole('heading', { level: 1 });
        await shown.page.getByText('Ann Lee').first().waitFor();
        const before = await heading.boundingBox();
        await shown.page.getByText('Ann Lee').first().click();
        await drawer.waitFor();
        await drawer.evaluate((node) =>
          Promise.all(node.getAnimations().map((animation) => animation.finished)).then(() => undefined),
        );
        const box = await drawer.boundingBox();
        expect((box?.x ?? 0) + (box?.width ?? 0)).toBe(width);
        const beside = box?.x ?? 0;
        expect(beside === 0 || beside >= 160, `${String(beside)} px beside it at ${String(width)}`).toBe(
          true,
        );
        // The page behind stays where it is.
        expect(await heading.boundingBox()).toEqual(before);
      }
    } finally {
      await desktop.close();
    }
  });
});

describe('visibility', () => {
  test('a rule is made, ordered and saved', async () => {
    await page.goto('/admin/visibility');
    await title('Visibility');
    await page.getByRole('button', { name: 'Add rule' }).click();
    const dialog = page.getByRole('dialog');
    const whom = dialog.getByRole('group', { name: 'At whom' });
    await whom.getByRole('combobox', { name: /Departments/ }).fill('west');
    await whom.getByRole('option', { name: /^West/ }).click();
    await whom.getByRole('combobox', { name: /Departments/ }).fill('pilot');
    await whom.getByRole('option', { name: /^Pilot/ }).click();
    await dialog.getByRole('combobox', { name: 'Then' }).selectOption('May not see');
    await dialog.getByRole('button', { name: 'Apply to list' }).click();
    await page.getByText('Everybody → people in West and Pilot').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved').first().waitFor();
    await page.reload();
    await page.getByText('Everybody → people in West and Pilot').waitFor();
    const { items } = await company.api<{ items: unknown[] }>('GET', '/api/org/visibility');
    expect(items).toMatchObject([
      { target: { departments: [ids.west, ids.pilot] }, can_see: false, can_contact: false, ended: [] },
    ]);
  });
});

describe('departments that go', () => {
  test('one is merged: people and rules go with it', async () => {
    await page.goto('/admin/departments');
    await choose('West', 'Merge into another');
    await pick('Into', 'east', /^East/);
    await page.getByRole('dialog').getByRole('button', { name: 'Merge into another' }).click();
    await treeitem('West').waitFor({ state: 'detached' });
    await expect.poll(async () => (await department('East')).total_count).toBe(2);
    await page.goto('/admin/visibility');
    await page.getByText('Everybody → people in East and Pilot').waitFor();
  });

  test('one is dissolved: its rule is shown as broken, and mended', async () => {
    await page.goto('/admin/departments');
    await choose('Pilot', 'Dissolve or convert');
    await page.getByRole('dialog').getByText('are marked under Visibility').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Dissolve' }).click();
    await treeitem('Pilot').waitFor({ state: 'detached' });
    await expect.poll(async () => (await department('Pilot')).state).toBe('dissolved');
    await page.goto('/admin/visibility');
    await page.getByText('Names Pilot, which is no more').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Edit rule 1' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Dissolved').waitFor();
    await dialog.getByRole('listitem').filter({ hasText: 'Pilot' }).getByRole('button').click();
    await dialog.getByRole('button', { name: 'Apply to list' }).click();
    await page.getByText('Names Pilot').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved').first().waitFor();
  });

  test('one becomes an ordinary group', async () => {
    await page.goto('/admin/departments');
    await choose('Book club', 'Dissolve or convert');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Convert to a group', { exact: true }).click();
    await dialog.getByRole('button', { name: 'Convert to a group' }).click();
    await treeitem('Book club').waitFor({ state: 'detached' });
    await expect.poll(async () => (await department('Book club')).state).toBe('converted');
    await page.getByLabel('Show ended').check();
    await treeitem('Book club').waitFor();
  });
});

/** The modules of a QR code that is drawn, read as a camera would. */
async function readCode(code: Locator): Promise<string> {
  const size = Number((await code.getAttribute('viewBox'))?.split(' ')[2]);
  const path = (await code.locator('path').getAttribute('d')) ?? '';
  const scale = 4;
  const width = size * scale;
  const data = new Uint8Array(width * width * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h/g))
    for (let dy = 0; dy < scale; dy++)
      for (let dx = 0; dx < scale; dx++) {
        const at = ((Number(y) * scale + dy) * width + Number(x) * scale + dx) * 4;
        data.fill(0, at, at + 3);
      }
  return decodeQR({ width, height: width, data });
}

describe('activation', () => {
  const confirm = (name: string): Promise<void> =>
    page.getByRole('dialog').last().getByRole('button', { name, exact: true }).click();
  const works = async (link: string): Promise<boolean> => {
    const token = new URL(link).hash.slice(1);
    return (await page.request.post('/api/org/activation/info', { data: { token } })).ok();
  };
  let mailed = '';

  test('by mail: who is ticked gets one, who has no address is named, and the mail is read while none goes', async () => {
    await change('Ann Lee', { email: 'ann.lee@example.com' });
    await page.goto('/admin/activation');
    await title('Activation');
    await page.getByText('Mail is not set up').waitFor();
    await page.getByLabel('Choose Ann Lee').check();
    await page.getByLabel('Choose Ben Roth').check();
    await page.getByText('2 people chosen').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'activation');
    await page.getByRole('button', { name: 'Send by mail' }).click();
    await confirm('Send by mail');
    const rounds = page.getByRole('region', { name: 'Sent by mail' });
    await rounds.getByText('1 of 1').waitFor();
    await rounds.getByText(/1 kept/).waitFor();
    await rounds.getByText('1 without an e-mail address').click();
    await rounds.getByText('Ben Roth').waitFor();
    await picture(page, 'activation-mailed');

    await rounds.getByRole('link', { name: 'All mails' }).click();
    await title('Mail');
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'mail');
    await page
      .getByRole('row', { name: /Ann Lee/ })
      .getByRole('button', { name: 'Read' })
      .click();
    const text = await page.getByRole('dialog').locator('.o-mail').innerText();
    mailed = /https?:\S+\/activate#[\w-]+/.exec(text)?.[0] ?? '';
    expect(await works(mailed)).toBe(true);
    await picture(page, 'mail-read');
    await page.keyboard.press('Escape');
  });

  test('the dialog of a link tells what was sent and ends nothing, unless it is asked to', async () => {
    await page.goto(`/admin/people/${ids['Ann Lee'] ?? ''}`);
    await page.getByRole('button', { name: 'Activation link' }).click();
    const dialog = page.getByRole('dialog', { name: /Activation link of Ann Lee/ });
    await dialog.getByText('By mail', { exact: true }).waitFor();
    await dialog.getByText('Last mail, to ann.lee@example.com:').waitFor();
    expect(await works(mailed)).toBe(true);
    await dialog.getByRole('button', { name: 'Make a link and a QR code' }).click();
    const shown = await dialog.getByLabel('Activation link', { exact: true }).inputValue();
    expect(await readCode(dialog.getByRole('img', { name: 'QR code of the link of Ann Lee' }))).toBe(shown);
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'activation-link');
    expect([await works(shown), await works(mailed)]).toEqual([true, true]);
    await dialog.getByRole('button', { name: 'End all links' }).click();
    await confirm('End all links');
    await page.getByText('The links no longer work.').waitFor();
    expect([await works(shown), await works(mailed)]).toEqual([false, false]);
  });

  test('on paper: four sheets on a page, each with a code that is its link', async () => {
    // The others' sheets are in the company's language.
    await change('Cleo Fox', { locale: 'en' });
    await page.goto('/admin/activation');
    await page.getByLabel('Choose all that are shown').check();
    const count = Number(/\d+/.exec(await page.getByText(/people chosen/).innerText())?.[0]);
    await page.getByRole('button', { name: 'Print sheets' }).click();
    await confirm('Print sheets');
    const sheet = page.getByRole('region', { name: 'Cleo Fox' });
    await sheet.waitFor();
    expect(await page.locator('.o-sheet').count()).toBe(count);
    const link = await sheet.locator('.o-sheet__address').innerText();
    expect(await readCode(sheet.getByRole('img', { name: /Cleo Fox/ }))).toBe(link);
    expect(await works(link)).toBe(true);
    for (const text of ['Labs', 'Scan the code', 'Works until', '@cleo.fox:'])
      await sheet.getByText(text).first().waitFor();
    await page.getByRole('region', { name: 'Ben Roth' }).getByText('用手机相机扫描二维码').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'sheets');
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
    expect(pdf.match(/\/Type \/Page\b/g)).toHaveLength(Math.ceil(count / 4));
    await page.emulateMedia({ media: 'print' });
    await picture(page, 'sheets-print');
    await page.emulateMedia({ media: 'screen' });
    await page.getByRole('button', { name: 'Back' }).click();
    await title('Activation');
    ids.cleoToken = new URL(link).hash.slice(1);
  });

  test('in a file, for the mail merge', async () => {
    await page.getByLabel('Choose Dan Hill').check();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV for a mail merge' }).click(),
    ]);
    const text = await readFile(await download.path(), 'utf8');
    expect(text).toContain('Dan Hill');
    expect(text).not.toContain('Eve Moss');
    expect(text).toMatch(/\/activate#[\w-]{20,}/);
  });
});

describe('a forgotten password', () => {
  test('is told to an administrator, and nobody learns whether there is such an account', async () => {
    const { ok } = await activateBy(ids.cleoToken ?? '');
    expect(ok).toBe(true);
    const other = await company.open({ width: 390, height: 844 });
    for (const name of ['cleo.fox', 'nobody.at.all']) {
      await other.page.goto('/admin/');
      await other.page.getByRole('button', { name: 'Forgot password?' }).click();
      await other.page.getByLabel('User name, e-mail, phone or employee number').fill(name);
      await picture(other.page, 'forgot-390');
      await other.page.getByRole('button', { name: 'Ask for a new password' }).click();
      await other.page.getByText(/^If there is such an account/).waitFor();
      expect(await axeViolations(other.page)).toEqual([]);
    }
    await picture(other.page, 'forgot-told-390');
    await page.goto('/admin/activation');
    const requests = page.getByRole('region', { name: 'Asked for a new password' });
    const row = requests.getByRole('row', { name: /Cleo Fox/ });
    await waitFor(async () => {
      await page.reload();
      await requests.waitFor();
      return (await row.count()) === 1;
    });
    expect(await requests.getByText('nobody').count()).toBe(0);
    await picture(page, 'password-requests');
    await row.getByRole('button', { name: 'Give a link' }).click();
    const dialog = page.getByRole('dialog', { name: 'Link for a new password of Cleo Fox' });
    await dialog.getByText('Cleo Fox has a password already.').waitFor();
    await dialog.getByRole('button', { name: 'Make a link and a QR code' }).click();
    const link = await dialog.getByLabel('Link for a new password', { exact: true }).inputValue();
    await other.page.goto(link);
    await other.page.getByRole('heading', { name: 'Choose a new password' }).waitFor();
    await other.page.getByText('All your devices are signed out').waitFor();
    const again = 'Fahrrad-im-Nebel-41';
    await other.page.getByLabel('Password', { exact: true }).fill(again);
    await other.page.getByText(/^(Good|Strong)/).waitFor();
    await other.page.getByLabel('Repeat the password').fill(again);
    expect(await axeViolations(other.page)).toEqual([]);
    await picture(other.page, 'new-password-390');
    await other.page.getByRole('button', { name: 'Set the new password' }).click();
    await other.page.getByText('Your new password is set, Cleo Fox.').waitFor();
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    await page.reload();
    await row.getByText('Done').waitFor();
    await other.context.close();
  });
});

describe('a person added by hand', () => {
  test('an account name of digits alone, and one that is taken, are refused where they are typed', async () => {
    await page.goto('/admin/people');
    await page.getByRole('button', { name: 'Add person' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('Finn Gray');
    await pick('Department', 'labs', /Labs/);
    const account = dialog.getByLabel(/^Account name/);
    const add = dialog.getByRole('button', { name: 'Add person' });
    await account.fill('00305');
    await add.click();
    await dialog.getByText(/are no mere number/).waitFor();
    await account.fill('ann.lee');
    await add.click();
    await dialog.getByText('The account name ann.lee is already taken.').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await account.fill('finn');
    await add.click();
    await page.getByText('Finn Gray was added').waitFor();
  });
});

describe('provisioning problems', () => {
  test('an account that was there before us gets another name', async () => {
    const taken = await makeUser({ name: 'finn', stack: company.own.info });
    const localpart = taken.userId.slice(1, taken.userId.indexOf(':'));
    ids.finn = await company.person('Finn Frost', ids.east ?? '', { localpart });
    await waitFor(
      async () => (await company.api<{ problems: number }>('GET', '/api/org/provisioning')).problems > 0,
      { what: 'the problem', timeout: 60_000 },
    );
    await page.goto('/admin/health');
    const row = page.getByRole('row').filter({ hasText: localpart });
    await row.getByRole('button', { name: 'Resolve' }).click();
    await page.getByRole('menuitem', { name: 'Use another account name' }).click();
    await page.getByLabel('New account name').fill('finn.frost');
    await page.getByRole('dialog').getByRole('button', { name: 'Use another account name' }).click();
    await page.getByText('Will be tried at once').first().waitFor();
    await page.getByText('No problems', { exact: true }).waitFor({ timeout: 60_000 });
    const { user_id } = await company.api<{ user_id: string }>('GET', `/api/org/people/${ids.finn}`);
    expect(user_id).toMatch(/^@finn\.frost:/);
    await page.goto('/admin/acts');
    await page.getByText('chose another account name for').waitFor();
  });
});

describe('sources', () => {
  test('the LDAP form says what is missing, keeps the password to itself, and tests the connection', async () => {
    await page.goto('/admin/sources');
    await page.getByRole('button', { name: 'Add source' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('It begins with ldap:// or ldaps://.').waitFor();
    expect(await dialog.getByText('This is needed.').count()).toBe(2);
    await dialog.getByLabel('Name', { exact: true }).fill('Head office');
    // Nobody listens at port 9.
    await dialog.getByLabel('Address', { exact: true }).fill('ldaps://localhost:9');
    await dialog.getByLabel('Sign in as (DN)').fill('cn=reader,dc=example,dc=com');
    await dialog.getByLabel('Password', { exact: true }).fill('directory reader');
    await dialog.getByLabel('Search below (base DN)').fill('dc=example,dc=com');
    await dialog.getByLabel('Schedule', { exact: true }).selectOption('Every hour');
    await dialog.getByRole('button', { name: 'Save' }).click();
    const row = page.getByRole('row').filter({ hasText: 'Head office' });
    await row.getByRole('button', { name: 'Actions for Head office' }).click();
    await page.getByRole('menuitem', { name: 'Test' }).click();
    await page.getByText('cannot be reached', { exact: false }).first().waitFor({ timeout: 60_000 });
    await row.getByRole('button', { name: 'Actions for Head office' }).click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    await dialog.getByText('Leave empty to keep the present one.').waitFor();
    expect(await dialog.getByLabel('Sign in as (DN)').inputValue()).toBe('cn=reader,dc=example,dc=com');
    expect(await dialog.getByLabel('Password', { exact: true }).inputValue()).toBe('');
    expect(await page.content()).not.toContain('directory reader');
    await page.keyboard.press('Escape');
  });

  test('a SCIM token is shown once, works, and works no more when revoked', async () => {
    await page.goto('/admin/sources');
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('Entra ID');
    await page.getByRole('dialog').getByRole('button', { name: 'Make token' }).click();
    const token = await page.getByRole('dialog').getByLabel('Token', { exact: true }).inputValue();
    const ask = async (): Promise<number> =>
      (
        await fetch(`${company.own.info.gatewayUrl}/api/scim/v2/Users?count=1`, {
          headers: { authorization: `Bearer ${token}` },
        })
      ).status;
    expect(await ask()).toBe(200);
    await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain(token);
    await page.getByRole('button', { name: 'Revoke Entra ID' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('No tokens yet').waitFor();
    expect(await ask()).toBe(401);
  });
});

describe('a file that would send half the company home', () => {
  const people = (count: number): string =>
    ['Id,Name,Department', ...Array.from({ length: count }, (_, n) => `${n + 1},Person ${n + 1},Hall`)].join(
      '\n',
    );
  const upload = async (name: string, text: string): Promise<void> => {
    await page.goto('/admin/import');
    await page
      .getByLabel('Drop a CSV or JSON file here')
      .setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
    await title(name);
  };
  const check = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Check and show difference' }).click();
    await page.getByRole('heading', { name: 'Apply this?' }).waitFor({ timeout: 60_000 });
  };

  test('is held until somebody has looked', async () => {
    await upload('all.csv', people(6));
    await check();
    await page.getByRole('button', { name: 'Apply changes' }).click();
    await page.getByText('The directory is up to date.').waitFor({ timeout: 60_000 });
    await upload('half.csv', people(3));
    await page.getByLabel('People missing in the file are leaving').check();
    await check();
    await page.getByText('3 people would leave').waitFor();
    const apply = page.getByRole('button', { name: 'Apply changes' });
    expect(await apply.isDisabled()).toBe(true);
    await page.getByLabel('I have looked at the list of those leaving').check();
    // The list is shown by it.
    await page.getByRole('rowheader', { name: 'Person 6' }).waitFor();
    await apply.click();
    await page.getByText('The directory is up to date.').waitFor({ timeout: 60_000 });
    const leaving = async (): Promise<string[]> => {
      const { items } = await company.api<{ items: { person: { display_name: string } }[] }>(
        'GET',
        '/api/org/offboardings?state=suspended',
      );
      return items.map((item) => item.person.display_name).sort();
    };
    await expect.poll(leaving).toEqual(['Person 4', 'Person 5', 'Person 6']);
  });
});

describe('a source that takes over', () => {
  test('gets the people of a file, after their number was shown', async () => {
    const { items: sources } = await company.api<{ items: { kind: string; name: string }[] }>(
      'GET',
      '/api/org/sources',
    );
    const file = sources.find((source) => source.kind === 'csv')?.name ?? '';
    await page.goto('/admin/sources');
    await page.getByRole('button', { name: `Actions for ${file}` }).click();
    await page.getByRole('menuitem', { name: 'Hand people over…' }).click();
    const dialog = page.getByRole('dialog');
    const go = dialog.getByRole('button', { name: 'Hand over' });
    expect(await go.isDisabled()).toBe(true);
    await dialog.getByLabel('To', { exact: true }).selectOption({ label: 'SCIM (SCIM)' });
    // Six came with the file; three of them are leaving, and go over, too.
    await dialog.getByText('6 people go over.').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await go.click();
    await page.getByText(`People of ${file} now belong to SCIM`).first().waitFor();
    const inScim = async (): Promise<number | undefined> => {
      const { items } = await company.api<{ items: { kind: string; people_count: number }[] }>(
        'GET',
        '/api/org/sources',
      );
      return items.find((source) => source.kind === 'scim')?.people_count;
    };
    await expect.poll(inScim).toBe(3);
  });

  test('gets somebody who was made by hand', async () => {
    const byHand = async (): Promise<string[]> =>
      (
        await company.api<{ items: { display_name: string }[] }>('GET', '/api/org/sources/by-hand?limit=200')
      ).items.map((person) => person.display_name);
    expect(await byHand()).toContain('Cleo Fox');
    await page.goto('/admin/sources');
    await page.getByRole('button', { name: 'Hand over to a source…' }).click();
    const dialog = page.getByRole('dialog');
    const go = dialog.getByRole('button', { name: 'Hand over' });
    await dialog.getByLabel('Cleo Fox').check();
    expect(await go.isDisabled()).toBe(true);
    await dialog.getByLabel('To', { exact: true }).selectOption({ label: 'SCIM (SCIM)' });
    await dialog.getByText('1 person goes over.').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await go.click();
    await page.getByText('They now belong to SCIM').first().waitFor();
    await expect.poll(byHand).not.toContain('Cleo Fox');
  });
});

describe('a file as an HR system in China exports it', () => {
  const upload = async (name: string): Promise<void> => {
    await page.goto('/admin/import');
    await page
      .getByLabel('Drop a CSV or JSON file here')
      .setInputFiles({ name, mimeType: 'text/csv', buffer: hrFile() });
    await title(name);
  };
  const check = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Check and show difference' }).click();
  };
  const columnRow = (name: string) =>
    page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });

  test('is read, its words are shown, and it comes in right', async () => {
    await upload('花名册.csv');
    expect(await page.getByLabel('Encoding').inputValue()).toBe('gb18030');
    expect(await page.getByLabel('Signs between several departments').inputValue()).toBe(';、');
    // What every word means, to be corrected.
    const left = page.getByLabel('离职', { exact: true });
    expect(await left.inputValue()).toBe('left');
    expect(await page.getByLabel('试用', { exact: true }).inputValue()).toBe('working');
    // What every column became, with its values as they are read; what is not used is named.
    await page.getByText('Not used: 性别 and 籍贯').waitFor();
    await columnRow('入职日期').getByText('2021-01-01').waitFor();
    await columnRow('部门').getByText('研发中心; 销售中心').waitFor();
    // Another column of states is read at once, and asks for what nobody knows.
    await page.getByLabel('Status', { exact: true }).selectOption('籍贯');
    await page.getByLabel('浙江', { exact: true }).waitFor();
    await page.getByText('Say what every status means.').waitFor();
    expect(await page.getByRole('button', { name: 'Check and show difference' }).isDisabled()).toBe(true);
    await page.getByLabel('Status', { exact: true }).selectOption('状态');
    await left.waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await check();
    await page.getByRole('heading', { name: 'Apply this?' }).waitFor({ timeout: 60_000 });
    await page.getByText(/read as one department/).waitFor();
    await expect.poll(() => page.getByRole('tab', { name: /Added/ }).textContent()).toContain('48');
    await page.getByRole('button', { name: 'Apply changes' }).click();
    await page.getByText('The directory is up to date.').waitFor({ timeout: 60_000 });
  });

  test('changes nothing the second time', async () => {
    await upload('again.csv');
    await check();
    await page.getByText('Nothing changes').first().waitFor({ timeout: 60_000 });
  });
});

describe('a provider that says too much', () => {
  const names = ['王伟', '李娜', 'Ana Cruz', 'Bo Lind', '陈静', 'Max Ode'];
  const waiting = 'Look at it Okta: 4 people wait for your decision';
  const held = /: people to let go$/;
  let provider: Provider;
  const ids: string[] = [];

  test('a second provider has people of its own, and each token says whose it is', async () => {
    await page.goto('/admin/sources');
    await page.getByRole('button', { name: 'Add source' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('SCIM', { exact: true }).click();
    await dialog.getByLabel('Name', { exact: true }).fill('Okta');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('rowheader', { name: 'Okta' }).waitFor();
    await page.getByRole('button', { name: 'New token' }).click();
    await dialog.getByLabel('Name', { exact: true }).fill('Subsidiary');
    const source = dialog.getByLabel('Source', { exact: true });
    await dialog.getByRole('button', { name: 'Make token' }).click();
    // Of several none is guessed.
    await dialog.getByText('This is needed.').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await source.selectOption('Okta');
    await dialog.getByRole('button', { name: 'Make token' }).click();
    const token = await dialog.getByLabel('Token', { exact: true }).inputValue();
    await dialog.getByRole('button', { name: 'Done' }).click();
    const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'Subsidiary' }) });
    await row.getByRole('cell', { name: 'Okta', exact: true }).waitFor();
    provider = providerOf(company, token);
    for (const [n, displayName] of names.entries())
      ids.push(await provider.add(`p${n}@okta.test`, { displayName, ...(n === 2 && NOT_TAKEN) }));
  });

  test('what could not be taken is told by person, with the reason', async () => {
    await page.goto('/admin/sources');
    await page
      .getByRole('button', { name: 'Look at it Okta: values of 1 person were not taken over' })
      .click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Ana Cruz').waitFor();
    await dialog.getByText('phoneNumbers', { exact: true }).waitFor();
    await dialog.getByText(NOT_TAKEN.phoneNumbers[0].value).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Done' }).click();
  });

  test('many leavers wait on the start page, and are kept', async () => {
    // Fewer than half go by themselves.
    expect(await provider.end(ids)).toEqual([200, 200, 503, 503, 503, 503]);
    await page.goto('/admin/');
    const way = page.getByRole('link', { name: waiting });
    await way.waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await way.click();
    await title('Sources');
    await page.getByRole('button', { name: waiting }).click();
    const dialog = page.getByRole('dialog', { name: held });
    for (const name of names.slice(2)) await dialog.getByText(name, { exact: true }).waitFor();
    expect(await dialog.getByText('王伟').count()).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Keep them' }).click();
    await page.getByText('They stay').first().waitFor();
    await page.getByRole('button', { name: waiting }).waitFor({ state: 'detached' });
    expect(await provider.active(ids)).toEqual([false, false, true, true, true, true]);
  });

  test('and are let go, once somebody has looked', async () => {
    expect(await provider.end(ids.slice(2))).toEqual([503, 503, 503, 503]);
    await page.goto('/admin/sources');
    await page.getByRole('button', { name: waiting }).click();
    const dialog = page.getByRole('dialog', { name: held });
    await dialog.getByText('Max Ode').waitFor();
    await dialog.getByRole('button', { name: 'Let them go' }).click();
    await page.getByText('They have been let go').first().waitFor();
    await page.getByRole('button', { name: waiting }).waitFor({ state: 'detached' });
    expect(await provider.active(ids)).toEqual(Array<boolean>(6).fill(false));
    await page.goto('/admin/leavers');
    await page.getByText('Max Ode').waitFor();
  });
});
