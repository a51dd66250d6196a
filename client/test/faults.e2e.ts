import { makeNioUser, makeUser, waitFor, type NioClient, type TestPage, type TestUser } from '@qiao/testkit';
import type { Locator, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  endTokens,
  picture,
  picturesOfFailure,
  signIn,
  startClient,
  type ClientUnderTest,
} from './support.ts';

/*
 * What may fail, fails between the browser and the gateway, or in the browser: each time it is said, and nothing
 * that was typed is lost. A client of another make tells what arrived.
 */

let client: ClientUnderTest;
let user: TestUser;
let device: TestPage;
let page: Page;
let nio: NioClient;
let roomId: string;
/** The page's own origin. */
let origin: string;

const SENDS = '**/_matrix/client/v3/rooms/*/send/**';

const box = (on: Page = page): Locator => on.getByRole('textbox', { name: 'Write a message' });
const message = (text: string, on: Page = page): Locator => on.getByRole('article').filter({ hasText: text });
const arrives = (text: string) =>
  nio.waitEvent({ room_id: roomId, sender: user.userId, body: text, decrypted: true, timeout_ms: 60_000 });
const write = async (text: string, on: Page = page): Promise<void> => {
  await box(on).pressSequentially(text);
  await on.keyboard.press('Enter');
};
const isEmpty = (): Promise<boolean> => waitFor(async () => (await box().textContent()) === '');
/** Waits until what is being written is on the disk: it is there, and is not written again. */
const kept = async (): Promise<void> => {
  let before = '';
  const settled = async (): Promise<boolean> => {
    const now = await page.evaluate(async () => {
      const opened = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open('qiao-unsent');
        request.onsuccess = () => {
          resolve(request.result);
        };
        request.onerror = () => {
          reject(new Error('IndexedDB'));
        };
      });
      const drafts = await new Promise<{ iv: Uint8Array }[]>((resolve) => {
        const all = opened.transaction('drafts').objectStore('drafts').getAll() as IDBRequest<
          { iv: Uint8Array }[]
        >;
        all.onsuccess = () => {
          resolve(all.result);
        };
      });
      opened.close();
      return drafts.map(({ iv }) => iv.join(' ')).join();
    });
    const same = now !== '' && now === before;
    before = now;
    return same;
  };
  // Longer than changes are gathered.
  await waitFor(settled, { interval: 600, what: 'a draft on the disk' });
};
const toRoom = async (on: Page = page): Promise<void> => {
  await on.goto(`/room/${encodeURIComponent(roomId)}`);
};

/** What a browser answers when the disk is full; its own quota is looked at with delays of up to half a minute. */
const fillDisk = (): Promise<void> =>
  page.evaluate(() => {
    const store = IDBObjectStore.prototype;
    const real = Object.getOwnPropertyDescriptor(store, 'put') ?? {};
    const refuse = (): never => {
      throw new DOMException('The disk is full', 'QuotaExceededError');
    };
    Object.defineProperty(store, 'put', { ...real, value: refuse });
    Object.assign(globalThis, {
      makeRoom: () => {
        Object.defineProperty(store, 'put', real);
      },
    });
  });
const makeRoom = (): Promise<void> =>
  page.evaluate(() => {
    (globalThis as unknown as { makeRoom: () => void }).makeRoom();
  });

beforeAll(async () => {
  client = await startClient();
  user = await makeUser({ name: 'faults', displayName: '李四' });
  ({ nio } = await makeNioUser({ displayName: '张三' }));
  roomId = await nio.createRoom({ name: '值班群', invite: [user.userId], encrypted: true });
  await user.join(roomId);
  device = await client.open();
  ({ page } = device);
  await signIn(page, user);
  origin = new URL(page.url()).origin;
  await toRoom();
  await box().waitFor();
  await write('一切正常');
  await arrives('一切正常');
});
afterEach(async ({ task }) => {
  await picturesOfFailure(client, task);
  await device.context.unrouteAll({ behavior: 'ignoreErrors' });
});
afterAll(async () => {
  await nio.close();
  await client.close();
});

