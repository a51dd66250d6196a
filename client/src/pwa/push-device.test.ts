// @vitest-environment happy-dom
import { ApiClient, ViewModel } from '@qiao/ui-kit';
import { answeringFetch, Refuse } from '@qiao/ui-kit/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Pusher } from '../matrix/pushers.ts';
import type { RoomEntry, RoomsSnapshot } from '../matrix/rooms.ts';
import type { Hints } from './hints.ts';
import type { BrowserSubscription, PushBrowser } from './push-browser.ts';
import type { Connection, StatusSnapshot } from '../matrix/status.ts';
import { PushDevice } from './push-device.ts';
import type { StoredPush } from './stored-push.ts';

/* One browser, over a push gateway, a homeserver, a push service and a storage that the test plays. */

class Browser implements PushBrowser {
  support: PushBrowser['support'] = 'yes';
  allowed: NotificationPermission = 'default';
  /** What the person answers. */
  answer: NotificationPermission = 'granted';
  subscription: BrowserSubscription | undefined;
  reachable = true;
  readonly quieted: (string | undefined)[] = [];
  showing: string[] = [];
  /** Ends a wait of the push service, as the test does. */
  hanging: Promise<void> | undefined;
  /** Who is told of the permission. */
  listeners = 0;
  #changed: () => void = () => undefined;
  #made = 0;

  permission(): NotificationPermission {
    return this.allowed;
  }
  ask(): Promise<NotificationPermission> {
    this.allowed = this.answer;
    return Promise.resolve(this.allowed);
  }
  onPermission(listener: () => void): () => void {
    this.#changed = listener;
    this.listeners++;
    return () => {
      this.listeners--;
    };
  }
  forbid(): void {
    this.allowed = 'denied';
    this.subscription = undefined;
    this.#changed();
  }
  current(): Promise<BrowserSubscription | undefined> {
    return Promise.resolve(this.subscription);
  }
  async subscribe(): Promise<BrowserSubscription> {
    await this.hanging;
    if (!this.reachable) throw new Error('push service error');
    this.subscription ??= {
      endpoint: `https://push.example/${String(this.#made++)}`,
      keys: { p256dh: 'p', auth: 'a' },
    };
    return this.subscription;
  }
  unsubscribe(): Promise<void> {
    this.subscription = undefined;
    return Promise.resolve();
  }
  shown(): Promise<string[]> {
    return Promise.resolve(this.showing);
  }
  quiet(roomId?: string): Promise<void> {
    this.quieted.push(roomId);
    return Promise.resolve();
  }
}

/** What one browser profile stores; outlives a page. */
class Storage {
  stored: StoredPush | undefined;
  hints: Hints | undefined;
  push = (): Promise<StoredPush | undefined> => Promise.resolve(this.stored);
  savePush = (push: StoredPush | undefined): Promise<void> => {
    this.stored = push;
    return Promise.resolve();
  };
  saveHints = (hints: Hints | undefined): Promise<void> => {
    this.hints = hints;
    return Promise.resolve();
  };
}

/** Gateway and homeserver of one person. */
class Servers {
  readonly subscriptions = new Map<string, string>();
  readonly pushers = new Map<string, Pusher>();
  signedIn = true;
  up = true;
  /** Answers nothing, as a network that swallows everything. */
  hangs = false;
  outcome = 'delivered';
  #made = 0;

  readonly api = new ApiClient({
    language: () => 'en',
    fetch: this.#orNever(
      answeringFetch(({ method, path, body }) => {
        if (!this.up) throw new TypeError('offline');
        if (!this.signedIn) throw new Refuse(401, 'platform.not_signed_in');
        const id = path.split('/')[4];
        if (path === '/api/push/settings')
          return { application_server_key: 'K', app_id: 'qiao.web', notify_url: 'http://host/notify' };
        if (method === 'GET') return { items: [...this.subscriptions.keys()].map((each) => ({ id: each })) };
        if (method === 'POST' && id === undefined) {
          const { endpoint } = body as { endpoint: string };
          for (const [known, its] of this.subscriptions) if (its === endpoint) return { id: known };
          const made = `id${String(this.#made++)}`;
          this.subscriptions.set(made, endpoint);
          return { id: made };
        }
        if (method === 'POST') return { outcome: this.outcome };
        if (!this.subscriptions.delete(id ?? '')) throw new Refuse(404, 'platform.not_found');
        return undefined;
      }),
    ),
  });

  #orNever(given: typeof fetch): typeof fetch {
    return (...call) => (this.hangs ? new Promise(() => undefined) : given(...call));
  }

  readonly matrix = {
    set: (pusher: Pusher): Promise<void> => {
      this.pushers.set(pusher.key, pusher);
      return Promise.resolve();
    },
    remove: (key: string): Promise<void> => {
      this.pushers.delete(key);
      return Promise.resolve();
    },
  };
}

