import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  SlimFactory,
  SlimKeyRange,
  type SlimDatabase,
  type SlimRequest,
  type SlimTransaction,
} from './api.ts';
import { SqliteEngine } from './engine.ts';
import { decodeKey, encodeKey, type IdbKey } from './keys.ts';

const done = (request: SlimRequest): Promise<unknown> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error('no error'));
    };
  });
const complete = (transaction: SlimTransaction): Promise<string> =>
  new Promise((resolve) => {
    transaction.oncomplete = () => {
      resolve('complete');
    };
    transaction.onabort = () => {
      resolve('abort');
    };
  });

let dir = '';
let engine: SqliteEngine;
let factory: SlimFactory;

function mount(): void {
  engine = new SqliteEngine(join(dir, 'a.db'), 'process');
  factory = new SlimFactory();
  factory.mount('bot', engine);
}

async function openDatabase(version = 1, upgrade?: (db: SlimDatabase) => void): Promise<SlimDatabase> {
  const request = factory.open('bot::x', version);
  request.onupgradeneeded = () => upgrade?.(request.result as SlimDatabase);
  return (await done(request)) as SlimDatabase;
}
const withStores = (): Promise<SlimDatabase> =>
  openDatabase(1, (db) => {
    db.createObjectStore('a').createIndex('by_n', 'n');
    db.createObjectStore('b');
  });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'qiao-idb-'));
  mount();
});
afterEach(() => {
  engine.close();
  rmSync(dir, { recursive: true });
});

describe('keys', () => {
  it('keep their order and come back', () => {
    const keys: IdbKey[] = [
      -Infinity,
      -2,
      -0.5,
      0,
      1e-9,
      3,
      1e300,
      new Date(-5),
      new Date(7),
      '',
      '\u0000',
      '\u0001',
      '\u0001a',
    ];
    keys.push('a', 'aa', 'b', '中', '中文', '\u{10ffff}', [], [1], [1, 'a'], ['a'], ['a', 1], ['aa'], [[]]);
    const bytes = keys.map((key) => encodeKey(key) ?? new Uint8Array());
    const sorted = [...bytes].sort((a, b) => Buffer.compare(a, b));
    expect(sorted).toEqual(bytes);
    expect(bytes.map(decodeKey)).toEqual(keys);
  });

  it('refuse what is no key', () => {
    for (const value of [NaN, true, null, undefined, {}, [true], () => 1])
      expect(encodeKey(value)).toBeUndefined();
  });
});

