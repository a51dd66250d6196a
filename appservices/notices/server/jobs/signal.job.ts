import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import type { NoticesBot } from '../bot.ts';
import { SIGNAL_JOB } from '../reminders/names.ts';

/** Tells people's clients to look again. */
export const signalJob = (bot: NoticesBot): Job =>
  defineJob({
    name: SIGNAL_JOB,
    payload: Type.Object({ user_ids: Type.Array(Type.String()) }),
    run: ({ user_ids }) => bot.signal(user_ids),
  });
