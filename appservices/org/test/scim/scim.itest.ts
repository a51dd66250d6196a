import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { sql } from 'kysely';
import type { TestAnswer, TestCall } from '@qiao/platform/testing';
import { buildDepartment, buildGrant, buildPerson } from '../../testing/builders.ts';
import { openTestOrg, type TestOrg } from '../../testing/company.ts';
import {
  BASE,
  created,
  openClient,
  patchOf,
  unique,
  userOf,
  withToken as clientOf,
  type Client,
} from './client.ts';
import { ENTERPRISE, GROUP, LIST, SEARCH, UNTAKEN, USER } from '../../server/scim/schemas.ts';

let org: TestOrg;
let admin: TestCall;
const withToken = (token: string): Client => clientOf(org, token);
const newClient = (guard?: number): ReturnType<typeof openClient> => openClient(org, admin, guard);
const filtered = (filter: string): string => `?filter=${encodeURIComponent(filter)}`;
const person = (id: string) =>
  org.db.selectFrom('org.person').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const places = async (id: string): Promise<string[]> =>
  (
    await sql<{ name: string }>`select d.name || case when m.is_primary then '*' else '' end as name
      from org.membership m join org.department d on d.id = m.department_id
      where m.person_id = ${id}::uuid and m.until is null order by d.name`.execute(org.db)
  ).rows.map((row) => row.name);
beforeAll(async () => {
  org = await openTestOrg();
  const boss = await buildPerson(org.db, '管理员');
  await buildGrant(org.db, { person_id: boss.id, role: 'main_admin' });
  admin = await org.host.as(org.userId(boss));
});
afterAll(() => org.close());

describe('tokens', () => {
  test('are shown once, listed without their secret, and end at once', async () => {
    const made = await admin('POST', '/api/org/scim-tokens', { name: 'Okta' });
    expect(made.body.token).toMatch(/^qiao_scim_[A-Za-z0-9_-]{43}$/);
    const client = withToken(String(made.body.token));
    expect((await client('GET', '/Users')).status).toBe(200);
    const list = await admin('GET', '/api/org/scim-tokens');
    expect(list.text).not.toContain(made.body.token);
    expect(list.body.base_url).toBe(`http://localhost:8480${BASE}`);
    const stored = await sql<{ found: number }>`select count(*) as found from org.scim_token
      where encode(token_hash, 'escape') like '%qiao_scim%'`.execute(org.db);
    expect(stored.rows[0]?.found).toBe(0);
    expect((await admin('DELETE', `/api/org/scim-tokens/${made.body.id}`)).status).toBe(204);
    expect((await client('GET', '/Users')).status).toBe(401);
    expect((await admin('DELETE', `/api/org/scim-tokens/${made.body.id}`)).status).toBe(404);
    expect(org.host.logLines.join('')).not.toContain(made.body.token);
  });

  test('are for those who may edit sources over the company', async () => {
    const department = await buildDepartment(org.db, unique('研发'));
    const head = await buildPerson(org.db, '部门管理员', { departments: [department] });
    await buildGrant(org.db, { person_id: head.id, role: 'department_admin', department_id: department });
    const call = await org.host.as(org.userId(head));
    for (const [method, path, body] of [
      ['GET', '/api/org/scim-tokens', undefined],
      ['POST', '/api/org/scim-tokens', { name: 'x' }],
      ['DELETE', `/api/org/scim-tokens/${randomUUID()}`, undefined],
    ] as const) {
      expect((await call(method, path, body)).status).toBe(403);
      expect((await org.host.call(method, path, body)).status).toBe(401);
    }
    expect(
      (await admin('POST', '/api/org/scim-tokens', { name: 'x', expires_at: '2001-01-01T00:00:00Z' })).status,
    ).toBe(400);
    expect((await admin('POST', '/api/org/scim-tokens', { name: 'x', source_id: randomUUID() })).status).toBe(
      404,
    );
  });

  test('say whose people they open, and guess none of several', async () => {
    const [a, b] = [await newClient(), await newClient()];
    const list = await admin('GET', '/api/org/scim-tokens');
    for (const { source } of [a, b]) {
      expect(list.body.items).toContainEqual(
        expect.objectContaining({ name: 'Entra ID', source: { id: source, name: source } }),
      );
    }
    const guessed = await admin('POST', '/api/org/scim-tokens', { name: 'Whose?' });
    expect(guessed.status).toBe(400);
    const named = await admin('POST', '/api/org/scim-tokens', { name: 'B', source_id: b.source });
    expect(named.body.source).toEqual({ id: b.source, name: b.source });
    const id = await created(withToken(String(named.body.token)), '/Users', userOf(unique('b')));
    expect((await b('GET', `/Users/${id}`)).status).toBe(200);
    expect((await a('GET', `/Users/${id}`)).status).toBe(404);
  });

  test('go with their source, whose people stay', async () => {
    const client = await newClient(0.1);
    const boss = await created(client, '/Users', userOf(unique('boss')));
    const id = await created(client, '/Users', {
      ...userOf(unique('stays')),
      [ENTERPRISE]: { manager: { value: boss }, department: unique('Dept') },
    });
    await created(client, '/Groups', {
      schemas: [GROUP],
      displayName: unique('Group'),
      members: [{ value: id }],
    });
    for (const one of [boss, id]) await client('DELETE', `/Users/${one}`);
    expect((await admin('DELETE', `/api/org/sources/${client.source}`)).status).toBe(204);
    expect((await client('GET', '/Users')).status).toBe(401);
    expect(await person(id)).toMatchObject({ source_id: null, status: 'joining', manager_id: boss });
    expect((await admin('DELETE', `/api/org/sources/${client.source}`)).status).toBe(404);
  });

  test('anything else is refused in the form of SCIM', async () => {
    const client = await newClient();
    await sql`update org.scim_token set expires_at = now() - interval '1 second' where source_id = ${client.source}::uuid`.execute(
      org.db,
    );
    for (const call of [
      client,
      withToken('qiao_scim_x'),
      withToken(`qiao_scim_${'a'.repeat(43)}`),
      withToken(''),
      await org.host.as('@admin:qiao.test').then((as) => (m, p, b, h) => as(m, BASE + p, b, h)),
    ]) {
      const answer = await call('GET', '/Users');
      expect(answer.status).toBe(401);
      expect(answer.headers['content-type']).toBe('application/scim+json; charset=utf-8');
      expect(answer.headers['www-authenticate']).toContain('Bearer');
      expect(answer.body).toEqual({
        schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
        status: '401',
        detail: 'A valid bearer token is needed',
      });
    }
    const disabled = await newClient();
    await sql`update org.source set enabled = false where id = ${disabled.source}::uuid`.execute(org.db);
    expect((await disabled('GET', '/Users')).status).toBe(401);
  });
});

