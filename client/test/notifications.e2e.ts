import {
  axeViolations,
  horizontalOverflow,
  makeUser,
  testStack,
  waitFor,
  type TestPage,
  type TestUser,
} from '@qiao/testkit';
import { PushService } from '@qiao/push/testing';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  enterDirectory,
  lookAway,
  picture,
  picturesOfFailure,
  signIn,
  startClient,
  type ClientUnderTest,
} from './support.ts';

/*
 * Notifications from the settings page to the screen: the browser subscribes, the homeserver pushes to our gateway,
 * that encrypts and sends, the service worker shows. One part cannot run here: the push service of the browser's
 * maker, which is on the internet. The test plays it on this machine, with real keys, and hands on by the browser's
 * own protocol what it has decrypted.
 */

type BrowserKeys = ReturnType<PushService['browser']>;

let client: ClientUnderTest;
let service: PushService;
let listener: TestUser;
let speaker: TestUser;
let device: TestPage;
/** Of the same person; its own push service is out of reach. */
let second: TestPage;
let deliver: (data: object) => Promise<void>;
let keys: BrowserKeys;
let roomId = '';

/** Puts the test's push service in the place of the one that the page's browser would ask. */
async function usePushService(page: Page, own: BrowserKeys): Promise<void> {
  await page.addInitScript(({ endpoint, keys: pair }) => {
    // Not on pages that are none of ours.
    if (!('PushManager' in globalThis)) return;
    const KEPT = 'test.push';
    const subscription = (): object | null =>
      localStorage.getItem(KEPT) === null
        ? null
        : {
            endpoint,
            options: {
              applicationServerKey: Uint8Array.from(localStorage.getItem(KEPT)!.split(',').map(Number))
                .buffer,
            },
            toJSON: () => ({ endpoint, keys: pair }),
            unsubscribe: () => {
              localStorage.removeItem(KEPT);
              return Promise.resolve(true);
            },
          };
    Object.assign(PushManager.prototype, {
      getSubscription: () => Promise.resolve(subscription()),
      subscribe: (options: PushSubscriptionOptionsInit) => {
        // As the browser does: nothing without the person's leave, and only with the server's public key.
        const key = new Uint8Array(options.applicationServerKey as ArrayBuffer);
        if (Notification.permission !== 'granted' || options.userVisibleOnly !== true || key.length !== 65)
          return Promise.reject(new DOMException('refused', 'NotAllowedError'));
        localStorage.setItem(KEPT, key.join());
        return Promise.resolve(subscription());
      },
    });
  }, own.subscription);
}

const subscribedHere = (page: Page): Promise<boolean> =>
  page.evaluate(() => localStorage.getItem('test.push') !== null);

/** Names of the entries that the browser profile keeps in the vault. */
const vaultEntries = (page: Page): Promise<string[]> =>
  page.evaluate(
    () =>
      new Promise<string[]>((resolve, reject) => {
        const opening = indexedDB.open('qiao-vault');
        opening.onerror = () => {
          reject(new Error('IndexedDB'));
        };
        opening.onsuccess = () => {
          const asked = opening.result.transaction('values').objectStore('values').getAllKeys();
          asked.onsuccess = () => {
            opening.result.close();
            resolve(asked.result.map(String));
          };
        };
      }),
  );

interface PusherAnswer {
  pushers: { pushkey: string; app_id: string; lang: string; data: { url: string; format: string } }[];
}
const pushers = async (user: TestUser): Promise<PusherAnswer['pushers']> =>
  (await user.request<PusherAnswer>('GET', '/v3/pushers')).pushers;

/** Grants one permission; the browser then denies all others. */
const allow = ({ context }: TestPage, permission: string): Promise<void> =>
  context.grantPermissions([permission], { origin: testStack().gatewayUrl });

const toggle = (page: Page) => page.getByRole('switch', { name: 'Push messages to this device' });

/** Chooses the language of the next page of a browser. */
const speak = (page: Page, locale: string): Promise<void> =>
  page.evaluate((chosen) => {
    localStorage.setItem('qiao.locale', chosen);
  }, locale);

/** What the service worker shows at this moment. */
async function shown({ context }: TestPage): Promise<{ title: string; body: string; tag: string }[]> {
  const [worker] = context.serviceWorkers();
  if (!worker) return [];
  return worker.evaluate(async () => {
    const scope = globalThis as unknown as { registration: ServiceWorkerRegistration };
    return (await scope.registration.getNotifications()).map(({ title, body, tag }) => ({
      title,
      body,
      tag,
    }));
  });
}

