import { migrateDomain, openDatabase } from '@qiao/platform';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Obligation, Pending, Settings } from '../contract/index.ts';
import { migrations } from '../migrations/index.ts';
import { MAX_URGENT_REMINDERS } from '../server/obligations/obligation.ts';
import { IN_ROOM_LIMIT } from '../server/obligations/obligations.service.ts';
import { NOON, openCompany, type Company, type Who } from './company.ts';
import { SETTINGS } from './attack/routes.ts';

let company: Company;
beforeAll(async () => {
  company = await openCompany();
});
afterAll(() => company.close());
beforeEach(async () => {
  company.setNow(NOON);
  for (const table of ['notices.obligation', 'notices.reminder', 'notices.settings'] as const)
    await company.db.deleteFrom(table).execute();
});

const ask = async (
  who: Who,
  event_id: string,
  asked: readonly Who[],
  more: object = {},
): Promise<{ status: number; items: Obligation[]; left_out: string[]; code: string | undefined }> => {
  const answer = await (
    await company.as(who)
  )('POST', '/api/notices/obligations', {
    room_id: company.room,
    event_id,
    kind: 'question',
    asked: asked.map((one) => company.user[one].userId),
    ...more,
  });
  const body = answer.body as { items: Obligation[]; left_out: string[]; error?: { code: string } };
  return { ...body, status: answer.status, code: body.error?.code };
};
const get = async <T>(who: Who, path: string): Promise<T> => {
  const answer = await (await company.as(who))('GET', `/api/notices${path}`);
  expect([answer.text, answer.status]).toEqual([answer.text, 200]);
  return answer.body as T;
};
const post = async (who: Who, path: string, body: object): Promise<{ status: number; body: unknown }> => {
  const { status, body: answer } = await (await company.as(who))('POST', `/api/notices${path}`, body);
  return { status, body: answer };
};
const list = async (who: Who, query: string): Promise<Obligation[]> =>
  (await get<{ items: Obligation[] }>(who, `/obligations?${query}`)).items;
const settings = async (who: Who, change: Partial<Settings>): Promise<void> => {
  const answer = await (await company.as(who))('PUT', '/api/notices/settings', { ...SETTINGS, ...change });
  expect(answer.status).toBe(200);
};
/** No quiet hours, and no messages of the bot, which does not run here. */
const AWAKE = { zone: 'UTC', quiet: false, quiet_weekends: false, direct: false };
const later = (minutes: number): void => {
  company.setNow(new Date(company.now().getTime() + minutes * 60_000));
};
const reminders = (who: Who) =>
  company.db
    .selectFrom('notices.reminder')
    .selectAll()
    .where('user_id', '=', company.user[who].userId)
    .orderBy('created_at')
    .execute();
/** Runs the jobs as the queue would, each twice. */
const remind = async (): Promise<void> => {
  await Promise.all([company.job('notices.remind'), company.job('notices.remind')]);
  const open = await company.db
    .selectFrom('notices.reminder')
    .select('id')
    .where('outcome', 'is', null)
    .execute();
  for (const { id } of open) {
    await company.job('notices.send-reminder', { reminder_id: id });
    await company.job('notices.send-reminder', { reminder_id: id });
  }
};

