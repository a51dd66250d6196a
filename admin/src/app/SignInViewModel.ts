import { ViewModel } from '@qiao/ui-kit';
import {
  loginFlows,
  proveByPassword,
  proveByToken,
  SignInError,
  type LoginFlows,
  type OpenIdAnswer,
} from './matrix.ts';

export interface SignInSnapshot {
  readonly user: string;
  readonly password: string;
  readonly flows: LoginFlows | undefined;
  readonly busy: boolean;
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

export interface SignInPorts {
  readonly flows: () => Promise<LoginFlows>;
  readonly byPassword: (user: string, password: string) => Promise<OpenIdAnswer>;
  readonly byToken: (token: string) => Promise<OpenIdAnswer>;
}

export const matrixPorts: SignInPorts = {
  flows: loginFlows,
  byPassword: proveByPassword,
  byToken: proveByToken,
};

/** Sign-in: the homeserver proves who it is, our session follows. */
export class SignInViewModel extends ViewModel<SignInSnapshot> {
  readonly #exchange: (openid: OpenIdAnswer) => Promise<void>;
  readonly #ports: SignInPorts;
  #loginToken: string | undefined;

  constructor(
    exchange: (openid: OpenIdAnswer) => Promise<void>,
    loginToken: string | undefined,
    ports = matrixPorts,
  ) {
    super({ user: '', password: '', flows: undefined, busy: loginToken !== undefined, problem: undefined });
    this.#exchange = exchange;
    this.#ports = ports;
    this.#loginToken = loginToken;
  }

  protected override onMount(): void {
    void this.#ports.flows().then(
      (flows) => {
        this.set({ flows });
      },
      () => {
        // The form is shown all the same; sending it says what is wrong.
        this.set({ flows: { password: true, sso: [] } });
      },
    );
    const token = this.#loginToken;
    this.#loginToken = undefined;
    if (token !== undefined) void this.#run(() => this.#ports.byToken(token));
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
    await this.#run(() => this.#ports.byPassword(user.trim(), password));
  };

  async #run(prove: () => Promise<OpenIdAnswer>): Promise<void> {
    this.set({ busy: true, problem: undefined });
    try {
      await this.#exchange(await prove());
      this.set({ busy: false, password: '' });
    } catch (error) {
      this.set({ busy: false, problem: problemOf(error) });
    }
  }
}

function problemOf(error: unknown): NonNullable<SignInSnapshot['problem']> {
  if (error instanceof SignInError) {
    const key = PROBLEMS[error.code];
    if (key === undefined) return { key: 'other', text: error.message || error.code };
    return error.retryAfter === undefined ? { key } : { key, seconds: error.retryAfter };
  }
  const { message, status } = error as { message?: string; status?: number };
  if (status === 0 || status === undefined) return { key: 'offline' };
  return { key: 'other', text: message ?? '' };
}
