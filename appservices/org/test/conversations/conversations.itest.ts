import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { activatePeople, NioClient, waitFor, withRoomsOfBefore, type TestUser } from '@qiao/testkit';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_CONVERSATION_PEOPLE, type Conversation } from '../../contract/conversations.ts';
import { startCompany, type Company } from '../provision/company.ts';

/* Direct chats and groups against a real homeserver: who is in them, who may do what, and that nobody is above all. */

let company: Company;
const p: Record<string, string> = {};
const users: Record<string, TestUser> = {};
let service: string;
const READY = ['ann', 'bob', 'cat', 'dan', 'eve'] as const;

beforeAll(async () => {
  company = await startCompany();
  service = `@_qiao_org_rooms:${company.serverName}`;
  const sales = company.department('销售部');
  const board = company.department('董事会', null, { hidden: true });
  const people = Object.fromEntries(
    [...READY, 'new'].map((key) => [key, company.person(key, sales.id)] as const),
  );
  const boss = company.person('boss', board.id);
  await company.apply([sales, board, ...Object.values(people), boss]);
  await company.settled();
  for (const [key, { id }] of Object.entries({ ...people, boss })) p[key] = await company.userId(id);
  const ready = [...READY, 'boss'];
  const made = await activatePeople(
    company.stack.info,
    ready.map((key) => p[key]!),
  );
  for (const [at, key] of ready.entries()) users[key] = made[at]!;
  await company.db.updateTable('org.person').set({ status: 'active' }).execute();
});
afterAll(() => company.close());

const as = (key: string) => company.host.as(p[key]!);
/** Invitations into a room that the homeserver's module has not judged yet. */
const noted = async (roomId: string): Promise<number> => {
  const url = new URL(company.stack.info.superuserUrl);
  url.pathname = '/synapse';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM qiao_invitations WHERE room_id = $1', [roomId]);
    return found.rowCount ?? 0;
  } finally {
    await client.end();
  }
};
const start = async (key: string, body: object, headers?: Record<string, string>): Promise<Conversation> => {
  const answer = await (await as(key))('POST', '/api/org/conversations', body, headers);
  expect(answer.text.length > 0 && answer.status, answer.text).toBe(200);
  return answer.body as Conversation;
};
const membersOf = async (user: TestUser, roomId: string): Promise<Record<string, string>> => {
  const { chunk } = await user.request<{ chunk: { state_key: string; content: { membership: string } }[] }>(
    'GET',
    `/v3/rooms/${encodeURIComponent(roomId)}/members`,
  );
  return Object.fromEntries(
    chunk
      .filter((one) => one.content.membership !== 'leave')
      .map((one) => [one.state_key, one.content.membership]),
  );
};
const stateOf = <T = Record<string, unknown>>(user: TestUser, roomId: string, type: string): Promise<T> =>
  user.request<T>('GET', `/v3/rooms/${encodeURIComponent(roomId)}/state/${type}/`);

