import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NioClient, waitFor } from '@qiao/testkit';
import { WELCOME_JOB } from '../../server/jobs/welcome.job.ts';
import { placed, startCompany, type Company } from './company.ts';

describe('the organisation bot', () => {
  let company: Company;
  let department: string;
  let other: string;
  const people: Record<string, string> = {};
  const clients: NioClient[] = [];

  beforeAll(async () => {
    company = await startCompany({ greet: true });
    const { apply, person } = company;
    const first = company.department('研发部');
    const second = company.department('市场部');
    department = first.id;
    other = second.id;
    const list = [
      ['an', '安娜', { locale: 'zh-Hans' }],
      ['bob', 'Bob', { locale: 'en' }],
      ['chen', '陈晨', {}],
    ] as const;
    const added = list.map(([key, name, more]) => {
      const change = person(name, first.id, more);
      people[key] = change.id;
      return change;
    });
    await apply([first, second, ...added]);
    await company.settled();
  });
  afterAll(async () => {
    for (const client of clients) await client.close();
    await company.close();
  });

  /** What using the link does: a password, and the person is active. */
  const activate = async (key: string): Promise<void> => {
    await company.setPassword(await company.userId(people[key]!));
    await sql`update org.person set status = 'active', activated_at = now() where id = ${people[key]!}`.execute(
      company.db,
    );
  };
  const login = async (key: string): Promise<NioClient> => {
    const nio = new NioClient(join(company.stack.info.varDir, 'nio', key));
    clients.push(nio);
    await nio.login({
      homeserver: company.stack.info.homeserverUrl,
      user_id: await company.userId(people[key]!),
      password: company.password,
    });
    await nio.startSync();
    return nio;
  };

  const idle = async (): Promise<void> => {
    await waitFor(async () => {
      const { rows } =
        await sql`select 1 from jobs._private_jobs j join jobs._private_tasks t on t.id = j.task_id
        where t.identifier = ${WELCOME_JOB} and j.run_at <= now()`.execute(company.db);
      return rows.length === 0;
    });
  };
  /** Lets the job of the department run now, until no line is left to be said. */
  const lookAgain = async (): Promise<void> => {
    await sql`select jobs.add_job(${WELCOME_JOB}, ${JSON.stringify({ department_id: department, look: 1 })}::json,
      job_key => ${`${WELCOME_JOB}:${department}`})`.execute(company.db);
    await waitFor(async () => {
      const { rows } = await sql`select 1 from org.welcome where said_at is null`.execute(company.db);
      return rows.length === 0;
    });
  };
  /** What the bot said in the room, as a client there reads it; a host of a test loses its keys and says so, too. */
  const said = async (client: NioClient, room: string): Promise<Record<string, unknown>[]> =>
    (await client.timeline(room))
      .filter(
        (event) => event.type === 'm.room.message' && event.sender === `@_qiao_org_bot:${company.serverName}`,
      )
      .map((event) => event.content)
      .filter((content) => !String(content['body']).includes('密钥'));

  it('names who is new once a day for a room, encrypted, in both languages, without a mention', async () => {
    const { room } = await company.rooms(department);
    await activate('an');
    const an = await login('an');
    const welcome = await an.waitEvent({ room_id: room, body_contains: '安娜', timeout_ms: 90_000 });
    expect(welcome).toMatchObject({ encrypted: true, decrypted: true });
    expect(welcome.content['body']).toBe('欢迎安娜加入研发部！ / Welcome to 研发部, 安娜!');
    expect(welcome.content['m.mentions']).toEqual({});
    expect(welcome.content['msgtype']).toBe('m.notice');
    const bot = await company.state<{ displayname: string }>(
      room,
      'm.room.member',
      `@_qiao_org_bot:${company.serverName}`,
    );
    expect(bot!.displayname).toBe('组织助手 · Org');

    // Two more on the same day: nothing is said, and a restart forgets nobody.
    for (const key of ['bob', 'chen']) await activate(key);
    const bob = await login('bob');
    await login('chen');
    await company.untilReady([people['bob']!, people['chen']!]);
    await waitFor(async () => (await company.members(room)).length === 3, { what: 'all in the room' });
    await idle();
    await company.restartHost();
    await idle();
    expect(await said(bob, room)).toHaveLength(0);
    // A day later one line names both.
    await sql`update org.welcome set made_at = made_at - interval '25 hours'`.execute(company.db);
    await sql`update jobs._private_jobs set run_at = now() where key = ${`${WELCOME_JOB}:${department}`}`.execute(
      company.db,
    );
    const second = await bob.waitEvent({ room_id: room, body_contains: 'Bob', timeout_ms: 90_000 });
    expect(second.content['body']).toBe('欢迎Bob和陈晨加入研发部！ / Welcome to 研发部, Bob and 陈晨!');
    await idle();
    expect((await said(bob, room)).map((content) => content['body'])).toEqual([second.content['body']]);
  });

  it('says a line again that was written down and not sent, and only once', async () => {
    const { room } = await company.rooms(department);
    const [, bob] = clients;
    await sql`update org.welcome set said_at = null where made_at = (select max(made_at) from org.welcome)`.execute(
      company.db,
    );
    await lookAgain();
    const mark = await bob!.sendText(room, 'a line of our own');
    await bob!.waitEvent({ room_id: room, event_id: mark });
    expect(await said(bob!, room)).toHaveLength(1);
  });

  it('drops a line that could not be said for a day', async () => {
    const { room } = await company.rooms(department);
    const [, bob] = clients;
    await sql`update org.welcome set said_at = null, made_at = now() - interval '25 hours'
      where made_at = (select max(made_at) from org.welcome)`.execute(company.db);
    await lookAgain();
    await idle();
    const mark = await bob!.sendText(room, 'another line of our own');
    await bob!.waitEvent({ room_id: room, event_id: mark });
    expect(await said(bob!, room)).toHaveLength(1);
  });

  it('answers among many only who addresses it', async () => {
    const { room } = await company.rooms(department);
    const [an, bob] = clients;
    for (const word of ['帮助', 'help', '部门', 'where']) await bob!.sendText(room, word);
    const mention = await an!.sendText(room, '组织助手 · Org: help', {
      mentions: [`@_qiao_org_bot:${company.serverName}`],
    });
    const answer = await an!.waitEvent({ room_id: room, relates_to: mention, timeout_ms: 60_000 });
    expect(answer.content['body']).toContain("organisation's assistant");
    // What was said before it was read before it.
    const answers = (await said(an!, room)).filter((content) => content['m.relates_to'] !== undefined);
    expect(answers).toHaveLength(1);
  });

  it('answers in a chat of its own to a bare word', async () => {
    const [an] = clients;
    const bot = `@_qiao_org_bot:${company.serverName}`;
    const { room_id: direct } = await an!.command<{ room_id: string }>('create_room', {
      invite: [bot],
      encrypted: true,
    });
    await waitFor(async () => (await company.members(direct).catch(() => [])).length === 1);
    const asked = await an!.sendText(direct, '帮助');
    const answer = await an!.waitEvent({ room_id: direct, relates_to: asked, timeout_ms: 60_000 });
    expect(answer.content['body']).toContain('组织助手');
  });

  it('answers a word of help, in the language it was asked in', async () => {
    const { room } = await company.rooms(department);
    const [an] = clients;
    const asked = await an!.sendText(room, '!帮助');
    const answer = await an!.waitEvent({ room_id: room, relates_to: asked, timeout_ms: 60_000 });
    expect(answer).toMatchObject({ decrypted: true, sender: `@_qiao_org_bot:${company.serverName}` });
    expect(answer.content['body']).toContain('组织助手');
    const where = await an!.sendText(room, '！部门');
    const places = await an!.waitEvent({ room_id: room, relates_to: where, timeout_ms: 60_000 });
    expect(places.content['body']).toContain('研发部');
  });

  it('uses a new key after a person has left', async () => {
    const { room } = await company.rooms(department);
    const [an, bob] = clients;
    const before = await an!.sendText(room, '!帮助');
    const first = await an!.waitEvent({ room_id: room, relates_to: before, timeout_ms: 60_000 });
    await company.apply([{ kind: 'person_place', id: people['bob']!, placements: placed(other) }]);
    await company.settled();
    const after = await an!.sendText(room, '!帮助');
    const second = await an!.waitEvent({ room_id: room, relates_to: after, timeout_ms: 60_000 });
    expect(second.session_id).not.toBe(first.session_id);
    expect((await bob!.timeline(room)).some((event) => event.event_id === second.event_id)).toBe(false);
  });
});
