import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import { PROVISION_JOB, type Provisioner } from '../provision/provisioner.ts';

/** Sends the homeserver what differs from the directory. Asked for by every change of the directory. */
export const provisionJob = (provisioner: Provisioner): Job =>
  defineJob({
    name: PROVISION_JOB,
    payload: Type.Object({}),
    run: (_payload, { signal }) => provisioner.provision(signal),
  });
