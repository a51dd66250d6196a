import type { Person, PeoplePage } from '@qiao/org/contract';
import {
  holds,
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
import { loadDepartments } from '../parts/pickers.tsx';
import { refusedAt, type RefusedField } from './PersonViewModel.ts';

export interface PeopleFilter {
  readonly q: string;
  readonly departmentId: string | undefined;
  readonly status: Person['status'] | undefined;
  readonly activated: boolean | undefined;
}

export interface PeopleSnapshot {
  readonly filter: PeopleFilter;
  readonly department: { readonly id: string; readonly name: string } | undefined;
  readonly people: Remote<Pages<Person, PeoplePage>>;
  readonly adding: boolean;
  readonly busy: boolean;
  readonly refused: RefusedField | undefined;
  readonly canEdit: boolean;
}

const PAGE = 50;

/** The people that a filter leaves, page by page. */
export class PeopleViewModel extends ViewModel<PeopleSnapshot> {
  readonly #services: Services;
  #watching: WatchingPages<Person, PeoplePage> | undefined;

  constructor(services: Services, filter: PeopleFilter) {
    super({
      filter,
      department: undefined,
      people: LOADING,
      adding: false,
      busy: false,
      refused: undefined,
      canEdit: holds(services.session, 'org.person.edit'),
    });
    this.#services = services;
  }

  protected override onMount(): void {
    const watching = watchPages<Person, PeoplePage>(this.#services.queries, this.#query(), (people) => {
      this.set({ people });
    });
    this.#watching = watching;
    this.own(() => {
      watching.end();
      this.#watching = undefined;
    });
    void this.#nameDepartment();
  }

  #query(): WatchPages<Person, PeoplePage> {
    const { api } = this.#services;
    const { q, departmentId, status, activated } = this.snapshot.filter;
    const query = {
      limit: PAGE,
      ...(q === '' ? {} : { q }),
      ...(departmentId === undefined ? {} : { department_id: departmentId }),
      ...(status === undefined ? {} : { status }),
      ...(activated === undefined ? {} : { activated }),
    };
    return {
      key: [...keys.people, query],
      load: (after, signal) =>
        api.call(orgApi.people, { query: after === undefined ? query : { ...query, after }, signal }),
    };
  }

  readonly show = (filter: PeopleFilter): void => {
    if (JSON.stringify(filter) === JSON.stringify(this.snapshot.filter)) return;
    const other = filter.departmentId !== this.snapshot.filter.departmentId;
    this.set({ filter });
    this.#watching?.change(this.#query());
    if (other) void this.#nameDepartment();
  };

  async #nameDepartment(): Promise<void> {
    const id = this.snapshot.filter.departmentId;
    if (id === undefined) {
      this.set({ department: undefined });
      return;
    }
    this.set({ department: { id, name: '…' } });
    const found = (await loadDepartments(this.#services).catch(() => [])).find((each) => each.id === id);
    if (this.snapshot.filter.departmentId === id) this.set({ department: { id, name: found?.name ?? id } });
  }

  readonly setAdding = (adding: boolean): void => {
    this.set({ adding, refused: undefined });
  };

  /** @returns the new person's id */
  readonly add = async (given: {
    display_name: string;
    title: string;
    email: string;
    localpart: string;
    department_id: string;
    manager_id: string | undefined;
  }): Promise<string | undefined> => {
    this.set({ busy: true, refused: undefined });
    const { api, attempt, i18n } = this.#services;
    const done = await attempt(
      () =>
        api.call(orgApi.createPerson, {
          body: {
            display_name: given.display_name,
            departments: [{ department_id: given.department_id, is_primary: true }],
            ...(given.title === '' ? {} : { title: given.title }),
            ...(given.email === '' ? {} : { email: given.email }),
            ...(given.localpart === '' ? {} : { localpart: given.localpart }),
            ...(given.manager_id === undefined ? {} : { manager_id: given.manager_id }),
          },
        }),
      {
        done: i18n.t('org:people.added', { name: given.display_name }),
        invalidate: [keys.people, keys.departments, keys.setup],
        toldElsewhere: (error) => refusedAt(error) !== undefined,
      },
    );
    this.set({
      busy: false,
      adding: !done.ok,
      ...(done.ok ? {} : { refused: refusedAt(done.error) }),
    });
    return done.ok ? done.value.id : undefined;
  };
}
