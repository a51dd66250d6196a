import ChevronRightIcon from '@vector-im/compound-design-tokens/assets/web/icons/chevron-right';
import CompanyIcon from '@vector-im/compound-design-tokens/assets/web/icons/company';
import GroupIcon from '@vector-im/compound-design-tokens/assets/web/icons/group';
import SearchIcon from '@vector-im/compound-design-tokens/assets/web/icons/search';
import { Button } from '@vector-im/compound-web';
import {
  EmptyState,
  ErrorState,
  Fold,
  Loaded,
  MoreRows,
  NoFold,
  RouterLink,
  SearchBox,
  Skeleton,
  useParams,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useEffect, useState, type ReactNode } from 'react';
import { useTitle } from '../../app/title.ts';
import { MatrixAvatar } from '../../components/MatrixAvatar.tsx';
import { useMatrix } from '../../matrix/context.tsx';
import { inDirectory, type DirectoryDepartment, type DirectoryPerson } from './api.ts';
import { usePeopleSearch } from '../finder/people.ts';
import { PersonText } from '../finder/PersonText.tsx';
import { personPath } from './person-path.ts';
import { DirectoryViewModel, type TreeNode } from './DirectoryViewModel.ts';
import { OthersSearch } from './OthersSearch.tsx';
import './directory.css';

const departmentPath = (id: string): string => `/directory/${id}`;

