import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/* For tests: HTTP/1.1 by hand, so that nothing puts right what is sent and nothing hides what arrives. */

/** A request as it arrived on an upstream connection. */
export interface SeenRequest {
  /** Which connection, from 1. */
  connection: number;
  /** Which request on it, from 1. */
  nth: number;
  line: string;
  /** Header lines, as written. */
  headers: string[];
  body: string;
}

/** What an upstream sends for a request; nothing is sent when it is undefined. */
export type RawAnswer = (request: SeenRequest, socket: Socket) => string | undefined;

/** Reads one message off the beginning of `text`: its head and body, or undefined while it is not complete. */
function readMessage(
  text: string,
  bodiless: boolean,
): { line: string; headers: string[]; body: string; rest: string } | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [line = '', ...headers] = text.slice(0, end).split('\r\n');
  let rest = text.slice(end + 4);
  const value = (name: string): string | undefined =>
    headers
      .find((one) => one.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  if (bodiless || /^HTTP\/1\.1 (1\d\d|204|304)/.test(line)) return { line, headers, body: '', rest };
  if (value('transfer-encoding') === undefined) {
    const length = Number(value('content-length') ?? 0);
    if (rest.length < length) return undefined;
    return { line, headers, body: rest.slice(0, length), rest: rest.slice(length) };
  }
  let body = '';
  for (;;) {
    const at = rest.indexOf('\r\n');
    if (at < 0) return undefined;
    const size = Number.parseInt(rest.slice(0, at), 16);
    if (size === 0) break;
    if (rest.length < at + 2 + size + 2) return undefined;
    body += rest.slice(at + 2, at + 2 + size);
    rest = rest.slice(at + 2 + size + 2);
  }
  const last = rest.indexOf('\r\n\r\n');
  if (last < 0) return undefined;
  return { line, headers, body, rest: rest.slice(last + 4) };
}

/** The text of an answer with a length. */
export function rawAnswer(body: string, status = '200 OK', headers: readonly string[] = []): string {
  const lines = [`HTTP/1.1 ${status}`, `Content-Length: ${body.length}`, ...headers];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

const echo: RawAnswer = (request) =>
  request.line.startsWith('HEAD ')
    ? `HTTP/1.1 200 OK\r\nX-Echo: ${request.line}\r\nContent-Length: 10\r\n\r\n`
    : rawAnswer(JSON.stringify({ line: request.line, body: request.body }));

/**
 * An upstream that takes its connections apart as a trusting server does: what follows a request is the next one. It tells
 * back what it was asked.
 */
export class RawUpstream {
  readonly seen: SeenRequest[] = [];
  /** Open connections, by number. */
  readonly open = new Map<number, Socket>();
  /** Bytes that arrived. */
  received = 0;
  answer: RawAnswer = echo;
  readonly #server: Server;
  #connections = 0;

  constructor() {
    this.#server = createServer((socket) => {
      const connection = ++this.#connections;
      this.open.set(connection, socket);
      let text = '';
      let nth = 0;
      socket.on('error', () => undefined);
      socket.on('close', () => this.open.delete(connection));
      socket.on('data', (chunk) => {
        this.received += chunk.length;
        text += chunk.toString('latin1');
        for (;;) {
          const message = readMessage(text, false);
          if (message === undefined) return;
          text = message.rest;
          const request: SeenRequest = { connection, nth: ++nth, ...message };
          this.seen.push(request);
          const answer = this.answer(request, socket);
          if (answer !== undefined) socket.write(answer, 'latin1');
        }
      });
    });
  }

  /** Forgets what was seen, and tells back again. */
  reset(): void {
    this.seen.length = 0;
    this.received = 0;
    this.answer = echo;
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.open.values()) socket.destroy();
    await closed;
  }
}

/** An answer as a client reads it. */
export interface ReadAnswer {
  status: number;
  headers: string[];
  body: string;
}

/** What came for bytes that were sent. */
export interface Exchange {
  answers: ReadAnswer[];
  /** The connection was ended by the other side. */
  closed: boolean;
}

/** A client's end of a connection: sends bytes, reads answers. */
export class RawClient {
  readonly socket: Socket;
  #text = '';
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(port: number, tls = false) {
    this.socket = tls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connect(port, '127.0.0.1');
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk) => {
      this.#text += chunk.toString('latin1');
      this.#wake();
    });
    this.socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits for answers to so many requests, or the end of the connection. */
  async read(methods: readonly string[]): Promise<Exchange> {
    const answers: ReadAnswer[] = [];
    while (answers.length < methods.length) {
      const message = readMessage(this.#text, methods[answers.length] === 'HEAD');
      if (message === undefined) {
        if (this.#closed) break;
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      this.#text = message.rest;
      const status = Number(message.line.split(' ')[1]);
      if (status >= 200) answers.push({ status, headers: message.headers, body: message.body });
    }
    return { answers, closed: this.#closed };
  }

  /** Waits for bytes that end with a text, for example of a WebSocket. */
  async until(text: string): Promise<string> {
    while (!this.#text.endsWith(text)) {
      if (this.#closed) throw new Error(`closed after ${this.#text}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#text;
  }

  /** Waits for the other side to end the connection; returns what is unread. */
  async end(): Promise<string> {
    while (!this.#closed) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#text;
  }

  close(): void {
    this.socket.destroy();
  }
}
