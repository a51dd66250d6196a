import type { SignedIn } from '@qiao/ui-kit';
import type { Hints } from '../pwa/hints.ts';
import type { StoredPush } from '../pwa/push-device.ts';

/*
 * What of a session outlives the page, kept in IndexedDB under a key that scripts can use but not read.
 * Somebody who copies the profile folder's database files without the browser's own key store gets nothing;
 * a script that runs in the page can still use it: that is what the content security policy is for.
 */

/** A device that is signed in. */
export interface StoredSession extends SignedIn {
  /** The homeserver has ended the session and wants the person to sign in again; the keys are kept. */
  readonly softLoggedOut?: boolean;
}

interface Sealed {
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly data: ArrayBuffer;
}

/** Names in the browser's storage that the service worker reads by, too (`pwa/hints.ts`). */
const VAULT = { database: 'qiao-vault', store: 'values', key: 'key', hints: 'hints' } as const;
export type VaultNames = typeof VAULT;
const { database: DATABASE, store: STORE, key: KEY } = VAULT;
const IV_BYTES = 12;
const SECRET_BYTES = 32;

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error('IndexedDB'));
    };
  });

const openDatabase = (): Promise<IDBDatabase> => {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE);
  };
  return done(request);
};

/** The session of this browser profile and its secrets. */
export class Vault {
  readonly #database: IDBDatabase;
  readonly #key: CryptoKey;
  #onLost: (() => void) | undefined;

  private constructor(database: IDBDatabase, key: CryptoKey) {
    this.#database = database;
    this.#key = key;
    // The browser ends connections by itself only when it deletes what is behind them.
    database.onclose = () => {
      this.#onLost?.();
    };
  }

  /** Called when the browser has deleted the page's data under it: session, keys, everything. */
  set onLost(work: () => void) {
    this.#onLost = work;
  }

  /** @throws DOMException when the browser gives no storage (private mode, full disk) */
  static async open(): Promise<Vault> {
    const database = await openDatabase();
    const read = (): Promise<CryptoKey | undefined> =>
      done(database.transaction(STORE).objectStore(STORE).get(KEY) as IDBRequest<CryptoKey | undefined>);
    let key = await read();
    if (key === undefined) {
      const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
        'encrypt',
        'decrypt',
      ]);
      const store = database.transaction(STORE, 'readwrite').objectStore(STORE);
      // Another tab may have been first: then its key counts.
      await done(store.add(made, KEY)).catch(() => undefined);
      key = (await read()) ?? made;
    }
    return new Vault(database, key);
  }

  /** The session, or undefined: nobody is signed in. */
  async load(): Promise<StoredSession | undefined> {
    return this.#read<StoredSession>('session');
  }

  save(session: StoredSession): Promise<void> {
    return this.#write('session', session);
  }

  /** The subscription of this browser for pushes; undefined: the person has not switched them on here. */
  push(): Promise<StoredPush | undefined> {
    return this.#read<StoredPush>('push');
  }

  savePush(push: StoredPush | undefined): Promise<void> {
    return this.#write('push', push);
  }

  /** What the service worker may say in notifications. */
  saveHints(hints: Hints | undefined): Promise<void> {
    return this.#write(VAULT.hints, hints);
  }

  /** 32 bytes that encrypt the device's key store; made once for each sign-in. */
  async secret(): Promise<Uint8Array<ArrayBuffer>> {
    const found = await this.#get('secret');
    if (found !== undefined) return new Uint8Array(found);
    const made = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
    await this.#put('secret', made);
    return made;
  }

  /** A key of one purpose, from the device's secret (HKDF, RFC 5869): AES-GCM, 256 bits, not to be read. */
  async deriveKey(purpose: string): Promise<CryptoKey> {
    const base = await crypto.subtle.importKey('raw', await this.secret(), 'HKDF', false, ['deriveKey']);
    return crypto.subtle.deriveKey(
      {
        name: 'HKDF',
        hash: 'SHA-256',
        salt: new Uint8Array(),
        info: new TextEncoder().encode(`qiao/${purpose}`),
      },
      base,
      { name: 'AES-GCM', length: 256 },
      false,
      ['encrypt', 'decrypt'],
    );
  }

  /**
   * Forgets session and secret: whatever they encrypted is lost. The vault's own key stays: with nothing left to
   * open it tells nothing, and who signs in next in this page seals with it.
   */
  async clear(): Promise<void> {
    const store = this.#database.transaction(STORE, 'readwrite').objectStore(STORE);
    await Promise.all([
      done(store.delete(IDBKeyRange.upperBound(KEY, true))),
      done(store.delete(IDBKeyRange.lowerBound(KEY, true))),
    ]);
  }

  async #read<T>(name: string): Promise<T | undefined> {
    const text = await this.#get(name);
    return text === undefined ? undefined : (JSON.parse(new TextDecoder().decode(text)) as T);
  }

  async #write(name: string, value: object | undefined): Promise<void> {
    if (value !== undefined) {
      await this.#put(name, new TextEncoder().encode(JSON.stringify(value)));
      return;
    }
    await done(this.#database.transaction(STORE, 'readwrite').objectStore(STORE).delete(name));
  }

  async #get(name: string): Promise<ArrayBuffer | undefined> {
    const store = this.#database.transaction(STORE).objectStore(STORE);
    const sealed = await done(store.get(name) as IDBRequest<Sealed | undefined>);
    if (sealed === undefined) return undefined;
    try {
      return await crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.iv }, this.#key, sealed.data);
    } catch {
      // Of another key (the profile was copied): as if it were not there.
      return undefined;
    }
  }

  async #put(name: string, value: Uint8Array<ArrayBuffer>): Promise<void> {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const data = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, this.#key, value);
    const store = this.#database.transaction(STORE, 'readwrite').objectStore(STORE);
    await done(store.put({ iv, data } satisfies Sealed, name));
  }
}
