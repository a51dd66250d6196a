/** An answer of the homeserver that says no. */
export class MatrixError extends Error {
  /** HTTP status. */
  readonly status: number;
  /** `M_FORBIDDEN`, `M_NOT_FOUND` …; `M_UNKNOWN` when the answer had none. */
  readonly errcode: string;
  /** Which endpoint, as a pattern without ids: `PUT rooms/send`. */
  readonly route: string;
  /** How long the server asked to wait, milliseconds; only with status 429. */
  readonly retryAfterMs: number | undefined;
  /** Other fields of the error body (`soft_logout`, `flows` …). */
  readonly body: Readonly<Record<string, unknown>>;

  constructor(route: string, status: number, body: Record<string, unknown>, retryAfterMs?: number) {
    const errcode = typeof body.errcode === 'string' ? body.errcode : 'M_UNKNOWN';
    const said = typeof body.error === 'string' ? body.error.slice(0, 300) : `HTTP ${String(status)}`;
    super(`${route}: ${errcode} ${said}`);
    this.name = 'MatrixError';
    this.route = route;
    this.status = status;
    this.errcode = errcode;
    this.retryAfterMs = retryAfterMs;
    this.body = body;
  }

  /** Whether an error is a `MatrixError`, with that errcode if one is given. */
  static is(error: unknown, errcode?: string): error is MatrixError {
    return error instanceof MatrixError && (errcode === undefined || error.errcode === errcode);
  }
}

/** The homeserver could not be reached, broke off, was too slow, or sent what is no Matrix answer. */
export class MatrixUnreachableError extends Error {
  readonly route: string;
  constructor(route: string, cause: unknown) {
    const reason =
      cause instanceof Error ? ((cause as { code?: string }).code ?? cause.message) : String(cause);
    super(`${route}: homeserver not reachable (${reason})`, { cause });
    this.name = 'MatrixUnreachableError';
    this.route = route;
  }
}

/** A file is bigger than the caller allows. */
export class MediaTooLargeError extends Error {
  readonly limitBytes: number;
  constructor(limitBytes: number) {
    super(`media file is larger than ${String(limitBytes)} bytes`);
    this.name = 'MediaTooLargeError';
    this.limitBytes = limitBytes;
  }
}
