import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import type { DeliveryService } from '../notices/delivery.service.ts';
import { DELIVER_JOB } from '../notices/names.ts';

/** Brings a notice to its rooms and people; goes on where it was. */
export const deliverNoticeJob = (delivery: DeliveryService): Job =>
  defineJob({
    name: DELIVER_JOB,
    lane: 'long',
    payload: Type.Object({ notice_id: Type.String() }),
    run: ({ notice_id }, context) => delivery.deliver(notice_id, context),
  });
