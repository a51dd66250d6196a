import { sql } from 'kysely';
import type { OffboardingTable, OrgDb, OrgTrx } from '../tables.ts';
import type { LeaverSnapshot } from './leaving.ts';
import type { Measured } from './certificate.ts';

export type OffboardingState = OffboardingTable['state'];

/** What closing changed in the directory for others, so that undoing takes back exactly that. */
export interface ClosingEffects {
  reports: { person_id: string; manager_id: string | null }[];
  heads: { person_id: string; department_id: string; placed: boolean }[];
  grants: string[];
}
export interface Snapshot extends LeaverSnapshot {
  effects?: ClosingEffects;
  /** When rooms and other domains were last asked what the person owns. */
  collected_at?: string;
}
export interface OffboardingRow {
  id: string;
  person_id: string;
  display_name: string;
  localpart: string;
  title: string | null;
  state: OffboardingState;
  reason: string | null;
  started_by: string;
  started_at: Date;
  closed_at: Date | null;
  undo_until: Date | null;
  items_open: number;
  /** `{}` once it was erased. */
  snapshot: Partial<Snapshot>;
  certificate: Measured | null;
}
export interface ItemRow {
  id: string;
  kind: string;
  subject: string;
  label: string;
  to_person_id: string | null;
  done_at: Date | null;
  to_name: string | null;
  to_localpart: string | null;
  to_title: string | null;
}

const uuids = (ids: Iterable<string>): ReturnType<typeof sql> => sql`${[...ids]}::uuid[]`;

const SELECT = sql`select o.id, o.person_id, p.display_name, p.localpart, p.title, o.state, o.reason, o.started_by,
  o.started_at, o.closed_at, o.undo_until, o.snapshot, o.certificate,
  (select count(*) from org.handover_item i
    where i.offboarding_id = o.id and i.to_person_id is null and i.done_at is null) as items_open
  from org.offboarding o join org.person p on p.id = o.person_id`;