describe('asking', () => {
  it('registers each person once, and shows it on both sides', async () => {
    const event = await company.say('bob');
    const first = await ask('bob', event, ['bea', 'ben']);
    expect(first).toMatchObject({ status: 200, left_out: [] });
    expect(first.items.map((one) => one.asked.user_id).sort()).toEqual(
      [company.user.bea.userId, company.user.ben.userId].sort(),
    );
    const second = await ask('bob', event, ['bea', 'ben']);
    expect(second.items.map((one) => one.id).sort()).toEqual(first.items.map((one) => one.id).sort());
    expect(await list('bea', 'side=owe&state=open')).toHaveLength(1);
    expect(await list('bob', 'side=wait&state=open')).toHaveLength(2);
    expect(await list('bob', 'side=owe')).toEqual([]);
    expect(await list('ben', 'side=wait')).toEqual([]);
    // No text of the message anywhere.
    expect(JSON.stringify(first)).not.toContain('text');
  });

  it('leaves out who is not there, and whom the asker may not contact, without saying which', async () => {
    const event = await company.say('ann');
    // Bea is in the room, but Ann's department is told not to see hers; Main is not in the room.
    expect(await ask('ann', event, ['bea'])).toMatchObject({ status: 400, code: 'notices.nobody_to_ask' });
    expect(await ask('ann', event, ['main'])).toMatchObject({ status: 400, code: 'notices.nobody_to_ask' });
    const mine = await company.say('bob');
    expect(await ask('bob', mine, ['bea', 'main'])).toMatchObject({
      status: 200,
      left_out: [company.user.main.userId],
    });
  });

  it('needs a message of one’s own, in a room one is in', async () => {
    const event = await company.say('bob');
    expect(await ask('bea', event, ['ben'])).toMatchObject({ status: 404, code: 'notices.not_your_message' });
    expect(await ask('main', event, ['bea'])).toMatchObject({ status: 404 });
    const other = await company.user.bob.createRoom();
    expect(await ask('bob', event, ['bea'], { room_id: other })).toMatchObject({ status: 404 });
    const gone = await company.say('bob');
    await company.user.bob.request(
      'PUT',
      `/v3/rooms/${encodeURIComponent(company.room)}/redact/${encodeURIComponent(gone)}/gone`,
      {},
    );
    expect(await ask('bob', gone, ['bea'])).toMatchObject({ status: 404 });
  });

  it('has a limit for each hour', async () => {
    const limit = 20;
    const event = await company.say('bob');
    for (let count = 0; count < limit; count++) {
      await company.db
        .insertInto('notices.obligation')
        .values({
          id: crypto.randomUUID(),
          kind: 'urgent',
          room_id: company.room,
          event_id: `$${String(count)}`,
          asker: company.user.bob.userId,
          asked: company.user.bea.userId,
          due_at: null,
          every_minutes: null,
          created_at: company.now(),
          closed_at: null,
          closed_how: null,
          closed_by: null,
          reminded_at: null,
          next_remind_at: null,
        })
        .execute();
    }
    expect(await ask('bob', event, ['bea'], { kind: 'urgent' })).toMatchObject({
      status: 429,
      code: 'notices.asked_too_much',
    });
    expect(await ask('bob', event, ['bea'])).toMatchObject({ status: 200 });
    later(61);
    expect(await ask('bob', event, ['bea'], { kind: 'urgent' })).toMatchObject({ status: 200 });
  });
});

describe('answering', () => {
  it('by the one asked, once, however often it is said', async () => {
    const event = await company.say('bob');
    const { items } = await ask('bob', event, ['bea', 'ben']);
    const id = items.find((one) => one.asked.user_id === company.user.bea.userId)!.id;
    const close = (who: Who, how: string) => post(who, `/obligations/${id}/close`, { how });
    expect((await close('ben', 'handled')).status).toBe(404);
    expect((await close('bob', 'handled')).status).toBe(403);
    expect((await close('bea', 'withdrawn')).status).toBe(403);
    const first = await close('bea', 'handled');
    expect(first.body).toMatchObject({ state: 'answered', closed_how: 'handled' });
    expect((await close('bea', 'reply')).body).toEqual(first.body);
    expect((await close('bob', 'withdrawn')).body).toEqual(first.body);
    expect(await list('bea', 'side=owe&state=open')).toEqual([]);
    expect(await list('bea', 'side=owe&state=closed')).toHaveLength(1);
    expect(await list('bob', 'side=wait&state=open')).toHaveLength(1);
  });

  it('by a reply or reaction that a client saw; the asker’s sees those of stock clients', async () => {
    const event = await company.say('bob');
    await ask('bob', event, ['bea', 'ben']);
    const saw = (who: Who, how: string, by?: Who) =>
      post(who, '/obligations/answered', {
        room_id: company.room,
        event_id: event,
        how,
        ...(by ? { by: company.user[by].userId } : {}),
      });
    // Reading is no answer; others have no say.
    expect((await saw('bea', 'read')).body).toEqual({ closed: 0 });
    expect((await saw('ann', 'reply', 'bea')).body).toEqual({ closed: 0 });
    expect((await saw('bea', 'reply')).body).toEqual({ closed: 1 });
    expect((await saw('bea', 'reply')).body).toEqual({ closed: 0 });
    expect((await saw('bob', 'confirmed', 'ben')).body).toEqual({ closed: 0 });
    expect((await saw('bob', 'reply', 'ben')).body).toEqual({ closed: 1 });
    expect(await list('bob', 'side=wait&state=open')).toEqual([]);
  });
});

