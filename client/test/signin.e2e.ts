import {
  activate,
  activateAndSignIn,
  axeViolations,
  callApi,
  firstAdmin,
  horizontalOverflow,
  inStep,
  makeUser,
  PASSWORD,
  runHost,
  startMailServer,
  startTestStack,
  waitFor,
  type RunningTestStack,
  type TestMailServer,
  type TestPage,
  type TestUser,
} from '@qiao/testkit';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  endTokens,
  picture,
  picturesOfFailure,
  signIn,
  startClient,
  type ClientUnderTest,
} from './support.ts';

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
afterEach(({ task }) => picturesOfFailure(client, task));
afterAll(() => client.close());

describe('signing in', () => {
  test('a wrong password is said', async () => {
    const { page } = device;
    await page.goto('/');
    await page.getByLabel('User name').fill(user.userId);
    await page.getByLabel('Password', { exact: true }).fill('not-the-password');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('That did not match. Check the password').waitFor();
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
    expect(await axeViolations(second)).toEqual([]);
    await second.getByRole('button', { name: 'Use Qiao here' }).click();
    await second.getByRole('link', { name: /产品部/ }).waitFor();
    await device.page.getByText('Qiao is open in another tab').waitFor();
    await device.page.getByRole('button', { name: 'Use Qiao here' }).click();
    await device.page.getByRole('link', { name: /产品部/ }).waitFor();
    await second.close();
  });
});

