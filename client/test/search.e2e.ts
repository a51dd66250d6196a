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
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { picture, picturesOfFailure, signIn, startClient, type ClientUnderTest } from './support.ts';

/*
 * Search in an encrypted room, in the browser: what a stranger's client (matrix-nio) wrote is found by two
 * characters, after a reload from the disk, and no request tells anybody what was searched for.
 */

/** Older messages than the first sync brings, not encrypted: they need no key. */
const OLDER = 40;
const QUERIES = ['合同', '评审', '预算', '历史', '发票', '季度'];

let client: ClientUnderTest;
let reader: TestUser;
let colleague: TestUser;
let writer: TestUser;
let nio: NioClient;
let device: TestPage;
let roomId: string;
let closeNio = (): Promise<void> => Promise.resolve();
/** Everything the browser sent, address and body. */
const sent: string[] = [];
const ids = new Map<string, string>();

const say = async (body: string): Promise<void> => {
  ids.set(body, await nio.sendText(roomId, body));
};
const box = (page: Page) => page.getByRole('searchbox');
const hits = (page: Page) => page.getByRole('list', { name: 'Results' }).getByRole('listitem');
/** Waits for so many results; a failure tells what the page showed. */
const found = async (page: Page, count: number): Promise<void> => {
  const wanted = page.getByText(count === 0 ? 'Nothing found' : `${String(count)} found`, { exact: true });
  await wanted.waitFor({ timeout: 60_000 }).catch(async () => {
    expect.fail(`not ${String(count)} found: ${await page.getByRole('main').innerText()}`);
  });
};
const look = async (page: Page, text: string, count: number): Promise<void> => {
  await box(page).fill(text);
  // Typing rests before it is searched for, and until then the results are of the text before.
  await page.waitForURL(({ hash }) => new URLSearchParams(hash.slice(1)).get('q') === text);
  await page.locator('.c-search__results[aria-busy="false"]').waitFor();
  await found(page, count);
  if (count > 0)
    await hits(page)
      .nth(count - 1)
      .waitFor();
  expect(await hits(page).count()).toBe(count);
};

beforeAll(async () => {
  client = await startClient();
  reader = await makeUser({ name: 'reader', displayName: '王小明' });
  colleague = await makeUser({ name: 'colleague', displayName: '赵丽' });
  const other = await makeNioUser({ displayName: '陈工' });
  nio = other.nio;
  writer = other.user;
  closeNio = () => nio.close();
  roomId = await nio.createRoom({
    name: '采购部',
    encrypted: true,
    invite: [reader.userId, colleague.userId],
  });
  await reader.join(roomId);
  await colleague.join(roomId);
  for (let number = 1; number <= OLDER; number++) {
    await colleague.sendText(roomId, `历史记录第 ${String(number)} 条`);
  }
  // Before the reader's browser exists: its key comes later.
  await nio.sendText(roomId, '钥匙晚到的消息');
  device = await client.open();
  device.page.on('request', (request) => {
    sent.push(`${request.method()} ${request.url()} ${request.postData() ?? ''}`);
  });
  await signIn(device.page, reader, { keys: 'made' });
  // The writer's client knows the reader's new device: else it would not encrypt for it.
  await waitFor(
    async () => {
      const { devices } = await nio.command<{ devices: unknown[] }>('devices', { user_id: reader.userId });
      return devices.length > 0;
    },
    { what: "the reader's device" },
  );
  // A key that the browser gets; the first message's it does not.
  await nio.command('discard_session', { room_id: roomId });
});
afterEach(({ task }) => picturesOfFailure(client, task));
afterAll(async () => {
  await closeNio();
  await client.close();
});