describe('reminding', () => {
  it('repeats urgent messages to those who have not confirmed, not sooner than every five minutes, and ends', async () => {
    for (const who of ['bea', 'ben'] as const) await settings(who, AWAKE);
    const event = await company.say('bob');
    await ask('bob', event, ['bea', 'ben'], { kind: 'urgent' });
    later(4);
    await remind();
    expect(await reminders('bea')).toEqual([]);
    later(1);
    await remind();
    await remind();
    expect(await reminders('bea')).toHaveLength(1);
    expect((await get<Pending>('bea', '/pending')).urgent).toHaveLength(1);
    const { body } = await post('bea', '/obligations/answered', {
      room_id: company.room,
      event_id: event,
      how: 'confirmed',
    });
    expect(body).toEqual({ closed: 1 });
    for (let count = 0; count < MAX_URGENT_REMINDERS + 5; count++) {
      later(5);
      await remind();
    }
    expect(await reminders('bea')).toHaveLength(1);
    expect(await reminders('ben')).toHaveLength(MAX_URGENT_REMINDERS);
    expect(await list('bob', 'side=wait&state=open')).toHaveLength(1);
  });

  it('is quiet in the quiet hours of the one asked, and gathers questions', async () => {
    await settings('bea', {
      ...AWAKE,
      zone: 'Asia/Shanghai',
      quiet: true,
      quiet_from: '20:00',
      quiet_to: '08:00',
    });
    company.setNow('2026-11-23T11:00:00Z');
    await ask('bob', await company.say('bob'), ['bea']);
    await ask('ben', await company.say('ben'), ['bea']);
    for (let hour = 0; hour < 12; hour++) {
      later(60);
      await remind();
    }
    expect(company.now().toISOString()).toBe('2026-11-23T23:00:00.000Z');
    expect(await reminders('bea')).toEqual([]);
    later(60);
    await remind();
    const [one, ...others] = await reminders('bea');
    expect(others).toEqual([]);
    expect(one).toMatchObject({ kind: 'question', outcome: 'client' });
    expect(one!.obligation_ids).toHaveLength(2);
  });

  it('are quiet for pushes, too, and while one is not to be disturbed; urgent messages come through where wished', async () => {
    const { pushService, user, room } = company;
    const { subscription, read } = pushService.browser();
    const { body: kept } = await (await company.as('bea'))('POST', '/api/push/subscriptions', subscription);
    const push = async (event: string, where = room): Promise<void> => {
      const at = company.now().toISOString();
      await company.job('push.deliver', { id: kept.id, room: where, event, unread: 1, urgent: true, at });
    };
    const came = (): unknown[] => pushService.got.splice(0).map((one) => read(one)['event']);
    const shanghai = { ...AWAKE, zone: 'Asia/Shanghai', quiet: true, quiet_from: '20:00', quiet_to: '08:00' };
    await settings('bea', shanghai);
    company.setNow('2026-11-23T11:59:00Z');
    await push('$evening');
    company.setNow('2026-11-23T12:00:00Z');
    await push('$night');
    expect(came()).toEqual(['$evening']);

    const event = await company.say('bob');
    await ask('bob', event, ['bea'], { kind: 'urgent', every_minutes: 5 });
    await push(event);
    expect(came()).toEqual([]);
    await settings('bea', { ...shanghai, urgent_through: true });
    await push(event);
    await push('$other');
    await company.db
      .insertInto('notices.direct_room')
      .values({ user_id: user.bea.userId, room_id: '!bot:qiao.test' })
      .execute();
    await push('$reminder', '!bot:qiao.test');
    expect(came()).toEqual([event, '$reminder']);

    // In the middle of the day, for an hour; of somebody else's wishes nothing changes.
    company.setNow('2026-11-24T04:00:00Z');
    await settings('bea', shanghai);
    const pause = async (until: string | null) =>
      (await company.as('bea'))('PUT', '/api/notices/settings/pause', { until });
    expect((await pause('2026-11-24T05:00:00.000Z')).body).toMatchObject({
      ...shanghai,
      paused_until: '2026-11-24T05:00:00.000Z',
    });
    await push('$paused');
    company.setNow('2026-11-24T05:00:00Z');
    await push('$afterwards');
    expect(came()).toEqual(['$afterwards']);
    await pause('2026-11-24T08:00:00.000Z');
    await push('$again');
    expect((await pause(null)).body).toMatchObject({ paused_until: null });
    await push('$ended');
    expect(came()).toEqual(['$ended']);
    expect((await pause('2026-12-02T08:00:00.000Z')).body.error.code).toBe('notices.pause_too_long');
  });

  it('reminds of a question no more often than wished, whoever asks', async () => {
    await settings('bea', { ...AWAKE, every_minutes: 240 });
    for (let count = 0; count < 4; count++) {
      await ask('bob', await company.say('bob'), ['bea']);
      later(30);
    }
    for (let count = 0; count < 24 * 3; count++) {
      later(20);
      await remind();
    }
    const times = (await reminders('bea')).map((one) => one.created_at.getTime());
    expect(times.length).toBeGreaterThan(1);
    for (const [index, time] of times.slice(1).entries())
      expect(time - times[index]!).toBeGreaterThanOrEqual(240 * 60_000);
  });

  it('reminds the unread at once, once, and again only after ten minutes', async () => {
    await settings('bea', AWAKE);
    const event = await company.say('bob');
    expect(await ask('bob', event, ['bea'], { kind: 'unread' })).toMatchObject({ status: 200 });
    await remind();
    later(5);
    await remind();
    expect(await reminders('bea')).toHaveLength(1);
    expect(await ask('bob', event, ['bea'], { kind: 'unread' })).toMatchObject({
      status: 429,
      code: 'notices.reminded_already',
    });
    later(6);
    expect(await ask('bob', event, ['bea'], { kind: 'unread' })).toMatchObject({ status: 200 });
    await remind();
    expect(await reminders('bea')).toHaveLength(2);
    expect((await get<Pending>('bea', '/pending')).unread).toHaveLength(1);
    await post('bea', '/obligations/answered', { room_id: company.room, event_id: event, how: 'read' });
    expect((await get<Pending>('bea', '/pending')).unread).toEqual([]);
    // Not something one owes.
    expect(await list('bea', 'side=owe')).toEqual([]);
  });

  it('sees reactions, deletions and leaving by itself before it reminds', async () => {
    for (const who of ['bea', 'ben'] as const) await settings(who, AWAKE);
    const [reacted, deleted] = [await company.say('bob'), await company.say('bob')];
    await ask('bob', reacted, ['bea', 'ben'], { kind: 'urgent' });
    await ask('bob', deleted, ['ben'], { kind: 'urgent' });
    await company.user.bea.send(company.room, 'm.reaction', {
      'm.relates_to': { rel_type: 'm.annotation', event_id: reacted, key: '👌' },
    });
    await company.user.bob.request(
      'PUT',
      `/v3/rooms/${encodeURIComponent(company.room)}/redact/${encodeURIComponent(deleted)}/deleted`,
      {},
    );
    later(6);
    await remind();
    expect(await reminders('bea')).toMatchObject([{ outcome: 'settled' }]);
    const waiting = await list('bob', 'side=wait');
    expect(
      waiting
        .map((one) => [
          one.event_id === reacted ? 'reacted' : 'deleted',
          one.asked.display_name,
          one.state,
          one.closed_how,
        ])
        .sort(),
    ).toEqual([
      ['deleted', 'Bsecret ben', 'ended', 'deleted'],
      ['reacted', 'Bsecret bea', 'answered', 'reaction'],
      ['reacted', 'Bsecret ben', 'open', null],
    ]);
    expect(await reminders('ben')).toMatchObject([
      { outcome: 'client', obligation_ids: [expect.any(String)] },
    ]);
  });

  it('ends with the one who leaves', async () => {
    const event = await company.say('bob');
    await ask('bob', event, ['bea', 'ben']);
    const left = company.org.host.parts
      .get('notices')!
      .subscriptions!.find((one) => one.event === 'org.person.left')!;
    const payload = { person_id: company.person.bea, user_id: company.user.bea.userId };
    await left.handle(payload, {} as never);
    await left.handle(payload, {} as never);
    expect(await list('bob', 'side=wait&state=open')).toHaveLength(1);
    expect((await list('bob', 'side=wait&state=closed'))[0]).toMatchObject({
      state: 'ended',
      closed_how: 'left',
    });
  });
});

