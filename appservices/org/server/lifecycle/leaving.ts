import { makeErrors } from '@qiao/platform';
import { sql, type Transaction } from 'kysely';
import { orgErrorTable } from '../../contract/index.ts';
import type { ChangeContext } from '../changes.ts';
import { requireMainAdminStays } from '../roles/main-admins.ts';
import type { OrgContext } from '../context.ts';
import type { OrgTrx } from '../tables.ts';

const errors = makeErrors('org', orgErrorTable);

/** What leaving needs of the domain's context. */
export type LeavingServices = Pick<
  OrgContext,
  'queue' | 'events' | 'acts' | 'clock' | 'random' | 'homeserver'
>;

/** How a leaver was placed, as far as undoing needs it. Kept in `org.offboarding.snapshot`; erased after 30 days. */
export interface LeaverSnapshot {
  status: 'joining' | 'active';
  activated: boolean;
  manager_id: string | null;
  placements: { department_id: string; is_primary: boolean; is_head: boolean; title: string | null }[];
  grants: {
    role_id: string;
    department_id: string | null;
    granted_by: string;
    ends_at: string | null;
  }[];
  /** People who reported to the leaver. */
  reports: string[];
}

interface Leaver {
  id: string;
  localpart: string;
  status: 'joining' | 'active';
  manager_id: string | null;
  activated_at: Date | null;
}

interface Item {
  id: string;
  offboarding_id: string;
  kind: string;
  subject: string;
  label: string;
  to_person_id: string | null;
  done_at: null;
}

/** Rows of one INSERT; PostgreSQL takes 65,535 parameters. */
const CHUNK = 1000;
/** People one lock job works on. */
const LOCK_CHUNK = 100;

/** Jobs that follow; the homeserver is only spoken to after commit. */
export const LOCK_JOB = 'org.lock-leavers';
export const COLLECT_JOB = 'org.collect-handover';

const uuids = (ids: readonly string[]): ReturnType<typeof sql> => sql`${[...ids]}::uuid[]`;

/**
 * Starts the leaver's life-cycle: suspended, with what undoing needs and a list of what is to be handed over.
 * Only `applyChanges` calls it (`person_leave`), inside its transaction. Who is leaving or has left already is
 * passed over, so that a repeated import changes nothing. Answers the new offboardings by person.
 * @throws DomainError `org.not_yourself`, `org.last_main_admin`
 */
