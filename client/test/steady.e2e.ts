import { makeUser, type TestPage, type TestUser } from '@qiao/testkit';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  boxOf,
  enterDirectory,
  picturesOfFailure,
  signIn,
  startClient,
  type ClientUnderTest,
} from './support.ts';

/*
 * A press has its effect: nothing that comes by itself moves what is under the pointer, and nothing that is open goes
 * because something was loaded.
 */

let client: ClientUnderTest;
let user: TestUser;
let leave: () => Promise<void>;

beforeAll(async () => {
  client = await startClient();
  user = await makeUser({ name: 'steady', displayName: '张三' });
  leave = await enterDirectory([user, '张三']);
});
afterEach(({ task }) => picturesOfFailure(client, task));
afterAll(async () => {
  await client.close();
  await leave();
});

/** The person's data of our own interfaces do not come before `let` is called. */
async function holdPerson(page: Page): Promise<{ let: () => void; asked: Promise<void> }> {
  let go: () => void = () => undefined;
  let ask: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  const asked = new Promise<void>((resolve) => (ask = resolve));
  await page.route('**/api/org/me', async (route) => {
    ask();
    await held;
    await route.continue();
  });
  return { let: go, asked };
}

const slow = async ({ page, context }: TestPage, rate: number): Promise<void> => {
  const session = await context.newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate });
};
const newChat = (page: Page): Locator => page.getByRole('button', { name: 'New chat' }).first();
const lineOf = (page: Page, text: string | RegExp): Locator =>
  page.locator('.c-line-banner', { hasText: text });

describe('what is open', () => {
  test('stays when it becomes known who the person is', async () => {
    const { page, context } = await client.open();
    await signIn(page, user);
    const held = await holdPerson(page);
    await page.reload();
    await held.asked;
    await page.getByRole('button', { name: 'Menu of 张三' }).click();
    const menu = page.getByRole('menu', { name: 'Menu of 张三' });
    await menu.getByRole('menuitem', { name: 'Settings' }).waitFor();
    const settings = menu.getByRole('menuitem', { name: 'Settings' });
    const before = await boxOf(settings);
    held.let();
    // What is known now is in the menu that was opened before.
    await menu.getByRole('menuitem', { name: 'For an hour' }).waitFor();
    expect(await boxOf(settings)).toEqual(before);
    await settings.click();
    await page.waitForURL('**/settings**');
    await context.close();
  });
});

describe('a line above everything', () => {
  test('moves nothing between the press and the release of a button', async () => {
    const { page, context } = await client.open();
    await signIn(page, user);
    await lineOf(page, 'recovery key').waitFor();
    const before = await boxOf(newChat(page));
    await page.mouse.move(before.x + before.width / 2, before.y + before.height / 2);
    await page.mouse.down();
    await context.setOffline(true);
    await page.locator('[data-connection=offline] .c-line-banner').waitFor({ state: 'attached' });
    expect(await boxOf(newChat(page))).toEqual(before);
    await page.mouse.up();
    await page.getByRole('dialog').getByRole('combobox').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    // Then it takes its room.
    await lineOf(page, 'No connection').waitFor();
    const below = await boxOf(newChat(page));
    expect(below.y).toBeGreaterThan(before.y);
    // And the room it leaves stays as long.
    await page.mouse.move(below.x + below.width / 2, below.y + below.height / 2);
    await page.mouse.down();
    await context.setOffline(false);
    await page.locator('[data-connection=offline]').waitFor({ state: 'detached' });
    expect(await boxOf(newChat(page))).toEqual(below);
    await page.mouse.up();
    await page.getByRole('dialog').getByRole('combobox').waitFor();
    await expect.poll(() => boxOf(newChat(page))).toEqual(before);
    await context.close();
  });

  test('takes no press of somebody who has just come, on a slow device', async () => {
    for (const rate of [4, 9]) {
      const device = await client.open({ width: 390, height: 844 });
      const { page, context } = device;
      await slow(device, rate);
      const person = await makeUser({ name: `slow${String(rate)}`, displayName: '李四' });
      await signIn(page, person, { keys: 'made' });
      // Each press while the lines about keys and notifications come and go.
      for (let times = 0; times < 5; times++) {
        await newChat(page).click();
        await page.getByRole('dialog').getByRole('combobox').waitFor();
        await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }
      await context.close();
    }
  });
});
