import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import {
  createTestDatabase,
  makeNioUser,
  makeUser,
  stackControl,
  testStack,
  type NioClient,
} from '../src/index.ts';

describe('users', () => {
  test('wait for an event of each other', async () => {
    const [ann, ben] = await Promise.all([makeUser({ name: 'ann' }), makeUser({ name: 'ben' })]);
    const room = await ann.createRoom({ invite: [ben.userId] });
    expect(await ben.waitForInvite(room)).toBe(room);
    await ben.join(room);
    await ann.sendText(room, '你好');
    const event = await ben.waitForEvent((one) => one.type === 'm.room.message' && one.room_id === room);
    expect(event.content['body']).toBe('你好');
    expect(await ben.members(room)).toEqual([ann.userId, ben.userId].sort());
  });

  test('rooms are encrypted by default', async () => {
    const ann = await makeUser();
    const room = await ann.createRoom();
    expect(await ann.state(room, 'm.room.encryption')).toMatchObject({ algorithm: 'm.megolm.v1.aes-sha2' });
  });

  test('one appservice reads as its users', async () => {
    const { appservices, homeserverUrl, serverName } = testStack();
    const name = `${appservices.sync.prefix}${randomBytes(3).toString('hex')}`;
    const headers = {
      authorization: `Bearer ${appservices.sync.asToken}`,
      'content-type': 'application/json',
    };
    const registered = await fetch(`${homeserverUrl}/_matrix/client/v3/register`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ type: 'm.login.application_service', username: name, inhibit_login: true }),
    });
    expect(registered.status).toBe(200);
    const userId = `@${name}:${serverName}`;
    const synced = await fetch(
      `${homeserverUrl}/_matrix/client/v3/sync?user_id=${encodeURIComponent(userId)}`,
      {
        headers,
      },
    );
    expect(synced.status).toBe(200);
  });
});

test("the homeserver's version is its own, not the checkout's", async () => {
  const answer = await fetch(`${testStack().homeserverUrl}/_matrix/federation/v1/version`);
  expect(await answer.json()).toEqual({ server: { name: 'Synapse', version: '1.163.2' } });
});

describe('the partner', () => {
  test('federates over TLS on loopback', async () => {
    await stackControl().ensure('partner');
    const { partner } = testStack();
    const [ann, pia] = await Promise.all([
      makeUser({ name: 'ann' }),
      makeUser({ name: 'pia', server: 'partner' }),
    ]);
    expect(pia.userId.endsWith(`:${partner.serverName}`)).toBe(true);
    const room = await ann.createRoom({ invite: [pia.userId] });
    await pia.waitForInvite(room, 30_000);
    await pia.join(room, [testStack().serverName]);
    await pia.sendText(room, '来自伙伴');
    const event = await ann.waitForEvent(
      (one) => one.room_id === room && one.type === 'm.room.message',
      30_000,
    );
    expect(event).toMatchObject({ sender: pia.userId, content: { body: '来自伙伴' } });
  });
});

describe('databases', () => {
  test('are cloned from a template that is filled once', async () => {
    let filled = 0;
    const options = {
      template: `once_${randomBytes(3).toString('hex')}`,
      migrate: async (url: string) => {
        filled++;
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        await client.query('CREATE TABLE fruit (name text)');
        await client.query(`INSERT INTO fruit VALUES ('梨')`);
        await client.end();
      },
    };
    const [one, two] = await Promise.all([createTestDatabase(options), createTestDatabase(options)]);
    expect(filled).toBe(1);
    for (const database of [one, two]) {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      expect((await client.query('SELECT name FROM fruit')).rows).toEqual([{ name: '梨' }]);
      expect((await client.query(`SELECT lower('ÄÖ') AS low`)).rows).toEqual([{ low: 'äö' }]);
      await client.end();
      expect(await database.drop()).toBe(0);
    }
  });
});

describe('the independent encrypted client', () => {
  const open: NioClient[] = [];
  afterAll(() => Promise.all(open.map((client) => client.close())));

  test('talks encrypted, with files and reactions, and survives a restart', async () => {
    const [ann, ben] = await Promise.all([makeNioUser(), makeNioUser()]);
    open.push(ann.nio, ben.nio);
    const room = await ann.nio.createRoom({ name: '测试', invite: [ben.user.userId] });
    await ben.nio.join(room);
    await ann.nio.waitEvent({ type: 'm.room.member', sender: ben.user.userId, room_id: room });
    const text = await ann.nio.sendText(room, '秘密 secret');
    const seen = await ben.nio.waitEvent({ event_id: text, decrypted: true });
    expect(seen.content['body']).toBe('秘密 secret');
    const raw = await ann.user.request<{ type: string }>(
      'GET',
      `/v3/rooms/${room}/event/${encodeURIComponent(text)}`,
    );
    expect(raw.type).toBe('m.room.encrypted');

    const data = randomBytes(50_000);
    const file = await ben.nio.sendFile(room, '表.bin', data);
    await ann.nio.waitEvent({ event_id: file, decrypted: true });
    expect(Buffer.compare(await ann.nio.download(file), data)).toBe(0);

    await ben.nio.react(room, text, '👍');
    await ann.nio.waitEvent({ type: 'm.reaction', relates_to: text, key: '👍' });

    const { access_token, device_id } = await ben.nio.state();
    await ben.nio.kill();
    const later = await ann.nio.sendText(room, 'while away');
    const { NioClient } = await import('../src/index.ts');
    const again = new NioClient(ben.nio.store);
    open.push(again);
    await again.login({
      homeserver: ben.user.homeserverUrl,
      user_id: ben.user.userId,
      access_token,
      device_id,
    });
    await again.startSync();
    expect((await again.waitEvent({ event_id: later, decrypted: true })).content['body']).toBe('while away');
    expect(await again.undecrypted(room)).toEqual([]);
  });
});
