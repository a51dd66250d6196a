import { sql } from 'kysely';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ImportRun, Source } from '../../contract/api.ts';
import { startImportsApi, type ImportsApi } from './api.ts';
import { startTestOrg, type TestOrg } from './context.ts';
import { runSchedule } from './schedule.ts';

let org: TestOrg;
let api: ImportsApi;
beforeAll(async () => {
  org = await startTestOrg();
  api = await startImportsApi(org);
  mkdirSync(join(org.context.site.varDir, 'import'));
});
afterAll(() => org.close());
beforeEach(async () => {
  await sql`truncate org.person, org.department, org.membership, org.offboarding, org.import_run, org.source,
    platform.act cascade`.execute(org.db);
});

const HEAD = 'Employee ID,Name,Email,Department';
const line = (id: string, n: string, department = 'Bugs Depot'): string =>
  `${id},Person Nr${n},p${n}@corp.test,${department}`;
const BASE = Array.from({ length: 12 }, (_, n) => `${301 + n}`).map((n) => line(`00${n}`, n));
const file = (lines: readonly string[], head = HEAD): string => `${[head, ...lines].join('\n')}\n`;

const told = async (id: string): Promise<[number | null, string | null, string][]> =>
  (await api.problems(id)).map(({ line: at, column, code }) => [at, column, code]);
const people = async (): Promise<[string | null, string][]> => {
  const { rows } = await sql<{ external_id: string | null; status: string }>`select external_id, status
    from org.person order by external_id`.execute(org.db);
  return rows.map((row) => [row.external_id, row.status]);
};
const departments = async (): Promise<string[]> => {
  const { rows } = await sql<{ name: string }>`select name from org.department where state = 'active'
    order by name`.execute(org.db);
  return rows.map((row) => row.name);
};

describe('what a spreadsheet made of a value', () => {
  it('an id without its zero lets nobody go', async () => {
    await api.apply((await api.check(file(BASE))).id);
    const lost = BASE.map((row) => row.replace(/^00305/, '305'));
    const checked = await api.check(file(lost));
    expect(await told(checked.id)).toEqual([[6, 'Employee ID', 'id_zeros_lost']]);
    expect(checked.counts).toMatchObject({ errors: 1, unchanged: 11 });
    expect(checked.counts['person_leave']).toBeUndefined();
    expect(checked.counts['person_add']).toBeUndefined();
    // Without an address, and all of them.
    const all = await api.check(
      file(BASE.map((row) => row.replace(/^00/, '').replace(/p\d+@corp.test/, ''))),
    );
    expect(all.counts).toMatchObject({ errors: 12 });
    expect(all.counts['person_leave']).toBeUndefined();
    // In the first import it shows by the others.
    await sql`truncate org.person, org.department cascade`.execute(org.db);
    const first = await api.check(file(lost));
    expect(await told(first.id)).toEqual([[6, 'Employee ID', 'id_zeros_lost']]);
    expect(first.counts).toMatchObject({ person_add: 11 });
  });

  it('numbers with an exponent are told and not taken', async () => {
    const head = 'Employee ID,Name,Email,Mobile,Department';
    const rows = [
      '00401,Person Nr401,p401@corp.test,1.38E+10,Bugs Depot',
      '1.10101E+17,Person Nr402,p402@corp.test,1.39E+10,Bugs Depot',
    ];
    const checked = await api.check(file(rows, head));
    expect(await told(checked.id)).toEqual([
      [2, 'Mobile', 'sheet_value'],
      [3, 'Employee ID', 'sheet_id'],
      [3, 'Mobile', 'sheet_value'],
    ]);
    await api.apply(checked.id, { skip_bad_rows: true });
    const { rows: found } = await sql`select external_id, phone from org.person`.execute(org.db);
    expect(found).toEqual([{ external_id: '00401', phone: null }]);
  });

  it.each([
    ['#N/A', 'sheet_value'],
    ['#REF!', 'sheet_value'],
    ['########', 'sheet_value'],
  ])('%s in a cell keeps what is known', async (value, code) => {
    const head = 'Employee ID,Name,Email,Department,Manager,Title,Mobile';
    await api.apply(
      (await api.check(file(['1,Ann,a@x.co,Hall,,Chief,1', '2,Bob,b@x.co,Hall,1,Clerk,2'], head))).id,
    );
    const next = await api.check(
      file(['1,Ann,a@x.co,Hall,,Chief,1', `2,Bob,b@x.co,${value},${value},${value},${value}`], head),
    );
    expect(await told(next.id)).toEqual([
      [3, 'Mobile', code],
      [3, 'Title', code],
      [3, 'Department', code],
      [3, 'Manager', code],
    ]);
    expect(next.counts).toMatchObject({ unchanged: 2 });
  });

  it.each(['110101199003070000', '1-Mar', '3月1日', '#NAME?'])('%s is no id', async (value) => {
    const checked = await api.check(file([`${value},Ann,a@x.co,Hall`]));
    expect(await told(checked.id)).toEqual([[2, 'Employee ID', 'sheet_id']]);
  });

  it('a number of days is no date', async () => {
    const head = 'Employee ID,Name,Start date';
    const checked = await api.check(file(['1,Ann,2024-01-05', '2,Bob,45296'], head));
    expect(await told(checked.id)).toEqual([[3, 'Start date', 'date_serial']]);
    expect(checked.counts).toMatchObject({ person_add: 2 });
  });
});

