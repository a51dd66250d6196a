import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeUser, waitFor, type TestUser } from '@qiao/testkit';
import { RECONCILE_JOB } from '../../server/provision/provisioner.ts';
import { sql } from 'kysely';
import { startCompany, type Company } from './company.ts';

describe('drift', () => {
  let company: Company;
  let admin: TestUser;
  let departmentId: string;
  let people: string[];
  let second: TestUser | undefined;

  beforeAll(async () => {
    company = await startCompany();
    const { department, person, apply } = company;
    const top = department('总部');
    const below = department('研发部', top.id);
    const list = ['甲', '乙', '丙'].map((name) => person(name, below.id));
    await apply([top, below, ...list]);
    await company.settled();
    [, second] = await company.activate(list.map((one) => one.id));
    await company.settled();
    departmentId = below.id;
    people = await Promise.all(list.map((one) => company.userId(one.id)));
    admin = await makeUser({ admin: true, stack: company.stack.info });
  });
  afterAll(async () => {
    await company.close();
  });

  const drift = async (): Promise<string[]> => {
    const rows = await company.db
      .selectFrom('org.drift')
      .select(['kind', 'repaired_at'])
      .orderBy('id')
      .execute();
    await company.db.deleteFrom('org.drift').execute();
    expect(rows.every((row) => row.repaired_at !== null)).toBe(true);
    return rows.map((row) => row.kind);
  };
  const reconcile = async (): Promise<void> => {
    await sql`select jobs.add_job(${RECONCILE_JOB}, '{}'::json)`.execute(company.db);
    await company.settled();
  };
  /** Makes the admin a member with power over the room, which only a server's own admin can do. */
  const module = async (path: string, body: object): Promise<void> => {
    const answer = await fetch(`${company.stack.info.homeserverUrl}/_synapse/client/qiao/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${company.secret('synapse_module_token')}` },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
  };
  const botId = (): string => `@_qiao_org_bot:${company.serverName}`;

  it('finds nothing where nothing changed', async () => {
    await reconcile();
    expect(await drift()).toEqual([]);
  });

  it('joins somebody again who was taken out, at once', async () => {
    const { room } = await company.rooms(departmentId);
    // As another power would: the pushed event alone has to bring it back.
    await module('/memberships', {
      as: botId(),
      room_id: room,
      items: [{ user_id: people[0], membership: 'leave' }],
    });
    // The bot's own act looks like ours; only the comparison finds it.
    await reconcile();
    expect(await company.members(room)).toContain(people[0]);
    expect(await drift()).toEqual(['member_missing']);
    await second!.leave(room);
    await waitFor(async () => (await company.members(room)).includes(people[1]!));
    await company.settled();
    expect(await drift()).toEqual(['member_missing']);
  });

  it('removes people who do not belong there', async () => {
    const { space, room } = await company.rooms(departmentId);
    await module('/memberships', {
      as: botId(),
      items: [
        { room_id: space, user_id: admin.userId, membership: 'join' },
        { room_id: room, user_id: admin.userId, membership: 'join' },
      ],
    });
    await waitFor(async () => !(await company.members(room)).includes(admin.userId));
    await waitFor(async () => !(await company.members(space)).includes(admin.userId));
    await company.settled();
    expect(new Set(await drift())).toEqual(new Set(['stranger']));
  });

  it('sets names, power and links back', async () => {
    const { space, room } = await company.rooms(departmentId);
    const path = (id: string, type: string, key = ''): string =>
      `/rooms/${encodeURIComponent(id)}/state/${type}/${encodeURIComponent(key)}`;
    await company.asBot('PUT', path(room, 'm.room.name'), { name: 'Hacked' });
    await company.asBot('PUT', path(room, 'm.room.power_levels'), { users: { [people[0]!]: 100 } });
    await company.asBot('PUT', path(space, 'm.space.child', room), {});
    await company.asBot('PUT', path(space, 'm.space.child', '!elsewhere'), { via: ['elsewhere.example'] });
    await reconcile();
    expect(await company.state(room, 'm.room.name')).toEqual({ name: '研发部' });
    expect(await company.state(room, 'm.room.power_levels')).toMatchObject({ users: {}, state_default: 100 });
    expect(await company.state(space, 'm.space.child', room)).toMatchObject({ via: [company.serverName] });
    expect(await company.state(space, 'm.space.child', '!elsewhere')).toEqual({});
    expect((await drift()).sort()).toEqual([
      'link_unexpected',
      'state_changed',
      'state_changed',
      'state_changed',
    ]);
  });

  it('makes a room again that an administrator deleted', async () => {
    const { room } = await company.rooms(departmentId);
    const { delete_id } = await admin.request<{ delete_id: string }>(
      'DELETE',
      `/_synapse/admin/v2/rooms/${encodeURIComponent(room)}`,
      { purge: true },
    );
    await waitFor(async () => {
      const { status } = await admin.request<{ status: string }>(
        'GET',
        `/_synapse/admin/v2/rooms/delete_status/${delete_id}`,
      );
      return status === 'complete';
    });
    await reconcile();
    const now = await company.rooms(departmentId);
    expect(now.room).not.toBe(room);
    expect((await company.members(now.room)).sort()).toEqual([...people].sort());
    expect(await company.state(now.space, 'm.space.child', room)).toEqual({});
    expect(new Set(await drift())).toEqual(new Set([expect.stringMatching(/^(room|bot)_missing$/)]));
  });

  it('opens and names accounts as the directory says', async () => {
    await module('/accounts/suspend', { user_id: people[2], suspended: true });
    await module('/accounts/profile', { items: [{ user_id: people[2], displayname: 'Somebody Else' }] });
    await reconcile();
    const [facts] = (
      (await (
        await fetch(`${company.stack.info.homeserverUrl}/_synapse/client/qiao/v1/accounts/query`, {
          method: 'POST',
          headers: { authorization: `Bearer ${company.secret('synapse_module_token')}` },
          body: JSON.stringify({ user_ids: [people[2]] }),
        })
      ).json()) as { results: { locked: boolean; displayname: string }[] }
    ).results;
    expect(facts).toMatchObject({ locked: false });
    await reconcile();
    expect(new Set(await drift())).toEqual(new Set(['account_state', 'name_changed']));
  });
});
