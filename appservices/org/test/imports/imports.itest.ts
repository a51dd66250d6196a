import { waitFor } from '@qiao/testkit';
import iconv from 'iconv-lite';
import { sql } from 'kysely';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ImportRun } from '../../contract/api.ts';
import { createChanges } from '../../server/changes.service.ts';
import { createImports } from '../../server/imports/imports.service.ts';
import { importsParts } from '../../server/imports/parts.ts';
import { startImportsApi, type ImportsApi } from './api.ts';
import { startTestOrg, type TestOrg } from './context.ts';

let org: TestOrg;
let api: ImportsApi;
beforeAll(async () => {
  org = await startTestOrg({ max_import_bytes: 1024 * 1024 });
  api = await startImportsApi(org);
});
afterAll(() => org.close());
beforeEach(async () => {
  org.held.company = true;
  await sql`truncate org.person, org.department, org.membership, org.offboarding, org.handover_item,
    org.role_grant, org.activation, org.room_member, org.import_run, org.source, platform.act cascade`.execute(
    org.db,
  );
});

const CSV = `工号,姓名,部门,职位,邮箱,直属上级
1,张伟,总部,总经理,zw@example.com,
2,王芳,总部/研发,经理,wf@example.com,1
3,李娜,总部/研发/前端,工程师,ln@example.com,王芳
4,Ann Lee,总部/Sales,"Manager, Sales",ann@example.com,zw@example.com
`;

it('leaves no half-written changes when a check fails', async () => {
  const imports = createImports(org.context, () => Promise.reject(new Error('fetches nothing')));
  const { body } = await api.upload(CSV);
  await sql`alter table org.import_change add constraint refused check (seq < 0) not valid`.execute(org.db);
  try {
    expect((await imports.checkNow(body.id, 'en')).state).toBe('failed');
  } finally {
    await sql`alter table org.import_change drop constraint refused`.execute(org.db);
  }
  const left = (): string[] => readdirSync(imports.folder).filter((name) => name.startsWith(body.id));
  expect(left()).toEqual([`${body.id}.csv`]);
  await imports.discard(body.id);
  expect(left()).toEqual([]);
});

const people = () =>
  sql<{
    name: string;
    localpart: string;
    title: string;
    department: string;
    manager: string | null;
    status: string;
  }>`
    select p.display_name as name, p.localpart, p.title, d.name as department, m.display_name as manager, p.status
    from org.person p left join org.membership c on c.person_id = p.id and c.until is null and c.is_primary
    left join org.department d on d.id = c.department_id left join org.person m on m.id = p.manager_id
    order by p.external_id`
    .execute(org.db)
    .then(({ rows }) => rows);

