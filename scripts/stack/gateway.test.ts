import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { initialConfig, type StackConfig } from './config.ts';
import { createGateway, routeOf, type Gateway } from './gateway.ts';

// The gateway between a browser and plain HTTP servers in the places of the real ones.
/** A busy machine may take long; what is waited for comes or not. */
const patience = { timeout: 20_000 };
let config: StackConfig;
let gateway: Gateway;
let origin = '';
let port = 0;
let upstream: Server;
let folder = '';
const seen: IncomingMessage[] = [];
const closed: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qiao-gateway-'));
  for (const app of ['client', 'admin']) {
    mkdirSync(join(folder, app, 'assets'), { recursive: true });
    writeFileSync(join(folder, app, 'index.html'), `<title>${app}</title>`);
    writeFileSync(join(folder, app, 'assets/index-Ab12Cd34.js'), 'export const long = 1;\n'.repeat(500));
  }
  upstream = createServer((request, response) => {
    seen.push(request);
    response.on('close', () => closed.push(request.url ?? ''));
    if (request.url?.includes('hang') === true) return;
    if (request.method === 'POST') {
      let size = 0;
      request.on('data', (chunk: Buffer) => (size += chunk.length));
      request.on('end', () => response.end(String(size)));
      return;
    }
    response.setHeader('x-upstream', '1');
    response.end(request.url);
  });
  upstream.on('upgrade', (request, socket) => {
    seen.push(request);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const there = (upstream.address() as AddressInfo).port;
  config = initialConfig({ ports: { synapse: there, livekit: there, host: 1, audit: 2 } });
  gateway = await createGateway(config, {
    '/': join(folder, 'client'),
    '/admin': join(folder, 'admin'),
    '/portal': join(folder, 'portal'),
  });
  port = await gateway.listen(0);
  origin = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  await gateway.close();
  upstream.close();
  upstream.closeAllConnections();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  seen.length = 0;
  closed.length = 0;
});

/** A request with its path as written: fetch() would resolve dots first. */
function raw(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port, path }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

describe('what is reachable', () => {
  test.each([
    '/_synapse/admin/v1/users/@a:b',
    '/_synapse/client/qiao/v1/ping',
    '/_synapse/client/unknown',
    '/_synapse/metrics',
    '/_matrix-as/org/transactions/1',
    '/_matrix/../_synapse/admin/v1/register',
    '/_matrix/%2e%2e/_synapse/admin/v1/register',
    '/_matrix/..%2f_synapse/admin/v1/register',
    '/_matrix/client/..\\..\\_synapse/admin',
    '//_synapse/admin/v1/register',
    '/_matrix/%zz',
  ])('%s is nowhere', async (path) => {
    expect(await raw(path)).toBe(404);
    expect(seen).toEqual([]);
  });

  test('sign-in paths of the homeserver pass', async () => {
    expect(await (await fetch(`${origin}/_synapse/client/oidc/callback?code=1`)).text()).toBe(
      '/_synapse/client/oidc/callback?code=1',
    );
  });

  test('a room alias with an encoded slash passes as it is', async () => {
    const path = '/_matrix/client/v3/directory/room/%23a%2Fb:localhost';
    expect(await (await fetch(origin + path)).text()).toBe(path);
  });

  test('each API goes to its process', () => {
    const portOf = (path: string): number | string => {
      const route = routeOf(config, path);
      return typeof route === 'string' ? route : route.port;
    };
    expect(portOf('/api/org/people')).toBe(1);
    expect(portOf('/scim/v2/Users')).toBe(1);
    expect(portOf('/api/audit/log')).toBe(2);
    expect(portOf('/api/auditors')).toBe(1);
    expect(portOf('/apiary')).toBe('pages');
  });
});

