import { lazy, Suspense, type ReactNode } from 'react';
import { Frame } from './Frame.tsx';
import { Skeleton } from '@qiao/ui-kit';

const StartPage = lazy(() => import('../features/start/StartView.tsx'));
const ActivatePage = lazy(() => import('../features/activate/ActivateView.tsx'));

/** Two pages so far: the start page, and the activation of an account. */
export function App({ path }: { path: string }): ReactNode {
  const Page = path.replace(/\/+$/, '') === '/activate' ? ActivatePage : StartPage;
  return (
    <Frame>
      <Suspense fallback={<Skeleton lines={4} />}>
        <Page />
      </Suspense>
    </Frame>
  );
}
