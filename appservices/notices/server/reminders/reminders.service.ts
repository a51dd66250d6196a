import { DomainError, type Locale } from '@qiao/platform';
import { sql, type Selectable } from 'kysely';
import { isConfirmReaction, MIN_URGENT_MINUTES, type Settings } from '../../contract/index.ts';
import type { NoticesBot } from '../bot.ts';
import { localeOf, loose, type Base } from '../context.ts';
import { awake, nextReminder } from '../obligations/obligation.ts';
import {
  obligationsRepository as obligations,
  type ObligationRow,
} from '../obligations/obligations.repository.ts';
import { namesOf } from '../people.ts';
import type { SettingsService } from '../settings/settings.service.ts';
import type { NoticesTrx, ReminderTable } from '../tables.ts';
import type { Witness } from '../witness.ts';
import { SEND_REMINDER_JOB } from './names.ts';
import type { Signals } from './signals.ts';

/** Obligations, or recipients of notices, looked at in one transaction. */
const BATCH = 200;
/** Messages named in one reminder. */
const MAX_LINES = 10;
/** Reminders that went out so long ago are forgotten, milliseconds. */
export const KEEP_REMINDERS_MS = 90 * 24 * 60 * 60_000;

type Reminder = Selectable<ReminderTable>;
type Say = (locale: Locale, key: string, params?: Record<string, unknown>) => string;

export type Reminders = ReturnType<typeof createReminders>;

