import {
  activate,
  activateAndSignIn,
  axeViolations,
  buildPages,
  callApi,
  firstAdmin,
  horizontalOverflow,
  inStep,
  launchBrowser,
  login,
  PASSWORD,
  runHost,
  startTestStack,
  uploadKeys,
  type RunningTestStack,
  type TestBrowser,
  type TestPage,
} from '@qiao/testkit';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { chooseAt, picture, pressAt, signIn } from './support.ts';

/*
 * Two colleagues in two browsers, in the encrypted room of their department: who has read, who owes an answer, urgent
 * messages, quiet hours, and notices as who writes and who reads them sees them. A stack of its own: the company is the
 * whole installation's.
 */

const ROOM = '研发部';
/** 王芳 has a device at which nobody looks: she reads nothing. 赵敏 has not activated the account. */
const CSV = `employee_id,display_name,title,email,department,manager,localpart
1,张伟,研发经理,zhangwei@example.org,${ROOM},,zhangwei
2,李娜,设计工程师,lina@example.org,${ROOM},1,lina
3,王芳,测试工程师,wangfang@example.org,${ROOM},1,wangfang
4,赵敏,销售代表,zhaomin@example.org,市场部,1,zhaomin
`;

let own: RunningTestStack;
let chromium: TestBrowser;
let devices: TestPage[] = [];
/** Asks, and writes notices: the main administrator. */
let zhang: Page;
/** Is asked, and reads. */
let li: Page;
/** 赵敏 activates her account and signs in somewhere. */
let zhaoCanCome: () => Promise<void>;

const api = <T>(method: string, path: string, body?: unknown, token?: string): Promise<T> =>
  callApi(own.info, method, path, body, token);

/** Imports the company, and lets two of its people choose passwords; one is the main administrator. */
async function makeCompany(): Promise<{ zhang: string; li: string; zhao: () => Promise<void> }> {
  const file = join(own.info.varDir, 'people.csv');
  await writeFile(file, CSV);
  await runHost(own.info, 'org', 'import', file, '--apply');
  const first = await firstAdmin(own.info, '--localpart', 'zhangwei');
  const { userId, session: token } = await activateAndSignIn(own.info, first.link);
  await inStep((method, path) => api(method, path, undefined, token));
  const { items } = await api<{ items: { id: string; user_id: string }[] }>(
    'GET',
    '/api/org/people?limit=50',
    undefined,
    token,
  );
  const activated = async (localpart: string): Promise<{ id: string; user_id: string }> => {
    const person = items.find((each) => each.user_id.startsWith(`@${localpart}:`));
    if (!person) throw new Error(`${localpart} is not there`);
    const { link } = await api<{ link: string }>(
      'POST',
      `/api/org/people/${person.id}/activation`,
      {},
      token,
    );
    await activate(own.info, link);
    return person;
  };
  const [lina, wang] = await Promise.all([activated('lina'), activated('wangfang')]);
  await uploadKeys(await login(own.info.homeserverUrl, wang.user_id, PASSWORD));
  const role = await api<{ id: string }>('POST', '/api/org/roles', { name: '值班', permissions: [] }, token);
  await api('POST', '/api/org/grants', { person_id: lina.id, role_id: role.id, department_id: null }, token);
  const zhao = async (): Promise<void> => {
    const { user_id } = await activated('zhaomin');
    await uploadKeys(await login(own.info.homeserverUrl, user_id, PASSWORD));
  };
  return { zhang: userId, li: lina.user_id, zhao };
}

const message = (page: Page, text: string): Locator =>
  page.getByRole('main').getByRole('article').filter({ hasText: text });
const dialog = (page: Page): Locator => page.getByRole('dialog');
const rail = (page: Page, name: string | RegExp): Locator =>
  page.getByRole('navigation', { name: 'Main menu' }).getByRole('link', { name });
