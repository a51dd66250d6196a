import type { TestCall } from '@qiao/platform/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { searchKey } from '../../server/directory/search.ts';
import { buildDepartment, buildGrant, buildPerson, openTestOrg, type TestOrg } from '../../testing/index.ts';

let org: TestOrg;
let main: TestCall;
let admin: TestCall;
let member: TestCall;
const ids: Record<string, string> = {};

beforeAll(async () => {
  org = await openTestOrg();
  const { db } = org;
  ids.company = await buildDepartment(db, '桥公司');
  ids.sales = await buildDepartment(db, '销售部', { parent_id: ids.company });
  ids.north = await buildDepartment(db, '华北组', { parent_id: ids.sales });
  ids.south = await buildDepartment(db, '华南组', { parent_id: ids.sales });
  ids.lab = await buildDepartment(db, 'Research & Lab', { parent_id: ids.company });
  const boss = await buildPerson(db, '王总', { departments: [ids.company], title: '总经理' });
  const lead = await buildPerson(db, '李娜', {
    departments: [{ department_id: ids.sales, is_head: true }],
    manager_id: boss.id,
    email: 'li.na@example.com',
  });
  const zhang = await buildPerson(db, '张三', {
    departments: [ids.north],
    manager_id: lead.id,
    title: '销售经理',
  });
  const ann = await buildPerson(db, 'Ann Lee', { departments: [ids.lab], title: 'Engineer' });
  const lent = await buildPerson(db, '周舟', { departments: [ids.lab, ids.north] });
  Object.assign(ids, { boss: boss.id, lead: lead.id, zhang: zhang.id, ann: ann.id, lent: lent.id });
  await buildGrant(db, { person_id: boss.id, role: 'main_admin' });
  await buildGrant(db, { person_id: lead.id, role: 'department_admin', department_id: ids.sales });
  main = await org.host.as(org.userId(boss));
  admin = await org.host.as(org.userId(lead));
  member = await org.host.as(org.userId(zhang));
});
afterAll(() => org.close());

const departments = async (call: TestCall) => {
  const { body } = await call('GET', '/api/org/departments');
  return new Map<
    string,
    { id: string; version: number; parent_id: string | null; position: number } & Record<string, unknown>
  >(
    (body.items as { id: string; version: number; parent_id: string | null; position: number }[]).map(
      (item) => [item.id, item],
    ),
  );
};
const person = async (call: TestCall, id: string) => (await call('GET', `/api/org/people/${id}`)).body;

describe('me', () => {
  test('tells what is held where', async () => {
    const { body } = await admin('GET', '/api/org/me');
    expect(body.person).toMatchObject({ id: ids.lead, display_name: '李娜' });
    expect(body.permissions['org.person.edit']).toEqual({ company: false, departments: [ids.sales] });
    expect(body.permissions['org.directory.read']).toEqual({ company: true, departments: [] });
    expect(body.permissions).not.toHaveProperty('org.import.run');
    expect((await main('GET', '/api/org/me')).body.permissions['org.import.run'].company).toBe(true);
  });

  test('a partner of another homeserver is nobody here', async () => {
    const partner = await org.host.as('@boss:partner.test');
    expect((await partner('GET', '/api/org/me')).body).toMatchObject({ person: null, permissions: {} });
  });
});

