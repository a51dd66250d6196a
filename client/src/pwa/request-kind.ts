/** What a request of the origin is to the service worker. */
export type RequestKind = 'page' | 'shell' | 'brand' | 'other';

/** First parts of paths that are no page of the client: interfaces, the homeserver, other programs' pages. */
const ELSEWHERE = new Set([
  '_matrix',
  '_synapse',
  'admin',
  'api',
  'caldav',
  'gateway',
  'livekit',
  'portal',
  'scim',
  '.well-known',
]);

/**
 * Tells what a path is. Everything that is not plainly the client's is `other` and never kept.
 * @param navigation the browser wants a document
 */
export function kindOf(path: string, navigation: boolean): RequestKind {
  const first = path.split('/', 2)[1] ?? '';
  if (ELSEWHERE.has(first)) return 'other';
  if (/^\/(brand\.(json|css)|manifest\.webmanifest|brand\/[^/]+)$/.test(path)) return 'brand';
  return navigation ? 'page' : 'shell';
}
