import UpdateIcon from '@vector-im/compound-design-tokens/assets/web/icons/restart';
import { useGo, useSnapshot, useText } from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import { LineBanner } from '../components/LineBanner.tsx';
import { appShell } from './update.ts';

/** Below a signed-in person's pages: begins the service worker, offers new versions, follows notifications. */
export function AppShellHost(): ReactNode {
  const { t } = useText('app');
  const { updateReady, updating } = useSnapshot(appShell);
  const go = useGo();
  useEffect(() => {
    // After the first paint of the list: the shell's files must not compete with the first sync.
    const idle = requestIdleCallback(() => void appShell.begin(), { timeout: 5_000 });
    return () => {
      cancelIdleCallback(idle);
    };
  }, []);
  useEffect(() => {
    const open = (event: MessageEvent): void => {
      const { type, path } = (event.data ?? {}) as { type?: unknown; path?: unknown };
      if (type === 'open' && typeof path === 'string' && path.startsWith('/')) void go(path);
    };
    // Absent where the page is not secure.
    const worker = 'serviceWorker' in navigator ? navigator.serviceWorker : undefined;
    worker?.addEventListener('message', open);
    return () => {
      worker?.removeEventListener('message', open);
    };
  }, [go]);
  return (
    <div role="alert">
      {updateReady && (
        <LineBanner
          Icon={UpdateIcon}
          text={t('update_ready')}
          actions={[{ label: t(updating ? 'updating' : 'update_now'), run: appShell.update, busy: updating }]}
        />
      )}
    </div>
  );
}