class Status extends ViewModel<StatusSnapshot> {
  constructor() {
    super({ connection: 'catching-up', since: 0, clockOff: 0, heardAt: 0, full: false });
  }
  become(connection: Connection): void {
    this.set({ connection });
  }
}

class Rooms {
  #listener: () => void = () => undefined;
  #rooms: readonly RoomEntry[] = [];
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listener = listener;
    return () => undefined;
  };
  readonly getSnapshot = (): RoomsSnapshot =>
    ({ ready: true, rooms: this.#rooms }) as unknown as RoomsSnapshot;
  put(...rooms: { roomId: string; unread: number; invitation?: object }[]): void {
    this.#rooms = rooms.map(
      (room) => ({ name: room.roomId, mentions: 0, markedUnread: false, ...room }) as unknown as RoomEntry,
    );
    this.#listener();
  }
}

function setUp(given: { browser?: Browser; storage?: Storage; servers?: Servers } = {}) {
  const { browser = new Browser(), storage = new Storage(), servers = new Servers() } = given;
  const rooms = new Rooms();
  const status = new Status();
  const device = new PushDevice({ vault: storage, pushers: servers.matrix, rooms, status });
  device.connect({
    api: servers.api,
    enter: () => {
      servers.signedIn = true;
      return Promise.resolve();
    },
    browser,
    words: () => ({
      language: 'en',
      brand: 'Qiao',
      icon: '/icons/icon-192.png',
      newMessage: 'New message',
      testMessage: 'Test',
      device: 'Chrome, Linux',
    }),
    onWords: () => () => undefined,
  });
  const state = () => device.getSnapshot().state;
  return { browser, storage, servers, rooms, status, device, state };
}
/** The next page in the same browser. */
const again = (before: ReturnType<typeof setUp>) => setUp(before);

async function switchedOn() {
  const all = setUp();
  await all.device.begin();
  await all.device.turnOn();
  expect(all.state()).toBe('on');
  return all;
}
const nothingLeft = ({ browser, storage }: ReturnType<typeof setUp>): void => {
  expect(browser.subscription).toBeUndefined();
  expect(storage.stored).toBeUndefined();
  expect(storage.hints).toBeUndefined();
};

describe('switching on', () => {
  test('subscribes, registers, sets the pusher, and leaves hints', async () => {
    const { device, browser, storage, servers } = await switchedOn();
    const { id } = device.getSnapshot();
    expect(servers.subscriptions.get(id ?? '')).toBe(browser.subscription?.endpoint);
    expect(servers.pushers.get(id ?? '')).toMatchObject({
      url: 'http://host/notify',
      device: 'Chrome, Linux',
    });
    expect(storage.stored?.id).toBe(id);
    expect(storage.hints?.brand).toBe('Qiao');
  });

  test('is off where nobody asked for it, and asks only on a click', async () => {
    const all = setUp();
    await all.device.begin();
    expect(all.device.getSnapshot()).toMatchObject({ state: 'off', asks: true });
    nothingLeft(all);
    expect(all.servers.subscriptions.size).toBe(0);
  });

  test('that the person refuses the browser is said', async () => {
    const all = setUp();
    all.browser.answer = 'denied';
    await all.device.turnOn();
    expect(all.state()).toBe('denied');
    nothingLeft(all);
  });

  test('fails where the push service cannot be reached, and works the next time', async () => {
    const { device, browser, state } = setUp();
    browser.reachable = false;
    await device.turnOn();
    expect(state()).toBe('failed');
    expect(device.getSnapshot().error).toBeInstanceOf(Error);
    browser.reachable = true;
    await device.turnOn();
    expect(state()).toBe('on');
  });

  test.each(['no', 'needs-app'] as const)(
    'cannot be done in a browser without pushes (%s)',
    async (support) => {
      const { device, browser, state } = setUp();
      browser.support = support;
      await device.begin();
      expect(state()).toBe(support);
      await device.turnOn();
      expect(state()).toBe(support);
    },
  );

  test('goes on when the session of our own interfaces has ended meanwhile', async () => {
    const { device, servers, state } = setUp();
    servers.signedIn = false;
    await device.turnOn();
    expect(state()).toBe('on');
  });
});