describe('discovery', () => {
  test('says what is there', async () => {
    const client = await newClient();
    const config = (await client('GET', '/ServiceProviderConfig')).body;
    expect(config).toMatchObject({
      patch: { supported: true },
      bulk: { supported: false },
      filter: { supported: true, maxResults: 200 },
      etag: { supported: true },
      sort: { supported: true },
    });
    const types = (await client('GET', '/ResourceTypes')).body;
    expect(types.Resources.map((one: { id: string }) => one.id)).toEqual(['User', 'Group']);
    const schemas = (await client('GET', '/Schemas')).body;
    expect(schemas.Resources.map((one: { id: string }) => one.id)).toEqual([
      USER,
      GROUP,
      ENTERPRISE,
      UNTAKEN,
    ]);
    expect((await client('GET', `/Schemas/${ENTERPRISE}`)).body.attributes).toContainEqual(
      expect.objectContaining({ name: 'manager', type: 'complex' }),
    );
    expect((await client('GET', '/Schemas/urn:x')).status).toBe(404);
    expect((await client('GET', `/Schemas${filtered('id eq "x"')}`)).status).toBe(403);
    expect((await client('POST', '/Bulk', {})).status).toBe(501);
    expect((await client('GET', '/Me')).status).toBe(501);
    expect((await client('GET', '/Nothing')).status).toBe(404);
    for (const path of [
      '/ServiceProviderConfig',
      '/Schemas',
      `/Schemas/${USER}`,
      '/ResourceTypes',
      '/ResourceTypes/User',
    ]) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
        const answer = await client(method, path, method === 'DELETE' ? undefined : {});
        expect(answer.status, `${method} ${path}`).toBe(405);
        expect(answer.headers['allow']).toBe('GET');
        expect(answer.body).toMatchObject({ status: '405' });
      }
    }
  });
});

