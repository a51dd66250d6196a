import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import fastifyCompress from '@fastify/compress';
import fastifyStatic from '@fastify/static';
import fastify, { type FastifyInstance } from 'fastify';
import { brandFolder } from './brand/brand.ts';
import { brandRoutes, LiveBrand } from './brand/routes.ts';
import { readConfig, type StackConfig } from './config.ts';
import { callsServiceUrl, defaultVarDir, paths } from './paths.ts';
import { clientOrigin, forward, forwardUpgrade, type Target } from './proxy.ts';

/** The gateway: one origin for everything a browser needs. Runs as a process of its own. */
export interface Gateway {
  /** Listens and returns the port. */
  listen(port: number, host?: string): Promise<number>;
  close(): Promise<void>;
}

/** Folders with built pages, by the path they are served under. */
export interface Pages {
  '/': string;
  '/admin': string;
  '/portal': string;
}

const builtPages: Pages = {
  '/': paths.clientDist,
  '/admin': paths.adminDist,
  '/portal': paths.portalDist,
};

const homeserver = { en: 'The homeserver', zh: '消息服务器' };
const workspace = { en: 'The workspace', zh: '工作区服务' };
const audit = { en: 'The audit service', zh: '审计服务' };
const calls = { en: 'The calls server', zh: '通话服务器' };

/** Paths of Synapse that browsers need while they sign in; nothing else of `/_synapse` is reachable. */
const openSynapsePaths = [
  '/_synapse/client/oidc/',
  '/_synapse/client/pick_idp',
  '/_synapse/client/pick_username',
  '/_synapse/client/new_user_consent',
  '/_synapse/client/sso_register',
];

/** Interfaces of domains that live outside /api, as their protocols want it. */
const hostPaths = ['/api', '/scim', '/caldav'];

/** Longest header block (bytes); a long Matrix filter in the query fits. */
const maxHeaderSize = 64 * 1024;

/**
 * Makes the gateway.
 * @param pages folders with the built pages; a missing one is answered by a page that says so.
 * @param brand folder of the brand
 */
export async function createGateway(
  config: StackConfig,
  pages: Pages = builtPages,
  brand = brandFolder(defaultVarDir()),
): Promise<Gateway> {
  const live = new LiveBrand(brand, (problem) =>
    process.stdout.write(`${new Date().toISOString()} the brand is not used: ${problem}\n`),
  );
  const trusted = new Set(config.gateway.trusted_proxies);
  const apps = new Map<keyof Pages, FastifyInstance>();
  for (const [prefix, folder] of Object.entries(pages) as [keyof Pages, string][])
    apps.set(prefix, await pagesApp(config, prefix, folder, live));
  const server = createServer({ maxHeaderSize, requestTimeout: 0, keepAliveTimeout: 75_000 });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const route = routeOf(config, request.url ?? '/');
    if (route === 'nowhere') notFound(request, response);
    else if (route === 'pages') toPages(apps, request, response);
    else forward(request, response, route, clientOrigin(request, trusted), unavailable);
  });
  server.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
    const route = routeOf(config, request.url ?? '/');
    if (typeof route === 'string') socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
    else forwardUpgrade(request, socket, head, route, clientOrigin(request, trusted));
  });
  return {
    listen: (port, host = '127.0.0.1') =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve((server.address() as { port: number }).port));
      }),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      for (const app of apps.values()) await app.close();
    },
  };
}

/** Where a request belongs. Exported for its test. */
export function routeOf(config: StackConfig, url: string): Target | 'pages' | 'nowhere' {
  const path = url.split('?', 1)[0] ?? '';
  if (!path.startsWith('/') || escapes(path)) return 'nowhere';
  const under = (prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);
  const matrix = new URL(config.homeserver.url);
  const toHomeserver: Target = {
    host: matrix.hostname,
    port: Number(matrix.port === '' ? 80 : matrix.port),
    path: url,
    name: homeserver,
  };
  if (under('/_matrix')) return toHomeserver;
  if (under('/_synapse'))
    return openSynapsePaths.some((open) => path === open || (open.endsWith('/') && path.startsWith(open)))
      ? toHomeserver
      : 'nowhere';
  if (under('/_matrix-as')) return 'nowhere';
  const local = { host: '127.0.0.1', path: url };
  if (under('/api/audit')) return { ...local, port: config.ports.audit, name: audit };
  if (hostPaths.some(under)) return { ...local, port: config.ports.host, name: workspace };
  if (under('/livekit')) {
    const rest = url.slice('/livekit'.length);
    return {
      ...local,
      path: rest.startsWith('/') ? rest : `/${rest}`,
      port: config.ports.livekit,
      name: calls,
    };
  }
  return 'pages';
}

