import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough, type Duplex } from 'node:stream';
import { Agent, errors, type Dispatcher } from 'undici';
import {
  bodyLength,
  faultOf,
  maxHeaderSize,
  requestHeaders,
  sizeOf,
  tokens,
  type ClientOrigin,
  type RefusalStatus,
  type Target,
} from './requests.ts';

/** Tells the client; nothing was sent to it yet. */
export type Refuse = (
  response: ServerResponse,
  request: IncomingMessage,
  status: RefusalStatus,
  target?: Target,
) => void;

/** The connection of a request that asks to become a WebSocket. */
export interface Upgrade {
  socket: Duplex;
  /** What the client sent after its request. */
  head: Buffer;
}

/** Passes requests on over connections of its own. */
export interface Proxy {
  /** Passes a request on, streaming both ways; a client that goes away ends it upstream, too. */
  forward(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    origin: ClientOrigin,
    upgrade?: Upgrade,
  ): void;
  close(): Promise<void>;
}

/** Time (ms) the upstream may be silent. Long polls take 30 s, a big import's answer longer. */
export const upstreamTimeout = 180_000;
/** Idle connections are closed by us before the upstream does it. */
const idleTimeout = 20_000;
/** Bytes of a body that wait here while the upstream is slower than the client. */
const bodyBuffer = 256 * 1024;

/** Headers of an answer that are not passed on: those of one hop. */
const answerHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Methods whose requests usually have a body; any other with one gets a connection that is not used again. */
const withBody = new Set(['POST', 'PUT', 'PATCH']);
/** May be sent again when a connection was closed in the moment of its reuse. */
const repeatable = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Makes a proxy. All framing of what is sent upstream, and all reading of answers, is undici's. */
export function createProxy(refuse: Refuse): Proxy {
  const agent = new Agent({
    // One request at a time on a connection: an answer nobody waits for ends it.
    pipelining: 1,
    keepAliveTimeout: idleTimeout,
    keepAliveMaxTimeout: idleTimeout,
    headersTimeout: upstreamTimeout,
    bodyTimeout: upstreamTimeout,
    strictContentLength: true,
    allowH2: false,
  });

  const forward = (
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    origin: ClientOrigin,
    upgrade?: Upgrade,
  ): void => {
    const fault = faultOf(request, target);
    if (fault !== undefined) {
      refuse(response, request, fault, target);
      return;
    }
    const headers = requestHeaders(request, origin);
    if (sizeOf(request, target, headers) > maxHeaderSize) {
      refuse(response, request, 431, target);
      return;
    }
    const length = bodyLength(request);
    const body = length === 0 ? undefined : new PassThrough({ highWaterMark: bodyBuffer });
    if (length !== undefined && length > 0) headers.push('content-length', String(length));
    const exchange = new Exchange(request, response, target, refuse, body, upgrade);
    const method = request.method ?? 'GET';
    const options: Dispatcher.DispatchOptions = {
      origin: target.origin,
      path: target.path,
      method,
      headers,
      body: body ?? null,
      ...(body !== undefined && !withBody.has(method) && { reset: true }),
      ...(upgrade !== undefined && { upgrade: 'websocket' }),
    };
    if (body === undefined && upgrade === undefined && repeatable.has(method))
      exchange.again = () => void agent.dispatch(options, exchange);
    agent.dispatch(options, exchange);
  };
  return { forward, close: () => agent.destroy() };
}

/** One request and its answer. */
class Exchange implements Dispatcher.DispatchHandler {
  /** Sends the request once more; there is none when that might do something twice. */
  again: (() => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #tooLarge = false;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #target: Target;
  readonly #refuse: Refuse;
  readonly #body: PassThrough | undefined;
  readonly #upgrade: Upgrade | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    refuse: Refuse,
    body: PassThrough | undefined,
    upgrade: Upgrade | undefined,
  ) {
    this.#request = request;
    this.#response = response;
    this.#target = target;
    this.#refuse = refuse;
    this.#body = body;
    this.#upgrade = upgrade;
    response.once('close', this.#clientGone);
    response.on('drain', () => this.#controller?.resume());
    if (body !== undefined) this.#passBody(body);
  }

  #passBody(body: PassThrough): void {
    const limit = this.#target.bodyLimit;
    // One whose length was told is checked before.
    if (limit !== undefined && bodyLength(this.#request) === undefined) {
      let size = 0;
      this.#request.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= limit || this.#tooLarge) return;
        this.#tooLarge = true;
        body.destroy(new Error('The body is too large.'));
      });
    }
    // The library ends it in its own way; what it means is told by onResponseError.
    body.on('error', () => undefined);
    this.#request.pipe(body);
  }

  /** The rest of a body that nobody takes is read away, so that the client sees the answer. */
  #dropBody(): void {
    if (this.#body === undefined) return;
    this.#request.unpipe(this.#body);
    this.#request.resume();
  }

  readonly #clientGone = (): void => {
    if (this.#response.writableFinished) return;
    this.#body?.destroy();
    this.#controller?.abort(new Error('The client went away.'));
  };

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#response.destroyed) controller.abort(new Error('The client went away.'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // Interim answers are for one hop.
    if (status < 200) return;
    const named = tokens(headers['connection']);
    const kept: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined && !answerHop.has(name) && !named.has(name)) kept[name] = value;
    try {
      this.#response.writeHead(status, kept);
    } catch (error) {
      controller.abort(error as Error);
      return;
    }
    // A page that shows progress needs the head before the first byte of the body.
    this.#response.flushHeaders();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#response.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.#dropBody();
    this.#response.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: NodeJS.ErrnoException): void {
    const response = this.#response;
    const { again } = this;
    if (response.destroyed) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (again !== undefined && closedWhenReused(error)) {
      this.again = undefined;
      again();
      return;
    }
    this.#dropBody();
    this.#refuse(response, this.#request, this.#tooLarge ? 413 : statusOf(error), this.#target);
  }

  onRequestUpgrade(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
    upstream: Duplex,
  ): void {
    const upgrade = this.#upgrade;
    if (upgrade === undefined || status !== 101) {
      upstream.destroy();
      return;
    }
    const { socket, head } = upgrade;
    this.#response.removeListener('close', this.#clientGone);
    this.#response.detachSocket(this.#request.socket);
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket'];
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined && !answerHop.has(name))
        for (const one of Array.isArray(value) ? value : [value]) lines.push(`${name}: ${one}`);
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    if (head.length > 0) upstream.write(head);
    const close = (): void => {
      socket.destroy();
      upstream.destroy();
    };
    for (const one of [socket, upstream]) {
      one.on('error', close);
      one.once('close', close);
    }
    upstream.pipe(socket);
    socket.pipe(upstream);
  }
}

/** The upstream closed an idle connection in the moment we used it again; nothing was done with the request. */
function closedWhenReused(error: NodeJS.ErrnoException): boolean {
  if (error instanceof errors.SocketError) return (error.socket?.bytesRead ?? 0) > 0;
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}

function statusOf(error: NodeJS.ErrnoException): RefusalStatus {
  switch (error.code) {
    case 'ECONNREFUSED':
    case 'EHOSTUNREACH':
    case 'ENOTFOUND':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return 503;
    case 'UND_ERR_HEADERS_TIMEOUT':
      return 504;
    // The path or a header has a letter that no request may have.
    case 'UND_ERR_INVALID_ARG':
      return 400;
    default:
      return 502;
  }
}
