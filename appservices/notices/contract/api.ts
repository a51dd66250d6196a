import { Type, type Static, type TSchema } from 'typebox';

/*
 * The HTTP interface of notices, below `/api/notices`. Times are RFC 3339 in UTC, ids UUIDs unless they are Matrix
 * ids. Lists answer `{ items, next }`; `next` goes back as `?after=`. What is asked in messages stays in the room:
 * nothing here holds any of its text. Notices are text of this domain, readable by the operator.
 */

const Id = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' });
const DateTime = Type.String({ format: 'date-time', maxLength: 40 });
const Nullable = <T extends TSchema>(type: T) => Type.Union([type, Type.Null()]);
/** Longest id of Matrix, in characters here; the servers count bytes. */
const UserId = Type.String({ minLength: 3, maxLength: 255, pattern: '^@[^\\s\\u0000]+$' });
const RoomId = Type.String({ minLength: 2, maxLength: 255, pattern: '^![^\\s\\u0000]+$' });
const EventId = Type.String({ minLength: 2, maxLength: 255, pattern: '^\\$[^\\s\\u0000]+$' });
const pageOf = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: Nullable(Type.String()) });

export const IdParams = Type.Object({ id: Id });
export const PageQuery = Type.Object({
  after: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
});

/** Somebody, as lists name them. */
export const PersonRef = Type.Object({ user_id: Type.String(), display_name: Type.String() });
export type PersonRef = Static<typeof PersonRef>;

// --- obligations ------------------------------------------------------------------------------------------------

/**
 * `question`: an answer is owed. `urgent`: a confirmation is wanted, and asked for again and again. `unread`: one
 * reminder to read.
 */
export const ObligationKind = Type.Enum(['question', 'urgent', 'unread']);
export type ObligationKind = Static<typeof ObligationKind>;
/** `ended`: nobody can answer any more (left the room or the company, message deleted). */
export const ObligationState = Type.Enum(['open', 'answered', 'withdrawn', 'ended']);
export type ObligationState = Static<typeof ObligationState>;

/** Most people asked by one message. */
export const MAX_ASKED = 200;
/** Shortest time between two reminders of one kind to one person, minutes (CHAT-2). */
export const MIN_URGENT_MINUTES = 5;

/** `POST /obligations`: by the sender of the message, who has to be in the room, like those asked. */
export const CreateObligations = Type.Object(
  {
    room_id: RoomId,
    event_id: EventId,
    kind: ObligationKind,
    asked: Type.Array(UserId, { minItems: 1, maxItems: MAX_ASKED }),
    due_at: Type.Optional(DateTime),
    /** Urgent only: minutes between reminders. */
    every_minutes: Type.Optional(Type.Integer({ minimum: MIN_URGENT_MINUTES, maximum: 24 * 60 })),
  },
  { additionalProperties: false },
);
export type CreateObligations = Static<typeof CreateObligations>;

export const Obligation = Type.Object({
  id: Type.String(),
  kind: ObligationKind,
  room_id: Type.String(),
  event_id: Type.String(),
  asker: PersonRef,
  asked: PersonRef,
  state: ObligationState,
  /** `reply`, `reaction`, `handled`, `confirmed`, `read`, `withdrawn`, `left`, `deleted`. */
  closed_how: Nullable(Type.String()),
  closed_at: Nullable(DateTime),
  created_at: DateTime,
  due_at: Nullable(DateTime),
  /** How many reminders went out. */
  reminders: Type.Integer(),
  reminded_at: Nullable(DateTime),
});
export type Obligation = Static<typeof Obligation>;

export const CreatedObligations = Type.Object({
  items: Type.Array(Obligation),
  /** Asked, but not in the room, of another homeserver, or not to be contacted by the caller: which is not told. */
  left_out: Type.Array(Type.String()),
});

export const ObligationsQuery = Type.Object({
  ...PageQuery.properties,
  /** `owe`: the caller is asked; `wait`: the caller asks. */
  side: Type.Enum(['owe', 'wait']),
  state: Type.Optional(Type.Enum(['open', 'closed'])),
});
export const ObligationsPage = pageOf(Obligation);

/** `GET /obligations/of`: those of one message that the caller asked or is asked by. */
export const OfEventQuery = Type.Object({ room_id: RoomId, event_id: EventId });
export const ObligationList = Type.Object({ items: Type.Array(Obligation) });

