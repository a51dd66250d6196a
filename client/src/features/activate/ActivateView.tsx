import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Card,
  CopyField,
  ErrorState,
  FormShell,
  Skeleton,
  useServices,
  useText,
  useViewModel,
  type Proof,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useTitle } from '../../app/title.ts';
import { NewPassword } from '../password/NewPassword.tsx';
import { ActivateViewModel, type ActivateSnapshot, type Info } from './ActivateViewModel.ts';

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
  const { t, format } = useText('activate');
  const again = info.purpose === 'password';
  const its = again ? 'reset.' : '';
  return (
    <>
      <div>
        <h1>{t(`${its}title`)}</h1>
        <p className="q-muted">{t(`${its}intro`, { company: info.company_name })}</p>
      </div>
      <div className="c-who">
        <strong>{info.display_name}</strong>
        <span className="q-mono">{info.user_id}</span>
      </div>
      {again && (
        <Banner tone="info" title={t('reset.all_out')}>
          {t('reset.all_out_text')}
        </Banner>
      )}
      {state.refused.length > 0 && (
        <Banner tone="bad" live title={t('refused')}>
          <ul>
            {state.refused.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        </Banner>
      )}
      <FormShell onSubmit={() => void model.submit()}>
        <input type="text" name="username" autoComplete="username" value={info.user_id} readOnly hidden />
        <NewPassword model={model.password} label={t('password')} labelAgain={t('again')} autoFocus />
        <Button kind="primary" size="lg" type="submit" disabled={state.busy}>
          {t(`${its}${state.busy ? 'busy' : 'submit'}`)}
        </Button>
        <p className="q-muted q-small">{t('until', { date: format.dateTime(info.expires_at) })}</p>
      </FormShell>
    </>
  );
}

/** `/activate#<token>`: a new person chooses a password, and is signed in with it. */
export default function ActivateView(props: { enter: (proof: Proof) => void }): ReactNode {
  const { t } = useText('activate');
  const services = useServices();
  const [snapshot, model] = useViewModel(() => new ActivateViewModel(services, token));
  const { state } = snapshot;
  const again = (state.at === 'form' || state.at === 'done') && state.info.purpose === 'password';
  useTitle(t(again ? 'reset.title' : 'title'));
  switch (state.at) {
    case 'loading':
      return <Skeleton lines={5} />;
    case 'failed':
      return <ErrorState error={state.error} retry={() => void model.load()} />;
    case 'no-link':
      return (
        <>
          <h1>{t('no_link')}</h1>
          <p>{t('no_link_text')}</p>
          <Button as="a" href="/" kind="secondary" size="lg">
            {t('home')}
          </Button>
        </>
      );
    case 'form':
      return <Password state={snapshot} info={state.info} model={model} />;
    case 'done':
      return (
        <>
          <Banner
            tone="good"
            live
            title={t(again ? 'reset.done' : 'done', { name: state.info.display_name })}
          />
          <div>
            <h1>{t('next')}</h1>
            <p className="q-muted">{t(again ? 'reset.next_text' : 'next_text')}</p>
          </div>
          <Button
            kind="primary"
            size="lg"
            onClick={() => {
              const proof = model.takeProof();
              if (proof) props.enter(proof);
              else location.assign('/');
            }}
          >
            {t('open')}
          </Button>
          <details className="c-other-clients">
            <summary>{t('other_clients')}</summary>
            <Card>
              <div className="q-stack">
                <CopyField label={t('homeserver')} value={state.result.homeserver} />
                <CopyField label={t('account')} value={state.result.user_id} />
              </div>
            </Card>
          </details>
        </>
      );
  }
}
