import { waitFor } from '@qiao/testkit';
import { sql } from 'kysely';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ImportRun, Source } from '../../contract/api.ts';
import { importsParts } from '../../server/imports/parts.ts';
import { startImportsApi, type ImportsApi } from './api.ts';
import { startTestOrg, type TestOrg } from './context.ts';

let org: TestOrg;
let api: ImportsApi;
let folder: string;
beforeAll(async () => {
  org = await startTestOrg();
  api = await startImportsApi(org);
  folder = join(org.context.site.varDir, 'import');
  mkdirSync(folder);
});
afterAll(() => org.close());
beforeEach(async () => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  await sql`truncate org.person, org.department, org.membership, org.offboarding, org.import_run, org.source,
    platform.act cascade`.execute(org.db);
});

const create = (more: object = {}) =>
  api.call<Source>('POST', '/sources', {
    kind: 'csv',
    name: 'HR',
    settings: { path: 'people.csv' },
    ...more,
  });
const write = (rows: string): void => writeFileSync(join(folder, 'people.csv'), `id,name\n${rows}`);
const people = async (): Promise<string[]> => {
  const rows = await org.db
    .selectFrom('org.person')
    .select(['display_name', 'status'])
    .where('status', '=', 'joining')
    .orderBy('external_id')
    .execute();
  return rows.map((row) => row.display_name);
};
/** Lets a source be due and runs the scheduler's job. */
async function runDue(id: string): Promise<ImportRun> {
  await sql`update org.source set next_run_at = now() - interval '1 second' where id = ${id}`.execute(org.db);
  const before = await sql<{ n: number }>`select count(*) as n from org.import_run`.execute(org.db);
  const job = importsParts(org.context).jobs?.find((one) => one.name === 'org.run-due-sources');
  expect(job?.cron).toBe('* * * * *');
  await job?.run({}, { signal: new AbortController().signal, attempt: 1, log: org.context.log });
  const after = await sql<{ id: string; n: number }>`select id, count(*) over () as n from org.import_run
    order by created_at desc limit 1`.execute(org.db);
  expect(after.rows[0]?.n).toBe((before.rows[0]?.n ?? 0) + 1);
  return api.settled(after.rows[0]?.id ?? '');
}
/** The scheduled run goes from checked to done by itself: waits until neither job is left. */
const rest = (id: string) =>
  waitFor(
    async () => {
      const { rows } = await sql`select 1 from jobs._private_jobs j where j.key = ${`import:${id}`}`.execute(
        org.db,
      );
      return rows.length === 0 ? (await api.call<ImportRun>('GET', `/imports/${id}`)).body : undefined;
    },
    { what: 'the jobs of the import to end' },
  );

describe('a source with a schedule', () => {
  it('imports by itself when it is due, and waits for a person when the guard is tripped', async () => {
    write('1,Ann\n2,Bob\n3,Cid\n');
    const before = Date.now();
    const { status, body: source } = await create({ schedule: '*/5 * * * *', leaver_guard: 0.4 });
    expect(status).toBe(200);
    expect(new Date(source.next_run_at ?? 0).getTime()).toBeGreaterThan(before);
    expect(new Date(source.next_run_at ?? 0).getTime()).toBeLessThanOrEqual(Date.now() + 5 * 60_000);
    const first = await rest((await runDue(source.id)).id);
    expect(first).toMatchObject({ state: 'done', started_by: 'system:org.run-due-sources' });
    expect(await people()).toEqual(['Ann', 'Bob', 'Cid']);

    write('1,Ann\n2,Bob\n4,Dan\n');
    expect((await rest((await runDue(source.id)).id)).state).toBe('done');
    expect(await people()).toEqual(['Ann', 'Bob', 'Dan']);

    write('1,Ann\n');
    const held = await rest((await runDue(source.id)).id);
    expect(held).toMatchObject({ state: 'checked', guard_tripped: true, counts: { person_leave: 2 } });
    expect(await people()).toEqual(['Ann', 'Bob', 'Dan']);
    const list = await api.call<{ items: Source[] }>('GET', '/sources');
    expect(list.body.items[0]).toMatchObject({ people_count: 3, name: 'HR' });
    expect(list.body.items[0]?.last_run_at).not.toBeNull();
  });

  it('does not run when it is off, and says when the file is not there', async () => {
    const { body: source } = await create({ schedule: '* * * * *', enabled: false });
    expect(source.next_run_at).toBeNull();
    const on = await api.call<Source>('PATCH', `/sources/${source.id}`, {
      version: source.version,
      enabled: true,
    });
    expect(on.body.next_run_at).not.toBeNull();
    const failed = await rest((await runDue(source.id)).id);
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'org.import_unreadable' } });
    const tried = await api.call<{ ok: boolean; message: string }>('POST', `/sources/${source.id}/test`);
    expect(tried.body.ok).toBe(false);
    write('1,Ann\n2,Bob\n');
    expect((await api.call('POST', `/sources/${source.id}/test`)).body).toMatchObject({
      ok: true,
      people: 2,
    });
  });

  it('ends only people of its own', async () => {
    write('1,Ann\n2,Bob\n');
    const { body: source } = await create({ leaver_guard: 1 });
    const run = await api.call<ImportRun>('POST', `/sources/${source.id}/run`);
    await api.settled(run.body.id);
    await api.apply(run.body.id);
    const other = await api.check('id,name\n9,Zoe\n');
    expect(other.counts).toMatchObject({ person_add: 1 });
    expect(other.counts['person_leave']).toBeUndefined();
  });

  it.each([
    ['../secrets/x', 'org.import_unreadable'],
    ['/etc/passwd', 'org.import_unreadable'],
    ['a/../../x', 'org.import_unreadable'],
    ['link.csv', 'org.import_unreadable'],
    // Refused at the door, whatever it is for.
    ['people.csv\u0000.csv', 'platform.bad_request'],
  ])('reads nothing outside of the import folder: %j', async (path, code) => {
    writeFileSync(join(org.context.site.varDir, 'outside.csv'), 'id,name\n1,Ann\n');
    symlinkSync('../outside.csv', join(folder, 'link.csv'));
    const answer = await create({ settings: { path } });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: { code } });
  });
});