describe('the homeserver', () => {
  test('is down and comes back: it is said, what is written is sent then, what is being written stays', async () => {
    await device.context.route('**/_matrix/**', (route) => route.abort('connectionrefused'));
    // The request that waits for news gets some; the next one fails.
    await nio.sendText(roomId, '有人吗');
    await page.getByText('No connection to the homeserver.', { exact: false }).waitFor();
    await write('断线时写的');
    await message('断线时写的').getByText('Waiting for the connection').waitFor();
    await box().pressSequentially('写到一半');
    await picture(page, 'faults-down');
    await device.context.unroute('**/_matrix/**');
    await arrives('断线时写的');
    await page.getByText('No connection to the homeserver.', { exact: false }).waitFor({ state: 'hidden' });
    await message('断线时写的').getByText('Waiting for the connection').waitFor({ state: 'hidden' });
    expect(await box().textContent()).toBe('写到一半');
    await page.keyboard.press('Enter');
    await arrives('写到一半');
  });

  test('asks to slow down (429), then fails (500): said at the message, sent once', async () => {
    let answer: { status: number; errcode: string } | undefined = {
      status: 429,
      errcode: 'M_LIMIT_EXCEEDED',
    };
    let asked = 0;
    await page.route(SENDS, (route) => {
      asked++;
      return answer
        ? route.fulfill({ status: answer.status, json: { errcode: answer.errcode, retry_after_ms: 300 } })
        : route.continue();
    });
    await write('慢慢来');
    await message('慢慢来').getByText('The server is busy', { exact: false }).waitFor();
    answer = { status: 500, errcode: 'M_UNKNOWN' };
    const before = asked;
    await waitFor(() => asked > before);
    await message('慢慢来').getByText('The server is busy', { exact: false }).waitFor();
    answer = undefined;
    const event = await arrives('慢慢来');
    await page.unroute(SENDS);
    await write('然后');
    await arrives('然后');
    const same = (await nio.timeline(roomId)).filter((each) => each.content['body'] === '慢慢来');
    expect(same.map((each) => each.event_id)).toEqual([event.event_id]);
  });

  test('refuses: why is said at the message, which is sent again or deleted', async () => {
    const refuse = (route: Route) =>
      route.fulfill({ status: 403, json: { errcode: 'M_FORBIDDEN', error: 'no' } });
    await page.route(SENDS, refuse);
    await write('不许发');
    await message('不许发').getByText('Not sent. You may not do this', { exact: false }).waitFor();
    await write('删掉我');
    await message('删掉我').getByRole('button', { name: 'Delete', exact: true }).waitFor();
    await picture(page, 'faults-refused');
    await page.unroute(SENDS);
    await message('不许发').getByRole('button', { name: 'Send again' }).click();
    await arrives('不许发');
    await message('删掉我').getByRole('button', { name: 'Delete', exact: true }).click();
    await message('删掉我').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Send after all' }).waitFor();
    await write('下一条');
    await arrives('下一条');
    expect((await nio.timeline(roomId)).map((each) => each.content['body'])).not.toContain('删掉我');
  });

  test('refuses a reaction: it goes again, and that is told', async () => {
    const id = await nio.sendText(roomId, '请回应');
    const tile = message('请回应');
    await tile.waitFor();
    await page.route(SENDS, (route) =>
      route.fulfill({ status: 403, json: { errcode: 'M_FORBIDDEN', error: 'no' } }),
    );
    await nio.react(roomId, id, '👍');
    const thumb = tile.getByRole('button', { name: /^👍/ });
    await thumb.click();
    await page.getByRole('alert').filter({ hasText: 'This could not be done.' }).waitFor();
    await expect.poll(() => thumb.getAttribute('aria-pressed')).toBe('false');
    await page.unroute(SENDS);
    await thumb.click();
    await nio.waitEvent({ room_id: roomId, sender: user.userId, type: 'm.reaction', key: '👍' });
    await page.getByRole('alert').getByRole('button', { name: 'Close' }).click();
  });
});