describe('an import', () => {
  it('goes from upload over check to apply, and a second time changes nothing', async () => {
    const { status, body: uploaded } = await api.upload(CSV);
    expect(status).toBe(200);
    expect(uploaded).toMatchObject({
      state: 'uploaded',
      kind: 'csv',
      encoding: 'utf-8',
      mapping: {
        columns: {
          external_id: '工号',
          display_name: '姓名',
          department: '部门',
          title: '职位',
          email: '邮箱',
          manager: '直属上级',
        },
        department_separator: '/',
      },
    });
    expect(uploaded.columns[1]).toEqual({
      name: '姓名',
      samples: ['张伟', '王芳', '李娜'],
      field: 'display_name',
      read: ['张伟', '王芳', '李娜'],
    });
    await api.call('POST', `/imports/${uploaded.id}/check`);
    const checked = await api.settled(uploaded.id);
    expect(checked.state).toBe('checked');
    expect(checked.counts).toMatchObject({
      rows: 4,
      department_add: 4,
      person_add: 4,
      errors: 0,
      warnings: 0,
    });
    expect(await people()).toEqual([]);
    const changes = await api.changes(uploaded.id);
    expect(changes.map((change) => [change.kind, change.label])).toContainEqual(['person_add', '李娜']);
    expect(changes.find((change) => change.label === '李娜')?.after).toMatchObject({
      department: '总部 / 研发 / 前端',
      manager: '王芳',
      localpart: 'ln',
    });

    const done = await api.apply(uploaded.id);
    expect(done.state).toBe('done');
    expect(await people()).toEqual([
      {
        name: '张伟',
        localpart: 'zw',
        title: '总经理',
        department: '总部',
        manager: null,
        status: 'joining',
      },
      {
        name: '王芳',
        localpart: 'wf',
        title: '经理',
        department: '研发',
        manager: '张伟',
        status: 'joining',
      },
      {
        name: '李娜',
        localpart: 'ln',
        title: '工程师',
        department: '前端',
        manager: '王芳',
        status: 'joining',
      },
      {
        name: 'Ann Lee',
        localpart: 'ann',
        title: 'Manager, Sales',
        department: 'Sales',
        manager: '张伟',
        status: 'joining',
      },
    ]);
    const folder = join(org.context.site.varDir, 'data/org/imports');
    await waitFor(() => readdirSync(folder).length === 0, { what: 'the files to be removed' });
    const acts = await org.context.acts.list({ subject: `import:${uploaded.id}`, limit: 5 });
    expect(acts).toMatchObject([{ actor: '@admin:test', action: 'org.import.apply' }]);

    const again = await api.check(CSV);
    expect(again.counts).toMatchObject({ unchanged: 4, rows: 4 });
    expect(await api.changes(again.id)).toEqual([]);
    expect((await api.apply(again.id)).state).toBe('done');
  });

  it('takes more people than are held at once, whoever comes first', async () => {
    const PEOPLE = 2400;
    // Everybody's manager comes later in the file, in another part; the last one has none.
    const line = (n: number, more = ''): string =>
      `${String(n)},员工${String(n)}${more},e${String(n)}@example.com,部门${String(n % 7)},${
        n < PEOPLE ? String(Math.min(PEOPLE, n + 1100)) : ''
      }`;
    const file = (more: (n: number) => string = () => ''): string =>
      [
        'id,name,email,department,manager',
        ...Array.from({ length: PEOPLE }, (_, n) => line(n + 1, more(n + 1))),
      ].join('\n');
    const first = await api.check(file());
    expect(first.counts).toMatchObject({ rows: PEOPLE, person_add: PEOPLE, department_add: 7, errors: 0 });
    expect((await api.apply(first.id)).progress).toEqual({ done: PEOPLE + 7, total: PEOPLE + 7 });
    const { rows } = await sql<{ people: number; led: number }>`select count(*)::int as people,
      count(manager_id)::int as led from org.person`.execute(org.db);
    expect(rows).toEqual([{ people: PEOPLE, led: PEOPLE - 1 }]);

    // Names move on by one for most, which also lie in several parts.
    const next = await api.check(file((n) => (n % 3 === 0 ? '' : ' 甲')));
    expect(next.counts).toMatchObject({ person_change: 1600, unchanged: 800, errors: 0 });
    const seen = new Set<number>();
    interface Page {
      items: { seq: number }[];
      next: string | null;
    }
    for (let after: string | null = ''; after !== null;) {
      const { body }: { body: Page } = await api.call<Page>(
        'GET',
        `/imports/${next.id}/changes?limit=200${after === '' ? '' : `&after=${after}`}`,
      );
      for (const item of body.items) seen.add(item.seq);
      after = body.next;
    }
    expect(seen.size).toBe(1600);
    expect((await api.apply(next.id)).state).toBe('done');
    expect((await api.check(file((n) => (n % 3 === 0 ? '' : ' 甲')))).counts).toMatchObject({
      unchanged: PEOPLE,
    });
  });

  it('shows movers, changes, and leavers, and the guard holds many leavers', async () => {
    await api.apply((await api.check(CSV)).id);
    const next = await api.check(
      CSV.replace('李娜,总部/研发/前端,工程师', '李娜,总部/Sales,架构师').replace(/^4,.*\n/m, ''),
    );
    expect(next.counts).toMatchObject({ person_change: 1, person_move: 1, person_leave: 1, unchanged: 2 });
    expect(next.guard_tripped).toBe(true);
    expect(await api.changes(next.id)).toEqual([
      {
        seq: 1,
        kind: 'person_change',
        label: '李娜',
        before: { title: '工程师' },
        after: { title: '架构师' },
      },
      {
        seq: 2,
        kind: 'person_move',
        label: '李娜',
        before: { department: '总部 / 研发 / 前端', head: false },
        after: { department: '总部 / Sales', head: false },
      },
      {
        seq: 3,
        kind: 'person_leave',
        label: 'Ann Lee',
        before: {
          external_id: '4',
          email: 'ann@example.com',
          title: 'Manager, Sales',
          department: '总部 / Sales',
        },
        after: null,
      },
    ]);
    const refused = await api.call<{ error: { code: string; message: string } }>(
      'POST',
      `/imports/${next.id}/apply`,
      {},
      {
        ...api.admin,
        'accept-language': 'en',
      },
    );
    expect(refused.status).toBe(409);
    expect(refused.body.error.code).toBe('org.import_leaver_guard');
    expect(refused.body.error.message).toContain('1 of 4 people would leave (25 %)');
    await api.apply(next.id, { confirm_leavers: true });
    expect((await people()).map((person) => person.status)).toEqual([
      'joining',
      'joining',
      'joining',
      'suspended',
    ]);
    // The leaver is leaving already, and comes in no later difference.
    const again = await api.check(CSV.replace('李娜,总部/研发/前端,工程师', '李娜,总部/Sales,架构师'));
    expect(again.counts['person_leave']).toBeUndefined();
    expect((await api.problems(again.id)).map((problem) => problem.code)).toEqual(['person_leaving']);
  });

  it('refuses what was made against an older directory, and goes on after a new check', async () => {
    const first = await api.check(CSV);
    const second = await api.check(CSV);
    await api.apply(first.id);
    const refused = await api.call<{ error: { code: string } }>('POST', `/imports/${second.id}/apply`, {});
    expect(refused.body.error.code).toBe('org.import_base_moved');
    await api.call('POST', `/imports/${second.id}/check`);
    const checked = await api.settled(second.id);
    expect(checked.counts).toMatchObject({ unchanged: 4 });
  });

  it('lists every bad row, and leaves them out when asked to', async () => {
    await api.apply((await api.check(CSV)).id);
    const bad = `工号,姓名,部门,职位,邮箱,直属上级
1,张伟,总部,总经理,zw@example.com,
2,王芳,总部/研发,总监,not an address,1
3,李娜,总部/研发/前端,总监,ln@example.com,Nobody
4,Ann Lee,总部/Sales,VP,ann@example.com,zw@example.com
4,Ann Two,总部/Sales,VP,ann2@example.com,zw@example.com
,,,,,
5,${'x'.repeat(1000)},总部,,x@example.com,
6,Eve\u0007 \u202eAdam,总部,,eve@example.com,,too,many
7,Bob,总部,,bob@example.com,8
8,Cid,总部,,cid@example.com,7
9,D\u0001an,总部,,dan@example.com,
`;
    const checked = await api.check(bad);
    expect((await api.problems(checked.id)).map(({ line, column, code }) => [line, column, code])).toEqual([
      [3, '邮箱', 'email_not_valid'],
      [4, '直属上级', 'manager_unknown'],
      [6, '工号', 'duplicate_id'],
      [7, null, 'empty_row'],
      [8, '姓名', 'too_long'],
      [9, null, 'row_shifted'],
      [10, '直属上级', 'manager_cycle'],
      [11, '直属上级', 'manager_cycle'],
      [12, '姓名', 'characters_removed'],
    ]);
    expect(
      (await api.problems(checked.id)).find((problem) => problem.code === 'manager_cycle')?.message,
    ).toContain('Bob → Cid → Bob');
    expect(checked.counts).toMatchObject({ errors: 6, warnings: 3, person_add: 1, person_change: 2 });
    // Nobody leaves because of a bad row.
    expect(checked.counts['person_leave']).toBeUndefined();
    const refused = await api.call<{ error: { code: string } }>('POST', `/imports/${checked.id}/apply`, {});
    expect(refused.body.error.code).toBe('org.import_has_errors');
    await api.apply(checked.id, { skip_bad_rows: true });
    expect((await people()).map((person) => [person.name, person.title])).toEqual([
      ['张伟', '总经理'],
      ['王芳', '经理'],
      ['李娜', '总监'],
      ['Ann Lee', 'VP'],
      ['Dan', null],
    ]);
  });

  it('reads GBK, and offers other encodings', async () => {
    const { body } = await api.upload(iconv.encode(CSV, 'gbk'));
    expect(body.encoding).toBe('gb18030');
    expect(body.encodings).toContain('big5');
    expect(body.mapping?.columns.display_name).toBe('姓名');
    const wrong = await api.call<ImportRun>('PUT', `/imports/${body.id}/mapping`, {
      encoding: 'windows-1252',
      mapping: body.mapping,
    });
    // With names read wrongly, nothing is left to guess from.
    expect(wrong.status).toBe(400);
    const right = await api.call<ImportRun>('PUT', `/imports/${body.id}/mapping`, {
      encoding: 'GBK',
      mapping: body.mapping,
      options: { missing_leave: false },
    });
    expect(right.body).toMatchObject({ encoding: 'gb18030', options: { missing_leave: false } });
  });

  it('reads JSON with departments, their heads and a person kept by hand', async () => {
    const changes = createChanges(org.context);
    await org.db.transaction().execute((trx) =>
      changes.applyChanges(
        trx,
        [
          {
            kind: 'person_add',
            person: {
              id: '00000000-0000-4000-8000-000000000001',
              // Given by who may: an e-mail address alone would not do.
              external_id: 'e1',
              localpart: 'founder',
              display_name: 'Founder',
              given_name: null,
              family_name: null,
              email: 'ann@example.com',
              phone: '1',
              title: null,
              locale: null,
              manager_id: null,
              starts_on: null,
              ends_on: null,
              source_id: null,
            },
            placements: [],
          },
        ],
        org.by,
      ),
    );
    const file = {
      departments: [
        { id: 'd2', name: 'Development', parent: 'd1', heads: ['e2'] },
        { id: 'd1', name: 'Head office', head: 'ann@example.com', include_sub: true },
      ],
      people: [
        { id: 'e1', name: 'Ann', email: 'Ann@example.com', department_id: 'd1' },
        { id: 'e2', name: 'Bob', email: 'bob@example.com', department_id: 'd2', manager: 'e1' },
      ],
    };
    const checked = await api.check(JSON.stringify(file), 'people.json');
    expect(checked.counts).toMatchObject({ errors: 0, department_add: 2, person_add: 1, person_change: 1 });
    await api.apply(checked.id);
    const rows = await sql`select p.external_id, p.localpart, p.phone, d.external_id as department, m.is_head
      from org.person p join org.membership m on m.person_id = p.id join org.department d on d.id = m.department_id
      order by p.external_id`.execute(org.db);
    expect(rows.rows).toEqual([
      { external_id: 'e1', localpart: 'founder', phone: '1', department: 'd1', is_head: true },
      { external_id: 'e2', localpart: 'bob', phone: null, department: 'd2', is_head: true },
    ]);
    expect((await api.check(JSON.stringify(file), 'people.json')).counts).toMatchObject({ unchanged: 2 });
    // A department renamed and moved keeps its people.
    file.departments[0] = { id: 'd2', name: 'R&D', parent: '', heads: ['e1'] };
    const moved = await api.check(JSON.stringify(file), 'people.json');
    expect(moved.counts).toMatchObject({ department_change: 1, department_move: 1, person_move: 2 });
    await api.apply(moved.id);
    expect((await api.check(JSON.stringify(file), 'people.json')).counts).toMatchObject({ unchanged: 2 });
  });

  it('dissolves what is empty when asked to, and takes last days for leaving', async () => {
    const file = (rows: string): string => `id,name,department,end date\n${rows}`;
    await api.apply((await api.check(file('1,Ann,A > B,\n2,Bob,A > C,\n'))).id);
    const { body } = await api.upload(file('1,Ann,A > B,\n2,Bob,A > B,2020-01-31\n'));
    await api.call('PUT', `/imports/${body.id}/mapping`, {
      mapping: body.mapping,
      options: { missing_dissolve: true, leaver_guard: 1 },
    });
    await api.call('POST', `/imports/${body.id}/check`);
    const checked = await api.settled(body.id);
    expect((await api.changes(body.id)).map(({ kind, label }) => [kind, label])).toEqual([
      ['person_leave', 'Bob'],
      ['department_dissolve', 'C'],
    ]);
    expect(checked.guard_tripped).toBe(false);
    expect((await api.apply(body.id)).state).toBe('done');
  });
});

