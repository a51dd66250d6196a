import type { TestCall } from '@qiao/platform/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ORG_READ, type OrgRead } from '../../contract/index.ts';
import { loadTree } from '../../server/directory/tree.repository.ts';
import { decide, type Rule, type Selector } from '../../server/visibility/rules.ts';
import { buildDepartment, buildGrant, buildPerson, openTestOrg, type TestOrg } from '../../testing/index.ts';

let org: TestOrg;
let main: TestCall;
const d: Record<string, string> = {};
const p: Record<string, { id: string; localpart: string }> = {};
const as = (name: string): Promise<TestCall> => org.host.as(org.userId(p[name]!));

beforeAll(async () => {
  org = await openTestOrg();
  const { db } = org;
  d.root = await buildDepartment(db, '公司');
  d.sales = await buildDepartment(db, '销售部', { parent_id: d.root });
  d.north = await buildDepartment(db, '华北', { parent_id: d.sales });
  d.rnd = await buildDepartment(db, '研发部 R&D', { parent_id: d.root });
  d.board = await buildDepartment(db, '董事会', { parent_id: d.root, hidden: true });
  d.secret = await buildDepartment(db, '并购小组', { parent_id: d.board });
  d.gone = await buildDepartment(db, '旧部门', { parent_id: d.root, state: 'dissolved' });
  p.chair = await buildPerson(db, '陈董', { departments: [d.board], title: '董事长' });
  p.boss = await buildPerson(db, '王总', { departments: [d.root], title: '总经理', manager_id: p.chair.id });
  p.lead = await buildPerson(db, '李娜', {
    departments: [{ department_id: d.sales, is_head: true }],
    manager_id: p.boss.id,
    phone: '123',
  });
  p.zhang = await buildPerson(db, '张三', {
    departments: [d.north],
    title: '销售经理',
    manager_id: p.lead.id,
  });
  p.deal = await buildPerson(db, '孙七', { departments: [d.secret], manager_id: p.boss.id });
  p.dual = await buildPerson(db, '周舟', { departments: [d.rnd, d.secret] });
  p.dev = await buildPerson(db, 'Ann Lee', { departments: [{ department_id: d.rnd, title: 'Engineer' }] });
  p.left = await buildPerson(db, '离职者', { departments: [d.rnd], status: 'left' });
  p.locked = await buildPerson(db, '停用者', { departments: [d.rnd], status: 'suspended' });
  p.future = await buildPerson(db, '新人', { departments: [d.rnd], status: 'joining' });
  await buildGrant(db, { person_id: p.boss.id, role: 'main_admin' });
  main = await as('boss');
});
afterAll(() => org.close());
afterEach(async () => {
  await org.db.deleteFrom('org.visibility_rule').execute();
});

const put = (items: Partial<Rule>[]) => main('PUT', '/api/org/visibility', { items });
const names = async (call: TestCall, query = ''): Promise<string[]> => {
  const answer = await call('GET', `/api/org/directory/people?limit=200${query}`);
  expect(answer.status).toBe(200);
  return answer.body.items.map((item: { display_name: string }) => item.display_name);
};

