import { EmptyState, useParams, useSnapshot, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useTitle } from '../../app/title.ts';
import { useMatrix } from '../../matrix/context.tsx';
import { RoomView } from '../room/RoomView.tsx';
import { InviteView } from './InviteView.tsx';
import { RoomListPanel } from './RoomListPanel.tsx';

/** The conversation list, and beside it the conversation of the address. */
export default function ChatsView(): ReactNode {
  const { roomId } = useParams();
  return (
    <>
      <RoomListPanel activeRoomId={roomId} />
      {roomId === undefined ? <NoRoom /> : <Conversation key={roomId} roomId={roomId} />}
    </>
  );
}

function Conversation({ roomId }: { roomId: string }): ReactNode {
  const { byId } = useSnapshot(useMatrix().rooms);
  const entry = byId.get(roomId);
  return entry?.invitation ? (
    <InviteView entry={entry} invitation={entry.invitation} />
  ) : (
    <RoomView roomId={roomId} />
  );
}

function NoRoom(): ReactNode {
  const { t } = useText('rooms');
  useTitle(t('title'));
  return (
    <main className="c-main c-main--none">
      <EmptyState title={t('choose')} text={t('choose_text')} />
    </main>
  );
}
