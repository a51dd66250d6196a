import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Records, SealedRecord } from './records.ts';

/*
 * For tests: real sentences of packages that are installed anyway, records without a browser, and randomness
 * that can be repeated.
 */

const lib = dirname(createRequire(import.meta.url).resolve('typescript'));

/** Sentences that people wrote, of one language: the messages of the TypeScript compiler, about 2,000. */
export function realSentences(language: 'zh-cn' | 'zh-tw' | 'ja' | 'ko' | 'ru' | 'fr'): string[] {
  const text = readFileSync(join(lib, language, 'diagnosticMessages.generated.json'), 'utf8');
  return Object.values(JSON.parse(text) as Record<string, string>);
}

/** Numbers in [0, 1) from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Records in memory: commits are whole or not at all, like the browser's. */
export class MemoryRecords implements Records {
  readonly records = new Map<number, SealedRecord>();
  /** Commits until one fails and everything after it, too: a page that was ended. */
  commitsLeft = Infinity;

  async read(keys: readonly number[]): Promise<(SealedRecord | undefined)[]> {
    return keys.map((key) => this.records.get(key));
  }

  async commit(
    puts: readonly (readonly [number, SealedRecord])[],
    deletes: readonly number[],
  ): Promise<void> {
    await Promise.resolve();
    if (this.commitsLeft-- <= 0) throw new Error('ended');
    for (const [key, value] of puts) this.records.set(key, value);
    for (const key of deletes) this.records.delete(key);
  }

  async keys(): Promise<number[]> {
    return [...this.records.keys()];
  }

  async clear(): Promise<void> {
    this.records.clear();
  }

  close(): void {
    // Nothing is held.
  }

  /** What is left for the next one who opens it. */
  survivors(): MemoryRecords {
    const next = new MemoryRecords();
    for (const [key, value] of this.records) next.records.set(key, value);
    return next;
  }
}

/** A key as the session derives it. */
export const makeKey = (): Promise<CryptoKey> =>
  crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
