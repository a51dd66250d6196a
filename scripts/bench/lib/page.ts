/// <reference lib="dom" />
/** What benchmarks of web clients measure in a page of Chromium, and how they find their way in it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '@qiao/scripts/stack';
import type { TestBrowser, TestUser } from '@qiao/testkit';
import type { CDPSession, JSHandle, Page } from 'playwright-core';
import type { WebClient } from './web-clients.ts';

/** What has not come by then does not come: the run ends with an error that names it. */
const PATIENCE_MS = 60_000;

/** Resident memory of the page's renderer, bytes. */
export async function rendererMemory(browser: TestBrowser): Promise<number> {
  const cdp = await browser.browser.newBrowserCDPSession();
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
  await cdp.detach();
  const sizes = processInfo
    .filter((one) => one.type === 'renderer')
    .map(({ id }) => {
      const status = readFileSync(`/proc/${String(id)}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? NaN) * 1024;
    });
  return Math.max(...sizes);
}

/** Keeps a picture of the page as it was when a benchmark failed, in var/log. */
export async function pictureOfFailure(
  browser: TestBrowser,
  bench: string,
  note: (line: string) => void,
): Promise<void> {
  const [page] = browser.browser.contexts().flatMap((context) => context.pages());
  const path = join(root, `var/log/bench-${bench}.png`);
  await page?.screenshot({ path }).catch(() => undefined);
  note(`the page as it was: ${path}`);
}

/** The heap in use after a collection, bytes. */
export async function heap(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  return (await cdp.send('Runtime.getHeapUsage')).usedSize;
}

/** Puts off what stands between sign-in and the list. */
export async function putOff(page: Page, client: WebClient): Promise<void> {
  for (const selector of client.later) {
    const button = page.locator(selector).first();
    if (await button.isVisible().catch(() => false)) await button.click();
  }
}

/** What people type as their name: the server's part would be looked up by some clients. */
export const localpart = (user: TestUser): string => user.userId.slice(1, user.userId.indexOf(':'));

/** Signs in at the form; the list is there when this is fulfilled, and what stands before it is put off. */
export async function signIn(page: Page, client: WebClient, user: TestUser): Promise<void> {
  await page.goto(client.start);
  await page.locator(client.user).fill(localpart(user));
  await page.locator(client.password).fill(user.password);
  await page.locator(client.submit).first().click();
  await page.locator(client.row).first().waitFor({ timeout: 300_000 });
  await page.waitForTimeout(3000);
  await putOff(page, client);
}

/** The same promise, or an error after the patience is over. */
export async function patient<T>(what: string, work: Promise<T>): Promise<T> {
  const ended = new AbortController();
  const late = delay(PATIENCE_MS, undefined, { signal: ended.signal }).then(() => {
    throw new Error(`waited in vain for ${what}`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    ended.abort();
    late.catch(() => undefined);
  }
}

/** Begins to watch in the page; the watching has begun when this is fulfilled, and its end is what is returned. */
export async function watching<A, T>(
  page: Page,
  watch: (given: A) => Promise<T>,
  given: A,
): Promise<() => Promise<T>> {
  // Input reaches the page by another way than scripts: what is not there yet would miss it.
  const handle: JSHandle<{ watched: Promise<T> }> = await page.evaluateHandle(
    `({ watched: (${watch.toString()})(${JSON.stringify(given)}) })`,
  );
  return () => handle.evaluate(({ watched }) => watched);
}

/** Waits for an element within the page, without the driver's polling: milliseconds since `performance.timeOrigin`. */
export const seen = (page: Page, selector: string, text?: string): Promise<number> =>
  patient(
    `${selector} ${text ?? ''}`,
    page.evaluate(
      ([css, wanted]) =>
        new Promise<number>((resolve) => {
          const look = (): boolean => {
            for (const node of document.querySelectorAll(css)) {
              if (wanted === null || node.textContent.includes(wanted)) {
                requestAnimationFrame(() => {
                  resolve(performance.now());
                });
                return true;
              }
            }
            return false;
          };
          if (look()) return;
          const observer = new MutationObserver(() => {
            if (look()) observer.disconnect();
          });
          observer.observe(document, { childList: true, subtree: true, characterData: true });
        }),
      [selector, text ?? null] as const,
    ),
  );

/** Types so many characters where the caret is and takes them back: milliseconds from key press to paint, each. */
export async function typeKeys(page: Page, count = 40): Promise<number[]> {
  const keys: number[] = [];
  for (let n = 0; n < count; n++) {
    const painted = await watching(
      page,
      () =>
        new Promise<number>((resolve) => {
          addEventListener(
            'keydown',
            () => {
              const pressed = performance.now();
              // The frame after the one that draws the change has begun: it was painted.
              requestAnimationFrame(() => {
                const channel = new MessageChannel();
                channel.port1.onmessage = () => {
                  resolve(performance.now() - pressed);
                };
                channel.port2.postMessage(0);
              });
            },
            { once: true, capture: true },
          );
        }),
      undefined,
    );
    await page.keyboard.press('a');
    keys.push(await patient(`key press ${String(n)}`, painted()));
  }
  for (let n = 0; n < count; n++) await page.keyboard.press('Backspace');
  return keys;
}
