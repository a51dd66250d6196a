import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyCompress from '@fastify/compress';
import fastifyStatic from '@fastify/static';
import fastify, { type FastifyInstance } from 'fastify';
import { page, wantsPage } from './answers.ts';
import { brandRoutes, type LiveBrand } from './brand/routes.ts';
import type { StackConfig } from './config.ts';
import { callsServiceUrl } from './paths.ts';

/** Folders with built pages, by the path they are served under. */
export interface Pages {
  '/': string;
  '/admin': string;
  '/portal': string;
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

/** The pages of one folder, as if they stood at the root. */
export async function pagesApp(
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
  // Whoever looks for something there that we do not have must be able to read that, on whatever origin.
  app.all('/.well-known/*', async (request, reply) => {
    void reply
      .header('access-control-allow-origin', '*')
      .header('access-control-allow-methods', 'GET, HEAD, OPTIONS')
      .header('access-control-allow-headers', 'X-Requested-With, Content-Type, Authorization');
    return request.method === 'OPTIONS'
      ? reply.code(204).send()
      : reply.code(404).send({ errcode: 'M_NOT_FOUND', error: 'There is nothing at this address.' });
  });
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
