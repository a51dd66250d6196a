import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import type { OrgBot } from '../provision/bot.ts';
import type { BotRepository } from '../provision/bot.repository.ts';
import type { OrgContext } from '../setup.ts';
import type { OrgDb } from '../tables.ts';

export const WELCOME_JOB = 'org.welcome-person';
/** Waits between looks whether it can be said, milliseconds: short while the person is being joined. */
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 15 * 60_000;
/** After so many looks nobody is waited for any more: about a week. */
const MAX_LOOKS = 700;

/**
 * Welcomes a person who activated the account and has a device to read it on: what is encrypted before nobody could
 * read. Asked for at both; it looks again until the person is in the room and the bot runs, and gives up after a week.
 */
export const welcomePersonJob = (org: OrgContext, bot: OrgBot, repository: BotRepository): Job =>
  defineJob({
    name: WELCOME_JOB,
    payload: Type.Object({ person_id: Type.String(), look: Type.Integer({ minimum: 1 }) }),
    run: async ({ person_id, look }) => {
      const found = await repository.toWelcome(person_id);
      if (!found) return;
      if (found.roomId !== null && bot.running && (await bot.hasDevice(found.person.userId))) {
        await bot.welcome(found.roomId, found.person, found.department);
        await repository.setWelcomed(person_id, org.clock.now());
        return;
      }
      if (look >= MAX_LOOKS) return;
      const wait = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 1.3 ** Math.min(look - 1, 40));
      await enqueueWelcome(org, org.db, person_id, look + 1, wait);
    },
  });

/** Asks for a welcome; a person is waited for by one job at a time. */
export async function enqueueWelcome(
  org: Pick<OrgContext, 'queue' | 'clock'>,
  db: OrgDb,
  personId: string,
  look = 1,
  waitMs = 0,
): Promise<void> {
  await org.queue.enqueue(
    db as never,
    WELCOME_JOB,
    { person_id: personId, look },
    {
      key: `${WELCOME_JOB}:${personId}`,
      ...(waitMs > 0 ? { runAt: new Date(org.clock.now().getTime() + waitMs) } : {}),
    },
  );
}