describe('dates', () => {
  const head = 'Employee ID,Name,Email,Department,Start date';
  it.each([
    [
      'dotted, day first',
      ['13.03.2024', '01.03.2024', '28.02.2024'],
      ['2024-03-13', '2024-03-01', '2024-02-28'],
    ],
    [
      'with slashes, day first',
      ['13/03/2024', '01/03/2024', '02/02/2024'],
      ['2024-03-13', '2024-03-01', '2024-02-02'],
    ],
    [
      'with slashes, month first',
      ['03/13/2024', '3/1/2024', '02/02/2024'],
      ['2024-03-13', '2024-03-01', '2024-02-02'],
    ],
  ])('of a column %s', async (_what, dates, expected) => {
    const rows = dates.map(
      (date, n) => `0060${n + 1},Person Nr60${n + 1},p60${n + 1}@corp.test,Bugs Depot,${date}`,
    );
    const checked = await api.check(`\ufeff${file(rows, head)}`);
    expect(await told(checked.id)).toEqual([]);
    await api.apply(checked.id);
    const { rows: found } = await sql<{ starts_on: string }>`select starts_on::text from org.person
      order by external_id`.execute(org.db);
    expect(found.map((row) => row.starts_on)).toEqual(expected);
  });

  it('of a column that says both, or nothing, are told', async () => {
    const both = await api.check(file(['1,A,,X,13.03.2024', '2,B,,X,03.13.2024', '3,C,,X,01.02.2024'], head));
    expect(await told(both.id)).toEqual([[4, 'Start date', 'date_ambiguous']]);
    const nothing = await api.check(file(['1,A,,X,01.03.2024'], head));
    expect(await told(nothing.id)).toEqual([[2, 'Start date', 'date_ambiguous']]);
  });
});

