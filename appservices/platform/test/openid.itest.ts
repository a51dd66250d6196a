import { makeUser, stackControl, testStack } from '@qiao/testkit';
import { beforeAll, describe, expect, it } from 'vitest';
import { createOpenIdVerifier, type OpenIdVerifier } from '../src/index.ts';

/** Sign-in with tokens of the real homeservers: ours, and a partner's that is found and asked over TLS. */
let verify: OpenIdVerifier;
const stack = testStack();

beforeAll(async () => {
  await stackControl().ensure('partner');
  verify = createOpenIdVerifier({
    serverName: stack.serverName,
    homeserverUrl: stack.homeserverUrl,
    allowInside: true,
  });
});

const tokenOf = async (server: 'own' | 'partner') => {
  const user = await makeUser({ name: 'openid', server });
  const path = `/v3/user/${encodeURIComponent(user.userId)}/openid/request_token`;
  const answer = await user.request<{ access_token: string; matrix_server_name: string }>('POST', path, {});
  return { user, answer };
};

describe('OpenID tokens', () => {
  it('of our own users are confirmed by our homeserver', async () => {
    const { user, answer } = await tokenOf('own');
    expect(await verify(answer.matrix_server_name, answer.access_token)).toBe(user.userId);
  });

  it("of a partner's users are not taken for ours, nor confirmed with a certificate nobody vouches for", async () => {
    const { answer } = await tokenOf('partner');
    expect(await verify(stack.serverName, answer.access_token)).toBeUndefined();
    // This process does not trust the stack's own authority: the partner cannot be told from an impostor.
    expect(await verify(answer.matrix_server_name, answer.access_token)).toBeUndefined();
  });

  it('are refused when made up, and when no server is there', async () => {
    expect(await verify(stack.serverName, 'made-up')).toBeUndefined();
    expect(await verify('nobody.invalid', 'made-up')).toBeUndefined();
    expect(await verify('127.0.0.1:1', 'made-up')).toBeUndefined();
  });
});

describe('sign-in through the running host', () => {
  it("knows a partner's user as a user of the partner", async () => {
    await stackControl().ensure('host');
    const { user, answer } = await tokenOf('partner');
    const signedIn = await fetch(`${stack.hostUrl}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        openid: { ...answer, token_type: 'Bearer', expires_in: 3600 },
        delivery: 'token',
      }),
    });
    expect(signedIn.status).toBe(200);
    const { token, user_id: userId } = (await signedIn.json()) as { token: string; user_id: string };
    expect(userId).toBe(user.userId);
    const me = await fetch(`${stack.hostUrl}/api/session`, { headers: { authorization: `Bearer ${token}` } });
    expect(await me.json()).toEqual({ user_id: user.userId, local: false });
  });
});