describe('a direct chat', () => {
  test('is one, encrypted and of our server alone, and its creator is nobody who may leave', async () => {
    const made = await start('ann', { kind: 'direct', user_id: p.bob });
    expect(made).toMatchObject({
      created: true,
      external: false,
      history: 'shared',
      people: [{ user_id: p.bob, state: 'joined' }],
    });
    const ann = users.ann!;
    expect(await membersOf(ann, made.room_id)).toEqual({
      [service]: 'join',
      [p.ann!]: 'join',
      [p.bob!]: 'join',
    });
    expect(await ann.request('GET', `/v3/profile/${encodeURIComponent(service)}/displayname`)).toEqual({
      displayname: '会话服务（非人员）',
    });
    const create = await stateOf(ann, made.room_id, 'm.room.create');
    expect(create).toMatchObject({ 'm.federate': false, room_version: '12' });
    expect(await stateOf(ann, made.room_id, 'm.room.encryption')).toMatchObject({
      algorithm: 'm.megolm.v1.aes-sha2',
    });
    expect(await stateOf(ann, made.room_id, 'io.element.functional_members')).toEqual({
      service_members: [service],
    });
    expect(await stateOf(ann, made.room_id, 'm.room.guest_access')).toEqual({ guest_access: 'forbidden' });
    const levels = await stateOf<{ users: object }>(ann, made.room_id, 'm.room.power_levels');
    expect(levels.users).toEqual({ [p.ann!]: 100, [p.bob!]: 100 });
    // The label is for other clients.
    for (const [key, partner] of [
      ['ann', p.bob!],
      ['bob', p.ann!],
    ] as const)
      expect(
        await users[key]!.request('GET', `/v3/user/${encodeURIComponent(p[key]!)}/account_data/m.direct`),
      ).toEqual({ [partner]: [made.room_id] });
    // Whoever asks, and however often, it is this one.
    expect(await start('bob', { kind: 'direct', user_id: p.ann })).toMatchObject({
      room_id: made.room_id,
      created: false,
    });
  });

  test('is one when both press at once, many times over', async () => {
    const presses = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        at % 2 === 0
          ? start('cat', { kind: 'direct', user_id: p.dan })
          : start('dan', { kind: 'direct', user_id: p.cat }),
      ),
    );
    expect(new Set(presses.map((one) => one.room_id)).size).toBe(1);
    expect(presses.filter((one) => one.created)).toHaveLength(1);
    expect(await membersOf(users.cat!, presses[0]!.room_id)).toEqual({
      [service]: 'join',
      [p.cat!]: 'join',
      [p.dan!]: 'join',
    });
  });

  test('takes no third one in, and whoever left it is there again when it is opened', async () => {
    const { room_id: roomId } = await start('ann', { kind: 'direct', user_id: p.cat });
    await expect(
      users.ann!.request('POST', `/v3/rooms/${encodeURIComponent(roomId)}/invite`, { user_id: p.dan }),
    ).rejects.toMatchObject({ status: 403 });
    await users.cat!.request('POST', `/v3/rooms/${encodeURIComponent(roomId)}/leave`, {});
    expect(await start('ann', { kind: 'direct', user_id: p.cat })).toMatchObject({
      room_id: roomId,
      created: false,
      people: [{ state: 'joined' }],
    });
    expect(await membersOf(users.ann!, roomId)).toMatchObject({ [p.cat!]: 'join' });
  });

  test('begins anew where a third one was let in after all', async () => {
    const first = await start('ann', { kind: 'direct', user_id: p.dan });
    const module = async (path: string, body: object): Promise<void> => {
      const answer = await fetch(`${company.stack.info.homeserverUrl}/_synapse/client/qiao/v1${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${company.stack.info.moduleToken}` },
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(200);
    };
    await module('/memberships', {
      as: service,
      room_id: first.room_id,
      items: [{ user_id: p.eve, membership: 'join' }],
    });
    const second = await start('ann', { kind: 'direct', user_id: p.dan });
    expect(second).toMatchObject({ created: true });
    expect(second.room_id).not.toBe(first.room_id);
    expect(await start('dan', { kind: 'direct', user_id: p.ann })).toMatchObject({ room_id: second.room_id });
  });

  test('waits for a colleague who has not activated the account, and is there on activation', async () => {
    const made = await start('ann', { kind: 'direct', user_id: p.new });
    expect(made.people).toEqual([{ user_id: p.new, state: 'waiting' }]);
    expect(await membersOf(users.ann!, made.room_id)).toMatchObject({ [p.new!]: 'invite' });
    await activatePeople(company.stack.info, [p.new!]);
    await waitFor(async () => (await membersOf(users.ann!, made.room_id))[p.new!] === 'join', {
      what: 'the server to take the invitation up',
    });
  });

  test('is not for oneself, for nobody, or for people whom the rules keep apart', async () => {
    const call = await as('ann');
    const refuse = async (user_id: string): Promise<[number, string]> => {
      const answer = await call('POST', '/api/org/conversations', { kind: 'direct', user_id });
      return [answer.status, (answer.body as { error: { code: string } }).error.code];
    };
    expect(await refuse(p.ann!)).toEqual([409, 'org.not_yourself']);
    expect(await refuse(`@nobody:${company.serverName}`)).toEqual([404, 'platform.not_found']);
    // A hidden department's people do not exist for her.
    expect(await refuse(p.boss!)).toEqual([404, 'platform.not_found']);
    expect(await refuse(service)).toEqual([404, 'platform.not_found']);
    await company.db
      .insertInto('org.visibility_rule')
      .values({
        id: randomUUID(),
        position: 0,
        viewer: JSON.stringify({}),
        target: JSON.stringify({ external: true }),
        can_see: true,
        can_contact: false,
        note: null,
      })
      .execute();
    expect(await refuse('@someone:elsewhere.example')).toEqual([403, 'org.contact_not_allowed']);
    await company.db.deleteFrom('org.visibility_rule').execute();
    // Nobody of the directory: an operator's account, say.
    const outsider = await company.host.as(`@operator:${company.serverName}`);
    expect(
      (await outsider('POST', '/api/org/conversations', { kind: 'direct', user_id: p.ann })).status,
    ).toBe(403);
  });
});

