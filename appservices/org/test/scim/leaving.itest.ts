import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestAnswer, TestCall } from '@qiao/platform/testing';
import { buildGrant, buildPerson } from '../../testing/builders.ts';
import { openTestOrg, type TestOrg } from '../../testing/company.ts';
import { ENTERPRISE, UNTAKEN, USER } from '../../server/scim/schemas.ts';
import { created, openClient, patchOf, unique, userOf, type Client } from './client.ts';

/*
 * Leaving works whatever else is wrong, and one attribute that cannot be taken refuses neither the person nor the rest.
 */

const MANAGER = `${ENTERPRISE}:manager`;
const BADGE = 'urn:ietf:params:scim:schemas:extension:corp:2.0:User';
const LONG_PHONE = '+49 30 5550100 ext. 12 (Mon to Fri, 9 to 5; else mobile +49 170 5550100)';

let org: TestOrg;
let admin: TestCall;
const newClient = (guard?: number): ReturnType<typeof openClient> => openClient(org, admin, guard);
const person = (id: string) =>
  org.db.selectFrom('org.person').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const offboardings = async (id: string): Promise<number> =>
  (await sql`select 1 from org.offboarding where person_id = ${id}::uuid`.execute(org.db)).rows.length;
const untaken = (answer: TestAnswer): string[] =>
  ((answer.body[UNTAKEN]?.untaken ?? []) as { attribute: string; reason: string }[]).map(
    (one) => `${one.attribute} ${one.reason}`,
  );
/** What the console shows of a source. */
const shown = async (source: string): Promise<unknown[]> => {
  const answer = await admin('GET', `/api/org/sources/${source}/untaken`, undefined, {
    'accept-language': 'en',
  });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.items as unknown[];
};

beforeAll(async () => {
  org = await openTestOrg();
  const boss = await buildPerson(org.db, '管理员');
  await buildGrant(org.db, { person_id: boss.id, role: 'main_admin' });
  admin = await org.host.as(org.userId(boss));
});
afterAll(() => org.close());

