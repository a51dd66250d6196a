import { createServer, type Server } from 'node:http';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { picturesOfFailure, type TestPage } from '@qiao/testkit';
import { Provider } from 'oidc-provider';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startConsole, type Console } from './support.ts';

/*
 * Single sign-on to the console: a certified OpenID Connect provider of its own, the homeserver as its client, and the
 * browser going the whole way round.
 */

let company: Console;
let provider: Server;

/** A provider in which everybody is who they say they are: the account's name is what is typed. */
function startProvider(server: Server, callback: string): void {
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const oidc = new Provider(issuer, {
    clients: [{ client_id: 'qiao', client_secret: 'secret of the test', redirect_uris: [callback] }],
    claims: { openid: ['sub', 'preferred_username'] },
    pkce: { required: () => false },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id }),
    }),
  });
  server.on('request', oidc.callback());
}

beforeAll(async () => {
  company = await startConsole();
  const { info, stack } = company.own;
  provider = createServer();
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  startProvider(provider, `${info.gatewayUrl}/_synapse/client/oidc/callback`);
  const folder = join(info.varDir, 'config/synapse.d');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'oidc.yaml'),
    // YAML is a superset of JSON.
    JSON.stringify({
      oidc_providers: [
        {
          idp_id: 'company',
          idp_name: 'Company sign-in',
          issuer: `http://127.0.0.1:${(provider.address() as AddressInfo).port}`,
          // Only because this issuer speaks no TLS.
          skip_verification: true,
          client_id: 'qiao',
          client_secret: 'secret of the test',
          scopes: ['openid'],
          allow_existing_users: true,
          user_mapping_provider: { config: { localpart_template: '{{ user.preferred_username }}' } },
        },
      ],
      sso: { client_whitelist: [`${info.gatewayUrl}/admin/`] },
    }),
  );
  await stack.restartPart('synapse');
}, 300_000);
afterEach(({ task }) => picturesOfFailure(company.browser, task));
afterAll(async () => {
  await company.close();
  provider.closeAllConnections();
  provider.close();
});

/** A browser without a session. The provider's own pages ask for a font of the internet, which is not waited for. */
async function visitor(): Promise<TestPage> {
  const opened = await company.open();
  await opened.context.route(
    (url) => url.hostname !== 'localhost' && url.hostname !== '127.0.0.1',
    (route) => route.abort(),
  );
  return opened;
}

test('an administrator signs in at the company’s provider and comes back to the page that was asked for', async () => {
  const { page, context } = await visitor();
  await page.goto('/admin/people');
  await page.getByText('Continue with Company sign-in').click();
  await page.locator('input[name=login]').fill(company.adminName);
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  // Consent.
  await page.locator('button[type=submit]').click();
  await page.getByRole('heading', { level: 1, name: 'People' }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/admin/people');
  // The token is out of the address, so it cannot stay in the history.
  expect(page.url()).not.toContain('loginToken');
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'People' }).waitFor();
  await context.close();
});

test('who signs in there and administers nothing is told so', async () => {
  const { page, context } = await visitor();
  await page.goto('/admin/');
  await page.getByText('Continue with Company sign-in').click();
  await page.locator('input[name=login]').fill('visitor');
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.locator('button[type=submit]').click();
  await page.getByRole('heading', { level: 1, name: 'No access to the console' }).waitFor();
  await context.close();
});
