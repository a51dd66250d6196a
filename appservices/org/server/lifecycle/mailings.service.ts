import { platformErrors, type Actor, type MailRow, type MailState } from '@qiao/platform';
import { sql, type Transaction } from 'kysely';
import type { OrgContext } from '../context.ts';
import { outerTrx, type OrgDb } from '../tables.ts';
import type { Activation, Choice } from './activation.service.ts';
import type { Mails } from './mails.service.ts';
import { peopleRepository } from './people.repository.ts';
import type { LifecyclePolicy } from './policy.ts';

/** How many people a mailing names at most. */
const NAMED = 200;
const LISTED = 20;

export interface MailingRow {
  id: string;
  started_by: string;
  started_at: Date;
  without_email: string[];
}
/** How a mailing stands. */
export interface MailingView {
  readonly row: MailingRow;
  readonly counts: Readonly<Record<MailState, number>>;
  readonly activated: number;
  readonly withoutEmail: readonly string[];
  readonly failed: readonly MailRow[];
}

/** Activation by mail for many people at once. */
export interface Mailings {
  start(actor: Actor, choice: Choice): Promise<MailingView>;
  /** Newest first: one's own; all of them for who edits people of the whole company. */
  list(actor: Actor): Promise<MailingView[]>;
  /** @throws DomainError `platform.not_found` */
  get(actor: Actor, id: string): Promise<MailingView>;
}

export function createMailings(
  context: OrgContext,
  parts: { activation: Activation; mails: Mails; policy: LifecyclePolicy },
): Mailings {
  const db = context.db as OrgDb;
  const on = db as unknown as Transaction<never>;
  const { acts, clock, mail, random } = context;
  const { activation, mails, policy } = parts;

  const view = async (row: MailingRow): Promise<MailingView> => {
    const counts: Record<MailState, number> = { waiting: 0, sent: 0, kept: 0, failed: 0 };
    const all = await mail.counts(on, { batch: row.id });
    for (const { state, count } of all) counts[state] += count;
    const persons = [...new Set(all.map(({ person }) => person))];
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from org.person
      where id = any(${persons}::uuid[]) and activated_at is not null`.execute(db);
    const failed =
      counts.failed > 0 ? await mail.list(on, { batch: row.id, state: 'failed', limit: NAMED }) : [];
    return {
      row,
      counts,
      activated: rows[0]?.count ?? 0,
      withoutEmail: row.without_email.slice(0, NAMED),
      failed,
    };
  };
  const overCompany = async (actor: Actor): Promise<boolean> => {
    const { held, tree } = await policy.open(actor);
    if (!held.somewhere('org.person.edit')) throw platformErrors.not_allowed();
    return held.over('org.person.edit', null, tree);
  };

  return {
    async start(actor, choice) {
      const ids = await activation.chosen(actor, choice);
      const row: MailingRow = {
        id: random.uuid(),
        started_by: actor.userId,
        started_at: clock.now(),
        without_email: [],
      };
      await db.transaction().execute(async (trx) => {
        const people = (await peopleRepository.lockMany(trx, ids)).filter(
          (person) => activation.mayHaveLink(person) && person.activated_at === null,
        );
        const waiting = await mails.waiting(trx, ids);
        row.without_email = people.flatMap((person) => (person.email === null ? [person.id] : []));
        const to = people.flatMap((person) =>
          person.email === null || waiting.has(person.id) ? [] : [{ person, email: person.email }],
        );
        await trx.insertInto('org.activation_mailing').values(row).execute();
        await mail.order(
          outerTrx(trx),
          to.map(({ person, email }) => ({
            kind: 'activation',
            to: email,
            person: person.id,
            locale: person.locale,
            requestedBy: actor.userId,
            batch: row.id,
          })),
        );
        await acts.recordMany(
          outerTrx(trx),
          to.map(({ person }) => ({
            actor: actor.userId,
            action: 'org.person.activation_mail',
            subject: `person:${person.id}`,
          })),
        );
      });
      return view(row);
    },

    async list(actor) {
      const all = await overCompany(actor);
      const { rows } = await sql<MailingRow>`select id, started_by, started_at, without_email
        from org.activation_mailing where ${all} or started_by = ${actor.userId}
        order by started_at desc, id desc limit ${LISTED}`.execute(db);
      return Promise.all(rows.map(view));
    },

    async get(actor, id) {
      const all = await overCompany(actor);
      const { rows } = await sql<MailingRow>`select id, started_by, started_at, without_email
        from org.activation_mailing where id = ${id}::uuid and (${all} or started_by = ${actor.userId})`.execute(
        db,
      );
      const [row] = rows;
      if (!row) throw platformErrors.not_found();
      return view(row);
    },
  };
}