describe('users', () => {
  test('the example of RFC 7644, section 3.3, and what becomes of it', async () => {
    const client = await newClient();
    const answer = await client('POST', '/Users', {
      schemas: [USER],
      userName: 'bjensen',
      externalId: 'bjensen',
      name: { formatted: 'Ms. Barbara J Jensen III', familyName: 'Jensen', givenName: 'Barbara' },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['content-type']).toBe('application/scim+json; charset=utf-8');
    expect(answer.headers['location']).toBe(answer.body.meta.location);
    expect(answer.headers['etag']).toBe(answer.body.meta.version);
    expect(answer.body).toMatchObject({
      schemas: [USER],
      userName: 'bjensen',
      externalId: 'bjensen',
      active: true,
      meta: { resourceType: 'User' },
    });
    expect(await person(answer.body.id)).toMatchObject({
      localpart: 'bjensen',
      display_name: 'Ms. Barbara J Jensen III',
      given_name: 'Barbara',
      family_name: 'Jensen',
      status: 'joining',
      source_id: client.source,
    });
    const again = await client('POST', '/Users', userOf('BJENSEN'));
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({ status: '409', scimType: 'uniqueness' });
    const act = await sql`select 1 from platform.act where subject = ${`person:${answer.body.id}`}
      and actor = ${`system:scim:${client.source}`}`.execute(org.db);
    expect(act.rows).toHaveLength(1);
  });

  test('keeps what the directory has no place for, and shows what was changed in the console', async () => {
    const client = await newClient();
    const id = await created(client, '/Users', {
      schemas: [USER, ENTERPRISE],
      userName: unique('li'),
      name: { familyName: '李', givenName: '伟' },
      nickName: '小李',
      preferredLanguage: 'zh-CN',
      password: 'never kept 77',
      unknown: { a: 1 },
      [USER]: { schemas: ['x'], nickName: '小李' },
      emails: [
        { value: 'private@example.org', type: 'home' },
        { value: 'li.wei@example.com', type: 'work' },
      ],
      phoneNumbers: [{ value: '+86 10 1234', type: 'work' }],
      addresses: [{ type: 'work', locality: '上海', country: 'CN' }],
      [ENTERPRISE]: {
        schemas: [ENTERPRISE],
        id: 'x',
        employeeNumber: '701984',
        organization: 'Qiao',
        costCenter: '4130',
      },
    });
    expect(await person(id)).toMatchObject({
      display_name: '李伟',
      email: 'li.wei@example.com',
      phone: '+86 10 1234',
      locale: 'zh-Hans',
    });
    const seen = (await client('GET', `/Users/${id}`)).body;
    expect(seen).toMatchObject({
      schemas: [USER, ENTERPRISE],
      nickName: '小李',
      addresses: [{ type: 'work', locality: '上海', country: 'CN' }],
      [ENTERPRISE]: { employeeNumber: '701984', organization: 'Qiao', costCenter: '4130' },
    });
    expect(JSON.stringify(seen)).not.toContain('never kept');
    expect(seen.unknown).toEqual({ a: 1 });
    await sql`update org.person set title = '总监', email = 'new@example.com', version = version + 1 where id = ${id}::uuid`.execute(
      org.db,
    );
    const after = (await client('GET', `/Users/${id}`)).body;
    expect(after.title).toBe('总监');
    expect(after.emails).toEqual([
      { value: 'private@example.org', type: 'home' },
      { value: 'new@example.com', type: 'work' },
    ]);
    expect(after.meta.version).not.toBe(seen.meta.version);
  });

  test('PUT replaces, and leaves active alone where it is not named', async () => {
    const client = await newClient();
    const name = unique('put');
    const id = await created(client, '/Users', userOf(name, { title: 'Intern', nickName: 'Nick' }));
    const answer = await client('PUT', `/Users/${id}`, userOf(name, { displayName: 'Somebody Else' }));
    expect(answer.status).toBe(200);
    expect(answer.body.title).toBeUndefined();
    expect(answer.body.nickName).toBeUndefined();
    expect(answer.body).toMatchObject({ active: true, displayName: 'Somebody Else' });
    // Without a user name it keeps the one it has; what is no resource at all is refused.
    const nameless = await client('PUT', `/Users/${id}`, { schemas: [USER], displayName: 'Somebody' });
    expect(nameless.body).toMatchObject({
      userName: name,
      displayName: 'Somebody',
      [UNTAKEN]: { untaken: [{ attribute: 'userName', reason: 'not_readable' }] },
    });
    expect((await client('PUT', `/Users/${id}`, { userName: name })).body.scimType).toBe('invalidSyntax');
  });

  test('active false starts the leaving, true takes it back, DELETE hides', async () => {
    const client = await newClient();
    const name = unique('leaver');
    const id = await created(client, '/Users', userOf(name, { emails: [{ value: `${name}@example.com` }] }));
    const off = await client(
      'PATCH',
      `/Users/${id}`,
      patchOf({ op: 'Replace', path: 'active', value: 'False' }),
    );
    expect(off.body.active).toBe(false);
    expect((await person(id)).status).toBe('suspended');
    // Unnamed in a PUT it stays off.
    expect((await client('PUT', `/Users/${id}`, userOf(name))).body.active).toBe(false);
    const on = await client('PATCH', `/Users/${id}`, patchOf({ op: 'replace', value: { active: true } }));
    expect(on.status, on.text).toBe(200);
    expect((await person(id)).status).toBe('joining');

    expect((await client('DELETE', `/Users/${id}`)).status).toBe(204);
    expect((await person(id)).status).toBe('suspended');
    expect((await client('GET', `/Users/${id}`)).status).toBe(404);
    expect((await client('DELETE', `/Users/${id}`)).status).toBe(404);
    expect((await client('GET', `/Users${filtered(`userName eq "${name}"`)}`)).body.totalResults).toBe(0);
    // Sent again, it is the same person who comes back.
    expect(await created(client, '/Users', userOf(name))).toBe(id);
    expect((await person(id)).status).toBe('joining');
  });

  test('managers are users of the same client', async () => {
    const client = await newClient();
    const other = await newClient();
    const boss = await created(client, '/Users', userOf(unique('boss'), { displayName: 'Boss' }));
    const stranger = await created(other, '/Users', userOf(unique('stranger')));
    const id = await created(client, '/Users', userOf(unique('report')));
    const set = (value: unknown): Promise<TestAnswer> =>
      client('PATCH', `/Users/${id}`, patchOf({ op: 'Add', path: `${ENTERPRISE}:manager`, value }));
    expect((await set(boss)).body[ENTERPRISE].manager).toMatchObject({ value: boss, displayName: 'Boss' });
    expect((await person(id)).manager_id).toBe(boss);
    for (const wrong of [stranger, id, randomUUID(), 'x']) {
      const answer = await set(wrong);
      // Shown as it was sent, and told; the one of now stays.
      expect(answer.body[ENTERPRISE].manager).toMatchObject({ value: wrong });
      expect(answer.body[UNTAKEN].untaken).toEqual([
        expect.objectContaining({
          attribute: `${ENTERPRISE}:manager`,
          reason: wrong === id ? 'manager_self' : 'manager_waits',
        }),
      ]);
      expect((await person(id)).manager_id).toBe(boss);
    }
    expect((await set(boss)).body[UNTAKEN]).toBeUndefined();
    // Each other's manager: that is not taken, the rest is.
    const cycle = await client(
      'PATCH',
      `/Users/${boss}`,
      patchOf(
        { op: 'add', path: `${ENTERPRISE}:manager`, value: { value: id } },
        { op: 'add', path: 'title', value: 'x' },
      ),
    );
    expect(cycle.status).toBe(200);
    expect(cycle.body[UNTAKEN].untaken).toEqual([
      expect.objectContaining({ attribute: `${ENTERPRISE}:manager`, reason: 'manager_circle' }),
    ]);
    expect(await person(boss)).toMatchObject({ title: 'x', manager_id: null });
    await client('PATCH', `/Users/${id}`, patchOf({ op: 'remove', path: `${ENTERPRISE}:manager` }));
    expect((await person(id)).manager_id).toBeNull();
  });

  test('the department attribute places people, until groups do', async () => {
    const client = await newClient();
    const sales = unique('Sales');
    const tours = unique('Tours');
    const inDepartment = (department: string): object => ({ [ENTERPRISE]: { department } });
    const a = await created(client, '/Users', userOf(unique('a'), inDepartment(sales)));
    const b = await created(client, '/Users', userOf(unique('b'), inDepartment(sales.toUpperCase())));
    expect(await places(a)).toEqual([`${sales}*`]);
    expect(await places(b)).toEqual([`${sales}*`]);
    await client(
      'PATCH',
      `/Users/${a}`,
      patchOf({ op: 'replace', path: `${ENTERPRISE}:department`, value: tours }),
    );
    expect(await places(a)).toEqual([`${tours}*`]);
    // The client turns to groups: it finds the department, and takes it over.
    const group = await created(client, '/Groups', {
      schemas: [GROUP],
      displayName: sales,
      externalId: 'g1',
    });
    expect(await places(b)).toEqual([]);
    await client('PATCH', `/Groups/${group}`, patchOf({ op: 'add', path: 'members', value: [{ value: b }] }));
    await client(
      'PATCH',
      `/Users/${b}`,
      patchOf({ op: 'replace', path: `${ENTERPRISE}:department`, value: 'Elsewhere' }),
    );
    expect(await places(b)).toEqual([`${sales}*`]);
  });

  test('an address that belongs to somebody of another source is refused, and not told whose it is', async () => {
    const [one, two] = [await newClient(), await newClient()];
    const email = `${unique('elsewhere')}@example.com`;
    const theirs = await created(
      one,
      '/Users',
      userOf(email, { displayName: '别的来源', emails: [{ value: email, primary: true }] }),
    );
    const answer = await two(
      'POST',
      '/Users',
      userOf(email.toUpperCase(), { displayName: 'New', emails: [{ value: email.toUpperCase() }] }),
    );
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: '409',
      scimType: 'uniqueness',
    });
    expect(String(answer.body.detail).toLowerCase()).toBe(`${email} is already used by somebody else.`);
    for (const secret of [theirs, '别的来源', one.source]) expect(answer.text).not.toContain(secret);
    // Nothing of the other one can be read, or was changed.
    expect((await two('GET', `/Users/${theirs}`)).status).toBe(404);
    expect((await two('GET', `/Users${filtered(`userName eq "${email}"`)}`)).body.totalResults).toBe(0);
    expect(await person(theirs)).toMatchObject({ display_name: '别的来源', email, source_id: one.source });
  });

  test('names and addresses that belong to others are refused', async () => {
    const client = await newClient();
    const name = unique('first');
    await buildPerson(org.db, 'By Hand', { localpart: name, email: `${name}@example.com` });
    const same = await client(
      'POST',
      '/Users',
      userOf(name, { emails: [{ value: `${name.toUpperCase()}@example.com` }] }),
    );
    expect(same.body).toMatchObject({ status: '409', scimType: 'uniqueness' });
    // Only the account's name is taken: it gets another one.
    const id = await created(client, '/Users', userOf(name));
    expect((await person(id)).localpart).not.toBe(name);
    for (const emails of [[{ value: 'no address' }], [{ value: 'a@b@c' }]]) {
      const answer = await client('POST', '/Users', userOf(unique('x'), { emails }));
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({ emails, [UNTAKEN]: { untaken: [{ reason: 'no_address' }] } });
      expect((await person(answer.body.id)).email).toBeNull();
    }
    const unnamed = unique('x');
    const answer = await client('POST', '/Users', userOf(unnamed, { displayName: '\u202e\u0007' }));
    expect(answer.body[UNTAKEN].untaken).toEqual([expect.objectContaining({ attribute: 'displayName' })]);
    expect((await person(answer.body.id)).display_name).toBe(unnamed);
    expect((await client('POST', '/Users', '{"schemas"')).body.scimType).toBe('invalidSyntax');
    expect((await client('POST', '/Users', userOf('a'.repeat(321)))).status).toBe(400);
  });
});

