import type { Bytes } from './bytes.ts';

/** What a file is, by its first bytes. `boxes`: of the family of MP4; `elements`: WebM and Matroska. */
export type Kind =
  | 'jpeg'
  | 'png'
  | 'gif'
  | 'webp'
  | 'avif'
  | 'boxes'
  | 'elements'
  | 'sound'
  /** A picture or film that tells nothing but what is seen. */
  | 'plain'
  /** A picture or film that may tell more, and is not known here. */
  | 'other_visual';

/** Bytes by which a kind is told. */
export const HEAD = 64;

/** The kind of a file's first {@link HEAD} bytes; undefined: neither picture nor film. */
export function kindOf(head: Bytes): Kind | undefined {
  const brand = head.has(4, 'ftyp') && head.length >= 12 ? head.name(8) : '';
  if (head.has(0, '\xff\xd8\xff')) return 'jpeg';
  if (head.has(0, '\x89PNG\r\n\x1a\n')) return 'png';
  if (head.has(0, 'GIF8')) return 'gif';
  if (head.has(0, 'RIFF') && head.has(8, 'WEBP')) return 'webp';
  // A camera's raw file, which is nothing but such data.
  if (brand === 'crx ') return 'other_visual';
  // Sound alone: the title and who plays it are wanted.
  if (brand === 'M4A ' || brand === 'M4B ') return 'sound';
  if (brand === 'avif' || brand === 'avis') return 'avif';
  if (
    brand !== '' ||
    head.has(4, 'JXL \r\n\x87\n') ||
    ['moov', 'mdat', 'wide', 'free'].some((box) => head.has(4, box))
  )
    return 'boxes';
  if (head.has(0, '\x1a\x45\xdf\xa3')) return 'elements';
  if (head.has(0, '\xff\x0a') || head.has(0, 'BM')) return 'plain';
  if (['II*\0', 'MM\0*', '8BPS', 'FUJIFILM'].some((mark) => head.has(0, mark))) return 'other_visual';
  if (head.has(0, 'RIFF') && head.has(8, 'AVI ')) return 'other_visual';
  return undefined;
}

const PICTURES: Partial<Record<Kind, string>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
};

/** The type of a picture that browsers show, by a file's first bytes; undefined: it is none. */
export function pictureType(head: Bytes): string | undefined {
  const kind = kindOf(head);
  return kind && PICTURES[kind];
}

/** Whether a picture may move: a still one made of it would stand for something else. */
export function mayMove(bytes: Bytes): boolean {
  switch (kindOf(bytes)) {
    case 'gif':
      return true;
    case 'avif':
      return bytes.has(8, 'avis');
    case 'webp':
      // The flag of animation in the header of the extended format (RFC 9649, 2.7).
      return bytes.has(12, 'VP8X') && ((bytes.data[20] ?? 0) & 0x02) !== 0;
    case 'png': {
      // A chunk before the first of the picture says so (PNG, third edition, 11.3.6.1).
      for (let at = 8; at + 8 <= bytes.length;) {
        const name = bytes.name(at + 4);
        if (name === 'acTL') return true;
        if (name === 'IDAT') return false;
        at += 12 + bytes.view.getUint32(at);
      }
      return false;
    }
    default:
      return false;
  }
}
