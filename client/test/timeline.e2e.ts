import {
  axeViolations,
  horizontalOverflow,
  makeNioUser,
  makeUser,
  type NioClient,
  type TestPage,
  type TestUser,
} from '@qiao/testkit';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  boxOf,
  chooseAt,
  drawPicture,
  picture,
  picturesOfFailure,
  signIn,
  startClient,
  type ClientUnderTest,
} from './support.ts';

/*
 * A conversation as one person sees it in a browser, while another one writes with a client of a different make
 * (matrix-nio), encrypted; and a long history that is scrolled through.
 */

const HISTORY = 260;

let client: ClientUnderTest;
let reader: TestUser;
let colleague: TestUser;
let nio: NioClient;
let device: TestPage;
/** Encrypted; with the client of another make. */
let team: string;
/** With a long history. */
let long: string;
let closeNio = (): Promise<void> => Promise.resolve();

const message = (page: Page, text: string) => page.getByRole('article').filter({ hasText: text });
const open = async (page: Page, name: string): Promise<void> => {
  await page
    .getByRole('link', { name: new RegExp(name) })
    .first()
    .click();
  await page.getByRole('main', { name }).waitFor();
};

beforeAll(async () => {
  client = await startClient();
  reader = await makeUser({ name: 'reader', displayName: '王小明' });
  colleague = await makeUser({ name: 'colleague', displayName: '赵丽' });
  const other = await makeNioUser({ displayName: '陈工' });
  nio = other.nio;
  closeNio = () => nio.close();
  long = await colleague.createRoom({ name: '历史会议', invite: [reader.userId] });
  await reader.join(long);
  for (let at = 1; at <= HISTORY; at += 20) {
    await Promise.all(
      Array.from({ length: Math.min(20, HISTORY - at + 1) }, (_, step) =>
        colleague.sendText(long, `记录 ${String(at + step)} 号`),
      ),
    );
  }
  await colleague.sendText(long, '最后一条');
  team = await nio.createRoom({ name: '研发部', encrypted: true, invite: [reader.userId] });
  await reader.join(team);
  device = await client.open();
  await signIn(device.page, reader);
});
afterEach(({ task }) => picturesOfFailure(client, task));
afterAll(async () => {
  await closeNio();
  await client.close();
});

