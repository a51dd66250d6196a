import {
  activate as activateByApi,
  activateAndSignIn,
  buildPages,
  callApi,
  firstAdmin,
  inStep,
  launchBrowser,
  PASSWORD,
  picturesOfFailure,
  startTestStack,
  type RunningTestStack,
  type TestBrowser,
  type TestPage,
} from '@qiao/testkit';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { hrFile, hrRows, type HrRow } from '@qiao/org/testing';

/*
 * A new company's first week: HR's file of fifty people in GBK is taken as it is, its people come by their links, find
 * each other by name, pinyin and department, and write and read from the first message on, in both languages; what is
 * written to somebody who has not come yet is read when they have.
 */

let own: RunningTestStack;
let chromium: TestBrowser;
let session = '';
let writer: Page;
let reader: Page;
let third: Page;

const rows = hrRows();
const here = rows.filter((row) => row.状态 !== '离职');
const row = (place: number): HrRow => {
  const found = rows[place];
  if (!found) throw new Error(`no row ${String(place)}`);
  return found;
};
/** The first reads Chinese, the others English. */
const WRITER = row(6);
const READER = row(9);
const THIRD = row(14);

const api = <T>(method: string, path: string, body?: unknown): Promise<T> =>
  callApi(own.info, method, path, body, session);

interface Person {
  id: string;
  user_id: string;
  display_name: string;
  external_id: string | null;
}
async function personOf(of: HrRow): Promise<Person> {
  const { items } = await api<{ items: Person[] }>(
    'GET',
    `/api/org/people?limit=100&q=${encodeURIComponent(of.姓名)}`,
  );
  const found = items.find((one) => one.external_id === of.工号.normalize('NFKC'));
  if (!found) throw new Error(`${of.工号} ${of.姓名} is not there`);
  return found;
}
const linkOf = async (of: HrRow): Promise<string> =>
  (await api<{ link: string }>('POST', `/api/org/people/${(await personOf(of)).id}/activation`, {})).link;
const accountOf = async (of: HrRow): Promise<string> => {
  const { user_id } = await personOf(of);
  return user_id.slice(1, user_id.indexOf(':'));
};

const ZH = {
  password: '密码',
  again: '再次输入密码',
  activate: '激活账号',
  start: '开始使用',
  getKey: '获取恢复密钥',
  done: '完成',
  newChat: '发起聊天',
  box: '输入消息',
};
const EN: typeof ZH = {
  password: 'Password',
  again: 'Repeat the password',
  activate: 'Activate account',
  start: 'Start',
  getKey: 'Get the recovery key',
  done: 'Done',
  newChat: 'New chat',
  box: 'Write a message',
};

const dialog = (page: Page): Locator => page.getByRole('dialog').last();
const message = (page: Page, text: string): Locator => page.getByRole('article').filter({ hasText: text });
const open = async (locale: 'zh-CN' | 'en-GB'): Promise<TestPage> => {
  const page = await chromium.newPage({ baseURL: own.info.gatewayUrl, locale });
  page.context.setDefaultTimeout(40_000);
  return page;
};

/** From the link to the conversations, with keys, as a person goes. */
async function arrive(page: Page, link: string, words: typeof ZH): Promise<void> {
  await page.goto(link);
  await page.getByLabel(words.password, { exact: true }).fill(PASSWORD);
  await page.getByLabel(words.again).fill(PASSWORD);
  await page.getByRole('button', { name: words.activate }).click();
  await page
    .getByRole('link', { name: words.start, exact: true })
    .or(page.getByRole('button', { name: words.start, exact: true }))
    .click();
  await setUpKeys(page, words);
}

async function setUpKeys(page: Page, words: typeof ZH): Promise<void> {
  await dialog(page).getByRole('button', { name: words.getKey }).click();
  await dialog(page).getByRole('checkbox').check();
  await dialog(page).getByRole('button', { name: words.done }).click();
  await dialog(page).waitFor({ state: 'detached' });
}

async function say(page: Page, words: typeof ZH, text: string): Promise<void> {
  await page.getByRole('textbox', { name: words.box }).click();
  await page.keyboard.insertText(text);
  await page.keyboard.press('Enter');
  await message(page, text).and(page.locator('[data-send=sent]')).first().waitFor();
}

async function newChat(
  page: Page,
  words: typeof ZH,
  found: readonly [typed: string, name: RegExp][],
): Promise<void> {
  await page.getByRole('button', { name: words.newChat }).first().click();
  for (const [typed, name] of found) {
    await dialog(page).getByRole('combobox').fill(typed);
    await dialog(page).getByRole('option', { name }).first().click();
  }
}

/** A person as the finder shows them: name, title and department; several have one name. */
const shown = (of: HrRow): RegExp => {
  const [first = ''] = of.部门.split(/[；、]/);
  return new RegExp(`${of.姓名}.*${of.职位} · ${first.split('/').at(-1) ?? ''}`);
};

beforeAll(async () => {
  await buildPages();
  own = await startTestStack({ parts: ['postgres', 'synapse', 'host', 'gateway'] });
  chromium = await launchBrowser();
}, 300_000);
afterEach(({ task }) => picturesOfFailure(chromium.browser, task));
afterAll(async () => {
  await chromium.close();
  await own.stop();
});

