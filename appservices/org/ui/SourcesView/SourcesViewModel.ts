import type {
  CreatedScimToken,
  CreateSource,
  ScimTokenList,
  Source,
  SourceHandover,
  SourcesAttention,
  SourceTest,
} from '@qiao/org/contract';
import { dataOf, LOADING, ViewModel, watch, type Remote, type Services } from '@qiao/ui-kit';
import type { Static } from 'typebox';
import { keys, orgApi } from '../api.ts';
import { whole } from '../parts/whole.ts';
import type { SourceName } from './AttentionViewModel.ts';

export type SourceKindName = Source['kind'];
export type NewToken = Static<typeof CreatedScimToken>;
export type TestResult = Static<typeof SourceTest>;

export interface SourcesSnapshot {
  readonly sources: Remote<readonly Source[]>;
  readonly tokens: Remote<Static<typeof ScimTokenList>>;
  readonly attention: SourcesAttention | undefined;
  /** A list of what a source needs a person for is open. */
  readonly looking: { readonly at: 'held' | 'untaken'; readonly source: SourceName } | undefined;
  readonly editing: Source | 'new' | undefined;
  readonly addingToken: boolean;
  /** Shown once. */
  readonly newToken: NewToken | undefined;
  readonly tests: Readonly<Record<string, TestResult | 'running'>>;
  /** People of this source are being handed over. */
  readonly handing: Handing | undefined;
  /** People no source keeps in step; undefined: not known yet. */
  /** All parts of the page have answered. */
  readonly whole: boolean;
  readonly byHand: number | undefined;
  /** They are being given to a source. */
  readonly adopting: boolean;
  readonly busy: boolean;
}

export interface Handing {
  readonly from: Source;
  readonly to: Source | undefined;
  /** What it would mean; `running` while it is counted. */
  readonly counts: Static<typeof SourceHandover> | 'running' | undefined;
}

/** Sources that keep the directory in step, and the tokens of SCIM. */
export class SourcesViewModel extends ViewModel<SourcesSnapshot> {
  readonly #services: Services;

  constructor(services: Services) {
    super({
      sources: LOADING,
      tokens: LOADING,
      attention: undefined,
      looking: undefined,
      editing: undefined,
      addingToken: false,
      newToken: undefined,
      tests: {},
      handing: undefined,
      byHand: undefined,
      whole: false,
      adopting: false,
      busy: false,
    });
    this.#services = services;
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    const answered = whole(['sources', 'attention', 'tokens', 'byHand'], () => {
      this.set({ whole: true });
    });
    const watching = [
      watch<readonly Source[]>(
        queries,
        { key: keys.sources, load: async (signal) => (await api.call(orgApi.sources, { signal })).items },
        (sources) => {
          this.set({ sources });
          answered('sources', sources);
        },
      ),
      watch<SourcesAttention>(
        queries,
        {
          key: [...keys.sourcesAttention, 'all'],
          load: (signal) => api.call(orgApi.sourcesAttention, { signal }),
        },
        (attention) => {
          this.set({ attention: dataOf(attention) });
          answered('attention', attention);
        },
      ),
      watch<Static<typeof ScimTokenList>>(
        queries,
        { key: keys.scimTokens, load: (signal) => api.call(orgApi.scimTokens, { signal }) },
        (tokens) => {
          this.set({ tokens });
          answered('tokens', tokens);
        },
      ),
      watch<number>(
        queries,
        {
          key: [...keys.byHand, 'count'],
          load: async (signal) =>
            (await api.call(orgApi.peopleByHand, { query: { limit: 1 }, signal })).total,
        },
        (byHand) => {
          this.set({ byHand: dataOf(byHand) });
          answered('byHand', byHand);
        },
      ),
    ];
    this.own(() => {
      for (const each of watching) each.end();
    });
  }

  readonly look = (looking: SourcesSnapshot['looking']): void => {
    this.set({ looking });
  };

  readonly edit = (editing: Source | 'new' | undefined): void => {
    this.set({ editing });
  };

  readonly save = async (given: Static<typeof CreateSource>): Promise<void> => {
    const { api, attempt, i18n } = this.#services;
    const { editing } = this.snapshot;
    this.set({ busy: true });
    const { kind: _kind, ...rest } = given;
    const done = await attempt(
      () =>
        editing === 'new' || editing === undefined
          ? api.call(orgApi.createSource, { body: given })
          : api.call(orgApi.patchSource, {
              params: { id: editing.id },
              body: { version: editing.version, ...rest },
            }),
      { done: i18n.t('org:saved'), invalidate: [keys.sources] },
    );
    this.set({ busy: false, ...(done.ok ? { editing: undefined } : {}) });
  };

