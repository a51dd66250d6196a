import type { ActPage } from '@qiao/org/contract';
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
import type { Static } from 'typebox';
import { keys, orgApi } from '../api.ts';

export type Act = Static<typeof ActPage>['items'][number];
export interface ActsSnapshot {
  readonly subject: string;
  readonly acts: Remote<Pages<Act>>;
}

/** Who changed what, the latest first. */
export class ActsViewModel extends ViewModel<ActsSnapshot> {
  readonly #services: Services;
  #watching: WatchingPages<Act> | undefined;

  constructor(services: Services, subject: string) {
    super({ subject, acts: LOADING });
    this.#services = services;
  }

  protected override onMount(): void {
    const watching = watchPages(this.#services.queries, this.#query(), (acts) => {
      this.set({ acts });
    });
    this.#watching = watching;
    this.own(watching.end);
  }

  #query(): WatchPages<Act> {
    const { api } = this.#services;
    const { subject } = this.snapshot;
    return {
      key: [...keys.acts, subject],
      load: (after, signal) =>
        api.call(orgApi.acts, {
          query: { ...(subject === '' ? {} : { subject }), ...(after === undefined ? {} : { after }) },
          signal,
        }),
    };
  }

  readonly show = (subject: string): void => {
    if (subject === this.snapshot.subject) return;
    this.set({ subject });
    this.#watching?.change(this.#query());
  };
}