describe('departments', () => {
  test('come with counts, heads and parents first', async () => {
    const { body } = await main('GET', '/api/org/departments');
    expect(body.items.map((item: { name: string }) => item.name)).toEqual([
      '桥公司',
      '销售部',
      '华北组',
      '华南组',
      'Research & Lab',
    ]);
    expect(body.items[0]).toMatchObject({ member_count: 1, total_count: 5, editable: true });
    expect(body.items[1]).toMatchObject({ member_count: 1, total_count: 3, heads: [{ id: ids.lead }] });
  });

  test('a department admin sees the own subtree as the top', async () => {
    const seen = await departments(admin);
    expect([...seen.keys()]).toEqual([ids.sales, ids.north, ids.south]);
    expect(seen.get(ids.sales!)?.parent_id).toBeNull();
  });

  test('are made, renamed, moved, reordered, headed, hidden and ended', async () => {
    const made = await admin('POST', '/api/org/departments', {
      name: ' 华东\u202e组 ',
      parent_id: ids.sales,
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ name: '华东组', parent_id: ids.sales, position: 4, version: 1 });
    const { id } = made.body;

    const first = await admin('PATCH', `/api/org/departments/${id}`, { version: 1, position: 0 });
    expect(first.status).toBe(200);
    expect([...(await departments(admin)).keys()]).toEqual([ids.sales, id, ids.north, ids.south]);

    const moved = await admin('PATCH', `/api/org/departments/${id}`, {
      version: first.body.version,
      parent_id: ids.north,
      hidden: true,
      head_ids: [ids.zhang],
    });
    expect(moved.body).toMatchObject({ parent_id: ids.north, hidden: true, heads: [{ id: ids.zhang }] });

    const stale = await admin('PATCH', `/api/org/departments/${id}`, { version: 1, name: 'X' });
    expect(stale.status).toBe(412);
    const cycle = await admin('PATCH', `/api/org/departments/${ids.north}`, {
      version: (await departments(admin)).get(ids.north!)!.version,
      parent_id: id,
    });
    expect(cycle).toMatchObject({ status: 409, body: { error: { code: 'org.would_make_cycle' } } });
    const taken = await admin('POST', '/api/org/departments', { name: '华北组', parent_id: ids.sales });
    expect(taken.body.error.code).toBe('org.name_taken');

    const full = await admin('POST', `/api/org/departments/${ids.north}/end`, { mode: 'dissolve' });
    expect(full.body.error.code).toBe('org.department_not_empty');
    const ended = await admin('POST', `/api/org/departments/${id}/end`, { mode: 'dissolve' });
    expect(ended).toMatchObject({ status: 200, body: { state: 'dissolved', member_count: 0 } });
    expect((await person(admin, ids.zhang!)).departments).toMatchObject([{ department_id: ids.north }]);
  });

  test('merge keeps everybody once, and the sub-departments', async () => {
    const { db } = org;
    const a = await buildDepartment(db, '一组', { parent_id: ids.sales! });
    const b = await buildDepartment(db, '二组', { parent_id: ids.sales! });
    const child = await buildDepartment(db, '小组', { parent_id: a });
    const one = await buildPerson(db, '甲', { departments: [{ department_id: a, is_head: true }] });
    const both = await buildPerson(db, '乙', { departments: [a, b] });
    const answer = await admin('POST', `/api/org/departments/${a}/merge`, { into_id: b });
    expect(answer).toMatchObject({ status: 200, body: { id: b, member_count: 2, heads: [] } });
    expect((await departments(admin)).get(child)?.parent_id).toBe(b);
    expect((await person(admin, one.id)).departments).toMatchObject([{ department_id: b, is_primary: true }]);
    expect((await person(admin, both.id)).departments).toMatchObject([
      { department_id: b, is_primary: true },
    ]);
    const own = await admin('POST', `/api/org/departments/${b}/merge`, { into_id: child });
    expect(own.body.error.code).toBe('org.would_make_cycle');
  });

  test.each([
    [{ name: '', parent_id: null }, 400],
    [{ name: '\u202e\u200b', parent_id: null }, 400],
    [{ name: 'x'.repeat(1000), parent_id: null }, 400],
    [{ name: 'X', parent_id: '00000000-0000-4000-8000-000000000000' }, 404],
  ])('refuses %j', async (body, status) => {
    expect((await main('POST', '/api/org/departments', body)).status).toBe(status);
  });
});

