import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import org from '@qiao/org/module';
import push from '@qiao/push/module';
import { buildDepartment, buildGrant, buildPerson, buildRole } from '@qiao/org/testing';
import { openDatabase, type DatabaseHandle } from '@qiao/platform';
import { startTestHost, type TestHost } from '@qiao/platform/testing';
import { activatePeople, NioClient, startTestStack, waitFor, type RunningTestStack } from '@qiao/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NOTICE_KEY, SEND_NOTICE, type ManagedNotice, type Progress } from '../contract/index.ts';
import notices from '../module.ts';

/* Notices and reminders as a stock client of another make sees them: real bots, real encryption. */

const PASSWORD = 'a long enough password';
const BOSS_PASSWORD = 'another long password';

describe('what arrives in a stock client', () => {
  let stack: RunningTestStack;
  let host: TestHost;
  let handle: DatabaseHandle;
  let nio: NioClient;
  let room: string;
  let anna: string;
  let boss: string;
  const db = () => handle.db;

  const secret = (name: string): string =>
    readFileSync(join(stack.info.varDir, 'secrets', name), 'utf8').trim();
  const call = async <T>(method: 'GET' | 'POST', path: string, body?: unknown, who = boss): Promise<T> => {
    const answer = await (await host.as(who))(method, `/api/notices${path}`, body);
    expect([answer.text, answer.status]).toEqual([answer.text, expect.toBeOneOf([200, 201, 204])]);
    return answer.body as T;
  };
  const progressUntil = (id: string, done: (progress: Progress) => boolean): Promise<unknown> =>
    waitFor(async () => done(await call<Progress>('GET', `/managed/${id}/progress`)), {
      what: 'the notice to come so far',
      timeout: 90_000,
    });
  const send = async (title: string, audience: object): Promise<string> => {
    const made = await call<ManagedNotice>('POST', '/managed', {
      title,
      body: '请 **大家** 注意',
      confirm: true,
      audience: { everybody: false, departments: [], roles: [], ...audience },
    });
    await call('POST', `/managed/${made.id}/send`, { version: made.version });
    return made.id;
  };

  beforeAll(async () => {
    stack = await startTestStack();
    const { info } = stack;
    host = await startTestHost({
      domains: [org, push, notices],
      databaseUrl: info.databaseUrl,
      serverName: info.serverName,
      homeserverUrl: info.homeserverUrl,
      secrets: Object.fromEntries(
        ['as_token_org', 'hs_token_org', 'as_token_notices', 'hs_token_notices', 'synapse_module_token'].map(
          (name) => [name, secret(name)],
        ),
      ),
      settings: {
        domains: {
          org: { greet: false },
          notices: { quiet_weekends: false, quiet_from: '00:00', quiet_to: '00:00' },
        },
      },
      serve: true,
    });
    await host.listen(Number(new URL(info.hostUrl).port));
    handle = openDatabase({
      url: info.databaseUrl,
      applicationName: 'test',
      max: 3,
      onError: () => undefined,
    });
    const orgDb = handle.db as never;
    const department = await buildDepartment(orgDb, '研发部');
    const people: Record<string, { id: string; localpart: string }> = {};
    for (const [name, display] of [
      ['anna', '安娜'],
      ['boss', '老板'],
    ] as const)
      people[name] = await buildPerson(orgDb, display, {
        localpart: name,
        departments: [department],
        account: 'none',
      });
    await buildRole(orgDb, 'Sender', [SEND_NOTICE]);
    await buildRole(orgDb, 'Readers', []);
    await buildGrant(orgDb, { person_id: people['boss']!.id, role: 'Sender' });
    await buildGrant(orgDb, { person_id: people['anna']!.id, role: 'Readers' });
    anna = `@anna:${info.serverName}`;
    boss = `@boss:${info.serverName}`;
    await sql`select jobs.add_job('org.provision', '{}'::json, job_key => 'org.provision')`.execute(db());
    await waitFor(
      async () => {
        const { rows } = await sql`select 1 from org.person where account = 'none'`.execute(db());
        return rows.length === 0;
      },
      { what: 'the accounts', timeout: 90_000 },
    );
    const answer = await fetch(`${info.homeserverUrl}/_synapse/client/qiao/v1/accounts/password`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret('synapse_module_token')}` },
      body: JSON.stringify({ user_id: anna, password: PASSWORD, logout_devices: false }),
    });
    expect(answer.status).toBe(200);
    nio = new NioClient(join(info.varDir, 'nio-anna'));
    await nio.login({ homeserver: info.homeserverUrl, user_id: anna, password: PASSWORD });
    await nio.startSync();
    await activatePeople(info, [boss], BOSS_PASSWORD);
    await waitFor(
      async () => {
        const { rows } = await sql<{ room_id: string }>`select d.room_id from org.department d
          where d.room_id is not null and (select count(*) from org.room_member m where m.room_id = d.room_id) = 2`.execute(
          db(),
        );
        room = rows[0]?.room_id ?? '';
        return room !== '';
      },
      { what: 'the department’s room with its people', timeout: 90_000 },
    );
  });
  afterAll(async () => {
    await nio.close();
    await host.stop();
    await handle.close();
    await stack.stop();
  });

  it('tells an administrator, encrypted, who has forgotten the password, once', async () => {
    const { rows } = await sql<{ id: string }>`select id from org.person where localpart = 'anna'`.execute(
      db(),
    );
    const grant = await buildGrant(handle.db, { person_id: rows[0]!.id, role: 'main_admin' });
    const ask = (name: string) => host.call('POST', '/api/org/password/forgot', { name });
    for (const name of ['boss', '@nobody:elsewhere.test', 'nobody at all'])
      expect(await ask(name)).toMatchObject({ status: 202, body: {} });
    const told = await nio.waitEvent({
      sender: `@_qiao_notices_bot:${stack.info.serverName}`,
      body_contains: boss,
    });
    expect(String((told.content as { body?: unknown }).body)).toContain('老板');
    expect(told.decrypted).toBe(true);
    expect((await ask('BOSS')).status).toBe(202);
    const times = async (): Promise<unknown> =>
      (await (await host.as(anna))('GET', '/api/org/password-requests')).body;
    await waitFor(async () => JSON.stringify(await times()).includes('"times":2'), {
      what: 'the second time',
    });
    expect(await times()).toMatchObject({
      items: [{ person: { user_id: boss }, state: 'open', times: 2 }],
    });
    // The rights were for this alone.
    await sql`delete from org.role_grant where id = ${grant}::uuid`.execute(db());
  });

  it('is a notice in the department’s room, encrypted, confirmed by ✅', async () => {
    const { rows } = await sql<{ id: string }>`select id from org.department`.execute(db());
    const id = await send('停电通知', { departments: [{ id: rows[0]!.id, subtree: true }] });
    const event = await nio.waitEvent({ room_id: room, body_contains: '停电通知', timeout_ms: 90_000 });
    expect(event).toMatchObject({
      encrypted: true,
      decrypted: true,
      sender: `@_qiao_org_bot:${stack.info.serverName}`,
    });
    const body = String(event.content['body']);
    const told = event.content[NOTICE_KEY] as { tail: number };
    expect(told).toMatchObject({ id, confirm: true });
    // For many, in both languages; who wrote it, and how to answer from any client.
    expect(body).toMatch(/^停电通知\n公告 · 老板 \/ Notice by 老板\n\n/);
    expect(body.slice(-told.tail)).toMatch(/✅[^]*https?:\/\//);
    expect(body.slice(0, -told.tail)).not.toMatch(/✅|https?:/);
    expect(event.content['formatted_body']).toContain('<strong>大家</strong>');
    await progressUntil(id, (one) => one.deliveries.sent === 1 && one.deliveries.waiting === 0);
    await nio.react(room, event.event_id, '❤️');
    await nio.react(room, event.event_id, '✅');
    await progressUntil(id, (one) => one.confirmed === 1);
    const [how] = (
      await sql<{
        user_id: string;
        confirmed_how: string;
      }>`select user_id, confirmed_how from notices.recipient
        where notice_id = ${id} and confirmed_at is not null`.execute(db())
    ).rows;
    expect(how).toEqual({ user_id: anna, confirmed_how: 'reaction' });

    await call('POST', `/managed/${id}/recall`);
    await progressUntil(id, (one) => one.deliveries.redacted === 1);
    const left = await fetch(
      `${stack.info.homeserverUrl}/_matrix/client/v3/rooms/${encodeURIComponent(room)}/event/${encodeURIComponent(event.event_id)}?user_id=${encodeURIComponent(`@_qiao_org_bot:${stack.info.serverName}`)}`,
      { headers: { authorization: `Bearer ${secret('as_token_org')}` } },
    );
    expect(((await left.json()) as { content: object }).content).toEqual({});
  });

  it('is a message to the person alone where only a role gets it, confirmed by a reply', async () => {
    const { rows } = await sql<{ id: string }>`select id from org.role where name = 'Readers'`.execute(db());
    const id = await send('只给读者', { roles: [rows[0]!.id] });
    const event = await nio.waitEvent({ body_contains: '只给读者', timeout_ms: 90_000 });
    expect(event.room_id).not.toBe(room);
    expect(event).toMatchObject({
      encrypted: true,
      decrypted: true,
      sender: `@_qiao_notices_bot:${stack.info.serverName}`,
    });
    await nio.sendText(event.room_id, '收到', { reply_to: event.event_id });
    await progressUntil(id, (one) => one.confirmed === 1);
  });

  it('is a reminder in the same room, settled by ✅ there', async () => {
    // The boss asks Anna in the department's room, by a message of the own account.
    const asker = new NioClient(join(stack.info.varDir, 'nio-boss'));
    try {
      await asker.login({ homeserver: stack.info.homeserverUrl, user_id: boss, password: BOSS_PASSWORD });
      await asker.startSync();
      const event = await asker.sendText(room, '请马上确认');
      await call('POST', '/obligations', { room_id: room, event_id: event, kind: 'unread', asked: [anna] });
      const reminder = await nio.waitEvent({ body_contains: '请阅读这 1 条消息', timeout_ms: 90_000 });
      expect(reminder).toMatchObject({ encrypted: true, decrypted: true });
      expect(reminder.content['body']).toContain(`https://matrix.to/#/${encodeURIComponent(room)}`);
      expect(reminder.content['body']).toContain('老板');
      // Nothing of what was asked.
      expect(reminder.content['body']).not.toContain('请马上确认');
      await nio.react(reminder.room_id, reminder.event_id, '✅');
      await waitFor(
        async () => {
          const { items } = await call<{ items: { state: string }[] }>(
            'GET',
            `/obligations/of?room_id=${encodeURIComponent(room)}&event_id=${encodeURIComponent(event)}`,
          );
          return items[0]?.state === 'answered';
        },
        { what: 'the reminder to be settled', timeout: 60_000 },
      );
    } finally {
      await asker.close();
    }
  });
});
