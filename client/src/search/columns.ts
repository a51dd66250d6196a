/** Messages of one chunk of columns: one record. */
export const CHUNK = 1024;
/** Messages of one block of texts: one record. */
export const DOCS_PER_BLOCK = 64;
const BLOCKS_PER_CHUNK = CHUNK / DOCS_PER_BLOCK;
/** Number of messages, then record and bytes of each block of texts. */
const HEAD_BYTES = 4 + BLOCKS_PER_CHUNK * 12;
/** Bytes of a message in a chunk; see {@link Columns.encode}. */
const ROW_BYTES = 28;

/** What became of a message. */
export const STATE = {
  /** Can be found. */
  alive: 1,
  /** Replaced by a later one, or of a room that was left: may come again. */
  dead: 2,
  /** Redacted: never comes again. */
  redacted: 3,
} as const;

/** Two 32-bit hashes of an event id (MurmurHash3's mixing), from a random seed of the index. */
export function hashOf(text: string, seed: number): [number, number] {
  let one = seed ^ 0x9e3779b9;
  let two = seed ^ 0x85ebca6b;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    one = Math.imul(one ^ unit, 0x9e3779b1);
    one ^= one >>> 15;
    two = Math.imul(two ^ unit, 0x5f356495);
    two ^= two >>> 13;
  }
  one = Math.imul(one ^ (one >>> 16), 0x85ebca6b);
  two = Math.imul(two ^ (two >>> 16), 0xc2b2ae35);
  return [(one ^ (one >>> 13)) >>> 0, (two ^ (two >>> 16)) >>> 0];
}

/** From event ids to messages: open addressing in typed arrays, 12 bytes for each place. */
export class IdTable {
  #high = new Uint32Array(1024);
  #low = new Uint32Array(1024);
  /** Message number + 1; 0: free. */
  #docs = new Uint32Array(1024);
  #size = 0;

  get bytes(): number {
    return this.#docs.length * 12;
  }

  #place(high: number, low: number): number {
    const mask = this.#docs.length - 1;
    let at = low & mask;
    while (this.#docs[at] !== 0 && (this.#high[at] !== high || this.#low[at] !== low)) at = (at + 1) & mask;
    return at;
  }

  get(high: number, low: number): number | undefined {
    const found = this.#docs[this.#place(high, low)] ?? 0;
    return found === 0 ? undefined : found - 1;
  }

