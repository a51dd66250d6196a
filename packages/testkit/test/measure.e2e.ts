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
  <div style="height: 60px; overflow: auto"><p style="height: 300px">It scrolls.</p><button style="height: 30px">Below</button></div>`;

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
    '<button class="icon" style="width: 40px; height: 40px"><svg width="20" height="20" aria-hidden="true"></svg></button>',
  ],
  'a picture without a name': [
    /^unnamed: img.face/,
    '<img class="face" width="20" height="20" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
  ],
  'an icon that has no name': [
    /^unnamed: svg.lock/,
    '<svg class="lock" role="img" width="20" height="20"></svg>',
  ],
  'an icon in a named button that is not hidden': [
    /^unnamed: svg.more/,
    '<button aria-label="More" style="height: 30px"><svg class="more" width="20" height="20"></svg></button>',
  ],
  'a child wider than its parent': [
    /^wider: div.child .*, 80 px out of div.parent/,
    '<div class="parent" style="width: 120px"><div class="child" style="width: 200px">Wide</div></div>',
  ],
  'a text wider than its button': [
    /^wider: button.mail “Send to maximiliane@example.org”, its text is \d+ px out of button.mail/,
    '<button class="mail" style="width: 100px; height: 30px; white-space: nowrap">Send to maximiliane@example.org</button>',
  ],
  'a text below a button': [
    /^covered: p.title “User experience designer”, its text by button “Give a link”/,
    `<div style="position: relative; width: 200px"><p class="title">User experience designer</p>
      <button style="position: absolute; right: 0; top: 0; height: 30px">Give a link</button></div>`,
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
  'a floating button over a text that cannot be scrolled': [
    /^covered: p.last “The end of it”, its text by button “To the newest”/,
    `<div style="position: relative; height: 60px; overflow: hidden auto; background: white">
      <p class="last" style="margin: 0; line-height: 20px">The end of it</p>
      <button style="position: absolute; inset: 0 auto auto 0; width: 200px; height: 30px">To the newest</button></div>`,
  ],
  'a floating button over the end of what is scrolled sideways': [
    /^covered: pre.code .*, its text by button “Copy”/,
    `<div style="position: relative; width: 200px"><pre class="code" style="overflow: auto; margin: 0; padding: 10px 0">
