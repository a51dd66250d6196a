import { kindOf } from './request-kind.ts';

/** The files of one build; written into the finished script (`vite.config.ts`). */
declare const __SHELL__: { readonly version: string; readonly files: readonly string[] };

const PREFIX = 'qiao-shell-';
/** Of the brand: changes without a build. */
const BRAND = 'qiao-brand';
const cacheName = `${PREFIX}${__SHELL__.version}`;
/** How long a change of the brand may hold up a start, in milliseconds. */
const BRAND_PATIENCE_MS = 1_500;

/** Fetches the whole shell of this version, or fails as a whole: then the old version goes on. */
export async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  // Named by their content, they may come from the browser's own cache; the others are asked for.
  await cache.addAll(
    __SHELL__.files.map(
      (path) => new Request(path, { cache: path.startsWith('/assets/') ? 'default' : 'reload' }),
    ),
  );
}

/** Removes the shells of other versions. */
export async function sweep(): Promise<void> {
  for (const name of await caches.keys())
    if (name.startsWith(PREFIX) && name !== cacheName) await caches.delete(name);
}

/** A newer version was agreed to and cannot take over yet: pages come from the server, as long as it answers. */
let aside = false;
export const stepAside = (): void => {
  aside = true;
};

async function fromShell(request: Request, path: string): Promise<Response> {
  const found = await (await caches.open(cacheName)).match(path);
  return found ?? fetch(request);
}

async function fromBrand(request: Request): Promise<Response> {
  const cache = await caches.open(BRAND);
  const asked = fetch(request).then(async (answer) => {
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  });
  const kept = await cache.match(request);
  if (!kept) return asked;
  asked.catch(() => undefined);
  const late = new Promise<Response>((resolve) => setTimeout(resolve, BRAND_PATIENCE_MS, kept));
  return Promise.race([asked.catch(() => kept), late]);
}

/** The answer to a request of the shell; undefined for all others, which go their usual way. */
export function handleShell(request: Request): Promise<Response> | undefined {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return undefined;
  switch (kindOf(url.pathname, request.mode === 'navigate')) {
    case 'page': {
      // A file of the shell that somebody opens by its address is still that file.
      const path = __SHELL__.files.includes(url.pathname) ? url.pathname : '/index.html';
      return aside ? fetch(request).catch(() => fromShell(request, path)) : fromShell(request, path);
    }
    case 'shell':
      return __SHELL__.files.includes(url.pathname) ? fromShell(request, url.pathname) : undefined;
    case 'brand':
      return fromBrand(request);
    case 'other':
      return undefined;
  }
}