  set(high: number, low: number, doc: number): void {
    if ((this.#size + 1) * 4 > this.#docs.length * 3) this.#grow();
    const at = this.#place(high, low);
    if (this.#docs[at] === 0) this.#size++;
    this.#high[at] = high;
    this.#low[at] = low;
    this.#docs[at] = doc + 1;
  }

  #grow(): void {
    const [high, low, docs] = [this.#high, this.#low, this.#docs];
    this.#high = new Uint32Array(docs.length * 2);
    this.#low = new Uint32Array(docs.length * 2);
    this.#docs = new Uint32Array(docs.length * 2);
    for (let at = 0; at < docs.length; at++) {
      if (docs[at] === 0) continue;
      const to = this.#place(high[at] ?? 0, low[at] ?? 0);
      this.#high[to] = high[at] ?? 0;
      this.#low[to] = low[at] ?? 0;
      this.#docs[to] = docs[at] ?? 0;
    }
  }
}

const grown = <T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(
  from: T,
  make: new (length: number) => T,
): T => {
  const to = new make(from.length * 2);
  to.set(from);
  return to;
};

/** What filters and order need of every message, kept in memory: 28 bytes each. */
export class Columns {
  length = 0;
  ts = new Float64Array(CHUNK);
  room = new Uint32Array(CHUNK);
  sender = new Uint32Array(CHUNK);
  high = new Uint32Array(CHUNK);
  low = new Uint32Array(CHUNK);
  /** Units of text, at most 65,535. */
  size = new Uint16Array(CHUNK);
  kinds = new Uint8Array(CHUNK);
  state = new Uint8Array(CHUNK);
  /** Record of each block of texts; 0: not written. */
  blocks: number[] = [];
  /** Bytes of each of those. */
  blockBytes: number[] = [];
  alive = 0;

  get bytes(): number {
    return this.ts.length * ROW_BYTES;
  }

  push(row: {
    ts: number;
    room: number;
    sender: number;
    high: number;
    low: number;
    size: number;
    kinds: number;
  }): number {
    const doc = this.length++;
    if (doc >= this.ts.length) this.#grow();
    this.ts[doc] = row.ts;
    this.room[doc] = row.room;
    this.sender[doc] = row.sender;
    this.high[doc] = row.high;
    this.low[doc] = row.low;
    this.size[doc] = Math.min(row.size, 0xffff);
    this.kinds[doc] = row.kinds;
    this.state[doc] = STATE.alive;
    this.alive++;
    return doc;
  }

  /** Ends a message; a redacted one stays redacted. */
  end(doc: number, state: number): void {
    if (this.state[doc] === STATE.alive) this.alive--;
    if (this.state[doc] !== STATE.redacted) this.state[doc] = state;
  }

  #grow(): void {
    this.ts = grown(this.ts, Float64Array);
    this.room = grown(this.room, Uint32Array);
    this.sender = grown(this.sender, Uint32Array);
    this.high = grown(this.high, Uint32Array);
    this.low = grown(this.low, Uint32Array);
    this.size = grown(this.size, Uint16Array);
    this.kinds = grown(this.kinds, Uint8Array);
    this.state = grown(this.state, Uint8Array);
  }

  /**
   * One chunk as bytes, for the messages before `end`.
   * @param written record and bytes of blocks that are being written with it
   */
  encode(
    chunk: number,
    end: number,
    written: ReadonlyMap<number, readonly [record: number, bytes: number]>,
  ): Uint8Array<ArrayBuffer> {
    const from = chunk * CHUNK;
    const rows = Math.min(end - from, CHUNK);
    const view = new DataView(new ArrayBuffer(HEAD_BYTES + rows * ROW_BYTES));
    view.setUint32(0, rows);
    for (let index = 0; index < BLOCKS_PER_CHUNK; index++) {
      const block = chunk * BLOCKS_PER_CHUNK + index;
      view.setFloat64(4 + index * 12, written.get(block)?.[0] ?? this.blocks[block] ?? 0);
      view.setUint32(12 + index * 12, written.get(block)?.[1] ?? this.blockBytes[block] ?? 0);
    }
    let at = HEAD_BYTES;
    for (let doc = from; doc < from + rows; doc++, at += ROW_BYTES) {
      view.setFloat64(at, this.ts[doc] ?? 0);
      view.setUint32(at + 8, this.room[doc] ?? 0);
      view.setUint32(at + 12, this.sender[doc] ?? 0);
      view.setUint32(at + 16, this.high[doc] ?? 0);
      view.setUint32(at + 20, this.low[doc] ?? 0);
      view.setUint16(at + 24, this.size[doc] ?? 0);
      view.setUint8(at + 26, this.kinds[doc] ?? 0);
      view.setUint8(at + 27, this.state[doc] ?? 0);
    }
    return new Uint8Array(view.buffer);
  }

  /** Adds a chunk; chunks come in order. */
  decode(bytes: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const rows = view.getUint32(0);
    const blocks = Math.ceil(rows / DOCS_PER_BLOCK);
    for (let index = 0; index < blocks; index++) {
      this.blocks.push(view.getFloat64(4 + index * 12));
      this.blockBytes.push(view.getUint32(12 + index * 12));
    }
    let at = HEAD_BYTES;
    for (let row = 0; row < rows; row++, at += ROW_BYTES) {
      const doc = this.push({
        ts: view.getFloat64(at),
        room: view.getUint32(at + 8),
        sender: view.getUint32(at + 12),
        high: view.getUint32(at + 16),
        low: view.getUint32(at + 20),
        size: view.getUint16(at + 24),
        kinds: view.getUint8(at + 26),
      });
      const state = view.getUint8(at + 27);
      if (state !== STATE.alive) this.end(doc, state);
    }
  }
}

/** Strings as numbers. */
export class Names {
  readonly list: string[];
  readonly #numbers: Map<string, number>;
  changed = false;

  constructor(list: string[] = []) {
    this.list = list;
    this.#numbers = new Map(list.map((name, number) => [name, number]));
  }

  number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.changed = true;
    this.#numbers.set(name, this.list.length);
    return this.list.push(name) - 1;
  }

  find(name: string): number | undefined {
    return this.#numbers.get(name);
  }
}