describe('every endpoint', () => {
  const UNKNOWN = '00000000-0000-4000-8000-00000000dead';
  const body = { kind: 'csv', name: 'x', settings: { path: 'x.csv' } };
  const endpoints: [string, string, object | undefined][] = [
    ['GET', '/sources', undefined],
    ['POST', '/sources', body],
    ['PATCH', `/sources/${UNKNOWN}`, { version: 1 }],
    ['DELETE', `/sources/${UNKNOWN}`, undefined],
    ['POST', `/sources/${UNKNOWN}/test`, undefined],
    ['POST', `/sources/${UNKNOWN}/run`, undefined],
  ];
  it.each(endpoints)('%s %s needs a login and the right', async (method, path, sent) => {
    expect((await api.call(method, path, sent, {})).status).toBe(401);
    expect((await api.call(method, path, sent, await org.signIn('@member:test'))).status).toBe(404);
  });

  it.each([
    ['a schedule that is none', { ...body, schedule: 'every day' }, 'org.schedule_not_valid'],
    ['a schedule of six fields', { ...body, schedule: '* * * * * *' }, 'org.schedule_not_valid'],
    ['a guard above one', { ...body, leaver_guard: 2 }, 'platform.bad_request'],
    ['no path', { ...body, settings: {} }, 'platform.bad_request'],
    [
      'an address that is none',
      { ...body, kind: 'ldap', settings: { url: 'http://x', bind_dn: '', base_dn: '' } },
      'platform.bad_request',
    ],
  ])('refuses %s', async (_what, sent, code) => {
    const answer = await api.call<{ error: { code: string } }>('POST', '/sources', sent);
    expect(answer).toMatchObject({ status: 400, body: { error: { code } } });
  });

  it('keeps the password in a file of its own, and never gives it back', async () => {
    const settings = {
      url: 'ldap://127.0.0.1:1',
      bind_dn: 'cn=x',
      base_dn: 'dc=x',
      bind_password: 'hunter2 hunter2',
    };
    const made = await create({ kind: 'ldap', settings });
    expect(made.status).toBe(200);
    expect(JSON.stringify(made.body)).not.toContain('hunter2');
    expect(made.body.settings).toMatchObject({ bind_password: null, bind_dn: 'cn=x' });
    const stored = await sql`select * from org.source`.execute(org.db);
    expect(JSON.stringify(stored.rows)).not.toContain('hunter2');
    const secrets = join(org.context.site.varDir, 'secrets');
    const [file] = readdirSync(secrets);
    expect(readFileSync(join(secrets, file ?? ''), 'utf8')).toBe('hunter2 hunter2\n');
    expect(statSync(join(secrets, file ?? '')).mode & 0o777).toBe(0o600);
    // Saving without a password keeps the one there is.
    const { bind_password: _, ...rest } = settings;
    await api.call('PATCH', `/sources/${made.body.id}`, {
      version: 1,
      settings: { ...rest, base_dn: 'dc=y' },
    });
    expect(readdirSync(secrets).length).toBe(1);
    const acts = await org.context.acts.list({ limit: 10 });
    expect(JSON.stringify(acts)).not.toContain('hunter2');
    expect((await api.call('DELETE', `/sources/${made.body.id}`)).status).toBe(204);
    expect(readdirSync(secrets)).toEqual([]);
  });

  it('guards against lost updates and names that are taken', async () => {
    const { body: source } = await create();
    expect((await create()).body).toMatchObject({ error: { code: 'org.name_taken' } });
    const patch = (version: number) =>
      api.call<Source>('PATCH', `/sources/${source.id}`, { version, name: 'HR 2' });
    expect((await patch(1)).body).toMatchObject({ name: 'HR 2', version: 2 });
    expect((await patch(1)).status).toBe(412);
  });
});
