import type { TestAnswer, TestCall } from '@qiao/platform/testing';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildDepartment, buildGrant, buildPerson, openTestOrg, type TestOrg } from '../../testing/index.ts';

let org: TestOrg;
let main: TestCall;
let scim: (method: 'GET' | 'POST' | 'PATCH', path: string, body?: object) => Promise<TestAnswer>;
const source: Record<string, string> = {};
const person: Record<string, string> = {};

const user = (userName: string): object => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  userName,
  name: { familyName: '王', givenName: '伟' },
  emails: [{ value: userName, type: 'work', primary: true }],
});
const named = async (userName: string): Promise<TestAnswer['body'][]> =>
  (await scim('GET', `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`)).body.Resources;
const hand = (from: string, to: string, dry_run = false): Promise<TestAnswer> =>
  main('POST', `/api/org/sources/${source[from]}/handover`, { to_id: source[to], dry_run });
const belongsTo = async (name: string): Promise<string | null> =>
  (
    await org.db
      .selectFrom('org.person')
      .select('source_id')
      .where('id', '=', person[name]!)
      .executeTakeFirstOrThrow()
  ).source_id;

beforeAll(async () => {
  org = await openTestOrg();
  const { db } = org;
  for (const [name, kind] of [
    ['csv', 'csv'],
    ['ldap', 'ldap'],
  ] as const) {
    source[name] = randomUUID();
    await db
      .insertInto('org.source')
      .values({ id: source[name], kind, name: `From ${name}` })
      .execute();
  }
  const own = await buildDepartment(db, '研发部');
  const mixed = await buildDepartment(db, 'Mixed');
  const twice = await buildDepartment(db, 'Twice');
  await buildDepartment(db, 'Twice', { parent_id: own });
  const boss = await buildPerson(db, 'Boss', { departments: [mixed] });
  await buildGrant(db, { person_id: boss.id, role: 'main_admin' });
  main = await org.host.as(org.userId(boss));
  const add = async (name: string, more: Parameters<typeof buildPerson>[2]): Promise<void> => {
    person[name] = (await buildPerson(db, name, { source_id: source.csv!, ...more })).id;
  };
  await add('wei', { departments: [own], email: 'wei@example.com' });
  await add('quiet', { departments: [mixed], localpart: 'quiet' });
  await add('twice', { departments: [twice], email: 'twice@example.com' });
  await add('gone', { status: 'left', email: 'gone@example.com' });
  const token = await main('POST', '/api/org/scim-tokens', { name: 'Entra ID' });
  scim = (method, path, body) =>
    org.host.call(method, `/api/scim/v2${path}`, body, { authorization: `Bearer ${token.body.token}` });
  const { items } = (await main('GET', '/api/org/sources')).body;
  source.scim = items.find((one: { kind: string }) => one.kind === 'scim').id;
});
afterAll(() => org.close());

test('before, an identity provider neither finds nor may make people of a file', async () => {
  expect(await named('wei@example.com')).toEqual([]);
  expect((await scim('POST', '/Users', user('wei@example.com'))).status).toBe(409);
});

