import ChatIcon from '@vector-im/compound-design-tokens/assets/web/icons/chat';
import FileIcon from '@vector-im/compound-design-tokens/assets/web/icons/document';
import ImageIcon from '@vector-im/compound-design-tokens/assets/web/icons/image';
import LockIcon from '@vector-im/compound-design-tokens/assets/web/icons/lock-solid';
import SearchIcon from '@vector-im/compound-design-tokens/assets/web/icons/search';
import { Button } from '@vector-im/compound-web';
import { Busy, EmptyState, RouterLink, Skeleton, Time, useSnapshot, useText } from '@qiao/ui-kit';
import { useEffect, useRef, type ReactNode } from 'react';
import { ConversationAvatar } from '../../components/ConversationAvatar.tsx';
import { MatrixAvatar } from '../../components/MatrixAvatar.tsx';
import { useMatrix } from '../../matrix/context.tsx';
import { KIND } from '../../search/types.ts';
import { personPath } from '../directory/person-path.ts';
import { PersonText } from '../finder/PersonText.tsx';
import type { SearchAddress } from './address.ts';
import type { Hit, Piece, Results, SearchViewModel } from './SearchViewModel.ts';

const Pieces = ({ of }: { of: readonly Piece[] }): ReactNode =>
  of.map((piece, index) => (piece.marked ? <mark key={index}>{piece.text}</mark> : piece.text));

function HitRow({ hit, inRoom }: { hit: Hit; inRoom: boolean }): ReactNode {
  const { format } = useText('search');
  const { doc } = hit;
  const Icon = (doc.kinds & KIND.image) === 0 ? FileIcon : ImageIcon;
  const to = `/room/${encodeURIComponent(doc.roomId)}?event=${encodeURIComponent(doc.eventId)}${inRoom ? '&panel=search' : ''}`;
  return (
    <li className="c-hit">
      <RouterLink to={to} className="c-hit__link">
        <MatrixAvatar id={doc.sender} name={hit.sender} size={36} />
        <span className="c-hit__main">
          <span className="c-hit__head">
            <span className="c-hit__sender">{hit.sender}</span>
            {!inRoom && <span className="c-hit__room">{hit.room}</span>}
            <span className="c-hit__time">
              <Time at={new Date(doc.ts).toISOString()} />
            </span>
          </span>
          {hit.file && (
            <span className="c-hit__file">
              <Icon width={18} height={18} aria-hidden />
              <span dir="auto">
                <Pieces of={hit.file} />
              </span>
              {doc.file?.size !== undefined && (
                <span className="q-muted q-num">{format.bytes(doc.file.size)}</span>
              )}
            </span>
          )}
          {hit.text.length > 0 && (
            <span className="c-hit__text" dir="auto">
              <Pieces of={hit.text} />
            </span>
          )}
        </span>
      </RouterLink>
    </li>
  );
}

/** Loads the next page when it comes into view. */
function More(props: { loading: boolean; onMore: () => void }): ReactNode {
  const { t } = useText('search');
  const mark = useRef<HTMLDivElement>(null);
  const { onMore } = props;
  useEffect(() => {
    if (!mark.current) return;
    const watching = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) onMore();
      },
      { rootMargin: '400px' },
    );
    watching.observe(mark.current);
    return () => {
      watching.disconnect();
    };
  }, [onMore, props.loading]);
  return (
    <div className="c-search__more" ref={mark}>
      {props.loading ? (
        <Busy />
      ) : (
        <Button kind="tertiary" size="md" onClick={onMore}>
          {t('more')}
        </Button>
      )}
    </div>
  );
}

/** Instead of results while search is off or its storage cannot be used. */
function NotReady(): ReactNode {
  const { t } = useText('search');
  const { search } = useMatrix();
  const { state } = useSnapshot(search);
  if (state === 'opening' || state === 'ready') return <Skeleton lines={8} />;
  return (
    <EmptyState
      Icon={SearchIcon}
      title={state === 'off' ? t('off') : t('failed')}
      text={state === 'off' ? t('off_text') : t('failed_text')}
    >
      <Button kind="primary" size="md" onClick={() => void search.turnOn()}>
        {state === 'off' ? t('turn_on') : t('retry')}
      </Button>
    </EmptyState>
  );
}

