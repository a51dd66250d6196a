import { DomainError, defineJob, type Job } from '@qiao/platform';
import { sql } from 'kysely';
import { Type } from 'typebox';
import type { Changes } from '../changes.service.ts';
import { LOCK_JOB } from '../lifecycle/leaving.ts';
import { passwordRequestsRepository } from '../lifecycle/password-requests.repository.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';

const NAME = 'org.daily-life-cycle';
const CHUNK = 100;
const DAY_MS = 24 * 60 * 60 * 1000;
/** How long is known who asked for a new password. */
const REQUESTS_DAYS = 90;
/** After how long a request that was not repeated is over. */
const IDLE_DAYS = 7;

/**
 * What time brings: people whose last day has passed leave by themselves, people whose first day has come are
 * provisioned, and what undoing needed is erased when it can no longer be undone. Days are UTC's; it runs every
 * hour, so that a start or a missed run is made up for soon.
 */
export function dailyLifeCycle(context: OrgContext, changes: Changes): Job {
  const db = context.db as OrgDb;
  const { clock, config, queue, texts } = context;
  return defineJob({
    name: NAME,
    payload: Type.Object({}),
    cron: '7 * * * *',
    run: async (_payload, { log, signal }) => {
      const today = clock.now().toISOString().slice(0, 10);
      const over = await sql<{ id: string; ends_on: string; locale: 'zh-Hans' | 'en' | null }>`
        select id, ends_on, locale from org.person
        where status in ('joining', 'active') and ends_on < ${today}::date order by id`.execute(db);
      for (const person of over.rows) {
        signal.throwIfAborted();
        const reason = texts.t(person.locale ?? 'zh-Hans', 'org:lifecycle.reason_ends_on', {
          date: person.ends_on,
        });
        try {
          // One each: the last main administrator must not keep the others.
          await db.transaction().execute((trx) =>
            changes.applyChanges(trx, [{ kind: 'person_leave', id: person.id, reason }], {
              actor: `system:${NAME}`,
              on: today,
            }),
          );
        } catch (error) {
          if (!(error instanceof DomainError)) throw error;
          log.warn({ person_id: person.id, code: error.code }, 'leaving not started');
        }
      }
      const due = await sql`select 1 from org.person
        where status = 'joining' and account = 'none' and starts_on <= ${today}::date limit 1`.execute(db);
      if (due.rows.length > 0)
        await queue.enqueue(db as never, 'org.provision', {}, { key: 'org.provision' });

      const unlocked = await sql<{ id: string }>`select id from org.person
        where status = 'suspended' and account = 'created' order by id`.execute(db);
      const ids = unlocked.rows.map((row) => row.id);
      for (let at = 0; at < ids.length; at += CHUNK) {
        await queue.enqueue(
          db as never,
          LOCK_JOB,
          { person_ids: ids.slice(at, at + CHUNK) },
          { queue: LOCK_JOB },
        );
      }

      const now = clock.now();
      const erased = await sql<{ id: string }>`update org.offboarding set snapshot = '{}'
        where snapshot <> '{}' and (
          (state = 'closed' and undo_until < ${now})
          or (state = 'undone' and undone_at < ${now}::timestamptz - make_interval(days => ${config.undo_days})))
        returning id`.execute(db);
      if (erased.rows.length > 0)
        log.info({ offboardings: erased.rows.length }, 'leavers can no longer return');
      await passwordRequestsRepository.closeIdle(db, new Date(now.getTime() - IDLE_DAYS * DAY_MS));
      await passwordRequestsRepository.sweep(db, new Date(now.getTime() - REQUESTS_DAYS * DAY_MS));
      await sql`delete from org.activation where expires_at < ${now}::timestamptz - interval '30 days'`.execute(
        db,
      );
    },
  });
}
