/**
 * Contents of the Matrix events every domain meets, and a parser for each. A parser answers undefined for what does
 * not fit, so that a hostile event is skipped and never thrown through a handler. Sources: client-server API v1.17,
 * "m.room.message", "Relationships"; MSC3381 (polls), under its unstable names because those are what clients send.
 */
import Type, { type Static, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { isEventId, isMxcUri, isUserId } from './ids.ts';

/** Most characters of a text we read; larger ones do not fit an event (65,536 bytes) anyway. */
const MAX_TEXT = 65_536;

const text = Type.String({ maxLength: MAX_TEXT });
const shortText = Type.String({ maxLength: 1024 });
const id = (check: (value: unknown) => boolean, name: string) =>
  Type.Refine(Type.String({ maxLength: 255 }), check, () => name);

const eventId = id(isEventId, 'event id');
const userId = id(isUserId, 'user id');
const mxc = id(isMxcUri, 'mxc uri');

/** `m.relates_to`: one shape for replies, threads, edits, annotations and references. */
export const Relation = Type.Object({
  rel_type: Type.Optional(shortText),
  event_id: Type.Optional(eventId),
  key: Type.Optional(shortText),
  is_falling_back: Type.Optional(Type.Boolean()),
  'm.in_reply_to': Type.Optional(Type.Object({ event_id: eventId })),
});

/** `m.mentions` (MSC3952). */
export const Mentions = Type.Object({
  user_ids: Type.Optional(Type.Array(userId, { maxItems: 1000 })),
  room: Type.Optional(Type.Boolean()),
});

/** An encrypted attachment, version 2 (client-server API, "Sending encrypted attachments"). */
export const EncryptedFile = Type.Object({
  v: Type.Literal('v2'),
  url: mxc,
  key: Type.Object({
    kty: Type.Literal('oct'),
    alg: Type.Literal('A256CTR'),
    k: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
    key_ops: Type.Array(Type.String({ maxLength: 16 }), { maxItems: 8 }),
    ext: Type.Boolean(),
  }),
  iv: Type.String({ pattern: '^[A-Za-z0-9+/]{22}(==)?$' }),
  hashes: Type.Object({ sha256: Type.String({ pattern: '^[A-Za-z0-9+/]{43}=?$' }) }),
});
export type EncryptedFile = Static<typeof EncryptedFile>;

const FileInfo = Type.Object({
  mimetype: Type.Optional(shortText),
  size: Type.Optional(Type.Number({ minimum: 0 })),
  w: Type.Optional(Type.Number({ minimum: 0 })),
  h: Type.Optional(Type.Number({ minimum: 0 })),
  duration: Type.Optional(Type.Number({ minimum: 0 })),
});

/** What an edit puts in place of the first text. */
const NewContent = Type.Object({
  msgtype: shortText,
  body: text,
  format: Type.Optional(shortText),
  formatted_body: Type.Optional(text),
  'm.mentions': Type.Optional(Mentions),
});

/** `m.room.message`: text kinds and file kinds together. */
export const MessageContent = Type.Object({
  msgtype: shortText,
  body: text,
  format: Type.Optional(shortText),
  formatted_body: Type.Optional(text),
  filename: Type.Optional(shortText),
  url: Type.Optional(mxc),
  file: Type.Optional(EncryptedFile),
  info: Type.Optional(FileInfo),
  'm.mentions': Type.Optional(Mentions),
  'm.relates_to': Type.Optional(Relation),
  'm.new_content': Type.Optional(NewContent),
});
export type MessageContent = Static<typeof MessageContent>;

/** `m.reaction`. */
export const ReactionContent = Type.Object({
  'm.relates_to': Type.Object({ rel_type: Type.Literal('m.annotation'), event_id: eventId, key: shortText }),
});
export type ReactionContent = Static<typeof ReactionContent>;

/** `m.room.member`. */
export const MemberContent = Type.Object({
  membership: Type.Union([
    Type.Literal('invite'),
    Type.Literal('join'),
    Type.Literal('knock'),
    Type.Literal('leave'),
    Type.Literal('ban'),
  ]),
  displayname: Type.Optional(Type.Union([shortText, Type.Null()])),
  avatar_url: Type.Optional(Type.Union([Type.String({ maxLength: 1024 }), Type.Null()])),
  reason: Type.Optional(text),
  is_direct: Type.Optional(Type.Boolean()),
});
export type MemberContent = Static<typeof MemberContent>;

/** `m.room.encryption`. */
export const EncryptionContent = Type.Object({
  algorithm: shortText,
  rotation_period_ms: Type.Optional(Type.Integer({ minimum: 1 })),
  rotation_period_msgs: Type.Optional(Type.Integer({ minimum: 1 })),
});
export type EncryptionContent = Static<typeof EncryptionContent>;

/** `m.room.encrypted` in a room. */
export const EncryptedContent = Type.Object({
  algorithm: Type.Literal('m.megolm.v1.aes-sha2'),
  session_id: Type.String({ minLength: 1, maxLength: 255 }),
  ciphertext: text,
});
export type EncryptedContent = Static<typeof EncryptedContent>;

/** Names of the poll events as clients send them (MSC3381, unstable). */
export const POLL_START = 'org.matrix.msc3381.poll.start';
export const POLL_RESPONSE = 'org.matrix.msc3381.poll.response';
export const POLL_END = 'org.matrix.msc3381.poll.end';
/** A poll whose votes are shown while it runs. */
export const POLL_DISCLOSED = 'org.matrix.msc3381.poll.disclosed';
/** A poll whose votes are shown after its end. */
export const POLL_UNDISCLOSED = 'org.matrix.msc3381.poll.undisclosed';
/** Text of a poll's question and answers (MSC1767, unstable). */
export const EXTENSIBLE_TEXT = 'org.matrix.msc1767.text';

const Texted = Type.Object({ [EXTENSIBLE_TEXT]: text });

/** Content of `org.matrix.msc3381.poll.start`. */
export const PollStartContent = Type.Object({
  [POLL_START]: Type.Object({
    kind: Type.Optional(shortText),
    max_selections: Type.Optional(Type.Integer({ minimum: 1 })),
    question: Texted,
    answers: Type.Array(Type.Intersect([Type.Object({ id: shortText }), Texted]), {
      minItems: 1,
      maxItems: 1000,
    }),
  }),
});
export type PollStartContent = Static<typeof PollStartContent>;

const Reference = Type.Object({ rel_type: Type.Literal('m.reference'), event_id: eventId });

/** Content of `org.matrix.msc3381.poll.response`. */
export const PollResponseContent = Type.Object({
  [POLL_RESPONSE]: Type.Object({ answers: Type.Array(shortText, { maxItems: 1000 }) }),
  'm.relates_to': Reference,
});
export type PollResponseContent = Static<typeof PollResponseContent>;

/** Content of `org.matrix.msc3381.poll.end`. */
export const PollEndContent = Type.Object({ 'm.relates_to': Reference });
export type PollEndContent = Static<typeof PollEndContent>;

/** An event of a room's timeline as a homeserver gives it. */
export const TimelineEvent = Type.Object({
  type: Type.String({ minLength: 1, maxLength: 255 }),
  event_id: eventId,
  sender: userId,
  origin_server_ts: Type.Number(),
  content: Type.Record(Type.String(), Type.Unknown()),
  state_key: Type.Optional(Type.String({ maxLength: 255 })),
  redacts: Type.Optional(Type.Unknown()),
  unsigned: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

/**
 * Makes a parser of a schema: the value if it fits, undefined if not. Compiled at first use.
 */
export function parserOf<S extends TSchema>(schema: S): (value: unknown) => Static<S> | undefined {
  let validator: { Check(value: unknown): boolean } | undefined;
  return (value) => {
    validator ??= Compile(schema);
    return validator.Check(value) ? (value as Static<S>) : undefined;
  };
}

export const parseMessage = parserOf(MessageContent);
export const parseReaction = parserOf(ReactionContent);
export const parseMember = parserOf(MemberContent);
export const parseEncryption = parserOf(EncryptionContent);
export const parseEncrypted = parserOf(EncryptedContent);
export const parsePollStart = parserOf(PollStartContent);
export const parsePollResponse = parserOf(PollResponseContent);
export const parsePollEnd = parserOf(PollEndContent);
export const parseTimelineEvent = parserOf(TimelineEvent);
