import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { ImportRun } from '../../contract/api.ts';
import { importsParts } from '../../server/imports/parts.ts';
import { startImportsApi, type ImportsApi } from './api.ts';
import { startTestOrg, type TestOrg } from './context.ts';
import { hrFile, hrRows, hrText } from '../../testing/hr-file.ts';

let org: TestOrg;
let api: ImportsApi;
beforeAll(async () => {
  org = await startTestOrg();
  api = await startImportsApi(org);
});
afterAll(() => org.close());
afterEach(() => {
  vi.unstubAllEnvs();
});
beforeEach(async () => {
  await sql`truncate org.person, org.department, org.membership, org.offboarding, org.import_run, org.source,
    platform.act cascade`.execute(org.db);
});

/** The one name that may be two: told once, until the directory has it. */
const DOUBT = [8, '部门', 'department_not_divided'];

const places = async (name: string): Promise<string[]> => {
  const { rows } = await sql<{ name: string }>`select d.name from org.person p
    join org.membership m on m.person_id = p.id and m.until is null
    join org.department d on d.id = m.department_id
    where p.display_name = ${name} order by m.is_primary desc, d.name`.execute(org.db);
  return rows.map((row) => row.name);
};
const person = async (id: string) => {
  const { rows } = await sql<
    Record<string, string | null>
  >`select p.display_name, p.external_id, p.email, p.phone,
      p.title, p.starts_on, p.status, m.external_id as manager
    from org.person p left join org.person m on m.id = p.manager_id where p.external_id = ${id}`.execute(
    org.db,
  );
  return rows[0];
};

it('takes the GBK file of an HR system, and finds no difference the second time', async () => {
  const { body: uploaded } = await api.upload(hrFile(), '员工花名册.csv');
  expect(uploaded.encoding).toBe('gb18030');
  expect(uploaded.mapping).toEqual({
    columns: {
      external_id: '工号',
      display_name: '姓名',
      department: '部门',
      title: '职位',
      phone: '手机',
      email: '邮箱',
      manager: '直属上级',
      starts_on: '入职日期',
      status: '状态',
    },
    department_separator: '/',
    department_list: ';、',
    statuses: { 在职: 'working', 试用: 'working', 实习: 'working', 外包: 'working', 离职: 'left' },
  });
  expect(uploaded.status_values?.map(({ value }) => value).sort()).toEqual(
    ['外包', '在职', '实习', '离职', '试用'].sort(),
  );
  // What each column became, and what its values are read as.
  const column = (name: string) => uploaded.columns.find((each) => each.name === name);
  expect(column('性别')).toEqual({ name: '性别', samples: ['男', '女'] });
  expect(column('入职日期')).toMatchObject({
    field: 'starts_on',
    read: ['2021-01-01', '2022-02-01', '2021-03-03'],
  });
  expect(column('状态')).toMatchObject({ field: 'status', read: ['working', 'working', 'working'] });
  expect(column('部门')?.read?.at(-1)).toBe('研发中心; 销售中心');

  await api.call('POST', `/imports/${uploaded.id}/check`);
  const checked = await api.settled(uploaded.id);
  expect((await api.problems(checked.id)).map(({ line, column, code }) => [line, column, code])).toEqual([
    DOUBT,
    // Who has left was never here: told, so that no row is passed over without a line.
    [50, '状态', 'left_unknown'],
    [51, '状态', 'left_unknown'],
  ]);
  expect(checked.counts).toMatchObject({
    rows: 50,
    person_add: 48,
    errors: 0,
    warnings: 3,
    department_add: 11,
  });
  expect((await api.apply(checked.id)).state).toBe('done');

  // Row 5: the id in full width. Row 6: the address. Row 11: the phone number.
  expect(await person('A0005')).toMatchObject({ phone: '13810000548', manager: 'A0001' });
  expect(await person('A0006')).toMatchObject({ email: 'u6@corp.test' });
  expect(await person('A0011')).toMatchObject({ phone: '13810001370' });
  // Several departments, and a name that holds the sign which divides others.
  expect(await places(hrRows()[3]?.姓名 ?? '')).toContain('研发中心');
  const names = await sql<{ name: string }>`select name from org.department order by name`.execute(org.db);
  expect(names.rows.map((row) => row.name)).toContain('硬件、结构组');
  expect(names.rows.filter((row) => /；|;/.test(row.name))).toEqual([]);
  // Who has left was never here, and left no trace.
  expect(await person('A0049')).toBeUndefined();

  const again = await api.check(hrFile(), '员工花名册.csv');
  expect(again.counts).toMatchObject({ unchanged: 48, errors: 0, warnings: 2 });
  expect(await api.changes(again.id)).toEqual([]);
});

