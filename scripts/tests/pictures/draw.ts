import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@qiao/scripts/stack';
import { measure } from '@qiao/testkit';
import type { Locator, Page, Request } from 'playwright-core';

/* Draws what a catalogue names, measures it and keeps the picture. See README.md beside this. */

/** One way to look at a screen. */
export interface View {
  readonly width: 390 | 768 | 1440;
  readonly theme: 'light' | 'dark';
  readonly language: 'en' | 'zh-Hans';
}

/** Each width, theme and language: `./scripts/test --only pictures`. */
const ALL: readonly View[] = ([1440, 768, 390] as const).flatMap((width) =>
  (['light', 'dark'] as const).flatMap((theme) =>
    (['en', 'zh-Hans'] as const).map((language) => ({ width, theme, language })),
  ),
);
/** In every run: both languages, both themes, and the two widths that differ most. */
const FEW: readonly View[] = [
  { width: 1440, theme: 'dark', language: 'en' },
  { width: 390, theme: 'light', language: 'zh-Hans' },
];
const views = process.env['QIAO_ALL_PICTURES'] === 'all' ? ALL : FEW;
/** Where pictures are kept for looking at. */
const FOLDER = join(root, 'var/test/report/pictures');
/** What the page is reached in. */
const START: View = { width: 1440, theme: 'light', language: 'en' };

/** What console and client say of an address that they do not have. */
const NO_PAGE = /^(There is no such page|This page does not exist)/;

/** One screen, window, menu or empty state, and the way to it. */
export interface Picture {
  readonly name: string;
  /** Another device than the first. */
  readonly on?: () => Page;
  /** Address in the program; absent: where the last one ended. */
  readonly at?: string | (() => string | Promise<string>);
  /** It shows what an address shows that is none. */
  readonly nowhere?: boolean;
  /** What is drawn only where there is this much room; absent: each width. */
  readonly widths?: readonly View['width'][];
  /** From there; the page is English, and as wide as the widest of `widths`. */
  readonly reach?: (page: Page) => Promise<unknown>;
  /** The last press, made in the language and width of each view: for what keeps the words and place it began with. */
  readonly press?: (page: Page) => Locator;
  /** Puts back what the picture needed. */
  readonly after?: (page: Page) => Promise<unknown>;
  /** It shows that something is waited for. */
  readonly waits?: boolean;
  /** Places of the sources whose text is a person's, so that they cannot be told by it. */
  readonly shows?: readonly string[];
}

/** What was drawn so far. */
export interface Album {
  readonly drawn: Set<string>;
  readonly shown: Set<string>;
}
export const newAlbum = (): Album => ({ drawn: new Set(), shown: new Set() });

async function look(page: Page, view: View): Promise<void> {
  const height = view.width < 720 ? 844 : 900;
  const now = page.viewportSize();
  if (now?.width !== view.width || now.height !== height)
    await page.setViewportSize({ width: view.width, height });
  await page.emulateMedia({ colorScheme: view.theme });
  // As another tab tells it in which the language was chosen.
  await page.evaluate(
    `dispatchEvent(new StorageEvent('storage', { key: 'qiao.locale', newValue: '${view.language}' }))`,
  );
  await page.locator(`html[lang^="${view.language.slice(0, 2)}"]`).waitFor({ state: 'attached' });
}

/** Goes to an address without loading the program again. */
export async function go(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => {
    const window = globalThis as unknown as {
      history: { pushState(state: null, title: string, path: string): void };
      dispatchEvent(event: Event): void;
    };
    window.history.pushState(null, '', to);
    window.dispatchEvent(new Event('popstate'));
  }, path);
}

/** What each page has asked for and not been answered yet, with when it did. */
const asked = new WeakMap<Page, Map<Request, number>>();
/** What waits for news is answered late: it is not waited for after so many milliseconds. */
const NEWS_MS = 4_000;

