import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { initialConfig } from './config.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { rawAnswer, RawClient, RawUpstream, type Exchange } from './raw-http.ts';
import { ensureCertificates } from './synapse.ts';

// Every way to say how long a request is, against a server that believes what it is sent. What it must never see is a
// request that nobody could make through the gateway: one that lay in the body of another.

/** A busy machine may take long; what is waited for comes or not. */
const patience = { timeout: 20_000 };
const bodyLimit = 1024 * 1024;
let folder = '';
let gateway: Gateway;
const upstream = new RawUpstream();

/** The ways in. The federation port and the calls server's route are the same proxy, and are tested as such. */
const doors = {
  'the homeserver': { port: 0, tls: false, path: '/_matrix/client/x', there: '/_matrix/client/x' },
  'the calls server': { port: 0, tls: false, path: '/livekit/x', there: '/x' },
  'the federation port': {
    port: 0,
    tls: true,
    path: '/_matrix/federation/v1/x',
    there: '/_matrix/federation/v1/x',
  },
};
type Door = keyof typeof doors;
const doorNames = Object.keys(doors) as Door[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qiao-proxy-'));
  await ensureCertificates(folder);
  const there = await upstream.listen();
  const config = initialConfig({ ports: { synapse: there, livekit: there, host: 1, audit: 2 } });
  const pages = { '/': folder, '/admin': folder, '/portal': folder } as const;
  gateway = await createGateway(config, { pages, bodyLimit });
  const main = await gateway.listen(0);
  const keys = {
    cert: readFileSync(join(folder, 'tls/own.pem')),
    key: readFileSync(join(folder, 'tls/own.key')),
  };
  doors['the homeserver'].port = main;
  doors['the calls server'].port = main;
  doors['the federation port'].port = await gateway.listenForServers(0, keys);
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => upstream.reset());

const open = (door: Door): RawClient => new RawClient(doors[door].port, doors[door].tls);

/** Sends bytes on a connection of their own and reads so many answers. */
async function send(door: Door, bytes: string, methods: readonly string[]): Promise<Exchange> {
  const client = open(door);
  client.send(bytes);
  const exchange = await client.read(methods);
  client.close();
  return exchange;
}

/** Somebody else's request, which must get its own answer. */
async function bystander(door: Door): Promise<void> {
  const { path, there } = doors[door];
  const { answers } = await send(door, `GET ${path}?bystander HTTP/1.1\r\nHost: b\r\n\r\n`, ['GET']);
  expect(answers).toMatchObject([{ status: 200 }]);
  expect(JSON.parse(answers[0]?.body ?? '')).toEqual({ line: `GET ${there}?bystander HTTP/1.1`, body: '' });
}

const smuggled = 'GET /_synapse/admin/v1/users HTTP/1.1\r\nHost: s\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n';
const length = smuggled.length;
const inChunks = `${length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'] as const;

/** Headers after the request line and Host, and what follows them. */
type Case = [name: string, headers: string[], after: string];

/** Said in one way only: the body arrives as one. */
const plain: Case[] = [
  ['a body in chunks', ['Transfer-Encoding: chunked'], inChunks],
  ['a body in chunks, in capitals', ['TRANSFER-ENCODING: CHUNKED'], inChunks],
  ['chunks with extensions', ['Transfer-Encoding: chunked'], inChunks.replace('\r\n', ';a=b;c="d"\r\n')],
  [
    'chunks and trailers',
    ['Transfer-Encoding: chunked', 'Trailer: X-Forwarded-For, X-A'],
    inChunks.replace(/\r\n$/, 'X-Forwarded-For: 6.6.6.6\r\nX-A: b\r\n\r\n'),
  ],
  ['a body with its length', [`Content-Length: ${length}`], smuggled],
  ['a length with blanks', [`Content-Length: \t ${length} `], smuggled],
  ['a length named in Connection', [`Content-Length: ${length}`, 'Connection: content-length'], smuggled],
  [
    'a length named in Connection, in capitals and among others',
    [`content-length: ${length}`, 'Connection: keep-alive, Content-Length, host, x-forwarded-for'],
    smuggled,
  ],
  ['chunks named in Connection', ['Transfer-Encoding: chunked', 'Connection: transfer-encoding'], inChunks],
  ['Connection: close', [`Content-Length: ${length}`, 'Connection: close, content-length'], smuggled],
  ['a length and TE', [`Content-Length: ${length}`, 'TE: trailers, chunked', 'Connection: te'], smuggled],
  ['another header like the coding', [`Content-Length: ${length}`, 'Transfer_Encoding: chunked'], smuggled],
  [
    'an upgrade to HTTP/2',
    [
      `Content-Length: ${length}`,
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    ],
    smuggled,
  ],
  [
    'an upgrade to HTTP/2 in chunks',
    ['Transfer-Encoding: chunked', 'Connection: Upgrade', 'Upgrade: h2c'],
    inChunks,
  ],
  [
    'an upgrade to a WebSocket with a body',
    [
      `Content-Length: ${length}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ],
    smuggled,
  ],
  ['a body that is waited for', [`Content-Length: ${length}`, 'Expect: 100-continue'], smuggled],
];

