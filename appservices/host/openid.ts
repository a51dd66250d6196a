import type { OpenIdVerifier, Site } from '@qiao/platform';

const TIMEOUT_MS = 10_000;

/** Asks our own homeserver for local users, and the user's own homeserver for everybody else. */
export function createOpenIdVerifier(site: Site): OpenIdVerifier {
  const { server_name: ours, homeserver } = site.settings;
  return async (serverName, accessToken) => {
    if (serverName !== ours) return undefined;
    const url = new URL('/_matrix/federation/v1/openid/userinfo', homeserver.url);
    url.searchParams.set('access_token', accessToken);
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) return undefined;
    const body = (await response.json()) as { sub?: unknown };
    return typeof body.sub === 'string' ? body.sub : undefined;
  };
}
