import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Where a request goes on. */
export interface Target {
  /** Scheme, host and port. */
  origin: string;
  /** Path and query there. */
  path: string;
  /** What it is, for people. */
  name: { en: string; zh: string };
  /** Longest body (bytes) it takes; unlimited when left out. */
  bodyLimit?: number | undefined;
  /** Whether it speaks WebSocket. */
  webSockets?: boolean;
}

/** Why the proxy answers by itself: the request cannot go on as it is, or nobody took it. */
export type RefusalStatus = 400 | 405 | 413 | 431 | 501 | 502 | 503 | 504;

/** Longest request line and headers (bytes) that every upstream takes: Twisted and Node end at 16 KiB. */
export const maxHeaderSize = 16 * 1024;

/**
 * Headers that are not passed on: those of one hop (RFC 9110, 7.6.1), the framing, which the client library writes anew
 * for what it really sends, and what a client could claim about its address.
 */
const ownHop = new Set([
  'connection',
  'content-length',
  'expect',
  'forwarded',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-real-ip',
]);
/** Address of the client and how it reached us; a proxy before us is believed only when it is trusted. */
export interface ClientOrigin {
  address: string;
  protocol: string;
  host: string;
}

/** Works out the client's origin. `trusted` holds the addresses of proxies before the gateway. */
export function clientOrigin(
  request: IncomingMessage,
  trusted: ReadonlySet<string>,
  protocol = 'http',
): ClientOrigin {
  const peer = plainAddress(request.socket.remoteAddress ?? '');
  const origin = { address: peer, protocol, host: request.headers.host ?? '' };
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

/** The parts of a list header, in small letters. */
export function tokens(value: string | string[] | undefined): Set<string> {
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return new Set(text.split(',').map((part) => part.trim().toLowerCase()));
}

/** Whether a request is the opening handshake of a WebSocket (RFC 6455, 4.2.1), and not another protocol's. */
export function opensWebSocket(request: IncomingMessage): boolean {
  return (
    request.method === 'GET' &&
    request.httpVersion === '1.1' &&
    header(request, 'upgrade')?.trim().toLowerCase() === 'websocket' &&
    tokens(request.headers.connection).has('upgrade') &&
    header(request, 'sec-websocket-version') === '13' &&
    /^[A-Za-z0-9+/]{22}==$/.test(header(request, 'sec-websocket-key') ?? '') &&
    bodyLength(request) === 0
  );
}

/** Length of the body; undefined when it is not told before (chunked). */
export function bodyLength(request: IncomingMessage): number | undefined {
  if (request.headers['transfer-encoding'] !== undefined) return undefined;
  return Number(request.headers['content-length'] ?? 0);
}

/**
 * Why a request is not passed on, if it is not. The parser before us has refused what it cannot read; this is what can be
 * read in two ways, or would be cut by the upstream.
 */
export function faultOf(request: IncomingMessage, target: Target): RefusalStatus | undefined {
  const coding = request.headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return 501;
  // HTTP/1.0 knows no chunks: who sends them is mistaken for another by somebody on the way.
  if (coding !== undefined && request.httpVersion !== '1.1') return 400;
  let hosts = 0;
  for (let at = 0; at < request.rawHeaders.length; at += 2)
    if (request.rawHeaders[at]?.toLowerCase() === 'host') hosts++;
  if (hosts > 1) return 400;
  if (request.method === 'TRACE') return 405;
  if ((bodyLength(request) ?? 0) > (target.bodyLimit ?? Infinity)) return 413;
  return undefined;
}

/** The headers that go on, name by name. The framing is not among them. */
export function requestHeaders(request: IncomingMessage, origin: ClientOrigin): string[] {
  const headers: string[] = [];
  const named = tokens(request.headers.connection);
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || ownHop.has(name) || name.startsWith('x-forwarded-')) continue;
    if (named.has(name) && name !== 'host') continue;
    for (const one of Array.isArray(value) ? value : [value]) headers.push(name, one);
  }
  headers.push(
    ...['x-forwarded-for', origin.address],
    ...['x-forwarded-proto', origin.protocol],
    ...['x-forwarded-host', origin.host],
  );
  return headers;
}

/** Bytes of the request line and headers as they go on. */
export function sizeOf(request: IncomingMessage, target: Target, headers: readonly string[]): number {
  // The framing and the connection's own header are written by the client library.
  const own = 128;
  const line = (request.method?.length ?? 0) + target.path.length + ' HTTP/1.1\r\n'.length;
  // ': ' and the end of the line.
  return headers.reduce((sum, text) => sum + text.length + 2, own + line);
}
