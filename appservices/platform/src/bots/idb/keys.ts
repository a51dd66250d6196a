/**
 * IndexedDB keys as bytes whose order is the order of the keys (Indexed Database API 3.0, "compare two keys"):
 * numbers before dates before strings before binary before arrays. One difference: strings are ordered by code point
 * (UTF-8), not by UTF-16 code unit; both agree except for characters beyond the basic plane.
 */

/** A valid IndexedDB key. */
export type IdbKey = number | string | Date | ArrayBuffer | ArrayBufferView | readonly IdbKey[];

const NUMBER = 0x10;
const DATE = 0x20;
const STRING = 0x30;
const BINARY = 0x40;
const ARRAY = 0x50;
/** Ends a string, a binary value and an array; smaller than every type byte and every escaped byte. */
const END = 0x00;
/** Escapes END and itself. */
const ESCAPE = 0x01;
const MAX_DEPTH = 16;

/** The key's bytes; undefined if the value is not a valid key. */
export function encodeKey(key: unknown): Uint8Array | undefined {
  if (typeof key === 'string') return encodeText(key);
  const out: number[] = [];
  return write(key, out, 0) ? Uint8Array.from(out) : undefined;
}

function encodeText(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  let escapes = 0;
  for (const byte of bytes) if (byte <= ESCAPE) escapes += 1;
  const out = new Uint8Array(bytes.length + escapes + 2);
  out[0] = STRING;
  let at = 1;
  for (const byte of bytes) {
    if (byte <= ESCAPE) {
      out[at] = ESCAPE;
      out[at + 1] = byte + 1;
      at += 2;
    } else {
      out[at] = byte;
      at += 1;
    }
  }
  out[at] = END;
  return out;
}

function write(key: unknown, out: number[], depth: number): boolean {
  if (typeof key === 'number') return writeNumber(NUMBER, key, out);
  if (typeof key === 'string') {
    for (const byte of encodeText(key)) out.push(byte);
    return true;
  }
  if (key instanceof Date) return writeNumber(DATE, key.getTime(), out);
  if (key instanceof ArrayBuffer || ArrayBuffer.isView(key)) {
    const bytes = ArrayBuffer.isView(key)
      ? new Uint8Array(key.buffer, key.byteOffset, key.byteLength)
      : new Uint8Array(key);
    out.push(BINARY);
    for (const byte of bytes) {
      if (byte <= ESCAPE) out.push(ESCAPE, byte + 1);
      else out.push(byte);
    }
    out.push(END);
    return true;
  }
  if (!Array.isArray(key) || depth >= MAX_DEPTH) return false;
  out.push(ARRAY);
  for (const part of key) if (!write(part, out, depth + 1)) return false;
  out.push(END);
  return true;
}

function writeNumber(type: number, value: number, out: number[]): boolean {
  if (Number.isNaN(value)) return false;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value === 0 ? 0 : value);
  const negative = ((bytes[0] ?? 0) & 0x80) !== 0;
  out.push(type);
  bytes.forEach((byte, i) => out.push(negative ? byte ^ 0xff : i === 0 ? byte ^ 0x80 : byte));
  return true;
}

/** The key that `encodeKey` made the bytes of. */
export function decodeKey(bytes: Uint8Array): IdbKey {
  return read(bytes, 0).key;
}

function read(bytes: Uint8Array, start: number): { key: IdbKey; next: number } {
  const type = bytes[start];
  if (type === NUMBER || type === DATE) {
    const raw = bytes.slice(start + 1, start + 9);
    const negative = ((raw[0] ?? 0) & 0x80) === 0;
    const plain = raw.map((byte, i) => (negative ? byte ^ 0xff : i === 0 ? byte ^ 0x80 : byte));
    const value = new DataView(plain.buffer).getFloat64(0);
    return { key: type === DATE ? new Date(value) : value, next: start + 9 };
  }
  if (type === STRING || type === BINARY) {
    const out: number[] = [];
    let at = start + 1;
    for (; bytes[at] !== END; at += 1) {
      if (at >= bytes.length) throw new Error('key bytes end early');
      if (bytes[at] === ESCAPE) {
        at += 1;
        out.push((bytes[at] ?? 1) - 1);
      } else out.push(bytes[at] ?? 0);
    }
    const raw = Uint8Array.from(out);
    return { key: type === STRING ? Buffer.from(raw).toString('utf8') : raw.buffer, next: at + 1 };
  }
  if (type !== ARRAY) throw new Error('unknown key type');
  const parts: IdbKey[] = [];
  let at = start + 1;
  while (bytes[at] !== END) {
    const part = read(bytes, at);
    parts.push(part.key);
    at = part.next;
  }
  return { key: parts, next: at + 1 };
}
