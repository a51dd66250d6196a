import { setTimeout as delay } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { Agent, request, type Dispatcher } from 'undici';
import { MatrixError, MatrixUnreachableError } from './errors.ts';
import { noMetrics, silentLogger, type Clock, type Logger, type Metrics, type Random } from './ports.ts';

/** How failed calls are tried again. */
export interface RetryPolicy {
  /** Total time a call may take, tries and waits together, milliseconds. */
  totalMs: number;
  /** First wait, milliseconds; doubles each time, with full jitter on its upper half. */
  firstWaitMs: number;
  /** Longest single wait the link chooses by itself, milliseconds (a longer `retry_after_ms` is obeyed). */
  maxWaitMs: number;
}

/** Two minutes: a homeserver restart passes unnoticed. */
export const DEFAULT_RETRY: RetryPolicy = { totalMs: 120_000, firstWaitMs: 250, maxWaitMs: 10_000 };

/** Longest a single try may wait for the answer's head, milliseconds. */
export const DEFAULT_TIMEOUT_MS = 60_000;
/** Most calls in flight on one link; long polls do not count. */
export const DEFAULT_CONCURRENCY = 32;
/** Most bytes of a JSON answer; a sync of a large account is some tens of megabytes. */
const MAX_JSON_BYTES = 256 * 1024 * 1024;

export interface TransportOptions {
  /** Base address of the homeserver, `http://127.0.0.1:8481`. */
  url: string;
  log?: Logger;
  metrics?: Metrics;
  clock: Clock;
  random: Random;
  concurrency?: number;
  timeoutMs?: number;
  retry?: Partial<RetryPolicy>;
  /** Replaces the connection pool (tests, own certificate authority). */
  dispatcher?: Dispatcher;
}

/** One call. */
export interface Call {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Path behind the base address, already escaped (use `path`). */
  path: string;
  /** Name of the endpoint without ids, for errors, logs and metrics. */
  route: string;
  query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  /** JSON value to send. */
  body?: unknown;
  /** JSON text to send as it is, instead of `body`. */
  rawBody?: string;
  /**
   * Whether the call may be repeated when it is unknown if it took effect. GET, PUT and DELETE always may; a POST
   * only if set. A 429 or a refused connection is always tried again.
   */
  idempotent?: boolean;
  token?: string;
  /** Longest a single try may wait for the answer's head, milliseconds. */
  timeoutMs?: number;
  /** Does not take a slot of the link's concurrency. */
  longPoll?: boolean;
  /** Overrides the link's total time, milliseconds; 0 means one try. */
  totalMs?: number;
  signal?: AbortSignal | undefined;
}

/** Fills a path template, escaping every value: path`rooms/${roomId}/send`. */
export function path(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.reduce((text, part, i) => text + encodeURIComponent(values[i - 1] ?? '') + part);
}

class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  #head = 0;
  constructor(count: number) {
    this.#free = count;
  }
  get queued(): number {
    return this.#waiting.length - this.#head;
  }
  async take(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
  give(): void {
    const next = this.#waiting[this.#head];
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#head += 1;
    if (this.#head > 1024) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
    next();
  }
}

const RETRIED_STATUS = new Set([429, 500, 502, 503, 504, 520, 522, 524]);
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'EHOSTUNREACH',
]);

/** HTTP with keep-alive, retries and a limit of calls in flight; shared by all users of one link. */
export class Transport {
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly retry: RetryPolicy;
  readonly #dispatcher: Dispatcher;
  readonly #ownsDispatcher: boolean;
  readonly #slots: Slots;
  readonly #timeoutMs: number;
  readonly #closed = new AbortController();

  constructor(options: TransportOptions) {
    this.url = options.url.replace(/\/+$/, '');
    this.clock = options.clock;
    this.random = options.random;
    this.log = options.log ?? silentLogger;
    this.metrics = options.metrics ?? noMetrics;
    this.retry = { ...DEFAULT_RETRY, ...options.retry };
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#slots = new Slots(options.concurrency ?? DEFAULT_CONCURRENCY);
    this.#ownsDispatcher = options.dispatcher === undefined;
    this.#dispatcher = options.dispatcher ?? new Agent({ keepAliveTimeout: 30_000, connections: null });
  }

  /** Calls that wait for a slot. */
  get queued(): number {
    return this.#slots.queued;
  }

