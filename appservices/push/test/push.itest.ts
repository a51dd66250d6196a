import { createServer, type AddressInfo } from 'node:net';
import { startTestHost, type TestCall, type TestHost } from '@qiao/platform/testing';
import {
  createTestDatabase,
  makeUser,
  testStack,
  waitFor,
  type TestDatabase,
  type TestUser,
} from '@qiao/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import push from '../module.ts';
import { PushService, type Delivery } from '../testing/index.ts';

/* From a message at the real homeserver to a browser's push service, which here is a server of the test. */

let database: TestDatabase;
let host: TestHost;
let service: PushService;
let listener: TestUser;
let speaker: TestUser;
let stranger: TestUser;
let as: TestCall;
let roomId = '';
let notifyUrl = '';

const NOTIFY = '/_matrix/push/v1/notify';
const ROUTES = [
  'DELETE /api/push/subscriptions/:id',
  'GET /api/push/settings',
  'GET /api/push/subscriptions',
  'POST /api/push/subscriptions',
  'POST /api/push/subscriptions/:id/test',
];

beforeAll(async () => {
  const { serverName, homeserverUrl } = testStack();
  service = await PushService.start();
  database = await createTestDatabase();
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => {
        resolve(free);
      });
    });
  });
  notifyUrl = `http://127.0.0.1:${port}${NOTIFY}`;
  host = await startTestHost({
    domains: [push],
    databaseUrl: database.url,
    serverName,
    homeserverUrl,
    serve: true,
    settings: { domains: { push: { notify_url: notifyUrl, inside_endpoints: [service.origin] } } },
  });
  await host.listen(port);
  listener = await makeUser({ name: 'listener' });
  speaker = await makeUser({ name: 'speaker' });
  stranger = await makeUser({ name: 'stranger' });
  as = await host.as(listener.userId);
  roomId = await speaker.createRoom({ name: 'Secret plans', invite: [listener.userId] });
  await listener.join(roomId);
});
afterAll(async () => {
  await host.stop();
  await database.drop();
  service.close();
});
beforeEach(() => {
  service.got.length = 0;
});

/** A browser of the listener, subscribed at our interface and as a pusher at the homeserver. */
async function subscribe(): Promise<{
  id: string;
  read: ReturnType<PushService['browser']>['read'];
  path: string;
  /** What came for it: the homeserver may still tell another one of a test before. */
  got: () => readonly Delivery[];
}> {
  const { subscription, read } = service.browser();
  const made = await as('POST', '/api/push/subscriptions', subscription);
  expect([made.status, made.text]).toEqual([201, expect.any(String)]);
  const { body: settings } = await as('GET', '/api/push/settings');
  await listener.request('POST', '/v3/pushers/set', {
    kind: 'http',
    app_id: settings.app_id,
    pushkey: made.body.id,
    app_display_name: 'Qiao',
    device_display_name: 'Test',
    lang: 'zh-Hans',
    data: { url: settings.notify_url, format: 'event_id_only' },
  });
  const path = new URL(subscription.endpoint).pathname;
  return { id: made.body.id, read, path, got: () => service.got.filter((one) => one.path === path) };
}
const say = (body: string): Promise<unknown> =>
  speaker.request(
    'PUT',
    `/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${crypto.randomUUID()}`,
    {
      msgtype: 'm.text',
      body,
    },
  );
const notify = (id: string, extra: object = {}): Promise<{ status: number; body: { rejected?: string[] } }> =>
  host.call('POST', NOTIFY, {
    notification: {
      room_id: roomId,
      event_id: '$e',
      devices: [{ app_id: 'qiao.web', pushkey: id }],
      ...extra,
    },
  });

describe('a message', () => {
  test('arrives as a push without content, with a count; a muted room is silent', async () => {
    const { id, read, path, got } = await subscribe();
    await say('the merger is on Friday');
    const delivery = await waitFor(() => got()[0]);
    expect(delivery.headers).toMatchObject({
      'content-encoding': 'aes128gcm',
      ttl: '86400',
      urgency: 'high',
    });
    expect(delivery.headers.authorization).toMatch(/^vapid t=/);
    const payload = read(delivery);
    expect(Object.keys(payload).sort()).toEqual(['event', 'room', 'unread']);
    // The invitation and the message: it counts what is unread, not conversations.
    expect(payload).toMatchObject({ room: roomId, unread: 2 });

    await listener.request('PUT', `/v3/pushrules/global/room/${encodeURIComponent(roomId)}`, { actions: [] });
    const other = await speaker.createRoom({ name: 'Loud', invite: [listener.userId] });
    await listener.join(other);
    service.got.length = 0;
    await say('nobody hears this');
    await speaker.request('PUT', `/v3/rooms/${encodeURIComponent(other)}/send/m.room.message/1`, {
      msgtype: 'm.text',
      body: 'but this',
    });
    await waitFor(() => got().some((one) => read(one)['room'] === other));
    expect(got().map((one) => read(one)['room'])).not.toContain(roomId);
    await listener.request('DELETE', `/v3/pushrules/global/room/${encodeURIComponent(roomId)}`);

    expect(host.logLines.join('\n')).not.toMatch(/merger|Secret plans/);
    expect(host.logLines.join('\n')).not.toContain(id);
    expect(host.logLines.join('\n')).not.toContain(path);
  });

  test('is tried again while the push service is unwell', async () => {
    const { id, read, path, got } = await subscribe();
    service.answer(path, 503, 429);
    await notify(id);
    await waitFor(() => got().length >= 3, { timeout: 120_000 });
    expect(got().map((one) => read(one)['event'])).toEqual(['$e', '$e', '$e']);
  });

  test('to a browser that is gone ends its subscription, and the key is rejected from then on', async () => {
    const { id, path } = await subscribe();
    service.answer(path, 410);
    expect((await notify(id)).body).toEqual({ rejected: [] });
    await waitFor(async () => (await notify(id)).body.rejected?.includes(id));
    const { body } = await as('GET', '/api/push/subscriptions');
    expect(body.items.map((one: { id: string }) => one.id)).not.toContain(id);
  });
});

