import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import type { Parts } from '../parts.ts';
import { subscriptions } from '../subscriptions.repository.ts';

/** Days after which a browser that was not seen is forgotten; one that is used says so at each start. */
const FORGOTTEN_DAYS = 90;

/** Once a day: forgets browsers that nobody uses any more. */
export const sweepSubscriptionsJob = ({ db, clock }: Parts): Job =>
  defineJob({
    name: 'push.sweep-subscriptions',
    payload: Type.Object({}),
    cron: '40 3 * * *',
    run: () => subscriptions.sweep(db, new Date(clock.now().getTime() - FORGOTTEN_DAYS * 86_400_000)),
  });
