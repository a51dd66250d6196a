import { createServer, IncomingMessage, ServerResponse, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { upstreamTimeout, type Upgrade } from './proxy.ts';
import { maxHeaderSize, type RefusalStatus } from './requests.ts';

/** Certificate and key, PEM. */
export interface TlsKeys {
  cert: Buffer;
  key: Buffer;
}

/** What is done with what comes in. */
export interface DoorOptions {
  /** Only TLS is spoken when there are keys. */
  keys?: TlsKeys;
  times?: Partial<DoorTimes> | undefined;
  /** Whether the request becomes a WebSocket; else its `Upgrade` is passed over, as RFC 9110 (7.8) allows. */
  takesUpgrade: (request: IncomingMessage) => boolean;
  /** Whether its body is wanted: a client that asks before it sends one (`Expect`) is told. */
  takesBody: (request: IncomingMessage) => boolean;
  onRequest: (request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade) => void;
  /** Answers a request that could not be read; it is not known then. */
  refuse: (
    response: ServerResponse,
    request: IncomingMessage | undefined,
    status: RefusalStatus | 408,
  ) => void;
}

/** One port with HTTP/1.1. */
export interface Door {
  /** Listens and returns the port. */
  listen(port: number, host?: string): Promise<number>;
  close(): Promise<void>;
}

/** How long (ms) a client may take. */
export interface DoorTimes {
  /** For the whole head of a request, and for the handshake of TLS. */
  head: number;
  /** For a whole request. */
  request: number;
  /** Without a byte in either direction. */
  silence: number;
}

const usualTimes: DoorTimes = {
  head: 30_000,
  // An upload of 100 MB over 250 kbit/s.
  request: 3_600_000,
  // Not before the upstream is given up.
  silence: upstreamTimeout + 10_000,
};
/** How often (ms) those are looked for that took longer. */
const lookInterval = 5_000;
/** A peer that vanished without a word is noticed by the system (TCP keep-alive): a WebSocket may be silent for long. */
const keepAliveInitialDelay = 30_000;

/** Makes a port that reads requests. Limits of time hold for all of them. */
export function createDoor(options: DoorOptions): Door {
  const times = { ...usualTimes, ...options.times };
  const common: ServerOptions = {
    maxHeaderSize,
    headersTimeout: times.head,
    requestTimeout: times.request,
    connectionsCheckingInterval: Math.min(lookInterval, times.head),
    keepAliveTimeout: 75_000,
    keepAlive: true,
    keepAliveInitialDelay,
    noDelay: true,
    insecureHTTPParser: false,
    requireHostHeader: true,
    shouldUpgradeCallback: options.takesUpgrade,
  };
  const server: Server =
    options.keys === undefined
      ? createServer(common)
      : createTlsServer({
          ...common,
          ...options.keys,
          handshakeTimeout: times.head,
          ALPNProtocols: ['http/1.1'],
        });
  server.setTimeout(times.silence);
  /** Connections that became WebSockets: the server no longer counts them among its own. */
  const tunnels = new Set<Duplex>();
  /** The answer that is on its way. */
  const answers = new WeakMap<Duplex, ServerResponse>();

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    answers.set(socket, response);
    response.once('close', () => {
      if (answers.get(socket) === response) answers.delete(socket);
    });
    // The parser stops after a request that asks for another protocol.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
    options.onRequest(request, response);
  };
  server.on('request', onRequest);
  // Without a listener Node says "100 Continue" before anybody has looked at the request.
  server.on('checkContinue', (request, response) => {
    if (options.takesBody(request)) response.writeContinue();
    else response.shouldKeepAlive = false;
    onRequest(request, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    request.socket.setTimeout(0);
    tunnels.add(socket);
    socket.once('close', () => tunnels.delete(socket));
    socket.on('error', () => socket.destroy());
    const response = lastResponse(request);
    options.onRequest(request, response, { socket, head });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const started = answers.get(socket);
    if (error.code === 'ECONNRESET' || !socket.writable || !(socket instanceof Socket)) socket.destroy();
    else if (started === undefined)
      options.refuse(lastResponse(new IncomingMessage(socket)), undefined, statusOf(error));
    // Its head could be read. What was answered to that is still sent; an answer of somebody else's is not.
    else if (started.writableEnded) socket.destroySoon();
    else socket.destroy();
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
      for (const socket of tunnels) socket.destroy();
      await closed;
    },
  };
}

/** An answer after which the connection ends; Node makes none for what it could not read, or takes for an upgrade. */
function lastResponse(request: IncomingMessage): ServerResponse {
  const { socket } = request;
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => {
    response.detachSocket(socket);
    socket.destroySoon();
  });
  return response;
}

function statusOf(error: NodeJS.ErrnoException): 400 | 408 | 431 {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 431;
  return error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
}
