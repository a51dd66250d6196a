import { Button } from '@vector-im/compound-web';
import type { ReactNode } from 'react';
import { Banner, Busy } from '../components/basics.tsx';
import { FormShell, PasswordField, TextField } from '../components/fields.tsx';
import { useText } from '../app/services.tsx';
import { useSnapshot } from '../model/useViewModel.ts';
import { ssoAddress } from './homeserver.ts';
import type { SignInViewModel } from './SignInViewModel.ts';

/** Name and password, and the ways of single sign-on the homeserver offers. */
export function SignInForm(props: {
  model: SignInViewModel;
  homeserverUrl: string;
  /** Where single sign-on leads back to, with `?loginToken=`. */
  back: string;
  /** Called before the page is left for single sign-on. */
  onLeave?: () => void;
  /** The name is given and cannot be changed. */
  fixedUser?: boolean;
  /** Called at the first key: there is time to load what comes next. */
  onTyping?: () => void;
}): ReactNode {
  const { t } = useText('kit');
  const { model } = props;
  const state = useSnapshot(model);
  const { problem, flows } = state;
  return (
    <>
      {problem && (
        <Banner
          tone="bad"
          live
          title={t(`sign_in.problems.${problem.key}`, {
            seconds: problem.seconds ?? '',
            text: problem.text ?? '',
          })}
        />
      )}
      {flows === undefined ? (
        <Busy />
      ) : (
        <>
          {flows.password && (
            <FormShell onSubmit={() => void model.submit()}>
              <TextField
                label={t('sign_in.user')}
                name="username"
                autoComplete="username"
                autoCapitalize="none"
                spellCheck={false}
                autoFocus={!props.fixedUser}
                disabled={props.fixedUser === true}
                value={state.user}
                onChange={(user) => {
                  props.onTyping?.();
                  model.type({ user });
                }}
              />
              <PasswordField
                label={t('sign_in.password')}
                name="password"
                autoComplete="current-password"
                value={state.password}
                onChange={(password) => {
                  props.onTyping?.();
                  model.type({ password });
                }}
              />
              <Button kind="primary" size="lg" type="submit" disabled={state.busy}>
                {state.busy ? t('sign_in.busy') : t('sign_in.submit')}
              </Button>
            </FormShell>
          )}
          {flows.sso.length > 0 && (
            <div className="q-stack q-stack--tight">
              {flows.password && <p className="q-or">{t('sign_in.or')}</p>}
              {flows.sso.map((provider) => (
                <Button
                  key={provider.id ?? 'sso'}
                  kind="secondary"
                  size="lg"
                  as="a"
                  href={ssoAddress(props.homeserverUrl, provider.id, props.back)}
                  onClick={() => {
                    props.onLeave?.();
                  }}
                >
                  {provider.name ? t('sign_in.sso_with', { name: provider.name }) : t('sign_in.sso')}
                </Button>
              ))}
            </div>
          )}
        </>
      )}
    </>
  );
}
