import { EmptyState, useText, useParams } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useTitle } from '../../app/title.ts';
import { RoomView } from '../room/RoomView.tsx';
import { RoomListPanel } from './RoomListPanel.tsx';

/** The conversation list, and beside it the conversation of the address. */
export default function ChatsView(): ReactNode {
  const { roomId } = useParams();
  return (
    <>
      <RoomListPanel activeRoomId={roomId} />
      {roomId === undefined ? <NoRoom /> : <RoomView key={roomId} roomId={roomId} />}
    </>
  );
}

function NoRoom(): ReactNode {
  const { t } = useText('rooms');
  useTitle(t('title'));
  return (
    <main className="c-room c-room--none">
      <EmptyState title={t('choose')} text={t('choose_text')} />
    </main>
  );
}
