/** A room with a long past, made in seconds: see seed_room.py. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { paths } from '@qiao/scripts/stack';
import { makeUser, type MatrixEvent, type RunningTestStack, type TestUser } from '@qiao/testkit';

/** How many people speak in it. */
const PEOPLE = 30;
/** The past it has, days. */
const DAYS = 360;
const SEED = 7;

/** A room as its homeserver tells it. */
export interface SeededRoom {
  readonly id: string;
  readonly name: string;
  /** Made the room, is in it. */
  readonly owner: TestUser;
  /** All its events by `/messages`, oldest first. */
  readonly events: readonly MatrixEvent[];
  /** What it took, seconds: writing, reading it all by `/messages`. */
  readonly seconds: { readonly written: number; readonly read: number };
}

/** A picture of one colour. */
function png(width: number, height: number, [red, green, blue]: readonly [number, number, number]): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'ascii'), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, Buffer.from([red, green, blue]))]);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.alloc(row.length * height, row))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Contents of messages with pictures; of some of them the size is not said, so that they grow when they come. */
async function pictures(user: TestUser): Promise<Record<string, unknown>[]> {
  const made: Record<string, unknown>[] = [];
  for (const [at, [width, height]] of (
    [
      [640, 360],
      [200, 500],
      [320, 320],
      [1200, 200],
    ] as const
  ).entries()) {
    const data = png(width, height, [60 * at, 200 - 40 * at, 120]);
    const answer = await fetch(`${user.homeserverUrl}/_matrix/media/v3/upload?filename=picture.png`, {
      method: 'POST',
      headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'image/png' },
      body: new Uint8Array(data),
    });
    if (!answer.ok) throw new Error(`upload: ${await answer.text()}`);
    const { content_uri: url } = (await answer.json()) as { content_uri: string };
    const info = { mimetype: 'image/png', size: data.length, ...(at === 3 ? {} : { w: width, h: height }) };
    made.push({ msgtype: 'm.image', body: 'picture.png', url, info });
  }
  return made;
}

/** All events of a room, oldest first. */
export async function allEvents(user: TestUser, roomId: string): Promise<MatrixEvent[]> {
  const events: MatrixEvent[] = [];
  let from: string | undefined;
  do {
    const query = `dir=b&limit=1000${from === undefined ? '' : `&from=${from}`}`;
    const answer = await user.request<{ chunk: MatrixEvent[]; end?: string }>(
      'GET',
      `/v3/rooms/${encodeURIComponent(roomId)}/messages?${query}`,
    );
    events.push(...answer.chunk);
    from = answer.end;
  } while (from !== undefined);
  return events.reverse();
}

/**
 * Makes a room of so many events. The homeserver is stopped for it and started again; then the room is read by
 * `/messages` and compared, and a message sent by the API has to arrive.
 * @throws Error when the homeserver tells another room than was written
 */
export async function seedRoom(
  own: RunningTestStack,
  name: string,
  count: number,
  readers: readonly TestUser[],
): Promise<SeededRoom> {
  const owner = await makeUser({ stack: own.info, name: 'owner', displayName: 'Terri Duffy' });
  const id = await owner.createRoom({ name, preset: 'public_chat' });
  const people = [owner];
  for (let n = 1; n < PEOPLE; n++) {
    const displayName = n % 2 === 0 ? `张伟${String(n)}` : `Ken Sánchez ${String(n)}`;
    people.push(await makeUser({ stack: own.info, name: `person${String(n)}`, displayName }));
  }
  for (const one of [...people.slice(1), ...readers]) await one.join(id);
  const ids = join(own.info.varDir, 'seeded-ids');
  const task = {
    homeserver: join(own.info.varDir, 'synapse/homeserver.yaml'),
    room: id,
    events: count,
    days: DAYS,
    seed: SEED,
    people: people.map(({ userId }) => userId),
    pictures: await pictures(owner),
    // Where much comes that is not shown: near the newest, and again further up.
    runs: Object.fromEntries(
      (
        [
          [count - 700, 150],
          [count - 4000, 600],
          [count - 9000, 1200],
          [Math.floor(count / 2), 900],
        ] as const
      ).filter(([at]) => at > 100),
    ),
    ids,
  };
  await own.stack.stopPart('synapse');
  const begin = performance.now();
  await python(join(import.meta.dirname, 'seed_room.py'), JSON.stringify(task));
  const written = (performance.now() - begin) / 1000;
  await own.stack.startPart('synapse');

  const started = performance.now();
  const events = await allEvents(owner, id);
  const read = (performance.now() - started) / 1000;
  const expected = readFileSync(ids, 'utf8').split('\n');
  const told = events.slice(-expected.length).map((event) => event.event_id);
  const wrong = expected.findIndex((eventId, at) => eventId !== told[at]);
  if (events.length !== count || wrong >= 0)
    throw new Error(
      `of ${String(count)} events ${String(events.length)} are told, number ${String(wrong)} differs`,
    );
  const [receiver] = people.slice(1);
  const sent = await owner.sendText(id, 'Sent the usual way 照常发送');
  await receiver?.waitForEvent((event) => event.event_id === sent);
  const [last] = (
    await owner.request<{ chunk: MatrixEvent[] }>(
      'GET',
      `/v3/rooms/${encodeURIComponent(id)}/messages?dir=b&limit=1`,
    )
  ).chunk;
  if (last?.event_id !== sent) throw new Error('the message sent last is not the newest');
  return { id, name, owner, events: [...events, last], seconds: { written, read } };
}

function python(script: string, input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile(paths.python, [script], { maxBuffer: 1 << 26 }, (error, _out, problems) => {
      if (error) reject(new Error(problems === '' ? error.message : problems));
      else resolve();
    });
    child.stdin?.end(input);
  });
}
