import type { HandoverItem, OffboardingDetail, PersonDetail, PersonRef } from '@qiao/org/contract';
import { dataOf, LOADING, ViewModel, watch, type Remote, type Services } from '@qiao/ui-kit';
import type { Static } from 'typebox';
import { keys, orgApi } from '../api.ts';

export type Item = Static<typeof HandoverItem>;

export interface LeaverSnapshot {
  readonly leaver: Remote<OffboardingDetail>;
  readonly manager: PersonRef | undefined;
  /** The item whose receiver is being chosen. */
  readonly choosing: Item | undefined;
  readonly busy: boolean;
}

const CLOSING_MS = 1500;

/** Whether nobody has been named for an item yet. */
export const isOpen = (item: Item): boolean => item.to === null && !item.ends;

/** One leaver: hand over, close, certificate, undo. */
export class LeaverViewModel extends ViewModel<LeaverSnapshot> {
  readonly #services: Services;
  readonly #id: string;

  constructor(services: Services, id: string) {
    super({ leaver: LOADING, manager: undefined, choosing: undefined, busy: false });
    this.#services = services;
    this.#id = id;
  }

  get #key(): readonly unknown[] {
    return [...keys.offboardings, 'one', this.#id];
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    let asked = false;
    const watching = watch<OffboardingDetail>(
      queries,
      {
        key: this.#key,
        load: (signal) => api.call(orgApi.offboarding, { params: { id: this.#id }, signal }),
        every: (data) =>
          // Closing is done by a job; the hand-over list is gathered by one too.
          data?.state === 'closing' || (data?.state === 'closed' && data.certificate === null)
            ? CLOSING_MS
            : false,
      },
      (leaver) => {
        this.set({ leaver });
        const detail = dataOf(leaver);
        if (detail && !asked) {
          asked = true;
          void queries
            .query<PersonDetail>({
              queryKey: keys.person(detail.person.id),
              queryFn: () => api.call(orgApi.person, { params: { id: detail.person.id } }),
            })
            .then(
              (person) => {
                this.set({ manager: person.manager ?? undefined });
              },
              () => undefined,
            );
        }
      },
    );
    this.own(watching.end);
  }

  readonly choose = (choosing: Item | undefined): void => {
    this.set({ choosing });
  };

  /** Names who takes an item over; null: nobody, it ends. */
  readonly assign = async (item: Item, to: PersonRef | null): Promise<void> => {
    const done = await this.#act(() => this.#put(item, to));
    if (done) this.set({ choosing: undefined });
  };

  readonly allToManager = async (): Promise<void> => {
    const { manager } = this.snapshot;
    const detail = dataOf(this.snapshot.leaver);
    if (!manager || !detail) return;
    await this.#act(
      async () => {
        let last = detail;
        for (const item of detail.items.filter(isOpen)) last = await this.#put(item, manager);
        return last;
      },
      this.#services.i18n.t('org:leavers.all_given', { name: manager.display_name }),
    );
  };

  #put(item: Item, to: PersonRef | null): Promise<OffboardingDetail> {
    return this.#services.api.call(orgApi.putHandover, {
      params: { id: this.#id, item: item.id },
      body: { to_person_id: to?.id ?? null },
    });
  }

  readonly close = async (): Promise<void> => {
    const { confirm, i18n, api } = this.#services;
    const detail = dataOf(this.snapshot.leaver);
    if (!detail) return;
    const sure = await confirm.ask({
      title: i18n.t('org:leavers.close_title', { name: detail.person.display_name }),
      body: i18n.t('org:leavers.close_text'),
      confirm: i18n.t('org:leavers.close'),
      destructive: true,
    });
    if (sure) await this.#act(() => api.call(orgApi.closeOffboarding, { params: { id: this.#id } }));
  };

  readonly undo = async (): Promise<void> => {
    const { confirm, i18n, api } = this.#services;
    const detail = dataOf(this.snapshot.leaver);
    if (!detail) return;
    const sure = await confirm.ask({
      title: i18n.t('org:leavers.undo_title', { name: detail.person.display_name }),
      body: i18n.t('org:leavers.undo_text'),
      confirm: i18n.t('org:leavers.undo'),
    });
    if (sure) {
      await this.#act(
        () => api.call(orgApi.undoOffboarding, { params: { id: this.#id } }),
        i18n.t('org:leavers.undone', { name: detail.person.display_name }),
      );
    }
  };

  readonly check = (): Promise<boolean> =>
    this.#act(() => this.#services.api.call(orgApi.checkOffboarding, { params: { id: this.#id } }));

  async #act(work: () => Promise<OffboardingDetail>, done?: string): Promise<boolean> {
    const { attempt, queries } = this.#services;
    this.set({ busy: true });
    const result = await attempt(work, done === undefined ? {} : { done });
    if (result.ok) queries.setQueryData(this.#key, result.value);
    void queries.invalidateQueries({ queryKey: keys.offboardings });
    void queries.invalidateQueries({ queryKey: keys.people });
    this.set({ busy: false });
    return result.ok;
  }
}