describe('with a client of another make, encrypted', () => {
  let first: string;

  test('what is written there appears here, formatted and grouped', async () => {
    const { page } = device;
    await open(page, '研发部');
    await page.getByRole('img', { name: 'End-to-end encrypted' }).waitFor();
    first = await nio.sendText(team, '大家好,请看今天的安排 https://work.example/plan。');
    await nio.send(team, 'm.room.message', {
      msgtype: 'm.text',
      body: 'code',
      format: 'org.matrix.custom.html',
      formatted_body:
        '<p>试试 <strong>这个</strong></p><pre><code class="language-js">const a = 1;</code></pre>',
    });
    await message(page, '大家好').waitFor();
    await message(page, '大家好').getByRole('link', { name: 'https://work.example/plan' }).waitFor();
    await message(page, '试试').locator('pre').waitFor();
    await expect.poll(() => message(page, '试试').getAttribute('data-continued')).toBe('true');
  });

  test('a reply quotes, an edit replaces, a reaction counts', async () => {
    const { page } = device;
    await nio.sendText(team, '收到', { reply_to: first });
    await message(page, '收到').getByText('大家好', { exact: false }).first().waitFor();
    await nio.sendText(team, '大家好,安排改了', { replaces: first });
    await page.locator(`[data-event="${first}"]`).getByText('(edited)').waitFor();
    await nio.react(team, first, '👍');
    const thumb = page.locator(`[data-event="${first}"]`).getByRole('button', { name: /^👍/ }).first();
    await thumb.waitFor();
    await thumb.click();
    await nio.waitEvent({ room_id: team, sender: reader.userId, type: 'm.reaction', key: '👍' });
    await expect.poll(() => thumb.getAttribute('aria-pressed')).toBe('true');
  });

  test('a thread has its own panel and a summary', async () => {
    const { page } = device;
    await nio.sendText(team, '话题里的第一句', { thread: first });
    await page
      .getByRole('button', { name: /1 reply/ })
      .first()
      .click();
    const panel = page.getByRole('complementary', { name: 'Thread' });
    await panel.getByRole('article').filter({ hasText: '话题里的第一句' }).waitFor();
    await nio.sendText(team, '话题里的第二句', { thread: first });
    await panel.getByRole('article').filter({ hasText: '话题里的第二句' }).waitFor();
    await picture(page, 'timeline-thread');
    expect(await axeViolations(page)).toEqual([]);
    await panel.getByRole('button', { name: 'Close' }).click();
    await panel.waitFor({ state: 'hidden' });
    // What is said in the thread is not said beside it.
    expect(
      await message(page, '话题里的第二句').locator('.c-text').filter({ hasText: '第二句' }).count(),
    ).toBe(0);
    await page
      .getByRole('button', { name: /2 replies/ })
      .first()
      .waitFor();
  });

  test('in the list of threads a picture keeps its shape beside a long line', async () => {
    const { page } = device;
    await page.getByRole('button', { name: 'Threads' }).click();
    const panel = page.getByRole('complementary', { name: 'Threads' });
    const avatar = panel.locator('.c-listed > :first-child').first();
    await avatar.waitFor();
    const { width, height } = await boxOf(avatar);
    expect([width, height]).toEqual([32, 32]);
    await panel.getByRole('button', { name: 'Close' }).click();
    await panel.waitFor({ state: 'hidden' });
  });

  test('a poll is voted in from here, and the vote is seen there', async () => {
    const { page } = device;
    const poll = await nio.send(team, 'org.matrix.msc3381.poll.start', {
      'org.matrix.msc3381.poll.start': {
        question: { 'org.matrix.msc1767.text': '午饭吃什么?' },
        kind: 'org.matrix.msc3381.poll.disclosed',
        max_selections: 1,
        answers: [
          { id: 'a', 'org.matrix.msc1767.text': '面条' },
          { id: 'b', 'org.matrix.msc1767.text': '米饭' },
        ],
      },
      'org.matrix.msc1767.text': '午饭吃什么?',
    });
    const tile = page.getByRole('group', { name: '午饭吃什么?' });
    await tile.getByRole('button', { name: '面条' }).click();
    await tile.getByRole('button', { name: /面条.*1 vote/ }).waitFor();
    const vote = await nio.waitEvent({ room_id: team, sender: reader.userId, relates_to: poll });
    expect(vote.decrypted).toBe(true);
    await nio.send(team, 'org.matrix.msc3381.poll.response', {
      'm.relates_to': { rel_type: 'm.reference', event_id: poll },
      'org.matrix.msc3381.poll.response': { answers: ['a'] },
    });
    await tile.getByRole('button', { name: /面条.*2 votes/ }).waitFor();
    await nio.send(team, 'org.matrix.msc3381.poll.end', {
      'm.relates_to': { rel_type: 'm.reference', event_id: poll },
      'org.matrix.msc3381.poll.end': {},
      'org.matrix.msc1767.text': 'end',
    });
    await tile.getByText('Final result of 2 people').waitFor();
  });

  test('files, a deletion, and the menu of a message', async () => {
    const { page } = device;
    await nio.sendFile(team, '合同.pdf', new TextEncoder().encode('pdf'), 'application/pdf');
    await message(page, '合同.pdf').getByRole('button', { name: 'Save 合同.pdf' }).waitFor();
    const doomed = await nio.sendText(team, '说错了');
    await message(page, '说错了').waitFor();
    await nio.command('redact', { room_id: team, event_id: doomed });
    await page.getByText('This message was deleted').waitFor();
    await chooseAt(page.locator(`[data-event="${first}"]`), 'View source');
    await page.getByRole('dialog').getByText('m.megolm.v1.aes-sha2', { exact: false }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await picture(page, 'timeline-team');
    expect(await axeViolations(page)).toEqual([]);
  });

  test('reading is told, once the message is on the screen', async () => {
    const { page } = device;
    const told: string[] = [];
    page.on('request', (request) => told.push(decodeURIComponent(request.url())));
    const last = await nio.sendText(team, '请确认已读');
    // Into sight: the menu of a message further up was looked at.
    await message(page, '请确认已读').first().scrollIntoViewIfNeeded();
    await expect.poll(() => told.some((url) => url.endsWith(`/receipt/m.read/${last}`))).toBe(true);
  });
});

describe('the picture of who has read', () => {
  test('stays at the last message read, whatever is changed in the room after it', async () => {
    const { page } = device;
    const room = await colleague.createRoom({ name: '排班', invite: [reader.userId] });
    await reader.join(room);
    const at = (path: string): string => `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/${path}`;
    const readTo = (eventId: string): Promise<unknown> =>
      colleague.request('POST', at(`receipt/m.read/${encodeURIComponent(eventId)}`), {});
    const change = async (by: TestUser, type: string, content: object): Promise<string> =>
      (await by.request<{ event_id: string }>('PUT', at(`state/${type}`), content)).event_id;
    await open(page, '排班');
    const first = await reader.sendText(room, '周一早班换人');
    await reader.sendText(room, '周二照旧');
    const picturesAt = (text: string) =>
      message(page, text).first().getByRole('img', { name: 'Read by 赵丽' });
    const isAt = async (text: string, elsewhere: string): Promise<void> => {
      await picturesAt(text).waitFor();
      expect(await picturesAt(elsewhere).count()).toBe(0);
    };
    await readTo(first);
    await isAt('周一早班换人', '周二照旧');
    // The homeserver and the directory change memberships in a person's name: by that nothing was read.
    const operator = await makeUser({ name: 'operator', admin: true });
    const rename = (displayname: string): Promise<unknown> =>
      operator.request('PUT', `/_synapse/admin/v2/users/${encodeURIComponent(colleague.userId)}`, {
        displayname,
      });
    await rename('赵丽丽');
    await page.getByText('赵丽丽', { exact: false }).first().waitFor();
    await isAt('周一早班换人', '周二照旧');
    // What a client says of a change of the room, a reaction or an edit is said of the message before it.
    await readTo(await change(colleague, 'm.room.topic', { topic: '本周' }));
    await isAt('周二照旧', '周一早班换人');
    await readTo(
      await reader.send(room, 'm.reaction', {
        'm.relates_to': { rel_type: 'm.annotation', event_id: first, key: '👍' },
      }),
    );
    await message(page, '周一早班换人').getByRole('button', { name: /👍/ }).waitFor();
    await isAt('周二照旧', '周一早班换人');
    await reader.sendText(room, '周三轮休');
    await isAt('周二照旧', '周三轮休');
    const next = await colleague.createRoom({ name: '排班（新）', invite: [reader.userId] });
    await readTo(await change(colleague, 'm.room.tombstone', { body: '换到新群', replacement_room: next }));
    await isAt('周三轮休', '周二照旧');
    await colleague.request('POST', at('leave'), {});
    await page.getByText('赵丽丽 left', { exact: false }).first().waitFor();
    await isAt('周三轮休', '周二照旧');
    await page.reload();
    await isAt('周三轮休', '周二照旧');
    await picture(page, 'readers-after-changes');
    await rename('赵丽');
  });
});

describe('a long conversation', () => {
  const numbers = (page: Page): Promise<number[]> =>
    page
      .locator('.c-message .c-text')
      .allTextContents()
      .then((all) =>
        all.flatMap((text) =>
          (/^记录 (\d+) 号/.exec(text)?.[1] ?? '').split(' ').filter(Boolean).map(Number),
        ),
      );

  test('is scrolled back to its beginning without a gap, what is read stays in its place', async () => {
    const { page } = device;
    await open(page, '历史会议');
    await message(page, '最后一条').waitFor();
    const frame = page.getByRole('log');
    // As slow as a network may be: then the upper end is reached before more has come.
    await page.route('**/messages?**', async (route) => {
      await new Promise((done) => setTimeout(done, 300));
      await route.continue();
    });
    const seen = new Set<number>();
    let jumps = 0;
    await expect
      .poll(
        async () => {
          for (const each of await numbers(page)) seen.add(each);
          // Scrolls by hand as far as a page, and watches one message while more come above it.
          jumps += await frame.evaluate(async (node) => {
            const rows = [...node.querySelectorAll<HTMLElement>('[role=article]')];
            node.scrollTop = Math.max(0, node.scrollTop - 700);
            // What grows is put back in its place before it is drawn: looked at afterwards.
            const drawn = (): Promise<void> =>
              new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            await drawn();
            await drawn();
            const top = (): number => node.getBoundingClientRect().top;
            const watched = rows.find((row) => row.getBoundingClientRect().top > top());
            // Its lower edge: the first message loses its heading when what comes above is of the same author. Against
            // the frame: a line above that, such as of a lost connection, moves everything.
            const place = (): number => (watched?.getBoundingClientRect().bottom ?? 0) - top();
            const before = place();
            await new Promise((done) => setTimeout(done, 120));
            for (let look = 0; look < 2; look++) {
              await drawn();
              if (watched?.isConnected !== true || Math.abs(place() - before) <= 2) return 0;
            }
            return 1;
          });
          return page.getByText('The conversation begins here').isVisible();
        },
        { timeout: 60_000, interval: 10 },
      )
      .toBe(true);
    for (const each of await numbers(page)) seen.add(each);
    expect(Array.from({ length: HISTORY }, (_, at) => at + 1).filter((at) => !seen.has(at))).toEqual([]);
    expect(jumps).toBe(0);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  test('and back to the newest', async () => {
    const { page } = device;
    await colleague.sendText(long, '刚刚发的');
    await page.getByRole('button', { name: 'To the newest message, 1 new' }).click();
    await message(page, '刚刚发的').waitFor();
    await expect.poll(() => page.getByRole('button', { name: /To the newest/ }).count()).toBe(0);
  });

  /** Goes so far up that the newest message is out of sight. */
  const goUp = async (frame: Locator): Promise<void> => {
    await expect
      .poll(() =>
        frame.evaluate((node) => {
          node.scrollTop = Math.max(0, node.scrollTop - 2500);
          return node.scrollHeight - node.clientHeight - node.scrollTop > 400;
        }),
      )
      .toBe(true);
  };
  /** The whole of it, or of what is higher than the screen its end. */
  const inSight = async (tile: Locator, frame: Locator): Promise<boolean> => {
    const [at, around] = [await boxOf(tile), await boxOf(frame)];
    return at.bottom <= around.bottom + 1 && (at.y >= around.y - 1 || at.height > around.height);
  };
  /** Also when it has arrived, and its picture is drawn. */
  const isSeen = async (tile: Locator, frame: Locator): Promise<void> => {
    await expect.poll(() => inSight(tile, frame)).toBe(true);
    await tile.and(tile.page().locator('[data-send=sent]')).waitFor();
    await expect.poll(() => inSight(tile, frame)).toBe(true);
  };

  test('what one sends is in sight, however far one has gone up', async () => {
    const { page } = device;
    const frame = page.getByRole('log').first();
    await goUp(frame);
    await page.getByRole('textbox', { name: 'Write a message' }).click();
    await page.keyboard.insertText('写在上面');
    await page.keyboard.press('Enter');
    await isSeen(message(page, '写在上面').last(), frame);
    const attach = async (name: string, mimeType: string, buffer: Buffer): Promise<void> => {
      await goUp(frame);
      await page.locator('.c-composer input[type=file]').first().setInputFiles([{ name, mimeType, buffer }]);
      await page.getByRole('dialog').getByRole('button', { name: 'Send', exact: true }).click();
    };
    await attach('图.png', 'image/png', await drawPicture(page, 600, 900));
    const drawn = page
      .locator('.c-message')
      .filter({ has: page.getByRole('button', { name: /图\.png/ }) })
      .last();
    await isSeen(drawn, frame);
    await drawn.locator('.c-media img').waitFor();
    await expect.poll(() => inSight(drawn, frame)).toBe(true);
    await attach('表.txt', 'text/plain', Buffer.from('一万元'));
    await isSeen(page.locator('.c-message').filter({ hasText: '表.txt' }).last(), frame);
  });

  test('a link leads to a message in the middle, and from it both ways', async () => {
    const { page } = device;
    const wanted = await colleague.request<{ chunk: { event_id: string; content: { body?: string } }[] }>(
      'GET',
      `/v3/rooms/${encodeURIComponent(long)}/messages?dir=b&limit=200`,
    );
    const target = wanted.chunk.find((event) => event.content.body === '记录 120 号');
    await page.goto(`/room/${encodeURIComponent(long)}?event=${encodeURIComponent(target?.event_id ?? '')}`);
    const tile = message(page, '记录 120 号');
    await tile.waitFor();
    await expect
      .poll(() =>
        tile.evaluate((node) => {
          const { top, bottom } = node.getBoundingClientRect();
          return top > 60 && bottom < innerHeight - 60;
        }),
      )
      .toBe(true);
    await page.getByRole('button', { name: /To the newest/ }).waitFor();
  });

  test('who wrote it is looked at beside it, and nothing has moved', async () => {
    const { page } = device;
    const tile = message(page, '记录 120 号');
    const place = (): Promise<number> => tile.evaluate((node) => node.getBoundingClientRect().bottom);
    const name = page.locator('.c-message__name').filter({ visible: true });
    const profile = page.getByRole('complementary', { name: 'Profile' });
    // As narrow as a phone too, where it lies over the conversation.
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await tile.waitFor();
      await tile.scrollIntoViewIfNeeded();
      const before = await place();
      const { pathname } = new URL(page.url());
      // By the key: a pointer could have to scroll to it.
      await name.first().evaluate((node) => {
        (node as HTMLElement).focus({ preventScroll: true });
      });
      await page.keyboard.press('Enter');
      await profile.getByRole('heading', { name: '赵丽' }).waitFor();
      expect(new URL(page.url()).pathname).toBe(pathname);
      await page.goBack();
      await profile.waitFor({ state: 'detached' });
      await expect.poll(async () => Math.abs((await place()) - before)).toBeLessThanOrEqual(2);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test('arrow keys walk through it', async () => {
    const { page } = device;
    const tile = message(page, '记录 120 号');
    await tile.press('ArrowUp');
    const label = (): Promise<string | null | undefined> =>
      page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    await expect.poll(label).toMatch(/记录 (?!120 )\d+ 号/);
  });
});

describe('panels and small screens', () => {
  test('members, information and pinned messages', async () => {
    const { page } = device;
    await open(page, '研发部');
    await page.getByRole('button', { name: 'Members' }).click();
    await page.getByRole('complementary', { name: '2 members' }).getByText('陈工').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'About this conversation' }).click();
    await page.getByText('Messages are end-to-end encrypted:', { exact: false }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'timeline-info');
  });

  test('at 390 px nothing is cut off, in Chinese and in the dark', async () => {
    const { page } = device;
    await page.getByRole('complementary').getByRole('button', { name: 'Close' }).click();
    await page.mouse.move(300, 400);
    await page.setViewportSize({ width: 390, height: 844 });
    await picture(page, 'timeline-phone');
    await page.evaluate(() => {
      localStorage.setItem('qiao.locale', 'zh-Hans');
    });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.reload();
    // What was edited is read also after a reload, when the replacement comes with the message.
    await message(page, '安排改了').first().waitFor();
    expect(await horizontalOverflow(page)).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'timeline-phone-zh-dark');
    await page.setViewportSize({ width: 1280, height: 900 });
    await picture(page, 'timeline-zh-dark');
    // What the browser itself says of a backup that is not there yet is no fault of the page.
    expect(device.errors.filter((text) => !text.startsWith('Failed to load resource'))).toEqual([]);
  });
});
