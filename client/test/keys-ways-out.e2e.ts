import { randomBytes } from 'node:crypto';
import { axeViolations, makeUser, waitFor, type TestPage, type TestUser } from '@qiao/testkit';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  picture,
  picturesOfFailure,
  reminders,
  signIn,
  startClient,
  type ClientUnderTest,
} from './support.ts';

/* What can go wrong with a person's keys elsewhere, and the way out of each; and the settings about them. */

let client: ClientUnderTest;
let user: TestUser;
let device: TestPage;
let recoveryKey = '';

const dialog = (page: Page): Locator => page.getByRole('dialog');
const button = (page: Page, name: string | RegExp): Locator =>
  dialog(page).getByRole('button', typeof name === 'string' ? { name, exact: true } : { name });
const reminder = (page: Page, text: string): Locator => reminders(page).filter({ hasText: text });
const noReminder = (page: Page): Promise<true> =>
  waitFor(async () => (await reminders(page).count()) === 0, { what: 'no reminder' });
const backup = (): Promise<{ version: string; auth_data: { public_key: string } }> =>
  user.request('GET', '/v3/room_keys/version');

/** Takes the recovery key that is shown, and says that it is saved. */
async function takeKey(page: Page): Promise<void> {
  const shown = dialog(page).getByRole('group', { name: 'Recovery key' });
  await shown.waitFor();
  recoveryKey = (await shown.innerText()).replace(/\s+/g, ' ').trim();
  await dialog(page).getByLabel('I have saved the recovery key').check();
  await button(page, 'Done').click();
  await noReminder(page);
}

beforeAll(async () => {
  client = await startClient();
  user = await makeUser({ name: 'waysout', displayName: '赵六' });
  device = await client.open();
  const { page } = device;
  await signIn(page, user, { keys: 'asked' });
  await button(page, 'Get the recovery key').click();
  await takeKey(page);
});
afterEach(({ task }) => picturesOfFailure(client, task));
afterAll(() => client.close());

