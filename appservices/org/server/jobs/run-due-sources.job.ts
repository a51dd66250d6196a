import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import type { Sources } from '../sources/sources.service.ts';

/** Once a minute: starts the imports of sources whose time has come. */
export const runDueSourcesJob = (sources: Sources): Job =>
  defineJob({
    name: 'org.run-due-sources',
    payload: Type.Object({}),
    cron: '* * * * *',
    run: () => sources.runDue(),
  });
