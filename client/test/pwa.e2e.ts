import { makeUser, testStack, waitFor, type TestPage, type TestUser } from '@qiao/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lookAway, picturesOfFailure, signIn, startClient, type ClientUnderTest } from './support.ts';

/* The client as an installed app: its manifest, the shell without a network, and a push through the browser. */

let client: ClientUnderTest;
let user: TestUser;
let device: TestPage;
let roomId = '';

beforeAll(async () => {
  client = await startClient();
  user = await makeUser({ name: 'pwa', displayName: '张三' });
  roomId = await user.createRoom({ name: '产品部' });
  device = await client.open({ width: 390, height: 844 });
  await device.context.grantPermissions(['notifications'], { origin: testStack().gatewayUrl });
  await signIn(device.page, user);
  await device.page.getByRole('link', { name: /产品部/ }).waitFor();
  await device.page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
});
afterEach(({ task }) => picturesOfFailure(client, task));
afterAll(() => client.close());

describe('the app', () => {
  test('can be installed', async () => {
    const session = await device.context.newCDPSession(device.page);
    const { url, errors } = await session.send('Page.getAppManifest');
    expect(new URL(url).pathname).toBe('/manifest.webmanifest');
    expect(errors).toEqual([]);
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    // Pages of tests are off the record.
    expect(installabilityErrors.map((error) => error.errorId).filter((id) => id !== 'in-incognito')).toEqual(
      [],
    );
    const worker = await fetch(`${testStack().gatewayUrl}/sw.js`);
    expect(worker.headers.get('cache-control')).toBe('no-cache');
    expect(worker.headers.get('service-worker-allowed')).toBe('/');
  });

  test('opens without a network, with the conversations of the last time, and says so', async () => {
    const { page, context } = device;
    await page.reload();
    await page.getByRole('link', { name: /产品部/ }).waitFor();
    await context.setOffline(true);
    await page.reload();
    await page.getByRole('link', { name: /产品部/ }).waitFor();
    await page.locator('[data-connection=offline]').waitFor();
    await context.setOffline(false);
    await waitFor(() =>
      page
        .locator('[data-connection=offline]')
        .count()
        .then((count) => count === 0),
    );
  });

  test('keeps no answer of an interface or of the homeserver', async () => {
    const kept = await device.page.evaluate(async () => {
      const names = await caches.keys();
      const all = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return all.flat().map((request) => new URL(request.url).pathname);
    });
    expect(kept.length).toBeGreaterThan(10);
    expect(kept.filter((path) => !/^\/(assets|icons|brand)\/|^\/[\w.-]+\.\w+$/.test(path))).toEqual([]);
  });

  test('shows a push without content, and its click leads to the room', async () => {
    const { page, context } = device;
    const session = await context.newCDPSession(page);
    const registered = new Promise<string>((resolve) => {
      session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const found = registrations.find((one) => !one.isDeleted);
        if (found) resolve(found.registrationId);
      });
    });
    await session.send('ServiceWorker.enable');
    const registrationId = await registered;
    const [worker] = context.serviceWorkers();
    await lookAway(device);
    await session.send('ServiceWorker.deliverPushMessage', {
      origin: testStack().gatewayUrl,
      registrationId,
      data: JSON.stringify({ room: roomId, event: '$e', unread: 2, body: 'a secret' }),
    });
    const shown = (): Promise<{ title: string; body: string; tag: string }[]> =>
      worker!.evaluate(async () => {
        const scope = globalThis as unknown as { registration: ServiceWorkerRegistration };
        return (await scope.registration.getNotifications()).map(({ title, body, tag }) => ({
          title,
          body,
          tag,
        }));
      });
    await waitFor(async () => (await shown()).length === 1);
    const [notification] = await shown();
    expect(notification?.tag).toBe(roomId);
    expect(JSON.stringify(notification)).not.toContain('secret');
    await page.goto('/');
    await page.getByRole('link', { name: /产品部/ }).waitFor();
    await worker!.evaluate(async () => {
      const scope = globalThis as unknown as {
        registration: ServiceWorkerRegistration;
        dispatchEvent(event: Event): boolean;
        NotificationEvent: new (type: string, init: { notification: Notification }) => Event;
      };
      const [first] = await scope.registration.getNotifications();
      if (first)
        scope.dispatchEvent(new scope.NotificationEvent('notificationclick', { notification: first }));
    });
    await page.waitForURL((url) => decodeURIComponent(url.pathname) === `/room/${roomId}`);
    await waitFor(async () => (await shown()).length === 0);
  });

  /** Another address is another version to the browser; it waits beside the one that runs. */
  const deploy = async (version: string): Promise<void> => {
    const { page } = device;
    await page.goto('/');
    await page.getByRole('link', { name: /产品部/ }).waitFor();
    // The page's own registration comes once it has time: after it, the other version would be taken back.
    await page.waitForFunction(() => Reflect.get(globalThis, 'ownWorker') === true);
    await page.evaluate(async (query) => {
      Object.assign(globalThis, { stillTheOldPage: true });
      await navigator.serviceWorker.register(`/sw.js?${query}`, { scope: '/', updateViaCache: 'none' });
    }, version);
    await page.getByText('A new version is ready').waitFor();
    expect(await running()).not.toContain(version);
  };
  const running = (): Promise<string | undefined> =>
    device.page.evaluate(() => navigator.serviceWorker.controller?.scriptURL);

  test('offers a new version, and loads it when the person agrees', async () => {
    const { page } = device;
    await page.addInitScript(() => {
      const { serviceWorker } = navigator;
      const register = serviceWorker.register.bind(serviceWorker);
      serviceWorker.register = async (...given) => {
        const registration = await register(...given);
        if (given[0] === '/sw.js') Object.assign(globalThis, { ownWorker: true });
        return registration;
      };
    });
    await deploy('next');
    await page.getByRole('button', { name: 'Reload now' }).click();
    await page.waitForFunction(() => !('stillTheOldPage' in globalThis));
    await page.getByRole('link', { name: /产品部/ }).waitFor();
    expect(await running()).toContain('next');
  });

  test('loads the new version also while the one that runs has not ended its work', async () => {
    const { page, context } = device;
    await deploy('later');
    const old = context.serviceWorkers().find((worker) => worker.url().endsWith('?next'));
    await old!.evaluate(() => {
      addEventListener('message', (event) => {
        if (event.data === 'work')
          (event as unknown as { waitUntil(work: Promise<unknown>): void }).waitUntil(
            new Promise(() => undefined),
          );
      });
    });
    await page.evaluate(async () => {
      navigator.serviceWorker.controller?.postMessage('work');
      const [name = ''] = (await caches.keys()).filter((each) => each.startsWith('qiao-shell-'));
      const shell = await caches.open(name);
      const text = await (await shell.match('/index.html'))!.text();
      await shell.put(
        '/index.html',
        new Response(text.replace('<head>', '<head><meta name="old-version">'), {
          headers: { 'content-type': 'text/html' },
        }),
      );
    });
    await page.getByRole('button', { name: 'Reload now' }).click();
    await page.getByRole('button', { name: 'Reloading…' }).waitFor();
    await page.waitForFunction(() => !('stillTheOldPage' in globalThis));
    await page.getByRole('link', { name: /产品部/ }).waitFor();
    expect(await page.locator('meta[name=old-version]').count()).toBe(0);
    // The old worker still is at work, and nothing more is asked of the person.
    expect(await running()).toContain('next');
    await page.waitForFunction(() => Reflect.get(globalThis, 'ownWorker') === true);
    await page.waitForFunction(async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      return registration?.waiting !== null && registration?.installing === null;
    });
    expect(await page.getByText('A new version is ready').count()).toBe(0);
  });
});
