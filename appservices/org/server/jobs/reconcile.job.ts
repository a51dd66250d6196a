import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import { RECONCILE_JOB, type Provisioner } from '../provision/provisioner.ts';

/** Compares the homeserver's actual state with the directory and repairs it: every night, and when asked. */
export const reconcileJob = (provisioner: Provisioner): Job =>
  defineJob({
    name: RECONCILE_JOB,
    lane: 'long',
    payload: Type.Object({ rooms: Type.Optional(Type.Array(Type.String())) }),
    cron: '30 19 * * *',
    run: ({ rooms }, { signal }) => provisioner.reconcile(signal, rooms),
  });
