import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import { CHECK_JOB, type Imports } from '../imports/imports.service.ts';

/** Reads an import's file and makes the difference; safe to run twice, as nothing of the directory changes. */
export const checkImportJob = (imports: Imports): Job =>
  defineJob({
    name: CHECK_JOB,
    lane: 'long',
    payload: Type.Object({ run_id: Type.String() }),
    run: ({ run_id }, { attempt }) => imports.runCheck(run_id, attempt),
  });
