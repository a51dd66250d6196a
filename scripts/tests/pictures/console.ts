import { makeUser, PASSWORD, waitFor } from '@qiao/testkit';
import type { Locator, Page } from 'playwright-core';
import { GERMAN, LONG_DEPARTMENT, RESEARCH, UIGHUR, type Company } from './company.ts';
import { answerChanged, answerNothing, fail, go, named, neverAnswer, press, type Picture } from './draw.ts';

/* The console's screens, windows, menus and empty states; see README.md beside this. */

const dialog = (page: Page): Locator => page.locator('dialog[open]').last();
const field = (page: Page, name: string): Locator => dialog(page).getByLabel(name).first();
const button =
  (name: string | RegExp) =>
  (page: Page): Locator =>
    named(page.locator('dialog[open], body').last(), name);

async function signIn(page: Page, user: string, password = PASSWORD): Promise<void> {
  await page.locator('input[autocomplete^=username]').fill(user);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await press(page, 'Sign in');
}

/** Types into a picker of the open window and waits for what it finds. */
async function pick(page: Page, label: string, typed: string): Promise<void> {
  await dialog(page).getByRole('combobox', { name: label }).fill(typed);
  await dialog(page).getByRole('option').first().waitFor();
}

/** A page that cannot be loaded: every call fails, once the console knows who is signed in. */
const failed = (name: string, path: string): Picture => ({
  name: `${name} failed`,
  reach: async (page) => {
    await fail(page, /\/api\/(?!org\/me$|session)/);
    await page.goto(path);
    await page.getByRole('alert').first().waitFor();
  },
});

/** A page whose list has nothing, as in a new company. */
const empty = (
  name: string,
  path: string,
  address: RegExp,
  more?: (page: Page) => Promise<unknown>,
): Picture => ({
  name: `${name} empty`,
  reach: async (page) => {
    await answerNothing(page, address);
    await page.goto(path);
    await page.locator('.q-empty').first().waitFor();
    await more?.(page);
  },
});

/** A provider that has pushed people, ends more of them than go by themselves, and told a number that is none. */
async function makeProvider({ own, api }: Company): Promise<void> {
  const source = await api<{ id: string }>('POST', '/api/org/sources', {
    kind: 'scim',
    name: '身份平台（Microsoft Entra ID，集团统一身份认证中心）',
    settings: {},
    schedule: null,
    enabled: true,
  });
  const { token } = await api<{ token: string }>('POST', '/api/org/scim-tokens', {
    name: 'Entra',
    source_id: source.id,
  });
  const send = async (method: string, path: string, body: object): Promise<{ id: string }> => {
    const answer = await fetch(`${own.info.gatewayUrl}/api/scim/v2/Users${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as { id: string };
  };
  const { items } = await api<{ items: { id: string }[] }>('GET', '/api/org/departments');
  await api('POST', '/api/org/people', {
    display_name: '上官婉儿',
    departments: items
      .slice(0, 1)
      .map(({ id }) => ({ department_id: id, is_primary: true, is_head: false, title: null })),
  });
  const names = ['周杰', '吴敏', '诸葛子瑜', 'Alexandria Cholmondeley-Featherstonehaugh', '徐丽', '何勇'];
  const ids: string[] = [];
  for (const [place, displayName] of names.entries()) {
    const { id } = await send('POST', '', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: `p${String(place)}@entra.example.org`,
      displayName,
      ...(place === 3 && { phoneNumbers: [{ value: `+86 ${'138 0001 '.repeat(8)}`.trim(), type: 'work' }] }),
    });
    ids.push(id);
  }
  for (const id of ids)
    await send('PATCH', `/${id}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'active', value: false }],
    });
}

