import {
  axeViolations,
  buildPages,
  callApiFrom,
  firstAdmin,
  horizontalOverflow,
  inStep,
  launchBrowser,
  makeUser,
  PASSWORD,
  runHost,
  startTestStack,
  waitFor,
  type RunningTestStack,
  type TestBrowser,
  type TestPage,
  type TestUser,
} from '@qiao/testkit';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { chooseAt, matrixIdsOn, picture, signIn } from './support.ts';

/*
 * The directory of a small imported company, seen by one of its people; and what somebody sees who is not in it.
 * A stack of its own: the company is the whole installation's.
 */

/** People of Adventure Works (Microsoft's sample company, MIT licence), and colleagues with Chinese names. */
const CSV = `employee_id,display_name,title,email,department,manager,localpart
1,Ken Sánchez,Chief Executive Officer,ken0@adventure-works.com,Adventure Works,,ken
2,Terri Duffy,Vice President of Engineering,terri0@adventure-works.com,Adventure Works/研发部,1,terri
3,张伟,研发经理,zhangwei@adventure-works.com,Adventure Works/研发部/工程组,2,zhangwei
4,李娜,设计工程师,lina@adventure-works.com,Adventure Works/研发部/工程组,3,lina
5,Gail Erickson,Design Engineer,gail0@adventure-works.com,Adventure Works/研发部/工程组,3,gail
6,Brian Welcker,Vice President of Sales,brian3@adventure-works.com,Adventure Works/销售部,1,brian
7,单雄,销售经理,shanxiong@adventure-works.com,Adventure Works/销售部,6,shanxiong
8,张伟,客户代表,zhangwei2@adventure-works.com,Adventure Works/销售部,6,zhangwei2
9,Zoë Müller,Förderung,zoe@adventure-works.com,Adventure Works/Ökologie,1,zoe
`;

let own: RunningTestStack;
let chromium: TestBrowser;
let device: TestPage;
let page: Page;
let lina = '';
let stranger: TestUser;

const open = (): Promise<TestPage> => chromium.newPage({ baseURL: own.info.gatewayUrl });
const people = (): Locator => page.getByRole('list', { name: 'People', exact: true });
const inTree = (name: RegExp): Locator =>
  page.getByRole('navigation', { name: 'Departments' }).getByRole('link', { name });

const dialog = (): Locator => page.getByRole('dialog').last();
/** The box in which people are found, wherever it is. */
const find = (): Locator => dialog().getByRole('combobox');
const options = (): Locator => dialog().getByRole('option');
const option = (name: RegExp, disabled = false): Locator => dialog().getByRole('option', { name, disabled });
const chosen = (): Promise<string[]> =>
  dialog().getByRole('list', { name: 'Chosen people' }).getByRole('listitem').allInnerTexts();
