import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { initialConfig, type StackConfig } from './config.ts';
import { createGateway, routeOf, type Gateway } from './gateway.ts';
import type { Pages } from './pages.ts';
import { RawClient } from './raw-http.ts';

// The gateway between a browser and plain HTTP servers in the places of the real ones.
/** A busy machine may take long; what is waited for comes or not. */
const patience = { timeout: 20_000 };
/** What the homeserver takes. */
const bodyLimit = 40 * 1024 * 1024;
let config: StackConfig;
let gateway: Gateway;
let pages: Pages;
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
    if (request.url === '/refused') {
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 13\r\n\r\nno permission');
      return;
    }
    socket.once('close', () => closed.push('socket'));
    socket.on('error', () => undefined);
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Upstream: 1\r\n\r\n',
    );
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const there = (upstream.address() as AddressInfo).port;
  config = initialConfig({ ports: { synapse: there, livekit: there, host: 1, audit: 2 } });
  pages = {
    '/': join(folder, 'client'),
    '/admin': join(folder, 'admin'),
    '/portal': join(folder, 'portal'),
  };
  gateway = await createGateway(config, {
    pages,
    bodyLimit,
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
      return typeof route === 'string' ? route : Number(new URL(route.origin).port);
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
});

/** The opening handshake of a WebSocket. */
const handshake = (path: string, ...more: string[]): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: x',
    'Connection: keep-alive, Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...more,
    '\r\n',
  ].join('\r\n');

describe('WebSockets', () => {
  test('pass under /livekit without the prefix', async () => {
    const client = new RawClient(port);
    client.send(handshake('/livekit/rtc?token=t', 'Sec-WebSocket-Protocol: a'));
    const head = await client.until('\r\n\r\n');
    expect(head).toContain('101 Switching Protocols');
    expect(head.toLowerCase()).toContain('x-upstream: 1');
    client.send('hello');
    await client.until('hello');
    expect(seen[0]?.url).toBe('/rtc?token=t');
    expect(seen[0]?.headers).toMatchObject({
      'sec-websocket-protocol': 'a',
      'x-forwarded-for': '127.0.0.1',
    });
    client.close();
    await vi.waitFor(() => expect(closed).toContain('socket'), patience);
  });

  test('carry what was sent together with the handshake', async () => {
    const client = new RawClient(port);
    client.send(`${handshake('/livekit/rtc')}hello`);
    await client.until('hello');
    client.close();
  });

  test('are refused as the calls server refuses them', async () => {
    const client = new RawClient(port);
    client.send(handshake('/livekit/refused'));
    const { answers } = await client.read(['GET']);
    expect(answers).toMatchObject([{ status: 401, body: 'no permission' }]);
    await client.end();
  });

  test('say when the calls server is down', async () => {
    const down = await createGateway(initialConfig({ ports: { livekit: 1 } }), { pages });
    const client = new RawClient(await down.listen(0));
    client.send(handshake('/livekit/rtc'));
    expect((await client.read(['GET'])).answers).toMatchObject([{ status: 503 }]);
    await down.close();
  });

  test('end with the gateway', async () => {
    const ending = await createGateway(config, { pages });
    const client = new RawClient(await ending.listen(0));
    client.send(handshake('/livekit/rtc'));
    await client.until('\r\n\r\n');
    await ending.close();
    await client.end();
  });
});

