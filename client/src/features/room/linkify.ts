/** A piece of text: as it is, or an address in it. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string };

/** An address ends before these: brackets, quotes, and the signs and letters of Chinese, which have no spaces. */
const ADDRESS =
  /\b(?:https?:\/\/|www\.|mailto:|matrix:(?:u|r|roomid)\/)[^\s<>"'`{}|\\^\u3000-\u303f\u3040-\u30ff\u3400-\u9fff\uff00-\uffef“”‘’…—]{2,2000}/giu;
const LAST = /[.,;:!?*_~]$/;
/** Most links of one text. */
const MOST = 200;

/** Takes off what belongs to the sentence and not to the address. */
function trimEnd(found: string): string {
  let address = found;
  for (let cut = 0; cut < 50; cut++) {
    const last = address.at(-1);
    if (LAST.test(address)) address = address.slice(0, -1);
    else if (
      (last === ')' && !address.includes('(')) ||
      (last === ']' && !address.includes('[')) ||
      (last === ')' && address.split(')').length > address.split('(').length)
    ) {
      address = address.slice(0, -1);
    } else break;
  }
  return address;
}

/** Finds the addresses in a text. */
export function findLinks(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let links = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimEnd(match[0]);
    const href = safeHref(address.toLowerCase().startsWith('www.') ? `https://${address}` : address);
    if (href === undefined || ++links > MOST) continue;
    if (match.index > at) pieces.push({ kind: 'text', text: text.slice(at, match.index) });
    pieces.push({ kind: 'link', text: address, href });
    at = match.index + address.length;
  }
  if (at < text.length) pieces.push({ kind: 'text', text: text.slice(at) });
  return pieces;
}

const SCHEMES = new Set(['http:', 'https:', 'mailto:', 'ftp:', 'magnet:', 'tel:', 'matrix:']);

/** The address if it may be a link's target, else undefined: no scripts, no data, nothing relative. */
export function safeHref(address: string): string | undefined {
  try {
    const url = new URL(address);
    return SCHEMES.has(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the text of a link claims another address than the one it leads to. */
export function misleads(text: string, href: string): boolean {
  const claimed = /^\s*(?:https?:\/\/|www\.)?((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})(?:[/:?#\s]|$)/iu.exec(
    text,
  )?.[1];
  if (claimed === undefined) return false;
  try {
    const host = new URL(href).hostname.replace(/^www\./, '');
    return new URL(`https://${claimed}`).hostname.replace(/^www\./, '') !== host;
  } catch {
    return true;
  }
}

/** What a link within Matrix leads to. */
export type Reference =
  | { readonly kind: 'person'; readonly userId: string }
  | { readonly kind: 'room'; readonly room: string; readonly eventId: string | undefined };

/** Signs of what a `matrix:` link is about (client-server API, "Matrix URI scheme"), also those of before v1.1. */
const SIGILS: Readonly<Record<string, string>> = {
  u: '@',
  user: '@',
  r: '#',
  room: '#',
  roomid: '!',
  e: '$',
  event: '$',
};

/** Ids of a `matrix:` link: `matrix:roomid/abc:server/e/def` is a conversation and a message of it. */
const idsOfUri = (url: URL): string[] => {
  const parts = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  const ids: string[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const sigil = SIGILS[parts[at] ?? ''];
    if (sigil === undefined) break;
    ids.push(sigil + (parts[at + 1] ?? ''));
  }
  return ids;
};

/** Reads a permalink (`matrix.to`, `matrix:`, or of this workspace). */
export function readReference(href: string, origin: string): Reference | undefined {
  let url: URL;
  try {
    url = new URL(href);
  } catch {
    return undefined;
  }
  let parts: string[] = [];
  try {
    if (url.protocol === 'matrix:') parts = idsOfUri(url);
    else if (url.host === 'matrix.to') {
      parts = (url.hash.slice(1).split('?', 1)[0] ?? '').split('/').filter(Boolean).map(decodeURIComponent);
    } else if (url.origin === origin && url.pathname.startsWith('/room/')) {
      const room = decodeURIComponent(url.pathname.slice('/room/'.length));
      return { kind: 'room', room, eventId: url.searchParams.get('event') ?? undefined };
    }
  } catch {
    return undefined;
  }
  const [first, second] = parts;
  if (first === undefined) return undefined;
  if (/^@[^:\s]{1,255}:\S{1,255}$/.test(first)) return { kind: 'person', userId: first };
  if (/^[!#]\S{1,255}$/.test(first)) {
    return { kind: 'room', room: first, eventId: second?.startsWith('$') ? second : undefined };
  }
  return undefined;
}
