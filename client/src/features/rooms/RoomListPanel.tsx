import ChevronIcon from '@vector-im/compound-design-tokens/assets/web/icons/chevron-down';
import ChatIcon from '@vector-im/compound-design-tokens/assets/web/icons/chat';
import ComposeIcon from '@vector-im/compound-design-tokens/assets/web/icons/compose';
import ReadIcon from '@vector-im/compound-design-tokens/assets/web/icons/mark-as-read';
import FilterIcon from '@vector-im/compound-design-tokens/assets/web/icons/filter';
import SearchIcon from '@vector-im/compound-design-tokens/assets/web/icons/search';
import { Button } from '@vector-im/compound-web';
import {
  EmptyState,
  IconAction,
  MenuButton,
  RouterLink,
  Skeleton,
  useGo,
  useServices,
  useSnapshot,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useCallback, useEffect, useState, useSyncExternalStore, type ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import { ROOM_FILTERS } from '../../matrix/rooms.ts';
import { newChat } from './new-chat.ts';
import { RoomListViewModel, type ListItem } from './RoomListViewModel.ts';
import { RoomMenu } from './RoomMenu.tsx';
import { RoomRow, roomPath, type MenuPlace } from './RoomRow.tsx';
import { SpacePicker } from './SpacePicker.tsx';
import { switcher } from './switcher.ts';
import { Windowed } from './Windowed.tsx';
import './rooms.css';

const MAC = typeof navigator !== 'undefined' && /Mac|iP(hone|ad|od)/.test(navigator.userAgent);

const narrow = matchMedia('(width < 720px)');
const onNarrow = (listener: () => void): (() => void) => {
  narrow.addEventListener('change', listener);
  return () => {
    narrow.removeEventListener('change', listener);
  };
};
/** What is pressed in a dialog or a menu is meant for that. */
const isInDialog = ({ target }: KeyboardEvent): boolean =>
  target instanceof Element && target.closest('dialog, [popover], [role=dialog]') !== null;

/** Whether there is room for one column only, as in app.css. */
const useNarrow = (): boolean => useSyncExternalStore(onNarrow, () => narrow.matches);

function SectionHead(props: {
  item: Extract<ListItem, { kind: 'head' }>;
  tabIndex: 0 | -1;
  onToggle: () => void;
}): ReactNode {
  const { t, format } = useText('rooms');
  const { item } = props;
  return (
    <h2 className="c-section">
      <button
        type="button"
        data-focus=""
        tabIndex={props.tabIndex}
        aria-expanded={item.open}
        onClick={props.onToggle}
      >
        <ChevronIcon width={16} height={16} aria-hidden />
        <span>{t(`sections.${item.section}`)}</span>
        <span className="c-section__count">{format.number(item.count)}</span>
        {!item.open && item.unread > 0 && (
          <span className="c-row__dot">
            <span className="q-sr">{t('row.unread', { count: item.unread })}</span>
          </span>
        )}
      </button>
    </h2>
  );
}

/** The conversations. */
export function RoomListPanel(props: { activeRoomId: string | undefined }): ReactNode {
  const { activeRoomId } = props;
  const { t, format } = useText('rooms');
  const { rooms, status } = useMatrix();
  const { attempt } = useServices();
  const go = useGo();
  const { connection } = useSnapshot(status);
  const [list, model] = useViewModel(() => new RoomListViewModel(rooms));
  const [menu, setMenu] = useState<MenuPlace>();
  const closeMenu = useCallback(() => {
    setMenu(undefined);
  }, []);

  useEffect(() => {
    model.open(activeRoomId);
    // Whoever marked it as unread to come back to it has come back.
    if (activeRoomId !== undefined && rooms.entry(activeRoomId)?.markedUnread === true)
      void rooms.actions.setMarkedUnread(activeRoomId, false).catch(() => undefined);
  }, [model, rooms, activeRoomId]);

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (!event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
      if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
      event.preventDefault();
      const next = model.nextUnread(activeRoomId, event.key === 'ArrowDown' ? 1 : -1);
      if (next !== undefined) void go(roomPath(next));
    };
    addEventListener('keydown', onKeyDown);
    return () => {
      removeEventListener('keydown', onKeyDown);
    };
  }, [model, go, activeRoomId]);

  useEffect(() => {
    if (activeRoomId === undefined) return;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || !event.shiftKey || isInDialog(event)) return;
      event.preventDefault();
      void attempt(() => rooms.actions.markRead(activeRoomId));
    };
    // Before the editor, which keeps each Escape to itself.
    addEventListener('keydown', onKeyDown, { capture: true });
    return () => {
      removeEventListener('keydown', onKeyDown, { capture: true });
    };
  }, [rooms, attempt, activeRoomId]);

  const onShown = useCallback(
    (keys: readonly string[]) => {
      rooms.show(keys.filter((key) => key.startsWith('!')));
    },
    [rooms],
  );
  // On a phone the list alone is the page.
  const Part = useNarrow() && activeRoomId === undefined ? 'main' : 'aside';
  const menuEntry = menu && rooms.entry(menu.roomId);

  return (
    <Part className="c-list" aria-label={t('title')}>
      <header className="c-list__head">
        <div className="c-list__title">
          <h1>{t('title')}</h1>
          <SpacePicker spaces={list.spaces} chosen={list.space} onChoose={model.chooseSpace} />
          <span className="c-list__actions">
            <MenuButton
              label={t('order.label')}
              entries={[
                ...(['recent', 'unread'] as const).map((order) => ({
                  label: t(`order.${order}`),
                  checked: list.order === order,
                  onSelect: () => {
                    model.sort(order);
                  },
                })),
                'line',
                {
                  label: t('read_all'),
                  Icon: ReadIcon,
                  onSelect: () => void attempt(rooms.readEverything, { done: t('read_all_done') }),
                },
              ]}
            >
              <FilterIcon width={20} height={20} aria-hidden />
            </MenuButton>
            <IconAction label={t('new.title')} Icon={ComposeIcon} onClick={newChat.open} />
          </span>
        </div>
        <button
          type="button"
          className="c-list__search"
          aria-keyshortcuts={MAC ? 'Meta+K' : 'Control+K'}
          onClick={switcher.open}
        >
          <SearchIcon width={18} height={18} aria-hidden />
          <span>{t('switcher.find')}</span>
          <kbd aria-hidden>{MAC ? '⌘K' : 'Ctrl K'}</kbd>
        </button>
        {!list.empty && (
          <div className="c-chips" role="group" aria-label={t('filters.label')}>
            {ROOM_FILTERS.map((filter) => {
              const count = list.counts[filter] ?? 0;
              if (filter === 'departments' && list.spaces.length === 0) return null;
              if (filter === 'invites' && count === 0 && list.filter !== 'invites') return null;
              return (
                <button
                  key={filter}
                  type="button"
                  className="q-chip"
                  aria-pressed={list.filter === filter}
                  onClick={() => {
                    model.choose(filter);
                  }}
                >
                  {t(`filters.${filter}`)}
                  {count > 0 && <span className="c-chip__count">{format.number(count)}</span>}
                </button>
              );
            })}
          </div>
        )}
      </header>
      {!list.ready ? (
        connection === 'offline' ? (
          <EmptyState compact title={t('offline')} text={t('offline_text')} />
        ) : (
          <div className="c-list__loading">
            <Skeleton lines={10} />
          </div>
        )
      ) : list.empty ? (
        <EmptyState Icon={ChatIcon} title={t('empty')} text={t('empty_text')}>
          <Button kind="primary" size="md" onClick={newChat.open}>
            {t('new.title')}
          </Button>
          <RouterLink to="/directory">{t('to_directory')}</RouterLink>
        </EmptyState>
      ) : list.items.length === 0 ? (
        <EmptyState compact title={t('nothing')} text={t(`none.${list.filter}`)}>
          <Button
            kind="secondary"
            size="md"
            onClick={() => {
              model.choose('all');
              model.chooseSpace(undefined);
            }}
          >
            {t('show_all')}
          </Button>
        </EmptyState>
      ) : (
        <Windowed
          key={`${list.filter} ${list.space?.roomId ?? ''}`}
          label={t('title')}
          items={list.items}
          currentKey={activeRoomId}
          onShown={onShown}
          render={(item, tabIndex) =>
            item.kind === 'head' ? (
              <SectionHead
                item={item}
                tabIndex={tabIndex}
                onToggle={() => {
                  model.toggle(item.section);
                }}
              />
            ) : (
              <RoomRow
                entry={item.entry}
                active={item.key === activeRoomId}
                tabIndex={tabIndex}
                onMenu={setMenu}
              />
            )
          }
        />
      )}
      {menu && menuEntry && (
        <RoomMenu
          key={menu.roomId}
          place={menu}
          entry={menuEntry}
          activeRoomId={activeRoomId}
          onClose={closeMenu}
        />
      )}
    </Part>
  );
}
