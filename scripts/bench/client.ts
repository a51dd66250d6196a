/// <reference lib="dom" />
/**
 * The built web client in Chromium against a real stack: an account with many conversations, from the first load on.
 *
 *   npm run bench -- client --rooms 200,2000
 *   … --idle 5                                          seconds instead of a minute: for work on this script
 *   … --peer http://127.0.0.1:8090 --peer-kind element    the same with another web client at that address, which
 *                                                         talks to the homeserver at the port that is printed
 *
 * Rooms are not encrypted, as in the figures of other clients this is compared with; sign-in makes keys all the same.
 * A conversation of 100,000 events is measured by client-room.ts.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { root } from '@qiao/scripts/stack';
import {
  launchBrowser,
  makeUser,
  startTestStack,
  waitFor,
  type RunningTestStack,
  type TestBrowser,
  type TestPage,
  type TestUser,
} from '@qiao/testkit';
import type { Page } from 'playwright-core';
import {
  heap,
  localpart,
  patient,
  pictureOfFailure,
  putOff,
  rendererMemory,
  seen,
  signIn,
  typeKeys,
  watching,
} from './lib/page.ts';
import { kB, MB, median, ms, percentile } from './lib/report.ts';
import { WEB_CLIENTS, type WebClient } from './lib/web-clients.ts';

interface BenchContext {
  readonly print: (line: string) => void;
  readonly note: (line: string) => void;
  readonly args: readonly string[];
}

/** Messages of the large room, and of each other one. */
const LARGE = 1000;
const SMALL = 3;
/** Conversations that are visited for the switch, and before memory is read. */
const VISITED = 100;
const SENT = 12;
const IN_FLIGHT = 12;
const IDLE_MS = 60_000;
const run = promisify(execFile);

/** People of one client: none finds the keys of the other client's devices. */
interface Readers {
  /** Is in all rooms. */
  readonly user: TestUser;
  /** Sees in the large room what the first sends. */
  readonly other: TestUser;
}

interface Account {
  readonly readers: readonly Readers[];
  readonly rooms: readonly { readonly id: string; readonly name: string }[];
  readonly large: { readonly id: string; readonly name: string };
}

/** One client's figures; milliseconds, bytes. */
interface Figures {
  scriptsFirst: number;
  scriptsAfter: number;
  wasm: number;
  form: number;
  loginToList: number;
  loginToMessages: number;
  reloadToList: number;
  reloadToTimeline: number;
  switches: number[];
  keys: number[];
  echoes: number[];
  arrivals: number[];
  longestTask: number;
  heapIdle: number;
  heapVisited: number;
  processIdle: number;
  processVisited: number;
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item);
    }),
  );
}

/** Rooms of one writer with messages, and readers for so many clients. */
async function makeAccount(
  own: RunningTestStack,
  count: number,
  clients: number,
  note: (line: string) => void,
): Promise<Account> {
  const stack = own.info;
  const user = (name: string, displayName: string): Promise<TestUser> =>
    makeUser({ stack, name: `${name}-${String(count)}`, displayName });
  const writer = await user('writer', 'Terri Duffy');
  const readers: Readers[] = [];
  for (let n = 1; n <= clients; n++)
    readers.push({
      user: await user(`reader${String(n)}`, '张三'),
      other: await user(`other${String(n)}`, 'Ken Sánchez'),
    });
  const rooms: { id: string; name: string }[] = [];
  const make = async (name: string, messages: number): Promise<{ id: string; name: string }> => {
    const id = await writer.createRoom({ name, preset: 'public_chat' });
    for (const one of readers) await one.user.join(id);
    for (let n = 0; n < messages; n++) await writer.sendText(id, `${name}: 第 ${String(n)} 条消息 message`);
    return { id, name };
  };
  await each(
    Array.from({ length: count - 1 }, (_, n) => `会话 Room ${String(n + 1).padStart(4, '0')}`),
    async (name) => {
      rooms.push(await make(name, SMALL));
    },
  );
  const large = await make('Large room 大群', LARGE);
  for (const { other } of readers) await other.join(large.id);
  note(`${String(count)} rooms made`);
  return { readers, rooms, large };
}

