import { Bytes } from './bytes.ts';

/** The tag of the turn (Exif 2.32, 4.6.4 A). */
const ORIENTATION = 0x0112;

/** The turn (1 to 8) that a TIFF block asks for, as Exif has it; 1 where it says none. */
export function turnOf(tiff: Uint8Array<ArrayBuffer>): number {
  try {
    const { view } = new Bytes(tiff);
    const little = view.getUint16(0) === 0x4949;
    const first = view.getUint32(4, little);
    const count = view.getUint16(first, little);
    for (let entry = 0; entry < count; entry++) {
      const at = first + 2 + entry * 12;
      if (view.getUint16(at, little) !== ORIENTATION) continue;
      const turn = view.getUint16(at + 8, little);
      return turn >= 1 && turn <= 8 ? turn : 1;
    }
  } catch {
    // Cut off or malformed.
  }
  return 1;
}

/** A TIFF block that says nothing but the turn. */
export const tiffOf = (turn: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.of(0x4d, 0x4d, 0, 0x2a, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, turn, 0, 0, 0, 0, 0, 0);
