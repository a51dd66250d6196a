import type { Language, Me } from '@qiao/org/contract';
import {
  ApiClient,
  endpoint,
  makeQueries,
  makeServices,
  openIdToken,
  signIn,
  signOut,
  ViewModel,
  type I18n,
  type OpenIdAnswer,
  type Proof,
  type Services,
  type Session,
} from '@qiao/ui-kit';
import type { NameWords } from '../matrix/rooms-name.ts';
import { conversationsOf } from '../matrix/conversations.ts';
import type { MatrixSession } from '../matrix/session.ts';
import { TabLock } from '../matrix/tab-lock.ts';
import { Vault, type StoredSession } from '../matrix/vault.ts';
import { expectDevice, isExpected } from './boot.ts';
import { platformName } from '../pwa/platform.ts';
import { browserPush, forgetPush } from '../pwa/push-browser.ts';

const createSession = endpoint<{ body: { openid: OpenIdAnswer; delivery: 'cookie' } }>(
  'POST',
  '/api/session',
);
const endSession = endpoint<object>('DELETE', '/api/session');
const me = endpoint<{ answer: Me }>('GET', '/api/org/me');
const putLanguage = endpoint<{ body: { language: Language } }>('PUT', '/api/org/me/language');

/** Where the client stands. */
export type AppState =
  | { readonly at: 'starting' }
  /** The browser gives no place to keep keys, or no cryptography (no HTTPS). */
  | { readonly at: 'no-storage'; readonly why: 'insecure' | 'refused' }
  /** Another tab has the device. */
  | { readonly at: 'elsewhere' }
  /** `lost`: the browser has deleted what the device stored, its keys included. */
  | { readonly at: 'signed-out'; readonly why: 'asked' | 'ended' | 'lost' | 'new' }
  /** The homeserver wants the person to sign in again; the keys are still here. */
  | { readonly at: 'soft-signed-out'; readonly userId: string }
  | { readonly at: 'failed'; readonly error: unknown }
  | { readonly at: 'signed-in'; readonly matrix: MatrixSession }
  /** Servers are told; what is stored here goes. */
  | { readonly at: 'signing-out'; readonly matrix: MatrixSession };

export interface AppSnapshot {
  readonly state: AppState;
  readonly services: Services;
}

/** Of our own interfaces, before they have said more. */
export const sessionFor = (userId: string): Session => ({
  userId,
  displayName: '',
  personId: undefined,
  companyName: '',
  permissions: {},
});

/** How long a sign-out waits until our own interfaces have ended their session, in milliseconds. */
const END_SESSION_MS = 2_000;

/** Base of the client-server API: the gateway's own origin. */
export const homeserverUrl = (): string => location.origin;

/** A storage that ends its connections more often than this is none: at most so many in so many milliseconds. */
const MOST_RESTARTS = 3;
const RESTARTS_MS = 60_000;
/** Work on storage that is gone may never end: it is waited for so long, in milliseconds. */
const STOP_MS = 5000;

const within = (ms: number, work: Promise<void>): Promise<void> =>
  Promise.race([work.catch(() => undefined), new Promise<void>((resolve) => setTimeout(resolve, ms))]);

const yes = (): boolean => true;
const no = (): boolean => false;

/** Of somebody who has signed in just now. */
interface Fresh {
  readonly password: string | undefined;
  /** Nothing of the device is stored here yet. */
  readonly isNew: boolean;
}

/** The client as a whole: which device is signed in, and what its pages are given. */
export class AppViewModel extends ViewModel<AppSnapshot> {
  readonly #i18n: I18n;
  readonly #api: ApiClient;
  readonly #lock = new TabLock();
  readonly #deviceName: () => string;
  #proof: Proof | undefined;
  #vault: Vault | undefined;
  #opening: Promise<Vault> | undefined;
  #stored: StoredSession | undefined;
  #proving: Promise<void> | undefined;
  #entering: Promise<void> | undefined;
  /** The session that is being started, or the last one that was. */
  #starting: Promise<void> = Promise.resolve();
  /** The session whose place the one that is being started takes. */
  #restarted: MatrixSession | undefined;
  #signingOut: Promise<void> | undefined;
  /** The language in which our servers know that the person reads. */
  #told: Language | undefined;
  /** When the session was started again because the storage's connections ended, milliseconds since 1970. */
  #restarts: readonly number[] = [];