/** Bytes of the scripts and of WebAssembly a page has loaded so far, each gzipped. */
function countScripts(page: Page): {
  readonly script: () => Promise<number>;
  readonly wasm: () => Promise<number>;
} {
  // The service worker asks for the same files again; of its answers the driver has no bodies.
  const bodies = new Map<string, Promise<Buffer>[]>();
  page.context().on('response', (response) => {
    const type = response.headers()['content-type'] ?? '';
    if (/javascript|wasm/.test(type) && response.ok())
      bodies.set(response.url(), [
        ...(bodies.get(response.url()) ?? []),
        response.body().catch(() => Buffer.alloc(0)),
      ]);
  });
  const sum = async (fits: (url: string) => boolean): Promise<number> => {
    let bytes = 0;
    for (const [url, answers] of bodies) {
      if (!fits(url)) continue;
      const sizes = (await Promise.all(answers)).map((body) =>
        body.length === 0 ? 0 : gzipSync(body).length,
      );
      bytes += Math.max(0, ...sizes);
    }
    return bytes;
  };
  return {
    script: () => sum((url) => !url.endsWith('.wasm')),
    wasm: () => sum((url) => url.endsWith('.wasm')),
  };
}

async function measure(
  browser: TestBrowser,
  client: WebClient,
  address: string,
  account: Account,
  { user, other }: Readers,
  note: (line: string) => void,
  idleMs: number,
): Promise<Figures> {
  const device: TestPage = await browser.newPage({ baseURL: address });
  const { page, context } = device;
  device.page.on('pageerror', (error) => {
    note(`${client.name}: ${error.message}`);
  });
  const scripts = countScripts(page);

  const begin = Date.now();
  await page.goto(client.start, { waitUntil: 'commit' });
  await page.locator(client.user).waitFor();
  const form = Date.now() - begin;
  await page.waitForLoadState('networkidle');
  const scriptsFirst = await scripts.script();

  await page.locator(client.user).fill(localpart(user));
  await page.locator(client.password).pressSequentially(user.password, { delay: 20 });
  const login = Date.now();
  await page.locator(client.submit).first().click();
  await page.locator(client.row).first().waitFor({ timeout: 300_000 });
  const loginToList = Date.now() - login;
  const opened = (): Promise<boolean> =>
    page
      .locator(client.message)
      .first()
      .waitFor({ timeout: 2000 })
      .then(
        () => true,
        () => false,
      );
  do {
    // A dialog may come between.
    await putOff(page, client);
    await page
      .locator(client.row)
      .first()
      .click({ timeout: 1000 })
      .catch(() => undefined);
  } while (!(await opened()));
  const loginToMessages = Date.now() - login;
  await page.waitForLoadState('networkidle', { timeout: 20_000 }).catch(() => undefined);
  await putOff(page, client);
  const scriptsAfter = (await scripts.script()) - scriptsFirst;
  const wasm = await scripts.wasm();
  note(`${client.name}: form ${String(form)} ms, list ${String(loginToList)} ms`);

  // The stored sync is written in the background; a reload before that would be a second first sync.
  await page.waitForTimeout(20_000);
  const cdp = await context.newCDPSession(page);
  await page.goto(client.path(account.large.id));
  await page.locator(client.message).first().waitFor();
  await page.waitForTimeout(idleMs);
  const heapIdle = await heap(cdp);
  const processIdle = await rendererMemory(browser);

  const reloads = { list: [] as number[], timeline: [] as number[] };
  for (let n = 0; n < 3; n++) {
    await page.reload({ waitUntil: 'commit' });
    const [list, timeline] = await Promise.all([seen(page, client.row), seen(page, client.message)]);
    reloads.list.push(list);
    reloads.timeline.push(timeline);
    await page.waitForTimeout(2000);
    await putOff(page, client);
  }

  const switches: number[] = [];
  await putOff(page, client);
  if (client.more !== undefined) {
    const more = page.locator(client.more).first();
    if (await more.isVisible()) await more.click();
  }
  const visited = new Set<string>();
  const unvisited = async (): Promise<string> => {
    // Lists draw only what is in sight: what was not visited comes by scrolling on.
    for (let tries = 0; tries < 20; tries++) {
      const visible = await page.locator(client.row).allTextContents();
      const found = account.rooms.find(
        ({ name }) => !visited.has(name) && visible.some((text) => text.includes(name)),
      );
      if (found) return found.name;
      const at = await page.locator(client.list).first().boundingBox();
      if (at) await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
      await page.mouse.wheel(0, 600);
      await page.waitForTimeout(300);
    }
    throw new Error(`${client.name}: after ${String(visited.size)} conversations no other is in the list`);
  };
  for (let n = 0; n < Math.min(VISITED, account.rooms.length); n++) {
    const name = await unvisited();
    visited.add(name);
    const row = page.locator(client.rowOf(name)).first();
    await row.scrollIntoViewIfNeeded();
    // From the press to the frame that shows the other room's messages.
    const shown = await watching(
      page,
      ([css, wanted]) =>
        new Promise<number>((resolve) => {
          let pressed: number | undefined;
          addEventListener(
            'pointerdown',
            () => {
              pressed = performance.now();
            },
            { once: true, capture: true },
          );
          const look = (): void => {
            const there =
              pressed !== undefined &&
              [...document.querySelectorAll(css)].some((node) => node.textContent.includes(`${wanted}:`));
            if (there) resolve(performance.now() - (pressed ?? 0));
            else requestAnimationFrame(look);
          };
          look();
        }),
      [client.message, name] as const,
    );
    await row.click();
    switches.push(await patient(`the messages of ${name}`, shown()));
  }
  const heapVisited = await heap(cdp);
  const processVisited = await rendererMemory(browser);

  await page.goto(client.path(account.large.id));
  await page.locator(client.message).first().waitFor();
  await page.waitForTimeout(3000);
  const composer = page.locator(client.composer).first();
  await composer.click();
  const keys = await typeKeys(page);

  // Another device of somebody else in the same room.
  const second = await browser.newPage({ baseURL: address });
  await signIn(second.page, client, other);
  await second.page.goto(client.path(account.large.id));
  await second.page.locator(client.message).first().waitFor();
  const echoes: number[] = [];
  const arrivals: number[] = [];
  for (let n = 0; n < SENT; n++) {
    const text = `bench ${String(n)} ${String(Date.now())}`;
    await composer.click();
    await page.keyboard.insertText(text);
    const arrived = second.page
      .evaluate(() => performance.timeOrigin)
      .then(async (origin) => origin + (await seen(second.page, client.message, text)));
    const echoed = await watching(
      page,
      ([css, wanted]) =>
        new Promise<{ pressed: number; shown: number }>((resolve) => {
          let pressed = 0;
          addEventListener(
            'keydown',
            (event) => {
              if (event.key === 'Enter') pressed = performance.timeOrigin + performance.now();
            },
            { once: true, capture: true },
          );
          const look = (): void => {
            const there =
              pressed > 0 &&
              [...document.querySelectorAll(css)].some((node) => node.textContent.includes(wanted));
            if (there) resolve({ pressed, shown: performance.timeOrigin + performance.now() });
            else requestAnimationFrame(look);
          };
          look();
        }),
      [client.message, text] as const,
    );
    await page.keyboard.press('Enter');
    const { pressed, shown } = await patient('the local echo', echoed());
    echoes.push(shown - pressed);
    arrivals.push((await arrived) - pressed);
  }
  await second.context.close();

  // Long tasks while the large room is scrolled back.
  await page.evaluate(() => {
    const longest = { ms: 0 };
    (globalThis as unknown as { longest: { ms: number } }).longest = longest;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) longest.ms = Math.max(longest.ms, entry.duration);
    }).observe({ type: 'longtask' });
  });
  const box = await page.locator(client.timeline).first().boundingBox();
  if (box) await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  for (let n = 0; n < 80; n++) {
    await page.mouse.wheel(0, -600);
    await page.waitForTimeout(100);
  }
  const longestTask = await page.evaluate(
    () => (globalThis as unknown as { longest: { ms: number } }).longest.ms,
  );
  await context.close();
  return {
    scriptsFirst,
    scriptsAfter,
    wasm,
    form,
    loginToList,
    loginToMessages,
    reloadToList: median(reloads.list),
    reloadToTimeline: median(reloads.timeline),
    switches,
    keys,
    echoes,
    arrivals,
    longestTask,
    heapIdle,
    heapVisited,
    processIdle,
    processVisited,
  };
}

