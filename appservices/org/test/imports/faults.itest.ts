import { waitFor } from '@qiao/testkit';
import { sql } from 'kysely';
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { generateCompany } from '../../demo/generate.ts';
import { startImportsApi, type ImportsApi } from './api.ts';
import { startTestOrg, type TestOrg } from './context.ts';

let org: TestOrg;
let api: ImportsApi;
const children: ChildProcess[] = [];
beforeAll(async () => {
  org = await startTestOrg();
  // Jobs are worked off in a process of their own, which can be killed.
  api = await startImportsApi(org, { work: false });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await org.close();
});
beforeEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await sql`truncate org.person, org.department, org.membership, org.offboarding, org.import_run, platform.act cascade`.execute(
    org.db,
  );
});

function startWorker(): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(new URL('worker.ts', import.meta.url))], {
    env: { ...process.env, TEST_DATABASE: org.database.url, TEST_VAR: org.context.site.varDir },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.push(child);
  return child;
}
const count = async (): Promise<number> => {
  const { rows } = await sql<{ n: number }>`select count(*) as n from org.person`.execute(org.db);
  return rows[0]?.n ?? -1;
};
/** Holds the directory's lock, so that an import stands in the middle of its transaction. */
async function holdDirectory(): Promise<{ waiting: () => Promise<boolean>; release: () => Promise<void> }> {
  const held = Promise.withResolvers<undefined>();
  const taken = Promise.withResolvers<undefined>();
  const done = org.db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('org.directory', 0))`.execute(trx);
    taken.resolve(undefined);
    await held.promise;
  });
  await taken.promise;
  return {
    async waiting() {
      const { rows } = await sql`select 1 from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`.execute(org.db);
      return rows.length > 0;
    },
    async release() {
      held.resolve(undefined);
      await done;
    },
  };
}

it('goes on by itself and ends right after the process was killed in mid-apply', async () => {
  const first = startWorker();
  const checked = await api.check(generateCompany({ people: 300, departments: 20, depth: 3, seed: 1 }));
  expect(checked.counts).toMatchObject({ person_add: 300, errors: 0 });
  const hold = await holdDirectory();
  await api.call('POST', `/imports/${checked.id}/apply`, {});
  await waitFor(hold.waiting, { what: 'the apply to stand in its transaction' });
  first.kill('SIGKILL');
  await hold.release();
  expect(await count()).toBe(0);
  // A worker that starts frees the jobs of dead ones, which are known by their connections; later only each minute.
  await waitFor(
    async () => {
      const { rows } = await sql`select 1 from pg_stat_activity
        where application_name in (select process from platform.worker)`.execute(org.db);
      return rows.length === 0;
    },
    { what: 'the database to see the process gone' },
  );
  startWorker();
  const done = await api.settled(checked.id);
  expect(done.state).toBe('done');
  expect(await count()).toBe(300);
  expect(
    (await api.check(generateCompany({ people: 300, departments: 20, depth: 3, seed: 1 }))).counts,
  ).toMatchObject({
    unchanged: 300,
  });
  const acts = await org.context.acts.list({ subject: `import:${checked.id}`, limit: 5 });
  expect(acts.length).toBe(1);
});

it('takes everything back when it is stopped in mid-apply, and can be resumed', async () => {
  startWorker();
  const checked = await api.check(generateCompany({ people: 50, departments: 5, depth: 2, seed: 2 }));
  const hold = await holdDirectory();
  await api.call('POST', `/imports/${checked.id}/apply`, {});
  await waitFor(hold.waiting, { what: 'the apply to stand in its transaction' });
  const stopped = await api.call('POST', `/imports/${checked.id}/stop`);
  expect(stopped.body).toMatchObject({ state: 'stopped' });
  await hold.release();
  await waitFor(async () => !(await hold.waiting()), { what: 'the apply to end' });
  // The queue of imports is free again when the next check is through.
  await api.check('id,name\n1,Ann\n');
  expect(await count()).toBe(0);
  const resumed = await api.call('POST', `/imports/${checked.id}/resume`);
  expect(resumed.status).toBe(200);
  // Stopping counts up nothing, so what was checked still holds; had it not, a new check would be asked for.
  let run = await api.settled(checked.id);
  if (run.error?.code === 'org.import_base_moved') {
    await api.call('POST', `/imports/${checked.id}/resume`);
    run = await api.settled(checked.id);
    await api.call('POST', `/imports/${checked.id}/apply`, {});
    run = await api.settled(checked.id);
  }
  expect(run.state).toBe('done');
  expect(await count()).toBe(50);
});

it('tries again when the database goes away in mid-apply', async () => {
  startWorker();
  const checked = await api.check(generateCompany({ people: 50, departments: 5, depth: 2, seed: 3 }));
  const hold = await holdDirectory();
  await api.call('POST', `/imports/${checked.id}/apply`, {});
  await waitFor(hold.waiting, { what: 'the apply to stand in its transaction' });
  await sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`.execute(org.db);
  await hold.release();
  const done = await api.settled(checked.id);
  expect(done.state).toBe('done');
  expect(await count()).toBe(50);
});
