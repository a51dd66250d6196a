import { useEffect, useState } from 'react';

/*
 * What comes and goes by itself and moves the page with it waits while somebody presses or is about to: what was under
 * the pointer when it went down is there when it comes up.
 */

/** Who moved a pointer or pressed so lately may be about to press, in milliseconds. */
export const AIM_MS = 1_000;

type Aim = Pick<PointerEvent, 'type' | 'pointerId' | 'buttons' | 'screenX' | 'screenY'>;

/** Whether the page may move now. */
export class Steady {
  readonly #now: () => number;
  readonly #down = new Set<number>();
  readonly #waiting = new Set<() => void>();
  #last = -Infinity;
  #at = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param now milliseconds, of any beginning */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Follows the pointers of a window. */
  watch(target: Pick<Window, 'addEventListener'>): this {
    for (const type of ['pointerdown', 'pointermove', 'pointerup', 'pointercancel'] as const)
      target.addEventListener(type, this.note, { capture: true, passive: true });
    // Of a pointer that went up elsewhere nothing is heard.
    target.addEventListener('blur', () => {
      this.#down.clear();
      this.#look();
    });
    return this;
  }

  readonly note = ({ type, pointerId, buttons, screenX, screenY }: Aim): void => {
    // Browsers tell of a pointer that rests, too, when the page moves below it.
    const at = `${String(screenX)} ${String(screenY)}`;
    if (type === 'pointermove' && at === this.#at) return;
    this.#at = at;
    this.#last = this.#now();
    if (type === 'pointerdown') this.#down.add(pointerId);
    else if (type !== 'pointermove' || buttons === 0) this.#down.delete(pointerId);
  };

  get isFree(): boolean {
    return this.#down.size === 0 && this.#now() - this.#last >= AIM_MS;
  }

  /** Calls back once the page may move, never at once; answers what ends the waiting. */
  whenFree(then: () => void): () => void {
    this.#waiting.add(then);
    this.#timer ??= setTimeout(this.#look, 0);
    return () => this.#waiting.delete(then);
  }

  readonly #look = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.size === 0) return;
    if (this.isFree) {
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const then of waiting) then();
    } else this.#timer = setTimeout(this.#look, Math.max(50, this.#last + AIM_MS - this.#now()));
  };
}

export const steady = new Steady().watch(window);

/**
 * A value by which the page moves: what it was until the page may move.
 * @param key the same as long as nothing moves by it: then the value is taken at once
 */
export function useSteady<T>(value: T, key: string): T {
  const [shown, setShown] = useState({ value, key });
  useEffect(() => {
    if (shown.key === key) return undefined;
    return steady.whenFree(() => {
      setShown({ value, key });
    });
  }, [shown.key, value, key]);
  return shown.key === key ? value : shown.value;
}
