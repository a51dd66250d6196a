import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RawClient } from '@qiao/scripts/raw-http';
import { makeUser, stackControl, testStack } from '@qiao/testkit';
import { beforeAll, describe, expect, test, vi } from 'vitest';

// The real homeserver behind the real gateway: what lies in the body of a request stays there. All ways to say how long a
// request is are in scripts/stack/proxy.test.ts.

const info = testStack();
const patience = { timeout: 30_000 };
const log = (): string => readFileSync(join(info.varDir, 'log/synapse.log'), 'utf8');

const doors = {
  'the main port': {
    port: Number(new URL(info.gatewayUrl).port),
    tls: false,
    path: '/_matrix/client/versions',
  },
  'the federation port': {
    port: Number(info.serverName.split(':')[1]),
    tls: true,
    path: '/_matrix/federation/v1/version',
  },
};

beforeAll(async () => {
  await stackControl().ensure('gateway');
});

describe.each(Object.keys(doors) as (keyof typeof doors)[])('%s', (name) => {
  const { port, tls, path } = doors[name];
  const ask = async (bytes: string, method: string): Promise<{ status: number; body: string }[]> => {
    const client = new RawClient(port, tls);
    client.send(bytes);
    const { answers } = await client.read([method]);
    client.close();
    return answers;
  };

  test.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])(
    '%s does not reach the administration',
    async (method) => {
      const mark = randomBytes(8).toString('hex');
      const inside = `GET /_synapse/admin/v1/server_version?${mark} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n`;
      const chunks = `${inside.length.toString(16)}\r\n${inside}\r\n0\r\n\r\n`;
      const line = `${method} ${path} HTTP/1.1\r\nHost: a\r\n`;
      for (const attempt of [
        `${line}Transfer-Encoding: chunked\r\n\r\n${chunks}`,
        `${line}Content-Length: ${inside.length}\r\nConnection: content-length\r\n\r\n${inside}`,
        `${line}Content-Length: ${inside.length}\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
        `${line}Content-Length: ${inside.length}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n${inside}`,
      ])
        expect(await ask(attempt, method)).toHaveLength(1);
      // Others get what they asked for, on whatever connection.
      for (let at = 0; at < 8; at++) {
        const [answer] = await ask(`GET ${path}?${mark}-${at} HTTP/1.1\r\nHost: a\r\n\r\n`, 'GET');
        expect(answer?.status).toBe(200);
        expect(JSON.parse(answer?.body ?? '')).toHaveProperty(tls ? 'server' : 'versions');
      }
      await vi.waitFor(() => expect(log()).toContain(`${path}?${mark}-7`), patience);
      expect(log()).not.toContain(`server_version?${mark}`);
    },
  );
});

test('somebody else’s sync is theirs', async () => {
  const { port, tls } = doors['the main port'];
  const user = await makeUser({ name: 'sync' });
  const whoami = `GET /_matrix/client/v3/account/whoami HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${user.accessToken}\r\n\r\n`;
  const inside = 'GET /_matrix/client/v3/sync HTTP/1.1\r\nHost: a\r\nX-A: ';
  for (let at = 0; at < 8; at++) {
    const thief = new RawClient(port, tls);
    thief.send(
      `GET /_matrix/client/versions HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: ${inside.length}\r\n\r\n${inside}`,
    );
    const victim = new RawClient(port, tls);
    victim.send(whoami);
    const [answer] = (await victim.read(['GET'])).answers;
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ user_id: user.userId });
    thief.close();
    victim.close();
  }
});

test('the longest head that passes here passes there', async () => {
  const { port, tls } = doors['the main port'];
  let last = 0;
  for (let size = 15_500; size < 16_500; size += 20) {
    const client = new RawClient(port, tls);
    client.send(`GET /_matrix/client/versions?${'a'.repeat(size)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const [answer] = (await client.read(['GET'])).answers;
    client.close();
    expect([200, 431]).toContain(answer?.status);
    if (answer?.status === 200) last = size;
  }
  expect(last).toBeGreaterThan(15_500);
});

test.each([
  ['with its length', false],
  ['in chunks', true],
])('an upload the homeserver does not take is M_TOO_LARGE: %s', async (_name, chunked) => {
  const user = await makeUser({ name: 'upload' });
  const size = 101 * 1024 * 1024;
  const part = Buffer.alloc(1024 * 1024);
  let sent = 0;
  const answer = await fetch(`${info.gatewayUrl}/_matrix/media/v3/upload`, {
    method: 'POST',
    headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'application/octet-stream' },
    body: chunked
      ? new ReadableStream({
          pull: (controller) => {
            controller.enqueue(part);
            if (part.length * ++sent >= size) controller.close();
          },
        })
      : Buffer.alloc(size),
    duplex: 'half',
  });
  expect(answer.status).toBe(413);
  expect(await answer.json()).toMatchObject({ errcode: 'M_TOO_LARGE' });
});
