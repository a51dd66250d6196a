// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '../api/client.ts';
import { makeQueries } from '../app/services.tsx';
import { watch, watchPages, type Remote } from './remote.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const MINUTE = 60_000;

/** A server that is away with this error until it is told to come back. */
function awayServer(error: ApiError) {
  const server = { away: true, asked: 0 };
  const load = (): Promise<{ items: string[]; next: null }> => {
    server.asked++;
    return server.away ? Promise.reject(error) : Promise.resolve({ items: ['张三'], next: null });
  };
  return { server, load };
}

test.each([
  new ApiError('platform.unavailable', 503, 'The database is away'),
  new ApiError('platform.internal', 500, 'An error'),
  new ApiError('kit.offline', 0, ''),
])('what could not be loaded while the server was away ($code) comes by itself', async (error) => {
  for (const kind of ['one', 'pages'] as const) {
    const { server, load } = awayServer(error);
    const seen: Remote<unknown>[] = [];
    const note = (remote: Remote<unknown>): void => void seen.push(remote);
    const watching =
      kind === 'one'
        ? watch(makeQueries(), { key: ['a'], load }, note)
        : watchPages(makeQueries(), { key: ['a'], load: () => load() }, note);
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(seen.at(-1)?.state).toBe('failed');
    const told = seen.findIndex((remote) => remote.state === 'failed');
    server.away = false;
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(seen.at(-1)?.state).toBe('ready');
    // From the first time on it was told until it was there: nothing flickered.
    expect(new Set(seen.slice(told).map((remote) => remote.state))).toEqual(new Set(['failed', 'ready']));
    const asked = server.asked;
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(server.asked).toBe(asked);
    watching.end();
  }
});

test('what a try cannot change is not tried', async () => {
  const { server, load } = awayServer(new ApiError('platform.not_allowed', 403, ''));
  const watching = watch(makeQueries(), { key: ['a'], load }, () => undefined);
  await vi.advanceTimersByTimeAsync(10 * MINUTE);
  expect(server.asked).toBe(1);
  watching.end();
});

test('while it lasts it is asked less and less', async () => {
  const { server, load } = awayServer(new ApiError('platform.unavailable', 503, ''));
  const watching = watch(makeQueries(), { key: ['a'], load }, () => undefined);
  await vi.advanceTimersByTimeAsync(MINUTE);
  const first = server.asked;
  await vi.advanceTimersByTimeAsync(60 * MINUTE);
  // A look every half a minute, each of three tries as all requests that may pass.
  expect(server.asked - first).toBeLessThanOrEqual(3 * 120);
  expect(first).toBeGreaterThan(3);
  watching.end();
});
