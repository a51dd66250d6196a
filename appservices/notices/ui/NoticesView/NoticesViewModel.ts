import type { Notice } from '@qiao/notices/contract';
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
import { keys, LOOK_MS, noticesApi } from '../api.ts';

export type Filter = 'all' | 'to_confirm';
export interface NoticesSnapshot {
  readonly filter: Filter;
  readonly list: Remote<Pages<Notice>>;
}

/** Notices to me. */
export class NoticesViewModel extends ViewModel<NoticesSnapshot> {
  readonly #services: Services;
  #watching: WatchingPages<Notice> | undefined;

  constructor(services: Services) {
    super({ filter: 'all', list: LOADING });
    this.#services = services;
  }

  protected override onMount(): void {
    const watching = watchPages<Notice>(this.#services.queries, this.#query(), (list) => {
      this.set({ list });
    });
    this.#watching = watching;
    this.own(watching.end);
  }

  #query(): WatchPages<Notice> {
    const { filter } = this.snapshot;
    return {
      key: [...keys.list, filter],
      every: LOOK_MS,
      load: (after, signal) =>
        this.#services.api.call(noticesApi.notices, {
          query: { filter, ...(after === undefined ? {} : { after }) },
          signal,
        }),
    };
  }

  readonly show = (filter: Filter): void => {
    this.set({ filter });
    this.#watching?.change(this.#query());
  };
}

export interface NoticeSnapshot {
  readonly notice: Remote<Notice>;
}

/** One notice to me; opening it is told. */
export class NoticeViewModel extends ViewModel<NoticeSnapshot> {
  readonly #services: Services;
  readonly #id: string;
  #told = false;

  constructor(services: Services, id: string) {
    super({ notice: LOADING });
    this.#services = services;
    this.#id = id;
  }

  protected override onMount(): void {
    const { queries, api } = this.#services;
    const watching = watch<Notice>(
      queries,
      {
        key: keys.one(this.#id),
        every: LOOK_MS,
        load: (signal) => api.call(noticesApi.notice, { params: { id: this.#id }, signal }),
      },
      (notice) => {
        this.set({ notice });
        if (notice.state === 'ready' && notice.data.seen_at === null && !this.#told) {
          this.#told = true;
          // Not worth a message: the next opening tells again.
          void api
            .call(noticesApi.seen, { params: { id: this.#id } })
            .then(() => queries.invalidateQueries({ queryKey: keys.list }))
            .catch(() => undefined);
        }
      },
    );
    this.own(watching.end);
  }

  readonly confirm = async (done: string): Promise<void> => {
    const { api, attempt } = this.#services;
    await attempt(() => api.call(noticesApi.confirm, { params: { id: this.#id } }), {
      done,
      invalidate: [keys.all],
    });
  };
}