/** A mail that the server of the address does not take. */
const refusedMail = (again = false): { person: object; mail: object } => ({
  person: { id: '7', user_id: '@maximiliane:localhost', display_name: GERMAN, title: null },
  mail: {
    id: 'm7',
    to: 'maximiliane.freifrau.von.schoenborn-woelffersdorff@finanzbuchhaltung.donauschifffahrtsgesellschaft.example.org',
    state: again ? 'waiting' : 'failed',
    attempts: 3,
    next_at: again ? '2026-12-01T08:30:00.000Z' : null,
    error: {
      code: again ? 'later' : 'refused_address',
      text: '550 5.1.1 <maximiliane.freifrau.von.schoenborn-woelffersdorff@finanzbuchhaltung.donauschifffahrtsgesellschaft.example.org>: Recipient address rejected: User unknown in virtual mailbox table',
    },
    readable: false,
  },
});

/** Somebody whose account name another account has. */
async function makeProblem({ own, api }: Company): Promise<void> {
  const { userId } = await makeUser({ name: 'qianjin', stack: own.info });
  const { items } = await api<{ items: { id: string }[] }>('GET', '/api/org/departments');
  await api('POST', '/api/org/people', {
    display_name: '钱进',
    localpart: userId.slice(1, userId.indexOf(':')),
    departments: items
      .slice(0, 1)
      .map(({ id }) => ({ department_id: id, is_primary: true, is_head: false, title: null })),
  });
  await waitFor(async () => (await api<{ problems: number }>('GET', '/api/org/provisioning')).problems > 0, {
    what: 'an account name that is taken',
  });
}