describe('the first sync', () => {
  test('is asked for once, and until it is read the list stands', async () => {
    const person = await makeUser({ name: 'first', displayName: '李雷' });
    await person.createRoom({ name: '新员工' });
    const { page, context } = await client.open();
    const held = Promise.withResolvers<true>();
    let asked = 0;
    await context.route(/\/v3\/sync\?(?!.*since=)/, async (route) => {
      asked++;
      await held.promise;
      await route.continue();
    });
    await page.goto('/');
    await page.getByLabel('User name').fill(person.userId);
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    const row = page.getByRole('link', { name: /新员工/ });
    await row.waitFor();
    await waitFor(() => asked > 0);
    await row.click();
    // Nobody can say yet that it is not there.
    await page.waitForURL('**/room/**');
    await page.getByRole('main', { name: '新员工' }).waitFor();
    await picture(page, 'signin-first-look');
    expect(await page.getByText('You are not in this conversation').count()).toBe(0);
    held.resolve(true);
    await page.getByRole('textbox', { name: 'Write a message' }).waitFor();
    expect(asked).toBe(1);
    await context.close();
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
    await page.getByLabel('User name').waitFor();
    const { devices } = await user.request<{ devices: unknown[] }>('GET', '/v3/devices');
    expect(devices).toHaveLength(1);
    const databases = (): Promise<string[]> =>
      page.evaluate(async () => (await indexedDB.databases()).map((database) => database.name ?? ''));
    await expect
      .poll(async () => (await databases()).filter((name) => !name.startsWith('qiao-vault')))
      .toEqual([]);
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

describe('a session that ends by itself', () => {
  let person: TestUser;
  let page: TestPage['page'];
  let deviceId = '';

  beforeAll(async () => {
    person = await makeUser({ name: 'soft', displayName: '王五' });
    page = (await client.open()).page;
    await signIn(page, person, { keys: 'asked' });
    await page.getByRole('dialog').getByRole('button', { name: 'Get the recovery key' }).click();
    await page.getByLabel('I have saved the recovery key').check();
    await page.getByRole('button', { name: 'Done' }).click();
    const { devices } = await person.request<{ devices: { device_id: string }[] }>('GET', '/v3/devices');
    deviceId = devices.find((each) => each.device_id !== person.deviceId)?.device_id ?? '';
  });

  test('an ended access token is renewed, and nobody notices', async () => {
    await endTokens(person, 'access');
    const room = await person.createRoom({ name: '续期之后' });
    await page.reload();
    await page.getByRole('link', { name: /续期之后/ }).waitFor();
    await person.leave(room);
  });

  test('when it cannot be renewed, the person signs in again and the keys are still there', async () => {
    await endTokens(person, 'all');
    // Something to be told wakes the request that waits for it.
    await person.createRoom({ name: '之后' });
    await page.getByRole('heading', { name: 'Sign in again' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'soft-logout');
    expect(await page.getByLabel('User name').isDisabled()).toBe(true);
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('navigation', { name: 'Main menu' }).waitFor();
    await page.goto('/settings/security');
    await page.getByText('All is well').waitFor();
    const { devices } = await person.request<{ devices: { device_id: string }[] }>('GET', '/v3/devices');
    expect(devices.map((each) => each.device_id)).toContain(deviceId);
  });

  test('signing out everywhere ends all devices', async () => {
    await page.goto('/settings/devices');
    await page.getByText('This device', { exact: true }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'settings-devices');
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('User name').waitFor();
    await waitFor(() =>
      person.request('GET', '/v3/account/whoami').then(
        () => false,
        () => true,
      ),
    );
  });
});

describe('a new sign-in', () => {
  let person: TestUser;
  let laptop: TestPage;
  let phone: TestPage;
  const line = (page: Page, text: RegExp): Locator => page.getByRole('region', { name: text });
  const NEW = /^(New sign-in to your account|Sign-in to your account while)/;
  const noLine = (page: Page): Promise<true> =>
    waitFor(async () => (await line(page, NEW).count()) === 0, { what: 'no sign-in that is asked about' });
  const loginElsewhere = (name: string): Promise<{ device_id: string }> =>
    person.request('POST', '/v3/login', {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: person.userId },
      password: person.password,
      initial_device_display_name: name,
    });

  beforeAll(async () => {
    person = await makeUser({ name: 'announced', displayName: '赵六' });
    laptop = await client.open();
    await signIn(laptop.page, person, { keys: 'made' });
  });

  test('is told on the other device, not on itself, and once it is known not again', async () => {
    // What was there before is not asked about.
    await noLine(laptop.page);
    phone = await client.open({ width: 390, height: 844 });
    await signIn(phone.page, person);
    const told = line(
      laptop.page,
      /^New sign-in to your account: “.+ \(Chrome, Linux\)”, .+\. Was it you\?$/,
    );
    await told.waitFor();
    expect(await axeViolations(laptop.page)).toEqual([]);
    await picture(laptop.page, 'signin-announced');
    await noLine(phone.page);
    await told.getByRole('button', { name: 'It was me' }).click();
    await noLine(laptop.page);
    await laptop.page.reload();
    await laptop.page.getByRole('button', { name: /^Menu of/ }).waitFor();
    await noLine(laptop.page);
  });

  test('is told after the device was off, by whoever it came, and leads to where it is ended', async () => {
    await laptop.page.goto('about:blank');
    // Without keys, as somebody who has but the password: the phone hears of it at once.
    const stranger = await loginElsewhere('Browser of somebody');
    await line(phone.page, /^New sign-in to your account: “Browser of somebody”/).waitFor();
    await picture(phone.page, 'signin-announced-390');
    expect(await horizontalOverflow(phone.page)).toBeLessThanOrEqual(0);
    const { page } = laptop;
    await page.goto('/');
    await line(page, /“Browser of somebody”/)
      .getByRole('button', { name: "It wasn't me" })
      .click();
    await page.getByText('There are sign-ins you have not confirmed as yours').waitFor();
    await picture(page, 'signin-not-me');
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Sign out Browser of somebody' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('The device is signed out. Change your password now').waitFor();
    const { devices } = await person.request<{ devices: { device_id: string }[] }>('GET', '/v3/devices');
    expect(devices.map((each) => each.device_id)).not.toContain(stranger.device_id);
    await noLine(page);
    await noLine(phone.page);
  });

  test('that is known on a confirmed device is known on the others', async () => {
    const { page } = phone;
    await page.locator('.c-line-banner', { hasText: 'Confirm this device' }).getByRole('button').click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /Use another device/ })
      .click();
    const accept = laptop.page.getByRole('dialog').getByRole('button', { name: 'Yes, go on' });
    await accept.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Compare pictures' }).click();
    for (const each of [page, laptop.page])
      await each.getByRole('dialog').getByRole('button', { name: 'They are the same' }).click();
    for (const each of [page, laptop.page])
      await each.getByRole('dialog').getByRole('button', { name: 'Good' }).click();
    await loginElsewhere('Tablet');
    for (const each of [page, laptop.page]) await line(each, /“Tablet”/).waitFor();
    await line(page, /“Tablet”/)
      .getByRole('button', { name: 'It was me' })
      .click();
    for (const each of [page, laptop.page]) await noLine(each);
  });
});

describe('activation', () => {
  test('leads straight in, without typing the password again', async () => {
    const link = JSON.parse(
      await client.host('org', 'first-admin', '--json', '--localpart', `first${String(process.pid)}`),
    ) as { link: string };
    const { page } = await client.open({ locale: 'zh-CN', width: 390, height: 844 });
    await page.goto(link.link);
    await page.getByLabel('密码', { exact: true }).fill('Radfahren-im-Regen-7');
    await page.getByLabel('再次输入密码').fill('Radfahren-im-Regen-7');
    expect(await axeViolations(page)).toEqual([]);
    expect(await horizontalOverflow(page)).toBeLessThanOrEqual(0);
    await picture(page, 'activate-zh-390');
    await page.getByRole('button', { name: '激活账号' }).click();
    await page.getByRole('heading', { name: '可以开始使用了' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'activated-zh-390');
    await page.getByRole('button', { name: '开始使用' }).click();
    // The first sign-in asks about keys, and makes them without asking for the password.
    await page.getByRole('dialog').getByRole('button', { name: '获取恢复密钥' }).click();
    await page.getByRole('group', { name: '恢复密钥' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'key-zh-390');
    expect(new URL(page.url()).pathname).toBe('/');
  });
});

describe('somebody of the directory', () => {
  // A stack of its own: the directory and the mail server are the whole installation's.
  let own: RunningTestStack;
  let mail: TestMailServer;
  let userId: string;
  let phone: TestPage;
  const again = 'Fahrrad-im-Nebel-41';
  const name = 'User name, e-mail, phone or employee number';
  const tell = async (page: Page, who: string, password: string): Promise<void> => {
    await page.goto('/');
    await page.getByLabel(name).fill(who);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  };
  /** Signs in on a device of its own, and is who they are. */
  const comesIn = async (who: string, password: string): Promise<void> => {
    const { page, context } = await client.open({ baseURL: own.info.gatewayUrl });
    await signIn(page, { userId: who, password });
    await page.goto('/settings');
    await page.getByText(userId, { exact: true }).first().waitFor({ state: 'attached' });
    await context.close();
  };

  beforeAll(async () => {
    mail = await startMailServer({ starttls: false });
    own = await startTestStack({ parts: ['postgres', 'synapse', 'gateway'] });
    const { varDir } = own.info;
    const config = join(varDir, 'config/qiao.json');
    const settings = JSON.parse(await readFile(config, 'utf8')) as object;
    const server = { host: '127.0.0.1', port: mail.port, security: 'none', from: 'qiao@example.org' };
    await writeFile(config, JSON.stringify({ ...settings, mail: server }));
    await own.stack.startPart('host');
    const file = join(varDir, 'people.csv');
    await writeFile(
      file,
      `employee_id,display_name,title,email,department,manager,localpart
E1001,张伟,经理,zhangwei@example.org,研发部,,zhangwei
E1002,李娜,工程师,lina@example.org,研发部,E1001,li.na
`,
    );
    await runHost(own.info, 'org', 'import', file, '--apply');
    const { session } = await activateAndSignIn(
      own.info,
      (await firstAdmin(own.info, '--localpart', 'zhangwei')).link,
    );
    await inStep((method, path) => callApi(own.info, method, path, undefined, session));
    const { items } = await callApi<{ items: { id: string; user_id: string }[] }>(
      own.info,
      'GET',
      `/api/org/people?q=${encodeURIComponent('李娜')}`,
      undefined,
      session,
    );
    const [lina] = items;
    if (!lina) throw new Error('she is not there');
    userId = lina.user_id;
    const { link } = await callApi<{ link: string }>(
      own.info,
      'POST',
      `/api/org/people/${lina.id}/activation`,
      {},
      session,
    );
    await activate(own.info, link);
    phone = await client.open({ baseURL: own.info.gatewayUrl, width: 390, height: 844 });
  }, 240_000);
  afterAll(async () => {
    await own.stop();
    await mail.close();
  });

  test('signs in by e-mail address and by employee number', async () => {
    for (const who of ['lina@example.org', 'LiNa@Example.org', 'E1002']) await comesIn(who, PASSWORD);
  });

  test('is told the same of a number that is nobody’s as of a wrong password', async () => {
    const { page } = phone;
    for (const [who, password] of [
      ['E1003', PASSWORD],
      ['nobody@example.org', PASSWORD],
      ['E1002', 'not-the-password'],
      // Another person’s.
      ['E1001', 'Fahrrad-im-Nebel-42'],
    ] as const) {
      await tell(page, who, password);
      await page.getByText('That did not match. Check the password').waitFor();
    }
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'signin-wrong-390');
  });

  test('who has forgotten the password comes in again by a link in a mail', async () => {
    const { page } = phone;
    await page.goto('/');
    await page.getByRole('button', { name: 'Forgot password?' }).click();
    await page.getByLabel(name).fill('E1002');
    await page.getByRole('button', { name: 'Ask for a new password' }).click();
    await page.getByText(/^If there is such an account/).waitFor();
    await picture(page, 'signin-forgot-390');
    const found = await waitFor(() => mail.mails.find(({ to }) => to.includes('lina@example.org')), {
      what: 'the mail',
    });
    expect(found.from).toBe('qiao@example.org');
    expect(mail.mails).toHaveLength(1);
    const [link] = /https?:\/\/\S+\/activate#[\w-]+/.exec(found.parsed.text ?? '') ?? [];
    if (link === undefined) throw new Error('no link in the mail');
    await page.goto(link);
    await page.getByRole('heading', { name: 'Choose a new password' }).waitFor();
    await page.getByLabel('Password', { exact: true }).fill(again);
    await page.getByLabel('Repeat the password').fill(again);
    await page.getByRole('button', { name: 'Set the new password' }).click();
    await page.getByText('Your new password is set, 李娜.').waitFor();
    expect(await horizontalOverflow(page)).toBeLessThanOrEqual(0);
    await picture(page, 'signin-new-password-390');
    // What was forgotten counts no more, nor does the link.
    await tell(page, 'E1002', PASSWORD);
    await page.getByText('That did not match. Check the password').waitFor();
    await comesIn('lina@example.org', again);
    await page.goto(link);
    await page.getByText('This link does not work').waitFor();
  });
});

describe('single sign-on', () => {
  test('a token that does not count is said, at the form, and leaves the address', async () => {
    const { page } = await client.open();
    await page.goto('/?loginToken=made-up');
    await page.getByRole('alert').waitFor();
    await page.getByLabel('User name').waitFor();
    expect(page.url()).not.toContain('loginToken');
  });
});
