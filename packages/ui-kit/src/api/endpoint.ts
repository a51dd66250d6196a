/** What an endpoint takes and answers; the types come from the domain's contract (`Static<typeof Schema>`). */
export interface EndpointShape {
  params?: object;
  query?: object;
  body?: unknown;
  answer?: unknown;
}

/** One endpoint of a domain's HTTP interface. Carries types only: the schemas stay on the server. */
export interface Endpoint<T extends EndpointShape> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path template below the origin, `/api/org/people/:id`. */
  readonly path: string;
  /** Never present; holds the type. */
  readonly shape?: T;
}

/** Declares an endpoint. */
export const endpoint = <T extends EndpointShape>(
  method: Endpoint<T>['method'],
  path: string,
): Endpoint<T> => ({ method, path });

type Part<T, K extends keyof EndpointShape> = K extends keyof T
  ? undefined extends T[K]
    ? Partial<Record<K, T[K]>>
    : object extends T[K]
      ? Partial<Record<K, T[K]>>
      : Record<K, T[K]>
  : object;

/** What a call of the endpoint has to be given. */
export type CallOf<T extends EndpointShape> = Part<T, 'params'> &
  Part<T, 'query'> &
  Part<T, 'body'> & {
    signal?: AbortSignal;
    /** Idempotency key: the same call again has the same answer, where the endpoint says so. */
    key?: string;
  };

/** What the endpoint answers. */
export type AnswerOf<T extends EndpointShape> = 'answer' extends keyof T ? T['answer'] : undefined;

/** The path of a call, with parameters and query filled in; `undefined` and empty values are left out. */
export function urlOf(path: string, params: object = {}, query: object = {}): string {
  const filled = path.replace(/:([a-z_]+)/gi, (_match, name: string) => {
    const value = (params as Readonly<Record<string, string | number>>)[name];
    if (value === undefined) throw new Error(`${path}: ${name} is missing`);
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    search.set(name, String(value as string | number | boolean));
  }
  const text = search.toString();
  return text === '' ? filled : `${filled}?${text}`;
}