test('a dry run counts and changes nothing, also while the directory is being changed', async () => {
  const answer = await org.db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('org.directory', 0))`.execute(trx);
    return hand('csv', 'scim', true);
  });
  expect(answer.body).toEqual({ people: 3, departments: 1, staying: 0 });
  expect(await belongsTo('wei')).toBe(source.csv);
  expect(await named('wei@example.com')).toEqual([]);
  expect((await main('GET', `/api/org/acts?subject=source:${source.csv}`)).body.items).toEqual([]);
});

test('people go over to an identity provider, which finds them by the name it looks for', async () => {
  expect((await hand('csv', 'scim')).body).toEqual({ people: 3, departments: 1, staying: 0 });
  expect(await belongsTo('wei')).toBe(source.scim);
  expect(await belongsTo('gone')).toBe(source.scim);
  const [found] = await named('WEI@example.com');
  expect(found).toMatchObject({ id: person.wei, active: true });
  expect((await named('quiet')).map(({ id }) => id)).toEqual([person.quiet]);
  expect(await named('gone@example.com')).toEqual([]);
  const changed = await scim('PATCH', `/Users/${person.wei}`, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'replace', value: { externalId: 'e-1', title: '总监' } }],
  });
  expect(changed.status, changed.text).toBe(200);
  expect(changed.body).toMatchObject({ externalId: 'e-1', title: '总监' });
  expect((await main('GET', `/api/org/people/${person.wei}`)).body).toMatchObject({ title: '总监' });

  // Its department is taken over by a group of the name; one with a double stays outside, and so its name taken.
  const group = {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    members: [{ value: person.wei }],
  };
  const made = await scim('POST', '/Groups', { ...group, displayName: '研发部' });
  expect(made.status, made.text).toBe(201);
  expect((await scim('POST', '/Groups', { ...group, displayName: 'Mixed' })).status).toBe(409);

  const { items } = (await main('GET', `/api/org/acts?subject=source:${source.csv}`)).body;
  expect(items).toMatchObject([
    {
      action: 'org.source.handover',
      subject_name: 'From csv',
      details: { to: source.scim, people: 3, departments: 1, staying: 0 },
    },
  ]);
});

test('who would clash with a user of the provider stays', async () => {
  person.clash = (
    await buildPerson(org.db, 'Clash', { source_id: source.csv!, localpart: 'fresh@example.com' })
  ).id;
  expect((await scim('POST', '/Users', user('fresh@example.com'))).status).toBe(201);
  for (const dry of [true, false])
    expect((await hand('csv', 'scim', dry)).body).toEqual({ people: 0, departments: 0, staying: 1 });
  expect(await belongsTo('clash')).toBe(source.csv);
});

test('from an identity provider to LDAP, its token opens them no more', async () => {
  expect((await hand('scim', 'ldap')).body).toMatchObject({ people: 4, staying: 0 });
  expect(await belongsTo('wei')).toBe(source.ldap);
  expect(await named('wei@example.com')).toEqual([]);
  expect((await scim('GET', `/Users/${person.wei}`)).status).toBe(404);
});

test('people kept by hand go over to a source: those who are named, or all', async () => {
  const hand = await buildPerson(org.db, 'Hand', { email: 'hand@example.com', title: '顾问' });
  const left = await buildPerson(org.db, 'Long gone', { status: 'left' });
  person.hand = hand.id;
  const adopt = (to: string, body: object): Promise<TestAnswer> =>
    main('POST', `/api/org/sources/${source[to]}/adopt`, { dry_run: false, ...body });
  const byHand = async (): Promise<TestAnswer['body']> =>
    (await main('GET', '/api/org/sources/by-hand?limit=1')).body;
  const first = await byHand();
  expect(first).toMatchObject({ total: 2, items: [{ display_name: 'Boss' }] });
  const rest = await main('GET', `/api/org/sources/by-hand?limit=1&after=${String(first.next)}`);
  expect(rest.body).toMatchObject({
    items: [{ id: hand.id, email: 'hand@example.com', title: '顾问', user_id: org.userId(hand) }],
    next: null,
  });

  // A provider can neither find nor make them.
  expect(await named('hand@example.com')).toEqual([]);
  expect((await scim('POST', '/Users', user('hand@example.com'))).status).toBe(409);
  const wish = { person_ids: [hand.id] };
  const one = { people: 1, departments: 0, staying: 0 };
  expect((await adopt('scim', { ...wish, dry_run: true })).body).toEqual(one);
  expect(await belongsTo('hand')).toBeNull();
  expect((await adopt('scim', wish)).body).toEqual(one);
  expect(await belongsTo('hand')).toBe(source.scim);
  expect((await named('hand@example.com')).map(({ id }) => id)).toEqual([hand.id]);
  const [act] = (await main('GET', `/api/org/acts?subject=source:${source.scim}`)).body.items;
  expect(act).toMatchObject({
    action: 'org.source.adopt',
    details: { name: 'SCIM', ...one, person_ids: [hand.id] },
  });
  expect(await byHand()).toMatchObject({ total: 1, next: null });

  // Who belongs to a source, has left, or is nobody.
  for (const id of [hand.id, left.id, randomUUID()]) {
    expect((await adopt('ldap', { person_ids: [id] })).status).toBe(404);
  }
  expect((await adopt('ldap', { person_ids: [] })).status).toBe(400);
  expect((await adopt('ldap', { dry_run: true })).body).toEqual(one);
  expect((await main('POST', `/api/org/sources/${randomUUID()}/adopt`, { dry_run: true })).status).toBe(404);
  const nobody = await org.host.as(org.userId(await buildPerson(org.db, 'Curious')));
  for (const [method, path, body] of [
    ['GET', '/api/org/sources/by-hand', undefined],
    ['POST', `/api/org/sources/${source.ldap}/adopt`, { dry_run: true }],
  ] as const) {
    expect((await nobody(method, path, body)).status).toBe(404);
    expect((await org.host.call(method, path, body)).status).toBe(401);
  }
});

test('refusals: to itself, to or from nowhere, while an import runs, by somebody else', async () => {
  expect((await hand('csv', 'csv')).status).toBe(400);
  source.none = randomUUID();
  expect((await hand('csv', 'none')).status).toBe(404);
  expect((await hand('none', 'csv')).status).toBe(404);
  await org.db
    .insertInto('org.import_run')
    .values({
      id: randomUUID(),
      kind: 'csv',
      source_id: source.csv!,
      state: 'checking',
      started_by: 'system:test',
    } as never)
    .execute();
  expect((await hand('csv', 'ldap')).body.error.code).toBe('org.import_not_in_state');
  const adopt = await main('POST', `/api/org/sources/${source.csv}/adopt`, { dry_run: true });
  expect(adopt.body.error.code).toBe('org.import_not_in_state');
  const nobody = await buildPerson(org.db, 'Nobody');
  const call = await org.host.as(org.userId(nobody));
  const path = `/api/org/sources/${source.csv}/handover`;
  expect((await call('POST', path, { to_id: source.ldap, dry_run: true })).status).toBe(404);
  expect((await org.host.call('POST', path, { to_id: source.ldap, dry_run: true })).status).toBe(401);
});
