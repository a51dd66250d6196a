import ErrorIcon from '@vector-im/compound-design-tokens/assets/web/icons/error-solid';
import LockOffIcon from '@vector-im/compound-design-tokens/assets/web/icons/lock-off';
import MentionIcon from '@vector-im/compound-design-tokens/assets/web/icons/mention';
import MutedIcon from '@vector-im/compound-design-tokens/assets/web/icons/notifications-off';
import MoreIcon from '@vector-im/compound-design-tokens/assets/web/icons/overflow-horizontal';
import TimeIcon from '@vector-im/compound-design-tokens/assets/web/icons/time';
import { RouterLink, useServices, useText } from '@qiao/ui-kit';
import { memo, type ReactNode } from 'react';
import { ConversationAvatar } from '../../components/ConversationAvatar.tsx';
import { UnreadCount } from '../../components/UnreadCount.tsx';
import { isQuiet, isUnread, type RoomEntry } from '../../matrix/rooms.ts';
import { previewLine } from './preview.ts';
import { shortWhen } from './when.ts';

/** Where the row's menu is to open, in CSS pixels of the window. */
export interface MenuPlace {
  readonly roomId: string;
  readonly x: number;
  readonly y: number;
  /** Takes the focus back. */
  readonly from: HTMLElement;
}

/** Address of a conversation. */
export const roomPath = (roomId: string): string => `/room/${encodeURIComponent(roomId)}`;

function Count({ entry }: { entry: RoomEntry }): ReactNode {
  const { t } = useText('rooms');
  const { unread, mentions } = entry;
  const quiet = isQuiet(entry);
  return (
    <>
      {mentions > 0 && (
        <span className="c-row__mention">
          <MentionIcon width={14} height={14} aria-hidden />
        </span>
      )}
      {unread + mentions > 0 ? (
        <UnreadCount unread={unread} mentions={mentions} quiet={quiet} />
      ) : (
        (entry.markedUnread || entry.activity) && (
          <span className="c-row__dot" data-quiet={quiet || !entry.markedUnread}>
            <span className="q-sr">{t('row.marked')}</span>
          </span>
        )
      )}
    </>
  );
}

function Line({ entry }: { entry: RoomEntry }): ReactNode {
  const { t } = useText('rooms');
  const { i18n } = useServices();
  if (entry.invitation) return <bdi>{t('row.invited_by', { name: entry.invitation.inviterName })}</bdi>;
  if (entry.typing.length > 0)
    return (
      <span className="c-row__typing">
        {entry.partner === undefined
          ? t('row.typing_of', { name: entry.typing.join(', ') })
          : t('row.typing')}
      </span>
    );
  if (entry.draft !== undefined)
    return (
      <>
        <span className="c-row__draft">{t('row.draft')}</span> <bdi>{entry.draft}</bdi>
      </>
    );
  return <bdi>{previewLine(entry, t, i18n.t)}</bdi>;
}

/** One conversation of the list: a link, and its menu by the button, the right mouse button or the keyboard. */
export const RoomRow = memo(function RoomRow(props: {
  entry: RoomEntry;
  active: boolean;
  tabIndex: 0 | -1;
  onMenu: (place: MenuPlace) => void;
}): ReactNode {
  const { entry, onMenu } = props;
  const { t, locale } = useText('rooms');
  const unread = isUnread(entry);
  const sending = entry.last?.sending ?? 'no';
  const external = entry.servers.join(', ');
  return (
    <div
      className="c-row"
      data-active={props.active}
      data-unread={unread}
      onContextMenu={(event) => {
        event.preventDefault();
        const link = event.currentTarget.querySelector('a');
        if (!link) return;
        // From the keyboard there is no pointer: the menu opens at the row then.
        const box = link.getBoundingClientRect();
        const at =
          event.clientX > 0 ? { x: event.clientX, y: event.clientY } : { x: box.left + 60, y: box.bottom };
        onMenu({ roomId: entry.roomId, from: link, ...at });
      }}
    >
      <RouterLink
        to={roomPath(entry.roomId)}
        className="c-row__link"
        data-focus=""
        tabIndex={props.tabIndex}
        draggable={false}
        aria-current={props.active ? 'page' : undefined}
      >
        <span className="c-row__avatar" aria-hidden data-online={entry.online}>
          <ConversationAvatar of={entry} size={44} />
        </span>
        <span className="c-row__main">
          <span className="c-row__top">
            <span className="c-row__name">
              <bdi>{entry.name}</bdi>
            </span>
            {entry.servers.length > 0 && (
              <span className="c-external" title={t('row.external_with', { servers: external })}>
                {t('row.external')}
              </span>
            )}
            {!entry.encrypted && !entry.invitation && (
              <span className="c-row__open" title={t('row.not_encrypted')}>
                <LockOffIcon width={14} height={14} aria-hidden />
                <span className="q-sr">{t('row.not_encrypted')}</span>
              </span>
            )}
            {!entry.invitation && <time className="c-row__time">{shortWhen(entry.ts, locale)}</time>}
          </span>
          <span className="c-row__bottom">
            {sending !== 'no' && (
              <span className="c-row__sending" data-failed={sending === 'failed'}>
                {sending === 'failed' ? (
                  <ErrorIcon width={14} height={14} aria-hidden />
                ) : (
                  <TimeIcon width={14} height={14} aria-hidden />
                )}
                <span className="q-sr">{t(`row.${sending}`)}</span>
              </span>
            )}
            <span className="c-row__preview">
              <Line entry={entry} />
            </span>
            {isQuiet(entry) && (
              <span className="c-row__muted">
                <MutedIcon width={14} height={14} aria-hidden />
                <span className="q-sr">{t('row.muted')}</span>
              </span>
            )}
            <Count entry={entry} />
          </span>
        </span>
      </RouterLink>
      {!entry.invitation && (
        <button
          type="button"
          className="c-row__more"
          tabIndex={-1}
          aria-label={t('row.menu', { name: entry.name })}
          aria-haspopup="menu"
          onClick={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            onMenu({ roomId: entry.roomId, x: box.left, y: box.bottom + 2, from: event.currentTarget });
          }}
        >
          <MoreIcon width={18} height={18} aria-hidden />
        </button>
      )}
    </div>
  );
});
