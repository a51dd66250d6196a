import { login, PASSWORD, type TestBrowser, type TestPage } from '@qiao/testkit';
import type { Locator, Page } from 'playwright-core';
import { GERMAN, LONG_DEPARTMENT, UIGHUR, type Company } from './company.ts';
import { answerNothing, fail, go, named, press, type Picture } from './draw.ts';
import { FILE, makeRooms, type Rooms } from './rooms.ts';

/* The web client's screens, windows, menus and empty states; see README.md beside this. */

/** What the pictures are taken of. */
export interface Stage {
  readonly company: Company;
  readonly chromium: TestBrowser;
  /** 张伟, the main administrator: whose device the others know. */
  readonly viewer: TestPage;
  /** Another device of 张伟. */
  readonly other: TestPage;
  /** Of somebody of no company. */
  readonly outsider: TestPage;
  recoveryKey: string;
  rooms?: Rooms;
}

/** Opens the devices. */
export async function openStage(company: Company, chromium: TestBrowser): Promise<Stage> {
  const open = async (): Promise<TestPage> => {
    const made = await chromium.newPage({ baseURL: company.own.info.gatewayUrl });
    made.context.setDefaultTimeout(10_000);
    await made.context.grantPermissions(['clipboard-read', 'clipboard-write', 'microphone', 'camera']);
    await made.page.goto('/');
    await made.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    return made;
  };
  const [viewer, other, outsider] = await Promise.all([open(), open(), open()]);
  return { company, chromium, viewer, other, outsider, recoveryKey: '' };
}

/** The department of 张伟. */
const OFFICE = '总经办';

const dialog = (page: Page): Locator => page.getByRole('dialog').last();
const button =
  (name: string | RegExp) =>
  (page: Page): Locator =>
    named(page.locator('dialog[open], body').last(), name);
const box = (page: Page): Locator => page.getByRole('textbox', { name: 'Write a message' });
const tile = (page: Page, eventId: string): Locator =>
  page.getByRole('main').locator(`.c-message[data-event="${eventId}"]`).first();
const rowOf = (page: Page, name: string | RegExp): Locator =>
  page.locator('.c-list .c-row').filter({ hasText: name }).first();
/** Opens the menu of a conversation by the other button of the mouse, where it has room on a phone, too. */
async function menuOf(page: Page, name: string | RegExp): Promise<void> {
  await rowOf(page, name).click({ button: 'right', position: { x: 60, y: 30 } });
  await page.getByRole('menu').waitFor();
}
/** Presses what stands in a menu's list, which has come. */
const item = (page: Page, name: string | RegExp): Promise<void> =>
  page
    .getByRole('menuitem', { name, exact: typeof name === 'string' })
    .or(page.getByRole('menuitemradio', { name, exact: typeof name === 'string' }))
    .or(page.getByRole('menuitemcheckbox', { name, exact: typeof name === 'string' }))
    .click();
const SIGN_IN_MS = 60_000;

async function signIn(page: Page, user: string, password = PASSWORD): Promise<void> {
  await page.locator('input[autocomplete^=username]').fill(user);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await press(page, 'Sign in');
  await page.getByRole('navigation', { name: 'Main menu' }).waitFor({ timeout: SIGN_IN_MS });
}

/** Writes in the composer; what was written before goes. */
async function write(page: Page, text: string): Promise<void> {
  await box(page).click();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  // Away from the messages, whose bars come under the pointer.
  await page.mouse.move(0, 0);
  if (text !== '') await page.keyboard.type(text);
}

/** Types into the finder of the open window. */
async function find(page: Page, text: string, found = true): Promise<void> {
  await dialog(page).getByRole('combobox').fill(text);
  if (found) await dialog(page).getByRole('option').first().waitFor();
  else
    await dialog(page)
      .getByText(/^Nobody fits/)
      .waitFor();
}

/** The pictures in sight have come. */
const shown = (page: Page): Promise<void> => page.locator('.c-media img').first().waitFor();

/** A page whose list has nothing, as in a new company. */
const empties = (name: string, at: string, address: RegExp): Picture[] => [
  {
    name: `${name} empty`,
    reach: async (page) => {
      await answerNothing(page, address);
      await page.goto(at);
      // Before our interfaces have said who it is, the page is none of theirs.
      await page.locator('.q-card .q-empty').first().waitFor();
    },
  },
];

