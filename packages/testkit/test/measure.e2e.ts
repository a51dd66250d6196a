import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, measure, type TestBrowser } from '../src/index.ts';

/* Each fault is planted alone: a measure that finds nothing proves nothing. */

let chromium: TestBrowser;
let page: Page;

beforeAll(async () => {
  chromium = await launchBrowser();
  ({ page } = await chromium.newPage({ width: 600, height: 400 }));
});
afterAll(() => chromium.close());

const RIGHT = `
  <h1>People of the company</h1>
  <p>A text with <a href="#a">a link in it</a> that is as long as it likes to be, over several lines.</p>
  <div class="row" style="display: flex; gap: 8px">
    <button style="min-height: 32px">Save</button>
    <label style="display: flex; height: 32px"><input type="checkbox"> <span>All of them</span></label>
    <button style="width: 32px; height: 32px" aria-label="More"><svg width="20" height="20" aria-hidden="true"></svg></button>
  </div>
  <p style="overflow: hidden; white-space: nowrap; text-overflow: ellipsis; width: 200px">
    The last message of a conversation, of which a line is shown</p>
  <div style="height: 60px; overflow: auto"><p style="height: 300px">It scrolls.</p><button>Below</button></div>`;

const planted: Readonly<Record<string, readonly [RegExp, string]>> = {
  'a text that is cut': [
    /^cut: span.name “Finance and controlling”/,
    '<div style="width: 60px; overflow: hidden; white-space: nowrap"><span class="name">Finance and controlling</span></div>',
  ],
  'a text that is cut in its height': [
    /^cut: p.two “Two lines/,
    '<p class="two" style="width: 90px; height: 20px; line-height: 20px; overflow: hidden">Two lines of a longer text</p>',
  ],
  'a name reduced to a letter': [
    /^cut: h2.short “Design”, only 24 px/,
    '<h2 class="short" style="width: 24px; overflow: hidden; text-overflow: ellipsis">Design</h2>',
  ],
  'a field too narrow for what it asks': [
    /^cut: input.field .* “Find people and departments” needs/,
    '<input class="field" style="width: 60px; height: 30px" aria-label="Find" placeholder="Find people and departments">',
  ],
  'a button under another': [
    /^covered: button.under “Send”, by div.bar/,
    `<div style="position: relative; height: 60px"><button class="under" style="height: 40px">Send</button>
      <div class="bar" style="position: absolute; inset: 0; background: red"></div></div>`,
  ],
  'texts over each other': [
    /^over each other: p.one “Yesterday”, and p.other “Today”/,
    '<div style="height: 60px"><p class="one" style="margin: 0">Yesterday</p><p class="other" style="margin: -14px 0 0">Today</p></div>',
  ],
  'a button too small for a finger': [
    /^small: button.tiny “×”, 16 × 16 px/,
    '<button class="tiny" style="width: 16px; height: 16px; padding: 0; border: 0">×</button>',
  ],
  'a button without a name': [
    /^unnamed: button.icon/,
    '<button class="icon" style="width: 40px; height: 40px"><svg width="20" height="20"></svg></button>',
  ],
  'a picture without a name': [
    /^unnamed: svg.lock/,
    '<svg class="lock" role="img" width="20" height="20"></svg>',
  ],
  'a child wider than its parent': [
    /^wider: div.child .*, 80 px out of div.parent/,
    '<div class="parent" style="width: 120px"><div class="child" style="width: 200px">Wide</div></div>',
  ],
  'something beside the window': [
    /^outside: div.away .* px beside the window/,
    '<div class="away" style="position: fixed; left: 560px; top: 0; width: 100px">Away</div>',
  ],
  'chips out of sight': [
    /^out of sight: div.chips .*, 1 controls, first chips button “Departments”/,
    `<div class="chips" style="display: flex; width: 240px; overflow-x: auto">
      <button style="flex: 0 0 200px; height: 30px">All</button><button style="flex: 0 0 200px; height: 30px">Unread</button>
      <button style="flex: 0 0 200px; height: 30px">Departments</button></div>`,
  ],
  'a key in place of its text': [/^untranslated: org:people.add_one/, '<p>org:people.add_one</p>'],
  'a dialog higher than its window': [
    /^outside: dialog.tall .* above or below the window/,
    '<dialog class="tall" style="height: 500px; max-height: none; overflow: visible"><h2>Tall</h2></dialog><script>1</script>',
  ],
};

const show = async (html: string): Promise<void> => {
  await page.setContent(`<!doctype html><html lang="en"><body>${html}</body></html>`);
  await page.evaluate('document.querySelector("dialog")?.showModal()');
};

test('a page as it should be has no faults', async () => {
  await show(RIGHT);
  expect(await measure(page)).toEqual({ faults: [], drawn: [] });
});

test.each(Object.entries(planted))('%s is found', async (_, [fault, html]) => {
  await show(RIGHT + html);
  const { faults } = await measure(page, 0);
  expect(faults.filter((each) => fault.test(each))).toHaveLength(1);
});

test('what is behind an open window is not measured, and what is drawn is told', async () => {
  await show(`${RIGHT}<div class="away" style="position: fixed; left: 560px; width: 100px">Away</div>
    <dialog><h2>Move a department</h2><button style="height: 30px">Move</button></dialog>`);
  expect(await measure(page)).toEqual({ faults: [], drawn: ['dialog Move a department'] });
});