describe('a group', () => {
  test('has its requester for administrator, members who invite, and leaves out who may not be contacted', async () => {
    const made = await start('ann', {
      kind: 'group',
      name: '  春季 活动 ',
      user_ids: [p.bob, p.cat, p.ann, p.boss],
      history: 'joined',
    });
    expect(made).toMatchObject({ external: false, history: 'joined' });
    expect(made.people).toEqual([
      { user_id: p.bob, state: 'joined' },
      { user_id: p.cat, state: 'joined' },
      { user_id: p.boss, state: 'refused', reason: 'not_found' },
    ]);
    const bob = users.bob!;
    expect(await stateOf(bob, made.room_id, 'm.room.name')).toEqual({ name: '春季 活动' });
    expect(await stateOf(bob, made.room_id, 'm.room.history_visibility')).toEqual({
      history_visibility: 'joined',
    });
    const levels = await stateOf<{ users: object; invite: number }>(bob, made.room_id, 'm.room.power_levels');
    expect(levels).toMatchObject({ users: { [p.ann!]: 100 }, invite: 0 });
    // Nobody makes somebody else's room out of it.
    await expect(
      users.ann!.request('POST', `/v3/rooms/${encodeURIComponent(made.room_id)}/upgrade`, {
        new_version: '12',
      }),
    ).rejects.toMatchObject({ status: 403 });
  });

  test('is one for one key of one person', async () => {
    const key = randomUUID();
    const body = { kind: 'group', name: 'Once', user_ids: [p.bob] };
    const [first, second] = await Promise.all([
      start('ann', body, { 'idempotency-key': key }),
      start('ann', body, { 'idempotency-key': key }),
    ]);
    expect(first.room_id).toBe(second.room_id);
    expect((await start('bob', { ...body, user_ids: [p.ann] }, { 'idempotency-key': key })).room_id).not.toBe(
      first.room_id,
    );
    expect((await start('ann', body)).room_id).not.toBe(first.room_id);
  });

  test('of as many people as one call may name comes about', async () => {
    const crowd = company.department('大部门');
    const many = Array.from({ length: MAX_CONVERSATION_PEOPLE }, (_, at) =>
      company.person(`many${String(at)}`, crowd.id),
    );
    await company.apply([crowd, ...many]);
    await company.settled();
    const userIds = await Promise.all(many.map(({ id }) => company.userId(id)));
    const made = await start('ann', { kind: 'group', name: 'All', user_ids: userIds });
    expect(new Set(made.people.map(({ state }) => state))).toEqual(new Set(['waiting']));
    const there = Object.values(await membersOf(users.ann!, made.room_id));
    expect(there.filter((membership) => membership === 'invite')).toHaveLength(MAX_CONVERSATION_PEOPLE);
  }, 180_000);

  test('with somebody of another server federates, keeps history for the joined, and is an act', async () => {
    const made = await start('ann', {
      kind: 'group',
      name: 'Partner',
      user_ids: [p.bob, '@x:elsewhere.example'],
      history: 'shared',
    });
    expect(made).toMatchObject({ external: true, history: 'joined' });
    expect(made.people).toContainEqual({ user_id: '@x:elsewhere.example', state: 'external' });
    expect(await stateOf(users.bob!, made.room_id, 'm.room.create')).toMatchObject({ 'm.federate': true });
    const acts = await company.host.db
      .selectFrom('platform.act' as never)
      .selectAll()
      .where('subject' as never, '=', `room:${made.room_id}` as never)
      .execute();
    expect(acts).toMatchObject([{ actor: p.ann, action: 'org.conversation.external' }]);
  });
});

