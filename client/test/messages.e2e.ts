import { randomBytes } from 'node:crypto';
import {
  axeViolations,
  horizontalOverflow,
  makeNioUser,
  makeUser,
  testStack,
  waitFor,
  type NioClient,
  type TestPage,
  type TestUser,
} from '@qiao/testkit';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  chooseAt,
  picture,
  picturesOfFailure,
  signIn,
  startClient,
  type ClientUnderTest,
} from './support.ts';

/* What people do with messages: forward, pin, find by date, play, drop, invite; and what heals by itself. */

let client: ClientUnderTest;
let user: TestUser;
let colleague: TestUser;
let nio: NioClient;
let device: TestPage;
let page: Page;
/** Encrypted; with the client of another make. */
let sealed: string;
/** Not encrypted; of the person in the browser. */
let plain: string;

const message = (text: string): Locator => page.getByRole('article').filter({ hasText: text });
const box = (): Locator => page.getByRole('textbox', { name: 'Write a message' });
const open = async (name: string): Promise<void> => {
  await page
    .getByRole('link', { name: new RegExp(name) })
    .first()
    .click();
  await page.getByRole('main', { name }).waitFor();
  await box().waitFor();
};
const choose = (text: string, entry: string): Promise<void> => chooseAt(message(text).last(), entry);
/** The message itself: its picture while it is being sent is another one, and pressing that is lost. */
const sentTile = (): Locator => page.locator('.c-message[data-send=sent][data-event^="$"]');

beforeAll(async () => {
  client = await startClient();
  user = await makeUser({ name: 'messages', displayName: '王小明' });
  colleague = await makeUser({ name: 'colleague', displayName: '赵丽' });
  ({ nio } = await makeNioUser({ displayName: '陈工' }));
  plain = await user.createRoom({ name: '公告板', preset: 'public_chat' });
  await colleague.join(plain);
  sealed = await nio.createRoom({ name: '研发部', encrypted: true, invite: [user.userId] });
  await user.join(sealed);
  device = await client.open();
  ({ page } = device);
  await signIn(page, user);
});
afterEach(({ task }) => picturesOfFailure(client, task));
afterAll(async () => {
  await nio.close();
  await client.close();
});

describe('the bar of a message', () => {
  const bars = (): Locator => page.getByRole('article').getByRole('toolbar');

  test('is one at a time, by the pointer or by the keyboard, whichever came last', async () => {
    await open('公告板');
    await colleague.sendText(plain, '第一条公告');
    await colleague.sendText(plain, '第二条公告');
    const [first, second] = [message('第一条公告').last(), message('第二条公告').last()];
    await second.waitFor();
    await first.focus();
    await first.getByRole('toolbar').waitFor();
    await second.hover();
    await second.getByRole('toolbar').waitFor();
    expect(await bars().count()).toBe(1);
    // The pointer rests on the second while the keyboard goes on.
    await box().focus();
    await first.focus();
    await first.getByRole('toolbar').waitFor();
    expect(await bars().count()).toBe(1);
    // What is open stays, and so does its bar.
    await first.getByRole('button', { name: 'More actions' }).press('Enter');
    await page.getByRole('menuitem', { name: 'Forward', exact: true }).waitFor();
    await second.hover({ position: { x: 60, y: 4 }, force: true });
    expect(await bars().count()).toBe(1);
    await first.getByRole('toolbar').waitFor();
    await page.keyboard.press('Escape');
  });
});

