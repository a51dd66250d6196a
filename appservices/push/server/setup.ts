import type { DomainContext, DomainParts } from '@qiao/platform';
import { PUSH_HOLDS, type PushHold, type PushHolds } from '../contract/index.ts';
import type { PushConfig } from './config.ts';
import { Delivery } from './delivery.ts';
import { deliverJob } from './jobs/deliver.job.ts';
import { sweepSubscriptionsJob } from './jobs/sweep-subscriptions.job.ts';
import { notifyLogin, notifyRoutes } from './notify.routes.ts';
import type { Parts } from './parts.ts';
import { subscriptionsRoutes } from './subscriptions.routes.ts';
import { makeVapidKey, Vapid } from './webpush.ts';

const PUSH_PREFIX = '/_matrix/push/v1';
const HOST_PORT = 8483;

export function setup(context: DomainContext<PushConfig>): DomainParts {
  const { config, site, clock } = context;
  const { public_url: publicUrl, server_name: serverName, ports } = site.settings;
  const contact =
    config.contact !== ''
      ? config.contact
      : publicUrl.startsWith('https:')
        ? publicUrl
        : `mailto:admin@${serverName.replace(/:\d+$/, '')}`;
  const vapid = new Vapid(site.secrets.getOrCreate('push_vapid_key', makeVapidKey), contact);
  const sent = context.metrics.counter('push_sent_total', 'Pushes, by outcome', ['outcome']);
  const holds: PushHold[] = [];
  const parts: Parts = {
    db: context.db,
    queue: context.queue,
    config,
    vapid,
    delivery: new Delivery(config, vapid, clock),
    clock,
    random: context.random,
    serverName,
    notifyUrl:
      config.notify_url === ''
        ? `http://127.0.0.1:${ports['host'] ?? HOST_PORT}${PUSH_PREFIX}/notify`
        : config.notify_url,
    counted: (outcome) => sent.inc({ outcome }),
    holds,
  };
  const offered: PushHolds = { register: (hold) => void holds.push(hold) };
  return {
    offers: { [PUSH_HOLDS]: offered },
    routes: (http) => {
      subscriptionsRoutes(http, parts);
    },
    protocols: [
      {
        prefix: PUSH_PREFIX,
        login: notifyLogin(config),
        routes: (app) => {
          notifyRoutes(app, parts);
        },
      },
    ],
    jobs: [deliverJob(parts), sweepSubscriptionsJob(parts)],
    stop: () => parts.delivery.close(),
  };
}
