import { installWay } from './platform.ts';
import { appShell } from './update.ts';

/** How long the service worker may take to be ready, in milliseconds: its first start fetches the whole shell. */
const WORKER_PATIENCE_MS = 60_000;

/** A subscription at the browser's push service (W3C Push API); keys as base64url. */
export interface BrowserSubscription {
  readonly endpoint: string;
  readonly keys: { readonly p256dh: string; readonly auth: string };
}

/** What a browser does for pushes. */
export interface PushBrowser {
  /** `needs-app`: only for a page that is installed (iOS and iPadOS). */
  readonly support: 'yes' | 'no' | 'needs-app';
  permission(): NotificationPermission;
  /** Asks the person; has to be called straight from a click. */
  ask(): Promise<NotificationPermission>;
  /** Tells when the person changes the permission in the browser's own settings. @returns ends it */
  onPermission(listener: () => void): () => void;
  current(): Promise<BrowserSubscription | undefined>;
  /**
   * The subscription for pushes of this server; made if there is none.
   * @param serverKey VAPID public key, base64url. @throws Error where the push service cannot be reached
   */
  subscribe(serverKey: string): Promise<BrowserSubscription>;
  /** Ends the subscription, if there is one. */
  unsubscribe(): Promise<void>;
  /** Tags of the notifications that are shown: ids of rooms, and `qiao`. */
  shown(): Promise<readonly string[]>;
  /** Takes away the notifications that are shown; without a room all of them, and the count at the app's icon. */
  quiet(roomId?: string): Promise<void>;
}

const bytesOf = (base64url: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
    letter.charCodeAt(0),
  );

const same = (one: Uint8Array, other: ArrayBuffer | null): boolean =>
  other !== null &&
  other.byteLength === one.length &&
  new Uint8Array(other).every((byte, at) => byte === one[at]);

function read(subscription: PushSubscription | null): BrowserSubscription | undefined {
  const { endpoint, keys } = subscription?.toJSON() ?? {};
  const { p256dh, auth } = keys ?? {};
  return endpoint === undefined || p256dh === undefined || auth === undefined
    ? undefined
    : { endpoint, keys: { p256dh, auth } };
}

/** The service worker as far as it is there; never registers one. */
const registered = async (): Promise<ServiceWorkerRegistration | undefined> =>
  'serviceWorker' in navigator ? navigator.serviceWorker.getRegistration('/') : undefined;

/** A push service takes a subscription only for a worker that is active. */
async function activeWorker(): Promise<ServiceWorkerRegistration> {
  const found = await appShell.begin();
  if (!found) throw new Error('there is no service worker');
  if (found.active) return found;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error('the service worker is not ready'));
    }, WORKER_PATIENCE_MS);
  });
  try {
    return await Promise.race([navigator.serviceWorker.ready, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** This browser. */
export const browserPush: PushBrowser = {
  get support() {
    if ('serviceWorker' in navigator && 'PushManager' in globalThis && 'Notification' in globalThis)
      return 'yes';
    return installWay() === 'ios' && !appShell.getSnapshot().installed ? 'needs-app' : 'no';
  },
  permission: () => ('Notification' in globalThis ? Notification.permission : 'denied'),
  ask: () => Notification.requestPermission(),
  onPermission: (listener) => {
    // Not every browser tells it: then the next look at the settings does.
    const ended = new AbortController();
    if ('permissions' in navigator)
      navigator.permissions.query({ name: 'notifications' }).then(
        (status) => {
          // Adds nothing where it has ended by now.
          status.addEventListener('change', listener, { signal: ended.signal });
        },
        () => undefined,
      );
    return () => {
      ended.abort();
    };
  },
  current: async () => read((await (await registered())?.pushManager.getSubscription()) ?? null),
  subscribe: async (serverKey) => {
    const { pushManager } = await activeWorker();
    const key = bytesOf(serverKey);
    const before = await pushManager.getSubscription();
    // Of another key: the server was set up anew, and its pushes would be refused.
    if (before && !same(key, before.options.applicationServerKey)) await before.unsubscribe();
    const found = read(await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
    if (!found) throw new Error('the browser gave no keys');
    return found;
  },
  unsubscribe: async () => {
    await (await (await registered())?.pushManager.getSubscription())?.unsubscribe();
  },
  shown: async () =>
    ((await (await registered())?.getNotifications()) ?? []).map((notification) => notification.tag),
  quiet: async (roomId) => {
    const shown = await (await registered())?.getNotifications(roomId === undefined ? {} : { tag: roomId });
    for (const notification of shown ?? []) notification.close();
    if (roomId === undefined && 'clearAppBadge' in navigator) await navigator.clearAppBadge();
  },
};

/** Ends pushes to this browser where no session runs: nothing of the last person comes here any more. */
export async function forgetPush(browser: PushBrowser = browserPush): Promise<void> {
  await browser.unsubscribe().catch(() => undefined);
  await browser.quiet().catch(() => undefined);
}
