import { cutPage, makeErrors, platformErrors, type Actor } from '@qiao/platform';
import { noticesErrorTable, type Progress, type Recipient } from '../../contract/index.ts';
import { loose, type Base } from '../context.ts';
import { namesOf, requirePerson } from '../people.ts';
import { REMIND_JOB } from '../reminders/names.ts';
import type { Managing } from './managing.ts';
import { DEFAULT_LIMIT } from './names.ts';
import type { NoticesPolicy } from './notices.policy.ts';
import { noticesRepository as repository } from './notices.repository.ts';

const errors = makeErrors('notices', noticesErrorTable);
/** Those who have not confirmed are reminded at most so often, milliseconds. */
export const REMIND_AGAIN_MS = 60 * 60_000;

/** How a notice gets on: who has seen and confirmed it, and reminding the others. */
export function createTracking(base: Base, parts: { policy: NoticesPolicy; managing: Managing }) {
  const { context, db, org } = base;
  const { policy } = parts;
  const { record, managing } = parts.managing;
  const { clock, queue } = context;

  return {
    async progress(actor: Actor, id: string): Promise<Progress> {
      await requirePerson(org, actor);
      return repository.progress(db, await policy.requireManage(actor, await repository.find(db, id)));
    },

    async recipients(
      actor: Actor,
      id: string,
      query: { show: 'pending' | 'confirmed'; after?: string; limit?: number },
    ): Promise<{ items: Recipient[]; next: string | null }> {
      await requirePerson(org, actor);
      await policy.requireManage(actor, await repository.find(db, id));
      const limit = query.limit ?? DEFAULT_LIMIT;
      const after = query.after === undefined ? undefined : Buffer.from(query.after, 'base64url').toString();
      if (after?.includes('\0') === true) throw platformErrors.bad_request({ reason: 'after' });
      const rows = await repository.recipients(db, id, { show: query.show, after, limit: limit + 1 });
      const { page, next } = cutPage(rows, limit, (row) => Buffer.from(row.user_id).toString('base64url'));
      const name = await namesOf(
        org,
        page.map((row) => row.user_id),
      );
      return {
        items: page.map((row) => ({
          ...name(row.user_id),
          seen_at: row.seen_at?.toISOString() ?? null,
          confirmed_at: row.confirmed_at?.toISOString() ?? null,
          reminded_at: row.reminded_at?.toISOString() ?? null,
          waiting: row.waiting,
        })),
        next,
      };
    },

    /** Reminds everybody who has not confirmed; answers how many. */
    async remind(actor: Actor, id: string): Promise<number> {
      let reminded = 0;
      await managing(actor, id, { states: ['sending', 'sent'] }, async (trx, notice) => {
        if (!notice.confirm) throw errors.no_confirmation_wanted();
        const now = clock.now();
        const last = notice.reminded_at ?? undefined;
        if (last !== undefined && now.getTime() - last.getTime() < REMIND_AGAIN_MS)
          throw errors.reminded_already({ minutes: REMIND_AGAIN_MS / 60_000 });
        reminded = await repository.remindAll(trx, notice.id, now);
        await record(trx, actor.userId, 'remind', notice, { people: reminded });
        await queue.enqueue(loose(trx), REMIND_JOB, {}, { key: `${REMIND_JOB}:now` });
        return repository.update(trx, notice.id, { reminded_at: now });
      });
      return reminded;
    },
  };
}
