import GroupIcon from '@vector-im/compound-design-tokens/assets/web/icons/group';
import SearchIcon from '@vector-im/compound-design-tokens/assets/web/icons/search';
import { EmptyState, RouterLink, SearchBox, Skeleton, useText, useViewModel } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { MatrixAvatar } from '../../components/MatrixAvatar.tsx';
import { FinderViewModel } from '../finder/FinderViewModel.ts';
import { usePeopleSearch } from '../finder/people.ts';
import { peopleSource } from '../finder/sources.ts';
import { PersonText } from '../finder/PersonText.tsx';
import { personPath } from './person-path.ts';

/** The directory of people who are not in the company's: those of shared conversations, and others by Matrix id. */
export function OthersSearch(): ReactNode {
  const { t } = useText('directory');
  const search = usePeopleSearch();
  const [{ query, items, state }, model] = useViewModel(() => new FinderViewModel(peopleSource(search)));
  return (
    <section className="c-people c-people--others" aria-label={t('title')}>
      <p className="q-muted">{t('others_text')}</p>
      <SearchBox
        label={t('find')}
        placeholder={t('others_placeholder')}
        value={query}
        onChange={model.type}
      />
      {state === 'idle' ? (
        <EmptyState Icon={GroupIcon} title={t('others_empty')} />
      ) : items.length === 0 && state === 'busy' ? (
        <Skeleton lines={5} />
      ) : items.length === 0 ? (
        <EmptyState
          compact
          Icon={SearchIcon}
          title={t('nobody', { query: query.trim() })}
          text={t('nobody_text')}
        />
      ) : (
        <ul className="c-persons" aria-label={t('members')}>
          {items.map((item) =>
            item.kind === 'person' ? (
              <li key={item.key}>
                <RouterLink to={personPath(item.person.userId)} className="c-person">
                  <span aria-hidden>
                    <MatrixAvatar
                      id={item.person.userId}
                      name={item.person.name}
                      mxc={item.person.avatar}
                      size={40}
                    />
                  </span>
                  <PersonText person={item.person} />
                </RouterLink>
              </li>
            ) : null,
          )}
        </ul>
      )}
    </section>
  );
}
