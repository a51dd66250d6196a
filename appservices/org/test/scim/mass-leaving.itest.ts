import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestAnswer, TestCall } from '@qiao/platform/testing';
import type { SourcesAttention } from '../../contract/api.ts';
import { buildDepartment, buildGrant, buildPerson } from '../../testing/builders.ts';
import { openTestOrg, type TestOrg } from '../../testing/company.ts';
import { created, openClient, patchOf, unique, userOf } from './client.ts';

/* Safety first never becomes a mass leaving: many single calls stop for a person. */

let org: TestOrg;
let admin: TestCall;
beforeAll(async () => {
  org = await openTestOrg();
  const boss = await buildPerson(org.db, '管理员');
  await buildGrant(org.db, { person_id: boss.id, role: 'main_admin' });
  admin = await org.host.as(org.userId(boss));
});
afterAll(() => org.close());

const statusOf = async (id: string): Promise<string> =>
  (await org.db.selectFrom('org.person').select('status').where('id', '=', id).executeTakeFirstOrThrow())
    .status;
async function company(people: number, guard = 0.1) {
  const client = await openClient(org, admin, guard);
  const ids: string[] = [];
  for (let n = 0; n < people; n++) {
    ids.push(
      await created(
        client,
        '/Users',
        userOf(unique(`p${String(n)}`), { displayName: `Person ${String(n)}` }),
      ),
    );
  }
  const off = (id: string): Promise<TestAnswer> =>
    client('PATCH', `/Users/${id}`, patchOf({ op: 'replace', path: 'active', value: false }));
  const held = async (): Promise<{ items: { id: string }[]; as_of: string }> => {
    const answer = await admin('GET', `/api/org/sources/${client.source}/held`);
    expect(answer.status, answer.text).toBe(200);
    return answer.body as { items: { id: string }[]; as_of: string };
  };
  const attention = async () => {
    const answer = await admin('GET', '/api/org/sources/attention');
    expect(answer.status, answer.text).toBe(200);
    return (answer.body as SourcesAttention).held.find((one) => one.source.id === client.source);
  };
  const decide = (decision: 'let_go' | 'keep', as_of: string): Promise<TestAnswer> =>
    admin('POST', `/api/org/sources/${client.source}/held`, { decision, as_of });
  return { client, ids, off, held, attention, decide };
}