/** Pastes a text into the box, as from another program. */
const paste = (text: string): Promise<void> =>
  find().evaluate((node, pasted) => {
    const data = new DataTransfer();
    data.setData('text/plain', pasted);
    node.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);

/** Matrix ids of colleagues that the page shows. */
const matrixIds = (on: Page): Promise<string[]> => matrixIdsOn(on, lina.slice(lina.indexOf(':') + 1));

/** A person's account with a password, by the link that the administrator hands out. */
async function activate(admin: Page, userId: string): Promise<void> {
  const api = <T>(method: string, path: string, data?: unknown): Promise<T> =>
    callApiFrom(admin.request, method, path, data);
  await inStep(api);
  const { items } = await api<{ items: { id: string; user_id: string }[] }>(
    'GET',
    '/api/org/people?limit=50',
  );
  const person = items.find((each) => each.user_id === userId);
  if (!person) throw new Error(`${userId} is not there`);
  const { link } = await api<{ link: string }>('POST', `/api/org/people/${person.id}/activation`, {});
  const activation = await open();
  await activation.page.goto(link);
  await activation.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await activation.page.getByLabel('Repeat the password').fill(PASSWORD);
  await activation.page.getByRole('button', { name: 'Activate account' }).click();
  await activation.page.getByRole('button', { name: 'Activate account' }).waitFor({ state: 'detached' });
  await activation.context.close();
}

beforeAll(async () => {
  await buildPages();
  own = await startTestStack({ parts: ['postgres', 'synapse', 'host', 'gateway'] });
  const file = join(own.info.varDir, 'people.csv');
  await writeFile(file, CSV);
  await runHost(own.info, 'org', 'import', file, '--apply');
  chromium = await launchBrowser();
  const first = await firstAdmin(own.info);
  const server = first.user_id.slice(first.user_id.indexOf(':') + 1);
  lina = `@lina:${server}`;
  const admin = await open();
  await admin.page.goto(first.link);
  await admin.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await admin.page.getByLabel('Repeat the password').fill(PASSWORD);
  await admin.page.getByRole('button', { name: 'Activate account' }).click();
  await admin.page.getByRole('button', { name: 'Activate account' }).waitFor({ state: 'detached' });
  await admin.page.goto('/admin/');
  await admin.page.getByLabel('User name').fill(first.user_id);
  await admin.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await admin.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await admin.page.getByRole('heading', { level: 1 }).waitFor();
  await activate(admin.page, lina);
  await admin.context.close();
  stranger = await makeUser({ name: 'plain', displayName: 'Plain Paul', stack: own.info });
  device = await open();
  page = device.page;
  await signIn(page, { userId: lina, password: PASSWORD });
}, 300_000);

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await picture(page, 'directory-failed');
});
afterAll(async () => {
  await chromium.close();
  await own.stop();
});