describe('the backup', () => {
  test('removed elsewhere: a new one with a new recovery key', async () => {
    const { page } = device;
    const { version } = await backup();
    await user.request('DELETE', `/v3/room_keys/version/${version}`);
    await page.reload();
    await reminder(page, 'not backed up any more')
      .getByRole('button', { name: 'Begin a new backup' })
      .click();
    await dialog(page).getByRole('heading', { name: 'A new recovery key' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    const before = recoveryKey;
    await button(page, 'Make a new recovery key').click();
    await takeKey(page);
    expect(recoveryKey).not.toBe(before);
    expect((await waitFor(backup, { what: 'a backup' })).version).not.toBe(version);
  });

  test('made anew elsewhere with a key that nobody has here: said, and mended', async () => {
    const { page } = device;
    const made = await user.request<{ version: string }>('POST', '/v3/room_keys/version', {
      algorithm: 'm.megolm_backup.v1.curve25519-aes-sha2',
      auth_data: { public_key: randomBytes(32).toString('base64').replace('=', ''), signatures: {} },
    });
    await page.reload();
    await reminder(page, 'does not have the key of the backup')
      .getByRole('button', { name: 'Repair' })
      .click();
    await dialog(page).getByLabel('Recovery key').fill(recoveryKey);
    await button(page, 'Confirm').click();
    await dialog(page).getByText('does not open with this key').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'no-backup');
    await button(page, 'Begin a new backup').click();
    await button(page, 'Make a new recovery key').click();
    await takeKey(page);
    expect((await backup()).version).not.toBe(made.version);
  });
});

describe('a code for the camera', () => {
  test('confirms a device that scans it from another', async () => {
    const fresh = await client.open({ colorScheme: 'dark' });
    const { page } = fresh;
    // The camera of this browser sees what the other device shows: a canvas in its place.
    await page.addInitScript(() => {
      const canvas = document.createElement('canvas');
      canvas.width = canvas.height = 640;
      Object.assign(globalThis, { seen: canvas });
      navigator.mediaDevices.getUserMedia = () => {
        const paint = canvas.getContext('2d');
        // A stream sends frames only of a canvas that changes.
        const frame = (): void => {
          paint?.fillRect(0, 0, 1, 1);
          requestAnimationFrame(frame);
        };
        frame();
        return Promise.resolve(canvas.captureStream(20));
      };
    });
    await signIn(page, user, { keys: 'asked' });
    await button(page, /Use another device/).click();
    const other = device.page;
    await button(other, 'Yes, go on').click();
    const code = dialog(other).getByRole('img', { name: 'QR code for the other device' });
    const png = (await code.screenshot()).toString('base64');
    await button(page, 'Scan with this device').click();
    await page.evaluate(async (data) => {
      const { seen } = globalThis as unknown as { seen: HTMLCanvasElement };
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const paint = seen.getContext('2d');
      if (!paint) return;
      paint.fillStyle = '#fff';
      paint.fillRect(0, 0, seen.width, seen.height);
      paint.drawImage(bitmap, 80, 80, 480, 480);
    }, png);
    await dialog(other).getByText('Does the other device show a green tick?').waitFor();
    await button(other, 'Yes').click();
    await dialog(page).getByText('The device is confirmed').waitFor();
    await picture(page, 'verified-dark');
    await button(page, 'Good').click();
    await button(other, 'Good').click();
    await noReminder(page);
  });
});

describe('another person', () => {
  test('is verified from the profile by comparing pictures', async () => {
    const friend = await makeUser({ name: 'friend', displayName: '钱七' });
    const theirs = await client.open();
    await signIn(theirs.page, friend, { keys: 'asked' });
    await button(theirs.page, 'Get the recovery key').click();
    await dialog(theirs.page).getByLabel('I have saved the recovery key').check();
    await button(theirs.page, 'Done').click();
    const roomId = await user.createRoom({
      preset: 'trusted_private_chat',
      is_direct: true,
      invite: [friend.userId],
    });
    await friend.join(roomId);
    await user.request('PUT', `/v3/user/${encodeURIComponent(user.userId)}/account_data/m.direct`, {
      [friend.userId]: [roomId],
    });
    const { page } = device;
    const synced = page.waitForResponse((answer) => answer.url().includes('/v3/sync'));
    await page.goto(`/person/${encodeURIComponent(friend.userId)}`);
    // The conversation of the two is known here: it is asked in that one.
    await synced;
    await page.locator('.c-shared').getByRole('link').waitFor();
    await page.getByRole('button', { name: 'Verify', exact: true }).click();
    await dialog(page).getByText('钱七 has been asked').waitFor();
    await dialog(theirs.page).getByText('赵六 would like to verify').waitFor();
    await button(theirs.page, 'Yes, go on').click();
    await button(page, 'Compare pictures').click();
    await button(theirs.page, 'They are the same').click();
    await button(page, 'They are the same').click();
    await dialog(page).getByText('钱七 is verified').waitFor();
    await button(page, 'Good').click();
    await page.getByText('Verified', { exact: true }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'person-verified');
    await theirs.context.close();
  });
});

describe('the settings', () => {
  test('rename a device, and sign another one out with the password', async () => {
    const { page } = device;
    await page.goto('/settings/devices');
    const rows = page.locator('.c-device');
    // Not by its place: the homeserver notes now and then when a device was last seen.
    const scanned = rows
      .filter({ has: page.getByText('Confirmed', { exact: true }) })
      .filter({ hasNotText: 'This device' });
    await scanned.waitFor();
    await rows
      .first()
      .getByRole('button', { name: /^Rename/ })
      .click();
    await dialog(page).getByLabel('Name').fill('办公室电脑');
    await button(page, 'Save').click();
    await rows.first().getByText('办公室电脑').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'devices');
    await scanned.getByRole('button', { name: /^Sign out/ }).click();
    await button(page, 'Sign out').click();
    const password = page.getByLabel('Password', { exact: true });
    await password.fill(user.password);
    await picture(page, 'auth');
    await page.getByRole('button', { name: 'Continue' }).click();
    await waitFor(async () => (await rows.count()) === 2);
  });

  test('change the password', async () => {
    const { page } = device;
    await page.goto('/settings/account');
    const next = `${user.password}-neu`;
    await page.getByLabel('New password', { exact: true }).fill(next);
    await page.getByLabel('New password again').fill('another');
    await page.getByRole('button', { name: 'Change the password' }).click();
    await page.getByText('The two entries differ.').waitFor();
    await page.getByLabel('New password again').fill(next);
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'settings-account');
    await page.getByRole('button', { name: 'Change the password' }).click();
    await dialog(page).getByLabel('Password', { exact: true }).fill(user.password);
    await button(page, 'Continue').click();
    await page.getByText('The password is changed.').waitFor();
  });

  test('language and look, kept over a reload', async () => {
    const { page } = device;
    await page.goto('/settings/appearance');
    await page.getByText('Dark', { exact: true }).click();
    await page.getByText('简体中文', { exact: true }).click();
    await page.getByRole('heading', { name: '语言与外观' }).waitFor();
    await page.goto('/settings/security');
    await page.getByText('一切正常').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'security-zh-dark');
    expect(await page.evaluate(() => document.documentElement.className)).toContain('cpd-theme-dark');
  });
});