describe('entity tags', () => {
  test('guard writes and spare reads', async () => {
    const client = await newClient();
    const id = await created(client, '/Users', userOf(unique('etag')));
    const first = await client('GET', `/Users/${id}`);
    const version = String(first.headers['etag']);
    expect(version).toMatch(/^W\/"/);
    expect((await client('GET', `/Users/${id}`, undefined, { 'if-none-match': version })).status).toBe(304);
    const title = (value: string, match: string): Promise<TestAnswer> =>
      client('PATCH', `/Users/${id}`, patchOf({ op: 'replace', path: 'title', value }), {
        'if-match': match,
      });
    const changed = await title('one', version);
    expect(changed.status).toBe(200);
    expect(changed.headers['etag']).not.toBe(version);
    const lost = await title('two', version);
    expect(lost.status).toBe(412);
    expect(lost.body.schemas).toEqual(['urn:ietf:params:scim:api:messages:2.0:Error']);
    expect((await title('three', '*')).status).toBe(200);
    for (const method of ['PUT', 'DELETE'] as const) {
      const body = method === 'PUT' ? userOf(unique('etag')) : undefined;
      expect((await client(method, `/Users/${id}`, body, { 'if-match': version })).status).toBe(412);
    }
    expect((await person(id)).title).toBe('three');
    // What changes nothing, changes no version.
    const before = (await client('GET', `/Users/${id}`)).headers['etag'];
    expect((await title('three', '*')).headers['etag']).toBe(before);
  });

  test('of two writers who saw the same version one wins', async () => {
    const client = await newClient();
    const id = await created(client, '/Users', userOf(unique('race')));
    const version = String((await client('GET', `/Users/${id}`)).headers['etag']);
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((title) =>
        client('PATCH', `/Users/${id}`, patchOf({ op: 'replace', path: 'title', value: title }), {
          'if-match': version,
        }),
      ),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 412, 412, 412]);
  });
});

