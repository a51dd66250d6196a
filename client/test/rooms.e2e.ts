import {
  axeViolations,
  horizontalOverflow,
  makeNioUser,
  makeUser,
  stackControl,
  waitFor,
  type NioClient,
  type TestPage,
  type TestUser,
} from '@qiao/testkit';
import type { Locator, Page, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  boxOf,
  enterDirectory,
  picture,
  picturesOfFailure,
  signIn,
  startClient,
  type ClientUnderTest,
} from './support.ts';

/*
 * The conversation list of a new person, from nothing to groups, departments and people from outside. The other
 * side of encrypted chats is matrix-nio. One sign-in for the file: the tests stand on each other in their order.
 */

let client: ClientUnderTest;
let device: TestPage;
let page: Page;
let me: TestUser;
let wang: TestUser;
let nio: NioClient;
let li: TestUser;
let direct = '';
let project = '';

const row = (name: string | RegExp): Locator => page.locator('.c-list').getByRole('link', { name });
const openMenu = async (name: string): Promise<void> => {
  await row(name).click({ button: 'right' });
  await page.getByRole('menu', { name: `Options for ${name}` }).waitFor();
};
const choose = (name: string): Promise<void> =>
  page.getByRole('menu').locator('[role^=menuitem]', { hasText: name }).click();
const filter = (name: string): Promise<void> =>
  page.getByRole('group', { name: 'Show' }).getByRole('button', { name }).click();
const home = (): Promise<void> =>
  page.getByRole('navigation', { name: 'Main menu' }).getByRole('link', { name: 'Chats' }).click();
/** Opens a conversation: what is typed afterwards goes there, not into the one before. */
const open = async (name: string | RegExp): Promise<void> => {
  await row(name).click();
  await page.getByRole('main', { name }).waitFor();
};
const roomOf = (): string => decodeURIComponent(new URL(page.url()).pathname.split('/')[2] ?? '');
const of = (roomId: string, what: string): string =>
  `/v3/user/${encodeURIComponent(me.userId)}/rooms/${encodeURIComponent(roomId)}/${what}`;

beforeAll(async () => {
  client = await startClient();
  await stackControl().ensure('partner');
  [me, wang] = await Promise.all([
    makeUser({ name: 'zhang', displayName: '张三' }),
    makeUser({ name: 'wang', displayName: '王五' }),
  ]);
  const other = await makeNioUser({ name: 'li', displayName: '李四' });
  nio = other.nio;
  li = other.user;
  device = await client.open();
  page = device.page;
  await signIn(page, me);
});
afterEach(({ task }) => picturesOfFailure(client, task));
afterAll(async () => {
  await nio.close();
  await client.close();
});

describe('a new person', () => {
  test('is told what to do', async () => {
    await page.getByText('No conversations yet').waitFor();
    await picture(page, 'rooms-empty');
    expect(await axeViolations(page)).toEqual([]);
  });

  test('sees an invitation with who sent it, and accepts it', async () => {
    direct = await nio.createRoom({ invite: [me.userId], encrypted: true, is_direct: true });
    await row(/李四/).click();
    await page.getByText('would like to write to you.').waitFor();
    await picture(page, 'rooms-invite');
    expect(await axeViolations(page)).toEqual([]);
    const size = page.viewportSize() ?? { width: 1280, height: 800 };
    await page.setViewportSize({ width: 390, height: 844 });
    await picture(page, 'rooms-invite-phone');
    const back = await boxOf(page.getByRole('main').getByRole('link', { name: 'Chats' }));
    const card = await boxOf(page.locator('.c-invite__card'));
    // One line at the top, and the card in the middle below it.
    expect(back.height).toBeLessThan(40);
    expect(back.bottom).toBeLessThanOrEqual(card.y);
    expect(Math.abs(card.x + card.width / 2 - 195)).toBeLessThanOrEqual(1);
    await page.setViewportSize(size);
    await page.getByRole('button', { name: 'Accept' }).click();
    await page.getByRole('button', { name: 'Accept' }).waitFor({ state: 'detached' });
    await waitFor(async () => (await li.members(direct)).includes(me.userId), { what: 'the join' });
    // Noted as a direct chat, for all devices.
    await waitFor(
      async () => {
        const list = await me
          .request<Record<string, string[]>>(
            'GET',
            `/v3/user/${encodeURIComponent(me.userId)}/account_data/m.direct`,
          )
          .catch((): Record<string, string[]> => ({}));
        return list[li.userId]?.includes(direct);
      },
      { what: 'm.direct' },
    );
  });
});