  /** Closes the connections; calls in flight fail, and are not tried again. */
  async close(): Promise<void> {
    this.#closed.abort();
    if (this.#ownsDispatcher) await this.#dispatcher.destroy();
  }

  /** Makes a call and parses the JSON answer. Throws `MatrixError` and `MatrixUnreachableError`. */
  async json(call: Call): Promise<unknown> {
    return this.#retrying(call, () => this.#once(call));
  }

  /** Runs one try after the other until it works, may not be repeated, or the time is up. */
  async #retrying<T>(call: Call, attempt: () => Promise<T>): Promise<T> {
    const started = this.clock.now();
    const totalMs = call.totalMs ?? this.retry.totalMs;
    for (let tries = 1; ; tries += 1) {
      call.signal?.throwIfAborted();
      let failure: unknown;
      if (call.longPoll !== true) await this.#slots.take();
      const began = performance.now();
      try {
        const answer = await attempt();
        this.metrics.observe('matrix_request_seconds', (performance.now() - began) / 1000, {
          route: call.route,
        });
        return answer;
      } catch (error) {
        failure = error;
      } finally {
        if (call.longPoll !== true) this.#slots.give();
      }
      if (call.signal?.aborted === true) throw call.signal.reason;
      if (this.#closed.signal.aborted) throw failure;
      this.metrics.count('matrix_request_failures_total', {
        route: call.route,
        reason: failure instanceof MatrixError ? failure.errcode : 'network',
      });
      const wait = this.#waitBefore(call, failure, tries);
      if (wait === undefined || this.clock.now() + wait - started > totalMs) throw failure;
      this.log.debug(
        { route: call.route, tries, waitMs: Math.round(wait) },
        'homeserver call is tried again',
      );
      const ended = this.#closed.signal;
      await delay(wait, undefined, {
        signal: call.signal === undefined ? ended : AbortSignal.any([call.signal, ended]),
      }).catch(() => {
        throw call.signal?.aborted === true ? call.signal.reason : failure;
      });
    }
  }

  /** Milliseconds to wait before the next try; undefined if there must be none. */
  #waitBefore(call: Call, failure: unknown, tries: number): number | undefined {
    const repeatable = call.method !== 'POST' || call.idempotent === true;
    const ceiling = Math.min(this.retry.maxWaitMs, this.retry.firstWaitMs * 2 ** Math.min(tries - 1, 16));
    const jittered = ceiling * (0.5 + this.random() / 2);
    if (failure instanceof MatrixError) {
      if (failure.status === 429) return Math.max(failure.retryAfterMs ?? 0, jittered);
      return repeatable && RETRIED_STATUS.has(failure.status) ? jittered : undefined;
    }
    if (failure instanceof MatrixUnreachableError) {
      const code = (failure.cause as { code?: unknown } | undefined)?.code;
      return repeatable || (typeof code === 'string' && NOT_SENT.has(code)) ? jittered : undefined;
    }
    return undefined;
  }

  async #once(call: Call): Promise<unknown> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (call.token !== undefined) headers.authorization = `Bearer ${call.token}`;
    let body: string | undefined;
    if (call.rawBody !== undefined) body = call.rawBody;
    else if (call.body !== undefined) body = JSON.stringify(call.body);
    else if (call.method === 'POST' || call.method === 'PUT') body = '{}';
    if (body !== undefined) headers['content-type'] = 'application/json';
    const response = await this.open(call, headers, body ?? null);
    let text: string;
    try {
      text = await readText(response.body, MAX_JSON_BYTES);
    } catch (error) {
      throw new MatrixUnreachableError(call.route, error);
    }
    const value = parseJson(text);
    if (response.statusCode >= 200 && response.statusCode < 300) {
      if (value === undefined) throw new MatrixUnreachableError(call.route, new Error('answer is not JSON'));
      return value;
    }
    throw errorOf(call.route, response, value);
  }

  /** Sends a request and returns the open answer, whatever its status. Throws `MatrixUnreachableError`. */
  async open(
    call: Call,
    headers: Record<string, string>,
    body: string | Uint8Array | Readable | null,
  ): Promise<Dispatcher.ResponseData> {
    const timeoutMs = call.timeoutMs ?? this.#timeoutMs;
    try {
      return await request(this.url + call.path + queryText(call.query), {
        method: call.method,
        headers,
        body,
        dispatcher: this.#dispatcher,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        signal: call.signal ?? null,
      });
    } catch (error) {
      if (call.signal?.aborted === true) throw call.signal.reason;
      throw new MatrixUnreachableError(call.route, error);
    }
  }

  /** Like `json`, for a caller that reads the answer's bytes itself. Bad statuses throw `MatrixError`. */
  async stream(
    call: Call,
    makeBody: () => { headers: Record<string, string>; body: Uint8Array | Readable | null },
    repeatable: boolean,
  ): Promise<Dispatcher.ResponseData> {
    return this.#retrying({ ...call, ...(repeatable ? {} : { totalMs: 0 }) }, async () => {
      const { headers, body } = makeBody();
      if (call.token !== undefined) headers.authorization = `Bearer ${call.token}`;
      const response = await this.open(call, headers, body);
      if (response.statusCode >= 200 && response.statusCode < 300) return response;
      let text = '';
      try {
        text = await readText(response.body, 64 * 1024);
      } catch {
        // The status says enough.
      }
      throw errorOf(call.route, response, parseJson(text));
    });
  }
}

function queryText(query: Call['query']): string {
  if (query === undefined) return '';
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (Array.isArray(value)) for (const each of value as readonly string[]) params.append(name, each);
    else params.append(name, String(value));
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

async function readText(body: Readable, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new Error('answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function errorOf(route: string, response: Dispatcher.ResponseData, value: unknown): MatrixError {
  const body = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return new MatrixError(route, response.statusCode, body, retryAfter(response, body));
}

/** `retry_after_ms` of the body, else the Retry-After header in seconds (RFC 9110, 10.2.3; dates are not used here). */
function retryAfter(response: Dispatcher.ResponseData, body: Record<string, unknown>): number | undefined {
  if (response.statusCode !== 429) return undefined;
  if (typeof body.retry_after_ms === 'number' && body.retry_after_ms >= 0) return body.retry_after_ms;
  const seconds = Number(response.headers['retry-after']);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
