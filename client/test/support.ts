import { join } from 'node:path';
import { buildPerson } from '@qiao/org/testing';
import { openDatabase } from '@qiao/platform';
import {
  buildPages,
  launchBrowser,
  makeUser,
  picturesOfFailure as picturesOf,
  runHost,
  stackControl,
  synapseSql,
  testStack,
  waitFor,
  type PageOptions,
  type TestBrowser,
  type TestPage,
  type TestUser,
} from '@qiao/testkit';
import type { Locator, Page } from 'playwright-core';

/** How long a step of a journey may take, in milliseconds: less than a test's own limit, so that the step is named. */
const TIMEOUT_MS = 45_000;
/** A sign-in loads the programs, makes a device and its keys, and waits for the first sync, in milliseconds. */
const SIGN_IN_MS = 60_000;

/** The built client behind the gateway of the shared stack, and a browser. */
export interface ClientUnderTest {
  readonly browser: TestBrowser;
  /** A page of its own storage: another device. */
  open(options?: PageOptions): Promise<TestPage>;
  /** Runs a command of the host (`org first-admin --json`); answers what it prints. */
  host(...args: string[]): Promise<string>;
  close(): Promise<void>;
}

/** Builds the client if it changed, starts what it needs, and a browser. */
export async function startClient(): Promise<ClientUnderTest> {
  await buildPages();
  await stackControl().ensure('host', 'gateway');
  const browser = await launchBrowser();
  return {
    browser,
    open: async (options = {}) => {
      const page = await browser.newPage({ baseURL: testStack().gatewayUrl, ...options });
      page.context.setDefaultTimeout(TIMEOUT_MS);
      return page;
    },
    host: (...args) => runHost(testStack(), ...args),
    close: () => browser.close(),
  };
}

/**
 * Matrix ids of a server's people that a page shows, in its texts and in what is said of them: colleagues go by their
 * names.
 */
export const matrixIdsOn = (page: Page, server: string): Promise<string[]> =>
  page.evaluate((of) => {
    const said = [...document.querySelectorAll<HTMLElement>('[title], [aria-label], [placeholder]')].flatMap(
      (node) =>
        node.checkVisibility()
          ? ['title', 'aria-label', 'placeholder'].map((name) => node.getAttribute(name) ?? '')
          : [],
    );
    const ids = [document.body.innerText, ...said].flatMap(
      (text) => text.match(/@[a-z0-9._=/+-]+:[a-z0-9.:-]+/g) ?? [],
    );
    return [...new Set(ids)].filter((id) => id.endsWith(`:${of}`));
  }, server);

/**
 * Fills in the sign-in form of an English page and waits for the conversation list. A new device is then asked
 * about its keys: put off, which is not possible while messages wait (`made`: done), unless `keys` is `asked`.
 */
