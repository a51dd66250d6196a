import NotificationsIcon from '@vector-im/compound-design-tokens/assets/web/icons/notifications';
import { useGo, useServices, useSnapshot, useText } from '@qiao/ui-kit';
import { useEffect, useRef, type ReactNode } from 'react';
import { LineBanner } from '../../components/LineBanner.tsx';
import { Arrivals } from '../../matrix/arrivals.ts';
import { useMatrix } from '../../matrix/context.tsx';
import { pageNotify } from '../../pwa/page-notify.ts';
import { showNotification } from '../../pwa/show-notification.ts';
import { playSound } from '../../pwa/sound.ts';
import { tellOf, type NotifierParts } from './notifier.ts';
import { QUIET_KEY, quietApi } from './QuietViewModel.ts';
import './notifications.css';

/** How long a page that starts may take to know whose quiet hours hold, milliseconds. */
const START_MS = 10_000;
/** An answer about the quiet hours counts so long; a signal says sooner that they changed, milliseconds. */
const FRESH_MS = 5 * 60_000;

/** Tells of messages while the page is open. */
function useNotifier(): void {
  const services = useServices();
  const { client } = useMatrix();
  const { t } = useText('notifications');
  const go = useGo();
  // What is said is in the language of then, by the session of then.
  const now = useRef({ services, t, go });
  const person = useRef<() => void>(undefined);
  useEffect(() => {
    now.current = { services, t, go };
    if (services.session.personId !== undefined) person.current?.();
  }, [services, t, go]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const known = new Promise<void>((resolve) => {
      person.current = resolve;
      timer = setTimeout(resolve, START_MS);
    });
    if (now.current.services.session.personId !== undefined) person.current?.();
    const parts: NotifierParts = {
      wishes: async () => {
        await known;
        const { queries, api, session } = now.current.services;
        if (session.personId === undefined) return undefined;
        return queries
          .query({
            queryKey: QUIET_KEY,
            queryFn: ({ signal }) => api.call(quietApi.settings, { signal }),
            staleTime: FRESH_MS,
          })
          .catch(() => undefined);
      },
      settings: () => pageNotify.getSnapshot(),
      looksAt: () => {
        const [, area, room] = location.pathname.split('/');
        return {
          client: document.hasFocus() && document.visibilityState === 'visible',
          roomId: area === 'room' && room !== undefined ? decodeURIComponent(room) : undefined,
        };
      },
      words: () => {
        const { services: its, t: say } = now.current;
        return {
          brand: its.i18n.brand.shortName[its.i18n.locale],
          message: say('push.message'),
          messageOf: (name) => say('page.message_of', { name }),
          mentionOf: (name) => say('page.mention_of', { name }),
          messages: (count) => say('page.messages', { count }),
          conversations: (count, rooms) => say('page.conversations', { count, rooms }),
          invitation: say('page.invitation'),
          words: ({ preview, sender, direct }) => {
            const text =
              'text' in preview ? preview.text : its.i18n.t(`room:preview.${preview.key}`, preview.values);
            return direct ? text : say('page.words', { name: sender, text });
          },
        };
      },
      show: (notification) => {
        const { i18n } = now.current.services;
        // Notifications show no drawn pictures.
        const icon = i18n.brand.icon.endsWith('.svg') ? '/icons/icon-192.png' : i18n.brand.icon;
        return showNotification(
          notification,
          { icon, lang: i18n.locale },
          (path) => void now.current.go(path),
        );
      },
      play: () => playSound(),
      now: () => new Date(),
    };
    const end = new Arrivals(client, (arrivals) => {
      // A browser that refuses now is asked again with the next message.
      void tellOf(arrivals, parts).catch(() => undefined);
    }).start();
    return () => {
      end();
      clearTimeout(timer);
    };
  }, [client]);
}

/** Keys are there: then it is asked, once, whether messages are to be told. */
const SETTLED: ReadonlySet<string> = new Set(['ready', 'recovery-unsaved', 'no-recovery', 'backup-off']);

function Offer(): ReactNode {
  const { t } = useText('notifications');
  const { encryption } = useMatrix();
  const { state, dialog } = useSnapshot(encryption);
  const { permission, answered } = useSnapshot(pageNotify);
  if (permission !== 'default' || answered || dialog !== undefined || !SETTLED.has(state)) return null;
  return (
    <LineBanner
      Icon={NotificationsIcon}
      text={t('offer.text')}
      actions={[
        { label: t('offer.yes'), run: () => void pageNotify.turnOn() },
        { label: t('offer.no'), run: pageNotify.decline },
      ]}
    />
  );
}

/** Notifications while the page is open, and the question whether they are wanted. */
export default function NotifierHost(): ReactNode {
  useNotifier();
  return <Offer />;
}
