import { sql } from 'kysely';
import type { OrgDb, OrgTrx, PersonStatus, AccountState } from '../tables.ts';

/** A person as the life-cycle sees one. */
export interface LifePerson {
  id: string;
  localpart: string;
  display_name: string;
  sort_name: string;
  title: string | null;
  email: string | null;
  locale: 'zh-Hans' | 'en' | null;
  status: PersonStatus;
  account: AccountState;
  activated_at: Date | null;
  starts_on: string | null;
  manager_id: string | null;
  external_id: string | null;
  phone: string | null;
  applied_names: string | null;
  names_told: string[];
  links_ended_at: Date | null;
}

const COLUMNS = [
  'id',
  'localpart',
  'display_name',
  'sort_name',
  'title',
  'email',
  'locale',
  'status',
  'account',
  'activated_at',
  'starts_on',
  'manager_id',
  'external_id',
  'phone',
  'applied_names',
  'names_told',
  'links_ended_at',
] as const;

export const peopleRepository = {
  async find(db: OrgDb | OrgTrx, id: string): Promise<LifePerson | undefined> {
    return db.selectFrom('org.person').select(COLUMNS).where('id', '=', id).executeTakeFirst();
  },

  async lock(trx: OrgTrx, id: string): Promise<LifePerson | undefined> {
    return trx.selectFrom('org.person').select(COLUMNS).where('id', '=', id).forUpdate().executeTakeFirst();
  },

  /** Always in the order of ids, so that two callers cannot wait for each other. */
  async lockMany(trx: OrgTrx, ids: readonly string[]): Promise<LifePerson[]> {
    return trx
      .selectFrom('org.person')
      .select(COLUMNS)
      .where(sql<boolean>`id = any(${[...ids]}::uuid[])`)
      .orderBy('id')
      .forUpdate()
      .execute();
  },

  async many(db: OrgDb | OrgTrx, ids: readonly string[]): Promise<LifePerson[]> {
    return db
      .selectFrom('org.person')
      .select(COLUMNS)
      .where(sql<boolean>`id = any(${[...ids]}::uuid[])`)
      .execute();
  },

  async withoutPassword(db: OrgDb): Promise<string[]> {
    const rows = await db.selectFrom('org.person').select('id').where('activated_at', 'is', null).execute();
    return rows.map((row) => row.id);
  },

  async byLocalpart(db: OrgDb | OrgTrx, localpart: string): Promise<LifePerson | undefined> {
    return db.selectFrom('org.person').select(COLUMNS).where('localpart', '=', localpart).executeTakeFirst();
  },

  /** People below a department who could be activated: with their departments' subtree. */
  async inSubtree(db: OrgDb, departmentId: string): Promise<string[]> {
    const { rows } = await sql<{ person_id: string }>`with recursive sub as (
        select id from org.department where id = ${departmentId}
        union select d.id from sub join org.department d on d.parent_id = sub.id)
      select distinct m.person_id from org.membership m join sub on sub.id = m.department_id
      where m.until is null`.execute(db);
    return rows.map((row) => row.person_id);
  },

  /** Mails that were ordered until now bring no link any more. */
  async endLinksUnderWay(trx: OrgTrx, id: string, now: Date): Promise<void> {
    await trx.updateTable('org.person').set({ links_ended_at: now }).where('id', '=', id).execute();
  },

  async setAccount(db: OrgDb | OrgTrx, id: string, account: AccountState): Promise<void> {
    await db.updateTable('org.person').set({ account }).where('id', '=', id).execute();
  },
};