describe('an upgrade to something else is passed over', () => {
  const h2c =
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n';

  test.each([
    // As Java's HTTP client and curl --http2 ask.
    ['/_matrix/client/versions', h2c, '/_matrix/client/versions'],
    ['/livekit/rtc', h2c, '/rtc'],
    ['/.well-known/matrix/client', h2c, 'm.homeserver'],
    ['/admin/', h2c, '<title>admin</title>'],
    ['/_matrix/x', 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n', '/_matrix/x'],
    ['/livekit/rtc', 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n', '/rtc'],
    ['/livekit/rtc', 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n', '/rtc'],
    ['/_matrix/x', 'Connection: Upgrade\r\nUpgrade: TLS/1.3\r\n\r\n', '/_matrix/x'],
  ])('%s', async (path, headers, body) => {
    const client = new RawClient(port);
    client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}`);
    const { answers } = await client.read(['GET']);
    expect(answers).toMatchObject([{ status: 200 }]);
    expect(answers[0]?.body).toContain(body);
    for (const one of seen) expect(one.headers).not.toHaveProperty('upgrade');
    // The next request needs another connection: the parser stops here.
    expect(answers[0]?.headers.map((line) => line.toLowerCase())).toContain('connection: close');
    await client.end();
  });

  test('a real handshake where nobody speaks it is a request like any other', async () => {
    const client = new RawClient(port);
    client.send(handshake('/_matrix/client/versions'));
    expect((await client.read(['GET'])).answers).toMatchObject([{ status: 200 }]);
    expect(seen[0]?.headers).not.toHaveProperty('upgrade');
    client.close();
  });

  test.each(['h2c', 'websocket'])('a POST with one, to %s, is answered', async (protocol) => {
    const client = new RawClient(port);
    client.send(
      `POST /_matrix/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nContent-Length: 5\r\n\r\nhello`,
    );
    expect((await client.read(['POST'])).answers).toMatchObject([{ status: 200, body: '5' }]);
    await client.end();
  });
});

describe('limits', () => {
  const asJson = (exchange: { answers: { body: string }[] }): unknown =>
    JSON.parse(exchange.answers[0]?.body ?? '');

  test.each([
    ['with its length', { 'content-length': String(bodyLimit + 1) }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('a body larger than the homeserver takes is M_TOO_LARGE: %s', async (_name, headers) => {
    const told = new Promise<{ status: number | undefined; origin: unknown; body: string }>(
      (resolve, reject) => {
        const upload = httpRequest(
          { host: '127.0.0.1', port, path: '/_matrix/media/v3/upload', method: 'POST', headers },
          (answer) => {
            let body = '';
            answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
            answer.on('end', () =>
              resolve({
                status: answer.statusCode,
                origin: answer.headers['access-control-allow-origin'],
                body,
              }),
            );
          },
        );
        upload.on('error', reject);
        upload.end(Buffer.alloc(bodyLimit + 1));
      },
    );
    const { body, ...rest } = await told;
    expect(rest).toEqual({ status: 413, origin: '*' });
    expect(JSON.parse(body)).toMatchObject({ errcode: 'M_TOO_LARGE' });
  });

  test('one that is exactly as large passes', async () => {
    const answer = await fetch(`${origin}/_matrix/media/v3/upload`, {
      method: 'POST',
      body: Buffer.alloc(bodyLimit),
    });
    expect(await answer.text()).toBe(String(bodyLimit));
  });

  test('a client that asks first is not told to go on', async () => {
    const client = new RawClient(port);
    client.send(
      `POST /_matrix/media/v3/upload HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${bodyLimit + 1}\r\n\r\n`,
    );
    expect((await client.read(['POST'])).answers).toMatchObject([{ status: 413 }]);
    expect(await client.end()).toBe('');
    expect(seen).toEqual([]);
  });

  test.each([
    ['an address', `GET /_matrix/x?${'a'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a header', `GET /_matrix/x HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(17_000)}\r\n\r\n`],
    ['what fits here but not there', `GET /_matrix/x?${'a'.repeat(16_250)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    [
      'many headers',
      `GET /_matrix/x HTTP/1.1\r\nHost: x\r\n${'a: b\r\n'.repeat(1_900)}${'Cookie: c\r\n'.repeat(90)}X-A: ${'a'.repeat(8_000)}\r\n\r\n`,
    ],
  ])('headers that are too long are 431: %s', async (_name, bytes) => {
    const client = new RawClient(port);
    client.send(bytes);
    const exchange = await client.read(['GET']);
    expect(exchange.answers).toMatchObject([{ status: 431 }]);
    expect(asJson(exchange)).toMatchObject({ errcode: 'M_TOO_LARGE' });
    expect(seen).toEqual([]);
    client.close();
  });

  describe('of time', () => {
    let hasty: Gateway;
    let at = 0;

    beforeAll(async () => {
      hasty = await createGateway(config, { pages, times: { head: 300, silence: 1_500 } });
      at = await hasty.listen(0);
    });

    afterAll(() => hasty.close());

    test.each([
      ['nothing', ''],
      ['half a line', 'GET /_mat'],
      ['half a head', 'GET /_matrix/x HTTP/1.1\r\nHost: x\r\n'],
    ])('a head that does not come is not waited for: %s', async (_name, bytes) => {
      const clients = Array.from({ length: 20 }, () => new RawClient(at));
      for (const client of clients) client.send(bytes);
      for (const client of clients) {
        expect((await client.read(['GET'])).answers).toMatchObject([{ status: 408 }]);
        await client.end();
      }
    });

    test('nor is a body of which nothing comes any more', async () => {
      const client = new RawClient(at);
      client.send('POST /_matrix/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
      await client.end();
      await vi.waitFor(() => expect(closed).toContain('/_matrix/x'), patience);
    });

    test('a WebSocket may be silent', async () => {
      const client = new RawClient(at);
      client.send(handshake('/livekit/rtc'));
      await client.until('\r\n\r\n');
      const silent = new RawClient(at);
      silent.send('POST /_matrix/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n');
      // Ended by the limit that would hold for the other one, too.
      await silent.end();
      client.send('hello');
      await client.until('hello');
      client.close();
    });
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

  test.each([
    '/.well-known/matrix/support',
    '/.well-known/openid-configuration',
    '/.well-known/x/y.json',
    '/.well-known/',
  ])('%s is missing, and whoever asks may know it', async (path) => {
    const answer = await fetch(origin + path, { headers: { accept: 'text/html' } });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toMatchObject({ errcode: 'M_NOT_FOUND' });
  });

  test('a browser may ask first', async () => {
    const answer = await fetch(`${origin}/.well-known/matrix/client`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-allow-methods')).toContain('GET');
  });

  test('clients find the homeserver', async () => {
    const answer = await fetch(`${origin}/.well-known/matrix/client`);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toMatchObject({ 'm.homeserver': { base_url: config.public_url } });
  });
});