/** What two servers could read in two ways is not passed on at all. */
const twofold: Case[] = [
  ['both', [`Content-Length: ${length}`, 'Transfer-Encoding: chunked'], inChunks],
  ['both, the other way round', ['Transfer-Encoding: chunked', 'Content-Length: 5'], inChunks],
  [
    'both, the length named in Connection',
    [`Content-Length: ${length}`, 'Transfer-Encoding: chunked', 'Connection: content-length'],
    inChunks,
  ],
  ['two lengths', ['Content-Length: 5', `Content-Length: ${length}`], smuggled],
  ['two equal lengths', [`Content-Length: ${length}`, `Content-Length: ${length}`], smuggled],
  ['a list of lengths', [`Content-Length: ${length}, ${length}`], smuggled],
  ['a length with a sign', [`Content-Length: +${length}`], smuggled],
  ['a negative length', ['Content-Length: -1'], smuggled],
  ['a length in hexadecimal', [`Content-Length: 0x${length.toString(16)}`], smuggled],
  ['a length that is no number', [`Content-Length: ${length}abc`], smuggled],
  ['a length beyond all bounds', ['Content-Length: 18446744073709551617'], smuggled],
  ['a fraction', [`Content-Length: ${length}.0`], smuggled],
  ['a blank before the colon', ['Transfer-Encoding : chunked'], inChunks],
  ['a folded coding', ['Transfer-Encoding:\r\n chunked'], inChunks],
  ['a folded length', [`Content-Length:\r\n\t${length}`], smuggled],
  ['a folded other header', [`Content-Length: ${length}`, 'X-A: b\r\n Transfer-Encoding: chunked'], smuggled],
  ['another coding', ['Transfer-Encoding: xchunked'], inChunks],
  ['no coding', ['Transfer-Encoding: identity'], smuggled],
  ['chunks, then another coding', ['Transfer-Encoding: chunked, identity'], inChunks],
  ['another coding, then chunks', ['Transfer-Encoding: gzip, chunked'], inChunks],
  ['chunks twice', ['Transfer-Encoding: chunked, chunked'], inChunks],
  ['chunks twice, in two headers', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], inChunks],
  [
    'chunks and another, in two headers',
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
    inChunks,
  ],
  ['chunks with a parameter', ['Transfer-Encoding: chunked;q=1'], inChunks],
  ['chunks in quotes', ['Transfer-Encoding: "chunked"'], inChunks],
  ['a vertical tab before the coding', ['Transfer-Encoding: \x0bchunked'], inChunks],
  ['a NUL in a header', [`Content-Length: ${length}`, 'X-A: b\0Transfer-Encoding: chunked'], smuggled],
  ['a bare carriage return', [`Content-Length: ${length}`, 'X-A: b\rTransfer-Encoding: chunked'], smuggled],
  ['a bare line feed', [`Content-Length: ${length}`, 'X-A: b\nTransfer-Encoding: chunked'], smuggled],
  ['a chunk size that is none', ['Transfer-Encoding: chunked'], inChunks.replace(/^/, '0x')],
  ['a chunk size with a sign', ['Transfer-Encoding: chunked'], `+${inChunks}`],
  ['a chunk size beyond all bounds', ['Transfer-Encoding: chunked'], `1${'0'.repeat(16)}${inChunks}`],
  ['a chunk that ends too late', ['Transfer-Encoding: chunked'], `3\r\n${smuggled}\r\n0\r\n\r\n`],
  [
    'a length among the trailers',
    ['Transfer-Encoding: chunked'],
    inChunks.replace(/\r\n$/, 'Content-Length: 0\r\n\r\n'),
  ],
  ['a second host', ['Host: other', `Content-Length: ${length}`], smuggled],
];

