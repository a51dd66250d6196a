import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AskedMessage, Audience, ManagedNotice, Obligation } from '../../contract/index.ts';
import { NOON, openCompany, SECRET, type Company, type Who } from '../company.ts';

/*
 * People who work here and want more than is theirs: to see who has read where they are not, to confirm for others, to
 * flood a colleague, and to send notices beyond their subtree.
 */

let company: Company;
beforeAll(async () => {
  company = await openCompany();
});
afterAll(() => company.close());
beforeEach(async () => {
  company.setNow(NOON);
  for (const table of [
    'notices.obligation',
    'notices.reminder',
    'notices.settings',
    'notices.notice',
  ] as const)
    await company.db.deleteFrom(table).execute();
});

const call = async (
  who: Who,
  method: 'GET' | 'POST' | 'PATCH' | 'PUT',
  path: string,
  body?: unknown,
): Promise<{ status: number; text: string; body: unknown; code: string | undefined }> => {
  const {
    status,
    text,
    body: answer,
  } = await (
    await company.as(who)
  )(method, `/api/notices${path}`, body, {
    // The limit of requests by address is not what is looked at.
    'x-forwarded-for': `10.1.${String(Math.floor(Math.random() * 250))}.${String(Math.floor(Math.random() * 250))}`,
  });
  return {
    status,
    text,
    body: answer,
    code: (answer as { error?: { code: string } } | undefined)?.error?.code,
  };
};
const ask = (who: Who, event_id: string, asked: readonly Who[], more: object = {}) =>
  call(who, 'POST', '/obligations', {
    room_id: company.room,
    event_id,
    kind: 'question',
    asked: asked.map((one) => company.user[one].userId),
    ...more,
  });
const inRoom = async (who: Who, room = company.room): Promise<AskedMessage[]> => {
  const answer = await call(who, 'GET', `/obligations/in-room?room_id=${encodeURIComponent(room)}`);
  expect(answer.status).toBe(200);
  return (answer.body as { items: AskedMessage[] }).items;
};
const later = (minutes: number): void => {
  company.setNow(new Date(company.now().getTime() + minutes * 60_000));
};
const AWAKE = {
  zone: 'UTC',
  quiet: false,
  quiet_from: '20:00',
  quiet_to: '08:00',
  quiet_weekends: false,
  urgent_through: false,
  every_minutes: 30,
  direct: false,
};

describe('who wants to see what became of others’ messages', () => {
  it('sees the own part only: who asks all of it, who is asked the own, others nothing', async () => {
    const event = await company.say('bob');
    await ask('bob', event, ['bea', 'ben'], { kind: 'urgent' });
    await call('bea', 'POST', '/obligations/answered', {
      room_id: company.room,
      event_id: event,
      how: 'confirmed',
    });
    expect(await inRoom('bob')).toMatchObject([
      { event_id: event, kind: 'urgent', asked: 2, answered: 1, mine: null },
    ]);
    expect(await inRoom('bea')).toMatchObject([
      { asked: 1, answered: 1, mine: { state: 'answered', closed_how: 'confirmed' } },
    ]);
    expect(await inRoom('ben')).toMatchObject([{ asked: 1, answered: 0, mine: { state: 'open' } }]);
    // Ann is in the room and not asked; Main is not in the room and holds every permission here.
    for (const who of ['ann', 'main', 'adminB'] as const) {
      expect(await inRoom(who)).toEqual([]);
      const of = await call(
        who,
        'GET',
        `/obligations/of?room_id=${encodeURIComponent(company.room)}&event_id=${encodeURIComponent(event)}`,
      );
      expect(of.body).toEqual({ items: [] });
    }
    expect(await inRoom('bob', '!elsewhere')).toEqual([]);
  });

  it('does not count those for whom it was taken back', async () => {
    const event = await company.say('bob');
    const { body } = await ask('bob', event, ['bea', 'ben']);
    const of = (who: Who): string =>
      (body as { items: Obligation[] }).items.find((one) => one.asked.user_id === company.user[who].userId)!
        .id;
    await call('bob', 'POST', `/obligations/${of('ben')}/close`, { how: 'withdrawn' });
    expect(await inRoom('bob')).toMatchObject([{ asked: 1, answered: 0 }]);
    expect(await inRoom('ben')).toMatchObject([{ asked: 0, answered: 0, mine: { state: 'withdrawn' } }]);
  });
});

describe('who wants to confirm for another', () => {
  it('cannot: not as a colleague in the room, not as the one who asks, not by the id', async () => {
    const event = await company.say('bob');
    const { body } = await ask('bob', event, ['bea'], { kind: 'urgent' });
    const { id } = (body as { items: Obligation[] }).items[0]!;
    const of = { room_id: company.room, event_id: event };
    for (const who of ['ben', 'ann', 'bob', 'main'] as const) {
      for (const how of ['confirmed', ...(who === 'bob' ? [] : ['reply', 'reaction', 'read'])]) {
        const answer = await call(who, 'POST', '/obligations/answered', {
          ...of,
          how,
          by: company.user.bea.userId,
        });
        expect([who, how, answer.body]).toEqual([who, how, { closed: 0 }]);
      }
      expect((await call(who, 'POST', `/obligations/${id}/close`, { how: 'confirmed' })).status).toBe(
        who === 'bob' ? 403 : 404,
      );
    }
    expect(await inRoom('bob')).toMatchObject([{ asked: 1, answered: 0 }]);
  });
});

