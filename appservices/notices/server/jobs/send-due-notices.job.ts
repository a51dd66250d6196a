import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import type { Notices } from '../notices/notices.service.ts';

/** Every minute: sends scheduled notices whose time has come. */
export const sendDueNoticesJob = (notices: Notices): Job =>
  defineJob({
    name: 'notices.send-due-notices',
    payload: Type.Object({}),
    cron: '* * * * *',
    run: () => notices.sendDue(),
  });