describe('lists', () => {
  it('of a conversation say since when they are complete', async () => {
    const inRoom = () =>
      get<{ items: { event_id: string }[]; since: string | null }>(
        'bob',
        `/obligations/in-room?room_id=${encodeURIComponent(company.room)}`,
      );
    const insert = (at: number) =>
      company.db
        .insertInto('notices.obligation')
        .values({
          id: crypto.randomUUID(),
          kind: 'question',
          room_id: company.room,
          event_id: `$${String(at)}`,
          asker: company.user.bob.userId,
          asked: company.user.bea.userId,
          due_at: null,
          every_minutes: null,
          created_at: new Date(company.now().getTime() + at * 1000),
          closed_at: null,
          closed_how: null,
          closed_by: null,
          reminded_at: null,
          next_remind_at: null,
        })
        .execute();
    for (let at = 1; at < IN_ROOM_LIMIT; at++) await insert(at);
    expect(await inRoom()).toMatchObject({ since: null });
    for (const at of [IN_ROOM_LIMIT, IN_ROOM_LIMIT + 1]) await insert(at);
    const { items, since } = await inRoom();
    expect(items).toHaveLength(IN_ROOM_LIMIT);
    expect(items.at(-1)?.event_id).toBe('$2');
    expect(since).toBe(new Date(company.now().getTime() + 2000).toISOString());
  });

  it('come by pages, newest first, without a gap', async () => {
    const events: string[] = [];
    for (let count = 0; count < 5; count++) {
      const event = await company.say('bob');
      events.unshift(event);
      await ask('bob', event, ['bea']);
      // Two of them at the same moment.
      if (count !== 2) later(1);
    }
    const found: string[] = [];
    let after = '';
    do {
      const page: { items: Obligation[]; next: string | null } = await get(
        'bea',
        `/obligations?side=owe&limit=2${after}`,
      );
      found.push(...page.items.map((one) => one.event_id));
      after = page.next === null ? '' : `&after=${page.next}`;
    } while (after !== '');
    expect([...found].sort()).toEqual([...events].sort());
    expect(found[0]).toBe(events[0]);
    expect((await get<Pending>('bea', '/pending')).owe).toBe(5);
    expect((await get<Pending>('bob', '/pending')).wait).toBe(5);
  });
});

it('migrates fresh, twice, and twice at once', async () => {
  const handle = openDatabase({ url: company.org.database.url, applicationName: 'migrate', max: 3 });
  try {
    const run = () => migrateDomain(handle.db, 'notices', migrations);
    expect(await Promise.all([run(), run()])).toEqual([[], []]);
    const { rows } = await sql<{
      name: string;
    }>`select name from notices.kysely_migration order by name`.execute(handle.db);
    expect(rows.map((row) => row.name)).toEqual(Object.keys(migrations));
  } finally {
    await handle.close();
  }
});
