import { encode } from 'blurhash';
import { Bytes } from './metadata/bytes.ts';
import { mayMove } from './metadata/kinds.ts';
import { MAX_PIXELS, OPAQUE_TYPE, shownTypeOf, statedSize } from './media-types.ts';
import { cleanedOnce } from './metadata/index.ts';
import type { Content } from './sender-content.ts';
import type { FileToSend } from './sender-files.ts';

/** Largest thumbnail, in pixels; a smaller picture is its own. */
const THUMBNAIL_WIDTH = 800;
const THUMBNAIL_HEIGHT = 600;
/** A picture of fewer bytes needs no thumbnail. */
const SMALL_BYTES = 48 * 1024;
/** How long a video may take to show its first picture, in milliseconds. */
const VIDEO_MS = 8000;

interface Preview {
  readonly width: number;
  readonly height: number;
  readonly blurhash?: string;
  readonly thumbnail?: { readonly blob: Blob; readonly width: number; readonly height: number };
  /** Milliseconds. */
  readonly duration?: number;
}

type Drawable = ImageBitmap | HTMLVideoElement;

async function previewOf(
  source: Drawable,
  width: number,
  height: number,
  thumbnail: boolean,
  opaque: boolean,
): Promise<Preview> {
  const scale = Math.min(1, THUMBNAIL_WIDTH / width, THUMBNAIL_HEIGHT / height);
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  const canvas = new OffscreenCanvas(w, h);
  canvas.getContext('2d')?.drawImage(source, 0, 0, w, h);
  const tiny = new OffscreenCanvas(32, 32);
  const context = tiny.getContext('2d');
  context?.drawImage(canvas, 0, 0, 32, 32);
  const pixels = context?.getImageData(0, 0, 32, 32).data;
  const blob = thumbnail
    ? await canvas.convertToBlob({ type: opaque ? 'image/jpeg' : 'image/webp', quality: 0.8 })
    : undefined;
  return {
    width,
    height,
    ...(pixels ? { blurhash: encode(pixels, 32, 32, 4, 3) } : {}),
    ...(blob ? { thumbnail: { blob, width: w, height: h } } : {}),
  };
}

async function picture(file: Blob): Promise<Preview | undefined> {
  const head = new Uint8Array(await file.slice(0, 256 * 1024).arrayBuffer());
  const stated = statedSize(head);
  if (stated && stated.width * stated.height > MAX_PIXELS) return undefined;
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  try {
    // A moving picture stands still in a thumbnail; a small file is quicker than its thumbnail.
    const thumbnail = file.size > SMALL_BYTES && !mayMove(new Bytes(head));
    return await previewOf(bitmap, bitmap.width, bitmap.height, thumbnail, file.type === 'image/jpeg');
  } finally {
    bitmap.close();
  }
}

/** Loads a film or sound as far as its length is known, and lets `read` look at it. */
async function played<T>(
  file: Blob,
  kind: 'video' | 'audio',
  event: string,
  read: (element: HTMLVideoElement) => T | Promise<T>,
): Promise<T> {
  const element = document.createElement(kind) as HTMLVideoElement;
  const url = URL.createObjectURL(file);
  try {
    element.muted = true;
    element.preload = kind === 'video' ? 'auto' : 'metadata';
    const ready = Promise.withResolvers<undefined>();
    element.addEventListener(event, () => {
      ready.resolve(undefined);
    });
    element.addEventListener('error', () => {
      ready.reject(new Error('cannot be played'));
    });
    const timer = setTimeout(() => {
      ready.reject(new Error('takes too long'));
    }, VIDEO_MS);
    element.src = url;
    await ready.promise.finally(() => {
      clearTimeout(timer);
    });
    return await read(element);
  } finally {
    element.removeAttribute('src');
    URL.revokeObjectURL(url);
  }
}

const milliseconds = (seconds: number): { duration?: number } =>
  Number.isFinite(seconds) ? { duration: Math.round(seconds * 1000) } : {};

async function looked(file: Blob, type: string): Promise<{ msgtype: string; preview: Partial<Preview> }> {
  try {
    if (type.startsWith('image/')) {
      const preview = await picture(file);
      if (preview) return { msgtype: 'm.image', preview };
    } else if (type.startsWith('video/')) {
      const preview = await played(file, 'video', 'loadeddata', async (video) => ({
        ...(await previewOf(video, video.videoWidth, video.videoHeight, true, true)),
        ...milliseconds(video.duration),
      }));
      return { msgtype: 'm.video', preview };
    } else if (type.startsWith('audio/')) {
      const preview = await played(file, 'audio', 'loadedmetadata', (audio) => milliseconds(audio.duration));
      return { msgtype: 'm.audio', preview };
    }
  } catch {
    // Not what it says it is, or a kind this browser does not know: a file like any other.
  }
  return { msgtype: 'm.file', preview: {} };
}

/**
 * Makes a file ready to be sent: metadata of pictures and films removed, thumbnail and blurhash made.
 * @param caption the message's text; the name is kept apart from it (MSC2530)
 * @throws DOMException when the file cannot be read (it was changed or removed)
 */
export async function prepareFile(given: File, caption: string): Promise<FileToSend> {
  const cleaned = await cleanedOnce(given);
  const type = await shownTypeOf(cleaned.file);
  // Programs and systems name types in ways of their own: what is shown by its bytes is sent as that.
  const file = type === OPAQUE_TYPE ? cleaned.file : cleaned.file.slice(0, cleaned.file.size, type);
  // Read to its end now: a file on a drive that goes is told here, not in the queue.
  await file.slice(-1).arrayBuffer();
  const { msgtype, preview } = await looked(file, type);
  const { width, height, blurhash, thumbnail, duration } = preview;
  const content: Content = {
    msgtype,
    body: caption === '' ? given.name : caption,
    filename: given.name,
    'm.mentions': {},
    info: {
      mimetype: file.type || 'application/octet-stream',
      size: file.size,
      ...(width === undefined ? {} : { w: width, h: height }),
      ...(duration === undefined ? {} : { duration }),
      ...(blurhash === undefined ? {} : { 'xyz.amorgan.blurhash': blurhash }),
      ...(thumbnail
        ? {
            thumbnail_info: {
              mimetype: thumbnail.blob.type,
              size: thumbnail.blob.size,
              w: thumbnail.width,
              h: thumbnail.height,
            },
          }
        : {}),
    },
  };
  return { content, name: given.name, file, thumbnail: thumbnail?.blob };
}