const toast = (page: Page, text: string): Promise<void> =>
  page.getByRole('region', { name: 'Notices', exact: true }).getByText(text).waitFor();

/** Opens the department's conversation from wherever the page is. */
async function openRoom(page: Page): Promise<void> {
  await rail(page, 'Chats').click();
  await page
    .getByRole('complementary')
    .getByRole('link', { name: new RegExp(ROOM) })
    .first()
    .click();
  await page.getByRole('main', { name: ROOM }).waitFor();
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Write a message' }).click();
  await page.keyboard.insertText(text);
  await page.keyboard.press('Enter');
  await message(page, text).first().waitFor();
}

/** Opens "Who has read" of an own message. */
async function openReading(page: Page, text: string): Promise<Locator> {
  await chooseAt(message(page, text).first(), 'Who has read, ask …');
  await dialog(page).getByRole('heading', { name: 'Who has read this' }).waitFor();
  return dialog(page);
}

/** Asks 李娜 by a new message. */
async function ask(page: Page, text: string, how: 'question' | 'urgent'): Promise<void> {
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Ask people, urge …' }).click();
  await dialog(page).getByLabel('Your question').fill(text);
  // By her title; the name alone finds her as well.
  await dialog(page).getByRole('combobox', { name: 'Find people' }).fill('设计');
  await dialog(page)
    .getByRole('option', { name: /李娜.*设计工程师 · 研发部/ })
    .click();
  if (how === 'urgent')
    await dialog(page)
      .getByRole('radio', { name: /To confirm, urgently/ })
      .check();
  await dialog(page).getByRole('button', { name: 'Send and ask 1 person' }).click();
  await dialog(page).waitFor({ state: 'detached' });
  await message(page, text)
    .getByRole('button', { name: how === 'urgent' ? '0 of 1 confirmed' : '0 of 1 answered' })
    .waitFor();
}

/** A notice to be sent, with its text; where it goes and when is the caller's. */
async function writeNotice(page: Page, title: string): Promise<void> {
  await rail(page, /^Notices/).click();
  await page.getByRole('button', { name: 'New notice' }).click();
  await page.getByLabel('Title').fill(title);
  await page.getByLabel('Text', { exact: true }).fill('请 **所有人** 注意');
}

beforeAll(async () => {
  await buildPages();
  own = await startTestStack({ parts: ['postgres', 'synapse', 'host', 'gateway'] });
  const company = await makeCompany();
  zhaoCanCome = company.zhao;
  chromium = await launchBrowser();
  devices = [
    await chromium.newPage({ baseURL: own.info.gatewayUrl }),
    await chromium.newPage({ baseURL: own.info.gatewayUrl }),
  ];
  for (const { context } of devices) context.setDefaultTimeout(30_000);
  [zhang, li] = devices.map(({ page }) => page) as [Page, Page];
  await Promise.all([
    signIn(zhang, { userId: company.zhang, password: PASSWORD }),
    signIn(li, { userId: company.li, password: PASSWORD }),
  ]);
  await Promise.all([openRoom(zhang), openRoom(li)]);
}, 300_000);
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const [index, { page }] of devices.entries())
    await picture(page, `reading-failed-${task.name.slice(0, 20)}-${String(index)}`);
});
afterAll(async () => {
  await chromium.close();
  await own.stop();
});

