/**
 * Nearer to an end than a share of all that is drawn, within limits in CSS pixels, more is asked for. Far enough that
 * a fling does not reach the end at once, and that the reactions to a message, which come after it, are there before
 * it is in sight. Never near to both ends of a full window: what comes at one would go at the other for ever.
 */
const NEAR = { share: 0.3, least: 2400, most: 5000 };
/** The newest is in sight when no more than this is below, CSS pixels. */
const BOTTOM = 32;

interface Anchor {
  readonly key: string;
  /** Distance of its upper edge from the frame's, CSS pixels. */
  readonly offset: number;
}

export interface ScrollState {
  readonly atBottom: boolean;
  readonly nearTop: boolean;
  readonly nearBottom: boolean;
}

/**
 * Keeps what somebody reads in its place while messages come and go above and below, and pictures grow: what is
 * in sight is noted by its keys, and put back where it was after each change. At the lower end it stays there.
 */
export class ScrollKeeper {
  readonly #frame: HTMLElement;
  readonly #onScroll: (state: ScrollState) => void;
  readonly #resized: ResizeObserver;
  #anchors: Anchor[] = [];
  #stuck = true;
  /** Whether the lower end is the newest message: only then it is stuck to. */
  #isEnd = true;
  /** Where we scrolled last; NaN: somewhere else since. (-1 would be next to the very top.) */
  #expected = Number.NaN;

  constructor(frame: HTMLElement, content: HTMLElement, onScroll: (state: ScrollState) => void) {
    this.#frame = frame;
    this.#onScroll = onScroll;
    this.#resized = new ResizeObserver(() => {
      this.restore();
    });
    this.#resized.observe(content);
    this.#resized.observe(frame);
    frame.addEventListener('scroll', this.#scrolled, { passive: true });
  }

  close(): void {
    this.#resized.disconnect();
    this.#frame.removeEventListener('scroll', this.#scrolled);
  }

  /** Says whether what is shown ends with the newest message. */
  set isEnd(isEnd: boolean) {
    this.#isEnd = isEnd;
  }

  /** After each change of what is shown. */
  restore(): void {
    const frame = this.#frame;
    if (this.#stuck && this.#isEnd) {
      this.#scrollTo(frame.scrollHeight - frame.clientHeight);
    } else {
      const top = frame.getBoundingClientRect().top;
      for (const { key, offset } of this.#anchors) {
        const node = this.#find(key);
        if (!node) continue;
        const moved = node.getBoundingClientRect().top - top - offset;
        if (Math.abs(moved) >= 1) this.#scrollTo(frame.scrollTop + moved);
        break;
      }
    }
    this.#note();
    this.#tell();
  }

  toBottom(): void {
    this.#stuck = true;
    this.restore();
  }

  /** Puts an element into the middle; answers whether it is there. */
  toMiddle(selector: string): boolean {
    const node = this.#frame.querySelector<HTMLElement>(selector);
    if (!node) return false;
    const frame = this.#frame;
    const at = node.getBoundingClientRect().top - frame.getBoundingClientRect().top + frame.scrollTop;
    const room = Math.max(24, (frame.clientHeight - node.offsetHeight) / 2);
    this.#stuck = false;
    this.#scrollTo(at - room);
    this.#stuck = this.#isEnd && this.#below() <= BOTTOM;
    this.#note();
    this.#tell();
    return true;
  }

  get state(): ScrollState {
    const above = this.#frame.scrollTop;
    const below = this.#below();
    const wish = Math.min(NEAR.most, Math.max(NEAR.least, this.#frame.scrollHeight * NEAR.share));
    // Of what is not on the screen nothing is read, and it would be near to both ends for ever.
    const near = this.#frame.clientHeight > 0 ? wish : 0;
    return {
      atBottom: this.#isEnd && below <= BOTTOM,
      nearTop: above < near,
      nearBottom: below < near,
    };
  }

  readonly #scrolled = (): void => {
    // What was scrolled by us has been noted already.
    if (Math.abs(this.#frame.scrollTop - this.#expected) <= 1) return;
    this.#expected = Number.NaN;
    this.#stuck = this.#isEnd && this.#below() <= BOTTOM;
    this.#note();
    this.#tell();
  };

  #below(): number {
    const frame = this.#frame;
    return frame.scrollHeight - frame.clientHeight - frame.scrollTop;
  }

  #scrollTo(top: number): void {
    this.#frame.scrollTop = top;
    this.#expected = this.#frame.scrollTop;
  }

  #tell(): void {
    this.#onScroll(this.state);
  }

  #rows(): HTMLElement[] {
    return [...this.#frame.querySelectorAll<HTMLElement>('[data-key]')];
  }

  #find(key: string): HTMLElement | undefined {
    return this.#frame.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) ?? undefined;
  }

  #note(): void {
    const { top, bottom } = this.#frame.getBoundingClientRect();
    const rows = this.#rows();
    // The first row that reaches into the frame, by halves.
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) <= top) low = middle + 1;
      else high = middle;
    }
    const anchors: Anchor[] = [];
    for (let index = low; index < rows.length; index++) {
      const row = rows[index];
      const at = row?.getBoundingClientRect();
      if (!row || !at || at.top >= bottom) break;
      anchors.push({ key: row.dataset['key'] ?? '', offset: at.top - top });
    }
    // The uppermost may change its own height when its group turns out to begin further up.
    const [first, ...others] = anchors;
    if (first) this.#anchors = [...others, first];
  }
}