describe('the directory', () => {
  test('finds one person by Matrix id, under the rules, and nobody of another server', async () => {
    const call = await as('zhang');
    const found = (id: string) => names(call, `&user_id=${encodeURIComponent(id)}`);
    expect(await found(org.userId(p.lead!))).toEqual(['李娜']);
    expect(await found(org.userId(p.deal!))).toEqual([]);
    expect(await found(`@${p.lead!.localpart}:elsewhere.example`)).toEqual([]);
    for (const bad of ['nobody', '@', '@:', p.lead!.localpart]) expect(await found(bad)).toEqual([]);
  });

  test('says who people of a conversation are, under the rules', async () => {
    const call = await as('zhang');
    const who = async (...ids: string[]) => {
      const answer = await call('POST', '/api/org/directory/people/lookup', { user_ids: ids });
      expect(answer.status).toBe(200);
      return answer.body.items.map((item: { display_name: string }) => item.display_name);
    };
    const lead = org.userId(p.lead!);
    expect(await who(org.userId(p.dev!), lead, lead)).toEqual(['Ann Lee', '李娜']);
    expect(
      await who(
        org.userId(p.deal!),
        org.userId(p.left!),
        `@${p.lead!.localpart}:elsewhere.example`,
        p.lead!.localpart,
        '@',
      ),
    ).toEqual([]);
    const many = Array.from({ length: 201 }, (_, n) => `@p${String(n)}:qiao.test`);
    for (const bad of [{}, { user_ids: [] }, { user_ids: many }, { user_ids: ['x'.repeat(256)] }])
      expect((await call('POST', '/api/org/directory/people/lookup', bad)).status).toBe(400);
    const stranger = await org.host.as('@nobody:qiao.test');
    expect((await stranger('POST', '/api/org/directory/people/lookup', { user_ids: [lead] })).status).toBe(
      403,
    );
  });

  test('is for members, whose account works', async () => {
    for (const name of ['left', 'locked', 'future']) {
      expect((await (await as(name))('GET', '/api/org/directory/people')).status).toBe(403);
    }
    for (const stranger of ['@zhang:partner.test', '@nobody:qiao.test', '@_qiao_org_bot:qiao.test']) {
      const call = await org.host.as(stranger);
      for (const path of ['people', 'departments', `people/${p.dev!.id}`]) {
        expect((await call('GET', `/api/org/directory/${path}`)).status).toBe(403);
      }
    }
  });

  test('does not show leavers', async () => {
    expect(await names(await as('zhang'))).toEqual(['Ann Lee', '李娜', '王总', '新人', '张三', '周舟']);
  });

  test.each([
    ['zs', ['张三']],
    ['zhangsan', ['张三']],
    ['zhang s', ['张三']],
    ['销售经理', ['张三']],
    ['销售', ['李娜', '张三']],
    ['xsb', ['李娜', '张三']],
    ['xiaoshoubu', ['李娜', '张三']],
    // A name and a department, in any order; syllables apart; of a department further up.
    ['张三 华北', ['张三']],
    ['销售部 张三', ['张三']],
    ['zhang s xsb', ['张三']],
    ['huabei zhang san', ['张三']],
    ['总经理 公司', ['王总']],
    ['zhangsan 研发', []],
    ['周舟 并购', []],
    ['研发', ['Ann Lee', '新人', '周舟']],
    ['r&d lee', ['Ann Lee']],
    ['并购', []],
    ['董事', []],
    ['旧部门', []],
    ['离职', []],
  ])('search %s finds %j', async (q, expected) => {
    expect(await names(await as('zhang'), `&q=${encodeURIComponent(q)}`)).toEqual(expected);
  });

  test('pages', async () => {
    const call = await as('zhang');
    const seen: string[] = [];
    let after: string | null = '';
    while (after !== null) {
      const { body } = await call(
        'GET',
        `/api/org/directory/people?limit=2${after ? `&after=${after}` : ''}`,
      );
      expect(body.items.length).toBeLessThanOrEqual(2);
      seen.push(...body.items.map((item: { display_name: string }) => item.display_name));
      after = body.next;
    }
    expect(seen).toEqual(await names(call));
  });

  test('a profile has the reporting line', async () => {
    const { body } = await (await as('zhang'))('GET', `/api/org/directory/people/${p.lead!.id}`);
    expect(body).toMatchObject({ phone: '123', departments: [{ id: d.sales }], can_contact: true });
    expect(body.reports).toMatchObject([{ id: p.zhang!.id }]);
    // The chair stands above the boss, in a hidden department.
    expect(body.reporting_line).toMatchObject([{ id: p.boss!.id }]);
  });
});