describe('the push gateway', () => {
  test('answers the homeserver only', async () => {
    const { id } = await subscribe();
    const notification = { notification: { devices: [{ app_id: 'qiao.web', pushkey: id }] } };
    for (const headers of [{ 'x-forwarded-for': '127.0.0.1' }, { 'x-forwarded-for': '203.0.113.5' }])
      expect((await host.call('POST', NOTIFY, notification, headers)).status).toBe(404);
    const answer = await host.http.inject({
      method: 'POST',
      url: NOTIFY,
      payload: notification,
      remoteAddress: '203.0.113.5',
    });
    expect(answer.statusCode).toBe(404);
  });

  test('rejects keys of others, and bodies that are none', async () => {
    const { got } = await subscribe();
    expect((await notify('unknown')).body).toEqual({ rejected: ['unknown'] });
    for (const body of [
      {},
      { notification: 5 },
      { notification: { devices: [{}] } },
      { notification: { devices: 1 } },
    ])
      expect((await host.call('POST', NOTIFY, body)).status).toBe(400);
    expect(got()).toEqual([]);
  });

  test('leaves out what only counts', async () => {
    const { id, got } = await subscribe();
    expect((await notify(id, { event_id: null, counts: { unread: 0 } })).status).toBe(200);
    await notify(id, { event_id: '$after' });
    await waitFor(() => got().length > 0);
    expect(got()).toHaveLength(1);
  });
});

describe('attacks', () => {
  test('every route is known here', () => {
    const { paths = {} } = host.http.swagger();
    const registered = Object.entries(paths).flatMap(([path, methods]) =>
      path.startsWith('/api/push/')
        ? Object.keys(methods ?? {}).map((method) => `${method.toUpperCase()} ${path.replace('{id}', ':id')}`)
        : [],
    );
    expect(registered.sort()).toEqual(ROUTES);
  });

  test('without a session there is nothing; a partner has no push from here', async () => {
    const { id } = await subscribe();
    const partner = await host.as('@someone:elsewhere.example');
    const { subscription } = service.browser();
    for (const route of ROUTES) {
      const [method = '', path = ''] = route.split(' ');
      const call = [method as 'GET', path.replace(':id', id)] as const;
      const body = route === 'POST /api/push/subscriptions' ? subscription : undefined;
      expect([route, (await host.call(...call, body)).status]).toEqual([route, 401]);
      expect([route, (await partner(...call, body)).status]).toEqual([route, 403]);
    }
  });

  test("somebody else's subscription is as if it were not there", async () => {
    const { id, got } = await subscribe();
    const other = await host.as(stranger.userId);
    expect((await other('GET', '/api/push/subscriptions')).body).toEqual({ items: [] });
    expect((await other('DELETE', `/api/push/subscriptions/${id}`)).status).toBe(404);
    expect((await other('POST', `/api/push/subscriptions/${id}/test`)).status).toBe(404);
    const { body } = await as('GET', '/api/push/subscriptions');
    expect(body.items.map((one: { id: string }) => one.id)).toContain(id);
    expect(JSON.stringify(body)).not.toMatch(/endpoint|p256dh|127\.0\.0\.1/);
    expect(got()).toEqual([]);
  });

  test('addresses of our own network are not called, nor keys taken that are none', async () => {
    const { subscription } = service.browser();
    const inside = [
      'https://127.0.0.1/x',
      'https://10.0.0.1/x',
      'http://push.example.org/x',
      'https://localhost/x',
    ];
    for (const endpoint of inside)
      expect(
        (await as('POST', '/api/push/subscriptions', { ...subscription, endpoint })).body.error.code,
      ).toBe('push.endpoint_not_allowed');
    const keys = { ...subscription.keys, p256dh: 'A'.repeat(87) };
    expect((await as('POST', '/api/push/subscriptions', { ...subscription, keys })).body.error.code).toBe(
      'push.keys_not_valid',
    );
    expect((await as('POST', '/api/push/subscriptions', { ...subscription, more: 1 })).status).toBe(400);
  });

  test('a browser that somebody else signs in on gets nothing of the first person', async () => {
    const { subscription } = service.browser();
    const first = await as('POST', '/api/push/subscriptions', subscription);
    const again = await as('POST', '/api/push/subscriptions', subscription);
    expect(again.body.id).toBe(first.body.id);
    const second = await (await host.as(stranger.userId))('POST', '/api/push/subscriptions', subscription);
    expect(second.body.id).not.toBe(first.body.id);
    expect((await notify(first.body.id)).body).toEqual({ rejected: [first.body.id] });
  });

  test('a test message arrives', async () => {
    const { id, read, got } = await subscribe();
    expect((await as('POST', `/api/push/subscriptions/${id}/test`)).body).toEqual({ outcome: 'delivered' });
    expect(read(got()[0]!)).toEqual({ test: true });
  });
});
