import type { Page } from 'playwright-core';
import { measurePage, type Measured } from '../page/measure.ts';

export type { Measured } from '../page/measure.ts';

/** How long what floats may take to come to its place in a window of another size, in milliseconds. */
const SETTLE_MS = 1_000;

/**
 * Measures what is drawn on top of a page: text that is cut, parts over each other, controls that cannot be pressed or
 * have no name, and what is wider than its parent or out of the window ({@link measurePage}). Looks again for a
 * second while something is wrong: what floats comes to its place some frames after a change of the window.
 */
export async function measure(page: Page, settleMs = SETTLE_MS): Promise<Measured> {
  // Fonts and pictures change what is measured.
  await page.evaluate(`(async () => {
    await document.fonts.ready;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  })()`);
  const end = Date.now() + settleMs;
  for (;;) {
    const found = await page.evaluate(measurePage);
    if (found.faults.length === 0 || Date.now() > end) return found;
    await page.evaluate('new Promise((done) => setTimeout(done, 100))');
  }
}