it('names what is not used on the command line, too', async () => {
  const file = join(org.context.site.varDir, '花名册.csv');
  await writeFile(file, hrFile());
  const said = async (language: string, ...options: string[]): Promise<string[]> => {
    const lines: string[] = [];
    vi.stubEnv('LC_ALL', language);
    const done = importsParts(org.context).commands?.['import']?.run([file, ...options], (line) => {
      lines.push(line);
    });
    expect(await done).toBe(0);
    return lines;
  };
  expect(await said('en_GB.UTF-8')).toContain('  Columns not used: 性别 and 籍贯');
  expect(await said('zh_CN.UTF-8', '--apply')).toEqual(
    expect.arrayContaining(['  未使用的列：性别和籍贯', '已应用。']),
  );
  expect(await person('A0004')).toBeDefined();
});

it('lets those go who have left, and asks when it is everybody', async () => {
  await api.apply((await api.check(hrFile())).id);
  const rows = hrRows();
  const one = rows.map((row, n) =>
    n === 20 ? { ...row, 状态: '已离职', 手机: '#N/A', 邮箱: 'x', 部门: '#REF!' } : row,
  );
  const next = await api.check(hrFile(one));
  // Whatever else is wrong with the row.
  expect(next.counts).toMatchObject({ person_leave: 1, unchanged: 47, errors: 0 });
  expect(next.guard_tripped).toBe(false);
  await api.apply(next.id);
  expect(await person('A0021')).toMatchObject({ status: 'suspended' });
  // Nothing is to be done any more; who has left already is told, with the two who were never here.
  const again = await api.check(hrFile(one));
  expect(again.counts).toMatchObject({ unchanged: 47, errors: 0, warnings: 3 });
  expect((await api.problems(again.id)).map(({ line, code }) => [line, code])).toEqual([
    [22, 'left_already'],
    [50, 'left_unknown'],
    [51, 'left_unknown'],
  ]);
  expect(await api.changes(again.id)).toEqual([]);

  const all = await api.check(hrFile(rows.map((row) => ({ ...row, 状态: '离职' }))));
  expect(all.counts).toMatchObject({ person_leave: 47 });
  expect(all.guard_tripped).toBe(true);
  const refused = await api.call<{ error: { code: string } }>('POST', `/imports/${all.id}/apply`, {});
  expect(refused).toMatchObject({ status: 409, body: { error: { code: 'org.import_leaver_guard' } } });
  const half = await api.check(hrFile(rows.slice(0, 24)));
  expect(half.guard_tripped).toBe(true);
});

it('asks what a status means that nobody knows, and takes what it is told', async () => {
  const rows = hrRows().map((row, n) =>
    n === 7 ? { ...row, 状态: '二线' } : n === 8 ? { ...row, 状态: '离职' } : row,
  );
  const { body: uploaded } = await api.upload(hrFile(rows));
  expect(uploaded.mapping?.statuses).not.toHaveProperty('二线');
  await api.call('POST', `/imports/${uploaded.id}/check`);
  const checked = await api.settled(uploaded.id);
  expect((await api.problems(checked.id)).map(({ line, column, code }) => [line, column, code])).toEqual([
    DOUBT,
    [9, '状态', 'status_unknown'],
    ...[10, 50, 51].map((line) => [line, '状态', 'left_unknown']),
  ]);
  const corrected = await api.call<ImportRun>('PUT', `/imports/${uploaded.id}/mapping`, {
    mapping: {
      ...uploaded.mapping,
      statuses: { ...uploaded.mapping?.statuses, 二线: 'working', 离职: 'skip' },
    },
  });
  expect(corrected.status).toBe(200);
  await api.call('POST', `/imports/${uploaded.id}/check`);
  const right = await api.settled(uploaded.id);
  expect(right.counts).toMatchObject({ errors: 0, person_add: 47, passed_over: 3 });
  const passed = (await api.problems(right.id)).filter((problem) => problem.code === 'row_skipped');
  expect(passed).toHaveLength(3);
});

it.each([
  ['UTF-8 with a byte order mark', (text: string) => Buffer.from(`\ufeff${text}`)],
  ['UTF-8 with two', (text: string) => Buffer.from(`\ufeff\ufeff${text}`)],
  ['UTF-16 with one', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  [
    'UTF-8 with one before a quoted name',
    (text: string) => Buffer.from(`\ufeff${text.replace('工号', '"工号"')}`),
  ],
])('reads it as %s', async (_what, encode) => {
  const run = await api.check(encode(hrText(hrRows())));
  expect(run.mapping?.columns.external_id).toBe('工号');
  expect(run.counts).toMatchObject({ person_add: 48, errors: 0, warnings: 3 });
});
