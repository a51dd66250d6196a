import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import { REMIND_JOB } from '../reminders/names.ts';
import type { Reminders } from '../reminders/reminders.service.ts';

/** Every minute, and at once where somebody asks for it: finds out who is to be reminded of what. */
export const remindJob = (reminders: Reminders): Job =>
  defineJob({
    name: REMIND_JOB,
    payload: Type.Object({}),
    cron: '* * * * *',
    run: (_payload, { signal }) => reminders.runDue(signal),
  });
