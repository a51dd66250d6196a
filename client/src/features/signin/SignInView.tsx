import { Button } from '@vector-im/compound-web';
import {
  Banner,
  forgotPassword,
  loginFlows,
  rememberPlace,
  SignInForm,
  SignInViewModel,
  useBrand,
  useServices,
  useText,
  useViewModel,
  type Proof,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useTitle } from '../../app/title.ts';
import { PLACE } from './place.ts';

/** Sign-in: new, after the session was ended, or again on a device whose keys are still here. */
export default function SignInView(props: {
  homeserverUrl: string;
  enter: (proof: Proof) => Promise<void>;
  loginToken: string | undefined;
  /** The person begins to type: what comes after the sign-in can be loaded. */
  onTyping: () => void;
  /** Why the device was signed out without the person's doing. */
  ended: 'ended' | 'lost' | undefined;
  /** Who signs in again (soft logout). */
  again?: { userId: string; onOther: () => Promise<void> };
}): ReactNode {
  const { t } = useText('signin');
  const { api, confirm } = useServices();
  const { again } = props;
  const { intro } = useBrand();
  const [, model] = useViewModel(
    () =>
      new SignInViewModel({
        enter: props.enter,
        flows: () => loginFlows(props.homeserverUrl),
        loginToken: props.loginToken,
        user: again?.userId,
        forgot: (name) => api.call(forgotPassword, { body: { name } }),
      }),
  );
  const title = again ? t('soft_title') : t('title');
  useTitle(title);
  return (
    <>
      <h1>{title}</h1>
      {props.ended !== undefined && (
        <Banner tone={props.ended === 'lost' ? 'warn' : 'info'} title={t(props.ended)} live>
          {t(`${props.ended}_text`)}
        </Banner>
      )}
      {again && <p className="q-muted">{t('soft_text')}</p>}
      {!again && intro !== undefined && <p className="q-muted">{intro}</p>}
      <SignInForm
        model={model}
        homeserverUrl={props.homeserverUrl}
        back={`${location.origin}/`}
        fixedUser={again !== undefined}
        onLeave={() => {
          rememberPlace(PLACE);
        }}
        onTyping={props.onTyping}
      />
      {again ? (
        <Button
          kind="tertiary"
          size="md"
          onClick={() =>
            void confirm
              .ask({
                title: t('other_account'),
                body: t('other_account_text'),
                confirm: t('other_account'),
                destructive: true,
              })
              .then((yes) => (yes ? again.onOther() : undefined))
          }
        >
          {t('other_account')}
        </Button>
      ) : (
        <div className="q-stack q-stack--tight q-small q-muted">
          <p>{t('no_account')}</p>
          <p>
            <a href="/start">{t('other_clients')}</a>
          </p>
        </div>
      )}
    </>
  );
}
