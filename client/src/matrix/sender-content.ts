import { EVENT, RELATION } from './names.ts';

/* Contents of messages, as the client-server API has them; pure, so that a table can test them. */

export type Content = Record<string, unknown>;

/** A text as the editor gives it. */
export interface WrittenText {
  /** Plain text, Markdown where it is formatted. */
  readonly body: string;
  /** HTML of the specification's subset; absent: nothing is formatted. */
  readonly html?: string | undefined;
  /** Mentioned people. */
  readonly userIds: readonly string[];
  /** Everybody in the room is mentioned. */
  readonly room: boolean;
  /** `/me`. */
  readonly emote?: boolean | undefined;
}

/** Intentional mentions (`m.mentions`), always present: without it, words of the text would notify people. */
const mentionsOf = (userIds: Iterable<string>, room: boolean): Content => {
  const ids = [...new Set(userIds)];
  return { ...(ids.length > 0 ? { user_ids: ids } : {}), ...(room ? { room: true } : {}) };
};

/** A text message. */
export function textContent(text: WrittenText): Content {
  return {
    msgtype: text.emote === true ? 'm.emote' : 'm.text',
    body: text.body,
    ...(text.html === undefined ? {} : { format: 'org.matrix.custom.html', formatted_body: text.html }),
    'm.mentions': mentionsOf(text.userIds, text.room),
  };
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** Who is mentioned by a content that may come from anybody. */
export function mentionedBy(content: Readonly<Record<string, unknown>>): {
  userIds: string[];
  room: boolean;
} {
  const { user_ids: ids, room } = record(content['m.mentions']);
  return {
    userIds: Array.isArray(ids) ? ids.filter((id): id is string => typeof id === 'string') : [],
    room: room === true,
  };
}

/**
 * Makes a content a reply: related, and its sender mentioned (rich replies since v1.13: no fallback text).
 * @param own nobody mentions oneself
 */
export function replyTo(content: Content, to: { eventId: string; sender: string }, own: string): Content {
  const { userIds, room } = mentionedBy(content);
  return {
    ...content,
    'm.mentions': mentionsOf(to.sender === own ? userIds : [...userIds, to.sender], room),
    'm.relates_to': { ...record(content['m.relates_to']), 'm.in_reply_to': { event_id: to.eventId } },
  };
}

/**
 * Puts a content into a thread; clients that know no threads see a reply to its last event (MSC3440).
 * @param lastEventId last event of the thread, or its root
 */
export function inThread(content: Content, threadId: string, lastEventId: string): Content {
  const relation = record(content['m.relates_to']);
  const isReply = relation['m.in_reply_to'] !== undefined;
  return {
    ...content,
    'm.relates_to': {
      'm.in_reply_to': { event_id: lastEventId },
      ...relation,
      rel_type: RELATION.thread,
      event_id: threadId,
      is_falling_back: !isReply,
    },
  };
}

/**
 * Makes a content the new one of an event. Only who was not mentioned before is notified.
 * @param before the event's content until now
 */
export function editOf(
  content: Content,
  eventId: string,
  before: Readonly<Record<string, unknown>>,
): Content {
  const now = mentionedBy(content);
  const was = mentionedBy(before);
  const fresh = now.userIds.filter((id) => !was.userIds.includes(id));
  return {
    ...content,
    body: `* ${String(content['body'])}`,
    ...(typeof content['formatted_body'] === 'string'
      ? { formatted_body: `* ${content['formatted_body']}` }
      : {}),
    'm.mentions': mentionsOf(fresh, now.room && !was.room),
    'm.new_content': content,
    'm.relates_to': { rel_type: RELATION.replace, event_id: eventId },
  };
}

/** A question with answers (MSC3381, as clients send and show it). */
export function pollContent(poll: {
  question: string;
  answers: readonly { id: string; text: string }[];
  /** Results are shown while the poll runs. */
  disclosed: boolean;
  /** How many answers one may choose. */
  choices: number;
}): Content {
  const lines = [poll.question, ...poll.answers.map(({ text }, index) => `${String(index + 1)}. ${text}`)];
  return {
    [EVENT.pollStart]: {
      question: { 'org.matrix.msc1767.text': poll.question, body: poll.question, msgtype: 'm.text' },
      kind: `org.matrix.msc3381.poll.${poll.disclosed ? 'disclosed' : 'undisclosed'}`,
      max_selections: poll.choices,
      answers: poll.answers.map(({ id, text }) => ({ id, 'org.matrix.msc1767.text': text })),
    },
    // What clients without polls show.
    'org.matrix.msc1767.text': lines.join('\n'),
    'm.mentions': {},
  };
}

/** Sets where an uploaded file lies, in a content whose `file` or `url` says another place so far. */
export function withAddress(content: Content, part: 'file' | 'thumbnail', mxc: string): Content {
  if (part === 'file') {
    return content['file'] === undefined
      ? { ...content, url: mxc }
      : { ...content, file: { ...record(content['file']), url: mxc } };
  }
  const info = record(content['info']);
  return {
    ...content,
    info:
      info['thumbnail_file'] === undefined
        ? { ...info, thumbnail_url: mxc }
        : { ...info, thumbnail_file: { ...record(info['thumbnail_file']), url: mxc } },
  };
}
