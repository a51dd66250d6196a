import { CHUNK, Columns, DOCS_PER_BLOCK, hashOf, IdTable, Names, STATE } from './columns.ts';
import { Lru } from './lru.ts';
import { groupToMerge, mergeSegments } from './merge.ts';
import { fieldsOf } from './query.ts';
import { ROOT, type Records, type SealedRecord } from './records.ts';
import { runSearch, type Candidates } from './run.ts';
import { SealedRecords } from './sealed.ts';
import { MemorySegment, SegmentWriter, type BlockRef, type Segment } from './segment.ts';
import { fold, tokenize } from './text.ts';
import {
  IndexDamaged,
  type ApplyResult,
  type SearchDoc,
  type SearchFile,
  type SearchOp,
  type SearchPage,
  type SearchRequest,
  type SearchStats,
} from './types.ts';

/** Postings in memory above which they are written: about 4,000 messages, below 10 MB. */
export const MEMORY_POSTINGS = 150_000;
/** Bytes of segments' blocks kept in memory. */
const BLOCK_CACHE = 8 << 20;
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

interface Root {
  readonly indexId: string;
  readonly seed: number;
  /** Next key of a record. */
  readonly next: number;
  /** Messages written. */
  readonly docs: number;
  readonly segments: readonly Segment[];
  readonly chunks: readonly number[];
  readonly names: number;
  readonly extras: number;
}

interface Extras {
  /** Hash of an edit, and the message that has its text. */
  readonly edits: readonly (readonly [number, number, number])[];
  readonly state: Readonly<Record<string, unknown>>;
}

const toBytes = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));
const fromBytes = (bytes: Uint8Array<ArrayBuffer>): unknown => JSON.parse(new TextDecoder().decode(bytes));

const newRoot = (): Root => ({
  indexId: crypto.randomUUID(),
  seed: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
  next: ROOT + 1,
  docs: 0,
  segments: [],
  chunks: [],
  names: 0,
  extras: 0,
});

/**
 * An inverted index of messages, encrypted at rest. New messages go into memory and are written by
 * {@link flush} as a segment; small segments are merged into larger ones. What is written at once is there as a
 * whole or not at all, together with the feed's own state, so that a crash loses the newest messages at most, and
 * the feed knows which.
 */
export class SearchIndex {
  readonly #sealed: SealedRecords;
  /** The state that was written last. */
  #root: Root = newRoot();
  #next = this.#root.next;
  #columns = new Columns();
  #ids = new IdTable();
  #edits = new IdTable();
  #editList: [number, number, number][] = [];
  #rooms = new Names();
  #senders = new Names();
  #state = new Map<string, unknown>();
  #stateChanged = false;
  /** Texts of messages that are not written, and of those in the same block. */
  #fresh = new Map<number, StoredDoc>();
  #memory: MemorySegment[] = [new MemorySegment(0)];
  /** Blocks of texts in which messages have ended. */
  #dirty = new Set<number>();
  /** Messages that have ended since the last write. */
  #unsaved = new Set<number>();
  #blocks = new Lru<Uint8Array<ArrayBuffer>>(BLOCK_CACHE);
  #docs = new Lru<readonly (StoredDoc | null)[]>(DOC_CACHE);
  #writing: Promise<unknown> = Promise.resolve();
  #merging: Promise<void> | undefined;
  #readers = 0;
  #garbage: number[] = [];
  #last: Candidates | undefined;
  #version = 0;

  private constructor(records: Records, key: CryptoKey) {
    this.#sealed = new SealedRecords(records, key);
    this.#sealed.indexId = this.#root.indexId;
  }

  /**
   * Opens the index of a device, or begins one.
   * @returns the index; `damaged` when what was there could not be read and was removed
   */
  static async open(records: Records, key: CryptoKey): Promise<{ index: SearchIndex; damaged: boolean }> {
    const index = new SearchIndex(records, key);
    try {
      await index.#load();
      return { index, damaged: false };
    } catch (error) {
      if (!(error instanceof IndexDamaged)) throw error;
      await records.clear();
      return { index: new SearchIndex(records, key), damaged: true };
    }
  }