describe('an invitation by any client', () => {
  const invite = async (key: string, roomId: string, target: string): Promise<void> => {
    await users[key]!.request('POST', `/v3/rooms/${encodeURIComponent(roomId)}/invite`, { user_id: target });
  };
  const membership = async (roomId: string, target: string): Promise<string | undefined> =>
    (await membersOf(users.ann!, roomId))[target];

  test('brings a colleague in at once, into groups of ours and rooms of stock clients', async () => {
    const { room_id: group } = await start('ann', { kind: 'group', name: 'Grows', user_ids: [p.bob] });
    await invite('bob', group, p.eve!);
    await waitFor(async () => (await membership(group, p.eve!)) === 'join', { what: 'eve in the group' });

    const stock = await users.ann!.createRoom({
      name: 'Stock',
      invite: [p.dan],
      preset: 'trusted_private_chat',
    });
    expect(await stateOf(users.ann!, stock, 'm.room.create')).toMatchObject({
      room_version: '11',
      'm.federate': false,
    });
    await waitFor(async () => (await membership(stock, p.dan!)) === 'join', { what: 'dan in the room' });
    // Leaving is respected; being invited again by a colleague, too.
    await users.dan!.request('POST', `/v3/rooms/${encodeURIComponent(stock)}/leave`, {});
    expect(await membership(stock, p.dan!)).toBeUndefined();
    await invite('ann', stock, p.dan!);
    await waitFor(async () => (await membership(stock, p.dan!)) === 'join', { what: 'dan back' });
  });

  test('of matrix-nio brings a colleague in who writes with matrix-nio, too, and both read', async () => {
    const { info } = company.stack;
    const clients = await Promise.all(
      ['dan', 'eve'].map(async (key) => {
        const nio = new NioClient(join(info.varDir, `nio-${key}`));
        const password = users[key]!.password;
        await nio.login({ homeserver: info.homeserverUrl, user_id: p[key]!, password });
        await nio.startSync();
        return nio;
      }),
    );
    try {
      const [dan, eve] = clients as [NioClient, NioClient];
      const roomId = await dan.createRoom({ name: '夜班', invite: [p.eve!], encrypted: true });
      await waitFor(async () => (await eve.state()).rooms[roomId]?.encrypted, { what: 'eve in the room' });
      expect(await stateOf(users.dan!, roomId, 'm.room.create')).toMatchObject({
        room_version: '11',
        'm.federate': false,
      });
      await dan.waitEvent({ room_id: roomId, type: 'm.room.member', sender: p.eve! });
      await dan.sendText(roomId, '谁值夜班？');
      await eve.waitEvent({ room_id: roomId, body: '谁值夜班？', decrypted: true });
    } finally {
      await Promise.all(clients.map((nio) => nio.close()));
    }
  });

  test('stays one where the rules keep the two apart, and for who ignores the inviter', async () => {
    const { room_id: roomId } = await start('ann', { kind: 'group', name: 'Apart', user_ids: [] });
    await users.cat!.request(
      'PUT',
      `/v3/user/${encodeURIComponent(p.cat!)}/account_data/m.ignored_user_list`,
      {
        ignored_users: { [p.ann!]: {} },
      },
    );
    await invite('ann', roomId, p.boss!);
    await invite('ann', roomId, p.cat!);
    await invite('ann', roomId, p.eve!);
    // What is judged is not noted any more; what could not be yet is looked at again.
    await waitFor(async () => (await noted(roomId)) === 0, {
      what: 'all three to be judged',
      timeout: 60_000,
    });
    expect(await membership(roomId, p.eve!)).toBe('join');
    expect(await membersOf(users.ann!, roomId)).toMatchObject({ [p.boss!]: 'invite', [p.cat!]: 'invite' });
  });

  test('waits while the host is away, also when the homeserver is restarted meanwhile', async () => {
    const { room_id: roomId } = await start('ann', { kind: 'group', name: 'Away', user_ids: [] });
    await company.restartHost(async () => {
      await invite('ann', roomId, p.bob!);
      await company.stack.stack.restartPart('synapse');
      expect(await membership(roomId, p.bob!)).toBe('invite');
    });
    await waitFor(async () => (await membership(roomId, p.bob!)) === 'join', {
      what: 'the invitation to be taken up',
      timeout: 60_000,
    });
  });

  test('is asked about by the homeserver alone', async () => {
    const url = '/_matrix-as/org/_qiao/v1/contact';
    const pairs = [
      { from: p.ann!, to: p.bob! },
      { from: p.ann!, to: p.boss! },
      { from: '@x:elsewhere.example', to: p.ann! },
    ];
    const ask = (headers: Record<string, string>) => company.host.call('POST', url, { pairs }, headers);
    const [asToken, hsToken] = [company.secret('as_token_org'), company.secret('hs_token_org')];
    for (const headers of [{}, { authorization: 'Bearer ' }]) expect((await ask(headers)).status).toBe(401);
    for (const token of ['x', asToken, `${hsToken}x`])
      expect((await ask({ authorization: `Bearer ${token}` })).status, 'a wrong token').toBe(403);
    // A session of ours is none.
    expect((await (await as('ann'))('POST', url, { pairs })).status).toBe(401);
    const answer = await ask({ authorization: `Bearer ${hsToken}` });
    expect(answer.body).toEqual({ allowed: [true, false, false] });
  });

  test('of somebody outside makes a room that federates, and its upgrade is refused', async () => {
    const room = await users.ann!.createRoom({ invite: ['@x:elsewhere.example'] }).catch(() => undefined);
    // The other server does not exist here: the room is made, or refused with the invitation.
    if (room !== undefined)
      expect(await stateOf(users.ann!, room, 'm.room.create')).not.toMatchObject({ 'm.federate': false });
    const own = await users.ann!.createRoom({ name: 'Old', room_version: '12' });
    expect(await stateOf(users.ann!, own, 'm.room.create')).toMatchObject({ room_version: '11' });
    await expect(
      users.ann!.request('POST', `/v3/rooms/${encodeURIComponent(own)}/upgrade`, { new_version: '12' }),
    ).rejects.toMatchObject({ status: 403 });
  });
});

