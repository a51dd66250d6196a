import { join } from 'node:path';
import {
  activate as activateByApi,
  activateAndSignIn,
  axeViolations,
  buildPages,
  callApi,
  firstAdmin,
  inStep,
  launchBrowser,
  login,
  NioClient,
  PASSWORD,
  runHost,
  startTestStack,
  waitFor,
  withRoomsOfBefore,
  type RunningTestStack,
  type TestBrowser,
  type TestPage,
} from '@qiao/testkit';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { picture, pressAt } from './support.ts';

/*
 * The journey the client is for: two people of the example company, in two browsers, go from their activation links
 * to an encrypted conversation with files, threads, a poll and search; one of them takes it to a third device; and a
 * third person reads and writes all of it with a client that shares no code with ours.
 */

const GROUP = '新车型评审 Design review';

let own: RunningTestStack;
let browser: TestBrowser;
let nio: NioClient;
let closeNio = (): Promise<void> => Promise.resolve();
let gail: TestPage;
let jossef: TestPage;
let roomId: string;
let recoveryKey = '';
const person: Record<'gail' | 'jossef' | 'rob', { userId: string; link: string }> = {
  gail: { userId: '', link: '' },
  jossef: { userId: '', link: '' },
  rob: { userId: '', link: '' },
};

const api = <T>(method: string, path: string, body?: unknown, token?: string): Promise<T> =>
  callApi(own.info, method, path, body, token);

const open = async (): Promise<TestPage> => {
  const page = await browser.newPage({ baseURL: own.info.gatewayUrl });
  page.context.setDefaultTimeout(30_000);
  return page;
};
const message = (page: Page, text: string): Locator => page.getByRole('article').filter({ hasText: text });
const box = (page: Page): Locator => page.getByRole('textbox', { name: 'Write a message' });
const dialog = (page: Page): Locator => page.getByRole('dialog');

/** From the link in the mail to the conversations, with keys; answers the recovery key. */
async function activate(page: Page, link: string): Promise<string> {
  await page.goto(link);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByLabel('Repeat the password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Activate account' }).click();
  await page
    .getByRole('link', { name: 'Start', exact: true })
    .or(page.getByRole('button', { name: 'Start' }))
    .click();
  await dialog(page).getByRole('button', { name: 'Get the recovery key' }).click();
  const key = dialog(page).getByLabel('Recovery key', { exact: true });
  await key.waitFor();
  const text = (await key.innerText()).replace(/\s+/g, ' ').trim();
  await dialog(page).getByLabel('I have saved the recovery key').check();
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await dialog(page).waitFor({ state: 'detached' });
  return text;
}

async function say(page: Page, text: string): Promise<void> {
  await box(page).click();
  await page.keyboard.insertText(text);
  await page.keyboard.press('Enter');
  await message(page, text).first().waitFor();
}

beforeAll(async () => {
  await buildPages();
  own = await startTestStack({ parts: ['postgres', 'synapse', 'host', 'gateway'] });
  browser = await launchBrowser();
  await runHost(own.info, 'org', 'demo');
  const { session } = await activateAndSignIn(own.info, (await firstAdmin(own.info)).link);
  await inStep((method, path) => api(method, path, undefined, session), { timeout: 240_000 });
  for (const [name, search] of [
    ['gail', 'gail erickson'],
    ['jossef', 'jossef goldberg'],
    ['rob', 'rob walters'],
  ] as const) {
    const found = await api<{ items: { id: string; user_id: string }[] }>(
      'GET',
      `/api/org/people?q=${encodeURIComponent(search)}`,
      undefined,
      session,
    );
    const [one] = found.items;
    if (one === undefined) throw new Error(`${search} is not there`);
    const { link } = await api<{ link: string }>('POST', `/api/org/people/${one.id}/activation`, {}, session);
    person[name] = { userId: one.user_id, link };
  }
  gail = await open();
  jossef = await open();
}, 400_000);
afterEach(async ({ task }) => {
  // What was on the screens when it went wrong.
  if (task.result?.state !== 'fail') return;
  for (const [index, context] of browser.browser.contexts().entries())
    for (const page of context.pages())
      await picture(page, `failed-${task.name.slice(0, 20)}-${String(index)}`);
});
afterAll(async () => {
  await closeNio();
  await browser.close();
  await own.stop();
});

