/// <reference lib="dom" />
/**
 * Looks at a timeline in every animation frame, as it is painted: whether something is missing in it, and whether
 * what somebody reads moves without having been scrolled.
 */
import type { Page } from 'playwright-core';

/** A frame in which a row moved otherwise than it was scrolled. */
export interface Jump {
  /** Milliseconds since the page began. */
  readonly at: number;
  /** The largest deviation of a row, CSS pixels, downwards positive. */
  readonly by: number;
  /** Rows that deviated, of those in sight before and after. */
  readonly rows: number;
  readonly of: number;
  /** What the person scrolled in this frame. */
  readonly scrolled: number;
  /** The row that deviated most: its text's beginning. */
  readonly what: string;
  /** How much rows in sight grew in this frame, together: reactions or a picture came. */
  readonly grown: number;
}

/** What was seen since the last time. Times in milliseconds, lengths in CSS pixels. */
export interface Watched {
  readonly frames: number;
  /** Scrolled by the person: upwards, downwards. */
  readonly up: number;
  readonly down: number;
  readonly jumps: readonly Jump[];
  /** Frames in which a part was empty though nothing was being fetched, and the largest such part. */
  readonly gaps: number;
  readonly gap: number;
  /** Frames in which the sign of fetching was in sight, and the longest time without a break. */
  readonly waits: number;
  readonly longestWait: number;
  readonly longTasks: readonly number[];
  /** The most elements of messages at one time. */
  readonly rows: number;
  /** Ids of the events drawn, oldest first, each time they changed. */
  readonly drawn: readonly (readonly string[])[];
  /** What the looking itself took, at most in one frame. */
  readonly cost: number;
}

interface Watch {
  take: () => Watched;
}

/** Empty parts up to this are borders and margins between rows, CSS pixels. */
const MARGIN = 28;

/** Begins to look; once in a page. */
export async function watchScrolling(page: Page): Promise<void> {
  await page.evaluate((margin) => {
    const fresh = () => ({
      frames: 0,
      up: 0,
      down: 0,
      jumps: [] as Jump[],
      gaps: 0,
      gap: 0,
      waits: 0,
      longestWait: 0,
      longTasks: [] as number[],
      rows: 0,
      drawn: [] as string[][],
      cost: 0,
    });
    let now = fresh();
    let frame: HTMLElement | null = null;
    /** Position after the last change that is accounted for; what is different then was scrolled by the person. */
    let known = 0;
    let scrolled = 0;
    let tops = new Map<string, { top: number; height: number }>();
    let drawn = '';
    let waiting: number | undefined;

    const native = Object.getOwnPropertyDescriptor(Element.prototype, 'scrollTop');
    const read = (element: Element): number => Number(native?.get?.call(element));
    const account = (): void => {
      if (!frame) return;
      const at = read(frame);
      scrolled += at - known;
      known = at;
    };
    // The page's own scrolling goes by this property; positions change by a hand only before events of that frame.
    Object.defineProperty(Element.prototype, 'scrollTop', {
      configurable: true,
      get(this: Element) {
        return read(this);
      },
      set(this: Element, value: number) {
        native?.set?.call(this, value);
        if (this === frame) known = read(this);
      },
    });
    addEventListener('scroll', (event) => event.target === frame && account(), {
      capture: true,
      passive: true,
    });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) now.longTasks.push(entry.duration);
    }).observe({ type: 'longtask' });

    const look = (): void => {
      const began = performance.now();
      const current = document.querySelector<HTMLElement>('.c-timeline__frame');
      const content = current?.firstElementChild;
      if (!current || !content || current !== frame) {
        frame = current;
        known = current ? read(current) : 0;
        scrolled = 0;
        tops = new Map();
        waiting = undefined;
        return;
      }
      now.frames++;
      const { top, bottom } = current.getBoundingClientRect();
      const all = content.children;
      let low = 0;
      let high = all.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((all[middle]?.getBoundingClientRect().bottom ?? 0) <= top) low = middle + 1;
        else high = middle;
      }
      const seen: typeof tops = new Map();
      const deviated: { by: number; what: string }[] = [];
      let both = 0;
      let grown = 0;
      let end = top;
      let empty = 0;
      let spins = false;
      for (let index = low; index < all.length; index++) {
        const row = all[index] as HTMLElement;
        const at = row.getBoundingClientRect();
        if (at.top >= bottom) break;
        if (row.className.startsWith('c-edge')) {
          // Also without a word: then there is nothing where something should be.
          if (row.childElementCount === 0 && row.textContent === '') continue;
          const side = index === 0 ? current.dataset['older'] : current.dataset['newer'];
          if (side === 'loading') spins = true;
        }
        empty = Math.max(empty, at.top - end);
        end = Math.max(end, at.bottom);
        const key = row.dataset['key'];
        if (key === undefined) continue;
        seen.set(key, { top: at.top, height: at.height });
        const before = tops.get(key);
        if (before === undefined) continue;
        both++;
        grown += Math.abs(at.height - before.height);
        const by = at.top - before.top + scrolled;
        if (Math.abs(by) > 1) deviated.push({ by, what: row.textContent.slice(0, 40) });
      }
      empty = Math.max(empty, bottom - end);
      if (empty > margin) {
        now.gaps++;
        now.gap = Math.max(now.gap, empty);
      }
      if (spins) {
        now.waits++;
        waiting ??= began;
        now.longestWait = Math.max(now.longestWait, began - waiting);
      } else waiting = undefined;
      const [worst] = deviated.sort((one, other) => Math.abs(other.by) - Math.abs(one.by));
      if (worst) {
        now.jumps.push({ at: began, ...worst, rows: deviated.length, of: both, scrolled, grown });
      }
      if (scrolled < 0) now.up -= scrolled;
      else now.down += scrolled;
      scrolled = 0;
      known = read(current);
      tops = seen;
      const messages = content.querySelectorAll<HTMLElement>('[data-event]');
      const stamp = `${String(messages.length)} ${messages[0]?.dataset['event'] ?? ''} ${[...messages].at(-1)?.dataset['event'] ?? ''}`;
      if (stamp !== drawn) {
        drawn = stamp;
        now.drawn.push([...messages].map((one) => one.dataset['event'] ?? ''));
        now.rows = Math.max(now.rows, messages.length);
      }
      now.cost = Math.max(now.cost, performance.now() - began);
    };

    // A size that is observed for the first time is told after all other observers of the frame, before it is painted.
    const probe = document.documentElement;
    const step = (): void => {
      account();
      const observer = new ResizeObserver(() => {
        observer.disconnect();
        look();
      });
      observer.observe(probe);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
    const watch: Watch = {
      take: () => {
        const taken = now;
        now = fresh();
        // What is drawn now is told again.
        drawn = '';
        return taken;
      },
    };
    (globalThis as unknown as { scrollWatch: Watch }).scrollWatch = watch;
  }, MARGIN);
}

