import type { TestAnswer, TestCall } from '@qiao/platform/testing';
import { waitFor } from '@qiao/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtinRoles } from '../../contract/index.ts';
import { changesRepository } from '../../server/changes.repository.ts';
import {
  buildDepartment,
  buildGrant,
  buildPerson,
  buildRole,
  openTestOrg,
  type TestOrg,
} from '../../testing/index.ts';

let org: TestOrg;
let main: TestCall;
let admin: TestCall;
const d: Record<string, string> = {};
const p: Record<string, { id: string; localpart: string }> = {};
const roles: Record<string, string> = {};
const as = (name: string): Promise<TestCall> => org.host.as(org.userId(p[name]!));

beforeAll(async () => {
  org = await openTestOrg();
  const { db } = org;
  d.root = await buildDepartment(db, '公司');
  d.a = await buildDepartment(db, 'A', { parent_id: d.root });
  d.a1 = await buildDepartment(db, 'A1', { parent_id: d.a });
  d.b = await buildDepartment(db, 'B', { parent_id: d.root });
  p.main = await buildPerson(db, 'Main', { departments: [d.root] });
  p.admin = await buildPerson(db, 'Admin A', { departments: [d.a] });
  p.ann = await buildPerson(db, 'Ann', { departments: [d.a1] });
  p.ben = await buildPerson(db, 'Ben', { departments: [d.b] });
  p.gone = await buildPerson(db, 'Gone', { departments: [d.a1], status: 'suspended' });
  await buildGrant(db, { person_id: p.main.id, role: 'main_admin' });
  await buildGrant(db, { person_id: p.admin.id, role: 'department_admin', department_id: d.a });
  roles.reader = await buildRole(db, 'Reader', ['org.person.read']);
  roles.importer = await buildRole(db, 'Importer', ['org.import.run', 'org.person.read']);
  for (const builtin of ['main_admin', 'department_admin', 'member']) {
    const row = await db
      .selectFrom('org.role')
      .select('id')
      .where('builtin', '=', builtin)
      .executeTakeFirstOrThrow();
    roles[builtin] = row.id;
  }
  main = await as('main');
  admin = await as('admin');
});
afterAll(() => org.close());

const grant = (call: TestCall, person: string, role: string, department: string | null, more: object = {}) =>
  call('POST', '/api/org/grants', {
    person_id: p[person]!.id,
    role_id: roles[role],
    department_id: department === null ? null : d[department],
    ...more,
  });

/** Sends a request while the directory is locked, withdraws a right as soon as it waits there, and lets it go on. */
async function withdrawnBetween(held: string, request: () => Promise<TestAnswer>): Promise<TestAnswer> {
  const [answer] = await org.db.transaction().execute(async (trx) => {
    await changesRepository.lock(trx);
    const sent = request();
    await waitFor(
      async () => {
        const { rows } = await sql`select 1 from pg_locks l join pg_database d on d.oid = l.database
          where l.locktype = 'advisory' and not l.granted and d.datname = current_database()`.execute(trx);
        return rows.length > 0;
      },
      { what: 'the request to wait for the directory', timeout: 30_000 },
    );
    await trx.deleteFrom('org.role_grant').where('id', '=', held).execute();
    // The answer comes after the commit.
    return [sent] as const;
  });
  return answer;
}

