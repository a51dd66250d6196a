import { Button } from '@vector-im/compound-web';
import type { PasswordRequest } from '@qiao/org/contract';
import { Card, DataTable, LoadedPages, PersonLine, Tag, Time, useText, type Tone } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import type { ActivationSnapshot, ActivationViewModel } from './ActivationViewModel.ts';

const tones: Readonly<Record<PasswordRequest['state'], Tone>> = {
  open: 'warn',
  mailed: 'info',
  done: 'good',
  closed: 'neutral',
};

/** Who asks for a new password, and what is done about it. */
export function Requests(props: {
  state: ActivationSnapshot;
  model: ActivationViewModel;
  onLink: (person: PasswordRequest['person']) => void;
}): ReactNode {
  const { t, format } = useText('org');
  const { state, model } = props;
  return (
    <Card flush title={t('activation.requests')} intro={t('activation.requests_intro')}>
      <LoadedPages
        of={state.requests}
        empty={<p className="q-muted o-none">{t('activation.no_requests')}</p>}
      >
        {(requests) => (
          <DataTable
            caption={t('activation.requests')}
            rows={requests}
            rowKey={(request) => request.id}
            columns={[
              {
                id: 'person',
                header: t('person.display_name'),
                kind: 'main',
                cell: ({ person }) => (
                  <PersonLine id={person.user_id} name={person.display_name} note={person.title} />
                ),
              },
              {
                id: 'state',
                header: t('activation.request_state'),
                width: 'narrow',
                cell: (request) => (
                  <Tag tone={tones[request.state]}>{t(`activation.request_states.${request.state}`)}</Tag>
                ),
              },
              {
                id: 'at',
                header: t('activation.asked'),
                cell: (request) => (
                  <>
                    <Time at={request.last_at} relative />
                    {request.times > 1 && (
                      <span className="q-muted">
                        {' '}
                        {t('activation.times', {
                          count: request.times,
                          number: format.number(request.times),
                        })}
                      </span>
                    )}
                  </>
                ),
              },
              {
                id: 'actions',
                header: t('mail.actions'),
                kind: 'actions',
                cell: (request) =>
                  (request.state === 'open' || request.state === 'mailed') && (
                    <div className="q-row o-actions">
                      <Button
                        kind={request.state === 'open' ? 'primary' : 'secondary'}
                        size="md"
                        onClick={() => {
                          props.onLink(request.person);
                        }}
                      >
                        {t('activation.give_link')}
                      </Button>
                      <Button
                        kind="tertiary"
                        size="md"
                        disabled={state.busy}
                        onClick={() => void model.settle(request)}
                      >
                        {t('activation.settle')}
                      </Button>
                    </div>
                  ),
              },
            ]}
          />
        )}
      </LoadedPages>
    </Card>
  );
}
