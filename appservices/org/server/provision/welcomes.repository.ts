import { sql } from 'kysely';
import type { OrgDb } from '../tables.ts';

/** From one line about who is new in a room to the next, milliseconds. */
export const BETWEEN_WELCOMES_MS = 24 * 60 * 60 * 1000;
/** Who activated the account longer ago is not new any more. */
const NEW_DAYS = 7;

/** A line that names who is new in a department's room. */
export interface Welcome {
  readonly id: string;
  readonly roomId: string;
  readonly department: string;
  readonly people: readonly { readonly userId: string; readonly name: string }[];
}

/** What there is to do for a department now. */
export type NextWelcome =
  | { readonly kind: 'say'; readonly welcome: Welcome }
  /** There was a line within the last day: who is new is gathered until then. */
  | { readonly kind: 'later'; readonly at: Date }
  /** Somebody is new, and not in the room yet. */
  | { readonly kind: 'waits' }
  | { readonly kind: 'nobody' };

/** Whom the bot names in which room. A line is written down before it is said, so that it is said once. */
export function createWelcomes(db: OrgDb, serverName: string) {
  const isNew = (now: Date) => sql`p.status = 'active' and p.keys_at is not null and p.greeted_at is null
    and p.activated_at > ${new Date(now.getTime() - NEW_DAYS * 24 * 60 * 60 * 1000)}`;

  return {
    /** The primary department of a person who is still to be named; undefined where nobody is. */
    async departmentOf(personId: string, now: Date): Promise<string | undefined> {
      const { rows } = await sql<{ id: string }>`select d.id from org.person p
        join org.membership m on m.person_id = p.id and m.until is null and m.is_primary
        join org.department d on d.id = m.department_id and d.state = 'active'
        where p.id = ${personId} and ${isNew(now)}`.execute(db);
      return rows[0]?.id;
    },

    /** What is to be said next; a line that was written down and not said comes first, as it is. */
    next: (departmentId: string, now: Date, newId: string): Promise<NextWelcome> =>
      db.transaction().execute(async (trx): Promise<NextWelcome> => {
        const { rows: departments } = await sql<{ name: string; room_id: string | null }>`
          select name, room_id from org.department where id = ${departmentId} and state = 'active'
          for update`.execute(trx);
        const [department] = departments;
        if (!department) return { kind: 'nobody' };
        const { rows: lines } = await sql<{
          id: string;
          room_id: string;
          people: string[];
          made_at: Date;
          said_at: Date | null;
        }>`select id, room_id, people, made_at, said_at from org.welcome
          where department_id = ${departmentId} order by made_at desc limit 1`.execute(trx);
        let [last] = lines;
        // The room has been replaced, or nothing could be said there for a day: it is not said late, or elsewhere.
        const stale =
          last?.said_at === null &&
          (last.room_id !== department.room_id ||
            last.made_at.getTime() + BETWEEN_WELCOMES_MS <= now.getTime());
        if (last && stale) {
          await sql`delete from org.welcome where id = ${last.id}`.execute(trx);
          last = undefined;
        }
        const present = async (
          id: string,
          roomId: string,
          people: readonly string[],
        ): Promise<NextWelcome> => {
          const { rows } = await sql<{ localpart: string; display_name: string }>`
            select p.localpart, p.display_name from unnest(${[...people]}::uuid[]) with ordinality as x(id, at)
            join org.person p on p.id = x.id and p.status = 'active' order by x.at`.execute(trx);
          if (rows.length === 0) {
            await sql`delete from org.welcome where id = ${id}`.execute(trx);
            return { kind: 'nobody' };
          }
          return {
            kind: 'say',
            welcome: {
              id,
              roomId,
              department: department.name,
              people: rows.map((row) => ({
                userId: `@${row.localpart}:${serverName}`,
                name: row.display_name,
              })),
            },
          };
        };
        if (last?.said_at === null) return present(last.id, last.room_id, last.people);
        const { rows: people } = await sql<{ id: string; there: boolean }>`select p.id,
            exists (select 1 from org.room_member rm
              where rm.room_id = ${department.room_id} and rm.person_id = p.id) as there
          from org.person p
          join org.membership m on m.person_id = p.id and m.until is null and m.is_primary
          where m.department_id = ${departmentId} and ${isNew(now)}
          order by p.activated_at, p.id`.execute(trx);
        if (people.length === 0) return { kind: 'nobody' };
        const due = last === undefined ? 0 : last.made_at.getTime() + BETWEEN_WELCOMES_MS;
        if (due > now.getTime()) return { kind: 'later', at: new Date(due) };
        const there = people.filter((person) => person.there).map((person) => person.id);
        if (there.length === 0 || department.room_id === null) return { kind: 'waits' };
        await sql`insert into org.welcome (id, department_id, room_id, people, made_at)
          values (${newId}, ${departmentId}, ${department.room_id}, ${there}::uuid[], ${now})`.execute(trx);
        await sql`update org.person set greeted_at = ${now} where id = any(${there}::uuid[])`.execute(trx);
        return present(newId, department.room_id, there);
      }),

    async said(id: string, at: Date): Promise<void> {
      await sql`update org.welcome set said_at = ${at} where id = ${id}`.execute(db);
    },
  };
}

export type Welcomes = ReturnType<typeof createWelcomes>;
