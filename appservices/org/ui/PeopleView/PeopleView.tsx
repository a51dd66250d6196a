import { Button } from '@vector-im/compound-web';
import AddIcon from '@vector-im/compound-design-tokens/assets/web/icons/user-add';
import LinkIcon from '@vector-im/compound-design-tokens/assets/web/icons/link';
import GroupIcon from '@vector-im/compound-design-tokens/assets/web/icons/group';
import type { Department, Person, PersonRef } from '@qiao/org/contract';
import {
  Card,
  dataOf,
  DataTable,
  Dialog,
  DialogFoot,
  EmptyState,
  FormShell,
  LoadedPages,
  PageHead,
  PersonLine,
  RouterLink,
  SearchBox,
  Select,
  TextField,
  useGo,
  useParams,
  useSearchParams,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useEffect, useState, type ReactNode } from 'react';
import '../org.css';
import { DepartmentPicker, PersonPicker, type DepartmentRef } from '../parts/pickers.tsx';
import { PersonStatus } from '../parts/status.tsx';
import { EmailField } from './EmailField.tsx';
import { PersonDrawer } from './PersonDrawer.tsx';
import { PeopleViewModel, type PeopleFilter, type PeopleSnapshot } from './PeopleViewModel.ts';

const STATUSES = ['joining', 'active', 'suspended', 'left'] as const;

const filterOf = (search: URLSearchParams): PeopleFilter => ({
  q: search.get('q') ?? '',
  departmentId: search.get('department') ?? undefined,
  status: STATUSES.find((each) => each === search.get('status')),
  activated: search.has('activated') ? search.get('activated') === 'true' : undefined,
});

const editable = (department: Department): boolean => department.editable;

function AddDialog(props: {
  state: PeopleSnapshot;
  model: PeopleViewModel;
  onAdded: (id: string) => void;
}): ReactNode {
  const { t } = useText('org');
  const { state, model } = props;
  const { refused } = state;
  const [given, setGiven] = useState({ display_name: '', title: '', email: '', localpart: '' });
  const [department, setDepartment] = useState<DepartmentRef | undefined>(state.department);
  const [manager, setManager] = useState<PersonRef | undefined>();
  const [tried, setTried] = useState(false);
  const field = (name: keyof typeof given) => ({
    value: given[name],
    onChange: (value: string) => {
      setGiven({ ...given, [name]: value });
    },
  });
  const close = (): void => {
    model.setAdding(false);
  };
  return (
    <Dialog
      title={t('people.add')}
      intro={t('people.add_intro')}
      onClose={close}
      footer={<DialogFoot form="person" label={t('people.add')} onClose={close} disabled={state.busy} />}
    >
      <FormShell
        id="person"
        onSubmit={() => {
          setTried(true);
          if (given.display_name.trim() === '' || !department) return;
          void model
            .add({
              display_name: given.display_name.trim(),
              title: given.title.trim(),
              email: given.email.trim(),
              localpart: given.localpart.trim(),
              department_id: department.id,
              manager_id: manager?.id,
            })
            .then((id) => {
              if (id !== undefined) props.onAdded(id);
            });
        }}
      >
        <TextField
          label={t('person.display_name')}
          autoFocus
          maxLength={256}
          error={tried && given.display_name.trim() === '' ? t('required') : undefined}
          {...field('display_name')}
        />
        <DepartmentPicker
          label={t('person.department')}
          error={tried && !department ? t('required') : undefined}
          value={department}
          onChange={setDepartment}
          filter={editable}
        />
        <div className="q-grid-2">
          <TextField label={t('person.title')} optional maxLength={256} {...field('title')} />
          <EmailField refused={refused} {...field('email')} />
        </div>
        <TextField
          label={t('person.localpart')}
          help={t('person.localpart_help')}
          error={refused?.field === 'localpart' ? (refused.text ?? t('person.localpart_help')) : undefined}
          optional
          autoCapitalize="none"
          spellCheck={false}
          maxLength={100}
          {...field('localpart')}
        />
        <PersonPicker label={t('person.manager')} optional value={manager} onChange={setManager} />
      </FormShell>
    </Dialog>
  );
}

