/** A notification by the page itself. */
export interface PageNotification {
  readonly title: string;
  readonly body: string;
  /** The conversation: a newer notification takes the place of an older one. */
  readonly tag: string;
  /** Where a click leads. */
  readonly path: string;
  /** Messages it is about. */
  readonly events: readonly string[];
  readonly silent: boolean;
}

/** The DOM's types leave this one out; browsers do not. */
type Options = NotificationOptions & { renotify?: boolean };

/** Messages remembered with a notification, so that none is told twice. */
const MOST_EVENTS = 20;

/** The messages that a notification is about; written again in the service worker, which imports nothing of the page. */
const eventsOf = (data: unknown): readonly string[] => {
  const { events } = (data ?? {}) as { events?: unknown };
  return Array.isArray(events) ? events.filter((each): each is string => typeof each === 'string') : [];
};

/**
 * Shows a notification by the service worker, whose clicks come back to an open page; else by the page alone. What a
 * push has shown already is said better, without a second sound.
 * @param open leads to a path, where the page shows it alone
 */
export async function showNotification(
  notification: PageNotification,
  look: { readonly icon: string; readonly lang: string },
  open: (path: string) => void,
): Promise<void> {
  const { title, body, tag, path, silent } = notification;
  const registration =
    'serviceWorker' in navigator ? await navigator.serviceWorker.getRegistration('/') : undefined;
  const before = registration?.active ? await registration.getNotifications({ tag }) : [];
  const shown = before.flatMap(({ data }) => eventsOf(data));
  const again = notification.events.every((event) => shown.includes(event));
  const options: Options = {
    body,
    tag,
    icon: look.icon,
    badge: '/icons/badge-96.png',
    lang: look.lang,
    silent: silent || again,
    renotify: !again,
    data: { path, events: [...shown, ...notification.events].slice(-MOST_EVENTS) },
  };
  if (registration?.active) {
    await registration.showNotification(title, options);
    return;
  }
  const made = new Notification(title, options);
  made.onclick = () => {
    made.close();
    globalThis.focus();
    open(path);
  };
}
