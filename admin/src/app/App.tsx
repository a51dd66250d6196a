import { Button } from '@vector-im/compound-web';
import {
  administers,
  EmptyState,
  ErrorState,
  Logo,
  ServicesProvider,
  useText,
  useViewModel,
  type I18n,
} from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import { BrowserRouter } from 'react-router';
import { AppViewModel } from './AppViewModel.ts';
import { Entry } from './Entry.tsx';
import { Shell } from './Shell.tsx';
import { SignInView } from './SignInView.tsx';
import { theme } from './theme.ts';

/** Signed in, but not an administrator of anything. */
function NoAccess(props: { userId: string; onSignOut: () => void }): ReactNode {
  const { t } = useText('admin');
  return (
    <Entry title={t('no_access.title')}>
      <EmptyState compact title={props.userId} text={t('no_access.text')}>
        <Button kind="primary" size="md" onClick={props.onSignOut}>
          {t('no_access.other')}
        </Button>
      </EmptyState>
    </Entry>
  );
}

export function App(props: { i18n: I18n; loginToken: string | undefined }): ReactNode {
  const [{ state, services }, model] = useViewModel(() => new AppViewModel(props.i18n));
  useEffect(() => theme.mount(), []);
  const { session } = services;
  const signOut = (): void => void model.signOut();
  let view: ReactNode;
  switch (state.at) {
    case 'starting':
      view = (
        <div className="a-splash">
          <Logo size={56} />
        </div>
      );
      break;
    case 'failed':
      view = (
        <main className="a-splash">
          <ErrorState error={state.error} retry={() => void model.enter()} />
        </main>
      );
      break;
    case 'signed-out':
      view = <SignInView exchange={model.exchange} ended={state.ended} loginToken={props.loginToken} />;
      break;
    case 'signed-in':
      view = administers(session) ? (
        <BrowserRouter basename="/admin">
          <Shell onSignOut={signOut} />
        </BrowserRouter>
      ) : (
        <NoAccess userId={session.userId} onSignOut={signOut} />
      );
  }
  return <ServicesProvider services={services}>{view}</ServicesProvider>;
}