describe('passing on', () => {
  test('the address of the client is told, not believed', async () => {
    await fetch(`${origin}/_matrix/client/versions`, { headers: { 'x-forwarded-for': '8.8.8.8' } });
    expect(seen[0]?.headers['x-forwarded-for']).toBe('127.0.0.1');
    expect(seen[0]?.headers['x-forwarded-host']).toBe(`127.0.0.1:${port}`);
  });

  test('a trusted proxy is believed about the last stranger only', async () => {
    const trusting = await createGateway({
      ...config,
      gateway: { listen: '127.0.0.1', trusted_proxies: ['127.0.0.1', '10.0.0.1'] },
    });
    const at = await trusting.listen(0);
    await fetch(`http://127.0.0.1:${at}/_matrix/x`, {
      headers: { 'x-forwarded-for': '6.6.6.6, 8.8.8.8, 10.0.0.1', 'x-forwarded-proto': 'https' },
    });
    await trusting.close();
    expect(seen[0]?.headers['x-forwarded-for']).toBe('8.8.8.8');
    expect(seen[0]?.headers['x-forwarded-proto']).toBe('https');
  });

  test('a large body streams through', async () => {
    const size = 30 * 1024 * 1024;
    const answer = await fetch(`${origin}/_matrix/media/v3/upload`, {
      method: 'POST',
      body: Buffer.alloc(size),
    });
    expect(await answer.text()).toBe(String(size));
  });

  test('a client that goes away ends its long poll upstream', async () => {
    const gone = new AbortController();
    const poll = fetch(`${origin}/_matrix/client/v3/sync?hang`, { signal: gone.signal }).catch(() => 'gone');
    await vi.waitFor(() => expect(seen).toHaveLength(1), patience);
    gone.abort();
    expect(await poll).toBe('gone');
    await vi.waitFor(() => expect(closed).toHaveLength(1), patience);
  });

  test('a WebSocket passes under /livekit without the prefix', async () => {
    const echoed = await new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(
          `GET /livekit/rtc?token=t HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
        ),
      );
      let text = '';
      socket.on('error', reject);
      socket.on('data', (data) => {
        text += data.toString();
        if (text.endsWith('\r\n\r\n')) socket.write('hello');
        if (text.endsWith('hello')) socket.end(() => resolve(text));
      });
    });
    expect(echoed).toContain('101 Switching Protocols');
    expect(seen[0]?.url).toBe('/rtc?token=t');
  });
});

describe('when a part is down', () => {
  test('an API says so in JSON', async () => {
    const answer = await fetch(`${origin}/api/org/people`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('3');
    expect(await answer.json()).toEqual({
      errcode: 'M_UNKNOWN',
      error: 'The workspace does not answer right now. Please try again in a moment.',
    });
  });

  test('a page says so in both languages', async () => {
    const answer = await fetch(`${origin}/api/org/export`, { headers: { accept: 'text/html' } });
    const text = await answer.text();
    expect(answer.status).toBe(503);
    expect(text).toContain('工作区服务暂时没有响应');
    expect(text).toContain('The workspace does not answer');
  });

  test('pages that are not built are named', async () => {
    const answer = await fetch(`${origin}/portal/`);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('npm run build');
  });
});

describe('pages', () => {
  test.each([
    ['/', 'client'],
    ['/rooms/!abc', 'client'],
    ['/admin', 'admin'],
    ['/admin/', 'admin'],
    ['/admin/org/people', 'admin'],
  ])('%s shows the %s', async (path, app) => {
    const answer = await fetch(origin + path, { headers: { accept: 'text/html' } });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe(`<title>${app}</title>`);
    expect(answer.headers.get('cache-control')).toBe('no-cache');
  });

  test('allow scripts of this origin only', async () => {
    const policy = (await fetch(`${origin}/admin/`)).headers.get('content-security-policy') ?? '';
    expect(policy).toContain(`script-src 'self' 'wasm-unsafe-eval';`);
    expect(policy).toContain(`frame-ancestors 'none'`);
    expect((await fetch(`${origin}/`)).headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('hashed files are kept by the browser and compressed', async () => {
    const answer = await fetch(`${origin}/admin/assets/index-Ab12Cd34.js`, {
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(await answer.text()).toContain('export const long');
  });

  test('a missing file is missing', async () => {
    expect((await fetch(`${origin}/admin/assets/none.js`)).status).toBe(404);
  });

  test('clients find the homeserver', async () => {
    const answer = await fetch(`${origin}/.well-known/matrix/client`);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toMatchObject({ 'm.homeserver': { base_url: config.public_url } });
  });
});
