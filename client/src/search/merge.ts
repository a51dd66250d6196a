import { decodePostings } from './bytes.ts';
import { BlockCursor, SegmentWriter, type BlockRef, type Segment } from './segment.ts';

/** Segments of about one size that are merged into one. */
const FAN = 4;
/** Share of ended messages above which everything is merged, which drops them; and how many it takes. */
const MOST_ENDED = 0.25;
const LEAST_ENDED = 500;
/** Blocks written at once. */
const WRITE_BLOCKS = 48;

/**
 * Which neighbouring segments to merge now: the newest ones as soon as {@link FAN} of about one size have come
 * together; all of them when they hold many messages that have ended.
 */
export function groupToMerge(segments: readonly Segment[], alive: number, ended: number): Segment[] {
  const held = ended - segments.reduce((all, segment) => all + segment.ended, 0);
  if (held > LEAST_ENDED && held > MOST_ENDED * (alive + held)) return [...segments];
  let bytes = 0;
  let from = segments.length;
  while (from > 0) {
    const size = segments[from - 1]?.bytes ?? 0;
    if (from < segments.length && size > bytes * (FAN - 1)) break;
    bytes += size;
    from--;
  }
  return segments.length - from >= FAN ? segments.slice(from) : [];
}

class SegmentCursor {
  readonly base: number;
  readonly #blocks: readonly BlockRef[];
  readonly #read: (record: number) => Promise<Uint8Array<ArrayBuffer>>;
  #at = 0;
  #cursor: BlockCursor | undefined;

  constructor(segment: Segment, read: (record: number) => Promise<Uint8Array<ArrayBuffer>>) {
    this.base = segment.base;
    this.#blocks = segment.blocks;
    this.#read = read;
  }

  get token(): string | undefined {
    return this.#cursor?.token;
  }

  get count(): number {
    return this.#cursor?.count ?? 0;
  }

  get postings(): Uint8Array<ArrayBuffer> {
    return this.#cursor?.postings ?? new Uint8Array();
  }

  /** Goes on within the block; false: {@link load} the next one. */
  step(): boolean {
    return this.#cursor?.next() ?? false;
  }

  async load(): Promise<void> {
    const block = this.#blocks[this.#at++];
    this.#cursor = block && new BlockCursor(await this.#read(block[1]));
    this.#cursor?.next();
  }
}

/** What a merge works with. */
export interface MergeAccess {
  /** Whether a message is still to be found. */
  keep(doc: number): boolean;
  read(record: number): Promise<Uint8Array<ArrayBuffer>>;
  /** A key for a new record. */
  key(): number;
  write(puts: readonly (readonly [number, Uint8Array<ArrayBuffer>])[]): Promise<void>;
}

/** One segment of several neighbouring ones, oldest first; holds a block of each in memory. */
export async function mergeSegments(group: readonly Segment[], access: MergeAccess): Promise<Segment> {
  const base = group[0]?.base ?? 0;
  const refs: BlockRef[] = [];
  let puts: [number, Uint8Array<ArrayBuffer>][] = [];
  const writer = new SegmentWriter(base, (first, bytes) => {
    const key = access.key();
    refs.push([first, key, bytes.length]);
    puts.push([key, bytes]);
  });
  const cursors = group.map((segment) => new SegmentCursor(segment, (record) => access.read(record)));
  await Promise.all(cursors.map((cursor) => cursor.load()));
  let docs = new Uint32Array(1024);
  for (;;) {
    let token: string | undefined;
    for (const cursor of cursors) {
      if (cursor.token !== undefined && (token === undefined || cursor.token < token)) token = cursor.token;
    }
    if (token === undefined) break;
    let count = 0;
    for (const cursor of cursors) {
      if (cursor.token !== token) continue;
      if (count + cursor.count > docs.length) {
        const larger = new Uint32Array((count + cursor.count) * 2);
        larger.set(docs.subarray(0, count));
        docs = larger;
      }
      decodePostings(cursor.postings, cursor.count, cursor.base, docs, count);
      let kept = count;
      for (let index = count; index < count + cursor.count; index++) {
        const doc = docs[index] ?? 0;
        if (access.keep(doc)) docs[kept++] = doc;
      }
      count = kept;
      if (!cursor.step()) await cursor.load();
    }
    writer.add(token, docs.subarray(0, count));
    if (puts.length >= WRITE_BLOCKS) {
      await access.write(puts);
      puts = [];
    }
  }
  writer.end();
  await access.write(puts);
  const end = group.at(-1)?.end ?? base;
  let ended = 0;
  for (let doc = base; doc < end; doc++) if (!access.keep(doc)) ended++;
  return {
    base,
    end,
    ended,
    blocks: refs,
    bytes: refs.reduce((all, [, , bytes]) => all + bytes, 0),
  };
}
