import { Button } from '@vector-im/compound-web';
import DeleteIcon from '@vector-im/compound-design-tokens/assets/web/icons/close';
import DocumentIcon from '@vector-im/compound-design-tokens/assets/web/icons/document';
import { Busy, Dialog, IconAction, TextField, useText } from '@qiao/ui-kit';
import { useEffect, useState, type ReactNode } from 'react';
import { useMatrix } from '../../../matrix/context.tsx';
import { prepareFile } from '../../../matrix/media-prepare.ts';
import { cleanedOnce, type Cleaning } from '../../../matrix/metadata/index.ts';
import { safeType } from '../../../matrix/media-types.ts';
import type { SendTo } from '../../../matrix/sender.ts';

/** How long a picture's address outlives its place, in milliseconds. */
const FORGET_MS = 60_000;

function Picture(props: { file: File }): ReactNode {
  const { file } = props;
  const isPicture = safeType(file.type).startsWith('image/');
  const [url] = useState(() => (isPicture ? URL.createObjectURL(file) : undefined));
  useEffect(
    () => () => {
      // React's strict mode ends an effect once too often: given back only when it is not shown any more.
      if (url !== undefined)
        setTimeout(() => {
          URL.revokeObjectURL(url);
        }, FORGET_MS);
    },
    [url],
  );
  return url === undefined ? (
    <span className="c-files__picture">
      <DocumentIcon width={24} height={24} aria-hidden />
    </span>
  ) : (
    <img className="c-files__picture" src={url} alt="" />
  );
}

/** What became of the place and camera data of each file; nothing of one that is still looked at. */
function useCleanings(files: readonly File[]): ReadonlyMap<File, Cleaning | 'unreadable'> {
  const [known, setKnown] = useState<ReadonlyMap<File, Cleaning | 'unreadable'>>(new Map());
  useEffect(() => {
    let shown = true;
    for (const file of files)
      void cleanedOnce(file)
        .then(
          ({ cleaning }) => cleaning,
          () => 'unreadable' as const,
        )
        .then((cleaning) => {
          if (shown) setKnown((before) => (before.has(file) ? before : new Map(before).set(file, cleaning)));
        });
    return () => {
      shown = false;
    };
  }, [files]);
  return known;
}

/** Shows what is about to be sent; asks for a caption, says what the homeserver would refuse. */
export default function FilesDialog(props: {
  roomId: string;
  to: SendTo;
  files: readonly File[];
  onRemove: (file: File) => void;
  onClose: () => void;
  onSent: () => void;
}): ReactNode {
  const { t, format } = useText('composer');
  const { sender, media } = useMatrix();
  const { files } = props;
  const [caption, setCaption] = useState('');
  const [limit, setLimit] = useState<number>();
  const [busy, setBusy] = useState(false);
  const [broken, setBroken] = useState<ReadonlySet<File>>(new Set());
  useEffect(() => {
    let shown = true;
    void media.uploadLimit().then((bytes) => {
      if (shown) setLimit(bytes);
    });
    return () => {
      shown = false;
    };
  }, [media]);
  const cleanings = useCleanings(files);
  // What a file would tell is said before it goes.
  const looking = files.some((file) => !cleanings.has(file));
  const wrongWith = (file: File): string | undefined => {
    if (broken.has(file) || cleanings.get(file) === 'unreadable') return t('files.unreadable');
    if (file.size === 0) return t('files.empty');
    if (limit !== undefined && file.size > limit) return t('files.too_large', { limit: format.bytes(limit) });
    return undefined;
  };
  const wrong = files.some((file) => wrongWith(file) !== undefined);
  const send = async (): Promise<void> => {
    if (busy || looking || wrong) return;
    setBusy(true);
    const unreadable = new Set<File>();
    let first = true;
    for (const file of files) {
      try {
        const ready = await prepareFile(file, first ? caption.trim() : '');
        // Kept in the queue; the timeline shows how far it is.
        sender
          .sendFile(props.roomId, ready, first ? props.to : { threadId: props.to.threadId })
          .catch(() => undefined);
        first = false;
      } catch {
        unreadable.add(file);
      }
    }
    setBusy(false);
    if (unreadable.size === 0) props.onSent();
    else {
      setBroken(unreadable);
      for (const file of files) if (!unreadable.has(file)) props.onRemove(file);
    }
  };
  return (
    <Dialog
      title={t('files.title', { count: files.length })}
      onClose={props.onClose}
      footer={
        <>
          {(busy || looking) && <Busy label={t('files.preparing')} />}
          <Button kind="secondary" size="md" onClick={props.onClose} disabled={busy}>
            {t('cancel')}
          </Button>
          <Button kind="primary" size="md" onClick={() => void send()} disabled={busy || looking || wrong}>
            {t('files.send')}
          </Button>
        </>
      }
    >
      <form
        className="c-files"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        {files.map((file, index) => {
          const problem = wrongWith(file);
          return (
            <div key={`${String(index)} ${file.name}`} className="c-files__one">
              <Picture file={file} />
              <div>
                <bdi className="c-files__name">{file.name}</bdi>
                <p
                  className="c-files__note"
                  data-bad={problem !== undefined}
                  role={problem ? 'alert' : undefined}
                >
                  {problem ?? format.bytes(file.size)}
                </p>
                {cleanings.get(file) === 'kept' && (
                  <p className="c-files__note" data-warn="true">
                    {t('files.kept')}
                  </p>
                )}
              </div>
              <IconAction
                label={t('files.remove', { name: file.name })}
                Icon={DeleteIcon}
                onClick={() => {
                  props.onRemove(file);
                }}
              />
            </div>
          );
        })}
        <TextField
          label={t('files.caption')}
          value={caption}
          onChange={setCaption}
          optional
          autoComplete="off"
        />
        {files.some((file) => cleanings.get(file) === 'cleaned') && (
          <p className="c-files__note">{t('files.clean')}</p>
        )}
      </form>
    </Dialog>
  );
}
