import type { HeldLeaver, HeldLeavers, UntakenPage, UntakenValue } from '@qiao/org/contract';
import { dataOf, LOADING, ViewModel, watchPages, type Pages, type Remote, type Services } from '@qiao/ui-kit';
import type { Static } from 'typebox';
import { keys, orgApi } from '../api.ts';

/** A source as the lists of it are headed. */
export interface SourceName {
  readonly id: string;
  readonly name: string;
}

export interface HeldSnapshot {
  readonly people: Remote<Pages<HeldLeaver, Static<typeof HeldLeavers>>>;
  readonly busy: boolean;
}

/** People a provider wants gone and the guard holds: let go, or kept, all who are shown. */
export class HeldViewModel extends ViewModel<HeldSnapshot> {
  readonly #services: Services;
  readonly #source: SourceName;
  readonly #done: () => void;

  constructor(services: Services, source: SourceName, done: () => void) {
    super({ people: LOADING, busy: false });
    this.#services = services;
    this.#source = source;
    this.#done = done;
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    const params = { id: this.#source.id };
    const watching = watchPages<HeldLeaver, Static<typeof HeldLeavers>>(
      queries,
      {
        key: [...keys.sourcesAttention, 'held', params.id],
        load: (after, signal) =>
          api.call(orgApi.heldLeavers, { params, query: after === undefined ? {} : { after }, signal }),
      },
      (people) => {
        this.set({ people });
      },
    );
    this.own(() => {
      watching.end();
    });
  }

  readonly decide = async (decision: 'let_go' | 'keep'): Promise<void> => {
    const seen = dataOf(this.snapshot.people);
    if (!seen) return;
    const { api, attempt, i18n } = this.#services;
    this.set({ busy: true });
    const done = await attempt(
      () =>
        api.call(orgApi.decideHeld, {
          params: { id: this.#source.id },
          body: { decision, as_of: seen.first.as_of },
        }),
      {
        done: i18n.t(decision === 'let_go' ? 'org:attention.let_gone' : 'org:attention.kept'),
        invalidate: [keys.sources, keys.sourcesAttention, keys.people, keys.offboardings],
      },
    );
    this.set({ busy: false });
    if (done.ok) this.#done();
  };
}

export interface UntakenSnapshot {
  readonly values: Remote<Pages<UntakenValue, Static<typeof UntakenPage>>>;
}

/** What a provider sent and the directory does not say. */
export class UntakenViewModel extends ViewModel<UntakenSnapshot> {
  readonly #services: Services;
  readonly #source: SourceName;

  constructor(services: Services, source: SourceName) {
    super({ values: LOADING });
    this.#services = services;
    this.#source = source;
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    const params = { id: this.#source.id };
    const watching = watchPages<UntakenValue, Static<typeof UntakenPage>>(
      queries,
      {
        key: [...keys.sourcesAttention, 'untaken', params.id],
        load: (after, signal) =>
          api.call(orgApi.untaken, { params, query: after === undefined ? {} : { after }, signal }),
      },
      (values) => {
        this.set({ values });
      },
    );
    this.own(() => {
      watching.end();
    });
  }
}