describe('roles', () => {
  test('are listed in the reader’s language', async () => {
    const zh = await main('GET', '/api/org/roles', undefined, { 'accept-language': 'zh-CN' });
    expect(zh.body.items.slice(0, 3).map((role: { name: string }) => role.name)).toEqual([
      '主管理员',
      '部门管理员',
      '普通成员',
    ]);
    expect(zh.body.items[0]).toMatchObject({ builtin: 'main_admin', grant_count: 1 });
  });

  test('a department admin sees those within reach, with the own numbers', async () => {
    const { body } = await admin('GET', '/api/org/roles');
    expect(body.items.map((role: { id: string }) => role.id).sort()).toEqual(
      [roles.department_admin, roles.member, roles.reader].sort(),
    );
  });

  test('are made, changed with a version, and removed when nobody holds them', async () => {
    const made = await main('POST', '/api/org/roles', {
      name: ' HR\u202e ',
      permissions: ['org.person.edit', 'org.person.read', 'org.person.read'],
    });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'HR', permissions: ['org.person.edit', 'org.person.read'], builtin: null },
    });
    const { id, version } = made.body;
    expect((await main('POST', '/api/org/roles', { name: 'hr', permissions: [] })).body.error.code).toBe(
      'org.role_name_taken',
    );
    expect((await main('POST', '/api/org/roles', { name: '主管理员', permissions: [] })).status).toBe(409);
    expect((await main('POST', '/api/org/roles', { name: 'X', permissions: ['org.no.such'] })).status).toBe(
      400,
    );
    const changed = await main('PATCH', `/api/org/roles/${id}`, { version, name: '人事' });
    expect(changed.body).toMatchObject({ name: '人事', version: (version as number) + 1 });
    expect((await main('PATCH', `/api/org/roles/${id}`, { version, name: 'Y' })).status).toBe(412);

    roles.hr = id;
    const given = await grant(main, 'ben', 'hr', 'b');
    expect(given.status).toBe(201);
    const inUse = await main('DELETE', `/api/org/roles/${id}`);
    expect(inUse.body.error.code).toBe('org.role_in_use');
    expect((await main('DELETE', `/api/org/grants/${given.body.id}`)).status).toBe(204);
    expect((await main('DELETE', `/api/org/roles/${id}`)).status).toBe(204);
    expect((await main('DELETE', `/api/org/roles/${id}`)).status).toBe(404);
  });

  test('built-in ones cannot be changed', async () => {
    for (const builtin of ['main_admin', 'department_admin', 'member']) {
      const patch = await main('PATCH', `/api/org/roles/${roles[builtin]}`, { version: 1, permissions: [] });
      expect(patch.body.error.code).toBe('org.role_builtin');
      expect((await main('DELETE', `/api/org/roles/${roles[builtin]}`)).body.error.code).toBe(
        'org.role_builtin',
      );
    }
  });

  test('who may edit roles cannot put more into one than they hold', async () => {
    const { db } = org;
    p.editor = await buildPerson(db, 'Editor', { departments: [d.a!] });
    roles.editor = await buildRole(db, 'Role editor', ['org.role.edit', 'org.role.read', 'org.role.grant']);
    await buildGrant(db, { person_id: p.editor.id, role: 'Role editor' });
    const editor = await as('editor');
    const own = await editor('PATCH', `/api/org/roles/${roles.editor}`, {
      version: 1,
      permissions: [...builtinRoles.main_admin],
    });
    expect(own.body.error.code).toBe('org.cannot_grant_more_than_held');
    const other = await editor('PATCH', `/api/org/roles/${roles.importer}`, { version: 1, permissions: [] });
    expect(other.body.error.code).toBe('org.cannot_grant_more_than_held');
    expect((await editor('DELETE', `/api/org/roles/${roles.importer}`)).status).toBe(403);
    const made = await editor('POST', '/api/org/roles', { name: 'All', permissions: ['org.person.edit'] });
    expect(made.body.error.code).toBe('org.cannot_grant_more_than_held');
  });
});

