import type { ActExportQuery, ActPage, ActTypes, PersonRef } from '@qiao/org/contract';
import {
  LOADING,
  saveFile,
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
export type ActType = Static<typeof ActTypes>['items'][number];
export type ActsQuery = Static<typeof ActExportQuery>;

/** Which acts are shown. */
export interface ActsFilter {
  readonly q: string;
  /** An act of the contract, as it came from the address; another shows none. */
  readonly action: string;
  /** A person who did it, or about whom it is. */
  readonly personId: string | undefined;
  /** `<kind>:<id>` of what it is about. */
  readonly subject: string;
  /** Calendar dates, both included, where the reader is; empty: no end. */
  readonly from: string;
  readonly to: string;
}

export interface ActsSnapshot {
  readonly filter: ActsFilter;
  /** The person of the filter, by name. */
  readonly person: PersonRef | undefined;
  readonly types: readonly ActType[];
  readonly acts: Remote<Pages<Act>>;
  readonly busy: boolean;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** Midnight of a calendar date where the reader is, `days` later. */
function midnight(date: string, days: number): string | undefined {
  if (!DATE.test(date)) return undefined;
  const at = new Date(`${date}T00:00:00`);
  if (Number.isNaN(at.getTime())) return undefined;
  at.setDate(at.getDate() + days);
  return at.toISOString();
}

/** What the interface is asked for. */
export function queryOf(filter: ActsFilter): ActsQuery {
  const { q, action, personId, subject } = filter;
  const from = midnight(filter.from, 0);
  const to = midnight(filter.to, 1);
  return {
    ...(q.trim() === '' ? {} : { q: q.trim() }),
    ...(action === '' ? {} : { action: action as NonNullable<ActsQuery['action']> }),
    ...(personId === undefined ? {} : { person_id: personId }),
    ...(subject === '' ? {} : { subject }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/** Who changed what, the latest first. */
export class ActsViewModel extends ViewModel<ActsSnapshot> {
  readonly #services: Services;
  #watching: WatchingPages<Act> | undefined;

  constructor(services: Services, filter: ActsFilter) {
    super({ filter, person: undefined, types: [], acts: LOADING, busy: false });
    this.#services = services;
  }

  protected override onMount(): void {
    const watching = watchPages(this.#services.queries, this.#query(), (acts) => {
      this.set({ acts });
    });
    this.#watching = watching;
    this.own(watching.end);
    void this.#loadTypes();
    void this.#namePerson();
    // The kinds are named by the server, in the reader's language.
    const renamed = (): void => void this.#loadTypes();
    this.#services.i18n.instance.on('languageChanged', renamed);
    this.own(() => {
      this.#services.i18n.instance.off('languageChanged', renamed);
    });
  }

  async #loadTypes(): Promise<void> {
    const { api } = this.#services;
    // Without them the list is there all the same.
    const found = await api.call(orgApi.actTypes, {}).catch(() => undefined);
    if (found) this.set({ types: found.items });
  }

  async #namePerson(): Promise<void> {
    const { api } = this.#services;
    const { personId } = this.snapshot.filter;
    if (personId === undefined) {
      this.set({ person: undefined });
      return;
    }
    if (this.snapshot.person?.id === personId) return;
    const found = await api.call(orgApi.person, { params: { id: personId } }).catch(() => undefined);
    if (found && this.snapshot.filter.personId === personId) this.set({ person: found });
  }

  #query(): WatchPages<Act> {
    const { api } = this.#services;
    const query = queryOf(this.snapshot.filter);
    return {
      key: [...keys.acts, query],
      load: (after, signal) =>
        api.call(orgApi.acts, { query: { ...query, ...(after === undefined ? {} : { after }) }, signal }),
    };
  }

  readonly show = (filter: ActsFilter): void => {
    if (JSON.stringify(filter) === JSON.stringify(this.snapshot.filter)) return;
    this.set({ filter });
    this.#watching?.change(this.#query());
    void this.#namePerson();
  };

  /** All that the filter leaves, as a file for a spreadsheet. */
  readonly download = async (): Promise<void> => {
    const { api, attempt, i18n } = this.#services;
    this.set({ busy: true });
    const done = await attempt(() => api.file(orgApi.exportActs, { query: queryOf(this.snapshot.filter) }));
    this.set({ busy: false });
    if (done.ok) saveFile(`${i18n.t('org:acts.title')}.csv`, done.value);
  };
}