describe('over a reload without a connection', () => {
  test('a change of a message is kept, sent or only begun', async () => {
    await write('下午三点开会');
    const { event_id: id } = await arrives('下午三点开会');
    await isEmpty();
    await device.context.route(SENDS, (route) => route.abort());
    const change = async (text: string): Promise<void> => {
      await page.keyboard.press('ArrowUp');
      await page.getByText('Editing', { exact: true }).waitFor();
      await waitFor(async () => (await box().textContent()) !== '');
      await page.keyboard.press('ControlOrMeta+a');
      await page.keyboard.type(text);
    };
    await change('下午四点开会');
    await page.keyboard.press('Enter');
    await message('下午四点开会').getByText('Waiting for the connection').waitFor();
    await page.reload();
    await message('下午四点开会').first().waitFor();
    await device.context.unroute(SENDS);
    const edit = await nio.waitEvent({
      room_id: roomId,
      relates_to: id,
      decrypted: true,
      timeout_ms: 60_000,
    });
    expect(edit.content).toMatchObject({ 'm.new_content': { body: '下午四点开会' } });
    await message('下午四点开会').getByText('Waiting for the connection').waitFor({ state: 'hidden' });
    await box().click();
    await change('下午五点');
    await kept();
    await page.reload();
    await page.getByText('Editing', { exact: true }).waitFor();
    await waitFor(async () => (await box().textContent()) === '下午五点');
    await box().press('Escape');
    await isEmpty();
  });
});

