import { buildGrant, buildPerson } from '@qiao/org/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Audience, ManagedNotice, Notice, Progress, Recipient } from '../contract/index.ts';
import { NOON, openCompany, type Company, type Who } from './company.ts';

let company: Company;
beforeAll(async () => {
  company = await openCompany();
});
afterAll(() => company.close());
beforeEach(async () => {
  company.setNow(NOON);
  await company.db.deleteFrom('notices.notice').execute();
  await company.db.deleteFrom('notices.reminder').execute();
});

type Answer = Awaited<ReturnType<Awaited<ReturnType<Company['as']>>>>;
const call = async (
  who: Who,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Answer> => (await company.as(who))(method, `/api/notices${path}`, body);
const good = async <T>(answer: Promise<Answer>): Promise<T> => {
  const { status, text, body } = await answer;
  expect([text, status]).toEqual([text, expect.toBeOneOf([200, 201, 204])]);
  return body as T;
};
const code = async (answer: Promise<Answer>): Promise<string | undefined> =>
  ((await answer).body as { error?: { code: string } }).error?.code;
const to = (more: Partial<Audience>): Audience => ({ everybody: false, departments: [], roles: [], ...more });
const toB = (): Audience => to({ departments: [{ id: company.department.b, subtree: true }] });
const draft = (who: Who, audience: Audience, more: object = {}): Promise<ManagedNotice> =>
  good(
    call(who, 'POST', '/managed', { title: '停电', body: '明天 **九点**', confirm: true, audience, ...more }),
  );
/** Works out the recipients; without a bot nothing is delivered. */
const plan = (id: string): Promise<void> =>
  company.job('notices.deliver-notice', { notice_id: id }).catch(() => undefined);
const send = async (who: Who, audience: Audience, more: object = {}): Promise<ManagedNotice> => {
  const { id, version } = await draft(who, audience, more);
  const sent = await good<ManagedNotice>(call(who, 'POST', `/managed/${id}/send`, { version }));
  await plan(id);
  await plan(id);
  return sent;
};
const mine = async (who: Who, query = ''): Promise<Notice[]> =>
  (await good<{ items: Notice[] }>(call(who, 'GET', `/notices${query}`))).items;
const progress = (who: Who, id: string): Promise<Progress> =>
  good(call(who, 'GET', `/managed/${id}/progress`));
const pending = async (who: Who, id: string): Promise<string[]> =>
  (await good<{ items: Recipient[] }>(call(who, 'GET', `/managed/${id}/recipients?show=pending`))).items.map(
    (one) => one.user_id,
  );

describe('whom a notice reaches', () => {
  it('a department with those below, and who joins later finds it', async () => {
    const { id } = await send('adminB', toB());
    expect(await mine('bea')).toMatchObject([
      { id, title: '停电', body: '明天 **九点**', confirmed_at: null },
    ]);
    expect(await mine('ann')).toEqual([]);
    expect(await progress('adminB', id)).toMatchObject({ recipients: 4, seen: 0, confirmed: 0 });
    const { localpart } = await buildPerson(company.org.db, 'Late', { departments: [company.department.b1] });
    const late = await company.org.host.as(`@${localpart}:${company.org.serverName}`);
    const found = await late('GET', '/api/notices/notices');
    expect((found.body as { items: Notice[] }).items.map((one) => one.id)).toEqual([id]);
    // Nobody waits for the late ones, but their confirmation counts.
    expect((await late('GET', '/api/notices/notices?filter=to_confirm')).body).toMatchObject({ items: [] });
    expect((await late('POST', `/api/notices/notices/${id}/confirm`)).status).toBe(204);
    expect(await progress('adminB', id)).toMatchObject({ recipients: 5, confirmed: 1 });
  });

  it('a role; everybody; a department without those below', async () => {
    const { id: role } = await send('main', to({ roles: [company.role.sender] }));
    expect((await progress('main', role)).recipients).toBe(3);
    expect(await mine('bea')).toEqual([]);
    const { id: all } = await send('main', to({ everybody: true }));
    const people = await company.org.db
      .selectFrom('org.person')
      .select('id')
      .where('status', '=', 'active')
      .execute();
    expect((await progress('main', all)).recipients).toBe(people.length);
    const { id: alone } = await send(
      'adminA',
      to({ departments: [{ id: company.department.a, subtree: false }] }),
    );
    expect(await pending('adminA', alone)).toEqual([company.user.adminA.userId]);
    expect(
      await code(
        call('main', 'POST', '/managed', { title: 'T', body: 'B', confirm: false, audience: to({}) }),
      ),
    ).toBe('notices.audience_empty');
    const empty = await draft('main', to({ roles: [company.role.empty] }));
    expect(await code(call('main', 'POST', `/managed/${empty.id}/send`, { version: 1 }))).toBe(
      'notices.audience_empty',
    );
  });

  it('says how many before it is sent', async () => {
    expect(await good(call('main', 'POST', '/audiences/count', toB()))).toEqual({
      people: 5,
      not_activated: 0,
    });
    const { departments, everybody, roles } = await good<{
      departments: object[];
      everybody: boolean;
      roles: object[];
    }>(call('adminA', 'GET', '/audiences'));
    expect(everybody).toBe(false);
    expect(roles).toEqual([]);
    expect(departments).toEqual(
      expect.arrayContaining([
        { id: company.department.a, name: 'A', parent_id: null },
        { id: company.department.a1, name: 'A1', parent_id: company.department.a },
      ]),
    );
    expect(departments).toHaveLength(2);
  });
});

describe('confirming', () => {
  it('counts once, is shown, and reminders go to the others', async () => {
    const { id } = await send('adminB', toB());
    expect((await good<{ notices: number }>(call('bea', 'GET', '/pending'))).notices).toBe(1);
    await good(call('bea', 'POST', `/notices/${id}/seen`));
    expect(await progress('adminB', id)).toMatchObject({ seen: 1, confirmed: 0 });
    for (let count = 0; count < 2; count++) await good(call('bea', 'POST', `/notices/${id}/confirm`));
    expect(await progress('adminB', id)).toMatchObject({ seen: 1, confirmed: 1 });
    expect((await good<{ notices: number }>(call('bea', 'GET', '/pending'))).notices).toBe(0);
    expect(await pending('adminB', id)).not.toContain(company.user.bea.userId);
    const waiting = (await pending('adminB', id)).length;
    expect(await good(call('adminB', 'POST', `/managed/${id}/remind`))).toEqual({ reminded: waiting });
    expect(await code(call('adminB', 'POST', `/managed/${id}/remind`))).toBe('notices.reminded_already');
    await Promise.all([company.job('notices.remind'), company.job('notices.remind')]);
    const reminders = await company.db.selectFrom('notices.reminder').selectAll().execute();
    expect(reminders).toHaveLength(waiting);
    expect(new Set(reminders.map((one) => one.kind))).toEqual(new Set(['notice']));
    // In quiet hours it waits; who confirms meanwhile is not reminded.
    company.setNow('2026-11-23T15:00:00Z');
    await good(call('adminB', 'POST', `/managed/${id}/remind`));
    await company.job('notices.remind');
    expect(await company.db.selectFrom('notices.reminder').selectAll().execute()).toHaveLength(waiting);
    await good(call('ben', 'POST', `/notices/${id}/confirm`));
    company.setNow('2026-11-24T01:00:00Z');
    await company.job('notices.remind');
    expect(await company.db.selectFrom('notices.reminder').selectAll().execute()).toHaveLength(
      2 * waiting - 1,
    );
  });

  it('is refused where none is wanted', async () => {
    const { id } = await send('adminB', toB(), { confirm: false });
    expect(await code(call('bea', 'POST', `/notices/${id}/confirm`))).toBe('notices.no_confirmation_wanted');
    expect(await code(call('adminB', 'POST', `/managed/${id}/remind`))).toBe(
      'notices.no_confirmation_wanted',
    );
  });

  it('is for those, too, who have not activated the account yet, and says so', async () => {
    const { id: personId, localpart } = await buildPerson(company.org.db, 'Newcomer', {
      departments: [company.department.b1],
      status: 'joining',
    });
    const userId = `@${localpart}:${company.org.serverName}`;
    const { people } = await good<{ people: number }>(call('adminB', 'POST', '/audiences/count', toB()));
    expect(await good(call('adminB', 'POST', '/audiences/count', toB()))).toEqual({
      people,
      not_activated: 1,
    });
    const { id } = await send('adminB', toB());
    expect(await progress('adminB', id)).toMatchObject({ recipients: people, not_activated: 1 });
    expect(await pending('adminB', id)).toContain(userId);
    // Nothing could reach the newcomer: the reminder goes to the others.
    expect(await good(call('adminB', 'POST', `/managed/${id}/remind`))).toEqual({ reminded: people - 1 });
    // Activating: the notice waits in the list for the confirmation, as for the others.
    await company.org.db
      .updateTable('org.person')
      .set({ status: 'active' })
      .where('id', '=', personId)
      .execute();
    await company.org.host.parts
      .get('notices')!
      .subscriptions!.find((one) => one.event === 'org.person.activated')!
      .handle({ person_id: personId, user_id: userId }, {} as never);
    expect(await progress('adminB', id)).toMatchObject({ recipients: people, not_activated: 0 });
    const newcomer = await company.org.host.as(userId);
    const found = await newcomer('GET', '/api/notices/notices?filter=to_confirm');
    expect((found.body as { items: Notice[] }).items.map((one) => one.id)).toContain(id);
    expect((await newcomer('POST', `/api/notices/notices/${id}/confirm`)).status).toBe(204);
    expect(await progress('adminB', id)).toMatchObject({ confirmed: 1 });
    await company.org.db
      .updateTable('org.person')
      .set({ status: 'left' })
      .where('id', '=', personId)
      .execute();
  });

  it('passes over who has left', async () => {
    const { id } = await send('adminB', toB());
    const before = (await progress('adminB', id)).recipients;
    const event = (name: string): Promise<void> =>
      company.org.host.parts
        .get('notices')!
        .subscriptions!.find((one) => one.event === name)!
        .handle({ person_id: company.person.ben, user_id: company.user.ben.userId }, {} as never);
    await event('org.person.suspended');
    expect((await progress('adminB', id)).recipients).toBe(before - 1);
    await event('org.person.returned');
    expect((await progress('adminB', id)).recipients).toBe(before);
  });
});

describe('writing and sending', () => {
  it('is edited before it goes out, by one at a time', async () => {
    const { id } = await draft('adminB', toB());
    const changed = await good<ManagedNotice>(
      call('adminB', 'PATCH', `/managed/${id}`, { version: 1, title: '停水' }),
    );
    expect(changed).toMatchObject({ title: '停水', version: 2, state: 'draft' });
    expect(await code(call('adminB', 'PATCH', `/managed/${id}`, { version: 1, title: 'x' }))).toBe(
      'platform.changed_meanwhile',
    );
    expect(
      await code(
        call('adminB', 'PATCH', `/managed/${id}`, { version: 2, audience: to({ everybody: true }) }),
      ),
    ).toBe('notices.audience_not_allowed');
    await good(call('adminB', 'POST', `/managed/${id}/send`, { version: 2 }));
    await plan(id);
    expect(await code(call('adminB', 'PATCH', `/managed/${id}`, { version: 3, title: 'x' }))).toBe(
      'notices.notice_not_in_state',
    );
    expect(await code(call('adminB', 'DELETE', `/managed/${id}`))).toBe('notices.notice_not_in_state');
    // A colleague with the right over the company manages it too; an admin elsewhere does not see it.
    expect((await call('main', 'GET', `/managed/${id}`)).status).toBe(200);
    expect((await call('adminA', 'GET', `/managed/${id}`)).status).toBe(404);
  });

  it('goes out at its time, once', async () => {
    const { id, version } = await draft('adminB', toB());
    expect(
      await code(call('adminB', 'POST', `/managed/${id}/send`, { version, at: '2026-11-23T03:00:00Z' })),
    ).toBe('notices.time_in_the_past');
    await good(call('adminB', 'POST', `/managed/${id}/send`, { version, at: '2026-11-23T05:00:00Z' }));
    await company.job('notices.send-due-notices');
    expect(await mine('bea')).toEqual([]);
    company.setNow('2026-11-23T05:00:30Z');
    await Promise.all([company.job('notices.send-due-notices'), company.job('notices.send-due-notices')]);
    await plan(id);
    expect(await mine('bea')).toHaveLength(1);
    const acts = await sql<{ action: string }>`select action from platform.act
      where subject = ${`notice:${id}`} order by id`.execute(company.db);
    expect(acts.rows.map((row) => row.action)).toEqual(['notices.notice.schedule', 'notices.notice.send']);
  });

  it('does not go out where its sender may not any more', async () => {
    const built = await buildPerson(company.org.db, 'Short', { departments: [company.department.b] });
    const grant = await buildGrant(company.org.db, {
      person_id: built.id,
      role: 'Sender',
      department_id: company.department.b,
    });
    const short = await company.org.host.as(`@${built.localpart}:${company.org.serverName}`);
    const made = (
      await short('POST', '/api/notices/managed', { title: 'T', body: 'B', confirm: false, audience: toB() })
    ).body as ManagedNotice;
    await short('POST', `/api/notices/managed/${made.id}/send`, { version: 1, at: '2026-11-23T05:00:00Z' });
    await company.org.db.deleteFrom('org.role_grant').where('id', '=', grant).execute();
    company.setNow('2026-11-23T05:00:30Z');
    await company.job('notices.send-due-notices');
    expect(await good(call('main', 'GET', `/managed/${made.id}`))).toMatchObject({
      state: 'draft',
      problem: 'sender_not_allowed',
    });
    const again = await company.org.host.as(`@${built.localpart}:${company.org.serverName}`);
    expect((await again('GET', `/api/notices/managed/${made.id}`)).status).toBe(404);
  });

  it('is recalled: no text is left for its readers, nobody is reminded', async () => {
    const { id } = await send('adminB', toB());
    await good(call('bea', 'POST', `/notices/${id}/seen`));
    await good(call('adminB', 'POST', `/managed/${id}/remind`));
    for (let count = 0; count < 2; count++)
      expect(await good(call('adminB', 'POST', `/managed/${id}/recall`))).toMatchObject({
        state: 'recalled',
      });
    expect(await mine('bea')).toMatchObject([{ id, recalled: true, title: null, body: null }]);
    expect(await code(call('bea', 'POST', `/notices/${id}/confirm`))).toBe('notices.notice_not_in_state');
    await company.job('notices.remind');
    expect(await company.db.selectFrom('notices.reminder').selectAll().execute()).toEqual([]);
    expect(await good(call('bea', 'GET', '/pending'))).toMatchObject({ notices: 0 });
    // Delivery that was still under way ends.
    await company.job('notices.deliver-notice', { notice_id: id });
    const states = await company.db.selectFrom('notices.delivery').select('state').execute();
    expect(new Set(states.map((row) => row.state))).toEqual(new Set(['waiting']));
  });

  it('is handed over with its author, or ends', async () => {
    const first = await draft('adminB', toB());
    const second = await draft('adminB', toB());
    await good(
      call('adminB', 'POST', `/managed/${first.id}/send`, { version: 1, at: '2026-11-25T05:00:00Z' }),
    );
    const [source] = company.handovers;
    expect(source?.kind).toBe('notices.notice');
    const owned = await source!.collect(company.person.adminB);
    expect(owned.map((one) => one.subject).sort()).toEqual([first.id, second.id].sort());
    for (let count = 0; count < 2; count++) {
      await source!.handOver(first.id, company.person.adminB, company.person.main);
      await source!.handOver(second.id, company.person.adminB, null);
    }
    expect(await good(call('main', 'GET', `/managed/${first.id}`))).toMatchObject({
      state: 'draft',
      problem: 'handed_over',
      author: { user_id: company.user.main.userId },
    });
    expect((await call('main', 'GET', `/managed/${second.id}`)).status).toBe(404);
  });

  it('lists by pages, without a gap', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) {
      if (count !== 3) company.setNow(new Date(company.now().getTime() + 1000));
      ids.unshift((await send('adminB', toB())).id);
    }
    for (const [who, path] of [
      ['bea', '/notices'],
      ['adminB', '/managed'],
    ] as const) {
      const found: string[] = [];
      let after = '';
      do {
        const page = await good<{ items: { id: string }[]; next: string | null }>(
          call(who, 'GET', `${path}?limit=2${after}`),
        );
        found.push(...page.items.map((one) => one.id));
        after = page.next === null ? '' : `&after=${page.next}`;
      } while (after !== '');
      expect([...found].sort()).toEqual([...ids].sort());
      expect(found[0]).toBe(ids[0]);
    }
  });
});
