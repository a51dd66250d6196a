import { Button } from '@vector-im/compound-web';
import {
  ApiClient,
  Busy,
  ConfirmHost,
  Logo,
  makeServices,
  ServicesProvider,
  ToastHost,
  useText,
  useViewModel,
  type I18n,
  type Proof,
} from '@qiao/ui-kit';
import { Suspense, useEffect, useState, type ComponentType, type ReactNode } from 'react';
import { BrowserRouter } from 'react-router';
import { MatrixContext } from '../matrix/context.tsx';
import { platformName } from '../pwa/platform.ts';
import { AppViewModel, homeserverUrl, sessionFor, type AppState } from './AppViewModel.ts';
import { Frame } from './Frame.tsx';
import { MatrixServices } from './MatrixServices.tsx';
import { Screen } from './Screen.tsx';
import { theme } from './theme.ts';
import { warm } from './warm.ts';
import { openPage, Shell, SignInView, type OpenPageProps } from './views.ts';

function Splash(props: { leaving?: boolean }): ReactNode {
  const { t } = useText('app');
  return (
    <main className="c-splash">
      <Logo size={56} />
      <Busy label={props.leaving === true ? t('signing_out') : t('starting')} />
    </main>
  );
}

function Current(props: { state: AppState; model: AppViewModel; loginToken: string | undefined }): ReactNode {
  const { t } = useText('app');
  const { state, model } = props;
  switch (state.at) {
    case 'starting':
      return <Splash />;
    case 'signing-out':
      return <Splash leaving />;
    case 'no-storage':
      return state.why === 'insecure' ? (
        <Screen title={t('insecure')} text={t('insecure_text')} />
      ) : (
        <Screen title={t('no_storage')} text={t('no_storage_text')} />
      );
    case 'elsewhere':
      return (
        <Screen title={t('elsewhere')} text={t('elsewhere_text')}>
          <Button kind="primary" size="md" onClick={() => void model.takeOver()}>
            {t('use_here')}
          </Button>
        </Screen>
      );
    case 'failed':
      return (
        <Screen title={t('failed')} text={t('failed_text')}>
          <Button kind="primary" size="md" onClick={() => void model.enter()}>
            {t('retry')}
          </Button>
          <Button kind="secondary" size="md" onClick={() => void model.signOut()}>
            {t('reset')}
          </Button>
        </Screen>
      );
    case 'signed-out':
      return (
        <Frame>
          <SignInView
            homeserverUrl={homeserverUrl()}
            enter={model.signIn}
            loginToken={props.loginToken}
            onTyping={warm}
            ended={state.why === 'ended' || state.why === 'lost' ? state.why : undefined}
          />
        </Frame>
      );
    case 'soft-signed-out':
      return (
        <Frame>
          <SignInView
            key="again"
            homeserverUrl={homeserverUrl()}
            enter={model.signIn}
            loginToken={props.loginToken}
            onTyping={warm}
            ended={undefined}
            again={{ userId: state.userId, onOther: () => model.signOut() }}
          />
        </Frame>
      );
    case 'signed-in':
      return (
        <MatrixContext value={state.matrix}>
          <BrowserRouter>
            <MatrixServices>
              <Shell onSignOut={(everywhere) => void model.signOut(everywhere)} />
            </MatrixServices>
          </BrowserRouter>
        </MatrixContext>
      );
  }
}

/** A page for people who are not signed in here, or not yet anywhere. */
function OpenPage(props: { i18n: I18n; Page: ComponentType<OpenPageProps> } & OpenPageProps): ReactNode {
  const { i18n } = props;
  const [services] = useState(() =>
    makeServices({ i18n, api: new ApiClient({ language: () => i18n.locale }), session: sessionFor('') }),
  );
  return (
    <ServicesProvider services={services}>
      <Suspense fallback={<Splash />}>
        <Frame>
          <props.Page enter={props.enter} />
        </Frame>
      </Suspense>
    </ServicesProvider>
  );
}

function Workspace(props: {
  i18n: I18n;
  loginToken: string | undefined;
  proof: Proof | undefined;
}): ReactNode {
  const [{ state, services }, model] = useViewModel(
    () =>
      new AppViewModel(props.i18n, {
        deviceName: () => props.i18n.t('app:device_name', { platform: platformName() }),
        proof: props.proof,
      }),
  );
  return (
    <ServicesProvider services={services}>
      <Suspense fallback={<Splash />}>
        <Current state={state} model={model} loginToken={props.loginToken} />
      </Suspense>
      <ToastHost />
      <ConfirmHost />
    </ServicesProvider>
  );
}

/** The whole client. */
export function App(props: { i18n: I18n; loginToken: string | undefined }): ReactNode {
  useEffect(() => theme.mount(), []);
  const [proof, setProof] = useState<Proof>();
  const Page = proof ? undefined : openPage(location.pathname);
  const enter = (given: Proof): void => {
    history.replaceState(null, '', '/');
    setProof(given);
  };
  return Page ? (
    <OpenPage i18n={props.i18n} Page={Page} enter={enter} />
  ) : (
    <Workspace {...props} proof={proof} />
  );
}
