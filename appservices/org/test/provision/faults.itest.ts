import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sql } from 'kysely';
import { waitFor } from '@qiao/testkit';
import { startCompany, type Company } from './company.ts';

/** A company big enough that a run can be caught in its middle. */
describe('provisioning through faults', { timeout: 240_000 }, () => {
  let company: Company;

  beforeEach(async () => {
    company = await startCompany();
  });
  afterEach(async () => {
    await company.close();
  });

  const fill = async (departments = 5, each = 6): Promise<string[]> => {
    const { department, person, apply } = company;
    const top = department('总部');
    const below = Array.from({ length: departments }, (_, at) => department(`部门${String(at)}`, top.id));
    const people = below.flatMap((d) =>
      Array.from({ length: each }, (_, at) => person(`员工${String(at)}`, d.id, { is_head: at === 0 })),
    );
    await apply([top, ...below, ...people]);
    return below.map((d) => d.id);
  };

  /** Everything is there, once: rooms with all their members, and no second room for any department. */
  const expectWhole = async (departments: readonly string[], each = 6): Promise<void> => {
    const known = new Set([await company.companySpace()]);
    for (const row of await company.db
      .selectFrom('org.department')
      .select(['space_id', 'room_id'])
      .execute()) {
      known.add(row.space_id ?? '');
      known.add(row.room_id ?? '');
    }
    expect(known.size).toBe(1 + 2 * (departments.length + 1));
    for (const id of departments) {
      const { space, room } = await company.rooms(id);
      expect((await company.members(space)).length).toBe(each);
      expect((await company.members(room)).length).toBe(each);
    }
    expect((await company.members(await company.companySpace())).length).toBe(departments.length * each);
    const { joined_rooms } = await company.asBot<{ joined_rooms: string[] }>('GET', '/joined_rooms');
    expect(new Set(joined_rooms)).toEqual(known);
    const problems = await company.db.selectFrom('org.provision_problem').selectAll().execute();
    expect(problems).toEqual([]);
  };

  /** Everybody gets keys while the work is stopped: the joins that follow are a run of their own. */
  const activateStopped = async (): Promise<void> => {
    const enable = async (enabled: boolean): Promise<void> => {
      await sql`update org.workspace set settings = jsonb_set(settings, '{provision}',
        coalesce(settings->'provision', '{}') || ${JSON.stringify({ enabled })}::jsonb)`.execute(company.db);
    };
    await enable(false);
    await company.activate();
    await enable(true);
    await company.host.parts.get('org')?.start?.();
  };

  const count = async (table: 'org.room_member' | 'org.person' | 'org.department'): Promise<number> => {
    const condition =
      table === 'org.person'
        ? sql`account = 'created'`
        : table === 'org.department'
          ? sql`room_id is not null`
          : sql`true`;
    const { rows } = await sql<{
      n: number;
    }>`select count(*)::int as n from ${sql.table(table)} where ${condition}`.execute(company.db);
    return rows[0]?.n ?? 0;
  };

  it('goes on by itself when the homeserver was killed in mid-run', async () => {
    const departments = await fill();
    await waitFor(async () => (await count('org.department')) >= 2);
    await company.stack.stack.killPart('synapse');
    await waitFor(
      async () => (await company.host.parts.get('org')?.health?.['homeserver']?.())?.ok === false,
    );
    await company.stack.stack.startPart('synapse');
    await company.settled();
    await activateStopped();
    await waitFor(async () => (await count('org.room_member')) >= 1);
    await company.stack.stack.killPart('synapse');
    await waitFor(
      async () => (await company.host.parts.get('org')?.health?.['homeserver']?.())?.ok === false,
    );
    await company.stack.stack.startPart('synapse');
    await company.settled();
    await expectWhole(departments);
  });

  it('goes on through 429, 500 and answers that are lost', async () => {
    let faults = 0;
    company.proxy.fault = ({ path, count: at }) => {
      if (path.includes('/sync') || path.includes('/ping')) return undefined;
      faults += 1;
      if (at % 7 === 3) return { status: 429, body: { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 20 } };
      if (at % 11 === 5) return { status: 500, body: { errcode: 'M_UNKNOWN', error: 'injected' } };
      // Done, but we never hear of it.
      if (at % 5 === 2) return { status: 502, body: { errcode: 'M_UNKNOWN', error: 'lost' }, after: true };
      return undefined;
    };
    const departments = await fill(4, 5);
    await company.settled();
    expect(faults).toBeGreaterThan(20);
    faults = 0;
    await company.activate();
    await company.settled();
    expect(faults).toBeGreaterThan(5);
    company.proxy.fault = undefined;
    await expectWhole(departments, 5);
  });

  it('goes on when the database ends its connections in mid-run', async () => {
    const departments = await fill();
    for (const step of [2, 5]) {
      await waitFor(async () => (await count('org.department')) >= step);
      await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`
        .execute(company.db)
        .catch(() => undefined);
    }
    await company.settled();
    await activateStopped();
    await waitFor(async () => (await count('org.room_member')) >= 1);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`
      .execute(company.db)
      .catch(() => undefined);
    await company.settled();
    await expectWhole(departments);
  });

  it('goes on in a new process when the host ended in mid-run', async () => {
    const departments = await fill();
    await waitFor(async () => (await count('org.person')) >= 10);
    await company.restartHost();
    await company.settled();
    await activateStopped();
    await waitFor(async () => (await count('org.room_member')) >= 1);
    await company.restartHost();
    await company.settled();
    await expectWhole(departments);
  });

  it('stops when told to, and goes on when told to', async () => {
    const call = await company.host.as(`@nobody:${company.serverName}`);
    expect((await call('PUT', '/api/org/provisioning', { enabled: false })).status).toBe(404);
    const { department, person, apply } = company;
    const admin = department('管理');
    const boss = person('管理员', admin.id);
    await apply([admin, boss]);
    await company.settled();
    await sql`update org.person set status = 'active' where id = ${boss.id}`.execute(company.db);
    await sql`insert into org.role_grant (id, person_id, role_id, granted_by)
      select gen_random_uuid(), ${boss.id}, id, 'test' from org.role where builtin = 'main_admin'`.execute(
      company.db,
    );
    const asBoss = await company.host.as(await company.userId(boss.id));
    const stopped = await asBoss('PUT', '/api/org/provisioning', { enabled: false });
    expect(stopped.status).toBe(200);
    expect(stopped.body).toMatchObject({ enabled: false });
    company.proxy.seen.length = 0;
    const departments = await fill(3, 4);
    const waiting = await asBoss('GET', '/api/org/provisioning');
    expect(waiting.body).toMatchObject({
      enabled: false,
      running: false,
      pending: { accounts: 12, rooms: 4 },
    });
    expect(company.proxy.seen.filter((line) => line.startsWith('POST'))).toEqual([]);
    await asBoss('PUT', '/api/org/provisioning', { enabled: true });
    await company.settled();
    // Keys are noted while the work is stopped, and nobody is joined.
    await asBoss('PUT', '/api/org/provisioning', { enabled: false });
    await company.activate();
    expect(await count('org.room_member')).toBe(0);
    expect((await asBoss('GET', '/api/org/provisioning')).body).toMatchObject({ waiting: 0 });
    await asBoss('PUT', '/api/org/provisioning', { enabled: true });
    await company.settled();
    for (const id of departments)
      expect(await company.members((await company.rooms(id)).room)).toHaveLength(4);
  });

  it('leaves an account that was there before to a person to decide', async () => {
    const { department, person, apply } = company;
    const top = department('总部');
    const someone = person('王芳', top.id, { localpart: 'wang.fang' });
    const other = person('王方', top.id, { localpart: 'wang.fang2' });
    const register = async (username: string): Promise<void> => {
      const url = `${company.stack.info.homeserverUrl}/_synapse/admin/v1/register`;
      const { nonce } = (await (await fetch(url)).json()) as { nonce: string };
      const mac = createHmac('sha1', company.stack.info.registrationSharedSecret)
        .update([nonce, username, 'secret-password', 'notadmin'].join('\0'))
        .digest('hex');
      const answer = await fetch(url, {
        method: 'POST',
        body: JSON.stringify({ nonce, username, password: 'secret-password', admin: false, mac }),
      });
      expect(answer.status).toBe(200);
    };
    await register('wang.fang');
    await register('wang.fang2');
    const boss = person('管理员', top.id);
    await apply([top, someone, other, boss]);
    await waitFor(async () => {
      const rows = await company.db.selectFrom('org.provision_problem').select(['code', 'subject']).execute();
      return rows.length === 2 && rows.every((row) => row.code === 'account_exists');
    });
    await waitFor(async () => (await count('org.person')) === 1);
    await sql`update org.person set status = 'active' where id = ${boss.id}`.execute(company.db);
    await sql`insert into org.role_grant (id, person_id, role_id, granted_by)
      select gen_random_uuid(), ${boss.id}, id, 'test' from org.role where builtin = 'main_admin'`.execute(
      company.db,
    );
    const asBoss = await company.host.as(await company.userId(boss.id));
    const listed = await asBoss('GET', '/api/org/provisioning/problems');
    expect(listed.body.items).toHaveLength(2);
    expect(listed.body.items[0].message).toContain('already is an account');
    const resolve = (body: object) => asBoss('POST', '/api/org/provisioning/problems/resolve', body);
    expect((await resolve({ subject: `person:${someone.id}`, action: 'adopt' })).status).toBe(204);
    expect(
      (await resolve({ subject: `person:${other.id}`, action: 'rename', localpart: 'Not Valid' })).status,
    ).toBe(400);
    expect(
      (await resolve({ subject: `person:${other.id}`, action: 'rename', localpart: 'wang.fang3' })).status,
    ).toBe(204);
    await company.settled();
    const { room } = await company.rooms(top.id);
    expect(await company.members(room)).toEqual([]);
    await company.activate();
    await company.settled();
    expect((await company.members(room)).sort()).toEqual(
      [
        `@wang.fang:${company.serverName}`,
        `@wang.fang3:${company.serverName}`,
        await company.userId(boss.id),
      ].sort(),
    );
  });
});
