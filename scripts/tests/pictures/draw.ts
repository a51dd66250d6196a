import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@qiao/scripts/stack';
import { measure } from '@qiao/testkit';
import type { Locator, Page } from 'playwright-core';

/* Draws what a catalogue names, measures it and keeps the picture. See README.md beside this. */

/** One way to look at a screen. */
export interface View {
  readonly width: 390 | 768 | 1440;
  readonly theme: 'light' | 'dark';
  readonly language: 'en' | 'zh-Hans';
}

/** Each width, theme and language. */
const ALL: readonly View[] = ([1440, 768, 390] as const).flatMap((width) =>
  (['light', 'dark'] as const).flatMap((theme) =>
    (['en', 'zh-Hans'] as const).map((language) => ({ width, theme, language })),
  ),
);
/** Both languages, both themes, and the two widths that differ most. */
const FEW: readonly View[] = [
  { width: 1440, theme: 'dark', language: 'en' },
  { width: 390, theme: 'light', language: 'zh-Hans' },
];
/** `./scripts/test --only pictures` draws all. */
export const views = process.env['QIAO_ALL_PICTURES'] === 'all' ? ALL : FEW;
/** Where pictures are kept for looking at. */
const FOLDER = join(root, 'var/test/report/pictures');
/** What the page is reached in. */
const START: View = { width: 1440, theme: 'light', language: 'en' };

/** One screen, window, menu or empty state, and the way to it. */
export interface Picture {
  readonly name: string;
  /** Another device than the first. */
  readonly on?: () => Page;
  /** Address in the program; absent: where the last one ended. */
  readonly at?: string | (() => string | Promise<string>);
  /** From there; the page is English and wide. */
  readonly reach?: (page: Page) => Promise<unknown>;
  /** The last press, made in the language and width of each view: for what keeps the words and place it began with. */
  readonly press?: (page: Page) => Locator;
  /** Puts back what the picture needed. */
  readonly after?: (page: Page) => Promise<unknown>;
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
  await page.setViewportSize({ width: view.width, height: view.width < 720 ? 844 : 900 });
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

/** Waits until nothing is loading any more. */
export async function settled(page: Page): Promise<void> {
  await page
    .locator('.q-skeleton, .q-busy')
    .filter({ visible: true })
    .first()
    .waitFor({ state: 'detached', timeout: 15_000 });
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
  const reach = async (): Promise<void> => {
    await look(page, START);
    if (picture.at !== undefined) {
      const at = typeof picture.at === 'string' ? picture.at : await picture.at();
      await clear(page);
      // What is there is made anew, also where the address is the same.
      await go(page, at.startsWith('/admin') ? '/admin/-' : '/-');
      await go(page, at);
    }
    await picture.reach?.(page);
  };
  try {
    await reach();
    for (const view of views) {
      if (picture.press) {
        if (view !== views[0]) {
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
      if (picture.name !== 'loading') await settled(page);
      const found = await measure(page);
      const name = `${picture.name} ${String(view.width)} ${view.theme} ${view.language.slice(0, 2)}`;
      faults.push(...found.faults.map((fault) => `${name}: ${fault}`));
      for (const each of found.drawn) album.drawn.add(each);
      await page.screenshot({ path: join(folder, `${name.replaceAll(' ', '-')}.png`) });
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

/** Lets lists of an address be answered as they are, with nothing in them. */
export const answerNothing = (page: Page, address: RegExp): Promise<unknown> =>
  page.route(address, async (route) => {
    const answer = await route.fetch();
    const json = (await answer.json()) as Record<string, unknown>;
    await route.fulfill({ response: answer, json: { ...json, items: [], next: null } });
  });

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
