/// <reference lib="dom" />
/**
 * The built web client in a conversation of 100,000 events: opening it, scrolling far up and back, jumping to a day.
 *
 *   npm run bench -- client-room --events 100000 [--write]
 *   … --depth 20000 --minutes 5       how far up is scrolled, in events, and for how long at most each way
 *   … --profile                       keeps a profile of the way up in var/log; figures suffer
 *
 * The room is written into the homeserver's database (lib/seed-room.ts), the rest is as people do it, with the wheel.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '@qiao/scripts/stack';
import { launchBrowser, makeUser, startTestStack, type MatrixEvent, type TestBrowser } from '@qiao/testkit';
import type { Page } from 'playwright-core';
import { heap, pictureOfFailure, rendererMemory, signIn, typeKeys } from './lib/page.ts';
import { duration, MB, median, ms, percentile } from './lib/report.ts';
import { DrawnOrder, takeWatched, together, watchScrolling, type Watched } from './lib/scroll-watch.ts';
import { seedRoom, type SeededRoom } from './lib/seed-room.ts';
import { WEB_CLIENTS } from './lib/web-clients.ts';

interface BenchContext {
  readonly print: (line: string) => void;
  readonly note: (line: string) => void;
  readonly args: readonly string[];
}

/** Turns of the wheel of one fling, and the rest before the next, milliseconds. */
const FLING = [300, 700, 1200, 1200, 1000, 800, 600, 400, 250, 150, 80, 40];
const REST_MS = 250;
/** Of a jump in the report so many are listed. */
const TOLD = 8;
const client = WEB_CLIENTS.qiao;
const run = promisify(execFile);

interface Memory {
  readonly heap: number;
  readonly process: number;
}

/** One way that was scrolled. */
interface Way {
  readonly name: string;
  readonly seconds: number;
  /** Turned by the wheel, CSS pixels. */
  readonly turned: number;
  readonly seen: Omit<Watched, 'drawn'>;
  readonly messages: number;
  readonly holes: number;
  readonly faults: readonly string[];
}

/** Whether the event has a line of its own in the timeline that names it. */
const isMessage = (event: MatrixEvent): boolean => {
  const relation = event.content['m.relates_to'] as { rel_type?: unknown } | undefined;
  return event.type === 'm.room.message' && relation?.rel_type !== 'm.replace';
};

/** Scrolls by flings until there is no more to do. */
async function scroll(
  page: Page,
  name: string,
  ids: readonly string[],
  direction: 1 | -1,
  isDone: (order: DrawnOrder) => Promise<boolean>,
  limitMs: number,
): Promise<Way> {
  const box = await page.locator(client.timeline).first().boundingBox();
  if (box) await page.mouse.move(box.x + box.width - 40, box.y + box.height / 2);
  await takeWatched(page);
  const order = new DrawnOrder(ids);
  const parts: Watched[] = [];
  let turned = 0;
  const began = performance.now();
  const take = async (): Promise<void> => {
    const part = await takeWatched(page);
    order.take(part.drawn);
    parts.push({ ...part, drawn: [] });
  };
  do {
    for (const by of FLING) {
      turned += by;
      await page.mouse.wheel(0, direction * by);
    }
    await page.waitForTimeout(REST_MS);
    await take();
  } while (performance.now() - began < limitMs && !(await isDone(order)));
  // What is still moving comes to rest under the watch, too.
  await page.waitForTimeout(1500);
  await take();
  return {
    name,
    seconds: (performance.now() - began) / 1000,
    turned,
    seen: together(parts),
    messages: order.count.drawn,
    holes: order.count.holes,
    faults: order.faults,
  };
}

/** Goes to a day by the conversation's menu: milliseconds until its first message is in sight. */
async function jumpToDay(page: Page, ts: number, eventId: string): Promise<number> {
  await page.getByRole('main').getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Go to a date' }).click();
  const dialog = page.getByRole('dialog', { name: 'Go to a date' });
  const date = new Date(ts);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) =>
    String(part).padStart(2, '0'),
  );
  await dialog.getByLabel('Date').fill(day.join('-'));
  const began = performance.now();
  await dialog.getByRole('button', { name: 'Go', exact: true }).click();
  await page.locator(`[data-event="${eventId}"]`).waitFor();
  const took = performance.now() - began;
  await dialog.waitFor({ state: 'detached' });
  return took;
}

