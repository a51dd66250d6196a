import { foldWidth } from '../names.ts';
import { PEOPLE_FIELDS, type ImportMapping } from '../../contract/api.ts';

export type PeopleFieldName = (typeof PEOPLE_FIELDS)[number];

/** Header names that mean a field, likeliest first; compared without blanks, case and punctuation. */
const SYNONYMS: Readonly<Record<PeopleFieldName, readonly string[]>> = {
  external_id: [
    '工号',
    '员工号',
    '员工编号',
    '人员编号',
    '职工号',
    '编号',
    '工號',
    '員工編號',
    'employeeid',
    'employeenumber',
    'employeeno',
    'empid',
    'empno',
    'staffid',
    'staffno',
    'personid',
    'personnelnumber',
    'externalid',
    'userid',
    'businessentityid',
    'id',
  ],
  display_name: [
    '姓名',
    '员工姓名',
    '名字',
    '显示名',
    '显示名称',
    '人员姓名',
    '員工姓名',
    '中文名',
    'displayname',
    'fullname',
    'name',
    'employeename',
    'cn',
    'commonname',
  ],
  given_name: ['名', 'givenname', 'firstname', 'forename', 'first'],
  family_name: ['姓', '姓氏', 'familyname', 'lastname', 'surname', 'sn', 'last'],
  email: [
    '邮箱',
    '电子邮箱',
    '电子邮件',
    '企业邮箱',
    '工作邮箱',
    '邮件',
    '邮箱地址',
    '電郵',
    '電子郵件',
    '郵箱',
    'email',
    'mail',
    'emailaddress',
    'workemail',
    'businessemail',
    'emailwork',
  ],
  localpart: [
    '账号',
    '帐号',
    '用户名',
    '登录名',
    '登录账号',
    '帳號',
    'username',
    'localpart',
    'login',
    'loginid',
    'account',
    'accountname',
    'samaccountname',
    'uid',
    'matrixid',
  ],
  phone: [
    '手机',
    '手机号',
    '手机号码',
    '电话',
    '电话号码',
    '联系电话',
    '移动电话',
    '手機',
    '電話',
    'phone',
    'mobile',
    'mobilephone',
    'phonenumber',
    'mobilenumber',
    'telephone',
    'tel',
    'cell',
    'telephonenumber',
  ],
  title: [
    '职位',
    '职务',
    '岗位',
    '岗位名称',
    '职称',
    '頭銜',
    '職位',
    '職稱',
    '職務',
    'title',
    'jobtitle',
    'position',
    'job',
    'role',
    'designation',
  ],
  department: [
    '部门',
    '部门名称',
    '所属部门',
    '所在部门',
    '部门路径',
    '组织',
    '部門',
    '部門名稱',
    'department',
    'departmentname',
    'dept',
    'deptname',
    'departmentpath',
    'orgunit',
    'organization',
    'organisation',
    'team',
    'ou',
  ],
  department_id: [
    '部门编号',
    '部门编码',
    '部门id',
    '部门代码',
    '部門編號',
    'departmentid',
    'departmentcode',
    'deptid',
    'deptcode',
    'orgid',
    'orgcode',
  ],
  department_parent: [
    '上级部门',
    '父部门',
    '一级部门',
    '上級部門',
    '所属中心',
    'parentdepartment',
    'departmentparent',
    'parentdept',
    'departmentgroup',
    'groupname',
    'division',
  ],
  manager: [
    '直属上级',
    '直接上级',
    '上级',
    '汇报对象',
    '汇报人',
    '主管',
    '直属领导',
    '直接主管',
    '上级领导',
    '上级工号',
    '直属上级工号',
    '上级姓名',
    '經理',
    '上級',
    '直屬主管',
    'manager',
    'managerid',
    'reportsto',
    'supervisor',
    'linemanager',
    'managername',
    'manageremail',
    'boss',
    'reportingto',
  ],
  manager_path: [
    '汇报路径',
    '汇报线',
    'managerpath',
    'organizationnode',
    'orgnode',
    'reportingpath',
    'reportingline',
  ],
  is_head: [
    '是否负责人',
    '部门负责人',
    '是否部门负责人',
    '负责人',
    '是否主管',
    '部門主管',
    'ishead',
    'head',
    'departmenthead',
    'isdepartmenthead',
    'ismanager',
    'islead',
    'lead',
  ],
  locale: ['语言', '界面语言', '語言', 'locale', 'language', 'lang', 'preferredlanguage'],
  starts_on: [
    '入职日期',
    '入职时间',
    '到岗日期',
    '入職日期',
    '入职',
    'startson',
    'startdate',
    'hiredate',
    'joindate',
    'joined',
    'dateofjoining',
  ],
  ends_on: [
    '离职日期',
    '离职时间',
    '最后工作日',
    '離職日期',
    '合同到期日',
    'endson',
    'enddate',
    'leavedate',
    'terminationdate',
    'lastday',
  ],
  status: [
    '在职状态',
    '员工状态',
    '人员状态',
    '任职状态',
    '用工状态',
    '雇佣状态',
    '聘用状态',
    '在岗状态',
    '是否在职',
    '是否离职',
    '状态',
    '在職狀態',
    '員工狀態',
    '狀態',
    'employmentstatus',
    'employeestatus',
    'empstatus',
    'workerstatus',
    'staffstatus',
    'personstatus',
    'hrstatus',
    'status',
    'isactive',
    'active',
  ],
};

