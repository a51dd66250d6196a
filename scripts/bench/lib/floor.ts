/*
 * The floor: a bare script that makes the same accounts, spaces, rooms, links and joins on an identical fresh homeserver
 * with the same number of requests in flight, and nothing else: no database, no comparison, no recovery.
 */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { Pool } from 'undici';

/** What the measured import has made, taken from its database. */
export interface Made {
  companyName: string;
  departments: { id: string; parent: string | null; name: string; position: number; heads: string[] }[];
  people: { localpart: string; name: string; email: string | null; departments: string[] }[];
}

export interface FloorTarget {
  url: string;
  serverName: string;
  asToken: string;
  moduleToken: string;
  registrationSecret: string;
  /** Where the homeserver pushes the appservice's events; somebody has to answer. */
  pushPort: number;
  /** Processor time of the homeserver so far, seconds. */
  cpu(): number;
  /** Gives people a first device with keys, as those of the measured import have. */
  activate(userIds: readonly string[]): Promise<void>;
}

/** `module`: the same calls of our Synapse module; `standard`: registration, invitations and joins as any client makes them. */
export type FloorKind = 'module' | 'standard';

async function each<T>(
  inFlight: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (;;) {
        const at = next;
        next += 1;
        if (at >= items.length) return;
        await work(items[at] as T);
      }
    }),
  );
}

const pieces = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));

/** Batches of memberships that leave a room's together, as is cheapest for the homeserver. */
function byRoom<T extends { room_id: string }>(items: readonly T[], size: number): T[][] {
  const out: T[][] = [];
  let batch: T[] = [];
  for (const members of Map.groupBy(items, (item) => item.room_id).values()) {
    for (const piece of pieces(members, size)) {
      if (batch.length > 0 && batch.length + piece.length > size) {
        out.push(batch);
        batch = [];
      }
      batch.push(...piece);
    }
  }
  if (batch.length > 0) out.push(batch);
  return out;
}

