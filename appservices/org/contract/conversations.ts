import { Type, type Static } from 'typebox';

/*
 * Direct chats and groups. They are made by one call, never by a client: their creator is a service user without
 * devices, so that nobody who may leave the company is above everybody else in a room for good (ADR 98).
 */

/** Names those of a room's members who are no people (MSC4171): not shown, not counted, not part of its name. */
export const FUNCTIONAL_MEMBERS = 'io.element.functional_members';
/** Longest name of a group, in characters. */
export const MAX_CONVERSATION_NAME = 200;
/** Most people of one call; more are added afterwards. */
export const MAX_CONVERSATION_PEOPLE = 200;

const UserId = Type.String({ minLength: 4, maxLength: 255, pattern: '^@[^:]+:.+$' });
const RoomId = Type.String({ minLength: 2, maxLength: 255, pattern: '^!' });

/** `shared`: who is added reads everything from the beginning on; `joined`: only what comes after. */
export const ConversationHistory = Type.Enum(['shared', 'joined']);
export type ConversationHistory = Static<typeof ConversationHistory>;

/**
 * `POST /conversations`. Two people have one direct chat, whoever asks first. A group may carry an `Idempotency-Key`
 * header: the same person's call with the same key is answered by the same room.
 */
export const StartConversation = Type.Union([
  Type.Object({ kind: Type.Literal('direct'), user_id: UserId }, { additionalProperties: false }),
  Type.Object(
    {
      kind: Type.Literal('group'),
      name: Type.String({ minLength: 1, maxLength: MAX_CONVERSATION_NAME }),
      user_ids: Type.Array(UserId, { maxItems: MAX_CONVERSATION_PEOPLE }),
      /** Default `shared`; with somebody of another server always `joined`. */
      history: Type.Optional(ConversationHistory),
    },
    { additionalProperties: false },
  ),
]);
export type StartConversation = Static<typeof StartConversation>;

/** `POST /conversations/renew`: a room that its creator, a person, cannot hand on gets a successor that can be. */
export const RenewConversation = Type.Object({ room_id: RoomId }, { additionalProperties: false });

/**
 * `joined`: is in the room. `waiting`: has not activated the account; invited, and joined by the server on activation.
 * `external`: of another server; the requester's client invites. `refused`: left out.
 */
export const ConversationPersonState = Type.Enum(['joined', 'waiting', 'external', 'refused']);
export const ConversationPerson = Type.Object({
  user_id: Type.String(),
  state: ConversationPersonState,
  /** Why somebody was refused: not found (for the requester), not to be contacted, or no account yet. */
  reason: Type.Optional(Type.Enum(['not_found', 'not_allowed', 'no_account'])),
});
export type ConversationPerson = Static<typeof ConversationPerson>;

export const Conversation = Type.Object({
  room_id: Type.String(),
  /** False: it was there already. */
  created: Type.Boolean(),
  /** Somebody of another server takes part: the room federates. */
  external: Type.Boolean(),
  history: ConversationHistory,
  /** Everybody but the requester. */
  people: Type.Array(ConversationPerson),
});
export type Conversation = Static<typeof Conversation>;