describe('two people of the company', () => {
  test('come from the activation link to their conversations, with keys', async () => {
    // One after the other: the department's line names who came first at once, and later ones the next day (ADR 115).
    recoveryKey = await activate(gail.page, person.gail.link);
    expect(recoveryKey).toMatch(/^(\w{4} ){11}\w{4}$/);
    await gail.page
      .getByRole('complementary')
      .getByRole('link', { name: /Engineering/ })
      .first()
      .click();
    // What the department's bot said to her, encrypted.
    await message(gail.page, 'Gail').first().waitFor();
    await picture(gail.page, 'journey-department');
    await activate(jossef.page, person.jossef.link);
  });

  test('and one with another client meet in an encrypted group', async () => {
    const { page } = gail;
    await page.getByRole('navigation', { name: 'Main menu' }).getByRole('link', { name: 'Chats' }).click();
    await page.getByRole('button', { name: 'New chat' }).click();
    for (const [search, name] of [
      ['jossef engineering', /Jossef/],
      ['walters', /Walters/],
    ] as const) {
      await dialog(page).getByRole('combobox', { name: 'Find people' }).fill(search);
      await dialog(page).getByRole('option', { name }).click();
    }
    await dialog(page).getByLabel('Name of the group').fill(GROUP);
    await dialog(page).getByRole('button', { name: 'Create group' }).click();
    await page.getByRole('main', { name: GROUP }).waitFor();
    await page.getByRole('img', { name: 'End-to-end encrypted' }).waitFor();
    roomId = decodeURIComponent(new URL(page.url()).pathname.replace('/room/', ''));

    // A colleague is in it at once: nothing to accept.
    await jossef.page
      .getByRole('link', { name: /Design review/ })
      .first()
      .click();
    await box(jossef.page).waitFor();

    await activateByApi(own.info, person.rob.link);
    nio = new NioClient(join(own.info.varDir, 'nio-rob'));
    closeNio = () => nio.close();
    await nio.login({ homeserver: own.info.gatewayUrl, user_id: person.rob.userId, password: PASSWORD });
    await nio.startSync();
    // The invitation waited for a first device with keys; the server takes it up.
    await waitFor(async () => (await nio.state()).rooms[roomId]?.encrypted, { what: 'the encryption' });
  });
});

