import { makeErrors } from '@qiao/platform';
import { noticesErrorTable, type PutSettings, type Settings } from '../../contract/index.ts';
import { isQuiet, isZone, MAX_PAUSE_DAYS, MIN_AWAKE_MINUTES, quietMinutes } from '../../contract/quiet.ts';
import type { Base } from '../context.ts';
import type { Signals } from '../reminders/signals.ts';
import type { NoticesDb, NoticesTrx } from '../tables.ts';

const errors = makeErrors('notices', noticesErrorTable);
const DEFAULT_EVERY_MINUTES = 240;
const DAY_MS = 86_400_000;

export type SettingsService = ReturnType<typeof createSettings>;

/** When each person may be reminded and notified. */
export function createSettings(
  { context, db, org }: Pick<Base, 'context' | 'db' | 'org'>,
  { signals }: { signals: Signals },
) {
  const { config } = context;
  const defaults: Settings = {
    zone: isZone(config.time_zone) ? config.time_zone : 'UTC',
    quiet: true,
    quiet_from: config.quiet_from,
    quiet_to: config.quiet_to,
    quiet_weekends: config.quiet_weekends,
    urgent_through: false,
    every_minutes: DEFAULT_EVERY_MINUTES,
    direct: true,
    paused_until: null,
  };
  const columns = [
    'zone',
    'quiet',
    'quiet_from',
    'quiet_to',
    'quiet_weekends',
    'urgent_through',
    'every_minutes',
    'direct',
    'paused_until',
  ] as const;

  async function of(
    userIds: readonly string[],
    on: NoticesDb | NoticesTrx = db,
  ): Promise<(userId: string) => Settings> {
    const rows =
      userIds.length === 0
        ? []
        : await on
            .selectFrom('notices.settings')
            .select(['user_id', ...columns])
            .where('user_id', 'in', [...new Set(userIds)])
            .execute();
    const known = new Map(
      rows.map(({ user_id, paused_until, ...row }) => [
        user_id,
        { ...row, paused_until: paused_until?.toISOString() ?? null },
      ]),
    );
    return (userId) => known.get(userId) ?? defaults;
  }

  async function store(userId: string, { paused_until, ...wishes }: Settings): Promise<Settings> {
    const values = {
      ...wishes,
      paused_until: paused_until === null ? null : new Date(paused_until),
      updated_at: context.clock.now(),
    };
    await db.transaction().execute(async (trx) => {
      await trx
        .insertInto('notices.settings')
        .values({ user_id: userId, ...values })
        .onConflict((conflict) => conflict.column('user_id').doUpdateSet(values))
        .execute();
      // It holds on the person's other devices at once.
      await signals.enqueue(trx, [userId], `settings:${userId}`);
    });
    return (await of([userId]))(userId);
  }

  return {
    of,

    /** @throws DomainError `notices.zone_unknown`, `notices.quiet_too_long` */
    async put(userId: string, wishes: PutSettings): Promise<Settings> {
      if (!isZone(wishes.zone)) throw errors.zone_unknown({ zone: wishes.zone });
      if (wishes.quiet && quietMinutes(wishes.quiet_from, wishes.quiet_to) > 24 * 60 - MIN_AWAKE_MINUTES)
        throw errors.quiet_too_long();
      const { paused_until } = (await of([userId]))(userId);
      return store(userId, { ...wishes, paused_until });
    },

    /** Do not disturb, up to an instant or not any more. @throws DomainError `notices.pause_too_long` */
    async pause(userId: string, until: string | null): Promise<Settings> {
      const now = context.clock.now().getTime();
      const end = until === null ? 0 : Date.parse(until);
      if (end > now + MAX_PAUSE_DAYS * DAY_MS) throw errors.pause_too_long();
      const before = (await of([userId]))(userId);
      return store(userId, { ...before, paused_until: end > now ? until : null });
    },

    /**
     * Whether a notification of a message is held back: quiet hours and "do not disturb" hold for people of the
     * company. Urgent messages, and what the bot says then, come through for whoever wants them to.
     */
    async holdsBack(userId: string, { room, event }: { room: string; event: string }): Promise<boolean> {
      if ((await org.personByUserId(userId)) === undefined) return false;
      const wishes = (await of([userId]))(userId);
      if (!isQuiet(context.clock.now(), wishes)) return false;
      if (!wishes.urgent_through) return true;
      const [urgent, bot] = await Promise.all([
        db
          .selectFrom('notices.obligation')
          .select('id')
          .where('event_id', '=', event)
          .where('asked', '=', userId)
          .where('kind', '=', 'urgent')
          .executeTakeFirst(),
        db
          .selectFrom('notices.direct_room')
          .select('room_id')
          .where('user_id', '=', userId)
          .where('room_id', '=', room)
          .executeTakeFirst(),
      ]);
      return urgent === undefined && bot === undefined;
    },
  };
}
