import { Columns, DOCS_PER_BLOCK, hashOf, IdTable, Names, STATE } from './columns.ts';
import { Lru } from './lru.ts';
import type { SealedRecords } from './sealed.ts';
import type { SearchDoc, SearchFile } from './types.ts';

/** Bytes of messages' texts kept in memory, counted as stored; about three times that when read. */
const DOC_CACHE = 3 << 20;
/** Bit of a message of which only an edit is known. */
export const PARTIAL = 128;

/** A message as its block keeps it; null: it is gone. */
export interface StoredDoc {
  readonly e: string;
  readonly t: string;
  readonly f?: SearchFile;
  readonly d?: { readonly eventId: string; readonly ts: number };
}

export const toBytes = (value: unknown): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(JSON.stringify(value));
export const fromBytes = (bytes: Uint8Array<ArrayBuffer>): unknown =>
  JSON.parse(new TextDecoder().decode(bytes));

/** The messages by number: what filters and order need in memory, texts in encrypted blocks. */
export class Messages {
  readonly columns = new Columns();
  readonly ids = new IdTable();
  rooms = new Names();
  senders = new Names();
  /** Texts of messages that are not written, and of those in the same block. */
  readonly fresh = new Map<number, StoredDoc>();
  /** Blocks of texts in which messages have ended. */
  readonly dirty = new Set<number>();
  /** Messages that have ended since the last write. */
  readonly unsaved = new Set<number>();
  /** Messages written. */
  written = 0;
  readonly #sealed: SealedRecords;
  readonly #docs = new Lru<readonly (StoredDoc | null)[]>(DOC_CACHE);
  readonly #seed: number;

  /** @param seed of the hashes of event ids */
  constructor(sealed: SealedRecords, seed: number) {
    this.#sealed = sealed;
    this.#seed = seed;
  }

  /** Bytes of tables and caches. */
  get bytes(): number {
    return this.columns.bytes + this.ids.bytes + this.#docs.bytes * 3;
  }

