import { dateLocale, type UiLocale } from '@qiao/ui-kit';

const DAY_MS = 86_400_000;

const made = new Map<string, Intl.DateTimeFormat>();
const format = (locale: UiLocale, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => {
  const key = `${locale} ${JSON.stringify(options)}`;
  let formatter = made.get(key);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat(dateLocale(locale), options);
    made.set(key, formatter);
  }
  return formatter;
};

const dayOf = (time: Date): number =>
  Math.floor((time.getTime() - time.getTimezoneOffset() * 60_000) / DAY_MS);

/**
 * A time as short as a list has room for: today the hour, then the weekday, then the date.
 * @param ts milliseconds since 1970; 0 for none
 */
export function shortWhen(ts: number, locale: UiLocale, now = new Date()): string {
  if (ts <= 0) return '';
  const time = new Date(ts);
  const days = dayOf(now) - dayOf(time);
  if (days <= 0) return format(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(time);
  if (days === 1) {
    const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-1, 'day');
    return words.charAt(0).toLocaleUpperCase(locale) + words.slice(1);
  }
  if (days < 7) return format(locale, { weekday: 'short' }).format(time);
  return time.getFullYear() === now.getFullYear()
    ? format(locale, { month: 'numeric', day: 'numeric' }).format(time)
    : format(locale, { year: 'numeric', month: 'numeric', day: 'numeric' }).format(time);
}
