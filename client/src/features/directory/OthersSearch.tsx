import GroupIcon from '@vector-im/compound-design-tokens/assets/web/icons/group';
import SearchIcon from '@vector-im/compound-design-tokens/assets/web/icons/search';
import {
  asApiError,
  EmptyState,
  ErrorState,
  RouterLink,
  SearchBox,
  Skeleton,
  useServices,
  useText,
  useViewModel,
  ViewModel,
  type ApiError,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { MatrixAvatar } from '../../components/MatrixAvatar.tsx';
import { useMatrix } from '../../matrix/context.tsx';
import { searchPeople, type FoundPerson } from './people-search.ts';
import { personPath } from './person-path.ts';

/** How long typing rests before the servers are asked, in milliseconds. */
const REST_MS = 250;

interface OthersSnapshot {
  readonly query: string;
  readonly found: readonly FoundPerson[] | undefined;
  readonly error: ApiError | undefined;
}

/** People that the homeserver lets one find. */
class OthersViewModel extends ViewModel<OthersSnapshot> {
  readonly #search: (text: string, signal: AbortSignal) => Promise<readonly FoundPerson[]>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | undefined;

  constructor(search: (text: string, signal: AbortSignal) => Promise<readonly FoundPerson[]>) {
    super({ query: '', found: undefined, error: undefined });
    this.#search = search;
  }

  protected override onMount(): void {
    this.own(() => {
      clearTimeout(this.#timer);
      this.#abort?.abort();
    });
  }

  readonly find = (query: string): void => {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.set({ query, found: undefined, error: undefined });
    if (query.trim() === '') return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#timer = setTimeout(() => {
      this.#search(query.trim(), abort.signal).then(
        (found) => {
          if (!abort.signal.aborted) this.set({ found });
        },
        (error: unknown) => {
          if (!abort.signal.aborted) this.set({ error: asApiError(error) });
        },
      );
    }, REST_MS);
  };
}

/** The directory of people who are not in the company's: a search by name or by Matrix id. */
export function OthersSearch(): ReactNode {
  const { t } = useText('directory');
  const { api, session } = useServices();
  const { people } = useMatrix();
  const [state, model] = useViewModel(
    () => new OthersViewModel((text, signal) => searchPeople({ api, session, people }, text, signal)),
  );
  const { query, found, error } = state;
  return (
    <section className="c-people c-people--others" aria-label={t('title')}>
      <p className="q-muted">{t('others_text')}</p>
      <SearchBox
        label={t('find')}
        placeholder={t('others_placeholder')}
        value={query}
        onChange={model.find}
      />
      {error ? (
        <ErrorState
          error={error}
          retry={() => {
            model.find(query);
          }}
        />
      ) : query.trim() === '' ? (
        <EmptyState Icon={GroupIcon} title={t('others_empty')} />
      ) : !found ? (
        <Skeleton lines={5} />
      ) : found.length === 0 ? (
        <EmptyState
          compact
          Icon={SearchIcon}
          title={t('nobody', { query: query.trim() })}
          text={t('nobody_text')}
        />
      ) : (
        <ul className="c-persons" aria-label={t('members')}>
          {found.map((person) => (
            <li key={person.userId}>
              <RouterLink to={personPath(person.userId)} className="c-person">
                <span aria-hidden>
                  <MatrixAvatar id={person.userId} name={person.name} mxc={person.avatar} size={40} />
                </span>
                <span className="c-person__text">
                  <span className="c-person__name">
                    <bdi>{person.name}</bdi>
                    {person.server !== undefined && <span className="c-external">{t('external')}</span>}
                  </span>
                  <span className="c-person__note">
                    <bdi>{person.note}</bdi>
                  </span>
                </span>
              </RouterLink>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
