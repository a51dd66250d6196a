import { MatrixError } from '@qiao/platform/matrix';
import type { JobContext, Locale } from '@qiao/platform';
import { NOTICE_KEY } from '../../contract/index.ts';
import type { NoticesBot } from '../bot.ts';
import { localeOf, loose, type Base } from '../context.ts';
import { namesOf } from '../people.ts';
import { noticeMessage } from './markdown.ts';
import { DELIVER_JOB, queueOf } from './names.ts';
import type { Notices } from './notices.service.ts';
import { noticesRepository as repository, type DeliveryRow, type NoticeRow } from './notices.repository.ts';

/** Messages read from the table at once. */
const BATCH = 25;
/** Messages of one run of the job: then the others get their turn. */
const PER_RUN = 500;
/** Tries of one message, over as many runs of the job. */
const MAX_ATTEMPTS = 8;
/** Failures one after the other that mean that the homeserver is away, and not that a room is odd. */
const MAX_IN_A_ROW = 3;

type Say = (locale: Locale, key: string, params?: Record<string, unknown>) => string;

export type DeliveryService = ReturnType<typeof createDelivery>;

/**
 * Brings notices into rooms, and takes them back. One message after the other, each written down as it is sent: a
 * process that ends in between goes on where it was, and what was sent without being written down is known by its
 * transaction id.
 */
