import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseUserId } from '@qiao/matrix-types';
import { makeUser, waitFor, type TestUser } from '@qiao/testkit';
import type { EncryptedBot } from '../../src/bots/index.ts';
import { MachineUser } from './machine-user.ts';
import { BotWorld } from './world.ts';

let world: BotWorld;
let bot: EncryptedBot;
let user: TestUser;

beforeEach(async () => {
  world = new BotWorld();
  bot = world.bot({ undecryptableAfterMs: 200 });
  user = await makeUser();
});
afterEach(() => world.end());

/** Small numbers that look random and are the same in every run (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SECRET = 'SECRET-CONTENT-隐私';

test('hostile events reach no handler, are told by id only, and stop nothing', async () => {
  const heard: string[] = [];
  const wrong: string[] = [];
  bot.on.message((event) => {
    heard.push(event.eventId);
    if (typeof event.text !== 'string' || !Array.isArray(event.mentions)) wrong.push(event.eventId);
  });
  bot.on.reaction((event) => {
    if (typeof event.key !== 'string' || !event.target.startsWith('$')) wrong.push(event.eventId);
  });
  bot.on.pollResponse((event) => {
    if (event.answers.some((answer) => typeof answer !== 'string')) wrong.push(event.eventId);
  });
  await bot.start();
  const room = await bot.createRoom({
    invite: [parseUserId(user.userId)],
    powerLevels: { state_default: 0, events_default: 0 },
  });
  await user.join(room);

  const random = randomOf(20_26);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const value = (depth = 0): unknown => {
    const kind = Math.floor(random() * (depth > 3 ? 6 : 8));
    const simple = [null, true, Math.floor(random() * 2 ** 40), SECRET, '', '$\u202e\u0000x'];
    if (kind < simple.length) return simple[kind];
    if (kind === 6) return Array.from({ length: 3 }, () => value(depth + 1));
    return Object.fromEntries(Array.from({ length: 3 }, () => [pick(NAMES), value(depth + 1)]));
  };
  const NAMES = [
    'body',
    'msgtype',
    'm.relates_to',
    'm.new_content',
    'm.mentions',
    'event_id',
    'rel_type',
    'm.in_reply_to',
    'key',
    'algorithm',
    'ciphertext',
    'session_id',
    'sender_key',
    'device_id',
    'file',
    'url',
    'info',
    'org.matrix.msc3381.poll.start',
    'org.matrix.msc3381.poll.response',
    'answers',
    'membership',
    '__proto__',
    'constructor',
  ];
  const TYPES = [
    'm.room.message',
    'm.room.encrypted',
    'm.reaction',
    'org.matrix.msc3381.poll.start',
    'org.matrix.msc3381.poll.response',
    'org.matrix.msc3381.poll.end',
    'io.qiao.bot.invite',
    'm.room.redaction.not',
  ];
  const shaped = [
    { msgtype: 'm.text', body: [SECRET] },
    { msgtype: 'm.text', body: SECRET, 'm.relates_to': { rel_type: 'm.replace', event_id: 'x' } },
    {
      algorithm: 'm.megolm.v1.aes-sha2',
      ciphertext: SECRET,
      session_id: 'a',
      sender_key: 'b',
      device_id: 'c',
    },
    { algorithm: 'm.megolm.v1.aes-sha2', ciphertext: 'AwgAEg', session_id: '' },
    { algorithm: 'm.olm.v1.curve25519-aes-sha2', ciphertext: {}, sender_key: 'x' },
    { 'm.relates_to': { rel_type: 'm.annotation', event_id: '$x', key: { a: 1 } } },
  ];
  const sends: Promise<string>[] = [];
  for (const content of shaped) for (const type of TYPES) sends.push(user.send(room, type, content));
  for (let i = 0; i < 120; i += 1) {
    const content = Object.fromEntries(Array.from({ length: 4 }, () => [pick(NAMES), value()]));
    sends.push(user.send(room, pick(TYPES), content));
  }
  sends.push(
    user.setState(room, 'm.room.encryption', '', { algorithm: { deep: [] }, rotation_period_msgs: -1 }),
  );
  sends.push(user.setState(room, 'm.room.history_visibility', '', { history_visibility: ['x'] }));
  sends.push(
    user.setState(room, 'm.room.member', user.userId, { membership: 'join', displayname: 'x'.repeat(5000) }),
  );
  await Promise.allSettled(sends);
  // Hostile messages to the device: malformed keys, requests and verification.
  const ann = await MachineUser.make(user);
  for (const type of [
    'm.room_key',
    'm.room.encrypted',
    'm.room_key_request',
    'm.key.verification.request',
    'm.secret.send',
    'm.dummy',
  ]) {
    for (const content of [
      {},
      { algorithm: 1 },
      { action: 'request', body: [], requesting_device_id: {} },
      { ciphertext: { x: { type: 0, body: SECRET } } },
    ]) {
      await ann.whisper(type, world.userId, bot.health.deviceId ?? '', content);
    }
  }

  const { keys, content } = await ann.encrypt(room, [user.userId, world.userId], 'still there?');
  for (const key of keys) await ann.sendToDevice(key);
  const good = await user.send(room, 'm.room.encrypted', content);
  await waitFor(() => heard.includes(good), { timeout: 30_000 });
  expect(wrong).toEqual([]);
  await waitFor(() => bot.health.inbox === 0);
  expect(bot.health.state).toBe('running');
  const log = JSON.stringify(world.log.lines, (_key, each: unknown) =>
    each instanceof Error ? [each.message, each.stack] : each,
  );
  expect(log).not.toContain('SECRET');
  expect((await bot.sendText(room, { body: 'yes' })).startsWith('$')).toBe(true);
});

test('a handler that throws is called again, then its event is dropped and the next one handled', async () => {
  const calls: string[] = [];
  bot.on.message((event) => {
    calls.push(`${event.text} ${String(event.redelivered)}`);
    if (event.text === 'bad') throw new Error('handler is broken');
  });
  await bot.start();
  const room = await bot.createRoom({
    invite: [parseUserId(user.userId)],
    encrypted: false,
    preset: 'public_chat',
  });
  await user.join(room);
  await user.sendText(room, 'bad');
  await user.sendText(room, 'good');
  await waitFor(() => calls.includes('good false'), { timeout: 20_000 });
  expect(calls).toEqual(['bad false', 'bad true', 'bad true', 'good false']);
  await waitFor(() => bot.health.inbox === 0);
});
