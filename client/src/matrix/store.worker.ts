import { IndexedDBStoreWorker } from 'matrix-js-sdk/lib/indexeddb-worker';

/* Writes the sync data to IndexedDB beside the page's own thread. */
const worker = new IndexedDBStoreWorker((message) => {
  postMessage(message);
});
onmessage = (message) => {
  worker.onMessage(message);
};
