import { makeErrors, platformErrors, requireActor, type Http } from '@qiao/platform';
import {
  CreateSubscription,
  PUSH_APP_ID,
  pushErrorTable,
  PushSettings,
  Subscription,
  SubscriptionList,
  SubscriptionParams,
  TestResult,
} from '../contract/index.ts';
import { allowedEndpoint } from './delivery.ts';
import type { Parts } from './parts.ts';
import { subscriptions } from './subscriptions.repository.ts';
import { readKeys } from './webpush.ts';

const errors = makeErrors('push', pushErrorTable);
/** Test messages of one address in a minute. */
const TESTS_PER_MINUTE = 6;

const present = (row: {
  id: string;
  label: string;
  created_at: Date;
  delivered_at: Date | null;
}): Subscription => ({
  id: row.id,
  label: row.label,
  created_at: row.created_at.toISOString(),
  delivered_at: row.delivered_at?.toISOString() ?? null,
});

/** `/api/push`: browsers of the person who asks, and of nobody else. */
export function subscriptionsRoutes(http: Http, parts: Parts): void {
  const { db, config, vapid, delivery, clock, random, serverName, notifyUrl } = parts;
  const tags = ['push'];
  /** Our homeserver pushes for its own users only. */
  const member = (request: Parameters<typeof requireActor>[0]): string => {
    const { userId } = requireActor(request);
    if (!userId.endsWith(`:${serverName}`)) throw errors.only_members();
    return userId;
  };

  http.get(
    '/settings',
    { schema: { tags, summary: 'What a browser needs to subscribe', response: { 200: PushSettings } } },
    async (request) => {
      member(request);
      return { application_server_key: vapid.publicKey, app_id: PUSH_APP_ID, notify_url: notifyUrl };
    },
  );

  http.get(
    '/subscriptions',
    { schema: { tags, summary: 'My browsers that get pushes', response: { 200: SubscriptionList } } },
    async (request) => ({ items: (await subscriptions.of(db, member(request))).map(present) }),
  );

  http.post(
    '/subscriptions',
    {
      schema: {
        tags,
        summary: 'Push to this browser of mine; again: keeps it',
        body: CreateSubscription,
        response: { 201: Subscription },
      },
    },
    async (request, reply) => {
      const userId = member(request);
      const { endpoint, keys, label } = request.body;
      if (!allowedEndpoint(endpoint, config)) throw errors.endpoint_not_allowed();
      if (!readKeys(keys.p256dh, keys.auth)) throw errors.keys_not_valid();
      const row = { id: random.token(24), user_id: userId, endpoint, ...keys, label };
      const id = await subscriptions.keep(db, row, clock.now(), config.max_subscriptions);
      const kept = await subscriptions.find(db, id);
      if (!kept) throw platformErrors.not_found();
      return reply.code(201).send(present(kept));
    },
  );

  http.delete(
    '/subscriptions/:id',
    { schema: { tags, summary: 'No more pushes to this browser of mine', params: SubscriptionParams } },
    async (request, reply) => {
      const userId = member(request);
      if (!(await subscriptions.remove(db, request.params.id, userId))) throw platformErrors.not_found();
      return reply.code(204).send();
    },
  );

  http.post(
    '/subscriptions/:id/test',
    {
      config: { rateLimit: { max: TESTS_PER_MINUTE, timeWindow: '1 minute' } },
      schema: {
        tags,
        summary: 'Send a test message to this browser of mine now',
        params: SubscriptionParams,
        response: { 200: TestResult },
      },
    },
    async (request) => {
      const userId = member(request);
      const found = await subscriptions.find(db, request.params.id);
      if (found?.user_id !== userId) throw platformErrors.not_found();
      const outcome = await delivery.send(found, { test: true }, { urgent: true });
      if (outcome === 'delivered') await subscriptions.delivered(db, found.id, clock.now());
      if (outcome === 'gone') await subscriptions.gone(db, found.id);
      return { outcome };
    },
  );
}
