import {
  SlimCursor,
  SlimCursorWithValue,
  SlimDatabase,
  SlimFactory,
  SlimIndex,
  SlimKeyRange,
  SlimObjectStore,
  SlimOpenRequest,
  SlimRequest,
  SlimTransaction,
} from './api.ts';

export { SqliteEngine, type Durability } from './engine.ts';
export { SlimFactory } from './api.ts';

let installed: SlimFactory | undefined;

/**
 * Puts our IndexedDB where the crypto library looks for it (the global object) and returns it. Doing it again returns
 * the same one. Throws if another implementation is there already.
 */
export function installIndexedDb(): SlimFactory {
  if (installed !== undefined) return installed;
  if ('indexedDB' in globalThis) throw new Error('this process has another IndexedDB already');
  installed = new SlimFactory();
  const globals = {
    indexedDB: installed,
    IDBFactory: SlimFactory,
    IDBDatabase: SlimDatabase,
    IDBTransaction: SlimTransaction,
    IDBObjectStore: SlimObjectStore,
    IDBIndex: SlimIndex,
    IDBCursor: SlimCursor,
    IDBCursorWithValue: SlimCursorWithValue,
    IDBKeyRange: SlimKeyRange,
    IDBRequest: SlimRequest,
    IDBOpenDBRequest: SlimOpenRequest,
  };
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  return installed;
}