describe('search', () => {
  test('finds two characters of encrypted messages as they come', async () => {
    const { page } = device;
    await say('请审核采购合同，明天签字');
    await say('下周一上午召开项目评审会');
    await say('合同 v2 见 https://qiao.test/contract');
    await nio.sendFile(roomId, '季度预算.xlsx', Buffer.from('numbers'), 'application/vnd.ms-excel');
    await colleague.sendText(roomId, '合同已经归档');
    await page.getByRole('link', { name: 'Search' }).click();
    await page.mouse.move(640, 600);
    await page.getByText('What are you looking for?').waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await axeViolations(page)).toEqual([]);
    await look(page, '合同', 3);
    expect(await page.locator('mark').allInnerTexts()).toEqual(['合同', '合同', '合同']);
    await look(page, '评审', 1);
    await hits(page).getByText('陈工').waitFor();
    await look(page, '同采', 0);
    await look(page, 'CONTR', 1);
  });

  test('and after a reload, from the disk', async () => {
    const { page } = device;
    await look(page, '合同', 3);
    // Written, not only in memory.
    await expect.poll(() => records(page).then((all) => all.length), { timeout: 20_000 }).toBeGreaterThan(3);
    await page.reload();
    await found(page, 3);
    expect(await box(page).inputValue()).toBe('合同');
  });

  test('filters by sender, time and attachment', async () => {
    const { page } = device;
    await page.getByRole('button', { name: 'Sender: Anyone' }).click();
    await page.getByRole('dialog', { name: 'Sender' }).getByRole('combobox').fill('zhaol');
    await page.getByRole('option', { name: /赵丽/ }).click();
    await page.getByRole('button', { name: 'Sender: 赵丽' }).waitFor();
    await found(page, 1);
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await found(page, 3);
    await page.getByLabel('With', { exact: true }).selectOption({ label: 'Link' });
    await found(page, 1);
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.getByLabel('Time', { exact: true }).selectOption({ label: 'Last 7 days' });
    await found(page, 3);
    await page.getByLabel('Time', { exact: true }).selectOption({ label: 'From … to …' });
    await page.getByLabel('To', { exact: true }).fill('2020-01-01');
    await found(page, 0);
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.getByRole('tab', { name: 'Files' }).click();
    await look(page, '预算', 1);
    await hits(page).getByText('xlsx').waitFor();
    await picture(page, 'search-files');
    await page.getByRole('tab', { name: 'Messages' }).click();
  });

  test('honours edits and redactions', async () => {
    const { page } = device;
    await nio.sendText(roomId, '请审核采购发票，明天签字', {
      replaces: ids.get('请审核采购合同，明天签字')!,
    });
    await look(page, '采购合同', 0);
    await look(page, '采购发票', 1);
    const archived = ids.get('下周一上午召开项目评审会')!;
    await look(page, '评审', 1);
    await writer.request(
      'PUT',
      `/v3/rooms/${encodeURIComponent(roomId)}/redact/${encodeURIComponent(archived)}/1`,
      {},
    );
    // The list that is shown loses it by itself.
    await found(page, 0);
  });

  test('finds what a replier said, not the words that an older client quotes before them', async () => {
    const { page } = device;
    await say('the okapi numbers are in');
    await nio.send(roomId, 'm.room.message', {
      msgtype: 'm.text',
      body: `> <${writer.userId}> the okapi numbers are in\n\nfine by me`,
      format: 'org.matrix.custom.html',
      formatted_body: `<mx-reply><blockquote>In reply to ${writer.userId}<br>the okapi numbers are in</blockquote></mx-reply>fine by me`,
      'm.relates_to': { 'm.in_reply_to': { event_id: ids.get('the okapi numbers are in') } },
    });
    await look(page, 'fine by', 1);
    await look(page, 'okapi', 1);
    expect(await hits(page).first().innerText()).toContain('the okapi numbers are in');
  });

  test('folds accents and widths, in what is written and in what is typed', async () => {
    const { page } = device;
    await say('ＡＢＣ 方案：José 在 café 等你');
    for (const typed of ['abc', 'ＡＢＣ', 'jose', 'JOSÉ', 'cafe', 'ｃａｆé']) await look(page, typed, 1);
  });

  test('reads the whole history when asked to', async () => {
    const { page } = device;
    await page.getByRole('button', { name: 'Index all history' }).click();
    await page.getByText('The whole history can be searched').waitFor();
    await look(page, '"第 1 条" 历史', 1);
    await box(page).fill('历史记录');
    await found(page, OLDER);
    // The list goes on as it is scrolled.
    await hits(page).last().scrollIntoViewIfNeeded();
    await hits(page)
      .nth(OLDER - 1)
      .waitFor();
    await picture(page, 'search-messages');
  });

  test('finds a message once its key has come', async () => {
    const { page } = device;
    await page.getByText(/Waiting for their keys: 1/).waitFor();
    await look(page, '晚到', 0);
    const file = join(tmpdir(), `qiao-keys-${randomBytes(6).toString('hex')}.txt`);
    await nio.command('export_keys', { path: file, passphrase: 'open the old messages' });
    await page.getByRole('button', { name: /^Menu of/ }).click();
    await page.getByRole('menuitem', { name: 'Settings' }).click();
    await page.getByRole('link', { name: 'Security' }).click();
    await page.getByRole('button', { name: 'Import keys' }).click();
    await page.getByRole('dialog').locator('input[type=file]').setInputFiles(file);
    await page.getByLabel('Passphrase of the file').fill('open the old messages');
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText(/can be read now/).waitFor();
    await rm(file);
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Search' }).first().click();
    await look(page, '晚到', 1);
  });

  test('leads to the message', async () => {
    const { page } = device;
    await look(page, '归档', 1);
    await hits(page).getByRole('link').click();
    await page.getByRole('main', { name: '采购部' }).getByText('合同已经归档').first().waitFor();
    expect(new URL(page.url()).pathname).toBe(`/room/${encodeURIComponent(roomId)}`);
    await page.goBack();
    await found(page, 1);
  });

  test('beside a conversation, within it', async () => {
    const { page } = device;
    const address = page.url();
    await page.goto(`/room/${encodeURIComponent(roomId)}?panel=search`);
    const panel = page.getByRole('complementary', { name: 'Search in this conversation' });
    await panel.getByRole('searchbox').fill('合同');
    await panel.getByText('2 found', { exact: true }).waitFor();
    await panel.getByRole('link').first().click();
    await page.getByRole('main', { name: '采购部' }).getByText('合同已经归档').first().waitFor();
    await panel.getByText('2 found', { exact: true }).waitFor();
    await picture(page, 'search-panel');
    await page.goto(address);
    await found(page, 1);
  });

  test('people and conversations', async () => {
    const { page } = device;
    await page.getByRole('tab', { name: 'Conversations' }).click();
    await box(page).fill('采购');
    await hits(page)
      .getByRole('link', { name: /采购部/ })
      .waitFor();
    await page.getByRole('tab', { name: 'People' }).click();
    await box(page).fill('zl');
    await hits(page).getByText('赵丽').waitFor();
    await picture(page, 'search-people');
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('tab', { name: 'Messages' }).click();
  });

  test('fits a phone, in Chinese and in the dark', async () => {
    const { page } = device;
    await look(page, '合同', 2);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.locator('.cpd-theme-dark').waitFor();
    expect(await horizontalOverflow(page)).toBeLessThanOrEqual(0);
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'search-390-dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test('has a page in the settings', async () => {
    const { page } = device;
    await page.goto('/settings/search');
    await page.getByText(/^Messages: \d+, size/).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'search-settings');
  });

  test('nothing of it lies in the clear, and no request tells what was searched for', async () => {
    const { page } = device;
    const all = await records(page);
    expect(all.length).toBeGreaterThan(5);
    for (const word of [
      ...QUERIES,
      '归档',
      '采购',
      roomId,
      reader.userId,
      ids.get('合同 v2 见 https://qiao.test/contract')!,
    ]) {
      for (const coding of ['utf8', 'utf16le'] as const) {
        const bytes = Buffer.from(word, coding).toString('latin1');
        expect(
          all.some((record) => record.includes(bytes)),
          `${word} as ${coding}`,
        ).toBe(false);
      }
    }
    expect(sent.length).toBeGreaterThan(20);
    const told = sent.filter((request) => !request.includes('/api/org/directory/people'));
    for (const word of QUERIES) {
      for (const form of [word, encodeURIComponent(word), JSON.stringify(word)]) {
        expect(told.filter((request) => request.includes(form))).toEqual([]);
      }
    }
    expect(sent.filter((request) => /_matrix\/client\/\w+\/search/.test(request))).toEqual([]);
  });

  test('a conversation that is left is not found any more, nor what was being read of it', async () => {
    const { page } = device;
    const other = await colleague.createRoom({ name: '仓库', invite: [reader.userId] });
    await reader.join(other);
    await colleague.sendText(other, '盘点清单');
    // Its history is on the way when it is left.
    const asked = Promise.withResolvers<undefined>();
    const left = Promise.withResolvers<undefined>();
    await page.route(`**/rooms/${encodeURIComponent(other)}/messages*`, async (route) => {
      const response = await route.fetch();
      asked.resolve(undefined);
      await left.promise;
      await route.fulfill({ response });
    });
    await page.reload();
    await page.getByRole('link', { name: 'Search' }).first().click();
    await asked.promise;
    await look(page, '盘点', 1);
    await reader.leave(other);
    await found(page, 0);
    left.resolve(undefined);
    await colleague.sendText(roomId, '交接完成');
    await look(page, '交接', 1);
    await look(page, '盘点', 0);

    await look(page, '归档', 1);
    await reader.leave(roomId);
    await found(page, 0);
  });
});

/** Every record of the index as it lies in the browser, one byte a character. */
function records(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => {
          resolve(request.result);
        };
        request.onerror = () => {
          reject(new Error('IndexedDB'));
        };
      });
    const database = await done(indexedDB.open('qiao-search'));
    const store = database.transaction('records').objectStore('records');
    const [keys, values] = await Promise.all([
      done(store.getAllKeys()),
      done(store.getAll() as IDBRequest<{ iv: Uint8Array; data: ArrayBuffer }[]>),
    ]);
    database.close();
    const text = (bytes: Uint8Array): string =>
      Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
    return values.map(
      ({ iv, data }, index) => `${JSON.stringify(keys[index])} ${text(iv)} ${text(new Uint8Array(data))}`,
    );
  });
}
