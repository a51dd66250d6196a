import type { MatrixEvent, Room } from 'matrix-js-sdk';
import { LOOKED_AT, wordsOfHtml } from './html-words.ts';
import { parseBody, type MessageBody, type TextBody } from './message-body.ts';
import { noticeTail, OWN_BOT } from './ask-content.ts';
import { EVENT } from './names.ts';
import { REMEMBERED_MS } from './history-types.ts';
import { parsePoll } from './poll-body.ts';
import { isHistoryShared } from './room-people.ts';
import { asRecord, asText, cleanName, firstLine, handleOf, serverOf, withoutFallback } from './safe-text.ts';
import type { Author, Preview, UnreadableWhy } from './timeline-types.ts';

/** Who a person of a room is, as shown. */
export function authorOf(room: Room, userId: string): Author {
  const member = room.getMember(userId);
  const own = serverOf(room.myUserId);
  const plain = cleanName(member?.rawDisplayName, userId);
  return {
    userId,
    name: member?.disambiguate === true && plain !== userId ? `${plain} (${handleOf(userId, own)})` : plain,
    avatar: member?.getMxcAvatarUrl() ?? undefined,
    external: serverOf(userId) !== own,
  };
}

/** Whether the event's replacement cannot be read (yet). */
const isReplacementClosed = (event: MatrixEvent): boolean => {
  const replacing = event.replacingEvent();
  return replacing !== null && (replacing.isDecryptionFailure() || replacing.getType() === EVENT.encrypted);
};

/** What a message says now; what it first said while its replacement cannot be read. */
const contentOf = (event: MatrixEvent): Readonly<Record<string, unknown>> =>
  asRecord(isReplacementClosed(event) ? event.getOriginalContent() : event.getContent());

/** A notice without what tells other clients how to confirm it, where that stands as it should. */
function withoutTail(body: TextBody, { text, html }: { text: number; html: number }): TextBody {
  const cut = (given: string, length: number, begins: string): string =>
    length > 0 && length < given.length && given.startsWith(begins, given.length - length)
      ? given.slice(0, -length)
      : given;
  return {
    ...body,
    text: cut(body.text, text, '\n\n'),
    html: body.html === undefined ? undefined : cut(body.html, html, '<p>'),
  };
}

/** The body of a message, or undefined when it is of another type. */
export function bodyOf(event: MatrixEvent): MessageBody | undefined {
  const type = event.getType();
  if (type !== EVENT.message && type !== EVENT.sticker) return undefined;
  const content = contentOf(event);
  const body = parseBody(type, content, event.replyEventId !== undefined);
  // Only the company's own bots say of a part of their text that it is for clients without our button.
  return body.kind === 'text' && OWN_BOT.test(event.getSender() ?? '')
    ? withoutTail(body, noticeTail(content))
    : body;
}

/** Plain text of a message; empty where it has none. */
export function textOf(event: MatrixEvent): string {
  const body = bodyOf(event);
  if (body?.kind === 'text' || body?.kind === 'location') return body.text;
  return '';
}

const wordsOf = ({ html, text }: TextBody): string => (html === undefined ? '' : wordsOfHtml(html)) || text;

/** What a line of words does not show of formatted text: pictures, and words that are hidden until they are asked for. */
const BESIDE_WORDS = /<img\b|\bdata-mx-spoiler\b/iu;

/** Whether the line that is made of a message ({@link previewOf}) is the whole of what it says. */
export function isWholeInPreview(event: MatrixEvent): boolean {
  const preview = previewOf(event);
  const body = bodyOf(event);
  // A change that cannot be read says something else.
  if (!('text' in preview) || body?.kind !== 'text' || isReplacementClosed(event)) return false;
  const { html = '' } = body;
  if (html.length > LOOKED_AT || BESIDE_WORDS.test(html)) return false;
  return preview.text === wordsOf(body).replace(/\s+/gu, ' ').trim();
}

