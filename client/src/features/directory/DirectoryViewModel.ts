import {
  dataOf,
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
import {
  findPeople,
  getDepartments,
  type DirectoryDepartment,
  type DirectoryPerson,
  type PeoplePage,
} from './api.ts';

/** A department in the tree. */
export interface TreeNode {
  readonly department: DirectoryDepartment;
  readonly below: readonly TreeNode[];
  /** People in it and further below, counted once for each department they are in. */
  readonly total: number;
}

/** `department`: in the open one and below. */
export type SearchScope = 'company' | 'department';

export interface DirectorySnapshot {
  readonly tree: Remote<readonly TreeNode[]>;
  /** The department that is open; undefined at the top. */
  readonly node: TreeNode | undefined;
  /** From the top down to the one that is open, with it. */
  readonly path: readonly DirectoryDepartment[];
  readonly query: string;
  /** Where a search looks; without one the department's own people are listed. */
  readonly scope: SearchScope;
  readonly people: Remote<Pages<DirectoryPerson, PeoplePage>>;
}

const LIMIT = 50;
/** How long typing rests before the server is asked, in milliseconds. */
const REST_MS = 200;

/** Puts the flat list (parents first, as the server sorts it) together; those whose parent is hidden come to the top. */
export function treeOf(departments: readonly DirectoryDepartment[]): TreeNode[] {
  const known = new Set(departments.map((department) => department.id));
  const below = new Map<string | undefined, DirectoryDepartment[]>();
  for (const department of departments) {
    const parent =
      department.parent_id !== null && known.has(department.parent_id) ? department.parent_id : undefined;
    const siblings = below.get(parent);
    if (siblings) siblings.push(department);
    else below.set(parent, [department]);
  }
  const build = (department: DirectoryDepartment): TreeNode => {
    const inner = (below.get(department.id) ?? []).map(build);
    const total = inner.reduce((sum, node) => sum + node.total, department.member_count);
    return { department, below: inner, total };
  };
  return (below.get(undefined) ?? []).map(build);
}

/** The way from the top to a department; empty where it is not there. */
export function pathTo(nodes: readonly TreeNode[], id: string | undefined): TreeNode[] {
  for (const node of nodes) {
    if (node.department.id === id) return [node];
    const rest = pathTo(node.below, id);
    if (rest.length > 0) return [node, ...rest];
  }
  return [];
}

/** The company's directory, as far as the reader may see it. */
export class DirectoryViewModel extends ViewModel<DirectorySnapshot> {
  readonly #services: Services;
  #departmentId: string | undefined;
  #query = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pages: WatchingPages<DirectoryPerson, PeoplePage> | undefined;

  constructor(services: Services, departmentId: string | undefined) {
    super({ tree: LOADING, node: undefined, path: [], query: '', scope: 'company', people: LOADING });
    this.#services = services;
    this.#departmentId = departmentId;
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    const tree = watch(
      queries,
      {
        key: ['directory', 'departments'],
        load: async (signal) => treeOf((await api.call(getDepartments, { signal })).items),
      },
      (remote) => {
        this.set({ tree: remote });
        this.#place();
      },
    );
    const pages = watchPages<DirectoryPerson, PeoplePage>(queries, this.#watched(), (people) => {
      this.set({ people });
    });
    this.#pages = pages;
    this.own(() => {
      tree.end();
      clearTimeout(this.#timer);
      pages.end();
    });
  }

  readonly open = (departmentId: string | undefined): void => {
    if (departmentId === this.#departmentId) return;
    this.#departmentId = departmentId;
    this.#query = '';
    this.set({ query: '', scope: 'company' });
    this.#place();
    this.#pages?.change(this.#watched());
  };

  readonly find = (query: string): void => {
    this.set({ query });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#query = query.trim();
      this.#pages?.change(this.#watched());
    }, REST_MS);
  };

  readonly lookIn = (scope: SearchScope): void => {
    this.set({ scope });
    this.#pages?.change(this.#watched());
  };

  #place(): void {
    const path = pathTo(dataOf(this.snapshot.tree) ?? [], this.#departmentId);
    this.set({ path: path.map((node) => node.department), node: path.at(-1) });
  }

  #watched(): WatchPages<DirectoryPerson, PeoplePage> {
    const { api } = this.#services;
    const query = this.#query;
    const isEverywhere = query !== '' && this.snapshot.scope === 'company';
    const departmentId = isEverywhere ? undefined : this.#departmentId;
    return {
      key: ['directory', 'people', departmentId ?? '', query],
      load: (after, signal) =>
        api.call(findPeople, {
          query: {
            limit: LIMIT,
            ...(query === '' ? {} : { q: query }),
            // A search looks below, too; without one the department's own people are listed.
            ...(departmentId === undefined ? {} : { department_id: departmentId, subtree: query !== '' }),
            ...(after === undefined ? {} : { after }),
          },
          signal,
        }),
    };
  }
}