describe('a start', () => {
  test('registers what the browser has now, and takes the old away', async () => {
    const first = await switchedOn();
    const { id } = first.device.getSnapshot();
    // The browser has dropped it, as browsers do after some time.
    first.browser.subscription = undefined;
    const second = again(first);
    await second.device.begin();
    expect(second.state()).toBe('on');
    expect(second.device.getSnapshot().id).not.toBe(id);
    expect([...second.servers.subscriptions.values()]).toEqual([second.browser.subscription?.endpoint]);
    expect([...second.servers.pushers.keys()]).toEqual([second.device.getSnapshot().id]);
  });

  test('respects that it was switched off from another device', async () => {
    const first = await switchedOn();
    first.servers.subscriptions.clear();
    const second = again(first);
    await second.device.begin();
    expect(second.device.getSnapshot()).toMatchObject({ state: 'off', ended: true });
    expect(second.servers.subscriptions.size).toBe(0);
    nothingLeft(second);
  });

  test('ends everything when the browser may not notify any more', async () => {
    const first = await switchedOn();
    first.browser.allowed = 'denied';
    const second = again(first);
    await second.device.begin();
    expect(second.state()).toBe('denied');
    expect(second.servers.subscriptions.size).toBe(0);
    nothingLeft(second);
  });

  test('without a network fails, keeps what there is, and comes right with the next look', async () => {
    const first = await switchedOn();
    first.servers.up = false;
    const second = again(first);
    await second.device.begin();
    expect(second.device.getSnapshot()).toMatchObject({ state: 'failed', id: first.storage.stored?.id });
    expect(second.storage.stored).toEqual(first.storage.stored);
    expect(second.browser.subscription).toBeDefined();
    second.servers.up = true;
    await second.device.begin();
    expect(second.state()).toBe('on');
    expect(second.servers.subscriptions.size).toBe(1);
  });

  test('without a network looks again when the connection is back', async () => {
    const first = await switchedOn();
    first.servers.up = false;
    const second = again(first);
    await second.device.begin();
    expect(second.state()).toBe('failed');
    second.servers.up = true;
    second.status.become('live');
    await expect.poll(second.state).toBe('on');
  });

  test('does not take away why it could not be switched on when a connection is back', async () => {
    const { device, browser, state, status } = setUp();
    await device.begin();
    browser.reachable = false;
    await device.turnOn();
    status.become('live');
    await device.test().catch(() => undefined);
    expect(state()).toBe('failed');
  });

  test('ends a subscription that nobody here has asked for', async () => {
    const all = setUp();
    await all.browser.subscribe();
    await all.device.begin();
    nothingLeft(all);
  });
});

describe('switching off', () => {
  test('leaves nothing', async () => {
    const all = await switchedOn();
    await all.device.turnOff();
    expect(all.state()).toBe('off');
    expect([all.servers.subscriptions.size, all.servers.pushers.size]).toEqual([0, 0]);
    nothingLeft(all);
  });

  test('works without a network', async () => {
    const all = await switchedOn();
    all.servers.up = false;
    await all.device.turnOff();
    expect(all.state()).toBe('off');
    nothingLeft(all);
  });

  test('follows the permission that is taken in the browser', async () => {
    const all = await switchedOn();
    all.browser.forbid();
    await expect.poll(all.state).toBe('denied');
    expect(all.servers.subscriptions.size).toBe(0);
    nothingLeft(all);
  });
});

