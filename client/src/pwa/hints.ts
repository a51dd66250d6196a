/*
 * What the service worker may say in a notification while no page runs: the page leaves it in the device's vault,
 * sealed by the same key (`matrix/vault.ts`), because names of rooms tell what a company works on.
 */

/** Texts in the reader's language, and names of rooms. */
export interface Hints {
  readonly language: string;
  readonly brand: string;
  readonly icon: string;
  readonly newMessage: string;
  readonly testMessage: string;
  readonly rooms: Readonly<Record<string, string>>;
}

/** Database, store and entries of the vault; the same as in `matrix/vault.ts`. */
const DATABASE = 'qiao-vault';
const STORE = 'values';
export const HINTS_ENTRY = 'hints';

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
  const opening = indexedDB.open(DATABASE, 1);
  // Never made here: an empty vault would be taken for one.
  opening.onupgradeneeded = () => {
    opening.transaction?.abort();
  };
  const database = await done(opening).catch(() => undefined);
  if (!database) return undefined;
  try {
    const store = database.transaction(STORE).objectStore(STORE);
    const [key, sealed] = await Promise.all([
      done(store.get('key') as IDBRequest<CryptoKey | undefined>),
      done(
        store.get(HINTS_ENTRY) as IDBRequest<{ iv: Uint8Array<ArrayBuffer>; data: ArrayBuffer } | undefined>,
      ),
    ]);
    if (!key || !sealed) return undefined;
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.iv }, key, sealed.data);
    return JSON.parse(new TextDecoder().decode(plain)) as Hints;
  } finally {
    database.close();
  }
}
