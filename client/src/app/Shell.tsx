import ChatIcon from '@vector-im/compound-design-tokens/assets/web/icons/chat';
import ClockIcon from '@vector-im/compound-design-tokens/assets/web/icons/time';
import OfflineIcon from '@vector-im/compound-design-tokens/assets/web/icons/offline';
import ChatSolidIcon from '@vector-im/compound-design-tokens/assets/web/icons/chat-solid';
import SearchIcon from '@vector-im/compound-design-tokens/assets/web/icons/search';
import DirectoryIcon from '@vector-im/compound-design-tokens/assets/web/icons/company';
import { Button } from '@vector-im/compound-web';
import {
  Busy,
  EmptyState,
  ErrorBoundary,
  lazyView,
  RouterLink,
  useServices,
  useSnapshot,
  useText,
  type ClientPage,
  type IconType,
} from '@qiao/ui-kit';
import {
  Suspense,
  useEffect,
  useState,
  useSyncExternalStore,
  type ComponentType,
  type ReactNode,
} from 'react';
import { matchPath, NavLink, Route, Routes, useLocation } from 'react-router';
import { countText } from '../components/count-text.ts';
import { LineBanner } from '../components/LineBanner.tsx';
import { useSteady } from '../components/steady.ts';
import { useMatrix } from '../matrix/context.tsx';
import { waitingOf } from '../matrix/rooms.ts';
import { RefusalsHost } from '../features/room/RefusalsHost.tsx';
import { Badge } from '../features/rooms/Badge.tsx';
import { NewChatHost } from '../features/rooms/NewChatDialog.tsx';
import { Switcher } from '../features/rooms/Switcher.tsx';
import { modules } from '../modules.ts';
import { AppShellHost } from '../pwa/AppShellHost.tsx';
import { Chats, Directory, KeysHost, NotifierHost, Person, ReadingLines, Search, Settings } from './pages.ts';
import { useTitle } from './title.ts';
import { UserMenu } from './UserMenu.tsx';

interface RailEntry {
  readonly title: string;
  readonly Icon: IconType;
  readonly ActiveIcon?: IconType;
  readonly to: string;
  readonly order: number;
  /** Also shown as active below these. */
  readonly also?: readonly string[];
  /** Watches the count of what waits there. */
  readonly badge?: Badged;
  /** A count of its own. */
  readonly Count?: ComponentType;
}
type Badged = NonNullable<NonNullable<ClientPage['nav']>['badge']>;

/** Messages that wait, as in the list and the title; red where one mentions the person. */
function ChatsCount(): ReactNode {
  const { t } = useText('app');
  const { totals } = useSnapshot(useMatrix().rooms);
  const count = waitingOf(totals);
  if (count === 0) return null;
  return (
    <span className="c-rail__count" data-mention={totals.mentions > 0}>
      <span aria-hidden>{countText(count)}</span>
      <span className="q-sr">
        {t('nav.waiting', { count })}
        {totals.mentions > 0 && `, ${t('nav.mentions', { count: totals.mentions })}`}
      </span>
    </span>
  );
}

const ownEntries: readonly RailEntry[] = [
  {
    title: 'app:nav.chats',
    Icon: ChatIcon,
    ActiveIcon: ChatSolidIcon,
    to: '/',
    order: 0,
    also: ['/room/'],
    Count: ChatsCount,
  },
  { title: 'app:nav.search', Icon: SearchIcon, to: '/search', order: 5 },
  { title: 'app:nav.directory', Icon: DirectoryIcon, to: '/directory', order: 20, also: ['/person/'] },
];

const domainPages = modules.flatMap((module) =>
  (module.client?.pages ?? []).map((page) => ({ ...page, domain: module.id, View: lazyView(page.load) })),
);

/** How much waits behind an entry. */
function RailCount(props: { badge: Badged }): ReactNode {
  const { t } = useText('app');
  const services = useServices();
  const [count, setCount] = useState(0);
  const { badge } = props;
  useEffect(() => badge(services, setCount), [badge, services]);
  if (count === 0) return null;
  return (
    <span className="c-rail__count">
      <span aria-hidden>{countText(count)}</span>
      <span className="q-sr">{t('nav.waiting', { count })}</span>
    </span>
  );
}

/** The conversation is shown beside the list. */
const BESIDE_LIST = '(width >= 720px)';
const isBeside = (): boolean => matchMedia(BESIDE_LIST).matches;
const onBeside = (listener: () => void): (() => void) => {
  const query = matchMedia(BESIDE_LIST);
  query.addEventListener('change', listener);
  return () => {
    query.removeEventListener('change', listener);
  };
};

/**
 * Where the chats are: beside the list the conversation that was open last, so that a look into the directory does
 * not close it; on a phone the list.
 */