export async function signIn(
  page: Page,
  user: Pick<TestUser, 'userId' | 'password'>,
  options: { keys?: 'later' | 'asked' | 'made' } = {},
): Promise<void> {
  await page.goto('/');
  await page.getByLabel('User name').fill(user.userId);
  await page.getByLabel('Password', { exact: true }).fill(user.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('navigation', { name: 'Main menu' }).waitFor({ timeout: SIGN_IN_MS });
  if (options.keys === 'asked') return;
  if (options.keys === 'made') {
    await setUpKeys(page);
    return;
  }
  await page.getByRole('dialog').getByRole('button', { name: 'Later' }).click({ timeout: SIGN_IN_MS });
}

/** Lines above everything that remind of keys and sign-ins: all but the offer of notifications, which is made after. */
export const reminders = (page: Page): Locator =>
  page
    .locator('.c-line-banner')
    .filter({ hasNot: page.getByRole('button', { name: /^(No, thanks|不用了)$/ }) });

/** Makes the keys of a person who has just signed in with `keys: 'asked'`; the recovery key is not looked at. */
export async function setUpKeys(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Get the recovery key' }).click({ timeout: SIGN_IN_MS });
  await dialog.getByLabel('I have saved the recovery key').check();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await dialog.waitFor({ state: 'detached' });
}

/**
 * Presses a button of the bar that a sent message has under the pointer and with the focus. With both: a list that
 * moves (a receipt, a picture, one more line) takes a message away from under the pointer.
 */
export async function pressAt(tile: Locator, name: string): Promise<void> {
  // What is being sent has no bar yet.
  await tile.and(tile.page().locator('[data-send=sent][data-event^="$"]')).waitFor();
  await tile.hover();
  await tile.focus();
  await tile.getByRole('toolbar').getByRole('button', { name, exact: true }).first().click();
}

/** Opens the menu of a sent message and chooses from it. */
export async function chooseAt(tile: Locator, entry: string): Promise<void> {
  await pressAt(tile, 'More actions');
  await tile.page().getByRole('menuitem', { name: entry, exact: true }).click();
}

/** Leaves the client, and waits until its service worker knows that nobody looks at it: then it shows what it is pushed. */
export async function lookAway({ page, context }: TestPage): Promise<void> {
  await page.goto('about:blank');
  await waitFor(
    async () =>
      context.serviceWorkers()[0]?.evaluate(async () => {
        const { clients } = globalThis as unknown as {
          clients: { matchAll(options: { type: 'window' }): Promise<readonly unknown[]> };
        };
        return (await clients.matchAll({ type: 'window' })).length === 0;
      }),
    { what: 'a client that nobody looks at' },
  );
}

/**
 * Lets the tokens of a person's devices end now. Synapse keeps what it knows of a token in a cache, which it
 * drops when the person is shadow-banned, or no longer.
 */
export async function endTokens(person: TestUser, which: 'access' | 'all'): Promise<void> {
  const admin = await makeUser({ name: 'operator', admin: true });
  const ban = `/_synapse/admin/v1/users/${encodeURIComponent(person.userId)}/shadow_ban`;
  await synapseSql('UPDATE access_tokens SET valid_until_ms = 1 WHERE user_id = $1 AND device_id <> $2', [
    person.userId,
    person.deviceId,
  ]);
  if (which === 'all')
    await synapseSql('UPDATE refresh_tokens SET expiry_ts = 1 WHERE user_id = $1', [person.userId]);
  await admin.request('POST', ban);
  await admin.request('DELETE', ban);
}

/**
 * Makes accounts of the shared stack people of the company's directory, without quiet hours: conversations begin among
 * those.
 * @returns takes them out again
 */
export async function enterDirectory(
  ...people: readonly (readonly [TestUser, string])[]
): Promise<() => Promise<void>> {
  const withDb = async (work: (db: Parameters<typeof buildPerson>[0]) => Promise<void>): Promise<void> => {
    const handle = openDatabase({
      url: testStack().databaseUrl,
      applicationName: 'test',
      max: 1,
      onError: () => undefined,
    });
    try {
      await work(handle.db);
    } finally {
      await handle.close();
    }
  };
  const ids: string[] = [];
  await withDb(async (db) => {
    for (const [{ userId }, name] of people) {
      const localpart = userId.slice(1, userId.indexOf(':'));
      ids.push((await buildPerson(db, name, { localpart, account: 'created' })).id);
      // Tests run at night and on weekends, too.
      await db
        .$extendTables<{ 'notices.settings': Record<string, string | number | boolean> }>()
        .insertInto('notices.settings')
        .values({
          user_id: userId,
          zone: 'UTC',
          quiet: false,
          quiet_from: '20:00',
          quiet_to: '08:00',
          quiet_weekends: false,
          urgent_through: false,
          every_minutes: 240,
          direct: true,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
  });
  return () =>
    withDb(async (db) => {
      await db.deleteFrom('org.person').where('id', 'in', ids).execute();
    });
}

/** Where something is drawn, in CSS pixels; it has to be there. */
export async function boxOf(
  locator: Locator,
): Promise<{ x: number; y: number; width: number; height: number; right: number; bottom: number }> {
  const box = await locator.boundingBox();
  if (!box) throw new Error(`not drawn: ${String(locator)}`);
  return { ...box, right: box.x + box.width, bottom: box.y + box.height };
}

/** A picture in noise, drawn by the browser: it cannot be made small. @param width, height pixels */
export async function drawPicture(page: Page, width: number, height: number): Promise<Buffer> {
  const bytes = await page.evaluate(
    async ([across, down]) => {
      const canvas = new OffscreenCanvas(across, down);
      const context = canvas.getContext('2d');
      const pixels = context?.createImageData(across, down);
      if (!context || !pixels) throw new Error('no canvas');
      let noise = 1;
      for (let at = 0; at < pixels.data.length; at += 4) {
        noise = (noise * 1_103_515_245 + 12_345) % 2_147_483_648;
        pixels.data.set([(noise >> 16) & 0xc0, 90, 160, 255], at);
      }
      context.putImageData(pixels, 0, 0);
      const blob = await canvas.convertToBlob({ type: 'image/png' });
      return [...new Uint8Array(await blob.arrayBuffer())];
    },
    [width, height] as const,
  );
  return Buffer.from(bytes);
}

/** A picture of the page for looking at, where `QIAO_PICTURES` names a folder; else nothing. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['QIAO_PICTURES'];
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** Pictures of all pages of a browser after a test that failed. */
export async function picturesOfFailure(
  client: ClientUnderTest,
  task: { name: string; result?: { state: string } | undefined },
): Promise<void> {
  await picturesOf(client.browser.browser, task);
}