describe('in the conversation', () => {
  test('text goes round', async () => {
    await say(gail.page, '大家好，请看车架图纸');
    await message(jossef.page, '请看车架图纸').waitFor();
    await nio.waitEvent({ room_id: roomId, body: '大家好，请看车架图纸', decrypted: true });
    await say(jossef.page, 'I will check the 焊接 plan');
    await message(gail.page, '焊接 plan').waitFor();
    await nio.sendText(roomId, 'Rob here, 我也看看');
    await Promise.all([gail, jossef].map(({ page }) => message(page, '我也看看').waitFor()));
  });

  test('a file of one is opened by the others', async () => {
    const { page } = gail;
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles({
        name: '车架图纸.txt',
        mimeType: 'text/plain',
        buffer: Buffer.from('chassis: 7005 aluminium, 1.9 kg'),
      });
    await dialog(page).getByRole('button', { name: 'Send', exact: true }).click();
    const file = await nio.waitEvent({ room_id: roomId, body: '车架图纸.txt', decrypted: true });
    expect((await nio.download(file.event_id)).toString()).toBe('chassis: 7005 aluminium, 1.9 kg');
    const theirs = message(jossef.page, '车架图纸.txt');
    await theirs.waitFor();
    const saving = jossef.page.waitForEvent('download');
    await theirs
      .getByRole('button', { name: /^Save / })
      .first()
      .click();
    expect((await saving).suggestedFilename()).toBe('车架图纸.txt');
    await nio.sendFile(roomId, 'weld.csv', Buffer.from('a,b\n1,2\n'), 'text/csv');
    await message(page, 'weld.csv').waitFor();
  });

  test('a thread keeps a topic together, for all three', async () => {
    await pressAt(message(gail.page, '焊接 plan'), 'Reply in thread');
    const panel = gail.page.getByRole('complementary', { name: 'Thread' });
    await panel.getByRole('textbox', { name: 'Write in the thread' }).click();
    await gail.page.keyboard.insertText('焊缝要打磨吗？');
    await gail.page.keyboard.press('Enter');
    await panel.getByText('焊缝要打磨吗？').first().waitFor();
    const asked = await nio.waitEvent({ room_id: roomId, body: '焊缝要打磨吗？', decrypted: true });
    const root = (asked.content['m.relates_to'] as { event_id: string }).event_id;
    await nio.sendText(roomId, '要，120 目', { thread: root });
    await panel.getByText('要，120 目').first().waitFor();
    await jossef.page
      .getByRole('button', { name: /2 replies/ })
      .first()
      .click();
    await jossef.page.getByRole('complementary', { name: 'Thread' }).getByText('120 目').first().waitFor();
    await panel.getByRole('button', { name: 'Close' }).click();
    await jossef.page
      .getByRole('complementary', { name: 'Thread' })
      .getByRole('button', { name: 'Close' })
      .click();
  });

  test('a poll made here is voted in here and there', async () => {
    const { page } = gail;
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Poll' }).click();
    await dialog(page).getByLabel('Question').fill('哪天评审？');
    await dialog(page).getByLabel('Answer 1').fill('周二');
    await dialog(page).getByLabel('Answer 2').fill('周四');
    await dialog(page).getByRole('button', { name: 'Send the poll' }).click();
    const poll = await nio.waitEvent({
      room_id: roomId,
      type: 'org.matrix.msc3381.poll.start',
      decrypted: true,
    });
    const start = poll.content['org.matrix.msc3381.poll.start'] as { answers: { id: string }[] };
    await message(jossef.page, '哪天评审？').getByRole('button', { name: /周四/ }).click();
    await nio.waitEvent({
      room_id: roomId,
      sender: person.jossef.userId,
      type: 'org.matrix.msc3381.poll.response',
      relates_to: poll.event_id,
    });
    await nio.send(roomId, 'org.matrix.msc3381.poll.response', {
      'm.relates_to': { rel_type: 'm.reference', event_id: poll.event_id },
      'org.matrix.msc3381.poll.response': { answers: [start.answers[1]?.id] },
    });
    await message(page, '哪天评审？').getByText('2 people voted').first().waitFor();
    await picture(page, 'journey-conversation');
    expect(await axeViolations(page)).toEqual([]);
  });

  test('two characters find a message, which no server was asked for', async () => {
    const { page } = jossef;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url() + (request.postData() ?? '')));
    await page.getByRole('navigation', { name: 'Main menu' }).getByRole('link', { name: 'Search' }).click();
    await page.getByRole('searchbox').fill('焊接');
    await page.getByRole('list', { name: 'Results' }).getByText('plan').first().waitFor();
    expect(asked.filter((text) => /焊接|%E7%84%8A/i.test(text))).toEqual([]);
    await picture(page, 'journey-search');
  });
});

