import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import { PASSWORD_ASKED_JOB, type PasswordRequests } from '../lifecycle/password-requests.service.ts';

/** Looks who has forgotten the password, after the answer to them was given. */
export function passwordAsked(requests: PasswordRequests): Job {
  return defineJob({
    name: PASSWORD_ASKED_JOB,
    payload: Type.Object({ name: Type.String(), locale: Type.Enum(['zh-Hans', 'en']) }),
    run: (asked) => requests.handle(asked),
  });
}