/** Way to give a page's browser a push, as its maker's push service would after decrypting. */
async function deliveryTo({ page, context }: TestPage): Promise<(data: object) => Promise<void>> {
  const session = await context.newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const found = registrations.find((one) => !one.isDeleted);
      if (found) resolve(found.registrationId);
    });
  });
  await session.send('ServiceWorker.enable');
  const registrationId = await registered;
  return async (data) => {
    await session.send('ServiceWorker.deliverPushMessage', {
      origin: testStack().gatewayUrl,
      registrationId,
      data: JSON.stringify(data),
    });
  };
}

beforeAll(async () => {
  client = await startClient();
  service = await PushService.start(testStack().pushServicePort);
  keys = service.browser();
  listener = await makeUser({ name: 'listener', displayName: '张三' });
  speaker = await makeUser({ name: 'speaker', displayName: '李四' });
  // Not encrypted, so that a plain request can write what counts as unread.
  roomId = await speaker.createRoom({ name: '产品部', preset: 'public_chat' });
  await listener.join(roomId);
  device = await client.open();
  await usePushService(device.page, keys);
  await allow(device, 'notifications');
  await signIn(device.page, listener);
  await device.page.getByRole('link', { name: /产品部/ }).waitFor();
  await device.page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  deliver = await deliveryTo(device);
  second = await client.open();
  await allow(second, 'notifications');
  await signIn(second.page, listener);
});
afterEach(({ task }) => picturesOfFailure(client, task));
afterAll(async () => {
  service.close();
  await client.close();
});

describe('notifications on this device', () => {
  test('are switched on in the settings: subscription, gateway and pusher', async () => {
    const { page } = device;
    await page.goto('/settings/notifications');
    await toggle(page).waitFor();
    expect(await subscribedHere(page)).toBe(false);
    await toggle(page).click();
    await page.getByText('On', { exact: true }).waitFor();
    expect(await toggle(page).isChecked()).toBe(true);
    expect(await subscribedHere(page)).toBe(true);
    const [pusher, ...more] = await pushers(listener);
    expect(more).toEqual([]);
    expect(pusher).toMatchObject({ app_id: 'qiao.web', lang: 'en', data: { format: 'event_id_only' } });
    expect(await axeViolations(page)).toEqual([]);
  });

  test('a test message goes through the push service', async () => {
    const { page } = device;
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText(/^Sent\. The notification appears/).waitFor();
    expect(service.got.map((one) => keys.read(one))).toEqual([{ test: true }]);
    service.got.length = 0;
  });

  test('a message of somebody else arrives encrypted and without content, and is shown with the name of the conversation', async () => {
    const { page } = device;
    await waitFor(async () => (await vaultEntries(page)).includes('hints'));
    await lookAway(device);
    await speaker.sendText(roomId, 'the merger is on Friday');
    const delivery = await waitFor(() => service.got[0], { what: 'the push', timeout: 60_000 });
    expect(delivery.headers).toMatchObject({ 'content-encoding': 'aes128gcm' });
    expect(delivery.body.toString('latin1')).not.toMatch(/merger|Friday/);
    const push = keys.read(delivery);
    expect(Object.keys(push).sort()).toEqual(['event', 'room', 'unread']);
    expect(push).toMatchObject({ room: roomId });
    await deliver(push);
    const [notification] = await waitFor(async () => {
      const all = await shown(device);
      return all.length > 0 && all;
    });
    expect(notification).toEqual({ title: '产品部', body: 'New message', tag: roomId });
  });

  test('reading takes the notification and the count in the title away', async () => {
    const { page } = device;
    await page.goto('/');
    await page.getByRole('link', { name: /产品部/ }).waitFor();
    await waitFor(async () => /^\(\d+\) /.test(await page.title()));
    await expect.poll(() => shown(device)).toHaveLength(1);
    await page.getByRole('link', { name: /产品部/ }).click();
    await waitFor(async () => !/^\(\d+\) /.test(await page.title()));
    await waitFor(async () => (await shown(device)).length === 0);
  });

  test('stay on after a reload, under the same id', async () => {
    const { page } = device;
    const before = await pushers(listener);
    await page.goto('/settings/notifications');
    await page.getByText('On', { exact: true }).waitFor();
    expect((await pushers(listener)).map((one) => one.pushkey)).toEqual(before.map((one) => one.pushkey));
  });

  test('that were removed on another device stay off', async () => {
    const { page } = device;
    const { page: other } = second;
    await other.goto('/settings/notifications');
    await other.getByRole('button', { name: /^No more notifications to/ }).click();
    await other.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await other.getByText('No other device of yours gets notifications.').waitFor();
    await waitFor(async () => (await pushers(listener)).length === 0);
    await page.reload();
    await page.getByText(/were switched off from another device/).waitFor();
    await expect.poll(() => toggle(page).isChecked()).toBe(false);
    await expect.poll(() => subscribedHere(page)).toBe(false);
    await expect.poll(() => vaultEntries(page)).not.toContain('hints');
  });
});

