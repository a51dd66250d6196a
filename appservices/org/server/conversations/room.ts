import type { ConversationHistory } from '../../contract/conversations.ts';
import { FUNCTIONAL_MEMBERS } from '../../contract/conversations.ts';

/** How a conversation's room is made: pure rules, so that the renewal of an old one follows the same. */

type Content = Record<string, unknown>;

const MEGOLM = 'm.megolm.v1.aes-sha2';
/** Most that a person has: more than this nobody has but the creator, who is a service user. */
export const PERSON_LEVEL = 100;
/** Out of everybody's reach but the creator's (room version 12: a creator's power is above all levels). */
const CREATOR_LEVEL = 150;
const MODERATOR_LEVEL = 50;

export interface RoomPlan {
  readonly kind: 'direct' | 'group';
  readonly external: boolean;
  readonly history: ConversationHistory;
  readonly name?: string;
  readonly topic?: string;
  readonly avatarUrl?: string;
  /** The room it is the successor of. */
  readonly predecessor?: string;
  /** The requester; in a direct chat both, where they are of this server. */
  readonly admins: readonly string[];
  /** Further levels of people, from the room it succeeds. */
  readonly levels?: Readonly<Record<string, number>>;
  readonly serviceUser: string;
}

/** Levels of a conversation. Nobody but the service user replaces the room; into a direct chat of ours no third comes. */
export function conversationLevels(plan: RoomPlan): Content {
  // The creator must not be named: in room version 12 its power is above all levels.
  const levels = Object.entries(plan.levels ?? {})
    .filter(([userId]) => userId !== plan.serviceUser)
    .map(([userId, level]): [string, number] => [userId, Math.min(level, PERSON_LEVEL)]);
  const users = Object.fromEntries([
    ...levels,
    ...plan.admins.map((userId): [string, number] => [userId, PERSON_LEVEL]),
  ]);
  const direct = plan.kind === 'direct';
  // Two colleagues: nothing to administer. With somebody outside, our person invites and can be succeeded.
  const closed = direct && !plan.external;
  const invite = !direct ? 0 : closed ? CREATOR_LEVEL : PERSON_LEVEL;
  return {
    users,
    users_default: 0,
    events_default: 0,
    state_default: MODERATOR_LEVEL,
    invite,
    kick: closed ? CREATOR_LEVEL : MODERATOR_LEVEL,
    ban: closed ? CREATOR_LEVEL : MODERATOR_LEVEL,
    redact: MODERATOR_LEVEL,
    events: {
      'm.room.name': MODERATOR_LEVEL,
      'm.room.topic': MODERATOR_LEVEL,
      'm.room.avatar': MODERATOR_LEVEL,
      'm.room.pinned_events': MODERATOR_LEVEL,
      'm.room.power_levels': closed ? CREATOR_LEVEL : PERSON_LEVEL,
      'm.room.encryption': PERSON_LEVEL,
      'm.room.history_visibility': PERSON_LEVEL,
      'm.room.join_rules': PERSON_LEVEL,
      'm.room.server_acl': PERSON_LEVEL,
      'm.room.tombstone': CREATOR_LEVEL,
      [FUNCTIONAL_MEMBERS]: CREATOR_LEVEL,
      'm.call.member': 0,
      'org.matrix.msc3401.call.member': 0,
    },
  };
}

/** What goes to `createRoom`. People come in afterwards, by the Synapse module. */
export function conversationRoom(plan: RoomPlan): Content {
  const state = (type: string, content: Content): { type: string; state_key: string; content: Content } => ({
    type,
    state_key: '',
    content,
  });
  return {
    preset: 'private_chat',
    ...(plan.name === undefined ? {} : { name: plan.name }),
    ...(plan.topic === undefined ? {} : { topic: plan.topic }),
    creation_content: {
      // Part of the create event, so it can never be changed: a conversation of our own people never federates.
      'm.federate': plan.external,
      ...(plan.predecessor === undefined ? {} : { predecessor: { room_id: plan.predecessor } }),
    },
    initial_state: [
      state('m.room.encryption', { algorithm: MEGOLM }),
      state('m.room.history_visibility', { history_visibility: plan.history }),
      state('m.room.guest_access', { guest_access: 'forbidden' }),
      state(FUNCTIONAL_MEMBERS, { service_members: [plan.serviceUser] }),
      ...(plan.avatarUrl === undefined ? [] : [state('m.room.avatar', { url: plan.avatarUrl })]),
    ],
    power_level_content_override: conversationLevels(plan),
  };
}

/** The key of two people's direct chat: the same whoever asks. */
export const pairKey = (a: string, b: string): string => [a, b].sort().join('|');