export async function p()</pre>
      <button style="position: absolute; left: 0; top: 0; width: 200px; height: 50px" aria-label="Copy"></button></div>`,
  ],
  'a floating button over the only control of what scrolls too little': [
    /^covered: button.kept “Keep”, by button.float/,
    `<div style="position: relative; height: 60px"><div style="height: 60px; overflow: hidden auto">
      <button class="kept" style="height: 30px; display: block">Keep</button><p style="height: 40px; margin: 0">On</p></div>
      <button class="float" style="position: absolute; inset: 0; width: 300px">To the newest</button></div>`,
  ],
  'a bar over the text of its neighbour that is always there': [
    /^covered: p.title “User experience designer”, its text by button “Reply”/,
    `<div style="position: relative; width: 200px"><p class="title">User experience designer</p>
      <div role="toolbar" aria-label="Actions" style="position: absolute; right: 0; top: 0">
        <button style="width: 100px; height: 30px">Reply</button></div></div>`,
  ],
  'a button that is cut off in what scrolls the other way': [
    /^cut: button.away “More”, only 0 × 30 px of it can be scrolled to/,
    `<div style="width: 100px; height: 60px; overflow: hidden auto; position: relative"><p style="height: 200px">Long</p>
      <button class="away" aria-label="More" style="position: absolute; left: 100px; top: 180px; width: 30px; height: 30px"></button></div>`,
  ],
  'a key in place of its text': [/^untranslated: org:people.add_one/, '<p>org:people.add_one</p>'],
  'a list over its own field': [
    /^covered: input.own .*, by (li|ul)/,
    `<div style="position: relative; height: 60px">
      <input class="own" role="combobox" aria-label="Person" aria-expanded="true" aria-controls="found" style="height: 30px">
      <ul role="listbox" id="found" aria-label="Found" style="position: absolute; inset: 0; margin: 0; background: white">
        <li role="option" style="height: 30px">Li Na</li></ul></div>`,
  ],
  'a list that is always there over a button': [
    /^covered: button.under “Save”, by /,
    `<div style="height: 60px"><button class="under" style="height: 30px; display: block">Save</button>
      <ul role="listbox" aria-label="All" style="margin: -30px 0 0"><li role="option" style="height: 30px">Li Na</li></ul></div>`,
  ],
  'a toast over a button': [
    /^covered: button.send “Send”, by div.toast/,
    `<button class="send" style="position: fixed; right: 10px; bottom: 10px; height: 40px">Send</button>
    <div class="toast" popover="manual" style="inset: auto 0 0 auto; width: 200px; height: 80px">Saved</div>`,
  ],
  'a toast over a button on a page that is scrolled': [
    /^covered: button.send “Send”, by div.toast/,
    `<div style="height: 900px"></div><i data-page="200"></i>
    <button class="send" style="position: fixed; right: 10px; bottom: 10px; height: 40px">Send</button>
    <div class="toast" popover="manual" style="inset: auto 0 0 auto; width: 200px; height: 80px">Saved</div>`,
  ],
  'a layer that shows nothing over everything': [
    /^covered: row button “Save”, by div.layer/,
    '<div class="layer" style="position: fixed; inset: 0"></div>',
  ],
  'a page over half of a control': [
    /^covered: button.half “Back”, by main/,
    `<button class="half" style="position: fixed; top: 20px; left: 0; height: 60px; width: 100px">Back</button>
    <main style="position: fixed; inset: 40px 0 0; background: white">One</main>`,
  ],
  'a bar over the end of the page': [
    /^covered: button.last “Delete”, by div.bar/,
    `<div style="height: 900px"></div><button class="last" style="height: 30px; display: block">Delete</button>
    <div class="bar" style="position: fixed; inset: auto 0 0; height: 50px; background: white">Not saved</div>
    <i data-page="200"></i>`,
  ],
  'a small button further down': [
    /^small: button.tiny “×”, 16 × 16 px/,
    `<div style="height: 900px"></div><button class="tiny" style="width: 16px; height: 16px; padding: 0; border: 0">×</button>
    <div style="height: 400px"></div>`,
  ],
  'a button that is cut off': [
    /^cut: button.away “More”, only 0 × 30 px of it can be scrolled to/,
    `<div style="width: 100px; height: 30px; overflow: hidden; position: relative">
      <button class="away" aria-label="More" style="position: absolute; left: 100px; width: 30px; height: 30px"></button></div>`,
  ],
  'a menu under the scroll bar': [
    /^outside: div.menu .* px beside the window/,
    `<div style="height: 900px"></div>
    <div class="menu" popover role="menu" aria-label="More" style="inset: 0 0 auto auto; width: 120px; margin: 0; left: 480px">
      <button role="menuitem" style="height: 30px">Rename</button></div>`,
  ],
  'a dialog higher than its window': [
    /^outside: dialog.tall .* above or below the window/,
    '<dialog class="tall" style="height: 500px; max-height: none; overflow: visible"><h2>Tall</h2></dialog><script>1</script>',
  ],
};

/* What covers a control is right where it was opened to do so, or where the control can be scrolled out from below. */
const right: Readonly<Record<string, string>> = {
  'a list that a field opened': `
    <input role="combobox" aria-label="Person" aria-expanded="true" aria-controls="found" style="height: 30px">
    <div style="position: relative"><button style="height: 30px">Save</button>
      <ul role="listbox" id="found" aria-label="Found" style="position: absolute; inset: 0; margin: 0; background: white">
        <li role="option" style="height: 30px">Li Na</li></ul></div>`,
  'a menu': `
    <button style="height: 30px; position: fixed; left: 20px; bottom: 20px">Save</button>
    <div popover role="menu" aria-label="More" style="inset: auto auto 10px 10px">
      <button role="menuitem" style="height: 60px; width: 120px">Rename</button></div>`,
  'a window that is not modal': `
    <div style="position: relative; height: 60px"><button style="height: 40px">Save</button>
      <div role="dialog" aria-label="Emoji" style="position: absolute; inset: 0; background: white">Emoji</div></div>`,
  'a page over a page': `<button style="height: 30px">Back to the list</button>
    <main style="position: fixed; inset: 0; background: white"><h1>One</h1></main>`,
  'a head that stays': `
    <div style="height: 120px; overflow: auto" data-scroll="40">
      <div style="position: sticky; top: 0; height: 40px; background: white">Name</div>
      <button style="height: 30px; display: block">First</button>
      <button style="height: 30px; margin-top: 200px; display: block">Last</button></div>`,
  'a toast over what scrolls': `
    <div style="height: 900px"></div><button style="height: 30px; display: block">First</button>
    <div style="height: 900px"></div><i data-page="850"></i>
    <div popover="manual" style="inset: auto auto 0 0; height: 100px; width: 300px; padding: 0; border: 0">Saved</div>`,
  'nothing yet: it comes with the keyboard': `
    <a href="#main" style="position: fixed; display: block; top: -60px; height: 30px">Skip to content</a>
    <div style="height: 900px"></div><i data-page="200"></i>`,
  'a button below in what clips along the other axis': `
    <div style="height: 60px; overflow: hidden auto" data-scroll="30"><p style="height: 300px">Long</p>
      <button style="height: 30px">Last</button></div>`,
  'a text whose rest its own element hides or scrolls': `
    <div style="display: flex; height: 30px"><span style="min-width: 0; flex: 0 1 120px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap">
      A quote of a message that is much longer</span><button style="flex: none; height: 30px">2 pinned</button></div>
    <p style="margin: 0; height: 40px; line-height: 20px; width: 100px; overflow: auto">A long text of which the
      first lines are seen, and the others by scrolling</p><button style="height: 30px; width: 100px">Reply</button>`,
  'a floating button over what can be scrolled out from below it': `
    <div style="position: relative; height: 120px"><div style="height: 120px; overflow: hidden auto" data-scroll="100">
      ${Array.from({ length: 20 }, (_, at) => `<p style="margin: 0; line-height: 20px">Line ${String(at)} of a conversation</p>`).join('')}
      <button style="height: 30px">Answer</button><p style="height: 80px">The end</p></div>
      <button style="position: absolute; left: 0; bottom: 10px; width: 100px; height: 30px">To the newest</button></div>`,
  'a bar that comes with the focus': `
    <div style="position: relative; width: 200px"><p>User experience designer</p>
      <div role="toolbar" aria-label="Actions" style="position: absolute; right: 0; top: 0">
        <button style="width: 100px; height: 30px" data-focus>Reply</button></div></div>`,
  'a bar whose menu is open': `
    <div style="position: relative; width: 200px"><p>User experience designer</p>
      <div role="toolbar" aria-label="Actions" style="position: absolute; right: 0; top: 0">
        <button style="width: 100px; height: 30px" aria-haspopup="menu">More</button>
        <div popover role="menu" aria-label="More" style="inset: auto auto 0 0">
          <button role="menuitem" style="height: 30px">Rename</button></div></div></div>`,
  'a floating button over what is scrolled sideways': `
    <div style="position: relative; width: 200px"><pre style="overflow: auto; margin: 0; padding: 10px 60px 10px 0">