describe('the first administrator', () => {
  test("takes HR's file as it is, and a second time nothing differs", async () => {
    const first = await firstAdmin(own.info);
    ({ session } = await activateAndSignIn(own.info, first.link));
    const { page } = await open('en-GB');
    await page.goto('/admin/import');
    await page.getByLabel('User name').fill(first.user_id.slice(1, first.user_id.indexOf(':')));
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    const file = page.getByLabel('Drop a CSV or JSON file here');
    await file.waitFor({ state: 'attached' });
    for (const time of ['first', 'second']) {
      await page.goto('/admin/import');
      await file.setInputFiles({
        name: '员工花名册.csv',
        mimeType: 'text/csv',
        buffer: hrFile(),
      });
      await page.getByRole('heading', { level: 1, name: '员工花名册.csv' }).waitFor();
      await page.getByRole('button', { name: 'Check and show difference' }).click();
      if (time === 'first') {
        await page.getByRole('heading', { name: 'Apply this?' }).waitFor({ timeout: 60_000 });
        await expect
          .poll(() => page.getByRole('tab', { name: /Added/ }).textContent())
          .toContain(String(here.length));
        await page.getByRole('button', { name: 'Apply changes' }).click();
        await page.getByText('The directory is up to date.').waitFor({ timeout: 120_000 });
      } else await page.getByText('Nothing changes').first().waitFor({ timeout: 60_000 });
    }
    await page.context().close();
    await inStep((method, path) => api(method, path));
  });
});

describe('its people', () => {
  test('are found by the first of them before they have come, and written to', async () => {
    writer = (await open('zh-CN')).page;
    await arrive(writer, await linkOf(WRITER), ZH);
    await newChat(writer, ZH, [[READER.姓名, shown(READER)]]);
    await dialog(writer).getByRole('button', { name: '发起聊天' }).click();
    await writer.locator('.c-room__head').getByText('未激活').waitFor();
    await say(writer, ZH, '第一条：欢迎来到公司');
  });

  test('read from the first message on when they come', async () => {
    reader = (await open('en-GB')).page;
    await arrive(reader, await linkOf(READER), EN);
    await reader
      .getByRole('link', { name: new RegExp(WRITER.姓名) })
      .first()
      .click();
    await message(reader, '第一条：欢迎来到公司').waitFor();
    await say(reader, EN, 'Thank you, I can read it');
    await message(writer, 'Thank you, I can read it').waitFor();
  });

  test('all of them come, and a group of them is together at once', async () => {
    const others = here.filter((each) => ![WRITER, READER, THIRD].includes(each));
    for (const each of others) await activateByApi(own.info, await linkOf(each));
    third = (await open('en-GB')).page;
    await arrive(third, await linkOf(THIRD), EN);
    // By department and by what was typed of a name.
    await newChat(reader, EN, [[`${WRITER.姓名} ${WRITER.职位}`, shown(WRITER)]]);
    await dialog(reader).getByRole('combobox').fill(THIRD.姓名);
    await dialog(reader)
      .getByRole('option', { name: shown(THIRD) })
      .first()
      .click();
    await dialog(reader).getByLabel('Name of the group').fill('Launch 发布');
    await dialog(reader).getByRole('button', { name: 'Create group' }).click();
    await reader
      .getByText(new RegExp(`(${[WRITER, READER, THIRD].map((each) => each.姓名).join('|')}).* joined$`))
      .first()
      .waitFor();
    await say(reader, EN, 'Who takes the hall?');
    for (const page of [writer, third]) {
      await page
        .getByRole('link', { name: /Launch 发布/ })
        .first()
        .click();
      await message(page, 'Who takes the hall?').waitFor();
    }
    await say(writer, ZH, '我来订场地');
    await message(third, '我来订场地').waitFor();
  });

  test('somebody who is added later reads what was said before', async () => {
    const [later] = here.filter((each) => ![WRITER, READER, THIRD].includes(each)).slice(20);
    if (!later) throw new Error('nobody is left');
    const { page } = await open('en-GB');
    // Activated by the link before, and now at a device for the first time.
    await page.goto('/');
    await page.getByLabel('User name').fill(await accountOf(later));
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await setUpKeys(page, EN);
    await reader.getByRole('button', { name: 'Members' }).click();
    await reader.getByRole('button', { name: 'Invite people' }).click();
    await dialog(reader).getByRole('combobox').fill(`${later.姓名} ${later.职位}`);
    await dialog(reader)
      .getByRole('option', { name: shown(later) })
      .first()
      .click();
    await dialog(reader).getByRole('button', { name: 'Invite 1 person' }).click();
    await dialog(reader).waitFor({ state: 'detached' });
    await page
      .getByRole('link', { name: /Launch 发布/ })
      .first()
      .click();
    await message(page, 'Who takes the hall?').waitFor();
    await message(page, '我来订场地').waitFor();
    await page.context().close();
  });

  test('who cannot be brought into a group is told, and the group is there all the same', async () => {
    await reader.getByRole('link', { name: 'Chats', exact: true }).click();
    await newChat(reader, EN, [
      [`${WRITER.姓名} ${WRITER.职位}`, shown(WRITER)],
      ['@pia:nowhere.invalid', /@pia:nowhere\.invalid/],
    ]);
    await dialog(reader).getByLabel('Name of the group').fill('With a partner');
    await dialog(reader).getByRole('button', { name: 'Create group' }).click();
    await reader.getByText('Could not be added: @pia:nowhere.invalid').waitFor();
    await writer
      .getByRole('link', { name: /With a partner/ })
      .first()
      .waitFor();
  });

  test('meet their department', async () => {
    const [first = ''] = WRITER.部门.split(/[；、]/);
    await writer
      .getByRole('link', { name: new RegExp(first.split('/').at(-1) ?? '') })
      .first()
      .click();
    await message(writer, WRITER.姓名).first().waitFor();
  });
});