describe('a colleague', () => {
  test('has the departments as conversations, below the company', async () => {
    await page
      .getByRole('complementary')
      .getByRole('link', { name: /工程组/ })
      .waitFor();
    await page.getByRole('button', { name: /All departments/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: '工程组', exact: true }).waitFor();
    await picture(page, 'directory-departments');
    await page.keyboard.press('Escape');
  });

  test('walks down the tree', async () => {
    await page.getByRole('link', { name: 'Directory', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Directory' }).waitFor();
    await inTree(/研发部/).click();
    await people()
      .getByRole('link', { name: /Terri Duffy/ })
      .waitFor();
    await page
      .getByRole('list', { name: 'Departments' })
      .getByRole('link', { name: /工程组/ })
      .click();
    await people().getByRole('link', { name: /张伟/ }).waitFor();
    await expect.poll(() => people().getByRole('link').count()).toBe(3);
    await picture(page, 'directory');
    expect(await axeViolations(page)).toEqual([]);
  });

  test('finds by pinyin and by title, everywhere or below a department only, which is said', async () => {
    const box = page.getByRole('searchbox');
    const scope = page.getByRole('group', { name: 'Where to look' });
    expect(await scope.count()).toBe(0);
    // Somebody who looks for a name means the company, wherever in it they stand.
    await box.fill('zw');
    await expect.poll(() => people().getByRole('link').count()).toBe(2);
    expect(await scope.getByRole('button', { pressed: true }).innerText()).toBe('Whole company');
    await scope.getByRole('button', { name: 'Only 工程组' }).click();
    await expect.poll(() => people().getByRole('link').count()).toBe(1);
    await people()
      .getByRole('link', { name: /张伟.*研发经理/ })
      .waitFor();
    await box.fill('shanxiong');
    await page.getByText('Nobody in 工程组 fits “shanxiong”').waitFor();
    await picture(page, 'directory-scope');
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Look in the whole company' }).click();
    await people().getByRole('link', { name: /单雄/ }).waitFor();
    await page.getByRole('navigation', { name: 'Place in the company' }).getByRole('link').first().click();
    // Another place begins with an empty box.
    await expect.poll(() => box.inputValue()).toBe('');
    // Accents and widths are nothing that people have to type, in names and departments.
    for (const typed of ['zoe muller', 'ZOË', 'ｍüｌｌｅｒ', 'okologie', 'Ｏｋｏｌｏｇｉｅ', 'forderung']) {
      await box.fill(typed);
      await people()
        .getByRole('link', { name: /Zoë Müller/ })
        .waitFor();
      await expect.poll(() => people().getByRole('link').count()).toBe(1);
    }
    await box.fill('销售经理');
    await people().getByRole('link', { name: /单雄/ }).waitFor();
    await waitFor(async () => (await people().getByRole('link').count()) === 1, {
      what: 'one sales manager',
    });
    await people().getByRole('link', { name: /单雄/ }).click();
  });

  test('sees the profile with the reporting line, and goes along it', async () => {
    await page.getByRole('heading', { level: 1, name: '单雄' }).waitFor();
    await page.getByText('This person has not signed in yet.').waitFor();
    await page.getByText('shanxiong@adventure-works.com').waitFor();
    await page.getByRole('link', { name: /Ken Sánchez/ }).waitFor();
    await picture(page, 'directory-profile');
    expect(await axeViolations(page)).toEqual([]);
    expect(await matrixIds(page)).toEqual([]);
    await page.getByRole('link', { name: /Brian Welcker/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Brian Welcker' }).waitFor();
    await page.getByRole('heading', { name: '2 direct reports' }).waitFor();
    await page.getByRole('link', { name: /单雄/ }).waitFor();
    // Back is where one came from.
    await page.getByRole('button', { name: 'Back', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: '单雄' }).waitFor();
    await page.goForward();
    await page.getByRole('heading', { level: 1, name: 'Brian Welcker' }).waitFor();
  });

  test('writes to the person from there: an encrypted chat, made once', async () => {
    await page.getByRole('button', { name: 'Message' }).click();
    await page.waitForURL(/\/room\//);
    const { pathname } = new URL(page.url());
    await page
      .getByRole('complementary')
      .getByRole('link', { name: /Brian Welcker/ })
      .waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Shared conversations' }).waitFor();
    await page.getByRole('button', { name: 'Message' }).click();
    await page.waitForURL(/\/room\//);
    expect(new URL(page.url()).pathname).toBe(pathname);
  });

  test('begins a group with people found by pinyin, title and department, and by a list of names', async () => {
    await page.getByRole('link', { name: 'Chats', exact: true }).click();
    await page.getByRole('button', { name: 'New chat' }).click();
    await find().pressSequentially('zw');
    await expect.poll(() => options().count()).toBe(2);
    // Of one name: told apart by title and department, not by Matrix id.
    await option(/张伟.*客户代表 · 销售部/).waitFor();
    expect(await dialog().innerText()).not.toMatch(/@zhangwei/);
    await option(/张伟.*研发经理 · 工程组/)
      .getByText('Not activated yet')
      .waitFor();
    await picture(page, 'finder-namesakes');
    expect(await axeViolations(page)).toEqual([]);
    await find().fill('zhang wei 研发部');
    await expect.poll(() => options().count()).toBe(1);
    // Enter belongs to the input method while it composes.
    await find().dispatchEvent('keydown', { key: 'Enter', isComposing: true });
    expect(await chosen()).toEqual([]);
    await page.keyboard.press('Enter');
    await expect.poll(chosen).toEqual(['张伟']);
    await find().fill('vice engineering');
    await option(/Terri Duffy/).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Backspace');
    await expect.poll(chosen).toEqual(['张伟']);
    await paste('单雄、Gail Erickson，张伟\n王二麻子');
    await expect.poll(chosen).toEqual(expect.arrayContaining(['张伟', '单雄', 'Gail Erickson']));
    // Which 张伟 is asked; whom nobody knows is said.
    await dialog().getByRole('button', { name: '王二麻子 nobody found' }).waitFor();
    await dialog().getByRole('button', { name: '张伟 several people' }).waitFor();
    await option(/张伟.*客户代表/).click();
    await expect.poll(async () => (await chosen()).length).toBe(4);
    await dialog().getByRole('button', { name: 'Remove 王二麻子' }).click();
    await dialog()
      .getByText(/^(?=.*单雄)(?=.*Gail Erickson)(?=.*张伟.*张伟).* have not activated their accounts yet/)
      .waitFor();
    await picture(page, 'finder-chosen');
    await dialog().getByLabel('Name of the group').fill('新品发布');
    await dialog().getByRole('button', { name: 'Create group' }).click();
    await page.getByRole('main', { name: '新品发布' }).waitFor();
    // Of the group it would be wrong.
    await page.locator('.c-room__head').getByText('4 not activated yet', { exact: true }).waitFor();
  });

  test('invites to it by department, and sees who is there already', async () => {
    await page.getByRole('button', { name: 'Members' }).click();
    const panel = page
      .getByRole('complementary')
      .filter({ has: page.getByRole('button', { name: 'Invite people' }) });
    await panel.getByRole('button', { name: 'Invite people' }).click();
    await find().fill('销售部');
    await expect.poll(() => options().count()).toBe(3);
    await option(/单雄.*Already here/, true).waitFor();
    await dialog()
      .getByText(/Colleagues are there at once; those who have not activated their account/)
      .waitFor();
    await option(/Brian Welcker/).click();
    await dialog()
      .getByText('Brian Welcker has not activated the account yet, and is there as soon as that is done.')
      .waitFor();
    await picture(page, 'finder-invite');
    expect(await axeViolations(page)).toEqual([]);
    await find().fill('@pia:elsewhere.example');
    await option(/Only people of your company can come in here/, true).waitFor();
    await find().fill('nobody at all');
    await dialog().getByText('Nobody fits “nobody at all”').waitFor();
    await dialog().getByRole('button', { name: 'Invite 1 person' }).click();
    await dialog().waitFor({ state: 'detached' });
    await panel.getByRole('button', { name: 'Brian Welcker', exact: true }).waitFor();
    await panel.getByText('客户代表 · 销售部').waitFor();
    await panel
      .getByRole('listitem')
      .filter({ hasText: 'Brian Welcker' })
      .getByText('Comes in on activation')
      .waitFor();
    expect(await matrixIds(page)).toEqual([]);
    await panel.getByRole('searchbox').fill('gongchengzu');
    await expect.poll(() => panel.getByRole('listitem').count()).toBe(3);
    await panel.getByRole('searchbox').fill('');
  });

  test('looks at somebody beside the conversation, and is back in it', async () => {
    const { pathname } = new URL(page.url());
    const profile = page.getByRole('complementary', { name: 'Profile' });
    await page.getByRole('button', { name: 'Brian Welcker', exact: true }).click();
    await profile.getByRole('heading', { name: 'Brian Welcker' }).waitFor();
    await profile.getByRole('heading', { name: '2 direct reports' }).waitFor();
    expect(new URL(page.url()).pathname).toBe(pathname);
    await page.getByRole('textbox', { name: 'Write a message' }).waitFor();
    await picture(page, 'profile-beside');
    expect(await axeViolations(page)).toEqual([]);
    expect(await matrixIds(page)).toEqual([]);
    // Along the line, and all the way back.
    await profile.getByRole('link', { name: /Ken Sánchez/ }).click();
    await profile.getByRole('heading', { name: 'Ken Sánchez' }).waitFor();
    await profile.getByRole('button', { name: 'Back' }).click();
    await profile.getByRole('heading', { name: 'Brian Welcker' }).waitFor();
    await profile.getByRole('button', { name: 'Back' }).click();
    await page.getByRole('button', { name: 'Invite people' }).waitFor();
    await page.getByRole('complementary').getByRole('button', { name: 'Close' }).click();
    // A look into the directory does not close the conversation.
    await page.getByRole('link', { name: 'Directory', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Directory' }).waitFor();
    await page.getByRole('link', { name: 'Chats', exact: true }).click();
    await page.getByRole('main', { name: '新品发布' }).waitFor();
    await page.getByRole('button', { name: /李娜/ }).first().click();
    expect(await matrixIds(page)).toEqual([]);
    await page.keyboard.press('Escape');
  });

  test('cannot leave the conversation of the department, and is told what else to do', async () => {
    const row = page.getByRole('complementary').getByRole('link', { name: /工程组/ });
    await row.click({ button: 'right' });
    const menu = page.getByRole('menu');
    await menu
      .getByRole('menuitem', { name: 'A department’s: you cannot leave it', disabled: true })
      .waitFor();
    expect(await menu.getByRole('menuitem', { name: 'Leave', exact: true }).count()).toBe(0);
    await picture(page, 'department-menu');
    await page.keyboard.press('Escape');
    await row.click();
    await page.getByRole('main', { name: '工程组' }).waitFor();
    await page.getByRole('button', { name: 'About this conversation' }).click();
    const info = page.getByRole('complementary', { name: 'About this conversation' });
    await info.getByText('You cannot leave a department’s conversation').waitFor();
    expect(await info.getByRole('button', { name: 'Leave the conversation' }).count()).toBe(0);
    await picture(page, 'department-info');
    expect(await matrixIds(page)).toEqual([]);
    await info.getByRole('button', { name: 'Close' }).click();
    // A group is left as ever.
    await page
      .getByRole('complementary')
      .getByRole('link', { name: /新品发布/ })
      .click({ button: 'right' });
    await menu.getByRole('menuitem', { name: 'Leave', exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await page
      .getByRole('complementary')
      .getByRole('link', { name: /新品发布/ })
      .click();
    await page.getByRole('main', { name: '新品发布' }).waitFor();
  });

  test('forwards to a colleague who was never written to', async () => {
    await page.getByRole('textbox', { name: 'Write a message' }).click();
    await page.keyboard.insertText('样机周五到');
    await page.keyboard.press('Enter');
    const tile = page.getByRole('article').filter({ hasText: '样机周五到' });
    await chooseAt(tile.last(), 'Forward');
    await find().fill('ken');
    await option(/Ken Sánchez.*Chief Executive Officer/).click();
    const sure = page.getByRole('dialog', { name: 'Forward to Ken Sánchez?' });
    await sure.getByText('Chief Executive Officer · Adventure Works').waitFor();
    await sure.getByRole('button', { name: 'Forward' }).click();
    await page
      .getByRole('region', { name: 'Notices', exact: true })
      .getByRole('button', { name: 'Open', exact: true })
      .click();
    await page.getByRole('main', { name: /Ken/ }).waitFor();
    await tile.waitFor();
  });

  test('mentions people by name and department, told that they are not in the conversation', async () => {
    await page.getByRole('textbox', { name: 'Write a message' }).click();
    await page.keyboard.type('请 @terri');
    const list = page.getByRole('listbox', { name: 'People' });
    await list
      .getByRole('option', { name: /Terri Duffy.*Vice President.*Not in this conversation/ })
      .waitFor();
    await picture(page, 'finder-mention');
    await page.keyboard.press('Enter');
    await page.locator('[data-mention], .c-mention').filter({ hasText: 'Terri Duffy' }).waitFor();
    // As an input method for Chinese writes it; without the accent.
    await page.keyboard.type(' ＠ｋｅｎ');
    await list.getByRole('option', { name: /Ken Sánchez/ }).waitFor();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Backspace');
    await page.keyboard.type('＠sanchez');
    await list.getByRole('option', { name: /Ken Sánchez/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('[data-mention], .c-mention').filter({ hasText: 'Ken Sánchez' }).waitFor();
    expect(await matrixIds(page)).toEqual([]);
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Backspace');
  });

  test('finds messages of a colleague by department', async () => {
    await page.getByRole('link', { name: 'Search', exact: true }).click();
    await page.getByRole('button', { name: 'Sender: Anyone' }).click();
    await find().fill('客户 销售');
    await option(/张伟.*客户代表 · 销售部/).waitFor();
    await picture(page, 'finder-sender');
    expect(await axeViolations(page)).toEqual([]);
    await find().fill('ln');
    await option(/李娜/).click();
    await page.getByRole('button', { name: 'Sender: 李娜' }).waitFor();
    await page.getByRole('list', { name: 'Results' }).getByText('样机周五到').first().waitFor();
    await page.getByRole('tab', { name: 'People' }).click();
    await page.getByRole('searchbox').fill('zw');
    const results = page.getByRole('list', { name: 'Results' });
    await results.getByRole('link', { name: /张伟.*客户代表 · 销售部/ }).waitFor();
    await expect.poll(() => results.getByRole('link').count()).toBe(2);
  });

  test('sees what Matrix knows of people who are in no directory', async () => {
    // In a conversation the keys belong to the composer.
    await page.goto('/directory');
    await page.getByRole('heading', { level: 1, name: 'Directory' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill(stranger.userId);
    await page.getByRole('option', { name: stranger.userId }).click();
    await page.getByRole('heading', { level: 1, name: stranger.userId }).waitFor();
    await page.getByText('You share no conversation yet.').waitFor();
    await page.goto('/person/nobody');
    await page.getByText('The account does not exist').waitFor();
    expect(await axeViolations(page)).toEqual([]);
  });

  test('has it on a phone, in Chinese and in the dark', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.evaluate(() => {
      localStorage.setItem('qiao.locale', 'zh-Hans');
    });
    await page.goto('/directory');
    await page.getByRole('heading', { level: 1, name: '通讯录' }).waitFor();
    await page
      .getByRole('list', { name: '部门' })
      .getByRole('link', { name: /Adventure Works/ })
      .click();
    await page
      .getByRole('list', { name: '部门' })
      .getByRole('link', { name: /研发部/ })
      .waitFor();
    expect(await horizontalOverflow(page)).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'directory-390-zh-dark');
    await page
      .getByRole('list', { name: '部门' })
      .getByRole('link', { name: /研发部/ })
      .click();
    await page.getByRole('searchbox').fill('shanxiong');
    await page.getByRole('group', { name: '查找范围' }).getByRole('button', { name: '仅研发部' }).click();
    await page.getByText('研发部中没有找到“shanxiong”').waitFor();
    expect(await horizontalOverflow(page)).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'directory-scope-390-zh-dark');
    await page.goto('/');
    // Over the conversation, which is there again when it is closed.
    await page
      .locator('.c-list')
      .getByRole('link', { name: /新品发布/ })
      .click();
    await page.locator('.c-room__head').getByText('5 人未激活', { exact: true }).waitFor();
    await page.getByRole('button', { name: '更多' }).click();
    await page.getByRole('menuitem', { name: '成员' }).click();
    await page.getByRole('button', { name: 'Brian Welcker', exact: true }).click();
    const profile = page.getByRole('complementary', { name: '个人资料' });
    await profile.getByRole('heading', { name: '直接下属（2 人）' }).waitFor();
    expect(await horizontalOverflow(page)).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    expect(await matrixIds(page)).toEqual([]);
    await picture(page, 'profile-390-zh-dark');
    await profile.getByRole('button', { name: '关闭' }).click();
    await page.locator('.c-room__head').waitFor();
    await page.goto('/');
    await page
      .locator('.c-list')
      .getByRole('link', { name: /工程组/ })
      .click();
    await page.getByRole('button', { name: '会话信息' }).click();
    await page.getByText('部门会话，不能自行退出').scrollIntoViewIfNeeded();
    expect(await horizontalOverflow(page)).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'department-info-390-zh-dark');
    await page.goto('/');
    await page.getByRole('button', { name: '发起聊天' }).click();
    await find().fill('zw');
    await option(/张伟.*未激活.*研发经理 · 工程组/).click();
    await paste('单雄、王二麻子');
    await dialog().getByRole('button', { name: '王二麻子 没有找到' }).waitFor();
    await find().fill('销售');
    await option(/Brian Welcker/).waitFor();
    expect(await horizontalOverflow(page)).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'finder-390-zh-dark');
    await page.setViewportSize({ width: 1440, height: 900 });
    await picture(page, 'finder-1440-zh-dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await picture(page, 'finder-1440-zh-light');
    await page.keyboard.press('Escape');
  });
});

describe('somebody who is in no directory', () => {
  test('finds people of shared conversations and by their id, and sees no company', async () => {
    const other = await open();
    await signIn(other.page, stranger);
    await other.page.getByRole('link', { name: 'Directory', exact: true }).click();
    await other.page.getByText('You are not in a company').waitFor();
    await other.page.getByRole('searchbox').fill(lina);
    await other.page.getByRole('list', { name: 'People', exact: true }).getByRole('link').click();
    await other.page.getByRole('heading', { level: 1 }).waitFor();
    await other.page.getByText('You share no conversation yet.').waitFor();
    expect(await other.page.getByText('lina@adventure-works.com').count()).toBe(0);
    expect(await axeViolations(other.page)).toEqual([]);
    await other.context.close();
  });
});
