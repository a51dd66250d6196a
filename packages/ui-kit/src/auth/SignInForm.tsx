import { Button } from '@vector-im/compound-web';
import type { ReactNode } from 'react';
import { Banner } from '../components/basics.tsx';
import { FormShell, PasswordField, TextField } from '../components/fields.tsx';
import { useText } from '../app/services.tsx';
import { useSnapshot } from '../model/useViewModel.ts';
import { ssoAddress } from './homeserver.ts';
import type { SignInSnapshot, SignInViewModel } from './SignInViewModel.ts';

/** The password is forgotten: asks who it is, and says what comes, which is the same for everybody. */
function Reset(props: { model: SignInViewModel; state: SignInSnapshot; fixedUser: boolean }): ReactNode {
  const { t } = useText('kit');
  const { model, state } = props;
  const back = (
    <Button
      kind="tertiary"
      size="lg"
      type="button"
      onClick={() => {
        model.showReset(false);
      }}
    >
      {t('sign_in.reset.back')}
    </Button>
  );
  if (state.reset === 'told') {
    return (
      <>
        <Banner tone="info" live title={t('sign_in.reset.told')}>
          {t('sign_in.reset.told_text')}
        </Banner>
        {back}
      </>
    );
  }
  return (
    <FormShell onSubmit={() => void model.askReset()}>
      <div>
        <h2>{t('sign_in.reset.title')}</h2>
        <p className="q-muted">{t('sign_in.reset.text')}</p>
      </div>
      <UserField model={model} state={state} fixed={props.fixedUser} />
      <Button kind="primary" size="lg" type="submit" disabled={state.busy}>
        {state.busy ? t('sign_in.reset.busy') : t('sign_in.reset.submit')}
      </Button>
      {back}
    </FormShell>
  );
}

/** Who it is, by whatever the company knows of them. */
function UserField(props: {
  model: SignInViewModel;
  state: SignInSnapshot;
  fixed: boolean;
  onTyping?: (() => void) | undefined;
}): ReactNode {
  const { t } = useText('kit');
  return (
    <TextField
      label={t('sign_in.user')}
      name="username"
      autoComplete="username"
      autoCapitalize="none"
      spellCheck={false}
      autoFocus={!props.fixed}
      disabled={props.fixed}
      maxLength={320}
      value={props.state.user}
      onChange={(user) => {
        props.onTyping?.();
        props.model.type({ user });
      }}
    />
  );
}

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
          title={t(
            problem.key === 'reset_empty' ? 'sign_in.reset.empty' : `sign_in.problems.${problem.key}`,
            {
              seconds: problem.seconds ?? '',
              text: problem.text ?? '',
            },
          )}
        />
      )}
      {state.reset !== undefined ? (
        <Reset model={model} state={state} fixedUser={props.fixedUser === true} />
      ) : (
        <>
          {flows.password && (
            <FormShell onSubmit={() => void model.submit()}>
              <UserField
                model={model}
                state={state}
                fixed={props.fixedUser === true}
                onTyping={props.onTyping}
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
              <button
                type="button"
                className="q-link-button"
                onClick={() => {
                  model.showReset(true);
                }}
              >
                {t('sign_in.forgot')}
              </button>
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
