import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeUserId, parseServerName, parseUserId } from '@qiao/matrix-types';
import { makeNioUser, waitFor, type NioClient, type TestUser } from '@qiao/testkit';
import { eachAtMost } from '../../src/bots/crypto.ts';
import { MachineUser } from './machine-user.ts';
import { BotWorld } from './world.ts';

const MEMBERS = 1000;
const WITH_DEVICES = 20;

let world: BotWorld;
let nio: NioClient;
let user: TestUser;

beforeEach(async () => {
  world = new BotWorld();
  ({ nio, user } = await makeNioUser());
});
afterEach(async () => {
  await nio.close();
  await world.end();
});

test('a room of 1,000 members: every device gets the key, and messages are read both ways', async () => {
  const { prefix } = world.stack.appservices.sync;
  const server = parseServerName(world.stack.serverName);
  const tag = world.userId.slice(-8 - server.length - 1, -server.length - 1);
  const bot = world.bot();
  const heard: string[] = [];
  bot.on.message((event) => void heard.push(event.eventId));
  await bot.start();
  const room = await bot.createRoom({
    preset: 'public_chat',
    invite: [parseUserId(user.userId)],
    initialState: [{ type: 'm.room.join_rules', content: { join_rule: 'public' } }],
  });
  await nio.join(room);
  const crowd = Array.from({ length: MEMBERS - WITH_DEVICES - 2 }, (_, i) => `${prefix}${tag}_${String(i)}`);
  await eachAtMost(8, crowd, async (localpart) => {
    await world.link.registerAppserviceUser(localpart);
    await world.link.as(makeUserId(localpart, server)).join(room);
  });
  const machines: MachineUser[] = [];
  for (let i = 0; i < WITH_DEVICES; i += 1) {
    const machine = await MachineUser.make();
    await machine.user.join(room);
    machines.push(machine);
  }
  expect((await bot.link.joinedMembers(room)).size).toBe(MEMBERS);

  const sent = await bot.sendText(room, { body: '致一千人' });
  await nio.waitEvent({ event_id: sent, decrypted: true, timeout_ms: 60_000 });
  for (const machine of machines) {
    await waitFor(async () => {
      await machine.sync();
      return machine.read(room, sent).catch(() => undefined);
    });
  }
  // The key is not shared again for a second message.
  const before = machines[0]?.toDevice.length;
  const second = await bot.sendText(room, { body: '第二句' });
  await nio.waitEvent({ event_id: second, decrypted: true });
  await machines[0]?.sync();
  expect(machines[0]?.toDevice.length).toBe(before);
  const said = await nio.sendText(room, '收到');
  await waitFor(() => heard.includes(said), { timeout: 60_000 });
}, 400_000);
