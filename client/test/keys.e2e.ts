import {
  axeViolations,
  horizontalOverflow,
  makeNioUser,
  makeUser,
  waitFor,
  type NioClient,
  type TestPage,
  type TestUser,
} from '@qiao/testkit';
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openKeyFile } from '../src/matrix/key-file.ts';
import {
  picture,
  picturesOfFailure,
  reminders,
  signIn,
  startClient,
  type ClientUnderTest,
} from './support.ts';

/*
 * One person's keys through their life: made at the first sign-in, taken to a second device by the recovery key
 * and to a third by comparing pictures, lost and made anew. A stranger's client (matrix-nio) wrote the messages.
 */

let client: ClientUnderTest;
let user: TestUser;
let nio: NioClient;
let first: TestPage;
let roomId: string;
let second: TestPage;
let third: TestPage;
let recoveryKey = '';
let closeNio = (): Promise<void> => Promise.resolve();

beforeAll(async () => {
  client = await startClient();
  user = await makeUser({ name: 'keys', displayName: '李四' });
  // The session the user was made with is no device with keys, and would be listed as one.
  const other = await makeNioUser({ displayName: '外部' });
  nio = other.nio;
  closeNio = () => nio.close();
  first = await client.open();
});
afterEach(({ task }) => picturesOfFailure(client, task));
afterAll(async () => {
  await closeNio();
  await client.close();
});

const dialog = (page: Page): Locator => page.getByRole('dialog');
const button = (page: Page, name: string | RegExp): Locator => dialog(page).getByRole('button', { name });

/** Time for several exports, milliseconds: each stretches a passphrase twice, and loads the page. */
const EXPORTS_MS = 120_000;
const OLD = '旧消息：合同在抽屉里';

/** The line above everything that reminds. */
const reminder = (page: Page, text: string | RegExp): Locator => reminders(page).filter({ hasText: text });
const noReminder = (page: Page): Promise<true> =>
  waitFor(async () => (await reminders(page).count()) === 0, { what: 'no reminder' });
/** Whether a device has the key of the other client's message: looked at in the key file that it exports. */
async function hasTheKey(page: Page): Promise<boolean> {
  await page.goto('/settings/security');
  await page.getByRole('button', { name: /Export keys|导出密钥/ }).click();
  const fields = page.getByRole('dialog').locator('input[type=password]');
  for (const field of await fields.all()) await field.fill('口令 of a file');
  const saving = page.waitForEvent('download');
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /Save the file|保存文件/ })
    .click();
  const file = await readFile(await (await saving).path(), 'utf8');
  const keys = JSON.parse(await openKeyFile(file, '口令 of a file')) as { room_id: string }[];
  return keys.some((key) => key.room_id === roomId);
}

describe('the first sign-in', () => {
  test('sets up keys, backup and recovery key in one step, asking for nothing twice', async () => {
    const { page } = first;
    await signIn(page, user, { keys: 'asked' });
    await dialog(page).getByRole('heading', { name: 'Keep your messages safe' }).waitFor();
    // Whoever presses Enter without reading has not put it off.
    await expect
      .poll(() => button(page, 'Get the recovery key').evaluate((node) => node === document.activeElement))
      .toBe(true);
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'keys-setup');
    await button(page, 'Get the recovery key').click();
    const key = dialog(page).getByLabel('Recovery key', { exact: true });
    await key.waitFor();
    await picture(page, 'keys-key');
    recoveryKey = (await key.innerText()).replace(/\s+/g, ' ').trim();
    expect(recoveryKey).toMatch(/^(\w{4} ){11}\w{4}$/);
    // Nobody is asked whether it is saved while it is shown for the first time.
    await noReminder(page);
    expect(await axeViolations(page)).toEqual([]);
    expect(await button(page, 'Done').getAttribute('aria-disabled')).toBe('true');
    const saving = page.waitForEvent('download');
    await button(page, 'Save as a file').click();
    expect((await saving).suggestedFilename()).toBe('qiao-recovery-key.txt');
    await dialog(page).getByLabel('I have saved the recovery key').check();
    await button(page, 'Done').click();
    await dialog(page).waitFor({ state: 'detached' });
    await noReminder(page);
    const { version } = await user.request<{ version: string }>('GET', '/v3/room_keys/version');
    expect(version).toBe('1');
  });

  test('a message of another client arrives, and its key in the backup', async () => {
    roomId = await nio.createRoom({ name: '交接', invite: [user.userId], encrypted: true });
    await user.join(roomId);
    await waitFor(async () => (await nio.state()).rooms[roomId]?.members.includes(user.userId));
    await nio.sendText(roomId, OLD);
    await waitFor(
      async () =>
        (await user.request<{ count: number }>('GET', '/v3/room_keys/version')).count > 0 ? true : undefined,
      { timeout: 60_000, what: 'the key in the backup' },
    );
  });
});