/** One line for a message: lists, quotes, the panel of threads. */
export function previewOf(event: MatrixEvent): Preview {
  if (event.isRedacted()) return { key: 'redacted' };
  if (event.isDecryptionFailure()) return { key: 'unreadable' };
  if (event.isBeingDecrypted() || event.getType() === EVENT.encrypted) return { key: 'decrypting' };
  if (event.getType() === EVENT.pollStart) {
    const poll = parsePoll(asRecord(event.getContent()));
    return poll ? { key: 'poll', values: { question: firstLine(poll.question) } } : { key: 'unknown' };
  }
  const body = bodyOf(event);
  switch (body?.kind) {
    case 'text': {
      const line = firstLine(wordsOf(body));
      return line === '' ? { key: 'unknown' } : { text: line };
    }
    case 'image':
      return body.sticker ? { key: 'sticker', values: { name: body.name } } : { key: 'image' };
    case 'video':
      return { key: 'video' };
    case 'audio':
      return { key: body.voice ? 'voice' : 'audio' };
    case 'file':
      return { key: 'file', values: { name: body.name } };
    case 'location':
      return { key: 'location' };
    default: {
      const given = asText(contentOf(event)['body']) ?? '';
      const text = event.replyEventId === undefined ? given : withoutFallback(given);
      if (text !== '') return { text: firstLine(text) };
      return { key: body === undefined ? 'unknown' : 'unshown' };
    }
  }
}

const WHY: Readonly<Record<string, UnreadableWhy>> = {
  MEGOLM_UNKNOWN_INBOUND_SESSION_ID: 'no_key',
  OLM_UNKNOWN_MESSAGE_INDEX: 'no_key',
  MEGOLM_KEY_WITHHELD: 'withheld',
  MEGOLM_KEY_WITHHELD_FOR_UNVERIFIED_DEVICE: 'withheld_unverified',
  HISTORICAL_MESSAGE_NO_KEY_BACKUP: 'no_backup',
  HISTORICAL_MESSAGE_BACKUP_UNCONFIGURED: 'backup_locked',
  HISTORICAL_MESSAGE_WORKING_BACKUP: 'not_kept',
  HISTORICAL_MESSAGE_USER_NOT_JOINED: 'before_joining',
  SENDER_IDENTITY_PREVIOUSLY_VERIFIED: 'untrusted_sender',
  UNSIGNED_SENDER_DEVICE: 'untrusted_sender',
  UNKNOWN_SENDER_DEVICE: 'untrusted_sender',
};

/** Why the event could not be decrypted. */
export const whyUnreadable = (event: MatrixEvent): UnreadableWhy =>
  WHY[event.decryptionFailureReason ?? ''] ?? 'unknown';

/** Reasons that end when the writer's client gives history again. */
const GIVEN_LATER = new Set<UnreadableWhy>(['no_backup', 'backup_locked', 'not_kept', 'before_joining']);

/**
 * Whether the key of a message may still come by itself: it was written, in a conversation whose history is for who
 * comes later, by a colleague whose client may remember it.
 */
export function mayKeyCome(event: MatrixEvent, room: Room, why: UnreadableWhy): boolean {
  const sender = event.getSender() ?? '';
  return (
    GIVEN_LATER.has(why) &&
    sender !== room.myUserId &&
    serverOf(sender) === serverOf(room.myUserId) &&
    isHistoryShared(room) &&
    Date.now() - event.getTs() <= REMEMBERED_MS
  );
}

/** Types that are never shown by themselves: they change other messages, or are between devices. */
const SILENT = new Set<string>([
  EVENT.reaction,
  EVENT.redaction,
  EVENT.pollResponse,
  EVENT.pollEnd,
  'm.poll.response',
  'm.poll.end',
  'm.beacon',
  'm.room.server_acl',
]);

/** Whether an event that is no state event is shown as a message. */
export function isShown(event: MatrixEvent): boolean {
  const type = event.getType();
  if (SILENT.has(type) || type.startsWith('m.key.verification.') || type.startsWith('m.call.')) return false;
  if (type.startsWith('org.matrix.msc') && type !== EVENT.pollStart) return false;
  // A replacement is shown at what it replaces; also one that cannot be read, as the relation is in the clear.
  if (asRecord(event.getWireContent()['m.relates_to'])['rel_type'] === 'm.replace') return false;
  if (asRecord(event.getContent()['m.relates_to'])['rel_type'] === 'm.replace') return false;
  if (event.isRedacted())
    return (
      type === EVENT.message || type === EVENT.encrypted || type === EVENT.sticker || type === EVENT.pollStart
    );
  return true;
}
