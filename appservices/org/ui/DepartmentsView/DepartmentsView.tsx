import { Button } from '@vector-im/compound-web';
import PlusIcon from '@vector-im/compound-design-tokens/assets/web/icons/plus';
import TreeIcon from '@vector-im/compound-design-tokens/assets/web/icons/tree';
import type { Department } from '@qiao/org/contract';
import {
  Card,
  CheckField,
  Drawer,
  EmptyState,
  Facts,
  Loaded,
  LoadedPages,
  PageHead,
  PersonLine,
  RouterLink,
  SearchBox,
  Tag,
  useGo,
  useParams,
  useServices,
  useText,
  useViewModel,
  type MenuEntry,
} from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import '../org.css';
import { useMedia } from '../parts/media.ts';
import { DepartmentDialogs } from './DepartmentDialogs.tsx';
import { DepartmentTree } from './DepartmentTree.tsx';
import { DepartmentsViewModel, type DepartmentsSnapshot } from './DepartmentsViewModel.ts';

const WIDE = '(width >= 68rem)';

function Details(props: {
  department: Department;
  state: DepartmentsSnapshot;
  model: DepartmentsViewModel;
}): ReactNode {
  const { t, format } = useText('org');
  const go = useGo();
  const { department, state, model } = props;
  const can = department.editable && department.state === 'active';
  return (
    <div className="q-stack">
      <div className="q-row">
        {department.hidden && <Tag tone="warn">{t('departments.hidden')}</Tag>}
        {department.include_sub && <Tag tone="info">{t('departments.include_sub')}</Tag>}
        {department.state !== 'active' && <Tag>{t(`departments.states.${department.state}`)}</Tag>}
        {department.room_id === null && department.state === 'active' && (
          <Tag>{t('departments.no_room_yet')}</Tag>
        )}
      </div>
      <Facts
        items={[
          [t('departments.direct'), format.number(department.member_count)],
          [t('departments.with_sub'), format.number(department.total_count)],
          department.external_id !== null && [t('departments.external_id'), department.external_id],
        ]}
      />
      <section className="q-stack q-stack--tight">
        <div className="q-row q-row--spread">
          <h3>{t('departments.heads')}</h3>
          {can && (
            <button
              type="button"
              className="q-link-button"
              onClick={() => {
                model.open({ kind: 'heads', department });
              }}
            >
              {t('edit')}
            </button>
          )}
        </div>
        {department.heads.length === 0 ? (
          <p className="q-muted">{t('departments.no_head')}</p>
        ) : (
          <ul className="q-stack q-stack--tight">
            {department.heads.map((head) => (
              <li key={head.id}>
                <PersonLine
                  id={head.user_id}
                  name={head.display_name}
                  note={head.title}
                  onOpen={() => void go(`/people/${head.id}`)}
                />
              </li>
            ))}
          </ul>
        )}
      </section>
      <section className="q-stack q-stack--tight">
        <div className="q-row q-row--spread">
          <h3>{t('departments.people')}</h3>
          <RouterLink className="q-small" to={`/people?department=${department.id}`}>
            {t('departments.all_people')}
          </RouterLink>
        </div>
        <LoadedPages of={state.people} empty={<p className="q-muted">{t('departments.nobody')}</p>}>
          {(people) => (
            <ul className="q-stack q-stack--tight">
              {people.map((person) => (
                <li key={person.id}>
                  <PersonLine
                    id={person.user_id}
                    name={person.display_name}
                    note={person.title}
                    onOpen={() => void go(`/people/${person.id}`)}
                  />
                </li>
              ))}
            </ul>
          )}
        </LoadedPages>
      </section>
    </div>
  );
}

