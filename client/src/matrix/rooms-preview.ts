import { wordsOfHtml } from './html-words.ts';
import { fileOf, formattedBody } from './message-body.ts';
import { EVENT, RELATION } from './names.ts';
import type { Preview, PreviewKind } from './rooms-entry.ts';
import { MAX_PREVIEW, plainLine } from './rooms-text.ts';
import { isReply, withoutFallback } from './safe-text.ts';

type Content = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): Content | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Content) : undefined;

const relationOf = (content: unknown): Content | undefined => objectOf(objectOf(content)?.['m.relates_to']);

const LISTED: ReadonlySet<string> = new Set([
  EVENT.message,
  EVENT.encrypted,
  EVENT.sticker,
  EVENT.pollStart,
  EVENT.pollEnd,
]);

/**
 * Whether an event is a message of its own: edits, reactions, answers to polls and state are none.
 * @param content as it came over the wire: of an encrypted event the outer one
 * @param custom event types of domains
 */
export function isListed(type: string, content: unknown, custom: ReadonlySet<string>): boolean {
  if (!LISTED.has(type) && !custom.has(type)) return false;
  const relation = relationOf(content)?.['rel_type'];
  if (relation === RELATION.replace || relation === RELATION.annotation) return false;
  // An encrypted answer to a poll shows nothing else of itself.
  return !(type === EVENT.encrypted && relation === RELATION.reference);
}

const MESSAGE_KINDS: Readonly<Record<string, PreviewKind>> = {
  'm.text': 'text',
  'm.notice': 'text',
  'm.emote': 'emote',
  'm.image': 'image',
  'm.video': 'video',
  'm.audio': 'audio',
  'm.file': 'file',
  'm.location': 'location',
};
const WITH_NAME = new Set<PreviewKind>(['image', 'video', 'audio', 'file']);

function messagePreview(content: Content): Preview {
  const type = content['msgtype'];
  const kind =
    typeof type === 'string' && Object.hasOwn(MESSAGE_KINDS, type) ? MESSAGE_KINDS[type] : undefined;
  const body = typeof content['body'] === 'string' ? content['body'] : '';
  // A file that cannot be had is, as in the timeline, what its words say.
  if (kind === undefined || (WITH_NAME.has(kind) && !fileOf(content))) {
    const text = plainLine(body, MAX_PREVIEW);
    return { kind: text === '' ? 'unknown' : 'text', text };
  }
  if (kind === 'audio' && 'org.matrix.msc3245.voice' in content) return { kind: 'voice', text: '' };
  if (kind === 'location') return { kind, text: '' };
  if (WITH_NAME.has(kind)) {
    // A caption is what the sender says (MSC2530); without one the body is the file's name.
    const name = content['filename'];
    const caption = typeof name === 'string' && name !== body ? body : '';
    const text = kind === 'file' && caption === '' ? (typeof name === 'string' ? name : body) : caption;
    return { kind, text: plainLine(text, MAX_PREVIEW) };
  }
  const html = formattedBody(content);
  const text = plainLine(
    (html === undefined ? '' : wordsOfHtml(html)) || (isReply(content) ? withoutFallback(body) : body),
    MAX_PREVIEW,
  );
  return text === '' ? { kind: 'unknown', text } : { kind, text };
}

/**
 * The one line of an event. Never throws, whatever the content is.
 * @param type the decrypted event's
 * @param content the decrypted event's, newest edit included
 */
export function previewOf(
  type: string,
  content: unknown,
  about: { redacted?: boolean; failed?: boolean; custom?: ReadonlySet<string> } = {},
): Preview {
  if (about.redacted === true) return { kind: 'removed', text: '' };
  if (about.failed === true) return { kind: 'unreadable', text: '' };
  const fields = objectOf(content) ?? {};
  switch (type) {
    case EVENT.encrypted:
      return { kind: 'encrypted', text: '' };
    case EVENT.message:
      return messagePreview(fields);
    case EVENT.sticker:
      return { kind: 'sticker', text: plainLine(fields['body'], MAX_PREVIEW) };
    case EVENT.pollStart: {
      const question = objectOf(objectOf(fields[EVENT.pollStart])?.['question']);
      const text = question?.['org.matrix.msc1767.text'] ?? question?.['body'];
      return { kind: 'poll', text: plainLine(text, MAX_PREVIEW) };
    }
    case EVENT.pollEnd:
      return { kind: 'poll_end', text: '' };
    default:
      return { kind: about.custom?.has(type) === true ? 'custom' : 'unknown', text: '' };
  }
}