  /** Reads what {@link Columns.encode} wrote, and the texts of the block that is not full. */
  async load(chunks: readonly number[], written: number): Promise<void> {
    const { columns } = this;
    for (const chunk of await this.#sealed.read(chunks)) columns.decode(chunk);
    for (let doc = 0; doc < columns.length; doc++) {
      this.ids.set(columns.high[doc] ?? 0, columns.low[doc] ?? 0, doc);
    }
    this.written = written;
    const tail = Math.floor(written / DOCS_PER_BLOCK);
    if (written % DOCS_PER_BLOCK === 0) return;
    ((await this.blocks([tail])).get(tail) ?? []).forEach((doc, at) => {
      if (doc) this.fresh.set(tail * DOCS_PER_BLOCK + at, doc);
    });
  }

  hash(eventId: string): [number, number] {
    return hashOf(eventId, this.#seed);
  }

  /** The number of a message's newest form. */
  find(eventId: string): number | undefined {
    return this.ids.get(...this.hash(eventId));
  }

  /** Takes a message; answers its number. */
  push(doc: SearchDoc): number {
    const [high, low] = this.hash(doc.eventId);
    const number = this.columns.push({
      ts: doc.ts,
      room: this.rooms.number(doc.roomId),
      sender: this.senders.number(doc.sender),
      high,
      low,
      size: doc.text.length,
      kinds: doc.kinds,
    });
    this.ids.set(high, low, number);
    this.fresh.set(number, {
      e: doc.eventId,
      t: doc.text,
      ...(doc.file === undefined ? {} : { f: doc.file }),
      ...(doc.edit === undefined ? {} : { d: doc.edit }),
    });
    return number;
  }

  end(doc: number, state: number): void {
    this.columns.end(doc, state);
    this.fresh.delete(doc);
    this.unsaved.add(doc);
    if (doc < this.written) this.dirty.add(Math.floor(doc / DOCS_PER_BLOCK));
  }

  /** Texts by block. @throws IndexDamaged */
  async blocks(blocks: readonly number[]): Promise<Map<number, readonly (StoredDoc | null)[]>> {
    const found = new Map<number, readonly (StoredDoc | null)[]>();
    const missing: [number, number][] = [];
    for (const block of blocks) {
      const record = this.columns.blocks[block] ?? 0;
      const cached = this.#docs.get(record);
      if (cached) found.set(block, cached);
      else if (record !== 0) missing.push([block, record]);
    }
    const read = await this.#sealed.read(missing.map(([, record]) => record));
    missing.forEach(([block, record], index) => {
      const bytes = read[index] ?? new Uint8Array();
      const docs = fromBytes(bytes) as (StoredDoc | null)[];
      this.#docs.set(record, docs, bytes.length);
      found.set(block, docs);
    });
    return found;
  }

  /** A block of texts before message `end`, as it is written. */
  encode(block: number, end: number, loaded: readonly (StoredDoc | null)[] = []): Uint8Array<ArrayBuffer> {
    const docs: (StoredDoc | null)[] = [];
    for (let doc = block * DOCS_PER_BLOCK; doc < Math.min(end, (block + 1) * DOCS_PER_BLOCK); doc++) {
      const stored = this.fresh.get(doc) ?? loaded[doc % DOCS_PER_BLOCK] ?? null;
      docs.push(this.columns.state[doc] === STATE.alive ? stored : null);
    }
    return toBytes(docs);
  }

  /** Notes that everything before `end` is written; `blocks` are records and bytes of the blocks that were. */
  noteWritten(
    end: number,
    blocks: ReadonlyMap<number, readonly [number, number]>,
    saved: { dirty: readonly number[]; ended: ReadonlySet<number> },
  ): void {
    this.written = end;
    for (const block of saved.dirty) this.dirty.delete(block);
    for (const doc of saved.ended) this.unsaved.delete(doc);
    // Ended while it was written.
    for (const doc of this.unsaved) if (doc < end) this.dirty.add(Math.floor(doc / DOCS_PER_BLOCK));
    for (const [block, [record, bytes]] of blocks) {
      this.columns.blocks[block] = record;
      this.columns.blockBytes[block] = bytes;
    }
    const tail = Math.floor(end / DOCS_PER_BLOCK) * DOCS_PER_BLOCK;
    for (const doc of this.fresh.keys()) if (doc < tail) this.fresh.delete(doc);
  }

  /** Forgets a record that is removed. */
  discard(record: number): void {
    this.#docs.delete(record);
  }

  async stored(doc: number): Promise<StoredDoc | undefined> {
    const fresh = this.fresh.get(doc);
    if (fresh || doc >= this.written) return fresh;
    const block = Math.floor(doc / DOCS_PER_BLOCK);
    return (await this.blocks([block])).get(block)?.[doc % DOCS_PER_BLOCK] ?? undefined;
  }

  /** Messages by number; those that have ended are left out. @throws IndexDamaged */
  async read(docs: readonly number[]): Promise<Map<number, SearchDoc>> {
    const { columns } = this;
    const needed = new Set<number>();
    for (const doc of docs) {
      if (!this.fresh.has(doc) && doc < this.written) needed.add(Math.floor(doc / DOCS_PER_BLOCK));
    }
    const blocks = await this.blocks([...needed]);
    const found = new Map<number, SearchDoc>();
    for (const doc of docs) {
      const stored =
        this.fresh.get(doc) ?? blocks.get(Math.floor(doc / DOCS_PER_BLOCK))?.[doc % DOCS_PER_BLOCK];
      if (!stored || columns.state[doc] !== STATE.alive) continue;
      found.set(doc, {
        eventId: stored.e,
        roomId: this.rooms.list[columns.room[doc] ?? 0] ?? '',
        sender: this.senders.list[columns.sender[doc] ?? 0] ?? '',
        ts: columns.ts[doc] ?? 0,
        kinds: (columns.kinds[doc] ?? 0) & ~PARTIAL,
        text: stored.t,
        ...(stored.f === undefined ? {} : { file: stored.f }),
        ...(stored.d === undefined ? {} : { edit: stored.d }),
      });
    }
    return found;
  }
}
