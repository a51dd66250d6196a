import { Bytes } from './metadata/bytes.ts';
import { HEAD, pictureType } from './metadata/kinds.ts';

/** Types that are shown inside the page. Never HTML, SVG, XML or PDF: opened as a document they would run as ours. */
const INLINE = new Set([
  'image/jpeg',
  'image/png',
  'image/apng',
  'image/gif',
  'image/webp',
  'image/avif',
  'video/mp4',
  'video/webm',
  'video/ogg',
  'video/quicktime',
  'audio/mp4',
  'audio/webm',
  'audio/aac',
  'audio/mpeg',
  'audio/ogg',
  'audio/wave',
  'audio/wav',
  'audio/x-wav',
  'audio/x-pn-wav',
  'audio/flac',
  'audio/x-flac',
]);

/** What is offered for saving only. */
export const OPAQUE_TYPE = 'application/octet-stream';

/** The type a file of a claimed type is given here: one that is safe within the page, else bytes. */
export function safeType(claimed: unknown): string {
  if (typeof claimed !== 'string') return OPAQUE_TYPE;
  const bare = claimed.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return INLINE.has(bare) ? bare : OPAQUE_TYPE;
}

/**
 * The type a file is given here: of a picture by what its bytes are, whatever is claimed (`image/jpg`, the type of
 * another picture, none at all); of everything else {@link safeType}.
 * @param head the file's first bytes
 */
export function shownType(claimed: unknown, head: Uint8Array<ArrayBuffer>): string {
  return pictureType(new Bytes(head)) ?? safeType(claimed);
}

/** {@link shownType} of a file at hand. */
export const shownTypeOf = async (file: Blob, claimed: unknown = file.type): Promise<string> =>
  shownType(claimed, new Uint8Array(await file.slice(0, HEAD).arrayBuffer()));

/** Most pixels of a picture that is decoded; a small file may claim to be enormous. */
export const MAX_PIXELS = 100_000_000;

/** Width and height that a PNG, GIF, WebP or JPEG file states; undefined where it is none of them or cut off. */
export function statedSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const has = (at: number, text: string): boolean =>
    at + text.length <= bytes.length &&
    Array.from(text).every((letter, index) => bytes[at + index] === letter.charCodeAt(0));
  try {
    if (has(1, 'PNG')) return { width: view.getUint32(16), height: view.getUint32(20) };
    if (has(0, 'GIF8')) return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
    if (has(0, 'RIFF') && has(8, 'WEBP')) {
      if (has(12, 'VP8X')) {
        const three = (at: number): number => view.getUint16(at, true) + (view.getUint8(at + 2) << 16) + 1;
        return { width: three(24), height: three(27) };
      }
      if (has(12, 'VP8L')) {
        const bits = view.getUint32(21, true);
        return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
      }
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    }
    if (view.getUint16(0) === 0xffd8) {
      for (let at = 2; at < bytes.length;) {
        if (view.getUint8(at) !== 0xff) return undefined;
        const marker = view.getUint8(at + 1);
        const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
        if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
        at += 2 + view.getUint16(at + 2);
      }
    }
  } catch {
    // Cut off.
  }
  return undefined;
}
