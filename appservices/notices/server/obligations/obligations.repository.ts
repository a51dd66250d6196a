import { sql, type Selectable } from 'kysely';
import type { CloseHow, ObligationKind, ObligationState } from '../../contract/index.ts';
import type { NoticesDb, NoticesTrx, ObligationTable } from '../tables.ts';

export type ObligationRow = Selectable<ObligationTable>;
type On = NoticesDb | NoticesTrx;

/** One message of a room, with what became of those asked. */
export interface AskedMessageRow {
  readonly event_id: string;
  readonly kind: ObligationKind;
  readonly asker: string;
  readonly due_at: Date | null;
  readonly asked_at: Date;
  readonly asked_count: number;
  readonly answered_count: number;
  readonly my_id: string | null;
  readonly my_state: ObligationState | null;
  readonly my_closed_how: string | null;
}

/** All SQL on obligations. */
export const obligationsRepository = {
  /** Makes one asker's requests wait for each other until the transaction ends, so that limits hold. */
  async lockAsker(trx: NoticesTrx, asker: string): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`notices:${asker}`}, 0))`.execute(trx);
  },

  /** People asked, and urgent messages sent, by somebody since then. */
  async countSince(trx: NoticesTrx, asker: string, since: Date): Promise<{ asked: number; urgent: number }> {
    const row = await trx
      .selectFrom('notices.obligation')
      .select((of) => [
        of.fn.countAll<string>().as('asked'),
        sql<string>`count(distinct event_id) filter (where kind = 'urgent')`.as('urgent'),
      ])
      .where('asker', '=', asker)
      .where((of) => of.or([of('created_at', '>', since), of('reminded_at', '>', since)]))
      .executeTakeFirstOrThrow();
    return { asked: Number(row.asked), urgent: Number(row.urgent) };
  },

  ofEvent(on: On, message: { room_id: string; event_id: string }): Promise<ObligationRow[]> {
    return on
      .selectFrom('notices.obligation')
      .selectAll()
      .where('event_id', '=', message.event_id)
      .where('room_id', '=', message.room_id)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
  },

  /** Messages of a room by which somebody asks, or is asked; newest first. */
  async inRoom(on: On, roomId: string, userId: string, limit: number): Promise<AskedMessageRow[]> {
    const { rows } = await sql<AskedMessageRow>`select o.event_id, o.kind, o.asker, max(o.due_at) as due_at,
        max(o.created_at) as asked_at,
        count(*) filter (where o.state in ('open', 'answered'))::int as asked_count,
        count(*) filter (where o.state = 'answered')::int as answered_count,
        max(o.id::text) filter (where o.asked = ${userId}) as my_id,
        max(o.state) filter (where o.asked = ${userId}) as my_state,
        max(o.closed_how) filter (where o.asked = ${userId}) as my_closed_how
      from notices.obligation o
      where o.room_id = ${roomId} and o.kind <> 'unread' and (o.asker = ${userId} or o.asked = ${userId})
      group by o.event_id, o.kind, o.asker
      order by max(o.created_at) desc, o.event_id limit ${limit}`.execute(on);
    return rows;
  },

  /** How often somebody asked one person since then; of the one asked most. */
  async mostAskedSince(
    trx: NoticesTrx,
    asker: string,
    asked: readonly string[],
    since: Date,
  ): Promise<number> {
    const { rows } = await sql<{ count: string }>`select count(*) as count from notices.obligation
      where asker = ${asker} and asked = any(${[...asked]}::text[]) and created_at > ${since}
      group by asked order by count(*) desc limit 1`.execute(trx);
    return Number(rows[0]?.count ?? 0);
  },

  async insert(trx: NoticesTrx, rows: readonly Omit<ObligationRow, 'reminders'>[]): Promise<void> {
    if (rows.length === 0) return;
    await trx
      .insertInto('notices.obligation')
      .values([...rows])
      .onConflict((conflict) => conflict.columns(['event_id', 'asked', 'kind']).doNothing())
      .execute();
  },

  /** Opens a reminder to read once more. */
  async rearm(trx: NoticesTrx, id: string, next: Date | null): Promise<void> {
    await trx
      .updateTable('notices.obligation')
      .set({
        state: 'open',
        closed_at: null,
        closed_how: null,
        closed_by: null,
        reminders: 0,
        next_remind_at: next,
      })
      .where('id', '=', id)
      .execute();
  },

  find(on: On, id: string): Promise<ObligationRow | undefined> {
    return on.selectFrom('notices.obligation').selectAll().where('id', '=', id).executeTakeFirst();
  },

  byIds(on: On, ids: readonly string[]): Promise<ObligationRow[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return on
      .selectFrom('notices.obligation')
      .selectAll()
      .where('id', 'in', [...ids])
      .orderBy('created_at')
      .orderBy('id')
      .execute();
  },

  /** Ends those that are open; the others stay as they are. */
  async close(
    on: On,
    ids: readonly string[],
    end: {
      state: Exclude<ObligationState, 'open'>;
      how: CloseHow | 'left' | 'deleted';
      by: string;
      at: Date;
    },
  ): Promise<ObligationRow[]> {
    if (ids.length === 0) return [];
    return on
      .updateTable('notices.obligation')
      .set({
        state: end.state,
        closed_at: end.at,
        closed_how: end.how,
        closed_by: end.by,
        next_remind_at: null,
      })
      .where('id', 'in', [...ids])
      .where('state', '=', 'open')
      .returningAll()
      .execute();
  },

  list(
    on: On,
    query: {
      side: 'owe' | 'wait';
      userId: string;
      state: 'open' | 'closed' | undefined;
      kinds: readonly ObligationKind[];
      after: { at: Date; id: string } | undefined;
      limit: number;
    },
  ): Promise<ObligationRow[]> {
    const { side, userId, state, after } = query;
    return on
      .selectFrom('notices.obligation')
      .selectAll()
      .where(side === 'owe' ? 'asked' : 'asker', '=', userId)
      .where('kind', 'in', [...query.kinds])
      .$if(state !== undefined, (select) => select.where('state', state === 'open' ? '=' : '<>', 'open'))
      .$if(after !== undefined, (select) =>
        select.where(
          sql<boolean>`(created_at, id) < (${after?.at ?? null}::timestamptz, ${after?.id ?? null}::uuid)`,
        ),
      )
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(query.limit)
      .execute();
  },

  async counts(on: On, userId: string): Promise<{ owe: number; wait: number }> {
    const { rows } = await sql<{ owe: string; wait: string }>`select
        (select count(*) from notices.obligation where asked = ${userId} and state = 'open' and kind <> 'unread') as owe,
        (select count(*) from notices.obligation where asker = ${userId} and state = 'open' and kind <> 'unread') as wait`.execute(
      on,
    );
    return { owe: Number(rows[0]?.owe ?? 0), wait: Number(rows[0]?.wait ?? 0) };
  },

  /** Everything open that somebody owes or waits for; of a leaver. */
  async endAllOf(on: On, userId: string, at: Date): Promise<ObligationRow[]> {
    return on
      .updateTable('notices.obligation')
      .set({
        state: 'ended',
        closed_at: at,
        closed_how: 'left',
        closed_by: 'system:leaver',
        next_remind_at: null,
      })
      .where((of) => of.or([of('asked', '=', userId), of('asker', '=', userId)]))
      .where('state', '=', 'open')
      .returningAll()
      .execute();
  },

  /** Locks some whose reminder is due; those another process works on are left to it. */
  due(trx: NoticesTrx, now: Date, limit: number): Promise<ObligationRow[]> {
    return trx
      .selectFrom('notices.obligation')
      .selectAll()
      .where('state', '=', 'open')
      .where('next_remind_at', '<=', now)
      .orderBy('next_remind_at')
      .limit(limit)
      .forUpdate()
      .skipLocked()
      .execute();
  },

  async setNext(trx: NoticesTrx, id: string, next: Date | null): Promise<void> {
    await trx.updateTable('notices.obligation').set({ next_remind_at: next }).where('id', '=', id).execute();
  },

  async setReminded(trx: NoticesTrx, id: string, at: Date, next: Date | null): Promise<void> {
    await trx
      .updateTable('notices.obligation')
      .set((of) => ({ reminders: of('reminders', '+', 1), reminded_at: at, next_remind_at: next }))
      .where('id', '=', id)
      .execute();
  },
};
