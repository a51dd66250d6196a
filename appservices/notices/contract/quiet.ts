/*
 * Quiet hours: when somebody is neither reminded nor notified, here and in the browser. Pure, and imports nothing; time zones by IANA name, with the rules the runtime knows
 * (Intl, CLDR), so that daylight saving needs no care of the caller's.
 */

/** When a person is not reminded. */
export interface QuietHours {
  /** IANA time zone. */
  readonly zone: string;
  readonly quiet: boolean;
  /** `HH:MM`, local; up to `quiet_to`, which is the next day's where it is not later. */
  readonly quiet_from: string;
  readonly quiet_to: string;
  /** Saturday and Sunday all day, local; the night that begins on Friday goes on. */
  readonly quiet_weekends: boolean;
  /** Do not disturb: quiet up to this instant, RFC 3339; null: not. */
  readonly paused_until: string | null;
}

/** Longest "do not disturb", days. */
export const MAX_PAUSE_DAYS = 7;

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
/** Shortest time a day awake: looking in steps half as long cannot miss it. */
export const MIN_AWAKE_MINUTES = 60;
const STEP_MS = (MIN_AWAKE_MINUTES / 2) * MINUTE_MS;
/** Nobody is quiet longer than this, milliseconds: a pause, a weekend and the nights around it, and some. */
const LONGEST_MS = (MAX_PAUSE_DAYS + 8) * 24 * 60 * MINUTE_MS;

/** More than there are zones: names may be written in capitals or not, and are not to fill the memory. */
const MAX_FORMATS = 1000;
const formats = new Map<string, Intl.DateTimeFormat>();
const formatOf = (zone: string): Intl.DateTimeFormat => {
  let format = formats.get(zone);
  if (format === undefined) {
    if (formats.size >= MAX_FORMATS) formats.clear();
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    formats.set(zone, format);
  }
  return format;
};

/** Whether the runtime knows the time zone. */
export function isZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** `HH:MM` → minutes since midnight. */
export const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));

/** Length of the quiet part of a day, minutes; equal ends mean none. */
export const quietMinutes = (from: string, to: string): number =>
  (minutesOf(to) - minutesOf(from) + DAY_MINUTES) % DAY_MINUTES;

/** Whether the instant lies in the quiet hours. */
export function isQuiet(at: Date, hours: QuietHours): boolean {
  if (hours.paused_until !== null && at.getTime() < Date.parse(hours.paused_until)) return true;
  if (!hours.quiet && !hours.quiet_weekends) return false;
  let weekday = '';
  let minutes = 0;
  for (const { type, value } of formatOf(hours.zone).formatToParts(at)) {
    if (type === 'weekday') weekday = value;
    else if (type === 'hour') minutes += Number(value) * 60;
    else if (type === 'minute') minutes += Number(value);
  }
  if (hours.quiet_weekends && (weekday === 'Sat' || weekday === 'Sun')) return true;
  if (!hours.quiet) return false;
  const from = minutesOf(hours.quiet_from);
  return (minutes - from + DAY_MINUTES) % DAY_MINUTES < quietMinutes(hours.quiet_from, hours.quiet_to);
}

/** The instant itself, or the first whole minute after it that is not quiet. */
export function nextAwake(at: Date, hours: QuietHours): Date {
  if (!isQuiet(at, hours)) return at;
  const begin = Math.ceil(at.getTime() / MINUTE_MS) * MINUTE_MS;
  let awake = begin;
  while (isQuiet(new Date(awake), hours)) {
    awake += STEP_MS;
    // Settings are checked where they are made, so this is a fault of ours: rather loud than for ever.
    if (awake - begin > LONGEST_MS) return new Date(awake);
  }
  for (let earlier = awake - MINUTE_MS; earlier >= begin; earlier -= MINUTE_MS) {
    if (isQuiet(new Date(earlier), hours)) break;
    awake = earlier;
  }
  return new Date(awake);
}