describe('a row that is refused', () => {
  it('is told of with all that is wrong, and leaves no trace', async () => {
    await api.apply((await api.check(file(BASE))).id);
    const head = `${HEAD},Manager,Start date`;
    const bad = [
      ...BASE.map((row) => `${row},,`),
      '00301,Twin,p302@corp.test,Bogus One,nobody,',
      '00399,Person Nr399,not an address,Bogus Two,nobody,99.99.2024',
    ];
    const checked = await api.check(file(bad, head));
    expect((await told(checked.id)).sort()).toEqual(
      [
        [14, 'Employee ID', 'duplicate_id'],
        [14, 'Email', 'duplicate_email'],
        [14, 'Manager', 'manager_unknown'],
        [15, 'Email', 'email_not_valid'],
        [15, 'Start date', 'date_not_valid'],
        [15, 'Manager', 'manager_unknown'],
      ].sort(),
    );
    expect(checked.counts).toMatchObject({ unchanged: 12 });
    expect(checked.counts['department_add']).toBeUndefined();
    await api.apply(checked.id, { skip_bad_rows: true });
    expect(await departments()).toEqual(['Bugs Depot']);
  });

  it('lets nobody go, even where nobody can say whose it is', async () => {
    await api.apply((await api.check(file(BASE))).id);
    // The last row's id is gone; so is its address. Its name is known.
    const named = [...BASE.slice(0, 11), '1.1E+11,Person Nr312,,Bugs Depot'];
    const kept = await api.check(file(named));
    expect(await told(kept.id)).toEqual([[13, 'Employee ID', 'sheet_id']]);
    expect(kept.counts['person_leave']).toBeUndefined();
    // Nobody knows whose this is: it may be the missing one's.
    const lost = [...BASE.slice(0, 11), '1.1E+11,Somebody,,Bugs Depot'];
    const held = await api.check(file(lost));
    expect(await told(held.id)).toEqual([
      [null, null, 'leaving_held'],
      [13, 'Employee ID', 'sheet_id'],
    ]);
    expect(held.counts['person_leave']).toBeUndefined();
    expect((await api.check(file(BASE.slice(0, 11)))).counts).toMatchObject({ person_leave: 1 });
  });

  it('with another id and a known address is told, and gives nobody the account of another', async () => {
    await api.apply((await api.check(file(BASE))).id);
    const checked = await api.check(file([...BASE.slice(0, 11), 'N77,Newcomer,P312@corp.test,Bugs Depot']));
    expect(await told(checked.id)).toEqual([[13, 'Employee ID', 'id_differs']]);
    expect(checked.counts).toMatchObject({ unchanged: 11 });
    expect(checked.counts['person_leave']).toBeUndefined();
  });
});

it('a reference that cannot be resolved keeps what is known', async () => {
  const head = `${HEAD},Manager`;
  const rows = ['1,Ann,a@x.co,Hall,', '2,Bob,b@x.co,Hall,1', '3,Cid,c@x.co,Hall,2'];
  await api.apply((await api.check(file(rows, head))).id);
  const next = await api.check(file([rows[0] ?? '', '2,Bob,b@x.co,Hall,Nobody', '3,Cid,c@x.co,Hall,'], head));
  expect(await told(next.id)).toEqual([[3, 'Manager', 'manager_unknown']]);
  // An empty cell does say that there is none.
  expect((await api.changes(next.id)).map(({ label, after }) => [label, after])).toEqual([
    ['Cid', { manager: null }],
  ]);
});

describe('several departments in a cell', () => {
  const of = async (lines: string[]): Promise<{ run: ImportRun; names: string[] }> => {
    const run = await api.check(file(lines));
    await api.apply(run.id, { skip_bad_rows: true });
    return { run, names: await departments() };
  };
  it.each(['、', '；', ';', '|', '/'])('divided by %s', async (sign) => {
    const { names } = await of(['1,Ann,,Sales', '2,Bob,,Legal', `3,Cid,,Sales${sign}Legal`]);
    expect(names).toEqual(['Legal', 'Sales']);
    expect(
      (await api.check(file(['1,Ann,,Sales', '2,Bob,,Legal', `3,Cid,,Sales${sign}Legal`]))).counts,
    ).toMatchObject({
      unchanged: 3,
    });
  });
  it.each(['"Sales,Legal"', '"Sales\nLegal"', '"Sales\r\nLegal"', '"Sales，Legal"'])(
    'written as %j',
    async (cell) => {
      expect((await of(['1,Ann,,Sales', '2,Bob,,Legal', `3,Cid,,${cell}`])).names).toEqual([
        'Legal',
        'Sales',
      ]);
    },
  );
  it('are one where the name holds the sign', async () => {
    const { run, names } = await of([
      '1,Ann,,Sales',
      '2,Bob,,Legal、Tax',
      '3,Cid,,"R&D, Tools"',
      '4,Dan,,A/B',
    ]);
    expect(await told(run.id)).toEqual([]);
    expect(names).toEqual(['A/B', 'Legal、Tax', 'R&D, Tools', 'Sales']);
  });
  it('and both in one file', async () => {
    const rows = [
      '1,Ann,,Sales',
      '2,Bob,,Legal',
      '3,Cid,,Sales、Legal',
      '4,Dan,,Hard、Ware',
      '5,Eve,,Sales、New',
    ];
    const { run, names } = await of(rows);
    expect(await told(run.id)).toEqual([
      [5, 'Department', 'department_not_divided'],
      [6, 'Department', 'department_divided'],
    ]);
    expect(names).toEqual(['Hard、Ware', 'Legal', 'New', 'Sales']);
  });
  it('end where the file does not name them any more; those made by hand stay', async () => {
    await of(['1,Ann,,Sales;Legal', '2,Bob,,Legal']);
    await sql`insert into org.department (id, name)
      values ('00000000-0000-4000-8000-0000000000aa', 'By hand')`.execute(org.db);
    await sql`insert into org.membership (id, person_id, department_id, is_primary, is_head, since)
      select gen_random_uuid(), id, '00000000-0000-4000-8000-0000000000aa', false, false, '2020-01-01'
      from org.person where external_id = '1'`.execute(org.db);
    const next = await api.check(file(['1,Ann,,Sales', '2,Bob,,Legal;Sales']));
    expect((await api.changes(next.id)).map(({ label, after }) => [label, after])).toEqual([
      ['Ann', { department: 'Sales; By hand', head: false }],
      ['Bob', { department: 'Legal; Sales', head: false }],
    ]);
  });
});