function askedOf(page: Page): Map<Request, number> {
  const known = asked.get(page);
  if (known) return known;
  const requests = new Map<Request, number>();
  asked.set(page, requests);
  page.on('request', (request) => {
    if (/\/(api|assets)\//.test(request.url())) requests.set(request, Date.now());
  });
  const done = (request: Request): void => {
    requests.delete(request);
  };
  page.on('requestfinished', done);
  page.on('requestfailed', done);
  page.on('framenavigated', () => {
    requests.clear();
  });
  return requests;
}

/** How long a page may take to be whole, in milliseconds. */
const SETTLE_MS = 15_000;

/** Waits until nothing is loading any more. @throws Error with what is */
export async function settled(page: Page): Promise<void> {
  const requests = askedOf(page);
  const end = Date.now() + SETTLE_MS;
  // What is asked for by what was just drawn is waited for as well.
  for (let quiet = 0; quiet < 2;) {
    const loading = await page.evaluate(
      `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(
        [...document.querySelectorAll('.q-skeleton, .q-busy')].filter((each) => each.checkVisibility()).length))))`,
    );
    const now = Date.now();
    const waits = [...requests.values()].some((since) => now - since < NEWS_MS);
    quiet = loading === 0 && !waits ? quiet + 1 : 0;
    if (now > end) throw new Error(`still loading: ${String(loading)}`);
  }
}

/** Closes windows, menus and toasts. @throws Error for what does not close */
async function clear(page: Page): Promise<void> {
  const open = page.locator('dialog[open], [popover]:popover-open:not(.q-toasts), .c-emoji');
  for (let tries = 0; (await open.count()) > 0; tries++) {
    if (tries === 8) throw new Error(`does not close: ${await open.first().innerText()}`);
    await page.keyboard.press('Escape');
  }
  for (const button of await page.locator('.q-toasts:popover-open .q-toast > button:last-child').all())
    await button.click({ timeout: 1_000 }).catch(() => undefined);
}

interface Control {
  closest(selector: string): Within | null;
  click(): void;
  scrollIntoView(options: { block: 'center' }): void;
}
interface Within {
  querySelectorAll(selector: string): Iterable<Control>;
}
/** Where a control stands among those of its menu, window or page. Runs in the page. */
function placeOf(node: unknown): readonly [root: string, place: number] {
  const root = ['[popover]', 'dialog', 'body'].find((each) => (node as Control).closest(each)) ?? 'body';
  const all = [...((node as Control).closest(root)?.querySelectorAll('button, a, [role]') ?? [])];
  return [root, all.indexOf(node as Control)];
}
/** Presses what stands there. Runs in the page. */
function pressAt([root, place]: readonly [root: string, place: number]): void {
  const { document } = globalThis as unknown as {
    document: { querySelectorAll(selector: string): Iterable<Within> };
  };
  const open = { '[popover]': ':popover-open:not(.q-toasts)', dialog: 'dialog[open]' }[root] ?? root;
  const within = [...document.querySelectorAll(open)].at(-1);
  const control = [...(within?.querySelectorAll('button, a, [role]') ?? [])].at(place);
  control?.scrollIntoView({ block: 'center' });
  control?.click();
}

/** Draws one in all views. @returns what is wrong, one line each */
export async function draw(
  page: Page,
  picture: Picture,
  album: Album,
  of: string,
): Promise<readonly string[]> {
  const folder = join(FOLDER, of);
  mkdirSync(folder, { recursive: true });
  const faults: string[] = [];
  const shown = views.filter(({ width }) => picture.widths?.includes(width) ?? true);
  const start: View = { ...START, width: shown[0]?.width ?? START.width };
  askedOf(page);
  const reach = async (): Promise<void> => {
    await look(page, start);
    if (picture.at !== undefined) {
      const at = typeof picture.at === 'string' ? picture.at : await picture.at();
      await clear(page);
      // What is there is made anew, also where the address is the same.
      await go(page, at.startsWith('/admin') ? '/admin/-' : '/-');
      // The program goes on with the next address without having drawn this one if it comes at once.
      const nowhere = page.locator('.q-empty__title', { hasText: NO_PAGE });
      await page.getByRole('heading', { name: 'Sign in' }).or(nowhere).first().waitFor();
      await go(page, at);
      if (picture.nowhere !== true) await nowhere.waitFor({ state: 'detached' });
    }
    await picture.reach?.(page);
    // What comes with the pointer goes, and is in the pictures of what one does with it.
    await page.mouse.move(0, 0);
  };
  try {
    await reach();
    for (const view of shown) {
      if (picture.press) {
        if (view !== shown[0]) {
          await clear(page);
          await reach();
        }
        await look(page, { ...START, width: view.width });
        // Found by its English name, pressed in the view: there it stands at the same place among the others.
        const place = await picture.press(page).evaluate(placeOf);
        await look(page, view);
        await page.evaluate(pressAt, place);
        await page.locator('dialog[open], [popover]:popover-open:not(.q-toasts)').last().waitFor();
      } else await look(page, view);
      if (picture.waits !== true) await settled(page);
      const found = await measure(page);
      const name = `${picture.name} ${String(view.width)} ${view.theme} ${view.language.slice(0, 2)}`;
      faults.push(...found.faults.map((fault) => `${name}: ${fault}`));
      for (const each of found.drawn) album.drawn.add(each);
      // All of a page from its beginning, and of a window what is seen.
      const fullPage = (await page.locator('dialog[open], [popover]:popover-open').count()) === 0;
      if (fullPage) await page.evaluate('scrollTo(0, 0)');
      await page.screenshot({ path: join(folder, `${name.replaceAll(' ', '-')}.png`), fullPage });
    }
    for (const each of picture.shows ?? []) album.shown.add(each);
    if (picture.press) await clear(page);
  } catch (error) {
    await page.screenshot({ path: join(folder, `failed-${picture.name.replaceAll(' ', '-')}.png`) });
    throw error;
  } finally {
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await look(page, START);
    await picture.after?.(page);
  }
  return faults;
}

/** What an address answers: of lists their items, of the homeserver's ways to sign in the flows. */
interface Answered {
  readonly items: readonly object[];
  readonly flows: readonly { readonly type: string }[];
}

/** Lets an address be answered as it is, but for what `change` makes of it. */
export const answerChanged = (
  page: Page,
  address: RegExp,
  change: (answer: Answered) => object,
): Promise<unknown> =>
  page.route(address, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: change((await answer.json()) as Answered) });
  });

