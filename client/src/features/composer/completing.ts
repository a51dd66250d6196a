import { suggest } from './completions.ts';
import type { ComposerDeps, ComposerSnapshot } from './composer-types.ts';
import type { Completion, Trigger } from './editor/writing.ts';

type Shown = NonNullable<ComposerSnapshot['completion']>;

/** What a list of suggestions is shown in. */
interface Place {
  readonly shown: () => Shown | undefined;
  readonly show: (completion: Shown | undefined) => void;
  /** Puts what was chosen into the text. */
  readonly complete: (trigger: Trigger, completion: Completion) => void;
}

/** Suggests people and emoji for what stands before the caret. */
export class Completing {
  readonly #deps: Pick<ComposerDeps, 'matrix' | 'search' | 'roomId' | 'locale' | 'words'>;
  readonly #place: Place;
  /** Of the trigger that was put away: it does not come back while it is typed on. */
  #dismissed: string | undefined;
  #asking = new AbortController();

  constructor(deps: Pick<ComposerDeps, 'matrix' | 'search' | 'roomId' | 'locale' | 'words'>, place: Place) {
    this.#deps = deps;
    this.#place = place;
  }

  /** What stands before the caret has changed; undefined: nothing to be completed. */
  readonly on = (trigger: Trigger | undefined): void => {
    this.#asking.abort();
    if (!trigger) {
      this.#dismissed = undefined;
      if (this.#place.shown()) this.#place.show(undefined);
      return;
    }
    if (this.#dismissed === nameOf(trigger)) return;
    const { matrix, search, roomId, locale, words } = this.#deps;
    const asking = new AbortController();
    this.#asking = asking;
    const { signal } = asking;
    let isFirst = true;
    void suggest(
      trigger,
      { client: matrix.client, search, roomId, locale: locale(), words: words(), signal },
      (items) => {
        // Something else is typed by now.
        if (signal.aborted) return;
        const before = isFirst ? undefined : this.#place.shown();
        isFirst = false;
        const marked = before?.items[before.active]?.key;
        // More is known: what was marked stays marked.
        const active = Math.max(
          0,
          items.findIndex(({ key }) => key === marked),
        );
        this.#place.show(items.length === 0 ? undefined : { trigger, items, active });
      },
    );
  };

  readonly choose = (index: number): void => {
    const shown = this.#place.shown();
    const item = shown?.items[index];
    if (!shown || !item) return;
    this.#asking.abort();
    this.#place.show(undefined);
    this.#place.complete(shown.trigger, item.completion);
  };

  /** @returns whether a key was for the list */
  key(event: KeyboardEvent): boolean {
    const shown = this.#place.shown();
    if (!shown) return false;
    const count = shown.items.length;
    const go = (by: number): true => {
      this.#place.show({ ...shown, active: (shown.active + by + count) % count });
      return true;
    };
    switch (event.key) {
      case 'ArrowDown':
        return go(1);
      case 'ArrowUp':
        return go(-1);
      case 'Enter':
      case 'Tab':
        if (event.ctrlKey || event.metaKey || event.shiftKey) return false;
        this.choose(shown.active);
        return true;
      case 'Escape':
        this.#dismissed = nameOf(shown.trigger);
        this.#asking.abort();
        this.#place.show(undefined);
        return true;
      default:
        return false;
    }
  }
}

const nameOf = ({ kind, from }: Trigger): string => `${kind} ${String(from)}`;
