import { endpoint, LOADING, ViewModel, watch, type Remote, type Services } from '@qiao/ui-kit';

/** One check of a part, as `GET /api/platform/health` answers it. */
export interface PartReport {
  readonly ok: boolean;
  /** In English, of a part without a text here. */
  readonly detail?: string;
  readonly code?: string;
  readonly params?: Readonly<Record<string, number>>;
}
export interface Health {
  readonly status: 'ok' | 'degraded';
  readonly parts: Readonly<Record<string, PartReport>>;
}

const health = endpoint<{ answer: Health }>('GET', '/api/platform/health');
const LOOK_EVERY_MS = 10_000;

export interface HealthSnapshot {
  readonly health: Remote<Health>;
}

/** Health of the parts, looked at while the page is open. */
export class HealthViewModel extends ViewModel<HealthSnapshot> {
  readonly #services: Services;
  #refresh: (() => Promise<void>) | undefined;

  constructor(services: Services) {
    super({ health: LOADING });
    this.#services = services;
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    const watching = watch<Health>(
      queries,
      {
        key: ['platform', 'health'],
        load: (signal) => api.call(health, { signal }),
        every: LOOK_EVERY_MS,
      },
      (remote) => {
        this.set({ health: remote });
      },
    );
    this.#refresh = () => watching.refresh();
    this.own(watching.end);
  }

  readonly refresh = (): void => void this.#refresh?.();
}