describe('who has read', () => {
  test('quiet hours are set, and kept', async () => {
    await li.goto('/settings/notices-reminders');
    await li.getByLabel('Quiet at night').uncheck();
    await li.getByLabel('Quiet on weekends').uncheck();
    expect(await axeViolations(li)).toEqual([]);
    await li.getByRole('button', { name: 'Save' }).click();
    await toast(li, 'Saved.');
    await li.reload();
    await li.getByLabel('Quiet at night').waitFor();
    expect(await li.getByLabel('Quiet at night').isChecked()).toBe(false);
    expect(await li.getByLabel('Quiet on weekends').isChecked()).toBe(false);
  });

  test('those who have not are reminded in one tap, by a line and by the bot; then they have', async () => {
    const text = '周五的评审材料';
    await say(zhang, text);
    const reading = await openReading(zhang, text);
    await reading.getByRole('heading', { name: '2 have not read it' }).waitFor();
    await reading.getByText('Nobody yet.').waitFor();
    expect(await axeViolations(zhang)).toEqual([]);
    await picture(zhang, 'reading-unread');
    await reading.getByRole('button', { name: 'Remind them' }).click();
    await toast(zhang, '2 people are reminded.');
    // Ten minutes have to pass before the next time.
    await reading.getByRole('button', { name: 'Remind them' }).click();
    await toast(zhang, 'They were reminded less than 10 minutes ago.');

    const line = li.getByRole('alert').filter({ hasText: '张伟 asks you to read a message' });
    await line.waitFor();
    await rail(li, 'Chats').click();
    const bot = li.getByRole('complementary').getByRole('link', { name: /提醒与公告|Reminders and notices/ });
    await bot.getByText(/请阅读这 1 条消息|asked to read a message/).waitFor();
    await line.getByRole('button', { name: 'Open' }).click();
    await message(li, text).first().waitFor();
    await reading.getByRole('heading', { name: '1 has read it' }).waitFor();
    await reading.getByRole('region', { name: '1 has read it' }).getByText('李娜').waitFor();
    await reading.getByRole('region', { name: '1 has not read it' }).getByText('王芳').waitFor();
    await line.waitFor({ state: 'detached' });
    await picture(zhang, 'reading-read');
  });

  test('somebody is asked by a message that is there already, by a time', async () => {
    const reading = dialog(zhang);
    await reading.getByLabel('李娜').check();
    const due = reading.getByLabel('Answer by');
    await due.fill('2020-01-01T09:00');
    await reading.getByRole('button', { name: 'Ask 1 person' }).click();
    await reading.getByText('This time has passed.').waitFor();
    await due.fill(new Date(Date.now() + 86_400_000).toISOString().slice(0, 16));
    await picture(zhang, 'reading-ask');
    expect(await axeViolations(zhang)).toEqual([]);
    await reading.getByRole('button', { name: 'Ask 1 person' }).click();
    await toast(zhang, '1 person is asked for an answer.');
    await reading.getByText('Waiting', { exact: true }).waitFor();
    await zhang.keyboard.press('Escape');
    await dialog(zhang).waitFor({ state: 'detached' });
    const line = message(zhang, '周五的评审材料').getByRole('button', { name: '0 of 1 answered' });
    await line.waitFor();
    // The reader sees at the message what is wanted, and by when.
    await message(li, '周五的评审材料').getByText('Your answer is wanted · by', { exact: false }).waitFor();
    await rail(li, /To answer\s*1 waiting/).waitFor();
  });
});

describe('in a group to which somebody is invited who has not come', () => {
  test('nobody says that everybody has read it, also not once she was brought in', async () => {
    await zhang.getByRole('button', { name: 'New chat' }).click();
    for (const name of ['李娜', '赵敏']) {
      await dialog(zhang).getByRole('combobox').fill(name);
      await dialog(zhang)
        .getByRole('option', { name: new RegExp(name) })
        .click();
    }
    await dialog(zhang).getByLabel('Name of the group').fill('展会');
    await dialog(zhang).getByRole('button', { name: 'Create group' }).click();
    await zhang.getByRole('main', { name: '展会' }).waitFor();
    await say(zhang, '展位定在三号馆');
    await li.getByRole('complementary').getByRole('link', { name: /展会/ }).click();
    await message(li, '展位定在三号馆').first().waitFor();
    const reading = await openReading(zhang, '展位定在三号馆');
    await reading.getByRole('region', { name: '1 has read it' }).getByText('李娜').waitFor();
    const unread = reading.getByRole('region', { name: '1 has not read it' });
    await unread.getByText('赵敏').waitFor();
    await unread.getByText('Not joined yet', { exact: true }).waitFor();
    expect(await unread.getByRole('checkbox').count()).toBe(0);
    expect(await axeViolations(zhang)).toEqual([]);
    await picture(zhang, 'reading-invited');
    await zhang.setViewportSize({ width: 390, height: 844 });
    await picture(zhang, 'reading-invited-390');
    await zhang.setViewportSize({ width: 1280, height: 900 });
    // The server joins her as soon as she has a device: nobody has looked at anything by that.
    await zhaoCanCome();
    await unread.getByLabel('赵敏').waitFor();
    expect(await reading.getByText('Everybody', { exact: false }).count()).toBe(0);
    await zhang.keyboard.press('Escape');
    await dialog(zhang).waitFor({ state: 'detached' });
    await Promise.all([openRoom(zhang), openRoom(li)]);
  });
});