/** SQL of leavers. */
export const offboardingRepository = {
  async find(db: OrgDb | OrgTrx, id: string): Promise<OffboardingRow | undefined> {
    const { rows } = await sql<OffboardingRow>`${SELECT} where o.id = ${id}::uuid`.execute(db);
    return rows[0];
  },

  /** Locks the person and then the offboarding until commit. */
  async lock(trx: OrgTrx, id: string): Promise<OffboardingRow | undefined> {
    await sql`select 1 from org.person where id = (select person_id from org.offboarding where id = ${id}::uuid)
      for update`.execute(trx);
    await sql`select 1 from org.offboarding where id = ${id}::uuid for update`.execute(trx);
    return offboardingRepository.find(trx, id);
  },

  async list(
    db: OrgDb,
    filter: {
      state?: OffboardingState | undefined;
      within: ReadonlySet<string> | 'all';
      after?: { at: string; id: string } | undefined;
      limit: number;
    },
  ): Promise<OffboardingRow[]> {
    const { state, within, after } = filter;
    const { rows } = await sql<OffboardingRow>`${SELECT} where true
      ${state === undefined ? sql`` : sql`and o.state = ${state}`}
      ${
        within === 'all'
          ? sql``
          : sql`and exists (select 1 from org.membership m where m.person_id = o.person_id and m.is_primary
              and m.department_id = any(${uuids(within)})
              and (m.until is null or m.until >= o.started_at::date))`
      }
      ${
        after === undefined
          ? sql``
          : sql`and (date_trunc('milliseconds', o.started_at), o.id) < (${after.at}::timestamptz, ${after.id}::uuid)`
      }
      order by date_trunc('milliseconds', o.started_at) desc, o.id desc limit ${filter.limit}`.execute(db);
    return rows;
  },

  async items(db: OrgDb | OrgTrx, offboardingId: string): Promise<ItemRow[]> {
    const { rows } = await sql<ItemRow>`select i.id, i.kind, i.subject, i.label, i.to_person_id, i.done_at,
        t.display_name as to_name, t.localpart as to_localpart, t.title as to_title
      from org.handover_item i left join org.person t on t.id = i.to_person_id
      where i.offboarding_id = ${offboardingId}::uuid order by i.kind, i.label, i.id`.execute(db);
    return rows;
  },

  /** Adds what is not in the list yet. */
  async addItems(
    db: OrgDb | OrgTrx,
    offboardingId: string,
    items: readonly { id: string; kind: string; subject: string; label: string; to: string | null }[],
  ): Promise<void> {
    if (items.length === 0) return;
    await sql`insert into org.handover_item (id, offboarding_id, kind, subject, label, to_person_id)
      select x.id, ${offboardingId}::uuid, x.kind, x.subject, x.label, x."to"
      from jsonb_to_recordset(${JSON.stringify(items)}::jsonb)
        as x(id uuid, kind text, subject text, label text, "to" uuid)
      on conflict (offboarding_id, kind, subject) do nothing`.execute(db);
  },

  async decide(trx: OrgTrx, itemId: string, to: string | null, endedAt: Date | null): Promise<void> {
    await sql`update org.handover_item set to_person_id = ${to}::uuid, done_at = ${endedAt}
      where id = ${itemId}::uuid`.execute(trx);
  },

  async markDone(db: OrgDb | OrgTrx, itemIds: readonly string[], at: Date): Promise<void> {
    if (itemIds.length === 0) return;
    await sql`update org.handover_item set done_at = ${at} where id = any(${uuids(itemIds)})`.execute(db);
  },

  async removeItems(db: OrgDb | OrgTrx, itemIds: readonly string[]): Promise<void> {
    if (itemIds.length === 0) return;
    await sql`delete from org.handover_item where id = any(${uuids(itemIds)})`.execute(db);
  },

  async setSnapshot(db: OrgDb | OrgTrx, id: string, snapshot: Partial<Snapshot>): Promise<void> {
    await sql`update org.offboarding set snapshot = ${JSON.stringify(snapshot)}::jsonb
      where id = ${id}::uuid`.execute(db);
  },

  async setState(
    trx: OrgTrx,
    id: string,
    set: {
      state: OffboardingState;
      closed_at?: Date;
      undo_until?: Date;
      undone_at?: Date;
    },
  ): Promise<void> {
    await trx.updateTable('org.offboarding').set(set).where('id', '=', id).execute();
  },

  async setCertificate(db: OrgDb | OrgTrx, id: string, certificate: Measured | null): Promise<void> {
    await sql`update org.offboarding set certificate = ${certificate === null ? null : JSON.stringify(certificate)}::jsonb
      where id = ${id}::uuid`.execute(db);
  },

  /** What a leaver owns in the directory now: people, departments, grants. */
  async owned(
    db: OrgDb | OrgTrx,
    personId: string,
  ): Promise<{ kind: 'report' | 'department_head' | 'role_grant'; subject: string; label: string }[]> {
    const { rows } = await sql<{
      kind: 'report' | 'department_head' | 'role_grant';
      subject: string;
      label: string;
    }>`select 'report' as kind, id::text as subject, display_name as label from org.person
        where manager_id = ${personId}::uuid and status in ('joining', 'active')
      union all select 'department_head', d.id::text, d.name from org.membership m
        join org.department d on d.id = m.department_id
        where m.person_id = ${personId}::uuid and m.until is null and m.is_head and d.state = 'active'
      union all select 'role_grant', g.id::text, case when r.builtin is null then r.name else '@' || r.builtin end
          || case when d.name is null then '' else ' · ' || d.name end
        from org.role_grant g join org.role r on r.id = g.role_id left join org.department d on d.id = g.department_id
        where g.person_id = ${personId}::uuid`.execute(db);
    return rows;
  },

  async ownCounts(
    db: OrgDb | OrgTrx,
    personId: string,
    offboardingId: string,
  ): Promise<{ placements: number; grants: number; reports: number; rooms_without_admin: number }> {
    const { rows } = await sql<{
      placements: number;
      grants: number;
      reports: number;
      rooms_without_admin: number;
    }>`select
        (select count(*) from org.membership where person_id = ${personId}::uuid and until is null) as placements,
        (select count(*) from org.role_grant where person_id = ${personId}::uuid) as grants,
        (select count(*) from org.person where manager_id = ${personId}::uuid and status <> 'left') as reports,
        (select count(*) from org.handover_item where offboarding_id = ${offboardingId}::uuid
          and kind = 'room' and done_at is null) as rooms_without_admin`.execute(db);
    return rows[0] ?? { placements: 0, grants: 0, reports: 0, rooms_without_admin: 0 };
  },
};
