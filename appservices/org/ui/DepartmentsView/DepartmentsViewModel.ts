import type { Department, Person, PeoplePage, PersonRef } from '@qiao/org/contract';
import {
  dataOf,
  holds,
  LOADING,
  ViewModel,
  watch,
  watchPages,
  type Pages,
  type Remote,
  type Services,
  type Watching,
  type WatchingPages,
} from '@qiao/ui-kit';
import { keys, orgApi } from '../api.ts';
import {
  buildTree,
  childrenOf,
  isWithin,
  placeOf,
  stepPlace,
  visibleRows,
  type Place,
  type Row,
  type Tree,
} from './tree.ts';

export type DepartmentDialog =
  | { readonly kind: 'add'; readonly parent: Department | undefined }
  | { readonly kind: 'edit' | 'move' | 'merge' | 'end' | 'heads'; readonly department: Department };

export interface DepartmentsSnapshot {
  readonly departments: Remote<readonly Department[]>;
  readonly tree: Tree;
  readonly rows: readonly Row[];
  readonly filter: string;
  readonly ended: boolean;
  readonly selected: Department | undefined;
  readonly people: Remote<Pages<Person, PeoplePage>>;
  /** A department that is being moved by keyboard. */
  readonly moving: { readonly department: Department; readonly place: Place } | undefined;
  readonly dialog: DepartmentDialog | undefined;
  readonly busy: boolean;
  /** Said to screen readers. */
  readonly said: string;
  readonly canAddTop: boolean;
}

const NOTHING: Tree = { byId: new Map(), children: new Map() };
/** Levels that are open at first. */
const OPEN_LEVELS = 2;
const OPEN_AT_MOST = 80;

/** The tree of departments, and what can be done with one. */
export class DepartmentsViewModel extends ViewModel<DepartmentsSnapshot> {
  readonly #services: Services;
  #expanded: Set<string> | undefined;
  #selected: string | undefined;
  #watchDepartments: Watching<readonly Department[]> | undefined;
  #watchPeople: WatchingPages<Person, PeoplePage> | undefined;

  constructor(services: Services, selected: string | undefined) {
    super({
      departments: LOADING,
      tree: NOTHING,
      rows: [],
      filter: '',
      ended: false,
      selected: undefined,
      people: LOADING,
      moving: undefined,
      dialog: undefined,
      busy: false,
      said: '',
      canAddTop: holds(services.session, 'org.department.edit', 'company'),
    });
    this.#services = services;
    this.#selected = selected;
  }

