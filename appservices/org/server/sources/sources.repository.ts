import { sql } from 'kysely';
import type { ImportMapping } from '../../contract/api.ts';
import type { OrgDb, OrgTrx, SourceTable } from '../tables.ts';

export interface SourceRow {
  id: string;
  kind: SourceTable['kind'];
  name: string;
  settings: Record<string, unknown>;
  mapping: ImportMapping | null;
  schedule: string | null;
  leaver_guard: number;
  enabled: boolean;
  last_run_at: Date | null;
  next_run_at: Date | null;
  people_count: number;
  version: number;
}

export interface ByHandRow {
  id: string;
  display_name: string;
  sort_name: string;
  localpart: string;
  title: string | null;
  email: string | null;
}

export type SourcePatch = Partial<
  Pick<
    SourceRow,
    'name' | 'settings' | 'mapping' | 'schedule' | 'leaver_guard' | 'enabled' | 'last_run_at' | 'next_run_at'
  >
>;

const forDb = (patch: SourcePatch): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(patch).map(([key, value]) => [
      key,
      (key === 'settings' || key === 'mapping') && value !== null ? JSON.stringify(value) : value,
    ]),
  );

const SOURCE = sql`s.id, s.kind, s.name, s.settings, s.mapping, s.schedule, s.leaver_guard::float8 as leaver_guard,
  s.enabled, s.last_run_at, s.next_run_at, s.version,
  (select count(*) from org.person p where p.source_id = s.id and p.status in ('joining', 'active')) as people_count
  from org.source s`;

export const sourcesRepository = {
  async list(db: OrgDb): Promise<SourceRow[]> {
    return (await sql<SourceRow>`select ${SOURCE} order by lower(s.name), s.id`.execute(db)).rows;
  },

  async find(db: OrgDb | OrgTrx, id: string): Promise<SourceRow | undefined> {
    return (await sql<SourceRow>`select ${SOURCE} where s.id = ${id}`.execute(db)).rows[0];
  },

  /** People no source keeps in step, by name. */
  async byHand(
    db: OrgDb,
    after: { name: string; id: string } | undefined,
    limit: number,
  ): Promise<ByHandRow[]> {
    const { rows } = await sql<ByHandRow>`select id, display_name, sort_name, localpart,
        title, email from org.person
      where source_id is null and status <> 'left' and (${after?.id ?? null}::uuid is null
        or (sort_name, id) > (${after?.name ?? null}::text, ${after?.id ?? null}::uuid))
      order by sort_name, id limit ${limit}`.execute(db);
    return rows;
  },

  async countByHand(db: OrgDb): Promise<number> {
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from org.person
      where source_id is null and status <> 'left'`.execute(db);
    return rows[0]?.count ?? 0;
  },

  async insert(
    db: OrgDb | OrgTrx,
    source: { id: string; kind: SourceRow['kind'] } & SourcePatch,
  ): Promise<void> {
    const { id, kind, ...patch } = source;
    await db
      .insertInto('org.source')
      .values({ id, kind, ...forDb(patch) } as never)
      .execute();
  },

  /** Answers false when the version has moved on. */
  async update(db: OrgDb | OrgTrx, id: string, version: number, patch: SourcePatch): Promise<boolean> {
    const result = await db
      .updateTable('org.source')
      .set({ ...forDb(patch), version: sql`version + 1` } as never)
      .where('id', '=', id)
      .where('version', '=', version)
      .executeTakeFirst();
    return result.numUpdatedRows > 0n;
  },

  /**
   * Its people stay and become people kept by hand; its imports stay without it. What a SCIM client kept beside the
   * directory goes with it.
   */
  async remove(trx: OrgTrx, id: string): Promise<boolean> {
    await sql`delete from org.held_leaver where source_id = ${id}`.execute(trx);
    await sql`delete from org.scim_group where source_id = ${id}`.execute(trx);
    await sql`delete from org.scim_user where source_id = ${id}`.execute(trx);
    await sql`update org.person set source_id = null where source_id = ${id}`.execute(trx);
    await sql`update org.import_run set source_id = null where source_id = ${id}`.execute(trx);
    await sql`delete from org.scim_token where source_id = ${id}`.execute(trx);
    const result = await trx.deleteFrom('org.source').where('id', '=', id).executeTakeFirst();
    return result.numDeletedRows > 0n;
  },

  /** Takes the sources whose time has come; a second process does not get them again. */
  async takeDue(trx: OrgTrx, now: Date): Promise<SourceRow[]> {
    const { rows } = await sql<SourceRow>`select ${SOURCE} where s.enabled and s.schedule is not null
      and s.next_run_at <= ${now} and s.kind <> 'scim' order by s.next_run_at
      for update of s skip locked`.execute(trx);
    return rows;
  },

  async scheduled(trx: OrgTrx, id: string, ran: Date, next: Date | null): Promise<void> {
    await sql`update org.source set last_run_at = ${ran}, next_run_at = ${next} where id = ${id}`.execute(
      trx,
    );
  },
};