export const InRoomQuery = Type.Object({ room_id: RoomId });
/** What became of a message by which the caller asks others, or is asked. */
export const AskedMessage = Type.Object({
  event_id: Type.String(),
  kind: ObligationKind,
  asker: PersonRef,
  /** Those who can still answer or have; to whom is asked only the own: 0 or 1. */
  asked: Type.Integer(),
  answered: Type.Integer(),
  due_at: Nullable(DateTime),
  /** The caller's own; null for who asks. */
  mine: Nullable(
    Type.Object({ id: Type.String(), state: ObligationState, closed_how: Nullable(Type.String()) }),
  ),
});
export type AskedMessage = Static<typeof AskedMessage>;
/** `GET /obligations/in-room`: questions and urgent messages of a conversation, the newest 200. */
export const AskedMessages = Type.Object({
  items: Type.Array(AskedMessage),
  /** All that was asked after this time is listed; null: all there is. */
  since: Nullable(DateTime),
});

/** Asked person: all but `withdrawn`. Asker: `withdrawn`, and `reply` or `reaction` they saw. */
export const CloseHow = Type.Enum(['reply', 'reaction', 'handled', 'confirmed', 'read', 'withdrawn']);
export type CloseHow = Static<typeof CloseHow>;
export const CloseObligation = Type.Object({ how: CloseHow }, { additionalProperties: false });

/**
 * `POST /obligations/answered`: a client saw a reply or reaction to a message. Without `by` the caller gave it; the
 * asker may say it of somebody asked. Answers how many this closed; 0 where nothing was open.
 */
export const AnsweredEvent = Type.Object(
  {
    room_id: RoomId,
    event_id: EventId,
    how: Type.Enum(['reply', 'reaction', 'read', 'confirmed']),
    by: Type.Optional(UserId),
  },
  { additionalProperties: false },
);
export const ClosedCount = Type.Object({ closed: Type.Integer() });

// --- pending and settings ---------------------------------------------------------------------------------------

/** `GET /pending`: what a client shows at once. */
export const Pending = Type.Object({
  /** Open questions and urgent messages the caller owes. */
  owe: Type.Integer(),
  /** Open ones the caller waits for. */
  wait: Type.Integer(),
  /** Urgent messages to confirm, newest first; at most 20. */
  urgent: Type.Array(Obligation),
  /** Reminded to read, newest first; at most 20. */
  unread: Type.Array(Obligation),
  /** Notices to confirm. */
  notices: Type.Integer(),
});
export type Pending = Static<typeof Pending>;

const TimeOfDay = Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' });
const wishes = {
  /** IANA name, `Asia/Shanghai`. */
  zone: Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9_+\\-/]+$' }),
  quiet: Type.Boolean(),
  /** Local time; `quiet_to` before `quiet_from` is the next day. */
  quiet_from: TimeOfDay,
  quiet_to: TimeOfDay,
  /** Saturday and Sunday are quiet all day. */
  quiet_weekends: Type.Boolean(),
  /** Urgent messages come through quiet hours. */
  urgent_through: Type.Boolean(),
  /** Shortest time between two reminders of questions, minutes. */
  every_minutes: Type.Integer({ minimum: 30, maximum: 7 * 24 * 60 }),
  /** Reminders also as a message of the bot, for other clients and push. */
  direct: Type.Boolean(),
};
/** `PUT /settings` */
export const PutSettings = Type.Object(wishes, { additionalProperties: false });
export type PutSettings = Static<typeof PutSettings>;
export const Settings = Type.Object({
  ...wishes,
  /** Do not disturb: neither reminded nor notified up to this time; null: not set. */
  paused_until: Nullable(DateTime),
});
export type Settings = Static<typeof Settings>;
/** `PUT /settings/pause`: do not disturb, for at most seven days; null, or a time that has passed, ends it. */
export const PutPause = Type.Object({ until: Nullable(DateTime) }, { additionalProperties: false });

// --- notices ----------------------------------------------------------------------------------------------------

export const NoticeState = Type.Enum(['draft', 'scheduled', 'sending', 'sent', 'recalled']);
export type NoticeState = Static<typeof NoticeState>;

export const MAX_TITLE = 200;
/** Markdown, characters; what a Matrix event holds in both forms. */
export const MAX_BODY = 12_000;

export const Audience = Type.Object(
  {
    everybody: Type.Boolean(),
    departments: Type.Array(
      Type.Object({ id: Id, subtree: Type.Boolean() }, { additionalProperties: false }),
      {
        maxItems: 200,
      },
    ),
    roles: Type.Array(Id, { maxItems: 50 }),
  },
  { additionalProperties: false },
);
export type Audience = Static<typeof Audience>;

