import PinIcon from '@vector-im/compound-design-tokens/assets/web/icons/pin';
import CloseIcon from '@vector-im/compound-design-tokens/assets/web/icons/close';
import { EmptyState, IconAction, Skeleton, useServices, useText, useViewModel } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useMatrix } from '../../../matrix/context.tsx';
import { useRoom } from '../room-context.ts';
import { ListedMessageLine } from './ListedMessageLine.tsx';
import { PanelFrame } from './PanelFrame.tsx';

/** The pinned messages of a conversation. */
export function PinnedPanel(props: { onClose: () => void }): ReactNode {
  const { t } = useText('room');
  const { timelines } = useMatrix();
  const { attempt, toasts } = useServices();
  const { roomId, store } = useRoom();
  const [{ state, messages, mayUnpin }] = useViewModel(() => timelines.pinned(roomId));
  return (
    <PanelFrame title={t('panel.pinned')} onClose={props.onClose}>
      <div className="c-panel__body">
        {messages.length > 0 ? (
          <ul className="c-listing">
            {messages.map((message) => (
              <li key={message.eventId} className="c-listing__row">
                <ListedMessageLine
                  message={message}
                  onOpen={() => {
                    store.jumpTo(message.eventId).catch(() => {
                      toasts.show({ kind: 'error', text: t('not_there') });
                    });
                    if (innerWidth < 1100) props.onClose();
                  }}
                />
                {mayUnpin && (
                  <IconAction
                    label={t('action.unpin')}
                    Icon={CloseIcon}
                    onClick={() => void attempt(() => timelines.setPinned(roomId, message.eventId, false))}
                  />
                )}
              </li>
            ))}
          </ul>
        ) : state === 'loading' ? (
          <Skeleton lines={4} />
        ) : (
          <EmptyState compact Icon={PinIcon} title={t('pinned_none')} text={t('pinned_none_text')} />
        )}
      </div>
    </PanelFrame>
  );
}