  async #load(): Promise<void> {
    const bytes = await this.#sealed.root();
    if (bytes === undefined) {
      await this.#sealed.sweep(new Set());
      return;
    }
    const root = fromBytes(bytes) as Root;
    this.#root = root;
    this.#next = root.next;
    this.#sealed.indexId = root.indexId;
    for (const chunk of await this.#sealed.read(root.chunks)) this.#columns.decode(chunk);
    const columns = this.#columns;
    for (let doc = 0; doc < columns.length; doc++) {
      this.#ids.set(columns.high[doc] ?? 0, columns.low[doc] ?? 0, doc);
    }
    const [names, extras] = (await this.#sealed.read([root.names, root.extras])).map(fromBytes) as [
      { rooms: string[]; senders: string[] },
      Extras,
    ];
    this.#rooms = new Names(names.rooms);
    this.#senders = new Names(names.senders);
    for (const [high, low, doc] of extras.edits) this.#noteEdit(high, low, doc);
    this.#state = new Map(Object.entries(extras.state));
    const tail = Math.floor(root.docs / DOCS_PER_BLOCK);
    if (root.docs % DOCS_PER_BLOCK !== 0) {
      (await this.#docBlock(tail)).forEach((doc, at) => {
        if (doc) this.#fresh.set(tail * DOCS_PER_BLOCK + at, doc);
      });
    }
    this.#memory = [new MemorySegment(root.docs)];
    await this.#sealed.sweep(
      new Set([
        ...root.chunks,
        ...columns.blocks,
        root.names,
        root.extras,
        ...root.segments.flatMap((segment) => segment.blocks.map(([, record]) => record)),
      ]),
    );
  }

  /** What the feed keeps here: written together with the messages. */
  get state(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.#state);
  }

  get stats(): SearchStats {
    const columns = this.#columns;
    const segments = this.#root.segments;
    const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
    return {
      messages: columns.alive,
      stored: sum(columns.blockBytes) + sum(segments.map((segment) => segment.bytes)) + columns.length * 28,
      segments: segments.length,
      memory:
        columns.bytes +
        this.#ids.bytes +
        this.#edits.bytes +
        this.#blocks.bytes +
        this.#docs.bytes * 3 +
        sum(this.#memory.map((memory) => memory.postings)) * 40,
    };
  }

  /** Whether so much is in memory that {@link flush} is due. */
  get full(): boolean {
    return (this.#memory.at(-1)?.postings ?? 0) >= MEMORY_POSTINGS;
  }

  /** Takes changes in their order; `state` is the feed's, null removes a value. */
  async apply(ops: readonly SearchOp[], state: Readonly<Record<string, unknown>> = {}): Promise<ApplyResult> {
    const result = { added: 0, known: 0, stale: [] as { roomId: string; eventId: string }[] };
    for (const op of ops) {
      if (op.op === 'add') {
        if (await this.#add(op.doc, op.force ?? false)) result.added++;
        else result.known++;
      } else if (op.op === 'edit') await this.#edit(op.doc);
      else {
        const stale = await this.#remove(op.eventId);
        if (stale) result.stale.push(stale);
      }
    }
    for (const [name, value] of Object.entries(state)) {
      if (value === null) this.#state.delete(name);
      else this.#state.set(name, value);
      this.#stateChanged = true;
    }
    this.#version++;
    return result;
  }

  async #add(doc: SearchDoc, force: boolean): Promise<boolean> {
    const known = this.#docOf(doc.eventId);
    const state = known === undefined ? undefined : this.#columns.state[known];
    if (state === STATE.redacted) return false;
    if (known === undefined || state !== STATE.alive) {
      this.#insert(doc);
      return true;
    }
    const partial = ((this.#columns.kinds[known] ?? 0) & PARTIAL) !== 0;
    if (!partial && !force) return false;
    const old = await this.#stored(known);
    const same =
      this.#columns.sender[known] === this.#senders.find(doc.sender) &&
      this.#columns.room[known] === this.#rooms.find(doc.roomId);
    // An edit that was seen first keeps its text; somebody else's edit was none.
    const edited = partial && same && old?.d !== undefined && old.d.ts >= (doc.edit?.ts ?? 0);
    this.#end(known, STATE.dead);
    this.#insert(
      edited
        ? {
            ...doc,
            text: old.t,
            edit: old.d,
            ...(old.f === undefined ? {} : { file: old.f }),
            kinds: doc.kinds | ((this.#columns.kinds[known] ?? 0) & ~PARTIAL),
          }
        : doc,
    );
    return true;
  }

  async #edit(doc: SearchDoc & { edit: { eventId: string; ts: number } }): Promise<void> {
    const known = this.#docOf(doc.eventId);
    const state = known === undefined ? undefined : this.#columns.state[known];
    if (state === STATE.redacted) return;
    if (known === undefined || state !== STATE.alive) {
      this.#insert({ ...doc, kinds: doc.kinds | PARTIAL });
      return;
    }
    const columns = this.#columns;
    if (
      columns.sender[known] !== this.#senders.find(doc.sender) ||
      columns.room[known] !== this.#rooms.find(doc.roomId)
    ) {
      return;
    }
    const old = await this.#stored(known);
    if (old?.d !== undefined && (old.d.eventId === doc.edit.eventId || old.d.ts > doc.edit.ts)) return;
    const kinds = columns.kinds[known] ?? 0;
    const file = doc.file ?? old?.f;
    const next: SearchDoc = {
      ...doc,
      ts: columns.ts[known] ?? doc.ts,
      kinds: doc.kinds | (file === undefined ? kinds & PARTIAL : kinds),
      ...(file === undefined ? {} : { file }),
    };
    this.#end(known, STATE.dead);
    this.#insert(next);
  }

  async #remove(eventId: string): Promise<{ roomId: string; eventId: string } | undefined> {
    const known = this.#docOf(eventId);
    if (known !== undefined) {
      this.#end(known, STATE.redacted);
      return undefined;
    }
    const edited = this.#edits.get(...hashOf(eventId, this.#root.seed));
    if (edited === undefined || this.#columns.state[edited] !== STATE.alive) return undefined;
    const stored = await this.#stored(edited);
    if (stored?.d?.eventId !== eventId) return undefined;
    this.#end(edited, STATE.dead);
    return { roomId: this.#rooms.list[this.#columns.room[edited] ?? 0] ?? '', eventId: stored.e };
  }

  /** Forgets the messages of rooms; they may come again. */
  dropRooms(roomIds: readonly string[]): void {
    const rooms = new Set(roomIds.map((roomId) => this.#rooms.find(roomId)));
    const columns = this.#columns;
    for (let doc = 0; doc < columns.length; doc++) {
      if (columns.state[doc] === STATE.alive && rooms.has(columns.room[doc])) this.#end(doc, STATE.dead);
    }
    this.#version++;
  }

  /** Rooms that have messages here. */
  rooms(): string[] {
    const columns = this.#columns;
    const found = new Set<number>();
    for (let doc = 0; doc < columns.length; doc++) {
      if (columns.state[doc] === STATE.alive) found.add(columns.room[doc] ?? 0);
    }
    return [...found].map((room) => this.#rooms.list[room] ?? '');
  }

  #docOf(eventId: string): number | undefined {
    return this.#ids.get(...hashOf(eventId, this.#root.seed));
  }

  #noteEdit(high: number, low: number, doc: number): void {
    this.#edits.set(high, low, doc);
    this.#editList.push([high, low, doc]);
  }

  #end(doc: number, state: number): void {
    this.#columns.end(doc, state);
    this.#fresh.delete(doc);
    this.#unsaved.add(doc);
    if (doc < this.#root.docs) this.#dirty.add(Math.floor(doc / DOCS_PER_BLOCK));
  }

  #insert(doc: SearchDoc): void {
    const [high, low] = hashOf(doc.eventId, this.#root.seed);
    const number = this.#columns.push({
      ts: doc.ts,
      room: this.#rooms.number(doc.roomId),
      sender: this.#senders.number(doc.sender),
      high,
      low,
      size: doc.text.length,
      kinds: doc.kinds,
    });
    this.#ids.set(high, low, number);
    this.#fresh.set(number, {
      e: doc.eventId,
      t: doc.text,
      ...(doc.file === undefined ? {} : { f: doc.file }),
      ...(doc.edit === undefined ? {} : { d: doc.edit }),
    });
    if (doc.edit) this.#noteEdit(...hashOf(doc.edit.eventId, this.#root.seed), number);
    const memory = this.#memory.at(-1);
    if (!memory) return;
    for (const field of fieldsOf(doc)) tokenize(fold(field), (token) => memory.add(token, number));
    memory.end = number + 1;
  }

  async #docBlock(block: number): Promise<readonly (StoredDoc | null)[]> {
    return (await this.#docBlocks([block])).get(block) ?? [];
  }

  async #docBlocks(blocks: readonly number[]): Promise<Map<number, readonly (StoredDoc | null)[]>> {
    const found = new Map<number, readonly (StoredDoc | null)[]>();
    const missing: [number, number][] = [];
    for (const block of blocks) {
      const record = this.#columns.blocks[block] ?? 0;
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

  async #stored(doc: number): Promise<StoredDoc | undefined> {
    const fresh = this.#fresh.get(doc);
    if (fresh || doc >= this.#root.docs) return fresh;
    return (await this.#docBlock(Math.floor(doc / DOCS_PER_BLOCK)))[doc % DOCS_PER_BLOCK] ?? undefined;
  }

  /** Messages by number; those that have ended are left out. */
  async #read(docs: readonly number[]): Promise<Map<number, SearchDoc>> {
    const columns = this.#columns;
    const needed = new Set<number>();
    for (const doc of docs) {
      if (!this.#fresh.has(doc) && doc < this.#root.docs) needed.add(Math.floor(doc / DOCS_PER_BLOCK));
    }
    const blocks = await this.#docBlocks([...needed]);
    const found = new Map<number, SearchDoc>();
    for (const doc of docs) {
      const stored =
        this.#fresh.get(doc) ?? blocks.get(Math.floor(doc / DOCS_PER_BLOCK))?.[doc % DOCS_PER_BLOCK];
      if (!stored || columns.state[doc] !== STATE.alive) continue;
      found.set(doc, {
        eventId: stored.e,
        roomId: this.#rooms.list[columns.room[doc] ?? 0] ?? '',
        sender: this.#senders.list[columns.sender[doc] ?? 0] ?? '',
        ts: columns.ts[doc] ?? 0,
        kinds: (columns.kinds[doc] ?? 0) & ~PARTIAL,
        text: stored.t,
        ...(stored.f === undefined ? {} : { file: stored.f }),
        ...(stored.d === undefined ? {} : { edit: stored.d }),
      });
    }
    return found;
  }

  /** Bytes of segments' blocks. */
  async #segmentBlocks(refs: readonly BlockRef[]): Promise<Map<number, Uint8Array<ArrayBuffer>>> {
    const found = new Map<number, Uint8Array<ArrayBuffer>>();
    const missing = new Set<number>();
    for (const [, record] of refs) {
      const cached = this.#blocks.get(record);
      if (cached) found.set(record, cached);
      else missing.add(record);
    }
    const records = [...missing];
    (await this.#sealed.read(records)).forEach((bytes, index) => {
      const record = records[index] ?? 0;
      this.#blocks.set(record, bytes, bytes.length);
      found.set(record, bytes);
    });
    return found;
  }

  /** @throws IndexDamaged when a block cannot be read: {@link reset} then, and feed again */
  async search(request: SearchRequest): Promise<SearchPage> {
    this.#readers++;
    try {
      const { page, candidates } = await runSearch(request, {
        columns: this.#columns,
        rooms: this.#rooms,
        senders: this.#senders,
        segments: this.#root.segments,
        memory: this.#memory,
        version: this.#version,
        last: this.#last,
        blocks: (refs) => this.#segmentBlocks(refs),
        docs: (numbers) => this.#read(numbers),
      });
      this.#last = candidates;
      return page;
    } finally {
      this.#readers--;
      this.#collect();
    }
  }

  /** Removes what nothing names any more, once nobody reads. */
  #collect(): void {
    if (this.#readers > 0 || this.#garbage.length === 0) return;
    const garbage = this.#garbage;
    this.#garbage = [];
    // What is left over is swept away when the index is opened.
    void this.#sealed.commit([], garbage).catch(() => undefined);
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#writing.then(work, work);
    this.#writing = next.catch(() => undefined);
    return next;
  }

  /**
   * Writes what is in memory; merges in the background.
   * @throws DOMException (QuotaExceededError) when there is no room: everything stays in memory
   */
  async flush(): Promise<void> {
    await this.#exclusive(() => this.#write());
    this.#merging ??= this.#merge().finally(() => {
      this.#merging = undefined;
    });
    this.#merging.catch(() => undefined);
  }

  /** Waits for merges, too. @throws IndexDamaged */
  async settle(): Promise<void> {
    await this.flush();
    await this.#merging;
    await this.#writing;
  }

  async #write(): Promise<void> {
    const columns = this.#columns;
    const dirty = [...this.#dirty];
    const from = this.#root.docs;
    if (columns.length === from && dirty.length === 0 && !this.#stateChanged) return;
    const loaded = await this.#docBlocks(dirty);

    // From here to the first await nothing else runs: one moment is written.
    const end = columns.length;
    const memory = this.#memory.filter((each) => each.end > each.base);
    const written = memory.length;
    if (written > 0) this.#memory.push(new MemorySegment(end));
    const puts: [number, Uint8Array<ArrayBuffer>][] = [];
    const put = (bytes: Uint8Array<ArrayBuffer>): number => {
      puts.push([this.#next, bytes]);
      return this.#next++;
    };
    const garbage: number[] = [];
    const ended = new Set(this.#unsaved);
    const touched = new Set(dirty);
    for (let block = Math.floor(from / DOCS_PER_BLOCK); block * DOCS_PER_BLOCK < end; block++) {
      touched.add(block);
    }
    const blocks = new Map<number, [number, number]>();
    for (const block of touched) {
      const docs: (StoredDoc | null)[] = [];
      for (let doc = block * DOCS_PER_BLOCK; doc < Math.min(end, (block + 1) * DOCS_PER_BLOCK); doc++) {
        const stored = this.#fresh.get(doc) ?? loaded.get(block)?.[doc % DOCS_PER_BLOCK];
        docs.push(columns.state[doc] === STATE.alive ? (stored ?? null) : null);
      }
      const bytes = toBytes(docs);
      blocks.set(block, [put(bytes), bytes.length]);
      garbage.push(columns.blocks[block] ?? 0);
    }
    const chunks = [...this.#root.chunks];
    const touchedChunks = new Set([...touched].map((block) => Math.floor((block * DOCS_PER_BLOCK) / CHUNK)));
    for (const chunk of touchedChunks) {
      garbage.push(chunks[chunk] ?? 0);
      chunks[chunk] = put(columns.encode(chunk, end, blocks));
    }
    const segments = memory.map((each): Segment => {
      const refs: BlockRef[] = [];
      const writer = new SegmentWriter(each.base, (first, bytes) => {
        refs.push([first, put(bytes), bytes.length]);
      });
      const alive = (doc: number): boolean => columns.state[doc] === STATE.alive;
      for (const [token, docs] of each.sorted()) writer.add(token, docs.filter(alive));
      writer.end();
      let ended = 0;
      for (let doc = each.base; doc < each.end; doc++) if (!alive(doc)) ended++;
      return {
        base: each.base,
        end: each.end,
        ended,
        blocks: refs,
        bytes: refs.reduce((all, [, , bytes]) => all + bytes, 0),
      };
    });
    let { names, extras } = this.#root;
    if (names === 0 || this.#rooms.changed || this.#senders.changed) {
      garbage.push(names);
      names = put(toBytes({ rooms: this.#rooms.list, senders: this.#senders.list }));
      this.#rooms.changed = this.#senders.changed = false;
    }
    this.#editList = this.#editList.filter(([, , doc]) => columns.state[doc] === STATE.alive);
    garbage.push(extras);
    extras = put(toBytes({ edits: this.#editList, state: Object.fromEntries(this.#state) } satisfies Extras));
    this.#stateChanged = false;
    const root: Root = {
      ...this.#root,
      next: this.#next,
      docs: end,
      segments: [...this.#root.segments, ...segments],
      chunks,
      names,
      extras,
    };
    try {
      await this.#commit(puts, root);
    } catch (error) {
      this.#rooms.changed = this.#stateChanged = true;
      throw error;
    }
    for (const block of dirty) this.#dirty.delete(block);
    for (const doc of ended) this.#unsaved.delete(doc);
    for (const doc of this.#unsaved) {
      // Ended while this was written.
      if (doc < end) this.#dirty.add(Math.floor(doc / DOCS_PER_BLOCK));
    }
    for (const [block, [record, bytes]] of blocks) {
      columns.blocks[block] = record;
      columns.blockBytes[block] = bytes;
    }
    this.#memory = this.#memory.slice(this.#memory.findIndex((each) => each.base >= end));
    const tail = Math.floor(end / DOCS_PER_BLOCK) * DOCS_PER_BLOCK;
    for (const doc of this.#fresh.keys()) if (doc < tail) this.#fresh.delete(doc);
    this.#discard(garbage);
  }

  async #commit(puts: readonly (readonly [number, Uint8Array<ArrayBuffer>])[], root?: Root): Promise<void> {
    const sealed: (readonly [number, SealedRecord])[] = await Promise.all(
      puts.map(([key, bytes]) => this.#sealed.seal(key, bytes)),
    );
    if (root) sealed.push(await this.#sealed.seal(ROOT, toBytes(root)));
    await this.#sealed.commit(sealed, []);
    if (root) this.#root = root;
  }

  #discard(records: readonly number[]): void {
    for (const record of records) {
      if (record === 0) continue;
      this.#garbage.push(record);
      this.#blocks.delete(record);
      this.#docs.delete(record);
    }
    this.#collect();
  }

  async #merge(): Promise<void> {
    for (;;) {
      const group = groupToMerge(
        this.#root.segments,
        this.#columns.alive,
        this.#root.docs - this.#columns.alive - this.#unsaved.size,
      );
      if (group.length === 0) return;
      const merged = await mergeSegments(group, {
        keep: (doc) => this.#columns.state[doc] === STATE.alive || this.#unsaved.has(doc),
        read: async (record) => (await this.#sealed.read([record]))[0] ?? new Uint8Array(),
        key: () => this.#next++,
        write: (puts) => this.#commit(puts),
      });
      await this.#exclusive(() =>
        this.#commit([], {
          ...this.#root,
          next: this.#next,
          segments: this.#root.segments.flatMap((segment) =>
            segment === group[0] ? [merged] : group.includes(segment) ? [] : [segment],
          ),
        }),
      );
      this.#discard(group.flatMap((segment) => segment.blocks.map(([, record]) => record)));
    }
  }

  /** Waits for what is being written and closes the records. */
  async close(): Promise<void> {
    await this.#merging?.catch(() => undefined);
    await this.#writing;
    this.#sealed.close();
  }
}
