import { createHash } from 'node:crypto';
import { defineJob, type Job } from '@qiao/platform';
import { Type } from 'typebox';
import type { Parts } from '../parts.ts';
import { subscriptions } from '../subscriptions.repository.ts';
import { TTL_SECONDS } from '../delivery.ts';

export const DELIVER = 'push.deliver';

/** Hands one message to a push service; tried again with growing pauses while that is unwell. */
export const deliverJob = (parts: Parts): Job =>
  defineJob({
    name: DELIVER,
    payload: Type.Object({
      id: Type.String(),
      room: Type.String(),
      event: Type.String(),
      unread: Type.Integer({ minimum: 0 }),
      urgent: Type.Boolean(),
      at: Type.String(),
    }),
    async run({ id, room, event, unread, urgent, at }) {
      const { db, delivery, clock, counted, holds } = parts;
      const target = await subscriptions.find(db, id);
      if (!target || clock.now().getTime() - Date.parse(at) > TTL_SECONDS * 1000) return;
      // As it is now: what was put off by an unwell push service may have come into quiet hours.
      for (const hold of holds)
        if (await hold(target.user_id, { room, event })) {
          counted('held');
          return;
        }
      // Tells the push service that two messages are of one room, but not which, and not across browsers.
      const topic = createHash('sha256').update(`${target.auth}\0${room}`).digest('base64url').slice(0, 32);
      const outcome = await delivery.send(target, { room, event, unread }, { urgent, topic });
      counted(outcome);
      if (outcome === 'delivered') await subscriptions.delivered(db, id, clock.now());
      // The homeserver is told at its next push: the key is rejected then.
      if (outcome === 'gone') await subscriptions.gone(db, id);
      if (outcome === 'failed') throw new Error('the push service does not take it now');
    },
  });
