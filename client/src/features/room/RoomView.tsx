import { useText } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import { useTitle } from '../../app/title.ts';
import { ComposeTarget } from '../../matrix/compose-target.ts';
import { useMatrix } from '../../matrix/context.tsx';
import { Composer } from '../composer/Composer.tsx';
import { Timeline } from './Timeline.tsx';

/** One conversation: header, timeline, composer, and a panel beside them. */
export function RoomView(props: { roomId: string }): ReactNode {
  const { t } = useText('room');
  const { roomId } = props;
  const room = useMatrix().client.getRoom(roomId);
  const [target] = useState(() => new ComposeTarget());
  const name = room?.name ?? t('unknown');
  useTitle(name);
  return (
    <main className="c-room" aria-label={name}>
      <header className="c-room__head">
        <h2>{name}</h2>
      </header>
      <Timeline roomId={roomId} target={target} />
      <Composer roomId={roomId} target={target} />
    </main>
  );
}
