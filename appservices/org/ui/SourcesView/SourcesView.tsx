import { Button } from '@vector-im/compound-web';
import CloudIcon from '@vector-im/compound-design-tokens/assets/web/icons/cloud';
import MoreIcon from '@vector-im/compound-design-tokens/assets/web/icons/overflow-horizontal';
import PlusIcon from '@vector-im/compound-design-tokens/assets/web/icons/plus';
import {
  Banner,
  Card,
  CopyField,
  dataOf,
  DataTable,
  Dialog,
  EmptyState,
  FormShell,
  Loaded,
  MenuButton,
  PageHead,
  SelectField,
  Skeleton,
  Tag,
  TextField,
  Time,
  useGo,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import '../org.css';
import { Attention } from './Attention.tsx';
import { HeldDialog, UntakenDialog } from './AttentionDialogs.tsx';
import { AdoptDialog } from './AdoptDialog.tsx';
import { HandoverDialog } from './HandoverDialog.tsx';
import { SourceDialog } from './SourceDialog.tsx';
import { SourcesViewModel, type SourcesSnapshot } from './SourcesViewModel.ts';

interface Props {
  state: SourcesSnapshot;
  model: SourcesViewModel;
}

function TokenDialog({ state, model }: Props): ReactNode {
  const { t } = useText('org');
  const [name, setName] = useState('');
  const [until, setUntil] = useState('');
  const [tried, setTried] = useState(false);
  const scim = (dataOf(state.sources) ?? []).filter((source) => source.kind === 'scim');
  const [source, setSource] = useState('');
  // Of several none is guessed: a token opens the people of one.
  const several = scim.length > 1;
  return (
    <Dialog
      title={t('sources.add_token')}
      onClose={() => {
        model.setAddingToken(false);
      }}
      footer={
        <Button kind="primary" size="md" type="submit" form="token" disabled={state.busy}>
          {t('sources.make_token')}
        </Button>
      }
    >
      <FormShell
        id="token"
        onSubmit={() => {
          setTried(true);
          if (name.trim() === '' || (several && source === '')) return;
          void model.addToken(name.trim(), until, source);
        }}
      >
        <TextField
          label={t('sources.token_name')}
          help={t('sources.token_name_help')}
          autoFocus
          maxLength={200}
          value={name}
          error={tried && name.trim() === '' ? t('required') : undefined}
          onChange={setName}
        />
        {several && (
          <SelectField
            label={t('sources.token_source')}
            help={t('sources.token_source_help')}
            value={source}
            error={tried && source === '' ? t('required') : undefined}
            onChange={setSource}
            options={[
              { value: '', label: t('sources.token_source_choose') },
              ...scim.map(({ id, name: label }) => ({ value: id, label })),
            ]}
          />
        )}
        <TextField
          label={t('roles.until')}
          optional
          type="date"
          value={until}
          min={new Date().toISOString().slice(0, 10)}
          onChange={setUntil}
        />
      </FormShell>
    </Dialog>
  );
}

function Scim({ state, model }: Props): ReactNode {
  const { t, format } = useText('org');
  return (
    <Card
      flush
      title={t('sources.scim_title')}
      intro={t('sources.scim_intro')}
      actions={
        <Button
          kind="secondary"
          size="md"
          onClick={() => {
            model.setAddingToken(true);
          }}
        >
          {t('sources.add_token')}
        </Button>
      }
    >
      <Loaded of={state.tokens}>
        {(tokens) => (
          <>
            <div className="o-pad">
              <CopyField label={t('sources.base_url')} value={tokens.base_url} />
            </div>
            {tokens.items.length === 0 ? (
              <EmptyState compact title={t('sources.no_tokens')} />
            ) : (
              <DataTable
                caption={t('sources.tokens')}
                rows={tokens.items}
                rowKey={(token) => token.id}
                columns={[
                  { id: 'name', header: t('sources.token_name'), kind: 'main', cell: (token) => token.name },
                  {
                    id: 'source',
                    header: t('sources.token_source'),
                    cell: (token) => token.source.name,
                  },
                  {
                    id: 'made',
                    header: t('sources.made_at'),
                    cell: (token) => (
                      <span className="q-muted">
                        {t('roles.by_at', { by: token.created_by, at: format.date(token.created_at) })}
                      </span>
                    ),
                  },
                  {
                    id: 'used',
                    header: t('sources.last_used'),
                    cell: (token) =>
                      token.last_used_at === null ? (
                        <span className="q-muted">{t('sources.never_used')}</span>
                      ) : (
                        <Time at={token.last_used_at} relative />
                      ),
                  },
                  {
                    id: 'until',
                    header: t('roles.until'),
                    cell: (token) =>
                      token.expires_at === null ? (
                        <span className="q-muted">{t('roles.no_end')}</span>
                      ) : (
                        format.date(token.expires_at)
                      ),
                  },
                  {
                    id: 'actions',
                    header: t('actions'),
                    kind: 'actions',
                    cell: (token) => (
                      <button
                        type="button"
                        className="q-link-button"
                        onClick={() => void model.removeToken(token)}
                      >
                        {t('sources.revoke')}
                        <span className="q-sr"> {token.name}</span>
                      </button>
                    ),
                  },
                ]}
              />
            )}
          </>
        )}
      </Loaded>
    </Card>
  );
}

/** Where people come from by themselves: files, LDAP, SCIM. */
export default function SourcesView(): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const go = useGo();
  const [state, model] = useViewModel(() => new SourcesViewModel(services));
  const { editing, looking, newToken } = state;
  const stopLooking = (): void => {
    model.look(undefined);
  };
  return (
    <>
      <PageHead
        title={t('sources.title')}
        intro={t('sources.intro')}
        actions={
          <Button
            kind="primary"
            size="md"
            Icon={PlusIcon}
            onClick={() => {
              model.edit('new');
            }}
          >
            {t('sources.add')}
          </Button>
        }
      />
      {state.whole ? (
        <div className="q-stack q-stack--wide">
          {state.attention && (
            <Attention
              of={state.attention}
              onHeld={(source) => {
                model.look({ at: 'held', source });
              }}
              onUntaken={(source) => {
                model.look({ at: 'untaken', source });
              }}
            />
          )}
          <Card flush>
            <Loaded of={state.sources}>
              {(sources) =>
                sources.length === 0 ? (
                  <EmptyState Icon={CloudIcon} title={t('sources.empty')} text={t('sources.empty_text')} />
                ) : (
                  <DataTable
                    caption={t('sources.title')}
                    rows={sources}
                    rowKey={(source) => source.id}
                    columns={[
                      {
                        id: 'name',
                        header: t('sources.name'),
                        kind: 'main',
                        cell: (source) => {
                          const test = state.tests[source.id];
                          return (
                            <>
                              <span className="q-row">
                                {source.name}
                                {!source.enabled && <Tag>{t('sources.off')}</Tag>}
                              </span>
                              {test && (
                                <span className="o-block q-small" role="status">
                                  {test === 'running' ? (
                                    <span className="q-muted">{t('sources.testing')}</span>
                                  ) : test.ok ? (
                                    <Tag tone="good">
                                      {t('sources.test_ok', {
                                        count: test.people,
                                        number: format.number(test.people),
                                      })}
                                    </Tag>
                                  ) : (
                                    <span className="q-field__error">{test.message}</span>
                                  )}
                                </span>
                              )}
                            </>
                          );
                        },
                      },
                      {
                        id: 'kind',
                        header: t('sources.kind'),
                        width: 'narrow',
                        cell: (source) => t(`sources.kinds.${source.kind}`),
                      },
                      {
                        id: 'people',
                        header: t('overview.people'),
                        kind: 'num',
                        cell: (source) => format.number(source.people_count),
                      },
                      {
                        id: 'last',
                        header: t('sources.last_run'),
                        cell: (source) =>
                          source.last_run_at === null ? (
                            <span className="q-muted">{t('sources.never_run')}</span>
                          ) : (
                            <Time at={source.last_run_at} relative />
                          ),
                      },
                      {
                        id: 'next',
                        header: t('sources.next_run'),
                        cell: (source) =>
                          source.next_run_at === null ? (
                            <span className="q-muted">
                              {source.kind === 'scim' ? t('sources.pushed') : t('sources.by_hand')}
                            </span>
                          ) : (
                            <Time at={source.next_run_at} relative />
                          ),
                      },
                      {
                        id: 'actions',
                        header: t('actions'),
                        kind: 'actions',
                        cell: (source) => (
                          <MenuButton
                            label={t('sources.actions_for', { name: source.name })}
                            entries={[
                              ...(source.kind === 'scim'
                                ? []
                                : [
                                    {
                                      label: t('sources.run'),
                                      onSelect: () =>
                                        void model.run(source).then((id) => {
                                          if (id !== undefined) void go(`/import/${id}`);
                                        }),
                                    },
                                    { label: t('sources.test'), onSelect: () => void model.test(source) },
                                  ]),
                              {
                                label: t('edit'),
                                onSelect: () => {
                                  model.edit(source);
                                },
                              },
                              ...(source.people_count > 0 && sources.length > 1
                                ? [
                                    {
                                      label: t('sources.handover'),
                                      onSelect: () => {
                                        model.hand(source);
                                      },
                                    },
                                  ]
                                : []),
                              'line' as const,
                              {
                                label: t('delete'),
                                destructive: true,
                                onSelect: () => void model.remove(source),
                              },
                            ]}
                          >
                            <MoreIcon width={20} height={20} aria-hidden />
                          </MenuButton>
                        ),
                      },
                    ]}
                  />
                )
              }
            </Loaded>
            {state.byHand !== undefined && state.byHand > 0 && (dataOf(state.sources)?.length ?? 0) > 0 && (
              <div className="o-pad q-row q-row--spread">
                <span className="q-muted">
                  {t('sources.by_hand_count', {
                    count: state.byHand,
                    number: format.number(state.byHand),
                  })}
                </span>
                <Button
                  kind="tertiary"
                  size="md"
                  onClick={() => {
                    model.setAdopting(true);
                  }}
                >
                  {t('sources.adopt')}
                </Button>
              </div>
            )}
          </Card>
          <Scim state={state} model={model} />
        </div>
      ) : (
        <Skeleton lines={10} />
      )}
      {looking?.at === 'held' && <HeldDialog source={looking.source} onClose={stopLooking} />}
      {looking?.at === 'untaken' && <UntakenDialog source={looking.source} onClose={stopLooking} />}
      {editing && (
        <SourceDialog state={state} model={model} source={editing === 'new' ? undefined : editing} />
      )}
      {state.handing && (
        <HandoverDialog
          handing={state.handing}
          sources={dataOf(state.sources) ?? []}
          busy={state.busy}
          model={model}
        />
      )}
      {state.adopting && (
        <AdoptDialog
          sources={dataOf(state.sources) ?? []}
          onClose={() => {
            model.setAdopting(false);
          }}
        />
      )}
      {state.addingToken && <TokenDialog state={state} model={model} />}
      {newToken && (
        <Dialog
          title={t('sources.token_made', { name: newToken.name })}
          onClose={model.forgetToken}
          footer={
            <Button kind="primary" size="md" onClick={model.forgetToken}>
              {t('done')}
            </Button>
          }
        >
          <div className="q-stack">
            <Banner tone="warn" title={t('sources.token_once')} />
            <CopyField label={t('sources.token')} value={newToken.token} />
          </div>
        </Dialog>
      )}
    </>
  );
}
