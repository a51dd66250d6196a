import { readHints, type Hints } from './hints.ts';
import { worker, type WorkerNotificationEvent, type WorkerPushEvent } from './worker-types.ts';

/** What our push gateway sends: ids and a count, never content. */
interface Payload {
  readonly room?: string;
  readonly event?: string;
  readonly unread?: number;
  readonly test?: boolean;
}

/** Reads a push; whatever is not as it should be is left out. */
export function parsePayload(text: string): Payload {
  try {
    const raw = JSON.parse(text) as Record<string, unknown> | null;
    const { room, event, unread, test } = raw ?? {};
    return {
      ...(typeof room === 'string' && /^![^\s/]{1,254}$/.test(room) && { room }),
      ...(typeof event === 'string' && /^\$[^\s]{1,254}$/.test(event) && { event }),
      ...(typeof unread === 'number' && unread >= 0 && { unread: Math.floor(unread) }),
      ...(test === true && { test }),
    };
  } catch {
    return {};
  }
}

/** What a notification says. Without hints (storage was cleared) it is in both languages and names nobody. */
export function notificationFor(
  payload: Payload,
  hints: Hints | undefined,
): { title: string; options: NotificationOptions & { renotify?: boolean } } {
  const room = payload.room === undefined ? undefined : hints?.rooms[payload.room];
  const body =
    payload.test === true
      ? (hints?.testMessage ?? 'Test · 测试')
      : (hints?.newMessage ?? '新消息 · New message');
  return {
    title: room ?? hints?.brand ?? 'Qiao',
    options: {
      body,
      icon: hints?.icon ?? '/icons/icon-192.png',
      badge: '/icons/badge-96.png',
      lang: hints?.language ?? 'zh-Hans',
      tag: payload.room ?? 'qiao',
      renotify: true,
      data: {
        path: payload.room === undefined ? '/' : `/room/${encodeURIComponent(payload.room)}`,
        events: payload.event === undefined ? [] : [payload.event],
      },
    },
  };
}

/** The messages that a notification is about; see `show-notification.ts`. */
const eventsOf = (data: unknown): readonly string[] => {
  const { events } = (data ?? {}) as { events?: unknown };
  return Array.isArray(events) ? events.filter((each): each is string => typeof each === 'string') : [];
};

/** Shows a notification, unless the person is looking at the client: that shows the message itself. */
export async function onPush(event: WorkerPushEvent): Promise<void> {
  const payload = parsePayload(event.data?.text() ?? '');
  if (payload.unread !== undefined && 'setAppBadge' in navigator)
    await (payload.unread === 0 ? navigator.clearAppBadge() : navigator.setAppBadge(payload.unread)).catch(
      () => undefined,
    );
  const windows = await worker.clients.matchAll({ type: 'window' });
  const { title, options } = notificationFor(payload, await readHints().catch(() => undefined));
  if (payload.test !== true && windows.some((one) => one.focused && one.visibilityState === 'visible'))
    return;
  const [shown] = await worker.registration.getNotifications({ tag: options.tag ?? '' });
  // An open page has told of it already: the browser wants something to be shown for each push, not two sounds.
  if (shown && payload.event !== undefined && eventsOf(shown.data).includes(payload.event)) {
    const again = {
      ...options,
      body: shown.body,
      data: shown.data as unknown,
      renotify: false,
      silent: true,
    };
    await worker.registration.showNotification(shown.title, again);
    return;
  }
  await worker.registration.showNotification(title, options);
}

/** Leads to the room: in a window that is open, else in a new one. */
export async function onNotificationClick(event: WorkerNotificationEvent): Promise<void> {
  event.notification.close();
  const { path } = (event.notification.data ?? {}) as { path?: unknown };
  const to = typeof path === 'string' && path.startsWith('/') && !path.startsWith('//') ? path : '/';
  const windows = await worker.clients.matchAll({ type: 'window' });
  const open = windows.find((one) => !new URL(one.url).pathname.startsWith('/admin'));
  if (!open) {
    await worker.clients.openWindow(to);
    return;
  }
  open.postMessage({ type: 'open', path: to });
  // Needs the click of a person; the message alone shows the room where the window is already in front.
  await open.focus().catch(() => undefined);
}
