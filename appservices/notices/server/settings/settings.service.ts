import { makeErrors } from '@qiao/platform';
import { noticesErrorTable, type Settings } from '../../contract/index.ts';
import type { Base } from '../context.ts';
import type { NoticesDb, NoticesTrx } from '../tables.ts';
import { isZone, MIN_AWAKE_MINUTES, quietMinutes } from './quiet.ts';

const errors = makeErrors('notices', noticesErrorTable);
const DEFAULT_EVERY_MINUTES = 240;

export type SettingsService = ReturnType<typeof createSettings>;

/** When each person may be reminded. */
export function createSettings({ context, db }: Pick<Base, 'context' | 'db'>) {
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
  ] as const;
  return {
    async of(
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
      const known = new Map(rows.map(({ user_id, ...row }) => [user_id, row]));
      return (userId) => known.get(userId) ?? defaults;
    },

    /** @throws DomainError `notices.zone_unknown`, `notices.quiet_too_long` */
    async put(userId: string, settings: Settings): Promise<Settings> {
      if (!isZone(settings.zone)) throw errors.zone_unknown({ zone: settings.zone });
      if (
        settings.quiet &&
        quietMinutes(settings.quiet_from, settings.quiet_to) > 24 * 60 - MIN_AWAKE_MINUTES
      )
        throw errors.quiet_too_long();
      const values = { ...settings, updated_at: context.clock.now() };
      await db
        .insertInto('notices.settings')
        .values({ user_id: userId, ...values })
        .onConflict((conflict) => conflict.column('user_id').doUpdateSet(values))
        .execute();
      return settings;
    },
  };
}
