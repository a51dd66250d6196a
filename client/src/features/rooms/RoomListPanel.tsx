import { RouterLink, useSnapshot, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';

/** The conversations. */
export function RoomListPanel(props: { activeRoomId: string | undefined }): ReactNode {
  const { t } = useText('rooms');
  const { client, status } = useMatrix();
  useSnapshot(status);
  return (
    <aside className="c-list" aria-label={t('title')}>
      <h1>{t('title')}</h1>
      <ul>
        {client.getVisibleRooms().map((room) => (
          <li key={room.roomId}>
            <RouterLink
              to={`/room/${encodeURIComponent(room.roomId)}`}
              aria-current={room.roomId === props.activeRoomId ? 'page' : undefined}
            >
              {room.name}
            </RouterLink>
          </li>
        ))}
      </ul>
    </aside>
  );
}
