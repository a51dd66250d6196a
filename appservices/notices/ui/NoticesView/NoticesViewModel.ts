import type { Notice } from '@qiao/notices/contract';
import { LOADING, ViewModel, watch, watchPages, type Pages, type Remote, type Services } from '@qiao/ui-kit';
import { keys, LOOK_MS, noticesApi } from '../api.ts';

interface Page {
  items: readonly Notice[];
  next: string | null;
}
export interface NoticesSnapshot {
  readonly list: Remote<Pages<Notice, Page>>;
}

/** Notices to me. */
export class NoticesViewModel extends ViewModel<NoticesSnapshot> {
  readonly #services: Services;

  constructor(services: Services) {
    super({ list: LOADING });
    this.#services = services;
  }

  protected override onMount(): void {
    const { queries, api } = this.#services;
    const watching = watchPages<Notice, Page>(
      queries,
      {
        key: keys.list,
        every: LOOK_MS,
        load: (after, signal) =>
          api.call(noticesApi.notices, { query: after === undefined ? {} : { after }, signal }),
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
          void api.call(noticesApi.seen, { params: { id: this.#id } }).catch(() => undefined);
        }
      },
    );
    this.own(() => {
      watching.end();
    });
  }

  readonly confirm = async (done: string): Promise<void> => {
    const { api, attempt } = this.#services;
    await attempt(() => api.call(noticesApi.confirm, { params: { id: this.#id } }), {
      done,
      invalidate: [keys.all],
    });
  };
}