describe('a second device', () => {
  test('is asked who it is, in Chinese too', async () => {
    second = await client.open({ width: 390, height: 844, locale: 'zh-CN' });
    const { page } = second;
    await page.goto('/');
    await page.getByLabel('用户名').fill(user.userId);
    await page.getByLabel('密码', { exact: true }).fill(user.password);
    await page.getByRole('button', { name: '登录', exact: true }).click();
    await dialog(page).getByRole('heading', { name: '确认是您本人' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    expect(await horizontalOverflow(page)).toBeLessThanOrEqual(0);
    await picture(page, 'confirm-zh-390');
    await button(page, '以后再说').click();
    await reminder(page, '请确认此设备').waitFor();
    await picture(page, 'banner-zh-390');
  });

  test('says when the recovery key is wrong, and takes the right one', async () => {
    const { page } = second;
    await reminder(page, '请确认此设备').getByRole('button', { name: '立即确认' }).click();
    await button(page, /输入恢复密钥/).click();
    const field = dialog(page).getByLabel('恢复密钥');
    await field.fill(recoveryKey.replace(/^E/, 'F'));
    await button(page, '确认').click();
    await dialog(page).getByText('恢复密钥不正确，请逐组核对。').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'recover-zh-390');
    await field.fill(`  ${recoveryKey.replaceAll(' ', '')} `);
    await button(page, '确认').click();
    await page.getByText('此设备已确认').waitFor();
    await noReminder(page);
  });

  test('has the key of what was written before it was there', async () => {
    await waitFor(() => hasTheKey(second.page), { what: 'the key from the backup', timeout: EXPORTS_MS });
    await second.page.goto(`/room/${encodeURIComponent(roomId)}`);
    await second.page.getByText(OLD).filter({ visible: true }).first().waitFor();
  });
});

describe('a third device', () => {
  test('is confirmed by comparing pictures with the second', async () => {
    third = await client.open({ colorScheme: 'dark' });
    const { page } = third;
    await signIn(page, user, { keys: 'asked' });
    await button(page, /Use another device/).click();
    await dialog(page).getByText('Open Qiao on another device').waitFor();
    const other = second.page;
    await button(other, '是的，继续').click();
    await button(page, 'Compare pictures').waitFor();
    await dialog(page).getByRole('img', { name: 'QR code for the other device' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'verify-qr-dark');
    await button(page, 'Compare pictures').click();
    const symbols = (where: Page): Promise<string[]> =>
      dialog(where).locator('.c-sas__symbol').allInnerTexts();
    await button(page, 'They are the same').waitFor();
    await button(other, /^相同/).waitFor();
    await expect.poll(() => symbols(page)).toHaveLength(7);
    expect(await symbols(page)).toEqual(await symbols(other));
    await picture(page, 'verify-emoji-dark');
    await picture(other, 'verify-emoji-zh-390');
    expect(await horizontalOverflow(other)).toBeLessThanOrEqual(0);
    await button(page, 'They are the same').click();
    await button(other, /^相同/).click();
    await dialog(page).getByText('The device is confirmed').waitFor();
    await button(page, 'Good').click();
    await button(other, '好').click();
    await noReminder(page);
  });

  test('has the backup’s key from the second, and with it the old message’s key', async () => {
    await waitFor(() => hasTheKey(third.page), { what: 'the key from the backup', timeout: EXPORTS_MS });
  });
});

describe('nothing left but the password', () => {
  test('new keys are made after saying what is lost; the homeserver asks for the password', async () => {
    const { page } = await client.open();
    await signIn(page, user);
    // The password of the sign-in is not kept over a reload: it is asked for.
    await page.reload();
    await reminder(page, 'Confirm this device').getByRole('button').click();
    await button(page, 'I have neither').click();
    await dialog(page).getByRole('heading', { name: 'Start again with new keys' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'reset');
    await dialog(page)
      .getByLabel(/I understand/)
      .check();
    await button(page, 'Make new keys').click();
    const password = page.getByLabel('Password', { exact: true });
    await password.fill('wrong');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('The password is not right.').waitFor();
    await password.fill(user.password);
    await page.getByRole('button', { name: 'Continue' }).click();
    const key = page.getByLabel('Recovery key', { exact: true });
    await key.waitFor();
    const made = (await key.innerText()).replace(/\s+/g, ' ').trim();
    expect(made).not.toBe(recoveryKey);
    // Closed without saying that it is saved: the reminder stays.
    await page.keyboard.press('Escape');
    await reminder(page, 'Have you saved').getByRole('button', { name: 'Yes, it is saved' }).click();
    await noReminder(page);
    recoveryKey = made;
  });

  test('the other devices are told, and confirm themselves with the new key', async () => {
    const { page } = third;
    await reminder(page, 'Confirm this device').getByRole('button').click();
    await button(page, /Enter the recovery key/).click();
    await dialog(page).getByLabel('Recovery key').fill(recoveryKey);
    await button(page, 'Confirm').click();
    // The device of before is told here as a new sign-in.
    const mine = page.getByRole('button', { name: 'It was me' });
    await waitFor(
      async () => {
        if ((await mine.count()) > 0) await mine.first().click();
        return (await reminders(page).count()) === 0;
      },
      { what: 'no reminder' },
    );
  });
});