/** Lets lists of an address be answered as they are, with nothing in them. */
export const answerNothing = (page: Page, address: RegExp): Promise<unknown> =>
  answerChanged(page, address, (answer) => ({ ...answer, items: [], next: null }));

/** Lets an address stay without an answer. */
export const neverAnswer = (page: Page, address: RegExp): Promise<unknown> =>
  page.route(address, () => undefined);

/** Lets calls of an address fail, as a server does that has lost its database. */
export const fail = (page: Page, address: RegExp): Promise<unknown> =>
  page.route(address, (route) =>
    route.fulfill({
      status: 500,
      json: { error: { code: 'platform.unexpected', message: '', request_id: 'req-7f3a' } },
    }),
  );

/** Presses, one after the other, what has these names, in the window that is open or the page. */
export async function press(page: Page, ...names: (string | RegExp)[]): Promise<void> {
  for (const name of names) {
    const top = page.locator('dialog[open], [popover]:popover-open:not(.q-toasts)').last();
    const within = (await top.count()) > 0 ? top : page.locator('body');
    await named(within, name).click();
  }
}

/** The first control of a name that is drawn. */
export function named(within: Locator, name: string | RegExp): Locator {
  const exact = typeof name === 'string';
  return (['button', 'menuitem', 'menuitemradio', 'menuitemcheckbox', 'tab', 'link'] as const)
    .map((role) => within.getByRole(role, { name, exact }))
    .reduce((one, other) => one.or(other))
    .filter({ visible: true })
    .first();
}

/** Keeps what is wrong beside the pictures. */
export function keepFaults(of: string, faults: readonly string[]): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${of}.txt`), faults.map((each) => `${each}\n`).join(''));
}
