import { Button, CheckboxInput } from '@vector-im/compound-web';
import GroupIcon from '@vector-im/compound-design-tokens/assets/web/icons/group';
import LinkIcon from '@vector-im/compound-design-tokens/assets/web/icons/link';
import type { Department, PersonRef } from '@qiao/org/contract';
import {
  Banner,
  Card,
  dataOf,
  DataTable,
  EmptyState,
  LoadedPages,
  PageHead,
  PersonLine,
  ProgressBar,
  RouterLink,
  SearchBox,
  Skeleton,
  useSearchParams,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import '../org.css';
import './sheets.css';
import { DepartmentPicker } from '../parts/pickers.tsx';
import { ActivationViewModel } from './ActivationViewModel.ts';
import { LinkDialog } from './LinkDialog.tsx';
import { Mailings } from './Mailings.tsx';
import { Requests } from './Requests.tsx';
import { Sheets } from './Sheets.tsx';

const editable = (department: Department): boolean => department.editable;

/** Who has not activated the account yet, and the ways to get them in: by mail, on paper, by a file. */
export default function ActivationView(): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const { session } = services;
  const [search] = useSearchParams();
  const [state, model] = useViewModel(() => new ActivationViewModel(services));
  const [linking, setLinking] = useState<{ person: Pick<PersonRef, 'id' | 'display_name'>; anew: boolean }>();
  if (state.sheets) return <Sheets items={state.sheets} onClose={model.closeSheets} />;
  const { filter, selected, making } = state;
  const people = dataOf(state.people);
  const everywhere = session.permissions['org.person.edit']?.company ?? false;
  const total = people?.first.total ?? 0;
  const count = selected.size > 0 ? selected.size : total;
  const number = format.number(count);
  // A search says whom to look at, not whom to write to.
  const chosen = selected.size > 0 || (filter.q === '' && (everywhere || filter.department !== undefined));
  const off = state.busy || !chosen || count === 0;
  const items = people?.items ?? [];
  const all = items.length > 0 && items.every((person) => selected.has(person.id));
  const requests = (
    <Requests
      state={state}
      model={model}
      onLink={(person) => {
        setLinking({ person, anew: true });
      }}
    />
  );
  return (
    <>
      <PageHead title={t('activation.title')} intro={t('activation.intro')} />
      {state.whole ? (
        <div className="q-stack">
          {search.has('requests') && requests}
          {dataOf(state.mail)?.configured === false && (
            <Banner
              tone="info"
              title={t('activation.mail_off')}
              actions={<RouterLink to="/mail">{t('activation.all_mails')}</RouterLink>}
            >
              {t('activation.mail_off_text')}
            </Banner>
          )}
          <Card flush title={t('activation.people')}>
            <div className="q-toolbar">
              <SearchBox
                label={t('people.search')}
                placeholder={t('people.search_hint')}
                value={filter.q}
                onChange={(q) => {
                  model.filter({ q });
                }}
              />
              <div className="o-pick-department">
                <DepartmentPicker
                  label={t('activation.department')}
                  optional={everywhere}
                  value={filter.department}
                  filter={editable}
                  onChange={(department) => {
                    model.filter({ department });
                  }}
                />
              </div>
            </div>
            <div className="q-toolbar">
              <Button kind="primary" size="md" disabled={off} onClick={() => void model.mail(number)}>
                {t('activation.mail')}
              </Button>
              <Button
                kind="secondary"
                size="md"
                disabled={off}
                onClick={() => void model.print(number, count)}
              >
                {t('activation.print')}
              </Button>
              <Button kind="secondary" size="md" disabled={off} onClick={() => void model.download()}>
                {t('activation.csv')}
              </Button>
              <span className="q-toolbar__end" role="status">
                {selected.size > 0
                  ? t('activation.selected', { count: selected.size, number })
                  : people && t('people.total', { count: total, number: format.number(total) })}
              </span>
              {selected.size > 0 && (
                <Button kind="tertiary" size="md" onClick={model.clear}>
                  {t('activation.clear')}
                </Button>
              )}
            </div>
            {!chosen && total > 0 && <p className="q-muted o-none">{t('activation.choose')}</p>}
            {making && (
              <div className="o-none">
                <ProgressBar
                  label={t('activation.making')}
                  done={making.done}
                  total={making.total}
                  value={t('activation.round_done', {
                    done: format.number(making.done),
                    total: format.number(making.total),
                  })}
                />
              </div>
            )}
            <LoadedPages
              of={state.people}
              empty={
                filter.q !== '' || filter.department ? (
                  <EmptyState compact title={t('people.none_found')} text={t('activation.none_found_text')} />
                ) : (
                  <EmptyState
                    Icon={GroupIcon}
                    title={t('activation.empty')}
                    text={t('activation.empty_text')}
                  >
                    <RouterLink to="/people">{t('leavers.go_people')}</RouterLink>
                  </EmptyState>
                )
              }
            >
              {(shown) => (
                <>
                  <div className="o-none q-row">
                    <CheckboxInput
                      id="activation-all"
                      checked={all}
                      onChange={(event) => {
                        model.select(shown, event.target.checked);
                      }}
                    />
                    <label htmlFor="activation-all">{t('activation.all_shown')}</label>
                  </div>
                  <DataTable
                    caption={t('activation.people')}
                    rows={shown}
                    rowKey={(person) => person.id}
                    columns={[
                      {
                        id: 'name',
                        header: t('person.display_name'),
                        kind: 'main',
                        cell: (person) => (
                          <div className="q-row o-pick">
                            <CheckboxInput
                              aria-label={t('activation.pick', { name: person.display_name })}
                              checked={selected.has(person.id)}
                              onChange={(event) => {
                                model.select([person], event.target.checked);
                              }}
                            />
                            <PersonLine id={person.user_id} name={person.display_name} note={person.title} />
                          </div>
                        ),
                      },
                      {
                        id: 'department',
                        header: t('person.department'),
                        cell: (person) =>
                          (person.departments.find((each) => each.is_primary) ?? person.departments[0])
                            ?.department_name ?? '',
                      },
                      {
                        id: 'email',
                        header: t('person.email'),
                        cell: (person) => (
                          <span className="q-muted">{person.email ?? t('activation.no_email')}</span>
                        ),
                      },
                      {
                        id: 'actions',
                        header: t('mail.actions'),
                        kind: 'actions',
                        cell: (person) => (
                          <Button
                            kind="tertiary"
                            size="md"
                            Icon={LinkIcon}
                            aria-label={t('activation.link_of', { name: person.display_name })}
                            onClick={() => {
                              setLinking({ person, anew: false });
                            }}
                          >
                            {t('activation.link')}
                          </Button>
                        ),
                      },
                    ]}
                  />
                </>
              )}
            </LoadedPages>
          </Card>
          <Mailings state={state} model={model} />
          {!search.has('requests') && requests}
        </div>
      ) : (
        <Skeleton lines={10} />
      )}
      {linking && (
        <LinkDialog
          {...linking}
          onClose={() => {
            setLinking(undefined);
          }}
        />
      )}
    </>
  );
}
