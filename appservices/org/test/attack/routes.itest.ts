import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAttackedCompany, SECRET, type AttackedCompany } from './company.ts';
import { ROUTES, type Attempt } from './routes.ts';

/*
 * Every route of the domain against: nobody, a member, another company's user, the admin of another subtree, the
 * main administrator. The table is `routes.ts`; a route that is not in it fails.
 */

let company: AttackedCompany;
beforeAll(async () => {
  company = await openAttackedCompany();
});
afterAll(() => company.close());

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
const methodOf = (route: string): Method => route.slice(0, route.indexOf(' ')) as Method;
let calls = 0;
/** Every call from an address of its own: an attack is not to end at the limit of requests by address. */
const from = (headers: Attempt['headers']): Record<string, string> => {
  calls++;
  return { ...headers, 'x-forwarded-for': `10.0.${String(calls >> 8)}.${String(calls & 255)}` };
};
const send = (who: 'main' | 'admin' | 'member' | 'partner', route: string, { url, body, headers }: Attempt) =>
  company.as[who](methodOf(route), url, body, from(headers));
const refused = [403, 404];
const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
const cases = Object.entries(ROUTES);

test('every registered route is in the table, and every row is a route', () => {
  const registered = company.routes
    .filter((route) => route.url.startsWith('/api/org/'))
    .map((route) => `${route.method} ${route.url}`);
  expect(registered.length).toBeGreaterThan(40);
  expect([...new Set(registered)].sort()).toEqual(Object.keys(ROUTES).sort());
});

test('protocols of their own take no session for a login', async () => {
  const outside = company.routes.filter(
    (route) => !route.url.startsWith('/api/org/') && METHODS.has(route.method),
  );
  for (const { method, url } of outside) {
    const target = url.replaceAll(/:[a-z]+/gi, company.id.bob!).replaceAll('*', '');
    for (const call of [company.org.host.call, company.as.admin, company.as.main]) {
      const answer = await call(
        method as Method,
        target,
        method === 'GET' || method === 'DELETE' ? undefined : {},
      );
      expect([`${method} ${target}`, answer.status]).toEqual([`${method} ${target}`, 401]);
      expect(answer.text).not.toContain(SECRET);
    }
  }
});

describe.each(cases)('%s', (route, one) => {
  // Public routes are for nobody in particular: what they refuse is in their own tests.
  if (!one.public)
    test('needs a session', async () => {
      const attempts = [...one.attacks(company), await one.main(company)];
      const before = await company.fingerprint();
      for (const { url, body, headers } of attempts) {
        const answer = await company.org.host.call(methodOf(route), url, body, from(headers));
        expect([url, answer.status]).toEqual([url, 401]);
        expect(answer.text).not.toContain(SECRET);
      }
      expect(await company.fingerprint()).toBe(before);
    });

  if (!one.public)
    test('a member without rights, and a partner, get nothing', async () => {
      const before = await company.fingerprint();
      for (const attempt of one.attacks(company)) {
        const answer = await send('member', route, attempt);
        expect([attempt, answer.text, answer.status]).toEqual([
          attempt,
          answer.text,
          one.everybody && answer.status < 300 ? answer.status : expect.toBeOneOf(refused),
        ]);
        expect(answer.text).not.toContain(SECRET);
        const partner = await send('partner', route, attempt);
        if (!(one.everybody && route.endsWith('/me'))) {
          expect([attempt, partner.status]).toEqual([attempt, expect.toBeOneOf(refused)]);
        }
        expect(partner.text).not.toContain(SECRET);
      }
      expect(await company.fingerprint()).toBe(before);
    });

  test('the admin of another subtree changes nothing and learns nothing', async () => {
    const before = await company.fingerprint();
    for (const attempt of one.attacks(company)) {
      const answer = await send('admin', route, attempt);
      const expected = attempt.reads ? 200 : expect.toBeOneOf(refused);
      expect([attempt, answer.text, answer.status]).toEqual([attempt, answer.text, expected]);
      expect(answer.text.toLowerCase()).not.toContain(SECRET.toLowerCase());
    }
    expect(await company.fingerprint()).toBe(before);
  });
});

describe('what nobody can keep is refused at the door, on every route, whoever sends it', () => {
  const UUID = '00000000-0000-4000-8000-0000000f11e5';
  const bodies = [
    '{"name":"\\u0000"}',
    '{"\\ud800":1}',
    '{"version":1e30,"name":"x"}',
    `${'['.repeat(50_000)}"\\u0000"${']'.repeat(50_000)}`,
  ];
  test.each(cases)('%s', async (route, one) => {
    const method = methodOf(route);
    const plain = route.slice(route.indexOf(' ') + 1);
    const url = plain.replaceAll(/:[a-z_]+/gi, UUID);
    const call = (target: string, body?: string, type = 'application/json') =>
      company.as.main(
        method,
        target,
        body,
        from({ ...(body === undefined ? {} : { 'content-type': type }) }),
      );
    const before = await company.fingerprint();
    const unkept = [
      await call(`${url}?after=%00&limit=1`),
      await call(`${url}?%00=1`),
      ...(plain === url ? [] : [await call(plain.replaceAll(/:[a-z_]+/gi, '%00'))]),
    ];
    for (const answer of unkept) expect([answer.text, answer.status]).toEqual([answer.text, 400]);
    const answers = [
      ...unkept,
      ...(method === 'GET' ? [await call(`${url}?limit=99999999999999999999`)] : []),
    ];
    if (method !== 'GET' && method !== 'DELETE') {
      for (const body of bodies) {
        const answer = await call(url, body);
        expect([body.slice(0, 40), answer.text, answer.status]).toEqual([
          body.slice(0, 40),
          answer.text,
          400,
        ]);
      }
      const unbound = await call(url, 'x', 'multipart/form-data');
      expect([unbound.text, unbound.status]).toEqual([unbound.text, 400]);
      if (one.public) {
        const anybody = await company.org.host.call(
          method,
          url,
          bodies[0],
          from({ 'content-type': 'application/json' }),
        );
        expect(anybody.status).toBe(400);
      }
    }
    for (const answer of answers) expect([answer.text, answer.status < 500]).toEqual([answer.text, true]);
    for (const answer of answers) {
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    }
    expect(await company.fingerprint()).toBe(before);
  });
});

// Last, because it changes the company.
describe.each(cases)('as main administrator: %s', (route, one) => {
  test('is there', async () => {
    const answer = await send('main', route, await one.main(company));
    expect([answer.text, answer.status]).toEqual([
      answer.text,
      one.public ? (one.answers ?? 404) : expect.not.toBeOneOf([401, 403, 404, 500]),
    ]);
  });
});
