import type {
  ChangeKind,
  ImportChange,
  ImportMapping,
  ImportOptions,
  ImportProblem,
  ImportRun,
  Provisioning,
  StatusMeaning,
} from '@qiao/org/contract';
import { csvLine } from '@qiao/org/contract/csv';
import {
  dataOf,
  holds,
  LOADING,
  saveTable,
  ViewModel,
  watch,
  watchPages,
  type Pages,
  type Remote,
  type Services,
} from '@qiao/ui-kit';
import type { Static } from 'typebox';
import { keys, orgApi } from '../api.ts';
import { mappingGaps, type PeopleFieldName } from './fields.ts';

export type Change = Static<typeof ImportChange>;
export type Problem = Static<typeof ImportProblem>;
type Options = Static<typeof ImportOptions>;
type Kind = Static<typeof ChangeKind>;
/** What a tab of the difference holds. */
export const TABS = {
  added: ['person_add'],
  moved: ['person_move'],
  changed: ['person_change'],
  leaving: ['person_leave'],
  departments: ['department_add', 'department_change', 'department_move', 'department_dissolve'],
} as const satisfies Record<string, readonly Kind[]>;
export type Tab = keyof typeof TABS;

/** How many changes a tab holds. */
export const countOf = (run: ImportRun, tab: Tab): number =>
  TABS[tab].reduce((sum, kind) => sum + (run.counts[kind] ?? 0), 0);

/** The mapping as it is being corrected. */
export interface MappingDraft {
  readonly columns: Readonly<Partial<Record<PeopleFieldName, string>>>;
  readonly separator: string;
  /** What divides several departments in a cell; a line break is shown as ↵. */
  readonly list: string;
  /** By value of the status column; a value that is missing is still to be decided. */
  readonly statuses: Readonly<Record<string, StatusMeaning>>;
  readonly encoding: string;
  readonly options: Required<Options>;
}

export interface ImportSnapshot {
  readonly run: Remote<ImportRun>;
  readonly draft: MappingDraft | undefined;
  /** The mapping is open although the check is done. */
  readonly editing: boolean;
  readonly tab: Tab;
  readonly changes: Remote<readonly Change[]>;
  readonly more: (() => void) | undefined;
  readonly problems: Remote<Pages<Problem>>;
  readonly provisioning: Remote<Provisioning>;
  readonly confirmed: boolean;
  readonly skipBad: boolean;
  readonly busy: boolean;
}

const DEFAULT_GUARD = 0.1;
const WORKING_MS = 1000;
const PROVISIONING_MS = 2000;
const CHANGES_PER_PAGE = 100;

const isWorking = (run: ImportRun | undefined): boolean =>
  run?.state === 'checking' || run?.state === 'applying';

const draftOf = (run: ImportRun): MappingDraft => ({
  columns: run.mapping?.columns ?? {},
  separator: run.mapping?.department_separator ?? '',
  list: (run.mapping?.department_list ?? '').replaceAll('\n', '↵'),
  statuses: run.mapping?.statuses ?? {},
  encoding: run.encoding ?? 'utf-8',
  options: {
    missing_leave: run.options.missing_leave ?? true,
    missing_dissolve: run.options.missing_dissolve ?? false,
    leaver_guard: run.options.leaver_guard ?? DEFAULT_GUARD,
  },
});

const mappingOf = (draft: MappingDraft): ImportMapping => {
  const list = draft.list.replaceAll('↵', '\n');
  return {
    columns: { ...draft.columns },
    ...(draft.separator === '' ? {} : { department_separator: draft.separator }),
    ...(list === '' ? {} : { department_list: list }),
    ...(draft.columns.status === undefined ? {} : { statuses: { ...draft.statuses } }),
  };
};

/** Values of the status column nobody has said the meaning of. */
export const openStatuses = (run: ImportRun, draft: MappingDraft): string[] =>
  draft.columns.status === undefined || draft.columns.status !== run.mapping?.columns.status
    ? []
    : (run.status_values ?? []).flatMap(({ value }) => (draft.statuses[value] ? [] : [value]));