describe('on a schedule', () => {
  const source = async (): Promise<string> => {
    const made = await api.call<Source>('POST', '/sources', {
      kind: 'csv',
      name: 'HR',
      settings: { path: 'hr.csv' },
      schedule: '* * * * *',
    });
    return made.body.id;
  };
  const write = (text: string): void => {
    writeFileSync(join(org.context.site.varDir, 'import', 'hr.csv'), text);
  };

  it('stops at a doubt, until a person has seen it', async () => {
    const id = await source();
    write(file(BASE));
    expect((await runSchedule(org, api, id)).state).toBe('done');
    const lost = BASE.map((row) => row.replace(/^00305/, '305'));
    write(file(lost));
    const held = await runSchedule(org, api, id);
    expect(held).toMatchObject({ state: 'checked', counts: { errors: 1 } });
    expect(await people()).toContainEqual(['00305', 'joining']);
    await api.apply(held.id, { skip_bad_rows: true });
    // The same doubt is known; another one is not.
    write(file([line('00313', '313'), ...lost]));
    expect((await runSchedule(org, api, id)).state).toBe('done');
    expect((await people()).length).toBe(13);
    write(
      file([line('00313', '313'), ...lost, line('00314', 'x')].map((row) => row.replace(/^00306/, '306'))),
    );
    expect((await runSchedule(org, api, id)).state).toBe('checked');
  });

  it('lets those go who have left, although the rest waits; and waits when it is half of all', async () => {
    const id = await source();
    const head = `${HEAD},Status`;
    const rows = (left: number, of = BASE): string[] =>
      of.map((row, n) => `${row},${n < left ? '离职' : '在职'}`);
    write(file(rows(0), head));
    expect((await runSchedule(org, api, id)).state).toBe('done');
    write(file([...rows(1), '00350,Person Nr350,p350@corp.test,Bugs Depot,???'], head));
    const held = await runSchedule(org, api, id);
    expect(held).toMatchObject({ state: 'checked', counts: { errors: 1, unchanged: 11 } });
    expect(held.counts['person_leave']).toBeUndefined();
    expect((await people()).filter(([, status]) => status === 'suspended')).toEqual([['00301', 'suspended']]);
    for (const text of [file(rows(12), head), file(rows(1, BASE.slice(0, 6)), head), file(rows(7), head)]) {
      write(text);
      expect(await runSchedule(org, api, id)).toMatchObject({ state: 'checked', guard_tripped: true });
      expect((await people()).filter(([, status]) => status === 'suspended').length).toBe(1);
    }
  });
});
