/* A process that works off the imports' jobs, for tests that kill it. */
import { startJobs } from '@qiao/platform';
import { importsParts } from '../../server/imports/parts.ts';
import { contextFor } from './context.ts';

const workerName = `test-worker-${process.pid}`;
const { context, pool, metrics } = contextFor(
  process.env['TEST_DATABASE'] ?? '',
  process.env['TEST_VAR'] ?? '',
  workerName,
);
await startJobs({
  pool,
  schema: 'jobs',
  process: workerName,
  jobs: importsParts(context).jobs ?? [],
  concurrency: { prompt: 2, long: 2 },
  log: context.log,
  metrics,
});
