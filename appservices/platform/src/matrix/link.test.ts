import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseEventId, parseMxcUri, parseRoomId, parseUserId, parseDeviceId } from '@qiao/matrix-types';
import { afterEach, describe, expect, it } from 'vitest';
import {
  MatrixError,
  MatrixLink,
  MatrixUnreachableError,
  MediaTooLargeError,
  path,
  systemClock,
} from './index.ts';

const room = parseRoomId('!room/with?odd:example.org');
const bot = parseUserId('@_bot:example.org');

const HOUR_MS = 3_600_000;

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;
const open: { server: Server; link: MatrixLink }[] = [];

/** A homeserver's HTTP side whose answers the test writes: faults a real one cannot be asked for. */
const serverThat = (...answers: Answer[]) => serverWithin(3000, ...answers);

/** The same, with a link that goes on trying for so long, in milliseconds. */
async function serverWithin(totalMs: number, ...answers: Answer[]) {
  const seen: { method: string | undefined; url: URL; body: string; authorization: string | undefined }[] =
    [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const answer = answers[Math.min(seen.length, answers.length - 1)];
      seen.push({
        method: request.method,
        url: new URL(request.url ?? '', 'http://x'),
        body,
        authorization: request.headers.authorization,
      });
      answer?.(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const root = MatrixLink.open({
    url: `http://127.0.0.1:${String(port)}/`,
    token: 'as-token',
    clock: systemClock,
    random: () => 0.5,
    retry: { totalMs, firstWaitMs: 5, maxWaitMs: 20 },
    concurrency: 3,
  });
  open.push({ server, link: root });
  return { seen, root, link: root.as(bot, parseDeviceId('DEV')), port };
}

const json =
  (status: number, value: unknown, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
  };
const breakOff: Answer = (request) => request.socket.destroy();

afterEach(async () => {
  for (const { server, link } of open.splice(0)) {
    await link.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe('MatrixLink', () => {
  it('speaks as a user and device with the appservice token, and escapes ids', async () => {
    const { link, seen } = await serverThat(json(200, { event_id: '$e' }));
    await link.send(room, 'm.room.message', { body: '你好' }, 'txn 1');
    expect(seen[0]?.authorization).toBe('Bearer as-token');
    expect(seen[0]?.url.pathname).toBe(
      '/_matrix/client/v3/rooms/!room%2Fwith%3Fodd%3Aexample.org/send/m.room.message/txn%201',
    );
    expect(seen[0]?.url.searchParams.get('user_id')).toBe(bot);
    expect(seen[0]?.url.searchParams.get('device_id')).toBe('DEV');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ body: '你好' });
  });

  it('repeats a PUT after a broken connection, a 500 and a 429, with the same transaction id', async () => {
    const { link, seen } = await serverThat(
      breakOff,
      json(500, { errcode: 'M_UNKNOWN' }),
      json(429, { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 30 }),
      json(200, { event_id: '$e' }),
    );
    const began = performance.now();
    expect(await link.send(room, 't', {}, 'one')).toBe('$e');
    expect(performance.now() - began).toBeGreaterThanOrEqual(29);
    expect(new Set(seen.map((call) => call.url.pathname)).size).toBe(1);
    expect(seen).toHaveLength(4);
  });

  it('obeys the Retry-After header when the body says nothing', async () => {
    const { link } = await serverThat(json(429, { errcode: 'M_LIMIT_EXCEEDED' }, { 'retry-after': '60' }));
    await expect(link.whoami()).rejects.toMatchObject({ status: 429, retryAfterMs: 60_000 });
  });

  it('never repeats a room creation that may have happened, but repeats it when refused for its rate', async () => {
    const broken = await serverThat(breakOff, json(200, { room_id: '!r' }));
    await expect(broken.link.createRoom({})).rejects.toBeInstanceOf(MatrixUnreachableError);
    expect(broken.seen).toHaveLength(1);
    const limited = await serverThat(json(429, { retry_after_ms: 1 }), json(200, { room_id: '!r' }));
    expect(await limited.link.createRoom({})).toBe('!r');
  });

  it('gives up after the total time with the last error', async () => {
    const { link, seen } = await serverThat(json(503, { errcode: 'M_UNKNOWN', error: 'busy' }));
    await expect(link.profile(bot, { totalMs: 60 })).rejects.toMatchObject({ status: 503 });
    expect(seen.length).toBeGreaterThan(1);
  });

  it('does not repeat what the server refuses', async () => {
    const { link, seen } = await serverThat(json(403, { errcode: 'M_FORBIDDEN', error: 'no' }));
    const error = await link.join(room).catch((e: unknown) => e);
    expect(MatrixError.is(error, 'M_FORBIDDEN')).toBe(true);
    expect(String(error)).not.toContain('as-token');
    expect(seen).toHaveLength(1);
  });

  it('keeps to its limit of calls in flight, while a long poll takes no place', async () => {
    let now = 0;
    let most = 0;
    const { link } = await serverThat((request, response) => {
      if (request.url?.includes('/sync') === true) return;
      now += 1;
      most = Math.max(most, now);
      setTimeout(() => {
        now -= 1;
        response.end('{}');
      }, 10);
    });
    const stop = new AbortController();
    const polls = Array.from({ length: 5 }, () => link.sync({ timeoutMs: 30_000, signal: stop.signal }));
    await Promise.all(Array.from({ length: 20 }, () => link.profile(bot)));
    expect(most).toBe(3);
    stop.abort(new Error('stopped'));
    for (const poll of polls) await expect(poll).rejects.toThrow('stopped');
  });

  it('stops waiting between tries when aborted', async () => {
    const { link } = await serverThat(json(429, { retry_after_ms: 2900 }));
    const stop = new AbortController();
    const call = link.profile(bot, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('stopped')), 20);
    await expect(call).rejects.toThrow();
  });

  it('tries nothing again once it is closed, whether it waits for an answer or for the next try', async () => {
    // Longer than this test may take: what ends did not wait for it.
    const { root, link, seen } = await serverWithin(
      HOUR_MS,
      json(429, { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: HOUR_MS / 2 }),
      () => undefined,
    );
    const waiting = link.profile(bot);
    await expect.poll(() => seen.length).toBe(1);
    const answered = link.profile(bot);
    await expect.poll(() => seen.length).toBe(2);
    const ends = Promise.allSettled([waiting, answered]);
    await root.close();
    expect(await ends).toMatchObject([
      { reason: expect.any(MatrixError) as unknown },
      { reason: expect.any(MatrixUnreachableError) as unknown },
    ]);
    expect(seen).toHaveLength(2);
  });

  it('turns page after page', async () => {
    const { link, seen } = await serverThat(
      json(200, { chunk: [{ event_id: '$1' }, { event_id: '$2' }], start: 'a', end: 'b' }),
      json(200, { chunk: [{ event_id: '$3' }], start: 'b', end: 'c' }),
      json(200, { chunk: [], start: 'c' }),
    );
    const ids: string[] = [];
    for await (const event of link.allMessages(room, { direction: 'b', from: 'a' })) ids.push(event.event_id);
    expect(ids).toEqual(['$1', '$2', '$3']);
    expect(seen.map((call) => call.url.searchParams.get('from'))).toEqual(['a', 'b', 'c']);
  });

  it('answers undefined for what is not there, and reports a user in use', async () => {
    const { link, root } = await serverThat(
      json(404, { errcode: 'M_NOT_FOUND' }),
      json(400, { errcode: 'M_USER_IN_USE' }),
    );
    expect(await link.event(room, parseEventId('$gone'))).toBeUndefined();
    expect(await root.registerAppserviceUser('x')).toBe(false);
  });

  it('refuses a file that is too large, by its length and by its bytes', async () => {
    const uri = parseMxcUri('mxc://example.org/abc');
    const named = await serverThat((_request, response) => response.end(Buffer.alloc(100)));
    await expect(named.link.downloadMedia(uri, 99)).rejects.toBeInstanceOf(MediaTooLargeError);
    const chunked = await serverThat((_request, response) => {
      response.write(Buffer.alloc(60));
      response.end(Buffer.alloc(60));
    });
    const { stream } = await chunked.link.downloadMedia(uri, 99);
    const readAll = async (): Promise<void> => {
      for await (const chunk of stream) expect(chunk.length).toBeLessThan(100);
    };
    await expect(readAll()).rejects.toBeInstanceOf(MediaTooLargeError);
  });

  it('says so when the answer is no JSON', async () => {
    const { link } = await serverThat((_request, response) => response.end('<html>'));
    await expect(link.profile(bot, { totalMs: 0 })).rejects.toBeInstanceOf(MatrixUnreachableError);
  });
});

describe('path', () => {
  it('escapes every value', () => {
    expect(path`/a/${'../x'}/${'b?c#d'}`).toBe('/a/..%2Fx/b%3Fc%23d');
  });
});
