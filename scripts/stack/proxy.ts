import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';

/** Where a request goes on. */
export interface Target {
  host: string;
  port: number;
  /** Path and query there. */
  path: string;
  /** What it is, for people. */
  name: { en: string; zh: string };
}

/** A request that could not be passed on; nothing was sent to the client yet. */
export type ProxyFailure = (
  response: ServerResponse,
  request: IncomingMessage,
  target: Target,
  status: 502 | 503 | 504,
) => void;

/** Time (ms) the upstream may be silent. Long polls take 30 s, a big import's answer longer. */
const upstreamTimeout = 180_000;
/** Idle connections are closed by us before the upstream does it. */
const idleTimeout = 20_000;

const agent = new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: idleTimeout, scheduling: 'fifo' });

/** Headers of one hop (RFC 9110, 7.6.1) that are not passed on. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Address of the client and how it reached us; a proxy before us is believed only when it is trusted. */
export interface ClientOrigin {
  address: string;
  protocol: string;
  host: string;
}

/** Works out the client's origin. `trusted` holds the addresses of proxies before the gateway. */
export function clientOrigin(request: IncomingMessage, trusted: ReadonlySet<string>): ClientOrigin {
  const peer = plainAddress(request.socket.remoteAddress ?? '');
  const origin = { address: peer, protocol: 'http', host: request.headers.host ?? '' };
  if (!trusted.has(peer)) return origin;
  const forwarded = header(request, 'x-forwarded-for');
  const chain = forwarded === undefined ? [] : forwarded.split(',').map((part) => plainAddress(part.trim()));
  // The last address that is not one of ours is the one that nobody untrusted could have written.
  const client = chain.toReversed().find((address) => !trusted.has(address)) ?? chain[0];
  if (client !== undefined && isIP(client) !== 0) origin.address = client;
  if (header(request, 'x-forwarded-proto') === 'https') origin.protocol = 'https';
  origin.host = header(request, 'x-forwarded-host') ?? origin.host;
  return origin;
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

function requestHeaders(request: IncomingMessage, origin: ClientOrigin): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  const named = new Set(
    (header(request, 'connection') ?? '').split(',').map((name) => name.trim().toLowerCase()),
  );
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || hopByHop.has(name) || named.has(name) || name === 'forwarded') continue;
    headers[name] = value;
  }
  headers['x-forwarded-for'] = origin.address;
  headers['x-forwarded-proto'] = origin.protocol;
  headers['x-forwarded-host'] = origin.host;
  delete headers['x-real-ip'];
  return headers;
}

/** Passes a request on, streaming both ways; a client that goes away ends it upstream, too. */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
  origin: ClientOrigin,
  fail: ProxyFailure,
  again = true,
): void {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  const headers = requestHeaders(request, origin);
  if (request.headers['transfer-encoding'] !== undefined) delete headers['content-length'];
  const upstream = httpRequest({
    host: target.host,
    port: target.port,
    path: target.path,
    method: request.method,
    headers,
    agent,
    timeout: upstreamTimeout,
  });
  let answered = false;
  let timedOut = false;
  const clientGone = (): void => {
    if (!response.writableFinished) upstream.destroy();
  };
  response.once('close', clientGone);
  upstream.once('timeout', () => {
    timedOut = true;
    upstream.destroy();
  });
  upstream.once('response', (answer) => {
    answered = true;
    const answerHeaders: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(answer.headers))
      if (value !== undefined && !hopByHop.has(name)) answerHeaders[name] = value;
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answerHeaders);
    // A page that shows progress needs the head before the first byte of the body.
    response.flushHeaders();
    answer.on('error', () => response.destroy());
    answer.pipe(response);
  });
  upstream.on('error', (error: NodeJS.ErrnoException) => {
    response.removeListener('close', clientGone);
    if (response.destroyed) return;
    if (answered || response.headersSent) {
      response.destroy();
      return;
    }
    if (again && !hasBody && upstream.reusedSocket && error.code === 'ECONNRESET') {
      // The upstream closed an idle connection in the same moment; nothing was done with the request.
      forward(request, response, target, origin, fail, false);
      return;
    }
    request.unpipe(upstream);
    request.resume();
    const refused = error.code === 'ECONNREFUSED' || error.code === 'EHOSTUNREACH';
    fail(response, request, target, timedOut ? 504 : refused ? 503 : 502);
  });
  if (hasBody) request.pipe(upstream);
  else upstream.end();
}

/** Passes a WebSocket on: the handshake as it is, then bytes both ways. */
export function forwardUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  target: Target,
  origin: ClientOrigin,
): void {
  const headers = requestHeaders(request, origin);
  headers['connection'] = 'Upgrade';
  headers['upgrade'] = header(request, 'upgrade') ?? 'websocket';
  const upstream = httpRequest({
    host: target.host,
    port: target.port,
    path: target.path,
    method: 'GET',
    headers,
    // A connection of its own: it is never given back.
    agent: false,
  });
  const end = (status: string): void => {
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  };
  socket.on('error', () => upstream.destroy());
  socket.once('close', () => upstream.destroy());
  upstream.once('error', () => end('502 Bad Gateway'));
  upstream.once('response', (answer) => {
    answer.resume();
    end(`${answer.statusCode ?? 502} ${answer.statusMessage ?? ''}`);
  });
  upstream.once('upgrade', (answer, connection, rest) => {
    const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
    for (let at = 0; at < answer.rawHeaders.length; at += 2)
      lines.push(`${answer.rawHeaders[at]}: ${answer.rawHeaders[at + 1]}`);
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    if (rest.length > 0) socket.write(rest);
    if (head.length > 0) connection.write(head);
    const close = (): void => {
      socket.destroy();
      connection.destroy();
    };
    for (const one of [socket, connection]) {
      one.on('error', close);
      one.once('close', close);
    }
    connection.pipe(socket);
    socket.pipe(connection);
  });
  upstream.end();
}