/** The rows of the table: what, and how a client's figure is told. */
const ROWS: readonly (readonly [string, (figures: Figures) => string])[] = [
  ['scripts on first load, gzip', (f) => kB(f.scriptsFirst)],
  ['scripts after sign-in, gzip', (f) => kB(f.scriptsAfter)],
  ['of it WebAssembly beside (encryption), gzip', (f) => kB(f.wasm)],
  ['cold load to the sign-in form', (f) => ms(f.form)],
  ['sign-in to the conversation list', (f) => ms(f.loginToList)],
  ['sign-in to the messages of a conversation', (f) => ms(f.loginToMessages)],
  ['warm reload to the list', (f) => ms(f.reloadToList)],
  ["warm reload to the last room's timeline", (f) => ms(f.reloadToTimeline)],
  ['room switch, median', (f) => ms(median(f.switches))],
  ['room switch, p95', (f) => ms(percentile(f.switches, 0.95))],
  ['key press to painted character, median', (f) => ms(median(f.keys))],
  ['key press to painted character, p95', (f) => ms(percentile(f.keys, 0.95))],
  ['send to local echo, median', (f) => ms(median(f.echoes))],
  ["send to another client's screen, median", (f) => ms(median(f.arrivals))],
  ['longest task while scrolling back', (f) => ms(f.longestTask)],
  ['heap after a minute, collected', (f) => MB(f.heapIdle)],
  [`heap after ${String(VISITED)} room switches, collected`, (f) => MB(f.heapVisited)],
  ['renderer process after a minute', (f) => MB(f.processIdle)],
  [`renderer process after ${String(VISITED)} room switches`, (f) => MB(f.processVisited)],
];

