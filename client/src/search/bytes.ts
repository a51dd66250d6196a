/** Bytes that grow as they are written; numbers as LEB128 without sign. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
  }

  #room(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + more));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }

  /** @param value whole number from 0 to 2^53 */
  number(value: number): void {
    this.#room(8);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.length++] = rest;
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** UTF-16 units, each as a number. */
  units(text: string): void {
    this.number(text.length);
    for (let index = 0; index < text.length; index++) this.number(text.charCodeAt(index));
  }

  clear(): void {
    this.length = 0;
  }

  /** A copy of what was written. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.length);
  }

  /** What was written, until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }
}

/** Reads what {@link ByteWriter} wrote. @throws RangeError beyond the end */
export class ByteReader {
  readonly bytes: Uint8Array<ArrayBuffer>;
  at: number;

  constructor(bytes: Uint8Array<ArrayBuffer>, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get ended(): boolean {
    return this.at >= this.bytes.length;
  }

  number(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new RangeError('bytes end early');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  units(): string {
    const length = this.number();
    let text = '';
    for (let index = 0; index < length; index++) text += String.fromCharCode(this.number());
    return text;
  }

  slice(length: number): Uint8Array<ArrayBuffer> {
    const from = this.at;
    this.at += length;
    if (this.at > this.bytes.length) throw new RangeError('bytes end early');
    return this.bytes.subarray(from, this.at);
  }
}

/** Ascending numbers as differences, the first one from `base`. */
export function encodePostings(out: ByteWriter, docs: Iterable<number>, base: number): void {
  let last = base;
  for (const doc of docs) {
    out.number(doc - last);
    last = doc;
  }
}

/** Reads `count` postings to the end of `into`, from `at` on. */
export function decodePostings(
  bytes: Uint8Array<ArrayBuffer>,
  count: number,
  base: number,
  into: Uint32Array = new Uint32Array(count),
  at = 0,
): Uint32Array {
  let offset = 0;
  let last = base;
  for (let index = 0; index < count; index++) {
    let value = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = bytes[offset++] ?? 0;
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte > 0x7f);
    last += value;
    into[at + index] = last;
  }
  return into;
}

/** Numbers that are in both ascending lists. */
export function intersect(one: Uint32Array, other: Uint32Array): Uint32Array {
  const [few, many] = one.length <= other.length ? [one, other] : [other, one];
  const both = new Uint32Array(few.length);
  let count = 0;
  let from = 0;
  for (const value of few) {
    // Steps that double, then halving: cheap whether the lists are alike or very different in length.
    let step = 1;
    while (from + step < many.length && (many[from + step] ?? 0) < value) step *= 2;
    let low = from + Math.floor(step / 2);
    let high = Math.min(from + step, many.length - 1);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((many[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    from = low;
    if (many[from] === value) both[count++] = value;
  }
  return both.subarray(0, count);
}

/** Numbers that are marked; the first place stands for `base`. */
export function marked(seen: Uint8Array, base: number): Uint32Array {
  let count = 0;
  for (const mark of seen) count += mark;
  const all = new Uint32Array(count);
  let at = 0;
  for (let index = 0; index < seen.length; index++) if (seen[index] === 1) all[at++] = base + index;
  return all;
}
