import { useText, useViewModel } from '@qiao/ui-kit';
import { useMemo, useState, type ReactNode } from 'react';
import { ComposeTarget } from '../../../matrix/compose-target.ts';
import { useMatrix } from '../../../matrix/context.tsx';
import { Composer } from '../../composer/Composer.tsx';
import { RoomContext, useRoom, type InRoom } from '../room-context.ts';
import { Timeline } from '../Timeline.tsx';
import { PanelFrame } from './PanelFrame.tsx';

/** The conversation below a message. */
export function ThreadPanel(props: { eventId: string; onClose: () => void }): ReactNode {
  const { t } = useText('room');
  const { timelines } = useMatrix();
  const main = useRoom();
  const { eventId } = props;
  const { roomId } = main;
  const [target] = useState(() => new ComposeTarget());
  const [, store] = useViewModel(() => timelines.timeline(roomId, eventId));
  const room = useMemo<InRoom>(
    () => ({ ...main, threadId: eventId, store, target }),
    [main, eventId, store, target],
  );
  return (
    <PanelFrame title={t('panel.thread')} onClose={props.onClose}>
      <RoomContext value={room}>
        <Timeline />
        <Composer roomId={roomId} threadId={eventId} target={target} />
      </RoomContext>
    </PanelFrame>
  );
}