export async function bench(ctx: BenchContext): Promise<void> {
  const option = (name: string): string | undefined => {
    const at = ctx.args.indexOf(name);
    return at < 0 ? undefined : ctx.args[at + 1];
  };
  const sizes = (option('--rooms') ?? '200').split(',').map(Number);
  const idleMs = Number(option('--idle') ?? IDLE_MS / 1000) * 1000;
  const peer = option('--peer');
  const kind = option('--peer-kind') === 'qiao' ? 'qiao' : 'element';
  await run(process.execPath, ['scripts/build.ts'], { cwd: root });
  const own = await startTestStack({ parts: ['postgres', 'synapse', 'host', 'gateway'] });
  const browser = await launchBrowser();
  const columns: { title: string; figures: Figures }[] = [];
  let floor = NaN;
  try {
    ctx.note(`homeserver at ${own.info.homeserverUrl} server name ${own.info.serverName}`);
    const clients = [
      { client: WEB_CLIENTS.qiao, address: own.info.gatewayUrl },
      ...(peer === undefined ? [] : [{ client: WEB_CLIENTS[kind], address: peer }]),
    ];
    // The browser's own first page is nobody's.
    const empty = await browser.newPage();
    await empty.page.goto(`${own.info.gatewayUrl}/gateway/health`);
    await empty.page.setContent('<input>');
    floor = await rendererMemory(browser);
    await empty.context.close();
    for (const size of sizes) {
      const account = await makeAccount(own, size, clients.length, ctx.note);
      for (const [index, { client, address }] of clients.entries()) {
        const readers = account.readers[index];
        if (!readers) continue;
        await waitFor(async () => (await fetch(address)).ok, { what: address });
        const figures = await measure(browser, client, address, account, readers, ctx.note, idleMs);
        columns.push({ title: `${client.name}, ${String(size)} rooms`, figures });
        for (const [what, tell] of ROWS) ctx.note(`${client.name}, ${what}: ${tell(figures)}`);
      }
    }
  } catch (error) {
    await pictureOfFailure(browser, 'client', ctx.note);
    throw error;
  } finally {
    await browser.close();
    await own.stop();
  }
  ctx.print(`An empty page of the same origin: renderer process ${MB(floor)}.`);
  ctx.print('');
  ctx.print(`| | ${columns.map(({ title }) => title).join(' | ')} |`);
  ctx.print(`|---|${columns.map(() => '---|').join('')}`);
  for (const [what, tell] of ROWS)
    ctx.print(`| ${what} | ${columns.map(({ figures }) => tell(figures)).join(' | ')} |`);
}