describe('what other products’ users have reported', () => {
  const full = (userName: string, more: object = {}): object => ({
    schemas: [USER, ENTERPRISE],
    userName,
    externalId: 'hr-9001',
    displayName: 'Mira Holt',
    name: { givenName: 'Mira', familyName: 'Holt' },
    emails: [{ value: `${userName}@corp.test`, type: 'work', primary: true }],
    ...more,
  });

  test('PATCH with an unknown path and a leave: gone, and the unknown one is kept and shown back', async () => {
    const client = await newClient();
    const id = await created(client, '/Users', full(unique('mira')));
    const answer = await client(
      'PATCH',
      `/Users/${id}`,
      patchOf(
        { op: 'Replace', path: `${BADGE}:badgeColour`, value: 'green' },
        { op: 'Replace', path: 'active', value: 'False' },
      ),
    );
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toMatchObject({ active: false, [BADGE]: { badgeColour: 'green' } });
    expect(answer.body.schemas).toContain(BADGE);
    expect((await person(id)).status).toBe('suspended');
    expect(await offboardings(id)).toBe(1);
    const seen = (await client('GET', `/Users/${id}`)).body;
    expect(seen[BADGE]).toEqual({ badgeColour: 'green' });
    expect((await client('GET', `/Users/${id}?attributes=userName`)).body[BADGE]).toBeUndefined();
  });

  test('PUT with a leave and an unknown manager, or a phone number that is too long', async () => {
    const client = await newClient();
    for (const [more, told] of [
      [{ [ENTERPRISE]: { manager: { value: 'EMP0042' } } }, `${MANAGER} manager_waits`],
      [
        {
          phoneNumbers: [{ value: LONG_PHONE, type: 'work' }],
          photos: [{ value: '', type: 'photo' }],
          [ENTERPRISE]: { manager: { value: '' } },
        },
        'phoneNumbers too_long',
      ],
    ] as const) {
      const name = unique('mira');
      const id = await created(client, '/Users', full(name));
      const answer = await client(
        'PUT',
        `/Users/${id}`,
        full(name, { title: 'Clerk', active: false, ...more }),
      );
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body).toMatchObject({ active: false, title: 'Clerk' });
      expect(untaken(answer)).toEqual([told]);
      expect(await person(id)).toMatchObject({ status: 'suspended', title: 'Clerk', phone: null });
      expect(await shown(client.source)).toContainEqual(
        expect.objectContaining({
          person: expect.objectContaining({ id }) as unknown,
          attribute: told.split(' ')[0],
        }),
      );
    }
    const long = (await client('GET', '/Users?filter=phoneNumbers%20pr')).body.Resources[0];
    expect(long.phoneNumbers).toEqual([{ value: LONG_PHONE, type: 'work' }]);
  });

  test.each(['externalId', 'userName', 'employeeNumber', 'id'] as const)(
    'POST with an unknown manager: 201, and the manager is set when it is there, by %s',
    async (by) => {
      const client = await newClient();
      const key = unique('EMP0042');
      const value = by === 'id' ? randomUUID() : key;
      const id = await created(
        client,
        '/Users',
        full(unique('noel'), { [ENTERPRISE]: { manager: { value } } }),
      );
      expect((await person(id)).manager_id).toBeNull();
      const before = await client('GET', `/Users/${id}`);
      expect(before.body[ENTERPRISE].manager).toEqual({ value });
      expect(untaken(before)).toEqual([`${MANAGER} manager_waits`]);
      if (by === 'id') return;
      const boss = await created(
        client,
        '/Users',
        userOf(by === 'userName' ? key.toUpperCase() : unique('boss'), {
          ...(by === 'externalId' ? { externalId: key } : {}),
          ...(by === 'employeeNumber' ? { [ENTERPRISE]: { employeeNumber: key } } : {}),
        }),
      );
      expect((await person(id)).manager_id).toBe(boss);
      const after = await client('GET', `/Users/${id}`);
      expect(after.body[ENTERPRISE].manager).toMatchObject({ value: boss });
      expect(untaken(after)).toEqual([]);
      expect(after.headers['etag']).not.toBe(before.headers['etag']);
      expect(await shown(client.source)).toEqual([]);
    },
  );

  test('a manager is waited for, too, whom a later change of name or number makes the one', async () => {
    const client = await newClient();
    const id = await created(
      client,
      '/Users',
      full(unique('noel'), { [ENTERPRISE]: { manager: { value: 'EMP7' } } }),
    );
    const boss = await created(client, '/Users', userOf(unique('boss')));
    expect((await person(id)).manager_id).toBeNull();
    await client('PATCH', `/Users/${boss}`, patchOf({ op: 'add', path: 'externalId', value: 'EMP7' }));
    expect((await person(id)).manager_id).toBe(boss);
    // Two of one number: nobody is guessed.
    const twice = { [ENTERPRISE]: { employeeNumber: '12' } };
    await created(client, '/Users', userOf(unique('one'), twice));
    await created(client, '/Users', userOf(unique('two'), twice));
    const answer = await client(
      'PATCH',
      `/Users/${id}`,
      patchOf({ op: 'replace', path: MANAGER, value: '12' }),
    );
    expect(untaken(answer)).toEqual([`${MANAGER} manager_waits`]);
    expect((await person(id)).manager_id).toBe(boss);
  });

  test('six who came as inactive are not let go: one who goes afterwards goes', async () => {
    const client = await newClient(0.1);
    const idle: string[] = [];
    for (let n = 0; n < 6; n++) {
      idle.push(
        await created(
          client,
          '/Users',
          userOf(unique(`idle${n}`), { displayName: `Idle Nr${n}`, active: false }),
        ),
      );
    }
    const id = await created(client, '/Users', userOf(unique('active')));
    expect((await client('GET', `/Users/${idle[0]}`)).body.active).toBe(false);
    for (const one of idle) {
      expect(await person(one)).toMatchObject({ status: 'suspended', account: 'none' });
      expect(await offboardings(one)).toBe(0);
    }
    const leavers = await admin('GET', '/api/org/offboardings?limit=200');
    expect(leavers.text).not.toContain('Idle Nr');
    const off = await client(
      'PATCH',
      `/Users/${id}`,
      patchOf({ op: 'replace', path: 'active', value: false }),
    );
    expect(off.status, off.text).toBe(200);
    expect((await person(id)).status).toBe('suspended');
  });
});

