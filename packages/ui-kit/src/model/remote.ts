import {
  InfiniteQueryObserver,
  QueryObserver,
  type InfiniteData,
  type QueryClient,
  type QueryKey,
} from '@tanstack/react-query';
import { asApiError, type ApiError } from '../api/client.ts';

/** Something that lives on the server, as a view sees it. */
export type Remote<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly error: ApiError; readonly retry: () => void }
  | { readonly state: 'ready'; readonly data: T; readonly stale: boolean };

/** A page of a list as servers answer; `next` asks for the one after it, `null`: this is the last. */
export interface PageOf<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** A list of which more can be had. */
export interface Pages<T, P = PageOf<T>> {
  readonly items: readonly T[];
  /** The first page, for what it says besides the items (a total). */
  readonly first: P;
  readonly hasMore: boolean;
  readonly loadingMore: boolean;
  readonly more: () => void;
}

export const LOADING: Remote<never> = { state: 'loading' };

/** The value of a remote that is there, or undefined. */
export const dataOf = <T>(remote: Remote<T>): T | undefined =>
  remote.state === 'ready' ? remote.data : undefined;

/** Waits between tries of what could not be loaded and may pass by itself, milliseconds. */
const AGAIN_MS = 2000;
const AGAIN_AT_MOST_MS = 30_000;

/** Nobody answered, or who answered could not just now: a database, a homeserver or a gateway that is away. */
export const mayPass = (error: unknown): boolean => {
  const { status, code } = asApiError(error);
  return status >= 500 || code === 'kit.offline';
};

interface QueryState {
  readonly status: string;
  readonly error: unknown;
  readonly errorUpdateCount: number;
}

/** When to look again: as asked, or, where it failed and may pass, by itself until it works. */
const nextLook = (state: QueryState, asked: number | false): number | false => {
  if (state.status !== 'error' || !mayPass(state.error)) return asked;
  const again = Math.min(AGAIN_MS * 2 ** Math.min(state.errorUpdateCount - 1, 10), AGAIN_AT_MOST_MS);
  return asked === false ? again : Math.min(asked, again);
};

/** What was told of a failure stays told while it is tried again by itself: nothing flickers. */
function keepFailure(refetch: () => Promise<unknown>) {
  let kept: Remote<never> | undefined;
  return {
    told(result: { isError: boolean; isFetching: boolean; error: unknown }): Remote<never> | undefined {
      if (result.isError && !result.isFetching) {
        kept = {
          state: 'failed',
          error: asApiError(result.error),
          retry: () => {
            // Who asks for it sees that it is tried.
            kept = undefined;
            void refetch();
          },
        };
      }
      return kept;
    },
    forget() {
      kept = undefined;
    },
  };
}

export interface Watch<T> {
  readonly key: QueryKey;
  readonly load: (signal: AbortSignal) => Promise<T>;
  /** Milliseconds between looks while the page is shown; `false`: only once. */
  readonly every?: number | false | ((data: T | undefined) => number | false);
  readonly enabled?: boolean;
}

export interface Watching<T> {
  /** Looks at something else from now on. */
  change(watch: Watch<T>): void;
  refresh(): Promise<void>;
  readonly end: () => void;
}

/** Loads and keeps looking; every change calls `onChange`. */
export function watch<T>(
  queries: QueryClient,
  given: Watch<T>,
  onChange: (remote: Remote<T>) => void,
): Watching<T> {
  const optionsOf = (next: Watch<T>) => {
    const { every } = next;
    return {
      queryKey: next.key,
      queryFn: ({ signal }: { signal: AbortSignal }) => next.load(signal),
      enabled: next.enabled ?? true,
      refetchInterval: (query: { state: QueryState & { data: T | undefined } }) =>
        nextLook(query.state, typeof every === 'function' ? every(query.state.data) : (every ?? false)),
    };
  };
  const observer = new QueryObserver<T, Error, T, T, QueryKey>(queries, optionsOf(given));
  const failure = keepFailure(() => observer.refetch());
  const tell = (result: ReturnType<typeof observer.getCurrentResult>): void => {
    if (result.data !== undefined) {
      onChange({ state: 'ready', data: result.data, stale: result.isPlaceholderData || result.isError });
    } else onChange(failure.told(result) ?? LOADING);
  };
  const unsubscribe = observer.subscribe(tell);
  tell(observer.getCurrentResult());
  return {
    change: (next) => {
      failure.forget();
      observer.setOptions(optionsOf(next));
      tell(observer.getCurrentResult());
    },
    refresh: async () => {
      await observer.refetch();
    },
    end: unsubscribe,
  };
}

export interface WatchPages<T, P extends PageOf<T> = PageOf<T>> {
  readonly key: QueryKey;
  readonly load: (after: string | undefined, signal: AbortSignal) => Promise<P>;
  readonly enabled?: boolean;
  readonly every?: number | false;
}

export interface WatchingPages<T, P extends PageOf<T> = PageOf<T>> {
  /** Lists something else from now on. */
  change(watch: WatchPages<T, P>): void;
  readonly end: () => void;
}

/** Like {@link watch}, for a list by pages. */
export function watchPages<T, P extends PageOf<T> = PageOf<T>>(
  queries: QueryClient,
  given: WatchPages<T, P>,
  onChange: (remote: Remote<Pages<T, P>>) => void,
): WatchingPages<T, P> {
  const optionsOf = (next: WatchPages<T, P>) => ({
    queryKey: next.key,
    queryFn: ({ pageParam, signal }: { pageParam: string | undefined; signal: AbortSignal }) =>
      next.load(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: P) => page.next ?? undefined,
    enabled: next.enabled ?? true,
    refetchInterval: (query: { state: QueryState }) => nextLook(query.state, next.every ?? false),
  });
  const observer = new InfiniteQueryObserver<
    P,
    Error,
    InfiniteData<P, string | undefined>,
    QueryKey,
    string | undefined
  >(queries, optionsOf(given));
  const failure = keepFailure(() => observer.refetch());
  const more = (): void => {
    const now = observer.getCurrentResult();
    if (now.hasNextPage && !now.isFetchingNextPage) void observer.fetchNextPage();
  };
  const tell = (result: ReturnType<typeof observer.getCurrentResult>): void => {
    const first = result.data?.pages[0];
    if (result.data !== undefined && first !== undefined) {
      onChange({
        state: 'ready',
        stale: result.isError,
        data: {
          items: result.data.pages.flatMap((page) => page.items),
          first,
          hasMore: result.hasNextPage,
          loadingMore: result.isFetchingNextPage,
          more,
        },
      });
    } else onChange(failure.told(result) ?? LOADING);
  };
  const unsubscribe = observer.subscribe(tell);
  tell(observer.getCurrentResult());
  return {
    change: (next) => {
      failure.forget();
      observer.setOptions(optionsOf(next));
      tell(observer.getCurrentResult());
    },
    end: unsubscribe,
  };
}
