import type { ManagedNotice, Progress, Recipient } from '@qiao/notices/contract';
import { LOADING, ViewModel, watch, watchPages, type Pages, type Remote, type Services } from '@qiao/ui-kit';
import { keys, noticesApi } from '../api.ts';

/** While something goes out, and otherwise: milliseconds between looks. */
const SENDING_MS = 3000;
const REST_MS = 30_000;

interface Page<T> {
  items: readonly T[];
  next: string | null;
}
export interface SentSnapshot {
  readonly list: Remote<Pages<ManagedNotice, Page<ManagedNotice>>>;
}

/** Notices I manage. */
export class SentViewModel extends ViewModel<SentSnapshot> {
  readonly #services: Services;

  constructor(services: Services) {
    super({ list: LOADING });
    this.#services = services;
  }

  protected override onMount(): void {
    const { queries, api } = this.#services;
    const watching = watchPages<ManagedNotice, Page<ManagedNotice>>(
      queries,
      {
        key: keys.managed,
        every: REST_MS,
        load: (after, signal) =>
          api.call(noticesApi.managed, { query: after === undefined ? {} : { after }, signal }),
      },
      (list) => {
        this.set({ list });
      },
    );
    this.own(() => {
      watching.end();
    });
  }
}

export interface SentOneSnapshot {
  readonly notice: Remote<ManagedNotice>;
  readonly progress: Remote<Progress>;
  readonly show: 'pending' | 'confirmed';
  readonly people: Remote<Pages<Recipient, Page<Recipient>>>;
}

/** How one notice gets on. */
export class SentOneViewModel extends ViewModel<SentOneSnapshot> {
  readonly #services: Services;
  readonly #id: string;
  #people: ReturnType<typeof watchPages<Recipient, Page<Recipient>>> | undefined;

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
    const people = watchPages<Recipient, Page<Recipient>>(queries, this.#peopleQuery(), (value) => {
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
