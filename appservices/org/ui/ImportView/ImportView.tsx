import { Button } from '@vector-im/compound-web';
import DownloadIcon from '@vector-im/compound-design-tokens/assets/web/icons/download';
import type { ImportRun, Provisioning } from '@qiao/org/contract';
import {
  Banner,
  Card,
  CheckField,
  cx,
  DataTable,
  EmptyState,
  Loaded,
  MoreRows,
  PageHead,
  ProgressBar,
  RouterLink,
  Stat,
  Tabs,
  Tag,
  dataOf,
  useParams,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import '../org.css';
import { ImportStateTag } from '../parts/importState.tsx';
import { ChangeText } from './ChangeText.tsx';
import {
  countOf,
  doneOf,
  ImportViewModel,
  pendingOf,
  TABS,
  type ImportSnapshot,
  type Tab,
} from './ImportViewModel.ts';
import { MappingEditor } from './MappingEditor.tsx';

interface Props {
  state: ImportSnapshot;
  model: ImportViewModel;
  run: ImportRun;
}

const PHASES = ['map', 'review', 'apply'] as const;
const phaseOf = (run: ImportRun): (typeof PHASES)[number] => {
  if (run.state === 'uploaded' || run.state === 'checking') return 'map';
  return run.state === 'checked' ? 'review' : 'apply';
};

function Phases({ run }: { run: ImportRun }): ReactNode {
  const { t } = useText('org');
  const now = PHASES.indexOf(phaseOf(run));
  return (
    <ol className="o-flow" aria-label={t('imports.phases.label')}>
      {PHASES.map((phase, index) => {
        const done = index < now || run.state === 'done';
        return (
          <li
            key={phase}
            className={cx(done && 'o-flow__done')}
            {...(index === now && run.state !== 'done' ? { 'aria-current': 'step' } : {})}
          >
            <span
              className={cx(
                'o-step__mark',
                done ? 'o-step__mark--done' : index === now && 'o-step__mark--doing',
              )}
            >
              {done ? '✓' : index + 1}
            </span>
            {t(`imports.phases.${phase}`)}
          </li>
        );
      })}
    </ol>
  );
}

function Difference({ state, model, run }: Props): ReactNode {
  const { t, format } = useText('org');
  const tabs = (Object.keys(TABS) as Tab[]).map((tab) => ({
    id: tab,
    label: t(`imports.tabs.${tab}`),
    count: format.number(countOf(run, tab)),
  }));
  const total = tabs.length > 0 && (Object.keys(TABS) as Tab[]).some((tab) => countOf(run, tab) > 0);
  if (!total) {
    return (
      <Card>
        <EmptyState compact title={t('imports.nothing_changes')} text={t('imports.nothing_changes_text')} />
      </Card>
    );
  }
  return (
    <Card flush title={t('imports.difference')} intro={t('imports.difference_intro')}>
      <Tabs
        label={t('imports.difference')}
        tabs={tabs}
        value={state.tab}
        onChange={(tab) => {
          model.show(tab as Tab);
        }}
      >
        <Loaded of={state.changes}>
          {(changes) =>
            changes.length === 0 ? (
              <EmptyState compact title={t(`imports.none_of.${state.tab}`)} />
            ) : (
              <>
                <DataTable
                  caption={t(`imports.tabs.${state.tab}`)}
                  dense
                  rows={changes}
                  rowKey={(change) => change.seq}
                  columns={[
                    { id: 'label', header: t('imports.name'), kind: 'main', cell: (change) => change.label },
                    ...(state.tab === 'departments'
                      ? [
                          {
                            id: 'kind',
                            header: t('imports.change'),
                            width: 'narrow' as const,
                            cell: (change: (typeof changes)[number]) => (
                              <Tag tone={change.kind === 'department_dissolve' ? 'warn' : 'info'}>
                                {t(`imports.kinds.${change.kind}`)}
                              </Tag>
                            ),
                          },
                        ]
                      : []),
                    {
                      id: 'what',
                      header: t('imports.details'),
                      cell: (change) => <ChangeText before={change.before} after={change.after} />,
                    },
                  ]}
                />
                {state.more && (
                  <div className="q-more">
                    <Button kind="tertiary" size="md" onClick={state.more}>
                      {t('more')}
                    </Button>
                  </div>
                )}
              </>
            )
          }
        </Loaded>
      </Tabs>
    </Card>
  );
}

function Problems({ state, model, run }: Props): ReactNode {
  const { t, format } = useText('org');
  const errors = run.counts['errors'] ?? 0;
  const warnings = run.counts['warnings'] ?? 0;
  if (errors + warnings === 0) return null;
  return (
    <Card
      flush
      title={t('imports.problems')}
      intro={[
        errors > 0 ? t('imports.errors_count', { count: errors, number: format.number(errors) }) : '',
        warnings > 0 ? t('imports.warnings_count', { count: warnings, number: format.number(warnings) }) : '',
      ]
        .filter(Boolean)
        .join(' · ')}
      actions={
        <Button kind="secondary" size="md" Icon={DownloadIcon} onClick={() => void model.downloadProblems()}>
          {t('imports.problems_download')}
        </Button>
      }
    >
      <Loaded of={state.problems}>
        {(problems) => (
          <>
            <DataTable
              caption={t('imports.problems')}
              dense
              rows={problems.items}
              rowKey={(problem) => problem.seq}
              columns={[
                {
                  id: 'message',
                  header: t('imports.csv.message'),
                  kind: 'main',
                  cell: (problem) => problem.message,
                },
                {
                  id: 'severity',
                  header: t('imports.csv.severity'),
                  width: 'narrow',
                  cell: (problem) => (
                    <Tag tone={problem.severity === 'error' ? 'bad' : 'warn'}>
                      {t(`imports.severities.${problem.severity}`)}
                    </Tag>
                  ),
                },
                {
                  id: 'line',
                  header: t('imports.csv.line'),
                  kind: 'num',
                  cell: (problem) => (problem.line === null ? '' : format.number(problem.line)),
                },
                {
                  id: 'column',
                  header: t('imports.csv.column'),
                  cell: (problem) => <span className="q-muted">{problem.column}</span>,
                },
              ]}
            />
            <MoreRows pages={problems} />
          </>
        )}
      </Loaded>
    </Card>
  );
}

function Decision({ state, model, run }: Props): ReactNode {
  const { t, format } = useText('org');
  const errors = run.counts['errors'] ?? 0;
  const leaving = countOf(run, 'leaving');
  const blocked = (run.guard_tripped && !state.confirmed) || (errors > 0 && !state.skipBad);
  const changes = (Object.keys(TABS) as Tab[]).reduce((sum, tab) => sum + countOf(run, tab), 0);
  return (
    <Card title={t(changes === 0 ? 'imports.nothing_to_do' : 'imports.decide')}>
      <div className="q-stack">
        {run.guard_tripped && (
          <Banner
            tone="warn"
            title={t('imports.guard_tripped', { count: leaving, number: format.number(leaving) })}
          >
            <p>{t('imports.guard_tripped_text')}</p>
            <CheckField
              label={t('imports.guard_confirm')}
              checked={state.confirmed}
              onChange={(confirmed) => {
                model.setConfirmed(confirmed);
                if (confirmed && state.tab !== 'leaving') model.show('leaving');
              }}
            />
          </Banner>
        )}
        {errors > 0 && (
          <Banner
            tone="warn"
            title={t('imports.has_errors', { count: errors, number: format.number(errors) })}
          >
            <p>{t('imports.has_errors_text')}</p>
            <CheckField label={t('imports.skip_bad')} checked={state.skipBad} onChange={model.setSkipBad} />
          </Banner>
        )}
        <div className="q-row q-row--spread">
          <p className="q-muted">{t(changes === 0 ? 'imports.nothing_to_do_text' : 'imports.apply_note')}</p>
          <div className="q-row">
            <Button kind="tertiary" size="md" disabled={state.busy} onClick={() => void model.discard()}>
              {t('imports.discard')}
            </Button>
            <Button
              kind="secondary"
              size="md"
              onClick={() => {
                model.setEditing(true);
              }}
            >
              {t('imports.back_to_mapping')}
            </Button>
            {changes > 0 && (
              <Button
                kind="primary"
                size="md"
                disabled={state.busy || blocked}
                onClick={() => void model.apply()}
              >
                {t('imports.apply')}
              </Button>
            )}
          </div>
        </div>
      </div>
    </Card>
  );
}

function HomeserverPart({ provisioning }: { provisioning: Provisioning }): ReactNode {
  const { t, format } = useText('org');
  const pending = pendingOf(provisioning);
  const done = doneOf(provisioning);
  return (
    <>
      <ProgressBar
        label={pending === 0 ? t('imports.homeserver_done') : t('imports.homeserver_part')}
        done={pending === 0 ? 1 : done}
        total={pending === 0 ? 1 : done + pending}
        value={pending === 0 ? '' : t('imports.left', { count: pending, number: format.number(pending) })}
      />
      {!provisioning.homeserver_ok && <Banner tone="warn" title={t('provisioning.homeserver_down')} />}
      {!provisioning.enabled && (
        <Banner
          tone="warn"
          title={t('provisioning.stopped')}
          actions={<RouterLink to="/health">{t('provisioning.open')}</RouterLink>}
        />
      )}
    </>
  );
}

function Application({ state, model, run }: Props): ReactNode {
  const { t, format } = useText('org');
  const done = run.progress['done'] ?? 0;
  const total = run.progress['total'] ?? 0;
  const provisioning = dataOf(state.provisioning);
  return (
    <Card title={t(`imports.outcome.${run.state}`)}>
      <div className="q-stack" aria-live="polite">
        {run.error && <Banner tone="bad" title={run.error.message} />}
        {(run.state === 'applying' || run.state === 'stopped') && (
          <ProgressBar
            label={t('imports.directory_part')}
            done={done}
            total={total}
            value={t('imports.of', { done: format.number(done), total: format.number(total) })}
          />
        )}
        {run.state === 'done' && <p>{t('imports.done_text')}</p>}
        {run.state === 'discarded' && <p>{t('imports.discarded_text')}</p>}
        {provisioning &&
          (run.state === 'done' || (run.state === 'applying' && pendingOf(provisioning) > 0)) && (
            <HomeserverPart provisioning={provisioning} />
          )}
        <div className="q-row">
          {run.state === 'applying' && (
            <Button kind="secondary" size="md" disabled={state.busy} onClick={() => void model.stop()}>
              {t('imports.stop')}
            </Button>
          )}
          {run.state === 'stopped' && (
            <Button kind="primary" size="md" disabled={state.busy} onClick={() => void model.resume()}>
              {t('imports.resume')}
            </Button>
          )}
          {run.state === 'failed' && (
            <Button
              kind="secondary"
              size="md"
              onClick={() => {
                model.setEditing(true);
              }}
            >
              {t('imports.back_to_mapping')}
            </Button>
          )}
          {run.state === 'done' && (
            <>
              <RouterLink to="/departments">{t('imports.see_tree')}</RouterLink>
              <RouterLink to="/people">{t('imports.see_people')}</RouterLink>
            </>
          )}
        </div>
      </div>
    </Card>
  );
}

function Figures({ run }: { run: ImportRun }): ReactNode {
  const { t, format } = useText('org');
  return (
    <div className="q-stats o-figures">
      {(Object.keys(TABS) as Tab[]).map((tab) => (
        <Stat key={tab} label={t(`imports.tabs.${tab}`)} value={format.number(countOf(run, tab))} />
      ))}
      <Stat label={t('imports.unchanged')} value={format.number(run.counts['unchanged'] ?? 0)} />
    </div>
  );
}

/** One import on its way from the file to the directory. */
export default function ImportView(): ReactNode {
  const { id = '' } = useParams();
  return <OneImport key={id} id={id} />;
}

function OneImport({ id }: { id: string }): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const [state, model] = useViewModel(() => new ImportViewModel(services, id));
  const { draft, editing } = state;
  const loaded = dataOf(state.run);
  return (
    <>
      <PageHead
        title={loaded?.file_name ?? loaded?.source?.name ?? t('imports.one')}
        crumbs={[{ label: t('imports.title'), to: '/import' }]}
        meta={loaded && <ImportStateTag run={loaded} />}
      />
      <Loaded of={state.run}>
        {(run) => {
          const given = { state, model, run };
          const mapping = run.state === 'uploaded' || editing;
          // What was found goes with a file that is discarded.
          const kept = run.state !== 'discarded';
          return (
            <div className="q-stack q-stack--wide">
              {kept && <Phases run={run} />}
              {run.state === 'checking' && (
                <Card title={t('imports.checking')}>
                  <ProgressBar
                    label={t('imports.checking_text')}
                    done={run.progress['done'] ?? 0}
                    total={run.progress['total'] ?? 0}
                    value={
                      run.progress['total']
                        ? t('imports.of', {
                            done: format.number(run.progress['done'] ?? 0),
                            total: format.number(run.progress['total']),
                          })
                        : ''
                    }
                  />
                </Card>
              )}
              {mapping && draft && (
                <MappingEditor
                  run={run}
                  draft={draft}
                  model={model}
                  busy={state.busy}
                  {...(editing
                    ? {
                        onCancel: () => {
                          model.setEditing(false);
                        },
                      }
                    : {})}
                />
              )}
              {!mapping && run.state !== 'checking' && (
                <>
                  {run.state !== 'checked' && <Application {...given} />}
                  {kept && run.state !== 'failed' && <Figures run={run} />}
                  {kept && <Problems {...given} />}
                  {run.state === 'checked' && <Decision {...given} />}
                  {kept && run.state !== 'failed' && <Difference {...given} />}
                </>
              )}
            </div>
          );
        }}
      </Loaded>
    </>
  );
}
