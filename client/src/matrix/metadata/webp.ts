import type { Bytes } from './bytes.ts';
import { type Parts } from './bytes.ts';
import { tiffOf, turnOf } from './exif.ts';

/* WebP (RFC 9649): chunks in a RIFF container. */

const KEPT = new Set(['VP8X', 'VP8 ', 'VP8L', 'ALPH', 'ANIM', 'ANMF', 'ICCP']);
/** Bits of VP8X that say that there are Exif and XMP. */
const EXIF = 0x08;
const XMP = 0x04;

function chunk(name: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(8 + data.length + (data.length & 1));
  made.set(
    Array.from(name, (letter) => letter.charCodeAt(0)),
    0,
  );
  new DataView(made.buffer).setUint32(4, data.length, true);
  made.set(data, 8);
  return made;
}

/**
 * A WebP without Exif, XMP and unknown chunks; its turn is kept.
 * @throws RangeError where it is cut off
 */
export function cleanWebp(bytes: Bytes): Parts {
  const stop = Math.min(bytes.length, 8 + bytes.view.getUint32(4, true));
  const parts: Parts = [];
  let extended: Uint8Array<ArrayBuffer> | undefined;
  let turn = 1;
  for (let at = 12; at + 8 <= stop;) {
    const name = bytes.name(at);
    const size = bytes.view.getUint32(at + 4, true);
    // A last chunk of odd size may lack its padding.
    const end = Math.min(at + 8 + size + (size & 1), Math.max(stop, at + 8 + size));
    if (name === 'EXIF') {
      const from = bytes.has(at + 8, 'Exif\0\0') ? at + 14 : at + 8;
      turn = turnOf(bytes.part(from, at + 8 + size));
    }
    if (KEPT.has(name)) {
      const part = bytes.part(at, end).slice();
      if (name === 'VP8X') extended = part;
      parts.push(part);
      if (part.length & 1) parts.push(Uint8Array.of(0));
    }
    at = end;
  }
  if (parts.length === 0) throw new RangeError('no picture');
  if (extended) {
    const flags = (extended[8] ?? 0) & ~EXIF & ~XMP;
    extended[8] = turn === 1 ? flags : flags | EXIF;
    if (turn !== 1) parts.push(chunk('EXIF', tiffOf(turn)));
  }
  const head = bytes.part(0, 12).slice();
  const size = parts.reduce((sum, part) => sum + part.length, 4);
  new DataView(head.buffer).setUint32(4, size, true);
  return [head, ...parts];
}
