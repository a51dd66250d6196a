/**
 * How fast one encrypted bot is, against what the same homeserver accepts as plain messages in the same run.
 *
 *   npm run bench -- bots          (or: node scripts/bench/bots.ts)
 *   node scripts/bench/bots.ts --memory --rooms 1000 --users 10000
 *
 * The bot runs in a process of its own, as it does in production, whose memory is what is told. Rounds of floor and
 * bot alternate, so that a busy machine slows both.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  CollectStrategy,
  DeviceId as WasmDeviceId,
  EncryptionSettings,
  initAsync,
  OlmMachine,
  RoomId as WasmRoomId,
  UserId as WasmUserId,
} from '@matrix-org/matrix-sdk-crypto-wasm';
import {
  makeUserId,
  parseDeviceId,
  parseRoomId,
  parseServerName,
  parseUserId,
  type RoomId,
  type UserId,
} from '@qiao/matrix-types';
import { createBot, fileSecrets } from '@qiao/platform/bots';
import { MatrixLink, systemClock } from '@qiao/platform/matrix';
import type { TestStackInfo } from '@qiao/testkit';
import { Pool } from 'undici';

/** What a benchmark is given and gives. */
export interface BenchContext {
  /** A running stack; left out: the benchmark starts and stops its own. */
  stack?: TestStackInfo;
  /** Takes a line of the report (Markdown). */
  print(line: string): void;
  /** Takes progress, not part of the report. */
  note(line: string): void;
}

const ROOMS = 8;
const SENDERS = 8;
const PER_ROUND = 200;
/** Many short rounds whose order alternates: on a busy machine only neighbours can be compared. */
const ROUNDS = 12;
const BODY = '采购申请已批准，请尽快处理。The purchase request was approved. '.repeat(2);

// --- the bot's process ------------------------------------------------------------------------------------------

interface ChildCommand {
  id: number;
  cmd: 'create' | 'send' | 'expect' | 'rss' | 'stop';
  rooms?: string[];
  count?: number;
  invite?: string[];
  preset?: 'public_chat';
}

interface ChildSettings {
  url: string;
  token: string;
  userId: string;
  dir: string;
}

async function runChild(settings: ChildSettings): Promise<void> {
  const bot = createBot({
    link: MatrixLink.open({
      url: settings.url,
      token: settings.token,
      clock: systemClock,
      random: Math.random,
    }),
    userId: parseUserId(settings.userId),
    displayName: 'bench',
    setDisplayName: async () => undefined,
    storeDir: join(settings.dir, 'store'),
    secrets: fileSecrets(join(settings.dir, 'secrets')),
    texts: { newDevice: () => '' },
  });
  let heard = 0;
  let wanted: { count: number; resolve: () => void } | undefined;
  bot.on.message((event) => {
    if (!event.encrypted) return;
    heard += 1;
    if (wanted !== undefined && heard >= wanted.count) wanted.resolve();
  });
  await bot.start();
  const answer = (id: number, result: unknown): void => {
    process.stdout.write(`${JSON.stringify({ id, result })}\n`);
  };
  answer(0, 'ready');
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line) as ChildCommand;
    const rooms = (command.rooms ?? []).map(parseRoomId);
    const count = command.count ?? 0;
    switch (command.cmd) {
      case 'create': {
        const invite = (command.invite ?? []).map(parseUserId);
        answer(
          command.id,
          await bot.createRoom({
            invite,
            preset: command.preset ?? 'private_chat',
            historyVisibility: 'shared',
            rotation: { messages: 10_000 },
            initialState:
              command.preset === undefined
                ? []
                : [{ type: 'm.room.join_rules', content: { join_rule: 'public' } }],
          }),
        );
        break;
      }
      case 'send': {
        const began = performance.now();
        const sends: Promise<unknown>[] = [];
        for (let i = 0; i < count; i += 1) {
          const room = rooms[i % rooms.length];
          if (room !== undefined) sends.push(bot.sendText(room, { body: `${String(i)} ${BODY}` }));
        }
        await Promise.all(sends);
        answer(command.id, (performance.now() - began) / 1000);
        break;
      }
      case 'expect': {
        // Answers when that many more were heard; the next command is read meanwhile.
        const target = heard + count;
        answer(command.id, 'counting');
        void new Promise<void>((resolve) => {
          wanted = { count: target, resolve };
        }).then(() => answer(-command.id, 'heard'));
        break;
      }
      case 'rss': {
        globalThis.gc?.();
        answer(command.id, { ...process.memoryUsage(), health: bot.health });
        break;
      }
      case 'stop':
        await bot.stop();
        answer(command.id, 'stopped');
        return;
    }
  }
}

class BotProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #next = 1;
  readonly ready: Promise<unknown>;

  constructor(settings: ChildSettings) {
    this.#child = spawn(
      process.execPath,
      ['--expose-gc', fileURLToPath(import.meta.url), '--child', JSON.stringify(settings)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.ready = new Promise((resolve, reject) => {
      this.#waiting.set(0, resolve);
      this.#child.once('exit', (code) => reject(new Error(`the bot's process ended with ${String(code)}`)));
    });
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        const { id, result } = JSON.parse(line) as { id: number; result: unknown };
        this.#waiting.get(id)?.(result);
        this.#waiting.delete(id);
      });
    }
  }
  ask(command: Omit<ChildCommand, 'id'>): Promise<unknown> {
    return this.askWithLater(command).answer;
  }
  askWithLater(command: Omit<ChildCommand, 'id'>): { answer: Promise<unknown>; later: Promise<unknown> } {
    const id = this.#next;
    this.#next += 1;
    const answer = new Promise((resolve) => this.#waiting.set(id, resolve));
    const later = new Promise((resolve) => this.#waiting.set(-id, resolve));
    this.#child.stdin?.write(`${JSON.stringify({ id, ...command })}\n`);
    return { answer, later };
  }
  kill(): void {
    this.#child.removeAllListeners('exit');
    this.#child.kill('SIGKILL');
  }
}

// --- the floor and the senders ----------------------------------------------------------------------------------

/** A bare script: one connection a worker, one PUT after the other in a room, nothing else. */
async function putAll(
  pool: Pool,
  token: string,
  items: readonly { userId: string; deviceId?: string; roomId: string; type: string; content: string }[],
  workers: number,
): Promise<number> {
  const lanes = Array.from({ length: workers }, (_, lane) =>
    items.filter((_item, at) => at % workers === lane),
  );
  const began = performance.now();
  await Promise.all(
    lanes.map(async (lane) => {
      for (const item of lane) {
        const device = item.deviceId === undefined ? '' : `&device_id=${item.deviceId}`;
        const { statusCode, body } = await pool.request({
          method: 'PUT',
          path:
            `/_matrix/client/v3/rooms/${encodeURIComponent(item.roomId)}/send/${item.type}/` +
            `${randomBytes(8).toString('hex')}?user_id=${encodeURIComponent(item.userId)}${device}`,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: item.content,
        });
        const text = await body.text();
        if (statusCode !== 200) throw new Error(`PUT answered ${String(statusCode)}: ${text.slice(0, 200)}`);
      }
    }),
  );
  return (performance.now() - began) / 1000;
}

/** Somebody who encrypts; what is sent is made before the clock runs. */
class Sender {
  readonly userId: UserId;
  readonly machine: OlmMachine;
  readonly link: MatrixLink;
  private constructor(userId: UserId, machine: OlmMachine, link: MatrixLink) {
    this.userId = userId;
    this.machine = machine;
    this.link = link;
  }
  static async make(root: MatrixLink, userId: UserId): Promise<Sender> {
    await root.registerAppserviceUser(userId.slice(1, userId.indexOf(':')));
    const deviceId = parseDeviceId('BENCH');
    await root.as(userId).putDevice(deviceId, 'bench');
    const machine = await OlmMachine.initialize(new WasmUserId(userId), new WasmDeviceId(deviceId));
    const sender = new Sender(userId, machine, root.as(userId, deviceId));
    await sender.flush();
    return sender;
  }
  async flush(): Promise<void> {
    for (const request of await this.machine.outgoingRequests()) {
      let answer: unknown;
      switch (request.constructor.name) {
        case 'KeysUploadRequest':
          answer = await this.link.keysUpload(request.body);
          break;
        case 'KeysQueryRequest':
          answer = await this.link.keysQuery(request.body);
          break;
        default:
          continue;
      }
      if (request.id !== undefined)
        await this.machine.markRequestAsSent(request.id, request.type, JSON.stringify(answer));
    }
  }
  async share(roomId: RoomId, members: readonly UserId[]): Promise<void> {
    const users = (): WasmUserId[] => members.map((id) => new WasmUserId(id));
    await this.machine.updateTrackedUsers(users());
    await this.flush();
    const claim = await this.machine.getMissingSessions(users());
    if (claim) {
      const answer = await this.link.keysClaim(claim.body);
      await this.machine.markRequestAsSent(claim.id, claim.type, JSON.stringify(answer));
    }
    const settings = new EncryptionSettings();
    settings.sharingStrategy = CollectStrategy.allDevices();
    settings.rotationPeriodMessages = 10_000n;
    for (const request of await this.machine.shareRoomKey(new WasmRoomId(roomId), users(), settings)) {
      await this.link.sendToDevice(request.event_type, request.txn_id, request.body);
      await this.machine.markRequestAsSent(request.id, request.type, '{}');
    }
  }
  async encrypt(roomId: RoomId, body: string): Promise<string> {
    const content = JSON.stringify({ msgtype: 'm.text', body });
    return this.machine.encryptRoomEvent(new WasmRoomId(roomId), 'm.room.message', content);
  }
}

async function inOrder(
  swapped: boolean,
  floor: () => Promise<number>,
  ours: () => Promise<number>,
): Promise<{ floor: number; ours: number }> {
  if (!swapped) return { floor: await floor(), ours: await ours() };
  const measured = await ours();
  return { floor: await floor(), ours: measured };
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
};
const whole = (value: number): string => value.toFixed(0);

/** Runs the benchmark and prints a Markdown table. */
export async function bench(ctx: BenchContext): Promise<void> {
  await withStack(ctx, async (stack) => {
    await initAsync();
    const { asToken, prefix } = stack.appservices.sync;
    const server = parseServerName(stack.serverName);
    const tag = randomBytes(3).toString('hex');
    const root = MatrixLink.open({
      url: stack.homeserverUrl,
      token: asToken,
      clock: systemClock,
      random: Math.random,
    });
    const pool = new Pool(stack.homeserverUrl, { connections: 64 });
    const dir = mkdtempSync(join(tmpdir(), 'qiao-bench-bots-'));
    const botId = makeUserId(`${prefix}bench_${tag}`, server);
    const bot = new BotProcess({ url: stack.homeserverUrl, token: asToken, userId: botId, dir });
    try {
      await bot.ready;
      ctx.note('bot runs; making rooms and senders');
      const senders: Sender[] = [];
      for (let i = 0; i < SENDERS; i += 1) {
        senders.push(await Sender.make(root, makeUserId(`${prefix}bs_${tag}_${String(i)}`, server)));
      }
      const rooms: RoomId[] = [];
      for (let i = 0; i < ROOMS; i += 1) {
        const invite = senders.map((sender) => sender.userId);
        const roomId = parseRoomId(await bot.ask({ cmd: 'create', invite }));
        for (const sender of senders) await root.as(sender.userId).join(roomId);
        rooms.push(roomId);
      }
      const busy = rooms[0];
      if (busy === undefined) throw new Error('no room');
      const members = [botId, ...senders.map((sender) => sender.userId)];
      for (const sender of senders) await sender.share(busy, members);

      const first = Number(await bot.ask({ cmd: 'send', rooms, count: ROOMS }));
      const plainText = JSON.stringify({ msgtype: 'm.text', body: `0 ${BODY}` });
      const plainOut = Array.from({ length: PER_ROUND }, (_, i) => ({
        userId: botId,
        roomId: rooms[i % ROOMS] ?? busy,
        type: 'm.room.message',
        content: plainText,
      }));
      const plainIn = Array.from({ length: PER_ROUND }, (_, i) => ({
        userId: senders[i % SENDERS]?.userId ?? botId,
        roomId: busy,
        type: 'm.room.message',
        content: plainText,
      }));
      // Not counted: caches fill, code is compiled.
      await putAll(pool, asToken, plainOut.slice(0, 80), ROOMS);
      await bot.ask({ cmd: 'send', rooms, count: 80 });

      const send: { floor: number; ours: number }[] = [];
      const read: { floor: number; ours: number }[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const swapped = round % 2 === 1;
        const oursOut = async (): Promise<number> =>
          PER_ROUND / Number(await bot.ask({ cmd: 'send', rooms, count: PER_ROUND }));
        const floorOut = async (): Promise<number> =>
          PER_ROUND / (await putAll(pool, asToken, plainOut, ROOMS));
        send.push(await inOrder(swapped, floorOut, oursOut));

        const sealed: typeof plainIn = [];
        for (let i = 0; i < PER_ROUND; i += 1) {
          const sender = senders[i % SENDERS];
          if (sender === undefined) continue;
          const content = await sender.encrypt(busy, `${String(i)} ${BODY}`);
          sealed.push({ userId: sender.userId, roomId: busy, type: 'm.room.encrypted', content });
        }
        const floorIn = async (): Promise<number> =>
          PER_ROUND / (await putAll(pool, asToken, plainIn, SENDERS));
        const oursIn = async (): Promise<number> => {
          const { answer, later } = bot.askWithLater({ cmd: 'expect', count: PER_ROUND });
          await answer;
          const began = performance.now();
          await putAll(pool, asToken, sealed, SENDERS);
          await later;
          return PER_ROUND / ((performance.now() - began) / 1000);
        };
        read.push(await inOrder(swapped, floorIn, oursIn));
        const [out, into] = [send.at(-1), read.at(-1)];
        ctx.note(
          `round ${String(round + 1)}: send ${whole(out?.floor ?? 0)} → ${whole(out?.ours ?? 0)}/s, ` +
            `read ${whole(into?.floor ?? 0)} → ${whole(into?.ours ?? 0)}/s`,
        );
      }
      const memory = (await bot.ask({ cmd: 'rss' })) as NodeJS.MemoryUsage;
      await bot.ask({ cmd: 'stop' });

      const row = (name: string, list: { floor: number; ours: number }[]): string => {
        const ratios = list.map(({ floor, ours }) => ours / floor);
        const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
        return (
          `| ${name} | ${whole(median(list.map((one) => one.floor)))}/s | ${whole(median(list.map((one) => one.ours)))}/s ` +
          `| ${median(ratios).toFixed(2)} (${spread}) | ≥ 0.80 |`
        );
      };
      ctx.print(
        '| bot | plain messages accepted (floor) | encrypted, by the bot | ratio: median (range) | target |',
      );
      ctx.print('|---|---|---|---|---|');
      ctx.print(row(`send: ${String(PER_ROUND)} messages a round, ${String(ROOMS)} rooms at once`, send));
      ctx.print(
        row(
          `read: ${String(PER_ROUND)} messages a round from ${String(SENDERS)} senders, until handled`,
          read,
        ),
      );
      ctx.print('');
      ctx.print(
        `${String(ROUNDS)} alternating rounds. First message of ${String(ROOMS)} rooms with the keys of ` +
          `${String(SENDERS)} devices each: ${(first * 1000).toFixed(0)} ms. ` +
          `Memory of the bot's process (RSS): ${whole(memory.rss / 1e6)} MB.`,
      );
    } finally {
      bot.kill();
      await pool.destroy();
      await root.close();
      rmSync(dir, { recursive: true, force: true });
    }
  });
}

/** Memory of a bot in many rooms with many members, after it has sent to every room. */
export async function benchMemory(ctx: BenchContext, roomCount: number, userCount: number): Promise<void> {
  await withStack(ctx, async (stack) => {
    await initAsync();
    const { asToken, prefix } = stack.appservices.sync;
    const server = parseServerName(stack.serverName);
    const tag = randomBytes(3).toString('hex');
    const root = MatrixLink.open({
      url: stack.homeserverUrl,
      token: asToken,
      clock: systemClock,
      random: Math.random,
    });
    const dir = mkdtempSync(join(tmpdir(), 'qiao-bench-bots-'));
    const botId = makeUserId(`${prefix}bench_${tag}`, server);
    const settings = { url: stack.homeserverUrl, token: asToken, userId: botId, dir };
    let bot = new BotProcess(settings);
    const rss = async (): Promise<string> =>
      `${whole(((await bot.ask({ cmd: 'rss' })) as NodeJS.MemoryUsage).rss / 1e6)} MB`;
    try {
      await bot.ready;
      const empty = await rss();
      const rooms: RoomId[] = [];
      for (let i = 0; i < roomCount; i += 1) {
        rooms.push(parseRoomId(await bot.ask({ cmd: 'create', preset: 'public_chat' })));
        if (i % 100 === 99) ctx.note(`${String(i + 1)} rooms, ${await rss()}`);
      }
      await seedMembers(
        stack,
        rooms,
        (i) => makeUserId(`${prefix}bm_${tag}_${String(i)}`, server),
        userCount,
      );
      const sample = rooms[0];
      const seen = sample === undefined ? 0 : (await root.as(botId).joinedMembers(sample)).size;
      if (seen < Math.floor(userCount / roomCount))
        throw new Error('the homeserver does not show the members');
      ctx.note(`${String(userCount)} members written, ${String(seen)} seen in the first room`);
      const joined = await rss();
      await bot.ask({ cmd: 'send', rooms, count: roomCount });
      const sent = await rss();
      await bot.ask({ cmd: 'stop' });
      bot.kill();
      bot = new BotProcess(settings);
      await bot.ready;
      await bot.ask({ cmd: 'send', rooms, count: roomCount });
      const restarted = await rss();
      ctx.print(
        `| memory of a bot's process (RSS), ${String(roomCount)} rooms, ${String(userCount)} members without devices | |`,
      );
      ctx.print('|---|---|');
      ctx.print(`| started, no room | ${empty} |`);
      ctx.print(`| all rooms made | ${joined} |`);
      ctx.print(`| one encrypted message sent to every room | ${sent} |`);
      ctx.print(`| restarted, one message sent to every room | ${restarted} |`);
    } finally {
      bot.kill();
      await root.close();
      rmSync(dir, { recursive: true, force: true });
    }
  });
}

/**
 * Members without devices, written straight into the homeserver's tables: what is measured is the bot, and ten thousand
 * joins by the API take Synapse longer than all the rest. The bot asks for members by the API as ever.
 */
async function seedMembers(
  stack: TestStackInfo,
  rooms: readonly RoomId[],
  userOf: (i: number) => UserId,
  count: number,
): Promise<void> {
  const { default: pg } = await import('pg');
  const url = new URL(stack.superuserUrl);
  url.pathname = '/synapse';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    for (let i = 0; i < count; i += 1) {
      const roomId = rooms[i % rooms.length];
      const userId = userOf(i);
      const eventId = `$bench${randomBytes(20).toString('hex')}`;
      await client.query(
        `INSERT INTO room_memberships (event_id, user_id, sender, room_id, membership, event_stream_ordering)
         SELECT $1, $2, $2, $3, 'join', max(event_stream_ordering) FROM room_memberships`,
        [eventId, userId, roomId],
      );
      await client.query(
        `INSERT INTO current_state_events (event_id, room_id, type, state_key, membership, event_stream_ordering)
         SELECT $1, $2, 'm.room.member', $3, 'join', max(event_stream_ordering) FROM room_memberships`,
        [eventId, roomId, userId],
      );
    }
  } finally {
    await client.end();
  }
}

async function withStack(ctx: BenchContext, run: (stack: TestStackInfo) => Promise<void>): Promise<void> {
  if (ctx.stack !== undefined) {
    await run(ctx.stack);
    return;
  }
  // Not loaded in the bot's own process, whose memory is measured.
  const { startTestStack } = await import('@qiao/testkit');
  const own = await startTestStack();
  try {
    await run(own.info);
  } finally {
    await own.stop();
  }
}

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

if (process.argv[2] === '--child') {
  await runChild(JSON.parse(process.argv[3] ?? '{}') as ChildSettings);
  process.exit(0);
} else if (import.meta.main) {
  const ctx: BenchContext = {
    print: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
  };
  if (process.argv.includes('--memory'))
    await benchMemory(ctx, option('--rooms', 1000), option('--users', 10_000));
  else await bench(ctx);
  process.exit(0);
}