  /** @param options `proof`: of somebody who has just activated an account, signed in if nobody is here */
  constructor(i18n: I18n, options: { deviceName: () => string; proof?: Proof | undefined }) {
    const api = new ApiClient({
      language: () => (i18n.locale === 'en' ? 'en' : 'zh-Hans'),
      // The session of our own interfaces is made again from the homeserver's.
      onSignedOut: () => void this.#enterApi(),
    });
    super({
      state: { at: 'starting' },
      services: makeServices({ api, i18n, session: sessionFor(''), queries: makeQueries() }),
    });
    this.#i18n = i18n;
    this.#api = api;
    this.#deviceName = options.deviceName;
    this.#proof = options.proof;
    this.#lock.onAsked = async () => {
      // The next tab finds nobody signed in.
      if (this.#signingOut) return this.#signingOut;
      const { state } = this.snapshot;
      if (state.at === 'signed-in') await state.matrix.stop();
      this.set({ state: { at: 'elsewhere' } });
    };
  }

  protected override onMount(): void {
    const chosen = (): void => void this.#tellLanguage();
    this.#i18n.instance.on('languageChanged', chosen);
    this.own(() => {
      this.#i18n.instance.off('languageChanged', chosen);
    });
    void this.enter();
  }

  /** Goes on with the device that is signed in here, if there is one. */
  readonly enter = (): Promise<void> => {
    this.#entering ??= this.#enter().finally(() => {
      this.#entering = undefined;
    });
    return this.#entering;
  };

  async #enter(): Promise<void> {
    if (!isSecureContext) {
      this.set({ state: { at: 'no-storage', why: 'insecure' } });
      return;
    }
    // Most likely nobody is signed in here: the form does not wait for the storage.
    if (!isExpected() && this.#proof === undefined && this.snapshot.state.at === 'starting')
      this.set({ state: { at: 'signed-out', why: 'new' } });
    let vault: Vault;
    try {
      vault = await this.#theVault();
      this.#stored = await vault.load();
    } catch {
      this.set({ state: { at: 'no-storage', why: 'refused' } });
      return;
    }
    const proof = this.#proof;
    this.#proof = undefined;
    expectDevice(this.#stored !== undefined);
    if (this.#stored === undefined) {
      // Not let in after all: the form is there.
      const letIn = proof !== undefined && (await this.#signIn(proof).then(yes, no));
      if (!letIn && this.snapshot.state.at !== 'signed-out')
        this.set({ state: { at: 'signed-out', why: 'new' } });
      return;
    }
    if (proof !== undefined && (!('user' in proof) || proof.user !== this.#stored.userId))
      this.snapshot.services.toasts.show({
        kind: 'info',
        text: this.#i18n.t('app:other_here', { user: this.#stored.userId }),
      });
    if (this.#stored.softLoggedOut === true)
      this.set({ state: { at: 'soft-signed-out', userId: this.#stored.userId } });
    else if (await this.#lock.take()) await this.#start(this.#stored, vault);
    else this.set({ state: { at: 'elsewhere' } });
  }

  /** Takes the device from the tab that has it. */
  readonly takeOver = async (): Promise<void> => {
    this.set({ state: { at: 'starting' } });
    await this.#lock.takeOver();
    await this.enter();
  };

  /** Signs in and starts. @throws AuthError */
  readonly signIn = async (proof: Proof): Promise<void> => {
    // The form may be there before it is known that somebody is signed in here.
    await this.#entering;
    const { at } = this.snapshot.state;
    if (at === 'signed-out' || at === 'soft-signed-out') await this.#signIn(proof);
  };

  async #signIn(proof: Proof): Promise<void> {
    const vault = await this.#theVault();
    const same = this.#stored?.softLoggedOut === true ? this.#stored : undefined;
    const stored = await signIn(homeserverUrl(), proof, {
      name: this.#deviceName(),
      refresh: true,
      ...(same === undefined ? {} : { id: same.deviceId }),
    });
    if (same !== undefined && same.userId !== stored.userId) await this.#forget();
    await vault.save(stored);
    this.#stored = stored;
    expectDevice(true);
    if (await this.#lock.take())
      await this.#start(stored, vault, {
        password: 'password' in proof ? proof.password : undefined,
        isNew: same === undefined,
      });
    else this.set({ state: { at: 'elsewhere' } });
  }

  /**
   * Signs this device out and forgets what it stored.
   * @param everywhere the person's other devices, too
   */
  readonly signOut = (everywhere = false): Promise<void> => {
    this.#signingOut ??= this.#signOut(everywhere).finally(() => {
      this.#signingOut = undefined;
    });
    return this.#signingOut;
  };

  async #signOut(everywhere: boolean): Promise<void> {
    const { state } = this.snapshot;
    const matrix = state.at === 'signed-in' ? state.matrix : undefined;
    if (matrix) {
      this.set({ state: { at: 'signing-out', matrix } });
      // Needs the session of our own interfaces.
      await matrix.push.end(everywhere);
    }
    const late = AbortSignal.timeout(END_SESSION_MS);
    await this.#api.call(endSession, { signal: late }).catch(() => undefined);
    if (matrix) await matrix.signOut(everywhere);
    else await this.#forget();
    this.#left('asked');
  }

  /** @param fresh the person has signed in just now, with this password */
  async #start(stored: StoredSession, vault: Vault, fresh?: Fresh): Promise<void> {
    this.set({ state: { at: 'starting' } });
    await (this.#starting = this.#startMatrix(stored, vault, fresh));
    const { state } = this.snapshot;
    if (state.at !== 'signed-in') return;
    await this.#enterApi();
    // Without our interfaces, too: then it says that it failed.
    void state.matrix.push.begin();
  }

  async #startMatrix(stored: StoredSession, vault: Vault, fresh: Fresh | undefined): Promise<void> {
    try {
      const { MatrixSession } = await import('../matrix/session.ts');
      const words: NameWords = {
        list: (names) => this.#i18n.format.list(names),
        more: (names, count) => this.#i18n.t('rooms:name.more', { names, count }),
        empty: () => this.#i18n.t('rooms:name.empty'),
        emptyWas: (name) => this.#i18n.t('rooms:name.empty_was', { name }),
      };
      const matrix = await MatrixSession.start(
        stored,
        vault,
        words,
        conversationsOf(this.#api),
        fresh?.isNew,
      );
      if (this.#vault !== vault) {
        // Its data went while it started: what it made since goes, too.
        await matrix.forget();
        return;
      }
      if (fresh) matrix.encryption.greet(fresh.password);
      matrix.onEnded = (ending) => void this.#ended(matrix, ending);
      this.#connectPush(matrix);
      this.set({
        state: { at: 'signed-in', matrix },
        services: this.#servicesFor(sessionFor(stored.userId)),
      });
    } catch (error) {
      // Why is said by what found that its data went.
      if (this.#vault !== vault) return;
      this.#lock.release();
      this.set({ state: { at: 'failed', error } });
    }
  }

  #connectPush({ push }: MatrixSession): void {
    const i18n = this.#i18n;
    push.connect({
      api: this.#api,
      enter: () => this.#enterApi(),
      browser: browserPush,
      words: () => ({
        language: i18n.locale,
        brand: i18n.brand.shortName[i18n.locale],
        // Notifications show no drawn pictures.
        icon: i18n.brand.icon.endsWith('.svg') ? '/icons/icon-192.png' : i18n.brand.icon,
        newMessage: i18n.t('notifications:push.message'),
        testMessage: i18n.t('notifications:push.test'),
        device: platformName(),
      }),
      onWords: (listener) => {
        i18n.instance.on('languageChanged', listener);
        return () => {
          i18n.instance.off('languageChanged', listener);
        };
      },
    });
  }

  /** Our own interfaces: the session's cookie if it still counts, else a new one for the homeserver's proof. */
  #enterApi(): Promise<void> {
    this.#proving ??= this.#prove()
      .catch(() => undefined)
      .finally(() => {
        this.#proving = undefined;
      });
    return this.#proving;
  }

  async #prove(): Promise<void> {
    const { state } = this.snapshot;
    // Pushes are ended with it while one signs out.
    if (state.at !== 'signed-in' && state.at !== 'signing-out') return;
    const openid = await openIdToken(await state.matrix.tokens.fresh());
    await this.#api.call(createSession, { body: { openid, delivery: 'cookie' } });
    const answer = await this.#api.call(me, {});
    this.set({
      services: this.#servicesFor({
        userId: answer.user_id,
        displayName: answer.person?.display_name ?? answer.user_id,
        personId: answer.person?.id,
        companyName: answer.company_name,
        permissions: answer.permissions,
      }),
    });
    void this.snapshot.services.queries.invalidateQueries();
    void state.matrix.push.begin();
    this.#told = answer.language ?? undefined;
    if (answer.person !== null) await this.#tellLanguage();
  }

  /** Bots write to the person in the language in which the client is used. */
  readonly #tellLanguage = async (): Promise<void> => {
    const { state, services } = this.snapshot;
    const language = this.#i18n.locale;
    if (state.at !== 'signed-in' || services.session.personId === undefined || language === this.#told)
      return;
    this.#told = language;
    // Asked again by the next start.
    await this.#api.call(putLanguage, { body: { language } }).catch(() => {
      this.#told = undefined;
    });
  };

  #servicesFor(session: Session): Services {
    const { services } = this.snapshot;
    return makeServices({
      api: this.#api,
      i18n: this.#i18n,
      session,
      toasts: services.toasts,
      // Of the same person a question that is asked stays, and whoever asks by the services of the start is heard.
      ...(services.session.userId === session.userId
        ? { queries: services.queries, confirm: services.confirm }
        : {}),
    });
  }

  async #ended(matrix: MatrixSession, ending: 'soft' | 'hard'): Promise<void> {
    const stored = matrix.tokens.session;
    if (ending === 'soft') {
      this.#stored = { ...stored, softLoggedOut: true };
      await this.#vault?.save(this.#stored);
      await matrix.stop();
      this.#lock.release();
      this.set({ state: { at: 'soft-signed-out', userId: stored.userId } });
      return;
    }
    await matrix.forget();
    this.#left('ended');
  }

  async #theVault(): Promise<Vault> {
    if (this.#vault) return this.#vault;
    this.#opening ??= this.#openVault().finally(() => {
      this.#opening = undefined;
    });
    return (this.#vault = await this.#opening);
  }

  async #openVault(): Promise<Vault> {
    const vault = await Vault.open();
    vault.onBreak = (result) => {
      if (this.#vault !== vault) return;
      if (result === 'kept') void this.#restart(vault);
      else if (result === 'deleted') void this.#lost();
      else void this.#shut();
    };
    return vault;
  }

  /** The browser ended the storage's connections, but the data are there: all are opened again. */
  async #restart(vault: Vault): Promise<void> {
    const { state } = this.snapshot;
    if (state.at !== 'signed-in') return;
    const { session } = state.matrix.tokens;
    this.#restarted = state.matrix;
    this.set({ state: { at: 'starting' } });
    await within(STOP_MS, state.matrix.stop());
    const now = Date.now();
    this.#restarts = [...this.#restarts.filter((at) => now - at < RESTARTS_MS), now];
    if (this.#restarts.length > MOST_RESTARTS) {
      await this.#shut();
      return;
    }
    // The data may have been found gone by now.
    if (this.#vault !== vault) return;
    this.#stored = session;
    // A token that was renewed meanwhile may not have been kept.
    await vault.save(session).catch(() => undefined);
    await this.#start(session, vault);
    this.#restarted = undefined;
  }

  /** The storage cannot be opened any more: nothing is forgotten, and a later page may find it again. */
  async #shut(): Promise<void> {
    this.#vault = undefined;
    const { state } = this.snapshot;
    this.set({ state: { at: 'no-storage', why: 'refused' } });
    if (state.at === 'signed-in') await within(STOP_MS, state.matrix.stop());
    this.#lock.release();
  }

  /** Without its keys the device is none any more: it is signed out, and what was typed stays in the page. */
  async #lost(): Promise<void> {
    const vault = this.#vault;
    this.#vault = undefined;
    const { state } = this.snapshot;
    const session = state.at === 'signed-in' ? state.matrix.tokens.session : this.#stored;
    // Nobody is here, or another tab is: it says so itself.
    if (session === undefined || state.at === 'elsewhere' || state.at === 'signing-out') return;
    this.set({ state: { at: 'starting' } });
    const forget = async (): Promise<void> => {
      if (state.at === 'signed-in') return state.matrix.forget();
      await this.#starting;
      this.#restarted?.rescue();
      await Promise.all([this.#forget(), vault?.clear()]);
    };
    await Promise.all([within(STOP_MS, forget()), within(STOP_MS, signOut(session))]);
    this.#restarted = undefined;
    this.#left('lost');
  }

  async #forget(): Promise<void> {
    // Opens the stores only to remove them; loaded here because it is seldom needed.
    const { forgetStores } = await import('../matrix/session.ts');
    await Promise.all([forgetPush(), forgetStores()]);
    await this.#vault?.clear();
  }

  #left(why: 'asked' | 'ended' | 'lost'): void {
    this.#stored = undefined;
    expectDevice(false);
    this.#lock.release();
    this.snapshot.services.queries.clear();
    this.set({ state: { at: 'signed-out', why }, services: this.#servicesFor(sessionFor('')) });
  }
}
