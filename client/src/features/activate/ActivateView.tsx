import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Card,
  CopyField,
  ErrorState,
  FormShell,
  PasswordField,
  Skeleton,
  cx,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import {
  ActivateViewModel,
  MIN_LENGTH,
  strengthOf,
  type ActivateSnapshot,
  type Info,
} from './ActivateViewModel.ts';

/** The token is in the fragment, which no server sees; it does not stay in the history. */
function takeToken(): string {
  const token = location.hash.slice(1);
  if (token !== '') history.replaceState(null, '', location.pathname);
  return token;
}
const token = takeToken();

function Password({
  state,
  info,
  model,
}: {
  state: ActivateSnapshot;
  info: Info;
  model: ActivateViewModel;
}): ReactNode {
  const { t, format } = useText('client');
  const strength = strengthOf(state.password);
  const rules = [
    { key: 'length', met: Array.from(state.password).length >= MIN_LENGTH },
    { key: 'same', met: state.password !== '' && state.password === state.again },
  ] as const;
  return (
    <>
      <div>
        <h1>{t('activate.title')}</h1>
        <p className="q-muted">{t('activate.intro', { company: info.company_name })}</p>
      </div>
      <div className="c-who">
        <strong>{info.display_name}</strong>
        <span className="q-mono">{info.user_id}</span>
      </div>
      {state.refused.length > 0 && (
        <Banner tone="bad" live title={t('activate.refused')}>
          <ul>
            {state.refused.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        </Banner>
      )}
      <FormShell onSubmit={() => void model.submit()}>
        <input type="text" name="username" autoComplete="username" value={info.user_id} readOnly hidden />
        <div>
          <PasswordField
            label={t('activate.password')}
            name="password"
            autoComplete="new-password"
            autoFocus
            value={state.password}
            error={
              state.problems.includes('short')
                ? t('activate.problems.short', { count: MIN_LENGTH })
                : undefined
            }
            onChange={(password) => {
              model.type({ password });
            }}
          />
          <div className="c-strength" data-level={strength} aria-hidden>
            <span />
            <span />
            <span />
            <span />
          </div>
          <p className="q-field__help" role="status">
            {strength > 0 ? t(`activate.strength.${strength}`) : ''}
          </p>
        </div>
        <PasswordField
          label={t('activate.again')}
          name="password-again"
          autoComplete="new-password"
          value={state.again}
          error={state.problems.includes('different') ? t('activate.problems.different') : undefined}
          onChange={(again) => {
            model.type({ again });
          }}
        />
        <ul className="c-rules">
          {rules.map((rule) => (
            <li key={rule.key} className={cx(rule.met && 'c-rules__met')}>
              <span aria-hidden>{rule.met ? '✓' : '·'}</span>
              {t(`activate.rules.${rule.key}`, { count: MIN_LENGTH })}
            </li>
          ))}
          <li>
            <span aria-hidden>·</span>
            {t('activate.rules.guess')}
          </li>
        </ul>
        <Button kind="primary" size="lg" type="submit" disabled={state.busy}>
          {state.busy ? t('activate.busy') : t('activate.submit')}
        </Button>
        <p className="q-muted q-small">{t('activate.until', { date: format.dateTime(info.expires_at) })}</p>
      </FormShell>
    </>
  );
}

/** `/activate#<token>`: a new person chooses a password. */
export default function ActivateView(): ReactNode {
  const { t } = useText('client');
  const services = useServices();
  const [snapshot, model] = useViewModel(() => new ActivateViewModel(services, token));
  const { state } = snapshot;
  useEffect(() => {
    document.title = t('activate.title');
  });
  switch (state.at) {
    case 'loading':
      return <Skeleton lines={5} />;
    case 'failed':
      return <ErrorState error={state.error} retry={() => void model.load()} />;
    case 'no-link':
      return (
        <>
          <h1>{t('activate.no_link')}</h1>
          <p>{t('activate.no_link_text')}</p>
          <Button as="a" href="/" kind="secondary" size="lg">
            {t('activate.home')}
          </Button>
        </>
      );
    case 'form':
      return <Password state={snapshot} info={state.info} model={model} />;
    case 'done':
      return (
        <>
          <Banner tone="good" live title={t('activate.done', { name: state.info.display_name })} />
          <div>
            <h1>{t('activate.next')}</h1>
            <p className="q-muted">{t('activate.next_text')}</p>
          </div>
          <Card>
            <div className="q-stack">
              <CopyField label={t('start.homeserver')} value={state.result.homeserver} />
              <CopyField label={t('activate.account')} value={state.result.user_id} />
            </div>
          </Card>
          <Button as="a" href="/" kind="primary" size="lg">
            {t('activate.open')}
          </Button>
        </>
      );
  }
}