export async function pay(order: Order)</pre>
      <button style="position: absolute; right: 0; top: 0; width: 50px; height: 50px" aria-label="Copy"></button></div>`,
  'signs that a font does not know as one': `
    <button aria-label="family" style="width: 30px; height: 30px; padding: 0; white-space: nowrap; overflow: hidden">👨‍👩‍👧‍👦🇦🇹👍🏽👨‍👩‍👧‍👦</button>`,
  'what is scrolled away': `
    <div style="height: 40px; overflow: auto"><p style="height: 300px">Long</p><button style="height: 30px">Last</button></div>`,
};

const show = async (html: string): Promise<void> => {
  await page.setContent(`<!doctype html><html lang="en"><body>${html}</body></html>`);
  await page.evaluate(`
    document.querySelector('dialog')?.showModal();
    for (const each of document.querySelectorAll('[popover]')) each.showPopover();
    for (const each of document.querySelectorAll('[data-scroll]')) each.scrollTop = Number(each.dataset.scroll);
    document.querySelector('[data-focus]')?.focus();
    scrollTo(0, Number(document.querySelector('[data-page]')?.dataset.page ?? 0));
  `);
};

test('a page as it should be has no faults', async () => {
  await show(RIGHT);
  expect(await measure(page)).toEqual({ faults: [], drawn: [] });
});

test.each(Object.entries(right))('over a control: %s is right', async (_, html) => {
  await show(RIGHT + html);
  const where = `[scrollX, scrollY, ...[...document.querySelectorAll('*')].map((each) => each.scrollTop)].join()`;
  const before = await page.evaluate(where);
  expect((await measure(page, 0)).faults).toEqual([]);
  // It is left as it was.
  expect(await page.evaluate(where)).toBe(before);
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
