import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import type { DeliveryService } from '../notices/delivery.service.ts';
import { RECALL_JOB } from '../notices/names.ts';

/** Takes the messages of a recalled notice back. */
export const recallNoticeJob = (delivery: DeliveryService): Job =>
  defineJob({
    name: RECALL_JOB,
    lane: 'long',
    payload: Type.Object({ notice_id: Type.String() }),
    run: ({ notice_id }, context) => delivery.recall(notice_id, context),
  });