describe('grants', () => {
  test('begin and end at the next request', async () => {
    const ann = await as('ann');
    expect((await ann('GET', '/api/org/people')).status).toBe(403);
    const given = await grant(admin, 'ann', 'reader', 'a1');
    expect(given).toMatchObject({
      status: 201,
      body: { department: { id: d.a1 }, role: { name: 'Reader' }, granted_by: org.userId(p.admin!) },
    });
    expect((await ann('GET', '/api/org/people')).body.total).toBe(2);
    expect((await admin('DELETE', `/api/org/grants/${given.body.id}`)).status).toBe(204);
    expect((await ann('GET', '/api/org/people')).status).toBe(403);
  });

  test('end by themselves, and can be given anew', async () => {
    const { db } = org;
    const id = await buildGrant(db, {
      person_id: p.ann!.id,
      role: 'Reader',
      department_id: d.a!,
      ends_at: new Date(Date.now() + 3_600_000),
    });
    const ann = await as('ann');
    expect((await ann('GET', '/api/org/people')).status).toBe(200);
    await db
      .updateTable('org.role_grant')
      .set({ ends_at: new Date(Date.now() - 1) })
      .where('id', '=', id)
      .execute();
    expect((await ann('GET', '/api/org/people')).status).toBe(403);
    expect((await main('GET', `/api/org/grants?person_id=${p.ann!.id}`)).body.items).toEqual([]);
    const again = await grant(admin, 'ann', 'reader', 'a');
    expect(again.status).toBe(201);
    expect((await grant(admin, 'ann', 'reader', 'a')).status).toBe(409);
    await admin('DELETE', `/api/org/grants/${again.body.id}`);
  });

  test('end with the person and with the department', async () => {
    const { db } = org;
    const x = await buildDepartment(db, 'X', { parent_id: d.a! });
    d.x = x;
    const one = await buildPerson(db, 'One', { departments: [d.a!] });
    await buildGrant(db, { person_id: one.id, role: 'department_admin', department_id: x });
    const call = await org.host.as(org.userId(one));
    expect((await call('GET', '/api/org/departments')).body.items).toHaveLength(1);
    await db.updateTable('org.department').set({ state: 'dissolved' }).where('id', '=', x).execute();
    expect((await call('GET', '/api/org/departments')).status).toBe(403);
    await db.updateTable('org.department').set({ state: 'active' }).where('id', '=', x).execute();
    await db.updateTable('org.person').set({ status: 'suspended' }).where('id', '=', one.id).execute();
    expect((await call('GET', '/api/org/departments')).status).toBe(403);
    expect((await call('GET', '/api/org/me')).body.permissions).toEqual({});
  });

  test.each([
    ['another subtree', 'ann', 'reader', 'b', 404],
    ['the company', 'ann', 'reader', null, 404],
    ['above the own subtree', 'ann', 'reader', 'root', 404],
    ['somebody of another subtree', 'ben', 'reader', 'a1', 404],
    ['a role that holds more', 'ann', 'importer', 'a1', 403],
    ['main administrator', 'ann', 'main_admin', 'a1', 403],
    ['main administrator over the company', 'admin', 'main_admin', null, 404],
    ['a suspended person', 'gone', 'reader', 'a1', 409],
    ['member, which everybody is', 'ann', 'member', 'a1', 400],
  ] as const)('a department admin does not give: %s', async (_what, person, role, department, status) => {
    const answer = await grant(admin, person, role, department);
    expect(answer.status).toBe(status);
    expect(
      (await main('GET', `/api/org/grants?person_id=${p[person]!.id}&role_id=${roles[role]}`)).body.items,
    ).toEqual([]);
  });

  test('never for longer than the giver’s own', async () => {
    const { db } = org;
    const ends = new Date(Date.now() + 86_400_000);
    p.temp = await buildPerson(db, 'Temp', { departments: [d.a!] });
    await buildGrant(db, {
      person_id: p.temp.id,
      role: 'department_admin',
      department_id: d.a!,
      ends_at: ends,
    });
    const temp = await as('temp');
    expect((await grant(temp, 'temp', 'department_admin', 'a1')).status).toBe(403);
    const later = new Date(ends.getTime() + 1).toISOString();
    expect((await grant(temp, 'ann', 'reader', 'a1', { ends_at: later })).status).toBe(403);
    const within = await grant(temp, 'ann', 'reader', 'a1', { ends_at: ends.toISOString() });
    expect(within.status).toBe(201);
    await main('DELETE', `/api/org/grants/${within.body.id}`);
  });

  test('main administrator is the company’s, member is everybody’s', async () => {
    expect((await grant(main, 'ann', 'main_admin', 'a')).body.error.code).toBe('org.grant_not_valid');
    expect((await grant(main, 'ann', 'member', null)).body.error.code).toBe('org.grant_not_valid');
    const past = { ends_at: '2020-01-01T00:00:00Z' };
    expect((await grant(main, 'ann', 'reader', 'a', past)).body.error.code).toBe('org.grant_not_valid');
    expect((await grant(main, 'ann', 'reader', 'a', { ends_at: 'soon' })).status).toBe(400);
  });

  test('a list is paged, and limited to the reach', async () => {
    const all = await main('GET', '/api/org/grants?limit=200');
    const seen: string[] = [];
    let after: string | null = '';
    while (after !== null) {
      const { body } = await main('GET', `/api/org/grants?limit=1${after ? `&after=${after}` : ''}`);
      seen.push(...body.items.map((item: { id: string }) => item.id));
      after = body.next;
    }
    expect(seen).toEqual(all.body.items.map((item: { id: string }) => item.id));
    const mine = await admin('GET', '/api/org/grants?limit=200');
    expect(mine.body.items.length).toBeGreaterThan(0);
    for (const item of mine.body.items) expect([d.a, d.a1, d.x]).toContain(item.department?.id);
    expect((await admin('GET', `/api/org/grants?person_id=${p.main!.id}`)).body.items).toEqual([]);
  });

  test('judge anew by what is held when their turn has come', async () => {
    const { db } = org;
    p.fading = await buildPerson(db, 'Fading', { departments: [d.a!] });
    const fading = await as('fading');
    const right = (role: string, department_id: string | null): Promise<string> =>
      buildGrant(db, { person_id: p.fading!.id, role, department_id });
    const admin = (): Promise<string> => right('department_admin', d.a!);

    const given = await withdrawnBetween(await admin(), () => grant(fading, 'ann', 'reader', 'a1'));
    expect(given.status).toBe(404);
    expect((await main('GET', `/api/org/grants?person_id=${p.ann!.id}`)).body.items).toEqual([]);

    const { id } = (await grant(main, 'ann', 'reader', 'a1')).body;
    const taken = await withdrawnBetween(await admin(), () => fading('DELETE', `/api/org/grants/${id}`));
    expect(taken.status).toBe(404);
    expect((await main('GET', `/api/org/grants?person_id=${p.ann!.id}`)).body.items).toHaveLength(1);
    expect((await main('DELETE', `/api/org/grants/${id}`)).status).toBe(204);

    const made = await main('POST', '/api/org/roles', { name: 'Fading', permissions: ['org.role.read'] });
    const path = `/api/org/roles/${made.body.id}`;
    for (const request of [
      () => fading('POST', '/api/org/roles', { name: 'Faded', permissions: [] }),
      () => fading('PATCH', path, { version: 1, name: 'Faded' }),
      () => fading('DELETE', path),
    ]) {
      expect((await withdrawnBetween(await right('Role editor', null), request)).status).toBe(403);
    }
    const { items } = (await main('GET', '/api/org/roles')).body;
    expect(items).toContainEqual(expect.objectContaining({ id: made.body.id, name: 'Fading' }));
    expect((await main('DELETE', path)).status).toBe(204);
  });

  test('the last main administrator stays', async () => {
    const [own] = (await main('GET', `/api/org/grants?person_id=${p.main!.id}`)).body.items;
    const removed = await main('DELETE', `/api/org/grants/${own.id}`);
    expect(removed.body.error.code).toBe('org.last_main_admin');
    // One with an end is none to rely on.
    const temporary = await grant(main, 'ann', 'main_admin', null, {
      ends_at: new Date(Date.now() + 86_400_000).toISOString(),
    });
    expect(temporary.status).toBe(201);
    expect((await main('DELETE', `/api/org/grants/${own.id}`)).status).toBe(409);
    expect((await main('DELETE', `/api/org/grants/${temporary.body.id}`)).status).toBe(204);
  });

  test('two main administrators cannot remove each other at once', async () => {
    const second = await grant(main, 'ben', 'main_admin', null);
    expect(second.status).toBe(201);
    const ben = await as('ben');
    const [own] = (await main('GET', `/api/org/grants?person_id=${p.main!.id}`)).body.items;
    const answers = await Promise.all([
      ben('DELETE', `/api/org/grants/${own.id}`),
      main('DELETE', `/api/org/grants/${second.body.id}`),
    ]);
    const left = await org.db
      .selectFrom('org.role_grant')
      .select('person_id')
      .where('role_id', '=', roles.main_admin!)
      .execute();
    expect(left).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 204)).toHaveLength(1);
  });
});