/** Runs the floor; gives seconds by phase, without those in which people get their devices. */
export async function runFloor(
  target: FloorTarget,
  made: Made,
  kind: FloorKind,
  inFlight: number,
): Promise<{
  accounts: number;
  rooms: number;
  joins: number;
  total: number;
  requests: number;
  homeserverCpu: number;
}> {
  const { serverName } = target;
  const botId = `@_qiao_org_bot:${serverName}`;
  const sink = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  await new Promise<void>((resolve) => sink.listen(target.pushPort, '127.0.0.1', resolve));
  const pool = new Pool(target.url, {
    connections: inFlight * 2,
    headersTimeout: 600_000,
    bodyTimeout: 600_000,
  });
  let requests = 0;
  const call = async <T>(
    method: 'POST' | 'PUT' | 'GET',
    path: string,
    token: string,
    body?: object,
  ): Promise<T> => {
    requests += 1;
    const answer = await pool.request({
      method,
      path,
      headers: {
        'content-type': 'application/json',
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${method} ${path}: ${text.slice(0, 300)}`);
    return JSON.parse(text) as T;
  };
  const asBot = <T>(method: 'POST' | 'PUT', path: string, body: object): Promise<T> =>
    call(method, `/_matrix/client/v3${path}?user_id=${encodeURIComponent(botId)}`, target.asToken, body);
  const module = <T>(path: string, body: object): Promise<T> =>
    call('POST', `/_synapse/client/qiao/v1${path}`, target.moduleToken, body);
  const userId = (localpart: string): string => `@${localpart}:${serverName}`;

  try {
    await call('POST', '/_matrix/client/v3/register', target.asToken, {
      type: 'm.login.application_service',
      username: '_qiao_org_bot',
      inhibit_login: true,
    });
    // Not counted, as the homeserver of the measured import was in use before, too: caches fill, tables are planned.
    await module('/accounts', { accounts: [{ localpart: 'warm.up' }] });
    const { room_id: warm } = await asBot<{ room_id: string }>('POST', '/createRoom', {
      preset: 'private_chat',
      creation_content: { 'm.federate': false },
    });
    await module('/memberships', {
      as: botId,
      items: [{ room_id: warm, user_id: userId('warm.up'), membership: 'join' }],
    });
    const cpuBegan = target.cpu();
    const began = performance.now();
    const tokens = new Map<string, string>();
    if (kind === 'module') {
      await each(inFlight, pieces(made.people, 50), async (batch) => {
        const accounts = batch.map(({ localpart, name, email }) => ({
          localpart,
          displayname: name,
          emails: email === null ? [] : [email],
        }));
        const { results } = await module<{ results: { errcode?: string }[] }>('/accounts', { accounts });
        const bad = results.find((result) => result.errcode !== undefined);
        if (bad) throw new Error(JSON.stringify(bad));
      });
    } else {
      await each(inFlight, made.people, async ({ localpart, name }) => {
        const { nonce } = await call<{ nonce: string }>('GET', '/_synapse/admin/v1/register', '');
        const mac = createHmac('sha1', target.registrationSecret)
          .update([nonce, localpart, 'bench-password', 'notadmin'].join('\0'))
          .digest('hex');
        const { access_token } = await call<{ access_token: string }>(
          'POST',
          '/_synapse/admin/v1/register',
          '',
          {
            nonce,
            username: localpart,
            displayname: name,
            password: 'bench-password',
            admin: false,
            mac,
          },
        );
        tokens.set(localpart, access_token);
      });
    }
    const accountsDone = performance.now();

    const via = [serverName];
    const create = async (space: boolean, name: string, topic: string, extra: object[]): Promise<string> => {
      const { room_id } = await asBot<{ room_id: string }>('POST', '/createRoom', {
        preset: space ? 'public_chat' : 'private_chat',
        visibility: 'private',
        room_version: '12',
        creation_content: { 'm.federate': false, ...(space ? { type: 'm.space' } : {}) },
        initial_state: [
          { type: 'm.room.name', state_key: '', content: { name } },
          { type: 'm.room.topic', state_key: '', content: { topic } },
          { type: 'm.room.history_visibility', state_key: '', content: { history_visibility: 'joined' } },
          { type: 'm.room.guest_access', state_key: '', content: { guest_access: 'forbidden' } },
          ...extra,
        ],
      });
      return room_id;
    };
    const power = (heads: readonly string[], events_default: number): object => ({
      type: 'm.room.power_levels',
      state_key: '',
      content: {
        users: Object.fromEntries(heads.map((head) => [userId(head), 50])),
        users_default: 0,
        events_default,
        state_default: 100,
        invite: 100,
        kick: 100,
        ban: 100,
        redact: 50,
        events: {},
      },
    });
    const invite = { type: 'm.room.join_rules', state_key: '', content: { join_rule: 'invite' } };
    const spaces = new Map<string, string>();
    const rooms = new Map<string, string>();
    const links: [string, string, object][] = [];
    const company = await create(true, made.companyName, '公司全体成员', [invite, power([], 100)]);
    // Level by level: a space names its parent.
    const place = new Map(made.departments.map((department) => [department.id, department]));
    const level = (id: string | null): number => (id === null ? 0 : 1 + level(place.get(id)?.parent ?? null));
    const levels = Map.groupBy(made.departments, (department) => level(department.id));
    for (const depth of [...levels.keys()].sort((a, b) => a - b)) {
      await each(inFlight, levels.get(depth) ?? [], async (department) => {
        const parent = department.parent === null ? company : (spaces.get(department.parent) ?? company);
        const parentLink = { type: 'm.space.parent', state_key: parent, content: { via, canonical: true } };
        const space = await create(true, department.name, `${department.name}的群组`, [
          invite,
          power(department.heads, 100),
          parentLink,
        ]);
        spaces.set(department.id, space);
        links.push([parent, space, { via, order: `1${String(department.position).padStart(8, '0')}` }]);
      });
    }
    await each(inFlight, made.departments, async (department) => {
      const space = spaces.get(department.id) ?? '';
      const room = await create(false, department.name, `${department.name}全员群。成员随部门自动进出。`, [
        {
          type: 'm.room.join_rules',
          state_key: '',
          content: { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: space }] },
        },
        { type: 'm.room.encryption', state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } },
        power(department.heads, 0),
        { type: 'm.space.parent', state_key: space, content: { via, canonical: true } },
      ]);
      rooms.set(department.id, room);
      links.push([space, room, { via, order: '0', suggested: true }]);
    });
    await each(inFlight, links, async ([parent, child, content]) => {
      await asBot(
        'PUT',
        `/rooms/${encodeURIComponent(parent)}/state/m.space.child/${encodeURIComponent(child)}`,
        content,
      );
    });
    const roomsDone = performance.now();
    const cpuRooms = target.cpu();
    await target.activate(made.people.map(({ localpart }) => userId(localpart)));
    const joinsBegan = performance.now();
    const cpuJoins = target.cpu();

    const membersOf = (which: ReadonlyMap<string, string>): { room_id: string; localpart: string }[] =>
      made.departments.flatMap((department) =>
        made.people
          .filter((person) => person.departments.includes(department.id))
          .map((person) => ({ room_id: which.get(department.id) ?? '', localpart: person.localpart })),
      );
    const join = async (members: { room_id: string; localpart: string }[], lanes: number): Promise<void> => {
      if (kind === 'module') {
        await each(lanes, byRoom(members, 200), async (batch) => {
          const items = batch.map(({ room_id, localpart }) => ({
            room_id,
            user_id: userId(localpart),
            membership: 'join',
          }));
          const { results } = await module<{ results: { errcode?: string }[] }>('/memberships', {
            as: botId,
            items,
          });
          const bad = results.find((result) => result.errcode !== undefined);
          if (bad) throw new Error(JSON.stringify(bad));
        });
        return;
      }
      await each(lanes, members, async ({ room_id, localpart }) => {
        const room = encodeURIComponent(room_id);
        if (![...rooms.values()].includes(room_id))
          await asBot('POST', `/rooms/${room}/invite`, { user_id: userId(localpart) });
        await call('POST', `/_matrix/client/v3/join/${room}`, tokens.get(localpart) ?? '', {});
      });
    };
    const everybody = made.people.map(({ localpart }) => ({ room_id: company, localpart }));
    await Promise.all([
      join(everybody, kind === 'module' ? 1 : inFlight),
      (async () => {
        await join(membersOf(spaces), inFlight);
        await join(membersOf(rooms), inFlight);
      })(),
    ]);
    const joinsDone = performance.now();
    return {
      accounts: (accountsDone - began) / 1000,
      rooms: (roomsDone - accountsDone) / 1000,
      joins: (joinsDone - joinsBegan) / 1000,
      total: (roomsDone - began + joinsDone - joinsBegan) / 1000,
      homeserverCpu: cpuRooms - cpuBegan + target.cpu() - cpuJoins,
      requests,
    };
  } finally {
    await pool.destroy();
    sink.close();
    sink.closeAllConnections();
  }
}
