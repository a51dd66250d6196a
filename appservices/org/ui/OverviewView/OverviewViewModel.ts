import type { Department, Setup, SetupStep, SourcesAttention } from '@qiao/org/contract';
import { dataOf, holds, LOADING, ViewModel, watch, type Remote, type Services } from '@qiao/ui-kit';
import type { Static } from 'typebox';
import { keys, orgApi } from '../api.ts';

export type Step = Static<typeof SetupStep>;

export interface OverviewSnapshot {
  readonly setup: Remote<Setup>;
  readonly canSetup: boolean;
  readonly canConfirm: boolean;
  readonly people: Remote<{ readonly all: number; readonly waiting: number }>;
  readonly departments: Remote<readonly Department[]>;
  readonly leavers: Remote<number>;
  readonly attention: SourcesAttention | undefined;
  readonly canSources: boolean;
  readonly canPeople: boolean;
  readonly canDepartments: boolean;
  readonly canLeavers: boolean;
  readonly busy: boolean;
}

const SETUP_MS = 5000;
const LEAVERS_COUNTED = 200;

/** The start page's part of the organisation: the way to a running company, and a few figures. */
export class OverviewViewModel extends ViewModel<OverviewSnapshot> {
  readonly #services: Services;

  constructor(services: Services) {
    const { session } = services;
    super({
      setup: LOADING,
      canSetup: holds(session, 'org.installation.read', 'company'),
      canConfirm: holds(session, 'org.installation.edit', 'company'),
      people: LOADING,
      departments: LOADING,
      leavers: LOADING,
      attention: undefined,
      canSources: holds(session, 'org.source.edit', 'company'),
      canPeople: holds(session, 'org.person.read'),
      canDepartments: holds(session, 'org.department.read'),
      canLeavers: holds(session, 'org.person.offboard'),
      busy: false,
    });
    this.#services = services;
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    const { canSetup, canPeople, canDepartments, canLeavers, canSources } = this.snapshot;
    const watching = [
      watch<Setup>(
        queries,
        {
          key: keys.setup,
          enabled: canSetup,
          load: (signal) => api.call(orgApi.setup, { signal }),
          every: (data) => (data?.steps.some((step) => step.state === 'doing') ? SETUP_MS : false),
        },
        (setup) => {
          this.set({ setup });
        },
      ),
      watch(
        queries,
        {
          key: [...keys.people, 'figures'],
          enabled: canPeople,
          load: async (signal: AbortSignal) => {
            const [active, joining] = await Promise.all([
              api.call(orgApi.people, { query: { limit: 1, status: 'active' }, signal }),
              api.call(orgApi.people, { query: { limit: 1, status: 'joining' }, signal }),
            ]);
            return { all: active.total + joining.total, waiting: joining.total };
          },
        },
        (people) => {
          this.set({ people });
        },
      ),
      watch<SourcesAttention>(
        queries,
        {
          key: [...keys.sourcesAttention, 'all'],
          enabled: canSources,
          load: (signal) => api.call(orgApi.sourcesAttention, { signal }),
        },
        (attention) => {
          this.set({ attention: dataOf(attention) });
        },
      ),
      watch<readonly Department[]>(
        queries,
        {
          key: [...keys.departments, { ended: false }],
          enabled: canDepartments,
          load: async (signal) => (await api.call(orgApi.departments, { query: {}, signal })).items,
        },
        (departments) => {
          this.set({ departments });
        },
      ),
      watch<number>(
        queries,
        {
          key: [...keys.offboardings, 'open'],
          enabled: canLeavers,
          load: async (signal) =>
            (
              await api.call(orgApi.offboardings, {
                query: { state: 'suspended', limit: LEAVERS_COUNTED },
                signal,
              })
            ).items.length,
        },
        (leavers) => {
          this.set({ leavers });
        },
      ),
    ];
    this.own(() => {
      for (const each of watching) each.end();
    });
  }

  readonly confirm = async (step: 'pilot' | 'rollout', done: boolean): Promise<void> => {
    const { api, attempt } = this.#services;
    this.set({ busy: true });
    await attempt(() => api.call(orgApi.confirmSetup, { body: { step, done } }), {
      invalidate: [keys.setup],
    });
    this.set({ busy: false });
  };
}
