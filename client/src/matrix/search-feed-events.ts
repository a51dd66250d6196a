import type { MatrixEvent } from 'matrix-js-sdk';
import { KIND, type SearchDoc, type SearchFile, type SearchOp } from '../search/types.ts';
import { EVENT, RELATION } from './names.ts';
import { withoutFallback } from './safe-text.ts';

/*
 * From events to what the search index takes. Content comes from anybody: everything is looked at before it is
 * used, and what does not fit is left out.
 */

/** What of an event the reading needs; a {@link MatrixEvent} fits. */
export type ReadableEvent = Pick<
  MatrixEvent,
  | 'getId'
  | 'getRoomId'
  | 'getSender'
  | 'getTs'
  | 'getType'
  | 'getOriginalContent'
  | 'getRelation'
  | 'getAssociatedId'
  | 'replyEventId'
  | 'isState'
  | 'isRedacted'
  | 'isDecryptionFailure'
>;

type Content = Readonly<Record<string, unknown>>;

const POLL_TYPES: readonly string[] = [EVENT.pollStart, 'm.poll.start'];
const FILE_KINDS: Readonly<Record<string, number>> = {
  'm.image': KIND.image,
  'm.video': KIND.video,
  'm.audio': KIND.audio,
  'm.file': KIND.file,
};
const TEXTS: readonly unknown[] = ['m.text', 'm.notice', 'm.emote', 'm.location'];
/** Latest time that a date can have (ECMAScript), in milliseconds. */
const LAST_TIME = 8.64e15;

const isObject = (value: unknown): value is Content =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function fileOf(content: Content, name: string): SearchFile {
  const info = isObject(content['info']) ? content['info'] : {};
  const { size, mimetype } = info;
  return {
    name,
    ...(typeof size === 'number' && Number.isFinite(size) && size >= 0 ? { size } : {}),
    ...(typeof mimetype === 'string' ? { mime: mimetype.slice(0, 100) } : {}),
  };
}

function pollText(content: Content): string | undefined {
  const start = content[EVENT.pollStart] ?? content['m.poll'] ?? content['m.poll.start'];
  if (!isObject(start)) return undefined;
  const textOf = (part: unknown): string => {
    if (!isObject(part)) return '';
    const given = part['org.matrix.msc1767.text'] ?? part['m.text'] ?? part['body'];
    if (typeof given === 'string') return given;
    const [first] = Array.isArray(given) ? (given as unknown[]) : [];
    return isObject(first) ? text(first['body']) : '';
  };
  const answers = Array.isArray(start['answers']) ? (start['answers'] as unknown[]) : [];
  return [textOf(start['question']), ...answers.slice(0, 40).map(textOf)]
    .filter((line) => line !== '')
    .join('\n');
}

/** Text, attachment and kinds of a message's content, or undefined: there is nothing to find in it. */
export function readContent(
  type: string,
  content: Content,
  reply: boolean,
): Pick<SearchDoc, 'text' | 'file' | 'kinds'> | undefined {
  if (POLL_TYPES.includes(type)) {
    const question = pollText(content);
    return question ? { text: question, kinds: KIND.poll } : undefined;
  }
  if (type !== EVENT.message) return undefined;
  const body = text(content['body']);
  const fileKind = FILE_KINDS[text(content['msgtype'])];
  if (fileKind !== undefined) {
    // With a file name of its own, the body is the caption (MSC2530).
    const named = text(content['filename']);
    const name = named === '' ? body : named;
    if (name === '') return undefined;
    return {
      text: named !== '' && body !== named ? body : '',
      file: fileOf(content, name),
      kinds: fileKind,
    };
  }
  if (!TEXTS.includes(content['msgtype'])) return undefined;
  const said = reply ? withoutFallback(body) : body;
  if (said.trim() === '') return undefined;
  return { text: said, kinds: KIND.text | (/https?:\/\/\S/i.test(said) ? KIND.link : 0) };
}

const timeOf = (ts: unknown): number =>
  typeof ts === 'number' && ts > 0 ? Math.min(Math.floor(ts), LAST_TIME) : 0;

/** What reading an event came to. */
export type Reading = SearchOp | 'undecryptable' | undefined;

/** What the index has to do because of an event; `undecryptable`: ask again when its key has come. */
export function readEvent(event: ReadableEvent): Reading {
  const eventId = event.getId();
  const roomId = event.getRoomId();
  const sender = event.getSender();
  if (eventId === undefined || roomId === undefined || sender === undefined || event.isState())
    return undefined;
  const type = event.getType();
  if (type === EVENT.redaction) {
    const redacted = event.getAssociatedId();
    return redacted === undefined ? undefined : { op: 'remove', eventId: redacted };
  }
  if (event.isRedacted()) return undefined;
  if (event.isDecryptionFailure() || type === EVENT.encrypted) return 'undecryptable';
  const content: unknown = event.getOriginalContent();
  if (!isObject(content)) return undefined;
  const ts = timeOf(event.getTs());
  const relation: unknown = event.getRelation();
  const related = isObject(relation) ? relation : {};
  if (related['rel_type'] === RELATION.replace) {
    const target = related['event_id'];
    const next = content['m.new_content'];
    const read = isObject(next) ? readContent(type, next, false) : undefined;
    if (typeof target !== 'string' || !read) return undefined;
    return { op: 'edit', doc: { eventId: target, roomId, sender, ts, ...read, edit: { eventId, ts } } };
  }
  const read = readContent(type, content, event.replyEventId !== undefined);
  return read && { op: 'add', doc: { eventId, roomId, sender, ts, ...read } };
}