describe('who wants to flood a colleague', () => {
  const urge = async (times: number): Promise<void> => {
    for (let count = 0; count < times; count++) {
      expect((await ask('bob', await company.say('bob'), ['bea'], { kind: 'urgent' })).status).toBe(200);
      company.setNow(new Date(company.now().getTime() + 20_000));
    }
  };
  const times = async (who: Who): Promise<number[]> =>
    (
      await company.db
        .selectFrom('notices.reminder')
        .select('created_at')
        .where('user_id', '=', company.user[who].userId)
        .orderBy('created_at')
        .execute()
    ).map((row) => row.created_at.getTime());

  it('gets one reminder through in five minutes, with everything in it', async () => {
    expect((await call('bea', 'PUT', '/settings', AWAKE)).status).toBe(200);
    await urge(12);
    for (let minute = 0; minute < 30; minute++) {
      await company.job('notices.remind');
      later(1);
    }
    const at = await times('bea');
    expect(at.length).toBeGreaterThan(3);
    for (const [index, time] of at.slice(1).entries())
      expect(time - at[index]!).toBeGreaterThanOrEqual(5 * 60_000);
    const reminders = await company.db
      .selectFrom('notices.reminder')
      .select('obligation_ids')
      .where('user_id', '=', company.user.bea.userId)
      .execute();
    expect(Math.max(...reminders.map((one) => one.obligation_ids.length))).toBeGreaterThan(5);
  });

  it('taps “remind” on many messages: the first comes at once, the others together', async () => {
    expect((await call('bea', 'PUT', '/settings', AWAKE)).status).toBe(200);
    for (let count = 0; count < 8; count++) {
      expect((await ask('bob', await company.say('bob'), ['bea'], { kind: 'unread' })).status).toBe(200);
      await company.job('notices.remind');
    }
    expect(await times('bea')).toHaveLength(1);
    later(5);
    await company.job('notices.remind');
    expect(await times('bea')).toHaveLength(2);
    later(30);
    await company.job('notices.remind');
    expect(await times('bea')).toHaveLength(2);
  });

  it('is refused after thirty messages to one person in an hour, and may still ask others', async () => {
    for (let count = 0; count < 30; count++)
      expect((await ask('bob', await company.say('bob'), ['bea'])).status).toBe(200);
    const event = await company.say('bob');
    const once = { status: 429, code: 'notices.asked_too_much' };
    expect(await ask('bob', event, ['bea'])).toMatchObject(once);
    expect(await ask('bob', event, ['bea', 'ben'], { kind: 'unread' })).toMatchObject(once);
    expect((await ask('bob', event, ['ben'])).status).toBe(200);
    expect((await ask('ben', await company.say('ben'), ['bea'])).status).toBe(200);
    later(61);
    expect((await ask('bob', event, ['bea'])).status).toBe(200);
  });
});

describe('an admin of a department who wants to write to another', () => {
  const to = (...departments: { id: string; subtree: boolean }[]): Audience => ({
    everybody: false,
    departments,
    roles: [],
  });
  const draft = async (who: Who, audience: Audience): Promise<ManagedNotice> => {
    const answer = await call(who, 'POST', '/managed', { title: 'T', body: 'B', confirm: true, audience });
    expect([answer.text, answer.status]).toEqual([answer.text, 201]);
    return answer.body as ManagedNotice;
  };

  it('is refused by every way: writing, changing, counting, and sending what was allowed once', async () => {
    const { a, a1, b, b1, root } = company.department;
    const { id } = await draft('adminA', to({ id: a1, subtree: true }));
    const foreign = [b, b1, root].flatMap((one) => [
      to({ id: one, subtree: true }),
      to({ id: a, subtree: true }, { id: one, subtree: false }),
    ]);
    const refused = { status: 403, code: 'notices.audience_not_allowed' };
    for (const audience of [
      ...foreign,
      { ...to(), everybody: true },
      { ...to({ id: a, subtree: true }), roles: [company.role.empty] },
    ]) {
      expect(await call('adminA', 'PATCH', `/managed/${id}`, { version: 1, audience })).toMatchObject(
        refused,
      );
      expect(await call('adminA', 'POST', '/audiences/count', audience)).toMatchObject(refused);
    }
    expect((await call('adminA', 'GET', `/managed/${id}`)).body).toMatchObject({
      version: 1,
      audience: to({ id: a1, subtree: true }),
    });
    // The department goes to the other subtree: the draft stays, and reaches nobody there.
    await company.org.db.updateTable('org.department').set({ parent_id: b }).where('id', '=', a1).execute();
    try {
      expect(await call('adminA', 'POST', `/managed/${id}/send`, { version: 1 })).toMatchObject(refused);
      expect(await call('adminA', 'PATCH', `/managed/${id}`, { version: 1, title: 'x' })).toMatchObject(
        refused,
      );
    } finally {
      await company.org.db.updateTable('org.department').set({ parent_id: a }).where('id', '=', a1).execute();
    }
  });

  it('cannot read who got, saw or confirmed another’s notice, nor remind or recall it', async () => {
    const { id } = await draft('adminB', to({ id: company.department.b, subtree: true }));
    await call('adminB', 'POST', `/managed/${id}/send`, { version: 1 });
    await company.job('notices.deliver-notice', { notice_id: id }).catch(() => undefined);
    const before = await company.fingerprint();
    for (const [method, rest] of [
      ['GET', ''],
      ['GET', '/progress'],
      ['GET', '/recipients?show=pending'],
      ['POST', '/remind'],
      ['POST', '/recall'],
      ['POST', '/unschedule'],
    ] as const) {
      const answer = await call('adminA', method, `/managed/${id}${rest}`);
      expect([rest, answer.status]).toEqual([rest, 404]);
      expect(answer.text).not.toContain(SECRET);
      // A reader of it has no more rights than that.
      expect((await call('bea', method, `/managed/${id}${rest}`)).status).toBe(404);
    }
    expect((await call('ann', 'POST', `/notices/${id}/confirm`)).status).toBe(404);
    expect(await company.fingerprint()).toBe(before);
  });
});
