import { Avatar } from '@vector-im/compound-web';
import ChatIcon from '@vector-im/compound-design-tokens/assets/web/icons/chat';
import HomeIcon from '@vector-im/compound-design-tokens/assets/web/icons/home';
import HostIcon from '@vector-im/compound-design-tokens/assets/web/icons/host';
import MenuIcon from '@vector-im/compound-design-tokens/assets/web/icons/menu';
import OfflineIcon from '@vector-im/compound-design-tokens/assets/web/icons/offline';
import SignOutIcon from '@vector-im/compound-design-tokens/assets/web/icons/sign-out';
import ChevronIcon from '@vector-im/compound-design-tokens/assets/web/icons/chevron-up-down';
import {
  CloseButton,
  ConfirmHost,
  cx,
  EmptyState,
  ErrorBoundary,
  ErrorState,
  holds,
  Logo,
  MenuButton,
  PageHead,
  RouterLink,
  Skeleton,
  ToastHost,
  useServices,
  useText,
  type ConsolePage,
  type IconType,
} from '@qiao/ui-kit';
import {
  lazy,
  Suspense,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
  type ReactNode,
} from 'react';
import { NavLink, Route, Routes, useLocation } from 'react-router';
import { modules } from '../modules.ts';
import { usePreferenceEntries } from './Preferences.tsx';

type Nav = NonNullable<ConsolePage['nav']>;

const ownPages: readonly ConsolePage[] = [
  {
    path: '/',
    nav: { group: 'start', order: 0, title: 'admin:nav.overview', Icon: HomeIcon, to: '/' },
    allowed: () => true,
    load: () => import('../features/overview/OverviewPage.tsx'),
  },
  {
    path: 'health',
    nav: { group: 'system', order: 1, title: 'admin:nav.health', Icon: HostIcon, to: '/health' },
    allowed: (session) => holds(session, 'org.installation.read', 'company'),
    load: () => import('../features/health/HealthPage.tsx'),
  },
];

const pages = [...ownPages, ...modules.flatMap((module) => module.console?.pages ?? [])].map((page) => ({
  ...page,
  View: lazy(page.load),
}));

const GROUPS = ['start', 'directory', 'rules', 'system'] as const;

function useOnline(): boolean {
  return useSyncExternalStore(
    (changed) => {
      addEventListener('online', changed);
      addEventListener('offline', changed);
      return () => {
        removeEventListener('online', changed);
        removeEventListener('offline', changed);
      };
    },
    () => navigator.onLine,
  );
}

function NavEntry({ entry, label }: { entry: Nav; label: string }): ReactNode {
  const Icon: IconType = entry.Icon;
  return (
    <NavLink to={entry.to} end={entry.to === '/'} className="a-nav__link">
      <Icon width={20} height={20} aria-hidden />
      <span>{label}</span>
    </NavLink>
  );
}

function Navigation(): ReactNode {
  const { t } = useText('admin');
  const { session, i18n } = useServices();
  return (
    <nav className="a-nav" aria-label={t('nav.label')}>
      {GROUPS.map((group) => {
        const entries = pages
          .filter((page) => page.nav?.group === group && page.allowed(session))
          .flatMap((page) => (page.nav ? [page.nav] : []))
          .sort((one, other) => one.order - other.order);
        if (entries.length === 0) return null;
        return (
          <div key={group} className="a-nav__group">
            {group !== 'start' && <p className="a-nav__heading">{t(`nav.groups.${group}`)}</p>}
            <ul>
              {entries.map((entry) => (
                <li key={entry.to}>
                  <NavEntry entry={entry} label={i18n.t(entry.title)} />
                </li>
              ))}
            </ul>
          </div>
        );
      })}
      <div className="a-nav__away">
        <a href="/" className="a-nav__link">
          <ChatIcon width={20} height={20} aria-hidden />
          <span>{t('nav.messages')}</span>
        </a>
      </div>
    </nav>
  );
}