describe('a third device', () => {
  test('recovers with the key, and reads what was written before it was there', async () => {
    const third = await open();
    const { page } = third;
    await page.goto('/');
    await page.getByLabel('User name').fill(person.gail.userId);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await dialog(page)
      .getByRole('button', { name: /Enter the recovery key/ })
      .click();
    await dialog(page).getByLabel('Recovery key').fill(recoveryKey);
    await dialog(page).getByRole('button', { name: 'Confirm' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    await page
      .getByRole('link', { name: /Design review/ })
      .first()
      .click();
    await message(page, '请看车架图纸').waitFor();
    await message(page, '我也看看').waitFor();
    await message(page, '哪天评审？').getByText('2 people voted').first().waitFor();
    await say(page, '第三台设备也能写');
    await nio.waitEvent({ room_id: roomId, body: '第三台设备也能写', decrypted: true });
    await expect.poll(() => nio.undecrypted(roomId)).toEqual([]);
    await picture(page, 'journey-third-device');
    // What the browser itself says of files and answers that are not there is no fault of the page.
    expect(third.errors.filter((text) => !text.startsWith('Failed to load resource'))).toEqual([]);
  });
});

describe('conversations among colleagues', () => {
  const home = (page: Page): Promise<void> =>
    page.getByRole('navigation', { name: 'Main menu' }).getByRole('link', { name: 'Chats' }).click();
  const find = async (page: Page, search: string, name: RegExp): Promise<void> => {
    await dialog(page).getByRole('combobox', { name: 'Find people' }).fill(search);
    await dialog(page).getByRole('option', { name }).click();
  };
  const roomOf = (page: Page): string =>
    decodeURIComponent(new URL(page.url()).pathname.replace('/room/', ''));

  test('a direct chat needs no acceptance, is one from both sides, and nobody else is in it', async () => {
    const { page } = gail;
    await home(page);
    await page.getByRole('button', { name: 'New chat' }).click();
    await find(page, 'jossef', /Jossef/);
    await dialog(page).getByRole('button', { name: 'Start chat' }).click();
    await page.getByRole('main', { name: /Jossef/ }).waitFor();
    const direct = roomOf(page);
    expect(direct).not.toBe(roomId);
    await say(page, '只有我们两个');
    await jossef.page.goto(`/person/${encodeURIComponent(person.gail.userId)}`);
    await jossef.page.getByRole('button', { name: 'Message', exact: true }).click();
    await jossef.page.getByRole('main', { name: /Gail/ }).waitFor();
    expect(roomOf(jossef.page)).toBe(direct);
    await message(jossef.page, '只有我们两个').waitFor();
    await page.getByRole('toolbar').getByRole('button', { name: 'Members', exact: true }).click();
    await page.getByRole('heading', { name: '2 members' }).waitFor();
    await picture(page, 'journey-direct');
  });

  test('an old room is renewed by one tap of its creator, and both go on in the new one', async () => {
    const { page } = gail;
    const old = await withRoomsOfBefore(own, async () => {
      const token = await login(own.info.homeserverUrl, person.gail.userId, PASSWORD);
      const made = await token.createRoom({
        name: '老群',
        room_version: '12',
        invite: [person.jossef.userId],
        initial_state: [
          { type: 'm.room.encryption', state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } },
        ],
      });
      await waitFor(async () => (await token.members(made)).includes(person.jossef.userId), {
        what: 'the colleague, joined by the server',
        timeout: 60_000,
      });
      return made;
    });
    await page.goto(`/room/${encodeURIComponent(old)}?panel=info`);
    await page.getByText('This conversation hangs on you').waitFor();
    await picture(page, 'journey-renew');
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Renew this conversation' }).click();
    await dialog(page).getByRole('button', { name: 'Renew this conversation' }).click();
    await waitFor(() => Promise.resolve(roomOf(page) !== old), { what: 'the successor on the screen' });
    await page.getByRole('main', { name: '老群' }).waitFor();
    await say(page, '在新的会话里');
    await jossef.page.goto(`/room/${encodeURIComponent(old)}`);
    await jossef.page.getByRole('link', { name: 'Go to the new conversation' }).click();
    await message(jossef.page, '在新的会话里').waitFor();
    // The old one is in the list no more.
    const listed = jossef.page.getByRole('complementary').getByRole('link', { name: /老群/ });
    await expect.poll(() => listed.count()).toBe(1);
  });
});
