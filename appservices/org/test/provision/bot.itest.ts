import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NioClient, waitFor } from '@qiao/testkit';
import { WELCOME_JOB } from '../../server/jobs/welcome-person.job.ts';
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

  it('welcomes a person on the first device, encrypted, in the person’s language, once', async () => {
    const { room } = await company.rooms(department);
    await activate('an');
    const an = await login('an');
    const welcome = await an.waitEvent({ room_id: room, body_contains: '安娜', timeout_ms: 90_000 });
    expect(welcome).toMatchObject({ encrypted: true, decrypted: true });
    expect(welcome.content['body']).toContain('研发部');
    await activate('bob');
    const bob = await login('bob');
    const second = await bob.waitEvent({ room_id: room, body_contains: 'Bob', timeout_ms: 90_000 });
    expect(second.content['body']).toContain('Welcome');
    const bot = await company.state<{ displayname: string }>(
      room,
      'm.room.member',
      `@_qiao_org_bot:${company.serverName}`,
    );
    expect(bot!.displayname).toBe('组织助手 · Org');
    // Asked for again, nothing more is said.
    await sql`select jobs.add_job(${WELCOME_JOB}, ${JSON.stringify({ person_id: people['bob'], look: 1 })}::json,
      job_key => ${`${WELCOME_JOB}:${people['bob']!}`})`.execute(company.db);
    await waitFor(async () => {
      const { rows } =
        await sql`select 1 from jobs._private_jobs j join jobs._private_tasks t on t.id = j.task_id
        where t.identifier = ${WELCOME_JOB}`.execute(company.db);
      return rows.length === 0;
    });
    const said = (await bob.timeline(room)).filter((event) => event.type === 'm.room.message');
    expect(said.filter((event) => String(event.content['body']).includes('Bob'))).toHaveLength(1);
  });

  it('answers a word of help, in the language it was asked in', async () => {
    const { room } = await company.rooms(department);
    const [an] = clients;
    const asked = await an!.sendText(room, '帮助');
    const answer = await an!.waitEvent({ room_id: room, relates_to: asked, timeout_ms: 60_000 });
    expect(answer).toMatchObject({ decrypted: true, sender: `@_qiao_org_bot:${company.serverName}` });
    expect(answer.content['body']).toContain('组织助手');
    const where = await an!.sendText(room, '部门');
    const places = await an!.waitEvent({ room_id: room, relates_to: where, timeout_ms: 60_000 });
    expect(places.content['body']).toContain('研发部');
  });

  it('uses a new key after a person has left', async () => {
    const { room } = await company.rooms(department);
    const [an, bob] = clients;
    const before = await an!.sendText(room, '帮助');
    const first = await an!.waitEvent({ room_id: room, relates_to: before, timeout_ms: 60_000 });
    await company.apply([{ kind: 'person_place', id: people['bob']!, placements: placed(other) }]);
    await company.settled();
    const after = await an!.sendText(room, '帮助');
    const second = await an!.waitEvent({ room_id: room, relates_to: after, timeout_ms: 60_000 });
    expect(second.session_id).not.toBe(first.session_id);
    expect((await bob!.timeline(room)).some((event) => event.event_id === second.event_id)).toBe(false);
  });
});
