import type { ProtocolLogin } from '@qiao/platform';
import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { PUSH_APP_ID } from '../contract/index.ts';
import type { PushConfig } from './config.ts';
import { DELIVER } from './jobs/deliver.job.ts';
import type { Parts } from './parts.ts';
import { subscriptions } from './subscriptions.repository.ts';

/** `POST /_matrix/push/v1/notify` (Matrix Push Gateway API), as far as it is used: no content is ever read. */
const Notify = Type.Object({
  notification: Type.Object({
    event_id: Type.Optional(Type.Union([Type.String({ maxLength: 255 }), Type.Null()])),
    room_id: Type.Optional(Type.Union([Type.String({ maxLength: 255 }), Type.Null()])),
    prio: Type.Optional(Type.String()),
    counts: Type.Optional(Type.Object({ unread: Type.Optional(Type.Integer({ minimum: 0 })) })),
    devices: Type.Array(Type.Object({ app_id: Type.String(), pushkey: Type.String({ maxLength: 512 }) }), {
      maxItems: 100,
    }),
  }),
});
type Notify = Static<typeof Notify>;

const MINUTE_MS = 60_000;

/** Pushes to each browser in the running minute. */
class Limit {
  readonly #most: number;
  #minute = 0;
  #counts = new Map<string, number>();
  constructor(most: number) {
    this.#most = most;
  }
  allows(id: string, now: Date): boolean {
    const minute = Math.floor(now.getTime() / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#counts = new Map();
    }
    const count = (this.#counts.get(id) ?? 0) + 1;
    this.#counts.set(id, count);
    return count <= this.#most;
  }
}

/** The homeserver's addresses: who calls from elsewhere, or through a proxy, finds nothing. */
export const notifyLogin =
  (config: PushConfig): ProtocolLogin =>
  async (request, reply) => {
    const peer = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    if (config.notify_from.includes(peer) && request.headers['x-forwarded-for'] === undefined)
      return undefined;
    return reply.code(404).send({ errcode: 'M_NOT_FOUND', error: 'There is nothing at this address.' });
  };

/**
 * The push gateway for our homeserver. It is not below `/api`, so the public gateway never leads here (`/_matrix` goes
 * to the homeserver there).
 */
export function notifyRoutes(app: FastifyInstance, parts: Parts): void {
  const { db, queue, config, clock, counted } = parts;
  const limit = new Limit(config.pushes_per_minute);
  app.post('/notify', { config: { public: true, rateLimit: false } }, async (request, reply) => {
    if (!Value.Check(Notify, request.body))
      return reply.code(400).send({ errcode: 'M_BAD_JSON', error: 'Not a notification.' });
    const { notification }: Notify = request.body;
    const { room_id: room, event_id: event, counts, devices, prio } = notification;
    const known = await subscriptions.known(
      db,
      devices.filter((device) => device.app_id === PUSH_APP_ID).map((device) => device.pushkey),
    );
    const rejected = devices.map((device) => device.pushkey).filter((key) => !known.has(key));
    // Without an event only counts have changed: browsers demand that every push shows something.
    if (typeof room === 'string' && typeof event === 'string') {
      const now = clock.now();
      for (const id of known) {
        if (!limit.allows(id, now)) {
          counted('limited');
          continue;
        }
        await queue.enqueue(
          db as never,
          DELIVER,
          { id, room, event, unread: counts?.unread ?? 0, urgent: prio !== 'low', at: now.toISOString() },
          // What still waits of the same room is replaced.
          { key: `${DELIVER}:${id}:${room}`, maxAttempts: 7 },
        );
      }
    }
    return { rejected };
  });
}
