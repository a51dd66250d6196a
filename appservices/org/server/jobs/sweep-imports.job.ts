import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import type { Imports } from '../imports/imports.service.ts';

/** Once a day: discards imports that were left lying, with their files. */
export const sweepImportsJob = (imports: Imports): Job =>
  defineJob({
    name: 'org.sweep-imports',
    lane: 'long',
    payload: Type.Object({}),
    cron: '20 3 * * *',
    run: () => imports.sweep(),
  });
