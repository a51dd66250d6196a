import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import type { OrgBot } from '../provision/bot.ts';
import type { Welcomes } from '../provision/welcomes.repository.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';

export const WELCOME_JOB = 'org.welcome';
/** What it was before, for one person: such jobs may wait in an installation's queue. */
const FORMER_JOB = 'org.welcome-person';
/** Waits between looks whether it can be said, milliseconds: short while people are being joined. */
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 15 * 60_000;
/** After so many looks nobody is waited for any more: about a week. */
const MAX_LOOKS = 700;

/**
 * Names in a department's room who is new there: people who activated the account and have a device to read it on, for
 * what is encrypted before nobody could read. At most one line a day, of all who came meanwhile (ADR 115).
 */
export const welcomeJob = (org: OrgContext, bot: OrgBot, welcomes: Welcomes): Job =>
  defineJob({
    name: WELCOME_JOB,
    payload: Type.Object({ department_id: Type.String(), look: Type.Integer({ minimum: 1 }) }),
    run: async ({ department_id, look }) => {
      const again = async (): Promise<void> => {
        if (look >= MAX_LOOKS) return;
        const wait = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 1.3 ** Math.min(look - 1, 40));
        await enqueueWelcome(
          org,
          org.db,
          department_id,
          look + 1,
          new Date(org.clock.now().getTime() + wait),
        );
      };
      if (!bot.running) return again();
      const next = await welcomes.next(department_id, org.clock.now(), org.random.uuid());
      if (next.kind === 'waits') return again();
      if (next.kind === 'later') return enqueueWelcome(org, org.db, department_id, 1, next.at);
      if (next.kind === 'nobody') return;
      await bot.welcome(next.welcome);
      await welcomes.said(next.welcome.id, org.clock.now());
      // Who was joined meanwhile, or is still to be, is named tomorrow.
      await enqueueWelcome(org, org.db, department_id);
    },
  });

/** Jobs of an earlier version: the person is named with the others of the department. */
export const formerWelcomeJob = (org: OrgContext, welcomes: Welcomes): Job =>
  defineJob({
    name: FORMER_JOB,
    payload: Type.Object({ person_id: Type.String(), look: Type.Integer({ minimum: 1 }) }),
    run: async ({ person_id }) => {
      const department = await welcomes.departmentOf(person_id, org.clock.now());
      if (department !== undefined) await enqueueWelcome(org, org.db, department);
    },
  });

/** Asks for a department's next line; one job at a time looks after a department. */
export async function enqueueWelcome(
  org: Pick<OrgContext, 'queue'>,
  db: OrgDb,
  departmentId: string,
  look = 1,
  runAt?: Date,
): Promise<void> {
  await org.queue.enqueue(
    db as never,
    WELCOME_JOB,
    { department_id: departmentId, look },
    { key: `${WELCOME_JOB}:${departmentId}`, ...(runAt ? { runAt } : {}) },
  );
}
