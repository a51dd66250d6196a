/** What went wrong with the homeserver: `errcode` of the Matrix specification, or `offline`. */
export class SignInError extends Error {
  override readonly name = 'SignInError';
  readonly code: string;
  /** Seconds until another try makes sense. */
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, retryAfterMs?: number) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1000);
  }
}

async function ask<T>(path: string, init: RequestInit & { token?: string } = {}): Promise<T> {
  const { token, ...rest } = init;
  let answer: Response;
  try {
    answer = await fetch(`/_matrix/client/v3${path}`, {
      ...rest,
      headers: {
        ...(rest.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
  } catch {
    throw new SignInError('offline', '');
  }
  const body = (await answer.json().catch(() => ({}))) as {
    errcode?: string;
    error?: string;
    retry_after_ms?: number;
  };
  if (!answer.ok) {
    throw new SignInError(
      answer.status >= 500 ? 'offline' : (body.errcode ?? 'M_UNKNOWN'),
      body.error ?? '',
      body.retry_after_ms,
    );
  }
  return body as T;
}

export interface LoginFlows {
  readonly password: boolean;
  readonly sso: readonly { readonly id: string | undefined; readonly name: string | undefined }[];
}

/** `GET /login`: how the homeserver lets people in. @throws SignInError */
export async function loginFlows(): Promise<LoginFlows> {
  const { flows } = await ask<{
    flows: { type: string; identity_providers?: { id: string; name: string }[] }[];
  }>('/login');
  const sso = flows.find((flow) => flow.type === 'm.login.sso');
  return {
    password: flows.some((flow) => flow.type === 'm.login.password'),
    sso: sso
      ? (sso.identity_providers ?? []).length > 0
        ? (sso.identity_providers ?? [])
        : [{ id: undefined, name: undefined }]
      : [],
  };
}

/** Where the browser goes for single sign-on; it comes back with `?loginToken=`. */
export function ssoAddress(provider: string | undefined, back: string): string {
  const path = provider === undefined ? '' : `/${encodeURIComponent(provider)}`;
  return `/_matrix/client/v3/login/sso/redirect${path}?redirectUrl=${encodeURIComponent(back)}`;
}

interface Login {
  user_id: string;
  access_token: string;
}
export interface OpenIdAnswer {
  access_token: string;
  token_type: 'Bearer';
  matrix_server_name: string;
  expires_in: number;
}

/** Signs in at the homeserver only to prove who it is: the device is gone again when this returns. */
async function prove(login: object): Promise<OpenIdAnswer> {
  const { user_id, access_token: token } = await ask<Login>('/login', {
    method: 'POST',
    body: JSON.stringify({ ...login, initial_device_display_name: 'Qiao console' }),
  });
  try {
    return await ask<OpenIdAnswer>(`/user/${encodeURIComponent(user_id)}/openid/request_token`, {
      method: 'POST',
      body: '{}',
      token,
    });
  } finally {
    await ask('/logout', { method: 'POST', body: '{}', token }).catch(() => undefined);
  }
}

/** @param user localpart or full Matrix id. @throws SignInError */
export const proveByPassword = (user: string, password: string): Promise<OpenIdAnswer> =>
  prove({ type: 'm.login.password', identifier: { type: 'm.id.user', user }, password });

/** @param token of the address that single sign-on led back to. @throws SignInError */
export const proveByToken = (token: string): Promise<OpenIdAnswer> => prove({ type: 'm.login.token', token });