describe('somebody who came as inactive', () => {
  test('begins when the provider says so, and can be let go from then on', async () => {
    const client = await newClient();
    const name = unique('idle');
    const id = await created(client, '/Users', userOf(name, { active: false, title: 'Clerk' }));
    expect((await client('PUT', `/Users/${id}`, userOf(name, { title: 'Chief' }))).body.active).toBe(false);
    const on = await client('PUT', `/Users/${id}`, userOf(name, { active: true, title: 'Boss' }));
    expect(on.status, on.text).toBe(200);
    expect(on.body.active).toBe(true);
    expect(await person(id)).toMatchObject({ status: 'joining', title: 'Boss' });
    const joined = await sql`select 1 from platform.act where subject = ${`person:${id}`}
      and action = 'org.person.admit'`.execute(org.db);
    expect(joined.rows).toHaveLength(1);
    await client('PATCH', `/Users/${id}`, patchOf({ op: 'replace', value: { active: false } }));
    expect(await offboardings(id)).toBe(1);
    await client('PATCH', `/Users/${id}`, patchOf({ op: 'replace', value: { active: true } }));
    expect((await person(id)).status).toBe('joining');
  });

  test('is gone at once when deleted, leaves the address free, and comes back as the same', async () => {
    const client = await newClient();
    const name = unique('idle');
    const body = (active: boolean): object =>
      userOf(name, { active, emails: [{ value: `${name}@example.com` }] });
    const id = await created(client, '/Users', body(false));
    expect((await client('DELETE', `/Users/${id}`)).status).toBe(204);
    expect(await person(id)).toMatchObject({ status: 'left', email: null });
    expect(await offboardings(id)).toBe(0);
    expect(await created(client, '/Users', body(true))).toBe(id);
    expect(await person(id)).toMatchObject({ status: 'joining', email: `${name}@example.com` });
  });
});

test('a deleted leaver who is sent again as inactive stays gone', async () => {
  const client = await newClient();
  const name = unique('leaver');
  const id = await created(client, '/Users', userOf(name));
  expect((await client('DELETE', `/Users/${id}`)).status).toBe(204);
  expect(await created(client, '/Users', userOf(name, { active: false }))).toBe(id);
  expect((await person(id)).status).toBe('suspended');
  expect(await offboardings(id)).toBe(1);
});