describe('a browser', () => {
  test('that reaches no push service says so, and offers another try', async () => {
    const { page } = second;
    await page.goto('/settings/notifications');
    await toggle(page).click();
    await page.getByText('Pushes could not be switched on').waitFor();
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    expect(await pushers(listener)).toEqual([]);
  });

  test('that blocks notifications says how to allow them, in Chinese and on a phone', async () => {
    const { page } = second;
    await second.context.clearPermissions();
    await allow(second, 'geolocation');
    await page.goto('/settings/notifications');
    await page.getByText('The browser blocks notifications of Qiao').waitFor();
    await speak(page, 'zh-Hans');
    await page.goto('/settings/notifications');
    await page.getByText('浏览器已阻止 桥 Qiao 的通知').waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await axeViolations(page)).toEqual([]);
    expect(await horizontalOverflow(page)).toBeLessThanOrEqual(0);
  });
});

describe('what to be told about', () => {
  test('holds for the account', async () => {
    const { page } = device;
    await page.getByRole('radio', { name: /^Nothing/ }).click();
    const master = async (): Promise<boolean> =>
      (
        await listener.request<{ enabled: boolean }>(
          'GET',
          '/v3/pushrules/global/override/.m.rule.master/enabled',
        )
      ).enabled;
    await waitFor(master);
    await page.getByRole('radio', { name: /^All messages/ }).click();
    await waitFor(async () => !(await master()));
  });
});

