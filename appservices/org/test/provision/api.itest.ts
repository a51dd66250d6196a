import { randomUUID } from 'node:crypto';
import type { TestCall, TestHost } from '@qiao/platform/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrgDb } from '../../server/tables.ts';
import { openTestOrg, type TestOrg } from '../../testing/index.ts';

/** The endpoints without a homeserver: what they answer does not depend on it. */
describe('the provisioning API', () => {
  let opened: TestOrg;
  let host: TestHost;
  let db: OrgDb;
  let admin: TestCall;
  let member: TestCall;
  let stranger: TestCall;
  const someone = randomUUID();

  beforeAll(async () => {
    opened = await openTestOrg();
    ({ host, db } = opened);
    const add = async (localpart: string, role: string): Promise<void> => {
      const id = randomUUID();
      await sql`insert into org.person (id, localpart, display_name, status)
        values (${id}, ${localpart}, ${localpart}, 'active')`.execute(db);
      await sql`insert into org.role_grant (id, person_id, role_id, granted_by)
        select ${randomUUID()}, ${id}, r.id, 'test' from org.role r where r.builtin = ${role}`.execute(db);
    };
    await add('boss', 'main_admin');
    await add('worker', 'member');
    await sql`insert into org.person (id, localpart, display_name) values (${someone}, 'wang', '王')`.execute(
      db,
    );
    await sql`insert into org.provision_problem (subject, kind, code, detail)
      values (${`person:${someone}`}, 'account', 'account_exists', 'Wang'), ('member:!r:x', 'member', 'refused', 'no')`.execute(
      db,
    );
    await sql`insert into org.drift (kind, subject, detail)
      values ('account_state', 'person:x', '{"user_id":"@x:qiao.test","actual":"locked","expected":"created"}'),
        ('name_changed', 'person:wang', '{"user_id":"@wang:qiao.test"}')`.execute(db);
    admin = await host.as('@boss:qiao.test');
    member = await host.as('@worker:qiao.test');
    stranger = await host.as('@boss:elsewhere.test');
  });
  afterAll(async () => {
    await opened.close();
  });

  const endpoints: [Parameters<TestCall>[0], string, object?][] = [
    ['GET', '/provisioning'],
    ['PUT', '/provisioning', { enabled: true }],
    ['POST', '/provisioning/reconcile'],
    ['GET', '/provisioning/problems'],
    ['POST', '/provisioning/problems/resolve', { subject: 'member:!r:x', action: 'retry' }],
    ['GET', '/provisioning/drift'],
  ];

  it.each(endpoints)('%s %s is for those who run the installation', async (method, path, body) => {
    expect((await host.call(method, `/api/org${path}`, body)).status).toBe(401);
    expect((await member(method, `/api/org${path}`, body)).status).toBe(404);
    expect((await stranger(method, `/api/org${path}`, body)).status).toBe(404);
  });

  it('tells how far it is', async () => {
    const answer = await admin('GET', '/api/org/provisioning');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      enabled: true,
      running: false,
      problems: 2,
      pending: { accounts: 3, spaces: 1, rooms: 0 },
    });
  });

  it('stops and goes on, and writes down who did it', async () => {
    expect((await admin('PUT', '/api/org/provisioning', { enabled: 'no' })).status).toBe(400);
    expect((await admin('PUT', '/api/org/provisioning', { enabled: false })).body).toMatchObject({
      enabled: false,
    });
    expect((await admin('PUT', '/api/org/provisioning', { enabled: true })).body).toMatchObject({
      enabled: true,
    });
    const { rows } = await sql<{ action: string; actor: string }>`select action, actor from platform.act
      where action like 'org.provisioning.%' order by id`.execute(db);
    expect(rows).toEqual([
      { action: 'org.provisioning.stop', actor: '@boss:qiao.test' },
      { action: 'org.provisioning.resume', actor: '@boss:qiao.test' },
    ]);
  });

  it('has one language for what many read, or both, and each person’s own', async () => {
    expect((await admin('GET', '/api/org/provisioning')).body).toMatchObject({ language: null });
    expect((await admin('PUT', '/api/org/provisioning', { language: 'fr' })).status).toBe(400);
    expect((await admin('PUT', '/api/org/provisioning', { language: 'en' })).body).toMatchObject({
      language: 'en',
      enabled: true,
    });
    expect((await admin('PUT', '/api/org/provisioning', { language: null })).body).toMatchObject({
      language: null,
    });
    expect((await member('GET', '/api/org/me')).body).toMatchObject({ language: null });
    expect((await member('PUT', '/api/org/me/language', { language: 'fr' })).status).toBe(400);
    expect((await member('PUT', '/api/org/me/language', { language: 'en' })).status).toBe(204);
    expect((await member('GET', '/api/org/me')).body).toMatchObject({ language: 'en' });
    expect((await stranger('PUT', '/api/org/me/language', { language: 'en' })).status).toBe(403);
  });

  it('lists problems and drift in the reader’s language, page by page', async () => {
    const zh = { 'accept-language': 'zh-CN' };
    const first = await admin('GET', '/api/org/provisioning/problems?limit=1', undefined, zh);
    expect(first.body.items).toHaveLength(1);
    const rest = await admin(
      'GET',
      `/api/org/provisioning/problems?limit=5&after=${encodeURIComponent(String(first.body.next))}`,
      undefined,
      zh,
    );
    expect(rest.body).toMatchObject({
      next: null,
      items: [{ code: 'account_exists', message: expect.stringContaining('已有同名账号（Wang）') }],
    });
    const drift = await admin('GET', '/api/org/provisioning/drift', undefined, zh);
    // People of the directory by their names; newest first.
    expect(drift.body.items[0].message).toContain('王');
    expect(drift.body.items[0].message).not.toContain('@wang');
    expect(drift.body.items[1].message).toBe('账号 @x:qiao.test 的状态为“已锁定”，应为“正常”，已改回。');
    expect((await admin('GET', '/api/org/provisioning/drift?limit=0')).status).toBe(400);
  });

  it('takes a decision only where one is asked for', async () => {
    const resolve = (body: object) => admin('POST', '/api/org/provisioning/problems/resolve', body);
    expect((await resolve({ subject: 'person:nobody', action: 'retry' })).status).toBe(404);
    expect((await resolve({ subject: 'member:!r:x', action: 'adopt' })).status).toBe(409);
    expect((await resolve({ subject: `person:${someone}`, action: 'steal' })).status).toBe(400);
    expect(
      (await resolve({ subject: `person:${someone}`, action: 'rename', localpart: '_qiao_audit' })).status,
    ).toBe(400);
    expect(
      (await resolve({ subject: `person:${someone}`, action: 'rename', localpart: 'boss' })).status,
    ).toBe(409);
    expect((await resolve({ subject: `person:${someone}`, action: 'adopt' })).status).toBe(204);
    expect((await resolve({ subject: 'member:!r:x', action: 'retry' })).status).toBe(204);
    const { rows } = await sql<{
      account: string;
    }>`select account from org.person where id = ${someone}`.execute(db);
    expect(rows).toEqual([{ account: 'created' }]);
    expect((await admin('GET', '/api/org/provisioning')).body).toMatchObject({ problems: 0 });
  });

  it('asks for a comparison', async () => {
    expect((await admin('POST', '/api/org/provisioning/reconcile')).status).toBe(202);
    const { rows } =
      await sql`select 1 from jobs._private_jobs j join jobs._private_tasks t on t.id = j.task_id
      where t.identifier = 'org.reconcile'`.execute(db);
    expect(rows).toHaveLength(1);
  });
});
