import { SearchClient } from '../../src/search/client.ts';
import { fits, parseQuery } from '../../src/search/query.ts';
import { IdbRecords } from '../../src/search/records.ts';
import { SealedRecords } from '../../src/search/sealed.ts';
import { fold } from '../../src/search/text.ts';
import { KIND, type SearchDoc, type SearchStats } from '../../src/search/types.ts';

/*
 * The page of `npm run bench -- search`: the client's own index in its own worker, and a scan of the same
 * messages. Driven from outside through `bench`.
 */

const FLOOR_DATABASE = 'qiao-search-floor';
/** Messages in one record of the floor. */
const FLOOR_BLOCK = 256;
/** Messages of one call, about as many as the crawler gives. */
const BATCH = 200;
const LIMIT = 30;

const randomFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

let docs: SearchDoc[] = [];
let folded: string[] = [];
let key: CryptoKey;
let client: SearchClient;
let sealed: SealedRecords;

const open = async (): Promise<void> => {
  client = new SearchClient(() => undefined);
  await client.open(key);
};

const bench = {
  /** Makes messages of the clauses, as people mix them; answers their mean length. */
  async prepare(clauses: readonly string[], count: number): Promise<number> {
    const random = randomFrom(20261123);
    const pick = (): string => clauses[Math.floor(random() ** 1.5 * clauses.length)] ?? '';
    docs = Array.from({ length: count }, (_, number) => {
      const parts = Array.from({ length: 1 + Math.floor(random() * 3) }, pick);
      if (random() < 0.15) parts.push(String(Math.floor(random() * 100_000)));
      return {
        eventId: `$${number.toString(36).padStart(43, '0')}`,
        roomId: `!room${String(Math.floor(random() ** 3 * 200))}:qiao.test`,
        sender: `@user${String(Math.floor(random() ** 2 * 500))}:qiao.test`,
        ts: 1_700_000_000_000 + Math.floor(random() * 80_000_000) * 1000,
        kinds: KIND.text,
        text: parts.join('，'),
      };
    });
    folded = docs.map((doc) => fold(doc.text));
    key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
    await open();
    // The floor: the same messages, encrypted by the same means, to be read from end to end.
    sealed = new SealedRecords(await IdbRecords.open(FLOOR_DATABASE), key);
    sealed.indexId = 'floor';
    for (let from = 0, record = 1; from < docs.length; from += FLOOR_BLOCK, record++) {
      const block = docs.slice(from, from + FLOOR_BLOCK).map(({ eventId, text }) => [eventId, text]);
      const bytes = new TextEncoder().encode(JSON.stringify(block));
      await sealed.commit([await sealed.seal(record, bytes)], []);
    }
    return docs.reduce((sum, doc) => sum + doc.text.length, 0) / Math.max(docs.length, 1);
  },

  /** Indexes everything; answers milliseconds until it is written, and until merges are done. */
  async index(): Promise<{ written: number; merged: number; stats: SearchStats }> {
    const began = performance.now();
    for (let from = 0; from < docs.length; from += BATCH) {
      await client.call('apply', { ops: docs.slice(from, from + BATCH).map((doc) => ({ op: 'add', doc })) });
    }
    await client.call('flush', undefined);
    const written = performance.now() - began;
    await client.close();
    const merged = performance.now() - began;
    await open();
    return { written, merged, stats: await client.call('stats', undefined) };
  },

  /** Opens the index anew; answers milliseconds. */
  async reopen(): Promise<number> {
    await client.close();
    const began = performance.now();
    await open();
    return performance.now() - began;
  },

  async search(text: string): Promise<{ ms: number; total: number; exact: boolean }> {
    const began = performance.now();
    const page = await client.call('search', { text, order: 'time', limit: LIMIT });
    return { ms: performance.now() - began, total: page.total, exact: page.exact };
  },

  /** Scans texts that are all in memory, folded already. */
  scan(text: string): { ms: number; total: number } {
    const began = performance.now();
    const parts = parseQuery(text).needs.map((need) => need.text);
    const found: SearchDoc[] = [];
    for (const [index, each] of folded.entries()) {
      const doc = docs[index];
      if (doc && parts.every((part) => each.includes(part))) found.push(doc);
    }
    found.sort((one, other) => other.ts - one.ts);
    return { ms: performance.now() - began, total: found.length };
  },

  /** What the index has to agree with. */
  count(text: string): number {
    const query = parseQuery(text);
    return docs.reduce((all, doc) => (fits(query, doc) ? all + 1 : all), 0);
  },

  /** Reads, decrypts and scans the stored texts. */
  async scanStored(text: string): Promise<number> {
    const began = performance.now();
    const parts = parseQuery(text).needs.map((need) => need.text);
    let found = 0;
    const last = Math.ceil(docs.length / FLOOR_BLOCK);
    for (let record = 1; record <= last; record += 64) {
      const keys = Array.from({ length: Math.min(64, last - record + 1) }, (_, index) => record + index);
      for (const bytes of await sealed.read(keys)) {
        for (const [, each] of JSON.parse(new TextDecoder().decode(bytes)) as [string, string][]) {
          const plain = fold(each);
          if (parts.every((part) => plain.includes(part))) found++;
        }
      }
    }
    if (found < 0) throw new Error('unreachable');
    return performance.now() - began;
  },

  /** Queries as people type them, from the messages themselves: `kind` is `cjk2`, `cjk4`, `word`, `two`. */
  queries(kind: string, count: number): string[] {
    const random = randomFrom(7);
    const pattern = {
      cjk1: /\p{Script=Han}/gu,
      cjk2: /\p{Script=Han}{2}/gu,
      cjk4: /\p{Script=Han}{4}/gu,
      word: /[a-z]{4,}/gu,
      two: /\p{Script=Han}{2}/gu,
    }[kind];
    const found = new Set<string>();
    while (pattern && found.size < count) {
      const text = folded[Math.floor(random() * folded.length)] ?? '';
      const pieces = text.match(pattern) ?? [];
      const pick = (): string => pieces[Math.floor(random() * pieces.length)] ?? '';
      if (pieces.length > 1) found.add(kind === 'two' ? `${pick()} ${pick()}` : pick());
    }
    return [...found];
  },

  /** Bytes in use, as the browser counts them: of the worker, and of the database. */
  async memory(): Promise<{ worker: number | undefined; disk: number }> {
    interface Measure {
      breakdown: { bytes: number; attribution: { scope: string }[] }[];
    }
    const measure = (performance as unknown as { measureUserAgentSpecificMemory?: () => Promise<Measure> })
      .measureUserAgentSpecificMemory;
    const result = await measure?.call(performance);
    const worker = result?.breakdown
      .filter(({ attribution }) => attribution.some(({ scope }) => scope === 'DedicatedWorkerGlobalScope'))
      .reduce((sum, { bytes }) => sum + bytes, 0);
    return { worker, disk: (await navigator.storage.estimate()).usage ?? 0 };
  },
};

export type SearchBench = typeof bench;

Object.assign(globalThis, { bench });