describe('groups', () => {
  test('are departments, with people and sub-departments', async () => {
    const client = await newClient();
    const [a, b] = [
      await created(client, '/Users', userOf(unique('a'))),
      await created(client, '/Users', userOf(unique('b'))),
    ];
    const [tour, guides] = [unique('Tour'), unique('Guides')];
    const inner = await created(client, '/Groups', {
      schemas: [GROUP],
      displayName: guides,
      members: [{ value: b }],
    });
    const outer = await created(client, '/Groups', {
      schemas: [GROUP],
      displayName: tour,
      externalId: 'x-1',
      members: [{ value: a, type: 'User' }, { value: inner }],
    });
    const seen = (await client('GET', `/Groups/${outer}`)).body;
    expect(seen.members).toEqual([
      expect.objectContaining({ value: a, type: 'User', $ref: `http://localhost:8480${BASE}/Users/${a}` }),
      expect.objectContaining({ value: inner, type: 'Group', display: guides }),
    ]);
    const department = await org.db
      .selectFrom('org.department')
      .selectAll()
      .where('id', '=', inner)
      .executeTakeFirstOrThrow();
    expect(department).toMatchObject({ parent_id: outer, name: guides, state: 'active' });
    expect((await client('GET', `/Users/${a}`)).body.groups).toEqual([
      expect.objectContaining({ value: outer, display: tour }),
    ]);

    // A second department: the first stays the primary one; leaving it makes the second the primary.
    expect(
      (
        await client(
          'PATCH',
          `/Groups/${inner}`,
          patchOf({ op: 'add', path: 'members', value: [{ value: a }] }),
        )
      ).status,
    ).toBe(204);
    expect(await places(a)).toEqual([guides, `${tour}*`].sort());
    await client('PATCH', `/Groups/${outer}`, patchOf({ op: 'remove', path: `members[value eq "${a}"]` }));
    expect(await places(a)).toEqual([`${guides}*`]);

    expect((await client('DELETE', `/Groups/${inner}`)).status).toBe(204);
    expect(await places(a)).toEqual([]);
    expect((await client('GET', `/Groups/${inner}`)).status).toBe(404);
    const named = await client(
      'PATCH',
      `/Groups/${outer}?attributes=displayName`,
      patchOf({ op: 'replace', value: { id: outer, displayName: `${tour}s` } }),
    );
    expect(named.body).toMatchObject({ id: outer, displayName: `${tour}s` });
    expect(named.body.members).toBeUndefined();
  });

  test('refuse cycles, names twice, and members of others', async () => {
    const client = await newClient();
    const other = await newClient();
    const name = unique('Once');
    const outer = await created(client, '/Groups', { schemas: [GROUP], displayName: name });
    const inner = await created(client, '/Groups', { schemas: [GROUP], displayName: unique('Inner') });
    const add = (to: string, value: string): Promise<TestAnswer> =>
      client('PATCH', `/Groups/${to}`, patchOf({ op: 'add', path: 'members', value: [{ value }] }));
    expect((await add(outer, inner)).status).toBe(204);
    expect((await add(inner, outer)).body).toMatchObject({ status: '400', scimType: 'invalidValue' });
    expect((await client('POST', '/Groups', { schemas: [GROUP], displayName: name })).body.scimType).toBe(
      'uniqueness',
    );
    const stranger = await created(other, '/Users', userOf(unique('stranger')));
    const byHand = await buildPerson(org.db, 'By Hand');
    for (const value of [stranger, byHand.id, randomUUID(), 'x']) {
      expect((await add(outer, value)).body).toMatchObject({ status: '400', scimType: 'invalidValue' });
    }
  });

  test('leave placements that are not theirs alone', async () => {
    const client = await newClient();
    const project = unique('By hand');
    const department = await buildDepartment(org.db, project);
    const id = await created(client, '/Users', userOf(unique('both')));
    await sql`insert into org.membership (id, person_id, department_id, is_primary, is_head, since)
      values (${randomUUID()}::uuid, ${id}::uuid, ${department}::uuid, true, true, '2020-01-01')`.execute(
      org.db,
    );
    const name = unique('Group');
    const group = await created(client, '/Groups', {
      schemas: [GROUP],
      displayName: name,
      members: [{ value: id }],
    });
    expect(await places(id)).toEqual([`${project}*`, name].sort());
    expect((await client('GET', `/Users/${id}`)).body.groups).toHaveLength(1);
    await client('PUT', `/Groups/${group}`, { schemas: [GROUP], displayName: name, members: [] });
    expect(await places(id)).toEqual([`${project}*`]);
  });
});