  readonly test = async (source: Source): Promise<void> => {
    const { api, attempt } = this.#services;
    this.set({ tests: { ...this.snapshot.tests, [source.id]: 'running' } });
    const done = await attempt(() => api.call(orgApi.testSource, { params: { id: source.id } }));
    const rest = Object.fromEntries(Object.entries(this.snapshot.tests).filter(([id]) => id !== source.id));
    this.set({ tests: done.ok ? { ...rest, [source.id]: done.value } : rest });
  };

  /** @returns the id of the import that began */
  readonly run = async (source: Source): Promise<string | undefined> => {
    const { api, attempt } = this.#services;
    this.set({ busy: true });
    const done = await attempt(() => api.call(orgApi.runSource, { params: { id: source.id } }), {
      invalidate: [keys.sources, keys.imports],
    });
    this.set({ busy: false });
    return done.ok ? done.value.id : undefined;
  };

  readonly remove = async (source: Source): Promise<void> => {
    const { api, attempt, confirm, i18n } = this.#services;
    const sure = await confirm.ask({
      title: i18n.t('org:sources.delete_title', { name: source.name }),
      body: i18n.t('org:sources.delete_text', { count: source.people_count }),
      confirm: i18n.t('org:delete'),
      destructive: true,
    });
    if (!sure) return;
    await attempt(() => api.call(orgApi.deleteSource, { params: { id: source.id } }), {
      done: i18n.t('org:sources.deleted', { name: source.name }),
      invalidate: [keys.sources],
    });
  };

  readonly setAdopting = (adopting: boolean): void => {
    this.set({ adopting });
  };

  readonly hand = (from: Source | undefined): void => {
    this.set({ handing: from && { from, to: undefined, counts: undefined } });
  };

  /** Chooses the receiver, and counts what that would mean. */
  readonly handTo = async (to: Source | undefined): Promise<void> => {
    const { handing } = this.snapshot;
    if (!handing) return;
    const chosen: Handing = { from: handing.from, to, counts: to && 'running' };
    this.set({ handing: chosen });
    if (!to) return;
    const { api, attempt } = this.#services;
    const done = await attempt(() =>
      api.call(orgApi.handoverSource, {
        params: { id: chosen.from.id },
        body: { to_id: to.id, dry_run: true },
      }),
    );
    // Another one may have been chosen meanwhile.
    if (this.snapshot.handing !== chosen) return;
    this.set({ handing: { ...chosen, counts: done.ok ? done.value : undefined } });
  };

  readonly handOver = async (): Promise<void> => {
    const { handing } = this.snapshot;
    if (!handing?.to) return;
    const { from, to } = handing;
    const { api, attempt, i18n } = this.#services;
    this.set({ busy: true });
    const done = await attempt(
      () =>
        api.call(orgApi.handoverSource, { params: { id: from.id }, body: { to_id: to.id, dry_run: false } }),
      {
        done: i18n.t('org:sources.handed_over', { name: from.name, to: to.name }),
        invalidate: [keys.sources, keys.people],
      },
    );
    this.set({ busy: false, ...(done.ok ? { handing: undefined } : {}) });
  };

  readonly setAddingToken = (addingToken: boolean): void => {
    this.set({ addingToken });
  };

  readonly addToken = async (name: string, until: string, source: string): Promise<void> => {
    const { api, attempt } = this.#services;
    this.set({ busy: true });
    const done = await attempt(
      () =>
        api.call(orgApi.createScimToken, {
          body: {
            name,
            ...(source === '' ? {} : { source_id: source }),
            ...(until === '' ? {} : { expires_at: new Date(`${until}T23:59:59`).toISOString() }),
          },
        }),
      { invalidate: [keys.scimTokens, keys.sources] },
    );
    this.set({ busy: false, ...(done.ok ? { addingToken: false, newToken: done.value } : {}) });
  };

  readonly forgetToken = (): void => {
    this.set({ newToken: undefined });
  };

  readonly removeToken = async (token: { id: string; name: string }): Promise<void> => {
    const { api, attempt, confirm, i18n } = this.#services;
    const sure = await confirm.ask({
      title: i18n.t('org:sources.revoke_title', { name: token.name }),
      body: i18n.t('org:sources.revoke_text'),
      confirm: i18n.t('org:sources.revoke'),
      destructive: true,
    });
    if (!sure) return;
    await attempt(() => api.call(orgApi.deleteScimToken, { params: { id: token.id } }), {
      done: i18n.t('org:sources.revoked'),
      invalidate: [keys.scimTokens],
    });
  };
}