/** What was seen since the last call. */
export const takeWatched = (page: Page): Promise<Watched> =>
  page.evaluate(() => (globalThis as unknown as { scrollWatch: Watch }).scrollWatch.take());

/** What was seen in several calls, together. */
export function together(parts: readonly Watched[]): Omit<Watched, 'drawn'> {
  const sum = (of: (part: Watched) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const most = (of: (part: Watched) => number): number =>
    parts.reduce((top, part) => Math.max(top, of(part)), 0);
  return {
    frames: sum((part) => part.frames),
    up: sum((part) => part.up),
    down: sum((part) => part.down),
    jumps: parts.flatMap((part) => part.jumps),
    gaps: sum((part) => part.gaps),
    gap: most((part) => part.gap),
    waits: sum((part) => part.waits),
    longestWait: most((part) => part.longestWait),
    longTasks: parts.flatMap((part) => part.longTasks),
    rows: most((part) => part.rows),
    cost: most((part) => part.cost),
  };
}

/** Compares what was drawn with the order the homeserver tells. */
export class DrawnOrder {
  readonly #place: ReadonlyMap<string, number>;
  readonly #ids: readonly string[];
  readonly #seen = new Set<string>();
  /** What was wrong: an id that is not in the room's order, a hole between two rows, an order turned round. */
  readonly faults: string[] = [];
  #oldest = Infinity;
  #newest = -1;

  /** @param ids of the events that show a line of their own, oldest first */
  constructor(ids: readonly string[]) {
    this.#ids = ids;
    this.#place = new Map(ids.map((id, at) => [id, at]));
  }

  take(drawn: Watched['drawn']): void {
    for (const rows of drawn) {
      let last: number | undefined;
      for (const id of rows) {
        const at = this.#place.get(id);
        if (at === undefined) {
          this.#fault(`${id} is not told by the homeserver as one that is shown`);
          continue;
        }
        if (last !== undefined && at !== last + 1)
          this.#fault(`after number ${String(last)} comes number ${String(at)}`);
        last = at;
        this.#seen.add(id);
        this.#oldest = Math.min(this.#oldest, at);
        this.#newest = Math.max(this.#newest, at);
      }
    }
  }

  /** The place of the oldest that was drawn, from the newest on. */
  get depth(): number {
    return this.#ids.length - this.#oldest;
  }

  /** How many were drawn, and how many between the oldest and the newest of them were not. */
  get count(): { readonly drawn: number; readonly holes: number } {
    if (this.#newest < 0) return { drawn: 0, holes: 0 };
    const holes = this.#ids.slice(this.#oldest, this.#newest + 1).filter((id) => !this.#seen.has(id)).length;
    return { drawn: this.#seen.size, holes };
  }

  #fault(what: string): void {
    if (this.faults.length < 50) this.faults.push(what);
  }
}