/** Hands a request to the pages its path begins with, as if they stood at the root. */
function toPages(
  apps: ReadonlyMap<keyof Pages, FastifyInstance>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const url = request.url ?? '/';
  const prefix = (['/admin', '/portal'] as const).find((one) => new RegExp(`^${one}([/?]|$)`).test(url));
  if (prefix !== undefined) {
    const rest = url.slice(prefix.length);
    request.url = rest.startsWith('/') ? rest : `/${rest}`;
  }
  apps.get(prefix ?? '/')?.routing(request, response);
}

/** Whether a path has segments that an upstream could resolve to another path. */
function escapes(path: string): boolean {
  let plain: string;
  try {
    plain = decodeURIComponent(path);
  } catch {
    return true;
  }
  return /(^|[/\\])\.{1,2}([/\\]|$)|\0|[\r\n]/.test(plain) || path.startsWith('//');
}

function wantsPage(request: IncomingMessage): boolean {
  return (
    (request.method === 'GET' || request.method === 'HEAD') &&
    (request.headers.accept ?? '').includes('text/html')
  );
}

/** A small page in both languages; used when the real ones are not there. */
function page(title: { en: string; zh: string }, text: { en: string; zh: string }): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title.en} · ${title.zh}</title>
<main>
<h1 lang="zh-Hans">${title.zh}</h1>
<p lang="zh-Hans">${text.zh}</p>
<hr>
<h1>${title.en}</h1>
<p>${text.en}</p>
</main>
</html>
`;
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  code: string,
  title: { en: string; zh: string },
  text: { en: string; zh: string },
): void {
  const asPage = wantsPage(request);
  const body = asPage ? page(title, text) : JSON.stringify({ errcode: code, error: text.en });
  response.writeHead(status, {
    'content-type': asPage ? 'text/html; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'self'",
    // Browsers on other origins (Matrix clients) must be able to read the error.
    'access-control-allow-origin': '*',
    ...(status === 503 && { 'retry-after': '3' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function notFound(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  answer(
    request,
    response,
    404,
    'M_NOT_FOUND',
    { en: 'Not found', zh: '找不到' },
    { en: 'There is nothing at this address.', zh: '这个地址没有内容。' },
  );
}

function unavailable(
  response: ServerResponse,
  request: IncomingMessage,
  target: Target,
  status: 502 | 503 | 504,
): void {
  const { en, zh } = target.name;
  answer(
    request,
    response,
    status,
    'M_UNKNOWN',
    { en: 'Not available right now', zh: '暂时无法使用' },
    {
      en: `${en} does not answer right now. Please try again in a moment.`,
      zh: `${zh}暂时没有响应，请稍后再试。`,
    },
  );
}

/** Headers of every page: scripts from here only, WebAssembly (encryption) allowed, no framing by others. */
function securityHeaders(config: StackConfig, framing: string): Record<string, string> {
  const secure = config.public_url.startsWith('https:');
  const policy = [
    `default-src 'self'`,
    `script-src 'self' 'wasm-unsafe-eval'`,
    `style-src 'self' 'unsafe-inline'`,
    `img-src 'self' data: blob:`,
    `media-src 'self' blob:`,
    `font-src 'self' data:`,
    `worker-src 'self' blob:`,
    `frame-src 'self'`,
    `object-src 'none'`,
    `base-uri 'self'`,
    `form-action 'self'`,
    `frame-ancestors ${framing}`,
    ...(secure ? ['upgrade-insecure-requests'] : []),
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(self), microphone=(self), display-capture=(self), geolocation=()',
    ...(framing === `'none'` && { 'x-frame-options': 'DENY' }),
    ...(secure && { 'strict-transport-security': 'max-age=31536000' }),
  };
}

/** Vite names built files by their content; those never change under their name. */
const hashedFile = /\/assets\/[^/]+-[A-Za-z0-9_-]{8,}\.[a-z0-9.]+$/;

/** A picture of the brand that somebody opens by its address is a document: it may do nothing. */
const picturePolicy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox`;