/** Every attribute, wrong in what it is, in its length, or in what it refers to. */
const wrong: Readonly<Record<string, unknown[]>> = {
  userName: [7.5e400, {}, ['a', 'b'], 'x'.repeat(321), '', '\u0000'],
  externalId: [{}, [1, 2], 'x'.repeat(401), '桥'.repeat(1500), 'x'.repeat(2001)],
  displayName: [{}, ['a', 'b'], 'x'.repeat(257), 'x'.repeat(2001), '\u202e\u0007', '\ud800\u0000'],
  nickName: [{}, 'x'.repeat(2001)],
  title: [{}, [1, 2], 'x'.repeat(257), '\u202e'],
  userType: [{}],
  timezone: ['x'.repeat(5000)],
  preferredLanguage: [{}, 'x'.repeat(5000)],
  profileUrl: [{ a: 1 }],
  name: ['Mira', 7, { givenName: {} }, { familyName: 'x'.repeat(257) }, { familyName: 'x'.repeat(3000) }],
  emails: [
    'no address',
    7,
    [7],
    [[]],
    [{ value: {} }],
    [{ value: 'no address' }],
    [{ value: `${'x'.repeat(2000)}@example.com` }],
    [{ value: 'a@example.com', primary: 'perhaps' }],
    Array.from({ length: 101 }, (_, n) => ({ value: `a${n}@example.com` })),
  ],
  phoneNumbers: [[{ value: LONG_PHONE, type: 'work' }], [{ value: [] }], [{ value: 'x'.repeat(3000) }]],
  photos: [[{ value: 'x'.repeat(3000) }], 7],
  addresses: ['street', [{ country: {} }]],
  roles: [[{ primary: 'x' }]],
  groups: [[{ value: 'x' }]],
  [MANAGER]: [
    { value: 'EMP0042' },
    'EMP0042',
    { value: {} },
    { value: 'x'.repeat(3000) },
    [1, 2],
    randomUUID(),
  ],
  [`${ENTERPRISE}:department`]: ['x'.repeat(201), '\u202e', {}, 'x'.repeat(3000)],
  [`${ENTERPRISE}:employeeNumber`]: [{}, 'x'.repeat(3000)],
  // What no schema has.
  badge: [{ colour: 'green', '\u0000': '\ud800' }, 'x'.repeat(20_000), 1e300],
  [`${BADGE}:colour`]: ['x'.repeat(20_000), null],
  ['__proto__']: [{ active: true }],
  ['emails[type eq "work"].nothing']: ['x'],
  ['emails[']: ['x'],
  ['x'.repeat(500)]: ['x'],
};
const rows = Object.keys(wrong).flatMap((path) =>
  (wrong[path] ?? []).map((value, at) => [path.slice(0, 60), at, path, value] as const),
);
/** The attribute in a whole resource. */
function within(body: object, path: string, value: unknown): object {
  const at = path.lastIndexOf(':');
  const [schema, name] = [path.slice(0, at), path.slice(at + 1)];
  // As the text of a request has it: `__proto__` is a name like others there.
  const entry = (key: string, what: unknown): object =>
    JSON.parse(`{${JSON.stringify(key)}:${JSON.stringify(what)}}`) as object;
  const part = at === -1 ? entry(path, value) : entry(schema, entry(name, value));
  const text = JSON.stringify(part).slice(1);
  const rest = JSON.stringify(body).slice(0, -1);
  return { toJSON: () => JSON.parse(`${rest},${text}`) as unknown };
}

