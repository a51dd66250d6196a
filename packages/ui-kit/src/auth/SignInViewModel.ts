import { ViewModel } from '../model/ViewModel.ts';
import { AuthError, type LoginFlows, type Proof } from './homeserver.ts';

export interface SignInSnapshot {
  readonly user: string;
  readonly password: string;
  /** As the homeserver says; before it has, as it said last here. */
  readonly flows: LoginFlows;
  readonly busy: boolean;
  /** Of somebody who has forgotten the password: is asked who it is, or told what comes; undefined: signs in. */
  readonly reset: 'asked' | 'told' | undefined;
  /** Text key of what is wrong, with its values. */
  readonly problem: { readonly key: string; readonly seconds?: number; readonly text?: string } | undefined;
}

const PROBLEMS: Readonly<Record<string, string>> = {
  M_FORBIDDEN: 'wrong',
  M_USER_DEACTIVATED: 'deactivated',
  M_USER_LOCKED: 'locked',
  M_USER_SUSPENDED: 'locked',
  M_LIMIT_EXCEEDED: 'too_many',
  M_INVALID_USERNAME: 'wrong',
  M_INVALID_PARAM: 'wrong',
  offline: 'offline',
};

export interface SignInOptions {
  /** Signs in; what it throws is said in the form. */
  readonly enter: (proof: Proof) => Promise<void>;
  /** Of the address that single sign-on led back to. */
  readonly loginToken?: string | undefined;
  /** Who signs in again; the name cannot be changed then. */
  readonly user?: string | undefined;
  /** How the homeserver lets people in. */
  readonly flows: () => Promise<LoginFlows>;
  /** Asks for a new password. @throws ApiError */
  readonly forgot: (name: string) => Promise<unknown>;
}

/** The sign-in form: by password or by the token of a single sign-on. */
export class SignInViewModel extends ViewModel<SignInSnapshot> {
  readonly #options: SignInOptions;
  #loginToken: string | undefined;

  constructor(options: SignInOptions) {
    super({
      user: options.user ?? '',
      password: '',
      flows: lastFlows(),
      busy: options.loginToken !== undefined,
      reset: undefined,
      problem: undefined,
    });
    this.#options = options;
    this.#loginToken = options.loginToken;
  }

  protected override onMount(): void {
    void this.#options.flows().then(
      (flows) => {
        keepFlows(flows);
        this.set({ flows });
      },
      // The form is shown all the same; sending it says what is wrong.
      () => undefined,
    );
    const token = this.#loginToken;
    this.#loginToken = undefined;
    if (token !== undefined) void this.#run({ loginToken: token });
  }

  readonly type = (patch: Partial<Pick<SignInSnapshot, 'user' | 'password'>>): void => {
    this.set({ ...patch, problem: undefined });
  };

  readonly submit = async (): Promise<void> => {
    const { user, password, busy } = this.snapshot;
    if (busy) return;
    if (user.trim() === '' || password === '') {
      this.set({ problem: { key: 'empty' } });
      return;
    }
    await this.#run({ user: user.trim(), password });
  };

  /** Shows the question for somebody who has forgotten the password, or the form again. */
  readonly showReset = (shown: boolean): void => {
    this.set({ reset: shown ? 'asked' : undefined, problem: undefined, password: '' });
  };

  readonly askReset = async (): Promise<void> => {
    const { user, busy } = this.snapshot;
    if (busy) return;
    if (user.trim() === '') {
      this.set({ problem: { key: 'reset_empty' } });
      return;
    }
    this.set({ busy: true, problem: undefined });
    try {
      await this.#options.forgot(user.trim());
      this.set({ busy: false, reset: 'told' });
    } catch (error) {
      this.set({ busy: false, problem: problemOf(error) });
    }
  };

  async #run(proof: Proof): Promise<void> {
    this.set({ busy: true, problem: undefined });
    try {
      await this.#options.enter(proof);
      this.set({ busy: false, password: '' });
    } catch (error) {
      this.set({ busy: false, problem: problemOf(error) });
    }
  }
}

/** In this browser, how the homeserver let people in when it was last asked: the form does not move when it answers. */
const FLOWS = 'qiao.flows';

function lastFlows(): LoginFlows {
  try {
    const kept = JSON.parse(localStorage.getItem(FLOWS) ?? '') as Partial<LoginFlows> | null;
    if (typeof kept?.password === 'boolean' && Array.isArray(kept.sso))
      return { password: kept.password, sso: kept.sso };
  } catch {
    // Never asked here, or storage is denied.
  }
  return { password: true, sso: [] };
}

function keepFlows(flows: LoginFlows): void {
  try {
    localStorage.setItem(FLOWS, JSON.stringify(flows));
  } catch {
    // Storage may be denied, or full.
  }
}

function problemOf(error: unknown): NonNullable<SignInSnapshot['problem']> {
  if (error instanceof AuthError) {
    const key = PROBLEMS[error.code];
    if (key === undefined) return { key: 'other', text: error.message || error.code };
    return error.retryAfter === undefined ? { key } : { key, seconds: error.retryAfter };
  }
  const { message, status } = error as { message?: string; status?: number };
  if (status === 0 || status === undefined) return { key: 'offline' };
  return { key: 'other', text: message ?? '' };
}