describe('signing out', () => {
  test('leaves no subscription, no hints and no notification', async () => {
    const all = await switchedOn();
    await all.device.end();
    expect(all.servers.subscriptions.size).toBe(0);
    expect(all.browser.quieted).toEqual([undefined]);
    nothingLeft(all);
  });

  test('leaves other devices alone, everywhere takes them, too', async () => {
    const all = await switchedOn();
    all.servers.subscriptions.set('phone', 'https://push.example/phone');
    await all.device.end();
    expect([...all.servers.subscriptions.keys()]).toEqual(['phone']);
    const other = await switchedOn();
    other.servers.subscriptions.set('phone', 'https://push.example/phone');
    await other.device.end(true);
    expect(other.servers.subscriptions.size).toBe(0);
  });

  test('does so without a network', async () => {
    const all = await switchedOn();
    all.servers.up = false;
    await all.device.end(true);
    nothingLeft(all);
  });

  test('takes back what is being switched on', async () => {
    const all = setUp();
    await all.device.begin();
    const turning = all.device.turnOn();
    await all.device.end();
    await turning;
    expect(all.servers.subscriptions.size).toBe(0);
    nothingLeft(all);
  });
});

afterEach(() => {
  vi.useRealTimers();
});

test('on a network that hangs, signing out leaves nothing here, after one short wait', async () => {
  const all = await switchedOn();
  vi.useFakeTimers();
  all.servers.hangs = true;
  void all.device.begin(true);
  const ended = vi.fn();
  void all.device.end(true).then(ended);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(ended).toHaveBeenCalled();
  nothingLeft(all);
});

describe('a page whose work has ended', () => {
  test('hears of no permission, and registers nothing', async () => {
    const { device, browser, servers, storage } = setUp();
    await device.begin();
    expect(browser.listeners).toBe(1);
    await device.stop();
    expect(browser.listeners).toBe(0);
    await device.turnOn();
    expect([servers.subscriptions.size, servers.pushers.size, storage.stored]).toEqual([0, 0, undefined]);
  });

  test('does not go on with what was under way, which stopping waits for', async () => {
    const { device, browser, servers, storage } = setUp();
    await device.begin();
    let go = (): void => undefined;
    browser.hanging = new Promise((resolve) => (go = resolve));
    const turning = device.turnOn();
    const asked = vi.spyOn(browser, 'subscribe');
    await vi.waitFor(() => {
      expect(asked).toHaveBeenCalled();
    });
    const stopped = vi.fn();
    const stopping = device.stop().then(stopped);
    await Promise.resolve();
    expect(stopped).not.toHaveBeenCalled();
    go();
    await Promise.all([turning, stopping]);
    expect([servers.subscriptions.size, servers.pushers.size, storage.stored]).toEqual([0, 0, undefined]);
    expect(device.getSnapshot().state).not.toBe('failed');
  });
});

test('a browser that the push service has forgotten is said, and is switched on anew', async () => {
  const { device, servers, browser, state } = await switchedOn();
  servers.outcome = 'gone';
  expect(await device.test()).toBe('gone');
  expect(state()).toBe('gone');
  expect(browser.subscription).toBeUndefined();
  await device.turnOn();
  expect(state()).toBe('on');
});

test('what was read elsewhere while no page was open loses its notification, once that is known', async () => {
  vi.useFakeTimers();
  const browser = new Browser();
  browser.showing = ['!read', '!unread', '!invited', '!left', 'qiao'];
  const { rooms, status } = setUp({ browser });
  // As stored, older than the notifications.
  rooms.put({ roomId: '!read', unread: 0 }, { roomId: '!unread', unread: 0 });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(browser.quieted).toEqual([]);
  status.become('live');
  rooms.put(
    { roomId: '!read', unread: 0 },
    { roomId: '!unread', unread: 1 },
    { roomId: '!invited', unread: 0, invitation: {} },
  );
  await vi.advanceTimersByTimeAsync(60_000);
  expect(browser.quieted).toEqual(['!read', '!left']);
});

test('a conversation that was read loses its notification', async () => {
  const { rooms, browser } = setUp();
  rooms.put({ roomId: '!a', unread: 2 }, { roomId: '!b', unread: 1 });
  rooms.put({ roomId: '!a', unread: 0 }, { roomId: '!b', unread: 2 });
  expect(browser.quieted).toEqual(['!a']);
});

test("another device's notifications end there and at the homeserver", async () => {
  const { device, servers } = await switchedOn();
  servers.subscriptions.set('phone', 'https://push.example/phone');
  servers.pushers.set('phone', {} as Pusher);
  await device.removeOther('phone');
  expect([...servers.subscriptions.keys()]).toEqual([device.getSnapshot().id]);
  expect([...servers.pushers.keys()]).toEqual([device.getSnapshot().id]);
});
