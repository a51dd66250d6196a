import {
  axeViolations,
  horizontalOverflow,
  makeNioUser,
  makeUser,
  waitFor,
  type TestPage,
  type TestUser,
} from '@qiao/testkit';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeSdkPerson } from './sdk.ts';
import {
  picture,
  picturesOfFailure,
  setUpKeys,
  signIn,
  startClient,
  type ClientUnderTest,
} from './support.ts';

/*
 * What is written to somebody who has no device yet: the writer is told, and the other reads it from the first
 * message on, wherever the writer's client is by then. What cannot come is not promised.
 */

let client: ClientUnderTest;
let zhang: TestUser;
let device: TestPage;
let page: Page;

const ENCRYPTED = {
  type: 'm.room.encryption',
  state_key: '',
  content: { algorithm: 'm.megolm.v1.aes-sha2' },
};

/** A conversation as it is made for colleagues; who is not activated waits with an invitation. */
const makeRoom = (maker: TestUser, invite: readonly TestUser[], options: object = {}): Promise<string> =>
  maker.createRoom({
    preset: 'private_chat',
    invite: invite.map(({ userId }) => userId),
    initial_state: [ENCRYPTED],
    ...options,
  });

const open = async (where: Page, roomId: string): Promise<void> => {
  await where.goto(`/room/${encodeURIComponent(roomId)}`);
  await where.locator('.c-room__head h1').waitFor();
};
const write = async (where: Page, text: string): Promise<void> => {
  const editor = where.locator('.c-composer [contenteditable=true]');
  await editor.click();
  await where.keyboard.insertText(text);
  await where.keyboard.press('Enter');
  await tile(where, text).and(where.locator('[data-send=sent]')).waitFor();
};
const tile = (where: Page, text: string): Locator =>
  where.locator('.c-message').filter({ hasText: text }).first();
const notice = (where: Page, text: string | RegExp): Locator =>
  where.locator('.c-cannot-read').filter({ hasText: text });
const closed = (where: Page): Locator => where.locator('.c-unreadable');

beforeAll(async () => {
  client = await startClient();
  zhang = await makeUser({ name: 'zhang', displayName: '张三' });
  device = await client.open();
  page = device.page;
  await signIn(page, zhang, { keys: 'asked' });
  await setUpKeys(page);
});
afterEach(({ task }) => picturesOfFailure(client, task));
afterAll(() => client.close());

describe('somebody who has not been here', () => {
  let li: TestUser;
  let roomId: string;
  let other: TestPage;

  test('is shown as not activated, in the header and above the composer', async () => {
    li = await makeUser({ name: 'li', displayName: '李四' });
    roomId = await makeRoom(zhang, [li], { is_direct: true });
    await open(page, roomId);
    await page.locator('.c-room__head').getByText('Not activated yet').waitFor();
    await notice(
      page,
      /李四 has not activated the account yet\. What you write can be read after that/,
    ).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'waits-direct');
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await horizontalOverflow(page)).toBeLessThanOrEqual(0);
    await picture(page, 'waits-direct-390');
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  test('is written to; the set-up of the keys then cannot be put off', async () => {
    await write(page, '第一条：合同在抽屉里');
    await write(page, '第二条：密码另发');
    // The server lets them in when their account is there.
    await li.join(roomId);
    other = await client.open();
    await signIn(other.page, li, { keys: 'asked' });
    const dialog = other.page.getByRole('dialog');
    await dialog.getByText('Messages are waiting for you').waitFor();
    expect(await dialog.getByRole('button', { name: 'Later' }).count()).toBe(0);
    expect(await dialog.getByRole('button', { name: 'Close' }).count()).toBe(0);
    await other.page.keyboard.press('Escape');
    await dialog.getByText('Messages are waiting for you').waitFor();
    expect(await axeViolations(other.page)).toEqual([]);
    await picture(other.page, 'waits-set-up');
    // Nothing goes to a device that is not signed.
    expect(await notice(page, '李四 is here').count()).toBe(0);
    await setUpKeys(other.page);
  });

  test('finds what waited counted as unread: in the list, at the rail and in the title', async () => {
    await other.page
      .locator('.c-list')
      .getByRole('link', { name: /张三.*2 unread/ })
      .waitFor();
    await other.page.getByRole('navigation', { name: 'Main menu' }).getByText('2 waiting').waitFor();
    await waitFor(async () => (await other.page.title()).startsWith('(2) '), { what: 'the title' });
  });

  test('reads everything from the first message on, and the writer sees to whom the keys went, and when', async () => {
    await open(other.page, roomId);
    await tile(other.page, '第一条：合同在抽屉里').waitFor();
    await tile(other.page, '第二条：密码另发').waitFor();
    expect(await closed(other.page).count()).toBe(0);
    await notice(
      page,
      /李四 is here\. The keys of what you wrote since .* were sent to one confirmed device on/,
    ).waitFor();
    await picture(page, 'waits-given');
    expect(await page.locator('.c-room__head').getByText('Not activated yet').count()).toBe(0);
    await notice(page, '李四 is here').getByRole('button', { name: 'OK' }).click();
    await notice(page, '李四 is here').waitFor({ state: 'detached' });
    await page.reload();
    await tile(page, '第二条').waitFor();
    expect(await notice(page, '李四 is here').count()).toBe(0);
  });
});