describe.each(doorNames)('%s', (door) => {
  describe.each(methods)('%s', (method) => {
    const line = `${method} ${doors[door].path} HTTP/1.1\r\nHost: a\r\n`;

    test.each(plain)('%s passes as one request', async (_name, headers, after) => {
      const { answers } = await send(door, `${line}${headers.join('\r\n')}\r\n\r\n${after}`, [method]);
      expect(answers).toMatchObject([{ status: 200 }]);
      await bystander(door);
      expect(upstream.seen.map((one) => [one.line, one.body])).toEqual([
        [`${method} ${doors[door].there} HTTP/1.1`, smuggled],
        [`GET ${doors[door].there}?bystander HTTP/1.1`, ''],
      ]);
      for (const one of upstream.seen)
        expect(one.headers.filter((text) => /^x-forwarded-for:/i.test(text))).toEqual([
          'x-forwarded-for: 127.0.0.1',
        ]);
    });

    test.each(twofold)('%s is refused', async (_name, headers, after) => {
      const client = open(door);
      client.send(`${line}${headers.join('\r\n')}\r\n\r\n${after}`);
      const { answers } = await client.read([method]);
      // A fault that shows itself in the middle of a body ends the connection without an answer.
      for (const one of answers) expect([400, 501]).toContain(one.status);
      expect(await client.end()).not.toContain('HTTP/1.1');
      await bystander(door);
      expect(upstream.seen.map((one) => one.line).filter((text) => !text.includes('bystander'))).toEqual([]);
    });

    test('without a body, and a length of nothing before a request of its own', async () => {
      const { answers } = await send(door, `${line}Content-Length: 0\r\n\r\n${smuggled}`, [method, 'GET']);
      // The second one is a request like any other: to an address that is not there.
      expect(answers.map((one) => one.status)).toEqual([200, 404]);
      await bystander(door);
      expect(upstream.seen.map((one) => one.body)).toEqual(['', '']);
    });

    test('several at once are several', async () => {
      const one = (at: number): string =>
        `${method} ${doors[door].path}?${at} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${inChunks}`;
      const { answers } = await send(door, one(1) + one(2) + one(3), [method, method, method]);
      expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
      const told = answers.map((answer) =>
        method === 'HEAD'
          ? answer.headers.find((text) => /^x-echo:/i.test(text))?.split(': ')[1]
          : (JSON.parse(answer.body) as { line: string }).line,
      );
      expect(told).toEqual([1, 2, 3].map((at) => `${method} ${doors[door].there}?${at} HTTP/1.1`));
      expect(upstream.seen.map((seen) => seen.body)).toEqual([smuggled, smuggled, smuggled]);
    });
  });

  test('HTTP/1.0 has no chunks', async () => {
    const head = `POST ${doors[door].path} HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const { answers } = await send(door, head + inChunks, ['POST']);
    expect(answers.map((one) => one.status)).toEqual([400]);
    expect(upstream.seen).toEqual([]);
  });

  test.each(['TRACE', 'CONNECT'])('%s goes nowhere', async (method) => {
    const client = open(door);
    client.send(`${method} ${doors[door].path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const { answers } = await client.read([method]);
    expect(answers.map((one) => one.status)).toEqual(method === 'TRACE' ? [405] : []);
    expect(upstream.seen).toEqual([]);
  });

  test.each([
    'GET http://a/_synapse/admin/v1/users HTTP/1.1',
    'GET /_synapse/admin/v1/users HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'GET /_matrix/../_synapse/admin/v1/users HTTP/1.1',
  ])('%s is nowhere', async (line) => {
    const { answers } = await send(door, `${line}\r\nHost: a\r\n\r\n`, ['GET']);
    expect(answers.map((one) => one.status)).toEqual([404]);
    expect(upstream.seen).toEqual([]);
  });

  test('the address of the client cannot be claimed', async () => {
    const claims = [
      'X-Forwarded-For: 6.6.6.6',
      'x-forwarded-for: 7.7.7.7',
      'X-Forwarded-Host: evil',
      'X-Forwarded-Proto: gopher',
      'X-Forwarded-Port: 1',
      'X-Real-IP: 6.6.6.6',
      'Forwarded: for=6.6.6.6',
      'Connection: X-Forwarded-For, X-Forwarded-Proto',
    ];
    const { path, tls } = doors[door];
    await send(door, `GET ${path} HTTP/1.1\r\nHost: a\r\n${claims.join('\r\n')}\r\n\r\n`, ['GET']);
    const told = upstream.seen[0]?.headers.filter((text) => /forwarded|real-ip/i.test(text));
    expect(told).toEqual([
      'x-forwarded-for: 127.0.0.1',
      `x-forwarded-proto: ${tls ? 'https' : 'http'}`,
      'x-forwarded-host: a',
    ]);
  });

  describe('an upstream connection is not used again', () => {
    const get = async (): Promise<Exchange> =>
      send(door, `GET ${doors[door].path} HTTP/1.1\r\nHost: a\r\n\r\n`, ['GET']);
    const ended = (connection: number): Promise<void> =>
      vi.waitFor(() => expect([...upstream.open.keys()]).not.toContain(connection), patience);

    test('when it answers twice at once', async () => {
      upstream.answer = () => rawAnswer('first') + rawAnswer('stray');
      expect((await get()).answers).toMatchObject([{ body: 'first' }]);
      await ended(upstream.seen[0]?.connection ?? 0);
      upstream.reset();
      await bystander(door);
    });

    test('when it answers again later', async () => {
      upstream.answer = () => rawAnswer('first');
      await get();
      const [request] = upstream.seen;
      upstream.open.get(request?.connection ?? 0)?.write(rawAnswer('stray'));
      await ended(request?.connection ?? 0);
      upstream.reset();
      await bystander(door);
    });

    test('when it says something before it was asked', async () => {
      upstream.answer = () => `${rawAnswer('first')}stray`;
      await get();
      await ended(upstream.seen[0]?.connection ?? 0);
      upstream.reset();
      await bystander(door);
    });

    test('when it sends a body for HEAD', async () => {
      upstream.answer = () => rawAnswer('stray');
      const { answers } = await send(door, `HEAD ${doors[door].path} HTTP/1.1\r\nHost: a\r\n\r\n`, ['HEAD']);
      expect(answers).toMatchObject([{ status: 200, body: '' }]);
      await ended(upstream.seen[0]?.connection ?? 0);
      upstream.reset();
      await bystander(door);
    });

    test('when it answers before it was told everything', async () => {
      upstream.answer = () => undefined;
      const client = open(door);
      client.send(`POST ${doors[door].path} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf`);
      await vi.waitFor(() => expect(upstream.received).toBeGreaterThan(0), patience);
      const [connection, socket] = [...upstream.open.entries()].at(-1) ?? [0];
      socket?.write(rawAnswer('early'));
      expect((await client.read(['POST'])).answers).toMatchObject([{ status: 200, body: 'early' }]);
      await ended(connection);
      client.close();
      upstream.reset();
      await bystander(door);
    });

    test('when it becomes something that nobody asked for', async () => {
      upstream.answer = () => 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
      expect((await get()).answers).toMatchObject([{ status: 502 }]);
      await ended(upstream.seen[0]?.connection ?? 0);
    });

    test.each([
      ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 5\r\n\r\nabcde'],
      [
        'length and chunks',
        'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
      ['no HTTP', 'hello\r\n\r\n'],
    ])('when its answer is none: %s', async (_name, answer) => {
      upstream.answer = () => answer;
      expect((await get()).answers).toMatchObject([{ status: 502 }]);
      await ended(upstream.seen[0]?.connection ?? 0);
    });
  });

  test('a client that goes away in the middle of a body ends the request upstream', async () => {
    const client = open(door);
    client.send(`PUT ${doors[door].path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n${smuggled}`);
    await vi.waitFor(() => expect(upstream.received).toBeGreaterThan(length), patience);
    const [connection] = [...upstream.open.keys()].slice(-1);
    client.close();
    await vi.waitFor(() => expect([...upstream.open.keys()]).not.toContain(connection), patience);
    expect(upstream.seen).toEqual([]);
    await bystander(door);
  });

  test('what nobody reads is not gathered: an answer', async () => {
    const total = 300_000_000;
    let told = 0;
    upstream.answer = (_request, socket) => {
      const more = (): void => {
        while (told < total) {
          told += 100_000;
          if (!socket.write('a'.repeat(100_000))) return;
        }
      };
      socket.on('drain', more);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
      more();
      return undefined;
    };
    const client = open(door);
    client.send(`GET ${doors[door].path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    client.socket.pause();
    // It stands still when the buffers of both connections are full.
    let before = -1;
    await vi.waitFor(
      () => {
        const now = told;
        const still = now > 0 && now === before;
        before = now;
        expect(still).toBe(true);
      },
      { ...patience, interval: 500 },
    );
    expect(told).toBeLessThan(total / 2);
    client.close();
  });
});
