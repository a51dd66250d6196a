import {
  Banner,
  forgotPassword,
  loginFlows,
  rememberPlace,
  SignInForm,
  SignInViewModel,
  useServices,
  useText,
  useViewModel,
  type OpenIdAnswer,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { Entry } from './Entry.tsx';
import { prove } from './matrix.ts';
import { PLACE } from './place.ts';

export function SignInView(props: {
  exchange: (openid: OpenIdAnswer) => Promise<void>;
  ended: boolean;
  loginToken: string | undefined;
}): ReactNode {
  const { t } = useText('admin');
  const { api } = useServices();
  const [, model] = useViewModel(
    () =>
      new SignInViewModel({
        enter: async (proof) => {
          await props.exchange(await prove(proof));
        },
        flows: () => loginFlows(''),
        loginToken: props.loginToken,
        forgot: (name) => api.call(forgotPassword, { body: { name } }),
      }),
  );
  return (
    <Entry title={t('sign_in.title')}>
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
    </Entry>
  );
}
