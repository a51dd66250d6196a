import { Button } from '@vector-im/compound-web';
import { Banner, Busy, FormShell, Logo, PasswordField, TextField, useText, useViewModel } from '@qiao/ui-kit';
import { useEffect, useRef, type ReactNode } from 'react';
import { ssoAddress, type OpenIdAnswer } from './matrix.ts';
import { Preferences } from './Preferences.tsx';
import { SignInViewModel } from './SignInViewModel.ts';

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
  const [state, model] = useViewModel(() => new SignInViewModel(props.exchange, props.loginToken));
  const form = useRef<HTMLDivElement>(null);
  useEffect(() => {
    document.title = t('sign_in.title');
  });
  const { problem, flows } = state;
  return (
    <div className="a-entry">
      <main className="a-entry__card" ref={form}>
        <div className="a-entry__brand">
          <Logo size={44} />
          <p className="a-entry__name">{t('brand')}</p>
        </div>
        <h1>{t('sign_in.title')}</h1>
        <p className="q-muted">{t('sign_in.intro')}</p>
        {props.ended && (
          <Banner tone="info" title={t('sign_in.ended')} live>
            {t('sign_in.ended_text')}
          </Banner>
        )}
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
                  autoFocus
                  value={state.user}
                  onChange={(user) => {
                    model.type({ user });
                  }}
                />
                <PasswordField
                  label={t('sign_in.password')}
                  name="password"
                  autoComplete="current-password"
                  value={state.password}
                  onChange={(password) => {
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
                {flows.password && <p className="a-entry__or">{t('sign_in.or')}</p>}
                {flows.sso.map((provider) => (
                  <Button
                    key={provider.id ?? 'sso'}
                    kind="secondary"
                    size="lg"
                    as="a"
                    href={ssoAddress(provider.id, `${location.origin}/admin/`)}
                    onClick={() => {
                      sessionStorage.setItem(PLACE, location.pathname + location.search);
                    }}
                  >
                    {provider.name ? t('sign_in.sso_with', { name: provider.name }) : t('sign_in.sso')}
                  </Button>
                ))}
              </div>
            )}
          </>
        )}
      </main>
      <footer className="a-entry__foot">
        <Preferences />
      </footer>
    </div>
  );
}
