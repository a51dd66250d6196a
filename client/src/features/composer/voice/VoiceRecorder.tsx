import DeleteIcon from '@vector-im/compound-design-tokens/assets/web/icons/delete';
import SendIcon from '@vector-im/compound-design-tokens/assets/web/icons/send-solid';
import { Busy, IconAction, useServices, useText, useViewModel } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import { useMatrix } from '../../../matrix/context.tsx';
import type { SendTo } from '../../../matrix/sender.ts';
import { RecorderModel } from './recorder.ts';

/** Bars that are shown while recording; the newest at the end. */
const SHOWN = 120;

const clock = (milliseconds: number): string => {
  const seconds = Math.floor(milliseconds / 1000);
  return `${String(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, '0')}`;
};

/** In place of the editor while a voice message is recorded. */
export default function VoiceRecorder(props: { roomId: string; to: SendTo; onClose: () => void }): ReactNode {
  const { t } = useText('composer');
  const { sender } = useMatrix();
  const { toasts } = useServices();
  const [state, model] = useViewModel(() => new RecorderModel());
  const [busy, setBusy] = useState(false);
  const send = async (): Promise<void> => {
    setBusy(true);
    try {
      const file = await model.finish(t('voice.name'));
      sender.sendFile(props.roomId, file, props.to).catch(() => undefined);
    } catch {
      toasts.show({ kind: 'error', text: t('voice.failed') });
    }
    props.onClose();
  };
  const running = state.state === 'recording' || state.state === 'stopped';
  return (
    <div
      className="c-recorder"
      role="group"
      aria-label={t('voice.record')}
      onKeyDown={(event) => {
        if (event.key === 'Escape') props.onClose();
      }}
    >
      <IconAction label={t('voice.delete')} Icon={DeleteIcon} onClick={props.onClose} />
      {state.state === 'starting' && <Busy label={t('voice.starting')} />}
      {(state.state === 'denied' || state.state === 'failed') && (
        <p role="alert">{t(`voice.${state.state}`)}</p>
      )}
      {running && (
        <>
          <span className="c-recorder__time" role="timer" aria-label={t('voice.recording')}>
            {clock(state.length)}
          </span>
          <div className="c-recorder__bars" aria-hidden>
            {state.levels.slice(-SHOWN).map((level, index) => (
              <span
                key={state.levels.length - index}
                ref={(node) => {
                  node?.style.setProperty('block-size', `${String(Math.max(3, Math.round(level * 32)))}px`);
                }}
              />
            ))}
          </div>
        </>
      )}
      <button
        type="button"
        autoFocus
        className="c-composer__button c-composer__send"
        aria-label={t('voice.send')}
        disabled={!running || busy}
        onClick={() => void send()}
      >
        <SendIcon width={20} height={20} aria-hidden />
      </button>
    </div>
  );
}
