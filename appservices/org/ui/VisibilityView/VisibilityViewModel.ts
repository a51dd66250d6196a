import type { VisibilityRule, VisibilityRules } from '@qiao/org/contract';
import { asApiError, LOADING, ViewModel, type Remote, type Services } from '@qiao/ui-kit';
import type { Static } from 'typebox';
import { keys, orgApi } from '../api.ts';
import { loadDepartments } from '../parts/pickers.tsx';

export type Rule = Static<typeof VisibilityRule>;
type ShownRule = Static<typeof VisibilityRules>['items'][number];
/** A department a rule names although it is no more. */
export type Ended = ShownRule['ended'][number];
/** A rule while it is edited: with a name of its own, so that a list keeps track of it. */
export interface DraftRule {
  readonly key: number;
  readonly rule: Rule;
  readonly ended: readonly Ended[];
}

const names = (rule: Rule, id: string): boolean =>
  rule.viewer.departments?.includes(id) === true || rule.target.departments?.includes(id) === true;

export interface VisibilitySnapshot {
  readonly rules: Remote<readonly DraftRule[]>;
  readonly departmentNames: ReadonlyMap<string, string>;
  readonly dirty: boolean;
  readonly busy: boolean;
  readonly editing: DraftRule | 'new' | undefined;
  readonly said: string;
}

export const EMPTY_RULE: Rule = { viewer: {}, target: {}, can_see: true, can_contact: true };

/** The ordered list of visibility rules; saved as a whole. */
export class VisibilityViewModel extends ViewModel<VisibilitySnapshot> {
  readonly #services: Services;
  #next = 1;

  constructor(services: Services) {
    super({
      rules: LOADING,
      departmentNames: new Map(),
      dirty: false,
      busy: false,
      editing: undefined,
      said: '',
    });
    this.#services = services;
  }

  protected override onMount(): void {
    void this.load();
  }

  readonly load = async (): Promise<void> => {
    this.set({ rules: LOADING });
    const { api } = this.#services;
    try {
      const [{ items }, departments] = await Promise.all([
        api.call(orgApi.visibility, {}),
        loadDepartments(this.#services).catch(() => []),
      ]);
      this.set({
        departmentNames: new Map(departments.map((each) => [each.id, each.name])),
        rules: {
          state: 'ready',
          stale: false,
          data: items.map(({ ended, ...rule }) => this.#draft(rule, ended)),
        },
        dirty: false,
      });
    } catch (error) {
      this.set({ rules: { state: 'failed', error: asApiError(error), retry: () => void this.load() } });
    }
  };

  #draft(rule: Rule, ended: readonly Ended[] = []): DraftRule {
    return { key: this.#next++, rule, ended };
  }

  #change(rules: readonly DraftRule[], said = ''): void {
    this.set({ rules: { state: 'ready', data: rules, stale: false }, dirty: true, said });
  }

  get #rules(): readonly DraftRule[] {
    const { rules } = this.snapshot;
    return rules.state === 'ready' ? rules.data : [];
  }

  readonly edit = (editing: DraftRule | 'new' | undefined): void => {
    this.set({ editing });
  };

  readonly put = (rule: Rule): void => {
    const { editing } = this.snapshot;
    if (editing === 'new') this.#change([...this.#rules, this.#draft(rule)]);
    else if (editing) {
      const ended = editing.ended.filter(({ id }) => names(rule, id));
      this.#change(this.#rules.map((each) => (each.key === editing.key ? { ...each, rule, ended } : each)));
    }
    this.set({ editing: undefined });
  };

  readonly remove = (rule: DraftRule): void => {
    this.#change(this.#rules.filter((each) => each.key !== rule.key));
  };

  readonly shift = (rule: DraftRule, by: -1 | 1): void => {
    const rules = [...this.#rules];
    const at = rules.findIndex((each) => each.key === rule.key);
    const to = at + by;
    if (at < 0 || to < 0 || to >= rules.length) return;
    rules.splice(at, 1);
    rules.splice(to, 0, rule);
    this.#change(
      rules,
      this.#services.i18n.t('org:visibility.now_at', { position: to + 1, count: rules.length }),
    );
  };

  readonly save = async (): Promise<void> => {
    const { api, attempt, i18n } = this.#services;
    this.set({ busy: true });
    const done = await attempt(
      () => api.call(orgApi.putVisibility, { body: { items: this.#rules.map((each) => each.rule) } }),
      { done: i18n.t('org:saved'), invalidate: [keys.visibility] },
    );
    this.set({ busy: false, ...(done.ok ? { dirty: false } : {}) });
  };
}
