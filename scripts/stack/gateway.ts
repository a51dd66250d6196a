import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { answer, type Text } from './answers.ts';
import { brandFolder } from './brand/brand.ts';
import { LiveBrand } from './brand/routes.ts';
import { readConfig, type StackConfig } from './config.ts';
import { createDoor, type Door, type DoorTimes, type TlsKeys } from './door.ts';
import { pagesApp, type Pages } from './pages.ts';
import { defaultVarDir, paths } from './paths.ts';
import { createProxy, type Upgrade } from './proxy.ts';
import { clientOrigin, faultOf, opensWebSocket, type RefusalStatus, type Target } from './requests.ts';
import { longestBody } from './synapse.ts';

/** The gateway: one origin for everything a browser needs. Runs as a process of its own. */
export interface Gateway {
  /** Listens and returns the port. */
  listen(port: number, host?: string): Promise<number>;
  /** Listens for other homeservers, over TLS, and returns the port. */
  listenForServers(port: number, keys: TlsKeys, host?: string): Promise<number>;
  close(): Promise<void>;
}

/** What a gateway does otherwise than usual. */
export interface GatewayOptions {
  /** Folders with the built pages; a missing one is answered by a page that says so. */
  pages?: Pages;
  /** Folder of the brand. */
  brand?: string;
  /** Longest body (bytes) the homeserver takes; not looked at when it is unknown. */
  bodyLimit?: number | undefined;
  /** How long a client may take. */
  times?: Partial<DoorTimes>;
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

/** What another homeserver may ask ours (Matrix server-server API). */
const serverPaths = ['/_matrix/federation', '/_matrix/key', '/_matrix/media'];

/** Makes the gateway. */
export async function createGateway(config: StackConfig, options: GatewayOptions = {}): Promise<Gateway> {
  const live = new LiveBrand(options.brand ?? brandFolder(defaultVarDir()), (problem) =>
    process.stdout.write(`${new Date().toISOString()} the brand is not used: ${problem}\n`),
  );
  const trusted = new Set(config.gateway.trusted_proxies);
  const apps = new Map<keyof Pages, FastifyInstance>();
  for (const [prefix, folder] of Object.entries(options.pages ?? builtPages) as [keyof Pages, string][])
    apps.set(prefix, await pagesApp(config, prefix, folder, live));
  const proxy = createProxy(refuse);
  const limited = (route: Route): Route =>
    typeof route !== 'string' && route.name === homeserver
      ? { ...route, bodyLimit: options.bodyLimit }
      : route;
  const doors: Door[] = [];
  const door = (route: (url: string) => Route, keys?: TlsKeys): Door => {
    const made = createDoor({
      ...(keys !== undefined && { keys }),
      times: options.times,
      takesUpgrade: (request) => {
        const target = route(request.url ?? '/');
        return typeof target !== 'string' && target.webSockets === true && opensWebSocket(request);
      },
      takesBody: (request) => {
        const target = limited(route(request.url ?? '/'));
        return typeof target !== 'string' && faultOf(request, target) === undefined;
      },
      refuse,
      onRequest: (request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade) => {
        const target = limited(route(request.url ?? '/'));
        if (target === 'nowhere') notFound(request, response);
        else if (target === 'pages') toPages(apps, request, response);
        else {
          const protocol = keys === undefined ? 'http' : 'https';
          proxy.forward(request, response, target, clientOrigin(request, trusted, protocol), upgrade);
        }
      },
    });
    doors.push(made);
    return made;
  };
  return {
    listen: (port, host) => door((url) => routeOf(config, url)).listen(port, host),
    listenForServers: (port, keys, host) =>
      door((url) => serverRouteOf(config, url), keys).listen(port, host),
    close: async () => {
      await Promise.all(doors.map((one) => one.close()));
      await proxy.close();
      for (const app of apps.values()) await app.close();
    },
  };
}

/** Where a request goes: on to a part of the stack, to the pages, or nowhere. */
type Route = Target | 'pages' | 'nowhere';

/** Where a request belongs. Exported for its test. */
export function routeOf(config: StackConfig, url: string): Route {
  const path = url.split('?', 1)[0] ?? '';
  if (!path.startsWith('/') || escapes(path)) return 'nowhere';
  const under = (prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);
  const toHomeserver: Target = { origin: new URL(config.homeserver.url).origin, path: url, name: homeserver };
  if (under('/_matrix')) return toHomeserver;
  if (under('/_synapse'))
    return openSynapsePaths.some((open) => path === open || (open.endsWith('/') && path.startsWith(open)))
      ? toHomeserver
      : 'nowhere';
  if (under('/_matrix-as')) return 'nowhere';
  const local = (port: number, name: Text): Target => ({
    origin: `http://127.0.0.1:${port}`,
    path: url,
    name,
  });
  if (under('/api/audit')) return local(config.ports.audit, audit);
  if (hostPaths.some(under)) return local(config.ports.host, workspace);
  if (under('/livekit')) {
    const rest = url.slice('/livekit'.length);
    return {
      ...local(config.ports.livekit, calls),
      path: rest.startsWith('/') ? rest : `/${rest}`,
      webSockets: true,
    };
  }
  return 'pages';
}

/** Where a request of another homeserver belongs. */
function serverRouteOf(config: StackConfig, url: string): Route {
  const route = routeOf(config, url);
  return serverPaths.some((prefix) => url.startsWith(`${prefix}/`)) ? route : 'nowhere';
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

const tooLarge: Text = { en: 'Too large', zh: '内容过大' };
const badRequest: Text = { en: 'This cannot be read', zh: '无法识别的请求' };

/** What is said when a request is not passed on. */
const refusals: Record<
  Exclude<RefusalStatus, 502 | 503 | 504> | 408,
  [code: string, title: Text, text: Text]
> = {
  400: [
    'M_UNKNOWN',
    badRequest,
    { en: 'This is not a request as HTTP writes it.', zh: '该请求不符合 HTTP 规范。' },
  ],
  405: [
    'M_UNRECOGNIZED',
    { en: 'Not allowed', zh: '不允许' },
    { en: 'This method is not allowed.', zh: '不允许使用该方法。' },
  ],
  408: [
    'M_UNKNOWN',
    { en: 'Too slow', zh: '请求超时' },
    { en: 'The request did not come in time.', zh: '请求未在规定时间内发送完毕。' },
  ],
  413: [
    'M_TOO_LARGE',
    tooLarge,
    { en: 'This is larger than the homeserver takes.', zh: '内容超过消息服务器允许的大小。' },
  ],
  431: [
    'M_TOO_LARGE',
    tooLarge,
    { en: 'The address or the headers of this request are too long.', zh: '请求的地址或标头过长。' },
  ],
  501: ['M_UNKNOWN', badRequest, { en: 'This transfer coding is not known here.', zh: '不支持该传输编码。' }],
};

function refuse(
  response: ServerResponse,
  request: IncomingMessage | undefined,
  status: RefusalStatus | 408,
  target?: Target,
): void {
  if (status === 502 || status === 503 || status === 504) {
    const { en, zh } = target?.name ?? workspace;
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
    return;
  }
  // What cannot be read leaves open where the next request begins.
  if (status === 400 || status === 501) response.shouldKeepAlive = false;
  answer(request, response, status, ...refusals[status]);
}

if (import.meta.main) {
  const varDir = defaultVarDir();
  const config = readConfig(varDir);
  const { listen } = config.gateway;
  const gateway = await createGateway(config, { bodyLimit: longestBody(varDir, config) });
  await gateway.listen(config.ports.gateway, listen);
  if (process.argv.includes('--federation')) {
    const key = (name: string): Buffer => readFileSync(join(varDir, 'tls', name));
    await gateway.listenForServers(config.ports.federation, { cert: key('own.pem'), key: key('own.key') });
  }
  process.stdout.write(`${new Date().toISOString()} listening on ${listen}:${config.ports.gateway}\n`);
  const stop = (): void => void gateway.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
