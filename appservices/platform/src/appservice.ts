import { sql, type Kysely } from 'kysely';
import type { FastifyInstance } from 'fastify';
import { stringify } from 'yaml';
import { isDatabaseAway } from './db/away.ts';
import { homeserverLogin } from './http/protocol.ts';
import { MatrixUnreachableError } from './matrix/errors.ts';
import type { Log } from './observe/log.ts';
import type { Metrics } from './observe/metrics.ts';
import type { DomainModule } from './manifest.ts';
import type { MatrixEventHandler, PushedEvent } from './pushed-event.ts';

/** Path below the host's address where a domain's appservice listens. */
export const appservicePath = (domain: string): string => `/_matrix-as/${domain}`;

/** Where a registration names the users as which our Synapse module may act (`scripts/stack/synapse.ts`). */
const SERVICE_USERS = 'im.qiao.service_users';

/** True for a domain that has a registration. */
export const hasRegistration = (module: DomainModule): boolean =>
  module.registration === true || module.claims.bots.length > 0;

/**
 * A domain's registration file (Application Service API, "Registration"), made from its manifest.
 * The sender is never a bot: Synapse answers 500 when it syncs.
 */
export function registrationYaml(
  module: DomainModule,
  options: { hostUrl: string; serverName: string; asToken: string; hsToken: string },
): string {
  const { serviceUsers = [] } = module.claims;
  const userId = (localpart: string): string => `@${localpart}:${options.serverName}`;
  const server = options.serverName.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return stringify({
    id: `qiao-${module.id}`,
    // Null: nothing is pushed, and nothing asked (Application Service API, "Registration").
    url: module.hears === true ? `${options.hostUrl}${appservicePath(module.id)}` : null,
    as_token: options.asToken,
    hs_token: options.hsToken,
    sender_localpart: `_qiao_${module.id}_sender`,
    rate_limited: false,
    receive_ephemeral: false,
    'io.element.msc4190': true,
    namespaces: {
      users: [{ exclusive: true, regex: `@_qiao_${module.id}_?[a-z0-9_-]*:${server}` }],
      aliases: [{ exclusive: true, regex: `#_qiao_${module.id}_?.*:${server}` }],
      rooms: [],
    },
    // For our module's settings, which are made from the registrations; the homeserver passes over what it does not know.
    [SERVICE_USERS]: {
      all: serviceUsers.map(({ localpart }) => userId(localpart)),
      internal: serviceUsers
        .filter(({ rooms }) => rooms === 'internal')
        .map(({ localpart }) => userId(localpart)),
    },
  });
}

interface PushedTransaction {
  events?: unknown;
}

/** How long a transaction is remembered, days: the homeserver sends one again until it is taken, and then never. */
const TRANSACTION_DAYS = 14;

/** Forgets transactions that the homeserver has long been told are taken. */
export async function sweepTransactions(db: Kysely<unknown>): Promise<void> {
  await sql`delete from platform.appservice_txn
    where received_at < now() - make_interval(days => ${TRANSACTION_DAYS})`.execute(db);
}

/** The appservice side of one domain: transactions from the homeserver, each worked off once. */
export function registerAppservice(
  app: FastifyInstance,
  options: {
    domain: string;
    hsToken: string;
    db: Kysely<unknown>;
    handler: MatrixEventHandler;
    log: Log;
    metrics: Metrics;
  },
): void {
  const { domain, hsToken, db, handler, log, metrics } = options;
  const prefix = `${appservicePath(domain)}/_matrix/app/v1`;
  const isEvent = (value: unknown): value is PushedEvent => {
    const event = value as { [K in keyof PushedEvent]?: unknown } | null;
    return (
      typeof event?.type === 'string' &&
      typeof event.event_id === 'string' &&
      typeof event.room_id === 'string' &&
      typeof event.sender === 'string' &&
      typeof event.content === 'object' &&
      event.content !== null
    );
  };
  app.register(
    (scope, _options, done) => {
      scope.addHook('onRequest', homeserverLogin(hsToken));
      scope.put<{ Params: { txnId: string }; Body: PushedTransaction }>(
        '/transactions/:txnId',
        { bodyLimit: 64 * 1024 * 1024 },
        async (request) => {
          const { txnId } = request.params;
          const seen = await sql`select 1 from platform.appservice_txn
          where domain = ${domain} and txn_id = ${txnId}`.execute(db);
          if (seen.rows.length > 0) return {};
          const events = Array.isArray(request.body.events) ? request.body.events : [];
          for (const event of events as unknown[]) {
            if (!isEvent(event)) {
              metrics.appserviceEvents.inc({ domain, outcome: 'malformed' });
              continue;
            }
            try {
              await handler(event);
              metrics.appserviceEvents.inc({ domain, outcome: 'handled' });
            } catch (error) {
              // Not the event's fault: refused as a whole, the homeserver sends it again.
              if (isDatabaseAway(error) || error instanceof MatrixUnreachableError) throw error;
              // One hostile event must not stop the queue behind it.
              metrics.appserviceEvents.inc({ domain, outcome: 'failed' });
              log.error(
                { err: error, event_id: event.event_id, event_type: event.type },
                'event not handled',
              );
            }
          }
          await sql`insert into platform.appservice_txn (domain, txn_id) values (${domain}, ${txnId})
          on conflict do nothing`.execute(db);
          return {};
        },
      );
      scope.post('/ping', () => ({}));
      const notHere = { errcode: 'M_NOT_FOUND', error: 'Not found' };
      scope.get('/users/:userId', (_request, reply) => reply.code(404).send(notHere));
      scope.get('/rooms/:alias', (_request, reply) => reply.code(404).send(notHere));
      done();
    },
    { prefix },
  );
}