/** Finds out who is to be reminded of what now, and reminds them. */
export function createReminders(
  base: Base,
  parts: { settings: SettingsService; witness: Witness; signals: Signals; bot: NoticesBot; say: Say },
) {
  const { context, db, org } = base;
  const { settings, witness, signals, bot, say } = parts;
  const { clock, random, queue } = context;
  const link = (path: string): string => `${context.site.settings.public_url.replace(/\/$/, '')}${path}`;

  async function write(
    trx: NoticesTrx,
    reminder: Pick<Reminder, 'user_id' | 'kind'> & Partial<Pick<Reminder, 'obligation_ids' | 'notice_id'>>,
  ): Promise<void> {
    const id = random.uuid();
    await trx
      .insertInto('notices.reminder')
      .values({
        obligation_ids: [],
        notice_id: null,
        ...reminder,
        id,
        created_at: clock.now(),
        sent_at: null,
        outcome: null,
        room_id: null,
        event_id: null,
      })
      .execute();
    // While the homeserver is away, only the newest of a kind waits for it.
    const key = `${SEND_REMINDER_JOB}:${reminder.kind}:${reminder.user_id}:${reminder.notice_id ?? ''}`;
    await queue.enqueue(loose(trx), SEND_REMINDER_JOB, { reminder_id: id }, { key });
  }

  const lastOf = async (
    trx: NoticesTrx,
    userId: string,
    kind: Reminder['kind'],
  ): Promise<Date | undefined> => {
    const row = await trx
      .selectFrom('notices.reminder')
      .select('created_at')
      .where('user_id', '=', userId)
      .where('kind', '=', kind)
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row?.created_at;
  };

  /**
   * When this person may be reminded of this kind; now, or later. Whoever asks and by however many messages: what comes
   * meanwhile is gathered in the next reminder, so that nobody can be flooded.
   */
  async function allowedFrom(
    trx: NoticesTrx,
    userId: string,
    kind: ObligationRow['kind'],
    wishes: Settings,
    now: Date,
  ): Promise<Date> {
    const last = await lastOf(trx, userId, kind);
    const apart = kind === 'question' ? wishes.every_minutes : MIN_URGENT_MINUTES;
    const from = last === undefined ? now : new Date(last.getTime() + apart * 60_000);
    return awake(from > now ? from : now, kind, wishes);
  }

  /** One batch of due obligations: those of a person and kind become one reminder. Answers how many it looked at. */
  async function remindObligations(): Promise<number> {
    return db.transaction().execute(async (trx) => {
      const now = clock.now();
      const due = await obligations.due(trx, now, BATCH);
      const wishesOf = await settings.of(
        due.map((row) => row.asked),
        trx,
      );
      const groups = Map.groupBy(due, (row) => `${row.kind} ${row.asked}`);
      for (const rows of groups.values()) {
        const [first] = rows;
        if (first === undefined) continue;
        const { asked, kind } = first;
        const wishes = wishesOf(asked);
        const from = await allowedFrom(trx, asked, kind, wishes, now);
        if (from > now) {
          for (const row of rows) await obligations.setNext(trx, row.id, from);
          continue;
        }
        await write(trx, { user_id: asked, kind, obligation_ids: rows.map((row) => row.id) });
        for (const row of rows) {
          const after = { ...row, reminders: row.reminders + 1, reminded_at: now };
          await obligations.setReminded(trx, row.id, now, nextReminder(after, wishes, now));
        }
      }
      return due.length;
    });
  }

  async function remindRecipients(): Promise<number> {
    return db.transaction().execute(async (trx) => {
      const now = clock.now();
      const due = await trx
        .selectFrom('notices.recipient as r')
        .innerJoin('notices.notice as n', 'n.id', 'r.notice_id')
        .select(['r.notice_id', 'r.user_id', 'n.state', 'r.confirmed_at', 'r.gone'])
        .where('r.next_remind_at', '<=', now)
        .orderBy('r.next_remind_at')
        .limit(BATCH)
        .forUpdate('r')
        .skipLocked()
        .execute();
      const wishesOf = await settings.of(
        due.map((row) => row.user_id),
        trx,
      );
      for (const row of due) {
        const moot = row.confirmed_at !== null || row.gone || row.state === 'recalled';
        const from = moot ? now : awake(now, 'notice', wishesOf(row.user_id));
        const reminded = !moot && from <= now;
        if (reminded) await write(trx, { user_id: row.user_id, kind: 'notice', notice_id: row.notice_id });
        await trx
          .updateTable('notices.recipient')
          .set({ next_remind_at: moot || reminded ? null : from, ...(reminded ? { reminded_at: now } : {}) })
          .where('notice_id', '=', row.notice_id)
          .where('user_id', '=', row.user_id)
          .execute();
      }
      return due.length;
    });
  }

  /** Those that are still open, by what the homeserver knows of their messages now. */
  async function stillOpen(reminder: Reminder): Promise<ObligationRow[]> {
    const open = (await obligations.byIds(db, reminder.obligation_ids)).filter((row) => row.state === 'open');
    const kept: ObligationRow[] = [];
    for (const row of open) {
      const end = async (
        state: 'answered' | 'ended',
        how: 'reaction' | 'left' | 'deleted',
      ): Promise<void> => {
        await obligations.close(db, [row.id], { state, how, by: 'system:homeserver', at: clock.now() });
        await signals.enqueue(db, [row.asker, row.asked]);
      };
      try {
        const testimony = await witness.ofMessage({ ...row, by: row.asker }, [row.asked], { patient: true });
        if (testimony.redacted) await end('ended', 'deleted');
        else if (!testimony.joined.includes(row.asked)) await end('ended', 'left');
        else if (testimony.reacted.includes(row.asked) && row.kind !== 'unread')
          await end('answered', 'reaction');
        else kept.push(row);
      } catch (error) {
        if (!(error instanceof DomainError && error.code === 'notices.not_your_message')) throw error;
        await end('ended', 'left');
      }
    }
    return kept;
  }

  async function textOf(
    reminder: Reminder,
    open: readonly ObligationRow[],
  ): Promise<{ body: string; formattedBody: string } | undefined> {
    const person = await org.personByUserId(reminder.user_id);
    if (person?.status !== 'active') return undefined;
    const locale = await localeOf(org, person);
    const lines: { text: string; url: string }[] = [];
    if (reminder.kind === 'notice') {
      const notice = await db
        .selectFrom('notices.notice')
        .select(['id', 'title', 'state'])
        .where('id', '=', reminder.notice_id ?? '')
        .executeTakeFirst();
      if (notice === undefined || notice.state === 'recalled') return undefined;
      lines.push({ text: notice.title, url: link(`/x/notices/notices/${notice.id}`) });
    } else {
      const name = await namesOf(
        org,
        open.map((row) => row.asker),
      );
      const time = new Intl.DateTimeFormat(locale === 'en' ? 'en' : 'zh-CN', {
        dateStyle: 'medium',
        timeStyle: 'short',
        timeZone: (await settings.of([reminder.user_id]))(reminder.user_id).zone,
      });
      for (const row of open.slice(0, MAX_LINES)) {
        lines.push({
          text: say(locale, 'remind.line', {
            name: name(row.asker).display_name,
            time: time.format(row.created_at),
          }),
          // A permalink (Matrix appendices, "matrix.to navigation"): clients open the message, and nothing leaves them.
          url: `https://matrix.to/#/${encodeURIComponent(row.room_id)}/${encodeURIComponent(row.event_id)}`,
        });
      }
    }
    const head = say(locale, `remind.${reminder.kind}`, { count: Math.max(open.length, 1) });
    const hint = say(locale, `remind.${reminder.kind}_hint`);
    const escape = (text: string): string =>
      text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
    return {
      body: [head, ...lines.map((line) => `- ${line.text}: ${line.url}`), hint].join('\n'),
      formattedBody: `<p>${escape(head)}</p><ul>${lines
        .map((line) => `<li><a href="${escape(line.url)}">${escape(line.text)}</a></li>`)
        .join('')}</ul><p>${escape(hint)}</p>`,
    };
  }

  async function waitsForConfirmation(reminder: Reminder): Promise<boolean> {
    const row = await db
      .selectFrom('notices.recipient')
      .select('user_id')
      .where('notice_id', '=', reminder.notice_id)
      .where('user_id', '=', reminder.user_id)
      .where('confirmed_at', 'is', null)
      .where('gone', '=', false)
      .executeTakeFirst();
    return row !== undefined;
  }

  async function settle(
    ids: readonly string[],
    outcome: 'sent' | 'settled' | 'client',
    sent?: { room_id: string; event_id: string },
  ): Promise<void> {
    if (ids.length === 0) return;
    await db
      .updateTable('notices.reminder')
      .set({ outcome, sent_at: clock.now(), ...(sent ?? {}) })
      .where('id', 'in', [...ids])
      .execute();
  }

  return {
    /** Writes down all reminders that are due. Safe to run twice and at once. */
    async runDue(signal: AbortSignal): Promise<void> {
      for (const batch of [remindObligations, remindRecipients]) {
        while (!signal.aborted && (await batch()) === BATCH);
      }
    },

    /**
     * Sends one reminder, with those of the same kind that still wait; what was answered meanwhile is left out.
     * Safe to run twice.
     */
    async send(reminderId: string): Promise<void> {
      const asked = await db
        .selectFrom('notices.reminder')
        .selectAll()
        .where('id', '=', reminderId)
        .executeTakeFirst();
      if (asked?.outcome !== null) return;
      const waiting = await db
        .selectFrom('notices.reminder')
        .selectAll()
        .where('user_id', '=', asked.user_id)
        .where('kind', '=', asked.kind)
        .where('notice_id', 'is not distinct from', asked.notice_id)
        .where('outcome', 'is', null)
        .execute();
      const reminder = {
        ...asked,
        obligation_ids: [...new Set(waiting.flatMap((one) => one.obligation_ids))],
      };
      const others = waiting.map((one) => one.id).filter((id) => id !== asked.id);
      const open = reminder.kind === 'notice' ? [] : await stillOpen(reminder);
      const needed = reminder.kind === 'notice' ? await waitsForConfirmation(reminder) : open.length > 0;
      const text = needed ? await textOf(reminder, open) : undefined;
      if (text === undefined) {
        await settle([asked.id, ...others], 'settled');
        return;
      }
      await signals.enqueue(db, [reminder.user_id]);
      const { direct } = (await settings.of([reminder.user_id]))(reminder.user_id);
      const sent = direct ? await bot.tell(reminder.user_id, text, `reminder-${reminder.id}`) : undefined;
      await db
        .updateTable('notices.reminder')
        .set({ obligation_ids: open.map((row) => row.id) })
        .where('id', '=', asked.id)
        .execute();
      await settle([asked.id], sent === undefined ? 'client' : 'sent', sent);
      await settle(others, 'settled');
    },

    /**
     * A stock client's answer to a reminder: ✅ or a reply settles what it named. Undefined for a message that is no
     * reminder of the sender's; of one about a notice its id, for the caller to go on with.
     */
    async answered(response: {
      event_id: string;
      sender: string;
      key: string | null;
    }): Promise<{ notice_id: string | null } | undefined> {
      const reminder = await db
        .selectFrom('notices.reminder')
        .selectAll()
        .where('event_id', '=', response.event_id)
        .where('user_id', '=', response.sender)
        .executeTakeFirst();
      if (reminder === undefined) return undefined;
      if (response.key !== null && !isConfirmReaction(response.key)) return { notice_id: null };
      await db.transaction().execute(async (trx) => {
        const rows = await obligations.close(trx, reminder.obligation_ids, {
          state: 'answered',
          how: reminder.kind === 'urgent' ? 'confirmed' : 'handled',
          by: response.sender,
          at: clock.now(),
        });
        await signals.enqueue(
          trx,
          rows.flatMap((row) => [row.asker, row.asked]),
        );
      });
      return { notice_id: reminder.notice_id };
    },

    /** What a leaver owes, or waits for, ends. */
    async forget(userId: string): Promise<void> {
      await db.transaction().execute(async (trx) => {
        const rows = await obligations.endAllOf(trx, userId, clock.now());
        await signals.enqueue(
          trx,
          rows.map((row) => (row.asked === userId ? row.asker : row.asked)),
        );
      });
    },

    async sweep(): Promise<void> {
      const before = new Date(clock.now().getTime() - KEEP_REMINDERS_MS);
      await sql`delete from notices.reminder where created_at < ${before}`.execute(db);
    },
  };
}
