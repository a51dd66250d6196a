import DownloadIcon from '@vector-im/compound-design-tokens/assets/web/icons/download';
import FileIcon from '@vector-im/compound-design-tokens/assets/web/icons/attachment';
import ImageIcon from '@vector-im/compound-design-tokens/assets/web/icons/image';
import PlayIcon from '@vector-im/compound-design-tokens/assets/web/icons/play-solid';
import { Dialog, IconAction, ProgressBar, useServices, useText } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import type { MediaSource } from '../../matrix/media.ts';
import type { MessageBody } from '../../matrix/message-body.ts';
import { Blurhash } from './Blurhash.tsx';
import { fit, mayShowInline } from './media-limits.ts';
import { TextBody } from './TextBody.tsx';
import { useMedia, useServerThumbnail } from './use-media.ts';
import { VoicePlayer } from './VoicePlayer.tsx';

type Of<K extends MessageBody['kind']> = Extract<MessageBody, { kind: K }>;

function useSave(source: MediaSource, name: string): { progress: number | undefined; save: () => void } {
  const { media } = useMatrix();
  const { toasts } = useServices();
  const { t } = useText('room');
  const [progress, setProgress] = useState<number>();
  const save = (): void => {
    setProgress(0);
    media
      .save(source, name, (done, total) => {
        setProgress(total !== undefined && total > 0 ? Math.min(1, done / total) : 0);
      })
      .catch(() => {
        toasts.show({ kind: 'error', text: t('media.failed', { name }) });
      })
      .finally(() => {
        setProgress(undefined);
      });
  };
  return { progress, save };
}

function Viewer(props: { source: MediaSource; name: string; onClose: () => void }): ReactNode {
  const { t, format } = useText('room');
  const state = useMedia(props.source, true);
  const { save } = useSave(props.source, props.name);
  return (
    <Dialog
      title={props.name}
      size="large"
      onClose={props.onClose}
      footer={<IconAction label={t('media.save')} Icon={DownloadIcon} onClick={save} />}
    >
      <div className="c-viewer">
        {state.at === 'ready' && state.type.startsWith('image/') ? (
          <img src={state.url} alt={props.name} />
        ) : state.at === 'failed' || state.at === 'ready' ? (
          <p role="alert">{t('media.not_shown')}</p>
        ) : (
          <ProgressBar
            label={t('media.loading')}
            done={state.at === 'loading' ? state.done : 0}
            total={(state.at === 'loading' ? state.total : undefined) ?? 0}
            {...(state.at === 'loading' ? { value: format.bytes(state.done) } : {})}
          />
        )}
      </div>
    </Dialog>
  );
}

/** A picture in its reserved place: the blur, then the thumbnail; the picture itself when it is opened. */
function ImageBody(props: { body: Of<'image'> }): ReactNode {
  const { t } = useText('room');
  const { body } = props;
  const [open, setOpen] = useState(false);
  const [broken, setBroken] = useState(false);
  const size = fit(body.extent);
  // The homeserver makes thumbnails of what it can read; of the rest the sender has made one, or the picture is small.
  const fromServer = body.source.file === undefined ? body.source.mxc : undefined;
  const serverUrl = useServerThumbnail(fromServer, size.width, size.height);
  const own =
    body.thumbnail ??
    (body.source.file && mayShowInline(body.source.size, body.extent) ? body.source : undefined);
  const loaded = useMedia(own, fromServer === undefined || serverUrl === '');
  const url =
    serverUrl !== undefined && serverUrl !== ''
      ? serverUrl
      : loaded.at === 'ready' && loaded.type.startsWith('image/')
        ? loaded.url
        : undefined;
  return (
    <>
      <button
        type="button"
        className="c-media"
        data-sticker={body.sticker}
        style={{
          inlineSize: `${String(size.width)}px`,
          aspectRatio: `${String(size.width)} / ${String(size.height)}`,
        }}
        aria-label={t('media.open', { name: body.name })}
        onClick={() => {
          setOpen(true);
        }}
      >
        {body.blurhash !== undefined && <Blurhash hash={body.blurhash} />}
        {url !== undefined && !broken ? (
          <img
            src={url}
            alt=""
            decoding="async"
            onError={() => {
              setBroken(true);
            }}
          />
        ) : (
          body.blurhash === undefined && <ImageIcon width={32} height={32} aria-hidden />
        )}
      </button>
      {open && (
        <Viewer
          source={body.source}
          name={body.name}
          onClose={() => {
            setOpen(false);
          }}
        />
      )}
    </>
  );
}

function FileBody(props: { source: MediaSource; name: string }): ReactNode {
  const { t, format } = useText('room');
  const { source, name } = props;
  const { progress, save } = useSave(source, name);
  return (
    <div className="c-file">
      <span className="c-file__icon" aria-hidden>
        <FileIcon width={22} height={22} />
      </span>
      <span className="c-file__text">
        <bdi className="c-file__name">{name}</bdi>
        <span className="q-muted q-small">
          {progress === undefined
            ? source.size === undefined
              ? t('media.size_unknown')
              : format.bytes(source.size)
            : t('media.downloading', { percent: format.percent(progress) })}
        </span>
      </span>
      <IconAction
        label={t('media.save_file', { name })}
        Icon={DownloadIcon}
        onClick={save}
        disabled={progress !== undefined}
      />
    </div>
  );
}

function VideoBody(props: { body: Of<'video'> }): ReactNode {
  const { t } = useText('room');
  const { body } = props;
  const [wanted, setWanted] = useState(false);
  const state = useMedia(body.source, wanted);
  const poster = useMedia(body.thumbnail, true);
  const size = fit(body.extent);
  const style = {
    inlineSize: `${String(size.width)}px`,
    aspectRatio: `${String(size.width)} / ${String(size.height)}`,
  };
  if (state.at === 'ready' && state.type.startsWith('video/')) {
    // Sound and words of strangers' videos come without captions.
    return (
      <video className="c-media" style={style} src={state.url} controls autoPlay aria-label={body.name} />
    );
  }
  if (state.at === 'failed' || state.at === 'ready')
    return <FileBody source={body.source} name={body.name} />;
  return (
    <button
      type="button"
      className="c-media"
      style={style}
      aria-label={t('media.play', { name: body.name })}
      onClick={() => {
        setWanted(true);
      }}
    >
      {body.blurhash !== undefined && <Blurhash hash={body.blurhash} />}
      {poster.at === 'ready' && poster.type.startsWith('image/') && <img src={poster.url} alt="" />}
      <span className="c-media__play" data-loading={state.at === 'loading'}>
        <PlayIcon width={28} height={28} aria-hidden />
      </span>
    </button>
  );
}

/** A picture, video, sound or file. */
export function MediaBody(props: {
  body: Of<'image'> | Of<'video'> | Of<'audio'> | Of<'file'>;
  edited: boolean;
}): ReactNode {
  const { body } = props;
  return (
    <div className="c-attachment">
      {body.kind === 'image' ? (
        <ImageBody body={body} />
      ) : body.kind === 'video' ? (
        <VideoBody body={body} />
      ) : body.kind === 'audio' ? (
        <VoicePlayer body={body} />
      ) : (
        <FileBody source={body.source} name={body.name} />
      )}
      {body.caption && <TextBody body={body.caption} name="" edited={props.edited} />}
    </div>
  );
}
