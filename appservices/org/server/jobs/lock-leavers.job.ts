import { defineJob, type Job } from '@qiao/platform';
import { MatrixError } from '@qiao/platform/matrix';
import { Type } from 'typebox';
import { LOCK_JOB } from '../lifecycle/leaving.ts';
import type { Accounts } from '../lifecycle/homeserver.ts';
import { peopleRepository, type LifePerson } from '../lifecycle/people.repository.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';

/** People at once; the module works on one account at a time each. */
const AT_ONCE = 8;

/**
 * Makes the lock at the homeserver what the directory says now: locked for leavers, open for those who came back.
 * Runs in a queue of its own, so that the last one to run has seen the last commit.
 */
export function lockLeavers(context: OrgContext, accounts: Accounts): Job {
  const db = context.db as OrgDb;
  const one = async (person: LifePerson, problem: (code: string) => void): Promise<void> => {
    const userId = `@${person.localpart}:${context.homeserver.serverName}`;
    const leaving = person.status === 'suspended' || person.status === 'left';
    if (leaving) await context.sessions.endAll(userId);
    // Without an account of ours, an account of that name is somebody else's.
    if (person.account === 'none' || person.account === 'deactivated') return;
    if (leaving === (person.account === 'locked')) return;
    try {
      await accounts.lock(userId, leaving);
      // A sign-in to our interfaces may have come in between; from the lock on none can.
      if (leaving) await context.sessions.endAll(userId);
      await peopleRepository.setAccount(db, person.id, leaving ? 'locked' : 'created');
    } catch (error) {
      // Not there, or not ours to lock: the certificate will say so.
      if (!(error instanceof MatrixError) || error.status >= 500 || error.status === 429) throw error;
      problem(error.errcode);
    }
  };
  return defineJob({
    name: LOCK_JOB,
    payload: Type.Object({ person_ids: Type.Array(Type.String()) }),
    run: async ({ person_ids: ids }, { log, signal }) => {
      for (let at = 0; at < ids.length; at += AT_ONCE) {
        signal.throwIfAborted();
        const people = await peopleRepository.many(db, ids.slice(at, at + AT_ONCE));
        await Promise.all(
          people.map((person) =>
            one(person, (code) => {
              log.warn({ person_id: person.id, code }, 'account not locked');
            }),
          ),
        );
      }
    },
  });
}
