import {
  cutPage,
  makeErrors,
  platformErrors,
  readTimeCursor,
  writeTimeCursor,
  type Actor,
} from '@qiao/platform';
import type { Static } from 'typebox';
import {
  noticesErrorTable,
  type AnsweredEvent,
  type AskedMessage,
  type CloseHow,
  type CreateObligations,
  type Obligation,
  type ObligationKind,
  type Pending,
} from '../../contract/index.ts';
import { loose, type Base } from '../context.ts';
import { namesOf, requirePerson } from '../people.ts';
import { REMIND_JOB } from '../reminders/names.ts';
import type { Signals } from '../reminders/signals.ts';
import type { SettingsService } from '../settings/settings.service.ts';
import type { NoticesTrx } from '../tables.ts';
import type { Witness } from '../witness.ts';
import { mayClose, nextReminder, stateAfter } from './obligation.ts';
import { mayBeAsked, requireClose } from './obligations.policy.ts';
import { obligationsRepository as repository, type ObligationRow } from './obligations.repository.ts';

const errors = makeErrors('notices', noticesErrorTable);
const HOUR_MS = 60 * 60_000;
/** Nobody is reminded to read the same message twice within this time, milliseconds. */
export const UNREAD_AGAIN_MS = 10 * 60_000;
const DEFAULT_LIMIT = 50;
const PENDING_LIMIT = 20;
export const IN_ROOM_LIMIT = 200;
const LISTED: readonly ObligationKind[] = ['question', 'urgent'];

export type Obligations = ReturnType<typeof createObligations>;

