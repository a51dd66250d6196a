import {
  Banner,
  loginFlows,
  Logo,
  rememberPlace,
  SignInForm,
  SignInViewModel,
  useBrand,
  useText,
  useViewModel,
  type OpenIdAnswer,
} from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import { prove } from './matrix.ts';
import { PLACE } from './place.ts';
import { Preferences } from './Preferences.tsx';

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
            rememberPlace(PLACE);
          }}
        />
      </main>
      <footer className="a-entry__foot">
        <Preferences />
      </footer>
    </div>
  );
}
