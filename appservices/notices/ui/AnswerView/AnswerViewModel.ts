import type { CloseHow, Obligation } from '@qiao/notices/contract';
import {
  LOADING,
  ViewModel,
  watchPages,
  type Pages,
  type Remote,
  type Services,
  type WatchPages,
} from '@qiao/ui-kit';
import { keys, LOOK_MS, noticesApi } from '../api.ts';

export type Side = 'owe' | 'wait';
interface Page {
  items: readonly Obligation[];
  next: string | null;
}
export interface AnswerSnapshot {
  readonly side: Side;
  readonly state: 'open' | 'closed';
  readonly list: Remote<Pages<Obligation, Page>>;
}

/** What I owe, and what I wait for. */
export class AnswerViewModel extends ViewModel<AnswerSnapshot> {
  readonly #services: Services;
  #watching: { change(next: WatchPages<Obligation, Page>): void } | undefined;

  constructor(services: Services) {
    super({ side: 'owe', state: 'open', list: LOADING });
    this.#services = services;
  }

  protected override onMount(): void {
    const watching = watchPages(this.#services.queries, this.#query(), (list) => {
      this.set({ list });
    });
    this.#watching = watching;
    this.own(() => {
      watching.end();
    });
  }

  #query(): WatchPages<Obligation, Page> {
    const { side, state } = this.snapshot;
    return {
      key: [...keys.obligations, side, state],
      every: LOOK_MS,
      load: (after, signal) =>
        this.#services.api.call(noticesApi.obligations, {
          query: { side, state, ...(after === undefined ? {} : { after }) },
          signal,
        }),
    };
  }

  readonly show = (part: Partial<Pick<AnswerSnapshot, 'side' | 'state'>>): void => {
    this.set(part);
    this.#watching?.change(this.#query());
  };

  readonly close = async (one: Obligation, how: CloseHow, done: string): Promise<void> => {
    const { api, attempt } = this.#services;
    await attempt(() => api.call(noticesApi.close, { params: { id: one.id }, body: { how } }), {
      done,
      invalidate: [keys.all],
    });
  };
}
