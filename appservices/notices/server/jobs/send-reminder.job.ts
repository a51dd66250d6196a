import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import { SEND_REMINDER_JOB } from '../reminders/names.ts';
import type { Reminders } from '../reminders/reminders.service.ts';

/** Sends one reminder; waits by its tries for a homeserver that is away. */
export const sendReminderJob = (reminders: Reminders): Job =>
  defineJob({
    name: SEND_REMINDER_JOB,
    payload: Type.Object({ reminder_id: Type.String() }),
    run: ({ reminder_id }) => reminders.send(reminder_id),
  });