describe('a file that cannot be read', () => {
  const english = async (
    content: string | Buffer,
    name?: string,
  ): Promise<{ code: string; message: string }> => {
    const form = new FormData();
    form.append(
      'file',
      new Blob([typeof content === 'string' ? content : new Uint8Array(content)]),
      name ?? 'x.csv',
    );
    const response = await fetch(`${api.url}/imports`, {
      method: 'POST',
      headers: { ...api.admin, 'accept-language': 'en' },
      body: form,
    });
    return ((await response.json()) as { error: { code: string; message: string } }).error;
  };
  it.each([
    ['a workbook', Buffer.from('PK\u0003\u0004xxxx', 'latin1'), 'x.xlsx', 'save it as CSV'],
    ['nothing', '', 'x.csv', 'empty'],
    ['no JSON', '{"people": [\n1,,', 'x.json', 'not JSON'],
    ['JSON of another shape', '{"a": 1}', 'x.json', '“people”'],
  ])('is refused: %s', async (_what, content, name, text) => {
    const error = await english(content, name);
    expect(error.code).toBe('org.import_unreadable');
    expect(error.message).toContain(text);
  });

  it('is refused when it is too large, and leaves nothing behind', async () => {
    const folder = join(org.context.site.varDir, 'data/org/imports');
    const files = (): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);
    const before = files();
    const error = await english('x'.repeat(1024 * 1024 + 10));
    expect(error.code).toBe('platform.too_large');
    expect(files()).toEqual(before);
  });

  it('fails while it is checked when a quote never closes or there is nobody in it', async () => {
    const open = await api.check('id,name\n1,Ann\n2,"Bob\n3,Cid\n');
    expect(open).toMatchObject({ state: 'failed', error: { code: 'org.import_unreadable' } });
    expect(open.error?.message).toContain('第 3 行');
    const nobody = await api.check('id,name\n');
    expect(nobody.state).toBe('failed');
    expect(nobody.error?.message).toContain('不会因空文件');
  });

  it('is not checked before it is known who is who', async () => {
    const { body } = await api.upload('a,b\n1,2\n');
    const refused = await api.call<{ error: { code: string; message: string } }>(
      'POST',
      `/imports/${body.id}/check`,
    );
    expect(refused.status).toBe(400);
    expect(refused.body.error).toMatchObject({ code: 'org.import_mapping_incomplete' });
    expect(refused.body.error.message).toContain('工号、姓名');
  });
});

