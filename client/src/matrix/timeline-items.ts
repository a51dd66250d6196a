import type { StateLine } from './state-words.ts';
import type { Message, TimelineItem } from './timeline-types.ts';

/** Messages of one person within this time are shown as one group, milliseconds. */
const GROUP_MS = 5 * 60_000;

/** What the timeline is made of, before days and groups. */
export type Entry =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'state'; readonly ts: number; readonly line: StateLine };

/** The day a moment is in, in the reader's time zone. */
const dayOf = (ts: number): string => {
  const date = new Date(ts);
  return `${String(date.getFullYear())}-${String(date.getMonth() + 1)}-${String(date.getDate())}`;
};

/** A time that a clock can show; hostile servers send others. */
export const saneTime = (ts: unknown): number =>
  typeof ts === 'number' && Number.isFinite(ts) && Math.abs(ts) < 8.64e15 ? ts : 0;

/** Whether a person's message begins a group of its own. */
const continues = (message: Message, last: TimelineItem | undefined): boolean =>
  last?.kind === 'message' &&
  last.author.userId === message.author.userId &&
  message.ts - last.ts < GROUP_MS &&
  message.ts >= last.ts &&
  message.quote === undefined &&
  last.thread === undefined &&
  last.content.kind !== 'other' &&
  message.content.kind !== 'other';

/**
 * Puts days, the marker and groups among the entries.
 * @param markAfter event after which the marker of the unread stands, if others' messages follow
 * @param keep gives the object of last time when it is the same, so that views need not be drawn again
 */
export function arrange(
  entries: readonly Entry[],
  markAfter: string | undefined,
  keep: <T extends TimelineItem>(item: T) => T,
): TimelineItem[] {
  const items: TimelineItem[] = [];
  let day: string | undefined;
  let marked: 'no' | 'after-next' | 'done' = 'no';
  for (const entry of entries) {
    const ts = entry.kind === 'message' ? entry.message.ts : entry.ts;
    const eventId = entry.kind === 'message' ? entry.message.eventId : entry.line.eventId;
    const today = dayOf(ts);
    if (today !== day) {
      day = today;
      const first = entry.kind === 'message' ? entry.message.key : eventId;
      items.push(keep({ kind: 'date', key: `date ${today} ${first}`, ts }));
    }
    if (entry.kind === 'message') {
      if (marked === 'after-next' && !entry.message.own) {
        items.push(keep({ kind: 'marker', key: 'marker' }));
        marked = 'done';
      }
      const continued = continues(entry.message, items.at(-1));
      const { message } = entry;
      items.push(keep(continued === message.continued ? message : { ...message, continued }));
    } else {
      const last = items.at(-1);
      if (last?.kind === 'state') {
        const { lines } = last;
        const before = lines.at(-1);
        // Who may do what, changed again and again by one person, is one change.
        const again =
          entry.line.key === 'power' &&
          before?.key === 'power' &&
          before.values['by'] === entry.line.values['by'];
        items[items.length - 1] = keep({
          ...last,
          lines: [...(again ? lines.slice(0, -1) : lines), entry.line],
        });
      } else {
        items.push(keep({ kind: 'state', key: `state ${eventId}`, ts, lines: [entry.line] }));
      }
    }
    if (eventId === markAfter) marked = 'after-next';
  }
  return items;
}

/** Keeps each item's object as long as nothing of it changes. */
export class ItemCache {
  #before = new Map<string, { item: TimelineItem; stamp: string }>();
  #now = new Map<string, { item: TimelineItem; stamp: string }>();

  readonly keep = <T extends TimelineItem>(item: T): T => {
    const stamp = stampOf(item);
    const known = this.#before.get(item.key);
    const kept = known?.stamp === stamp ? (known.item as T) : item;
    this.#now.set(item.key, { item: kept, stamp });
    return kept;
  };

  /** After each arrangement: what was not in it is forgotten. */
  turn(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }
}

let serials = 0;
const serialOf = new WeakMap<object, number>();

/** Contents keep their object until the event changes, so that a number stands for a long one. */
const serial = (content: object): number => {
  const known = serialOf.get(content) ?? ++serials;
  serialOf.set(content, known);
  return known;
};

const stampOf = (item: TimelineItem): string =>
  JSON.stringify(item, (key, value: unknown) => {
    if (value instanceof Map) return [...(value as Map<string, unknown>)];
    if (key === 'content' && typeof value === 'object' && value !== null && !('poll' in value)) {
      return serial(value);
    }
    return value;
  });