describe('files', () => {
  test('an upload shows how far it is, and is given up', async () => {
    await page.route('**/_matrix/media/**/upload*', () => new Promise<void>(() => undefined));
    await page
      .locator('.c-composer input[type=file]')
      .setInputFiles([
        { name: '方案.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(300_000, 7) },
      ]);
    await page.getByRole('dialog').getByRole('button', { name: 'Send', exact: true }).click();
    const tile = message('方案.bin');
    await tile.getByRole('progressbar', { name: 'Uploading' }).waitFor();
    await picture(page, 'faults-upload');
    await tile.getByRole('button', { name: 'Cancel' }).click();
    await tile.waitFor({ state: 'detached' });
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await write('不发了');
    await arrives('不发了');
    expect((await nio.timeline(roomId)).map((each) => each.content['body'])).not.toContain('方案.bin');
  });
});

describe('the device', () => {
  test('two tabs: what is being written goes along', async () => {
    await box().pressSequentially('从这个标签页开始');
    const other = await device.context.newPage();
    await toRoom(other);
    await other.getByRole('button', { name: /^Use .* here$/ }).click();
    await waitFor(
      async () =>
        (await box(other)
          .textContent()
          .catch(() => '')) === '从这个标签页开始',
    );
    await box(other).pressSequentially(',在那个写完');
    await page.getByRole('button', { name: /^Use .* here$/ }).click();
    await waitFor(
      async () =>
        (await box()
          .textContent()
          .catch(() => '')) === '从这个标签页开始,在那个写完',
    );
    await other.close();
    await box().press('Enter');
    await arrives('从这个标签页开始,在那个写完');
  });

  test.each([1, -1])('a clock that is wrong by a day (%i) is told, and messages go', async (days) => {
    const other = await device.context.newPage();
    await other.addInitScript((offset) => {
      globalThis.Date = new Proxy(Date, {
        construct: (real, given: unknown[]) =>
          Reflect.construct(real, given.length === 0 ? [real.now() + offset] : given) as object,
        get: (real, name) =>
          name === 'now' ? () => real.now() + offset : (Reflect.get(real, name) as unknown),
      });
    }, days * 86_400_000);
    await toRoom(other);
    await other.getByRole('button', { name: /^Use .* here$/ }).click();
    await other.getByText('The clock of this device is wrong', { exact: false }).waitFor();
    await box(other).waitFor();
    await write(`时钟 ${String(days)}`, other);
    await arrives(`时钟 ${String(days)}`);
    await message(`时钟 ${String(days)}`, other)
      .first()
      .waitFor();
    await picture(other, `faults-clock-${String(days)}`);
    await page.getByRole('button', { name: /^Use .* here$/ }).click();
    await message(`时钟 ${String(days)}`)
      .first()
      .waitFor();
    await other.close();
  });
});

describe('what a device may not come back from', () => {
  // Each has a person, a page and a conversation of its own: one that fails takes no other along.
  beforeEach(async () => {
    await device.context.close();
    user = await makeUser({ name: 'faults', displayName: '李四' });
    roomId = await nio.createRoom({ name: '值班群', invite: [user.userId], encrypted: true });
    await user.join(roomId);
    device = await client.open();
    ({ page } = device);
    await signIn(page, user);
    await toRoom();
    await box().waitFor();
    await write('一切正常');
    await arrives('一切正常');
    await isEmpty();
  });

  test('a full disk: keys that come then wait at the homeserver until they can be kept', async () => {
    await fillDisk();
    const fresh = await nio.createRoom({ name: '新项目', invite: [user.userId], encrypted: true });
    await user.join(fresh);
    await nio.sendText(fresh, '钥匙和消息');
    await page.getByText('The storage of this browser is full', { exact: false }).waitFor();
    await picture(page, 'faults-full-news');
    await makeRoom();
    await page
      .getByText('The storage of this browser is full', { exact: false })
      .waitFor({ state: 'hidden' });
    await page.goto(`/room/${encodeURIComponent(fresh)}`);
    await message('钥匙和消息').waitFor();
  });

  test('a full disk is told; what was sent then arrives when there is room', async () => {
    await fillDisk();
    await box().pressSequentially('磁盘满了');
    await page.getByText('This browser cannot store', { exact: false }).waitFor();
    await page.keyboard.press('Enter');
    await message('磁盘满了').waitFor();
    await picture(page, 'faults-full');
    await makeRoom();
    await arrives('磁盘满了');
    await write('有空间了');
    await arrives('有空间了');
    await page.getByText('This browser cannot store', { exact: false }).waitFor({ state: 'hidden' });
  });

  test('a token that is revoked in mid-send: sign in again, and it is sent; the keys are kept', async () => {
    const held = Promise.withResolvers<true>();
    const asked = Promise.withResolvers<true>();
    await page.route(SENDS, async (route) => {
      asked.resolve(true);
      await held.promise;
      await route.continue().catch(() => undefined);
    });
    await write('发到一半');
    await asked.promise;
    await endTokens(user, 'all');
    held.resolve(true);
    await page.getByRole('heading', { name: 'Sign in again' }).waitFor();
    await page.unroute(SENDS);
    await page.getByLabel('Password', { exact: true }).fill(user.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('navigation', { name: 'Main menu' }).waitFor();
    await arrives('发到一半');
    // What came before is still read: the keys are those of before.
    await message('一切正常').first().waitFor();
  });

  test('the connection to its data ends: they are opened again, and nothing is lost', async () => {
    await page.addInitScript(() => {
      const open = Reflect.get(IDBFactory.prototype, 'open') as (
        this: IDBFactory,
        ...given: unknown[]
      ) => IDBOpenDBRequest;
      Object.defineProperty(IDBFactory.prototype, 'open', {
        value(this: IDBFactory, name: string, version?: number) {
          const request = open.call(this, name, version);
          request.addEventListener('success', () => {
            if (name === 'qiao-vault') Object.assign(globalThis, { vaultOfTest: request.result });
          });
          return request;
        },
      });
    });
    await page.reload();
    await message('一切正常').waitFor();
    await box().pressSequentially('写到一半');
    const before = await box().elementHandle();
    // As a storage process that dies ends it.
    await page.evaluate(() => {
      const { vaultOfTest: vault } = globalThis as unknown as { vaultOfTest: IDBDatabase };
      vault.close();
      vault.dispatchEvent(new Event('close'));
    });
    // The session starts again: the editor of before goes.
    await waitFor(() => before.evaluate((node) => !node.isConnected));
    await waitFor(
      async () =>
        (await box()
          .textContent()
          .catch(() => '')) === '写到一半',
    );
    await box().press('Enter');
    await arrives('写到一半');
    // The keys are those of before.
    await message('一切正常').waitFor();
    await page.reload();
    await message('写到一半').waitFor();
  });

  test('its data are deleted by the browser: said, and what was typed is there after the next sign-in', async () => {
    // What is on its way when the device is signed out is refused: that does not change what is said.
    const signedOut = page.waitForResponse(/\/logout$/);
    const refused = page.waitForResponse(
      (answer) => answer.url().includes('/typing/') && answer.status() === 401,
    );
    await page.route('**/typing/**', async (route) => {
      await signedOut;
      await route.continue().catch(() => undefined);
    });
    await box().pressSequentially('千万别丢');
    const cdp = await device.context.newCDPSession(page);
    await cdp.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
    await refused;
    await page.getByText('The browser has deleted the data of this device').waitFor();
    await picture(page, 'faults-deleted');
    await page.unroute('**/typing/**');
    await page.getByLabel('User name').fill(user.userId);
    await page.getByLabel('Password', { exact: true }).fill(user.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('navigation', { name: 'Main menu' }).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Later' }).click();
    await waitFor(
      async () =>
        (await box()
          .textContent()
          .catch(() => '')) === '千万别丢',
    );
    await page.keyboard.press('Escape');
    await box().press('Enter');
    await arrives('千万别丢');
  });
});