describe('a provider that lets everybody go', () => {
  test('is stopped after a few, told to come again, and an administrator confirms', async () => {
    const { client, ids, off, held, attention, decide } = await company(12);
    const answers: TestAnswer[] = [];
    for (const [n, id] of ids.entries()) {
      answers.push(n % 2 === 0 ? await off(id) : await client('DELETE', `/Users/${id}`));
    }
    expect(answers.map((answer) => answer.status)).toEqual([
      200,
      204,
      200,
      204,
      200,
      ...Array<number>(7).fill(503),
    ]);
    const refused = answers.at(-1);
    expect(Number(refused?.headers['retry-after'])).toBeGreaterThanOrEqual(60);
    expect(refused?.headers['content-type']).toContain('application/scim+json');
    expect(refused?.body).toMatchObject({
      status: '503',
      detail: expect.stringContaining('confirm') as unknown,
    });
    for (const id of ids.slice(5)) expect(await statusOf(id)).toBe('joining');
    expect(await attention()).toMatchObject({ people: 7 });
    // Asked again they are not counted twice.
    expect((await off(ids[6]!)).status).toBe(503);
    const list = await held();
    expect(list.items.map((one) => one.id).sort()).toEqual(ids.slice(5).sort());
    // Whoever is stopped can still be changed, and those who stay are not held up.
    expect(
      (await client('PATCH', `/Users/${ids[6]!}`, patchOf({ op: 'add', path: 'title', value: 'x' }))).status,
    ).toBe(200);

    const confirmed = await decide('let_go', list.as_of);
    expect(confirmed.body).toEqual({ people: 7 });
    for (const id of ids) expect(await statusOf(id)).toBe('suspended');
    expect(await attention()).toBeUndefined();
    // The provider comes again, as it was told to.
    expect((await off(ids[6]!)).status).toBe(200);
    expect((await client('DELETE', `/Users/${ids[7]!}`)).status).toBe(204);
    const { rows } = await sql<{ started_by: string; count: number }>`select started_by, count(*) as count
      from org.offboarding where person_id = any(${ids}::uuid[]) group by 1 order by 2`.execute(org.db);
    expect(rows.map((row) => row.count)).toEqual([5, 7]);
    expect(rows[1]?.started_by).toMatch(/^@/);
    const act = await sql<{ details: unknown }>`select details from platform.act
      where action = 'org.source.let_go' and subject = ${`source:${client.source}`}`.execute(org.db);
    expect(act.rows).toEqual([{ details: { name: client.source, people: 7 } }]);
  });

  test('is not believed where an administrator keeps them, or where it takes it back itself', async () => {
    const { client, ids, off, held, attention, decide } = await company(4);
    for (const id of ids) await off(id);
    expect((await held()).items).toHaveLength(3);
    const back = await client(
      'PATCH',
      `/Users/${ids[1]!}`,
      patchOf({ op: 'replace', path: 'active', value: 'True' }),
    );
    expect(back.status).toBe(200);
    const list = await held();
    expect(list.items).toHaveLength(2);
    expect((await decide('keep', list.as_of)).body).toEqual({ people: 2 });
    expect(await attention()).toBeUndefined();
    for (const id of ids.slice(1)) expect(await statusOf(id)).toBe('joining');
    // Asked again, a person is asked again.
    expect((await off(ids[2]!)).status).toBe(503);
    expect(await attention()).toMatchObject({ people: 1 });
  });

  test('nobody is let go whom the administrator has not seen', async () => {
    const { ids, off, held, decide } = await company(4);
    await off(ids[0]!);
    await off(ids[1]!);
    const list = await held();
    await off(ids[2]!);
    expect((await decide('let_go', list.as_of)).body).toEqual({ people: 1 });
    expect(await statusOf(ids[1]!)).toBe('suspended');
    expect(await statusOf(ids[2]!)).toBe('joining');
    expect((await decide('let_go', 'yesterday')).status).toBe(400);
  });

  test('single leavers go, day after day; what a person has confirmed does not count', async () => {
    const { client, ids, off, held, decide } = await company(6);
    expect((await off(ids[0]!)).status).toBe(200);
    expect((await off(ids[1]!)).status).toBe(200);
    expect((await off(ids[2]!)).status).toBe(503);
    expect((await decide('let_go', (await held()).as_of)).body).toEqual({ people: 1 });
    await sql`update org.offboarding set started_at = started_at - interval '25 hours'
      where person_id = any(${ids}::uuid[]) and started_by = ${`system:scim:${client.source}`}`.execute(
      org.db,
    );
    expect((await off(ids[3]!)).status).toBe(200);
    expect((await off(ids[4]!)).status).toBe(503);
  });
});

test('many at once are counted one after the other', async () => {
  const { ids, off } = await company(10);
  const answers = await Promise.all(ids.map((id) => off(id)));
  const went = answers.filter((answer) => answer.status === 200);
  expect(went).toHaveLength(4);
  expect(answers.filter((answer) => answer.status === 503)).toHaveLength(6);
});

test('only who may let people go over the company decides', async () => {
  const { client, ids, off } = await company(2);
  for (const id of ids) await off(id);
  const department = await buildDepartment(org.db, unique('Own'));
  const head = await buildPerson(org.db, 'Head', { departments: [department] });
  await buildGrant(org.db, { person_id: head.id, role: 'department_admin', department_id: department });
  const call = await org.host.as(org.userId(head));
  for (const [method, path, body] of [
    ['GET', '/held', undefined],
    ['POST', '/held', { decision: 'let_go', as_of: '2100-01-01T00:00:00Z' }],
    ['POST', '/held', { decision: 'keep', as_of: '2100-01-01T00:00:00Z' }],
    ['GET', '/untaken', undefined],
  ] as const) {
    expect([403, 404]).toContain(
      (await call(method, `/api/org/sources/${client.source}${path}`, body)).status,
    );
  }
  expect([403, 404]).toContain((await call('GET', '/api/org/sources/attention')).status);
  expect(await statusOf(ids[1]!)).toBe('joining');
});
