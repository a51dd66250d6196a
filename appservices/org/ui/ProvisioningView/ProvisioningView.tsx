import { Button } from '@vector-im/compound-web';
import MoreIcon from '@vector-im/compound-design-tokens/assets/web/icons/overflow-horizontal';
import {
  Banner,
  Card,
  DataTable,
  Dialog,
  EmptyState,
  FormShell,
  Loaded,
  LoadedPages,
  MenuButton,
  ProgressBar,
  SelectField,
  Skeleton,
  Tabs,
  Tag,
  TextField,
  Time,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import '../org.css';
import { doneOf, pendingOf } from '../ImportView/ImportViewModel.ts';
import { ProvisioningViewModel, type Problem, type ProvisioningSnapshot } from './ProvisioningViewModel.ts';

function RenameDialog(props: {
  state: ProvisioningSnapshot;
  model: ProvisioningViewModel;
  problem: Problem;
}): ReactNode {
  const { t } = useText('org');
  const { state, model, problem } = props;
  const [localpart, setLocalpart] = useState('');
  return (
    <Dialog
      size="small"
      title={t('provisioning.rename_title')}
      intro={problem.message}
      onClose={() => {
        model.rename(undefined);
      }}
      footer={
        <Button
          kind="primary"
          size="md"
          type="submit"
          form="rename"
          disabled={state.busy || localpart.trim() === ''}
        >
          {t('provisioning.rename')}
        </Button>
      }
    >
      <FormShell
        id="rename"
        onSubmit={() => {
          if (localpart.trim() === '') return;
          void model.resolve({ subject: problem.subject, action: 'rename', localpart: localpart.trim() });
        }}
      >
        <TextField
          label={t('provisioning.new_name')}
          help={t('person.localpart_help')}
          autoFocus
          autoCapitalize="none"
          spellCheck={false}
          maxLength={100}
          value={localpart}
          onChange={setLocalpart}
        />
      </FormShell>
    </Dialog>
  );
}

/** Codes of problems with an account that was there before us. */
const isTaken = (problem: Problem): boolean => /taken|exists|in_use|foreign|not_ours/i.test(problem.code);

/** The part of the health page about the homeserver's copy of the directory. */
export default function ProvisioningView(): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const { i18n } = services;
  const [state, model] = useViewModel(() => new ProvisioningViewModel(services));
  const [tab, setTab] = useState('problems');
  const kindName = (kind: string): string =>
    i18n.instance.exists(`org:provisioning.kinds.${kind}`) ? t(`provisioning.kinds.${kind}`) : kind;
  return (
    <>
      <Loaded of={state.provisioning} skeleton={<Skeleton lines={4} />}>
        {(provisioning) => {
          const pending = pendingOf(provisioning);
          const done = doneOf(provisioning);
          return (
            <Card
              title={t('provisioning.title')}
              intro={
                provisioning.last_reconciled_at === null
                  ? t('provisioning.never_reconciled')
                  : t('provisioning.reconciled_at', { at: format.relative(provisioning.last_reconciled_at) })
              }
              actions={
                state.canEdit && (
                  <>
                    <Button
                      kind="tertiary"
                      size="md"
                      disabled={state.busy}
                      onClick={() => void model.setEnabled(!provisioning.enabled)}
                    >
                      {provisioning.enabled ? t('provisioning.stop') : t('provisioning.go_on')}
                    </Button>
                    <Button
                      kind="secondary"
                      size="md"
                      disabled={state.busy || !provisioning.enabled}
                      onClick={() => void model.reconcile()}
                    >
                      {t('provisioning.reconcile')}
                    </Button>
                  </>
                )
              }
            >
              <div className="q-stack">
                {!provisioning.enabled && (
                  <Banner tone="warn" title={t('provisioning.stopped')}>
                    {t('provisioning.stopped_text')}
                  </Banner>
                )}
                {!provisioning.homeserver_ok && (
                  <Banner tone="bad" title={t('provisioning.homeserver_down')} />
                )}
                <ProgressBar
                  label={pending === 0 ? t('provisioning.in_step') : t('provisioning.catching_up')}
                  done={pending === 0 ? 1 : done}
                  total={pending === 0 ? 1 : done + pending}
                  value={
                    pending === 0 ? '' : t('imports.left', { count: pending, number: format.number(pending) })
                  }
                />
                <ul className="o-counts">
                  {Object.entries(provisioning.done).map(([kind, count]) => (
                    <li key={kind}>
                      <span className="q-muted">{kindName(kind)}</span>
                      <span className="q-num">
                        {format.number(count)}
                        {(provisioning.pending[kind] ?? 0) > 0 &&
                          ` / ${format.number(count + (provisioning.pending[kind] ?? 0))}`}
                      </span>
                    </li>
                  ))}
                  {Object.entries(provisioning.pending)
                    .filter(([kind, count]) => !(kind in provisioning.done) && count > 0)
                    .map(([kind, count]) => (
                      <li key={kind}>
                        <span className="q-muted">{kindName(kind)}</span>
                        <span className="q-num">{format.number(count)}</span>
                      </li>
                    ))}
                  {provisioning.waiting > 0 && (
                    <li>
                      <span className="q-muted">{t('provisioning.waiting')}</span>
                      <span className="q-num">{format.number(provisioning.waiting)}</span>
                    </li>
                  )}
                </ul>
                {provisioning.waiting > 0 && <p className="q-muted">{t('provisioning.waiting_text')}</p>}
                <SelectField
                  label={t('provisioning.language')}
                  help={t('provisioning.language_help')}
                  value={provisioning.language ?? 'both'}
                  disabled={state.busy || !state.canEdit}
                  onChange={(value) =>
                    void model.setLanguage(value === 'en' || value === 'zh-Hans' ? value : null)
                  }
                  options={[
                    { value: 'both', label: t('provisioning.language_both') },
                    { value: 'zh-Hans', label: t('languages.zh_Hans') },
                    { value: 'en', label: t('languages.en') },
                  ]}
                />
              </div>
            </Card>
          );
        }}
      </Loaded>
      {state.provisioning.state !== 'loading' && (
        <Card flush>
          <Tabs
            label={t('provisioning.findings')}
            value={tab}
            onChange={setTab}
            tabs={[
              {
                id: 'problems',
                label: t('provisioning.problems'),
                count:
                  state.provisioning.state === 'ready'
                    ? format.number(state.provisioning.data.problems)
                    : undefined,
              },
              { id: 'drift', label: t('provisioning.drift') },
            ]}
          >
            {tab === 'problems' ? (
              <LoadedPages
                of={state.problems}
                empty={<EmptyState compact title={t('provisioning.no_problems')} />}
              >
                {(problems) => (
                  <DataTable
                    caption={t('provisioning.problems')}
                    rows={problems}
                    rowKey={(problem) => `${problem.subject} ${problem.kind}`}
                    columns={[
                      {
                        id: 'message',
                        header: t('provisioning.what'),
                        kind: 'main',
                        cell: (problem) => problem.message,
                      },
                      {
                        id: 'attempts',
                        header: t('provisioning.attempts'),
                        kind: 'num',
                        cell: (problem) => format.number(problem.attempts),
                      },
                      {
                        id: 'last',
                        header: t('provisioning.last_at'),
                        cell: (problem) => <Time at={problem.last_at} relative />,
                      },
                      {
                        id: 'actions',
                        header: t('actions'),
                        kind: 'actions',
                        cell: (problem) =>
                          state.canEdit && (
                            <MenuButton
                              label={t('provisioning.resolve')}
                              entries={[
                                {
                                  label: t('provisioning.retry'),
                                  onSelect: () =>
                                    void model.resolve({ subject: problem.subject, action: 'retry' }),
                                },
                                ...(isTaken(problem)
                                  ? [
                                      {
                                        label: t('provisioning.adopt'),
                                        onSelect: () =>
                                          void model.resolve({ subject: problem.subject, action: 'adopt' }),
                                      },
                                      {
                                        label: t('provisioning.rename'),
                                        onSelect: () => {
                                          model.rename(problem);
                                        },
                                      },
                                    ]
                                  : []),
                              ]}
                            >
                              <MoreIcon width={20} height={20} aria-hidden />
                            </MenuButton>
                          ),
                      },
                    ]}
                  />
                )}
              </LoadedPages>
            ) : (
              <LoadedPages
                of={state.drift}
                empty={
                  <EmptyState
                    compact
                    title={t('provisioning.no_drift')}
                    text={t('provisioning.no_drift_text')}
                  />
                }
              >
                {(drift) => (
                  <DataTable
                    caption={t('provisioning.drift')}
                    rows={drift}
                    rowKey={(item) => item.id}
                    columns={[
                      {
                        id: 'message',
                        header: t('provisioning.what'),
                        kind: 'main',
                        cell: (item) => item.message,
                      },
                      {
                        id: 'state',
                        header: t('provisioning.state'),
                        width: 'narrow',
                        cell: (item) =>
                          item.repaired_at === null ? (
                            <Tag tone="warn">{t('provisioning.found')}</Tag>
                          ) : (
                            <Tag tone="good">{t('provisioning.repaired')}</Tag>
                          ),
                      },
                      {
                        id: 'found',
                        header: t('provisioning.found_at'),
                        width: 'narrow',
                        cell: (item) => <Time at={item.found_at} relative />,
                      },
                    ]}
                  />
                )}
              </LoadedPages>
            )}
          </Tabs>
        </Card>
      )}
      {state.renaming && <RenameDialog state={state} model={model} problem={state.renaming} />}
    </>
  );
}
