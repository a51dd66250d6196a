import type { MatrixEvent } from 'matrix-js-sdk';
import { EVENT } from './names.ts';
import { asRecord, asText, withoutFallback, withoutHtmlFallback } from './safe-text.ts';

/** A copy of a message for another conversation. */
export interface Forwardable {
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** Of a conversation that is encrypted: elsewhere the homeserver could read it. */
  readonly encrypted: boolean;
}

/** Kinds that mean the same in another conversation; polls and domains' events belong to theirs. */
const KINDS = new Set([
  'm.text',
  'm.notice',
  'm.emote',
  'm.image',
  'm.video',
  'm.audio',
  'm.file',
  'm.location',
]);
/** What a copy carries. Relations, mentions and what nobody here knows stay behind. */
const FIELDS = [
  ...['msgtype', 'body', 'format', 'formatted_body', 'filename', 'url', 'file', 'info', 'geo_uri'],
  ...['org.matrix.msc1767.audio', 'org.matrix.msc3245.voice', 'org.matrix.msc3488.asset'],
];
/**
 * A content as a copy of it is sent: a text without the quote of a reply, a file with its address and key, so that
 * nothing is uploaded again. Nobody is mentioned by it.
 * @param isReply the content answers a message
 */
export function copyOf(
  type: string,
  content: Readonly<Record<string, unknown>>,
  isReply: boolean,
): Record<string, unknown> | undefined {
  const msgtype = asText(content['msgtype']) ?? '';
  if (type === EVENT.message ? !KINDS.has(msgtype) : type !== EVENT.sticker) return undefined;
  if (typeof content['body'] !== 'string') return undefined;
  const copy: Record<string, unknown> = { 'm.mentions': {} };
  for (const field of FIELDS) if (content[field] !== undefined) copy[field] = content[field];
  if (isReply) {
    copy['body'] = withoutFallback(content['body']);
    const html = asText(content['formatted_body']);
    if (html !== undefined) copy['formatted_body'] = withoutHtmlFallback(html);
  }
  return copy;
}

/** The copy of a message with what was edited in it; undefined: it cannot be forwarded. */
export function forwardableOf(event: MatrixEvent): Forwardable | undefined {
  if (event.isRedacted() || event.isDecryptionFailure() || event.status !== null) return undefined;
  const type = event.getType();
  const content = copyOf(type, asRecord(event.getContent()), event.replyEventId !== undefined);
  return content && { type, content, encrypted: event.isEncrypted() };
}