describe('hidden departments', () => {
  const tree = async (call: TestCall): Promise<string[]> =>
    (await call('GET', '/api/org/directory/departments')).body.items.map((item: { id: string }) => item.id);

  test('are not shown outside, nor what is below, nor who is only in there', async () => {
    const call = await as('zhang');
    expect((await tree(call)).sort()).toEqual([d.root, d.sales, d.north, d.rnd].sort());
    for (const id of [d.board, d.secret, d.gone, '00000000-0000-4000-8000-000000000000']) {
      const answer = await call('GET', `/api/org/directory/people?department_id=${id}`);
      expect(answer.status).toBe(404);
    }
    const hidden = await call('GET', `/api/org/directory/people/${p.deal!.id}`);
    const unknown = await call('GET', '/api/org/directory/people/00000000-0000-4000-8000-000000000000');
    expect(hidden.status).toBe(404);
    expect({ ...hidden.body.error, request_id: '' }).toEqual({ ...unknown.body.error, request_id: '' });
    const dual = await call('GET', `/api/org/directory/people/${p.dual!.id}`);
    expect(dual.body.department_names).toEqual(['研发部 R&D']);
    expect(dual.text).not.toContain('并购');
  });

  test('are shown inside', async () => {
    const call = await as('deal');
    expect(await tree(call)).toEqual(expect.arrayContaining([d.board, d.secret]));
    expect(await names(call, `&department_id=${d.board}`)).toEqual(['陈董', '孙七', '周舟']);
    expect(await names(call, `&department_id=${d.board}&subtree=false`)).toEqual(['陈董']);
  });

  test('do not come between a person and the own manager or reports', async () => {
    const boss = await as('boss');
    expect(await names(boss)).toEqual(expect.arrayContaining(['陈董', '孙七']));
    expect((await boss('GET', `/api/org/directory/people/${p.chair!.id}`)).body.departments).toEqual([]);
  });
});

