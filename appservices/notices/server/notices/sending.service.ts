import type { Base } from '../context.ts';
import type { Signals } from '../reminders/signals.ts';
import type { Managing } from './managing.ts';
import { MAX_SIGNALLED } from './names.ts';
import type { NoticesPolicy } from './notices.policy.ts';
import { noticesRepository as repository, type NoticeRow } from './notices.repository.ts';
import { deliveryOf } from './people.ts';

/** What happens to notices by itself: going out at their time, and following people who leave. */
export function createSending(
  base: Base,
  parts: { policy: NoticesPolicy; managing: Managing; signals: Signals },
) {
  const { context, db, org } = base;
  const { policy, signals } = parts;
  const { record, begin } = parts.managing;
  const { clock } = context;

  return {
    /** Sends what is scheduled and due, as far as its sender still may. Safe to run twice and at once. */
    async sendDue(): Promise<void> {
      await db.transaction().execute(async (trx) => {
        for (const notice of await repository.dueScheduled(trx, clock.now())) {
          const sender = notice.sender ?? notice.author;
          const person = await org.personByUserId(sender);
          const allowed =
            person?.status === 'active' &&
            (await policy.maySend({ userId: sender, local: true }, notice.audience));
          const problem = !allowed
            ? 'sender_not_allowed'
            : (await deliveryOf(org, notice.audience)).recipients.size === 0
              ? 'audience_empty'
              : undefined;
          if (problem === undefined) {
            await record(trx, sender, 'send', notice, { scheduled: true });
            await begin(trx, notice, sender);
          } else {
            await repository.update(trx, notice.id, {
              state: 'draft',
              scheduled_at: null,
              problem,
              updated_at: clock.now(),
            });
          }
        }
      });
    },

    /** Works out whom it is for and where it goes, once. Answers whether there is anything to send. */
    async plan(noticeId: string): Promise<NoticeRow | undefined> {
      const found = await repository.find(db, noticeId);
      if (found?.state !== 'sending' || found.sent_at !== null) return found;
      const delivery = await deliveryOf(org, found.audience);
      const planned = await db.transaction().execute(async (trx) => {
        const notice = await repository.lock(trx, noticeId);
        if (notice?.state !== 'sending' || notice.sent_at !== null) return notice;
        await repository.addRecipients(trx, noticeId, delivery);
        await repository.addDeliveries(trx, noticeId, 'room', delivery.rooms);
        await repository.addDeliveries(trx, noticeId, 'direct', delivery.direct);
        if (delivery.recipients.size <= MAX_SIGNALLED) await signals.enqueue(trx, [...delivery.recipients]);
        return repository.update(trx, noticeId, { sent_at: clock.now() });
      });
      if (delivery.waiting.size > 0) {
        // Who came between the two had no row to be counted in yet; who comes from here on has.
        const { waiting } = await deliveryOf(org, found.audience);
        for (const userId of delivery.waiting) if (!waiting.has(userId)) await repository.setCome(db, userId);
      }
      return planned;
    },

    /** From now on they are as the others: counted, reminded. */
    setCome: (userId: string): Promise<void> => repository.setCome(db, userId),
    setGone: (userId: string, gone: boolean): Promise<void> => repository.setGone(db, userId, gone),
  };
}
