import type { Offboarding } from '@qiao/org/contract';
import {
  LOADING,
  ViewModel,
  watchPages,
  type Pages,
  type Remote,
  type Services,
  type WatchingPages,
  type WatchPages,
} from '@qiao/ui-kit';
import { keys, orgApi } from '../api.ts';

export interface LeaversSnapshot {
  readonly state: Offboarding['state'] | undefined;
  readonly leavers: Remote<Pages<Offboarding>>;
}

/** Those who leave or left, by where they stand. */
export class LeaversViewModel extends ViewModel<LeaversSnapshot> {
  readonly #services: Services;
  #watching: WatchingPages<Offboarding> | undefined;

  constructor(services: Services) {
    super({ state: undefined, leavers: LOADING });
    this.#services = services;
  }

  protected override onMount(): void {
    const watching = watchPages(this.#services.queries, this.#query(), (leavers) => {
      this.set({ leavers });
    });
    this.#watching = watching;
    this.own(watching.end);
  }

  #query(): WatchPages<Offboarding> {
    const { api } = this.#services;
    const { state } = this.snapshot;
    return {
      key: [...keys.offboardings, 'list', state ?? ''],
      load: (after, signal) =>
        api.call(orgApi.offboardings, {
          query: { ...(state === undefined ? {} : { state }), ...(after === undefined ? {} : { after }) },
          signal,
        }),
    };
  }

  readonly show = (state: Offboarding['state'] | undefined): void => {
    this.set({ state });
    this.#watching?.change(this.#query());
  };
}
