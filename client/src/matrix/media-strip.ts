/*
 * Pictures without what they tell of the photographer: place, time, camera, serial numbers. The picture itself
 * is not encoded anew.
 */

const JPEG_START = 0xffd8;
const START_OF_SCAN = 0xda;
const ORIENTATION = 0x0112;

/** The turn (1 to 8) that an Exif block asks for; 1 where it says none. */
function orientationOf(exif: Uint8Array): number {
  try {
    const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
    const little = view.getUint16(6) === 0x4949;
    const first = 6 + view.getUint32(10, little);
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

/** An Exif block that says nothing but the turn. */
function turnOnly(turn: number): Uint8Array<ArrayBuffer> {
  const tiff = [0x4d, 0x4d, 0, 0x2a, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, turn, 0, 0, 0, 0, 0, 0];
  const data = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
  return Uint8Array.from([0xff, 0xe1, 0, data.length + 2, ...data]);
}

function stripJpeg(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== JPEG_START) return undefined;
  const parts = [bytes.subarray(0, 2)];
  let turn = 1;
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    const end = at + 2 + view.getUint16(at + 2);
    if (end > bytes.length) return undefined;
    if (marker === START_OF_SCAN) {
      if (turn !== 1) parts.splice(1, 0, turnOnly(turn));
      return [...parts, bytes.subarray(at)];
    }
    const isExif = marker === 0xe1 && bytes[at + 4] === 0x45 && bytes[at + 5] === 0x78;
    if (isExif) turn = orientationOf(bytes.subarray(at + 4, end));
    // Exif and XMP (APP1), Photoshop (APP13), comments; colour profiles (APP2) and Adobe's marker (APP14) stay.
    if (marker !== 0xe1 && marker !== 0xed && marker !== 0xfe) parts.push(bytes.subarray(at, end));
    at = end;
  }
  return undefined;
}

const PNG_TOLD = new Set(['eXIf', 'tEXt', 'iTXt', 'zTXt', 'tIME']);

function stripPng(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0) !== 0x89504e47) return undefined;
  const parts = [bytes.subarray(0, 8)];
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) return undefined;
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!PNG_TOLD.has(name)) parts.push(bytes.subarray(at, end));
    at = end;
    if (name === 'IEND') return parts;
  }
  return undefined;
}

/** A JPEG or PNG without its metadata, its turn kept; other files, and what cannot be read, as they are. */
export async function withoutMetadata(file: Blob): Promise<Blob> {
  if (file.type !== 'image/jpeg' && file.type !== 'image/png') return file;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const parts = file.type === 'image/jpeg' ? stripJpeg(bytes) : stripPng(bytes);
  return parts ? new Blob(parts, { type: file.type }) : file;
}
