import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import { COLLECT_JOB } from '../lifecycle/leaving.ts';
import type { Accounts } from '../lifecycle/homeserver.ts';
import type { Offboardings } from '../lifecycle/offboarding.service.ts';

/** Adds to a new leaver's hand-over list what only the homeserver and other domains know. */
export function collectHandover(offboardings: Offboardings, accounts: Accounts): Job {
  return defineJob({
    name: COLLECT_JOB,
    payload: Type.Object({ offboarding_id: Type.String() }),
    run: ({ offboarding_id: id }) => offboardings.collect(id, accounts),
  });
}
