import { CHUNK, DOCS_PER_BLOCK, Names, STATE } from './columns.ts';
import { Intake, type NotedEdit } from './intake.ts';
import { Lru } from './lru.ts';
import { fromBytes, Messages, toBytes } from './messages.ts';
import { groupToMerge, mergeSegments } from './merge.ts';
import { ROOT, type Records, type SealedRecord } from './records.ts';
import { runSearch, type Candidates } from './run.ts';
import { SealedRecords } from './sealed.ts';
import { SegmentWriter, type BlockRef, type Segment } from './segment.ts';
import {
  IndexDamaged,
  type ApplyResult,
  type SearchOp,
  type SearchPage,
  type SearchRequest,
  type SearchStats,
} from './types.ts';

/** Postings in memory above which they are written: about 4,000 messages, below 10 MB. */
export const MEMORY_POSTINGS = 150_000;
/** Bytes of segments' blocks kept in memory. */
const BLOCK_CACHE = 8 << 20;
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
  readonly edits: readonly NotedEdit[];
  readonly state: Readonly<Record<string, unknown>>;
}

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
  #messages: Messages;
  #intake: Intake;
  #state = new Map<string, unknown>();
  #stateChanged = false;
  #blocks = new Lru<Uint8Array<ArrayBuffer>>(BLOCK_CACHE);
  #writing: Promise<unknown> = Promise.resolve();
  #merging: Promise<void> | undefined;
  #readers = 0;
  #garbage: number[] = [];
  #last: Candidates | undefined;
  #version = 0;

  private constructor(records: Records, key: CryptoKey) {
    this.#sealed = new SealedRecords(records, key);
    this.#sealed.indexId = this.#root.indexId;
    this.#messages = new Messages(this.#sealed, this.#root.seed);
    this.#intake = new Intake(this.#messages, 0, []);
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
    this.#messages = new Messages(this.#sealed, root.seed);
    await this.#messages.load(root.chunks, root.docs);
    const [names, extras] = (await this.#sealed.read([root.names, root.extras])).map(fromBytes) as [
      { rooms: string[]; senders: string[] },
      Extras,
    ];
    this.#messages.rooms = new Names(names.rooms);
    this.#messages.senders = new Names(names.senders);
    this.#intake = new Intake(this.#messages, root.docs, extras.edits);
    this.#state = new Map(Object.entries(extras.state));
    await this.#sealed.sweep(
      new Set([
        ...root.chunks,
        ...this.#messages.columns.blocks,
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
    const columns = this.#messages.columns;
    const segments = this.#root.segments;
    const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
    return {
      messages: columns.alive,
      stored: sum(columns.blockBytes) + sum(segments.map((segment) => segment.bytes)) + columns.length * 28,
      segments: segments.length,
      memory: this.#messages.bytes + this.#intake.bytes + this.#blocks.bytes,
    };
  }

  /** Whether so much is in memory that {@link flush} is due. */
  get full(): boolean {
    return this.#intake.postings >= MEMORY_POSTINGS;
  }

  /** Takes changes in their order; `state` is the feed's, null removes a value. */
  async apply(ops: readonly SearchOp[], state: Readonly<Record<string, unknown>> = {}): Promise<ApplyResult> {
    const result = { added: 0, known: 0, stale: [] as { roomId: string; eventId: string }[] };
    for (const op of ops) {
      if (op.op === 'add') {
        if (await this.#intake.add(op.doc, op.force ?? false)) result.added++;
        else result.known++;
      } else if (op.op === 'edit') await this.#intake.edit(op.doc);
      else {
        const stale = await this.#intake.remove(op.eventId);
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

  /** Forgets the messages of rooms; they may come again. */
  dropRooms(roomIds: readonly string[]): void {
    const rooms = new Set(roomIds.map((roomId) => this.#messages.rooms.find(roomId)));
    const columns = this.#messages.columns;
    for (let doc = 0; doc < columns.length; doc++) {
      if (columns.state[doc] === STATE.alive && rooms.has(columns.room[doc]))
        this.#messages.end(doc, STATE.dead);
    }
    this.#version++;
  }

  /** Rooms that have messages here. */
  rooms(): string[] {
    const columns = this.#messages.columns;
    const found = new Set<number>();
    for (let doc = 0; doc < columns.length; doc++) {
      if (columns.state[doc] === STATE.alive) found.add(columns.room[doc] ?? 0);
    }
    return [...found].map((room) => this.#messages.rooms.list[room] ?? '');
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
        columns: this.#messages.columns,
        rooms: this.#messages.rooms,
        senders: this.#messages.senders,
        segments: this.#root.segments,
        memory: this.#intake.memory,
        version: this.#version,
        last: this.#last,
        blocks: (refs) => this.#segmentBlocks(refs),
        docs: (numbers) => this.#messages.read(numbers),
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
    const columns = this.#messages.columns;
    const dirty = [...this.#messages.dirty];
    const from = this.#root.docs;
    if (columns.length === from && dirty.length === 0 && !this.#stateChanged) return;
    const loaded = await this.#messages.blocks(dirty);

    // From here to the first await nothing else runs: one moment is written.
    const end = columns.length;
    const memory = this.#intake.begin(end);
    const puts: [number, Uint8Array<ArrayBuffer>][] = [];
    const put = (bytes: Uint8Array<ArrayBuffer>): number => {
      puts.push([this.#next, bytes]);
      return this.#next++;
    };
    const garbage: number[] = [];
    const ended = new Set(this.#messages.unsaved);
    const touched = new Set(dirty);
    for (let block = Math.floor(from / DOCS_PER_BLOCK); block * DOCS_PER_BLOCK < end; block++) {
      touched.add(block);
    }
    const blocks = new Map<number, [number, number]>();
    for (const block of touched) {
      const bytes = this.#messages.encode(block, end, loaded.get(block));
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
    if (names === 0 || this.#messages.rooms.changed || this.#messages.senders.changed) {
      garbage.push(names);
      names = put(toBytes({ rooms: this.#messages.rooms.list, senders: this.#messages.senders.list }));
      this.#messages.rooms.changed = this.#messages.senders.changed = false;
    }
    garbage.push(extras);
    extras = put(
      toBytes({ edits: this.#intake.edits, state: Object.fromEntries(this.#state) } satisfies Extras),
    );
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
      this.#messages.rooms.changed = this.#stateChanged = true;
      throw error;
    }
    this.#messages.noteWritten(end, blocks, { dirty, ended });
    this.#intake.written(end);
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
      this.#messages.discard(record);
    }
    this.#collect();
  }

  async #merge(): Promise<void> {
    for (;;) {
      const group = groupToMerge(
        this.#root.segments,
        this.#messages.columns.alive,
        this.#root.docs - this.#messages.columns.alive - this.#messages.unsaved.size,
      );
      if (group.length === 0) return;
      const merged = await mergeSegments(group, {
        keep: (doc) => this.#messages.columns.state[doc] === STATE.alive || this.#messages.unsaved.has(doc),
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
