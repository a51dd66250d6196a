import type { ActivationLink, ActivationState } from '@qiao/org/contract';
import { LOADING, ViewModel, watch, type Remote, type Services } from '@qiao/ui-kit';
import type { Static } from 'typebox';
import { keys, orgApi } from '../api.ts';

export interface LinkSnapshot {
  readonly activation: Remote<ActivationState>;
  /** The link that was made just now: it is shown here and nowhere again. */
  readonly made: Static<typeof ActivationLink> | undefined;
  readonly busy: boolean;
}

/** How often a mail that is on its way is looked at, in milliseconds. */
const LOOK_MS = 2000;

/** The links of one person: what was handed out, one more by mail or to be shown, the end of all. */
export class LinkViewModel extends ViewModel<LinkSnapshot> {
  readonly #services: Services;
  readonly #id: string;

  constructor(services: Services, id: string) {
    super({ activation: LOADING, made: undefined, busy: false });
    this.#services = services;
    this.#id = id;
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    const watching = watch<ActivationState>(
      queries,
      {
        key: keys.activation(this.#id),
        load: (signal) => api.call(orgApi.activation, { params: { id: this.#id }, signal }),
        every: (data) => (data?.last_mail?.state === 'waiting' ? LOOK_MS : false),
      },
      (activation) => {
        this.set({ activation });
      },
    );
    this.own(watching.end);
  }

  async #do<T>(work: () => Promise<T>, done?: string): Promise<T | undefined> {
    this.set({ busy: true });
    const answer = await this.#services.attempt(work, {
      ...(done === undefined ? {} : { done }),
      invalidate: [keys.activation(this.#id), keys.passwordRequests, keys.mail],
    });
    this.set({ busy: false });
    return answer.ok ? answer.value : undefined;
  }

  /** One more link; those that were handed out go on working until one of them is used. */
  readonly make = async (): Promise<void> => {
    const made = await this.#do(() =>
      this.#services.api.call(orgApi.activationLink, { params: { id: this.#id } }),
    );
    if (made) this.set({ made });
  };

  readonly mail = async (): Promise<void> => {
    await this.#do(() => this.#services.api.call(orgApi.mailActivation, { params: { id: this.#id } }));
  };

  readonly endAll = async (name: string): Promise<void> => {
    const { api, confirm, i18n } = this.#services;
    const sure = await confirm.ask({
      title: i18n.t('org:links.end_title'),
      body: i18n.t('org:links.end_text', { name }),
      confirm: i18n.t('org:links.end'),
      destructive: true,
    });
    if (!sure) return;
    await this.#do(
      () => api.call(orgApi.endActivation, { params: { id: this.#id } }),
      i18n.t('org:links.ended'),
    );
    this.set({ made: undefined });
  };
}
