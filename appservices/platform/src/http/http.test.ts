import { afterEach, expect, test } from 'vitest';
import type { Texts } from '../i18n/texts.ts';
import { createLog } from '../observe/log.ts';
import { createMetrics } from '../observe/metrics.ts';
import { createHttp, type Http } from './http.ts';
import type { Sessions } from './session.ts';

let app: Http | undefined;
afterEach(() => app?.close());

test('limits are of each person, whoever shares their address; before sign-in of the address', async () => {
  const sessions: Partial<Sessions> = {
    find: (token) => Promise.resolve({ userId: `@${token}:x`, local: true }),
  };
  const texts: Partial<Texts> = { t: (_locale, key) => key };
  app = await createHttp({
    texts: texts as Texts,
    sessions: sessions as Sessions,
    metrics: createMetrics(),
    log: createLog({ level: 'silent', name: 'test' }),
    requestsPerMinute: 2,
  });
  app.get('/api/notes/all', () => ({}));
  app.post('/api/notes/one', { config: { rateLimit: { max: 1, timeWindow: '1 minute' } } }, () => ({}));
  app.get('/api/notes/open', { config: { public: true } }, () => ({}));
  const call = async (method: 'GET' | 'POST', path: string, token?: string): Promise<number> => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return (await app!.inject({ method, url: `/api/notes/${path}`, headers })).statusCode;
  };
  // One's own devices count together.
  expect([await call('POST', 'one', 'ann'), await call('POST', 'one', 'ann')]).toEqual([200, 429]);
  expect(await call('POST', 'one', 'bob')).toBe(200);
  for (const status of [200, 200, 429]) expect(await call('GET', 'all', 'ann')).toBe(status);
  expect(await call('GET', 'all', 'bob')).toBe(200);
  for (const status of [200, 200, 429]) expect(await call('GET', 'open')).toBe(status);
});

test('a body that is too large is told the limit of its own route', async () => {
  const texts: Partial<Texts> = { t: (_locale, _key, params) => String(params?.['limit']) };
  app = await createHttp({
    texts: texts as Texts,
    sessions: {} as Sessions,
    metrics: createMetrics(),
    log: createLog({ level: 'silent', name: 'test' }),
  });
  const open = { config: { public: true } };
  app.post('/api/notes/small', { ...open, bodyLimit: 4096 }, () => ({}));
  app.post('/api/notes/usual', open, () => ({}));
  const call = async (path: string, bytes: number): Promise<[number, unknown]> => {
    const payload = { text: 'x'.repeat(bytes) };
    const answer = await app!.inject({ method: 'POST', url: `/api/notes/${path}`, payload });
    return [answer.statusCode, answer.json<{ error?: { message: string } }>().error?.message];
  };
  expect(await call('small', 5000)).toEqual([413, '4 kB']);
  expect(await call('usual', 5000)).toEqual([200, undefined]);
  expect(await call('usual', 2 * 1024 * 1024)).toEqual([413, '1 MB']);
});

test('what nobody can keep is refused wherever a request carries it', async () => {
  const texts: Partial<Texts> = { has: () => true, t: (_locale, _key, params) => String(params?.['reason']) };
  app = await createHttp({
    texts: texts as Texts,
    sessions: {} as Sessions,
    metrics: createMetrics(),
    log: createLog({ level: 'silent', name: 'test' }),
  });
  app.post('/api/notes/:id', { config: { public: true } }, () => ({}));
  const call = async (path: string, payload: object = {}): Promise<[number, unknown]> => {
    const answer = await app!.inject({ method: 'POST', url: `/api/notes/${path}`, payload });
    return [answer.statusCode, answer.json<{ error?: { message: string } }>().error?.message];
  };
  expect(await call('one?after=two&after=three', { four: 5 })).toEqual([200, undefined]);
  expect(await call('%00')).toEqual([400, 'text']);
  expect(await call('one?after=%00')).toEqual([400, 'text']);
  expect(await call('one?after=two&after=%00')).toEqual([400, 'text']);
  expect(await call('one?%00=two')).toEqual([400, 'text']);
  expect(await call('one', { four: '\u0000' })).toEqual([400, 'text']);
});
