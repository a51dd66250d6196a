import type { Activate, Activated, ActivationInfo, ActivationQuery } from '@qiao/org/contract';
import { PasswordModel, type Verdict } from '../password/PasswordModel.ts';
import { asApiError, endpoint, ViewModel, type ApiError, type Services } from '@qiao/ui-kit';
import type { Static } from 'typebox';

const info = endpoint<{ body: Static<typeof ActivationQuery>; answer: Static<typeof ActivationInfo> }>(
  'POST',
  '/api/org/activation/info',
);
const activate = endpoint<{ body: Static<typeof Activate>; answer: Static<typeof Activated> }>(
  'POST',
  '/api/org/activation',
);

const judge = endpoint<{ body: Static<typeof Activate>; answer: Verdict }>(
  'POST',
  '/api/org/activation/password',
);

export type Info = Static<typeof ActivationInfo>;
export type ActivateState =
  | { readonly at: 'loading' }
  /** The link does not work: no token, used, too old, never made. */
  | { readonly at: 'no-link' }
  | { readonly at: 'failed'; readonly error: ApiError }
  | { readonly at: 'form'; readonly info: Info }
  | { readonly at: 'done'; readonly info: Info; readonly result: Static<typeof Activated> };

export interface ActivateSnapshot {
  readonly state: ActivateState;
  readonly busy: boolean;
  /** What the server says against the password. */
  readonly refused: readonly string[];
}

/** Activation of an account by the link that the administrator gave. */
export class ActivateViewModel extends ViewModel<ActivateSnapshot> {
  readonly #services: Pick<Services, 'api' | 'i18n'>;
  readonly #token: string;
  readonly password: PasswordModel;
  #chosen = '';

  constructor(services: Pick<Services, 'api' | 'i18n'>, token: string) {
    super({ state: { at: 'loading' }, busy: false, refused: [] });
    this.#services = services;
    this.#token = token;
    this.password = new PasswordModel((password, signal) =>
      services.api.call(judge, { body: { token, password }, signal }),
    );
  }

  protected override onMount(): void {
    void this.load();
  }

  readonly load = async (): Promise<void> => {
    if (this.#token === '') {
      this.set({ state: { at: 'no-link' } });
      return;
    }
    try {
      const found = await this.#services.api.call(info, { body: { token: this.#token } });
      const { i18n } = this.#services;
      // As the company knows the person, unless a language was chosen in this browser.
      if (found.language !== null && !i18n.isChosen) await i18n.choose(found.language, false);
      this.set({ state: { at: 'form', info: found } });
    } catch (error) {
      this.#fail(asApiError(error));
    }
  };

  #fail(error: ApiError): void {
    const gone = error.status === 404 || error.status === 400;
    this.set({ state: gone ? { at: 'no-link' } : { at: 'failed', error } });
  }

  readonly submit = async (): Promise<void> => {
    const { state, busy } = this.snapshot;
    if (busy || state.at !== 'form') return;
    this.set({ refused: [] });
    if (!this.password.check()) return;
    const { password } = this.password.getSnapshot();
    this.set({ busy: true });
    try {
      const result = await this.#services.api.call(activate, { body: { token: this.#token, password } });
      this.#chosen = password;
      this.password.clear();
      this.set({ busy: false, state: { at: 'done', info: state.info, result } });
    } catch (thrown) {
      const error = asApiError(thrown);
      this.set({ busy: false });
      if (error.code === 'org.password_too_weak') {
        const { reasons = [] } = (error.details ?? {}) as { reasons?: { message: string }[] };
        this.set({ refused: reasons.length > 0 ? reasons.map((each) => each.message) : [error.message] });
      } else if (error.status === 404) this.#fail(error);
      else this.set({ refused: [error.message === '' ? error.code : error.message] });
    }
  };

  /** The account with the password just chosen, so that it need not be typed again; once. */
  readonly takeProof = (): { user: string; password: string } | undefined => {
    const { state } = this.snapshot;
    const password = this.#chosen;
    this.#chosen = '';
    return state.at === 'done' && password !== '' ? { user: state.result.user_id, password } : undefined;
  };
}