function useChatsPath(pathname: string): string {
  const { rooms } = useMatrix();
  const beside = useSyncExternalStore(onBeside, isBeside);
  const [open, setOpen] = useState<string>();
  if (pathname.startsWith('/room/') && pathname !== open) setOpen(pathname);
  const isInChats = pathname === '/' || pathname.startsWith('/room/');
  if (open === undefined || isInChats || !beside) return '/';
  const roomId = matchPath('/room/:roomId', open)?.params.roomId;
  return roomId !== undefined && rooms.getSnapshot().byId.has(roomId) ? open : '/';
}

function Rail(): ReactNode {
  const { t } = useText('app');
  const { session, i18n } = useServices();
  const { pathname } = useLocation();
  const chats = useChatsPath(pathname);
  const allowed = [
    ...ownEntries,
    ...domainPages.flatMap((page) => (page.nav && page.allowed(session) ? [page.nav] : [])),
  ].sort((one: RailEntry, other: RailEntry) => one.order - other.order);
  // What a person may see is known a moment after the start, and on a phone each entry moves the others.
  const entries = useSteady(allowed, allowed.map((entry) => entry.to).join(' '));
  return (
    <nav className="c-rail" aria-label={t('nav.label')}>
      <ul className="c-rail__entries">
        {entries.map((entry: RailEntry) => {
          const active =
            (entry.to === '/' ? pathname === '/' : pathname.startsWith(entry.to)) ||
            (entry.also ?? []).some((begin) => pathname.startsWith(begin));
          const Icon = active ? (entry.ActiveIcon ?? entry.Icon) : entry.Icon;
          return (
            <li key={entry.to}>
              <NavLink
                to={entry.to === '/' ? chats : entry.to}
                className="c-rail__link"
                data-active={active}
                aria-current={active ? 'page' : undefined}
              >
                <Icon width={24} height={24} aria-hidden />
                <span>{i18n.t(entry.title)}</span>
                {entry.badge && <RailCount badge={entry.badge} />}
                {entry.Count && <entry.Count />}
              </NavLink>
            </li>
          );
        })}
      </ul>
      <UserMenu />
    </nav>
  );
}

/** A line above everything while the homeserver does not answer, or the clock is wrong. */
function ConnectionLine(): ReactNode {
  const { t, format } = useText('app');
  const { connection, clockOff, heardAt, full } = useSnapshot(useMatrix().status);
  const away = full ? t('full') : connection === 'offline' ? t('offline') : undefined;
  return (
    <>
      <div role="status" data-connection={connection}>
        {away !== undefined && <LineBanner Icon={OfflineIcon} urgent text={away} />}
      </div>
      <div role="status">
        {clockOff !== 0 && (
          <LineBanner
            Icon={ClockIcon}
            urgent
            text={t('clock_wrong', {
              device: format.dateTime(new Date(heardAt)),
              right: format.dateTime(new Date(heardAt - clockOff)),
            })}
          />
        )}
      </div>
    </>
  );
}

function NotFound(): ReactNode {
  const { t } = useText('app');
  useTitle(t('not_found'));
  return (
    <main className="c-page-area">
      <EmptyState title={t('not_found')}>
        <RouterLink to="/">{t('to_chats')}</RouterLink>
      </EmptyState>
    </main>
  );
}

/** Shown in place of a part that threw. */
function PartFailed(props: { reset: () => void }): ReactNode {
  const { t } = useText('app');
  return (
    <main className="c-page-area">
      <EmptyState title={t('part_failed')}>
        <Button kind="secondary" size="md" onClick={props.reset}>
          {t('reload')}
        </Button>
      </EmptyState>
    </main>
  );
}

/** What a signed-in person sees: the rail, and the page of the address. */
export default function Shell(props: { onSignOut: (everywhere: boolean) => void }): ReactNode {
  const { session } = useServices();
  const { pathname } = useLocation();
  const part = pathname.split('/')[1] ?? '';
  return (
    <div className="c-shell" data-in-room={pathname.startsWith('/room/')}>
      <header className="c-lines">
        <ConnectionLine />
        <Suspense fallback={null}>
          <KeysHost onSignOut={props.onSignOut} />
          <ReadingLines />
          <NotifierHost />
        </Suspense>
        <AppShellHost />
      </header>
      <Badge />
      <RefusalsHost />
      <Switcher />
      <NewChatHost />
      <Rail />
      <ErrorBoundary at={part} fallback={(_error, reset) => <PartFailed reset={reset} />}>
        <Suspense fallback={<Busy />}>
          <Routes>
            <Route path="/" element={<Chats />} />
            <Route path="/room/:roomId" element={<Chats />} />
            <Route path="/search" element={<Search />} />
            <Route path="/directory/:departmentId?" element={<Directory />} />
            <Route path="/person/:userId" element={<Person />} />
            <Route path="/settings/:section?" element={<Settings />} />
            {domainPages
              .filter((page) => page.allowed(session))
              .map((page) => (
                <Route
                  key={`${page.domain}/${page.path}`}
                  path={`/x/${page.domain}/${page.path}`}
                  element={<page.View />}
                />
              ))}
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Suspense>
      </ErrorBoundary>
    </div>
  );
}