/** All people the administrator may see, with search and one person's details beside. */
export default function PeopleView(): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const go = useGo();
  const { id } = useParams();
  const [search, setSearch] = useSearchParams();
  const [state, model] = useViewModel(() => new PeopleViewModel(services, filterOf(search)));
  useEffect(() => {
    model.show(filterOf(search));
  }, [model, search]);
  const change = (name: string, value: string | undefined): void => {
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === undefined || value === '') next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  };
  const suffix = search.size > 0 ? `?${search.toString()}` : '';
  const { filter } = state;
  const filtered =
    filter.q !== '' ||
    filter.departmentId !== undefined ||
    filter.status !== undefined ||
    filter.activated !== undefined;
  const total = dataOf(state.people)?.first.total;
  const primary = (person: Person): string =>
    (person.departments.find((each) => each.is_primary) ?? person.departments[0])?.department_name ?? '';
  return (
    <>
      <PageHead
        title={t('people.title')}
        actions={
          state.canEdit && (
            <>
              <Button kind="secondary" size="md" Icon={LinkIcon} onClick={() => void go('/activation')}>
                {t('activation.title')}
              </Button>
              <Button
                kind="primary"
                size="md"
                Icon={AddIcon}
                onClick={() => {
                  model.setAdding(true);
                }}
              >
                {t('people.add')}
              </Button>
            </>
          )
        }
      />
      <Card flush>
        <div className="q-toolbar">
          <SearchBox
            label={t('people.search')}
            placeholder={t('people.search_hint')}
            value={filter.q}
            onChange={(q) => {
              change('q', q);
            }}
          />
          <Select
            compact
            aria-label={t('people.status')}
            value={filter.status ?? ''}
            onChange={(value) => {
              change('status', value);
            }}
            options={[
              { value: '', label: t('people.any_status') },
              ...STATUSES.map((each) => ({ value: each, label: t(`people.statuses.${each}`) })),
            ]}
          />
          <Select
            compact
            aria-label={t('people.activation')}
            value={filter.activated === undefined ? '' : String(filter.activated)}
            onChange={(value) => {
              change('activated', value);
            }}
            options={[
              { value: '', label: t('people.any_activation') },
              { value: 'true', label: t('people.activated') },
              { value: 'false', label: t('people.not_activated') },
            ]}
          />
          {state.department && (
            <Button
              kind="secondary"
              size="md"
              aria-label={t('people.remove_department', { name: state.department.name })}
              onClick={() => {
                change('department', undefined);
              }}
            >
              {state.department.name} ✕
            </Button>
          )}
          <span className="q-toolbar__end" role="status">
            {total === undefined ? '' : t('people.total', { count: total, number: format.number(total) })}
          </span>
        </div>
        <LoadedPages
          of={state.people}
          empty={
            filtered ? (
              <EmptyState compact title={t('people.none_found')} text={t('people.none_found_text')}>
                <Button
                  kind="secondary"
                  size="md"
                  onClick={() => {
                    setSearch({}, { replace: true });
                  }}
                >
                  {t('people.clear_filters')}
                </Button>
              </EmptyState>
            ) : (
              <EmptyState Icon={GroupIcon} title={t('people.empty')} text={t('people.empty_text')}>
                <RouterLink to="/import">{t('departments.go_import')}</RouterLink>
              </EmptyState>
            )
          }
        >
          {(people) => (
            <DataTable
              caption={t('people.title')}
              rows={people}
              rowKey={(person) => person.id}
              current={id}
              columns={[
                {
                  id: 'name',
                  header: t('person.display_name'),
                  kind: 'main',
                  cell: (person) => (
                    <PersonLine
                      id={person.user_id}
                      name={person.display_name}
                      note={person.title}
                      onOpen={() => void go(`/people/${person.id}${suffix}`)}
                    />
                  ),
                },
                { id: 'department', header: t('person.department'), cell: primary },
                {
                  id: 'manager',
                  header: t('person.manager'),
                  optional: true,
                  cell: (person) => person.manager?.display_name ?? '',
                },
                {
                  id: 'email',
                  header: t('person.email'),
                  optional: true,
                  cell: (person) => <span className="q-muted">{person.email}</span>,
                },
                {
                  id: 'status',
                  header: t('people.status'),
                  width: 'narrow',
                  cell: (person) => <PersonStatus person={person} />,
                },
              ]}
            />
          )}
        </LoadedPages>
      </Card>
      {id !== undefined && <PersonDrawer key={id} id={id} onClose={() => void go(`/people${suffix}`)} />}
      {state.adding && (
        <AddDialog state={state} model={model} onAdded={(added) => void go(`/people/${added}`)} />
      )}
    </>
  );
}