export function createDelivery(base: Base, parts: { notices: Notices; bot: NoticesBot; say: Say }) {
  const { context, db, org, rooms } = base;
  const { notices, bot, say } = parts;

  function messageFor(
    notice: NoticeRow,
    author: string,
    locales: readonly Locale[],
  ): Parameters<typeof rooms.post>[1] {
    // In a room, for readers of each language.
    const each = (key: string, params?: Record<string, unknown>): string =>
      [...new Set(locales.map((locale) => say(locale, key, params)))].join(' / ');
    const { body, formattedBody, tail, htmlTail } = noticeMessage(notice, {
      by: each('notice.by', { name: author }),
      hint: notice.confirm ? each('notice.confirm_hint') : '',
      more: each('notice.more'),
      url: `${context.site.settings.public_url.replace(/\/$/, '')}/x/notices/notices/${notice.id}`,
    });
    return {
      body,
      ...(formattedBody === undefined ? {} : { formatted_body: formattedBody }),
      extra: { [NOTICE_KEY]: { id: notice.id, confirm: notice.confirm, tail, html_tail: htmlTail } },
    };
  }

  async function post(
    notice: NoticeRow,
    delivery: DeliveryRow,
  ): Promise<{ room_id: string; event_id: string } | undefined> {
    const txnId = `notice-${delivery.id}`;
    const author = (await namesOf(org, [notice.author]))(notice.author).display_name;
    if (delivery.kind === 'room')
      return rooms.post(delivery.target, messageFor(notice, author, await org.roomLocales()), txnId);
    const person = await org.personByUserId(delivery.target);
    if (person?.status !== 'active') return undefined;
    const { body, formatted_body, extra } = messageFor(notice, author, [await localeOf(org, person)]);
    const message = {
      body,
      ...(formatted_body === undefined ? {} : { formattedBody: formatted_body }),
      ...(extra === undefined ? {} : { extra: { ...extra } }),
    };
    return bot.tell(delivery.target, message, txnId);
  }

  /** Whether trying again cannot help. */
  const isFinal = (error: unknown): boolean =>
    error instanceof MatrixError && error.status >= 400 && error.status < 500 && error.status !== 429;

  async function sendOne(notice: NoticeRow, delivery: DeliveryRow): Promise<unknown> {
    try {
      const sent = await post(notice, delivery);
      await repository.setDelivery(
        db,
        delivery.id,
        sent === undefined ? { state: 'skipped' } : { state: 'sent', problem: null, ...sent },
      );
      return undefined;
    } catch (error) {
      const attempts = delivery.attempts + 1;
      const failed = isFinal(error) || attempts >= MAX_ATTEMPTS;
      context.log.warn({ err: error, delivery_id: delivery.id, attempts, failed }, 'notice not delivered');
      await repository.setDelivery(db, delivery.id, {
        attempts,
        state: failed ? 'failed' : 'waiting',
        problem: error instanceof MatrixError ? error.errcode : 'unreachable',
      });
      return failed ? undefined : error;
    }
  }

  return {
    /** Sends what still waits. Ends with an error where something is to be tried again. */
    async deliver(noticeId: string, { signal, log }: Pick<JobContext, 'signal' | 'log'>): Promise<void> {
      const notice = await notices.plan(noticeId);
      if (notice?.state !== 'sending') return;
      let sent = 0;
      let inARow = 0;
      let trouble: unknown;
      const tried = new Set<string>();
      while (sent < PER_RUN) {
        const waiting = (await repository.deliveries(db, noticeId, 'waiting', BATCH + tried.size)).filter(
          (one) => !tried.has(one.id),
        );
        if (waiting.length === 0) break;
        for (const delivery of waiting.slice(0, BATCH)) {
          if (signal.aborted) throw new Error('stopped');
          // Recalled in between: nothing more goes out.
          if ((await repository.find(db, noticeId))?.state !== 'sending') return;
          const error = await sendOne(notice, delivery);
          sent++;
          if (error === undefined) {
            inARow = 0;
            continue;
          }
          trouble = error;
          tried.add(delivery.id);
          if (++inARow >= MAX_IN_A_ROW) throw error instanceof Error ? error : new Error('not delivered');
        }
      }
      const left = await repository.deliveries(db, noticeId, 'waiting', 1);
      if (left.length > 0 && trouble !== undefined)
        throw trouble instanceof Error ? trouble : new Error('not delivered');
      await db.transaction().execute(async (trx) => {
        const now = await repository.lock(trx, noticeId);
        if (now?.state !== 'sending') return;
        if (left.length === 0) {
          await repository.update(trx, noticeId, { state: 'sent' });
          return;
        }
        await context.queue.enqueue(
          loose(trx),
          DELIVER_JOB,
          { notice_id: noticeId },
          { key: `${DELIVER_JOB}:${noticeId}`, queue: queueOf(noticeId) },
        );
      });
      log.info({ notice_id: noticeId, messages: sent, left: left.length > 0 }, 'notice sent');
    },

    /** Takes back what was sent of a recalled notice. */
    async recall(noticeId: string, { signal }: Pick<JobContext, 'signal'>): Promise<void> {
      const notice = await repository.find(db, noticeId);
      if (notice?.state !== 'recalled') return;
      let trouble: Error | undefined;
      const tried = new Set<string>();
      for (;;) {
        const sent = (await repository.deliveries(db, noticeId, 'sent', BATCH + tried.size)).filter(
          (one) => !tried.has(one.id),
        );
        if (sent.length === 0) break;
        for (const delivery of sent) {
          if (signal.aborted) throw new Error('stopped');
          const { room_id: roomId, event_id: eventId } = delivery;
          if (roomId === null || eventId === null) continue;
          try {
            const voice = delivery.kind === 'room' ? rooms : bot;
            await voice.redact(roomId, eventId, `recall-${delivery.id}`);
            await repository.setDelivery(db, delivery.id, { state: 'redacted' });
          } catch (error) {
            tried.add(delivery.id);
            const attempts = delivery.attempts + 1;
            const failed = isFinal(error) || attempts >= MAX_ATTEMPTS;
            await repository.setDelivery(db, delivery.id, {
              attempts,
              ...(failed ? { state: 'failed' } : {}),
              problem: error instanceof MatrixError ? error.errcode : 'unreachable',
            });
            if (!failed) trouble = error instanceof Error ? error : new Error('not taken back');
          }
        }
      }
      if (trouble !== undefined) throw trouble;
    },
  };
}
