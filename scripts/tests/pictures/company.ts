import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  activate,
  activateAndSignIn,
  buildPages,
  callApi,
  firstAdmin,
  inStep,
  login,
  PASSWORD,
  runHost,
  startTestStack,
  uploadKeys,
  type RunningTestStack,
} from '@qiao/testkit';

/* A company whose names are as long as names are: what has room for 张伟 has it for them as well. */

export const RESEARCH = '研发部';
/** Longer than any column. */
export const LONG_DEPARTMENT = '产品与用户体验设计研究中心（上海浦东新区张江园区）';
export const GERMAN_DEPARTMENT = 'Finanzbuchhaltung und Unternehmensplanung Donauschifffahrt';
export const GERMAN = 'Maximiliane Freifrau von Schönborn-Wölffersdorff';
export const UIGHUR = '阿依古丽·买买提江·阿不都热合曼';

const CSV = `employee_id,display_name,title,email,department,manager,localpart
1,张伟,总经理,zhangwei@example.org,总经办,,zhangwei
2,李娜,高级用户体验设计工程师,lina@example.org,${RESEARCH},1,lina
3,王芳,测试工程师,wangfang@example.org,${RESEARCH},2,wangfang
4,欧阳修远,研发经理,ouyang@example.org,${RESEARCH},1,ouyang
5,${UIGHUR},资深自然语言处理与知识图谱算法专家,ayguli@example.org,${RESEARCH}/${LONG_DEPARTMENT},4,ayguli
6,${GERMAN},Leiterin der Abteilung Konzernrechnungswesen und Beteiligungscontrolling,maximiliane.freifrau.von.schoenborn@example.org,${GERMAN_DEPARTMENT},1,maximiliane
7,陈静,会计,chenjing@example.org,${GERMAN_DEPARTMENT},6,chenjing
8,刘洋,销售经理,liuyang@example.org,销售部/华东区,1,liuyang
9,赵敏,销售代表,zhaomin@example.org,销售部/华东区,8,zhaomin
10,孙磊,销售代表,sunlei@example.org,销售部/华南区,8,sunlei
101,周永福,夜班保安,,销售部/华南区,8,zhouyongfu
`;

/** A person of the company. */
export interface Person {
  readonly id: string;
  readonly user_id: string;
  readonly display_name: string;
}

/** The company on a stack of its own. Three have activated: 张伟, who is the main administrator, 李娜 and 王芳. */
export interface Company {
  readonly own: RunningTestStack;
  readonly people: ReadonlyMap<string, Person>;
  /** Calls our interfaces as the main administrator. @throws Error when it is refused */
  readonly api: <T>(method: string, path: string, body?: unknown) => Promise<T>;
  readonly close: () => Promise<void>;
}

/** Starts a stack, imports the company and waits until its accounts and rooms are there. */
export async function startCompany(): Promise<Company> {
  await buildPages();
  const own = await startTestStack({ parts: ['postgres', 'synapse', 'host', 'gateway'] });
  const file = join(own.info.varDir, 'people.csv');
  await writeFile(file, CSV);
  await runHost(own.info, 'org', 'import', file, '--apply');
  const first = await firstAdmin(own.info, '--localpart', 'zhangwei');
  const { session } = await activateAndSignIn(own.info, first.link);
  const api: Company['api'] = (method, path, body) => callApi(own.info, method, path, body, session);
  await inStep(api);
  const { items } = await api<{ items: Person[] }>('GET', '/api/org/people?limit=50');
  const people = new Map(items.map((person) => [person.display_name, person]));
  for (const name of ['李娜', '王芳']) {
    const person = people.get(name);
    if (!person) throw new Error(`${name} is not there`);
    const { link } = await api<{ link: string }>('POST', `/api/org/people/${person.id}/activation`, {});
    await activate(own.info, link);
    await uploadKeys(await login(own.info.homeserverUrl, person.user_id, PASSWORD));
  }
  return { own, people, api, close: () => own.stop() };
}
