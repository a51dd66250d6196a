import CheckIcon from '@vector-im/compound-design-tokens/assets/web/icons/check';
import CloseIcon from '@vector-im/compound-design-tokens/assets/web/icons/close';
import SearchIcon from '@vector-im/compound-design-tokens/assets/web/icons/search';
import { Busy, cx, isComposing, useServices, useText } from '@qiao/ui-kit';
import { useEffect, useId, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { ConversationAvatar } from '../../components/ConversationAvatar.tsx';
import { MatrixAvatar } from '../../components/MatrixAvatar.tsx';
import type { RoomEntry } from '../../matrix/rooms.ts';
import { inDirectory } from '../directory/api.ts';
import type { FinderItem, FinderSnapshot, FinderViewModel, OpenName } from './FinderViewModel.ts';
import { namesakes, noteOf } from './people.ts';
import { PersonText } from './PersonText.tsx';
import './finder.css';

function Chosen(props: { state: FinderSnapshot; model: FinderViewModel; onDone: () => void }): ReactNode {
  const { t } = useText('finder');
  const { state, model, onDone } = props;
  if (state.chosen.length === 0) return null;
  const twice = namesakes(state.chosen);
  return (
    <ul className="c-chosen" aria-label={t('chosen')}>
      {state.chosen.map((person) => (
        <li key={person.userId}>
          <bdi>{person.name}</bdi>
          {twice.has(person.name) && <bdi className="c-chosen__note">{noteOf(person)}</bdi>}
          <button
            type="button"
            aria-label={t('remove', { name: person.name })}
            onClick={() => {
              model.toggle(person);
              onDone();
            }}
          >
            <CloseIcon width={16} height={16} aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Names of a pasted list that do not say who is meant. */
function Open(props: { names: readonly OpenName[]; model: FinderViewModel; onDone: () => void }): ReactNode {
  const { t } = useText('finder');
  const { names, model, onDone } = props;
  if (names.length === 0) return null;
  return (
    <div className="c-open" role="group" aria-label={t('open')}>
      <p>{t('open')}</p>
      <ul>
        {names.map(({ name, why }) => (
          <li key={name}>
            <button
              type="button"
              className="c-open__name"
              onClick={() => {
                model.lookInto(name);
                onDone();
              }}
            >
              <bdi>{name}</bdi> <span className="q-muted">{t(`why.${why}`)}</span>
            </button>
            <button
              type="button"
              aria-label={t('remove', { name })}
              onClick={() => {
                model.drop(name);
                onDone();
              }}
            >
              <CloseIcon width={16} height={16} aria-hidden />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Room(props: { entry: RoomEntry; note: string | undefined; isMarked: boolean }): ReactNode {
  const { t } = useText('finder');
  const { entry, note, isMarked } = props;
  return (
    <>
      <span aria-hidden>
        <ConversationAvatar of={entry} size={36} />
      </span>
      <span className="c-find__text">
        <span className="c-find__name">
          <bdi>{entry.name}</bdi>
          {entry.servers.length > 0 && <span className="c-external">{t('external')}</span>}
        </span>
        {note !== undefined && (
          <span className="c-find__note">
            <bdi>{note}</bdi>
          </span>
        )}
      </span>
      {isMarked && (
        <span className="c-row__dot">
          <span className="q-sr">{t('unread')}</span>
        </span>
      )}
    </>
  );
}

/** What a list says that has nothing to show. */
function Nothing(props: {
  state: FinderSnapshot;
  model: FinderViewModel;
  idle: string | undefined;
  isCompanyOnly: boolean;
}): ReactNode {
  const { t } = useText('finder');
  const { state, model, idle } = props;
  if (state.state === 'busy')
    return (
      <div className="c-find__none">
        <Busy label={t('busy')} />
      </div>
    );
  if (state.state === 'failed')
    return (
      <div className="c-find__none" role="alert">
        <p>{t('failed')}</p>
        <button type="button" className="q-link-button" onClick={model.retry}>
          {t('again')}
        </button>
      </div>
    );
  if (state.state === 'idle') return idle === undefined ? null : <p className="c-find__none">{idle}</p>;
  return (
    <div className="c-find__none">
      <p>{t('nobody', { query: state.query.trim() })}</p>
      <p>{props.isCompanyOnly ? t('nobody_here_hint') : t('nobody_hint')}</p>
    </div>
  );
}

/**
 * A box to type in over a list to choose from; the focus stays in the box (WAI-ARIA combobox with a listbox).
 * @param props `onChoose`: something is chosen, where only one is; of a model of several the chosen people stand above.
 */
export function Finder(props: {
  readonly model: FinderViewModel;
  readonly state: FinderSnapshot;
  readonly onChoose?: (item: FinderItem) => void;
  /** Said below the name of a conversation. */
  readonly roomNote?: (entry: RoomEntry) => string | undefined;
  readonly isUnread?: (entry: RoomEntry) => boolean;
  /** People of other companies cannot be meant. */
  readonly isCompanyOnly?: boolean;
  readonly texts?: {
    readonly find?: string;
    readonly placeholder?: string;
    readonly found?: string;
    /** While nothing is asked for. */
    readonly idle?: string;
  };
}): ReactNode {
  const { t } = useText('finder');
  const { session } = useServices();
  const { model, state, texts = {} } = props;
  const { several } = model;
  const { items, active, query } = state;
  const id = useId();
  const box = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [active, items]);
  const focus = (): void => {
    box.current?.focus();
  };
  const choose = (item: FinderItem): void => {
    if (model.barOf(item) !== undefined) return;
    if (several && item.kind === 'person') model.toggle(item.person);
    else props.onChoose?.(item);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (isComposing(event)) return;
    const item = items[active];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      model.move(event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (item) choose(item);
    } else if (event.key === 'Backspace' && several && query === '') model.removeLast();
  };
  return (
    <div className="c-finder">
      {several && <Chosen state={state} model={model} onDone={focus} />}
      {several && <Open names={state.open} model={model} onDone={focus} />}
      <div className="q-search c-find__box">
        <SearchIcon width={18} height={18} aria-hidden />
        <input
          ref={box}
          className="q-input"
          type="text"
          role="combobox"
          aria-label={texts.find ?? t('find')}
          aria-expanded={items.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={items[active] === undefined ? undefined : `${id}-${String(active)}`}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          placeholder={texts.placeholder ?? (inDirectory(session) ? t('placeholder') : t('placeholder_id'))}
          value={query}
          onChange={(event) => {
            const { nativeEvent, target } = event;
            model.type(target.value, 'isComposing' in nativeEvent && nativeEvent.isComposing === true);
          }}
          onCompositionEnd={(event) => {
            // Some browsers tell of the last change before they end the composition.
            model.type(event.currentTarget.value);
          }}
          onPaste={(event) => {
            if (model.paste(event.clipboardData.getData('text/plain'))) event.preventDefault();
          }}
          onKeyDown={onKeyDown}
        />
        {state.resolving && <Busy />}
      </div>
      {several && state.chosen.length >= model.most && (
        <p className="q-muted q-small" role="status">
          {t('full', { count: model.most })}
        </p>
      )}
      <p className="q-sr" role="status">
        {state.state === 'busy'
          ? t('busy')
          : state.state === 'ready' && items.length > 0
            ? t('count', { count: items.length })
            : ''}
      </p>
      <div className="c-find">
        <ul
          ref={list}
          id={`${id}-list`}
          role="listbox"
          aria-label={texts.found ?? t('found')}
          aria-multiselectable={several}
        >
          {items.map((item, index) => {
            const bar = model.barOf(item);
            const isChosen = several && item.kind === 'person' && model.isChosen(item.person.userId);
            return (
              <li
                key={item.key}
                id={`${id}-${String(index)}`}
                role="option"
                aria-selected={several ? isChosen : index === active}
                aria-disabled={bar !== undefined}
                className={cx('c-find__option', index === active && 'c-find__option--active')}
                onPointerMove={() => {
                  if (index !== active) model.point(index);
                }}
                // A press would take the focus out of the box.
                onPointerDown={(event) => {
                  event.preventDefault();
                }}
                onClick={() => {
                  choose(item);
                }}
              >
                {item.kind === 'room' ? (
                  <Room
                    entry={item.entry}
                    note={props.roomNote?.(item.entry)}
                    isMarked={props.isUnread?.(item.entry) ?? false}
                  />
                ) : (
                  <>
                    <span aria-hidden>
                      <MatrixAvatar
                        id={item.person.userId}
                        name={item.person.name}
                        mxc={item.person.avatar}
                        size={36}
                      />
                    </span>
                    <PersonText person={item.person} more={bar && t(`bar.${bar}`)} />
                    {isChosen && <CheckIcon width={20} height={20} aria-hidden />}
                  </>
                )}
              </li>
            );
          })}
        </ul>
        {items.length === 0 && (
          <Nothing
            state={state}
            model={model}
            idle={texts.idle}
            isCompanyOnly={props.isCompanyOnly ?? false}
          />
        )}
        {items.length > 0 && state.state === 'busy' && (
          <div className="c-find__none">
            <Busy label={t('busy')} />
          </div>
        )}
        {items.length > 0 && state.state === 'failed' && (
          <p className="c-find__none" role="alert">
            {t('failed')}{' '}
            <button type="button" className="q-link-button" onClick={model.retry}>
              {t('again')}
            </button>
          </p>
        )}
        {state.hasMore && (
          <button
            type="button"
            className="q-link-button c-find__more"
            disabled={state.loadingMore}
            onClick={() => void model.more()}
          >
            {state.loadingMore ? t('busy') : t('more')}
          </button>
        )}
      </div>
    </div>
  );
}
