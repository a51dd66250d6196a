import { defineJob, makeErrors, type Job } from '@qiao/platform';
import { MatrixError } from '@qiao/platform/matrix';
import { sql, type Transaction } from 'kysely';
import { Type } from 'typebox';
import { orgErrorTable } from '../../contract/index.ts';
import type { createHandoverRegistry } from '../lifecycle/handover.registry.ts';
import type { Accounts } from '../lifecycle/homeserver.ts';
import { offboardingRepository as repository } from '../lifecycle/offboarding.repository.ts';
import { CLOSE_JOB, type Offboardings } from '../lifecycle/offboarding.service.ts';
import { peopleRepository } from '../lifecycle/people.repository.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';

const errors = makeErrors('org', orgErrorTable);
const DAY_MS = 24 * 60 * 60 * 1000;

/** The homeserver says no, and would say it again. */
const refuses = (error: unknown): error is MatrixError =>
  error instanceof MatrixError && error.status < 500 && error.status !== 429;

/**
 * Closes a leaver's account. Every step looks at what is there and may be repeated, so after a crash or a failure it
 * simply runs again from the top; the state becomes `closed` at the very end, together with the person's.
 */
export function closeLeaver(
  context: OrgContext,
  parts: {
    offboardings: Offboardings;
    registry: ReturnType<typeof createHandoverRegistry>;
    accounts: Accounts;
  },
): Job {
  const db = context.db as OrgDb;
  const { clock, events, homeserver, acts, queue, sessions, config } = context;
  const { offboardings, registry, accounts } = parts;
  return defineJob({
    name: CLOSE_JOB,
    payload: Type.Object({ offboarding_id: Type.String() }),
    run: async ({ offboarding_id: id }, { log, signal }) => {
      const row = await repository.find(db, id);
      if (row?.state !== 'closing') return;
      const userId = `@${row.localpart}:${homeserver.serverName}`;
      const residue = await accounts.residue(userId);

      for (const item of await repository.items(db, id)) {
        signal.throwIfAborted();
        if (item.done_at !== null) continue;
        const { kind, subject, to_person_id: to } = item;
        if (kind === 'room') {
          const receiver = to === null ? undefined : await peopleRepository.find(db, to);
          if (!receiver) continue;
          // After a crash the account may be closed already: what was not handed over then stays so.
          if (residue?.deactivated === true) continue;
          try {
            // Nothing to do where somebody else became an administrator meanwhile.
            if (residue?.sole_admin.includes(subject) === true)
              await accounts.handOverRoom(userId, subject, `@${receiver.localpart}:${homeserver.serverName}`);
          } catch (error) {
            if (!refuses(error)) throw error;
            // Stays open in the list; the certificate counts it.
            log.warn({ offboarding_id: id, code: error.errcode }, 'room not handed over');
            continue;
          }
        } else {
          const source = registry.sources().find((one) => one.kind === kind);
          // Another process may have the domain; this one must not close the account without it.
          if (!source) throw new Error(`nobody hands over ${kind} here`);
          await source.handOver(subject, row.person_id, to);
        }
        await repository.markDone(db, [item.id], clock.now());
      }

      await sessions.endAll(userId);
      if (residue) {
        try {
          await accounts.logout(userId);
          const { parting, rooms } = await accounts.deactivate(userId);
          if (parting) throw errors.homeserver_unavailable();
          if (rooms.length > 0) log.warn({ offboarding_id: id, rooms: rooms.length }, 'still in rooms');
        } catch (error) {
          if (!refuses(error)) throw error;
          // For example a server administrator who was not made here. Stays `closing`; the certificate says why.
          log.warn({ offboarding_id: id, code: error.errcode }, 'account not closed');
          await repository.setCertificate(db, id, await offboardings.measure(row, accounts));
          return;
        }
      }

      await db.transaction().execute(async (trx) => {
        const locked = await repository.lock(trx, id);
        if (locked?.state !== 'closing') return;
        const now = clock.now();
        await trx
          .updateTable('org.person')
          .set({
            status: 'left',
            // The homeserver has let go of the names with the account: who returns is given them anew.
            ...(residue
              ? { account: 'deactivated' as const, keys_at: null, applied_names: null, names_told: [] }
              : {}),
            updated_at: now,
            version: sql`version + 1`,
          })
          .where('id', '=', row.person_id)
          .execute();
        await sql`delete from org.room_member where person_id = ${row.person_id}::uuid`.execute(trx);
        await sql`delete from org.activation where person_id = ${row.person_id}::uuid`.execute(trx);
        await sql`select nextval('org.directory_version')`.execute(trx);
        await repository.setState(trx, id, {
          state: 'closed',
          closed_at: now,
          undo_until: new Date(now.getTime() + config.undo_days * DAY_MS),
        });
        const outer = trx as unknown as Transaction<never>;
        await acts.record(outer, {
          actor: `system:${CLOSE_JOB}`,
          action: 'org.person.closed',
          subject: `person:${row.person_id}`,
          details: { offboarding_id: id },
        });
        await events.publish(outer, 'org.person.left', { person_id: row.person_id, user_id: userId });
        await queue.enqueue(outer, 'org.provision', {}, { key: 'org.provision' });
        // Measured again and again until it is in the table, should the process die right here.
        await queue.enqueue(outer, CERTIFY_JOB, { offboarding_id: id }, { key: `${CERTIFY_JOB}:${id}` });
      });
    },
  });
}

export const CERTIFY_JOB = 'org.certify-leaver';

/** Measures and stores the certificate of a closed leaver. */
export function certifyLeaver(context: OrgContext, offboardings: Offboardings, accounts: Accounts): Job {
  const db = context.db as OrgDb;
  return defineJob({
    name: CERTIFY_JOB,
    payload: Type.Object({ offboarding_id: Type.String() }),
    run: async ({ offboarding_id: id }) => {
      const row = await repository.find(db, id);
      if (row?.state !== 'closed') return;
      await repository.setCertificate(db, id, await offboardings.measure(row, accounts));
    },
  });
}
