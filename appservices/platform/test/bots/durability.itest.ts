import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseRoomId, parseUserId, type RoomId } from '@qiao/matrix-types';
import {
  makeNioUser,
  stackControl,
  startTestStack,
  waitFor,
  type NioClient,
  type TestUser,
} from '@qiao/testkit';
import { POSITION_TYPE } from '../../src/bots/session.ts';
import type { EncryptedBot, MessageEvent } from '../../src/bots/index.ts';
import type { ChildSettings } from './child.ts';
import { BotWorld } from './world.ts';

let world: BotWorld;
let nio: NioClient;
let user: TestUser;
const children: ChildProcess[] = [];

beforeEach(async () => {
  world = new BotWorld();
  ({ nio, user } = await makeNioUser());
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await nio.close();
  await world.end();
});

function listening(bot: EncryptedBot): MessageEvent[] {
  const heard: MessageEvent[] = [];
  bot.on.message((event) => void heard.push(event));
  return heard;
}

describe('a bot that is killed', () => {
  const heardFile = (): string => join(world.dir, 'heard.jsonl');
  const heard = (): { eventId: string; text: string; redelivered: boolean }[] =>
    existsSync(heardFile())
      ? readFileSync(heardFile(), 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as { eventId: string; text: string; redelivered: boolean })
      : [];

  async function child(): Promise<ChildProcess> {
    const settings: ChildSettings = {
      url: world.stack.homeserverUrl,
      token: world.stack.appservices.sync.asToken,
      userId: world.userId,
      storeDir: world.storeDir,
      secretsDir: world.secretsDir,
      heardFile: heardFile(),
    };
    const started = spawn(
      process.execPath,
      [fileURLToPath(new URL('child.ts', import.meta.url)), JSON.stringify(settings)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    children.push(started);
    await new Promise<void>((resolve, reject) => {
      started.stdout.once('data', () => resolve());
      started.once('exit', (code) => reject(new Error(`the child ended with ${String(code)}`)));
    });
    return started;
  }
  async function kill(one: ChildProcess): Promise<void> {
    const ended = new Promise((resolve) => one.once('exit', resolve));
    one.kill('SIGKILL');
    await ended;
  }

  test('in the middle of a conversation hears everything, in order, and says what may be a repetition', async () => {
    let running = await child();
    const room = await nio.createRoom({ invite: [world.userId], encrypted: true });
    await nio.waitEvent({ room_id: room, type: 'm.room.member', sender: world.userId });
    const ids: string[] = [];
    const texts: string[] = [];
    const say = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i += 1) {
        texts.push(`第 ${String(texts.length)} 句`);
        ids.push(await nio.sendText(room, texts.at(-1) ?? ''));
      }
    };
    // Killed while messages come in, twice, at points nobody chose.
    for (const size of [60, 45]) {
      const before = heard().length;
      const talking = say(size);
      await waitFor(() => heard().length > before + 10, { timeout: 90_000 });
      await kill(running);
      await talking;
      // More than one sync's timeline holds comes while it is away.
      if (size === 60) {
        await nio.command('discard_session', { room_id: room });
        await say(120);
      }
      running = await child();
    }
    await waitFor(() => new Set(heard().map((one) => one.eventId)).size >= ids.length, {
      timeout: 150_000,
      what: 'all messages',
    });
    const list = heard();
    const first = list.filter((one, at) => list.findIndex((other) => other.eventId === one.eventId) === at);
    expect(first.map((one) => one.eventId)).toEqual(ids);
    expect(first.map((one) => one.text)).toEqual(texts);
    const repeated = list.filter(
      (one, at) => list.findIndex((other) => other.eventId === one.eventId) !== at,
    );
    expect(repeated.every((one) => one.redelivered)).toBe(true);
    // Only what was being handled at a kill may come twice.
    expect(repeated.length).toBeLessThan(60);
    await kill(running);
  }, 240_000);
});

