import { lazyView, type LazyView, type Proof } from '@qiao/ui-kit';

/*
 * The pages, each loaded when it is first shown or before (`warm.ts`). Here and not beside their use, so that what
 * loads them early loads the same.
 */

/** What a page without a session can do: sign in with a proof it has. */
export interface OpenPageProps {
  readonly enter: (proof: Proof) => void;
}

/** Pages that need no session of this device. */
const OPEN_PAGES: Readonly<Record<string, LazyView<OpenPageProps>>> = {
  '/activate': lazyView(() => import('../features/activate/ActivateView.tsx')),
  '/start': lazyView<OpenPageProps>(() => import('../features/start/StartView.tsx')),
};
export const openPage = (pathname: string): LazyView<OpenPageProps> | undefined =>
  OPEN_PAGES[pathname.replace(/\/+$/, '')];

export const SignInView = lazyView(() => import('../features/signin/SignInView.tsx'));
export const Shell = lazyView(() => import('./Shell.tsx'));

export const Chats = lazyView(() => import('../features/rooms/ChatsView.tsx'));
export const Search = lazyView(() => import('../features/search/SearchView.tsx'));
export const Directory = lazyView(() => import('../features/directory/DirectoryView.tsx'));
export const Person = lazyView(() => import('../features/directory/PersonView.tsx'));
export const ReadingLines = lazyView(() => import('../features/reading/ReadingLines.tsx'));
export const Settings = lazyView(() => import('../features/settings/SettingsView.tsx'));
export const KeysHost = lazyView(() => import('../features/keys/KeysHost.tsx'));
