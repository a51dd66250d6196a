import PinIcon from '@vector-im/compound-design-tokens/assets/web/icons/pin-solid';
import { useGo, useText, useViewModel } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import { usePreview } from './MessageTile.tsx';
import { useRoom } from './room-context.ts';

function Bar(props: { roomId: string }): ReactNode {
  const { t } = useText('room');
  const { timelines } = useMatrix();
  const { store } = useRoom();
  const go = useGo();
  const words = usePreview();
  const [{ messages }] = useViewModel(() => timelines.pinned(props.roomId));
  const [at, setAt] = useState(0);
  const message = messages[at % Math.max(1, messages.length)];
  if (!message) return null;
  return (
    <div className="c-pinned" role="group" aria-label={t('panel.pinned')}>
      <PinIcon width={16} height={16} aria-hidden />
      <button
        type="button"
        className="c-pinned__message"
        onClick={() => {
          void store.jumpTo(message.eventId).catch(() => undefined);
          // The next click shows the one before.
          setAt((before) => before + 1);
        }}
      >
        <bdi className="c-quote__name">{message.author.name}</bdi>
        <span dir="auto" className="c-quote__text">
          {words(message.preview)}
        </span>
      </button>
      <button
        type="button"
        className="q-link-button"
        onClick={() => void go(`/room/${encodeURIComponent(props.roomId)}?panel=pinned`)}
      >
        {t('pinned_all', { count: messages.length })}
      </button>
    </div>
  );
}

/** The pinned messages above the timeline, one at a time. */
export function PinnedBar(props: { roomId: string; pinned: readonly string[] }): ReactNode {
  return props.pinned.length > 0 ? <Bar roomId={props.roomId} /> : null;
}
