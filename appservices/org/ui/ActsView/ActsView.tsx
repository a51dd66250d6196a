import HistoryIcon from '@vector-im/compound-design-tokens/assets/web/icons/history';
import { Button } from '@vector-im/compound-web';
import {
  Card,
  DataTable,
  EmptyState,
  LoadedPages,
  PageHead,
  useSearchParams,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import '../org.css';
import { ActsViewModel, type Act } from './ActsViewModel.ts';

/** The name of what an act was about, as far as its details say it. */
function about({ details, subject_name }: Act): string {
  const set = details['set'];
  const inner = typeof set === 'object' && set !== null ? (set as Record<string, unknown>) : {};
  const name =
    subject_name ??
    details['display_name'] ??
    details['name'] ??
    details['label'] ??
    inner['display_name'] ??
    inner['name'];
  return typeof name === 'string' && name !== '' ? ` · ${name}` : '';
}

/** The trail of administrative acts. */
export default function ActsView(): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const { i18n } = services;
  const [search, setSearch] = useSearchParams();
  const subject = search.get('subject') ?? '';
  const [state, model] = useViewModel(() => new ActsViewModel(services, subject));
  useEffect(() => {
    model.show(subject);
  }, [model, subject]);
  const actionName = (action: string): string => {
    const key = action.replaceAll('.', '_');
    return i18n.instance.exists(`org:acts.actions.${key}`) ? t(`acts.actions.${key}`) : action;
  };
  return (
    <>
      <PageHead title={t('acts.title')} intro={t('acts.intro')} />
      <Card flush>
        {subject !== '' && (
          <div className="q-toolbar">
            <span>{t('acts.only', { subject })}</span>
            <Button
              kind="tertiary"
              size="md"
              onClick={() => {
                setSearch({});
              }}
            >
              {t('acts.all')}
            </Button>
          </div>
        )}
        <LoadedPages of={state.acts} empty={<EmptyState Icon={HistoryIcon} title={t('acts.empty')} />}>
          {(acts) => (
            <DataTable
              caption={t('acts.title')}
              dense
              rows={acts}
              rowKey={(act) => act.id}
              columns={[
                {
                  id: 'action',
                  header: t('acts.action'),
                  kind: 'main',
                  cell: (act) => (
                    <>
                      {actionName(act.action)}
                      <span className="q-muted">{about(act)}</span>
                    </>
                  ),
                },
                {
                  id: 'at',
                  header: t('acts.at'),
                  width: 'narrow',
                  cell: (act) => (
                    <time dateTime={act.at} className="q-num">
                      {format.dateTime(act.at)}
                    </time>
                  ),
                },
                {
                  id: 'actor',
                  header: t('acts.actor'),
                  cell: (act) => <span className="q-mono">{act.actor}</span>,
                },
                {
                  id: 'details',
                  header: t('acts.details'),
                  cell: (act) => (
                    <details className="o-details">
                      <summary>{t('acts.show')}</summary>
                      <pre>{JSON.stringify({ subject: act.subject, ...act.details }, null, 1)}</pre>
                      <button
                        type="button"
                        className="q-link-button"
                        onClick={() => {
                          setSearch({ subject: act.subject });
                        }}
                      >
                        {t('acts.same_subject')}
                      </button>
                    </details>
                  ),
                },
              ]}
            />
          )}
        </LoadedPages>
      </Card>
    </>
  );
}
