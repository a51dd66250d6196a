import { sql } from 'kysely';
import type { OrgDb, OrgTrx } from '../tables.ts';

export interface PasswordRequestRow {
  id: string;
  person_id: string;
  first_at: Date;
  last_at: Date;
  times: number;
  state: 'open' | 'mailed' | 'done' | 'closed';
  mail_id: string | null;
  mailed_at: Date | null;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const COLUMNS = sql.raw('r.id, r.person_id, r.first_at, r.last_at, r.times, r.state, r.mail_id, r.mailed_at');

/** All SQL over `org.password_request`. */
export const passwordRequestsRepository = {
  /** The one that runs, locked. The person's row is locked before. */
  async running(trx: OrgTrx, personId: string): Promise<PasswordRequestRow | undefined> {
    const { rows } = await sql<PasswordRequestRow>`select ${COLUMNS} from org.password_request r
      where r.person_id = ${personId}::uuid and r.state in ('open', 'mailed') for update`.execute(trx);
    return rows[0];
  },

  async find(db: OrgDb | OrgTrx, id: string): Promise<PasswordRequestRow | undefined> {
    const { rows } = await sql<PasswordRequestRow>`select ${COLUMNS} from org.password_request r
      where r.id = ${id}::uuid`.execute(db);
    return rows[0];
  },

  async begin(trx: OrgTrx, row: { id: string; personId: string; at: Date }): Promise<void> {
    await trx
      .insertInto('org.password_request')
      .values({
        id: row.id,
        person_id: row.personId,
        first_at: row.at,
        last_at: row.at,
        state: 'open',
        mail_id: null,
        mailed_at: null,
        told_at: null,
      })
      .execute();
  },

  async again(trx: OrgTrx, id: string, at: Date): Promise<void> {
    await sql`update org.password_request set last_at = ${at}, times = times + 1 where id = ${id}::uuid`.execute(
      trx,
    );
  },

  async mailed(trx: OrgTrx, id: string, mailId: string, at: Date): Promise<void> {
    await sql`update org.password_request set state = 'mailed', mail_id = ${mailId}::uuid, mailed_at = ${at}
      where id = ${id}::uuid`.execute(trx);
  },

  /** Back to the administrators, because the mail did not go. */
  async unmailed(trx: OrgTrx, mailId: string): Promise<PasswordRequestRow | undefined> {
    const { rows } = await sql<PasswordRequestRow>`update org.password_request r set state = 'open'
      where r.mail_id = ${mailId}::uuid and r.state = 'mailed' returning ${COLUMNS}`.execute(trx);
    return rows[0];
  },

  /** True for who is to tell the administrators: they hear of a request once a day. */
  async claimTelling(trx: OrgTrx, id: string, at: Date): Promise<boolean> {
    const result = await sql`update org.password_request set told_at = ${at}
      where id = ${id}::uuid and (told_at is null or told_at <= ${new Date(at.getTime() - DAY_MS)})`.execute(
      trx,
    );
    return Number(result.numAffectedRows ?? 0) > 0;
  },

  /** No mail goes any more for now: an administrator has to help. */
  async reopen(trx: OrgTrx, id: string): Promise<void> {
    await sql`update org.password_request set state = 'open' where id = ${id}::uuid`.execute(trx);
  },

  /** Requests that nobody has repeated since are over: the person has found another way. */
  async closeIdle(db: OrgDb, before: Date): Promise<void> {
    await sql`update org.password_request set state = 'closed'
      where state in ('open', 'mailed') and last_at < ${before}`.execute(db);
  },

  /** Somebody helped, or the password is set. */
  async settle(
    trx: OrgTrx,
    personIds: readonly string[],
    states: readonly ('open' | 'mailed')[],
  ): Promise<void> {
    await sql`update org.password_request set state = 'done'
      where person_id = any(${[...personIds]}::uuid[]) and state = any(${[...states]}::text[])`.execute(trx);
  },

  async close(trx: OrgTrx, id: string): Promise<void> {
    await sql`update org.password_request set state = 'closed'
      where id = ${id}::uuid and state in ('open', 'mailed')`.execute(trx);
  },

  /** Accounts that may edit people somewhere; whether this person, the policy says. */
  async editors(trx: OrgTrx, now: Date): Promise<string[]> {
    const { rows } = await sql<{ localpart: string }>`select distinct p.localpart from org.role_grant g
      join org.role r on r.id = g.role_id join org.person p on p.id = g.person_id
      where 'org.person.edit' = any(r.permissions) and (g.ends_at is null or g.ends_at > ${now})
        and p.status = 'active' order by p.localpart`.execute(trx);
    return rows.map((row) => row.localpart);
  },

  /** People of whom there are requests. */
  async persons(db: OrgDb): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`select distinct r.person_id as id from org.password_request r
      join org.person p on p.id = r.person_id where p.status in ('joining', 'active')`.execute(db);
    return rows.map((row) => row.id);
  },

  /** Open ones first, then the latest. */
  async list(
    db: OrgDb,
    personIds: readonly string[],
    page: { after?: { open: boolean; at: Date; id: string } | undefined; limit: number },
  ): Promise<PasswordRequestRow[]> {
    const { after } = page;
    const { rows } = await sql<PasswordRequestRow>`select ${COLUMNS} from org.password_request r
      where r.person_id = any(${[...personIds]}::uuid[])
        ${after === undefined ? sql`` : sql`and (r.state = 'open', r.last_at, r.id) < (${after.open}, ${after.at}, ${after.id}::uuid)`}
      order by r.state = 'open' desc, r.last_at desc, r.id desc limit ${page.limit}`.execute(db);
    return rows;
  },

  async sweep(db: OrgDb, before: Date): Promise<void> {
    await sql`delete from org.password_request where last_at < ${before}`.execute(db);
  },
};
