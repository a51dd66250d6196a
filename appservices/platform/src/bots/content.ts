import {
  EXTENSIBLE_TEXT,
  isUserId,
  POLL_DISCLOSED,
  POLL_END,
  POLL_RESPONSE,
  POLL_START,
  POLL_UNDISCLOSED,
  type EventId,
  type MessageContent,
  type UserId,
} from '@qiao/matrix-types';
import type { Json } from '../matrix/index.ts';
import type { Poll, Relates, TextMessage } from './types.ts';

function relation({ replyTo, thread }: Relates): Json | undefined {
  if (thread !== undefined) {
    // MSC3440: a message in a thread names one to fall back on for clients without threads.
    return {
      rel_type: 'm.thread',
      event_id: thread,
      is_falling_back: replyTo === undefined,
      'm.in_reply_to': { event_id: replyTo ?? thread },
    };
  }
  return replyTo === undefined ? undefined : { 'm.in_reply_to': { event_id: replyTo } };
}

/** Adds `m.relates_to` for a reply or a thread. */
export function withRelation(content: Json, relates: Relates): Json {
  const made = relation(relates);
  return made === undefined ? content : { ...content, 'm.relates_to': made };
}

/** Content of a text message; an edit when `replaces` is given (MSC2676). */
export function textContent(message: TextMessage): Json {
  const mentions: Json = {};
  if (message.mentions?.users !== undefined && message.mentions.users.length > 0) {
    mentions.user_ids = [...message.mentions.users];
  }
  if (message.mentions?.room === true) mentions.room = true;
  const content: Json = {
    msgtype: message.msgtype ?? 'm.notice',
    body: message.body,
    ...(message.formattedBody === undefined
      ? {}
      : { format: 'org.matrix.custom.html', formatted_body: message.formattedBody }),
    'm.mentions': mentions,
    ...message.extra,
  };
  if (message.replaces === undefined) return withRelation(content, message);
  return {
    ...content,
    body: `* ${message.body}`,
    ...(message.formattedBody === undefined ? {} : { formatted_body: `* ${message.formattedBody}` }),
    // An edit mentions nobody anew (client-server API, "Mentioning").
    'm.mentions': {},
    'm.new_content': content,
    'm.relates_to': { rel_type: 'm.replace', event_id: message.replaces },
  };
}

/** Content of a poll, with a readable text for clients that do not know polls. */
export function pollContent(poll: Poll): Json {
  const list = poll.answers.map((answer, at) => `${String(at + 1)}. ${answer.text}`).join('\n');
  return withRelation(
    {
      [POLL_START]: {
        kind: poll.disclosed === false ? POLL_UNDISCLOSED : POLL_DISCLOSED,
        max_selections: poll.maxSelections ?? 1,
        question: { [EXTENSIBLE_TEXT]: poll.question, body: poll.question, msgtype: 'm.text' },
        answers: poll.answers.map(({ id, text }) => ({ id, [EXTENSIBLE_TEXT]: text })),
      },
      [EXTENSIBLE_TEXT]: `${poll.question}\n${list}`,
    },
    poll,
  );
}

export function pollResponseContent(poll: EventId, answers: readonly string[]): Json {
  return {
    [POLL_RESPONSE]: { answers: [...answers] },
    'm.relates_to': { rel_type: 'm.reference', event_id: poll },
  };
}

export function pollEndContent(poll: EventId, text: string): Json {
  return {
    [POLL_END]: {},
    [EXTENSIBLE_TEXT]: text,
    body: text,
    'm.relates_to': { rel_type: 'm.reference', event_id: poll },
  };
}

export function reactionContent(target: EventId, key: string): Json {
  return { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key } };
}

/** What a message's relations and mentions say. */
export function readMessage(content: MessageContent): {
  text: string;
  replyTo: EventId | undefined;
  thread: EventId | undefined;
  replaces: EventId | undefined;
  mentions: UserId[];
} {
  const relates = content['m.relates_to'];
  const target = relates?.event_id as EventId | undefined;
  const replaces = relates?.rel_type === 'm.replace' ? target : undefined;
  const thread = relates?.rel_type === 'm.thread' ? target : undefined;
  const fallback = thread !== undefined && relates?.is_falling_back === true;
  const current = replaces === undefined ? content : (content['m.new_content'] ?? content);
  return {
    text: current.body,
    replyTo: fallback ? undefined : (relates?.['m.in_reply_to']?.event_id as EventId | undefined),
    thread,
    replaces,
    mentions: (current['m.mentions']?.user_ids ?? []).filter(isUserId),
  };
}