describe('rules', () => {
  test('sales do not see research, but may see its engineers, and call nobody at the top', async () => {
    const sent = await put([
      {
        viewer: { departments: [d.sales!] },
        target: { titles: ['engineer'] },
        can_see: true,
        can_contact: true,
      },
      {
        viewer: { departments: [d.sales!] },
        target: { departments: [d.rnd!] },
        can_see: false,
        can_contact: true,
      },
      { viewer: {}, target: { titles: ['总经理'] }, can_see: true, can_contact: false, note: '秘书转接' },
    ]);
    expect(sent.status).toBe(200);
    expect(sent.body.items[1].can_contact).toBe(false);
    expect((await main('GET', '/api/org/visibility')).body).toEqual(sent.body);
    const call = await as('zhang');
    expect(await names(call)).toEqual(['Ann Lee', '李娜', '王总', '张三']);
    expect((await call('GET', `/api/org/directory/people/${p.dual!.id}`)).status).toBe(404);
    expect((await call('GET', `/api/org/directory/people/${p.boss!.id}`)).body.can_contact).toBe(false);
    expect((await call('GET', `/api/org/directory/people/${p.dev!.id}`)).body.can_contact).toBe(true);
    const tree = await call('GET', '/api/org/directory/departments');
    expect(tree.body.items.find((item: { id: string }) => item.id === d.rnd)).toMatchObject({
      member_count: 1,
    });
    const read = org.host.parts.get('org')?.offers?.[ORG_READ] as OrgRead;
    expect(await read.maySee(org.userId(p.zhang!), p.dual!.id)).toBe(false);
    expect(await read.mayContact(org.userId(p.zhang!), p.boss!.id)).toBe(false);
    expect(await read.mayContact(org.userId(p.zhang!), p.dev!.id)).toBe(true);
  });

  test('one is always found by oneself', async () => {
    await put([{ viewer: {}, target: {}, can_see: false, can_contact: false }]);
    expect(await names(await as('zhang'))).toEqual(['张三']);
  });

  test('an unknown department is refused, and nothing changes', async () => {
    await put([{ viewer: {}, target: { external: true }, can_see: true, can_contact: false }]);
    const bad = await put([
      {
        viewer: { departments: ['00000000-0000-4000-8000-000000000000'] },
        target: {},
        can_see: true,
        can_contact: true,
      },
    ]);
    expect(bad.status).toBe(404);
    expect((await main('GET', '/api/org/visibility')).body.items).toHaveLength(1);
  });

  test('SQL says what the pure rules say, whatever the rules are', async () => {
    const { db } = org;
    const departments = [d.root!, d.sales!, d.north!, d.rnd!];
    const titles = ['销售经理', 'engineer', '总经理'];
    // A small generator with a fixed seed: the same rules in every run.
    let state = 20_260_901;
    const below = (n: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((state / 2_147_483_648) * n);
    };
    const selector = (): Selector => ({
      ...(below(2) ? { departments: [departments[below(4)]!] } : {}),
      ...(below(4) === 0 ? { titles: [titles[below(3)]!] } : {}),
      ...(below(6) === 0 ? { external: below(2) === 0 } : {}),
    });
    const tree = await loadTree(db);
    const people = {
      zhang: { departments: [d.north!], titles: ['销售经理'] },
      lead: { departments: [d.sales!], titles: [] },
      boss: { departments: [d.root!], titles: ['总经理'] },
      dev: { departments: [d.rnd!], titles: ['Engineer'] },
      future: { departments: [d.rnd!], titles: [] },
    };
    const viewers = await Promise.all(['zhang', 'dev'].map(async (name) => [name, await as(name)] as const));
    for (let round = 0; round < 25; round++) {
      const rules = Array.from({ length: 1 + below(5) }, () => ({
        viewer: selector(),
        target: selector(),
        can_see: below(2) === 0,
        can_contact: below(2) === 0,
      }));
      expect((await put(rules)).status).toBe(200);
      for (const [viewer, call] of viewers) {
        const party = { ...people[viewer as 'zhang' | 'dev'], external: false };
        const { body } = await call('GET', '/api/org/directory/people?limit=200');
        const got = new Map(
          body.items.map((item: { id: string; can_contact: boolean }) => [item.id, item.can_contact]),
        );
        for (const [target, facts] of Object.entries(people)) {
          if (target === viewer) continue;
          const { see, contact } = decide(rules, party, { ...facts, external: false }, tree);
          const id = p[target]!.id;
          expect([JSON.stringify(rules), viewer, target, got.has(id)]).toEqual([
            JSON.stringify(rules),
            viewer,
            target,
            see,
          ]);
          if (see) expect(got.get(id)).toBe(contact);
        }
      }
    }
  });
});

describe('what other domains may ask', () => {
  test('people, managers, heads, members', async () => {
    const read = org.host.parts.get('org')?.offers?.[ORG_READ] as OrgRead;
    expect(await read.personByUserId('@nobody:qiao.test')).toBeUndefined();
    expect(await read.personByUserId(`@${p.zhang!.localpart}:partner.test`)).toBeUndefined();
    expect((await read.personByUserId(org.userId(p.zhang!)))?.id).toBe(p.zhang!.id);
    expect((await read.managerOf(p.zhang!.id))?.id).toBe(p.lead!.id);
    expect((await read.managerOf(p.zhang!.id, 3))?.id).toBe(p.chair!.id);
    expect(await read.managerOf(p.zhang!.id, 4)).toBeUndefined();
    expect((await read.headsOf(d.north!)).map((one) => one.id)).toEqual([]);
    expect((await read.headsOf(d.north!, { climb: true })).map((one) => one.id)).toEqual([p.lead!.id]);
    expect((await read.departmentsOf(p.dual!.id)).map((one) => one.department.id)).toEqual([d.rnd, d.secret]);
    expect((await read.members(d.rnd!)).map((one) => one.id).sort()).toEqual(
      [p.dual!.id, p.dev!.id, p.future!.id].sort(),
    );
    expect((await read.subtreeMembers(d.sales!)).map((one) => one.id).sort()).toEqual(
      [p.lead!.id, p.zhang!.id].sort(),
    );
    expect(await read.isWithin(p.zhang!.id, d.sales!)).toBe(true);
    expect(await read.isWithin(p.dev!.id, d.sales!)).toBe(false);
  });

  test('the n-th manager is somebody who is here', async () => {
    const { db } = org;
    const read = org.host.parts.get('org')?.offers?.[ORG_READ] as OrgRead;
    const gone = await buildPerson(db, '前经理', { status: 'suspended', manager_id: p.boss!.id });
    const one = await buildPerson(db, '下属', { manager_id: gone.id });
    expect((await read.managerOf(one.id))?.id).toBe(p.boss!.id);
    expect((await read.reportingLine(one.id))[0]?.id).toBe(gone.id);
  });
});