describe('urgent messages', () => {
  test('say what they are about, and are confirmed only where that is seen', async () => {
    const text = '仓库门禁今晚更换，请确认你的卡能用';
    await rail(li, 'Directory').click();
    await ask(zhang, text, 'urgent');
    const line = li.getByRole('alert').filter({ hasText: 'Urgent message from 张伟' });
    await line.getByText(text).waitFor();
    await line.getByText(ROOM).waitFor();
    expect(await li.getByRole('button', { name: 'Confirm', exact: true }).count()).toBe(0);
    expect(await axeViolations(li)).toEqual([]);
    await picture(li, 'reading-urgent-line');
    await li.setViewportSize({ width: 390, height: 844 });
    expect(await horizontalOverflow(li)).toBe(0);
    await picture(li, 'reading-urgent-line-390');
    await li.setViewportSize({ width: 1280, height: 900 });
    await line.getByRole('button', { name: 'Open and confirm' }).click();
    await message(li, text).getByRole('button', { name: 'Confirm', exact: true }).click();
    await message(li, text).getByText('You confirmed this').waitFor();
    await line.waitFor({ state: 'detached' });
    await message(zhang, text).getByRole('button', { name: '1 of 1 confirmed' }).waitFor();
  });

  test('are confirmed at the message itself', async () => {
    const text = '服务器机房漏水，请立即确认';
    await ask(zhang, text, 'urgent');
    await li.getByText('Urgent message from 张伟', { exact: false }).waitFor();
    await message(li, text).getByText('Please confirm that you have seen this').waitFor();
    expect(await axeViolations(li)).toEqual([]);
    await picture(li, 'reading-urgent');
    await message(li, text).getByRole('button', { name: 'Confirm' }).click();
    await message(li, text).getByText('You confirmed this').waitFor();
    await li.getByText('Urgent message from 张伟', { exact: false }).waitFor({ state: 'detached' });
    await message(zhang, text).getByRole('button', { name: '1 of 1 confirmed' }).waitFor();
  });
});