describe('lists', () => {
  let client: Client;
  beforeAll(async () => {
    client = await newClient();
    for (const [at, name] of ['anna', 'Bert', 'carl', 'dora', 'emil'].entries()) {
      await created(
        client,
        '/Users',
        userOf(`${name}@list`, {
          externalId: `list-${at}`,
          title: at % 2 === 0 ? 'Even' : 'Odd',
          emails: [{ type: 'work', value: `${name}${at}@list.example` }],
        }),
      );
    }
  });
  const names = (answer: TestAnswer): string[] =>
    (answer.body.Resources as { userName: string }[]).map((one) => one.userName);

  test('page from 1, and count', async () => {
    const page = await client('GET', '/Users?startIndex=2&count=2');
    expect(page.body).toMatchObject({ schemas: [LIST], totalResults: 5, startIndex: 2, itemsPerPage: 2 });
    expect(names(page)).toEqual(['Bert@list', 'carl@list']);
    expect((await client('GET', '/Users?count=0')).body).toMatchObject({ totalResults: 5, Resources: [] });
    expect((await client('GET', '/Users?startIndex=-3&count=100000')).body.Resources).toHaveLength(5);
    expect((await client('GET', '/Users?startIndex=9')).body).toMatchObject({
      totalResults: 5,
      itemsPerPage: 0,
    });
    expect((await client('GET', '/Users?count=many')).body.scimType).toBe('invalidValue');
  });
  test('sort', async () => {
    expect(names(await client('GET', '/Users?sortBy=userName&sortOrder=descending&count=2'))).toEqual([
      'emil@list',
      'dora@list',
    ]);
    expect(names(await client('GET', '/Users?sortBy=emails.value'))[1]).toBe('Bert@list');
    expect((await client('GET', '/Users?sortBy=nothing')).body.scimType).toBe('invalidPath');
  });
  test('filter, by GET and by .search', async () => {
    const filter = 'title eq "odd" and (userName sw "b" or emails[type eq "work" and value co "dora"])';
    expect(names(await client('GET', `/Users${filtered(filter)}`))).toEqual(['Bert@list', 'dora@list']);
    const search = await client('POST', '/Users/.search', {
      schemas: [SEARCH],
      filter: 'userName eq "CARL@list"',
      attributes: ['userName', 'emails.value'],
      startIndex: 1,
      count: 10,
    });
    expect(search.body.Resources).toEqual([
      {
        schemas: [USER],
        id: expect.any(String) as string,
        userName: 'carl@list',
        emails: [{ value: 'carl2@list.example' }],
      },
    ]);
    expect(names(await client('GET', `/Users${filtered('externalId eq "list-3"')}`))).toEqual(['dora@list']);
    expect((await client('GET', `/Users${filtered('id eq "nobody"')}`)).body.totalResults).toBe(0);
    const bad = await client('GET', `/Users${filtered('userName eq')}`);
    expect(bad.body).toMatchObject({ status: '400', scimType: 'invalidFilter' });
  });
  test('search over users and groups at once', async () => {
    const own = await newClient();
    const tag = unique('both');
    await created(own, '/Users', userOf(unique('u'), { displayName: tag, title: 'Chief' }));
    await created(own, '/Groups', { schemas: [GROUP], displayName: tag });
    const search = (more: object): Promise<TestAnswer> =>
      own('POST', '/.search', { schemas: [SEARCH], filter: `displayName eq "${tag}"`, ...more });
    const kinds = (answer: TestAnswer): string[] =>
      (answer.body.Resources as { meta: { resourceType: string } }[]).map((one) => one.meta.resourceType);
    const both = await search({});
    expect(both.status, both.text).toBe(200);
    expect(both.body).toMatchObject({ schemas: [LIST], totalResults: 2 });
    expect(kinds(both)).toEqual(['User', 'Group']);
    expect(kinds(await search({ startIndex: 2, count: 1 }))).toEqual(['Group']);
    // What only users have, no group has.
    expect(kinds(await search({ filter: 'title eq "Chief"' }))).toEqual(['User']);
    expect((await search({ filter: 'nothing eq "x"' })).body.scimType).toBe('invalidFilter');
    expect((await own('POST', '/.search', {})).body.scimType).toBe('invalidSyntax');
  });
  test('page as far as anybody counts', async () => {
    const far = await client('GET', '/Users?startIndex=99999999999999999999&count=5');
    expect(far.status, far.text).toBe(200);
    expect(far.body.Resources).toEqual([]);
  });
  test('leave attributes out', async () => {
    const [one] = (await client('GET', '/Users?count=1&excludedAttributes=emails,meta,id')).body.Resources;
    expect(one.emails).toBeUndefined();
    expect(one.meta).toBeUndefined();
    expect(one.id).toEqual(expect.any(String));
  });
  test('hostile filters find nothing, and reach no SQL', async () => {
    const hostile = [
      `userName eq "' or '1'='1"`,
      `userName eq "\\"; drop table org.person; --"`,
      `externalId eq "%"`,
      `displayName co "\\\\"`,
      `userName eq "\\u0000"`,
      `id eq "00000000-0000-4000-8000-000000000000' or true"`,
    ];
    for (const filter of hostile) {
      const answer = await client('GET', `/Users${filtered(filter)}`);
      expect(answer.status, `${filter}: ${answer.text}`).toBe(200);
      expect(answer.body.totalResults).toBe(0);
    }
    expect((await client('GET', '/Users')).body.totalResults).toBe(5);
  });
});

