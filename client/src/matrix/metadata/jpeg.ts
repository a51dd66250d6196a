import type { Bytes } from './bytes.ts';
import { type Parts } from './bytes.ts';
import { tiffOf, turnOf } from './exif.ts';

/* JPEG (ITU-T T.81): segments, and after each start of scan its coded data. */

const END = 0xd9;
const SCAN = 0xda;
const COMMENT = 0xfe;

/** Of the segments for programs (APP0 to APP15) those without which the picture looks different stay. */
function stays(bytes: Bytes, marker: number, at: number): boolean {
  if (marker === COMMENT) return false;
  if (marker < 0xe0 || marker > 0xef) return true;
  return (
    (marker === 0xe0 && bytes.has(at, 'JFIF\0')) ||
    (marker === 0xe2 && bytes.has(at, 'ICC_PROFILE\0')) ||
    (marker === 0xee && bytes.has(at, 'Adobe'))
  );
}

function turnSegment(turn: number): Uint8Array<ArrayBuffer> {
  const tiff = tiffOf(turn);
  return Uint8Array.of(0xff, 0xe1, 0, tiff.length + 8, 0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff);
}

/** Where the next marker of a scan's data is: not a stuffed zero, not a restart, not a fill byte. */
function endOfScan(bytes: Bytes, from: number): number {
  for (let at = from; at + 1 < bytes.length; at++) {
    if (bytes.data[at] !== 0xff) continue;
    const next = bytes.data[at + 1] ?? 0;
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.length;
}

/**
 * A JPEG without Exif, XMP, Photoshop's data, comments and other pictures (MPF), and without what comes after its end
 * (the film of a motion photo); its turn is kept. One that is cut off within its last scan ends there.
 * @throws RangeError where it is no JPEG, or cannot be read
 */
export function cleanJpeg(bytes: Bytes): Parts {
  const parts: Parts = [bytes.part(0, 2)];
  let turn = 1;
  let scanned = false;
  for (let at = 2; ;) {
    // A cut off picture is still one; its beginning has to be whole.
    if (at >= bytes.length && scanned) break;
    if (bytes.view.getUint8(at) !== 0xff) throw new RangeError('no marker');
    // Any number of fill bytes may stand before a marker (B.1.1.2).
    while (bytes.view.getUint8(at + 1) === 0xff) at++;
    const marker = bytes.view.getUint8(at + 1);
    if (marker === END) {
      parts.push(bytes.part(at, at + 2));
      break;
    }
    const end = at + 2 + bytes.view.getUint16(at + 2);
    if (marker === 0xe1 && bytes.has(at + 4, 'Exif\0\0') && turn === 1)
      turn = turnOf(bytes.part(at + 10, end));
    if (marker === SCAN) {
      scanned = true;
      const next = endOfScan(bytes, end);
      parts.push(bytes.part(at, next));
      at = next;
      continue;
    }
    if (stays(bytes, marker, at + 4)) parts.push(bytes.part(at, end));
    at = end;
  }
  if (turn !== 1) parts.splice(1, 0, turnSegment(turn));
  return parts;
}