describe('rules about a department that goes', () => {
  const rules = async (): Promise<{ target: Selector; viewer: Selector; ended: { id: string }[] }[]> =>
    (await main('GET', '/api/org/visibility')).body.items;
  const acts = async (action: string): Promise<{ details: Record<string, unknown> }[]> =>
    (await main('GET', '/api/org/acts')).body.items.filter(
      (act: { action: string }) => act.action === action,
    );

  test('follow a merger, once, and nobody becomes visible by it', async () => {
    const from = await buildDepartment(org.db, '内审一组', { parent_id: d.root! });
    const into = await buildDepartment(org.db, '内审部', { parent_id: d.root! });
    await buildPerson(org.db, '审计员', { departments: [from] });
    await put([
      { viewer: { departments: [from, d.board!] }, target: {}, can_see: true, can_contact: true },
      { viewer: {}, target: { departments: [from, into] }, can_see: false, can_contact: false },
      { viewer: {}, target: { departments: [d.sales!] }, can_see: true, can_contact: false },
    ]);
    const zhang = await as('zhang');
    expect(await names(zhang)).not.toContain('审计员');
    expect((await main('POST', `/api/org/departments/${from}/merge`, { into_id: into })).status).toBe(200);
    expect((await rules()).map(({ viewer, target, ended }) => [viewer, target, ended])).toEqual([
      [{ departments: [into, d.board] }, {}, []],
      [{}, { departments: [into] }, []],
      [{}, { departments: [d.sales] }, []],
    ]);
    expect(await names(zhang)).not.toContain('审计员');
    expect((await acts('org.visibility.follow')).map((act) => act.details)).toEqual([
      { name: '内审一组', into, into_name: '内审部', rules: 2 },
    ]);
  });

  test('are marked when it is dissolved or converted, until somebody decides', async () => {
    const { db } = org;
    const one = await buildDepartment(db, '临时组', { parent_id: d.root! });
    const two = await buildDepartment(db, '兴趣组', { parent_id: d.root! });
    await put([
      { viewer: {}, target: { departments: [one, two, d.rnd!] }, can_see: false, can_contact: false },
    ]);
    expect((await rules())[0]!.ended).toEqual([]);
    for (const [id, mode] of [
      [one, 'dissolve'],
      [two, 'convert'],
    ] as const) {
      expect((await main('POST', `/api/org/departments/${id}/end`, { mode })).status).toBe(200);
    }
    const [rule] = await rules();
    expect(rule!.ended).toEqual([
      { id: one, name: '临时组', state: 'dissolved' },
      { id: two, name: '兴趣组', state: 'converted' },
    ]);
    // Not one department wider than before: those left in the rule still hold, nothing else does.
    expect(rule!.target.departments).toEqual([one, two, d.rnd]);
    const seen = await names(await as('zhang'));
    expect(seen).not.toContain('Ann Lee');
    expect(seen).toContain('王总');
    const fixed = await put([
      { viewer: {}, target: { departments: [d.rnd!] }, can_see: false, can_contact: false },
    ]);
    expect(fixed.body.items[0].ended).toEqual([]);
  });
});