async function measure(
  browser: TestBrowser,
  address: string,
  room: SeededRoom,
  other: string,
  reader: Parameters<typeof signIn>[2],
  options: {
    readonly depth: number;
    readonly limitMs: number;
    readonly profile: boolean;
    readonly note: (line: string) => void;
  },
) {
  const { note } = options;
  const { page, context } = await browser.newPage({ baseURL: address, reducedMotion: 'no-preference' });
  page.on('pageerror', (error) => {
    note(error.message);
  });
  const cdp = await context.newCDPSession(page);
  const memory = async (): Promise<Memory> => ({
    heap: await heap(cdp),
    process: await rendererMemory(browser),
  });
  await signIn(page, client, reader);
  await page.goto(client.path(other));
  await page.locator(client.message).first().waitFor();
  await page.waitForTimeout(3000);
  const before = await memory();

  const shown = room.events.filter(isMessage);
  const ids = shown.map((event) => event.event_id);
  await watchScrolling(page);
  const clicked = performance.now();
  await page.locator(client.rowOf(room.name)).first().click();
  await page.locator(`[data-event="${ids.at(-1) ?? ''}"]`).waitFor();
  const opened = performance.now() - clicked;
  await page.waitForTimeout(2000);
  const atNewest = await memory();
  const composer = page.locator(client.composer).first();
  await composer.click();
  const keysNewest = await typeKeys(page);

  const ways: Way[] = [];
  const tell = (way: Way): void => {
    ways.push(way);
    note(`${way.name}: ${JSON.stringify({ ...way, seen: { ...way.seen, jumps: way.seen.jumps.length } })}`);
    for (const jump of way.seen.jumps.slice(0, TOLD)) note(`  jump ${JSON.stringify(jump)}`);
  };
  const frame = page.locator('.c-timeline__frame').first();
  const share = ids.length / room.events.length;
  if (options.profile) {
    await cdp.send('Profiler.enable');
    await cdp.send('Profiler.setSamplingInterval', { interval: 2000 });
    await cdp.send('Profiler.start');
  }
  tell(
    await scroll(
      page,
      'up from the newest',
      ids,
      -1,
      async (order) =>
        order.depth >= options.depth * share || (await frame.getAttribute('data-older')) === 'end',
      options.limitMs,
    ),
  );
  if (options.profile) {
    const { profile } = await cdp.send('Profiler.stop');
    mkdirSync(join(root, 'var/log'), { recursive: true });
    writeFileSync(join(root, 'var/log/bench-client-room.cpuprofile'), JSON.stringify(profile));
  }
  const far = await memory();
  await composer.click();
  const keysFar = await typeKeys(page);
  const atNewestAgain = page.locator(`[data-event="${ids.at(-1) ?? ''}"]`);
  tell(
    await scroll(page, 'back down', ids, 1, async () => (await atNewestAgain.count()) > 0, options.limitMs),
  );
  const back = await memory();

  // The first message of the middle day, and of the first one that was written.
  const middle = shown[Math.floor(shown.length / 2)];
  const days: number[] = [];
  const firstOf = (ts: number): MatrixEvent | undefined => {
    const begin = new Date(ts).setHours(0, 0, 0, 0);
    return shown.find((event) => event.origin_server_ts >= begin);
  };
  for (const [name, event] of [
    ['about the middle', middle],
    ['about the first message', shown[0]],
  ] as const) {
    const first = event && firstOf(event.origin_server_ts);
    if (!event || !first) continue;
    days.push(await jumpToDay(page, event.origin_server_ts, first.event_id));
    const until = performance.now() + 8000;
    const over = (): Promise<boolean> => Promise.resolve(performance.now() > until);
    tell(await scroll(page, `${name}, up`, ids, -1, over, 8000));
    tell(await scroll(page, `${name}, down`, ids, 1, () => Promise.resolve(false), 8000));
  }
  const farJump = await memory();

  await page.locator(client.rowOf('Small')).first().click();
  await page.getByRole('main', { name: 'Small' }).waitFor();
  await page.waitForTimeout(5000);
  const left = await memory();
  await context.close();
  return { opened, keysNewest, keysFar, ways, days, memory: { before, atNewest, far, back, farJump, left } };
}

