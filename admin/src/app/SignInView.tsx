import {
  Banner,
  loginFlows,
  Logo,
  SignInForm,
  SignInViewModel,
  useBrand,
  useText,
  useViewModel,
  type OpenIdAnswer,
} from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import { prove } from './matrix.ts';
import { Preferences } from './Preferences.tsx';

const PLACE = 'qiao.console.place';

/** Takes the token of a finished single sign-on from the address, and goes back to the place it began. */
export function takeLoginToken(): string | undefined {
  const here = new URL(location.href);
  const token = here.searchParams.get('loginToken');
  if (token === null) return undefined;
  here.searchParams.delete('loginToken');
  const place = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  const back = place?.startsWith('/admin') ? place : here.pathname + here.search;
  history.replaceState(null, '', back);
  return token;
}

export function SignInView(props: {
  exchange: (openid: OpenIdAnswer) => Promise<void>;
  ended: boolean;
  loginToken: string | undefined;
}): ReactNode {
  const { t } = useText('admin');
  const { shortName } = useBrand();
  const [, model] = useViewModel(
    () =>
      new SignInViewModel({
        enter: async (proof) => {
          await props.exchange(await prove(proof));
        },
        flows: () => loginFlows(''),
        loginToken: props.loginToken,
      }),
  );
  useEffect(() => {
    document.title = t('sign_in.title');
  });
  return (
    <div className="a-entry">
      <main className="a-entry__card">
        <div className="a-entry__brand">
          <Logo size={44} />
          <p className="a-entry__name">{shortName}</p>
        </div>
        <h1>{t('sign_in.title')}</h1>
        <p className="q-muted">{t('sign_in.intro')}</p>
        {props.ended && (
          <Banner tone="info" title={t('sign_in.ended')} live>
            {t('sign_in.ended_text')}
          </Banner>
        )}
        <SignInForm
          model={model}
          homeserverUrl=""
          back={`${location.origin}/admin/`}
          onLeave={() => {
            sessionStorage.setItem(PLACE, location.pathname + location.search);
          }}
        />
      </main>
      <footer className="a-entry__foot">
        <Preferences />
      </footer>
    </div>
  );
}