/** The organisation tree, with one department's details beside it. */
export default function DepartmentsView(): ReactNode {
  const { t } = useText('org');
  const services = useServices();
  const go = useGo();
  const { id } = useParams();
  const wide = useMedia(WIDE);
  const [state, model] = useViewModel(() => new DepartmentsViewModel(services, id));
  useEffect(() => {
    model.select(id);
  }, [model, id]);
  const { selected, moving } = state;
  const entriesFor = (department: Department): readonly (MenuEntry | 'line')[] => [
    {
      label: t('departments.add_below'),
      onSelect: () => {
        model.open({ kind: 'add', parent: department });
      },
    },
    {
      label: t('departments.edit'),
      onSelect: () => {
        model.open({ kind: 'edit', department });
      },
    },
    {
      label: t('departments.heads_edit'),
      onSelect: () => {
        model.open({ kind: 'heads', department });
      },
    },
    'line',
    {
      label: t('departments.move_to'),
      onSelect: () => {
        model.open({ kind: 'move', department });
      },
    },
    {
      label: t('departments.move_keys'),
      onSelect: () => {
        model.startMoving(department);
      },
    },
    {
      label: t('departments.merge'),
      onSelect: () => {
        model.open({ kind: 'merge', department });
      },
    },
    'line',
    {
      label: t('departments.end'),
      destructive: true,
      onSelect: () => {
        model.open({ kind: 'end', department });
      },
    },
  ];
  const canAdd = state.canAddTop || [...state.tree.byId.values()].some((each) => each.editable);
  return (
    <>
      <PageHead
        title={t('departments.title')}
        intro={t('departments.intro')}
        actions={
          canAdd && (
            <Button
              kind="primary"
              size="md"
              Icon={PlusIcon}
              onClick={() => {
                model.open({ kind: 'add', parent: selected?.editable ? selected : undefined });
              }}
            >
              {t('departments.add')}
            </Button>
          )
        }
      />
      <div className="o-split">
        <Card flush>
          {moving ? (
            <div className="q-toolbar o-moving" role="note">
              <strong>{t('departments.move_mode.title', { name: moving.department.name })}</strong>
              <span className="q-muted">{t('departments.move_mode.keys')}</span>
              <span className="q-row o-moving__buttons">
                {(['up', 'down', 'out', 'in'] as const).map((step) => (
                  <Button
                    key={step}
                    kind="secondary"
                    size="md"
                    onClick={() => {
                      model.step(step);
                    }}
                  >
                    {t(`departments.move_mode.${step}`)}
                  </Button>
                ))}
                <Button kind="secondary" size="md" onClick={model.cancelMoving}>
                  {t('cancel')}
                </Button>
                <Button
                  kind="primary"
                  size="md"
                  disabled={state.busy}
                  onClick={() => void model.finishMoving()}
                >
                  {t('departments.move_mode.drop')}
                </Button>
              </span>
            </div>
          ) : (
            <div className="q-toolbar">
              <SearchBox label={t('departments.filter')} value={state.filter} onChange={model.filter} />
              <Button
                kind="tertiary"
                size="md"
                onClick={() => {
                  model.expandAll(true);
                }}
              >
                {t('departments.expand_all')}
              </Button>
              <Button
                kind="tertiary"
                size="md"
                onClick={() => {
                  model.expandAll(false);
                }}
              >
                {t('departments.collapse_all')}
              </Button>
              <span className="q-toolbar__end">
                <CheckField
                  label={t('departments.show_ended')}
                  checked={state.ended}
                  onChange={model.showEnded}
                />
              </span>
            </div>
          )}
          <Loaded of={state.departments}>
            {(departments) =>
              departments.length === 0 ? (
                <EmptyState Icon={TreeIcon} title={t('departments.empty')} text={t('departments.empty_text')}>
                  <RouterLink to="/import">{t('departments.go_import')}</RouterLink>
                </EmptyState>
              ) : state.rows.length === 0 ? (
                <EmptyState compact title={t('nothing_fits')} />
              ) : (
                <DepartmentTree
                  state={state}
                  model={model}
                  onSelect={(chosen) => void go(`/departments/${chosen}`)}
                  entriesFor={entriesFor}
                />
              )
            }
          </Loaded>
          <p className="q-sr" role="status">
            {state.said}
          </p>
        </Card>
        {wide && (
          <aside className="o-split__side" aria-label={t('departments.details')}>
            <Card {...(selected ? { title: selected.name } : {})}>
              {selected ? (
                <Details department={selected} state={state} model={model} />
              ) : (
                <EmptyState
                  compact
                  Icon={TreeIcon}
                  title={t('departments.choose')}
                  text={t('departments.choose_text')}
                />
              )}
            </Card>
          </aside>
        )}
      </div>
      {!wide && selected && !state.dialog && !moving && (
        <Drawer title={selected.name} onClose={() => void go('/departments')}>
          <Details department={selected} state={state} model={model} />
        </Drawer>
      )}
      <DepartmentDialogs state={state} model={model} />
    </>
  );
}
