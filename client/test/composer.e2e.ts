import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  boxOf,
  chooseAt,
  picture,
  pressAt,
  drawPicture,
  picturesOfFailure,
  signIn,
  startClient,
  type ClientUnderTest,
} from './support.ts';

/*
 * What is written, attached, recorded and asked in an encrypted conversation arrives at a client that shares no
 * code with ours, once and in order, through input methods, reloads and dead connections.
 */

let client: ClientUnderTest;
let user: TestUser;
let device: TestPage;
let page: Page;
let nio: NioClient;
let nioUser: TestUser;
let roomId: string;

const box = (): Locator => page.getByRole('textbox', { name: 'Write a message' });

/** Writes a text and sends it; answers what the other client got. */
const say = async (text: string) => {
  await box().pressSequentially(text);
  await page.keyboard.press('Enter');
  return nio.waitEvent({ room_id: roomId, sender: user.userId, body: text, decrypted: true });
};

/** A message that this client knows the homeserver to have: the other client may see it before. */
const sent = (text: string): Locator =>
  page.locator('.c-message[data-send=sent][data-event^="$"]').filter({ hasText: text });

/** What lies on the device unsent: how many messages, and the bytes of each draft. */
const kept = () =>
  page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => {
          resolve(request.result);
        };
        request.onerror = () => {
          reject(new Error('IndexedDB'));
        };
      });
    const database = await done(indexedDB.open('qiao-unsent'));
    const transaction = database.transaction(['items', 'drafts']);
    const items = await done(transaction.objectStore('items').count());
    const drafts = await done(transaction.objectStore('drafts').getAll());
    database.close();
    return { items, drafts: drafts.map(({ data }: { data: ArrayBuffer }) => data.byteLength) };
  });

beforeAll(async () => {
  client = await startClient();
  user = await makeUser({ name: 'composer', displayName: '李四' });
  ({ nio, user: nioUser } = await makeNioUser({ displayName: '张三' }));
  roomId = await nio.createRoom({ name: '产品部', invite: [user.userId], encrypted: true });
  await user.request('POST', `/v3/join/${encodeURIComponent(roomId)}`, {});
  device = await client.open();
  ({ page } = device);
  await signIn(page, user);
  await page.goto(`/room/${encodeURIComponent(roomId)}`);
  await box().waitFor();
});
afterEach(({ task }) => picturesOfFailure(client, task));
afterAll(async () => {
  await nio.close();
  await client.close();
});

