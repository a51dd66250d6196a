import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseEventId, parseRoomId, parseUserId, type EventId, type RoomId } from '@qiao/matrix-types';
import { makeNioUser, waitFor, type NioClient, type TestUser } from '@qiao/testkit';
import type {
  EncryptedBot,
  MessageEvent,
  PollEndEvent,
  PollResponseEvent,
  PollStartEvent,
  ReactionEvent,
  RedactionEvent,
} from '../../src/bots/index.ts';
import { BotWorld } from './world.ts';

let world: BotWorld;
let bot: EncryptedBot;
let nio: NioClient;
let user: TestUser;
let room: RoomId;
const messages: MessageEvent[] = [];

beforeEach(async () => {
  messages.length = 0;
  world = new BotWorld();
  bot = world.bot();
  bot.on.message((event) => void messages.push(event));
  ({ nio, user } = await makeNioUser());
  await bot.start();
  room = await bot.createRoom({ name: '测试', invite: [parseUserId(user.userId)] });
  await nio.join(room);
});
afterEach(async () => {
  await nio.close();
  await world.end();
});

const heard = (fits: (event: MessageEvent) => boolean): Promise<MessageEvent> =>
  waitFor(() => messages.find(fits), { what: 'the bot to hear it' });

describe('a bot and an independent client', () => {
  test('talk encrypted, in Chinese and English, both ways', async () => {
    const sent = await nio.sendText(room, '你好，桥！ hello 🌉');
    const event = await heard((one) => one.eventId === sent);
    expect(event).toMatchObject({
      text: '你好，桥！ hello 🌉',
      sender: user.userId,
      encrypted: true,
      redelivered: false,
    });
    // matrix-nio has no cross-signing: its device is known but not signed.
    expect(event.trust).toBe('unsigned_device');

    const answer = await bot.sendText(room, {
      body: '收到 “quotes” <b>',
      formattedBody: '收到',
      msgtype: 'm.text',
    });
    const seen = await nio.waitEvent({ event_id: answer, decrypted: true });
    expect(seen.content).toMatchObject({
      body: '收到 “quotes” <b>',
      msgtype: 'm.text',
      formatted_body: '收到',
    });
    expect(seen.sender).toBe(world.userId);
    expect(await nio.undecrypted(room)).toEqual([]);
    // What the homeserver has is not readable.
    const raw = await bot.link.event(room, answer);
    expect(raw?.type).toBe('m.room.encrypted');
    expect(JSON.stringify(raw)).not.toContain('收到');
    expect(world.log.lines).toEqual([]);
  });

  test('reply, edit, thread, mention and redact', async () => {
    const first = parseEventId(await nio.sendText(room, '问题'));
    await heard((one) => one.eventId === first);
    const reply = await nio.sendText(room, '补充', { reply_to: first, mentions: [world.userId] });
    expect(await heard((one) => one.eventId === reply)).toMatchObject({
      replyTo: first,
      mentions: [world.userId],
    });
    const edit = await nio.sendText(room, '新的问题', { replaces: first });
    expect(await heard((one) => one.eventId === edit)).toMatchObject({ replaces: first, text: '新的问题' });
    const threaded = await nio.sendText(room, '在线程里', { thread: first });
    expect(await heard((one) => one.eventId === threaded)).toMatchObject({
      thread: first,
      replyTo: undefined,
    });

    const answer = await bot.sendText(room, {
      body: '答',
      replyTo: first,
      mentions: { users: [parseUserId(user.userId)] },
    });
    expect((await nio.waitEvent({ event_id: answer, decrypted: true })).content).toMatchObject({
      'm.relates_to': { 'm.in_reply_to': { event_id: first } },
      'm.mentions': { user_ids: [user.userId] },
    });
    const better = await bot.sendText(room, { body: '更好的答', replaces: answer });
    expect((await nio.waitEvent({ event_id: better, decrypted: true })).content).toMatchObject({
      'm.new_content': { body: '更好的答' },
      'm.relates_to': { rel_type: 'm.replace', event_id: answer },
    });

    const gone: RedactionEvent[] = [];
    bot.on.redaction((event) => void gone.push(event));
    await nio.command('redact', { room_id: room, event_id: first });
    expect((await waitFor(() => gone[0])).target).toBe(first);
    await bot.redact(room, answer, '错了');
    await nio.waitEvent({ room_id: room, type: 'm.room.redaction', sender: world.userId });
  });

  test('react both ways', async () => {
    const reactions: ReactionEvent[] = [];
    bot.on.reaction((event) => void reactions.push(event));
    const card = await bot.sendText(room, { body: '请批准' });
    await nio.waitEvent({ event_id: card, decrypted: true });
    await nio.react(room, card, '✅');
    expect(await waitFor(() => reactions[0])).toMatchObject({ target: card, key: '✅', sender: user.userId });
    const said = parseEventId(await nio.sendText(room, 'x'));
    await bot.sendReaction(room, said, '👀');
    await nio.waitEvent({ type: 'm.reaction', relates_to: said, key: '👀' });
  });

  test('run a poll both ways', async () => {
    const starts: PollStartEvent[] = [];
    const votes: PollResponseEvent[] = [];
    const ends: PollEndEvent[] = [];
    bot.on.pollStart((event) => void starts.push(event));
    bot.on.pollResponse((event) => void votes.push(event));
    bot.on.pollEnd((event) => void ends.push(event));
    const poll = await bot.sendPoll(room, {
      question: '同意吗？',
      answers: [
        { id: 'yes', text: '同意' },
        { id: 'no', text: '不同意' },
      ],
    });
    const seen = await nio.waitEvent({ event_id: poll, decrypted: true });
    expect(seen.type).toBe('org.matrix.msc3381.poll.start');
    expect(seen.content['org.matrix.msc1767.text']).toBe('同意吗？\n1. 同意\n2. 不同意');
    await nio.send(room, 'org.matrix.msc3381.poll.response', {
      'org.matrix.msc3381.poll.response': { answers: ['yes'] },
      'm.relates_to': { rel_type: 'm.reference', event_id: poll },
    });
    expect(await waitFor(() => votes[0])).toMatchObject({ poll, answers: ['yes'], encrypted: true });
    const end = await bot.endPoll(room, poll, '投票结束');
    expect((await nio.waitEvent({ event_id: end, decrypted: true })).type).toBe(
      'org.matrix.msc3381.poll.end',
    );

    const theirs = await nio.send(room, 'org.matrix.msc3381.poll.start', {
      'org.matrix.msc3381.poll.start': {
        question: { 'org.matrix.msc1767.text': 'Lunch?' },
        answers: [{ id: 'a', 'org.matrix.msc1767.text': '面' }],
      },
    });
    const start = await waitFor(() => starts.find((one) => one.eventId === theirs));
    expect(start).toMatchObject({ question: 'Lunch?', answers: [{ id: 'a', text: '面' }], maxSelections: 1 });
    const vote = await bot.respondToPoll(room, start.eventId, ['a']);
    expect((await nio.waitEvent({ event_id: vote, decrypted: true })).type).toBe(
      'org.matrix.msc3381.poll.response',
    );
    await nio.send(room, 'org.matrix.msc3381.poll.end', {
      'org.matrix.msc3381.poll.end': {},
      'm.relates_to': { rel_type: 'm.reference', event_id: theirs },
    });
    expect(await waitFor(() => ends[0])).toMatchObject({ poll: theirs });
  });

  test('send files both ways, and a file that was tampered with is refused', async () => {
    const bytes = Buffer.from('文件内容 '.repeat(30_000));
    const theirs = await nio.sendFile(room, '报告.txt', bytes, 'text/plain');
    const event = await heard((one) => one.eventId === theirs);
    expect(event.content).toMatchObject({ msgtype: 'm.file', body: '报告.txt' });
    const file = await bot.downloadFile(event.content, 1_000_000);
    expect(Buffer.from(file.bytes).equals(bytes)).toBe(true);
    await expect(bot.downloadFile(event.content, 1000)).rejects.toMatchObject({ name: 'MediaTooLargeError' });
    const forged = structuredClone(event.content);
    if (forged.file !== undefined) forged.file.hashes.sha256 = 'A'.repeat(43);
    await expect(bot.downloadFile(forged, 1_000_000)).rejects.toMatchObject({ code: 'bad_file' });

    async function* stream(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
    }
    const ours = await bot.sendFile(room, {
      data: stream,
      sizeBytes: bytes.length,
      name: '图 1.png',
      mimetype: 'image/png',
      msgtype: 'm.image',
      width: 3,
      height: 4,
    });
    const seen = await nio.waitEvent({ event_id: ours, decrypted: true });
    expect(seen.content).toMatchObject({
      msgtype: 'm.image',
      body: '图 1.png',
      info: { w: 3, h: 4, size: bytes.length },
    });
    expect((await nio.download(ours)).equals(bytes)).toBe(true);
  });

  test('the bot’s device is signed by its identity, and the identity by itself', async () => {
    const answer = await bot.link.keysQuery({ device_keys: { [world.userId]: [] } });
    const {
      device_keys: devices,
      master_keys: masters,
      self_signing_keys: selfSigning,
    } = answer as Record<string, Record<string, unknown>>;
    const device = Object.values(devices?.[world.userId] as object)[0] as {
      device_id: string;
      signatures: Record<string, Record<string, string>>;
    };
    const selfKey = Object.values((selfSigning?.[world.userId] as { keys: Record<string, string> }).keys)[0]!;
    const masterKey = Object.values((masters?.[world.userId] as { keys: Record<string, string> }).keys)[0]!;
    expect(device.device_id).toBe(bot.health.deviceId);
    expect(Object.keys(device.signatures[world.userId]!)).toContain(`ed25519:${selfKey}`);
    const signed = selfSigning?.[world.userId] as { signatures: Record<string, Record<string, string>> };
    expect(Object.keys(signed.signatures[world.userId]!)).toContain(`ed25519:${masterKey}`);
    expect(await bot.link.devices()).toHaveLength(1);
  });

  test('keeps the order of a room, and a transaction id sends once', async () => {
    const ids = await Promise.all(
      Array.from({ length: 25 }, (_, i) => bot.sendText(room, { body: `第${String(i)}条` })),
    );
    const last = ids.at(-1)!;
    await nio.waitEvent({ event_id: last, decrypted: true });
    const bodies = (await nio.timeline(room)).filter((one) => one.sender === world.userId && one.decrypted);
    expect(bodies.map((one) => one.content['body'])).toEqual(ids.map((_, i) => `第${String(i)}条`));
    const [one, two] = [
      await bot.sendText(room, { body: 'once' }, { txnId: 'same' }),
      await bot.sendText(room, { body: 'once' }, { txnId: 'same' }),
    ];
    expect(one).toBe(two);

    const order: EventId[] = [];
    bot.on.message((event) => void order.push(event.eventId));
    const theirs: string[] = [];
    for (let i = 0; i < 25; i += 1) theirs.push(await nio.sendText(room, String(i)));
    await waitFor(() => order.length === 25);
    expect(order).toEqual(theirs);
  });

  test('accepts an invitation and hears what is said from then on', async () => {
    const theirs = await nio.createRoom({ name: '他们的', invite: [world.userId], encrypted: true });
    await nio.command('sync_once').catch(() => undefined);
    const roomId = parseRoomId(theirs);
    await waitFor(async () => (await bot.link.joinedRooms()).includes(roomId), { what: 'the bot to join' });
    await nio.waitEvent({ room_id: theirs, type: 'm.room.member', sender: world.userId });
    const said = await nio.sendText(theirs, '欢迎');
    expect(await heard((one) => one.eventId === said)).toMatchObject({ text: '欢迎', roomId });
  });
});
