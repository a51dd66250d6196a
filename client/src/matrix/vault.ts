import type { SignedIn } from '@qiao/ui-kit';
import type { Hints } from '../pwa/hints.ts';
import type { StoredPush } from '../pwa/stored-push.ts';
import { done } from '../storage/indexeddb.ts';
import { VAULT } from '../storage/vault-names.ts';
import type { KeptRooms } from './rooms-entry.ts';

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

const { database: DATABASE, store: STORE, key: KEY } = VAULT;
/** Without these the device is none any more. */
const NEEDED: ReadonlySet<string> = new Set(['session', 'secret']);
const IV_BYTES = 12;
const SECRET_BYTES = 32;

const openDatabase = (): Promise<IDBDatabase> => {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE);
  };
  return done(request);
};

interface Connection {
  readonly database: IDBDatabase;
  readonly key: CryptoKey;
}

/** @param onClose called when the browser ends the connection, from its first moment on */
async function connect(onClose: () => void): Promise<Connection> {
  const database = await openDatabase();
  database.onclose = onClose;
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
  return { database, key };
}

/** How often a connection that the browser ended is opened again, and the first pause between, in milliseconds. */
const REOPENINGS = 5;
const FIRST_PAUSE_MS = 400;

/**
 * What came of a connection that the browser ended. `kept`: the data are there, and the vault goes on; `deleted`:
 * what it held is gone; `closed`: the database cannot be opened any more.
 */
export type VaultBreak = 'kept' | 'deleted' | 'closed';

/** The session of this browser profile and its secrets. */
export class Vault {
  #connection: Promise<Connection>;
  /** What was written or read: after a break it has to be there again. */
  readonly #held = new Set<string>();
  #ended = false;
  #mending = false;
  #onBreak: ((result: VaultBreak) => void) | undefined;

  private constructor() {
    this.#connection = connect(this.#closed);
  }

  /** Called when the browser ended the connection, after it was looked whether the data are still there. */
  set onBreak(work: (result: VaultBreak) => void) {
    this.#onBreak = work;
  }

  /** @throws DOMException when the browser gives no storage (private mode, full disk) */
  static async open(): Promise<Vault> {
    const vault = new Vault();
    await vault.#connection;
    return vault;
  }

  /** Deleted data end a connection, but so does a storage process that died (WebKit), or an error of the disk. */
  readonly #closed = (): void => {
    this.#ended = true;
    if (!this.#mending) void this.#mend();
  };

  async #mend(): Promise<void> {
    this.#mending = true;
    const mended = Promise.withResolvers<Connection>();
    mended.promise.catch(() => undefined);
    // Who asks meanwhile waits for the new one.
    this.#connection = mended.promise;
    let result: VaultBreak = 'closed';
    for (let attempt = 0; attempt < REOPENINGS && result === 'closed'; attempt++) {
      if (attempt > 0)
        await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** (attempt - 1)));
      this.#ended = false;
      try {
        const connection = await connect(this.#closed);
        const there = await Promise.all(
          [...this.#held].map(async (name) => (await this.#getFrom(connection, name)) !== undefined),
        );
        // It may have ended before the data were deleted, and again with them: then it is looked at once more.
        if (this.#ended as boolean) continue;
        result = there.every(Boolean) ? 'kept' : 'deleted';
        mended.resolve(connection);
      } catch (error) {
        // Ended while it was looked at: what it was asked fails before it says so.
        if (attempt === REOPENINGS - 1) mended.reject(error);
      }
    }
    if (result === 'closed') mended.reject(new DOMException('The storage is closed', 'InvalidStateError'));
    this.#mending = false;
    this.#onBreak?.(result);
  }

  async #store(): Promise<IDBObjectStore> {
    const { database } = await this.#connection;
    return database.transaction(STORE, 'readwrite').objectStore(STORE);
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

  /** The newest conversations as they were last shown. */
  rooms(): Promise<KeptRooms | undefined> {
    return this.#read<KeptRooms>('rooms');
  }

  saveRooms(rooms: KeptRooms): Promise<void> {
    return this.#write('rooms', rooms);
  }

  /** What the service worker may say in notifications. */
  saveHints(hints: Hints | undefined): Promise<void> {
    return this.#write(VAULT.hints, hints);
  }

  /** 32 bytes that encrypt the device's key store; made once for each sign-in. */
  async secret(): Promise<Uint8Array<ArrayBuffer>> {
    const found = await this.#get('secret');
    if (found !== undefined) return new Uint8Array(found);
    // Deleted under us: another one would open nothing of what the first one sealed.
    if (this.#held.has('secret')) throw new DOMException('The secret is gone', 'InvalidStateError');
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
    this.#held.clear();
    const store = await this.#store();
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
    this.#held.delete(name);
    await done((await this.#store()).delete(name));
  }

  async #get(name: string): Promise<ArrayBuffer | undefined> {
    return this.#getFrom(await this.#connection, name);
  }

  async #getFrom({ database, key }: Connection, name: string): Promise<ArrayBuffer | undefined> {
    const store = database.transaction(STORE).objectStore(STORE);
    const sealed = await done(store.get(name) as IDBRequest<Sealed | undefined>);
    if (sealed === undefined) return undefined;
    try {
      const data = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.iv }, key, sealed.data);
      if (NEEDED.has(name)) this.#held.add(name);
      return data;
    } catch {
      // Of another key (the profile was copied): as if it were not there.
      return undefined;
    }
  }

  async #put(name: string, value: Uint8Array<ArrayBuffer>): Promise<void> {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const { key } = await this.#connection;
    const data = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, value);
    const store = await this.#store();
    await done(store.put({ iv, data } satisfies Sealed, name));
    if (NEEDED.has(name)) this.#held.add(name);
  }
}