function UserMenu(props: { onSignOut: () => void; compact?: boolean }): ReactNode {
  const { t } = useText('admin');
  const { session } = useServices();
  const { language, look } = usePreferenceEntries();
  // What they type to sign in; the whole Matrix id says nothing to people.
  const userName = session.userId.replace(/^@([^:]*):.*$/, '$1');
  return (
    <MenuButton
      label={t('user_menu', { name: session.displayName })}
      named={!props.compact}
      className={props.compact ? 'a-user a-user--compact' : 'a-user'}
      side={props.compact ? 'below' : 'above'}
      align={props.compact ? 'end' : 'start'}
      entries={[
        { heading: t('user_name', { name: userName }) },
        'line',
        { heading: t('language') },
        ...language,
        'line',
        { heading: t('theme') },
        ...look,
        'line',
        { label: t('sign_out'), Icon: SignOutIcon, onSelect: props.onSignOut },
      ]}
    >
      <Avatar id={session.userId} name={session.displayName} size="32px" aria-hidden />
      {!props.compact && (
        <>
          <span className="a-user__text">
            <span className="a-user__name">{session.displayName}</span>
            <span className="a-user__id">{userName}</span>
          </span>
          <span className="q-sr">{t('user_menu_short')}</span>
          <ChevronIcon width={18} height={18} aria-hidden />
        </>
      )}
    </MenuButton>
  );
}

function Brand(): ReactNode {
  const { t } = useText('admin');
  const { session } = useServices();
  return (
    <RouterLink to="/" className="a-brand">
      <Logo size={30} />
      <span className="a-brand__text">
        <span className="a-brand__name">{session.companyName}</span>
        <span className="a-brand__note">{t('console')}</span>
      </span>
    </RouterLink>
  );
}

function NotFound(): ReactNode {
  const { t } = useText('admin');
  return (
    <>
      <PageHead title={t('not_found.title')} />
      <EmptyState title={t('not_found.text')}>
        <RouterLink to="/">{t('not_found.home')}</RouterLink>
      </EmptyState>
    </>
  );
}

/** The frame around all pages: navigation, user menu, notices. */
export function Shell(props: { onSignOut: () => void }): ReactNode {
  const { t } = useText('admin');
  const { session } = useServices();
  const { pathname } = useLocation();
  const online = useOnline();
  const drawer = useRef<HTMLDialogElement>(null);
  const main = useRef<HTMLElement>(null);
  const [openAt, setOpenAt] = useState<string | undefined>();
  // The drawer belongs to the page it was opened on: going elsewhere closes it.
  const open = openAt === pathname;
  useEffect(() => {
    if (open) drawer.current?.showModal();
    else drawer.current?.close();
  }, [open]);
  const area = pathname.split('/')[1] ?? '';
  const arrived = useRef(area);
  useEffect(() => {
    if (arrived.current === area) return;
    arrived.current = area;
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [area]);
  const allowed = useMemo(() => pages.filter((page) => page.allowed(session)), [session]);
  return (
    <div className="a-shell">
      <a className="a-skip" href="#main">
        {t('skip')}
      </a>
      <header className="a-top">
        <button
          type="button"
          className="a-top__menu"
          aria-label={t('nav.open')}
          aria-expanded={open}
          onClick={() => {
            setOpenAt(pathname);
          }}
        >
          <MenuIcon width={24} height={24} aria-hidden />
        </button>
        <Brand />
        <UserMenu compact onSignOut={props.onSignOut} />
      </header>
      <aside className="a-rail">
        <Brand />
        <Navigation />
        <UserMenu onSignOut={props.onSignOut} />
      </aside>
      <dialog
        ref={drawer}
        className="a-drawer"
        aria-label={t('nav.label')}
        onClose={() => {
          setOpenAt(undefined);
        }}
        onPointerDown={(event) => {
          if (event.target === drawer.current) setOpenAt(undefined);
        }}
      >
        {open && (
          <div className="a-drawer__box">
            <div className="a-drawer__head">
              <Brand />
              <CloseButton
                onClick={() => {
                  setOpenAt(undefined);
                }}
              />
            </div>
            <Navigation />
          </div>
        )}
      </dialog>
      <main id="main" ref={main} tabIndex={-1} className={cx('a-main')}>
        {!online && (
          <div className="a-offline" role="status">
            <OfflineIcon width={18} height={18} aria-hidden />
            {t('offline')}
          </div>
        )}
        <div className="a-main__inner">
          <ErrorBoundary
            at={pathname}
            fallback={(error, reset) => <ErrorState error={error} retry={reset} />}
          >
            <Suspense fallback={<Skeleton lines={8} />}>
              <Routes>
                {allowed.map(({ path, View }) => (
                  <Route key={path} path={path} element={<View />} />
                ))}
                <Route path="*" element={<NotFound />} />
              </Routes>
            </Suspense>
          </ErrorBoundary>
        </div>
      </main>
      <ConfirmHost />
      <ToastHost />
    </div>
  );
}
