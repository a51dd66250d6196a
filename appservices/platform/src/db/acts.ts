import { sql, type Kysely, type Transaction } from 'kysely';
import type { Clock } from '../clock.ts';

/** An administrative act, written in the same transaction as what it speaks of. No message content. */
export interface Act<Action extends string = string> {
  /** Matrix user id, or `system:<job>` where no person acted. */
  actor: string;
  /** Permission-like name, for example `org.person.suspend`. */
  action: Action;
  /** What was acted on, `<kind>:<id>`. */
  subject: string;
  /** Scope it was done under, `company` or `department:<id>`. */
  scope?: string;
  details?: Readonly<Record<string, unknown>>;
}

export interface ActRow extends Act {
  id: number;
  at: Date;
}

/** The append-only record of administrative acts of one domain; `Action` narrows it to the acts the domain names. */
export interface Acts<Action extends string = string> {
  record: (trx: Transaction<never> | Kysely<never>, act: Act<Action>) => Promise<void>;
  /** Many at once, in one statement. */
  recordMany: (trx: Transaction<never> | Kysely<never>, acts: readonly Act<Action>[]) => Promise<void>;
  list(filter: { subject?: string; before?: number; limit: number }): Promise<ActRow[]>;
}

export function createActs(db: Kysely<unknown>, domain: string, clock: Clock): Acts {
  return {
    async record(trx, act) {
      await sql`insert into platform.act (at, domain, actor, action, subject, scope, details)
        values (${clock.now()}, ${domain}, ${act.actor}, ${act.action}, ${act.subject}, ${act.scope ?? null},
          ${JSON.stringify(act.details ?? {})}::jsonb)`.execute(trx);
    },
    async recordMany(trx, acts) {
      if (acts.length === 0) return;
      const rows = acts.map((act) => ({ ...act, scope: act.scope ?? null, details: act.details ?? {} }));
      await sql`insert into platform.act (at, domain, actor, action, subject, scope, details)
        select ${clock.now()}, ${domain}, a.actor, a.action, a.subject, a.scope, a.details
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          as a(actor text, action text, subject text, scope text, details jsonb)`.execute(trx);
    },
    async list({ subject, before, limit }) {
      const rows = await sql<ActRow>`select id, at, actor, action, subject, scope, details from platform.act
        where domain = ${domain}
          and (${subject ?? null}::text is null or subject = ${subject ?? null})
          and (${before ?? null}::bigint is null or id < ${before ?? null})
        order by id desc limit ${limit}`.execute(db);
      return rows.rows;
    },
  };
}
