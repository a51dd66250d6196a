import { Button } from '@vector-im/compound-web';
import type { ActivationState } from '@qiao/org/contract';
import {
  Banner,
  CopyField,
  dataOf,
  Dialog,
  Loaded,
  Tag,
  useServices,
  useText,
  useViewModel,
  type TextOf,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import '../org.css';
import { mailTones } from '../MailView/tones.ts';
import { LinkCode } from '../parts/LinkCode.tsx';
import { LinkViewModel, type LinkSnapshot } from './LinkViewModel.ts';

/** Who made a link, as far as it has to be told. */
function byOf(t: TextOf, link: ActivationState['links'][number], me: string): string {
  if (link.by === me) return t('links.by_you');
  return link.by.startsWith('system:') ? t('links.by_system') : t('links.by', { user: link.by_name });
}

/** Names in the directory by which the person cannot sign in. */
function UselessNames({ names }: { names: ActivationState['sign_in'] }): ReactNode {
  const { t } = useText('org');
  return (['phone', 'employee_number'] as const).map((kind) => {
    const name = names[kind];
    return name?.state === 'shared' || name?.state === 'unusable' ? (
      <Banner key={kind} tone="warn" title={t(`links.${name.state}.${kind}`, { value: name.value })} />
    ) : null;
  });
}

function LastMail({ mail }: { mail: NonNullable<ActivationState['last_mail']> }): ReactNode {
  const { t, format } = useText('org');
  return (
    <div className="q-stack q-stack--tight">
      <p className="q-row">
        <span>{t('links.last_mail', { to: mail.to })}</span>
        <Tag tone={mailTones[mail.state]}>{t(`mail.states.${mail.state}`)}</Tag>
        <span className="q-muted q-small">{format.dateTime(mail.sent_at ?? mail.created_at)}</span>
      </p>
      {mail.error && (
        <p className="q-small">
          {t(`mail.errors.${mail.error.code}`)} <span className="q-muted">{mail.error.text}</span>
        </p>
      )}
    </div>
  );
}

function Made({ state, name, anew }: { state: LinkSnapshot; name: string; anew: boolean }): ReactNode {
  const { t, format } = useText('org');
  if (!state.made) return null;
  const { link, expires_at } = state.made;
  return (
    <div className="q-stack">
      <Banner tone="warn" title={t('links.secret')}>
        {t('links.secret_text')}
      </Banner>
      <CopyField label={t(anew ? 'links.link_anew' : 'person.activation_link')} value={link} />
      <LinkCode link={link} name={name} />
      <p className="q-muted">{t('links.until', { date: format.dateTime(expires_at) })}</p>
    </div>
  );
}

/** The links of one person. Opening it makes none and ends none. */
export function LinkDialog(props: {
  person: { readonly id: string; readonly display_name: string };
  /** The person has a password and is to choose another, as far as the page knows that opens it. */
  anew: boolean;
  onClose: () => void;
}): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const { person } = props;
  const name = person.display_name;
  const [state, model] = useViewModel(() => new LinkViewModel(services, person.id));
  const anew = dataOf(state.activation)?.activated ?? props.anew;
  return (
    <Dialog
      title={t(anew ? 'links.title_anew' : 'links.title', { name })}
      onClose={props.onClose}
      footer={
        <Button kind="secondary" size="md" onClick={props.onClose}>
          {t('links.close')}
        </Button>
      }
    >
      <Loaded of={state.activation}>
        {({ activated, email, links, last_mail, mail, sign_in }) => (
          <div className="q-stack">
            <p>{t(activated ? 'links.activated' : 'links.not_activated', { name })}</p>
            <UselessNames names={sign_in} />
            {state.made ? (
              <Made state={state} name={name} anew={anew} />
            ) : (
              <>
                <section className="q-stack q-stack--tight" aria-label={t('links.handed_out')}>
                  <h3>{t('links.handed_out')}</h3>
                  {links.length === 0 ? (
                    <p className="q-muted">{t('links.none')}</p>
                  ) : (
                    <ul className="o-links">
                      {links.map((link) => (
                        <li key={link.id}>
                          <strong>{t(`links.ways.${link.way}`)}</strong>
                          <span>
                            {format.dateTime(link.made_at)} {byOf(t, link, services.session.userId)}
                          </span>
                          <span className="q-muted q-small">
                            {t('links.until', { date: format.dateTime(link.expires_at) })}
                          </span>
                        </li>
                      ))}
                    </ul>
                  )}
                  {last_mail && <LastMail mail={last_mail} />}
                </section>
                {email === null && <p className="q-muted">{t('links.no_email')}</p>}
                {email !== null && !mail.configured && <p className="q-muted">{t('links.mail_kept')}</p>}
              </>
            )}
            <div className="q-row">
              {email !== null && (
                <Button
                  kind={state.made ? 'secondary' : 'primary'}
                  size="md"
                  className="q-wraps"
                  disabled={state.busy || last_mail?.state === 'waiting'}
                  onClick={() => void model.mail()}
                >
                  {t('links.send', { email })}
                </Button>
              )}
              {!state.made && (
                <Button kind="secondary" size="md" disabled={state.busy} onClick={() => void model.make()}>
                  {t('links.make')}
                </Button>
              )}
              {links.length > 0 && (
                <Button
                  kind="tertiary"
                  size="md"
                  destructive
                  disabled={state.busy}
                  onClick={() => void model.endAll(name)}
                >
                  {t('links.end')}
                </Button>
              )}
            </div>
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}