export async function bench(ctx: BenchContext): Promise<void> {
  const option = (name: string, otherwise: number): number => {
    const at = ctx.args.indexOf(name);
    return at < 0 ? otherwise : Number(ctx.args[at + 1]);
  };
  const count = option('--events', 100_000);
  const depth = option('--depth', 20_000);
  const limitMs = option('--minutes', 5) * 60_000;
  await run(process.execPath, ['scripts/build.ts'], { cwd: root });
  const own = await startTestStack({ parts: ['postgres', 'synapse', 'host', 'gateway'] });
  const browser = await launchBrowser();
  try {
    const reader = await makeUser({ stack: own.info, name: 'reader', displayName: '张三' });
    const other = await reader.createRoom({ name: 'Small', preset: 'public_chat' });
    await reader.sendText(other, 'hello');
    const room = await seedRoom(own, 'Large room 大群', count, [reader]);
    ctx.note(
      `${String(room.events.length)} events: ${duration(room.seconds.written)} to write, ` +
        `${duration(room.seconds.read)} to read by /messages`,
    );
    const told = await measure(browser, own.info.gatewayUrl, room, other, reader, {
      depth,
      limitMs,
      profile: ctx.args.includes('--profile'),
      note: ctx.note,
    });
    report(ctx, room, told);
  } catch (error) {
    await pictureOfFailure(browser, 'client-room', ctx.note);
    throw error;
  } finally {
    await browser.close();
    await own.stop();
  }
}

function report(ctx: BenchContext, room: SeededRoom, told: Awaited<ReturnType<typeof measure>>): void {
  const keys = (values: readonly number[]): string =>
    `${ms(median(values))}, p95 ${ms(percentile(values, 0.95))}`;
  const { memory, ways } = told;
  const shown = room.events.filter(isMessage).length;
  ctx.print(
    `${String(room.events.length)} events, ${String(shown)} of them messages, the others edits, reactions and changes ` +
      'of the room, at four places in runs of up to 1,200. Written into the database of the homeserver with its own ' +
      `code (${duration(room.seconds.written)}), read once by \`/messages\` and compared (${duration(room.seconds.read)}). ` +
      'Looked at in every frame before it is painted. Gap: a part of the timeline is empty while nothing is being ' +
      'fetched. Jump: a message in sight moved by more than 1 px otherwise than the wheel had it; rows that grew: something came to a message in sight, as reactions do. Hole: a message of ' +
      "the homeserver's that was not drawn between others that were.",
  );
  ctx.print('');
  ctx.print(
    '| scrolled with the wheel | messages | time | scrolled, px | frames | gaps | jumps, most | of them rows that grew | holes, wrong order | frames with the sign of fetching, longest | longest task (< 200 ms) | tasks over 50 ms | rows drawn, most |',
  );
  ctx.print('|---|---|---|---|---|---|---|---|---|---|---|---|---|');
  for (const { name, seconds, seen, messages, holes, faults } of ways) {
    const jump = Math.max(0, ...seen.jumps.map(({ by }) => Math.abs(by)));
    const grown = seen.jumps.filter((one) => one.grown > 1).length;
    ctx.print(
      `| ${name} | ${String(messages)} | ${duration(seconds)} | ${(seen.up + seen.down).toFixed(0)} | ` +
        `${String(seen.frames)} | **${String(seen.gaps)}**, ${seen.gap.toFixed(0)} px | ` +
        `**${String(seen.jumps.length)}**, ${jump.toFixed(0)} px | ${String(grown)} | **${String(holes)}**, ${String(faults.length)} | ` +
        `${((100 * seen.waits) / Math.max(1, seen.frames)).toFixed(0)} %, ${ms(seen.longestWait)} | ` +
        `**${ms(Math.max(0, ...seen.longTasks))}** | ${String(seen.longTasks.length)} | ${String(seen.rows)} |`,
    );
  }
  ctx.print('');
  ctx.print('| | |');
  ctx.print('|---|---|');
  ctx.print(`| opened at the newest message, from the press | ${ms(told.opened)} |`);
  ctx.print(`| key press to painted character, at the newest | ${keys(told.keysNewest)} |`);
  ctx.print(`| the same, far up | ${keys(told.keysFar)} |`);
  ctx.print(`| to a day in the middle | ${ms(told.days[0] ?? NaN)} |`);
  ctx.print(`| to the day of the first message | ${ms(told.days[1] ?? NaN)} |`);
  const each = [
    ['before it was opened', memory.before],
    ['at the newest', memory.atNewest],
    ['far up', memory.far],
    ['back at the newest', memory.back],
    ['after the jumps', memory.farJump],
    ['after it was left', memory.left],
  ] as const;
  for (const [when, { heap: used, process }] of each)
    ctx.print(`| heap (collected), renderer process, ${when} | ${MB(used)}, ${MB(process)} |`);
  for (const { name, seen, faults } of ways) {
    for (const jump of seen.jumps.slice(0, TOLD)) ctx.note(`${name}: ${JSON.stringify(jump)}`);
    for (const fault of faults.slice(0, TOLD)) ctx.note(`${name}: ${fault}`);
  }
}
