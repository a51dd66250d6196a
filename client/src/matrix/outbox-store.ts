import { committed, done } from '../storage/indexeddb.ts';
import type { OutboxItem, OutboxStore } from './outbox-types.ts';

/*
 * What a person wrote and is not sent: drafts, the send queue and its files; to whom history is owed; and which devices
 * of the person are known. In one IndexedDB database, each value sealed by AES-GCM under a key of the device's secret.
 */

const DATABASE = 'qiao-unsent';
const STORES = ['items', 'blobs', 'drafts', 'history', 'devices'] as const;
/** Raised with each new store: what is there stays. */
const VERSION = 3;
type StoreName = (typeof STORES)[number];

const IV_BYTES = 12;

interface Sealed {
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly data: ArrayBuffer;
}

/** Removes everything that was written and not sent on this device. */
export const forgetUnsent = async (): Promise<void> => {
  await done(indexedDB.deleteDatabase(DATABASE)).catch(() => undefined);
};

/** Sealed values by key. Each call rejects when the browser's storage refuses. */
export class SealedStore {
  readonly #key: () => Promise<CryptoKey>;
  #opening: Promise<IDBDatabase> | undefined;
  #openedBefore = false;
  #onEmptied: (() => void)[] = [];

  /** @param key made once, when it is first needed */
  constructor(key: () => Promise<CryptoKey>) {
    let made: Promise<CryptoKey> | undefined;
    this.#key = () => (made ??= key());
  }

  /** Called when the browser deleted the database under us: what is in memory may be put again. */
  onEmptied(work: () => void): void {
    this.#onEmptied.push(work);
  }

  async all(store: StoreName): Promise<(readonly [key: string, value: unknown])[]> {
    const found = await this.#with(async (database) => {
      const source = database.transaction(store).objectStore(store);
      const [keys, values] = await Promise.all([done(source.getAllKeys()), done(source.getAll())]);
      return keys.map((key, index) => [key as string, values[index] as Sealed] as const);
    });
    const opened = await Promise.all(
      found.map(async ([key, sealed]) => [key, await this.#open(sealed)] as const),
    );
    return opened.flatMap(([key, data]) =>
      data === undefined ? [] : [[key, JSON.parse(new TextDecoder().decode(data)) as unknown] as const],
    );
  }

  async put(store: StoreName, key: string, value: unknown): Promise<void> {
    await this.#put(store, key, new TextEncoder().encode(JSON.stringify(value)));
  }

  putBytes(key: string, data: ArrayBuffer): Promise<void> {
    return this.#put('blobs', key, data);
  }

  async getBytes(key: string): Promise<ArrayBuffer | undefined> {
    const sealed = await this.#with((database) =>
      done(database.transaction('blobs').objectStore('blobs').get(key) as IDBRequest<Sealed | undefined>),
    );
    return sealed && this.#open(sealed);
  }

  async remove(store: StoreName, key: string): Promise<void> {
    await this.#with(async (database) => {
      const transaction = database.transaction(store, 'readwrite');
      transaction.objectStore(store).delete(key);
      await committed(transaction);
    });
  }

  /** Ends the connection, so that the database can be deleted. */
  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    (await opening?.catch(() => undefined))?.close();
  }

  async #put(store: StoreName, key: string, data: BufferSource): Promise<void> {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const sealed: Sealed = {
      iv,
      data: await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await this.#key(), data),
    };
    await this.#with(async (database) => {
      const transaction = database.transaction(store, 'readwrite');
      transaction.objectStore(store).put(sealed, key);
      await committed(transaction);
    });
  }

  async #open(sealed: Sealed): Promise<ArrayBuffer | undefined> {
    try {
      return await crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.iv }, await this.#key(), sealed.data);
    } catch {
      // Of an earlier sign-in.
      return undefined;
    }
  }

  async #with<T>(work: (database: IDBDatabase) => Promise<T>): Promise<T> {
    const database = await (this.#opening ??= this.#connect());
    try {
      return await work(database);
    } catch (error) {
      // The connection ended under us (site data were deleted): once more on a new one.
      if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error;
      this.#opening = this.#connect();
      return work(await this.#opening);
    }
  }

  async #connect(): Promise<IDBDatabase> {
    try {
      const request = indexedDB.open(DATABASE, VERSION);
      const was = { made: false };
      request.onupgradeneeded = ({ oldVersion }) => {
        was.made = oldVersion === 0;
        const { result } = request;
        for (const store of STORES)
          if (!result.objectStoreNames.contains(store)) result.createObjectStore(store);
      };
      const database = await done(request);
      const ended = (): void => {
        this.#opening = undefined;
      };
      database.onclose = ended;
      database.onversionchange = () => {
        database.close();
        ended();
      };
      if (was.made && this.#openedBefore) for (const work of this.#onEmptied) queueMicrotask(work);
      this.#openedBefore = true;
      return database;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }
}

const isItem = (value: unknown): value is OutboxItem => {
  if (typeof value !== 'object' || value === null) return false;
  const { txnId, roomId, type, content, at } = value as Record<string, unknown>;
  return (
    typeof txnId === 'string' &&
    typeof roomId === 'string' &&
    typeof type === 'string' &&
    typeof content === 'object' &&
    content !== null &&
    typeof at === 'number'
  );
};

/** The send queue's part of the store. */
export class SealedOutboxStore implements OutboxStore {
  readonly #store: SealedStore;

  constructor(store: SealedStore) {
    this.#store = store;
  }

  async all(): Promise<OutboxItem[]> {
    return (await this.#store.all('items')).map(([, value]) => value).filter(isItem);
  }

  put(item: OutboxItem): Promise<void> {
    return this.#store.put('items', item.txnId, item);
  }

  async remove(item: OutboxItem): Promise<void> {
    await this.#store.remove('items', item.txnId);
    for (const upload of item.uploads ?? []) await this.#store.remove('blobs', upload.blob);
  }
}
