import { Button } from '@vector-im/compound-web';
import type { ActivationMailing } from '@qiao/org/contract';
import { Card, Loaded, ProgressBar, RouterLink, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import type { ActivationSnapshot, ActivationViewModel } from './ActivationViewModel.ts';

function Mailing(props: {
  mailing: ActivationMailing;
  busy: boolean;
  model: ActivationViewModel;
}): ReactNode {
  const { t, format } = useText('org');
  const { mailing, model } = props;
  const { total, waiting, failed_people: failed, without_email: without } = mailing;
  const number = (value: number): string => format.number(value);
  return (
    <li className="q-stack q-stack--tight">
      <ProgressBar
        label={t('activation.round', { time: format.dateTime(mailing.started_at) })}
        done={total - waiting}
        total={total}
        value={t('activation.round_done', { done: number(total - waiting), total: number(total) })}
      />
      <p className="q-muted q-small">
        {[
          t('activation.sent', { count: mailing.sent, number: number(mailing.sent) }),
          ...(mailing.kept > 0
            ? [t('activation.kept', { count: mailing.kept, number: number(mailing.kept) })]
            : []),
          ...(mailing.failed > 0
            ? [t('activation.failed', { count: mailing.failed, number: number(mailing.failed) })]
            : []),
          t('activation.activated', { count: mailing.activated, number: number(mailing.activated) }),
        ].join(' · ')}
      </p>
      {failed.length > 0 && (
        <details className="o-details">
          <summary>
            {t('activation.failed', { count: mailing.failed, number: number(mailing.failed) })}
          </summary>
          <ul className="q-stack q-stack--tight">
            {failed.map(({ person, mail }) => (
              <li key={mail.id}>
                {person.display_name} · {mail.to}
                {mail.error && (
                  <span className="q-muted q-small">
                    {' '}
                    {t(`mail.errors.${mail.error.code}`)} {mail.error.text}
                  </span>
                )}
              </li>
            ))}
          </ul>
          <Button
            kind="secondary"
            size="md"
            disabled={props.busy}
            onClick={() =>
              void model.mail(number(failed.length), {
                person_ids: failed.map(({ person }) => person.id),
              })
            }
          >
            {t('activation.send_again')}
          </Button>
        </details>
      )}
      {mailing.without_email_count > 0 && (
        <details className="o-details">
          <summary>
            {t('activation.without_email', {
              count: mailing.without_email_count,
              number: number(mailing.without_email_count),
            })}
          </summary>
          <p>{without.map((person) => person.display_name).join(t('activation.between'))}</p>
          <Button
            kind="secondary"
            size="md"
            disabled={props.busy}
            onClick={() =>
              void model.print(number(without.length), without.length, {
                person_ids: without.map((person) => person.id),
              })
            }
          >
            {t('activation.print_for_them')}
          </Button>
        </details>
      )}
    </li>
  );
}

/** Rounds of mails: how far each is, who has no address, what failed. */
export function Mailings({
  state,
  model,
}: {
  state: ActivationSnapshot;
  model: ActivationViewModel;
}): ReactNode {
  const { t } = useText('org');
  return (
    <Card
      title={t('activation.rounds')}
      actions={<RouterLink to="/mail">{t('activation.all_mails')}</RouterLink>}
    >
      <Loaded of={state.mailings}>
        {(mailings) =>
          mailings.length === 0 ? (
            <p className="q-muted">{t('activation.no_rounds')}</p>
          ) : (
            <ul className="q-stack">
              {mailings.map((mailing) => (
                <Mailing key={mailing.id} mailing={mailing} busy={state.busy} model={model} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Card>
  );
}
