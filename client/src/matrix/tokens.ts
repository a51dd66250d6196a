import { AuthError, refreshSession } from '@qiao/ui-kit';
import type { StoredSession, Vault } from './vault.ts';

/** A token is renewed this long before it ends, in milliseconds: longer than a request of the sync loop lasts. */
const EARLY_MS = 60_000;

/** A sync that is asked for before the SDK asks. */
export interface Expected {
  readonly url: string;
  /** When it is time to. */
  readonly after: Promise<unknown>;
  /** Whether what the SDK asks for is the same. */
  readonly fits: (url: URL) => boolean;
}

const SYNC = /\/sync(?:\?|$)/;

/**
 * The tokens of a session. Where the homeserver gives refresh tokens (MSC2918), each request is sent with one
 * that counts: renewed before it ends, or after the homeserver refused it. The SDK renews only tokens of OAuth 2.
 */
export class Tokens {
  #session: StoredSession;
  readonly #vault: Pick<Vault, 'save'>;
  readonly #send: typeof globalThis.fetch;
  #renewing: Promise<'renewed' | 'refused'> | undefined;
  #expected: { readonly fits: Expected['fits']; readonly answer: Promise<Response | undefined> } | undefined;
  #onRenewed: ((accessToken: string) => void) | undefined;
  #onServerTime: ((serverMs: number) => void) | undefined;

  constructor(
    session: StoredSession,
    vault: Pick<Vault, 'save'>,
    send: typeof fetch = fetch.bind(globalThis),
  ) {
    this.#session = session;
    this.#vault = vault;
    this.#send = send;
  }

  get session(): StoredSession {
    return this.#session;
  }

  /** Called with each new access token. */
  set onRenewed(work: (accessToken: string) => void) {
    this.#onRenewed = work;
  }

  /** Called with the time by the homeserver's clock, milliseconds since 1970, of each answer. */
  set onServerTime(work: (serverMs: number) => void) {
    this.#onServerTime = work;
  }

  /** The session with a token that still counts, as far as that is known here. Never throws. */
  async fresh(): Promise<StoredSession> {
    const { expiresAt } = this.#session;
    if (expiresAt !== undefined && expiresAt - Date.now() < EARLY_MS)
      await this.#renew(this.#session.accessToken).catch(() => undefined);
    return this.#session;
  }

  /** Asks ahead of the SDK, once: the answer is the SDK's when the next sync it asks for is the same. */
  expect({ url, after, fits }: Expected): void {
    const answer = async (): Promise<Response | undefined> => {
      await after;
      // Asked for by the SDK in the meantime: not twice.
      if (this.#expected !== expected) return undefined;
      const had = await this.#ask(url, { headers: { authorization: '' }, cache: 'no-store' });
      return had.ok ? had : undefined;
    };
    const expected = { fits, answer: answer().catch(() => undefined) };
    this.#expected = expected;
  }

  /** The answer to what was expected, if this is it. */
  async #expectedAnswer(address: string): Promise<Response | undefined> {
    const expected = this.#expected;
    if (expected === undefined || !address.includes('/v3/sync?')) return undefined;
    this.#expected = undefined;
    return expected.fits(new URL(address)) ? expected.answer : undefined;
  }

  /** `fetch` for the SDK: the token of an authenticated request is put in here. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    if (!new Headers(init?.headers).has('authorization')) return this.#send(input, init);
    return (
      (await this.#expectedAnswer(input instanceof Request ? input.url : String(input))) ??
      this.#ask(input, init)
    );
  };

  async #ask(input: RequestInfo | URL, init: RequestInit | undefined): Promise<Response> {
    const { accessToken } = await this.fresh();
    const answer = await this.#send(input, this.#with(accessToken, init));
    // Other answers may come from the browser's cache, with the time of then.
    if (SYNC.test(input instanceof Request ? input.url : String(input))) {
      const serverMs = Date.parse(answer.headers.get('date') ?? '');
      if (Number.isFinite(serverMs)) this.#onServerTime?.(serverMs);
    }
    if (answer.status !== 401 || this.#session.refreshToken === undefined) return answer;
    const said = (await answer
      .clone()
      .json()
      .catch(() => ({}))) as { errcode?: unknown };
    if (said.errcode !== 'M_UNKNOWN_TOKEN') return answer;
    // What the homeserver said of the old token counts when it refuses to renew: it tells soft from hard.
    if ((await this.#renew(accessToken)) === 'refused') return answer;
    return this.#send(input, this.#with(this.#session.accessToken, init));
  }

  #with(accessToken: string, init: RequestInit | undefined): RequestInit {
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${accessToken}`);
    return { ...init, headers };
  }

  /** @throws AuthError `offline`, when the homeserver does not answer: as a request that fails */
  #renew(used: string): Promise<'renewed' | 'refused'> {
    // Another request was first.
    if (used !== this.#session.accessToken) return Promise.resolve('renewed');
    this.#renewing ??= this.#renewOnce().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renewOnce(): Promise<'renewed' | 'refused'> {
    const { refreshToken, homeserverUrl } = this.#session;
    if (refreshToken === undefined) return 'refused';
    try {
      const renewed = await refreshSession(homeserverUrl, refreshToken);
      this.#session = { ...this.#session, ...renewed };
    } catch (error) {
      if (error instanceof AuthError && (error.code === 'offline' || error.code === 'M_LIMIT_EXCEEDED'))
        throw error;
      return 'refused';
    }
    // The old refresh token counts until the new access token is used (MSC2918): stored before that.
    await this.#vault.save(this.#session).catch(() => undefined);
    this.#onRenewed?.(this.#session.accessToken);
    return 'renewed';
  }
}