function Branch(props: {
  node: TreeNode;
  current: string | undefined;
  open: ReadonlySet<string>;
}): ReactNode {
  const { t, format } = useText('directory');
  const { node, current, open } = props;
  const { department } = node;
  const [chosen, setChosen] = useState<boolean>();
  const shown = chosen ?? open.has(department.id);
  return (
    <li>
      <div className="c-tree__row" data-current={department.id === current}>
        {node.below.length > 0 ? (
          <Fold
            label={t('below', { name: department.name })}
            open={shown}
            onToggle={() => {
              setChosen(!shown);
            }}
          />
        ) : (
          <NoFold />
        )}
        <RouterLink
          to={departmentPath(department.id)}
          className="c-tree__name"
          aria-current={department.id === current ? 'page' : undefined}
        >
          <bdi>{department.name}</bdi>
          <span className="c-tree__count">
            <span aria-hidden>{format.number(node.total)}</span>
            <span className="q-sr">{t('people', { count: node.total })}</span>
          </span>
        </RouterLink>
      </div>
      {shown && node.below.length > 0 && (
        <ul>
          {node.below.map((inner) => (
            <Branch key={inner.department.id} node={inner} current={current} open={open} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Crumbs(props: { path: readonly DirectoryDepartment[] }): ReactNode {
  const { t } = useText('directory');
  const { session } = useServices();
  const company = session.companyName === '' ? t('company') : session.companyName;
  return (
    <nav className="q-crumbs" aria-label={t('where')}>
      <ol>
        <li>{props.path.length === 0 ? company : <RouterLink to="/directory">{company}</RouterLink>}</li>
        {props.path.map((department, index) => (
          <li key={department.id}>
            {index === props.path.length - 1 ? (
              <bdi>{department.name}</bdi>
            ) : (
              <RouterLink to={departmentPath(department.id)}>
                <bdi>{department.name}</bdi>
              </RouterLink>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

function PersonRow({ person }: { person: DirectoryPerson }): ReactNode {
  const { people } = useMatrix();
  const search = usePeopleSearch();
  return (
    <li>
      <RouterLink to={personPath(person.user_id)} className="c-person">
        <span aria-hidden>
          <MatrixAvatar
            id={person.user_id}
            name={person.display_name}
            mxc={people.known(person.user_id).avatar}
            size={40}
          />
        </span>
        <PersonText person={search.listed(person)} />
      </RouterLink>
    </li>
  );
}

function Departments(props: { nodes: readonly TreeNode[] }): ReactNode {
  const { t, format } = useText('directory');
  if (props.nodes.length === 0) return null;
  return (
    <ul className="c-departments" aria-label={t('departments')}>
      {props.nodes.map((node) => (
        <li key={node.department.id}>
          <RouterLink to={departmentPath(node.department.id)}>
            <GroupIcon width={20} height={20} aria-hidden />
            <bdi>{node.department.name}</bdi>
            <span className="q-muted">
              <span aria-hidden>{format.number(node.total)}</span>
              <span className="q-sr">{t('people', { count: node.total })}</span>
            </span>
            <ChevronRightIcon width={18} height={18} aria-hidden />
          </RouterLink>
        </li>
      ))}
    </ul>
  );
}

function Company(): ReactNode {
  const { t } = useText('directory');
  const services = useServices();
  const { departmentId } = useParams();
  const [state, model] = useViewModel(() => new DirectoryViewModel(services, departmentId));
  useEffect(() => {
    model.open(departmentId);
  }, [model, departmentId]);
  const { tree, node, path, query, scope, people } = state;
  const searching = query.trim() !== '';
  useTitle(node?.department.name ?? t('title'));
  if (tree.state === 'failed') return <ErrorState error={tree.error} retry={tree.retry} />;
  if (tree.state === 'ready' && departmentId !== undefined && !node)
    return (
      <EmptyState Icon={CompanyIcon} title={t('no_department')}>
        <RouterLink to="/directory">{t('to_top')}</RouterLink>
      </EmptyState>
    );
  return (
    <div className="c-directory">
      <nav className="c-tree" aria-label={t('departments')}>
        {tree.state === 'ready' ? (
          <ul>
            {tree.data.map((branch) => (
              <Branch
                // A new top opens by itself where it is on the way.
                key={branch.department.id}
                node={branch}
                current={departmentId}
                open={
                  new Set([
                    ...path.map((each) => each.id),
                    ...(tree.data.length < 3 ? [branch.department.id] : []),
                  ])
                }
              />
            ))}
          </ul>
        ) : (
          <Skeleton lines={6} />
        )}
      </nav>
      <section className="c-people" aria-label={node?.department.name ?? t('title')}>
        <div className="c-people__head">
          <Crumbs path={path} />
          <SearchBox
            label={t('find')}
            placeholder={t('find_placeholder')}
            value={query}
            onChange={model.find}
          />
          {node && searching && (
            <div className="c-scope" role="group" aria-label={t('scope')}>
              {(['company', 'department'] as const).map((each) => (
                <button
                  key={each}
                  type="button"
                  className="q-chip"
                  aria-pressed={scope === each}
                  onClick={() => {
                    model.lookIn(each);
                  }}
                >
                  {t(`scope_${each}`, { name: node.department.name })}
                </button>
              ))}
            </div>
          )}
        </div>
        {!searching && (
          <div className="c-people__departments">
            <Departments nodes={node ? node.below : tree.state === 'ready' ? tree.data : []} />
          </div>
        )}
        {!searching && !node ? <h2 className="c-people__all">{t('everybody')}</h2> : null}
        <Loaded of={people} skeleton={<Skeleton lines={8} />}>
          {(pages) =>
            pages.items.length === 0 ? (
              searching ? (
                <EmptyState
                  compact
                  Icon={SearchIcon}
                  title={
                    node && scope === 'department'
                      ? t('nobody_in', { name: node.department.name, query: query.trim() })
                      : t('nobody', { query: query.trim() })
                  }
                  text={t('nobody_text')}
                >
                  {node && scope === 'department' && (
                    <Button
                      kind="secondary"
                      size="md"
                      onClick={() => {
                        model.lookIn('company');
                      }}
                    >
                      {t('look_everywhere')}
                    </Button>
                  )}
                </EmptyState>
              ) : (
                <p className="q-muted c-people__none">
                  {node && node.below.length > 0 ? t('only_below') : t('empty')}
                </p>
              )
            ) : (
              <>
                <ul className="c-persons" aria-label={t('members')}>
                  {pages.items.map((person) => (
                    <PersonRow key={person.id} person={person} />
                  ))}
                </ul>
                <MoreRows pages={pages} />
              </>
            )
          }
        </Loaded>
      </section>
    </div>
  );
}

/** The directory: of the company for its people; for others whoever the homeserver lets one find. */
export default function DirectoryView(): ReactNode {
  const { t } = useText('directory');
  const { session } = useServices();
  useTitle(t('title'));
  return (
    <main className="c-page-area c-directory-page">
      <h1 className="c-directory__title">{t('title')}</h1>
      {inDirectory(session) ? <Company /> : <OthersSearch />}
    </main>
  );
}
