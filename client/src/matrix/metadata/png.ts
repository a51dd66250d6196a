import type { Bytes } from './bytes.ts';
import { type Parts } from './bytes.ts';
import { tiffOf, turnOf } from './exif.ts';

/* PNG (W3C, third edition) and APNG: chunks. */

/** Chunks that are not critical, and without which the picture looks different. */
const KEPT = new Set(
  'tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD hIST pHYs sPLT acTL fcTL fdAT'.split(' '),
);

/** ISO 3309, as PNG's annex D has it. */
function crc(data: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of data) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

function chunk(name: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(12 + data.length);
  const view = new DataView(made.buffer);
  view.setUint32(0, data.length);
  made.set(
    Array.from(name, (letter) => letter.charCodeAt(0)),
    4,
  );
  made.set(data, 8);
  view.setUint32(8 + data.length, crc(made.subarray(4, 8 + data.length)));
  return made;
}

/**
 * A PNG of its critical chunks and those of {@link KEPT}, its turn kept, nothing after its end.
 * @throws RangeError where it is cut off
 */
export function cleanPng(bytes: Bytes): Parts {
  const parts: Parts = [bytes.part(0, 8)];
  let turn = 1;
  for (let at = 8; ;) {
    const end = at + 12 + bytes.view.getUint32(at);
    const name = bytes.name(at + 4);
    const part = bytes.part(at, end);
    if (name === 'eXIf') turn = turnOf(bytes.part(at + 8, end - 4));
    // A capital first letter: critical.
    if (KEPT.has(name) || /^[A-Z]/.test(name)) parts.push(part);
    if (name === 'IEND') break;
    at = end;
  }
  // After the header, before the picture.
  if (turn !== 1) parts.splice(2, 0, chunk('eXIf', tiffOf(turn)));
  return parts;
}