describe('an old room', () => {
  let group: string;
  let chat: string;
  const renew = async (key: string, room_id: string) =>
    (await as(key))('POST', '/api/org/conversations/renew', { room_id });
  beforeAll(async () => {
    await withRoomsOfBefore(company.stack, async () => {
      const ann = users.ann!;
      group = await ann.createRoom({
        name: '值班群',
        topic: 'Nights',
        room_version: '12',
        // The rules keep the last one and ann apart: that invitation nobody takes up.
        invite: [p.bob, p.cat, p.boss],
        power_level_content_override: { users: { [p.bob!]: 50 } },
      });
      chat = await users.cat!.createRoom({ room_version: '12', invite: [p.eve], is_direct: true });
      await users.eve!.join(chat);
      await users.bob!.join(group);
    });
  });

  test('is renewed by its creator alone, with everybody in it at once', async () => {
    expect((await renew('bob', group)).status).toBe(404);
    const [first, second] = await Promise.all([renew('ann', group), renew('ann', group)]);
    expect(first.status, first.text).toBe(200);
    const made = first.body as Conversation;
    expect(second.body).toMatchObject({ room_id: made.room_id });
    expect(made).toMatchObject({ external: false, history: 'shared' });
    expect(made.people).toContainEqual({ user_id: p.boss, state: 'refused', reason: 'not_found' });
    const bob = users.bob!;
    expect(await stateOf(bob, made.room_id, 'm.room.create')).toMatchObject({
      predecessor: { room_id: group },
      'm.federate': false,
    });
    expect(await stateOf(bob, made.room_id, 'm.room.name')).toEqual({ name: '值班群' });
    expect(await stateOf(bob, made.room_id, 'm.room.topic')).toMatchObject({ topic: 'Nights' });
    expect(await stateOf(bob, made.room_id, 'm.room.power_levels')).toMatchObject({
      users: { [p.ann!]: 100, [p.bob!]: 50 },
    });
    expect(await membersOf(bob, made.room_id)).toEqual({
      [service]: 'join',
      [p.ann!]: 'join',
      [p.bob!]: 'join',
      [p.cat!]: 'join',
    });
  });

  test('of two people becomes their direct chat, unless they have one', async () => {
    const made = (await renew('cat', chat)).body as Conversation;
    expect(await start('eve', { kind: 'direct', user_id: p.cat })).toMatchObject({
      room_id: made.room_id,
      created: false,
    });
  });

  test('that can be handed on is not renewed', async () => {
    const { room_id: roomId } = await start('ann', { kind: 'group', name: 'New', user_ids: [p.bob] });
    expect((await renew('ann', roomId)).status).toBe(404);
    expect((await renew('ann', '!nowhere')).status).toBe(404);
  });
});
