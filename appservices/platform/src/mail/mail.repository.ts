import { sql, type Kysely, type Transaction } from 'kysely';
import { parseMailAddress } from './address.ts';
import type { MailListFilter, MailOrder, MailRow, MailState } from './model.ts';
import type { MailErrorCode } from './transport.ts';

type On = Kysely<never> | Transaction<never>;
/** A row with the domain it is of. */
export interface DueMail extends MailRow {
  readonly domain: string;
}

const COLUMNS = sql.raw(
  `id, kind, to_address, person, locale, params, requested_by, batch, state, attempts, created_at, sent_at, next_at,
   give_up_at, error_code, error_text`,
);

export type MailRepository = typeof mailRepository;

/** All SQL over `platform.mail`. */
export const mailRepository = {
  async insert(
    on: On,
    domain: string,
    orders: readonly (MailOrder & { id: string; giveUpAt: Date })[],
    now: Date,
  ): Promise<void> {
    const rows = orders.map((order) => {
      const address = parseMailAddress(order.to);
      return {
        id: order.id,
        kind: order.kind,
        // One that is no address is shown as it stands in the directory, shortened.
        to_address: address ?? order.to.slice(0, 254),
        person: order.person,
        locale: order.locale,
        params: order.params ?? {},
        requested_by: order.requestedBy,
        batch: order.batch ?? null,
        state: address === undefined ? 'failed' : 'waiting',
        give_up_at: order.giveUpAt.toISOString(),
        error_code: address === undefined ? 'bad_address' : null,
      };
    });
    await sql`insert into platform.mail (id, domain, kind, to_address, person, locale, params, requested_by, batch,
        state, created_at, next_at, give_up_at, error_code)
      select x.id, ${domain}, x.kind, x.to_address, x.person, x.locale, x.params, x.requested_by, x.batch, x.state,
        ${now}, case when x.state = 'waiting' then ${now}::timestamptz end, x.give_up_at, x.error_code
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(id uuid, kind text, to_address text, person text,
        locale text, params jsonb, requested_by text, batch uuid, state text, give_up_at timestamptz,
        error_code text)`.execute(on);
  },

  async list(on: On, domain: string, filter: MailListFilter): Promise<MailRow[]> {
    const { state, persons, batch, before } = filter;
    const { rows } = await sql<MailRow>`select ${COLUMNS} from platform.mail where domain = ${domain}
      ${state === undefined ? sql`` : sql`and state = ${state}`}
      ${persons === undefined ? sql`` : sql`and person = any(${[...persons]}::text[])`}
      ${batch === undefined ? sql`` : sql`and batch = ${batch}::uuid`}
      ${before === undefined ? sql`` : sql`and (created_at, id) < (${before.at}, ${before.id}::uuid)`}
      order by created_at desc, id desc limit ${filter.limit}`.execute(on);
    return rows;
  },

  async find(on: On, domain: string, id: string): Promise<MailRow | undefined> {
    const { rows } = await sql<MailRow>`select ${COLUMNS} from platform.mail
      where domain = ${domain} and id = ${id}::uuid`.execute(on);
    return rows[0];
  },

  async counts(
    on: On,
    domain: string,
    { batch }: { batch?: string },
  ): Promise<{ person: string; state: MailState; count: number }[]> {
    const { rows } = await sql<{ person: string; state: MailState; count: number }>`
      select person, state, count(*)::int as count from platform.mail
      where domain = ${domain} ${batch === undefined ? sql`` : sql`and batch = ${batch}::uuid`}
      group by person, state`.execute(on);
    return rows;
  },

  /** Puts a failed or kept one back to the beginning, as one that is ordered now. */
  async again(on: On, domain: string, id: string, now: Date, giveUpAt: Date): Promise<boolean> {
    const result =
      await sql`update platform.mail set state = 'waiting', created_at = ${now}, next_at = ${now}, attempts = 0,
        give_up_at = ${giveUpAt}, error_code = null, error_text = null
      where domain = ${domain} and id = ${id}::uuid and state in ('failed', 'kept')
        and error_code is distinct from 'bad_address'`.execute(on);
    return Number(result.numAffectedRows ?? 0) > 0;
  },

  /** The next one that is due, those to one person before those of a round to many; undefined where none is. */
  async due(on: On, now: Date): Promise<DueMail | undefined> {
    const { rows } = await sql<DueMail>`select domain, ${COLUMNS} from platform.mail
      where state = 'waiting' and next_at <= ${now} order by batch is not null, next_at, id limit 1`.execute(
      on,
    );
    return rows[0];
  },

  async nextDue(on: On): Promise<Date | undefined> {
    const { rows } = await sql<{ at: Date | null }>`select min(next_at) as at from platform.mail
      where state = 'waiting'`.execute(on);
    return rows[0]?.at ?? undefined;
  },

  async settle(on: On, id: string, state: 'sent' | 'kept', at: Date): Promise<void> {
    await sql`update platform.mail set state = ${state}, sent_at = ${at}, next_at = null, attempts = attempts + 1,
      error_code = null, error_text = null where id = ${id}::uuid`.execute(on);
  },

  async notSent(
    on: On,
    id: string,
    failure: { code: MailErrorCode; text: string; next: Date | undefined },
  ): Promise<void> {
    await sql`update platform.mail set state = ${failure.next === undefined ? 'failed' : 'waiting'},
      next_at = ${failure.next ?? null}, attempts = attempts + 1, error_code = ${failure.code},
      error_text = ${failure.text} where id = ${id}::uuid`.execute(on);
  },

  /** Forgets what is long over. */
  async sweep(on: On, before: Date): Promise<void> {
    await sql`delete from platform.mail where state <> 'waiting' and created_at < ${before}`.execute(on);
  },
};
