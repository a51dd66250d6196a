import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What to do with a request instead of passing it on; undefined: pass it on. */
export type Fault = (seen: {
  method: string;
  path: string;
  /** Requests seen before this one. */
  count: number;
}) => { status: number; body: object; after?: boolean } | 'cut' | undefined;

/** A proxy in front of the real homeserver that counts requests and injects faults. */
export interface FaultProxy {
  readonly url: string;
  /** Requests passed on, as `METHOD path` with ids taken out. */
  readonly seen: string[];
  fault: Fault | undefined;
  /** Where it passes requests on to. */
  target: string;
  close(): Promise<void>;
}

const shape = (method: string, path: string): string =>
  `${method} ${path
    .replace(/\?.*/, '')
    .replace(/\/rooms\/[^/]+/, '/rooms/_')
    .replace(/(\/state\/[^/]+)\/.*/, '$1')}`;

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  let count = 0;
  const proxy: FaultProxy = { url: '', seen: [], fault: undefined, target, close: () => Promise.resolve() };
  const handle = (from: IncomingMessage, to: ServerResponse): void => {
    const method = from.method ?? 'GET';
    const path = from.url ?? '/';
    const fault = proxy.fault?.({ method, path, count: count++ });
    if (fault === 'cut') {
      from.socket.destroy();
      return;
    }
    const refuse = (answer: { status: number; body: object }): void => {
      to.writeHead(answer.status, { 'content-type': 'application/json' });
      to.end(JSON.stringify(answer.body));
    };
    if (fault !== undefined && fault.after !== true) {
      from.resume();
      refuse(fault);
      return;
    }
    proxy.seen.push(shape(method, path));
    const onward = httpRequest(new URL(path, proxy.target), { method, headers: from.headers }, (answer) => {
      if (fault !== undefined) {
        // The homeserver has done it, the answer is lost.
        answer.resume();
        answer.on('end', () => {
          refuse(fault);
        });
        return;
      }
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
      answer.on('error', () => to.destroy());
    });
    onward.on('error', () => {
      // As a server that is down behaves: the connection breaks.
      from.socket.destroy();
    });
    to.on('close', () => onward.destroy());
    from.pipe(onward);
  };
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  (proxy as { url: string }).url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  proxy.close = () =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  return proxy;
}
