import { catalogueKeys, createTexts, type Locale } from '@qiao/platform';
import { describe, expect, test } from 'vitest';
import { orgActs, type OrgAct } from '../../contract/acts.ts';
import { orgTexts } from '../texts.ts';
import { sentenceOf, subjectsOf, type RecordedAct } from './sentences.ts';

const texts = createTexts({ org: orgTexts });
const NAMES: Readonly<Record<string, string>> = {
  'person:p': '李娜',
  'department:a': '研发部',
  'department:b': '市场部',
  'role:r': '考勤员',
  'source:s': 'HR',
  'source:t': 'Entra',
};

/** One act of each kind, or several where they are told differently, and the sentence in both languages. */
const ACTS: Readonly<Record<OrgAct, readonly [Omit<RecordedAct, 'action'>, string, string][]>> = {
  'org.conversation.external': [
    [
      { subject: 'room:!r:x', details: {} },
      '王伟与外部服务器上的人开始了会话',
      '王伟 began a conversation with somebody on another server',
    ],
  ],
  'org.conversation.renew': [
    [
      { subject: 'room:!r:x', details: { predecessor: '!q:x' } },
      '王伟更新了一个会话',
      '王伟 renewed a conversation',
    ],
  ],
  'org.department.add': [
    [
      { subject: 'department:a', details: { name: '研发部', parent_id: null } },
      '王伟新增了部门“研发部”',
      '王伟 added the department 研发部',
    ],
    [
      { subject: 'department:a', details: { name: '研发部', parent_id: 'b' } },
      '王伟在“市场部”下新增了部门“研发部”',
      '王伟 added the department 研发部 below 市场部',
    ],
  ],
  'org.department.change': [
    [
      {
        subject: 'department:a',
        details: { before: { name: '研发', hidden: false }, after: { name: '研发部', hidden: true } },
      },
      '王伟修改了部门“研发部”：名称：研发 → 研发部；隐藏：否 → 是',
      '王伟 changed the department 研发部: name 研发 → 研发部; hidden no → yes',
    ],
  ],
  'org.department.end': [
    [
      { subject: 'department:a', details: { mode: 'dissolved', name: '研发部' } },
      '王伟解散了部门“研发部”',
      '王伟 dissolved the department 研发部',
    ],
    [
      { subject: 'department:a', details: { mode: 'converted', name: '研发部' } },
      '王伟将部门“研发部”转为普通群',
      '王伟 converted the department 研发部 to a group',
    ],
  ],
  'org.department.move': [
    [
      { subject: 'department:a', details: { before: null, after: 'b' } },
      '王伟将部门“研发部”从“最上级”移到“市场部”',
      '王伟 moved the department 研发部 from the top level to 市场部',
    ],
  ],
  'org.import.apply': [
    [
      {
        subject: 'import:i',
        details: { file_name: 'hr.csv', source_id: 's', counts: { rows: 9, person_add: 3, person_leave: 1 } },
      },
      '王伟执行了导入“hr.csv”：新增人员 3、离职人员 1',
      '王伟 applied the import hr.csv: people added: 3, people leaving: 1',
    ],
    [
      { subject: 'import:i', details: { file_name: null, source_id: 's', counts: {} } },
      '王伟执行了导入“HR”：没有变化',
      '王伟 applied the import HR: nothing changed',
    ],
  ],
  'org.import.let_go': [
    [
      { subject: 'import:i', details: { file_name: null, source_id: 's', people: 2 } },
      '王伟按导入“HR”为 2 人办理离职',
      '王伟 let 2 people go by the import HR',
    ],
  ],
  'org.mail.read': [
    [{ subject: 'person:p' }, '王伟查看了发给李娜的暂存邮件', '王伟 read the mail that was kept for 李娜'],
  ],
  'org.mail.retry': [
    [{ subject: 'person:p' }, '王伟重新发送了给李娜的邮件', '王伟 had the mail to 李娜 sent again'],
  ],
  'org.person.activation_links_ended': [
    [
      { subject: 'person:p', details: { count: 2 } },
      '王伟作废了李娜的 2 个链接',
      '王伟 ended 2 links of 李娜',
    ],
  ],
  'org.person.activation_mail': [
    [{ subject: 'person:p' }, '王伟通过邮件向李娜发送了链接', '王伟 sent 李娜 a link by mail'],
  ],
  'org.person.password_asked': [
    [
      { subject: 'person:p' },
      '有人在登录页为李娜申请重设密码',
      'A new password was asked for at the sign-in of 李娜',
    ],
  ],
  'org.person.password_request_closed': [
    [
      { subject: 'person:p' },
      '王伟关闭了李娜的重设密码申请',
      '王伟 closed the request of 李娜 for a new password',
    ],
  ],
  'org.person.activate': [[{ subject: 'person:p' }, '李娜激活了账号', '李娜 activated the account']],
  'org.person.activation_link': [
    [
      { subject: 'person:p' },
      '王伟为李娜生成了激活（或重设密码）链接',
      '王伟 made a link for 李娜 to activate the account or set a new password',
    ],
  ],
  'org.person.add': [
    [
      { subject: 'person:p', details: { localpart: 'lina', source_id: null } },
      '王伟新增了李娜（lina）',
      '王伟 added 李娜 (lina)',
    ],
    [
      { subject: 'person:p', details: { localpart: 'lina', source_id: 's' } },
      '王伟从“HR”新增了李娜（lina）',
      '王伟 added 李娜 (lina) from HR',
    ],
  ],
  'org.person.admit': [
    [{ subject: 'person:p' }, '王伟启用了原为停用状态的李娜', '王伟 activated 李娜, who came in as inactive'],
  ],
  'org.person.change': [
    [
      { subject: 'person:p', details: { fields: ['phone', 'manager_id'] } },
      '王伟修改了李娜的电话、上级',
      '王伟 changed of 李娜: phone, manager',
    ],
  ],
  'org.person.close': [
    [
      { subject: 'person:p', details: { offboarding_id: 'x' } },
      '王伟开始注销李娜的账号',
      '王伟 began to close the account of 李娜',
    ],
  ],
  'org.person.closed': [
    [{ subject: 'person:p' }, '李娜的账号已注销（王伟）', 'The account of 李娜 was closed by 王伟'],
  ],
  'org.person.password': [
    [{ subject: 'person:p' }, '李娜通过链接重设了密码', '李娜 set a new password by a link'],
  ],
  'org.person.password_changed': [
    [
      { subject: 'person:p' },
      '李娜的密码已修改：未使用的链接和管理后台的登录已失效',
      'The password of 李娜 was changed: links to it and sign-ins to the console ended',
    ],
  ],
  'org.person.place': [
    [
      { subject: 'person:p', details: { before: ['a'], after: ['b'] } },
      '王伟将李娜从“研发部”调到“市场部”',
      '王伟 moved 李娜 from 研发部 to 市场部',
    ],
    [
      { subject: 'person:p', details: { before: [], after: ['a', 'b'] } },
      '王伟将李娜加入“研发部、市场部”',
      '王伟 placed 李娜 in 研发部, 市场部',
    ],
    [
      { subject: 'person:p', details: { before: ['gone'], after: [] } },
      '王伟将李娜移出“（已删除）”',
      '王伟 took 李娜 out of (deleted)',
    ],
    [
      { subject: 'person:p', details: { before: ['a'], after: ['a'] } },
      '王伟调整了李娜在“研发部”的任职',
      '王伟 changed the place of 李娜 in 研发部',
    ],
  ],
  'org.person.return': [[{ subject: 'person:p' }, '王伟撤销了李娜的离职', '王伟 undid the leaving of 李娜']],
  'org.person.suspend': [
    [
      { subject: 'person:p' },
      '王伟为李娜办理离职，账号已锁定',
      '王伟 began the leaving of 李娜; the account was locked',
    ],
  ],
  'org.provisioning.adopt': [
    [
      { subject: 'person:p', details: { code: 'account_exists' } },
      '王伟为李娜接管了已有账号',
      '王伟 took over the existing account for 李娜',
    ],
  ],
  'org.provisioning.language': [
    [
      { subject: 'provisioning:all', details: { language: null } },
      '王伟将群介绍和群内机器人的语言设为：中文和英文',
      '王伟 chose the language of topics and bots in rooms: Chinese and English',
    ],
    [
      { subject: 'provisioning:all', details: { language: 'en' } },
      '王伟将群介绍和群内机器人的语言设为：English',
      '王伟 chose the language of topics and bots in rooms: English',
    ],
  ],
  'org.provisioning.reconcile': [
    [
      { subject: 'provisioning:all' },
      '王伟发起了与服务器的核对',
      '王伟 asked for a comparison with the homeserver',
    ],
  ],
  'org.provisioning.rename': [
    [{ subject: 'person:p' }, '王伟为李娜另选了账号名', '王伟 chose another account name for 李娜'],
  ],
  'org.provisioning.resume': [
    [{ subject: 'provisioning:all' }, '王伟恢复了同步', '王伟 resumed the synchronisation'],
  ],
  'org.provisioning.retry': [
    [
      { subject: 'person:p' },
      '王伟重试了一个同步问题：李娜',
      '王伟 had a problem of the synchronisation tried again: 李娜',
    ],
  ],
  'org.provisioning.stop': [
    [{ subject: 'provisioning:all' }, '王伟暂停了同步', '王伟 stopped the synchronisation'],
  ],
  'org.role.add': [
    [
      { subject: 'role:r', details: { name: '考勤员', permissions: ['a', 'b'] } },
      '王伟新建了角色“考勤员”，含 2 项权限',
      '王伟 made the role 考勤员 with 2 permissions',
    ],
  ],
  'org.role.change': [
    [
      {
        subject: 'role:r',
        details: {
          before: { name: '考勤', permissions: ['a'] },
          after: { name: '考勤员', permissions: ['a', 'b'] },
        },
      },
      '王伟修改了角色“考勤员”：名称：考勤 → 考勤员；权限：1 → 2',
      '王伟 changed the role 考勤员: name 考勤 → 考勤员; permissions 1 → 2',
    ],
  ],
  'org.role.grant': [
    [
      {
        subject: 'person:p',
        scope: 'department:a',
        details: { role_id: 'r', role: '考勤员', department_id: 'a', ends_at: null },
      },
      '王伟授予李娜角色“考勤员”，范围：研发部',
      '王伟 gave 李娜 the role 考勤员 over 研发部',
    ],
    [
      {
        subject: 'person:p',
        scope: 'company',
        details: { role_id: 'x', role: '审计', department_id: null, ends_at: '2026-01-02T00:00:00.000Z' },
      },
      '王伟授予李娜角色“审计”，范围：全公司，截至 2026-01-02',
      '王伟 gave 李娜 the role 审计 over the whole company until 2026-01-02',
    ],
    [
      { subject: 'person:p', scope: 'company', details: { role_id: 'r', handed_over: true } },
      '王伟将角色“考勤员”（范围：全公司）移交给李娜',
      '王伟 handed the role 考勤员 over the whole company on to 李娜',
    ],
  ],
  'org.role.remove': [
    [
      { subject: 'role:x', details: { name: '考勤员' } },
      '王伟删除了角色“考勤员”',
      '王伟 deleted the role 考勤员',
    ],
  ],
  'org.role.revoke': [
    [
      {
        subject: 'person:p',
        scope: 'department:b',
        details: { role_id: 'r', role: '考勤员', department_id: 'b' },
      },
      '王伟收回了李娜的角色“考勤员”，范围：市场部',
      '王伟 took the role 考勤员 over 市场部 away from 李娜',
    ],
  ],
  'org.scim_token.add': [
    [
      { subject: 'scim_token:x', details: { name: 'Entra', source_id: 's' } },
      '王伟为“HR”新建了 SCIM 令牌“Entra”',
      '王伟 made the SCIM token Entra for HR',
    ],
  ],
  'org.scim_token.remove': [
    [
      { subject: 'scim_token:x', details: { name: 'Entra' } },
      '王伟撤销了 SCIM 令牌“Entra”',
      '王伟 revoked the SCIM token Entra',
    ],
    [
      { subject: 'scim_token:x' },
      '王伟撤销了 SCIM 令牌“（已删除）”',
      '王伟 revoked the SCIM token (deleted)',
    ],
  ],
  'org.setup.confirm': [
    [
      { subject: 'workspace:setup', details: { step: 'pilot', done: true } },
      '王伟将步骤标为已完成：小范围试用',
      '王伟 marked as done: Try it with a pilot group',
    ],
    [
      { subject: 'workspace:setup', details: { step: 'rollout', done: false } },
      '王伟将步骤标为未完成：全员推广',
      '王伟 marked as not done: Roll out to everyone',
    ],
  ],
  'org.source.add': [
    [
      { subject: 'source:s', details: { name: 'HR', kind: 'csv' } },
      '王伟新增了数据源“HR”（CSV 文件）',
      '王伟 added the source HR (CSV file)',
    ],
  ],
  'org.source.adopt': [
    [
      { subject: 'source:s', details: { name: 'HR', people: 4 } },
      '王伟将 4 名手工维护的人员移交给“HR”',
      '王伟 handed 4 people kept by hand over to HR',
    ],
  ],
  'org.source.change': [
    [
      { subject: 'source:s', details: { fields: ['schedule', 'enabled'] } },
      '王伟修改了数据源“HR”：定时、启用',
      '王伟 changed of the source HR: schedule, switched on',
    ],
  ],
  'org.source.handover': [
    [
      { subject: 'source:s', details: { name: 'HR', to: 't', to_name: 'Entra', people: 3 } },
      '王伟将“HR”的 3 人移交给“Entra”',
      '王伟 handed 3 people of HR over to Entra',
    ],
  ],
  'org.source.keep': [
    [
      { subject: 'source:s', details: { name: 'HR', people: 3 } },
      '王伟保留了“HR”要求离职的 3 人',
      '王伟 kept 3 people whom HR wanted gone',
    ],
  ],
  'org.source.let_go': [
    [
      { subject: 'source:s', details: { name: 'HR', people: 3 } },
      '王伟为“HR”要求离职的 3 人办理了离职',
      '王伟 let 3 people go whom HR wanted gone',
    ],
  ],
  'org.source.remove': [
    [{ subject: 'source:x', details: { name: 'HR' } }, '王伟删除了数据源“HR”', '王伟 deleted the source HR'],
  ],
  'org.visibility.change': [
    [
      { subject: 'workspace:visibility', details: { before: [{}], after: [{}, {}] } },
      '王伟修改了可见范围规则（原 1 条，现 2 条）',
      '王伟 changed the visibility rules (1 before, 2 now)',
    ],
  ],
  'org.visibility.follow': [
    [
      { subject: 'department:x', details: { name: '旧部门', into: 'a', into_name: '研发部', rules: 2 } },
      '因王伟合并部门，2 条涉及“旧部门”的可见范围规则改为“研发部”',
      '2 visibility rules that named 旧部门 name 研发部 now, because 王伟 merged it',
    ],
  ],
};

