import { Button } from '@vector-im/compound-web';
import MailIcon from '@vector-im/compound-design-tokens/assets/web/icons/email';
import type { MailEntry } from '@qiao/org/contract';
import {
  Banner,
  Card,
  dataOf,
  DataTable,
  Dialog,
  EmptyState,
  Facts,
  Loaded,
  LoadedPages,
  PageHead,
  Skeleton,
  Tabs,
  Tag,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import '../org.css';
import { MailViewModel, type MailSnapshot } from './MailViewModel.ts';
import { mailTones } from './tones.ts';

const STATES = ['waiting', 'sent', 'kept', 'failed'] as const;

function Failure({ entry }: { entry: MailEntry }): ReactNode {
  const { t, format } = useText('org');
  if (!entry.error) return null;
  return (
    <div className="q-small">
      <p>{t(`mail.errors.${entry.error.code}`)}</p>
      <p className="q-muted">{entry.error.text}</p>
      {entry.next_at !== null && entry.state === 'waiting' && (
        <p className="q-muted">{t('mail.next', { time: format.dateTime(entry.next_at) })}</p>
      )}
    </div>
  );
}

function Message({ state, onClose }: { state: MailSnapshot; onClose: () => void }): ReactNode {
  const { t } = useText('org');
  if (!state.open) return null;
  return (
    <Dialog
      title={dataOf(state.open)?.subject ?? t('mail.message')}
      onClose={onClose}
      footer={
        <Button kind="secondary" size="md" onClick={onClose}>
          {t('links.close')}
        </Button>
      }
    >
      <Loaded of={state.open}>
        {(message) => (
          <div className="q-stack">
            <Facts items={[[t('mail.to'), message.to]]} />
            <p className="o-mail">{message.text}</p>
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}

/** Mail that this installation sends: whether it goes, what lies in the folder, what failed and why. */
export default function MailView(): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const [state, model] = useViewModel(() => new MailViewModel(services));
  const mail = dataOf(state.mail);
  const counts = mail?.counts;
  return (
    <>
      <PageHead
        title={t('mail.title')}
        intro={t('mail.intro')}
        actions={
          state.canTest && (
            <Button kind="primary" size="md" disabled={state.busy} onClick={() => void model.test()}>
              {t('mail.test')}
            </Button>
          )
        }
      />
      {state.whole ? (
        <div className="q-stack">
          <Loaded of={state.mail}>
            {({ configured, from }) =>
              configured ? (
                <Banner tone="good" title={t('mail.configured')}>
                  {from !== null && t('mail.from', { address: from })}
                </Banner>
              ) : (
                <Banner tone="warn" title={t('mail.not_configured')}>
                  {t('mail.not_configured_text')}
                </Banner>
              )
            }
          </Loaded>
          <Card flush>
            <Tabs
              label={t('mail.title')}
              tabs={[
                { id: 'all', label: t('mail.all') },
                ...STATES.map((each) => ({
                  id: each,
                  label: t(`mail.states.${each}`),
                  count: counts === undefined ? undefined : format.number(counts[each]),
                })),
              ]}
              value={state.filter ?? 'all'}
              onChange={(id) => {
                model.show(STATES.find((each) => each === id));
              }}
            >
              <LoadedPages
                of={state.messages}
                empty={<EmptyState Icon={MailIcon} title={t('mail.empty')} text={t('mail.empty_text')} />}
              >
                {(messages) => (
                  <DataTable
                    caption={t('mail.title')}
                    rows={messages}
                    rowKey={(entry) => entry.id}
                    columns={[
                      {
                        id: 'to',
                        header: t('mail.to'),
                        kind: 'main',
                        cell: (entry) => (
                          <>
                            {entry.person?.display_name ?? entry.to}
                            {entry.person && <div className="q-muted q-small">{entry.to}</div>}
                          </>
                        ),
                      },
                      { id: 'kind', header: t('mail.kind'), cell: (entry) => t(`mail.kinds.${entry.kind}`) },
                      {
                        id: 'state',
                        header: t('mail.state'),
                        cell: (entry) => (
                          <>
                            <Tag tone={mailTones[entry.state]}>{t(`mail.states.${entry.state}`)}</Tag>
                            <Failure entry={entry} />
                          </>
                        ),
                      },
                      {
                        id: 'at',
                        header: t('mail.at'),
                        width: 'narrow',
                        cell: (entry) => (
                          <span className="q-num">{format.dateTime(entry.sent_at ?? entry.created_at)}</span>
                        ),
                      },
                      {
                        id: 'actions',
                        header: t('mail.actions'),
                        kind: 'actions',
                        cell: (entry) => (
                          <div className="q-row o-actions">
                            {entry.readable && (
                              <Button kind="tertiary" size="md" onClick={() => void model.read(entry.id)}>
                                {t('mail.read')}
                              </Button>
                            )}
                            {(entry.state === 'failed' || (entry.state === 'kept' && mail?.configured)) && (
                              <Button
                                kind="secondary"
                                size="md"
                                disabled={state.busy}
                                onClick={() => void model.retry(entry.id)}
                              >
                                {t('mail.again')}
                              </Button>
                            )}
                          </div>
                        ),
                      },
                    ]}
                  />
                )}
              </LoadedPages>
            </Tabs>
          </Card>
        </div>
      ) : (
        <Skeleton lines={10} />
      )}
      <Message state={state} onClose={model.close} />
    </>
  );
}
