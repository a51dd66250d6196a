import PauseIcon from '@vector-im/compound-design-tokens/assets/web/icons/pause-solid';
import PlayIcon from '@vector-im/compound-design-tokens/assets/web/icons/play-solid';
import { useText } from '@qiao/ui-kit';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import type { MessageBody } from '../../matrix/message-body.ts';
import { useMedia } from './use-media.ts';

/** Bars of the wave, whatever the sender gave. */
const BARS = 40;

const barsOf = (waveform: readonly number[]): number[] =>
  Array.from({ length: BARS }, (_, index) =>
    waveform.length === 0 ? 0.35 : (waveform[Math.floor((index / BARS) * waveform.length)] ?? 0),
  );

const clock = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  return `${String(Math.floor(whole / 60))}:${String(whole % 60).padStart(2, '0')}`;
};

/** A voice message or sound: play, pause, the wave as a slider. */
export function VoicePlayer(props: { body: Extract<MessageBody, { kind: 'audio' }> }): ReactNode {
  const { t } = useText('room');
  const { body } = props;
  const audio = useRef<HTMLAudioElement>(null);
  const [wanted, setWanted] = useState(false);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [measured, setMeasured] = useState(0);
  const state = useMedia(body.source, wanted);
  const length = (body.duration ?? 0) / 1000;
  const url = state.at === 'ready' && state.type.startsWith('audio/') ? state.url : undefined;
  useEffect(() => {
    // Pressed before it was there: it begins as soon as it is.
    if (url !== undefined) audio.current?.play().catch(() => undefined);
  }, [url]);
  const press = (): void => {
    const node = audio.current;
    if (url === undefined || !node) setWanted(true);
    else if (node.paused) node.play().catch(() => undefined);
    else node.pause();
  };
  const total = length > 0 ? length : measured;
  const share = total > 0 ? at / total : 0;
  const failed = state.at === 'failed' || (state.at === 'ready' && url === undefined);
  return (
    <div className="c-voice">
      <button
        type="button"
        className="c-voice__button"
        aria-label={t(playing ? 'media.pause' : 'media.listen', {
          name: body.voice ? t('preview.voice') : body.name,
        })}
        onClick={press}
        data-loading={state.at === 'loading'}
      >
        {playing ? (
          <PauseIcon width={20} height={20} aria-hidden />
        ) : (
          <PlayIcon width={20} height={20} aria-hidden />
        )}
      </button>
      <span className="c-voice__wave" aria-hidden>
        {barsOf(body.waveform).map((height, index) => (
          <span
            key={index}
            data-played={index / BARS < share}
            style={{ blockSize: `${String(Math.round(15 + height * 85))}%` }}
          />
        ))}
      </span>
      <span className="q-num q-small">{clock(playing || at > 0 ? at : length)}</span>
      {!body.voice && <bdi className="q-small c-voice__name">{body.name}</bdi>}
      {failed && (
        <span className="q-small" role="alert">
          {t('media.not_played')}
        </span>
      )}
      {url !== undefined && (
        <audio
          ref={audio}
          src={url}
          onDurationChange={(event) => {
            setMeasured(event.currentTarget.duration);
          }}
          onPlay={() => {
            setPlaying(true);
          }}
          onPause={() => {
            setPlaying(false);
          }}
          onEnded={() => {
            setAt(0);
          }}
          onTimeUpdate={(event) => {
            setAt(event.currentTarget.currentTime);
          }}
        />
      )}
    </div>
  );
}
