import type * as push from '@qiao/push/contract';
import { endpoint } from '@qiao/ui-kit';
import type { Static } from 'typebox';

/** Endpoints of the push domain. */
export const pushApi = {
  settings: endpoint<{ answer: push.PushSettings }>('GET', '/api/push/settings'),
  list: endpoint<{ answer: Static<typeof push.SubscriptionList> }>('GET', '/api/push/subscriptions'),
  keep: endpoint<{ body: push.CreateSubscription; answer: push.Subscription }>(
    'POST',
    '/api/push/subscriptions',
  ),
  remove: endpoint<{ params: Static<typeof push.SubscriptionParams> }>(
    'DELETE',
    '/api/push/subscriptions/:id',
  ),
  test: endpoint<{ params: Static<typeof push.SubscriptionParams>; answer: push.TestResult }>(
    'POST',
    '/api/push/subscriptions/:id/test',
  ),
};