test('one client neither sees nor changes what is another one’s, or nobody’s', async () => {
  const [mine, other] = [await newClient(), await newClient()];
  const id = await created(mine, '/Users', userOf(unique('mine'), { title: 'Mine' }));
  const group = await created(mine, '/Groups', { schemas: [GROUP], displayName: unique('Mine') });
  const byHand = await buildPerson(org.db, 'By Hand', { title: 'Mine' });
  const department = await buildDepartment(org.db, unique('By hand'));
  for (const [path, body] of [
    [`/Users/${id}`, userOf(unique('x'))],
    [`/Users/${byHand.id}`, userOf(unique('x'))],
    [`/Groups/${group}`, { schemas: [GROUP], displayName: 'x' }],
    [`/Groups/${department}`, { schemas: [GROUP], displayName: 'x' }],
  ] as const) {
    const patch = patchOf({ op: 'replace', path: 'displayName', value: 'x' });
    for (const answer of [
      await other('GET', path),
      await other('PUT', path, body),
      await other('PATCH', path, patch),
      await other('DELETE', path),
    ]) {
      expect(answer.status).toBe(404);
    }
  }
  expect((await other('GET', `/Users${filtered('title eq "Mine"')}`)).body.totalResults).toBe(0);
  expect((await other('GET', '/Groups')).body.totalResults).toBe(0);
  expect((await person(id)).status).toBe('joining');
  expect((await person(byHand.id)).status).toBe('active');
});

