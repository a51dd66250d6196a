import type { TestAnswer, TestCall } from '@qiao/platform/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  buildDepartment,
  buildGrant,
  buildPerson,
  buildRole,
  openTestOrg,
  type TestOrg,
} from '../../testing/index.ts';

/*
 * Several steps, each of which may be allowed, that together must not lead out of the own subtree. One department
 * admin of A, an ordinary company around it; every story begins anew.
 */

let org: TestOrg;
let main: TestCall;
let admin: TestCall;
let id: Record<string, string>;
let number = 0;

beforeAll(async () => {
  org = await openTestOrg();
});
afterAll(() => org.close());

beforeEach(async () => {
  const { db } = org;
  const n = String(++number);
  id = {};
  id.root = await buildDepartment(db, `公司 ${n}`);
  id.a = await buildDepartment(db, 'A', { parent_id: id.root });
  id.a1 = await buildDepartment(db, 'A1', { parent_id: id.a });
  id.a2 = await buildDepartment(db, 'A2', { parent_id: id.a });
  id.b = await buildDepartment(db, 'B', { parent_id: id.root });
  const mainPerson = await buildPerson(db, 'Main', { departments: [id.root] });
  const adminPerson = await buildPerson(db, 'Admin', { departments: [id.a] });
  const ann = await buildPerson(db, 'Ann', { departments: [id.a1], manager_id: adminPerson.id });
  const bob = await buildPerson(db, 'Bob', { departments: [id.b] });
  Object.assign(id, { main: mainPerson.id, admin: adminPerson.id, ann: ann.id, bob: bob.id });
  await buildGrant(db, { person_id: mainPerson.id, role: 'main_admin' });
  await buildGrant(db, { person_id: adminPerson.id, role: 'department_admin', department_id: id.a });
  main = await org.host.as(org.userId(mainPerson));
  admin = await org.host.as(org.userId(adminPerson));
});

const version = async (call: TestCall, path: string): Promise<number> =>
  (await call('GET', `/api/org/${path}`)).body.version as number;
const patchPerson = async (call: TestCall, person: string, body: object): Promise<TestAnswer> =>
  call('PATCH', `/api/org/people/${person}`, { version: await version(main, `people/${person}`), ...body });
const names = async (call: TestCall): Promise<string[]> =>
  (await call('GET', '/api/org/people?limit=200')).body.items.map(
    (item: { display_name: string }) => item.display_name,
  );

