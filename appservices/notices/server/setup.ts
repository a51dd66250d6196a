import type { DomainParts, Locale, Subscription } from '@qiao/platform';
import {
  ORG_READ,
  ORG_ROOMS,
  orgEvents,
  type HandoverRegistry,
  type OrgRead,
  type OrgRooms,
} from '@qiao/org/contract';
import { PUSH_HOLDS, type PushHolds } from '@qiao/push/contract';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { createNoticesBot } from './bot.ts';
import type { Base, NoticesContext } from './context.ts';
import { deliverNoticeJob } from './jobs/deliver-notice.job.ts';
import { recallNoticeJob } from './jobs/recall-notice.job.ts';
import { remindJob } from './jobs/remind.job.ts';
import { sendDueNoticesJob } from './jobs/send-due-notices.job.ts';
import { sendReminderJob } from './jobs/send-reminder.job.ts';
import { signalJob } from './jobs/signal.job.ts';
import { sweepRemindersJob } from './jobs/sweep-reminders.job.ts';
import { createDelivery } from './notices/delivery.service.ts';
import { createNoticesPolicy } from './notices/notices.policy.ts';
import { noticesRoutes } from './notices/notices.routes.ts';
import { createNotices } from './notices/notices.service.ts';
import { obligationsRoutes } from './obligations/obligations.routes.ts';
import { createObligations } from './obligations/obligations.service.ts';
import { createReminders } from './reminders/reminders.service.ts';
import { createSignals } from './reminders/signals.ts';
import { settingsRoutes } from './settings/settings.routes.ts';
import { createSettings } from './settings/settings.service.ts';
import { createWitness } from './witness.ts';

/** Puts the domain's areas together. */
export function setup(context: NoticesContext): DomainParts {
  const org = context.use(ORG_READ) as OrgRead;
  const rooms = context.use(ORG_ROOMS) as OrgRooms;
  const base: Base = { context, db: context.db, org, rooms };
  const say = (locale: Locale, key: string, params?: Record<string, unknown>): string =>
    context.texts.t(locale, `notices:${key}`, params);
  const witness = createWitness(context);
  const signals = createSignals(base);
  const settings = createSettings(base, { signals });
  (context.use(PUSH_HOLDS) as PushHolds).register((userId, message) => settings.holdsBack(userId, message));
  const notices = createNotices(base, { policy: createNoticesPolicy(context.access), signals });
  const obligations = createObligations(base, {
    settings,
    witness,
    signals,
    noticesToConfirm: notices.toConfirm,
  });
  const bot = createNoticesBot(base, { witness, say });
  const reminders = createReminders(base, { settings, witness, signals, bot, say });
  const delivery = createDelivery(base, { notices, bot, say });

  rooms.onResponse((response) => notices.answered(response));
  bot.onResponse(async (response) => {
    const reminder = await reminders.answered(response);
    if (reminder === undefined) await notices.answered(response);
    else if (reminder.notice_id !== null)
      await notices.answered({ ...response, notice_id: reminder.notice_id });
  });
  (context.use('org.handover') as HandoverRegistry).register({
    kind: 'notices.notice',
    collect: (personId) => notices.ownedBy(personId),
    handOver: (subject, _from, to) => notices.handOver(subject, to),
  });

  const onPerson = (
    event: keyof typeof orgEvents,
    handle: (userId: string) => Promise<void>,
  ): Subscription => ({
    event,
    subscriber: 'notices.person',
    handle: async (payload) => {
      const schema: TSchema = orgEvents[event];
      if (Value.Check(schema, payload)) await handle((payload as { user_id: string }).user_id);
    },
  });
  return {
    routes: (http) => {
      obligationsRoutes(http, obligations);
      settingsRoutes(http, base, settings);
      noticesRoutes(http, notices);
    },
    jobs: [
      remindJob(reminders),
      sendReminderJob(reminders),
      signalJob(bot),
      sendDueNoticesJob(notices),
      deliverNoticeJob(delivery),
      recallNoticeJob(delivery),
      sweepRemindersJob(reminders),
    ],
    subscriptions: [
      onPerson('org.person.activated', (userId) => notices.setCome(userId)),
      onPerson('org.person.suspended', (userId) => notices.setGone(userId, true)),
      onPerson('org.person.left', async (userId) => {
        await notices.setGone(userId, true);
        await reminders.forget(userId);
      }),
      onPerson('org.person.returned', (userId) => notices.setGone(userId, false)),
      {
        event: 'org.person.password_asked',
        subscriber: 'notices.administrators',
        handle: async (payload) => {
          if (!Value.Check(orgEvents['org.person.password_asked'], payload)) return;
          const { request_id: request, person_id: id, administrators } = payload;
          const person = await org.person(id);
          if (person === undefined) return;
          for (const userId of administrators) {
            const locale = (await org.personByUserId(userId))?.locale ?? (await org.locale());
            const body = say(locale, 'password_asked', {
              name: person.display_name,
              account: person.user_id,
              link: `${context.site.settings.public_url}/admin/`,
            });
            await bot.tell(userId, { body }, `password-${request}-${userId}`);
          }
        },
      },
    ],
    health: {
      // The host is well without it: it starts as soon as the homeserver is there.
      bot: () =>
        Promise.resolve(
          bot.running
            ? { ok: true, detail: 'reads', code: 'reading' as const }
            : { ok: true, detail: 'waits for the homeserver', code: 'waiting_for_homeserver' as const },
        ),
    },
    start: () => {
      bot.start();
      return Promise.resolve();
    },
    stop: async () => {
      await bot.stop();
      await witness.close();
    },
  };
}