const content = {
  title: Type.String({ minLength: 1, maxLength: MAX_TITLE }),
  /** Markdown (CommonMark without HTML). */
  body: Type.String({ minLength: 1, maxLength: MAX_BODY }),
  confirm: Type.Boolean(),
  audience: Audience,
};
export const CreateNotice = Type.Object(content, { additionalProperties: false });
export type CreateNotice = Static<typeof CreateNotice>;
export const PatchNotice = Type.Object(
  { version: Type.Integer({ minimum: 1 }), ...Type.Partial(Type.Object(content)).properties },
  { additionalProperties: false },
);
export type PatchNotice = Static<typeof PatchNotice>;
/** Without `at`: now. */
export const SendNotice = Type.Object(
  { version: Type.Integer({ minimum: 1 }), at: Type.Optional(DateTime) },
  { additionalProperties: false },
);

/** A notice as those see it who may manage it. */
export const ManagedNotice = Type.Object({
  id: Type.String(),
  version: Type.Integer(),
  state: NoticeState,
  title: Type.String(),
  body: Type.String(),
  confirm: Type.Boolean(),
  audience: Audience,
  /** Names of departments and roles of the audience, by id. */
  names: Type.Record(Type.String(), Type.String()),
  author: PersonRef,
  created_at: DateTime,
  scheduled_at: Nullable(DateTime),
  sent_at: Nullable(DateTime),
  recalled_at: Nullable(DateTime),
  /** Why it did not go out at its time: `sender_not_allowed`, `audience_empty`. */
  problem: Nullable(Type.String()),
});
export type ManagedNotice = Static<typeof ManagedNotice>;
export const ManagedNoticesPage = pageOf(ManagedNotice);
export const ManagedQuery = Type.Object({
  ...PageQuery.properties,
  state: Type.Optional(Type.Enum(['draft', 'scheduled', 'sent', 'recalled'])),
});

/** A notice as those see it whom it is for. Of a recalled one only that it was. */
export const Notice = Type.Object({
  id: Type.String(),
  recalled: Type.Boolean(),
  title: Nullable(Type.String()),
  body: Nullable(Type.String()),
  confirm: Type.Boolean(),
  author: PersonRef,
  sent_at: DateTime,
  seen_at: Nullable(DateTime),
  confirmed_at: Nullable(DateTime),
});
export type Notice = Static<typeof Notice>;
export const NoticesPage = pageOf(Notice);
export const NoticesQuery = Type.Object({
  ...PageQuery.properties,
  filter: Type.Optional(Type.Enum(['all', 'to_confirm'])),
});

export const Progress = Type.Object({
  /** People it is for, without those who left. */
  recipients: Type.Integer(),
  /** Those of them who have not activated the account yet. */
  not_activated: Type.Integer(),
  seen: Type.Integer(),
  confirmed: Type.Integer(),
  /** Messages to rooms and people. */
  deliveries: Type.Object({
    waiting: Type.Integer(),
    sent: Type.Integer(),
    skipped: Type.Integer(),
    failed: Type.Integer(),
    redacted: Type.Integer(),
  }),
  reminded_at: Nullable(DateTime),
});
export type Progress = Static<typeof Progress>;

export const Recipient = Type.Object({
  user_id: Type.String(),
  display_name: Type.String(),
  seen_at: Nullable(DateTime),
  confirmed_at: Nullable(DateTime),
  reminded_at: Nullable(DateTime),
  /** The person has not activated the account yet. */
  waiting: Type.Boolean(),
});
export type Recipient = Static<typeof Recipient>;
export const RecipientsPage = pageOf(Recipient);
export const RecipientsQuery = Type.Object({
  ...PageQuery.properties,
  show: Type.Enum(['pending', 'confirmed']),
});
export const RemindedCount = Type.Object({ reminded: Type.Integer() });

/** `GET /audiences`: what the caller may send to. */
export const Audiences = Type.Object({
  everybody: Type.Boolean(),
  departments: Type.Array(
    Type.Object({ id: Type.String(), name: Type.String(), parent_id: Nullable(Type.String()) }),
  ),
  roles: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })),
});
export type Audiences = Static<typeof Audiences>;
/** `POST /audiences/count` */
export const AudienceCount = Type.Object({
  people: Type.Integer(),
  /** Those of them who have not activated the account yet: they find it in their list when they do. */
  not_activated: Type.Integer(),
});
export type AudienceCount = Static<typeof AudienceCount>;
