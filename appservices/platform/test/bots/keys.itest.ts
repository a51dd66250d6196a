import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseRoomId, parseUserId, type EventId, type RoomId } from '@qiao/matrix-types';
import { makeNioUser, makeUser, waitFor, type NioClient, type TestUser } from '@qiao/testkit';
import type { EncryptedBot, MessageEvent, UndecryptableEvent } from '../../src/bots/index.ts';
import { MachineUser } from './machine-user.ts';
import { BotWorld } from './world.ts';

let world: BotWorld;
let bot: EncryptedBot;
let heard: MessageEvent[];
const open: NioClient[] = [];

beforeEach(() => {
  world = new BotWorld();
  heard = [];
  bot = world.bot({ undecryptableAfterMs: 300 });
  bot.on.message((event) => void heard.push(event));
});
afterEach(async () => {
  for (const nio of open.splice(0)) await nio.close();
  await world.end();
});

async function nioUser(): Promise<{ nio: NioClient; user: TestUser }> {
  const made = await makeNioUser();
  open.push(made.nio);
  return made;
}
async function roomWith(...users: { userId: string }[]): Promise<RoomId> {
  return bot.createRoom({ invite: users.map((user) => parseUserId(user.userId)) });
}
async function sessionOf(roomId: RoomId, eventId: EventId): Promise<unknown> {
  return (await bot.link.event(roomId, eventId))?.content.session_id;
}

describe('one-time keys', () => {
  test('all taken: a session opens by the fallback key, and new keys are published', async () => {
    const { nio, user } = await nioUser();
    await bot.start();
    const room = await roomWith(user);
    await nio.join(room);
    const device = bot.health.deviceId ?? '';
    await bot.stop();
    const thief = await makeUser();
    const keys: Record<string, { fallback?: boolean }>[] = [];
    for (;;) {
      const answer = await thief.request<{
        one_time_keys: Record<string, Record<string, Record<string, { fallback?: boolean }>>>;
      }>('POST', '/v3/keys/claim', { one_time_keys: { [world.userId]: { [device]: 'signed_curve25519' } } });
      const key = answer.one_time_keys[world.userId]?.[device] ?? {};
      keys.push(key);
      if (Object.values(key).some((one) => one.fallback === true)) break;
      expect(keys.length).toBeLessThan(500);
    }
    expect(keys.length).toBeGreaterThan(10);

    const said = await nio.sendText(room, '没有一次性密钥了');
    bot = world.bot();
    bot.on.message((event) => void heard.push(event));
    await bot.start();
    await waitFor(() => heard.some((one) => one.eventId === said && one.text === '没有一次性密钥了'));
    // An empty upload answers with the counts.
    const count = await waitFor(async () => {
      const answer = await bot.link.keysUpload('{}');
      const counts = answer.one_time_key_counts as Record<string, number>;
      return (counts.signed_curve25519 ?? 0) >= 40 && counts.signed_curve25519;
    });
    expect(count).toBeGreaterThanOrEqual(40);
  });
});

describe('an event whose key is missing', () => {
  test('is reported once with the reason, and delivered when the key comes late', async () => {
    const undecryptable: UndecryptableEvent[] = [];
    bot.on.undecryptable((event) => void undecryptable.push(event));
    await bot.start();
    const ann = await MachineUser.make();
    const room = await roomWith(ann.user);
    await ann.user.join(room);
    const { keys, content } = await ann.encrypt(room, [ann.user.userId, world.userId], '迟到的钥匙');
    const eventId = await ann.user.send(room, 'm.room.encrypted', content);
    const report = await waitFor(() => undecryptable[0]);
    expect(report).toMatchObject({ eventId, roomId: room, sender: ann.user.userId, reason: 'missing_key' });
    expect(bot.health.undecrypted).toBe(1);
    expect(heard).toEqual([]);
    for (const key of keys) await ann.sendToDevice(key);
    expect(await waitFor(() => heard[0])).toMatchObject({ eventId, text: '迟到的钥匙', encrypted: true });
    await waitFor(() => bot.health.undecrypted === 0);
    expect(undecryptable).toHaveLength(1);
  });

  test('is reported as withheld when the sender says so', async () => {
    const undecryptable: UndecryptableEvent[] = [];
    bot.on.undecryptable((event) => void undecryptable.push(event));
    await bot.start();
    const ann = await MachineUser.make();
    const room = await roomWith(ann.user);
    await ann.user.join(room);
    const { content } = await ann.encrypt(room, [ann.user.userId], '不给你');
    await ann.whisper('m.room_key.withheld', world.userId, bot.health.deviceId ?? '', {
      algorithm: 'm.megolm.v1.aes-sha2',
      code: 'm.blacklisted',
      reason: 'no',
      room_id: room,
      sender_key: ann.machine.identityKeys.curve25519.toBase64(),
      session_id: content.session_id,
    });
    const eventId = await ann.user.send(room, 'm.room.encrypted', content);
    expect(await waitFor(() => undecryptable[0])).toMatchObject({
      eventId,
      reason: 'withheld:m.blacklisted',
    });
  });
});