describe('forwarding', () => {
  test('a reply goes as a text of its own, to a conversation found by pinyin', async () => {
    await open('公告板');
    const question = await colleague.sendText(plain, '几点发布?');
    await colleague.send(plain, 'm.room.message', {
      msgtype: 'm.text',
      body: `> <${user.userId}> 几点发布?\n\n晚上八点`,
      'm.mentions': { user_ids: [user.userId] },
      'm.relates_to': { 'm.in_reply_to': { event_id: question } },
    });
    await choose('晚上八点', 'Forward');
    const dialog = page.getByRole('dialog', { name: 'Forward to …' });
    await dialog.getByRole('option', { name: /研发部/ }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await picture(page, 'forward');
    await dialog.getByRole('combobox').pressSequentially('yfb');
    await waitFor(async () => (await dialog.getByRole('option').count()) === 1);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    // What is said of it goes away by itself: its button is pressed at once.
    await page
      .getByRole('region', { name: 'Notices', exact: true })
      .getByRole('button', { name: 'Open', exact: true })
      .click();
    await page.getByRole('main', { name: '研发部' }).waitFor();
    const copy = await nio.waitEvent({
      room_id: sealed,
      sender: user.userId,
      body: '晚上八点',
      decrypted: true,
    });
    expect(copy.content['m.mentions']).toEqual({});
    expect(copy.content).not.toHaveProperty('m.relates_to');
    await message('晚上八点').waitFor();
  });

  test('a file goes with its key and is not uploaded again; what the server could read then is said', async () => {
    const data = new TextEncoder().encode('合同正文');
    const id = await nio.sendFile(sealed, '合同.pdf', data, 'application/pdf');
    await message('合同.pdf').waitFor();
    const uploads: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/upload')) uploads.push(request.url());
    });
    await choose('合同.pdf', 'Forward');
    const dialog = page.getByRole('dialog', { name: 'Forward to …' });
    const option = dialog.getByRole('option', { name: /公告板/ });
    await option.getByText('Not encrypted', { exact: false }).waitFor();
    await option.click();
    const exposes = page.getByRole('dialog', { name: 'Forward to 公告板?' });
    await exposes.getByRole('button', { name: 'Cancel' }).click();
    await exposes.waitFor({ state: 'detached' });
    await dialog.getByRole('option', { name: /研发部/ }).click();
    await page.getByText('Forwarded to 研发部').first().waitFor();
    const copy = await nio.waitEvent({
      room_id: sealed,
      sender: user.userId,
      body: '合同.pdf',
      after_event_id: id,
      decrypted: true,
    });
    expect(uploads).toEqual([]);
    expect((await nio.download(copy.event_id)).toString()).toBe('合同正文');
  });
});

