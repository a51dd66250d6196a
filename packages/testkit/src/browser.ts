import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import type { AxeResults, Result, RunOptions } from 'axe-core';

/** How a page is shown. */
export interface PageOptions {
  locale?: 'zh-CN' | 'en-GB' | 'en-US';
  colorScheme?: 'light' | 'dark';
  /** Viewport in CSS pixels. */
  width?: number;
  height?: number;
  reducedMotion?: 'reduce' | 'no-preference';
  baseURL?: string;
}

/** A page with its context, and what went wrong in it. */
export interface TestPage {
  page: Page;
  context: BrowserContext;
  /** Uncaught errors and console errors, for `expect(errors).toEqual([])`. */
  errors: string[];
}

/** One Chromium for a test file. */
export interface TestBrowser {
  browser: Browser;
  newPage(options?: PageOptions): Promise<TestPage>;
  close(): Promise<void>;
}

/**
 * Starts Chromium: `$CHROMIUM`, else Debian's. Nothing is downloaded.
 * @param options `scrollbars`: with scroll bars that take room, as on a desktop; else there are none
 */
export async function launchBrowser(options: { scrollbars?: boolean } = {}): Promise<TestBrowser> {
  const browser = await chromium.launch({
    ignoreDefaultArgs: options.scrollbars === true ? ['--hide-scrollbars'] : [],
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
    ],
  });
  return {
    browser,
    newPage: async (options = {}) => {
      const context = await browser.newContext({
        locale: options.locale ?? 'en-GB',
        colorScheme: options.colorScheme ?? 'light',
        reducedMotion: options.reducedMotion ?? 'reduce',
        viewport: { width: options.width ?? 1280, height: options.height ?? 900 },
        ...(options.baseURL !== undefined && { baseURL: options.baseURL }),
      });
      const page = await context.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      return { page, context, errors };
    },
    close: () => browser.close(),
  };
}

/** The part of vitest's task that is needed after a test. */
interface EndedTask {
  name: string;
  result?: { state: string; errors?: { message: string; stack?: string }[] } | undefined;
}

/** How much is told of a page, in characters. */
const TOLD = 700;

/** What a page shows: its address, and the text of its topmost window or of its end. */
async function shownBy(page: Page): Promise<string> {
  const dialog = page.locator('dialog[open]').last();
  const top = (await dialog.count()) > 0 ? dialog : page.locator('body');
  const text = await top.innerText({ timeout: 2_000 }).catch((error: unknown) => String(error));
  return `${page.url()}: ${text.replaceAll(/\s+/g, ' ').slice(-TOLD)}`;
}

/**
 * After a test that failed: its error says what the pages showed, since often only a run's output is kept; where
 * `QIAO_PICTURES` names a folder, pictures of them are there. Call it in `afterEach` with the test's task.
 */
export async function picturesOfFailure(browser: Browser, task: EndedTask): Promise<void> {
  if (task.result?.state !== 'fail') return;
  const folder = process.env['QIAO_PICTURES'];
  const name = task.name.slice(0, 20).replaceAll('/', '-');
  const shown: string[] = [];
  for (const [index, context] of browser.contexts().entries())
    for (const [tab, page] of context.pages().entries()) {
      shown.push(await shownBy(page));
      if (folder !== undefined)
        await page.screenshot({ path: join(folder, `failed-${name}-${index}-${tab}.png`) });
    }
  const [error] = task.result.errors ?? [];
  if (!error) return;
  const told = ['The pages showed', ...shown].join('\n  ');
  error.message += `\n${told}`;
  // A stack begins with the message.
  if (error.stack !== undefined) error.stack = error.stack.replace(/\n {4}at |$/, `\n${told}$&`);
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Checks the page with axe and returns one line per violation, so that a test can expect `[]`. Runs
 * under a strict Content-Security-Policy, too.
 */
export async function axeViolations(page: Page, options: RunOptions = {}): Promise<string[]> {
  // A change of colours is drawn first: in the middle of it, text and ground may be of two themes.
  await page.evaluate(`new Promise((done) => {
    const ends = document.getAnimations().filter((each) => each.effect?.getComputedTiming().endTime !== Infinity);
    void Promise.allSettled(ends.map((each) => each.finished)).then(() => {
      requestAnimationFrame(() => { requestAnimationFrame(done); });
    });
  })`);
  // evaluate() is not subject to the page's policy, a script tag is.
  await page.evaluate(axeSource);
  const results = await page.evaluate(
    async (given) => {
      const { axe } = globalThis as unknown as { axe: { run(options: unknown): Promise<AxeResults> } };
      return axe.run(given);
    },
    options as Record<string, unknown>,
  );
  // Tooltips of the component library are in a portal beside the landmarks, tied to what they describe.
  const portal = await page.evaluate(
    (targets) => {
      const { document } = globalThis as unknown as {
        document: { querySelector(selector: string): { closest(selector: string): unknown } | null };
      };
      const within = (target: string) => document.querySelector(target)?.closest('[data-floating-ui-portal]');
      return targets.filter((target) => Boolean(within(target)));
    },
    results.violations
      .filter((violation) => violation.id === 'region')
      .flatMap((violation) => violation.nodes.map((node) => String(node.target[0]))),
  );
  return results.violations.flatMap((violation: Result) =>
    violation.nodes
      .filter((node) => violation.id !== 'region' || !portal.includes(String(node.target[0])))
      .map((node) => `${violation.id} (${violation.impact}): ${node.target.join(' ')}`),
  );
}

/** How long a page may take to come to rest in a window of another size, in milliseconds. */
const SETTLE_MS = 2_000;

/**
 * How many CSS pixels the page is wider than its window; 0 when it does not scroll sideways. After a change of
 * the window's size what floats (tooltips) is put in its place some frames later: a page that is too wide is looked
 * at again until it is not, for two seconds.
 */
export function horizontalOverflow(page: Page): Promise<number> {
  return page.evaluate(`new Promise((resolve) => {
    const { documentElement: root } = document;
    const end = performance.now() + ${SETTLE_MS};
    const look = () => {
      const wider = root.scrollWidth - root.clientWidth;
      if (wider <= 0 || performance.now() > end) resolve(wider);
      else requestAnimationFrame(look);
    };
    look();
  })`);
}