describe('whatever is wrong with an attribute', () => {
  let client: Client;
  beforeAll(async () => {
    client = await newClient();
  });

  test.each(rows)('%s (%i): made, changed by PUT and PATCH, and gone', async (_name, at, path, value) => {
    const text = (body: object): string => JSON.stringify(body);
    // Without a user name there is nobody; all else is made.
    const made = await client(
      'POST',
      '/Users',
      text(within(userOf(unique('made'), { title: 'New' }), path, value)),
    );
    if (path !== 'userName') expect(made.status, made.text).toBe(201);
    const name = made.status === 201 ? String(made.body.userName) : unique('made');
    const id = made.status === 201 ? String(made.body.id) : await created(client, '/Users', userOf(name));
    const rest = path === 'title' ? 'nickName' : 'title';
    const put = await client(
      'PUT',
      `/Users/${id}`,
      text(within(userOf(name, { [rest]: 'By PUT' }), path, value)),
    );
    expect(put.status, put.text).toBe(200);
    expect(put.body[rest]).toBe('By PUT');
    const patch = (more: string): object =>
      at % 2 === 0
        ? patchOf({ op: 'replace', path, value: value ?? null }, { op: 'add', path: more, value: 'False' })
        : patchOf({ op: 'replace', value: within({ [more]: 'False' }, path, value) });
    const patched = await client('PATCH', `/Users/${id}`, patch(rest));
    expect(patched.status, patched.text).toBe(200);
    expect(patched.body[rest]).toBe('False');
    expect((await person(id)).status).toBe('joining');
    // What one reads is what one may write; and each of them together with a leave.
    const leave =
      at % 2 === 0
        ? await client('PUT', `/Users/${id}`, text(within({ ...patched.body, active: false }, path, value)))
        : await client('PATCH', `/Users/${id}`, patch('active'));
    expect(leave.status, leave.text).toBe(200);
    expect((await person(id)).status).toBe('suspended');
  });

  test.each([
    ['a PUT without schemas', 'PUT', { active: false }],
    ['a PUT of schemas that are no list', 'PUT', { schemas: 'x', active: 'false' }],
    ['a PUT without a user name', 'PUT', { schemas: [USER], active: false }],
    ['the whole name of the attribute', 'PUT', { schemas: [USER], [`${USER}:active`]: false }],
    ['a PATCH without schemas', 'PATCH', { Operations: [{ op: 'replace', path: 'active', value: false }] }],
    [
      'an operation beside it that is none',
      'PATCH',
      patchOf({ op: 'move' }, [7], { op: 'replace', path: 'active', value: [{ value: 'False' }] }),
    ],
    [
      'an operation beside it with a path that is none',
      'PATCH',
      patchOf({ op: 'add', path: { a: 1 } }, { op: 'replace', path: `${USER}:active`, value: false }),
    ],
    ['no path', 'PATCH', patchOf({ op: 'REPLACE', value: { nothing: { is: 1 }, active: 'False' } })],
    [
      'something that cannot be changed',
      'PATCH',
      patchOf({ op: 'replace', path: 'id', value: 'x' }, { op: 'replace', path: 'active', value: false }),
    ],
  ] as const)('gone with %s', async (_name, method, body) => {
    const id = await created(client, '/Users', userOf(unique('leaver')));
    const answer = await client(method, `/Users/${id}`, body);
    expect(answer.status, answer.text).toBe(200);
    expect((await person(id)).status).toBe('suspended');
  });

  test('gone with a name and an address that belong to others, and without a word they may leave again', async () => {
    const taken = unique('taken');
    await created(client, '/Users', userOf(taken, { emails: [{ value: `${taken}@example.com` }] }));
    const id = await created(client, '/Users', userOf(unique('leaver')));
    const answer = await client(
      'PUT',
      `/Users/${id}`,
      userOf(taken, { emails: [{ value: `${taken}@example.com` }], title: 'Chief', active: false }),
    );
    expect(answer.status, answer.text).toBe(200);
    expect(untaken(answer).sort()).toEqual(['emails taken', 'userName taken']);
    expect(await person(id)).toMatchObject({ status: 'suspended', title: 'Chief', email: null });
  });

  test('what was not taken is forgotten when it is mended, here or in the console', async () => {
    const mine = await newClient();
    const name = unique('mended');
    const phone = (value: string): object => userOf(name, { phoneNumbers: [{ value }] });
    const id = await created(mine, '/Users', phone(LONG_PHONE));
    expect(await shown(mine.source)).toEqual([
      {
        person: expect.objectContaining({ id }) as unknown,
        attribute: 'phoneNumbers',
        code: 'too_long',
        value: LONG_PHONE,
        message: expect.stringContaining('Longer') as unknown,
      },
    ]);
    // A change of something else does not make it true.
    const other = await mine('PATCH', `/Users/${id}`, patchOf({ op: 'add', path: 'title', value: 'x' }));
    expect(untaken(other)).toEqual(['phoneNumbers too_long']);
    await sql`update org.person set phone = '+1 5', version = version + 1 where id = ${id}::uuid`.execute(
      org.db,
    );
    expect((await mine('GET', `/Users/${id}`)).body.phoneNumbers).toEqual([{ value: '+1 5' }]);
    expect(untaken(await mine('PUT', `/Users/${id}`, phone('+1 6')))).toEqual([]);
    expect((await person(id)).phone).toBe('+1 6');
    expect(await shown(mine.source)).toEqual([]);
  });
});