describe('people', () => {
  test.each([
    ['zs', '张三'],
    ['zhangsan', '张三'],
    ['zhang s', '张三'],
    ['zhangs', '张三'],
    ['zsan', '张三'],
    ['ZHANG', '张三'],
    ['张三', '张三'],
    ['三', '张三'],
    ['销售经理', '张三'],
    ['li.na', '李娜'],
    ['lee', 'Ann Lee'],
    ['engineer ann', 'Ann Lee'],
  ])('search %j finds %s', async (q, name) => {
    const { body } = await main('GET', `/api/org/people?q=${encodeURIComponent(q)}`);
    expect(body.items.map((item: { display_name: string }) => item.display_name)).toEqual([name]);
    expect(body.total).toBe(1);
  });

  test('the database spells a text as the search spells a word', async () => {
    for (const text of ['张三', '𠮷野家', 'Ødegård', 'مرحبا', 'x1']) {
      const word = text.toLowerCase();
      const { rows } = await sql<{ key: string }>`select org.search_key(${word}) as key`.execute(org.db);
      expect(rows[0]!.key).toBe(` ${searchKey(word)}`);
    }
    const { rows } = await sql<{ key: string }>`select org.search_key('a.b-c@d_e') as key`.execute(org.db);
    expect(rows[0]!.key).toBe(' a b c d e');
  });

  test('search takes what means something to SQL as text', async () => {
    for (const q of ['%', '_', "'", '\\', '%%%', "a' or 1=1"]) {
      const { status, body } = await main('GET', `/api/org/people?q=${encodeURIComponent(q)}&limit=1`);
      expect(status).toBe(200);
      if (q.length > 3) expect(body.total).toBe(0);
    }
  });

  test('are listed page by page, each once', async () => {
    const all = (await main('GET', '/api/org/people?limit=200')).body;
    const seen: string[] = [];
    let after: string | null = '';
    while (after !== null) {
      const { body } = await main('GET', `/api/org/people?limit=2${after ? `&after=${after}` : ''}`);
      expect(body.total).toBe(all.total);
      seen.push(...body.items.map((item: { id: string }) => item.id));
      after = body.next;
    }
    expect(seen).toEqual(all.items.map((item: { id: string }) => item.id));
    expect((await main('GET', '/api/org/people?after=nonsense')).status).toBe(400);
  });

  test('filters', async () => {
    const names = async (query: string) =>
      (await main('GET', `/api/org/people?${query}`)).body.items.map(
        (item: { display_name: string }) => item.display_name,
      );
    expect(await names(`department_id=${ids.sales}&subtree=false`)).toEqual(['李娜']);
    expect(await names(`department_id=${ids.lab}`)).toEqual(['Ann Lee', '周舟']);
    expect(await names('status=suspended')).toEqual([]);
    expect(await names('activated=false')).toEqual([]);
  });

  test('a department admin sees only places in reach', async () => {
    const list = (await admin('GET', '/api/org/people?limit=200')).body.items as { id: string }[];
    expect(list.map((item) => item.id)).not.toContain(ids.ann);
    const lent = await person(admin, ids.lent!);
    expect(lent.departments).toMatchObject([{ department_id: ids.north, is_primary: false }]);
    expect(lent.editable).toBe(false);
    expect((await person(main, ids.lent!)).departments).toHaveLength(2);
  });

  test('a profile has history, reports and the reporting line', async () => {
    const detail = await person(main, ids.lead!);
    expect(detail.reporting_line).toMatchObject([{ id: ids.boss }]);
    expect(detail.reports).toMatchObject([{ id: ids.zhang }]);
  });

  test('join, change and move by hand', async () => {
    const made = await admin('POST', '/api/org/people', {
      display_name: ' 赵\u200b六 ',
      title: '顾问',
      manager_id: ids.lead,
      departments: [{ department_id: ids.north }],
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        display_name: '赵六',
        user_id: '@zhaoliu:qiao.test',
        status: 'joining',
        manager: { id: ids.lead },
        departments: [{ department_id: ids.north, is_primary: true }],
        editable: true,
      },
    });
    const { id } = made.body;
    const again = await admin('POST', '/api/org/people', {
      display_name: '赵六',
      departments: [{ department_id: ids.north }],
    });
    expect(again.body.user_id).toBe('@zhaoliu2:qiao.test');

    const moved = await admin('PATCH', `/api/org/people/${id}`, {
      version: made.body.version,
      phone: '+86 10 1234 5678',
      departments: [{ department_id: ids.south, title: '主管' }],
    });
    expect(moved).toMatchObject({
      status: 200,
      body: { phone: '+86 10 1234 5678', departments: [{ department_id: ids.south, title: '主管' }] },
    });
    const stale = await admin('PATCH', `/api/org/people/${id}`, { version: made.body.version, title: 'x' });
    expect(stale.status).toBe(412);
    expect((await person(admin, id)).history).toMatchObject([{ department_id: ids.north }]);
    const found = await admin('GET', `/api/org/people?q=zl&department_id=${ids.south}`);
    expect(found.body.total).toBe(1);
  });

  test('an added place keeps the one out of reach', async () => {
    const before = await person(admin, ids.lent!);
    const answer = await admin('PATCH', `/api/org/people/${ids.lent}`, {
      version: before.version,
      departments: [{ department_id: ids.south }],
    });
    expect(answer.status).toBe(200);
    expect((await person(main, ids.lent!)).departments).toMatchObject([
      { department_id: ids.lab, is_primary: true },
      { department_id: ids.south, is_primary: false },
    ]);
  });

  test.each([
    [{ display_name: '\u0000' }, 400],
    [{ display_name: 'x'.repeat(1000) }, 400],
    [{ email: 'nonsense' }, 400, 'email'],
    [{ email: 'a@b.c\u202e' }, 400, 'email'],
    [{ phone: '<script>' }, 400, 'phone'],
    [{ starts_on: '2026-02-30' }, 400, 'starts_on'],
    [{ departments: [] }, 400],
    [{ departments: 'same' }, 400],
  ])('refuses %j', async (bad, status, field?: string) => {
    const departments =
      (bad as { departments?: unknown }).departments === 'same'
        ? [{ department_id: ids.north }, { department_id: ids.north }]
        : [{ department_id: ids.north }];
    const answer = await main('POST', '/api/org/people', {
      display_name: 'X',
      departments,
      ...bad,
      ...(Array.isArray((bad as { departments?: unknown }).departments) ? {} : { departments }),
    });
    expect(answer.status).toBe(status);
    // A form marks the field by it.
    if (field !== undefined) expect(answer.body).toMatchObject({ error: { details: { field } } });
  });
});

