import type { Me } from '@qiao/org/contract';
import type { ApiError } from '@qiao/ui-kit';
import {
  mayPass,
  ApiClient,
  asApiError,
  endpoint,
  makeQueries,
  makeServices,
  ViewModel,
  type I18n,
  type OpenIdAnswer,
  type Services,
  type Session,
} from '@qiao/ui-kit';

const createSession = endpoint<{ body: { openid: OpenIdAnswer; delivery: 'cookie' } }>(
  'POST',
  '/api/session',
);
const endSession = endpoint<object>('DELETE', '/api/session');
const me = endpoint<{ answer: Me }>('GET', '/api/org/me');

const NOBODY: Session = {
  userId: '',
  displayName: '',
  personId: undefined,
  companyName: '',
  permissions: {},
};

/** From one try to find out who is signed in to the next, milliseconds. */
const AGAIN_MS = 3000;

/** Where the console stands; `ended`: the session ran out in the middle of work. */
export type AppState =
  | { readonly at: 'starting' }
  | { readonly at: 'failed'; readonly error: ApiError }
  | { readonly at: 'signed-out'; readonly ended: boolean }
  | { readonly at: 'signed-in' };

export interface AppSnapshot {
  readonly state: AppState;
  readonly services: Services;
}

const sessionOf = (answer: Me): Session => ({
  userId: answer.user_id,
  displayName: answer.person?.display_name ?? answer.user_id,
  personId: answer.person?.id,
  companyName: answer.company_name,
  permissions: answer.permissions,
});

/** The console as a whole: who is signed in, and what its pages are given. */
export class AppViewModel extends ViewModel<AppSnapshot> {
  readonly #i18n: I18n;
  readonly #api: ApiClient;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(i18n: I18n, fetcher?: typeof fetch) {
    const api = new ApiClient({
      language: () => (i18n.locale === 'en' ? 'en' : 'zh-Hans'),
      onSignedOut: () => {
        this.#sessionEnded();
      },
      ...(fetcher ? { fetch: fetcher } : {}),
    });
    super({
      state: { at: 'starting' },
      services: makeServices({ api, i18n, session: NOBODY, queries: makeQueries() }),
    });
    this.#i18n = i18n;
    this.#api = api;
  }

  protected override onMount(): void {
    this.own(() => {
      clearTimeout(this.#timer);
    });
    // Some sentences come from the server in the reader's language.
    const chosen = (): void => void this.snapshot.services.queries.invalidateQueries();
    const { instance } = this.#i18n;
    instance.on('languageChanged', chosen);
    this.own(() => {
      instance.off('languageChanged', chosen);
    });
    void this.enter();
  }

  /** Looks who is signed in by the session's cookie. */
  readonly enter = async (): Promise<void> => {
    try {
      const answer = await this.#api.call(me, {});
      // New services: what was cached belongs to whoever was here before.
      const { services } = this.snapshot;
      const same = services.session.userId === answer.user_id;
      this.set({
        state: { at: 'signed-in' },
        services: makeServices({
          api: this.#api,
          i18n: this.#i18n,
          session: sessionOf(answer),
          toasts: services.toasts,
          ...(same ? { queries: services.queries, confirm: services.confirm } : {}),
        }),
      });
      if (same) void services.queries.invalidateQueries();
    } catch (thrown) {
      const error = asApiError(thrown);
      if (error.status === 401) {
        if (this.snapshot.state.at !== 'signed-out') this.set({ state: { at: 'signed-out', ended: false } });
      } else {
        this.set({ state: { at: 'failed', error } });
        if (mayPass(error)) this.#again();
      }
    }
  };

  /** The console comes back by itself after the database or the host was away. */
  #again(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.enter(), AGAIN_MS);
  }

  /** Exchanges the homeserver's proof for a session of ours. @throws ApiError */
  readonly exchange = async (openid: OpenIdAnswer): Promise<void> => {
    await this.#api.call(createSession, { body: { openid, delivery: 'cookie' } });
    await this.enter();
  };

  readonly signOut = async (): Promise<void> => {
    await this.#api.call(endSession, {}).catch(() => undefined);
    const { services } = this.snapshot;
    services.queries.clear();
    this.set({
      state: { at: 'signed-out', ended: false },
      services: makeServices({ api: this.#api, i18n: this.#i18n, session: NOBODY }),
    });
  };

  #sessionEnded(): void {
    if (this.snapshot.state.at === 'signed-in') this.set({ state: { at: 'signed-out', ended: true } });
  }
}
