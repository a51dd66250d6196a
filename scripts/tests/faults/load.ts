import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { activateAndSignIn, firstAdmin, inStep, makeUser, waitFor, type TestStackInfo } from '@qiao/testkit';
import pg from 'pg';

/** Waits (ms) between two of a kind while there is load. */
const PACE_MS = { message: 250, person: 1_500, notice: 2_000, read: 200 };
/** Longest (ms) a client waits for an answer before it asks again. */
const ANSWER_MS = 20_000;
/** What is accepted has to be done in this time (ms), on a busy machine, too: jobs are tried again in growing waits. */
const DONE_MS = 300_000;
const RETRY_MS = 500;

/** What a workspace under load was asked for, and what became of it. */
export interface Load {
  /** Goes on until `stop`, which waits until everything that was begun is accepted. */
  start(): void;
  stop(): Promise<void>;
  /** Waits until everything accepted is done. @throws Error naming what is lost or was done twice */
  check(): Promise<void>;
  /** Whether each address answers as it does when all is well. @throws Error naming the first that does not */
  answers(): Promise<void>;
  /** Answers so far, by status; 0: none came. */
  readonly statuses: ReadonlyMap<number, number>;
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/**
 * Prepares load on a stack with host, audit and gateway: messages, people who get accounts, notices that a bot brings
 * into a room, and reads; everything through the gateway, as clients do, asked again with the same id until it is
 * accepted.
 */
export async function prepareLoad(info: TestStackInfo): Promise<Load> {
  const admin = await activateAndSignIn(info, (await firstAdmin(info)).link);
  const statuses = new Map<number, number>();

  const ask = async (method: string, path: string, token: string, body?: unknown): Promise<Answer> => {
    let status = 0;
    let text = '';
    try {
      const answer = await fetch(info.gatewayUrl + path, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      text = await answer.text();
      status = answer.status;
    } catch {
      // Refused, broken off or too slow: asked again.
    }
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    return { status, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} };
  };
  const must = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const answer = await ask(method, path, admin.session, body);
    if (answer.status >= 400 || answer.status === 0)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const provisioned = (timeout: number) =>
    inStep((method, path) => must(method, path) as Promise<never>, { timeout });

  const { id: departmentId } = await must('POST', '/api/org/departments', { name: '值班', parent_id: null });
  // Notices are for people who have activated their accounts.
  const { items: found } = (await must('GET', '/api/org/people')) as {
    items: { id: string; version: number; user_id: string }[];
  };
  const me = found.find(({ user_id }) => user_id === admin.userId);
  await must('PATCH', `/api/org/people/${me?.id ?? ''}`, {
    version: me?.version,
    departments: [{ department_id: departmentId }],
  });
  const roomOf = async (): Promise<string | undefined> => {
    const { items } = (await must('GET', '/api/org/departments')) as {
      items: { id: string; room_id: string | null }[];
    };
    return items.find(({ id }) => id === departmentId)?.room_id ?? undefined;
  };
  const writer = await makeUser({ name: 'writer', stack: info });
  const room = await writer.createRoom();
  const departmentRoom = await waitFor(roomOf, { timeout: DONE_MS, what: "the department's room" });
  await provisioned(DONE_MS);

  const accepted = {
    messages: new Map<string, string>(),
    people: new Set<string>(),
    notices: new Set<string>(),
  };
  let stopping = false;
  const isStopping = (): boolean => stopping;
  let tasks: Promise<void>[] = [];

  /** Asks until one of `statuses` comes back: nothing that was begun is given up. */
  const until = async (wanted: readonly number[], once: () => Promise<Answer>): Promise<Answer> => {
    for (;;) {
      const answer = await once();
      if (wanted.includes(answer.status)) return answer;
      // Nobody would understand why, and it would be asked for ever.
      if (answer.status >= 400 && answer.status < 500 && ![408, 429].includes(answer.status))
        throw new Error(`refused for good: ${answer.status} ${JSON.stringify(answer.body)}`);
      await delay(RETRY_MS);
    }
  };
  const again = async (pace: number, once: () => Promise<void>): Promise<void> => {
    while (!isStopping()) {
      await once();
      await delay(pace);
    }
  };

  const sendMessage = async (): Promise<void> => {
    const txn = randomBytes(8).toString('hex');
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${txn}`;
    const { body } = await until([200], () =>
      ask('PUT', path, writer.accessToken, { msgtype: 'm.text', body: txn }),
    );
    accepted.messages.set(txn, String(body['event_id']));
  };
  const addPerson = async (): Promise<void> => {
    const localpart = `f${randomBytes(6).toString('hex')}`;
    const person = {
      display_name: `值班 ${localpart}`,
      localpart,
      departments: [{ department_id: departmentId }],
    };
    // 409: it was taken, and the answer got lost.
    await until([201, 409], () => ask('POST', '/api/org/people', admin.session, person));
    accepted.people.add(localpart);
  };
  const sendNotice = async (): Promise<void> => {
    const notice = {
      title: randomBytes(6).toString('hex'),
      body: 'x',
      confirm: false,
      audience: { everybody: false, departments: [{ id: departmentId, subtree: false }], roles: [] },
    };
    // A draft whose answer got lost stays a draft.
    const { body } = await until([201], () => ask('POST', '/api/notices/managed', admin.session, notice));
    const id = String(body['id']);
    // 409: it is being sent, and the answer got lost.
    await until([200, 409, 412], () =>
      ask('POST', `/api/notices/managed/${id}/send`, admin.session, { version: body['version'] }),
    );
    accepted.notices.add(id);
  };
  const read = async (): Promise<void> => {
    await ask('GET', '/api/session', admin.session);
    await ask('GET', '/api/org/departments', admin.session);
    await ask('GET', '/_matrix/client/v3/sync?timeout=0', writer.accessToken);
  };

  const inDatabase = async <Row extends pg.QueryResultRow>(
    database: string,
    text: string,
    values: unknown[],
  ): Promise<Row[]> => {
    const client = new pg.Client({
      connectionString: info.superuserUrl.replace(/\/postgres$/, `/${database}`),
    });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  };

  const answers = async (): Promise<void> => {
    const expectStatus = async (url: string, token?: string): Promise<void> => {
      const answer = await fetch(url, {
        ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${text.slice(0, 500)}`);
      // What a bot says of itself is no reason to be unwell; here it has to read.
      if (text.includes('"waiting_for_homeserver"')) throw new Error(`${url}: a bot does not read`);
    };
    await expectStatus(`${info.gatewayUrl}/gateway/health`);
    await expectStatus(`${info.hostUrl}/health`);
    await expectStatus(`${info.auditUrl}/health`);
    await expectStatus(`${info.gatewayUrl}/_matrix/client/versions`);
    await expectStatus(`${info.gatewayUrl}/api/session`, admin.session);
    await expectStatus(`${info.gatewayUrl}/api/org/departments`, admin.session);
    await expectStatus(`${info.gatewayUrl}/_matrix/client/v3/sync?timeout=0`, writer.accessToken);
  };

  /** Each of `wanted` once, nothing else. @throws Error */
  const exactly = (what: string, wanted: Iterable<string>, found: readonly string[]): void => {
    const counts = new Map<string, number>();
    for (const one of found) counts.set(one, (counts.get(one) ?? 0) + 1);
    const missing = [...wanted].filter((one) => !counts.has(one));
    const twice = [...counts].filter(([, count]) => count > 1).map(([one]) => one);
    if (missing.length > 0)
      throw new Error(`${missing.length} ${what} lost: ${missing.slice(0, 5).join(', ')}`);
    if (twice.length > 0) throw new Error(`${twice.length} ${what} twice: ${twice.slice(0, 5).join(', ')}`);
  };

  const checkOnce = async (): Promise<void> => {
    const jobs = await inDatabase<{ waiting: number; failed: number; locked: number }>(
      'qiao',
      `select count(*) filter (where attempts < max_attempts)::int as waiting,
         count(*) filter (where attempts >= max_attempts)::int as failed,
         count(*) filter (where locked_at < now() - interval '2 minutes')::int as locked
       from jobs._private_jobs`,
      [],
    );
    const { waiting = 0, failed = 0, locked = 0 } = jobs[0] ?? {};
    if (waiting + failed > 0)
      throw new Error(`jobs: ${waiting} waiting, ${failed} given up, ${locked} locked`);
    const people = await inDatabase<{ name: string }>(
      'synapse',
      `select split_part(substr(name, 2), ':', 1) as name from users where name like '@f%'`,
      [],
    );
    exactly(
      'accounts',
      accepted.people,
      people.map(({ name }) => name),
    );
    const events = await inDatabase<{
      room_id: string;
      sender: string;
      event_id: string;
      body: string | null;
    }>(
      'synapse',
      `select e.room_id, e.sender, e.event_id, j.json::json -> 'content' ->> 'body' as body
       from events e join event_json j using (event_id)
       where e.room_id = any($1::text[]) and e.type in ('m.room.message', 'm.room.encrypted')`,
      [[room, departmentRoom]],
    );
    const sent = events.filter((event) => event.room_id === room);
    exactly(
      'messages',
      accepted.messages.keys(),
      sent.map(({ body }) => body ?? ''),
    );
    exactly(
      'events',
      accepted.messages.values(),
      sent.map(({ event_id }) => event_id),
    );
    const notices = await inDatabase<{ id: string; state: string; event_id: string | null }>(
      'qiao',
      `select n.id, n.state, d.event_id from notices.notice n left join notices.delivery d on d.notice_id = n.id
       where n.state <> 'draft'`,
      [],
    );
    exactly(
      'notices',
      accepted.notices,
      notices.map(({ id }) => id),
    );
    const undelivered = notices.filter(({ state, event_id }) => state !== 'sent' || event_id === null);
    if (undelivered.length > 0) throw new Error(`${undelivered.length} notices not delivered`);
    const bot = `@_qiao_org_bot:${info.serverName}`;
    const posted = events.filter((event) => event.room_id === departmentRoom && event.sender === bot);
    exactly(
      'notices in the room',
      notices.map(({ event_id }) => event_id ?? ''),
      posted.map((one) => one.event_id),
    );
    if (posted.length !== notices.length)
      throw new Error(`${posted.length} messages for ${notices.length} notices`);
  };

  return {
    statuses,
    start() {
      stopping = false;
      tasks = [
        again(PACE_MS.message, sendMessage),
        again(PACE_MS.person, addPerson),
        again(PACE_MS.notice, sendNotice),
        again(PACE_MS.read, read),
      ];
      // Told by `stop`.
      for (const task of tasks) task.catch(() => undefined);
    },
    async stop() {
      stopping = true;
      await Promise.all(tasks);
    },
    answers,
    async check() {
      await provisioned(DONE_MS);
      await waitFor(
        async () => {
          await checkOnce();
          return true;
        },
        { timeout: DONE_MS, interval: 1_000, what: 'everything accepted to be done, once' },
      );
    },
  };
}
