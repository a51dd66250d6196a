import type { Locale } from '@qiao/platform';
import { sql } from 'kysely';
import type { OrgDb } from '../tables.ts';

/** A person as the bot speaks of them. */
export interface BotPerson {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly locale: Locale | null;
  /** Names of the departments, the primary one first. */
  readonly departments: readonly string[];
}

/** What the bot reads of the directory. */
export function createBotRepository(db: OrgDb, serverName: string) {
  interface Row {
    id: string;
    localpart: string;
    display_name: string;
    locale: Locale | null;
    departments: string[];
  }
  const present = (row: Row): BotPerson => ({
    id: row.id,
    userId: `@${row.localpart}:${serverName}`,
    name: row.display_name,
    locale: row.locale,
    departments: row.departments,
  });
  const select = sql`select p.id, p.localpart, p.display_name, p.locale,
      coalesce((select array_agg(d.name order by m.is_primary desc, d.name) from org.membership m
        join org.department d on d.id = m.department_id
        where m.person_id = p.id and m.until is null), '{}') as departments
    from org.person p`;
  return {
    /** Undefined for anybody who is not at the company now. */
    async personOf(userId: string): Promise<BotPerson | undefined> {
      if (!userId.endsWith(`:${serverName}`)) return undefined;
      const localpart = userId.slice(1, -1 - serverName.length);
      const { rows } = await sql<Row>`${select}
        where p.localpart = ${localpart} and p.status in ('joining', 'active')`.execute(db);
      return rows[0] && present(rows[0]);
    },

    /** A person who is to be welcomed and can read it, and where; undefined where nobody is (any more). */
    async toWelcome(
      personId: string,
    ): Promise<{ person: BotPerson; roomId: string | null; department: string } | undefined> {
      const { rows } = await sql<Row & { room_id: string | null; department: string }>`
        select q.*, d.name as department,
          (select rm.room_id from org.room_member rm where rm.room_id = d.room_id and rm.person_id = q.id) as room_id
        from (${select} where p.id = ${personId} and p.status = 'active' and p.keys_at is not null
          and p.greeted_at is null) q
        join org.membership m on m.person_id = q.id and m.until is null and m.is_primary
        join org.department d on d.id = m.department_id and d.state = 'active'`.execute(db);
      const [row] = rows;
      return row && { person: present(row), roomId: row.room_id, department: row.department };
    },

    async setWelcomed(personId: string, at: Date): Promise<void> {
      await sql`update org.person set greeted_at = ${at} where id = ${personId}`.execute(db);
    },
  };
}

export type BotRepository = ReturnType<typeof createBotRepository>;
