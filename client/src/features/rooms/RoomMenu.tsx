import CheckIcon from '@vector-im/compound-design-tokens/assets/web/icons/check';
import FavouriteIcon from '@vector-im/compound-design-tokens/assets/web/icons/favourite';
import InfoIcon from '@vector-im/compound-design-tokens/assets/web/icons/info';
import LeaveIcon from '@vector-im/compound-design-tokens/assets/web/icons/leave';
import LowIcon from '@vector-im/compound-design-tokens/assets/web/icons/arrow-down';
import ReadIcon from '@vector-im/compound-design-tokens/assets/web/icons/mark-as-read';
import UnreadIcon from '@vector-im/compound-design-tokens/assets/web/icons/mark-as-unread';
import { cx, useGo, useServices, useText, type IconType } from '@qiao/ui-kit';
import { useLayoutEffect, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import { waits, type NotificationLevel, type RoomEntry } from '../../matrix/rooms.ts';
import type { MenuPlace } from './RoomRow.tsx';

const LEVELS: readonly NotificationLevel[] = ['default', 'all', 'mentions', 'mute'];

function Item(props: {
  label: string;
  Icon?: IconType;
  checked?: boolean;
  radio?: boolean;
  destructive?: boolean;
  /** It cannot be chosen: the label says why. */
  disabled?: boolean;
  onSelect?: () => void;
}): ReactNode {
  const Icon = props.Icon ?? (props.checked ? CheckIcon : undefined);
  return (
    <button
      type="button"
      tabIndex={-1}
      role={props.checked === undefined ? 'menuitem' : props.radio ? 'menuitemradio' : 'menuitemcheckbox'}
      {...(props.checked === undefined ? {} : { 'aria-checked': props.checked })}
      {...(props.disabled ? { 'aria-disabled': true } : {})}
      className={cx('q-menu__item', props.destructive && 'q-menu__item--destructive')}
      onClick={props.onSelect}
    >
      {Icon ? <Icon width={20} height={20} aria-hidden /> : <span className="q-menu__gap" />}
      <span>{props.label}</span>
    </button>
  );
}

/** What can be done to a conversation of the list; a popover of the browser at a place of the window. */
export function RoomMenu(props: {
  place: MenuPlace;
  entry: RoomEntry;
  activeRoomId: string | undefined;
  onClose: () => void;
}): ReactNode {
  const { place, entry, onClose } = props;
  const { t } = useText('rooms');
  const { attempt, confirm } = useServices();
  const { rooms } = useMatrix();
  const { actions } = rooms;
  const go = useGo();
  const menu = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    const node = menu.current;
    if (!node) return;
    node.showPopover();
    const { style } = node;
    style.insetInlineStart = `${String(Math.max(8, Math.min(place.x, innerWidth - node.offsetWidth - 8)))}px`;
    style.insetBlockStart = `${String(Math.max(8, Math.min(place.y, innerHeight - node.offsetHeight - 8)))}px`;
    node.querySelector<HTMLElement>('[role^=menuitem]')?.focus();
  }, [place]);

  const close = (): void => {
    onClose();
    if (place.from.isConnected) place.from.focus();
  };
  const run = (work: () => Promise<void>): void => {
    close();
    void attempt(work);
  };
  const leave = async (): Promise<void> => {
    close();
    const yes = await confirm.ask({
      title: t('leave.title', { name: entry.name }),
      body: entry.partner === undefined ? t('leave.text') : t('leave.text_direct'),
      confirm: t('leave.confirm'),
      destructive: true,
    });
    if (!yes) return;
    const left = await attempt(() => actions.leave(entry.roomId), {
      done: t('leave.done', { name: entry.name }),
    });
    if (left.ok && props.activeRoomId === entry.roomId) await go('/');
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const items = [...(menu.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])];
    const now = items.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      items.at(to % items.length)?.focus();
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault();
      close();
    }
  };
  const unread = waits(entry);
  return (
    <div
      ref={menu}
      popover="auto"
      role="menu"
      aria-label={t('row.menu', { name: entry.name })}
      className="q-menu c-room-menu"
      onKeyDown={onKeyDown}
      onToggle={(event) => {
        if (event.newState === 'closed') onClose();
      }}
    >
      {unread ? (
        <Item
          label={t('menu.read')}
          Icon={ReadIcon}
          onSelect={() => {
            run(() => actions.markRead(entry.roomId));
          }}
        />
      ) : (
        <Item
          label={t('menu.unread')}
          Icon={UnreadIcon}
          onSelect={() => {
            run(() => actions.setMarkedUnread(entry.roomId, true));
          }}
        />
      )}
      <Item
        label={entry.favourite ? t('menu.no_favourite') : t('menu.favourite')}
        Icon={FavouriteIcon}
        onSelect={() => {
          run(() => actions.setFavourite(entry.roomId, !entry.favourite));
        }}
      />
      <Item
        label={entry.lowPriority ? t('menu.no_low') : t('menu.low')}
        Icon={LowIcon}
        onSelect={() => {
          run(() => actions.setLowPriority(entry.roomId, !entry.lowPriority));
        }}
      />
      <div role="separator" className="q-menu__line" />
      <div role="group" aria-label={t('menu.level')}>
        <div className="q-menu__heading" role="presentation">
          {t('menu.level')}
        </div>
        {LEVELS.map((level) => (
          <Item
            key={level}
            radio
            label={t(`level.${level}`)}
            checked={entry.level === level}
            onSelect={() => {
              run(() => actions.setLevel(entry.roomId, level));
            }}
          />
        ))}
      </div>
      <div role="separator" className="q-menu__line" />
      {entry.followsDirectory ? (
        <Item label={t('menu.stays')} Icon={InfoIcon} disabled />
      ) : (
        <Item label={t('menu.leave')} Icon={LeaveIcon} destructive onSelect={() => void leave()} />
      )}
    </div>
  );
}
