import type { Bytes } from './bytes.ts';
import { type Parts } from './bytes.ts';

/* GIF89a: blocks, each with sub-blocks of up to 255 bytes. */

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;
const COMMENT = 0xfe;
const APPLICATION = 0xff;
const PLAIN_TEXT = 0x01;

function afterSubBlocks(bytes: Bytes, from: number): number {
  let at = from;
  for (;;) {
    const size = bytes.view.getUint8(at);
    at += 1 + size;
    if (size === 0) return at;
  }
}

/** Bytes of a table of colours. */
const tableBytes = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));

/**
 * A GIF without comments, texts and data of programs other than how often it is repeated; nothing after its end.
 * @throws RangeError where it is cut off
 */
export function cleanGif(bytes: Bytes): Parts {
  let at = 13 + tableBytes(bytes.view.getUint8(10));
  const parts: Parts = [bytes.part(0, at)];
  for (;;) {
    const kind = bytes.view.getUint8(at);
    if (kind === TRAILER) {
      parts.push(bytes.part(at, at + 1));
      return parts;
    }
    let end: number;
    let stays = true;
    if (kind === IMAGE) end = afterSubBlocks(bytes, at + 11 + tableBytes(bytes.view.getUint8(at + 9)));
    else if (kind === EXTENSION) {
      const label = bytes.view.getUint8(at + 1);
      end = afterSubBlocks(bytes, at + 2);
      stays =
        label === APPLICATION
          ? bytes.has(at + 3, 'NETSCAPE2.0') || bytes.has(at + 3, 'ANIMEXTS1.0')
          : label !== COMMENT && label !== PLAIN_TEXT;
    } else throw new RangeError('no block');
    const part = bytes.part(at, end);
    if (stays) parts.push(part);
    at = end;
  }
}
