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
  const select = sql`select p.id, p.localpart, p.display_name, coalesce(p.reads, p.locale) as locale,
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

    /** True where a room is a department's, and so belongs to many. */
    async isDepartmentRoom(roomId: string): Promise<boolean> {
      const { rows } = await sql<{ found: boolean }>`select exists (select 1 from org.department
        where room_id = ${roomId} or space_id = ${roomId}) as found`.execute(db);
      return rows[0]?.found ?? false;
    },
  };
}

export type BotRepository = ReturnType<typeof createBotRepository>;
