/*
 * IndexedDB by promises. The service worker does without (`pwa/hints.ts`): it has to stay one file, and what two
 * entries of a build share becomes a third one.
 */

/**
 * What a request gives.
 * @throws DOMException of the browser, else an Error
 */
export const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error('IndexedDB'));
    };
  });

/**
 * Resolves when a transaction is on the disk: that it is full is told only then.
 * @throws DOMException why nothing of it was kept, else an Error
 */
export const committed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    // After each request's own error, too, and with the reason.
    transaction.onabort = () => {
      reject(transaction.error ?? new Error('IndexedDB'));
    };
  });
