import { makeUser, PASSWORD, waitFor } from '@qiao/testkit';
import type { Locator, Page } from 'playwright-core';
import { GERMAN, LONG_DEPARTMENT, RESEARCH, UIGHUR, type Company } from './company.ts';
import { answerNothing, fail, go, named, press, type Picture } from './draw.ts';

/* The console's screens, windows, menus and empty states; see README.md beside this. */

const dialog = (page: Page): Locator => page.locator('dialog[open]').last();
const field = (page: Page, name: string): Locator => dialog(page).getByLabel(name).first();
const button =
  (name: string | RegExp) =>
  (page: Page): Locator =>
    named(page.locator('dialog[open], body').last(), name);

/** Types into a picker of the open window and waits for what it finds. */
async function pick(page: Page, label: string, typed: string): Promise<void> {
  await dialog(page).getByRole('combobox', { name: label }).fill(typed);
  await dialog(page).getByRole('option').first().waitFor();
}

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
      name: 'overview',
      reach: async (at) => {
        await at.locator('input[autocomplete^=username]').fill('zhangwei');
        await at.getByLabel('Password', { exact: true }).fill(PASSWORD);
        await press(at, 'Sign in');
        await at.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
      },
    },
    { name: 'account menu', at: '/admin/', press: button(/account menu$/i) },
    page('not found', '/no-such-page'),

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
    { name: 'activation links', at: '/admin/people', reach: (at) => press(at, 'Activation links') },
    person('person', GERMAN),
    person('person edit', GERMAN, 'Edit'),
    person('person move', UIGHUR, 'Move', (at) => pick(at, 'Add a department', '华')),
    person('person leave', GERMAN, 'Start leaving'),
    person('person link', GERMAN, 'Activation link', (at) => dialog(at).getByText('Link for').waitFor()),
    { ...person('person reset', '李娜'), press: button('Reset password') },
    empty('people', '/admin/people', /\/api\/org\/people\?/),

    empty('leavers', '/admin/leavers', /\/api\/org\/offboardings/),
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
      reach: (at) => press(at, 'Discard', 'Discard'),
    },

    empty('sources', '/admin/sources', /\/api\/org\/(sources|scim-tokens)$/),
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

    page('visibility empty', '/visibility'),
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
    page('acts', '/acts'),
    empty('acts', '/admin/acts', /\/api\/org\/acts/),
    {
      name: 'failed',
      reach: async (at) => {
        await fail(at, /\/api\/org\/people\?/);
        await at.goto('/admin/people');
        await at.getByRole('alert').waitFor();
      },
    },
    {
      name: 'no access',
      reach: async (at) => {
        await at.goto('/admin/');
        await press(at, /account menu$/i, 'Sign out');
        await at.locator('input[autocomplete^=username]').fill('lina');
        await at.getByLabel('Password', { exact: true }).fill(PASSWORD);
        await press(at, 'Sign in');
        await at.getByRole('heading', { name: 'No access to the console' }).waitFor();
      },
      shows: ['admin/src/app/App.tsx NoAccess'],
    },
  ];
}
