import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Card,
  DataTable,
  EmptyState,
  FileDrop,
  LoadedPages,
  PageHead,
  ProgressBar,
  RouterLink,
  Time,
  useGo,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import '../org.css';
import { ImportStateTag } from '../parts/importState.tsx';
import { ImportsViewModel, MAX_FILE_BYTES } from './ImportsViewModel.ts';

/** Where a directory comes in: a file now, or a source that keeps it in step. */
export default function ImportsView(): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const go = useGo();
  const [state, model] = useViewModel(() => new ImportsViewModel(services));
  const { upload, failure } = state;
  return (
    <>
      <PageHead title={t('imports.title')} intro={t('imports.intro')} />
      <div className="q-stack q-stack--wide">
        {failure && (
          <Banner tone="bad" live title={t('imports.upload_failed', { name: failure.name })}>
            <p>{services.explain(failure.error)}</p>
            {failure.error.requestId && <p className="q-request-id">{failure.error.requestId}</p>}
          </Banner>
        )}
        {upload ? (
          <Card title={t('imports.uploading')}>
            <ProgressBar
              label={upload.name}
              done={upload.sent}
              total={upload.total}
              value={`${format.bytes(upload.sent)} / ${format.bytes(upload.total)}`}
            />
            <div className="q-row q-row--end o-gap">
              <Button kind="secondary" size="md" onClick={model.cancel}>
                {t('cancel')}
              </Button>
            </div>
          </Card>
        ) : (
          <FileDrop
            label={t('imports.drop')}
            help={t('imports.drop_help', { limit: format.bytes(MAX_FILE_BYTES) })}
            accept=".csv,.tsv,.txt,.json,text/csv,application/json"
            onFile={(file) => {
              void model.upload(file).then((id) => {
                if (id !== undefined) void go(`/import/${id}`);
              });
            }}
          />
        )}
        <Banner
          tone="info"
          title={t('imports.other_ways')}
          actions={<RouterLink to="/sources">{t('imports.go_sources')}</RouterLink>}
        >
          {t('imports.other_ways_text')}
        </Banner>
        <Card flush title={t('imports.history')}>
          <LoadedPages
            of={state.runs}
            empty={<EmptyState compact title={t('imports.none')} text={t('imports.none_text')} />}
          >
            {(runs) => (
              <DataTable
                caption={t('imports.history')}
                rows={runs}
                rowKey={(run) => run.id}
                columns={[
                  {
                    id: 'name',
                    header: t('imports.what'),
                    kind: 'main',
                    cell: (run) => (
                      <RouterLink to={`/import/${run.id}`}>
                        {run.file_name ?? run.source?.name ?? t(`sources.kinds.${run.kind}`)}
                      </RouterLink>
                    ),
                  },
                  {
                    id: 'state',
                    header: t('imports.state'),
                    width: 'narrow',
                    cell: (run) => <ImportStateTag run={run} />,
                  },
                  {
                    id: 'rows',
                    header: t('imports.rows'),
                    kind: 'num',
                    cell: (run) =>
                      run.counts['rows'] === undefined ? '' : format.number(run.counts['rows']),
                  },
                  {
                    id: 'by',
                    header: t('imports.by'),
                    optional: true,
                    cell: (run) => <span className="q-muted">{run.started_by_name}</span>,
                  },
                  {
                    id: 'at',
                    header: t('imports.at'),
                    width: 'narrow',
                    cell: (run) => <Time at={run.created_at} relative />,
                  },
                ]}
              />
            )}
          </LoadedPages>
        </Card>
      </div>
    </>
  );
}
