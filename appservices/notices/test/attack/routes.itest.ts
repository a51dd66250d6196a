import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCompany, SECRET } from '../company.ts';
import { ROUTES, type Attempt, type Target } from './routes.ts';

/*
 * Every route of the domain against: nobody, people who are none of ours, a member and the admin of another subtree,
 * and bad input. The table is `routes.ts`; a route that is not in it fails.
 */

let target: Target;
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
const methodOf = (route: string): Method => route.slice(0, route.indexOf(' ')) as Method;
let calls = 0;
/** Every call from an address of its own: an attack is not to end at the limit of requests by address. */
const from = (): Record<string, string> => {
  calls++;
  return { 'x-forwarded-for': `10.0.${String(calls >> 8)}.${String(calls & 255)}` };
};
const cases = Object.entries(ROUTES);

beforeAll(async () => {
  const company = await openCompany();
  const { user, room, department } = company;
  const event = await company.say('bob');
  const bob = await company.as('bob');
  const asked = await bob('POST', '/api/notices/obligations', {
    room_id: room,
    event_id: event,
    kind: 'question',
    asked: [user.bea.userId],
  });
  expect([asked.text, asked.status]).toEqual([asked.text, 200]);
  const adminB = await company.as('adminB');
  const make = async (title: string): Promise<string> => {
    const answer = await adminB('POST', '/api/notices/managed', {
      title: `${SECRET} ${title}`,
      body: `${SECRET} body`,
      confirm: true,
      audience: { everybody: false, departments: [{ id: department.b, subtree: true }], roles: [] },
    });
    expect([answer.text, answer.status]).toEqual([answer.text, 201]);
    return (answer.body as { id: string }).id;
  };
  const sent = await make('sent');
  const draft = await make('draft');
  const answer = await adminB('POST', `/api/notices/managed/${sent}/send`, { version: 1 });
  expect([answer.text, answer.status]).toEqual([answer.text, 200]);
  // Planned; nothing is delivered without a bot.
  await company.job('notices.deliver-notice', { notice_id: sent }).catch(() => undefined);
  target = {
    company,
    event,
    obligation: (asked.body as { items: { id: string }[] }).items[0]!.id,
    sent,
    draft,
  };
});
afterAll(() => target.company.close());

test('every registered route is in the table, and every row is a route', () => {
  const registered = target.company.routes.map((route) => `${route.method} ${route.url}`);
  expect([...new Set(registered)].sort()).toEqual(Object.keys(ROUTES).sort());
});

describe.each(cases)('%s', (route, one) => {
  const send = async (
    who: Parameters<typeof target.company.as>[0],
    { url, body }: Attempt,
  ): Promise<{ status: number; text: string }> =>
    (await target.company.as(who))(methodOf(route), url, body, from());

  test('needs a session', async () => {
    const before = await target.company.fingerprint();
    for (const { url, body } of [...one.attacks(target), one.ok.call(target)]) {
      const answer = await target.company.org.host.call(methodOf(route), url, body, from());
      expect([url, answer.status]).toEqual([url, 401]);
    }
    expect(await target.company.fingerprint()).toBe(before);
  });

  test('is not for partners, nor for accounts without a person', async () => {
    const before = await target.company.fingerprint();
    for (const who of ['partner', 'stranger'] as const) {
      for (const attempt of [...one.attacks(target), one.ok.call(target)]) {
        const answer = await send(who, attempt);
        expect([attempt, answer.text, answer.status]).toEqual([attempt, answer.text, 403]);
      }
    }
    expect(await target.company.fingerprint()).toBe(before);
  });

  test('gives the people and the admin of another subtree nothing', async () => {
    const before = await target.company.fingerprint();
    for (const who of ['adminA', 'ann'] as const) {
      for (const attempt of one.attacks(target)) {
        const answer = await send(who, attempt);
        const reads = who === 'adminA' ? 200 : (expect.toBeOneOf([200, 403]) as number);
        const expected = attempt.reads === true ? reads : (expect.toBeOneOf([403, 404]) as number);
        expect([attempt, answer.text, answer.status]).toEqual([attempt, answer.text, expected]);
        expect(answer.text).not.toContain(SECRET);
      }
    }
    expect(await target.company.fingerprint()).toBe(before);
  });

  test('refuses bad input', async () => {
    const before = await target.company.fingerprint();
    for (const attempt of one.bad(target)) {
      const answer = await send(one.ok.who, attempt);
      expect([attempt, answer.text, answer.status]).toEqual([attempt, answer.text, 400]);
    }
    expect(await target.company.fingerprint()).toBe(before);
  });
});

// Last, and in the order of the table, because it changes things.
describe.each(cases)('as somebody who may: %s', (route, { ok }) => {
  test('works', async () => {
    const { url, body } = ok.call(target);
    const answer = await (await target.company.as(ok.who))(methodOf(route), url, body, from());
    expect([answer.text, answer.status]).toEqual([answer.text, expect.toBeOneOf([200, 201, 204])]);
  });
});
