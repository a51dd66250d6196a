import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
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
  /** The latest first. */
  list(filter: ActFilter): Promise<ActRow[]>;
}

/** Which acts of the domain are asked for; all that is given has to fit. */
export interface ActFilter {
  readonly subject?: string | undefined;
  readonly action?: string | undefined;
  /** From this moment on. */
  readonly from?: Date | undefined;
  /** Before this moment. */
  readonly to?: Date | undefined;
  /** Condition of the domain's own on `a`, an act. */
  readonly where?: RawBuilder<boolean> | undefined;
  /** Before the act of this id. */
  readonly before?: number | undefined;
  readonly limit: number;
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
    async list({ subject, action, from, to, where, before, limit }) {
      const all = [sql<boolean>`a.domain = ${domain}`];
      if (subject !== undefined) all.push(sql`a.subject = ${subject}`);
      if (action !== undefined) all.push(sql`a.action = ${action}`);
      if (from !== undefined) all.push(sql`a.at >= ${from}`);
      if (to !== undefined) all.push(sql`a.at < ${to}`);
      if (before !== undefined) all.push(sql`a.id < ${before}`);
      if (where !== undefined) all.push(where);
      const rows = await sql<ActRow>`select a.id, a.at, a.actor, a.action, a.subject, a.scope, a.details
        from platform.act a where ${sql.join(all, sql` and `)} order by a.id desc limit ${limit}`.execute(db);
      return rows.rows;
    },
  };
}