describe('text', () => {
  test('is sent by Enter, formatted as it is typed, and the editor is empty then', async () => {
    const event = await say('你好，世界');
    expect(event.content).toMatchObject({ msgtype: 'm.text', body: '你好，世界', 'm.mentions': {} });
    expect(event.content).not.toHaveProperty('formatted_body');
    await expect.poll(() => box().textContent()).toBe('');
    await box().pressSequentially('这是**重点：**内容');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('第二行 `a<b`');
    await page.keyboard.press('Enter');
    const formatted = await nio.waitEvent({ room_id: roomId, body_contains: '第二行', decrypted: true });
    expect(formatted.content['formatted_body']).toBe(
      '这是<strong>重点：</strong>内容<br>第二行 <code>a&lt;b</code>',
    );
  });

  test('an input method keeps its Enter', async () => {
    const cdp = await page.context().newCDPSession(page);
    await box().focus();
    await cdp.send('Input.imeSetComposition', { text: 'zhong', selectionStart: 5, selectionEnd: 5 });
    await expect.poll(() => box().textContent()).toBe('zhong');
    // As browsers send it while the candidate window is open.
    await page.evaluate(() => {
      document.activeElement?.dispatchEvent(
        new KeyboardEvent('keydown', {
          key: 'Enter',
          keyCode: 229,
          isComposing: true,
          bubbles: true,
          cancelable: true,
        }),
      );
    });
    expect(await box().textContent()).toBe('zhong');
    await cdp.send('Input.insertText', { text: '中文' });
    await page.waitForFunction(() => document.activeElement?.textContent === '中文');
    await page.keyboard.press('Enter');
    await nio.waitEvent({ room_id: roomId, body: '中文', decrypted: true });
    expect((await nio.timeline(roomId)).map((event) => event.content['body'])).not.toContain('zhong');
  });

  test('a mention is found by pinyin initials', async () => {
    await box().pressSequentially('请 @zs');
    const list = page.getByRole('listbox', { name: 'People' });
    await list.getByRole('option', { name: /张三/ }).waitFor();
    await picture(page, 'composer-mention');
    expect(await axeViolations(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await list.waitFor({ state: 'detached' });
    await page.keyboard.type('看一下');
    await page.keyboard.press('Enter');
    const event = await nio.waitEvent({ room_id: roomId, body_contains: '看一下', decrypted: true });
    expect(event.content).toMatchObject({
      body: '请 张三 看一下',
      formatted_body: `请 <a href="https://matrix.to/#/${nioUser.userId}">张三</a> 看一下`,
      'm.mentions': { user_ids: [nioUser.userId] },
    });
  });

  test('the arrow up edits the last own message', async () => {
    const before = await say('发错了');
    await sent('发错了').waitFor();
    await page.keyboard.press('ArrowUp');
    await page.getByText('Editing', { exact: true }).waitFor();
    await waitFor(async () => (await box().textContent()) === '发错了');
    await box().press('ControlOrMeta+a');
    await page.keyboard.type('发对了');
    await page.keyboard.press('Enter');
    const edit = await nio.waitEvent({ room_id: roomId, relates_to: before.event_id, decrypted: true });
    expect(edit.content).toMatchObject({
      body: '* 发对了',
      'm.new_content': { body: '发对了' },
      'm.relates_to': { rel_type: 'm.replace', event_id: before.event_id },
    });
  });

  test('changes that were begun wait for their messages, and outlive them', async () => {
    const edit = (text: string): Promise<void> => chooseAt(sent(text), 'Edit');
    const holds = (text: string) =>
      waitFor(
        async () =>
          (await box()
            .textContent()
            .catch(() => '')) === text,
      );
    const { event_id: first } = await say('甲方案');
    await say('乙方案');
    await edit('甲方案');
    await holds('甲方案');
    await box().press('ControlOrMeta+a');
    await page.keyboard.type('改到一半');
    await holds('改到一半');
    await edit('乙方案');
    await holds('乙方案');
    await box().press('Escape');
    await holds('');
    await edit('甲方案');
    await holds('改到一半');
    await nio.command('redact', { room_id: roomId, event_id: first });
    await page.getByText('Editing', { exact: true }).waitFor({ state: 'hidden' });
    await holds('改到一半');
    await box().press('Enter');
    await nio.waitEvent({ room_id: roomId, sender: user.userId, body: '改到一半', decrypted: true });
    await holds('');
  });

  test('Markdown source is the same text', async () => {
    await box().pressSequentially('**甲** 和 乙');
    await page.getByRole('button', { name: 'How to write' }).click();
    await page.getByRole('menuitemradio', { name: 'Markdown source' }).click();
    await waitFor(async () => (await page.locator('textarea.c-editor').inputValue()) === '**甲** 和 乙');
    await page.locator('textarea.c-editor').press('Enter');
    const event = await nio.waitEvent({ room_id: roomId, body: '**甲** 和 乙', decrypted: true });
    expect(event.content['formatted_body']).toBe('<strong>甲</strong> 和 乙');
    await page.getByRole('button', { name: 'How to write' }).click();
    await page.getByRole('menuitemradio', { name: 'Markdown source' }).click();
    await page.locator('.c-editor__text').waitFor();
  });
});

describe('files', () => {
  test('a picture arrives encrypted, with thumbnail, caption and without its place', async () => {
    const png = await drawPicture(page, 1000, 750);
    await page.locator('.c-composer input[type=file]').setInputFiles([
      { name: '平面图.png', mimeType: 'image/png', buffer: png },
      { name: '报价.txt', mimeType: 'text/plain', buffer: Buffer.from('一万元') },
    ]);
    const dialog = page.getByRole('dialog', { name: 'Send 2 files' });
    await dialog.getByText('平面图.png').waitFor();
    await dialog.getByLabel('Caption').fill('一楼');
    await picture(page, 'composer-files');
    expect(await axeViolations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Send', exact: true }).click();
    const image = await nio.waitEvent({ room_id: roomId, body: '一楼', decrypted: true });
    expect(image.content).toMatchObject({
      msgtype: 'm.image',
      filename: '平面图.png',
      info: { mimetype: 'image/png', w: 1000, h: 750, thumbnail_info: { w: 800, h: 600 } },
      file: { v: 'v2', key: { alg: 'A256CTR' } },
    });
    expect(image.content).not.toHaveProperty('url');
    expect((image.content['info'] as Record<string, unknown>)['thumbnail_file']).toBeDefined();
    expect((await nio.download(image.event_id)).equals(png)).toBe(true);
    const file = await nio.waitEvent({ room_id: roomId, body: '报价.txt', decrypted: true });
    expect((await nio.download(file.event_id)).toString()).toBe('一万元');
    // Shown whole: the place has the picture's shape, and neither the blur nor the picture is larger than it.
    const tile = page.getByRole('article').filter({ has: page.getByRole('button', { name: /平面图/ }) });
    const place = await boxOf(tile.locator('.c-media'));
    expect(place.width / place.height).toBeCloseTo(4 / 3, 1);
    await tile.locator('.c-media img').waitFor();
    for (const layer of await tile.locator('.c-media > :is(img, canvas)').all()) {
      const drawn = await boxOf(layer);
      expect([drawn.y - place.y, drawn.width, drawn.height].map(Math.round)).toEqual(
        [0, place.width, place.height].map(Math.round),
      );
    }
  });

  test('arrive in the order in which they were chosen, the largest first', async () => {
    const names = ['大文件.bin', '一.txt', '二.txt', '三.txt'];
    await page.locator('.c-composer input[type=file]').setInputFiles(
      names.map((name, index) => ({
        name,
        mimeType: index === 0 ? 'application/octet-stream' : 'text/plain',
        buffer: Buffer.alloc(index === 0 ? 6_000_000 : 8, 65),
      })),
    );
    const dialog = page.getByRole('dialog', { name: 'Send 4 files' });
    await dialog.getByRole('button', { name: 'Send', exact: true }).click();
    for (const body of names) await nio.waitEvent({ room_id: roomId, body, decrypted: true });
    const inOrder = (all: readonly string[]): string[] => all.filter((name) => names.includes(name));
    const arrived = (await nio.timeline(roomId)).map((event) => String(event.content['body']));
    expect(inOrder(arrived)).toEqual(names);
    await expect
      .poll(async () => inOrder(await page.locator('.c-file__name').allTextContents()))
      .toEqual(names);
  });

  test('pictures and films arrive without what was planted in them, and what cannot be cleaned is told', async () => {
    const folder = fileURLToPath(new URL('fixtures/metadata/', import.meta.url));
    // What this browser shows, with what it is then known to be.
    const shown: [name: string, type: string, content: object][] = [
      ['fill.jpg', 'image/jpeg', { msgtype: 'm.image', info: { w: 300, h: 200 } }],
      ['motion.jpg', 'image/jpeg', { msgtype: 'm.image', info: { w: 300, h: 200 } }],
      ['exif.webp', 'image/webp', { msgtype: 'm.image', info: { w: 300, h: 200 } }],
      ['exif.png', 'image/png', { msgtype: 'm.image' }],
      ['picture.avif', 'image/avif', { msgtype: 'm.image', info: { w: 64, h: 48 } }],
      ['comment.gif', 'image/gif', { msgtype: 'm.image', info: { w: 64, h: 48 } }],
      ['film.mp4', 'video/mp4', { msgtype: 'm.video', info: { w: 64, h: 48, duration: 1000 } }],
      ['fragments.mp4', 'video/mp4', { msgtype: 'm.video', info: { w: 64, h: 48 } }],
      ['film.webm', 'video/webm', { msgtype: 'm.video', info: { w: 64, h: 48 } }],
      ['live.webm', 'video/webm', { msgtype: 'm.video', info: { w: 64, h: 48 } }],
      ['picture.heic', 'image/heic', {}],
      ['film.mov', 'video/quicktime', {}],
      ['place-track.mp4', 'video/mp4', {}],
    ];
    const told = 'subtitles.mp4';
    await page
      .locator('.c-composer input[type=file]')
      .setInputFiles([
        ...shown.map(([name, mimeType]) => ({ name, mimeType, buffer: readFileSync(join(folder, name)) })),
        { name: told, mimeType: 'video/mp4', buffer: readFileSync(join(folder, told)) },
      ]);
    const dialog = page.getByRole('dialog', { name: `Send ${String(shown.length + 1)} files` });
    await dialog.getByText('Place and camera data are removed from pictures and videos.').waitFor();
    const cannot = dialog.locator('.c-files__one').filter({ hasText: 'or not all of them' });
    await expect.poll(() => cannot.allInnerTexts()).toEqual([expect.stringContaining(told)]);
    await picture(page, 'composer-files-told');
    await dialog.getByRole('button', { name: 'Send', exact: true }).click();
    for (const [name, , content] of shown) {
      const event = await nio.waitEvent({ room_id: roomId, body: name, decrypted: true });
      expect([name, event.content]).toMatchObject([name, content]);
      const arrived = (await nio.download(event.event_id)).toString('latin1');
      expect([name, /GPSMARK|CAMMARK|\+39\.9/.exec(arrived)]).toEqual([name, null]);
    }
    // As it was told: what is in its subtitles is still there.
    const kept = await nio.waitEvent({ room_id: roomId, body: told, decrypted: true });
    expect((await nio.download(kept.event_id)).toString('latin1')).toContain('GPSMARK 39.9');
  });

  test('a voice message is Ogg with Opus, and has a waveform', async () => {
    await page.getByRole('button', { name: 'Record a voice message' }).click();
    await page.locator('.c-recorder__bars span').nth(12).waitFor({ state: 'attached' });
    await picture(page, 'composer-voice');
    await page.getByRole('button', { name: 'Send the voice message' }).click();
    const event = await nio.waitEvent({ room_id: roomId, body: 'Voice message', decrypted: true });
    expect(event.content).toMatchObject({
      msgtype: 'm.audio',
      info: { mimetype: 'audio/ogg' },
      'org.matrix.msc3245.voice': {},
    });
    const { waveform } = event.content['org.matrix.msc1767.audio'] as { waveform: number[] };
    expect(waveform.length).toBeGreaterThan(5);
    expect(Math.max(...waveform)).toBe(1024);
    const sound = await nio.download(event.event_id);
    expect(sound.subarray(0, 4).toString()).toBe('OggS');
    const seconds = await page.evaluate(
      async (bytes) => {
        const decoded = await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(
          new Uint8Array(bytes).buffer,
        );
        return decoded.duration;
      },
      [...sound],
    );
    expect(seconds).toBeGreaterThan(0.5);
    // The words for clients that cannot play it are not shown as a caption.
    const tile = page
      .getByRole('article')
      .filter({ has: page.locator('.c-voice') })
      .last();
    await tile.waitFor();
    expect(await tile.getByText('Voice message').count()).toBe(0);
  });
});

test('a poll', async () => {
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Poll' }).click();
  const dialog = page.getByRole('dialog', { name: 'New poll' });
  await dialog.getByLabel('Question').fill('午饭吃什么？');
  await dialog.getByLabel('Answer 1').fill('面');
  await dialog.getByLabel('Answer 2').fill('饭');
  await dialog.getByRole('button', { name: 'Add an answer' }).click();
  await picture(page, 'composer-poll');
  expect(await axeViolations(page)).toEqual([]);
  const question = await boxOf(dialog.getByLabel('Question'));
  for (const number of [1, 2, 3]) {
    const field = await boxOf(dialog.getByLabel(`Answer ${String(number)}`, { exact: true }));
    const remove = await boxOf(dialog.getByRole('button', { name: `Remove answer ${String(number)}` }));
    // The field has all that the button beside it leaves.
    expect(question.width - field.width).toBeLessThanOrEqual(remove.width + 16);
    expect(remove.x).toBeGreaterThanOrEqual(field.right);
  }
  await dialog.getByRole('button', { name: 'Remove answer 3' }).click();
  await dialog.getByRole('button', { name: 'Send the poll' }).click();
  const event = await nio.waitEvent({
    room_id: roomId,
    type: 'org.matrix.msc3381.poll.start',
    decrypted: true,
  });
  expect(event.content['org.matrix.msc3381.poll.start']).toMatchObject({
    question: { 'org.matrix.msc1767.text': '午饭吃什么？' },
    kind: 'org.matrix.msc3381.poll.disclosed',
    max_selections: 1,
    answers: [{ 'org.matrix.msc1767.text': '面' }, { 'org.matrix.msc1767.text': '饭' }],
  });
});

describe('without a connection', () => {
  test('what was sent offline arrives once and in order after a reload', async () => {
    await device.context.setOffline(true);
    for (const text of ['离线一', '离线二', '离线三']) {
      await box().pressSequentially(text);
      await page.keyboard.press('Enter');
    }
    await box().pressSequentially('还没写完');
    // Kept in full, as a reload would lose what is in memory alone: the sealed draft has the length of its text.
    const draft = {
      text: '还没写完',
      document: {
        type: 'doc',
        content: [{ type: 'paragraph', content: [{ type: 'text', text: '还没写完' }] }],
      },
      at: Date.now(),
    };
    const TAG_BYTES = 16;
    const length = Buffer.byteLength(JSON.stringify(draft)) + TAG_BYTES;
    await waitFor(async () => {
      const { items, drafts } = await kept();
      return items === 3 && drafts.length === 1 && drafts[0] === length;
    });
    // The page itself comes from the server: it is loaded with a connection, and sends nothing at first.
    const held = '**/send/**';
    await device.context.route(held, (route) => route.abort());
    await device.context.setOffline(false);
    await page.reload();
    await waitFor(async () => (await box().textContent()) === '还没写完');
    await device.context.unroute(held);
    await nio.waitEvent({ room_id: roomId, body: '离线三', decrypted: true, timeout_ms: 90_000 });
    const bodies = (await nio.timeline(roomId))
      .map((event) => event.content['body'])
      .filter((body) => typeof body === 'string' && body.startsWith('离线'));
    expect(bodies).toEqual(['离线一', '离线二', '离线三']);
    await box().press('Enter');
    await nio.waitEvent({ room_id: roomId, body: '还没写完', decrypted: true });
  });

  test('an answer that is lost does not make a second copy', async () => {
    let lost = 0;
    await page.route('**/send/m.room.encrypted/**', async (route) => {
      if (lost++ > 0) return route.continue();
      // The homeserver has it; the browser never hears so.
      await route.fetch();
      return route.abort();
    });
    const event = await say('只有一次');
    await waitFor(async () => (await kept()).items === 0);
    await page.unroute('**/send/m.room.encrypted/**');
    await say('之后');
    const same = (await nio.timeline(roomId)).filter((each) => each.content['body'] === '只有一次');
    expect(same.map((each) => each.event_id)).toEqual([event.event_id]);
  });
});

describe('on the screen', () => {
  test('emoji at 200 % zoom: groups to choose from, tones of skin, and rows enough', async () => {
    const size = page.viewportSize() ?? { width: 1280, height: 800 };
    await page.setViewportSize({ width: 720, height: 450 });
    await page.getByRole('button', { name: 'Emoji' }).click();
    const picker = page.getByRole('dialog', { name: 'Emoji' });
    await picker.getByRole('region', { name: 'Smileys' }).waitFor();
    const all = await boxOf(picker.locator('.c-emoji__all'));
    expect(all.height).toBeGreaterThanOrEqual(3 * 36);
    expect((await boxOf(picker.getByRole('searchbox'))).height).toBeLessThanOrEqual(40);
    expect((await boxOf(picker)).y).toBeGreaterThanOrEqual(0);
    const groups = picker.getByRole('toolbar', { name: 'Groups of emoji' }).getByRole('button');
    for (const group of await groups.all()) expect((await boxOf(group)).width).toBeGreaterThanOrEqual(24);
    await picture(page, 'composer-emoji-zoomed');
    expect(await axeViolations(page)).toEqual([]);
    await groups.filter({ hasText: '🏁' }).click();
    const flag = picker.getByRole('region', { name: 'Flags' }).getByRole('button').first();
    await expect
      .poll(async () => {
        const { y, bottom } = await boxOf(flag);
        return y >= all.y && bottom <= all.bottom;
      })
      .toBe(true);
    await picker.getByRole('combobox', { name: 'Skin tone' }).selectOption('3');
    await picker.getByRole('searchbox').fill('waving hand');
    await picker.getByRole('region', { name: 'Found' }).getByRole('button', { name: 'waving hand' }).click();
    await expect.poll(() => box().textContent()).toBe('👋🏽');
    await box().press('Enter');
    await nio.waitEvent({ room_id: roomId, sender: user.userId, body: '👋🏽', decrypted: true });
    await page.setViewportSize(size);
  });

  test.each([
    ['on a phone', { width: 390, height: 844 }, 'rocket', '🚀'],
    ['at 200 % zoom', { width: 720, height: 450 }, 'teapot', '🫖'],
  ])(
    'a reaction is found among all emoji, and comes first the next time: %s',
    async (where, size, word, emoji) => {
      const before = page.viewportSize() ?? { width: 1280, height: 800 };
      await page.setViewportSize(size);
      await say(`请回应 ${word}`);
      const tile = sent(`请回应 ${word}`);
      await pressAt(tile, 'React');
      const choice = page.getByRole('dialog', { name: 'React' });
      const row = choice.getByRole('button');
      expect(await row.count()).toBe(8);
      for (const each of await row.all()) expect((await boxOf(each)).width).toBeGreaterThanOrEqual(32);
      await picture(page, `reaction-row-${word}`);
      await choice.getByRole('button', { name: 'All emoji' }).click();
      const picker = page.getByRole('dialog', { name: 'Emoji' });
      await picker.getByRole('region', { name: 'Smileys' }).waitFor();
      const at = await boxOf(choice);
      expect([at.x >= 0, at.y >= 0, at.right <= size.width, at.bottom <= size.height, where]).toEqual([
        true,
        true,
        true,
        true,
        where,
      ]);
      expect((await boxOf(picker.locator('.c-emoji__all'))).height).toBeGreaterThanOrEqual(3 * 36);
      await picker.getByRole('combobox', { name: 'Skin tone' }).waitFor();
      await picture(page, `reaction-all-${word}`);
      expect(await axeViolations(page)).toEqual([]);
      await picker.getByRole('searchbox').fill(word);
      await picker.getByRole('region', { name: 'Found' }).getByRole('button', { name: word }).first().click();
      await tile.getByRole('button', { name: new RegExp(emoji) }).waitFor();
      await picker.waitFor({ state: 'hidden' });
      await pressAt(tile, 'React');
      expect(await row.first().textContent()).toBe(emoji);
      await page.keyboard.press('Escape');
      await choice.waitFor({ state: 'hidden' });
      await page.setViewportSize(before);
    },
  );

  test('the name of the conversation has room in a narrow window', async () => {
    const size = page.viewportSize() ?? { width: 1280, height: 800 };
    const name = page
      .getByRole('heading', { level: 1, name: /产品部/ })
      .locator('bdi')
      .first();
    for (const width of [720, 768, 800, 860]) {
      await page.setViewportSize({ width, height: 800 });
      const cut = () => name.evaluate((node) => node.scrollWidth - node.clientWidth);
      await expect.poll(cut).toBe(0);
      expect((await boxOf(page.locator('.c-room__title'))).width).toBeGreaterThanOrEqual(120);
    }
    await page.setViewportSize(size);
  });

  test('what is told for a moment lies over nothing that is written in or pressed to send', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await chooseAt(sent('👋🏽').last(), 'Copy link');
    const toast = page.getByRole('region', { name: 'Notices' }).getByText('Link copied');
    await toast.waitFor();
    const told = await boxOf(page.locator('.q-toast').last());
    const writing = await boxOf(page.locator('.c-composer'));
    expect(told.bottom).toBeLessThan(writing.y);
    expect(told.right).toBeLessThan((await boxOf(page.locator('.c-room__buttons'))).x);
    await picture(page, 'composer-toast');
  });

  test('Chinese, dark and narrow', async () => {
    await page.getByRole('button', { name: 'How to write' }).click();
    await page.getByRole('menuitemradio', { name: 'Formatting toolbar' }).click();
    await page.getByRole('toolbar', { name: 'Formatting' }).waitFor();
    await picture(page, 'composer-en-light');
    expect(await axeViolations(page)).toEqual([]);
    await page.evaluate(() => {
      localStorage.setItem('qiao.locale', 'zh-Hans');
    });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 780 });
    await page.reload();
    await page.getByRole('textbox', { name: '输入消息' }).waitFor();
    await page.getByRole('toolbar', { name: '格式' }).waitFor();
    await picture(page, 'composer-zh-dark-390');
    expect(await horizontalOverflow(page)).toBe(0);
    // The heading is the conversation's header, not the composer's.
    const rules = { 'page-has-heading-one': { enabled: false } };
    expect(await axeViolations(page, { rules })).toEqual([]);
    await page.getByRole('button', { name: '表情', exact: true }).click();
    await page.getByRole('dialog', { name: '表情' }).getByRole('searchbox').fill('笑');
    // Before the search has run, others are shown that fit, too.
    const emoji = page
      .getByRole('dialog', { name: '表情' })
      .getByRole('region', { name: '查找结果' })
      .getByRole('button', { name: /笑/ })
      .first();
    await emoji.waitFor();
    const sign = (await emoji.textContent()) ?? '';
    await emoji.click();
    const editor = page.getByRole('textbox', { name: '输入消息' });
    await expect.poll(() => editor.textContent()).toBe(sign);
    await editor.press('Enter');
    const event = await nio.waitEvent({ room_id: roomId, sender: user.userId, body: sign, decrypted: true });
    expect(event.content['msgtype']).toBe('m.text');
  });

  test('who may not write is told why', async () => {
    await nio.command('send', {
      room_id: roomId,
      type: 'm.room.message',
      content: { msgtype: 'm.text', body: 'bye' },
    });
    await user.request('POST', `/v3/rooms/${encodeURIComponent(roomId)}/leave`, {});
    await page.getByText(/您已不在此会话中|此设备上没有这个会话/).waitFor();
  });
});
