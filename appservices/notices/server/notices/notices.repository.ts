import { sql, type Selectable, type Updateable } from 'kysely';
import type { Audience, NoticeState, Progress } from '../../contract/index.ts';
import type { DeliveryTable, NoticesDb, NoticesTrx, NoticeTable, RecipientTable } from '../tables.ts';

export type NoticeRow = Selectable<NoticeTable>;
export type RecipientRow = Selectable<RecipientTable>;
export type DeliveryRow = Selectable<DeliveryTable>;
type On = NoticesDb | NoticesTrx;

/** What of a person decides which notices are theirs. */
export interface Standing {
  readonly user_id: string;
  readonly departments: readonly string[];
  /** With all above. */
  readonly branch: readonly string[];
  readonly roles: readonly string[];
}

/** A notice with what the reader did with it. */
export type NoticeForReader = NoticeRow &
  Pick<RecipientRow, 'seen_at' | 'confirmed_at'> & { recipient: boolean };

const INSERT_AT_ONCE = 5000;

const isFor = ({ departments, branch, roles }: Standing) => sql<boolean>`(
  (n.audience ->> 'everybody')::boolean
  or exists (select 1 from jsonb_array_elements(n.audience -> 'departments') d
    where d ->> 'id' = any(${[...departments]}::text[])
      or ((d ->> 'subtree')::boolean and d ->> 'id' = any(${[...branch]}::text[])))
  or exists (select 1 from jsonb_array_elements_text(n.audience -> 'roles') x where x = any(${[...roles]}::text[])))`;

