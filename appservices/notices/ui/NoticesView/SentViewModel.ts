import type { ManagedNotice, Progress, Recipient } from '@qiao/notices/contract';
import {
  LOADING,
  ViewModel,
  watch,
  watchPages,
  type Pages,
  type Remote,
  type Services,
  type WatchingPages,
  type WatchPages,
} from '@qiao/ui-kit';
import { keys, noticesApi } from '../api.ts';

/** While something goes out, and otherwise: milliseconds between looks. */
const SENDING_MS = 3000;
const REST_MS = 30_000;

export const STATES = ['draft', 'scheduled', 'sent', 'recalled'] as const;
export type Shown = 'all' | (typeof STATES)[number];
export interface SentSnapshot {
  readonly shown: Shown;
  readonly list: Remote<Pages<ManagedNotice>>;
}

/** Notices I manage. */
export class SentViewModel extends ViewModel<SentSnapshot> {
  readonly #services: Services;
  #watching: WatchingPages<ManagedNotice> | undefined;

  constructor(services: Services) {
    super({ shown: 'all', list: LOADING });
    this.#services = services;
  }

  protected override onMount(): void {
    const { queries } = this.#services;
    const watching = watchPages<ManagedNotice>(queries, this.#query(), (list) => {
      this.set({ list });
    });
    this.#watching = watching;
    this.own(watching.end);
  }

  #query(): WatchPages<ManagedNotice> {
    const { shown } = this.snapshot;
    return {
      key: [...keys.managed, 'list', shown],
      every: REST_MS,
      load: (after, signal) =>
        this.#services.api.call(noticesApi.managed, {
          query: {
            ...(shown === 'all' ? {} : { state: shown }),
            ...(after === undefined ? {} : { after }),
          },
          signal,
        }),
    };
  }

  readonly show = (shown: Shown): void => {
    this.set({ shown });
    this.#watching?.change(this.#query());
  };
}

export interface SentOneSnapshot {
  readonly notice: Remote<ManagedNotice>;
  readonly progress: Remote<Progress>;
  readonly show: 'pending' | 'confirmed';
  readonly people: Remote<Pages<Recipient>>;
}

/** How one notice gets on. */
export class SentOneViewModel extends ViewModel<SentOneSnapshot> {
  readonly #services: Services;
  readonly #id: string;
  #people: WatchingPages<Recipient> | undefined;

  constructor(services: Services, id: string) {
    super({ notice: LOADING, progress: LOADING, show: 'pending', people: LOADING });
    this.#services = services;
    this.#id = id;
  }

  protected override onMount(): void {
    const { queries, api } = this.#services;
    const params = { id: this.#id };
    const notice = watch<ManagedNotice>(
      queries,
      {
        key: keys.managedOne(this.#id),
        every: (data) => (data?.state === 'sending' ? SENDING_MS : REST_MS),
        load: (signal) => api.call(noticesApi.managedOne, { params, signal }),
      },
      (value) => {
        this.set({ notice: value });
      },
    );
    const progress = watch<Progress>(
      queries,
      {
        key: [...keys.managedOne(this.#id), 'progress'],
        every: (data) => ((data?.deliveries.waiting ?? 0) > 0 ? SENDING_MS : REST_MS),
        load: (signal) => api.call(noticesApi.progress, { params, signal }),
      },
      (value) => {
        this.set({ progress: value });
      },
    );
    const people = watchPages<Recipient>(queries, this.#peopleQuery(), (value) => {
      this.set({ people: value });
    });
    this.#people = people;
    this.own(() => {
      notice.end();
      progress.end();
      people.end();
    });
  }

  #peopleQuery() {
    const { show } = this.snapshot;
    return {
      key: [...keys.managedOne(this.#id), 'people', show],
      load: (after: string | undefined, signal: AbortSignal) =>
        this.#services.api.call(noticesApi.recipients, {
          params: { id: this.#id },
          query: { show, ...(after === undefined ? {} : { after }) },
          signal,
        }),
    };
  }

  readonly show = (show: 'pending' | 'confirmed'): void => {
    this.set({ show });
    this.#people?.change(this.#peopleQuery());
  };

  readonly remind = async (done: (count: number) => string): Promise<void> => {
    const { api, attempt, toasts } = this.#services;
    const answer = await attempt(() => api.call(noticesApi.remind, { params: { id: this.#id } }), {
      invalidate: [keys.managed],
    });
    if (answer.ok) toasts.success(done(answer.value.reminded));
  };

  readonly recall = async (words: {
    title: string;
    body: string;
    confirm: string;
    done: string;
  }): Promise<void> => {
    const { api, attempt, confirm } = this.#services;
    if (!(await confirm.ask({ ...words, destructive: true }))) return;
    await attempt(() => api.call(noticesApi.recall, { params: { id: this.#id } }), {
      done: words.done,
      invalidate: [keys.all],
    });
  };
}