describe('in the conversation', () => {
  test('pinned, found again, unpinned', async () => {
    await open('公告板');
    await choose('晚上八点', 'Pin');
    const bar = page.getByRole('group', { name: 'Pinned messages' });
    await bar.getByText('晚上八点').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await choose('晚上八点', 'Unpin');
    await bar.waitFor({ state: 'detached' });
    await expect.poll(() => user.state(plain, 'm.room.pinned_events')).toEqual({ pinned: [] });
  });

  test('a day is looked up', async () => {
    await page.getByRole('main').getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Go to a date' }).click();
    const dialog = page.getByRole('dialog', { name: 'Go to a date' });
    await dialog.getByLabel('Date').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Go', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await message('几点发布').first().waitFor();
  });

  test('a day that begins with a reaction opens at its first message', async () => {
    // Only the user of an appservice can say when something was sent.
    const { homeserverUrl, serverName, appservices } = testStack();
    const name = `${appservices.sync.prefix}${randomBytes(3).toString('hex')}`;
    const writer = `@${name}:${serverName}`;
    const as = async (method: string, path: string, body: object): Promise<{ event_id?: string }> => {
      const url = new URL(`/_matrix/client/v3${path}`, homeserverUrl);
      if (!path.startsWith('/register')) url.searchParams.set('user_id', writer);
      const answer = await fetch(url, {
        method,
        headers: {
          authorization: `Bearer ${appservices.sync.asToken}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(body),
      });
      const given = (await answer.json()) as { event_id?: string };
      if (!answer.ok) throw new Error(JSON.stringify(given));
      return given;
    };
    await as('POST', '/register', {
      type: 'm.login.application_service',
      username: name,
      inhibit_login: true,
    });
    const past = await user.createRoom({ name: '往事', preset: 'public_chat' });
    await as('POST', `/join/${encodeURIComponent(past)}`, {});
    const day = new Date();
    day.setDate(day.getDate() - 3);
    day.setHours(0, 0, 0, 0);
    let sent = 0;
    const send = async (type: string, minutes: number, content: object): Promise<string> => {
      sent++;
      const at = `/rooms/${encodeURIComponent(past)}/send/${type}/history${String(sent)}`;
      const { event_id: id } = await as(
        'PUT',
        `${at}?ts=${String(day.getTime() + minutes * 60_000)}`,
        content,
      );
      return id ?? '';
    };
    const text = (body: string): object => ({ msgtype: 'm.text', body });
    const before = await send('m.room.message', -60, text('前一天的话'));
    await send('m.reaction', 1, {
      'm.relates_to': { rel_type: 'm.annotation', event_id: before, key: '👍' },
    });
    await send('m.room.message', 2, text('这一天的第一句'));
    for (let n = 0; n < 40; n++) await send('m.room.message', 3 + n, text(`后来 ${String(n)}`));
    await open('往事');
    await message('后来 39').waitFor();
    await page.getByRole('main').getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Go to a date' }).click();
    const dialog = page.getByRole('dialog', { name: 'Go to a date' });
    const date = [day.getFullYear(), day.getMonth() + 1, day.getDate()];
    await dialog.getByLabel('Date').fill(date.map((part) => String(part).padStart(2, '0')).join('-'));
    await dialog.getByRole('button', { name: 'Go', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    const frame = await page.getByRole('log').boundingBox();
    await expect
      .poll(async () => {
        const at = await message('这一天的第一句').boundingBox();
        if (at === null || frame === null) return false;
        return at.y >= frame.y && at.y + at.height <= frame.y + frame.height;
      })
      .toBe(true);
    await open('公告板');
  });

  test('somebody is invited, is shown as not there yet, and the invitation withdrawn', async () => {
    await page.getByRole('button', { name: 'Members' }).click();
    const panel = page.getByRole('complementary');
    await panel.getByRole('button', { name: 'Invite people' }).click();
    const dialog = page.getByRole('dialog', { name: 'Invite people' });
    const find = dialog.getByRole('combobox', { name: 'Find people' });
    await find.fill('zhaoli');
    // Who is here already is told, and cannot be chosen.
    await dialog.getByRole('option', { name: /赵丽.*Already here/, disabled: true }).waitFor();
    await find.fill('cg');
    await dialog.getByRole('option', { name: /陈工/ }).waitFor();
    await page.keyboard.press('Enter');
    await dialog.getByRole('button', { name: 'Invite 1 person' }).click();
    await dialog.waitFor({ state: 'detached' });
    await panel.getByText('Invited, not there yet', { exact: true }).waitFor();
    await panel.getByRole('button', { name: 'Withdraw the invitation of 陈工' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Withdraw', exact: true }).click();
    await panel.getByText('陈工').waitFor({ state: 'detached' });
    await expect.poll(() => user.members(plain)).toEqual([colleague.userId, user.userId].sort());
    await panel.getByRole('button', { name: 'Close' }).click();
  });

  test('links are looked at by the server only where it may read them', async () => {
    const asked: string[] = [];
    await page.route('**/preview_url*', (route) => {
      asked.push(new URL(route.request().url()).searchParams.get('url') ?? '');
      return route.fulfill({ json: { 'og:title': '发布计划', 'og:description': '第三季度' } });
    });
    await colleague.sendText(plain, '见 https://open.example/plan');
    await page.getByRole('link', { name: /发布计划/ }).waitFor();
    await open('研发部');
    await nio.sendText(sealed, '见 https://secret.example/plan');
    await message('secret.example').getByRole('link').first().waitFor();
    await nio.sendText(sealed, '就这样');
    await message('就这样').waitFor();
    expect(asked).toEqual(['https://open.example/plan']);
    await page.unroute('**/preview_url*');
  });
});

describe('files', () => {
  /** Lets files fall on the conversation, or be pasted. */
  const give = (how: 'drop' | 'paste', name: string) =>
    page.evaluate(
      ([kind, fileName]) => {
        const data = new DataTransfer();
        data.items.add(new File(['数据'], fileName, { type: 'text/plain' }));
        const room = document.querySelector('.c-room');
        if (kind === 'drop') {
          for (const type of ['dragenter', 'dragover', 'drop'])
            room?.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
        } else {
          document
            .querySelector('.c-editor__text')
            ?.dispatchEvent(
              new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
            );
        }
      },
      [how, name] as const,
    );

  test('dropped, pasted, and put away again', async () => {
    await give('drop', '拖进来.txt');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('拖进来.txt').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    await give('paste', '粘贴的.txt');
    await dialog.getByText('粘贴的.txt').waitFor();
    await dialog.getByRole('button', { name: 'Send', exact: true }).click();
    const file = await nio.waitEvent({ room_id: sealed, body: '粘贴的.txt', decrypted: true });
    expect((await nio.download(file.event_id)).toString()).toBe('数据');
  });

  test('a video plays, a sticker is shown', async () => {
    const video = await page.evaluate(async () => {
      const canvas = document.createElement('canvas');
      canvas.width = 160;
      canvas.height = 120;
      const context = canvas.getContext('2d');
      const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm' });
      const parts: Blob[] = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      const ended = new Promise((resolve) => {
        recorder.onstop = resolve;
      });
      recorder.start();
      for (let frame = 0; frame < 40; frame++) {
        if (context) {
          context.fillStyle = `hsl(${String(frame * 18)} 80% 50%)`;
          context.fillRect(0, 0, 160, 120);
        }
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
      recorder.stop();
      await ended;
      return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
    });
    await page
      .locator('.c-composer input[type=file]')
      .setInputFiles([{ name: '演示.webm', mimeType: 'video/webm', buffer: Buffer.from(video) }]);
    await page.getByRole('dialog').getByRole('button', { name: 'Send', exact: true }).click();
    const sent = await nio.waitEvent({ room_id: sealed, body: '演示.webm', decrypted: true });
    expect(sent.content['msgtype']).toBe('m.video');
    await sentTile().getByRole('button', { name: 'Play video 演示.webm' }).click();
    const player = page.locator('video[aria-label="演示.webm"]');
    await waitFor(() => player.evaluate((node: HTMLVideoElement) => node.videoWidth === 160));
    const drawing = Buffer.from(
      await page.evaluate(async () => {
        const canvas = new OffscreenCanvas(160, 120);
        canvas.getContext('2d')?.fillRect(20, 20, 60, 60);
        return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer())];
      }),
    );
    const file = await nio.sendFile(sealed, '加油.png', drawing, 'image/png');
    const { content } = await nio.waitEvent({ room_id: sealed, event_id: file, decrypted: true });
    await nio.send(sealed, 'm.sticker', {
      body: '加油',
      file: content['file'],
      info: { mimetype: 'image/png', w: 160, h: 120, size: drawing.length },
    });
    const sticker = page.getByRole('button', { name: 'Open picture 加油', exact: true });
    await waitFor(() => sticker.locator('img').evaluate((node: HTMLImageElement) => node.naturalWidth > 0));
  });

  test('a picture is shown by its bytes, whatever type the other client claims', async () => {
    const bytes = await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(160, 120);
      canvas.getContext('2d')?.fillRect(20, 20, 60, 60);
      return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg' })).arrayBuffer())];
    });
    const uploaded = await nio.sendFile(sealed, '原图.jpg', Buffer.from(bytes), 'image/jpeg');
    const { content } = await nio.waitEvent({ room_id: sealed, event_id: uploaded, decrypted: true });
    for (const claimed of ['image/jpg', 'image/pjpeg', 'image/x-png', 'application/octet-stream', '']) {
      const body = `照片 ${claimed === '' ? 'none' : claimed}`;
      await nio.send(sealed, 'm.room.message', {
        msgtype: 'm.image',
        body,
        file: content['file'],
        info: { w: 160, h: 120, size: bytes.length, ...(claimed === '' ? {} : { mimetype: claimed }) },
      });
      const shown = page.getByRole('button', { name: `Open picture ${body}`, exact: true }).locator('img');
      await waitFor(() => shown.evaluate((node: HTMLImageElement) => node.naturalWidth === 160), {
        what: `the picture claimed as "${claimed}"`,
      });
    }
  });

  test('a voice message plays, and goes on when it is sent meanwhile', async () => {
    const { promise: pressed, resolve: letGo } = Promise.withResolvers<true>();
    const uploads = '**/_matrix/media/**/upload*';
    await page.route(uploads, async (route) => {
      await pressed;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Record a voice message' }).click();
    await page.locator('.c-recorder__bars span').nth(12).waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Send the voice message' }).click();
    const tile = page.getByRole('article').filter({ has: page.locator('.c-voice') });
    await tile.getByRole('button', { name: 'Play Voice message' }).click();
    await tile.locator('audio').waitFor({ state: 'attached' });
    const sound = await tile.locator('audio').evaluateHandle((node: HTMLAudioElement) => node);
    await waitFor(() => sound.evaluate((node) => node.currentTime > 0));
    letGo(true);
    await nio.waitEvent({ room_id: sealed, body: 'Voice message', decrypted: true });
    await page.locator('.c-message[data-event^="$"][data-send="sent"] .c-voice').waitFor();
    await page.unroute(uploads);
    // The element that plays is the same one, and nothing was loaded into it again.
    expect(await sound.evaluate((node) => [node.isConnected, node.currentTime > 0])).toEqual([true, true]);
    await picture(page, 'messages-players');
    expect(await axeViolations(page)).toEqual([]);
  });
});

describe('what cannot be read yet', () => {
  test('says why, and appears when its key comes', async () => {
    const keys: unknown[] = [];
    let hold = true;
    // The keys are held back between the homeserver and the browser.
    await page.route('**/_matrix/client/v3/sync*', async (route) => {
      try {
        const answer = await route.fetch({ timeout: 60_000 });
        const news = (await answer.json()) as { to_device?: { events?: unknown[] } };
        const events = news.to_device?.events ?? [];
        if (hold) keys.push(...events);
        news.to_device = { events: hold ? [] : [...keys.splice(0), ...events] };
        await route.fulfill({ response: answer, json: news });
      } catch {
        // The page has gone on.
        await route.abort().catch(() => undefined);
      }
    });
    // The request that is on its way was not held: it ends with the next event.
    await nio.sendText(sealed, '轮到新的请求');
    await message('轮到新的请求').waitFor();
    const fresh = await nio.createRoom({ name: '新项目', encrypted: true, invite: [user.userId] });
    await user.join(fresh);
    await open('新项目');
    const id = await nio.sendText(fresh, '钥匙还在路上');
    const tile = page.locator(`[data-event="${id}"]`);
    await tile.getByText('its key has not come to this device', { exact: false }).waitFor();
    await picture(page, 'messages-no-key');
    hold = false;
    await nio.sendText(fresh, '第二条');
    await tile.getByText('钥匙还在路上').waitFor();
    await message('第二条').getByText('第二条').first().waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });
});

test('with a finger, at 390 px: a long press opens the menu', async () => {
  const context = await client.browser.browser.newContext({
    baseURL: new URL(page.url()).origin,
    locale: 'zh-CN',
    hasTouch: true,
    isMobile: true,
    reducedMotion: 'no-preference',
    viewport: { width: 390, height: 844 },
  });
  const phone = await context.newPage();
  await phone.goto('/');
  await phone.getByLabel('用户名').fill(user.userId);
  await phone.getByLabel('密码', { exact: true }).fill(user.password);
  await phone.getByRole('button', { name: '登录', exact: true }).click();
  await phone.getByRole('dialog').getByRole('button', { name: '以后再说' }).click();
  await phone.goto(`/room/${encodeURIComponent(plain)}`);
  const tile = phone.getByRole('article').filter({ hasText: '晚上八点' }).last();
  await tile.waitFor();
  // Where it stays: pictures and previews that come move it once more.
  const words = tile.locator('.c-text');
  await words.tap({ trial: true });
  const place = await words.boundingBox();
  const cdp = await context.newCDPSession(phone);
  const at = { x: (place?.x ?? 0) + 20, y: (place?.y ?? 0) + 8 };
  await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [at] });
  await tile.getByRole('toolbar').waitFor();
  await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await phone.getByRole('menuitem', { name: '转发' }).waitFor();
  await picture(phone, 'messages-long-press');
  await phone.getByRole('menuitem', { name: '转发' }).click();
  await phone.getByRole('dialog', { name: '转发到…' }).getByRole('option').first().waitFor();
  expect(await horizontalOverflow(phone)).toBe(0);
  expect(await axeViolations(phone)).toEqual([]);
  await picture(phone, 'forward-phone-zh');
  await context.close();
});
