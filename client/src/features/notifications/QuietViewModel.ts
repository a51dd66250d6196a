import type { Settings } from '@qiao/notices/contract';
import { isQuiet, nextAwake } from '@qiao/notices/quiet';
import {
  dataOf,
  endpoint,
  LOADING,
  ViewModel,
  watch,
  type Remote,
  type Services,
  type Watch,
  type Watching,
} from '@qiao/ui-kit';

export interface QuietSnapshot {
  /** The person has quiet hours at all: they are in the company's directory. */
  readonly known: boolean;
  /** Neither notifications nor sounds now. */
  readonly quiet: boolean;
  /** When that ends, milliseconds since 1970. */
  readonly until: number | undefined;
  /** By "do not disturb", not by the hours of the day. */
  readonly paused: boolean;
}

/** How often the hours of the day are looked at, milliseconds. */
const LOOK_MS = 30_000;
/** The morning after: local hour at which "until tomorrow" ends. */
const MORNING = 8;

/** The answer that the page of reminders has, too. */
export const QUIET_KEY = ['notices', 'settings'] as const;
export const quietApi = {
  settings: endpoint<{ answer: Settings }>('GET', '/api/notices/settings'),
  pause: endpoint<{ body: { until: string | null }; answer: Settings }>('PUT', '/api/notices/settings/pause'),
};

/** How long "do not disturb" is to last. */
export type Pause = 'hour' | 'afternoon' | 'tomorrow';

/** @returns when it ends */
export function endOfPause(pause: Pause, now: Date): Date {
  if (pause === 'tomorrow') {
    const morning = new Date(now);
    morning.setDate(morning.getDate() + 1);
    morning.setHours(MORNING, 0, 0, 0);
    return morning;
  }
  return new Date(now.getTime() + (pause === 'hour' ? 1 : 4) * 3_600_000);
}

/** Whether the person wants to be left alone now. */
export class QuietViewModel extends ViewModel<QuietSnapshot> {
  #services: Services;
  #watching: Watching<Settings> | undefined;
  #stored: Remote<Settings> = LOADING;

  constructor(services: Services) {
    super({ known: false, quiet: false, until: undefined, paused: false });
    this.#services = services;
  }

  protected override onMount(): void {
    const watching = watch<Settings>(this.#services.queries, this.#watch(), (stored) => {
      this.#stored = stored;
      this.#look();
    });
    this.#watching = watching;
    this.own(watching.end);
    const timer = setInterval(() => {
      this.#look();
    }, LOOK_MS);
    this.own(() => {
      clearInterval(timer);
    });
  }

  #watch(): Watch<Settings> {
    const { api, session } = this.#services;
    return {
      key: QUIET_KEY,
      enabled: session.personId !== undefined,
      load: (signal) => api.call(quietApi.settings, { signal }),
    };
  }

  /** Goes on with what is known of the reader now. */
  readonly enter = (services: Services): void => {
    const before = this.#services.session.personId;
    this.#services = services;
    if (before !== services.session.personId) this.#watching?.change(this.#watch());
  };

  #look(): void {
    const wishes = dataOf(this.#stored);
    if (!wishes) return;
    const now = new Date();
    const quiet = isQuiet(now, wishes);
    this.set({
      known: true,
      quiet,
      until: quiet ? nextAwake(now, wishes).getTime() : undefined,
      paused: wishes.paused_until !== null && Date.parse(wishes.paused_until) > now.getTime(),
    });
  }

  /** @param pause undefined: ends it */
  readonly pause = async (pause: Pause | undefined, done: string): Promise<void> => {
    const { attempt, api } = this.#services;
    const until = pause === undefined ? null : endOfPause(pause, new Date()).toISOString();
    await attempt(() => api.call(quietApi.pause, { body: { until } }), { done, invalidate: [QUIET_KEY] });
  };
}
