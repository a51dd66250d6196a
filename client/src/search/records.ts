import { committed, done } from '../storage/indexeddb.ts';

/*
 * Where the index lies: records with a number as key and bytes that say nothing. Records are never changed, only
 * written and removed; one commit is there as a whole or not at all.
 */

/** Encrypted bytes. */
export interface SealedRecord {
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly data: ArrayBuffer;
}

/** Key of the record that says which others count. */
export const ROOT = 0;

/** A place for records. */
export interface Records {
  /** In the order of the keys; undefined where there is none. */
  read(keys: readonly number[]): Promise<(SealedRecord | undefined)[]>;
  /** Writes and removes at once, or rejects and changes nothing. */
  commit(puts: readonly (readonly [number, SealedRecord])[], deletes: readonly number[]): Promise<void>;
  keys(): Promise<number[]>;
  clear(): Promise<void>;
  close(): void;
}

/** IndexedDB database of the index. */
export const SEARCH_DATABASE = 'qiao-search';
const STORE = 'records';

/** Records in IndexedDB. */
export class IdbRecords implements Records {
  readonly #database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.#database = database;
  }

  /** @throws DOMException when the browser gives no storage */
  static async open(name: string = SEARCH_DATABASE): Promise<IdbRecords> {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(STORE);
    };
    const database = await done(request);
    // Somebody wants to delete the database: the sign-out does.
    database.onversionchange = () => {
      database.close();
    };
    return new IdbRecords(database);
  }

  async read(keys: readonly number[]): Promise<(SealedRecord | undefined)[]> {
    const store = this.#database.transaction(STORE).objectStore(STORE);
    return Promise.all(keys.map((key) => done(store.get(key) as IDBRequest<SealedRecord | undefined>)));
  }

  async commit(
    puts: readonly (readonly [number, SealedRecord])[],
    deletes: readonly number[],
  ): Promise<void> {
    const transaction = this.#database.transaction(STORE, 'readwrite');
    const store = transaction.objectStore(STORE);
    for (const [key, value] of puts) store.put(value, key);
    for (const key of deletes) store.delete(key);
    await committed(transaction);
  }

  async keys(): Promise<number[]> {
    const store = this.#database.transaction(STORE).objectStore(STORE);
    return (await done(store.getAllKeys())) as number[];
  }

  async clear(): Promise<void> {
    const transaction = this.#database.transaction(STORE, 'readwrite');
    transaction.objectStore(STORE).clear();
    await committed(transaction);
  }

  close(): void {
    this.#database.close();
  }
}

/** Removes the database of the index, whoever has it open. */
export async function deleteRecords(name: string = SEARCH_DATABASE): Promise<void> {
  await done(indexedDB.deleteDatabase(name));
}
