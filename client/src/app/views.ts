import { lazyView, type LazyView, type Proof } from '@qiao/ui-kit';

/*
 * What the whole client shows, each loaded when it is first shown or before (`warm.ts`). Here and not beside their
 * use, so that what loads them early loads the same; the pages within are in `pages.ts`.
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