describe('a bot whose store is lost', () => {
  async function roomWith(bot: EncryptedBot): Promise<RoomId> {
    const room = await bot.createRoom({ name: 'r', invite: [parseUserId(user.userId)] });
    await nio.join(room);
    return room;
  }

  test('takes a new device, says so, removes the old one, and keeps identity, history and position', async () => {
    let bot = world.bot();
    let heard = listening(bot);
    await bot.start();
    const room = await roomWith(bot);
    const first = await nio.sendText(room, '之前说的');
    await waitFor(() => heard.length === 1);
    const oldDevice = bot.health.deviceId;
    const [masterBefore] = await masterKeys();
    await bot.stop();

    const missed = await nio.sendText(room, '你不在的时候说的');
    rmSync(world.storeDir, { recursive: true });
    bot = world.bot({ undecryptableAfterMs: 200 });
    heard = listening(bot);
    await bot.start();
    expect(bot.health.deviceId).not.toBe(oldDevice);
    expect((await bot.link.devices()).map((device) => device.device_id)).toEqual([bot.health.deviceId]);
    expect(await masterKeys()).toEqual([masterBefore]);
    // The notice can be read, so the new device is known and trusted enough to be listened to.
    const notice = await nio.waitEvent({
      room_id: room,
      sender: world.userId,
      body_contains: '新设备',
      decrypted: true,
    });
    expect(notice.content['msgtype']).toBe('m.notice');
    // Said with the old session, whose key is in the backup: heard, although it was said while nobody was there.
    const event = await waitFor(() => heard.find((one) => one.eventId === missed), { timeout: 20_000 });
    expect(event.text).toBe('你不在的时候说的');
    expect(heard.map((one) => one.eventId)).not.toContain(first);
    // Both directions go on.
    const after = await nio.sendText(room, '之后');
    await waitFor(() => heard.some((one) => one.eventId === after));
    const answer = await bot.sendText(room, { body: '我回来了' });
    await nio.waitEvent({ event_id: answer, decrypted: true });

    // A further start is an ordinary one.
    const device = bot.health.deviceId;
    await bot.stop();
    bot = world.bot();
    await bot.start();
    expect(bot.health.deviceId).toBe(device);
    const notices = (await nio.timeline(room)).filter((one) =>
      String(one.content['body']).includes('新设备'),
    );
    expect(notices).toHaveLength(1);
  });

  test('without its secrets too, makes a new identity and goes on', async () => {
    let bot = world.bot();
    await bot.start();
    const room = await roomWith(bot);
    const [before] = await masterKeys();
    await bot.stop();
    rmSync(world.storeDir, { recursive: true });
    rmSync(world.secretsDir, { recursive: true });
    bot = world.bot();
    const heard = listening(bot);
    await bot.start();
    const [after] = await masterKeys();
    expect(after).toBeDefined();
    expect(after).not.toBe(before);
    expect(world.log.lines.map((line) => line.message)).toContain(
      'the bot has a new identity: people who verified it are warned',
    );
    const said = await nio.sendText(room, '还在吗');
    await waitFor(() => heard.some((one) => one.eventId === said));
  });

  test('with unreadable keys only, keeps its place and takes a new device', async () => {
    let bot = world.bot();
    await bot.start();
    const room = await roomWith(bot);
    const device = bot.health.deviceId;
    await bot.stop();
    const { writeFileSync } = await import('node:fs');
    for (const end of ['-wal', '-shm']) rmSync(join(world.storeDir, `crypto.db${end}`), { force: true });
    writeFileSync(join(world.storeDir, 'crypto.db'), Buffer.alloc(8192, 7));
    bot = world.bot();
    const heard = listening(bot);
    await bot.start();
    expect(bot.health.deviceId).not.toBe(device);
    const said = await nio.sendText(room, '听得到吗');
    await waitFor(() => heard.some((one) => one.eventId === said));
  });

  test('whose device is removed by somebody while it runs, takes a new one', async () => {
    const bot = world.bot({ syncTimeoutMs: 1000 });
    const heard = listening(bot);
    await bot.start();
    const room = await roomWith(bot);
    const device = bot.health.deviceId;
    const root = world.link.as(world.userId);
    for (const { device_id: id } of await root.devices()) await root.deleteDevice(id);
    await waitFor(() => bot.health.state === 'running' && bot.health.deviceId !== device, {
      timeout: 30_000,
    });
    const said = await nio.sendText(room, '新设备听得到吗');
    await waitFor(() => heard.some((one) => one.eventId === said), { timeout: 20_000 });
  });

  test('is refused a second time at once', async () => {
    const bot = world.bot();
    await bot.start();
    await expect(world.bot().start()).rejects.toMatchObject({ code: 'store_in_use' });
    const noted = await bot.link.accountData(POSITION_TYPE);
    expect(noted).toMatchObject({ device_id: bot.health.deviceId });
  });

  async function masterKeys(): Promise<string[]> {
    const answer = await world.link.as(world.userId).keysQuery({ device_keys: { [world.userId]: [] } });
    const masters = answer.master_keys as Record<string, { keys: Record<string, string> }>;
    return Object.values(masters[world.userId]?.keys ?? {});
  }
});

describe('a homeserver that restarts', () => {
  test('interrupts neither reading nor sending for good', async () => {
    const own = await startTestStack();
    const here = new BotWorld(own.info);
    const other = await makeNioUser({ stack: own.info });
    try {
      const bot = here.bot();
      const heard = listening(bot);
      await bot.start();
      const room = parseRoomId(await bot.createRoom({ invite: [parseUserId(other.user.userId)] }));
      await other.nio.join(room);
      const control = stackControl(own.info);
      await control.kill('synapse');
      // Sent into the dark: it arrives when the homeserver is back.
      const sending = bot.sendText(room, { body: '重启期间' });
      await waitFor(() => bot.health.syncFailing, { timeout: 20_000 });
      await control.ensure('synapse');
      const sent = await sending;
      await other.nio.waitEvent({ event_id: sent, decrypted: true, timeout_ms: 60_000 });
      const said = await other.nio.sendText(room, '重启之后');
      await waitFor(() => heard.some((one) => one.eventId === said), { timeout: 60_000 });
      await waitFor(() => !bot.health.syncFailing, { timeout: 30_000 });
    } finally {
      await other.nio.close();
      await here.end();
      await own.stop();
    }
  }, 240_000);
});