describe('the IndexedDB subset', () => {
  it('keeps data and schema over a restart, in a file for the owner only', async () => {
    let db = await withStores();
    const write = db.transaction('a', 'readwrite');
    void write.objectStore('a').put({ n: 1, bytes: new Uint8Array([1, 2]) }, 'k');
    expect(await complete(write)).toBe('complete');
    engine.close();
    expect(statSync(join(dir, 'a.db')).mode & 0o777).toBe(0o600);
    mount();
    db = await openDatabase(1, () => {
      throw new Error('no upgrade expected');
    });
    expect([...db.objectStoreNames]).toEqual(['a', 'b']);
    const value = await done(db.transaction('a').objectStore('a').get('k'));
    expect(value).toMatchObject({ n: 1 });
    expect(new Uint8Array((value as { bytes: Uint8Array }).bytes)).toEqual(new Uint8Array([1, 2]));
  });

  it('undoes an aborted transaction, data and index, and an aborted upgrade with its schema', async () => {
    const db = await withStores();
    const write = db.transaction(['a', 'b'], 'readwrite');
    await done(write.objectStore('a').put({ n: 5 }, 'k'));
    write.abort();
    expect(await complete(write)).toBe('abort');
    const read = db.transaction('a').objectStore('a');
    expect(await done(read.get('k'))).toBeUndefined();
    expect(await done(read.index('by_n').count())).toBe(0);

    const request = factory.open('bot::x', 2);
    request.onupgradeneeded = () => {
      (request.result as SlimDatabase).createObjectStore('c');
      request.transaction?.abort();
    };
    await expect(done(request)).rejects.toThrow();
    const again = await openDatabase(1);
    expect([...again.objectStoreNames]).toEqual(['a', 'b']);
  });

  it('refuses a taken key with add, and that undoes the transaction', async () => {
    const db = await withStores();
    await complete(put(db, 'k', { n: 1 }));
    const write = db.transaction('a', 'readwrite');
    void write.objectStore('a').put({ n: 2 }, 'k');
    const add = write.objectStore('a').add({ n: 3 }, 'k');
    const ended = complete(write);
    await expect(done(add)).rejects.toMatchObject({ name: 'ConstraintError' });
    expect(await ended).toBe('abort');
    expect(await done(db.transaction('a').objectStore('a').get('k'))).toEqual({ n: 1 });
  });

  it('finds by range and by index, in order, and counts', async () => {
    const db = await withStores();
    const write = db.transaction('a', 'readwrite');
    for (let i = 0; i < 20; i += 1)
      void write.objectStore('a').put({ n: i % 3, i }, `k${String(i).padStart(2, '0')}`);
    void write.objectStore('a').put({ other: true }, 'z');
    await complete(write);
    const store = db.transaction('a').objectStore('a');
    expect(await done(store.getAllKeys(SlimKeyRange.bound('k05', 'k08', true, false)))).toEqual([
      'k06',
      'k07',
      'k08',
    ]);
    expect(await done(store.count())).toBe(21);
    expect(await done(store.index('by_n').count())).toBe(20);
    const found = (await done(store.index('by_n').getAll(SlimKeyRange.only(2), 2))) as { i: number }[];
    expect(found.map((value) => value.i)).toEqual([2, 5]);
  });

  it('walks a cursor that changes and deletes what it passes', async () => {
    const db = await withStores();
    for (const n of [1, 2, 3]) await complete(put(db, `k${String(n)}`, { n }));
    const write = db.transaction('a', 'readwrite');
    const seen: unknown[] = [];
    const cursor = write.objectStore('a').openCursor();
    cursor.onsuccess = () => {
      const at = cursor.result as {
        key: unknown;
        value: { n: number };
        update(v: unknown): void;
        delete(): void;
        continue(): void;
      } | null;
      if (at === null) return;
      seen.push(at.key);
      if (at.value.n === 2) at.delete();
      else at.update({ n: at.value.n * 10 });
      at.continue();
    };
    await complete(write);
    expect(seen).toEqual(['k1', 'k2', 'k3']);
    expect(await done(db.transaction('a').objectStore('a').getAll())).toEqual([{ n: 10 }, { n: 30 }]);
    expect(await done(db.transaction('a').objectStore('a').index('by_n').getAllKeys())).toEqual(['k1', 'k3']);
  });

  it('lets no reader see a half-written unit, and no writer overtake another', async () => {
    const db = await withStores();
    const first = db.transaction('a', 'readwrite');
    const second = db.transaction('a', 'readwrite');
    const reader = db.transaction('a');
    const order: string[] = [];
    const read = done(reader.objectStore('a').get('k')).then((value) =>
      order.push(`read ${JSON.stringify(value)}`),
    );
    void done(second.objectStore('a').put({ n: 2 }, 'k')).then(() => order.push('second'));
    void done(first.objectStore('a').put({ n: 1 }, 'k')).then(() => order.push('first'));
    await Promise.all([complete(first), complete(second), read]);
    expect(order).toEqual(['first', 'second', 'read {"n":2}']);
  });

  it('takes a copy of a value that waits for its turn', async () => {
    const db = await withStores();
    const first = db.transaction('a', 'readwrite');
    const second = db.transaction('a', 'readwrite');
    const value = { n: 1 };
    void second.objectStore('a').put(value, 'k');
    value.n = 2;
    await Promise.all([complete(first), complete(second)]);
    expect(await done(db.transaction('a').objectStore('a').get('k'))).toEqual({ n: 1 });
  });

  it('passes a barrier after what was written before it, and costs nothing when nothing was', async () => {
    const db = await withStores();
    const order: string[] = [];
    const written = complete(put(db, 'k', { n: 1 })).then(() => order.push('written'));
    await engine.barrier();
    order.push('barrier');
    await written;
    expect(order).toEqual(['written', 'barrier']);
    const count = (): unknown => {
      const reader = new DatabaseSync(join(dir, 'a.db'), { readOnly: true });
      const row = reader.prepare('SELECT n FROM idb_barrier').get();
      reader.close();
      return row?.['n'];
    };
    const before = count();
    await engine.barrier();
    expect(count()).toBe(before);
    await complete(put(db, 'k', { n: 2 }));
    await Promise.all([engine.barrier(), engine.barrier()]);
    expect(count()).toBe(Number(before) + 1);
  });

  it('refuses what it does not do', async () => {
    const db = await withStores();
    expect(() => db.transaction('nothing')).toThrow(
      expect.objectContaining({ name: 'NotFoundError' }) as Error,
    );
    expect(() => db.transaction('a').objectStore('a').put(1, 'k')).toThrow(
      expect.objectContaining({ name: 'ReadOnlyError' }) as Error,
    );
    expect(() => factory.open('other::x')).toThrow();
    await expect(
      done(factory.open('bot::x', 1)).then(() => done(factory.open('bot::x', 7))),
    ).resolves.toBeDefined();
    await expect(done(factory.open('bot::x', 2))).rejects.toMatchObject({ name: 'VersionError' });
  });
});

function put(db: SlimDatabase, key: string, value: unknown): SlimTransaction {
  const write = db.transaction('a', 'readwrite');
  void write.objectStore('a').put(value, key);
  return write;
}
