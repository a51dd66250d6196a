/**
 * How long after its end a composition still owns the next key, in milliseconds. Safari ends the composition
 * first and sends the key (Enter) that ended it afterwards, without saying that it belonged to it.
 */
export const AFTER_COMPOSITION_MS = 100;

/** What of a key event tells whose it is. */
export interface Key {
  readonly isComposing: boolean;
  readonly keyCode: number;
  /** Milliseconds, on the clock of {@link ImeGuard.ended}. */
  readonly timeStamp: number;
}

/** Tells the keys of an input method from those that are meant for the composer. */
export class ImeGuard {
  #composing = false;
  #endedAt = Number.NEGATIVE_INFINITY;
  readonly #endsFirst: boolean;

  /** @param endsFirst the browser sends the key that ends a composition after its end (Safari) */
  constructor(endsFirst: boolean) {
    this.#endsFirst = endsFirst;
  }

  readonly started = (): void => {
    this.#composing = true;
  };

  readonly ended = (event: { readonly timeStamp: number }): void => {
    this.#composing = false;
    this.#endedAt = event.timeStamp;
  };

  get composing(): boolean {
    return this.#composing;
  }

  /** Whether a key is the input method's: then nothing is sent, chosen or cancelled by it. */
  owns(key: Key): boolean {
    // 229: the input method handles it (UI Events); some browsers set only this.
    if (key.isComposing || key.keyCode === 229 || this.#composing) return true;
    if (!this.#endsFirst || key.timeStamp - this.#endedAt >= AFTER_COMPOSITION_MS) return false;
    this.#endedAt = Number.NEGATIVE_INFINITY;
    return true;
  }
}

/** Whether this browser ends a composition before it sends its last key. */
export const endsCompositionFirst = (agent: string): boolean =>
  agent.includes('AppleWebKit') && !/Chrome|Chromium|Android/.test(agent);

/** What Enter does. `mod-enter`: Ctrl or ⌘ with Enter sends. */
export type SendKey = 'enter' | 'mod-enter';

/** What a press of Enter is meant for; the input method's keys have been sorted out before. */
export function meaningOfEnter(
  key: {
    readonly shiftKey: boolean;
    readonly ctrlKey: boolean;
    readonly metaKey: boolean;
    readonly altKey: boolean;
  },
  sendKey: SendKey,
): 'send' | 'newline' {
  const mod = key.ctrlKey || key.metaKey;
  if (key.shiftKey || key.altKey) return 'newline';
  return mod || sendKey === 'enter' ? 'send' : 'newline';
}