const sentence = (act: RecordedAct, locale: Locale): string =>
  sentenceOf(act, {
    actor: '王伟',
    of: (subject) => NAMES[subject],
    say: (key, params) => texts.t(locale, `org:acts.${key}`, params),
    has: (key) => texts.has(locale, `org:acts.${key}`),
    field: (name) =>
      texts.t(
        locale,
        texts.has(locale, `org:acts.fields.${name}`)
          ? `org:acts.fields.${name}`
          : `org:imports.fields.${name}`,
      ),
    kind: (name) => texts.t(locale, `org:imports.kinds.${name}`),
    date: (timestamp) => timestamp.slice(0, 10),
  });

describe.each(orgActs)('%s', (action) => {
  test('has a name and says what happened, in both languages', () => {
    for (const locale of ['zh-Hans', 'en'] as const)
      expect(texts.has(locale, `org:acts.types.${action.replaceAll('.', '_')}`)).toBe(true);
    for (const [act, zh, en] of ACTS[action]) {
      expect(sentence({ action, ...act }, 'zh-Hans')).toBe(zh);
      expect(sentence({ action, ...act }, 'en')).toBe(en);
    }
  });

  test('says something readable whatever was written down', () => {
    for (const details of [{}, { fields: 7, before: 3, after: [9], role_id: {}, counts: [], name: null }]) {
      const said = sentence({ action, subject: 'person:unknown', details }, 'en');
      expect(said).not.toMatch(/\{\{|undefined|\[object|acts\.|^org/);
    }
  });
});

test('no text is there without an act, and every sentence is tried', () => {
  const known = orgActs.map((action) => action.replaceAll('.', '_'));
  expect(Object.keys(orgTexts.en.acts.types).sort()).toEqual([...known].sort());
  const tried = new Set<string>();
  for (const action of orgActs)
    for (const [act] of ACTS[action])
      sentenceOf(
        { action, ...act },
        {
          actor: '',
          of: (subject) => NAMES[subject],
          say: (key) => {
            tried.add(key);
            return '';
          },
          has: () => true,
          field: () => '',
          kind: () => '',
          date: () => '',
        },
      );
  expect([...tried].filter((key) => key.startsWith('text.')).sort()).toEqual(
    catalogueKeys(orgTexts.en.acts.text).map((key) => `text.${key}`),
  );
});

test('an act of a later version is shown by its name', () => {
  expect(sentence({ action: 'org.later.thing', subject: 'x:y' }, 'en')).toBe('王伟: org.later.thing');
});

test('subjects whose names are needed', () => {
  expect(
    subjectsOf({
      action: 'x',
      subject: 'person:p',
      scope: 'department:a',
      details: { before: ['b'], after: 'c', role_id: 'r' },
    }),
  ).toEqual(['person:p', 'department:a', 'department:b', 'department:c', 'role:r']);
});
