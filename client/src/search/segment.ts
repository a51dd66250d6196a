import { ByteReader, ByteWriter, decodePostings, encodePostings } from './bytes.ts';

/** Aimed size of a block of a segment, in bytes. A token with many messages makes a larger one. */
export const BLOCK_BYTES = 16_384;

/** One block of a segment: from which token on, which record, how many bytes. */
export type BlockRef = readonly [first: string, record: number, bytes: number];

/** Tokens and the messages they are in, for the messages [base, end): sorted blocks. Never changed. */
export interface Segment {
  readonly base: number;
  readonly end: number;
  readonly blocks: readonly BlockRef[];
  readonly bytes: number;
  /** Messages of [base, end) that had ended when this was written: it does not have them. */
  readonly ended: number;
}

/** Reads a block token by token. */
export class BlockCursor {
  readonly #reader: ByteReader;
  token = '';
  count = 0;
  postings: Uint8Array<ArrayBuffer> = new Uint8Array();

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#reader = new ByteReader(bytes);
  }

  /** Goes to the next token; false at the end. */
  next(): boolean {
    const reader = this.#reader;
    if (reader.ended) return false;
    const shared = reader.number();
    this.token = this.token.slice(0, shared) + reader.units();
    this.count = reader.number();
    this.postings = reader.slice(reader.number());
    return true;
  }
}

/** Writes a segment's blocks; tokens have to come in order. */
export class SegmentWriter {
  readonly #block = new ByteWriter(BLOCK_BYTES * 2);
  readonly #postings = new ByteWriter();
  readonly #base: number;
  readonly #onBlock: (first: string, bytes: Uint8Array<ArrayBuffer>) => void;
  #first: string | undefined;
  #last = '';

  /** @param onBlock called with each full block */
  constructor(base: number, onBlock: (first: string, bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#base = base;
    this.#onBlock = onBlock;
  }

  add(token: string, docs: readonly number[] | Uint32Array): void {
    if (docs.length === 0) return;
    this.#first ??= token;
    let shared = 0;
    while (
      shared < token.length &&
      shared < this.#last.length &&
      token.charCodeAt(shared) === this.#last.charCodeAt(shared)
    ) {
      shared++;
    }
    this.#postings.clear();
    encodePostings(this.#postings, docs, this.#base);
    const block = this.#block;
    block.number(shared);
    block.units(token.slice(shared));
    block.number(docs.length);
    block.number(this.#postings.length);
    block.bytes(this.#postings.view());
    this.#last = token;
    if (block.length >= BLOCK_BYTES) this.end();
  }

  /** Gives the last block. */
  end(): void {
    if (this.#first !== undefined) this.#onBlock(this.#first, this.#block.take());
    this.#first = undefined;
    this.#last = '';
    this.#block.clear();
  }
}

/** Index of the block that has `token` if any has; -1: all begin after it. */
function blockOf(segment: Segment, token: string): number {
  const { blocks } = segment;
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((blocks[middle]?.[0] ?? '') <= token) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Blocks that may have the token, or tokens that begin so. */
export function blocksFor(segment: Segment, token: string, prefix: boolean): BlockRef[] {
  const at = blockOf(segment, token);
  const found: BlockRef[] = [];
  for (let index = Math.max(at, 0); index < segment.blocks.length; index++) {
    const block = segment.blocks[index];
    if (!block) break;
    if (index > at && !(prefix && block[0].startsWith(token))) break;
    found.push(block);
  }
  return found;
}

/** Adds to `lists` the messages of the token, from one block. */
export function readToken(
  bytes: Uint8Array<ArrayBuffer>,
  base: number,
  token: string,
  lists: Uint32Array[],
): void {
  const cursor = new BlockCursor(bytes);
  while (cursor.next()) {
    if (cursor.token === token) lists.push(decodePostings(cursor.postings, cursor.count, base));
    if (cursor.token >= token) return;
  }
}

/** Marks in `seen`, which begins at `base`, the messages of tokens that begin so, from one block. */
export function markPrefix(
  bytes: Uint8Array<ArrayBuffer>,
  token: string,
  base: number,
  seen: Uint8Array,
  space: { docs: Uint32Array },
): void {
  const cursor = new BlockCursor(bytes);
  while (cursor.next()) {
    if (cursor.token.startsWith(token)) {
      if (space.docs.length < cursor.count) space.docs = new Uint32Array(cursor.count * 2);
      decodePostings(cursor.postings, cursor.count, base, space.docs);
      for (let at = 0; at < cursor.count; at++) seen[(space.docs[at] ?? 0) - base] = 1;
    } else if (cursor.token > token) return;
  }
}

/** Tokens of messages that are not written yet. */
export class MemorySegment {
  readonly base: number;
  end: number;
  readonly #tokens = new Map<string, number[]>();
  /** Postings so far: what memory depends on. */
  postings = 0;

  constructor(base: number) {
    this.base = base;
    this.end = base;
  }

  /** @param doc not smaller than any before */
  add(token: string, doc: number): void {
    const docs = this.#tokens.get(token);
    if (!docs) this.#tokens.set(token, [doc]);
    else if (docs.at(-1) === doc) return;
    else docs.push(doc);
    this.postings++;
  }

  read(token: string, lists: Uint32Array[]): void {
    const docs = this.#tokens.get(token);
    if (docs) lists.push(Uint32Array.from(docs));
  }

  markPrefix(token: string, seen: Uint8Array): void {
    for (const [each, docs] of this.#tokens) {
      if (each.startsWith(token)) for (const doc of docs) seen[doc - this.base] = 1;
    }
  }

  /** Tokens in order, with their messages. */
  *sorted(): Generator<[string, number[]]> {
    for (const token of [...this.#tokens.keys()].sort()) yield [token, this.#tokens.get(token) ?? []];
  }
}
