import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placed, startCompany, type Company } from './company.ts';

describe('provisioning', () => {
  let company: Company;
  const ids: Record<string, string> = {};
  const people: Record<string, string> = {};

  beforeAll(async () => {
    company = await startCompany();
    const { department, person, apply } = company;
    const head = department('总部');
    const sales = department('销售部', head.id);
    const north = department('华北销售', sales.id);
    const secret = department('审计组', head.id, { hidden: true });
    Object.assign(ids, { head: head.id, sales: sales.id, north: north.id, secret: secret.id });
    const list = [
      ['boss', '王总', head.id, { is_head: true, email: 'Boss@Example.com' }],
      ['li', '李伟', sales.id, { is_head: true }],
      ['zhang', '张三', sales.id, {}],
      ['chen', '陈静', north.id, {}],
      ['liu', '刘洋', north.id, {}],
      ['qian', '钱审', secret.id, {}],
    ] as const;
    const added = list.map(([key, name, where, more]) => {
      const change = person(name, where, more);
      people[key] = change.id;
      return change;
    });
    await apply([head, sales, north, secret, ...added]);
    await company.settled();
    await company.activate();
    await company.settled();
  });
  afterAll(async () => {
    await company.close();
  });

  const users = async (...keys: string[]): Promise<string[]> =>
    Promise.all(keys.map((key) => company.userId(people[key]!)));
  const expectMembers = async (key: string, ...expected: string[]): Promise<void> => {
    const { space, room } = await company.rooms(ids[key]!);
    const wanted = (await users(...expected)).sort();
    expect((await company.members(space)).sort(), `space of ${key}`).toEqual(wanted);
    expect((await company.members(room)).sort(), `room of ${key}`).toEqual(wanted);
  };

  it('joins everybody to the company and to the rooms of the department', async () => {
    expect((await company.members(await company.companySpace())).sort()).toEqual(
      (await users(...Object.keys(people))).sort(),
    );
    await expectMembers('head', 'boss');
    await expectMembers('sales', 'li', 'zhang');
    await expectMembers('north', 'chen', 'liu');
    await expectMembers('secret', 'qian');
  });

  it('makes rooms that only the bot changes', async () => {
    const { space, room } = await company.rooms(ids['sales']!);
    const create = await company.state(room, 'm.room.create');
    expect(create).toMatchObject({ 'm.federate': false, room_version: '12' });
    expect(await company.state(room, 'm.room.encryption')).toMatchObject({
      algorithm: 'm.megolm.v1.aes-sha2',
    });
    expect(await company.state(space, 'm.room.encryption')).toBeUndefined();
    expect(await company.state(room, 'm.room.name')).toEqual({ name: '销售部' });
    expect(await company.state(room, 'm.room.join_rules')).toEqual({
      join_rule: 'restricted',
      allow: [{ type: 'm.room_membership', room_id: space }],
    });
    expect(await company.state(space, 'm.room.join_rules')).toEqual({ join_rule: 'invite' });
    expect(await company.state(room, 'm.room.history_visibility')).toEqual({ history_visibility: 'joined' });
    expect(await company.state(room, 'm.room.guest_access')).toEqual({ guest_access: 'forbidden' });
    const power = await company.state<{ users: object; state_default: number }>(room, 'm.room.power_levels');
    const [li] = await users('li');
    expect(power).toMatchObject({ users: { [li!]: 50 }, state_default: 100, invite: 100, kick: 100 });
  });

  it('links the tree in its order, and hidden departments nowhere', async () => {
    const root = await company.companySpace();
    const head = await company.rooms(ids['head']!);
    const sales = await company.rooms(ids['sales']!);
    const secret = await company.rooms(ids['secret']!);
    expect(await company.state(root, 'm.space.child', head.space)).toMatchObject({
      via: [company.serverName],
    });
    const child = await company.state<{ order: string }>(head.space, 'm.space.child', sales.space);
    const own = await company.state<{ order: string }>(head.space, 'm.space.child', head.room);
    expect(own!.order < child!.order).toBe(true);
    expect(await company.state(sales.space, 'm.space.parent', head.space)).toMatchObject({ canonical: true });
    expect(await company.state(sales.room, 'm.space.parent', sales.space)).toMatchObject({ canonical: true });
    expect(await company.state(head.space, 'm.space.child', secret.space)).toBeUndefined();
    expect(await company.state(secret.space, 'm.space.parent', head.space)).toBeUndefined();
  });

  it('sends nothing when nothing changed', async () => {
    company.proxy.seen.length = 0;
    await company.apply([{ kind: 'department_change', id: ids['sales']!, set: { name: '销售部' } }]);
    await company.host.parts.get('org')?.start?.();
    await company.settled();
    // The bot's own reading and its keys go on beside it, and the question who has keys.
    const own = /\/(ping|sync|keys|sendToDevice|account_data|activated)\b/;
    const sent = company.proxy.seen.filter((line) => !own.test(line));
    expect(sent).toEqual([]);
  });

  it('moves a person', async () => {
    await company.apply([
      { kind: 'person_place', id: people['zhang']!, placements: placed(ids['north']!, true) },
    ]);
    await company.settled();
    await expectMembers('sales', 'li');
    await expectMembers('north', 'chen', 'liu', 'zhang');
    const { room } = await company.rooms(ids['north']!);
    const [zhang] = await users('zhang');
    expect(await company.state(room, 'm.room.power_levels')).toMatchObject({ users: { [zhang!]: 50 } });
  });

  it('renames, hides and shows a department, and moves it', async () => {
    const { space, room } = await company.rooms(ids['north']!);
    const sales = await company.rooms(ids['sales']!);
    const head = await company.rooms(ids['head']!);
    await company.apply([
      { kind: 'department_change', id: ids['north']!, set: { name: '北方销售', hidden: true } },
    ]);
    await company.settled();
    expect(await company.state(room, 'm.room.name')).toEqual({ name: '北方销售' });
    expect(await company.state(sales.space, 'm.space.child', space)).toEqual({});
    expect(await company.state(space, 'm.space.parent', sales.space)).toEqual({});
    await company.apply([
      { kind: 'department_change', id: ids['north']!, set: { hidden: false } },
      { kind: 'department_move', id: ids['north']!, parent_id: ids['head']! },
    ]);
    await company.settled();
    expect(await company.state(head.space, 'm.space.child', space)).toMatchObject({
      via: [company.serverName],
    });
    expect(await company.state(space, 'm.space.parent', head.space)).toMatchObject({ canonical: true });
    await company.apply([{ kind: 'department_move', id: ids['north']!, parent_id: ids['sales']! }]);
    await company.settled();
  });

  it('holds the people of sub-departments where asked', async () => {
    await company.apply([{ kind: 'department_change', id: ids['sales']!, set: { include_sub: true } }]);
    await company.settled();
    await expectMembers('sales', 'li', 'chen', 'liu', 'zhang');
    await company.apply([{ kind: 'department_change', id: ids['sales']!, set: { include_sub: false } }]);
    await company.settled();
    await expectMembers('sales', 'li');
  });

  it('renames a person', async () => {
    await company.apply([
      {
        kind: 'person_change',
        id: people['liu']!,
        set: { display_name: '刘洋洋', email: 'liu@example.com' },
      },
    ]);
    await company.settled();
    const [liu] = await users('liu');
    const { room } = await company.rooms(ids['north']!);
    expect(await company.state(room, 'm.room.member', liu)).toMatchObject({ displayname: '刘洋洋' });
    const row = await company.db
      .selectFrom('org.person')
      .select(['applied_name', 'applied_email'])
      .where('id', '=', people['liu']!)
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ applied_name: '刘洋洋', applied_email: 'liu@example.com' });
  });

  it('takes a suspended person out of the rooms and locks the account, and back', async () => {
    const [chen] = await users('chen');
    await company.db
      .updateTable('org.person')
      .set({ status: 'suspended' })
      .where('id', '=', people['chen']!)
      .execute();
    await company.host.parts.get('org')?.start?.();
    await company.settled();
    await expectMembers('north', 'liu', 'zhang');
    expect(await company.members(await company.companySpace())).not.toContain(chen);
    const account = async (): Promise<string> =>
      (
        await company.db
          .selectFrom('org.person')
          .select('account')
          .where('id', '=', people['chen']!)
          .executeTakeFirstOrThrow()
      ).account;
    expect(await account()).toBe('locked');
    await company.db
      .updateTable('org.person')
      .set({ status: 'joining' })
      .where('id', '=', people['chen']!)
      .execute();
    await company.host.parts.get('org')?.start?.();
    await company.settled();
    expect(await account()).toBe('created');
    await expectMembers('north', 'chen', 'liu', 'zhang');
  });

  it('dissolves a department', async () => {
    const { space, room } = await company.rooms(ids['secret']!);
    await company.apply([
      { kind: 'person_place', id: people['qian']!, placements: placed(ids['head']!) },
      { kind: 'department_end', id: ids['secret']!, mode: 'dissolved' },
    ]);
    await company.settled();
    expect(await company.members(space)).toEqual([]);
    expect(await company.members(room)).toEqual([]);
    expect(await company.state(room, 'm.room.name')).toEqual({ name: '审计组 (已解散 / closed)' });
    expect(await company.state(room, 'm.room.power_levels')).toMatchObject({ events_default: 100 });
    await expectMembers('head', 'boss', 'qian');
  });

  it('lets a converted department go its own way', async () => {
    const { space, room } = await company.rooms(ids['north']!);
    const sales = await company.rooms(ids['sales']!);
    await company.apply([
      ...['chen', 'liu', 'zhang'].map((key) => ({
        kind: 'person_place' as const,
        id: people[key]!,
        placements: placed(ids['sales']!),
      })),
      { kind: 'department_end', id: ids['north']!, mode: 'converted' },
    ]);
    await company.settled();
    expect((await company.members(room)).sort()).toEqual((await users('chen', 'liu', 'zhang')).sort());
    expect(await company.members(space)).toEqual([]);
    expect(await company.state(sales.space, 'm.space.child', space)).toEqual({});
    expect(await company.state(room, 'm.space.parent', space)).toEqual({});
    const [zhang] = await users('zhang');
    expect(await company.state(room, 'm.room.power_levels')).toMatchObject({
      users: { [zhang!]: 50 },
      invite: 50,
      state_default: 50,
    });
    await expectMembers('sales', 'li', 'chen', 'liu', 'zhang');
  });
});
