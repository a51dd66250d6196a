import HistoryIcon from '@vector-im/compound-design-tokens/assets/web/icons/history';
import DownloadIcon from '@vector-im/compound-design-tokens/assets/web/icons/download';
import { Button } from '@vector-im/compound-web';
import {
  Card,
  DataTable,
  EmptyState,
  LoadedPages,
  PageHead,
  SearchBox,
  SelectField,
  TextField,
  useSearchParams,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import '../org.css';
import { PersonPicker } from '../parts/pickers.tsx';
import { ActsViewModel, type Act, type ActsFilter } from './ActsViewModel.ts';

const filterOf = (search: URLSearchParams): ActsFilter => ({
  q: search.get('q') ?? '',
  action: search.get('action') ?? '',
  personId: search.get('person') ?? undefined,
  subject: search.get('subject') ?? '',
  from: search.get('from') ?? '',
  to: search.get('to') ?? '',
});

/** The trail of administrative acts. */
export default function ActsView(): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const [search, setSearch] = useSearchParams();
  const [state, model] = useViewModel(() => new ActsViewModel(services, filterOf(search)));
  useEffect(() => {
    model.show(filterOf(search));
  }, [model, search]);
  const change = (changes: Readonly<Record<string, string | undefined>>): void => {
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        for (const [name, value] of Object.entries(changes))
          if (value === undefined || value === '') next.delete(name);
          else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  };
  const { filter, person } = state;
  const filtered = search.size > 0;
  // How what is filtered by is called, is told by the acts about it.
  const shown = state.acts.state === 'ready' ? state.acts.data.items : [];
  const about =
    shown.find((act) => act.subject === filter.subject)?.subject_name ?? filter.subject.split(':')[0];
  const showSubject = (act: Act): void => {
    const id = /^person:(.*)$/.exec(act.subject)?.[1];
    setSearch(id === undefined ? { subject: act.subject } : { person: id });
  };
  return (
    <>
      <PageHead
        title={t('acts.title')}
        intro={t('acts.intro')}
        actions={
          <Button
            kind="secondary"
            size="md"
            Icon={DownloadIcon}
            disabled={state.busy}
            onClick={() => void model.download()}
          >
            {t('acts.export')}
          </Button>
        }
      />
      <Card flush>
        <div className="q-toolbar">
          <SearchBox
            label={t('acts.search')}
            placeholder={t('acts.search_hint')}
            value={filter.q}
            onChange={(q) => {
              change({ q });
            }}
          />
          {filtered && (
            <Button
              kind="tertiary"
              size="md"
              onClick={() => {
                setSearch({});
              }}
            >
              {t('acts.all')}
            </Button>
          )}
        </div>
        <div className="o-acts-filter">
          <PersonPicker
            label={t('acts.person')}
            anybody
            optional
            value={person}
            onChange={(chosen) => {
              change({ person: chosen?.id });
            }}
          />
          <SelectField
            label={t('acts.type')}
            value={filter.action}
            onChange={(action) => {
              change({ action });
            }}
            options={[
              { value: '', label: t('acts.any_type') },
              ...state.types.map((each) => ({ value: each.action, label: each.name })),
            ]}
          />
          <TextField
            label={t('acts.from')}
            type="date"
            value={filter.from}
            max={filter.to === '' ? undefined : filter.to}
            onChange={(from) => {
              change({ from });
            }}
          />
          <TextField
            label={t('acts.to')}
            type="date"
            value={filter.to}
            min={filter.from === '' ? undefined : filter.from}
            onChange={(to) => {
              change({ to });
            }}
          />
        </div>
        {filter.subject !== '' && <p className="o-acts-only">{t('acts.only', { name: about })}</p>}
        <LoadedPages
          of={state.acts}
          empty={
            filtered ? (
              <EmptyState Icon={HistoryIcon} title={t('acts.none')} text={t('acts.none_text')} />
            ) : (
              <EmptyState Icon={HistoryIcon} title={t('acts.empty')} />
            )
          }
        >
          {(acts) => (
            <DataTable
              caption={t('acts.title')}
              dense
              rows={acts}
              rowKey={(act) => act.id}
              columns={[
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
                { id: 'text', header: t('acts.action'), kind: 'main', cell: (act) => act.text },
                {
                  id: 'type',
                  header: t('acts.type'),
                  optional: true,
                  cell: (act) => <span className="q-muted">{act.type}</span>,
                },
                {
                  id: 'about',
                  header: t('acts.about'),
                  cell: (act) =>
                    act.subject_name !== null && (
                      <button
                        type="button"
                        className="q-link-button"
                        aria-label={t('acts.same_subject', { name: act.subject_name })}
                        onClick={() => {
                          showSubject(act);
                        }}
                      >
                        {act.subject_name}
                      </button>
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
