import BackIcon from '@vector-im/compound-design-tokens/assets/web/icons/chevron-left';
import CalendarIcon from '@vector-im/compound-design-tokens/assets/web/icons/calendar';
import GroupIcon from '@vector-im/compound-design-tokens/assets/web/icons/group';
import InfoIcon from '@vector-im/compound-design-tokens/assets/web/icons/info';
import LockIcon from '@vector-im/compound-design-tokens/assets/web/icons/lock-solid';
import LockOffIcon from '@vector-im/compound-design-tokens/assets/web/icons/lock-off';
import MoreIcon from '@vector-im/compound-design-tokens/assets/web/icons/overflow-vertical';
import PinIcon from '@vector-im/compound-design-tokens/assets/web/icons/pin';
import SearchIcon from '@vector-im/compound-design-tokens/assets/web/icons/search';
import ThreadsIcon from '@vector-im/compound-design-tokens/assets/web/icons/threads';
import { MenuButton, RouterLink, Tag, useGo, useServices, useText, type IconType } from '@qiao/ui-kit';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { ConversationAvatar } from '../../components/ConversationAvatar.tsx';
import { UnreadCount } from '../../components/UnreadCount.tsx';
import type { RoomInfo } from '../../matrix/room-info-store.ts';
import { modules } from '../../modules.ts';
import { JumpToDate } from './JumpToDate.tsx';

const ReadersTag = lazy(() =>
  import('../keys/Readers.tsx').then((module) => ({ default: module.ReadersTag })),
);

interface Opener {
  readonly id: string;
  readonly title: string;
  readonly Icon: IconType;
  readonly unread?: RoomInfo['threads'];
  /** Kept in the header also where it is narrow. */
  readonly first?: boolean;
}

/**
 * Name, topic and marks of a conversation, and the buttons of its panels.
 * @param props `name`: what it is called as far as that is known
 */
export function RoomHeader(props: {
  info: RoomInfo;
  name: string;
  roomId: string;
  panel: string | null;
}): ReactNode {
  const { t } = useText('room');
  const { session, i18n } = useServices();
  const go = useGo();
  const { info, name, roomId, panel } = props;
  const [picking, setPicking] = useState(false);
  const base = `/room/${encodeURIComponent(roomId)}`;
  const openers: Opener[] = [
    ...modules
      .flatMap((module) => module.client?.panels ?? [])
      .filter((each) => each.allowed(session))
      .map((each) => ({ id: each.id, title: i18n.t(each.title), Icon: each.Icon })),
    { id: 'threads', title: t('panel.threads'), Icon: ThreadsIcon, unread: info.threads, first: true },
    ...(info.pinned.length > 0 ? [{ id: 'pinned', title: t('panel.pinned'), Icon: PinIcon }] : []),
    { id: 'search', title: t('panel.search'), Icon: SearchIcon },
    { id: 'members', title: t('panel.members'), Icon: GroupIcon },
    { id: 'info', title: t('panel.info'), Icon: InfoIcon, first: true },
  ];
  const toggle = (id: string): void => void go(panel === id ? base : `${base}?panel=${id}`);
  return (
    <header className="c-room__head">
      <RouterLink to="/" className="c-room__back" aria-label={t('back')}>
        <BackIcon width={24} height={24} aria-hidden />
      </RouterLink>
      <ConversationAvatar of={{ ...info, roomId, name }} size={36} />
      <div className="c-room__title">
        <h1>
          <bdi>{name}</bdi>
          {info.encrypted ? (
            <LockIcon width={16} height={16} role="img" aria-label={t('encrypted')} />
          ) : (
            info.known && (
              <LockOffIcon
                width={16}
                height={16}
                role="img"
                aria-label={t('not_encrypted')}
                className="c-room__open"
              />
            )
          )}
          {info.external && <Tag tone="warn">{t('external')}</Tag>}
          {info.joined && (
            <Suspense fallback={null}>
              <ReadersTag key={roomId} roomId={roomId} direct={info.direct} />
            </Suspense>
          )}
        </h1>
        {info.topic !== '' && (
          <p className="c-room__topic" dir="auto" title={info.topic}>
            {info.topic}
          </p>
        )}
      </div>
      <div className="c-room__buttons" role="toolbar" aria-label={t('panel.label')}>
        {openers.map(({ id, title, Icon, unread, first }) => (
          <button
            key={id}
            type="button"
            className="c-action"
            data-first={first ?? false}
            aria-pressed={panel === id}
            aria-label={unread?.unread ? t('panel.unread', { title, count: unread.unread }) : title}
            title={title}
            onClick={() => {
              toggle(id);
            }}
          >
            <Icon width={22} height={22} aria-hidden />
            {unread && <UnreadCount {...unread} told={false} className="c-room__unread" />}
          </button>
        ))}
        <MenuButton
          label={t('more')}
          className="c-action"
          entries={[
            {
              label: t('jump_to_date'),
              Icon: CalendarIcon,
              onSelect: () => {
                setPicking(true);
              },
            },
            'line',
            ...openers.map(({ id, title, Icon }) => ({
              label: title,
              Icon,
              onSelect: () => {
                toggle(id);
              },
            })),
          ]}
        >
          <MoreIcon width={22} height={22} aria-hidden />
        </MenuButton>
      </div>
      {picking && (
        <JumpToDate
          onClose={() => {
            setPicking(false);
          }}
        />
      )}
    </header>
  );
}