/** Who owes whom an answer. */
export function createObligations(
  base: Base,
  parts: {
    settings: SettingsService;
    witness: Witness;
    signals: Signals;
    /** Notices the person has to confirm. */
    noticesToConfirm: (userId: string) => Promise<number>;
  },
) {
  const { context, db, org } = base;
  const { settings, witness, signals } = parts;
  const { clock, random, queue } = context;

  async function present(rows: readonly ObligationRow[]): Promise<Obligation[]> {
    const name = await namesOf(
      org,
      rows.flatMap((row) => [row.asker, row.asked]),
    );
    return rows.map((row) => ({
      id: row.id,
      kind: row.kind,
      room_id: row.room_id,
      event_id: row.event_id,
      asker: name(row.asker),
      asked: name(row.asked),
      state: row.state,
      closed_how: row.closed_how,
      closed_at: row.closed_at?.toISOString() ?? null,
      created_at: row.created_at.toISOString(),
      due_at: row.due_at?.toISOString() ?? null,
      reminders: row.reminders,
      reminded_at: row.reminded_at?.toISOString() ?? null,
    }));
  }

  async function requireLimits(
    trx: NoticesTrx,
    asker: string,
    kind: ObligationKind,
    people: readonly string[],
  ): Promise<void> {
    const { asks_per_hour: asks, urgent_per_hour: urgent, asks_of_one_per_hour: ofOne } = context.config;
    const since = new Date(clock.now().getTime() - HOUR_MS);
    const count = await repository.countSince(trx, asker, since);
    if (count.asked + people.length > asks || (kind === 'urgent' && count.urgent >= urgent))
      throw errors.asked_too_much();
    // However many messages there are to ask by: nobody has to answer one person all day.
    if ((await repository.mostAskedSince(trx, asker, people, since)) >= ofOne) throw errors.asked_too_much();
  }

  /** Those who were reminded of this message a moment ago are passed over; all of them: refused. */
  async function rearmUnread(
    trx: NoticesTrx,
    rows: readonly ObligationRow[],
    wishesOf: Awaited<ReturnType<SettingsService['of']>>,
  ): Promise<number> {
    const now = clock.now();
    let again = 0;
    for (const row of rows) {
      const last = row.reminded_at ?? row.created_at;
      if (now.getTime() - last.getTime() < UNREAD_AGAIN_MS) continue;
      const next = nextReminder({ ...row, reminders: 0, created_at: now }, wishesOf(row.asked), now);
      await repository.rearm(trx, row.id, next);
      again++;
    }
    return again;
  }

  return {
    /**
     * Registers that people owe an answer to, a confirmation of, or a look at a message of the caller's.
     * Safe to repeat.
     */
    async create(
      actor: Actor,
      body: CreateObligations,
    ): Promise<{ items: Obligation[]; left_out: string[] }> {
      const person = await requirePerson(org, actor);
      const { room_id, event_id, kind } = body;
      const asker = person.user_id;
      const now = clock.now();
      const due = body.due_at === undefined ? null : new Date(body.due_at);
      if (due !== null && !(due > now)) throw errors.due_in_the_past();
      const wanted = [...new Set(body.asked)].filter((userId) => userId !== asker);
      if (wanted.length === 0) throw errors.nobody_to_ask();
      const testimony = await witness.ofMessage({ room_id, event_id, by: asker }, wanted);
      if (testimony.redacted) throw errors.not_your_message();
      const joined = new Set(testimony.joined);
      const { allowed } = await mayBeAsked(
        org,
        person,
        wanted.filter((userId) => joined.has(userId)),
      );
      const left_out = wanted.filter((userId) => !allowed.includes(userId));
      if (allowed.length === 0) throw errors.nobody_to_ask();
      const wishesOf = await settings.of(allowed);
      const rows = await db.transaction().execute(async (trx) => {
        await repository.lockAsker(trx, asker);
        const known = (await repository.ofEvent(trx, { room_id, event_id })).filter(
          (row) => row.kind === kind && allowed.includes(row.asked),
        );
        const fresh = allowed.filter((userId) => !known.some((row) => row.asked === userId));
        if (fresh.length > 0 || kind === 'unread')
          await requireLimits(trx, asker, kind, kind === 'unread' ? allowed : fresh);
        const again = kind === 'unread' ? await rearmUnread(trx, known, wishesOf) : 0;
        if (kind === 'unread' && fresh.length === 0 && again === 0)
          throw errors.reminded_already({ minutes: UNREAD_AGAIN_MS / 60_000 });
        await repository.insert(
          trx,
          fresh.map((asked) => {
            const one = {
              kind,
              created_at: now,
              due_at: due,
              every_minutes: kind === 'urgent' ? (body.every_minutes ?? null) : null,
              reminders: 0,
              reminded_at: null,
            };
            return {
              ...one,
              id: random.uuid(),
              room_id,
              event_id,
              asker,
              asked,
              state: 'open' as const,
              closed_at: null,
              closed_how: null,
              closed_by: null,
              next_remind_at: nextReminder(one, wishesOf(asked), now),
            };
          }),
        );
        await signals.enqueue(trx, [...allowed, asker]);
        if (kind === 'unread') await queue.enqueue(loose(trx), REMIND_JOB, {}, { key: `${REMIND_JOB}:now` });
        return (await repository.ofEvent(trx, { room_id, event_id })).filter(
          (row) => row.kind === kind && allowed.includes(row.asked),
        );
      });
      return { items: await present(rows), left_out };
    },

    async list(
      actor: Actor,
      query: { side: 'owe' | 'wait'; state?: 'open' | 'closed'; after?: string; limit?: number },
    ): Promise<{ items: Obligation[]; next: string | null }> {
      const { user_id: userId } = await requirePerson(org, actor);
      const limit = query.limit ?? DEFAULT_LIMIT;
      const rows = await repository.list(db, {
        side: query.side,
        userId,
        state: query.state,
        kinds: LISTED,
        after: readTimeCursor(query.after),
        limit: limit + 1,
      });
      const { page, next } = cutPage(rows, limit, (row) => writeTimeCursor(row.created_at, row.id));
      return { items: await present(page), next };
    },

    /** Those of one message that concern the caller. */
    async ofEvent(actor: Actor, message: { room_id: string; event_id: string }): Promise<Obligation[]> {
      const { user_id: userId } = await requirePerson(org, actor);
      const rows = await repository.ofEvent(db, message);
      return present(rows.filter((row) => row.asker === userId || row.asked === userId));
    },

    /** What became of messages of a conversation by which the caller asks or is asked. */
    async inRoom(actor: Actor, roomId: string): Promise<{ items: AskedMessage[]; since: string | null }> {
      const { user_id: userId } = await requirePerson(org, actor);
      const rows = await repository.inRoom(db, roomId, userId, IN_ROOM_LIMIT);
      const name = await namesOf(
        org,
        rows.map((row) => row.asker),
      );
      const items = rows.map((row) => ({
        event_id: row.event_id,
        kind: row.kind,
        asker: name(row.asker),
        asked: row.asked_count,
        answered: row.answered_count,
        due_at: row.due_at?.toISOString() ?? null,
        mine:
          row.my_id === null || row.my_state === null
            ? null
            : { id: row.my_id, state: row.my_state, closed_how: row.my_closed_how },
      }));
      const oldest = rows.length < IN_ROOM_LIMIT ? undefined : rows.at(-1);
      return { items, since: oldest?.asked_at.toISOString() ?? null };
    },

    /** Ends one. Of one that is ended already nothing changes. */
    async close(actor: Actor, id: string, how: CloseHow): Promise<Obligation> {
      const { user_id: userId } = await requirePerson(org, actor);
      const row = await db.transaction().execute(async (trx) => {
        const found = requireClose(await repository.find(trx, id), userId, how);
        const [closed] = await repository.close(trx, [id], {
          state: stateAfter(how),
          how,
          by: userId,
          at: clock.now(),
        });
        if (closed !== undefined) await signals.enqueue(trx, [found.asker, found.asked]);
        return closed ?? found;
      });
      const [item] = await present([row]);
      if (item === undefined) throw platformErrors.not_found();
      return item;
    },

    /** A reply, reaction or receipt that a client saw; nothing happens where nothing is open. */
    async answered(actor: Actor, body: Static<typeof AnsweredEvent>): Promise<number> {
      const { user_id: userId } = await requirePerson(org, actor);
      const { how, by = userId } = body;
      return db.transaction().execute(async (trx) => {
        const rows = (await repository.ofEvent(trx, body)).filter(
          (row) =>
            row.asked === by &&
            (row.asked === userId || row.asker === userId) &&
            mayClose(row, userId, how) === true,
        );
        const closed = await repository.close(
          trx,
          rows.map((row) => row.id),
          { state: stateAfter(how), how, by: userId, at: clock.now() },
        );
        if (closed.length > 0) await signals.enqueue(trx, [...closed.map((row) => row.asker), by]);
        return closed.length;
      });
    },

    async pending(actor: Actor): Promise<Pending> {
      const { user_id: userId } = await requirePerson(org, actor);
      const open = (kind: ObligationKind): Promise<ObligationRow[]> =>
        repository.list(db, {
          side: 'owe',
          userId,
          state: 'open',
          kinds: [kind],
          after: undefined,
          limit: PENDING_LIMIT,
        });
      const [counts, urgent, unread, notices] = await Promise.all([
        repository.counts(db, userId),
        open('urgent'),
        open('unread'),
        parts.noticesToConfirm(userId),
      ]);
      return { ...counts, urgent: await present(urgent), unread: await present(unread), notices };
    },
  };
}
