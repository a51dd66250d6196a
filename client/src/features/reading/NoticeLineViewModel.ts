import type { Notice } from '@qiao/notices/contract';
import { LOADING, ViewModel, watch, type Remote, type Services } from '@qiao/ui-kit';
import { noticeKey, NOTICES_KEY, readingApi } from './api.ts';

export interface NoticeLineSnapshot {
  readonly notice: Remote<Notice>;
  readonly busy: boolean;
}

/** What this person did with the notice that a message brings. */
export class NoticeLineViewModel extends ViewModel<NoticeLineSnapshot> {
  readonly #services: Services;
  readonly #id: string;

  constructor(services: Services, id: string) {
    super({ notice: LOADING, busy: false });
    this.#services = services;
    this.#id = id;
  }

  protected override onMount(): void {
    const { queries, api } = this.#services;
    const params = { id: this.#id };
    const watching = watch<Notice>(
      queries,
      { key: noticeKey(this.#id), load: (signal) => api.call(readingApi.notice, { params, signal }) },
      (notice) => {
        this.set({ notice });
      },
    );
    this.own(watching.end);
  }

  readonly confirm = async (): Promise<void> => {
    const { api, attempt } = this.#services;
    this.set({ busy: true });
    await attempt(() => api.call(readingApi.confirmNotice, { params: { id: this.#id } }), {
      invalidate: [NOTICES_KEY],
    });
    this.set({ busy: false });
  };
}