export async function startLeaving(
  org: LeavingServices,
  trx: OrgTrx,
  personIds: readonly string[],
  reason: string | null,
  context: ChangeContext,
): Promise<Map<string, string>> {
  const started = new Map<string, string>();
  if (personIds.length === 0) return started;
  const leavers = (await trx
    .selectFrom('org.person')
    .select(['id', 'localpart', 'status', 'manager_id', 'activated_at'])
    .where(sql<boolean>`id = any(${uuids(personIds)})`)
    .where('status', 'in', ['joining', 'active'])
    .orderBy('id')
    .forUpdate()
    .execute()) as Leaver[];
  if (leavers.length === 0) return started;
  const ids = leavers.map((leaver) => leaver.id);
  const userId = (leaver: Leaver): string => `@${leaver.localpart}:${org.homeserver.serverName}`;
  if (leavers.some((leaver) => userId(leaver) === context.actor)) throw errors.not_yourself();

  const now = org.clock.now();
  const grants = await trx
    .selectFrom('org.role_grant as g')
    .innerJoin('org.role as r', 'r.id', 'g.role_id')
    .leftJoin('org.department as d', 'd.id', 'g.department_id')
    .select([
      'g.id',
      'g.person_id',
      'g.role_id',
      'g.department_id',
      'g.granted_by',
      'g.ends_at',
      'r.builtin',
      'r.name as role_name',
      'd.name as department_name',
    ])
    .where(sql<boolean>`g.person_id = any(${uuids(ids)})`)
    .execute();
  if (grants.some((grant) => grant.builtin === 'main_admin' && grant.department_id === null)) {
    await requireMainAdminStays(trx, { people: ids });
  }

  const memberships = await trx
    .selectFrom('org.membership as m')
    .innerJoin('org.department as d', 'd.id', 'm.department_id')
    .select(['m.person_id', 'm.department_id', 'm.is_primary', 'm.is_head', 'm.title', 'd.name'])
    .where(sql<boolean>`m.person_id = any(${uuids(ids)})`)
    .where('m.until', 'is', null)
    .execute();
  const reports = await trx
    .selectFrom('org.person')
    .select(['id', 'display_name', 'manager_id'])
    .where(sql<boolean>`manager_id = any(${uuids(ids)})`)
    .where('status', '<>', 'left')
    .execute();
  const leaving = new Set(ids);
  const managers = new Set(
    (
      await trx
        .selectFrom('org.person')
        .select('id')
        .where(sql<boolean>`id = any(${uuids(leavers.flatMap((leaver) => leaver.manager_id ?? []))})`)
        .where('status', 'in', ['joining', 'active'])
        .execute()
    ).map((row) => row.id),
  );
  const by = <T, K>(rows: readonly T[], key: (row: T) => K): Map<K, T[]> => Map.groupBy(rows, key);
  const grantsOf = by(grants, (row) => row.person_id);
  const placesOf = by(memberships, (row) => row.person_id);
  const reportsOf = by(reports, (row) => row.manager_id);

  const items: Item[] = [];
  const offboardings = leavers.map((leaver) => {
    const id = org.random.uuid();
    started.set(leaver.id, id);
    const receiver =
      leaver.manager_id !== null && managers.has(leaver.manager_id) && !leaving.has(leaver.manager_id)
        ? leaver.manager_id
        : null;
    const add = (kind: string, subject: string, label: string, to: string | null): void => {
      items.push({
        id: org.random.uuid(),
        offboarding_id: id,
        kind,
        subject,
        label,
        to_person_id: to,
        done_at: null,
      });
    };
    const snapshot: LeaverSnapshot = {
      status: leaver.status,
      activated: leaver.activated_at !== null,
      manager_id: leaver.manager_id,
      placements: [],
      grants: [],
      reports: [],
    };
    for (const row of placesOf.get(leaver.id) ?? []) {
      const { department_id, is_primary, is_head, title } = row;
      snapshot.placements.push({ department_id, is_primary, is_head, title });
      if (is_head) add('department_head', department_id, row.name, receiver);
    }
    for (const row of grantsOf.get(leaver.id) ?? []) {
      snapshot.grants.push({
        role_id: row.role_id,
        department_id: row.department_id,
        granted_by: row.granted_by,
        ends_at: row.ends_at?.toISOString() ?? null,
      });
      // Rights are never passed on by default: somebody who holds them has to decide.
      const role = row.builtin === null ? row.role_name : `@${row.builtin}`;
      add(
        'role_grant',
        row.id,
        row.department_name === null ? role : `${role} · ${row.department_name}`,
        null,
      );
    }
    for (const row of reportsOf.get(leaver.id) ?? []) {
      snapshot.reports.push(row.id);
      if (!leaving.has(row.id)) add('report', row.id, row.display_name, receiver);
    }
    return {
      id,
      person_id: leaver.id,
      state: 'suspended' as const,
      started_by: context.actor,
      started_at: now,
      reason,
      snapshot: JSON.stringify(snapshot),
    };
  });

  await trx
    .updateTable('org.person')
    .set({ status: 'suspended', updated_at: now, version: sql`version + 1` })
    .where(sql<boolean>`id = any(${uuids(ids)})`)
    .execute();
  // An activation link of a suspended person must not open the account.
  await trx
    .deleteFrom('org.activation')
    .where(sql<boolean>`person_id = any(${uuids(ids)})`)
    .where('used_at', 'is', null)
    .execute();
  for (let at = 0; at < offboardings.length; at += CHUNK) {
    await trx
      .insertInto('org.offboarding')
      .values(offboardings.slice(at, at + CHUNK).map((row) => ({ ...row, certificate: null })))
      .execute();
  }
  for (let at = 0; at < items.length; at += CHUNK) {
    await trx
      .insertInto('org.handover_item')
      .values(items.slice(at, at + CHUNK))
      .execute();
  }

  const outer = trx as unknown as Transaction<never>;
  await org.acts.recordMany(
    outer,
    leavers.map((leaver) => ({
      actor: context.actor,
      action: 'org.person.suspend',
      subject: `person:${leaver.id}`,
      details: { offboarding_id: started.get(leaver.id) ?? '' },
    })),
  );
  for (const leaver of leavers) {
    await org.events.publish(outer, 'org.person.suspended', {
      person_id: leaver.id,
      user_id: userId(leaver),
    });
    await org.queue.enqueue(
      outer,
      COLLECT_JOB,
      { offboarding_id: started.get(leaver.id) ?? '' },
      { queue: COLLECT_JOB },
    );
  }
  for (let at = 0; at < ids.length; at += LOCK_CHUNK) {
    await org.queue.enqueue(
      outer,
      LOCK_JOB,
      { person_ids: ids.slice(at, at + LOCK_CHUNK) },
      { queue: LOCK_JOB },
    );
  }
  await org.queue.enqueue(outer, 'org.provision', {}, { key: 'org.provision' });
  return started;
}
