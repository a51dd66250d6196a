import { useEffect, useState } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import type { LoadedMedia, MediaSource } from '../../matrix/media.ts';

/** A file on its way into the page. */
export type MediaState =
  | { readonly at: 'idle' }
  | { readonly at: 'loading'; readonly done: number; readonly total: number | undefined }
  | { readonly at: 'ready'; readonly url: string; readonly type: string }
  | { readonly at: 'failed' };

const IDLE: MediaState = { at: 'idle' };

/** Loads a file while `wanted`, and gives it back when it is not shown any more. */
export function useMedia(source: MediaSource | undefined, wanted: boolean): MediaState {
  const { media } = useMatrix();
  const [state, setState] = useState<{ mxc: string; state: MediaState }>({ mxc: '', state: IDLE });
  const mxc = source?.mxc;
  useEffect(() => {
    if (!source || !wanted) return;
    const stop = new AbortController();
    let held: LoadedMedia | undefined;
    const tell = (next: MediaState): void => {
      if (!stop.signal.aborted) setState({ mxc: source.mxc, state: next });
    };
    setState((before) =>
      // Shown from this device until now, and uploaded since: whoever plays it goes on.
      before.state.at === 'ready' && media.isSame(before.mxc, source.mxc)
        ? { mxc: source.mxc, state: before.state }
        : { mxc: source.mxc, state: { at: 'loading', done: 0, total: source.size } },
    );
    media
      .load(
        source,
        (done, total) => {
          tell({ at: 'loading', done, total });
        },
        stop.signal,
      )
      .then(
        (loaded) => {
          held = loaded;
          if (stop.signal.aborted) loaded.release();
          else tell({ at: 'ready', url: loaded.url, type: loaded.blob.type });
        },
        () => {
          tell({ at: 'failed' });
        },
      );
    return () => {
      stop.abort();
      // After the next one has taken it, where the file is the same.
      const last = held;
      if (last) queueMicrotask(last.release);
    };
    // A source is the same as long as its address is.
  }, [media, mxc, wanted]);
  return mxc !== undefined && media.isSame(state.mxc, mxc) ? state.state : IDLE;
}

/** A thumbnail that the homeserver makes; unencrypted pictures only. */
export function useServerThumbnail(
  mxc: string | undefined,
  width: number,
  height: number,
): string | undefined {
  const { media } = useMatrix();
  const [loaded, setLoaded] = useState<{ mxc: string; url: string }>();
  useEffect(() => {
    if (mxc === undefined) return;
    let shown = true;
    const scale = Math.min(2, globalThis.devicePixelRatio || 1);
    media.serverThumbnail(mxc, Math.ceil(width * scale), Math.ceil(height * scale), 'scale').then(
      (url) => {
        if (shown) setLoaded({ mxc, url });
      },
      () => {
        if (shown) setLoaded({ mxc, url: '' });
      },
    );
    return () => {
      shown = false;
    };
  }, [media, mxc, width, height]);
  return loaded && loaded.mxc === mxc ? loaded.url : undefined;
}