interface ResultsProps {
  readonly results: Results;
  readonly address: SearchAddress;
  readonly model: SearchViewModel;
  readonly inRoom?: boolean;
}

/** What was found, or why nothing is shown; until a change is looked up, what was found before stays. */
export const SearchResults = ({ busy, ...props }: ResultsProps & { busy: boolean }): ReactNode => (
  <div className="c-search__results" aria-busy={busy}>
    <Found {...props} />
  </div>
);

function Found(props: ResultsProps): ReactNode {
  const { t } = useText('search');
  const { search, rooms } = useMatrix();
  const status = useSnapshot(search);
  const { results, model } = props;
  const inRoom = props.inRoom ?? false;
  const ofIndex = props.address.tab === 'messages' || props.address.tab === 'files';
  if (ofIndex && status.state !== 'ready') return <NotReady />;
  switch (results.state) {
    case 'idle':
      return (
        <EmptyState
          Icon={SearchIcon}
          title={t('idle')}
          text={inRoom ? t('idle_room_text') : t('idle_text')}
        />
      );
    case 'loading':
      return <Skeleton lines={8} />;
    case 'failed':
      return (
        <EmptyState Icon={SearchIcon} title={t('failed')} text={t('failed_text')}>
          <Button kind="secondary" size="md" onClick={model.retry}>
            {t('retry')}
          </Button>
        </EmptyState>
      );
    case 'messages':
      return (
        <>
          <p className="c-search__count q-muted q-num" role="status">
            {results.hits.length > 0 &&
              (results.exact
                ? t('found', { count: results.total })
                : t('found_most', { count: results.total }))}
          </p>
          {results.hits.length === 0 ? (
            <EmptyState
              Icon={SearchIcon}
              title={t('none')}
              text={status.history === 'done' ? t('none_text') : `${t('none_text')} ${t('none_history')}`}
            />
          ) : (
            <ol className="c-search__hits" aria-label={t('results')}>
              {results.hits.map((hit) => (
                <HitRow key={hit.doc.eventId} hit={hit} inRoom={inRoom} />
              ))}
            </ol>
          )}
          {results.next !== undefined && (
            <More loading={results.loadingMore} onMore={() => void model.more()} />
          )}
        </>
      );
    case 'people':
      return results.people.length === 0 ? (
        <EmptyState Icon={SearchIcon} title={t('none')} text={t('none_text')} />
      ) : (
        <>
          <ul className="c-search__hits" aria-label={t('results')}>
            {results.people.map((person) => (
              <li key={person.userId} className="c-hit">
                <RouterLink to={personPath(person.userId)} className="c-hit__link">
                  <span aria-hidden>
                    <MatrixAvatar id={person.userId} name={person.name} mxc={person.avatar} size={36} />
                  </span>
                  <PersonText person={person} />
                </RouterLink>
              </li>
            ))}
          </ul>
          {results.next !== null && (
            <More loading={results.loadingMore} onMore={() => void model.morePeople()} />
          )}
        </>
      );
    case 'rooms':
      return results.rooms.length === 0 ? (
        <EmptyState Icon={SearchIcon} title={t('none')} text={t('none_text')} />
      ) : (
        <ul className="c-search__hits" aria-label={t('results')}>
          {results.rooms.map((room) => (
            <li key={room.roomId} className="c-hit">
              <RouterLink to={`/room/${encodeURIComponent(room.roomId)}`} className="c-hit__link">
                <ConversationAvatar
                  // A conversation that was left is not in the list.
                  of={rooms.entry(room.roomId) ?? { ...room, avatar: undefined, partner: undefined }}
                  size={36}
                />
                <span className="c-hit__main">
                  <span className="c-hit__sender" dir="auto">
                    <Pieces of={room.pieces} />
                  </span>
                  {room.active > 0 && (
                    <span className="c-hit__note">
                      <Time at={new Date(room.active).toISOString()} />
                    </span>
                  )}
                </span>
                {room.encrypted ? (
                  <LockIcon className="c-hit__icon" width={16} height={16} aria-hidden />
                ) : (
                  <ChatIcon className="c-hit__icon" width={16} height={16} aria-hidden />
                )}
              </RouterLink>
            </li>
          ))}
        </ul>
      );
  }
}