describe('room keys', () => {
  test('are not given to strangers, nor to a member for a message from before', async () => {
    const { nio, user } = await nioUser();
    await bot.start();
    const room = await bot.createRoom({ invite: [parseUserId(user.userId)], historyVisibility: 'joined' });
    await nio.join(room);
    const secret = await bot.sendText(room, { body: '秘密' });
    await nio.waitEvent({ event_id: secret, decrypted: true });
    const event = await bot.link.event(room, secret);
    const request = async (who: MachineUser): Promise<void> =>
      who.whisper('m.room_key_request', world.userId, bot.health.deviceId ?? '', {
        action: 'request',
        request_id: randomBytes(6).toString('hex'),
        requesting_device_id: who.user.deviceId,
        body: {
          algorithm: 'm.megolm.v1.aes-sha2',
          room_id: room,
          session_id: event?.content.session_id,
          sender_key: event?.content.sender_key,
        },
      });
    const stranger = await MachineUser.make();
    const member = await MachineUser.make();
    await bot.invite(room, parseUserId(member.user.userId));
    await member.user.join(room);
    await request(stranger);
    await request(member);
    // A message the member may read comes after the request was answered (or not): the inbox keeps its order.
    const open = await bot.createRoom({ invite: [parseUserId(stranger.user.userId)] });
    await stranger.user.join(open);
    const barrier = await bot.sendText(open, { body: 'x' });
    const after = await bot.sendText(room, { body: '之后' });
    await waitFor(async () => {
      await stranger.sync();
      return (await stranger.read(open, barrier)) as object;
    });
    await waitFor(async () => {
      await member.sync();
      return (await member.read(room, after)) as object;
    });
    await expect(member.read(room, secret)).rejects.toBeDefined();
    await expect(
      stranger.read(room, secret).catch((error: unknown) => Promise.reject(error as Error)),
    ).rejects.toBeDefined();
    // One encrypted message each: the key of the room they are in now; no forwarded key besides.
    expect(
      stranger.toDevice.filter((one) => one.sender === world.userId && one.type === 'm.room.encrypted'),
    ).toHaveLength(1);
    expect(
      member.toDevice.filter((one) => one.sender === world.userId && one.type === 'm.room.encrypted'),
    ).toHaveLength(1);
  });

  test('are given again to a device that was meant to have them', async () => {
    await bot.start();
    const ann = await MachineUser.make();
    const room = await roomWith(ann.user);
    await ann.user.join(room);
    const sent = await bot.sendText(room, { body: '再给我一次' });
    const event = await bot.link.event(room, sent);
    await waitFor(async () => {
      await ann.sync();
      return (await ann.read(room, sent)) as object;
    });
    const before = ann.toDevice.length;
    await ann.whisper('m.room_key_request', world.userId, bot.health.deviceId ?? '', {
      action: 'request',
      request_id: 'again',
      requesting_device_id: ann.user.deviceId,
      body: { algorithm: 'm.megolm.v1.aes-sha2', room_id: room, session_id: event?.content.session_id },
    });
    await waitFor(async () => {
      await ann.sync();
      return ann.toDevice
        .slice(before)
        .some((one) => one.sender === world.userId && one.type === 'm.room.encrypted');
    });
  });

  test('are made anew by count, when somebody leaves, and for somebody who comes', async () => {
    const { nio, user } = await nioUser();
    const { nio: late, user: lateUser } = await nioUser();
    await bot.start();
    const room = await bot.createRoom({ invite: [parseUserId(user.userId)], rotation: { messages: 3 } });
    await nio.join(room);
    const ids: EventId[] = [];
    for (let i = 0; i < 7; i += 1) ids.push(await bot.sendText(room, { body: String(i) }));
    const sessions = await Promise.all(ids.map((id) => sessionOf(room, id)));
    expect(new Set(sessions).size).toBe(3);
    expect(sessions[0]).toBe(sessions[2]);
    for (const id of ids) await nio.waitEvent({ event_id: id, decrypted: true });

    await bot.invite(room, parseUserId(lateUser.userId));
    await late.join(room);
    const forBoth = await bot.sendText(room, { body: '两个人' });
    await late.waitEvent({ event_id: forBoth, decrypted: true });
    await late.command('leave', { room_id: room });
    await waitFor(async () => !(await bot.link.joinedMembers(room)).has(parseUserId(lateUser.userId)));
    await bot.link.getState(room, 'm.room.create');
    const left = await waitFor(async () => {
      const id = await bot.sendText(room, { body: '一个人' });
      return (await sessionOf(room, id)) !== (await sessionOf(room, forBoth)) && id;
    });
    await nio.waitEvent({ event_id: left, decrypted: true });
  });

  test('go on after an orderly stop, and are made anew after an end that was not', async () => {
    await bot.start();
    const room = await roomWith();
    const first = await sessionOf(room, await bot.sendText(room, { body: '一' }));
    await bot.stop();
    bot = world.bot();
    await bot.start();
    expect(await sessionOf(room, await bot.sendText(room, { body: '二' }))).toBe(first);
    await bot.stop();
    // As a power cut leaves it: the mark of an open store is still there.
    const state = new DatabaseSync(join(world.storeDir, 'state.db'));
    state.exec("INSERT INTO meta (k, v) VALUES ('open', '1')");
    state.close();
    bot = world.bot();
    await bot.start();
    const third = await sessionOf(room, await bot.sendText(room, { body: '三' }));
    expect(third).not.toBe(first);
    expect(await sessionOf(room, await bot.sendText(room, { body: '四' }))).toBe(third);
  });

  test('a second device of a member reads what is said after it came', async () => {
    const { nio, user } = await nioUser();
    await bot.start();
    const room = await roomWith(user);
    await nio.join(room);
    await nio.waitEvent({ event_id: await bot.sendText(room, { body: '一' }), decrypted: true });
    const second = await MachineUser.make(await user.newDevice());
    await waitFor(async () => {
      const id = await bot.sendText(room, { body: '二' });
      await second.sync();
      return second.read(room, id).catch(() => undefined);
    });
  });
});

