import type { Choice } from '@qiao/ui-kit';

/*
 * Time zones by names that people know, in their language: the browser has them (CLDR). IANA names are for machines,
 * but who knows one finds it.
 */

/** A zone as it is offered. */
export interface Zone extends Choice {
  /** Ahead of UTC now, minutes. */
  readonly offset: number;
  /** What a search looks through, in small letters. */
  readonly words: string;
}

const named = (
  locale: string,
  timeZone: string,
  timeZoneName: 'shortGeneric' | 'long' | 'longOffset',
  now: Date,
): string =>
  new Intl.DateTimeFormat(locale, { timeZone, timeZoneName })
    .formatToParts(now)
    .find(({ type }) => type === 'timeZoneName')?.value ?? timeZone;

/** `GMT+05:45` → 345; `GMT` → 0. */
const minutesOf = (offset: string): number => {
  const [, sign = '+', hours = '0', minutes = '0'] = /GMT([+-])(\d+):?(\d+)?/.exec(offset) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
};

/** One zone, as it is called. @param locale of the reader */
export function zoneOf(id: string, locale: string, now: Date): Zone {
  const offset = named('en', id, 'longOffset', now);
  const city = (id.split('/').at(-1) ?? id).replaceAll('_', ' ');
  const place = named(locale, id, 'shortGeneric', now);
  const long = named(locale, id, 'long', now);
  // In English many are told by letters alone ("ET"), which their city tells better.
  const label = locale.startsWith('zh') && !place.startsWith('GMT') ? place : id.includes('/') ? city : long;
  const utc = `UTC${offset.slice(3)}`;
  const note = [utc, ...(long.startsWith('GMT') || long === label ? [] : [long])].join(' · ');
  return {
    id,
    label,
    note,
    offset: minutesOf(offset),
    // `UTC+8` is what people write.
    words: `${id} ${city} ${place} ${long} ${utc} ${utc.replace(/([+-])0(\d):00$/, '$1$2')}`.toLowerCase(),
  };
}

/**
 * All zones, in the order in which they are looked for: the browser's own, those with its time, then from east to west.
 * @param also a zone that is chosen, even if the browser does not list it
 */
export function zonesFor(locale: string, also: string, now: Date): readonly Zone[] {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [...new Set([own, also, 'UTC', ...Intl.supportedValuesOf('timeZone')])].map((id) =>
    zoneOf(id, locale, now),
  );
  const here = zones[0]?.offset ?? 0;
  const rank = ({ id, offset }: Zone): number => (id === own ? 0 : offset === here ? 1 : 2);
  const byName = new Intl.Collator(locale);
  return zones.toSorted(
    (one, other) =>
      rank(one) - rank(other) || other.offset - one.offset || byName.compare(one.label, other.label),
  );
}

/** Those that have all words of a query, wherever. */
export function findZones(zones: readonly Zone[], query: string): readonly Zone[] {
  const words = query.toLowerCase().split(/\s+/u).filter(Boolean);
  return zones.filter((zone) => words.every((word) => zone.words.includes(word)));
}
