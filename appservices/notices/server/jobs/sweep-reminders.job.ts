import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import type { Reminders } from '../reminders/reminders.service.ts';

/** Every night: forgets reminders that went out long ago. */
export const sweepRemindersJob = (reminders: Reminders): Job =>
  defineJob({
    name: 'notices.sweep-reminders',
    payload: Type.Object({}),
    cron: '23 3 * * *',
    run: () => reminders.sweep(),
  });