describe('previews and counts', () => {
  test('an encrypted message of another client is read in the list', async () => {
    await home();
    await nio.waitEvent({ room_id: direct, type: 'm.room.member', sender: me.userId });
    await nio.sendText(direct, '合同已经\u202e发给你了');
    await row(/李四/).getByText('合同已经发给你了').waitFor();
    await row(/1 unread/).waitFor();
    await waitFor(async () => (await page.title()).startsWith('(1) '), { what: 'the count in the title' });
  });

  test('a mention is marked, an edit replaces the line, a redaction is told', async () => {
    const id = await nio.sendText(direct, '请看 张三', { mentions: [me.userId] });
    await row(/1 mention/).waitFor();
    await nio.sendText(direct, '请看一下', { replaces: id });
    await row(/李四/).getByText('请看一下').waitFor();
    await li.request('PUT', `/v3/rooms/${encodeURIComponent(direct)}/redact/${encodeURIComponent(id)}/1`, {});
    await row(/李四/).getByText('A message was removed').waitFor();
  });

  test('content that means harm stays one harmless line', async () => {
    const room = await wang.createRoom({ name: 'Plan\u202e\u0000 <img src=x>', invite: [me.userId] });
    await me.join(room);
    // The homeserver looks into what it can read; what is encrypted reaches us as it was sent.
    await nio.send(direct, 'm.room.message', { msgtype: 'm.text', body: { evil: true } });
    await row(/李四/).getByText('A message of a kind that cannot be shown here').waitFor();
    await wang.sendText(room, '<script>alert(1)</script>\n\n\u202egpj');
    await row(/Plan/).getByText('王五: <script>alert(1)</script> gpj').waitFor();
    expect(await row(/Plan/).innerText()).toContain('Plan <img src=x>');
    await openMenu('Plan <img src=x>');
    await choose('Leave');
    await page.getByRole('dialog').getByText('To come back you need an invitation.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
    await row(/Plan/).waitFor({ state: 'detached' });
    await expect.poll(() => me.rooms()).not.toContain(room);
  });

  test('typing is shown', async () => {
    await li.request(
      'PUT',
      `/v3/rooms/${encodeURIComponent(direct)}/typing/${encodeURIComponent(li.userId)}`,
      {
        typing: true,
        timeout: 20_000,
      },
    );
    await row(/李四/).getByText('Typing…').waitFor();
    await li.request(
      'PUT',
      `/v3/rooms/${encodeURIComponent(direct)}/typing/${encodeURIComponent(li.userId)}`,
      {
        typing: false,
      },
    );
    await row(/李四/).getByText('Typing…').waitFor({ state: 'detached' });
  });
});

describe('beginning conversations', () => {
  // Among people of the directory; elsewhere in this file they are plain accounts, whose invitations are their own to
  // accept.
  let leave = (): Promise<void> => Promise.resolve();
  beforeAll(async () => {
    leave = await enterDirectory([me, '张三'], [wang, '王五'], [li, '李四']);
  });
  afterAll(() => leave());

  const pick = async (text: string, name: string): Promise<void> => {
    const dialog = page.getByRole('dialog', { name: 'New chat' });
    await dialog.getByRole('combobox', { name: 'Find people' }).fill(text);
    await dialog.getByRole('option', { name }).click();
  };

  test('a group of two others is made encrypted, for people of here only', async () => {
    await page.getByRole('button', { name: 'New chat' }).click();
    // The homeserver keeps the names of people whom one shares nothing with to itself.
    // Found by the whole id, shown by the user name.
    await pick(wang.userId, wang.userId.slice(1, wang.userId.indexOf(':')));
    await pick('lisi', '李四');
    const dialog = page.getByRole('dialog', { name: 'New chat' });
    await dialog.getByLabel('Name of the group').fill('项目 A');
    await picture(page, 'rooms-new-group');
    expect(await axeViolations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Create group' }).click();
    project = await wang.waitForInvite();
    await wang.join(project);
    expect(await wang.state(project, 'm.room.encryption')).toMatchObject({
      algorithm: 'm.megolm.v1.aes-sha2',
    });
    expect(await wang.state(project, 'm.room.create')).toMatchObject({ 'm.federate': false });
    expect(await wang.state(project, 'm.room.power_levels')).toMatchObject({ invite: 0, state_default: 50 });
    await waitFor(() => Promise.resolve(roomOf() === project), { what: 'the new group on the screen' });
    await row('项目 A').waitFor();
  });

  test('a chat with somebody one has a chat with opens that one', async () => {
    await home();
    await page.getByRole('button', { name: 'New chat' }).click();
    await pick('ls', '李四');
    await page.getByRole('dialog').getByRole('button', { name: 'Start chat' }).click();
    await waitFor(() => Promise.resolve(roomOf() === direct), { what: 'the chat there was' });
  });

  test('has the colour of the other person wherever it is shown', async () => {
    await open(/李四/);
    const colour = (of: Locator): Promise<string | null> =>
      of.locator('[data-color]').first().getAttribute('data-color');
    const inList = await colour(row('李四'));
    expect(await colour(page.locator('.c-room__head'))).toBe(inList);
    const toolbar = page.getByRole('toolbar', { name: 'Panels' });
    await toolbar.getByRole('button', { name: 'About this conversation' }).click();
    expect(await colour(page.locator('.c-info__head'))).toBe(inList);
    await toolbar.getByRole('button', { name: 'About this conversation' }).click();
    await toolbar.getByRole('button', { name: 'Members' }).click();
    expect(await colour(page.locator('.c-member').filter({ hasText: '李四' }))).toBe(inList);
  });
});

describe('a draft', () => {
  test('shows in the list when one goes away from it', async () => {
    const box = page.getByRole('main', { name: '项目 A' }).locator('[contenteditable=true]');
    await open('项目 A');
    await box.click();
    await page.keyboard.insertText('明天再说');
    await open(/李四/);
    await row('项目 A').getByText('明天再说').waitFor();
    await open('项目 A');
    await box.getByText('明天再说').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Backspace');
    await row('项目 A').getByText('明天再说').waitFor({ state: 'detached' });
  });
});

describe('order in the list', () => {
  test('favourites are on top, and the homeserver knows', async () => {
    await openMenu('项目 A');
    await choose('Add to favourites');
    await page.getByRole('heading', { name: /Favourites/ }).waitFor();
    await expect
      .poll(async () => Object.keys((await me.request<{ tags: object }>('GET', of(project, 'tags'))).tags))
      .toEqual(['m.favourite']);
  });

  test('a muted conversation counts for nothing', async () => {
    await openMenu('李四');
    await choose('Mute');
    await row(/李四.*Muted/).waitFor();
    const path = `/v3/pushrules/global/override/${encodeURIComponent(direct)}`;
    const rule = await waitFor(() => me.request<{ actions: unknown[] }>('GET', path), { what: 'the rule' });
    expect(rule.actions).toEqual([]);
    await openMenu('李四');
    await choose('As set for all');
    await row(/李四.*Muted/).waitFor({ state: 'detached' });
  });

  test('marking as unread goes to the other devices; Alt and an arrow lead there', async () => {
    // What the menu offers follows from whether it is read: it is, once it has been open.
    await open(/李四/);
    await row(/李四.*unread/i).waitFor({ state: 'detached' });
    await open('项目 A');
    await openMenu('李四');
    await choose('Mark as unread');
    await row(/李四.*Unread/).waitFor();
    await waitFor(
      async () =>
        (
          await me
            .request<{ unread?: boolean }>('GET', of(direct, 'account_data/m.marked_unread'))
            .catch(() => ({ unread: false }))
        ).unread,
      { what: 'm.marked_unread' },
    );
    await page.keyboard.press('Alt+ArrowDown');
    await waitFor(() => Promise.resolve(roomOf() === direct), { what: 'the unread chat' });
  });

  test('filters narrow the list, and say when there is nothing', async () => {
    await filter('People');
    await row(/李四/).waitFor();
    await row('项目 A').waitFor({ state: 'detached' });
    await filter('External');
    await page.getByText('No conversation has people from outside.').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Show all' }).click();
    await row('项目 A').waitFor();
  });

  test('arrow keys walk through it', async () => {
    await row('项目 A').focus();
    await page.keyboard.press('End');
    await waitFor(() => row(/李四/).evaluate((node) => node === document.activeElement), {
      what: 'the focus',
    });
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await waitFor(() => Promise.resolve(roomOf() === project), { what: 'the conversation by Enter' });
  });

  test('a department narrows it', async () => {
    const space = await me.createRoom({ name: '研发部', creation_content: { type: 'm.space' } });
    await me.setState(space, 'm.space.child', project, {
      via: [me.userId.slice(me.userId.indexOf(':') + 1)],
    });
    await page.getByRole('button', { name: /All departments/ }).click();
    await picture(page, 'rooms-departments');
    await page.getByRole('dialog').getByRole('button', { name: '研发部', exact: true }).click();
    await row(/李四/).waitFor({ state: 'detached' });
    await row('项目 A').waitFor();
    await page.getByRole('button', { name: /研发部/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'All departments' }).click();
    await row(/李四/).waitFor();
  });
});

describe('the quick switcher', () => {
  test('finds people by the initials of their pinyin', async () => {
    await home();
    await page.keyboard.press('Control+k');
    const box = page.getByRole('combobox', { name: 'Find a conversation or a person' });
    await box.fill('ls');
    await page.getByRole('option', { name: /李四/ }).waitFor();
    await picture(page, 'rooms-switcher');
    expect(await axeViolations(page)).toEqual([]);
    // What an input method composes is not chosen yet.
    await box.dispatchEvent('keydown', { key: 'Enter', isComposing: true });
    await page.keyboard.press('Enter');
    await waitFor(() => Promise.resolve(roomOf() === direct), { what: 'the chat' });
    await box.waitFor({ state: 'detached' });
  });

  test('says when nothing fits', async () => {
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('zzzzqq');
    await page.getByText('Nobody fits “zzzzqq”').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('combobox').waitFor({ state: 'detached' });
  });
});

describe('people from outside', () => {
  test('are marked in the list, in invitations and where a chat begins', async () => {
    const partner = await makeUser({ name: 'partner', displayName: 'Partner Pia', server: 'partner' });
    const room = await partner.createRoom({ name: 'Joint project', invite: [me.userId] });
    await row(/Joint project.*External/).click();
    await page.getByText('An invitation from outside').waitFor();
    await picture(page, 'rooms-invite-external');
    await page.getByRole('button', { name: 'Accept' }).click();
    await page.getByText('An invitation from outside').waitFor({ state: 'detached' });
    await waitFor(async () => (await partner.members(room)).includes(me.userId), { what: 'the join' });
    await row(/Joint project.*External/).waitFor();
    await filter('External');
    await row('项目 A').waitFor({ state: 'detached' });
    await row(/Joint project/).waitFor();
    await filter('All');
    // By name, because one shares a conversation; anybody else by the whole Matrix ID.
    await page.getByRole('button', { name: 'New chat' }).click();
    const dialog = page.getByRole('dialog', { name: 'New chat' });
    const find = dialog.getByRole('combobox', { name: 'Find people' });
    await find.fill('pia');
    await dialog.getByRole('option', { name: /Partner Pia External/ }).click();
    await dialog.getByText('With people from outside').waitFor();
    await find.fill(`@nobody:${partner.userId.slice(partner.userId.indexOf(':') + 1)}`);
    await dialog.getByRole('option', { name: /@nobody:.* External/ }).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });
});

describe('what is unread', () => {
  /** Numbers of the four places; 0 where there is none. */
  const numberIn = async (locator: Locator, pattern: RegExp): Promise<number> =>
    Number(pattern.exec((await locator.locator('.q-sr').allTextContents()).join(' '))?.[1] ?? 0);
  const rail = (): Locator =>
    page.getByRole('navigation', { name: 'Main menu' }).getByRole('link', { name: /^Chats/ });
  const threads = (): Locator => page.getByRole('main').getByRole('button', { name: /^Threads/ });
  const places = async (): Promise<Record<string, unknown>> => ({
    list: await numberIn(row(/小组/), /(\d+) unread/),
    rail: await numberIn(rail(), /(\d+) waiting/),
    header: Number(/(\d+) unread/.exec((await threads().getAttribute('aria-label')) ?? '')?.[1] ?? 0),
    title: Number(/^\((\d+)\)/.exec(await page.title())?.[1] ?? 0),
  });
  /** What the homeserver counts, for the other devices of the person. */
  const atServer = async (): Promise<number> => {
    const filter = JSON.stringify({ room: { timeline: { limit: 1, unread_thread_notifications: true } } });
    const answer = await me.request<{
      rooms: {
        join: Record<
          string,
          {
            unread_notifications: { notification_count: number };
            unread_thread_notifications?: Record<string, { notification_count: number }>;
          }
        >;
      };
    }>('GET', `/v3/sync?timeout=0&filter=${encodeURIComponent(filter)}`);
    const room = answer.rooms.join[group];
    return [room?.unread_notifications, ...Object.values(room?.unread_thread_notifications ?? {})].reduce(
      (sum, each) => sum + (each?.notification_count ?? 0),
      0,
    );
  };
  let group = '';
  let root = '';

  test('an invitation counts at the rail and in the title', async () => {
    await home();
    await page.getByRole('button', { name: 'Order', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Mark everything as read' }).click();
    await page.getByText('Everything is marked as read.').waitFor();
    await expect.poll(() => numberIn(rail(), /(\d+) waiting/)).toBe(0);
    group = await nio.createRoom({ name: '小组', encrypted: true, invite: [me.userId] });
    await expect.poll(() => numberIn(rail(), /(\d+) waiting/)).toBe(1);
    await waitFor(async () => (await page.title()).startsWith('(1) '), { what: 'the title' });
    await row(/小组/).click();
    await page.getByRole('button', { name: 'Accept' }).click();
    await page.getByRole('button', { name: 'Accept' }).waitFor({ state: 'detached' });
    await nio.waitEvent({ room_id: group, type: 'm.room.member', sender: me.userId });
    await expect.poll(() => numberIn(rail(), /(\d+) waiting/)).toBe(0);
  });

  test('a reply in a thread counts once, and the same everywhere; a mention makes it red', async () => {
    await open('项目 A');
    root = await nio.sendText(group, '周五之前谁有空？');
    const reply = await nio.sendText(group, '我有空', { thread: root });
    await expect.poll(() => numberIn(row(/小组/), /(\d+) unread/)).toBe(2);
    await open('小组');
    await expect.poll(places).toEqual({ list: 1, rail: 1, header: 1, title: 1 });
    expect(await rail().locator('.c-rail__count').getAttribute('data-mention')).toBe('false');
    await page.locator(`[data-event="${root}"]`).getByText('1 unread').waitFor();
    // Changed and reacted to: it is still one message.
    await nio.sendText(group, '我周四有空', { replaces: reply });
    await nio.react(group, reply, '👍');
    await nio.sendText(group, '张三呢？', { thread: root, mentions: [me.userId] });
    await expect.poll(places).toEqual({ list: 2, rail: 2, header: 2, title: 2 });
    await expect.poll(() => rail().locator('.c-rail__count').getAttribute('data-mention')).toBe('true');
    await rail().getByText('1 mention').waitFor();
    await threads().click();
    await page.getByRole('complementary', { name: 'Threads' }).getByText('2 unread, 1 mention').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'rooms-unread-threads');
    await page.reload();
    await expect.poll(places).toEqual({ list: 2, rail: 2, header: 2, title: 2 });
  });

  test('marked as read, all of it is: several threads, whose newest is an edit or a reaction', async () => {
    const second = await nio.sendText(group, '另一件事');
    const reply = await nio.sendText(group, '说吧', { thread: second });
    await nio.sendText(group, '请说', { replaces: reply });
    await nio.react(group, reply, '👀');
    await open('项目 A');
    await expect.poll(() => numberIn(row(/小组/), /(\d+) unread/)).toBeGreaterThanOrEqual(3);
    await openMenu('小组');
    await choose('Mark as read');
    await expect.poll(() => numberIn(row(/小组/), /(\d+) unread/)).toBe(0);
    await expect.poll(atServer).toBe(0);
    await open('小组');
    await page.reload();
    await page.getByRole('main', { name: '小组' }).waitFor();
    await row('项目 A').waitFor();
    await expect.poll(places).toEqual({ list: 0, rail: 0, header: 0, title: 0 });
    // By the keyboard, where one is.
    await nio.sendText(group, '再来一条', { thread: second });
    await nio.sendText(group, '还有一条', { thread: root });
    await expect.poll(places).toEqual({ list: 2, rail: 2, header: 2, title: 2 });
    await page.keyboard.press('Shift+Escape');
    await expect.poll(places).toEqual({ list: 0, rail: 0, header: 0, title: 0 });
    await expect.poll(atServer).toBe(0);
  });

  test('a thread that is read in its panel is read for all places', async () => {
    const reply = await nio.sendText(group, '最后一问', { thread: root });
    await nio.react(group, reply, '❓');
    await expect.poll(places).toEqual({ list: 1, rail: 1, header: 1, title: 1 });
    await page
      .locator(`[data-event="${root}"]`)
      .getByRole('button', { name: /repl(y|ies)/ })
      .click();
    await page.getByRole('complementary', { name: 'Thread' }).getByText('最后一问').waitFor();
    await expect.poll(places).toEqual({ list: 0, rail: 0, header: 0, title: 0 });
    await expect.poll(atServer).toBe(0);
  });
});

describe('while the account is still being read', () => {
  test('a chat that another device has made is not made twice', async () => {
    const sync = '**/_matrix/client/v3/sync?*';
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route(sync, async (route) => {
      await released;
      // The page may have gone on without it.
      await route.continue().catch(() => undefined);
    });
    const made: string[] = [];
    const note = (request: Request): void => {
      if (/\/createRoom|\/api\/org\/conversations/.test(request.url())) made.push(request.url());
    };
    page.on('request', note);
    await page.goto(`/person/${encodeURIComponent(wang.userId)}`);
    const button = page.getByRole('button', { name: 'Message', exact: true });
    await button.waitFor();
    // On another device meanwhile.
    const room = await me.createRoom({ invite: [wang.userId], is_direct: true });
    await wang.join(room);
    const path = `/v3/user/${encodeURIComponent(me.userId)}/account_data/m.direct`;
    const before = await me.request<Record<string, string[]>>('GET', path);
    await me.request('PUT', path, { ...before, [wang.userId]: [room] });
    await button.click();
    await button.and(page.locator(':disabled, [aria-disabled=true]')).waitFor();
    release();
    await waitFor(() => Promise.resolve(roomOf() === room), { what: 'the chat of the other device' });
    expect(made).toEqual([]);
    page.off('request', note);
    await page.unroute(sync);
  });
});

describe('the own name and picture', () => {
  test('are those of the homeserver, wherever they are changed', async () => {
    const menu = (name: string): Locator =>
      page.getByRole('button', { name: `Menu of ${name}`, exact: true });
    await menu('张三').waitFor();
    expect(await menu('张三').locator('img').count()).toBe(0);
    // The homeserver lets nobody rename themselves.
    const admin = await makeUser({ name: 'operator', admin: true });
    await admin.request('PUT', `/_synapse/admin/v2/users/${encodeURIComponent(me.userId)}`, {
      displayname: '张三丰',
    });
    await menu('张三丰').click();
    await page.getByRole('menuitem', { name: 'Settings' }).click();
    const drawn = await page.evaluate(() => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 128, height: 128 });
      canvas.getContext('2d')?.fillRect(0, 0, 64, 64);
      return canvas.toDataURL('image/png');
    });
    await page.getByRole('button', { name: 'Choose a picture' }).waitFor();
    await page.locator('input[type=file]').setInputFiles({
      name: 'me.png',
      mimeType: 'image/png',
      buffer: Buffer.from(drawn.slice(drawn.indexOf(',') + 1), 'base64'),
    });
    await menu('张三丰').locator('img').waitFor();
    await picture(page, 'rooms-own-picture');
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    await menu('张三丰').locator('img').waitFor({ state: 'detached' });
  });
});

describe('on a phone', () => {
  test('the list fits, and is clean in Chinese and in the dark', async () => {
    // Beside the list the chats are where one was; on a phone they are the list.
    await page.setViewportSize({ width: 390, height: 844 });
    await home();
    await row('项目 A').waitFor();
    expect(await horizontalOverflow(page)).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'rooms-390');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.evaluate(() => {
      localStorage.setItem('qiao.locale', 'zh-Hans');
    });
    await page.reload();
    await page.getByRole('heading', { level: 1, name: '消息' }).waitFor();
    await row('项目 A').waitFor();
    expect(await horizontalOverflow(page)).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'rooms-390-zh-dark');
    await page.setViewportSize({ width: 1280, height: 900 });
    await picture(page, 'rooms-1280-zh-dark');
  });

  test('nothing was thrown on the way', () => {
    // Refused requests are told by the browser itself: what the homeserver does not offer, and who is nobody here.
    expect(device.errors.filter((line) => !line.includes('Failed to load resource'))).toEqual([]);
  });
});
