import { handleShell, install, stepAside, sweep } from './shell-cache.ts';
import { onNotificationClick, onPush } from './push-events.ts';
import { worker } from './worker-types.ts';

/*
 * The client's service worker: opens the shell without a network and shows notifications. It imports nothing that
 * the page imports, so that it stays one file. Answers of our interfaces and of Matrix never pass through it.
 */

worker.addEventListener('install', (event) => {
  event.waitUntil(install());
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(sweep().then(() => worker.clients.claim()));
});

worker.addEventListener('message', (event) => {
  const { type } = (event.data ?? {}) as { type?: unknown };
  // The person has agreed to the new version: `update.ts`.
  if (type === 'activate') void worker.skipWaiting();
  if (type === 'step-aside') {
    stepAside();
    event.ports[0]?.postMessage('done');
  }
});

worker.addEventListener('fetch', (event) => {
  const answer = handleShell(event.request);
  if (answer) event.respondWith(answer);
});

worker.addEventListener('push', (event) => {
  event.waitUntil(onPush(event));
});

worker.addEventListener('notificationclick', (event) => {
  event.waitUntil(onNotificationClick(event));
});
