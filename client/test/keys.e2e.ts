import {
  axeViolations,
  makeNioUser,
  makeUser,
  waitFor,
  type NioClient,
  type TestPage,
  type TestUser,
} from '@qiao/testkit';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { picture, signIn, startClient, type ClientUnderTest } from './support.ts';

/*
 * One person's keys through their life: made at the first sign-in, taken to a second device by the recovery key
 * and to a third by comparing pictures, lost and made anew. A stranger's client (matrix-nio) wrote the messages.
 */

let client: ClientUnderTest;
let user: TestUser;
let nio: NioClient;
let first: TestPage;
let roomId: string;
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
afterAll(async () => {
  await closeNio();
  await client.close();
});

const dialog = (page: Page): Locator => page.getByRole('dialog');
const button = (page: Page, name: string | RegExp): Locator => dialog(page).getByRole('button', { name });

describe('the first sign-in', () => {
  test('sets up keys, backup and recovery key in one step, asking for nothing twice', async () => {
    const { page } = first;
    await signIn(page, user, { keys: 'asked' });
    await dialog(page).getByRole('heading', { name: 'Keep your messages safe' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'keys-setup');
    await button(page, 'Get the recovery key').click();
    const key = dialog(page).getByLabel('Recovery key', { exact: true });
    await key.waitFor();
    await picture(page, 'keys-key');
    recoveryKey = (await key.innerText()).replace(/\s+/g, ' ').trim();
    expect(recoveryKey).toMatch(/^(\w{4} ){11}\w{4}$/);
    expect(await axeViolations(page)).toEqual([]);
    expect(await button(page, 'Done').getAttribute('aria-disabled')).toBe('true');
    const saving = page.waitForEvent('download');
    await button(page, 'Save as a file').click();
    expect((await saving).suggestedFilename()).toBe('qiao-recovery-key.txt');
    await dialog(page).getByLabel('I have saved the recovery key').check();
    await button(page, 'Done').click();
    await dialog(page).waitFor({ state: 'detached' });
    await waitFor(async () => (await page.locator('.c-keys-line').count()) === 0);
    const { version } = await user.request<{ version: string }>('GET', '/v3/room_keys/version');
    expect(version).toBe('1');
  });

  test('a message of another client arrives, and its key in the backup', async () => {
    roomId = await nio.createRoom({ name: '交接', invite: [user.userId], encrypted: true });
    await user.join(roomId);
    await waitFor(async () => (await nio.state()).rooms[roomId]?.members.includes(user.userId));
    await nio.sendText(roomId, '旧消息：合同在抽屉里');
    await waitFor(
      async () =>
        (await user.request<{ count: number }>('GET', '/v3/room_keys/version')).count > 0 ? true : undefined,
      { timeout: 40_000, what: 'the key in the backup' },
    );
  });
});
