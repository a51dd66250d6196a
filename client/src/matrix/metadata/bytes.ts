/** Bytes of a file, and the ways its parts are written. Reading beyond the end throws a `RangeError`. */
export class Bytes {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly view: DataView;

  constructor(data: Uint8Array<ArrayBuffer>) {
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  get length(): number {
    return this.data.length;
  }

  /** Whether a text of Latin letters stands at a place. */
  has(at: number, text: string): boolean {
    if (at < 0 || at + text.length > this.length) return false;
    for (let index = 0; index < text.length; index++)
      if (this.data[at + index] !== text.charCodeAt(index)) return false;
    return true;
  }

  /** A text of four Latin letters. */
  name(at: number): string {
    return String.fromCharCode(
      this.view.getUint8(at),
      this.view.getUint8(at + 1),
      this.view.getUint8(at + 2),
      this.view.getUint8(at + 3),
    );
  }

  /** @throws RangeError where it ends beyond the file */
  part(from: number, end: number): Uint8Array<ArrayBuffer> {
    if (from < 0 || end < from || end > this.length) throw new RangeError('cut off');
    return this.data.subarray(from, end);
  }
}

export type Parts = Uint8Array<ArrayBuffer>[];
