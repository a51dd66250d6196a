/* Sign-in at the homeserver, without an SDK: it is not loaded yet when the form is there. */

/** A device that signed in. */
export interface SignedIn {
  readonly userId: string;
  readonly deviceId: string;
  /** Base of the client-server API, without a slash at its end. */
  readonly homeserverUrl: string;
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** When the access token ends, milliseconds since 1970; absent: not by itself. */
  readonly expiresAt?: number;
}

/** What the homeserver says against a sign-in: `errcode` of the Matrix specification, or `offline`. */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  readonly code: string;
  /** Seconds until another try makes sense. */
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, retryAfterMs?: number) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1000);
  }
}

async function ask<T>(base: string, path: string, init: RequestInit & { token?: string } = {}): Promise<T> {
  const { token, ...rest } = init;
  let answer: Response;
  try {
    answer = await fetch(`${base}/_matrix/client/v3${path}`, {
      ...rest,
      headers: {
        ...(rest.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
  } catch {
    throw new AuthError('offline', '');
  }
  const body = (await answer.json().catch(() => ({}))) as {
    errcode?: string;
    error?: string;
    retry_after_ms?: number;
  };
  if (answer.ok) return body as T;
  throw new AuthError(
    answer.status >= 500 ? 'offline' : (body.errcode ?? 'M_UNKNOWN'),
    body.error ?? '',
    body.retry_after_ms,
  );
}

/** How the homeserver lets people in. */
export interface LoginFlows {
  readonly password: boolean;
  readonly sso: readonly { readonly id: string | undefined; readonly name: string | undefined }[];
}

/** `GET /login`. @throws AuthError */
export async function loginFlows(base: string): Promise<LoginFlows> {
  const { flows } = await ask<{
    flows: { type: string; identity_providers?: { id: string; name: string }[] }[];
  }>(base, '/login');
  const sso = flows.find((flow) => flow.type === 'm.login.sso');
  const providers = sso?.identity_providers ?? [];
  return {
    password: flows.some((flow) => flow.type === 'm.login.password'),
    sso: !sso ? [] : providers.length > 0 ? providers : [{ id: undefined, name: undefined }],
  };
}

/** Where the browser goes for single sign-on; it comes back to `back` with `?loginToken=`. */
export function ssoAddress(base: string, provider: string | undefined, back: string): string {
  const path = provider === undefined ? '' : `/${encodeURIComponent(provider)}`;
  return `${base}/_matrix/client/v3/login/sso/redirect${path}?redirectUrl=${encodeURIComponent(back)}`;
}

/** How somebody proves who they are. */
export type Proof =
  | { readonly user: string; readonly password: string }
  /** Of the address that single sign-on led back to. */
  | { readonly loginToken: string };

/**
 * `POST /login`.
 * @param device `id` to sign in again on a device whose keys are still here (soft logout); `refresh`: ask for
 *   tokens that are renewed (MSC2918), which only a session that is kept wants
 * @throws AuthError
 */
export async function signIn(
  base: string,
  proof: Proof,
  device: { name: string; id?: string; refresh?: boolean },
): Promise<SignedIn> {
  const answer = await ask<{
    user_id: string;
    access_token: string;
    device_id: string;
    refresh_token?: string;
    expires_in_ms?: number;
  }>(base, '/login', {
    method: 'POST',
    body: JSON.stringify({
      ...('loginToken' in proof
        ? { type: 'm.login.token', token: proof.loginToken }
        : {
            type: 'm.login.password',
            identifier: { type: 'm.id.user', user: proof.user },
            password: proof.password,
          }),
      initial_device_display_name: device.name,
      ...(device.id === undefined ? {} : { device_id: device.id }),
      ...(device.refresh === true ? { refresh_token: true } : {}),
    }),
  });
  return {
    userId: answer.user_id,
    deviceId: answer.device_id,
    homeserverUrl: base,
    ...tokensOf(answer),
  };
}

interface TokenAnswer {
  access_token: string;
  refresh_token?: string;
  expires_in_ms?: number;
}

const tokensOf = (answer: TokenAnswer): Pick<SignedIn, 'accessToken' | 'refreshToken' | 'expiresAt'> => ({
  accessToken: answer.access_token,
  ...(answer.refresh_token === undefined ? {} : { refreshToken: answer.refresh_token }),
  ...(answer.expires_in_ms === undefined ? {} : { expiresAt: Date.now() + answer.expires_in_ms }),
});

/** `POST /refresh`: new tokens for an old refresh token. @throws AuthError */
export const refreshSession = async (
  base: string,
  refreshToken: string,
): Promise<Pick<SignedIn, 'accessToken' | 'refreshToken' | 'expiresAt'>> =>
  tokensOf(
    await ask<TokenAnswer>(base, '/refresh', {
      method: 'POST',
      body: JSON.stringify({ refresh_token: refreshToken }),
    }),
  );

/** `POST /logout`, which also removes the device and its keys from the homeserver. Never throws. */
export async function signOut(session: SignedIn): Promise<void> {
  await ask(session.homeserverUrl, '/logout', {
    method: 'POST',
    body: '{}',
    token: session.accessToken,
  }).catch(() => undefined);
}

/** A proof for our own HTTP interfaces (OpenID of the Matrix specification). */
export interface OpenIdAnswer {
  access_token: string;
  token_type: 'Bearer';
  matrix_server_name: string;
  expires_in: number;
}

/** @throws AuthError */
export const openIdToken = (session: SignedIn): Promise<OpenIdAnswer> =>
  ask(session.homeserverUrl, `/user/${encodeURIComponent(session.userId)}/openid/request_token`, {
    method: 'POST',
    body: '{}',
    token: session.accessToken,
  });