test('the writer’s browser is closed meanwhile: the messages come when it is opened again', async () => {
  const wang = await makeUser({ name: 'wang', displayName: '王五' });
  const roomId = await makeRoom(zhang, [wang], { name: '交接' });
  await open(page, roomId);
  await notice(page, '王五 has not activated').waitFor();
  await write(page, '写给还没来的人');
  await page.goto('about:blank');

  await wang.join(roomId);
  const other = await client.open({ locale: 'zh-CN', width: 390, height: 844, colorScheme: 'dark' });
  const theirs = other.page;
  await theirs.goto('/');
  await theirs.getByLabel('用户名').fill(wang.userId);
  await theirs.getByLabel('密码', { exact: true }).fill(wang.password);
  await theirs.getByRole('button', { name: '登录', exact: true }).click();
  await theirs.getByText('有消息在等您阅读').waitFor();
  await picture(theirs, 'waits-set-up-zh');
  const dialog = theirs.getByRole('dialog');
  await dialog.getByRole('button', { name: '获取恢复密钥' }).click();
  await dialog.getByRole('checkbox').check();
  await dialog.getByRole('button', { name: '完成' }).click();
  await open(theirs, roomId);
  await closed(theirs).filter({ hasText: '只有 张三 可以重新发送。' }).waitFor();
  await closed(theirs).filter({ hasText: '消息仍可能自动显示' }).waitFor();
  expect(await axeViolations(theirs)).toEqual([]);
  expect(await horizontalOverflow(theirs)).toBeLessThanOrEqual(0);
  await picture(theirs, 'waits-closed-zh');

  await page.goto('/');
  await tile(theirs, '写给还没来的人').waitFor();
  await open(page, roomId);
  await notice(page, '王五 is here').waitFor();
});

test('history for those who were there alone: nothing is promised, nothing is given', async () => {
  const zhao = await makeUser({ name: 'zhao', displayName: '赵六' });
  const history = {
    type: 'm.room.history_visibility',
    state_key: '',
    content: { history_visibility: 'joined' },
  };
  const roomId = await makeRoom(zhang, [zhao], { name: '项目', initial_state: [ENCRYPTED, history] });
  await open(page, roomId);
  await notice(
    page,
    '赵六 has not activated the account yet. What is written before that stays closed to them.',
  ).waitFor();
});

test('a direct chat written by another maker’s client says that only its writer can send it again', async () => {
  const { nio, user: stranger } = await makeNioUser({ name: 'nio', displayName: '外来客户端' });
  try {
    const qian = await makeUser({ name: 'qian', displayName: '钱七' });
    const roomId = await nio.createRoom({ invite: [qian.userId], encrypted: true, is_direct: true });
    await nio.sendText(roomId, '谁也读不到');
    await qian.join(roomId);
    const { page: theirs } = await client.open();
    await signIn(theirs, qian, { keys: 'asked' });
    await setUpKeys(theirs);
    await open(theirs, roomId);
    await closed(theirs).filter({ hasText: 'Only 外来客户端 can send it again.' }).waitFor();
    await picture(theirs, 'waits-closed');
    await waitFor(async () => (await nio.state()).rooms[roomId]?.members.includes(qian.userId));
    await nio.sendText(roomId, '现在可以读到');
    await tile(theirs, '现在可以读到').waitFor();
    expect(stranger.userId).not.toBe(qian.userId);
  } finally {
    await nio.close();
  }
});

test('in a group with another maker’s client, unmodified matrix-js-sdk gets what ours wrote, and nothing else', async () => {
  const { nio, user: stranger } = await makeNioUser({ name: 'nio', displayName: '外来客户端' });
  const sun = await makeUser({ name: 'sun', displayName: '孙八' });
  try {
    const roomId = await makeRoom(zhang, [stranger, sun], { name: '小组' });
    await nio.join(roomId);
    await open(page, roomId);
    await notice(page, '孙八 has not activated').waitFor();
    await write(page, '来自我们的客户端');
    const theirs = await nio.sendText(roomId, '来自别的客户端');
    await tile(page, '来自别的客户端').waitFor();
    const ours = (await nio.timeline(roomId)).find((each) => each.content['body'] === '来自我们的客户端');

    const reader = await makeSdkPerson({ at: sun });
    try {
      await reader.client.joinRoom(roomId);
      await waitFor(async () => (await reader.read(roomId, ours?.event_id ?? '')) === '来自我们的客户端', {
        what: 'what ours wrote',
      });
      expect(await reader.read(roomId, theirs)).toBe('closed');
      await notice(page, '孙八 is here').waitFor();
    } finally {
      reader.stop();
    }
  } finally {
    await nio.close();
  }
});
