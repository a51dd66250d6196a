/** One row of an error table: what the caller gets, and whether the operator hears of it. */
export interface ErrorRow {
  /** HTTP status, RFC 9110. */
  status: number;
  /** True where the operator should see it as an error of ours. */
  report?: boolean;
}

/** An error that is part of an interface: it has a code in a table and a text in every language. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: string;
  readonly status: number;
  readonly report: boolean;
  readonly params: Readonly<Record<string, string | number>>;
  readonly details: unknown;

  constructor(
    code: string,
    row: ErrorRow,
    params: Readonly<Record<string, string | number>> = {},
    details?: unknown,
  ) {
    super(code);
    this.code = code;
    this.status = row.status;
    this.report = row.report ?? false;
    this.params = params;
    this.details = details;
  }
}

export type ErrorTable<K extends string> = Readonly<Record<K, ErrorRow>>;

/**
 * The makers of a domain's errors. The code sent is `<domain>.<key>`; the text is `errors.<key>` in the
 * domain's catalogues, with `params` filled in.
 */
export function makeErrors<K extends string>(
  domain: string,
  table: ErrorTable<K>,
): Record<K, (params?: Record<string, string | number>, details?: unknown) => DomainError> {
  const makers = {} as Record<
    K,
    (params?: Record<string, string | number>, details?: unknown) => DomainError
  >;
  for (const key of Object.keys(table) as K[]) {
    makers[key] = (params, details) => new DomainError(`${domain}.${key}`, table[key], params, details);
  }
  return makers;
}

/** Errors that every domain shares. */
export const platformErrorTable = {
  not_signed_in: { status: 401 },
  not_allowed: { status: 403 },
  not_found: { status: 404 },
  bad_request: { status: 400 },
  too_large: { status: 413 },
  conflict: { status: 409 },
  changed_meanwhile: { status: 412 },
  too_many_requests: { status: 429 },
  openid_rejected: { status: 401 },
  step_up_needed: { status: 403 },
  unavailable: { status: 503, report: true },
  internal: { status: 500, report: true },
} as const satisfies ErrorTable<string>;

export const platformErrors = makeErrors('platform', platformErrorTable);