describe('a member', () => {
  test('gets nothing of the console', async () => {
    for (const path of [
      'departments',
      'people',
      `people/${ids.ann}`,
      'roles',
      'permissions',
      'grants',
      'acts',
      'setup',
      'visibility',
    ]) {
      expect([403, 404]).toContain((await member('GET', `/api/org/${path}`)).status);
    }
  });
});

describe('setup and acts', () => {
  test('the guide counts, and is ticked off by a person', async () => {
    const { body } = await main('GET', '/api/org/setup');
    expect(body.steps.map((step: { id: string }) => step.id)).toEqual([
      'import',
      'departments',
      'provision',
      'admins',
      'pilot',
      'rollout',
    ]);
    expect(body.steps[0]).toMatchObject({ state: 'done' });
    const confirmed = await main('POST', '/api/org/setup/confirm', { step: 'pilot', done: true });
    expect(confirmed.body.steps[4].state).toBe('done');
    const acts = await main('GET', '/api/org/acts?limit=1');
    expect(acts.body.items[0]).toMatchObject({ action: 'org.setup.confirm', details: { step: 'pilot' } });
    const next = await main('GET', `/api/org/acts?limit=1&after=${acts.body.next}`);
    expect(next.body.items[0].id).toBeLessThan(acts.body.items[0].id);
  });

  test('acts are sentences with names in the reader’s language, filtered and paged', async () => {
    const zh = { 'accept-language': 'zh-CN' };
    const acts = async (query: string, headers: Record<string, string> = zh) =>
      (await main('GET', `/api/org/acts?${query}`, undefined, headers)).body.items as {
        id: number;
        at: string;
        text: string;
        type: string;
        subject: string;
        actor: { name: string };
      }[];
    const moved = await main('PATCH', `/api/org/people/${ids.zhang}`, {
      version: (await main('GET', `/api/org/people/${ids.zhang}`)).body.version,
      departments: [{ department_id: ids.south, is_primary: true }],
    });
    expect([moved.text, moved.status]).toEqual([moved.text, 200]);
    const [last] = await acts('limit=1');
    expect(last).toMatchObject({
      text: '王总将张三从“华北组”调到“华南组”',
      type: '调整所属部门',
      actor: { name: '王总' },
    });
    expect((await acts('limit=1', { 'accept-language': 'en' }))[0]!.text).toBe(
      '王总 moved 张三 from 华北组 to 华南组',
    );
    // By kind, by whom or about whom, by words (pinyin, too), and by time; all together.
    const about = `person_id=${ids.zhang}`;
    expect((await acts(about)).map((act) => act.subject)).toContain(`person:${ids.zhang}`);
    expect((await acts(`person_id=${ids.boss}`)).map((act) => act.text)).toContain(last!.text);
    expect(await acts(`person_id=${ids.ann}`)).toEqual([]);
    expect(new Set((await acts('action=org.person.place')).map((act) => act.type))).toEqual(
      new Set(['调整所属部门']),
    );
    const named = (await acts('q=zhangsan&action=org.person.place')).map((act) => act.text);
    expect(named[0]).toBe(last!.text);
    expect(named.every((text) => text.includes('张三'))).toBe(true);
    expect(await acts(`q=${encodeURIComponent('没有这个')}`)).toEqual([]);
    expect(await acts(`to=${encodeURIComponent('2020-01-01T00:00:00Z')}`)).toEqual([]);
    expect(await acts(`action=org.person.place&from=${encodeURIComponent(last!.at)}`)).toHaveLength(1);
    expect((await acts(`action=org.person.place&to=${encodeURIComponent(last!.at)}`))[0]!.id).toBeLessThan(
      last!.id,
    );
    for (const bad of ['action=org.nothing', 'from=yesterday', 'person_id=1', 'after=x'])
      expect([bad, (await main('GET', `/api/org/acts?${bad}`)).status]).toEqual([bad, 400]);
    const types = (await main('GET', '/api/org/acts/types', undefined, zh)).body.items;
    expect(types).toContainEqual({ action: 'org.person.place', name: '调整所属部门' });
  });

  test('acts are a table that no spreadsheet runs, for who may read them', async () => {
    const { db } = org;
    const evil = await buildDepartment(db, '=HYPERLINK("http://x")', { parent_id: ids.company! });
    const put = await main('PATCH', `/api/org/departments/${evil}`, { hidden: true, version: 1 });
    expect([put.text, put.status]).toEqual([put.text, 200]);
    // A person whose name begins like a formula acts.
    await sql`update org.person set display_name = '=cmd|calc' where id = ${ids.boss}`.execute(db);
    const table = await main('GET', '/api/org/acts/export?action=org.department.change', undefined, {
      'accept-language': 'zh-CN',
    });
    await sql`update org.person set display_name = '王总' where id = ${ids.boss}`.execute(db);
    expect(table.status).toBe(200);
    expect(table.headers['content-type']).toBe('text/csv; charset=utf-8');
    const lines = table.text.trimEnd().split('\r\n');
    expect(lines[0]).toBe('\uFEFF时间（UTC）,操作人,账号,类型,内容,操作代码,对象');
    expect(lines[1]).toContain(`,'=cmd|calc,`);
    expect(lines[1]).toContain(`"'=cmd|calc修改了部门“=HYPERLINK(""http://x"")”：隐藏：否 → 是"`);
    expect((await admin('GET', '/api/org/acts/export')).status).toBe(403);
    // More than is read at once.
    await sql`insert into platform.act (at, domain, actor, action, subject)
      select now(), 'org', 'system:command', 'org.provisioning.stop', 'provisioning:all'
      from generate_series(1, 2500)`.execute(db);
    const long = await main('GET', '/api/org/acts/export?action=org.provisioning.stop');
    expect(long.text.trimEnd().split('\r\n')).toHaveLength(2501);
  });
});