const plain = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_\-./*:()[\]{}#'"，。：、]+/g, '');

/** A header name with remarks in brackets taken away: `工号（必填）`. */
const withoutRemark = (name: string): string => name.replace(/[（(【[].*?[)）】\]]/g, '');

const SEPARATORS = [' > ', '>', ' / ', '/', '\\', '→', '|', ' - '];
const MAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/**
 * The separator of department paths in sample values; undefined where they are plain names. A few samples say little:
 * besides the number of paths it counts when one is the beginning of another.
 */
export function guessSeparator(samples: readonly string[]): string | undefined {
  return SEPARATORS.find((separator) => {
    const paths = samples
      .map((sample) =>
        foldWidth(sample)
          .split(separator)
          .map((part) => part.trim()),
      )
      .filter((parts) => parts.filter((part) => part !== '').length > 1);
    if (paths.length > samples.length / 2) return true;
    return paths.some(([first = '']) =>
      samples.some(
        (other) => other.trim() === first || (other.startsWith(`${first}${separator}`) && paths.length > 1),
      ),
    );
  });
}

/**
 * Guesses which column is which field from Chinese and English header names, and from the values where a name
 * says nothing. Every column and every field is used once at most.
 */
export function guessMapping(
  columns: readonly { name: string; samples: readonly string[] }[],
): ImportMapping {
  const found: Partial<Record<PeopleFieldName, string>> = {};
  const used = new Set<string>();
  const candidates: { field: PeopleFieldName; column: string; rank: number }[] = [];
  for (const column of columns) {
    // JSON's nested names: `name.family` is the family name.
    const nested = column.name.split('.').reverse().join('');
    const names = [plain(column.name), plain(withoutRemark(column.name)), plain(nested)];
    for (const field of PEOPLE_FIELDS) {
      const ranks = names.map((name) =>
        name === plain(field) ? 0 : SYNONYMS[field].findIndex((synonym) => plain(synonym) === name),
      );
      const rank = Math.min(...ranks.filter((at) => at >= 0));
      if (Number.isFinite(rank)) candidates.push({ field, column: column.name, rank });
    }
  }
  candidates.sort((a, b) => a.rank - b.rank);
  for (const { field, column } of candidates) {
    if (found[field] !== undefined || used.has(column)) continue;
    found[field] = column;
    used.add(column);
  }
  if (found.email === undefined) {
    const mail = columns.find(
      ({ name, samples }) =>
        !used.has(name) && samples.length > 0 && samples.every((sample) => MAIL.test(sample)),
    );
    if (mail) found.email = mail.name;
  }
  const samples = columns.find((column) => column.name === found.department)?.samples ?? [];
  const separator = guessSeparator(samples);
  return { columns: found, ...(separator === undefined ? {} : { department_separator: separator }) };
}

/** Fields without which nothing can be imported: who somebody is, and a name. Empty when the mapping is enough. */
export function missingFields(mapping: ImportMapping): PeopleFieldName[] {
  const { columns } = mapping;
  const missing: PeopleFieldName[] = [];
  if (columns.external_id === undefined && columns.email === undefined && columns.localpart === undefined) {
    missing.push('external_id');
  }
  if (columns.display_name === undefined && columns.family_name === undefined) missing.push('display_name');
  return missing;
}
