import type { TestCall } from '@qiao/platform/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renewSortNames } from '../../server/directory/name-columns.ts';
import { buildDepartment, buildGrant, buildPerson, openTestOrg, type TestOrg } from '../../testing/index.ts';

/** Its sort key holds it twice and its pinyin: pages go on after it all the same. */
const LONG = `牛${'庄'.repeat(40)}`;
/** As a Chinese reader looks for them: by pinyin, surnames read as surnames, Latin names of a letter among them. */
const ORDER = [
  '007号',
  '2号窗口',
  '安然',
  'Anna Berg',
  'anna berg',
  'Ánna Berg',
  'Émile Zola',
  '黎明',
  '李安',
  '李伟',
  '李伟',
  'Lian Smith',
  '林一',
  'Łukasz Nowak',
  '吕布',
  LONG,
  '欧文',
  '欧阳娜娜',
  '仇英',
  '单行',
  '王芳',
  '王五',
  '解晓东',
  '曾国藩',
  '张三',
];

let org: TestOrg;
let boss: TestCall;

beforeAll(async () => {
  org = await openTestOrg();
  const { db } = org;
  const company = await buildDepartment(db, '桥公司');
  let first: { id: string; localpart: string } | undefined;
  for (const name of [...ORDER].sort()) {
    const made = await buildPerson(db, name, { departments: [company] });
    first ??= made;
  }
  await buildGrant(db, { person_id: first!.id, role: 'main_admin' });
  boss = await org.host.as(org.userId(first!));
});
afterAll(() => org.close());

async function paged(call: TestCall, path: string, limit: number): Promise<{ id: string; name: string }[]> {
  const all: { id: string; name: string }[] = [];
  for (let after = ''; ;) {
    const { status, body, text } = await call(
      'GET',
      `${path}?limit=${String(limit)}${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`,
    );
    expect(status, text).toBe(200);
    for (const item of body.items as { id: string; display_name: string }[])
      all.push({ id: item.id, name: item.display_name });
    if (body.next === null) return all;
    after = String(body.next);
  }
}
const names = (list: readonly { name: string }[]): string[] => list.map(({ name }) => name);

test.each(['/api/org/people', '/api/org/directory/people'])(
  'people of %s come by pinyin, page by page, each once',
  async (path) => {
    const whole = await paged(boss, path, 200);
    expect(names(whole)).toEqual(ORDER);
    for (const limit of [1, 4, 7]) {
      const pages = await paged(boss, path, limit);
      expect(pages.map(({ id }) => id)).toEqual(whole.map(({ id }) => id));
    }
  },
);

test('who is renamed moves, and lists of before an upgrade are put in order when the host starts', async () => {
  const [zhang] = (await boss('GET', '/api/org/people?q=zhangsan')).body.items as {
    id: string;
    version: number;
  }[];
  const renamed = await boss('PATCH', `/api/org/people/${zhang!.id}`, {
    version: zhang!.version,
    display_name: '阿三',
  });
  expect(renamed.status, renamed.text).toBe(200);
  expect(names(await paged(boss, '/api/org/people', 5)).indexOf('阿三')).toBe(2);
  const back = await boss('PATCH', `/api/org/people/${zhang!.id}`, {
    version: renamed.body.version,
    display_name: '张三',
  });
  expect(back.status, back.text).toBe(200);

  await sql`update org.person set sort_name = lower(display_name), sort_rule = 0`.execute(org.db);
  expect(names(await paged(boss, '/api/org/people', 50))).not.toEqual(ORDER);
  await renewSortNames(org.db);
  expect(names(await paged(boss, '/api/org/people', 5))).toEqual(ORDER);
});