/** One import from mapping to done. */
export class ImportViewModel extends ViewModel<ImportSnapshot> {
  readonly #services: Services;
  readonly #id: string;
  #changes = new Map<Kind, Pages<Change>>();
  #endChanges: (() => void) | undefined;
  #refresh: (() => Promise<void>) | undefined;
  #state: ImportRun['state'] | undefined;
  #sending: Promise<unknown> = Promise.resolve();

  constructor(services: Services, id: string) {
    super({
      run: LOADING,
      draft: undefined,
      editing: false,
      tab: 'added',
      changes: LOADING,
      more: undefined,
      problems: LOADING,
      provisioning: LOADING,
      confirmed: false,
      skipBad: false,
      busy: false,
    });
    this.#services = services;
    this.#id = id;
  }

  protected override onMount(): void {
    const { api, queries, session } = this.#services;
    const run = watch<ImportRun>(
      queries,
      {
        key: keys.import(this.#id),
        load: (signal) => api.call(orgApi.import, { params: { id: this.#id }, signal }),
        every: (data) => (isWorking(data) ? WORKING_MS : false),
      },
      (remote) => {
        this.#onRun(remote);
      },
    );
    this.#refresh = () => run.refresh();
    const problems = watchPages<Problem>(
      queries,
      {
        key: [...keys.import(this.#id), 'problems'],
        load: (after, signal) =>
          api.call(orgApi.importProblems, {
            params: { id: this.#id },
            query: after === undefined ? { limit: CHANGES_PER_PAGE } : { limit: CHANGES_PER_PAGE, after },
            signal,
          }),
      },
      (remote) => {
        this.set({ problems: remote });
      },
    );
    const provisioning = watch<Provisioning>(
      queries,
      {
        key: keys.provisioning,
        enabled: holds(session, 'org.installation.read', 'company'),
        load: (signal) => api.call(orgApi.provisioning, { signal }),
        every: (data) => {
          const state = dataOf(this.snapshot.run)?.state;
          if (state === 'applying') return PROVISIONING_MS;
          return state === 'done' && data && pendingOf(data) > 0 ? PROVISIONING_MS : false;
        },
      },
      (remote) => {
        this.set({ provisioning: remote });
      },
    );
    this.own(() => {
      run.end();
      problems.end();
      provisioning.end();
      this.#endChanges?.();
      this.#endChanges = undefined;
    });
  }

  #onRun(remote: Remote<ImportRun>): void {
    const run = dataOf(remote);
    const before = this.#state;
    this.set({ run: remote, ...(run && !this.snapshot.draft ? { draft: draftOf(run) } : {}) });
    if (!run || run.state === before) return;
    this.#state = run.state;
    if (run.state === 'uploaded') this.set({ draft: draftOf(run), editing: false });
    if (run.state !== 'uploaded' && run.state !== 'checking') {
      const first = (Object.keys(TABS) as Tab[]).find((tab) => countOf(run, tab) > 0);
      this.show(before === undefined || run.state === 'checked' ? (first ?? 'added') : this.snapshot.tab);
    }
    if (before !== undefined) {
      const { queries } = this.#services;
      void queries.invalidateQueries({ queryKey: [...keys.import(this.#id), 'problems'] });
      void queries.invalidateQueries({ queryKey: [...keys.import(this.#id), 'changes'] });
      if (run.state === 'done') {
        for (const key of [keys.people, keys.departments, keys.setup, keys.provisioning]) {
          void queries.invalidateQueries({ queryKey: key });
        }
      }
    }
  }

  // The mapping.

  readonly map = (field: PeopleFieldName, column: string): void => {
    const { draft } = this.snapshot;
    if (!draft) return;
    const columns = Object.fromEntries(
      Object.entries({ ...draft.columns, [field]: column }).filter(([, name]) => name !== ''),
    );
    // Another column of states has other words.
    this.set({ draft: { ...draft, columns, ...(field === 'status' ? { statuses: {} } : {}) } });
    void this.#preview();
  };

  readonly mean = (value: string, meaning: StatusMeaning): void => {
    const { draft } = this.snapshot;
    if (draft) this.set({ draft: { ...draft, statuses: { ...draft.statuses, [value]: meaning } } });
  };

  readonly choose = (patch: Partial<Omit<MappingDraft, 'columns' | 'options'>>): void => {
    const { draft } = this.snapshot;
    if (draft) this.set({ draft: { ...draft, ...patch } });
  };

  readonly setOption = (patch: Partial<Options>): void => {
    const { draft } = this.snapshot;
    if (draft) this.set({ draft: { ...draft, options: { ...draft.options, ...patch } } });
  };

  readonly setEditing = (editing: boolean): void => {
    const run = dataOf(this.snapshot.run);
    this.set({ editing, ...(run ? { draft: draftOf(run) } : {}) });
  };

  /** Another encoding shows other column names and samples: the server reads the head of the file again. */
  readonly changeEncoding = async (encoding: string): Promise<void> => {
    this.choose({ encoding });
    await this.#put(true);
  };

  /** Shows what the columns are read as; nothing is shown while the mapping is not complete. */
  async #preview(): Promise<void> {
    const { draft } = this.snapshot;
    if (!draft || this.#state !== 'uploaded' || mappingGaps(draft.columns).length > 0) return;
    const run = await this.#send(draft);
    const now = this.snapshot.draft;
    if (!run || !now || now.columns.status !== draft.columns.status) return;
    // What a person has said counts more than what is guessed.
    this.set({ draft: { ...now, statuses: { ...run.mapping?.statuses, ...now.statuses } } });
  }

  /** One after the other: the last mapping is the one that is kept. */
  async #send(draft: MappingDraft): Promise<ImportRun | undefined> {
    const before = this.#sending;
    const done = (async () => {
      await before;
      const { api, attempt, queries } = this.#services;
      const answer = await attempt(() =>
        api.call(orgApi.putMapping, {
          params: { id: this.#id },
          body: { mapping: mappingOf(draft), encoding: draft.encoding, options: draft.options },
        }),
      );
      if (!answer.ok) return undefined;
      queries.setQueryData(keys.import(this.#id), answer.value);
      return answer.value;
    })();
    this.#sending = done;
    return done;
  }

  async #put(reread: boolean): Promise<boolean> {
    const { draft } = this.snapshot;
    if (!draft) return false;
    this.set({ busy: true });
    const run = await this.#send(draft);
    if (run && reread) this.set({ draft: { ...draftOf(run), options: draft.options } });
    this.set({ busy: false });
    return run !== undefined;
  }

  /** Saves the mapping and reads the whole file: the difference comes of it. */
  readonly check = async (): Promise<void> => {
    const run = dataOf(this.snapshot.run);
    if (run?.kind === 'csv' || run?.kind === 'json') {
      if (!(await this.#put(false))) return;
    }
    await this.#act(() => this.#services.api.call(orgApi.checkImport, { params: { id: this.#id } }));
    this.set({ editing: false, confirmed: false, skipBad: false });
  };

  // The difference.

  readonly show = (tab: Tab): void => {
    this.#endChanges?.();
    this.#changes = new Map();
    this.set({ tab, changes: LOADING, more: undefined });
    const { api, queries } = this.#services;
    const run = dataOf(this.snapshot.run);
    const kinds = TABS[tab].filter((kind) => (run?.counts[kind] ?? 0) > 0);
    if (kinds.length === 0) {
      this.set({ changes: { state: 'ready', data: [], stale: false } });
      return;
    }
    const ends = kinds.map((kind) =>
      watchPages<Change>(
        queries,
        {
          key: [...keys.import(this.#id), 'changes', kind],
          load: (after, signal) =>
            api.call(orgApi.importChanges, {
              params: { id: this.#id },
              query: { kind, limit: CHANGES_PER_PAGE, ...(after === undefined ? {} : { after }) },
              signal,
            }),
        },
        (remote) => {
          if (remote.state === 'failed') {
            this.set({ changes: remote });
            return;
          }
          if (remote.state !== 'ready') return;
          this.#changes.set(kind, remote.data);
          if (this.#changes.size < kinds.length) return;
          const pages = kinds.flatMap((each) => this.#changes.get(each) ?? []);
          const unfinished = pages.find((each) => each.hasMore);
          this.set({
            changes: { state: 'ready', data: pages.flatMap((each) => each.items), stale: remote.stale },
            more: unfinished?.more,
          });
        },
      ),
    );
    this.#endChanges = () => {
      for (const each of ends) each.end();
    };
  };

  readonly setConfirmed = (confirmed: boolean): void => {
    this.set({ confirmed });
  };

  readonly setSkipBad = (skipBad: boolean): void => {
    this.set({ skipBad });
  };

  /** All problems as a file, to be mended at the source. */
  readonly downloadProblems = async (): Promise<void> => {
    const { api, attempt, i18n } = this.#services;
    const { t } = i18n;
    const done = await attempt(async () => {
      let text = csvLine(
        ['severity', 'line', 'column', 'code', 'message'].map((each) => t(`org:imports.csv.${each}`)),
      );
      let after: string | undefined;
      do {
        const page = await api.call(orgApi.importProblems, {
          params: { id: this.#id },
          query: { limit: 200, ...(after === undefined ? {} : { after }) },
        });
        for (const each of page.items) {
          text += csvLine([
            t(`org:imports.severities.${each.severity}`),
            each.line,
            each.column,
            each.code,
            each.message,
          ]);
        }
        after = page.next ?? undefined;
      } while (after !== undefined);
      return text;
    });
    if (done.ok) saveTable(`${t('org:imports.problems_file')}.csv`, done.value);
  };

  // Carrying it out.

  readonly apply = (): Promise<void> => {
    const { confirmed, skipBad } = this.snapshot;
    return this.#act(() =>
      this.#services.api.call(orgApi.applyImport, {
        params: { id: this.#id },
        body: {
          ...(confirmed ? { confirm_leavers: true } : {}),
          ...(skipBad ? { skip_bad_rows: true } : {}),
        },
      }),
    );
  };

  readonly stop = (): Promise<void> =>
    this.#act(() => this.#services.api.call(orgApi.stopImport, { params: { id: this.#id } }));

  readonly resume = (): Promise<void> =>
    this.#act(() => this.#services.api.call(orgApi.resumeImport, { params: { id: this.#id } }));

  readonly discard = async (): Promise<void> => {
    const { confirm, i18n } = this.#services;
    const sure = await confirm.ask({
      title: i18n.t('org:imports.discard_title'),
      body: i18n.t('org:imports.discard_text'),
      confirm: i18n.t('org:imports.discard'),
      destructive: true,
    });
    if (!sure) return;
    await this.#act(() => this.#services.api.call(orgApi.discardImport, { params: { id: this.#id } }));
  };

  async #act(work: () => Promise<ImportRun | undefined>): Promise<void> {
    this.set({ busy: true });
    const done = await this.#services.attempt(work);
    if (done.ok && done.value && 'state' in done.value) {
      this.#services.queries.setQueryData(keys.import(this.#id), done.value);
    }
    await this.#refresh?.();
    void this.#services.queries.invalidateQueries({ queryKey: keys.imports, exact: true });
    this.set({ busy: false });
  }
}

/** What the homeserver still lacks. */
export const pendingOf = (provisioning: Provisioning): number =>
  Object.values(provisioning.pending).reduce((sum, count) => sum + count, 0);
/** What the homeserver already has of it. */
export const doneOf = (provisioning: Provisioning): number =>
  Object.values(provisioning.done).reduce((sum, count) => sum + count, 0);