test('a client that asks too much is told to wait, in the form of SCIM', async () => {
  const client = await newClient();
  let limited: TestAnswer | undefined;
  // All within one minute, however long they take.
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    for (let n = 0; n < 3200 && !limited; n += 100) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => client('GET', '/ServiceProviderConfig')),
      );
      limited = answers.find((answer) => answer.status !== 200);
    }
  } finally {
    vi.useRealTimers();
  }
  expect(limited?.status).toBe(429);
  expect(limited?.body.schemas).toEqual(['urn:ietf:params:scim:api:messages:2.0:Error']);
  expect(Number(limited?.headers['retry-after'])).toBeGreaterThan(0);
  // Another client is not held up.
  expect((await (await newClient())('GET', '/ServiceProviderConfig')).status).toBe(200);
});

test('300 users with managers and departments, in the order Entra ID sends them', async () => {
  const client = await newClient();
  const tag = randomUUID().slice(0, 6);
  const ids: string[] = [];
  const groups: string[] = [];
  for (let n = 0; n < 10; n++) {
    groups.push(
      await created(client, '/Groups', {
        schemas: [GROUP],
        displayName: `部门 ${n} ${tag}`,
        externalId: `g${n}`,
      }),
    );
  }
  for (let n = 0; n < 300; n++) {
    const userName = `user${n}@${tag}.example.com`;
    const found = await client('GET', `/Users${filtered(`userName eq "${userName}"`)}`);
    expect(found.body.totalResults).toBe(0);
    ids.push(
      await created(client, '/Users', {
        schemas: [USER, ENTERPRISE],
        userName,
        externalId: `e${n}`,
        active: true,
        displayName: `员工 ${n}`,
        emails: [{ primary: true, type: 'work', value: userName }],
        [ENTERPRISE]: { employeeNumber: String(n) },
      }),
    );
  }
  for (let n = 1; n < 300; n++) {
    const manager = patchOf({ op: 'Add', path: `${ENTERPRISE}:manager`, value: ids[Math.floor(n / 8)] });
    expect((await client('PATCH', `/Users/${ids[n]}`, manager)).status).toBe(200);
  }
  for (const [at, group] of groups.entries()) {
    const value = ids.filter((_, n) => n % 10 === at).map((id) => ({ value: id }));
    expect(
      (await client('PATCH', `/Groups/${group}`, patchOf({ op: 'Add', path: 'members', value }))).status,
    ).toBe(204);
  }
  const list = await client('GET', '/Users?count=200&startIndex=201');
  expect(list.body).toMatchObject({ totalResults: 300, itemsPerPage: 100 });
  const { rows } = await sql<{
    people: number;
    placed: number;
    managed: number;
    versions: number;
  }>`select count(*) as people,
      count(*) filter (where exists (select 1 from org.membership m where m.person_id = p.id and m.until is null and m.is_primary)) as placed,
      count(manager_id) as managed, count(distinct localpart) as versions
    from org.person p where source_id = ${client.source}::uuid`.execute(org.db);
  expect(rows[0]).toEqual({ people: 300, placed: 300, managed: 299, versions: 300 });
  // The same again changes nothing.
  const version = async (): Promise<unknown> =>
    (await sql`select last_value from org.directory_version`.execute(org.db)).rows[0];
  const before = await version();
  for (const n of [0, 7, 299]) {
    const again = patchOf({ op: 'Replace', path: 'displayName', value: `员工 ${n}` });
    expect((await client('PATCH', `/Users/${ids[n]}`, again)).status).toBe(200);
  }
  expect(await version()).toEqual(before);
}, 300_000);
