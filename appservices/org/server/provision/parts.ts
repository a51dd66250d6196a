import type { DomainParts } from '@qiao/platform';
import { Value } from 'typebox/value';
import { ORG_ROOMS, orgEvents, type OrgRooms } from '../../contract/index.ts';
import { provisionJob } from '../jobs/provision.job.ts';
import { reconcileJob } from '../jobs/reconcile.job.ts';
import { enqueueWelcome, formerWelcomeJob, welcomeJob } from '../jobs/welcome.job.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import { createBotRepository } from './bot.repository.ts';
import { createOrgBot } from './bot.ts';
import { createProvisioner } from './provisioner.ts';
import { provisionRoutes } from './provision.routes.ts';
import { createProvisionService } from './provision.service.ts';
import { createWelcomes } from './welcomes.repository.ts';

/** Accounts, spaces, rooms and memberships on the homeserver, and the organisation's bot. */
export function provisionParts(org: OrgContext): DomainParts {
  const provisioner = createProvisioner(org);
  const service = createProvisionService(org, provisioner);
  const db = org.db as unknown as OrgDb;
  const people = createBotRepository(db, org.homeserver.serverName);
  const welcomes = createWelcomes(db, org.homeserver.serverName);
  const bot = createOrgBot(org, {
    botId: provisioner.botId,
    repository: people,
    locale: async () => (await provisioner.repository.settings()).locale,
    name: (userId, name) => provisioner.nameBot(userId, name),
    random: provisioner.random,
    busy: () => provisioner.bulk,
  });
  provisioner.setFarewell((roomId) => bot.farewell(roomId));
  const rooms: OrgRooms = {
    async post(departmentId, { body, formatted_body, extra }, txnId) {
      const row = await db
        .selectFrom('org.department')
        .select('room_id')
        .where('id', '=', departmentId)
        .where('state', '=', 'active')
        .executeTakeFirst();
      const roomId = row?.room_id ?? null;
      if (roomId === null) return undefined;
      const message = {
        body,
        ...(formatted_body === undefined ? {} : { formattedBody: formatted_body }),
        ...(extra === undefined ? {} : { extra: { ...extra } }),
      };
      return { room_id: roomId, event_id: await bot.post(roomId, message, txnId) };
    },
    redact: (roomId, eventId, txnId) => bot.redact(roomId, eventId, txnId),
    onResponse: (handler) => {
      bot.onResponse(handler);
    },
  };
  return {
    offers: { [ORG_ROOMS]: rooms },
    routes: (http) => {
      provisionRoutes(http, org.access, service);
    },
    jobs: [
      provisionJob(provisioner),
      reconcileJob(provisioner),
      welcomeJob(org, bot, welcomes),
      formerWelcomeJob(org, welcomes),
    ],
    subscriptions: org.config.greet
      ? // Whichever comes last: the link used, or the first device with keys.
        (['org.person.activated', 'org.person.ready'] as const).map((event) => ({
          event,
          subscriber: 'org.welcome',
          handle: async (payload: unknown) => {
            if (!Value.Check(orgEvents[event], payload)) return;
            const department = await welcomes.departmentOf(payload.person_id, org.clock.now());
            if (department !== undefined) await enqueueWelcome(org, db, department);
          },
        }))
      : [],
    onMatrixEvent: (event) => provisioner.watch.take(event),
    health: {
      homeserver: async () => {
        try {
          await provisioner.ping();
          return { ok: true };
        } catch (error) {
          return {
            ok: false,
            detail: error instanceof Error ? error.message : 'no answer',
            code: 'no_answer',
          };
        }
      },
      // The host is well without it: it starts as soon as the homeserver is there.
      bot: () =>
        Promise.resolve(
          bot.running
            ? { ok: true, detail: 'reads', code: 'reading' as const }
            : { ok: true, detail: 'waits for the homeserver', code: 'waiting_for_homeserver' as const },
        ),
      provisioning: async () => {
        const { pending, problems, enabled } = await service.get();
        const open = Object.values(pending).reduce((sum, count) => sum + count, 0);
        const params = { open, problems };
        if (!enabled) {
          return { ok: true, detail: `stopped, ${String(open)} to do`, code: 'work_stopped', params };
        }
        return {
          ok: true,
          detail: `${String(open)} to do, ${String(problems)} problems`,
          code: 'work_open',
          params,
        };
      },
    },
    start: async () => {
      await provisioner.repository.namesJudgedBy(org.config.phone_country);
      // What was left when the process ended goes on; with nothing to do it costs a few queries.
      await provisioner.ask();
      provisioner.keys.start();
      bot.start();
    },
    stop: async () => {
      await bot.stop();
      await provisioner.close();
    },
  };
}
