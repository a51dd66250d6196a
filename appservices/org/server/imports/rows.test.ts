import { describe, expect, it } from 'vitest';
import { guessMapping, missingFields } from './guess-mapping.ts';
import { Problems } from './problems.ts';
import { parseDate } from './dates.ts';
import { createRowReader, type SourceRow } from './rows.ts';

describe('guessing a mapping', () => {
  const columns = (...names: string[]) => names.map((name) => ({ name, samples: [] as string[] }));

  it('knows Chinese headers', () => {
    const guess = guessMapping([
      ...columns(
        '员工编号（必填）',
        '姓名*',
        '职位',
        '企业邮箱',
        '手机号码',
        '直属上级工号',
        '入职日期',
        '部门负责人',
      ),
      { name: '所属部门', samples: ['总部/研发/前端', '总部/销售'] },
    ]);
    expect(guess).toEqual({
      columns: {
        external_id: '员工编号（必填）',
        display_name: '姓名*',
        title: '职位',
        email: '企业邮箱',
        phone: '手机号码',
        manager: '直属上级工号',
        starts_on: '入职日期',
        is_head: '部门负责人',
        department: '所属部门',
      },
      department_separator: '/',
    });
  });

  it('knows English headers in any writing', () => {
    expect(
      guessMapping(
        columns('Employee ID', 'First_Name', 'LAST NAME', 'E-mail', 'jobTitle', 'Dept.', 'Reports to'),
      ).columns,
    ).toEqual({
      external_id: 'Employee ID',
      given_name: 'First_Name',
      family_name: 'LAST NAME',
      email: 'E-mail',
      title: 'jobTitle',
      department: 'Dept.',
      manager: 'Reports to',
    });
  });

  it('finds addresses by their values, and uses no column twice', () => {
    const guess = guessMapping([
      { name: 'contact', samples: ['ann@example.com', 'bob@example.com'] },
      { name: 'id', samples: ['1'] },
      { name: 'Employee ID', samples: ['E1'] },
    ]);
    expect(guess.columns).toEqual({ email: 'contact', external_id: 'Employee ID' });
    expect(missingFields(guess)).toEqual(['display_name']);
  });

  it('knows a path by another department being its beginning, and nested names', () => {
    const samples = ['总部', '总部/研发'];
    expect(guessMapping([{ name: '部门', samples }]).department_separator).toBe('/');
    expect(guessMapping(columns('id', 'name.family', 'name.given')).columns).toEqual({
      external_id: 'id',
      family_name: 'name.family',
      given_name: 'name.given',
    });
  });

  it('takes a slash inside one name for no path', () => {
    expect(
      guessMapping([{ name: '部门', samples: ['R&D/QA', 'Sales', 'Finance'] }]).department_separator,
    ).toBeUndefined();
  });
});

describe('dates', () => {
  it.each([
    ['2024-01-05', '2024-01-05'],
    ['2024/1/5', '2024-01-05'],
    ['2024.1.5', '2024-01-05'],
    ['20240105', '2024-01-05'],
    ['2024年1月5日', '2024-01-05'],
    ['２０２４-０１-０５', '2024-01-05'],
    ['2009-01-23 00:00:00.000', '2009-01-23'],
    ['2024-01-05T10:00:00Z', '2024-01-05'],
    ['25/12/2024', '2024-12-25'],
    ['12/25/2024', '2024-12-25'],
    ['5.5.2024', '2024-05-05'],
    ['45296', 'date_serial'],
    ['13-Mar-2024', '2024-03-13'],
    ['March 13, 2024', '2024-03-13'],
    ['13. 3. 2024', '2024-03-13'],
    ['01/02/2024', 'date_ambiguous'],
    ['2024-02-30', 'date_not_valid'],
    ['soon', 'date_not_valid'],
    ['0000-00-00', 'date_not_valid'],
  ])('reads %s as %s', (text, expected) => {
    const parsed = parseDate(text);
    expect('date' in parsed ? parsed.date : parsed.problem).toBe(expected);
  });
});

describe('a row', () => {
  const mapping = {
    columns: {
      external_id: 'id',
      display_name: 'name',
      email: 'mail',
      title: 'title',
      starts_on: 'start',
      is_head: 'head',
      locale: 'lang',
      localpart: 'login',
    },
  };
  const read = (values: SourceRow['values']) => {
    const problems = new Problems();
    const result = createRowReader(mapping, problems)({ line: 7, at: null, values });
    return { result, problems: problems.kept.map((one) => [one.line, one.column, one.code]) };
  };

  it('is cleaned with a word about it', () => {
    const { result, problems } = read({
      external_id: ' 1 ',
      display_name: 'A\u202enn\u0007  B',
      email: 'a@b.co',
    });
    expect(result).toMatchObject({ row: { external_id: '1', display_name: 'Ann B', title: null } });
    expect(problems).toEqual([[7, 'name', 'characters_removed']]);
  });

  it.each([
    ['no name', { external_id: '1' }, 'name', 'missing'],
    ['nobody’s name', { display_name: 'Ann' }, 'id', 'missing'],
    ['a name of 1,000 characters', { external_id: '1', display_name: 'x'.repeat(1000) }, 'name', 'too_long'],
    [
      'an address that is none',
      { external_id: '1', display_name: 'A', email: 'a at b' },
      'mail',
      'email_not_valid',
    ],
    [
      'a date that is none',
      { external_id: '1', display_name: 'A', starts_on: '31/31/2020' },
      'start',
      'date_not_valid',
    ],
    ['undecodable bytes', { external_id: '1', display_name: 'A\ufffd' }, 'name', 'undecodable'],
  ])('is bad with %s', (_what, values, column, code) => {
    const { result, problems } = read(values);
    expect(result).toHaveProperty('refused');
    expect(problems).toEqual([[7, column, code]]);
  });

  it('reads answers in words', () => {
    expect(
      read({ external_id: '1', display_name: 'A', is_head: '是', locale: 'zh_CN' }).result,
    ).toMatchObject({
      row: { is_head: true, locale: 'zh-Hans' },
    });
    expect(read({ external_id: '1', display_name: 'A', is_head: 'perhaps' }).problems).toEqual([
      [7, 'head', 'head_not_understood'],
    ]);
  });

  it('takes a domain login without a word, and says when an account name has to change', () => {
    expect(read({ external_id: '1', display_name: 'A', localpart: 'adventure-works\\mark1' })).toMatchObject({
      result: { row: { localpart: null, login: 'adventure-works\\mark1' } },
      problems: [],
    });
    expect(read({ external_id: '1', display_name: 'A', localpart: '张三' }).problems).toEqual([
      [7, 'login', 'localpart_changed'],
    ]);
  });
});
