import { ViewModel } from '@qiao/ui-kit';
import { MatrixError, type AuthDict, type MatrixClient } from 'matrix-js-sdk';

/** What the person is asked before the homeserver does something that matters (user-interactive authentication). */
export type AuthQuestion =
  | { readonly kind: 'password'; readonly wrong: boolean }
  /** A page of the homeserver (single sign-on), opened in a window of its own. */
  | { readonly kind: 'page'; readonly address: string };

/** The person did not go on. */
export class NotConfirmed extends Error {
  override readonly name = 'NotConfirmed';
}

const PASSWORD = 'm.login.password';
const DUMMY = 'm.login.dummy';
/** How long the password of the sign-in is kept for the set-up that follows it, in milliseconds. */
const KEPT_MS = 10 * 60_000;

interface Asked {
  readonly session?: string;
  readonly flows: readonly { readonly stages: readonly string[] }[];
  readonly completed?: readonly string[];
  readonly errcode?: string;
}

const askedBy = (error: unknown): Asked | undefined =>
  error instanceof MatrixError && error.httpStatus === 401 && Array.isArray(error.data['flows'])
    ? (error.data as unknown as Asked)
    : undefined;

/** The next stage of the flow that needs least of the person. */
export function nextStage(asked: Asked): string | undefined {
  const done = new Set(asked.completed ?? []);
  const open = asked.flows
    .map((flow) => flow.stages.filter((stage) => !done.has(stage)))
    .filter((stages) => stages.length > 0);
  const cost = (stages: readonly string[]): number =>
    stages.reduce((sum, stage) => sum + (stage === DUMMY ? 0 : stage === PASSWORD ? 1 : 2), 0);
  return open.sort((one, other) => cost(one) - cost(other))[0]?.[0];
}

/** Answers the homeserver's questions who is there: with the password just typed, else by asking. */
export class AuthPrompt extends ViewModel<{ question: AuthQuestion | undefined }> {
  readonly #client: MatrixClient;
  #answer: ((given: string | undefined) => void) | undefined;
  #typed: { password: string; until: number } | undefined;
  #right: string | undefined;

  constructor(client: MatrixClient) {
    super({ question: undefined });
    this.#client = client;
  }

  /** The password of a sign-in that has just happened, so that the person is asked once. */
  remember(password: string): void {
    this.#typed = { password, until: Date.now() + KEPT_MS };
  }

  /** The password that was right last may be used once more, for the same work done again. */
  reuse(): void {
    if (this.#right !== undefined) this.remember(this.#right);
  }

  forget(): void {
    this.#typed = undefined;
    this.#right = undefined;
  }

  /** What the person gave: the password, or that the page was gone through; undefined: not confirmed. */
  readonly answer = (given: string | undefined): void => {
    this.#answer?.(given);
    this.#answer = undefined;
    this.set({ question: undefined });
  };

  /**
   * Makes a request that the homeserver may want confirmed.
   * @throws NotConfirmed when the person does not go on; else what the request throws
   */
  readonly confirm = async <T>(request: (auth: AuthDict | null) => Promise<T>): Promise<T> => {
    let auth: AuthDict | null = null;
    let tried: string | undefined;
    for (;;) {
      try {
        const answer = await request(auth);
        this.#right = tried;
        return answer;
      } catch (error) {
        const asked = askedBy(error);
        const stage = asked && nextStage(asked);
        if (!asked || stage === undefined) throw error;
        const session = asked.session === undefined ? {} : { session: asked.session };
        if (stage === PASSWORD) {
          const password: string =
            this.#takeTyped() ?? (await this.#ask({ kind: 'password', wrong: tried !== undefined }));
          tried = password;
          auth = {
            type: PASSWORD,
            identifier: { type: 'm.id.user', user: this.#client.getSafeUserId() },
            password,
            ...session,
          };
        } else if (stage === DUMMY) auth = { type: DUMMY, ...session };
        else {
          await this.#ask({
            kind: 'page',
            address: this.#client.getFallbackAuthUrl(stage, asked.session ?? ''),
          });
          auth = { ...session };
        }
      }
    }
  };

  #takeTyped(): string | undefined {
    const typed = this.#typed;
    this.#typed = undefined;
    return typed && typed.until > Date.now() ? typed.password : undefined;
  }

  async #ask(question: AuthQuestion): Promise<string> {
    this.#answer?.(undefined);
    const given = await new Promise<string | undefined>((resolve) => {
      this.#answer = resolve;
      this.set({ question });
    });
    if (given === undefined) throw new NotConfirmed();
    return given;
  }
}
