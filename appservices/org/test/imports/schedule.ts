import { waitFor } from '@qiao/testkit';
import { sql } from 'kysely';
import type { ImportRun } from '../../contract/api.ts';
import { importsParts } from '../../server/imports/parts.ts';
import type { ImportsApi } from './api.ts';
import type { TestOrg } from './context.ts';

/** Lets a source be due, runs the scheduler's job, and waits until the import's jobs are through. */
export async function runSchedule(org: TestOrg, api: ImportsApi, sourceId: string): Promise<ImportRun> {
  await sql`update org.source set next_run_at = now() - interval '1 second' where id = ${sourceId}`.execute(
    org.db,
  );
  const job = importsParts(org.context).jobs?.find((one) => one.name === 'org.run-due-sources');
  if (!job) throw new Error('no job runs due sources');
  await job.run({}, { signal: new AbortController().signal, attempt: 1, log: org.context.log });
  const { rows } = await sql<{ id: string }>`select id from org.import_run where source_id = ${sourceId}
    order by created_at desc limit 1`.execute(org.db);
  const id = rows[0]?.id ?? '';
  return waitFor(
    async () => {
      const { rows: waiting } = await sql`select 1 from jobs._private_jobs j
        where j.key = ${`import:${id}`}`.execute(org.db);
      return waiting.length === 0 ? (await api.call<ImportRun>('GET', `/imports/${id}`)).body : undefined;
    },
    { what: 'the jobs of the import to end' },
  );
}