/** All of the client. @param stage what has been made */
export function clientPictures(stage: () => Stage): Picture[] {
  const { api } = {
    api: <T>(method: string, path: string, body?: unknown) => stage().company.api<T>(method, path, body),
  };
  const idOf = (name: string): string => stage().company.people.get(name)?.id ?? '';
  const userOf = (name: string): string => stage().company.people.get(name)?.user_id ?? '';
  const rooms = (): Rooms => {
    const made = stage().rooms;
    if (!made) throw new Error('the conversations are not there');
    return made;
  };
  const departmentOf = async (name: string): Promise<string> => {
    const { items } = await api<{ items: { id: string; name: string }[] }>('GET', '/api/org/departments');
    return items.find((each) => each.name === name)?.id ?? '';
  };
  const idOfMessage = (key: string): string => rooms().messages[key] ?? '';
  const roomPath = (id: string, more = ''): string => `/room/${encodeURIComponent(id)}${more}`;
  const main =
    (more = '') =>
    () =>
      roomPath(rooms().main, more);
  const on = (): Page => stage().other.page;
  const outsider = (): Page => stage().outsider.page;
  const page = (name: string, at: string, reach?: Picture['reach']): Picture => ({
    name,
    at,
    ...(reach && { reach }),
  });

  /** A part of the long conversation, with a message in its middle. */
  const message = (name: string, key: string, more?: (at: Page) => Promise<unknown>): Picture => ({
    name,
    at: () => roomPath(rooms().main, `?event=${encodeURIComponent(idOfMessage(key))}`),
    reach: async (at) => {
      await tile(at, idOfMessage(key)).waitFor();
      await at.mouse.move(0, 0);
      await more?.(at);
    },
  });
  /** Shows a message's bar, as the keyboard does. */
  const bar = async (at: Page, key: string): Promise<Locator> => {
    const one = tile(at, idOfMessage(key));
    await one.focus();
    const its = one.getByRole('toolbar', { name: 'Message actions' });
    await its.waitFor();
    return its;
  };
  const fromMenu =
    (key: string, entry: string, more?: (at: Page) => Promise<unknown>) =>
    async (at: Page): Promise<void> => {
      await (await bar(at, key)).getByRole('button', { name: 'More actions' }).click();
      await item(at, entry);
      await more?.(at);
    };
  /** The composer of the conversation without its menus. */
  const composer = (
    name: string,
    more: (at: Page) => Promise<unknown>,
    shows: readonly string[] = [],
  ): Picture => ({
    name,
    shows,
    at: () => roomPath(rooms().main),
    reach: async (at) => {
      await box(at).waitFor();
      await more(at);
    },
  });
  const panel = (name: string, which: string, more?: (at: Page) => Promise<unknown>): Picture => ({
    name: `panel ${name}`,
    at: main(`?panel=${which}`),
    reach: async (at) => {
      await at.locator('.c-panel').waitFor();
      await more?.(at);
    },
  });

  return [
    // --- nobody is signed in ---
    page('sign in', '/'),
    { name: 'language menu', press: button(/^Language/) },
    { name: 'look menu', press: button('Appearance') },
    {
      name: 'sign in refused',
      reach: async (at) => {
        await at.locator('input[autocomplete^=username]').fill('zhangwei');
        await at.getByLabel('Password', { exact: true }).fill('wrong');
        await press(at, 'Sign in');
        await at.getByRole('alert').first().waitFor();
      },
    },
    { name: 'forgot password', reach: (at) => press(at, 'Forgot password?') },
    {
      name: 'forgot password told',
      reach: async (at) => {
        await at.locator('input[autocomplete^=username]').fill('zhangwei@example.org');
        await press(at, 'Ask for a new password');
        await at.getByText('You will hear from us').waitFor();
      },
    },
    { name: 'start', reach: (at) => at.goto('/start') },
    {
      name: 'activate',
      reach: async (at) => {
        const { link } = await api<{ link: string }>(
          'POST',
          `/api/org/people/${idOf('陈静')}/activation`,
          {},
        );
        await at.goto(link);
        await at.getByRole('heading', { name: 'Activate your account' }).waitFor();
      },
    },
    {
      name: 'activate too weak',
      reach: async (at) => {
        await at.getByLabel('Password', { exact: true }).fill('chenjing');
        await at.getByLabel('Repeat the password').fill('chenjing1');
        await press(at, 'Activate account');
      },
    },
    {
      name: 'activate done',
      reach: async (at) => {
        await at.getByLabel('Password', { exact: true }).fill(PASSWORD);
        await at.getByLabel('Repeat the password').fill(PASSWORD);
        await press(at, 'Activate account');
        await at.getByRole('heading', { name: 'You can begin' }).waitFor();
      },
    },
    {
      name: 'activate no link',
      reach: async (at) => {
        await at.goto('/start');
        await at.goto('/activate#no-such-link');
        await at.getByRole('heading', { name: 'This link does not work' }).waitFor();
      },
    },

    // --- the first device, and its keys ---
    {
      name: 'keys set up',
      reach: async (at) => {
        await at.goto('/');
        await signIn(at, 'zhangwei');
        await dialog(at)
          .getByRole('button', { name: 'Get the recovery key' })
          .waitFor({ timeout: SIGN_IN_MS });
      },
    },
    {
      name: 'keys key',
      reach: async (at) => {
        await press(at, 'Get the recovery key');
        const key = dialog(at).getByLabel('Recovery key', { exact: true });
        await key.waitFor({ timeout: SIGN_IN_MS });
        stage().recoveryKey = (await key.innerText()).replace(/\s+/g, ' ').trim();
      },
    },
    {
      name: 'chats first',
      reach: async (at) => {
        await dialog(at).getByLabel('I have saved the recovery key').check();
        await press(at, 'Done');
        await dialog(at).waitFor({ state: 'detached' });
      },
    },
    {
      name: 'chats',
      reach: async (at) => {
        const { company, chromium } = stage();
        const { homeserverUrl } = company.own.info;
        const viewer = await login(homeserverUrl, userOf('张伟'), PASSWORD);
        stage().rooms = await makeRooms(company, chromium, viewer);
        await viewer.request('POST', '/v3/logout', {});
        await at
          .locator('.c-list')
          .getByRole('link', { name: /产品发布筹备/ })
          .waitFor({ timeout: 60_000 });
      },
    },
    {
      name: 'chats unread filter',
      at: '/',
      reach: (at) =>
        at
          .getByRole('group', { name: 'Show' })
          .getByRole('button', { name: /^Unread/ })
          .click(),
    },
    {
      name: 'chats filter empty',
      at: '/',
      reach: async (at) => {
        await at
          .getByRole('group', { name: 'Show' })
          .getByRole('button', { name: /^External/ })
          .click();
        await at.locator('.q-empty__title', { hasText: 'Nothing here' }).waitFor();
      },
      after: (at) => press(at, 'Show all'),
    },
    { name: 'chats order menu', at: '/', press: button('Order') },
    { name: 'chats menu', at: '/', reach: (at) => menuOf(at, /产品发布筹备/) },
    { name: 'chats department menu', at: '/', reach: (at) => menuOf(at, OFFICE) },
    { name: 'chats departments', at: '/', press: button(/^Department ?All/) },
    {
      name: 'chats leave',
      at: '/',
      reach: (at) => menuOf(at, /产品发布筹备/),
      press: button('Leave'),
    },
    { name: 'switcher', at: '/', reach: (at) => at.keyboard.press('Control+k') },
    { name: 'switcher found', reach: (at) => find(at, '张') },
    { name: 'switcher nobody', reach: (at) => find(at, '没有此人没有此会话', false) },
    { name: 'new chat', at: '/', reach: (at) => press(at, 'New chat') },
    { name: 'new chat found', reach: (at) => find(at, '产品') },
    {
      name: 'new chat group',
      reach: async (at) => {
        for (const name of [GERMAN, UIGHUR, '欧阳修远']) {
          await find(at, name);
          await dialog(at)
            .getByRole('option', { name: new RegExp(name.slice(0, 8)) })
            .first()
            .click();
        }
        await dialog(at).getByLabel('Name of the group').fill('跨部门协作与沟通改进小组（第二期）');
      },
    },
    {
      name: 'new chat pasted',
      reach: async (at) => {
        await dialog(at).getByRole('combobox').fill('李娜、王芳、不存在的人、赵');
        await at.keyboard.press('Enter');
      },
    },

    // --- conversations ---
    { name: 'room', at: main(), reach: (at) => box(at).waitFor() },
    message('room begins', 'german'),
    message('room formatted', 'formatted'),
    message('room code and table', 'table'),
    message('room long text', 'long'),
    message('room landscape', 'landscape', (at) => shown(at)),
    message('room portrait', 'portrait', (at) => shown(at)),
    message('room files', 'voice'),
    message('room poll', 'poll'),
    message('room thread and removed', 'thread'),
    message('room asked', 'question'),
    { name: 'room direct', at: () => roomPath(rooms().direct), reach: (at) => box(at).waitFor() },
    { name: 'room own', at: () => roomPath(rooms().empty), reach: (at) => box(at).waitFor() },
    {
      name: 'room no right to write',
      at: () => roomPath(rooms().announcements),
      reach: (at) => at.getByText('You may read this conversation').waitFor(),
    },
    {
      name: 'room replaced',
      at: () => roomPath(rooms().replaced),
      reach: (at) => at.getByText('This conversation has been replaced').waitFor(),
    },
    {
      name: 'room unknown',
      at: '/room/!unknown:example.org',
      reach: (at) => at.locator('.q-empty').waitFor(),
    },
    {
      name: 'room invited',
      at: () => roomPath(rooms().invited[0] ?? ''),
      reach: (at) => named(at.locator('body'), 'Accept').waitFor(),
    },
    {
      name: 'room invited directly',
      at: () => roomPath(rooms().invited[1] ?? ''),
      reach: (at) => named(at.locator('body'), 'Accept').waitFor(),
    },
    {
      name: 'room department',
      at: '/',
      reach: async (at) => {
        await at
          .locator('.c-list')
          .getByRole('link', { name: new RegExp(OFFICE) })
          .first()
          .click();
        await box(at).waitFor();
      },
    },
    // --- what is done with a message ---
    message('message bar', 'first', (at) => bar(at, 'first')),
    {
      ...message('message menu', 'reply', (at) => bar(at, 'reply')),
      press: (at) => tile(at, idOfMessage('reply')).getByRole('button', { name: 'More actions' }),
    },
    {
      ...message('message react', 'reply', (at) => bar(at, 'reply')),
      press: (at) => tile(at, idOfMessage('reply')).getByRole('button', { name: 'React' }).first(),
    },
    message('message source', 'reply', fromMenu('reply', 'View source')),
    message(
      'message forward',
      'reply',
      fromMenu('reply', 'Forward', (at) => dialog(at).getByRole('option').first().waitFor()),
    ),
    {
      name: 'message forward found',
      reach: (at) => find(at, 'max'),
    },
    {
      ...message(
        'message forward begins',
        'reply',
        fromMenu('reply', 'Forward', (at) => find(at, '赵敏')),
      ),
      press: (at) => dialog(at).getByRole('option').first(),
    },
    {
      ...message('message viewer', 'landscape', async (at) => {
        await press(at, /^Open picture/);
        await dialog(at).locator('.c-viewer img').waitFor();
      }),
      shows: ['client/src/features/room/MediaBody.tsx Viewer'],
    },
    message('message quoted in composer', 'long', async (at) => {
      await (await bar(at, 'long')).getByRole('button', { name: 'Reply', exact: true }).click();
      await at
        .getByText(/^Reply to/)
        .first()
        .waitFor();
    }),
    {
      name: 'message own',
      at: main(),
      reach: async (at) => {
        await press(at, 'Cancel the reply');
        await write(at, '预算昨天批了，放心。 The budget has been approved.');
        await at.keyboard.press('Enter');
        const own = at.locator('.c-message[data-own=true][data-send=sent][data-event^="$"]').last();
        await own.waitFor();
        (rooms().messages as Record<string, string>)['own'] = (await own.getAttribute('data-event')) ?? '';
      },
    },
    {
      ...message('message own menu', 'own', (at) => bar(at, 'own')),
      press: (at) => tile(at, idOfMessage('own')).getByRole('button', { name: 'More actions' }),
    },
    message(
      'message edited',
      'own',
      fromMenu('own', 'Edit', (at) => at.getByText('Editing', { exact: true }).waitFor()),
    ),
    {
      ...message('message delete', 'own', async (at) => {
        if (await at.getByRole('button', { name: 'Cancel editing' }).isVisible())
          await press(at, 'Cancel editing');
        await (await bar(at, 'own')).getByRole('button', { name: 'More actions' }).click();
      }),
      press: (at) => at.getByRole('menuitem', { name: 'Delete' }),
    },
    message(
      'message readers',
      'own',
      fromMenu('own', 'Who has read, ask …', (at) =>
        dialog(at)
          .getByRole('heading', { name: /read it/ })
          .first()
          .waitFor(),
      ),
    ),
    {
      name: 'message readers asked',
      reach: async (at) => {
        for (const one of await dialog(at).getByRole('checkbox').all()) await one.check();
        await dialog(at)
          .getByRole('radio', { name: /To confirm, urgently/ })
          .check();
      },
    },
    {
      name: 'message readers nobody',
      at: () => roomPath(rooms().empty),
      reach: async (at) => {
        await write(at, '明天记得带合同');
        await at.keyboard.press('Enter');
        const own = at.locator('.c-message[data-own=true][data-send=sent][data-event^="$"]').last();
        await own.waitFor();
        await own.focus();
        await own.getByRole('button', { name: 'More actions' }).click();
        await item(at, 'Who has read, ask …');
        await dialog(at).locator('.q-empty').waitFor();
      },
    },

    // --- the composer ---
    { name: 'composer add menu', at: main(), reach: (at) => box(at).waitFor(), press: button('Add') },
    {
      name: 'composer how menu',
      at: main(),
      reach: (at) => box(at).waitFor(),
      press: button('How to write'),
    },
    composer('composer toolbar', async (at) => {
      await press(at, 'How to write');
      await item(at, 'Formatting toolbar');
      await write(
        at,
        '**重点** 和 `code` 以及一行很长很长的文字，用来看它怎样折行。 Wer lange Wörter schreibt, braucht Platz.',
      );
    }),
    composer('composer link', (at) => press(at, 'Link')),
    composer('composer source', async (at) => {
      await press(at, 'How to write');
      await item(at, 'Formatting toolbar');
      await press(at, 'How to write');
      await item(at, 'Markdown source');
      await at.locator('textarea.c-editor').waitFor();
    }),
    composer(
      'composer mention',
      async (at) => {
        await press(at, 'How to write');
        await item(at, 'Markdown source');
        await write(at, '@');
        await at.getByRole('listbox', { name: 'People' }).getByRole('option').first().waitFor();
      },
      ['client/src/features/composer/CompletionList.tsx CompletionList'],
    ),
    composer('composer emoji completion', async (at) => {
      await write(at, ':smi');
      await at.getByRole('listbox', { name: 'Emoji' }).getByRole('option').first().waitFor();
    }),
    composer('composer command', async (at) => {
      await write(at, '/');
    }),
    composer('composer emoji', async (at) => {
      await write(at, '');
      await press(at, 'Emoji');
      await at.locator('.c-emoji').getByRole('region', { name: 'Smileys' }).waitFor();
    }),
    composer('composer emoji nothing', async (at) => {
      await press(at, 'Emoji');
      await at.locator('.c-emoji').getByRole('searchbox').fill('zzzzzz');
      await at.getByText('No emoji of that name.').waitFor();
    }),
    composer('composer files', async (at) => {
      await at.locator('.c-composer input[type=file]').setInputFiles([
        { name: FILE, mimeType: 'application/pdf', buffer: Buffer.alloc(900_000, 1) },
        { name: 'leer.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) },
        { name: '照片.png', mimeType: 'image/png', buffer: await at.screenshot() },
      ]);
      await dialog(at).getByText('照片.png').waitFor();
    }),
    {
      name: 'composer poll',
      at: main(),
      reach: async (at) => {
        await box(at).waitFor();
        await press(at, 'Add');
        await item(at, 'Poll');
        await dialog(at).getByLabel('Question').fill('团建去哪里？ Where shall we go this autumn?');
        await press(at, 'Add an answer', 'Send the poll');
      },
    },
    {
      name: 'message poll end',
      reach: async (at) => {
        if (await dialog(at).isVisible()) {
          await dialog(at).getByLabel('Answer 1', { exact: true }).fill('千岛湖');
          await dialog(at).getByLabel('Answer 2', { exact: true }).fill('Salzkammergut');
          await press(at, 'Send the poll');
          await dialog(at).waitFor({ state: 'detached' });
        }
        await named(at.getByRole('main'), 'End the poll').waitFor();
      },
      press: button('End the poll'),
    },
    {
      name: 'composer ask',
      at: main(),
      reach: async (at) => {
        await box(at).waitFor();
        await press(at, 'Add');
        await item(at, 'Ask people, urge …');
        await dialog(at).getByLabel('Your question').fill('请确认各自的部分');
        await find(at, '产品');
      },
    },
    {
      name: 'composer ask nobody',
      at: () => roomPath(rooms().empty),
      reach: async (at) => {
        await box(at).waitFor();
        await press(at, 'Add');
        await item(at, 'Ask people, urge …');
        await dialog(at).locator('.q-empty').waitFor();
      },
    },
    composer('composer voice', async (at) => {
      await press(at, 'Record a voice message');
      await at.locator('.c-recorder__bars span').nth(6).waitFor({ state: 'attached' });
    }),
    {
      name: 'room unsent',
      at: main(),
      reach: async (at) => {
        const recorder = named(at.locator('body'), 'Delete the recording');
        if (await recorder.isVisible()) await recorder.click();
        await at.context().setOffline(true);
        await write(at, '断网时写的一条');
        await at.keyboard.press('Enter');
        await at.getByText('Waiting for the connection').waitFor();
        await at.getByText('No connection to the homeserver').waitFor({ timeout: 60_000 });
      },
      after: async (at) => {
        await at.context().setOffline(false);
        await at.getByText('No connection to the homeserver').waitFor({ state: 'detached', timeout: 60_000 });
      },
    },

    // --- beside a conversation ---
    {
      name: 'room menu',
      at: main(),
      reach: (at) => box(at).waitFor(),
      press: (at) => at.getByRole('toolbar', { name: 'Panels' }).getByRole('button', { name: 'More' }),
    },
    {
      name: 'room jump to date',
      at: main(),
      reach: async (at) => {
        await at.getByRole('toolbar', { name: 'Panels' }).getByRole('button', { name: 'More' }).click();
        await item(at, 'Go to a date');
      },
    },
    panel('info', 'info'),
    {
      ...panel('leave', 'info'),
      press: button('Leave the conversation'),
    },
    panel('members', 'members', (at) => at.locator('.c-member').first().waitFor()),
    panel('members nobody', 'members', async (at) => {
      await at.getByRole('searchbox', { name: 'Search members' }).fill('没有此人');
      await at.locator('.c-panel .q-empty').waitFor();
    }),
    {
      name: 'panel members own',
      at: () => roomPath(rooms().own, '?panel=members'),
      reach: (at) => at.locator('.c-member').nth(2).waitFor(),
    },
    { name: 'panel member remove', press: button(/^Remove 李娜/) },
    panel('invite', 'members', (at) => press(at, 'Invite people')),
    { name: 'panel invite found', reach: (at) => find(at, '销售') },
    panel('threads', 'threads', (at) => at.locator('.c-panel').getByText('Preise').first().waitFor()),
    panel('pinned', 'pinned'),
    panel('search idle', 'search'),
    panel('search', 'search', async (at) => {
      await at.locator('.c-panel').getByRole('searchbox').fill('发布');
      await at.locator('.c-hit').first().waitFor();
    }),
    panel('unknown', 'nothing-of-the-kind', (at) => at.locator('.c-panel .q-empty').waitFor()),
    {
      name: 'panel person',
      at: () => roomPath(rooms().main, `?panel=person&user=${encodeURIComponent(userOf(GERMAN))}`),
      reach: (at) => at.locator('.c-panel').getByRole('heading', { name: GERMAN }).waitFor(),
    },
    {
      name: 'panel thread',
      at: () => roomPath(rooms().main, `?panel=thread&event=${encodeURIComponent(idOfMessage('thread'))}`),
      reach: (at) => at.getByRole('textbox', { name: 'Write in the thread' }).waitFor(),
    },
    {
      name: 'panel threads failed',
      reach: async (at) => {
        await fail(at, /\/threads\b/);
        await go(at, roomPath(rooms().direct, '?panel=threads'));
        await at.locator('.c-panel .q-empty', { hasText: 'could not be loaded' }).waitFor();
      },
    },
    {
      name: 'panel threads none',
      at: () => roomPath(rooms().direct, '?panel=threads'),
      reach: (at) => at.locator('.c-panel .q-empty').waitFor(),
    },
    {
      name: 'panel pinned none',
      at: () => roomPath(rooms().direct, '?panel=pinned'),
      reach: (at) => at.locator('.c-panel .q-empty').waitFor(),
    },

    // --- search ---
    page('search idle', '/search', (at) => at.locator('.q-empty').waitFor()),
    page('search found', '/search#q=发布', (at) => at.locator('.c-hit').first().waitFor()),
    page('search nothing', '/search#q=没有写过的话', (at) => at.locator('.q-empty').waitFor()),
    page('search sender', '/search#q=发布', (at) => press(at, 'Sender: Anyone')),
    { name: 'search sender found', reach: (at) => find(at, 'max') },
    page('search people', '/search#q=产品&tab=people', (at) => at.locator('.c-hit').first().waitFor()),
    page('search rooms', '/search#q=产品&tab=rooms', (at) => at.locator('.c-hit').first().waitFor()),
    page('search files', '/search#q=合同&tab=files', (at) => at.locator('.c-hit').first().waitFor()),

    // --- the directory ---
    page('directory', '/directory', (at) => at.locator('.c-departments').waitFor()),
    {
      name: 'directory department',
      at: async () => `/directory/${await departmentOf(LONG_DEPARTMENT)}`,
      reach: (at) => at.locator('.c-person').first().waitFor(),
    },
    page('directory unknown', '/directory/00000000-0000-0000-0000-000000000000', (at) =>
      at.locator('.q-empty').waitFor(),
    ),
    {
      name: 'directory found',
      at: '/directory',
      reach: async (at) => {
        await at.getByRole('main').getByRole('searchbox').fill('zhang');
        await at.locator('.c-person').first().waitFor();
      },
    },
    {
      name: 'directory nobody',
      at: '/directory',
      reach: async (at) => {
        await at.getByRole('main').getByRole('searchbox').fill('没有此人');
        await at.locator('.q-empty').waitFor();
      },
    },
    {
      name: 'person',
      at: () => `/person/${encodeURIComponent(userOf(UIGHUR))}`,
      reach: (at) => at.getByRole('heading', { name: UIGHUR }).waitFor(),
    },
    page('person unknown', '/person/nobody', (at) =>
      at.locator('.q-empty__title', { hasText: 'not known here' }).waitFor(),
    ),

    // --- notices, and what is owed ---
    page('answer', '/x/notices/answer'),
    ...empties('answer', '/x/notices/answer', /\/api\/notices\/obligations\?/),
    page('notices', '/x/notices/notices'),
    ...empties('notices', '/x/notices/notices', /\/api\/notices\/notices\?|\/api\/notices\/notices$/),
    page('notices sent', '/x/notices/sent'),
    ...empties('notices sent', '/x/notices/sent', /\/api\/notices\/managed\?|\/api\/notices\/managed$/),
    { name: 'notice', at: () => `/x/notices/notices/${idOfMessage('notice')}` },
    { name: 'notice sent', at: () => `/x/notices/sent/${idOfMessage('notice')}` },
    {
      name: 'notice sent nobody',
      at: () => `/x/notices/sent/${idOfMessage('notice')}`,
      reach: async (at) => {
        await at
          .getByRole('main')
          .getByRole('tab', { name: /^Confirmed/ })
          .click();
        await at.getByText('Nobody has confirmed yet').waitFor();
      },
    },
    {
      name: 'notice recall',
      at: () => `/x/notices/sent/${idOfMessage('notice')}`,
      press: button('Recall'),
      shows: ['appservices/notices/ui/NoticesView/SentViewModel.ts recall'],
    },
    page('notice compose', '/x/notices/compose'),
    {
      name: 'notice compose begun',
      reach: async (at) => {
        await at.getByLabel('Title').fill('关于2026年国庆节放假安排及假期值班的通知');
        await at.getByLabel('Text', { exact: true }).fill('**10 月 1 日至 8 日**放假。');
        await at.getByLabel('Everybody').check();
        await at.getByText(/^This is for/).waitFor();
      },
    },
    {
      name: 'notice compose send',
      press: (at) => at.getByRole('main').getByRole('button', { name: 'Send', exact: true }),
      shows: ['appservices/notices/ui/ComposeView/ComposeViewModel.ts send'],
    },
    {
      name: 'notice compose restored',
      at: '/x/notices/compose',
      reach: (at) => at.getByText('You began this earlier').waitFor(),
    },
    {
      name: 'notice compose start over',
      press: button('Start over'),
      shows: ['appservices/notices/ui/ComposeView/ComposeViewModel.ts startOver'],
    },
    {
      name: 'notice compose discard',
      press: button('Discard'),
      shows: ['appservices/notices/ui/ComposeView/ComposeViewModel.ts discard'],
    },

    // --- the rest of a person's own ---
    { name: 'user menu', at: '/', press: button(/^Menu of/) },
    { name: 'not found', nowhere: true, at: '/there-is-no-such-page' },
    ...['account', 'devices', 'security', 'appearance', 'notifications', 'search', 'notices-reminders'].map(
      (section) => page(`settings ${section}`, `/settings/${section}`),
    ),
    {
      name: 'settings failed',
      reach: async (at) => {
        await fail(at, /\/_matrix\/client\/v3\/devices$/);
        await go(at, '/settings/devices');
        await at.locator('.q-empty').waitFor();
      },
    },
    { name: 'settings unknown', nowhere: true, at: '/settings/nothing' },
    page('settings device name', '/settings/devices', (at) => press(at, /^Rename/)),
    page('settings export', '/settings/security', (at) => press(at, 'Export keys')),
    page('settings import', '/settings/security', (at) => press(at, 'Import keys')),
    page('settings renew', '/settings/security', (at) => press(at, 'Make a new recovery key')),
    page('settings reset', '/settings/security', (at) => press(at, 'Start again with new keys')),
    { name: 'settings search clear', at: '/settings/search', press: button('Clear the index') },
    {
      name: 'settings search off',
      at: '/settings/search',
      press: (at) => at.getByLabel('Search messages on this device'),
    },
    {
      name: 'search off',
      at: '/settings/search',
      reach: async (at) => {
        await at.getByLabel('Search messages on this device').click();
        await press(at, 'Turn off');
        await dialog(at).waitFor({ state: 'detached' });
        await go(at, '/search');
        await at.locator('.q-empty', { hasText: 'Search is turned off' }).waitFor();
      },
      after: (at) => press(at, 'Turn on search'),
    },
    page('sign out', '/', async (at) => {
      await press(at, /^Menu of/);
      await item(at, 'Sign out');
    }),
    page('sign out everywhere', '/settings/devices', (at) => press(at, 'Sign out everywhere')),

    // --- another device of the same person ---
    {
      name: 'confirm',
      on,
      reach: async (at) => {
        await signIn(at, 'zhangwei');
        await dialog(at).getByRole('heading', { name: 'Is it you?' }).waitFor({ timeout: SIGN_IN_MS });
      },
    },
    { name: 'confirm key', on, reach: (at) => press(at, /^Enter the recovery key/) },
    {
      name: 'confirm key wrong',
      on,
      reach: async (at) => {
        await dialog(at).getByLabel('Recovery key').fill(stage().recoveryKey.replace(/^E/, 'F'));
        await press(at, 'Confirm');
        await dialog(at).getByText('This is not the right recovery key').waitFor();
      },
    },
    { name: 'confirm later', on, at: '/' },
    {
      name: 'confirm waiting',
      waits: true,
      on,
      reach: async (at) => {
        await at.locator('.c-line-banner', { hasText: 'Confirm this device' }).getByRole('button').click();
        await press(at, /^Use another device/);
        await dialog(at).getByText('on another device').waitFor();
      },
    },
    {
      name: 'confirm asked',
      reach: (at) => dialog(at).getByRole('button', { name: 'Yes, go on' }).waitFor(),
    },
    {
      name: 'confirm code',
      on,
      reach: async (at) => {
        await press(stage().viewer.page, 'Yes, go on');
        await dialog(at).getByRole('img', { name: 'QR code for the other device' }).waitFor();
      },
    },
    { name: 'confirm camera', on, waits: true, reach: (at) => press(at, 'Scan with this device') },
    {
      name: 'confirm pictures',
      on,
      reach: async (at) => {
        await press(at, 'Compare pictures');
        await dialog(at).getByRole('button', { name: 'They are the same' }).waitFor();
      },
    },
    {
      name: 'confirm differ',
      on,
      reach: async (at) => {
        await press(at, 'They differ');
        await dialog(at).getByText('They were not the same').waitFor();
      },
      after: (at) => press(at, 'Close'),
    },

    {
      name: 'settings devices new',
      at: '/settings/devices',
      reach: async (at) => {
        await at.getByText('There are sign-ins').waitFor();
        await at.getByText('New sign-in to your account').waitFor();
      },
    },
    {
      name: 'settings devices end',
      at: '/settings/devices',
      reach: (at) => at.getByText('There are sign-ins').waitFor(),
      press: button(/^Sign out all other/),
    },

    {
      name: 'signed out softly',
      on,
      reach: async (at) => {
        await at.route(/\/_matrix\/client\/v3\/(sync|refresh)/, (route) =>
          route.fulfill({
            status: 401,
            json: { errcode: 'M_UNKNOWN_TOKEN', error: '', soft_logout: true },
          }),
        );
        await at.goto('/');
        await at.getByRole('heading', { name: 'Sign in again' }).waitFor({ timeout: SIGN_IN_MS });
      },
    },
    { name: 'signed out other account', on, press: button('Use another account') },

    // --- somebody of no company ---
    {
      name: 'outsider chats empty',
      on: outsider,
      reach: async (at) => {
        await signIn(at, rooms().outsider.userId, rooms().outsider.password);
        await dialog(at).getByRole('button', { name: 'Later' }).click({ timeout: SIGN_IN_MS });
        await at.getByText('No conversations yet').waitFor();
      },
    },
    {
      name: 'outsider directory',
      on: outsider,
      at: '/directory',
      reach: (at) => at.getByRole('main').locator('.q-empty').first().waitFor(),
    },
    {
      name: 'outsider directory nobody',
      on: outsider,
      reach: async (at) => {
        await at.getByRole('main').getByRole('searchbox').fill('nobody of that name');
        await at.getByText('Nobody fits').waitFor();
      },
    },
  ];
}