describe('signing out', () => {
  test('leaves neither subscription nor hints, and the next person begins with nothing', async () => {
    const { page } = device;
    await toggle(page).click();
    await page.getByText('On', { exact: true }).waitFor();
    await waitFor(async () => (await vaultEntries(page)).includes('hints'));
    await deliver({ test: true });
    await waitFor(async () => (await shown(device)).length === 1);
    await page.getByRole('button', { name: /^Menu of/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out anyway' }).click();
    await page.getByLabel('User name').waitFor();
    await expect.poll(() => subscribedHere(page)).toBe(false);
    await expect.poll(() => vaultEntries(page)).toEqual(['key']);
    await expect.poll(() => pushers(listener)).toEqual([]);
    await expect.poll(() => shown(device)).toEqual([]);
    await signIn(page, speaker);
    await page.goto('/settings/notifications');
    await page.getByText('Off', { exact: true }).waitFor();
    await page.getByText('No other device of yours gets notifications.').waitFor();
    expect(await pushers(speaker)).toEqual([]);
  });
});

describe('while the page is open, without any push service', () => {
  let zhou: TestUser;
  let own: TestPage;
  let page: Page;
  let leave = (): Promise<void> => Promise.resolve();
  let team = '';
  const offer = () => page.getByText('Be told of new messages while you work in another window?');
  /** The person works in another window, or comes back. */
  const away = (is: boolean): Promise<void> =>
    page.evaluate((gone) => {
      localStorage.setItem('test.away', String(gone));
    }, is);
  const bodies = async (): Promise<string[]> => (await shown(own)).map(({ body }) => body);
  const rail = () =>
    page.getByRole('navigation', { name: 'Main menu' }).getByRole('link', { name: /^Chats/ });
  /** Right after a page is opened a menu may close again when the rest of it comes: whoever wants it opens it once more. */
  const menu = async (entry: string): Promise<void> => {
    const item = page.getByRole('menuitem', { name: entry });
    await waitFor(async () => {
      if (!(await item.isVisible())) await page.getByRole('button', { name: /^Menu of/ }).click();
      await item.click({ timeout: 3_000 });
      return true;
    });
  };

  beforeAll(async () => {
    zhou = await makeUser({ name: 'zhou', displayName: '周七' });
    leave = await enterDirectory([zhou, '周七']);
    team = await speaker.createRoom({ name: '采购组', preset: 'public_chat' });
    await zhou.join(team);
    own = await client.open();
    ({ page } = own);
    // The person's answer to the browser's own question, which nobody can press here.
    await page.exposeFunction('sayYes', () => allow(own, 'notifications'));
    await page.addInitScript(() => {
      const browser = globalThis as unknown as { sayYes: () => Promise<void> };
      Notification.requestPermission = async () => {
        await browser.sayYes();
        return Notification.permission;
      };
      document.hasFocus = () => localStorage.getItem('test.away') !== 'true';
    });
    await signIn(page, zhou, { keys: 'made' });
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  });
  afterAll(() => leave());

  test('they are offered once, after the keys: who says no is not asked again', async () => {
    await offer().waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'notifications-offer');
    await page.getByRole('button', { name: 'No, thanks' }).click();
    await offer().waitFor({ state: 'detached' });
    await page.reload();
    await page.getByRole('link', { name: /采购组/ }).waitFor();
    await page.goto('/settings/notifications');
    const here = page.getByRole('switch', { name: 'Notify me on this device' });
    await here.waitFor();
    expect(await offer().count()).toBe(0);
    expect(await here.isChecked()).toBe(false);
    await here.click();
    await page.getByRole('switch', { name: 'Sound' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
  });

  test('a message is told once, also when a push of it follows, and leads to it', async () => {
    await page.goto('/');
    await page.getByRole('link', { name: /采购组/ }).waitFor();
    await away(true);
    const eventId = await speaker.sendText(team, '报价单到了');
    await waitFor(async () => (await shown(own)).length > 0);
    const once = [{ title: '采购组', body: 'New message from 李四', tag: team }];
    expect(await shown(own)).toEqual(once);
    const push = await deliveryTo(own);
    await push({ room: team, event: eventId, unread: 1 });
    // What comes after it has been shown, so it has been worked on.
    await push({ test: true });
    await waitFor(async () => (await shown(own)).some(({ tag }) => tag === 'qiao'));
    expect((await shown(own)).filter(({ tag }) => tag === team)).toEqual(once);
    const [worker] = own.context.serviceWorkers();
    await worker!.evaluate(async (tag) => {
      const scope = globalThis as unknown as EventTarget & { registration: ServiceWorkerRegistration };
      const [notification] = await scope.registration.getNotifications({ tag });
      // As the browser says it after a click; the DOM's types for pages do not know the event.
      const { NotificationEvent: Clicked } = globalThis as unknown as {
        NotificationEvent: new (type: string, init: object) => Event;
      };
      scope.dispatchEvent(new Clicked('notificationclick', { notification }));
    }, team);
    await page.getByRole('main', { name: '采购组' }).getByText('报价单到了').waitFor();
    await waitFor(() => decodeURIComponent(page.url()).includes(eventId));
    await away(false);
    await page.bringToFront();
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await waitFor(async () => !(await shown(own)).some(({ tag }) => tag === team));
  });

  test('“do not disturb” holds, and what came is counted', async () => {
    await page.goto('/');
    await page.getByRole('link', { name: /采购组/ }).waitFor();
    await menu('For an hour');
    await page.getByText('You will not be disturbed.').waitFor();
    await page.getByRole('img', { name: 'Notifications are silent' }).waitFor();
    await away(true);
    await speaker.sendText(team, '不急');
    await rail().getByText('1 waiting').waitFor();
    expect(await bodies()).not.toContain('New message from 李四');
    await menu('End “Do not disturb”');
    await page.getByText('You will be notified again.').waitFor();
    await speaker.sendText(team, '现在说');
    await waitFor(async () => (await bodies()).includes('New message from 李四'));
  });

  test('quiet hours hold, by the clock of a zone that is found by its name', async () => {
    await page.goto('/settings/notices-reminders');
    await page.getByRole('button', { name: 'Time zone' }).click();
    const zone = page.getByRole('combobox', { name: 'Time zone' });
    await zone.click();
    await page.getByRole('option').first().waitFor();
    await picture(page, 'settings-zone');
    await zone.fill('coordinated universal');
    await page
      .getByRole('option', { name: /Coordinated Universal Time/ })
      .first()
      .click();
    const clock = (hours: number): string =>
      new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
    await page.getByRole('switch', { name: 'Quiet at night' }).click();
    await page.getByLabel('From').fill(clock(-2));
    await page.getByLabel('To').fill(clock(2));
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.').waitFor();
    await page.goto('/settings/notifications');
    await page.getByText('These are your quiet hours').waitFor();
    await page.goto('/');
    const row = page.locator('.c-list').getByRole('link', { name: /采购组/ });
    await row.getByText('现在说').waitFor();
    const before = await bodies();
    await away(true);
    await speaker.sendText(team, '夜里的消息');
    await row.getByText('夜里的消息').waitFor();
    await row.getByText(/unread/).waitFor();
    expect(await bodies()).toEqual(before);
  });
});

test.runIf(process.env['QIAO_PICTURES'] !== undefined)('pictures', async () => {
  const { page } = device;
  await page.goto('/settings/notifications');
  await toggle(page).click();
  await page.getByText('On', { exact: true }).waitFor();
  for (const locale of ['en', 'zh-Hans']) {
    await speak(page, locale);
    await page.goto('/settings/notifications');
    await page.getByRole('radio').first().waitFor();
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [1280, 390]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 1000 });
        await picture(page, `notifications-${locale}-${colorScheme}-${String(width)}`);
      }
  }
});