describe('encryption of a room', () => {
  test('stays on when its state is emptied or changed, over a restart too', async () => {
    const { nio, user } = await nioUser();
    await bot.start();
    const theirs = parseRoomId(await nio.createRoom({ invite: [world.userId], encrypted: true }));
    await nio.waitEvent({ room_id: theirs, type: 'm.room.member', sender: world.userId });
    const first = await bot.sendText(theirs, { body: '一' });
    await nio.waitEvent({ event_id: first, decrypted: true });
    const states: string[] = [];
    bot.on.other((event) => void states.push(event.eventId));
    for (const content of [{}, { algorithm: 'org.example.none' }, { algorithm: 7 }]) {
      const id = await user.setState(theirs, 'm.room.encryption', '', content);
      await waitFor(() => states.includes(id));
    }
    const second = await bot.sendText(theirs, { body: '二' });
    expect((await bot.link.event(theirs, second))?.type).toBe('m.room.encrypted');
    await bot.stop();
    bot = world.bot();
    await bot.start();
    const third = await bot.sendText(theirs, { body: '三' });
    expect((await bot.link.event(theirs, third))?.type).toBe('m.room.encrypted');
  });

  test('holds from the first message, however early a sync shows the room', async () => {
    await bot.start();
    const types = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const room = await bot.createRoom({});
        return (await bot.link.event(room, await bot.sendText(room, { body: '第一句' })))?.type;
      }),
    );
    expect(new Set(types)).toEqual(new Set(['m.room.encrypted']));
  });

  test('that the bot does not know is refused', async () => {
    const ann = await makeUser();
    await bot.start();
    const room = parseRoomId(
      await ann.createRoom({
        invite: [world.userId],
        preset: 'public_chat',
        initial_state: [{ type: 'm.room.encryption', content: { algorithm: 'org.example.future' } }],
      }),
    );
    await waitFor(async () => (await bot.link.joinedRooms()).includes(room));
    await expect(bot.sendText(room, { body: 'x' })).rejects.toMatchObject({ code: 'unsupported_encryption' });
  });
});
