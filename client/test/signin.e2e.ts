import { axeViolations, makeUser, type TestPage, type TestUser } from '@qiao/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signIn, startClient, type ClientUnderTest } from './support.ts';

/* One device of a person, from the sign-in form to the sign-out, in a real browser on the real stack. */

let client: ClientUnderTest;
let user: TestUser;
let device: TestPage;

beforeAll(async () => {
  client = await startClient();
  user = await makeUser({ name: 'signin', displayName: '张三' });
  await user.createRoom({ name: '产品部' });
  device = await client.open();
});
afterAll(() => client.close());

describe('signing in', () => {
  test('a wrong password is said', async () => {
    const { page } = device;
    await page.goto('/');
    await page.getByLabel('Username').fill(user.userId);
    await page.getByLabel('Password', { exact: true }).fill('not-the-password');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('The username or the password is not right.').waitFor();
    expect(await axeViolations(page)).toEqual([]);
  });

  test('the right one leads to the conversations', async () => {
    const { page } = device;
    await signIn(page, user);
    await page.getByRole('link', { name: /产品部/ }).waitFor();
  });

  test('a reload goes on with the same device', async () => {
    const { page } = device;
    await page.reload();
    await page.getByRole('link', { name: /产品部/ }).waitFor();
    const { devices } = await user.request<{ devices: unknown[] }>('GET', '/v3/devices');
    // The one that made the room, and the browser's.
    expect(devices).toHaveLength(2);
  });

  test('a second tab asks before it takes the device', async () => {
    const second = await device.context.newPage();
    await second.goto('/');
    await second.getByText('Qiao is open in another tab').waitFor();
    await second.getByRole('button', { name: 'Use Qiao here' }).click();
    await second.getByRole('link', { name: /产品部/ }).waitFor();
    await device.page.getByText('Qiao is open in another tab').waitFor();
    await device.page.getByRole('button', { name: 'Use Qiao here' }).click();
    await device.page.getByRole('link', { name: /产品部/ }).waitFor();
    await second.close();
  });
});

describe('signing out', () => {
  test('removes the device there and the data here', async () => {
    const { page } = device;
    await page.getByRole('button', { name: /^Menu of/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    // The keys were put off: it says what would be lost.
    await page.getByText('Your encrypted messages would be lost').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out anyway' }).click();
    await page.getByLabel('Username').waitFor();
    const { devices } = await user.request<{ devices: unknown[] }>('GET', '/v3/devices');
    expect(devices).toHaveLength(1);
    const databases = await page.evaluate(async () =>
      (await indexedDB.databases()).map((database) => database.name ?? ''),
    );
    expect(databases.filter((name) => !name.startsWith('qiao-vault'))).toEqual([]);
  });

  test('a device that is removed elsewhere is told so', async () => {
    const { page } = device;
    await signIn(page, user);
    const { devices } = await user.request<{ devices: { device_id: string }[] }>('GET', '/v3/devices');
    const gone = devices.find((each) => each.device_id !== user.deviceId);
    await user.request('POST', '/v3/delete_devices', { devices: [gone?.device_id] }).catch(() => undefined);
    await user
      .request('POST', '/v3/delete_devices', {
        devices: [gone?.device_id],
        auth: {
          type: 'm.login.password',
          identifier: { type: 'm.id.user', user: user.userId },
          password: user.password,
        },
      })
      .catch(() => undefined);
    await page.getByText('You have been signed out').waitFor();
  });
});
