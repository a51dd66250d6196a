import type { ErrorAnswer } from '@qiao/platform/contract';
import { urlOf, type AnswerOf, type CallOf, type Endpoint, type EndpointShape } from './endpoint.ts';

/** An error answer of our HTTP interface, or the lack of one (`kit.offline`, `kit.unreadable`). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** `<domain>.<key>`. */
  readonly code: string;
  /** HTTP status; 0 where nothing was answered. */
  readonly status: number;
  readonly requestId: string | undefined;
  readonly details: unknown;

  constructor(code: string, status: number, message: string, requestId?: string, details?: unknown) {
    super(message);
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.details = details;
  }
}

/** The field that a schema refused, as the server's details say it: the one that is wrong, or that is missing. */
function fieldOf(first: unknown): string | undefined {
  const { instancePath, params } = (first ?? {}) as {
    instancePath?: unknown;
    params?: { requiredProperties?: unknown };
  };
  const path = typeof instancePath === 'string' ? instancePath.split('/')[1] : undefined;
  if (path !== undefined && path !== '') return path;
  const missing = params?.requiredProperties;
  return Array.isArray(missing) && typeof missing[0] === 'string' ? missing[0] : undefined;
}

/** The field of a form whose value the server did not take; undefined: it does not say, or it is none of `fields`. */
export function refusedField<T extends string>(error: ApiError, fields: readonly T[]): T | undefined {
  const { details } = error;
  const field =
    typeof details === 'object' && details !== null && 'field' in details
      ? details.field
      : Array.isArray(details)
        ? fieldOf(details[0])
        : undefined;
  return fields.find((each) => each === field);
}

/** Turns whatever was thrown into an {@link ApiError}, so that a screen always has a code to show. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError('kit.unexpected', 0, error instanceof Error ? error.message : String(error));
}

export interface ApiOptions {
  /** Language of the texts in answers, as in `Accept-Language`. */
  readonly language: () => string;
  /** Called when the session has ended in the middle of work. */
  readonly onSignedOut?: () => void;
  readonly fetch?: typeof fetch;
}

export interface UploadProgress {
  /** Bytes. */
  sent: number;
  total: number;
}

/** The typed client of our HTTP interfaces: session by cookie, answers parsed, errors as {@link ApiError}. */
export class ApiClient {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** @throws ApiError */
  async call<T extends EndpointShape>(endpoint: Endpoint<T>, given: CallOf<T>): Promise<AnswerOf<T>> {
    const { params, query, body, signal, key } = given as {
      params?: object;
      query?: object;
      body?: unknown;
      signal?: AbortSignal;
      key?: string;
    };
    const answer = await this.#send(urlOf(endpoint.path, params, query), {
      method: endpoint.method,
      headers: {
        ...this.#headers(body !== undefined && !(body instanceof FormData)),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
    const text = await answer.text();
    if (!answer.ok) throw this.#errorOf(answer.status, text);
    if (text === '') return undefined;
    try {
      return JSON.parse(text) as AnswerOf<T>;
    } catch {
      throw new ApiError('kit.unreadable', answer.status, '');
    }
  }

  /** Fetches an endpoint's answer as a file (CSV downloads). @throws ApiError */
  async file<T extends EndpointShape>(endpoint: Endpoint<T>, given: CallOf<T>): Promise<Blob> {
    const { params, query, body } = given as {
      params?: object;
      query?: object;
      body?: unknown;
    };
    const answer = await this.#send(urlOf(endpoint.path, params, query), {
      method: endpoint.method,
      headers: { ...this.#headers(body !== undefined), accept: 'text/csv' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw this.#errorOf(answer.status, await answer.text());
    return answer.blob();
  }

  /** Sends a form with a file and tells how far it is; `fetch` cannot. @throws ApiError */
  upload<T extends EndpointShape>(
    endpoint: Endpoint<T>,
    form: FormData,
    onProgress: (progress: UploadProgress) => void,
    signal?: AbortSignal,
  ): Promise<AnswerOf<T>> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(endpoint.method, urlOf(endpoint.path));
      for (const [name, value] of Object.entries(this.#headers(false))) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => {
        if (event.lengthComputable) onProgress({ sent: event.loaded, total: event.total });
      };
      request.onerror = () => {
        reject(new ApiError('kit.offline', 0, ''));
      };
      request.onabort = () => {
        reject(new ApiError('kit.aborted', 0, ''));
      };
      request.onload = () => {
        if (request.status < 200 || request.status >= 300) {
          reject(this.#errorOf(request.status, request.responseText));
          return;
        }
        try {
          resolve(JSON.parse(request.responseText) as AnswerOf<T>);
        } catch {
          reject(new ApiError('kit.unreadable', request.status, ''));
        }
      };
      signal?.addEventListener('abort', () => {
        request.abort();
      });
      request.send(form);
    });
  }

  #headers(json: boolean): Record<string, string> {
    return {
      accept: 'application/json',
      'accept-language': this.#options.language(),
      // Proves that the request is not another site's form; the server asks for it on every change.
      'x-qiao': '1',
      ...(json ? { 'content-type': 'application/json' } : {}),
    };
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    const send = this.#options.fetch ?? fetch;
    try {
      return await send(url, { ...init, credentials: 'same-origin' });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new ApiError('kit.offline', 0, '');
    }
  }

  #errorOf(status: number, text: string): ApiError {
    let found: ErrorAnswer['error'] | undefined;
    try {
      const { error } = JSON.parse(text) as { error?: unknown };
      // The gateway answers in Matrix's form, where `error` is a text.
      if (typeof error === 'object' && error !== null) found = error as ErrorAnswer['error'];
    } catch {
      // A gateway's page instead of ours.
    }
    const error =
      found === undefined
        ? new ApiError(status === 502 || status === 503 ? 'kit.unavailable' : 'kit.unreadable', status, '')
        : new ApiError(found.code, status, found.message, found.request_id, found.details);
    if (error.code === 'platform.not_signed_in') this.#options.onSignedOut?.();
    return error;
  }
}
