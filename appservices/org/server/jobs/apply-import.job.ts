import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import { APPLY_JOB, type Imports } from '../imports/imports.service.ts';

/** Applies an import's difference; safe to run twice, as the run is done in the transaction that applies it. */
export const applyImportJob = (imports: Imports): Job =>
  defineJob({
    name: APPLY_JOB,
    lane: 'long',
    payload: Type.Object({ run_id: Type.String() }),
    run: ({ run_id }, { attempt }) => imports.runApply(run_id, attempt),
  });
