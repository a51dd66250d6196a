/**
 * Base of all view models: an immutable snapshot that a view reads, and methods it calls. Work that has to
 * be given back (observers, timers) begins in {@link ViewModel.onMount} and is registered by `own`, so that a
 * view model can be mounted again (React's strict mode does).
 */
export abstract class ViewModel<S extends object> {
  #snapshot: S;
  readonly #listeners = new Set<() => void>();
  #owned: (() => void)[] = [];
  #mounts = 0;

  constructor(initial: S) {
    this.#snapshot = initial;
  }

  /** The state at this moment; the same object until something changes. */
  readonly getSnapshot = (): S => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Starts the work of the view model; what it answers ends it. */
  mount(): () => void {
    if (this.#mounts++ === 0) this.onMount();
    return () => {
      if (--this.#mounts > 0) return;
      const owned = this.#owned;
      this.#owned = [];
      for (const end of owned) end();
    };
  }

  protected get snapshot(): S {
    return this.#snapshot;
  }

  /** Whether a view shows this view model now. */
  protected get mounted(): boolean {
    return this.#mounts > 0;
  }

  protected onMount(): void {
    // Nothing to start by default.
  }

  protected own(end: () => void): void {
    this.#owned.push(end);
  }

  protected set(patch: Partial<S>): void {
    this.#snapshot = { ...this.#snapshot, ...patch };
    for (const listener of [...this.#listeners]) listener();
  }
}