describe('stories', () => {
  test('a department that is moved away takes the reach with it', async () => {
    expect(await names(admin)).toEqual(['Admin', 'Ann']);
    const list = (await main('GET', '/api/org/departments')).body.items as { id: string; version: number }[];
    const a1 = list.find((item) => item.id === id.a1)!;
    const moved = await main('PATCH', `/api/org/departments/${id.a1}`, {
      version: a1.version,
      parent_id: id.b,
    });
    expect(moved.status).toBe(200);
    expect(await names(admin)).toEqual(['Admin']);
    expect((await patchPerson(admin, id.ann!, { title: 'x' })).status).toBe(404);
    expect((await admin('POST', `/api/org/people/${id.ann}/activation`)).status).toBe(404);
  });

  test('a person who is moved away is gone, and comes back only by who has them', async () => {
    await patchPerson(main, id.ann!, { departments: [{ department_id: id.b }] });
    expect((await admin('GET', `/api/org/people/${id.ann}`)).status).toBe(404);
    expect((await patchPerson(admin, id.ann!, { departments: [{ department_id: id.a1 }] })).status).toBe(404);
  });

  test('history does not keep a leaver of another subtree in reach', async () => {
    // Ann was in A1 until she moved to B, and leaves from there.
    await patchPerson(main, id.ann!, { departments: [{ department_id: id.b }] });
    await org.db
      .updateTable('org.membership')
      .set({ since: '2019-01-01', until: '2020-01-01' })
      .where('person_id', '=', id.ann!)
      .where('until', 'is not', null)
      .execute();
    expect((await main('POST', `/api/org/people/${id.ann}/offboarding`, {})).status).toBe(201);
    expect((await admin('GET', `/api/org/people/${id.ann}`)).status).toBe(404);
    expect((await admin('GET', '/api/org/offboardings')).body.items).toEqual([]);
  });

  test('somebody who gets rights elsewhere is out of hand at once', async () => {
    expect((await patchPerson(admin, id.ann!, { title: 'Before' })).status).toBe(200);
    await buildGrant(org.db, { person_id: id.ann!, role: 'department_admin', department_id: id.b! });
    expect((await patchPerson(admin, id.ann!, { title: 'After' })).status).toBe(403);
    expect((await admin('POST', `/api/org/people/${id.ann}/activation`)).status).toBe(403);
    expect((await admin('POST', `/api/org/people/${id.ann}/offboarding`, {})).status).toBe(403);
    expect((await patchPerson(admin, id.ann!, { departments: [{ department_id: id.a2 }] })).status).toBe(403);
    expect((await admin('GET', `/api/org/people/${id.ann}`)).body.editable).toBe(false);
  });

  test('a grant to a confederate goes no further than one’s own, and falls with nothing to widen it', async () => {
    const { db } = org;
    const [role] = await db
      .selectFrom('org.role')
      .select('id')
      .where('builtin', '=', 'department_admin')
      .execute();
    const given = await admin('POST', '/api/org/grants', {
      person_id: id.ann,
      role_id: role!.id,
      department_id: id.a,
    });
    expect(given.status).toBe(201);
    const row = await db
      .selectFrom('org.person')
      .select('localpart')
      .where('id', '=', id.ann!)
      .executeTakeFirstOrThrow();
    const ann = await org.host.as(org.userId(row));
    expect(await names(ann)).toEqual(['Admin', 'Ann']);
    for (const department_id of [id.b, id.root, null]) {
      const more = await ann('POST', '/api/org/grants', {
        person_id: id.admin,
        role_id: role!.id,
        department_id,
      });
      expect(more.status).toBe(404);
    }
  });

  test('heading the own department, or managing the company’s head, gives no rights', async () => {
    const list = (await admin('GET', '/api/org/departments')).body.items as { id: string; version: number }[];
    const a = list.find((item) => item.id === id.a)!;
    const headed = await admin('PATCH', `/api/org/departments/${id.a}`, {
      version: a.version,
      head_ids: [id.admin],
    });
    expect(headed.status).toBe(200);
    expect((await patchPerson(admin, id.main!, { manager_id: id.admin })).status).toBe(404);
    const me = await admin('GET', '/api/org/me');
    expect(me.body.permissions['org.person.edit']).toEqual({ company: false, departments: [id.a] });
  });

  test('a refusal names nobody the actor does not see', async () => {
    const { db } = org;
    const hide = {
      viewer: { departments: [id.a] },
      target: { departments: [id.b] },
      can_see: false,
      can_contact: false,
    };
    expect((await main('PUT', '/api/org/visibility', { items: [hide] })).status).toBe(200);
    const carl = await buildPerson(db, 'Carl', { departments: [id.root!], manager_id: id.bob! });
    expect((await patchPerson(main, id.bob!, { manager_id: id.ann })).status).toBe(200);
    expect((await patchPerson(admin, id.ann!, { manager_id: id.bob })).status).toBe(404);
    const cycle = await patchPerson(admin, id.ann!, { manager_id: carl.id });
    expect(cycle.body.error.code).toBe('org.would_make_cycle');
    expect(cycle.text).not.toContain('Bob');
    expect(cycle.text).not.toContain(id.bob);
    const told = await patchPerson(main, id.ann!, { manager_id: carl.id });
    expect(told.body.error.details.names).toContain('Bob');
    // Nor does the list of what a leaver leaves behind.
    const started = await admin('POST', `/api/org/people/${id.ann}/offboarding`, {});
    expect(started.status).toBe(201);
    expect(started.body.items).toHaveLength(1);
    expect(started.text).not.toContain('Bob');
    const detail = await admin('GET', `/api/org/offboardings/${started.body.id}`);
    expect(detail.text).not.toContain('Bob');
    expect((await main('GET', `/api/org/offboardings/${started.body.id}`)).text).toContain('Bob');
    await main('PUT', '/api/org/visibility', { items: [] });
  });

  test('merging everything of one’s own into one department leaves the reach as it was', async () => {
    const merged = await admin('POST', `/api/org/departments/${id.a2}/merge`, { into_id: id.a1 });
    expect(merged.status).toBe(200);
    expect((await admin('POST', `/api/org/departments/${id.a1}/merge`, { into_id: id.a })).status).toBe(200);
    expect(await names(admin)).toEqual(['Admin', 'Ann']);
    expect((await admin('GET', `/api/org/people/${id.bob}`)).status).toBe(404);
  });

  test('a role that holds only to read does not change, and to edit does not let go', async () => {
    const { db } = org;
    const roleName = `Editor ${String(number)}`;
    await buildRole(db, roleName, ['org.person.read', 'org.person.edit']);
    const editor = await buildPerson(db, 'Editor', { departments: [id.root!] });
    await buildGrant(db, { person_id: editor.id, role: roleName, department_id: id.a! });
    const call = await org.host.as(org.userId(editor));
    expect((await patchPerson(call, id.ann!, { title: 'x' })).status).toBe(200);
    expect((await patchPerson(call, id.ann!, { ends_on: '2020-01-01' })).status).toBe(403);
    expect((await call('POST', `/api/org/people/${id.ann}/offboarding`, {})).status).toBe(403);
    expect((await call('GET', '/api/org/departments')).status).toBe(403);
    expect((await patchPerson(call, id.admin!, { title: 'x' })).status).toBe(403);
  });

  test('a leaver’s session, and a closed department’s admin, do nothing', async () => {
    const { db } = org;
    const started = await main('POST', `/api/org/people/${id.admin}/offboarding`, {});
    expect(started.status).toBe(201);
    const before = await db.selectFrom('org.person').selectAll().where('id', '=', id.ann!).execute();
    for (const [method, url, body] of [
      ['GET', '/api/org/people', undefined],
      ['GET', '/api/org/directory/people', undefined],
      ['PATCH', `/api/org/people/${id.ann}`, { version: 1, title: 'x' }],
      ['POST', `/api/org/offboardings/${started.body.id}/undo`, undefined],
    ] as const) {
      expect([403, 404]).toContain((await admin(method, url, body)).status);
    }
    expect(await db.selectFrom('org.person').selectAll().where('id', '=', id.ann!).execute()).toEqual(before);
  });

  test('two movers at once: the department goes, and nobody is moved into it from outside the reach', async () => {
    // Main takes A1 to B while A's admin puts somebody into A1: whoever comes second sees the first's work.
    const list = (await main('GET', '/api/org/departments')).body.items as { id: string; version: number }[];
    const a1 = list.find((item) => item.id === id.a1)!;
    const joiner = { display_name: 'Joiner', departments: [{ department_id: id.a1 }] };
    const [moved, joined] = await Promise.all([
      main('PATCH', `/api/org/departments/${id.a1}`, { version: a1.version, parent_id: id.b }),
      admin('POST', '/api/org/people', joiner),
    ]);
    expect(moved.status).toBe(200);
    expect([201, 404]).toContain(joined.status);
    const acts = await org.db
      .withSchema('platform')
      .selectFrom('act' as never)
      .select(['id', 'action'] as never[])
      .orderBy('id' as never, 'desc')
      .limit(2)
      .execute();
    // If the joiner came in, that was before the move.
    const actions = (acts as { action: string }[]).map((act) => act.action);
    expect(actions[0]).toBe('org.department.move');
    expect((await admin('POST', '/api/org/people', joiner)).status).toBe(404);
  });
});