describe('every endpoint', () => {
  const UNKNOWN = '00000000-0000-4000-8000-00000000dead';
  const endpoints: [string, string, object | undefined][] = [
    ['GET', '/imports', undefined],
    ['POST', '/imports', undefined],
    ['GET', `/imports/${UNKNOWN}`, undefined],
    ['PUT', `/imports/${UNKNOWN}/mapping`, { mapping: { columns: {} } }],
    ['POST', `/imports/${UNKNOWN}/check`, undefined],
    ['POST', `/imports/${UNKNOWN}/apply`, {}],
    ['POST', `/imports/${UNKNOWN}/stop`, undefined],
    ['POST', `/imports/${UNKNOWN}/resume`, undefined],
    ['POST', `/imports/${UNKNOWN}/discard`, undefined],
    ['GET', `/imports/${UNKNOWN}/changes`, undefined],
    ['GET', `/imports/${UNKNOWN}/problems`, undefined],
  ];
  it.each(endpoints)('%s %s needs a login and the right', async (method, path, body) => {
    expect((await api.call(method, path, body, {})).status).toBe(401);
    const member = await org.signIn('@member:test');
    expect((await api.call(method, path, body, member)).status).toBe(404);
    const stranger = await org.signIn('@admin:elsewhere');
    expect((await api.call(method, path, body, stranger)).status).toBe(404);
  });

  const bad: [string, string, object | undefined][] = [
    ['GET', '/imports?after=nonsense', undefined],
    ['GET', '/imports?limit=0', undefined],
    ['POST', '/imports', { not: 'multipart' }],
    ['GET', '/imports/nonsense', undefined],
    ['PUT', `/imports/${UNKNOWN}/mapping`, { mapping: {} }],
    ['POST', `/imports/${UNKNOWN}/apply`, { confirm_leavers: 'yes' }],
    ['GET', `/imports/${UNKNOWN}/changes?kind=nothing`, undefined],
    ['GET', `/imports/${UNKNOWN}/problems?after=-1`, undefined],
  ];
  it.each(bad)('%s %s with bad input is refused', async (method, path, body) => {
    const answer = await api.call(method, path, body);
    expect([400, 404]).toContain(answer.status);
    if (!path.includes(UNKNOWN) || method !== 'GET') expect(answer.status).toBe(400);
  });

  it('pages through runs, changes and problems', async () => {
    const rows = Array.from({ length: 7 }, (_, n) => `${n},P${n},not-an-address\n${100 + n},Q${n},\n`).join(
      '',
    );
    const file = `id,name,email\n${rows}`;
    const first = await api.check(file);
    await api.check(file);
    await api.check(file);
    const seen: string[] = [];
    for (let after: string | null = ''; after !== null;) {
      const page: { items: ImportRun[]; next: string | null } = (
        await api.call<{ items: ImportRun[]; next: string | null }>(
          'GET',
          `/imports?limit=2${after && `&after=${after}`}`,
        )
      ).body;
      seen.push(...page.items.map((run) => run.id));
      after = page.next;
    }
    expect(seen.length).toBe(3);
    expect(new Set(seen).size).toBe(3);
    expect(seen[2]).toBe(first.id);
    for (const list of ['changes?kind=person_add', 'problems?severity=error']) {
      const numbers: number[] = [];
      for (let after: string | null = ''; after !== null;) {
        const page: { items: { seq: number }[]; next: string | null } = (
          await api.call<{ items: { seq: number }[]; next: string | null }>(
            'GET',
            `/imports/${first.id}/${list}&limit=3${after && `&after=${after}`}`,
          )
        ).body;
        numbers.push(...page.items.map((item) => item.seq));
        after = page.next;
      }
      expect(new Set(numbers).size).toBe(7);
    }
  });

  it('throws away what was left lying for a month', async () => {
    const { body } = await api.upload(CSV);
    const { body: fresh } = await api.upload(CSV);
    await sql`update org.import_run set created_at = now() - interval '31 days' where id = ${body.id}`.execute(
      org.db,
    );
    const parts = importsParts(org.context);
    const sweep = parts.jobs?.find((job) => job.name === 'org.sweep-imports');
    await sweep?.run({}, { signal: new AbortController().signal, attempt: 1, log: org.context.log });
    expect((await api.call<ImportRun>('GET', `/imports/${body.id}`)).body.state).toBe('discarded');
    expect((await api.call<ImportRun>('GET', `/imports/${fresh.id}`)).body.state).toBe('uploaded');
    const files = readdirSync(join(org.context.site.varDir, 'data/org/imports'));
    expect(files).toContain(`${fresh.id}.csv`);
    expect(files).not.toContain(`${body.id}.csv`);
  });

  it('says at which step a run is', async () => {
    const { body } = await api.upload(CSV);
    const answer = await api.call<{ error: { code: string } }>('POST', `/imports/${body.id}/stop`);
    expect(answer).toMatchObject({ status: 409, body: { error: { code: 'org.import_not_in_state' } } });
    expect((await api.call('POST', `/imports/${body.id}/apply`, {})).status).toBe(409);
    const gone = await api.call<ImportRun>('POST', `/imports/${body.id}/discard`);
    expect(gone.body.state).toBe('discarded');
    const { body: list } = await api.call<{ items: ImportRun[] }>('GET', '/imports');
    expect(list.items).toEqual([]);
  });
});
