import type { Drift, Language, ProvisionProblem, Provisioning, ResolveProblem } from '@qiao/org/contract';
import {
  holds,
  LOADING,
  ViewModel,
  watch,
  watchPages,
  type Pages,
  type Remote,
  type Services,
} from '@qiao/ui-kit';
import type { Static } from 'typebox';
import { keys, orgApi } from '../api.ts';
import { pendingOf } from '../ImportView/ImportViewModel.ts';

export type Problem = Static<typeof ProvisionProblem>;
export type DriftItem = Static<typeof Drift>;
export interface ProvisioningSnapshot {
  readonly provisioning: Remote<Provisioning>;
  readonly problems: Remote<Pages<Problem>>;
  readonly drift: Remote<Pages<DriftItem>>;
  /** A problem for which another account name is being typed. */
  readonly renaming: Problem | undefined;
  readonly busy: boolean;
  readonly canEdit: boolean;
}

const BUSY_MS = 2000;
const CALM_MS = 15_000;

/** How far the homeserver has what the directory says, and what stands in the way. */
export class ProvisioningViewModel extends ViewModel<ProvisioningSnapshot> {
  readonly #services: Services;

  constructor(services: Services) {
    super({
      provisioning: LOADING,
      problems: LOADING,
      drift: LOADING,
      renaming: undefined,
      busy: false,
      canEdit: holds(services.session, 'org.installation.edit', 'company'),
    });
    this.#services = services;
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    const pageQuery = (after: string | undefined) => (after === undefined ? {} : { after });
    let problems = -1;
    const watching = [
      watch<Provisioning>(
        queries,
        {
          key: keys.provisioning,
          load: (signal) => api.call(orgApi.provisioning, { signal }),
          every: (data) => (data && data.enabled && pendingOf(data) > 0 ? BUSY_MS : CALM_MS),
        },
        (provisioning) => {
          this.set({ provisioning });
          if (provisioning.state !== 'ready') return;
          if (problems >= 0 && provisioning.data.problems !== problems) {
            void queries.invalidateQueries({ queryKey: [...keys.provisioning, 'problems'] });
          }
          problems = provisioning.data.problems;
        },
      ),
      watchPages<Problem>(
        queries,
        {
          key: [...keys.provisioning, 'problems'],
          load: (after, signal) => api.call(orgApi.provisionProblems, { query: pageQuery(after), signal }),
        },
        (remote) => {
          this.set({ problems: remote });
        },
      ),
      watchPages<DriftItem>(
        queries,
        {
          key: [...keys.provisioning, 'drift'],
          load: (after, signal) => api.call(orgApi.drift, { query: pageQuery(after), signal }),
        },
        (drift) => {
          this.set({ drift });
        },
      ),
    ];
    this.own(() => {
      for (const each of watching) each.end();
    });
  }

  readonly setEnabled = async (enabled: boolean): Promise<void> => {
    const { api, i18n } = this.#services;
    await this.#act(
      () => api.call(orgApi.putProvisioning, { body: { enabled } }),
      i18n.t(enabled ? 'org:provisioning.went_on' : 'org:provisioning.was_stopped'),
    );
  };

  readonly setLanguage = async (language: Language | null): Promise<void> => {
    const { api, i18n } = this.#services;
    await this.#act(
      () => api.call(orgApi.putProvisioning, { body: { language } }),
      i18n.t('org:provisioning.language_changed'),
    );
  };

  readonly reconcile = async (): Promise<void> => {
    const { api, i18n } = this.#services;
    await this.#act(() => api.call(orgApi.reconcile, {}), i18n.t('org:provisioning.reconciling'));
  };

  readonly rename = (renaming: Problem | undefined): void => {
    this.set({ renaming });
  };

  readonly resolve = async (body: Static<typeof ResolveProblem>): Promise<void> => {
    const { api, i18n } = this.#services;
    const done = await this.#act(
      () => api.call(orgApi.resolveProblem, { body }),
      i18n.t('org:provisioning.resolving'),
    );
    if (done) this.set({ renaming: undefined });
  };

  async #act(work: () => Promise<unknown>, done: string): Promise<boolean> {
    this.set({ busy: true });
    const result = await this.#services.attempt(work, { done, invalidate: [keys.provisioning, keys.setup] });
    this.set({ busy: false });
    return result.ok;
  }
}