describe('read, but unanswered', () => {
  test('a question is open on both sides until it is answered', async () => {
    for (const text of ['合同何时能签？', '样机好了吗？', '会议室订了吗？'])
      await ask(zhang, text, 'question');
    await rail(li, /To answer\s*4 waiting/).waitFor();

    await pressAt(message(li, '合同何时能签？').first(), 'Reply');
    await say(li, '明天上午');
    await message(zhang, '合同何时能签？').getByRole('button', { name: '1 of 1 answered' }).waitFor();

    await pressAt(message(li, '样机好了吗？').first(), 'React');
    await li.getByRole('dialog', { name: 'React' }).getByRole('button', { name: '👍' }).click();
    await message(zhang, '样机好了吗？').getByRole('button', { name: '1 of 1 answered' }).waitFor();

    await rail(li, /To answer\s*2 waiting/).click();
    await li.getByRole('heading', { level: 1, name: 'To answer' }).waitFor();
    const item = li.getByRole('listitem').filter({ hasText: '会议室订了吗？' });
    await item.waitFor();
    expect(await axeViolations(li)).toEqual([]);
    await picture(li, 'reading-owe');
    await item.getByRole('button', { name: 'Handled' }).click();
    await item.waitFor({ state: 'detached' });
    await rail(li, /To answer\s*1 waiting/).waitFor();
    await message(zhang, '会议室订了吗？').getByRole('button', { name: '1 of 1 answered' }).waitFor();
  });

  test('who asks sees for whom they wait, and what it led to', async () => {
    await rail(zhang, /^To answer/).click();
    await zhang.getByRole('tab', { name: 'I wait for' }).click();
    await zhang.getByRole('listitem').filter({ hasText: '周五的评审材料' }).waitFor();
    await picture(zhang, 'reading-wait');
    await zhang.getByLabel('Show', { exact: true }).selectOption('Closed');
    for (const [text, how] of [
      ['合同何时能签？', 'Answered'],
      ['样机好了吗？', 'Answered by reaction'],
      ['会议室订了吗？', 'Handled'],
      ['服务器机房漏水', 'Confirmed'],
    ] as const)
      await zhang.getByRole('listitem').filter({ hasText: text }).getByText(how, { exact: true }).waitFor();
    await zhang.getByLabel('Show', { exact: true }).selectOption('Open');
    await zhang.getByRole('button', { name: 'Withdraw' }).click();
    await zhang.getByText('You wait for nobody').waitFor();
    await li.getByText('Nothing to answer').waitFor();
    expect(await axeViolations(zhang)).toEqual([]);
  });
});

