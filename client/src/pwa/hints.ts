/*
 * What the service worker may say in a notification while no page runs: the page leaves it in the device's vault,
 * sealed by the same key (`matrix/vault.ts`), because names of rooms tell what a company works on.
 */

import type { VaultNames } from '../storage/vault-names.ts';

/** Texts in the reader's language, and names of rooms. */
export interface Hints {
  readonly language: string;
  readonly brand: string;
  readonly icon: string;
  readonly newMessage: string;
  readonly testMessage: string;
  readonly rooms: Readonly<Record<string, string>>;
}

/** The vault's own names: written again because the service worker imports nothing of the page, held equal by their type. */
const VAULT: VaultNames = { database: 'qiao-vault', store: 'values', key: 'key', hints: 'hints' };

/** Written again like the names: see `storage/indexeddb.ts`. */
const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error('IndexedDB'));
    };
  });

/** The hints of this device; undefined where nobody is signed in. */
export async function readHints(): Promise<Hints | undefined> {
  const opening = indexedDB.open(VAULT.database, 1);
  // Never made here: an empty vault would be taken for one.
  opening.onupgradeneeded = () => {
    opening.transaction?.abort();
  };
  const database = await done(opening).catch(() => undefined);
  if (!database) return undefined;
  try {
    const store = database.transaction(VAULT.store).objectStore(VAULT.store);
    const [key, sealed] = await Promise.all([
      done(store.get(VAULT.key) as IDBRequest<CryptoKey | undefined>),
      done(
        store.get(VAULT.hints) as IDBRequest<{ iv: Uint8Array<ArrayBuffer>; data: ArrayBuffer } | undefined>,
      ),
    ]);
    if (!key || !sealed) return undefined;
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.iv }, key, sealed.data);
    return JSON.parse(new TextDecoder().decode(plain)) as Hints;
  } finally {
    database.close();
  }
}
