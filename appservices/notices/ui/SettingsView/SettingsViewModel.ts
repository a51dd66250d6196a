import type { Settings } from '@qiao/notices/contract';
import { dataOf, LOADING, ViewModel, watch, type Remote, type Services } from '@qiao/ui-kit';
import { keys, noticesApi } from '../api.ts';

export interface SettingsSnapshot {
  readonly stored: Remote<Settings>;
  /** What was changed here and is not stored yet. */
  readonly changed: Partial<Settings>;
  readonly busy: boolean;
}

/** My quiet hours and reminders. */
export class SettingsViewModel extends ViewModel<SettingsSnapshot> {
  readonly #services: Services;

  constructor(services: Services) {
    super({ stored: LOADING, changed: {}, busy: false });
    this.#services = services;
  }

  protected override onMount(): void {
    const { queries, api } = this.#services;
    const watching = watch<Settings>(
      queries,
      { key: keys.settings, load: (signal) => api.call(noticesApi.settings, { signal }) },
      (stored) => {
        this.set({ stored });
      },
    );
    this.own(watching.end);
  }

  readonly change = (part: Partial<Settings>): void => {
    this.set({ changed: { ...this.snapshot.changed, ...part } });
  };

  readonly save = async (done: string): Promise<void> => {
    const { api, attempt } = this.#services;
    const stored = dataOf(this.snapshot.stored);
    if (stored === undefined) return;
    this.set({ busy: true });
    // "Do not disturb" has a switch of its own.
    const { paused_until: _paused, ...body } = { ...stored, ...this.snapshot.changed };
    const answer = await attempt(() => api.call(noticesApi.putSettings, { body }), {
      done,
      invalidate: [keys.settings],
    });
    this.set({ busy: false, ...(answer.ok ? { changed: {} } : {}) });
  };
}