/** All of the console. @param company what has been made */
export function consolePictures(company: () => Company): Picture[] {
  const idOf = (name: string): string => company().people.get(name)?.id ?? '';
  const departmentOf = async (name: string): Promise<string> => {
    const { items } = await company().api<{ items: { id: string; name: string }[] }>(
      'GET',
      '/api/org/departments',
    );
    return items.find((each) => each.name === name)?.id ?? '';
  };
  const leaver = async (): Promise<string> => {
    const { items } = await company().api<{ items: { id: string }[] }>('GET', '/api/org/offboardings');
    return `/admin/leavers/${items[0]?.id ?? ''}`;
  };
  const page = (name: string, path: string): Picture => ({ name, at: `/admin${path}` });
  /** A window opened from the menu of a department in the tree. */
  const department = (
    name: string,
    of: string,
    entry: string,
    more?: (at: Page) => Promise<unknown>,
  ): Picture => ({
    name,
    at: '/admin/departments',
    reach: async (at) => {
      await press(at, 'Expand all', `Actions for ${of}`, entry);
      await more?.(at);
    },
  });
  const person = (
    name: string,
    of: string,
    entry?: string,
    more?: (at: Page) => Promise<unknown>,
  ): Picture => ({
    name,
    at: () => `/admin/people/${idOf(of)}`,
    reach: async (at) => {
      if (entry !== undefined) await press(at, entry);
      await more?.(at);
    },
  });

  return [
    { name: 'sign in', at: '/admin/' },
    { name: 'language menu', press: button(/^Language/) },
    { name: 'look menu', press: button('Appearance') },
    {
      name: 'sign in refused',
      reach: async (at) => {
        await signIn(at, 'maximiliane', 'not this one');
        await at.getByRole('alert').waitFor();
      },
    },
    { name: 'password forgotten', reach: (at) => press(at, 'Forgot password?') },
    {
      name: 'password asked for',
      reach: async (at) => {
        await at.locator('input[autocomplete^=username]').fill('nobody@example.org');
        await press(at, 'Ask for a new password');
        await at.getByText('You will hear from us').waitFor();
      },
    },
    {
      name: 'sign in elsewhere',
      reach: async (at) => {
        await answerChanged(at, /\/_matrix\/client\/v3\/login$/, ({ flows }) => ({
          flows: [
            ...flows.filter((flow) => flow.type !== 'm.login.sso'),
            {
              type: 'm.login.sso',
              identity_providers: [
                { id: 'oidc-one', name: '集团统一身份认证中心' },
                { id: 'oidc-two', name: 'Konzernweites Verzeichnis der Donauschifffahrtsgesellschaft' },
              ],
            },
          ],
        }));
        await at.reload();
        await named(at.locator('body'), /集团统一身份认证中心/).waitFor();
      },
      after: (at) => at.reload(),
    },
    {
      name: 'starting failed',
      reach: async (at) => {
        await fail(at, /\/api\/org\/me$/);
        await at.goto('/admin/');
        await at.getByRole('alert').waitFor();
      },
      after: (at) => at.reload(),
    },
    {
      name: 'overview',
      at: '/admin/',
      reach: async (at) => {
        await signIn(at, 'zhangwei');
        await at.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
      },
    },
    { name: 'account menu', at: '/admin/', press: button(/account menu$/i) },
    {
      name: 'pages',
      at: '/admin/people',
      widths: [768, 390],
      reach: async (at) => {
        await at.getByRole('heading', { level: 1, name: 'People' }).waitFor();
        await press(at, 'Open menu');
        await dialog(at).waitFor();
      },
    },
    {
      name: 'offline',
      at: '/admin/people',
      reach: async (at) => {
        await at.context().setOffline(true);
        await at.getByText('You are offline.').waitFor();
      },
      after: (at) => at.context().setOffline(false),
    },
    { name: 'not found', nowhere: true, at: '/admin/no-such-page' },
    failed('overview', '/admin/'),

    page('departments', '/departments'),
    {
      name: 'departments menu',
      at: '/admin/departments',
      press: button(`Actions for ${RESEARCH}`),
    },
    {
      name: 'departments nothing fits',
      at: '/admin/departments',
      reach: (at) => at.getByRole('searchbox', { name: 'Find a department' }).fill('没有这个'),
    },
    {
      name: 'department details',
      at: async () => `/admin/departments/${await departmentOf(LONG_DEPARTMENT)}`,
      shows: ['appservices/org/ui/DepartmentsView/DepartmentsView.tsx DepartmentsView'],
    },
    department('department moving', RESEARCH, 'Move with the keyboard', (at) =>
      at.getByRole('tree').waitFor(),
    ),
    {
      name: 'department add',
      at: '/admin/departments',
      reach: async (at) => {
        await press(at, 'Add department', 'Add department');
      },
    },
    department('department settings', RESEARCH, 'Rename and settings'),
    department('department heads', RESEARCH, 'Choose heads', (at) => pick(at, 'Add a head', '李')),
    department('department move', LONG_DEPARTMENT, 'Move to…', async (at) => {
      await dialog(at).getByText('Change', { exact: true }).click();
      await pick(at, 'New place below', '销售');
    }),
    department('department merge', LONG_DEPARTMENT, 'Merge into another'),
    department('department end', RESEARCH, 'Dissolve or convert'),
    empty('departments', '/admin/departments', /\/api\/org\/departments(\?|$)/),
    failed('departments', '/admin/departments'),

    page('people', '/people'),
    {
      name: 'people nobody fits',
      at: '/admin/people?q=没有此人',
    },
    {
      name: 'person add',
      at: '/admin/people',
      reach: async (at) => {
        await press(at, 'Add person', 'Add person');
        await pick(at, 'Manager', '阿');
      },
      shows: ['packages/ui-kit/src/components/fields.tsx SearchPicker'],
    },
    person('person', GERMAN),
    person('person edit', GERMAN, 'Edit'),
    person('person move', UIGHUR, 'Move', (at) => pick(at, 'Add a department', '华')),
    person('person leave', GERMAN, 'Start leaving'),
    person('person link', GERMAN, 'Activation link', (at) =>
      dialog(at).getByText('Links that work now').waitFor(),
    ),
    {
      name: 'person link made',
      reach: async (at) => {
        await press(at, 'Make a link and a QR code');
        await dialog(at).getByText('Whoever has a link can take over the account').waitFor();
      },
    },
    {
      ...person('person links ended', GERMAN, 'Activation link'),
      press: button('End all links'),
    },
    {
      name: 'person link mailed',
      at: () => `/admin/people/${idOf(UIGHUR)}`,
      reach: async (at) => {
        await press(at, 'Activation link', /^Send to/);
        await dialog(at).getByText('Last mail, to').waitFor();
        await dialog(at).getByText('Kept', { exact: true }).waitFor();
      },
    },
    person('person reset', '李娜', 'Reset password'),
    empty('people', '/admin/people', /\/api\/org\/people\?/),
    failed('people', '/admin/people'),
    {
      name: 'people loading',
      waits: true,
      reach: async (at) => {
        await neverAnswer(at, /\/api\/org\/people\?/);
        await at.goto('/admin/people');
        await at.locator('.q-skeleton').waitFor();
      },
    },

    page('activation', '/activation'),
    {
      name: 'activation nobody fits',
      at: '/admin/activation',
      reach: async (at) => {
        await at.getByRole('searchbox', { name: 'Search people' }).fill('没有此人');
        await at.getByText('Nobody who has not activated').waitFor();
      },
    },
    {
      name: 'activation chosen',
      at: '/admin/activation',
      reach: async (at) => {
        for (const name of [GERMAN, UIGHUR]) await at.getByLabel(`Choose ${name}`).check();
      },
    },
    { name: 'activation by mail', at: '/admin/activation', press: button('Send by mail') },
    {
      name: 'activation mailed',
      at: '/admin/activation',
      reach: async (at) => {
        await press(at, 'Send by mail', 'Send by mail');
        await at.getByText(/\b(\d+) of \1\b/).waitFor();
        await at.getByText(/without an e-mail address/).click();
      },
    },
    {
      name: 'activation mails failed',
      reach: async (at) => {
        await answerChanged(at, /\/api\/org\/activations\/mail$/, ({ items }) => ({
          items: items.map((each) => ({
            ...each,
            failed: 1,
            kept: 3,
            waiting: 4,
            failed_people: [refusedMail()],
          })),
        }));
        await at.goto('/admin/activation');
        await at.locator('summary', { hasText: '1 failed' }).click();
      },
    },
    { name: 'activation on paper', at: '/admin/activation', press: button('Print sheets') },
    {
      name: 'activation sheets',
      at: '/admin/activation',
      reach: async (at) => {
        await press(at, 'Print sheets', 'Print sheets');
        await at.locator('.o-sheet').first().waitFor();
      },
    },
    {
      name: 'activation sheets for nobody',
      at: '/admin/activation',
      reach: async (at) => {
        await answerNothing(at, /\/api\/org\/activations\/links$/);
        await press(at, 'Print sheets', 'Print sheets');
        await at.getByText('There is nobody to print a sheet for').waitFor();
      },
    },
    {
      name: 'activation requests',
      at: '/admin/activation?requests',
      reach: async (at) => {
        await company().api('POST', '/api/org/password/forgot', { name: 'lina' });
        await waitFor(
          async () =>
            (await company().api<{ items: object[] }>('GET', '/api/org/password-requests')).items.length > 0,
          { what: 'a request for a new password' },
        );
        await at.reload();
        await named(at.locator('body'), 'Give a link').waitFor();
      },
    },
    empty('activation', '/admin/activation', /\/api\/org\/people\?/),
    failed('activation', '/admin/activation'),

    empty('leavers', '/admin/leavers', /\/api\/org\/offboardings/),
    failed('leavers', '/admin/leavers'),
    {
      name: 'leaver',
      reach: async (at) => {
        await company().api('POST', `/api/org/people/${idOf('刘洋')}/offboarding`, {});
        await go(at, await leaver());
        await at.getByRole('heading', { name: '刘洋' }).first().waitFor();
      },
    },
    { name: 'leaver receiver', reach: (at) => press(at, /^(Choose|Change)/) },
    { name: 'leaver undo', at: leaver, press: button('Undo leaving') },
    {
      name: 'leaver close',
      at: leaver,
      reach: async (at) => {
        const all = at.getByRole('button', { name: /^All open items to/ });
        if (await all.isVisible()) await all.click();
        await at.locator('button:enabled', { hasText: 'Close for good' }).waitFor();
      },
      press: button('Close for good'),
    },
    page('leavers', '/leavers'),
    {
      name: 'leaver nothing',
      at: async () => {
        const path = `/api/org/people/${idOf('孙磊')}/offboarding`;
        return `/admin/leavers/${(await company().api<{ id: string }>('POST', path, {})).id}`;
      },
      reach: (at) => at.getByText('Nothing to hand over').waitFor(),
    },

    page('import', '/import'),
    empty('import', '/admin/import', /\/api\/org\/imports(\?|$)/),
    failed('import', '/admin/import'),
    {
      name: 'import columns',
      at: '/admin/import',
      reach: async (at) => {
        await at.locator('input[type=file]').setInputFiles({
          name: '员工花名册-2026年第三季度-最终版（人力资源部）.csv',
          mimeType: 'text/csv',
          buffer: Buffer.from(
            '工号,姓名,职务,邮箱,部门,上级,状态,入职日期\n11,周杰,设计师,zhoujie@example.org,研发部,2,在职,2024-03-01\n12,吴敏,,wumin,研发部,99,离职,不详\n',
          ),
        });
        await at.getByRole('heading', { name: 'Which column is what' }).waitFor();
      },
    },
    { name: 'import discard', press: button('Discard') },
    {
      name: 'import difference',
      reach: async (at) => {
        await press(at, 'Check and show difference');
        await at.getByRole('heading', { name: 'Apply this?' }).waitFor();
      },
    },
    { name: 'import difference nobody', reach: (at) => press(at, /^Moved/) },
    {
      name: 'import discarded',
      reach: async (at) => {
        await press(at, 'Discard', 'Discard');
        await at.getByText('Nothing of the file was applied').waitFor();
      },
    },

    empty('sources', '/admin/sources', /\/api\/org\/(sources|scim-tokens)$/),
    failed('sources', '/admin/sources'),
    {
      name: 'source add',
      at: '/admin/sources',
      reach: async (at) => {
        await press(at, 'Add source');
        await dialog(at).getByText('LDAP', { exact: true }).click();
      },
    },
    { name: 'token add', at: '/admin/sources', reach: (at) => press(at, 'New token') },
    {
      name: 'token made',
      reach: async (at) => {
        await field(at, 'Name').fill('Entra ID, 正式环境');
        await press(at, 'Make token');
        await dialog(at).getByText('Copy it now').waitFor();
      },
    },
    {
      name: 'sources',
      reach: async (at) => {
        await makeProvider(company());
        await at.goto('/admin/sources');
      },
    },
    { name: 'source held', reach: (at) => press(at, /4 people wait/) },
    { name: 'source untaken', at: '/admin/sources', reach: (at) => press(at, /values of 1 person/) },
    {
      name: 'source hand over',
      at: '/admin/sources',
      reach: (at) => press(at, /^Actions for 身份平台/, 'Hand people over…'),
    },
    { name: 'source adopt', at: '/admin/sources', reach: (at) => press(at, 'Hand over to a source…') },
    { name: 'source menu', at: '/admin/sources', press: button(/^Actions for 身份平台/) },
    { name: 'source edit', at: '/admin/sources', reach: (at) => press(at, /^Actions for 身份平台/, 'Edit') },
    {
      name: 'source delete',
      at: '/admin/sources',
      reach: (at) => press(at, /^Actions for 身份平台/),
      press: button('Delete'),
    },
    { name: 'token revoke', at: '/admin/sources', press: button(/^Revoke/) },

    page('roles', '/roles'),
    { name: 'role add', at: '/admin/roles', reach: (at) => press(at, 'Roles and permissions', 'New role') },
    {
      name: 'role grant',
      at: '/admin/roles',
      reach: async (at) => {
        await press(at, 'Give a role');
        await pick(at, 'Person', 'max');
      },
    },
    {
      name: 'roles matrix',
      reach: async (at) => {
        await company().api('POST', '/api/org/roles', {
          name: '人力资源与组织发展管理员',
          permissions: ['org.person.read'],
        });
        await at.goto('/admin/roles');
        await press(at, 'Roles and permissions');
      },
    },
    { name: 'role menu', press: button(/^Actions for 人力/) },
    { name: 'role edit', reach: (at) => press(at, /^Actions for 人力/, 'Edit') },
    {
      name: 'role delete',
      at: '/admin/roles',
      reach: (at) => press(at, 'Roles and permissions', /^Actions for 人力/),
      press: button('Delete'),
    },
    { name: 'grant menu', at: '/admin/roles', press: button('Actions for 张伟') },
    {
      name: 'grant take away',
      at: '/admin/roles',
      reach: (at) => press(at, 'Actions for 张伟'),
      press: button('Take away'),
    },
    empty('roles', '/admin/roles', /\/api\/org\/grants/),
    failed('roles', '/admin/roles'),

    page('visibility empty', '/visibility'),
    failed('visibility', '/admin/visibility'),
    {
      name: 'visibility rule',
      at: '/admin/visibility',
      reach: async (at) => {
        await press(at, 'Add rule');
        await dialog(at).getByRole('combobox').first().fill('产品');
        await dialog(at).getByRole('option').first().click();
      },
    },
    {
      name: 'visibility',
      reach: (at) => press(at, 'Apply to list'),
      after: (at) => press(at, 'Discard'),
    },

    page('health', '/health'),
    {
      name: 'health problems',
      reach: async (at) => {
        await makeProblem(company());
        await at.goto('/admin/health');
        await at.getByRole('row').first().waitFor();
      },
    },
    { name: 'problem menu', press: button('Resolve') },
    { name: 'problem rename', reach: (at) => press(at, 'Resolve', 'Use another account name') },
    { name: 'health drift', at: '/admin/health', reach: (at) => press(at, /^Drift/) },
    failed('health', '/admin/health'),

    page('mail', '/mail'),
    {
      name: 'mail read',
      at: '/admin/mail',
      reach: (at) => press(at, 'Read'),
      shows: ['appservices/org/ui/MailView/MailView.tsx Message'],
    },
    {
      name: 'mail refused',
      reach: async (at) => {
        await answerChanged(at, /\/api\/org\/mail$/, (mail) => ({
          ...mail,
          configured: true,
          from: '工作平台 <no-reply@workspace.donauschifffahrtsgesellschaft.example.org>',
        }));
        await answerChanged(at, /\/api\/org\/mail\/messages(\?|$)/, (answer) => ({
          ...answer,
          items: answer.items.map((each, place) => ({
            ...each,
            ...(place < 2 && refusedMail(place === 0).mail),
          })),
        }));
        await at.goto('/admin/mail');
        await at.getByText('does not know the address').first().waitFor();
      },
    },
    empty('mail', '/admin/mail', /\/api\/org\/mail\/messages(\?|$)/),
    failed('mail', '/admin/mail'),

    page('acts', '/acts'),
    {
      name: 'acts person',
      at: '/admin/acts',
      reach: async (at) => {
        await at.getByRole('combobox', { name: 'By or about a person' }).fill('李');
        await at.getByRole('option').first().waitFor();
      },
    },
    {
      name: 'acts filtered',
      at: () => `/admin/acts?person=${idOf(GERMAN)}`,
      reach: (at) => at.getByRole('row').nth(1).waitFor(),
    },
    {
      name: 'acts nothing fits',
      at: '/admin/acts?q=没有这个',
      reach: (at) => at.getByText('Nothing fits').waitFor(),
    },
    {
      name: 'acts not downloaded',
      at: '/admin/acts',
      reach: async (at) => {
        await fail(at, /\/api\/org\/acts\/export/);
        await press(at, 'Download as CSV');
        await at.locator('.q-toast').waitFor();
      },
    },
    empty('acts', '/admin/acts', /\/api\/org\/acts/),
    failed('acts', '/admin/acts'),
    {
      name: 'page not loaded',
      reach: async (at) => {
        await at.goto('/admin/');
        await at.route(/\/assets\/RolesView/, (route) => route.abort());
        await go(at, '/admin/roles');
        await at.getByRole('alert').waitFor();
      },
      after: (at) => at.goto('/admin/'),
    },
    {
      name: 'session ended',
      at: '/admin/acts',
      reach: async (at) => {
        await at.context().clearCookies();
        await go(at, '/admin/people');
        await at.getByText('Your session has ended').waitFor();
      },
    },
    {
      name: 'no access',
      reach: async (at) => {
        await signIn(at, 'lina');
        await at.getByRole('heading', { name: 'No access to the console' }).waitFor();
      },
      shows: ['admin/src/app/App.tsx NoAccess'],
    },
  ];
}
