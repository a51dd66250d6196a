import type { Kysely, Transaction } from 'kysely';
import { Type } from 'typebox';
import { defineJob, type Job, type JobContext, type JobQueue } from './jobs/jobs.ts';

/** A domain event another domain listens to; each subscriber has a job of its own, so one failing holds up none. */
export interface Subscription {
  /** `<domain>.<noun>.<past verb>`. */
  readonly event: string;
  /** Stable name of the subscriber, unique per event: stored in the queue. */
  readonly subscriber: string;
  /** At least once, in no order across events; safe to run twice. */
  handle(payload: unknown, context: JobContext): Promise<void>;
}

/** Published inside the transaction that makes it true; delivered after commit. */
export interface DomainEvents {
  publish(trx: Kysely<never> | Transaction<never>, event: string, payload: unknown): Promise<void>;
}

const jobName = (subscription: Pick<Subscription, 'event' | 'subscriber'>): string =>
  `event.${subscription.event}.${subscription.subscriber}`;

export function createDomainEvents(
  queue: JobQueue,
  subscriptions: () => readonly Subscription[],
  known: ReadonlySet<string>,
): DomainEvents {
  return {
    async publish(trx, event, payload) {
      if (!known.has(event)) throw new Error(`No domain claims the event ${event}`);
      for (const subscription of subscriptions()) {
        if (subscription.event === event) await queue.enqueue(trx, jobName(subscription), { payload });
      }
    },
  };
}

export function subscriptionJobs(subscriptions: readonly Subscription[]): Job[] {
  return subscriptions.map((subscription) =>
    defineJob({
      name: jobName(subscription),
      payload: Type.Object({ payload: Type.Unknown() }),
      run: ({ payload }, context) => subscription.handle(payload, context),
    }),
  );
}