async function pagesApp(
  config: StackConfig,
  prefix: keyof Pages,
  folder: string,
  live: LiveBrand,
): Promise<FastifyInstance> {
  const app = fastify({ logger: false, bodyLimit: 1024 });
  const headers = securityHeaders(config, prefix === '/' ? `'self'` : `'none'`);
  app.addHook('onSend', (request, reply, payload, done) => {
    reply.headers(headers);
    if (prefix === '/' && request.url.startsWith('/brand/'))
      reply.header('content-security-policy', picturePolicy);
    // Its scope is the whole client, wherever its script lies.
    if (prefix === '/' && /^\/sw\.js(\?|$)/.test(request.url)) reply.header('service-worker-allowed', '/');
    done(null, payload);
  });
  await app.register(fastifyCompress, { global: true, threshold: 1024, encodings: ['br', 'gzip'] });
  if (prefix === '/') {
    discovery(app, config);
    brandRoutes(app, live);
  }
  await app.register(fastifyStatic, {
    root: folder,
    // Made later by a build, the folder is found without a restart.
    wildcard: true,
    index: ['index.html'],
    preCompressed: true,
    cacheControl: false,
    dotfiles: 'deny',
    setHeaders: (reply, path) => {
      reply.header(
        'cache-control',
        hashedFile.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
    },
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    // A path of the app shows the app; a file that is missing has an extension and stays missing. The id of a room
    // may end like a file (`!abc:example.org`): then the browser says that it wants a page.
    const isPage =
      wantsPage(request.raw) ||
      (!/\.[a-z0-9]+$/i.test(path) && (request.method === 'GET' || request.method === 'HEAD'));
    if (!isPage)
      return reply.code(404).send({ errcode: 'M_NOT_FOUND', error: 'There is nothing at this address.' });
    if (existsSync(join(folder, 'index.html')))
      return reply.header('cache-control', 'no-cache').sendFile('index.html', folder);
    return reply
      .code(503)
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(
        page(
          { en: 'Not built yet', zh: '页面尚未构建' },
          {
            en: 'These pages are not built in this checkout. Run: npm run build',
            zh: '此目录中的页面还没有构建。请运行：npm run build',
          },
        ),
      );
  });
  await app.ready();
  return app;
}

/** How Matrix clients and servers find the homeserver (Matrix client-server API, well-known URIs). */
function discovery(app: FastifyInstance, config: StackConfig): void {
  const calls = config.calls.enabled ? callsServiceUrl(config.public_url) : undefined;
  app.get('/gateway/health', () => ({ status: 'ok' }));
  app.get('/.well-known/matrix/client', async (_request, reply) =>
    reply
      .header('access-control-allow-origin', '*')
      .header('cache-control', 'public, max-age=3600')
      .send({
        'm.homeserver': { base_url: config.public_url },
        ...(calls !== undefined && {
          'org.matrix.msc4143.rtc_foci': [{ type: 'livekit', livekit_service_url: calls }],
        }),
      }),
  );
  app.get('/.well-known/matrix/server', async (_request, reply) => {
    const url = new URL(config.public_url);
    // Servers find each other over TLS only; without it the server name itself says where we are.
    const server =
      url.protocol === 'https:'
        ? `${url.hostname}:${url.port === '' ? '443' : url.port}`
        : config.server_name;
    return reply
      .header('access-control-allow-origin', '*')
      .header('cache-control', 'public, max-age=3600')
      .send({ 'm.server': server });
  });
}

if (import.meta.main) {
  const varDir = defaultVarDir();
  const config = readConfig(varDir);
  const { listen } = config.gateway;
  const gateway = await createGateway(config);
  await gateway.listen(config.ports.gateway, listen);
  process.stdout.write(`${new Date().toISOString()} listening on ${listen}:${config.ports.gateway}\n`);
  const stop = (): void => void gateway.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