/** All SQL on notices. */
export const noticesRepository = {
  async insert(
    trx: NoticesTrx,
    notice: Pick<NoticeRow, 'id' | 'author' | 'title' | 'body' | 'confirm'> & {
      audience: Audience;
      at: Date;
    },
  ): Promise<NoticeRow> {
    const { at, audience, ...row } = notice;
    return trx
      .insertInto('notices.notice')
      .values({
        ...row,
        audience: JSON.stringify(audience),
        created_at: at,
        updated_at: at,
        scheduled_at: null,
        sent_at: null,
        recalled_at: null,
        reminded_at: null,
        sender: null,
        problem: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
  },

  find(on: On, id: string): Promise<NoticeRow | undefined> {
    return on.selectFrom('notices.notice').selectAll().where('id', '=', id).executeTakeFirst();
  },

  lock(trx: NoticesTrx, id: string): Promise<NoticeRow | undefined> {
    return trx.selectFrom('notices.notice').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  },

  async update(
    trx: NoticesTrx,
    id: string,
    change: Omit<Updateable<NoticeTable>, 'audience' | 'version'> & { audience?: Audience },
  ): Promise<NoticeRow> {
    const { audience, ...rest } = change;
    return trx
      .updateTable('notices.notice')
      .set((of) => ({
        ...rest,
        ...(audience === undefined ? {} : { audience: JSON.stringify(audience) }),
        version: of('version', '+', 1),
      }))
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
  },

  async remove(trx: NoticesTrx, id: string): Promise<void> {
    await trx.deleteFrom('notices.notice').where('id', '=', id).execute();
  },

  /** Those somebody manages; of everybody with `author` undefined. Newest first. */
  managed(
    on: On,
    query: {
      author: string | undefined;
      states: readonly NoticeState[];
      after: { at: Date; id: string } | undefined;
      limit: number;
    },
  ): Promise<NoticeRow[]> {
    const { author, after } = query;
    return on
      .selectFrom('notices.notice')
      .selectAll()
      .where('state', 'in', [...query.states])
      .$if(author !== undefined, (select) => select.where('author', '=', author ?? ''))
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

  /** Those that went to the reader, or are for people like the reader; newest first. */
  async forReader(
    on: On,
    reader: Standing,
    query: {
      id?: string;
      toConfirm: boolean;
      after: { at: Date; id: string } | undefined;
      limit: number;
    },
  ): Promise<NoticeForReader[]> {
    const { id, toConfirm, after } = query;
    const { rows } =
      await sql<NoticeForReader>`select n.*, r.seen_at, r.confirmed_at, r.user_id is not null as recipient
      from notices.notice n
      left join notices.recipient r on r.notice_id = n.id and r.user_id = ${reader.user_id}
      where n.sent_at is not null
        and (r.user_id is not null or (n.state <> 'recalled' and ${isFor(reader)}))
        and (${id ?? null}::uuid is null or n.id = ${id ?? null}::uuid)
        and (not ${toConfirm}::boolean or (n.confirm and n.state <> 'recalled' and r.user_id is not null and not r.late
          and r.confirmed_at is null))
        and (${after?.at ?? null}::timestamptz is null
          or (n.sent_at, n.id) < (${after?.at ?? null}::timestamptz, ${after?.id ?? null}::uuid))
      order by n.sent_at desc, n.id desc limit ${query.limit}`.execute(on);
    return rows;
  },

  async toConfirm(on: On, userId: string): Promise<number> {
    const { rows } = await sql<{ count: string }>`select count(*) as count from notices.recipient r
      join notices.notice n on n.id = r.notice_id
      where r.user_id = ${userId} and not r.late and r.confirmed_at is null and n.confirm
        and n.sent_at is not null and n.state <> 'recalled'`.execute(on);
    return Number(rows[0]?.count ?? 0);
  },

  /** What the reader did with a notice; who came into the audience later is written down now. */
  async mark(
    on: On,
    noticeId: string,
    userId: string,
    at: Date,
    confirmed: 'client' | 'reaction' | 'reply' | undefined,
  ): Promise<void> {
    await sql`insert into notices.recipient as r (notice_id, user_id, late, seen_at, confirmed_at, confirmed_how)
      values (${noticeId}::uuid, ${userId}, true, ${at}, ${confirmed === undefined ? null : at}::timestamptz,
        ${confirmed ?? null}::text)
      on conflict (notice_id, user_id) do update set
        seen_at = coalesce(r.seen_at, excluded.seen_at),
        confirmed_how = case when r.confirmed_at is null then excluded.confirmed_how else r.confirmed_how end,
        confirmed_at = coalesce(r.confirmed_at, excluded.confirmed_at),
        next_remind_at = case when excluded.confirmed_at is null then r.next_remind_at end`.execute(on);
  },

  async addRecipients(
    trx: NoticesTrx,
    noticeId: string,
    people: { readonly recipients: ReadonlySet<string>; readonly waiting: ReadonlySet<string> },
  ): Promise<void> {
    const userIds = [...people.recipients];
    const waiting = [...people.waiting];
    for (let at = 0; at < userIds.length; at += INSERT_AT_ONCE) {
      await sql`insert into notices.recipient (notice_id, user_id, waiting)
        select ${noticeId}::uuid, x, x = any(${waiting}::text[])
        from unnest(${userIds.slice(at, at + INSERT_AT_ONCE)}::text[]) x
        on conflict do nothing`.execute(trx);
    }
  },

  async addDeliveries(
    trx: NoticesTrx,
    noticeId: string,
    kind: 'room' | 'direct',
    targets: readonly string[],
  ): Promise<void> {
    for (let at = 0; at < targets.length; at += INSERT_AT_ONCE) {
      await sql`insert into notices.delivery (id, notice_id, kind, target)
        select gen_random_uuid(), ${noticeId}::uuid, ${kind}, unnest(${targets.slice(at, at + INSERT_AT_ONCE)}::text[])
        on conflict do nothing`.execute(trx);
    }
  },

  deliveries(on: On, noticeId: string, state: DeliveryRow['state'], limit: number): Promise<DeliveryRow[]> {
    return (
      on
        .selectFrom('notices.delivery')
        .selectAll()
        .where('notice_id', '=', noticeId)
        .where('state', '=', state)
        // Rooms first: they reach most people. What failed comes last, so that it holds up nothing.
        .orderBy('attempts')
        .orderBy('kind', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute()
    );
  },

  async setDelivery(on: On, id: string, change: Updateable<DeliveryTable>): Promise<void> {
    await on.updateTable('notices.delivery').set(change).where('id', '=', id).execute();
  },

  byMessage(on: On, eventId: string): Promise<DeliveryRow | undefined> {
    return on.selectFrom('notices.delivery').selectAll().where('event_id', '=', eventId).executeTakeFirst();
  },

  async progress(on: On, notice: NoticeRow): Promise<Progress> {
    const people = await sql<{
      recipients: string;
      not_activated: string;
      seen: string;
      confirmed: string;
    }>`select
        count(*) as recipients, count(*) filter (where waiting) as not_activated, count(seen_at) as seen, count(confirmed_at) as confirmed
      from notices.recipient where notice_id = ${notice.id} and not gone`.execute(on);
    const states = await on
      .selectFrom('notices.delivery')
      .select((of) => ['state', of.fn.countAll<string>().as('count')])
      .where('notice_id', '=', notice.id)
      .groupBy('state')
      .execute();
    const count = (state: DeliveryRow['state']): number =>
      Number(states.find((row) => row.state === state)?.count ?? 0);
    const [row] = people.rows;
    return {
      recipients: Number(row?.recipients ?? 0),
      not_activated: Number(row?.not_activated ?? 0),
      seen: Number(row?.seen ?? 0),
      confirmed: Number(row?.confirmed ?? 0),
      deliveries: {
        waiting: count('waiting'),
        sent: count('sent'),
        skipped: count('skipped'),
        failed: count('failed'),
        redacted: count('redacted'),
      },
      reminded_at: notice.reminded_at?.toISOString() ?? null,
    };
  },

  recipients(
    on: On,
    noticeId: string,
    query: { show: 'pending' | 'confirmed'; after: string | undefined; limit: number },
  ): Promise<RecipientRow[]> {
    return on
      .selectFrom('notices.recipient')
      .selectAll()
      .where('notice_id', '=', noticeId)
      .where('gone', '=', false)
      .where('confirmed_at', query.show === 'pending' ? 'is' : 'is not', null)
      .$if(query.after !== undefined, (select) => select.where('user_id', '>', query.after ?? ''))
      .orderBy('user_id')
      .limit(query.limit)
      .execute();
  },

  async recipientIds(on: On, noticeId: string, limit: number): Promise<string[]> {
    const rows = await on
      .selectFrom('notices.recipient')
      .select('user_id')
      .where('notice_id', '=', noticeId)
      .where('gone', '=', false)
      .limit(limit)
      .execute();
    return rows.map((row) => row.user_id);
  },

  /** Makes a reminder due for everybody who has not confirmed. */
  async remindAll(trx: NoticesTrx, noticeId: string, at: Date): Promise<number> {
    const result = await trx
      .updateTable('notices.recipient')
      .set({ next_remind_at: at })
      .where('notice_id', '=', noticeId)
      .where('confirmed_at', 'is', null)
      .where('gone', '=', false)
      // Nothing could reach them.
      .where('waiting', '=', false)
      .executeTakeFirst();
    return Number(result.numUpdatedRows);
  },

  /** Locks those whose time has come; those another process works on are left to it. */
  dueScheduled(trx: NoticesTrx, now: Date): Promise<NoticeRow[]> {
    return trx
      .selectFrom('notices.notice')
      .selectAll()
      .where('state', '=', 'scheduled')
      .where('scheduled_at', '<=', now)
      .orderBy('scheduled_at')
      .limit(20)
      .forUpdate()
      .skipLocked()
      .execute();
  },

  async setCome(on: On, userId: string): Promise<void> {
    await on
      .updateTable('notices.recipient')
      .set({ waiting: false })
      .where('user_id', '=', userId)
      .where('waiting', '=', true)
      .execute();
  },

  async setGone(on: On, userId: string, gone: boolean): Promise<void> {
    await on
      .updateTable('notices.recipient')
      .set({ gone, ...(gone ? { next_remind_at: null } : {}) })
      .where('user_id', '=', userId)
      .execute();
  },

  /** Drafts and what is scheduled by somebody. */
  unsentOf(on: On, author: string): Promise<NoticeRow[]> {
    return on
      .selectFrom('notices.notice')
      .selectAll()
      .where('author', '=', author)
      .where('state', 'in', ['draft', 'scheduled'])
      .execute();
  },
};