describe('notices', () => {
  test('to a department: sent, confirmed, followed and recalled', async () => {
    await writeNotice(zhang, '周六停电通知');
    await zhang.getByRole('group', { name: 'Departments' }).getByLabel(ROOM).check();
    await zhang.getByText('This is for 3 people.').waitFor();
    expect(await axeViolations(zhang)).toEqual([]);
    await picture(zhang, 'notice-compose');
    // Whoever goes away from it finds it again.
    await rail(zhang, 'Chats').click();
    await rail(zhang, /^Notices/).click();
    await zhang.getByRole('button', { name: 'New notice' }).click();
    await zhang.getByText('You began this earlier on this device', { exact: false }).waitFor();
    await zhang.getByText('This is for 3 people.').waitFor();
    expect(await zhang.getByLabel('Title').inputValue()).toBe('周六停电通知');
    expect(await axeViolations(zhang)).toEqual([]);
    await picture(zhang, 'notice-restored');
    await zhang.setViewportSize({ width: 390, height: 844 });
    await picture(zhang, 'notice-restored-390');
    await zhang.setViewportSize({ width: 1280, height: 900 });
    await zhang.getByRole('main').getByRole('button', { name: 'Send', exact: true }).click();
    await dialog(zhang).getByRole('button', { name: 'Send', exact: true }).click();
    await zhang.getByRole('heading', { level: 1, name: '周六停电通知' }).waitFor();

    await rail(li, /^Notices\s*1 waiting/).click();
    await li.getByRole('link', { name: '周六停电通知' }).click();
    await li.getByRole('button', { name: 'I have read this' }).waitFor();
    expect(await axeViolations(li)).toEqual([]);
    await picture(li, 'notice-read');
    await li.getByRole('button', { name: 'I have read this' }).click();
    await li.getByText('You confirmed this on', { exact: false }).waitFor();
    await rail(li, /^Notices$/).waitFor();

    await zhang.getByText('1 of 3').last().waitFor();
    await zhang.getByRole('tab', { name: 'Confirmed', exact: true }).click();
    await zhang.getByRole('tabpanel').getByText('李娜').waitFor();
    await picture(zhang, 'notice-progress');
    expect(await axeViolations(zhang)).toEqual([]);
    await zhang.getByRole('button', { name: 'Recall' }).click();
    await dialog(zhang).getByText('Its messages are deleted', { exact: false }).waitFor();
    await dialog(zhang).getByRole('button', { name: 'Recall' }).click();
    await zhang.getByRole('main').getByText('Recalled', { exact: true }).waitFor();
    await li.getByText('This notice was taken back.').waitFor();
    expect(await li.getByText('所有人').count()).toBe(0);
  });

  test('to a role: scheduled, taken off, sent; it comes as a message, too', async () => {
    await writeNotice(zhang, '值班安排');
    await zhang.getByRole('group', { name: 'Roles' }).getByLabel('Role: 值班').check();
    await zhang.getByText('This is for 1 person.').waitFor();
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 16);
    await zhang.getByLabel('Send at').fill(tomorrow);
    await zhang.getByRole('main').getByRole('button', { name: 'Schedule' }).click();
    await dialog(zhang).getByRole('button', { name: 'Schedule' }).click();
    const item = zhang.getByRole('listitem').filter({ hasText: '值班安排' });
    await item.getByText('Scheduled', { exact: true }).waitFor();
    await picture(zhang, 'notice-sent-list');
    expect(await axeViolations(zhang)).toEqual([]);
    await item.getByRole('link', { name: '值班安排' }).click();
    // What is scheduled shows its time, and does not go out at once by mistake.
    await zhang.getByText('It goes out on', { exact: false }).waitFor();
    expect(await zhang.getByLabel('Send at').inputValue()).toBe(tomorrow);
    await zhang.getByRole('button', { name: 'Do not send' }).click();
    await toast(zhang, 'The notice is a draft again.');
    await zhang.getByRole('main').getByRole('button', { name: 'Send', exact: true }).click();
    await dialog(zhang).getByRole('button', { name: 'Send', exact: true }).click();

    await rail(li, /^Notices\s*1 waiting/).waitFor();
    await rail(li, 'Chats').click();
    await li
      .getByRole('complementary')
      .getByRole('link', { name: /提醒与公告|Reminders and notices/ })
      .click();
    await message(li, '值班安排').getByRole('button', { name: 'I have read this' }).click();
    await message(li, '值班安排').getByText('You confirmed this notice').waitFor();
    expect(await axeViolations(li)).toEqual([]);
    await picture(li, 'notice-message');
    await rail(li, /^Notices$/).click();
    await li.getByLabel('Show', { exact: true }).selectOption('To confirm');
    await li.getByText('Nothing to confirm').waitFor();
    await zhang.getByText('1 of 1').last().waitFor();
  });
});

describe('on a phone, in Chinese and in the dark', () => {
  test('nothing is cut off', async () => {
    for (const page of [zhang, li]) {
      await page.setViewportSize({ width: 390, height: 844 });
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.evaluate(() => {
        localStorage.setItem('qiao.locale', 'zh-Hans');
      });
    }
    const look = async (page: Page, name: string, path: string, ready: Locator): Promise<void> => {
      await page.goto(path);
      await ready.waitFor();
      await picture(page, `reading-390-${name}`);
      expect([name, await horizontalOverflow(page)]).toEqual([name, 0]);
      expect([name, await axeViolations(page)]).toEqual([name, []]);
    };
    await Promise.all([
      (async () => {
        await look(li, 'owe', '/x/notices/answer', li.getByText('没有待回复的问题'));
        await look(li, 'notices', '/x/notices/notices', li.getByRole('link', { name: '值班安排' }));
        await look(li, 'settings', '/settings/notices-reminders', li.getByLabel('夜间免打扰'));
      })(),
      (async () => {
        await look(zhang, 'sent', '/x/notices/sent', zhang.getByRole('link', { name: '值班安排' }));
        await look(zhang, 'compose', '/x/notices/compose', zhang.getByLabel('标题'));
      })(),
    ]);
  });
});
