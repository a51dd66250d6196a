import iconv from 'iconv-lite';

/*
 * A file as an HR system in China exports it: GBK, several departments in a cell, digits and letters in both widths,
 * a column for the state of employment, columns nobody here needs. All people are made up.
 */

const SURNAMES = Array.from('王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗');
const GIVEN = [
  '伟',
  '芳',
  '娜',
  '秀英',
  '敏',
  '静',
  '丽',
  '强',
  '磊',
  '军',
  '洋',
  '勇',
  '艳',
  '杰',
  '娟',
  '涛',
  '明',
];
const DEPARTMENTS = [
  '总部',
  '总部/人力资源部',
  '总部/财务部',
  '研发中心',
  '研发中心/前端组',
  '研发中心/后端组',
  '研发中心/硬件、结构组',
  '销售中心',
  '销售中心/华东区',
  '销售中心/华南区',
  '客户服务部',
];
const TITLES = ['工程师', '高级工程师', '经理', '专员', '主管', '顾问'];
const STATES = ['在职', '在职', '在职', '试用', '在职', '实习', '在职', '外包'];

export const HR_HEADER = [
  '工号',
  '姓名',
  '部门',
  '职位',
  '手机',
  '邮箱',
  '直属上级',
  '入职日期',
  '状态',
  '性别',
  '籍贯',
] as const;
export type HrRow = Record<(typeof HR_HEADER)[number], string>;

const wide = (text: string): string =>
  text.replace(/[!-~]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0));

/** Fifty people; the first is the head of all, the last two have left. */
export function hrRows(): HrRow[] {
  return Array.from({ length: 50 }, (_, n) => {
    const name = `${SURNAMES[n % SURNAMES.length] ?? ''}${GIVEN[(n * 7) % GIVEN.length] ?? ''}`;
    const id = `A${String(n + 1).padStart(4, '0')}`;
    const department = DEPARTMENTS[n % DEPARTMENTS.length] ?? '';
    const second = DEPARTMENTS[(n + 4) % DEPARTMENTS.length] ?? '';
    const phone = `138${String(10_000_000 + n * 137)}`;
    return {
      工号: n % 9 === 4 ? wide(id) : id,
      姓名: name,
      部门:
        n % 10 === 3 ? `${department}；${second}` : n % 10 === 8 ? `${department}、${second}` : department,
      职位: TITLES[n % TITLES.length] ?? '',
      手机: n % 8 === 2 ? wide(phone) : phone,
      邮箱: n % 11 === 5 ? `ｕ${String(n + 1)}＠corp.test` : `u${String(n + 1)}@corp.test`,
      直属上级: n === 0 ? '' : n % 7 === 1 ? wide('A0001') : n < 6 ? 'A0001' : `A000${String((n % 5) + 1)}`,
      入职日期:
        n % 2 === 0
          ? `2021/${String((n % 12) + 1)}/${String((n % 27) + 1)}`
          : `2022年${String((n % 12) + 1)}月1日`,
      状态: n >= 48 ? '离职' : (STATES[n % STATES.length] ?? ''),
      性别: n % 2 === 0 ? '男' : '女',
      籍贯: '浙江',
    };
  });
}

const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The rows as a table with the line ends of such systems. */
export const hrText = (rows: readonly HrRow[]): string =>
  [HR_HEADER.join(','), ...rows.map((row) => HR_HEADER.map((name) => cell(row[name])).join(','))]
    .map((line) => `${line}\r\n`)
    .join('');

export const hrFile = (rows: readonly HrRow[] = hrRows()): Buffer => iconv.encode(hrText(rows), 'gbk');