  protected override onMount(): void {
    const watching = watch(this.#services.queries, this.#departmentsQuery(), (departments) => {
      this.set({ departments });
      this.#arrange();
    });
    this.#watchDepartments = watching;
    this.own(() => {
      watching.end();
      this.#watchDepartments = undefined;
    });
    const people = watchPages<Person, PeoplePage>(this.#services.queries, this.#peopleQuery(), (remote) => {
      this.set({ people: remote });
    });
    this.#watchPeople = people;
    this.own(() => {
      people.end();
      this.#watchPeople = undefined;
    });
  }

  #departmentsQuery() {
    const { api } = this.#services;
    const { ended } = this.snapshot;
    return {
      key: [...keys.departments, { ended }],
      load: async (signal: AbortSignal): Promise<readonly Department[]> =>
        (await api.call(orgApi.departments, { query: ended ? { ended } : {}, signal })).items,
    };
  }

  #peopleQuery() {
    const { api } = this.#services;
    const department_id = this.#selected;
    return {
      key: [...keys.people, 'of', department_id ?? ''],
      enabled: department_id !== undefined,
      load: (after: string | undefined, signal: AbortSignal) =>
        api.call(orgApi.people, {
          query: {
            subtree: false,
            ...(department_id === undefined ? {} : { department_id }),
            ...(after === undefined ? {} : { after }),
          },
          signal,
        }),
    };
  }

  /** Puts the rows together again after whatever changed. */
  #arrange(): void {
    const all = dataOf(this.snapshot.departments);
    if (!all) return;
    const { moving, filter } = this.snapshot;
    const tree = buildTree(all, moving && { id: moving.department.id, place: moving.place });
    this.#expanded ??= this.#openAtFirst(tree);
    const selected = this.#selected === undefined ? undefined : tree.byId.get(this.#selected);
    this.set({ tree, rows: visibleRows(tree, this.#expanded, filter), selected });
  }

  #openAtFirst(tree: Tree): Set<string> {
    const open = new Set<string>();
    let shown = childrenOf(tree, null).length;
    let level: readonly Department[] = childrenOf(tree, null);
    for (let depth = 1; depth < OPEN_LEVELS + 1; depth++) {
      const next: Department[] = [];
      for (const each of level) {
        const below = childrenOf(tree, each.id);
        if (below.length === 0 || shown + below.length > OPEN_AT_MOST) continue;
        open.add(each.id);
        shown += below.length;
        next.push(...below);
      }
      level = next;
    }
    // The way to a department that the address names.
    let at = this.#selected === undefined ? undefined : tree.byId.get(this.#selected);
    while (at && at.parent_id !== null) {
      open.add(at.parent_id);
      at = tree.byId.get(at.parent_id);
    }
    return open;
  }

  readonly select = (id: string | undefined): void => {
    if (id === this.#selected) return;
    this.#selected = id;
    this.#arrange();
    this.#watchPeople?.change(this.#peopleQuery());
  };

  readonly filter = (filter: string): void => {
    this.set({ filter });
    this.#arrange();
  };

  readonly showEnded = (ended: boolean): void => {
    this.set({ ended });
    this.#watchDepartments?.change(this.#departmentsQuery());
  };

  readonly toggle = (id: string, open?: boolean): void => {
    const expanded = this.#expanded ?? new Set<string>();
    if (open ?? !expanded.has(id)) expanded.add(id);
    else expanded.delete(id);
    this.#arrange();
  };

  readonly expandAll = (open: boolean): void => {
    this.#expanded = new Set(open ? this.snapshot.tree.byId.keys() : []);
    this.#arrange();
  };

  readonly open = (dialog: DepartmentDialog): void => {
    this.set({ dialog });
  };

  readonly close = (): void => {
    this.set({ dialog: undefined });
  };

  /** Whether a department may stand there, as far as the browser can tell. */
  readonly mayStand = (id: string, parent: string | null): boolean => {
    const { tree, canAddTop } = this.snapshot;
    if (!tree.byId.get(id)?.editable) return false;
    if (parent === null) return canAddTop || tree.byId.get(id)?.parent_id === null;
    const target = tree.byId.get(parent);
    return (
      target !== undefined && target.editable && target.state === 'active' && !isWithin(tree, parent, id)
    );
  };

  // Moving by keyboard.

  readonly startMoving = (department: Department): void => {
    if (!department.editable || department.state !== 'active') return;
    this.set({
      moving: { department, place: placeOf(this.snapshot.tree, department.id) },
      filter: '',
      said: this.#services.i18n.t('org:departments.move_mode.started', { name: department.name }),
    });
    this.#arrange();
  };

  readonly step = (step: 'up' | 'down' | 'in' | 'out'): void => {
    const { moving } = this.snapshot;
    const all = dataOf(this.snapshot.departments);
    if (!moving || !all) return;
    const without = buildTree(all.filter((each) => each.id !== moving.department.id));
    const place = stepPlace(without, moving.place, step);
    const { t } = this.#services.i18n;
    if (place.parent !== moving.place.parent && !this.mayStand(moving.department.id, place.parent)) {
      this.set({ said: t('org:departments.move_mode.not_there') });
      return;
    }
    if (place.parent !== null) this.#expanded?.add(place.parent);
    const parent = place.parent === null ? undefined : without.byId.get(place.parent);
    this.set({
      moving: { ...moving, place },
      said: t(parent ? 'org:departments.move_mode.at' : 'org:departments.move_mode.at_top', {
        parent: parent?.name ?? '',
        position: place.index + 1,
        count: childrenOf(without, place.parent).length + 1,
      }),
    });
    this.#arrange();
  };

  readonly cancelMoving = (): void => {
    this.set({ moving: undefined, said: this.#services.i18n.t('org:departments.move_mode.cancelled') });
    this.#arrange();
  };

  readonly finishMoving = async (): Promise<void> => {
    const { moving } = this.snapshot;
    if (!moving) return;
    await this.move(moving.department, moving.place);
    this.set({ moving: undefined });
    this.#arrange();
  };

  /** Puts a department at a place; says so and offers the way back. */
  readonly move = async (department: Department, place: Place): Promise<void> => {
    const all = dataOf(this.snapshot.departments);
    const before = all ? placeOf(buildTree(all), department.id) : undefined;
    if (before?.parent === place.parent && before.index === place.index) return;
    const { t } = this.#services.i18n;
    const parent = place.parent === null ? undefined : this.snapshot.tree.byId.get(place.parent);
    const text = parent
      ? t('org:departments.moved', { name: department.name, parent: parent.name })
      : t('org:departments.moved_top', { name: department.name });
    if (place.parent !== null) this.#expanded?.add(place.parent);
    const moved = await this.#change(() =>
      this.#services.api.call(orgApi.patchDepartment, {
        params: { id: department.id },
        body: { version: department.version, parent_id: place.parent, position: place.index },
      }),
    );
    if (!moved.ok) return;
    this.set({ said: text });
    this.#services.toasts.success(
      text,
      before && {
        label: t('org:undo'),
        run: () => void this.move(moved.value, before),
      },
    );
  };

  readonly add = async (given: {
    name: string;
    parent_id: string | null;
    hidden: boolean;
    include_sub: boolean;
  }): Promise<void> => {
    const made = await this.#change(
      () => this.#services.api.call(orgApi.createDepartment, { body: given }),
      this.#services.i18n.t('org:departments.added', { name: given.name }),
    );
    if (!made.ok) return;
    if (given.parent_id !== null) this.#expanded?.add(given.parent_id);
    this.set({ dialog: undefined });
  };

  readonly edit = async (
    department: Department,
    changes: { name?: string; hidden?: boolean; include_sub?: boolean },
  ): Promise<void> => {
    const done = await this.#change(
      () =>
        this.#services.api.call(orgApi.patchDepartment, {
          params: { id: department.id },
          body: { version: department.version, ...changes },
        }),
      this.#services.i18n.t('org:saved'),
    );
    if (done.ok) this.set({ dialog: undefined });
  };

  readonly setHeads = async (department: Department, heads: readonly PersonRef[]): Promise<void> => {
    const done = await this.#change(
      () =>
        this.#services.api.call(orgApi.patchDepartment, {
          params: { id: department.id },
          body: { version: department.version, head_ids: heads.map((head) => head.id) },
        }),
      this.#services.i18n.t('org:saved'),
    );
    if (done.ok) this.set({ dialog: undefined });
  };

  readonly merge = async (department: Department, into: { id: string; name: string }): Promise<void> => {
    const done = await this.#change(
      () =>
        this.#services.api.call(orgApi.mergeDepartment, {
          params: { id: department.id },
          body: { into_id: into.id },
        }),
      this.#services.i18n.t('org:departments.merged', { name: department.name, into: into.name }),
    );
    if (done.ok) this.set({ dialog: undefined });
  };

  readonly end = async (
    department: Department,
    mode: 'dissolve' | 'convert',
    movePeopleTo: string | undefined,
  ): Promise<void> => {
    const done = await this.#change(
      () =>
        this.#services.api.call(orgApi.endDepartment, {
          params: { id: department.id },
          body: { mode, ...(movePeopleTo === undefined ? {} : { move_people_to: movePeopleTo }) },
        }),
      this.#services.i18n.t(`org:departments.ended_${mode}`, { name: department.name }),
    );
    if (done.ok) this.set({ dialog: undefined });
  };

  async #change<T>(work: () => Promise<T>, done?: string) {
    this.set({ busy: true });
    const result = await this.#services.attempt(work, done === undefined ? {} : { done });
    // The tree is looked at again before the dialog goes, whatever came of it.
    await this.#watchDepartments?.refresh();
    void this.#services.queries.invalidateQueries({ queryKey: keys.people });
    void this.#services.queries.invalidateQueries({ queryKey: keys.departments });
    this.set({ busy: false });
    return result;
  }
}
