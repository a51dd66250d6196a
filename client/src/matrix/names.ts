/*
 * Names of the Matrix specification that views and view models use: only this folder may import the SDK's values.
 */

/** Event types (client-server API); polls as clients send and show them (MSC3381). */
export const EVENT = {
  message: 'm.room.message',
  encrypted: 'm.room.encrypted',
  encryption: 'm.room.encryption',
  sticker: 'm.sticker',
  reaction: 'm.reaction',
  redaction: 'm.room.redaction',
  member: 'm.room.member',
  name: 'm.room.name',
  topic: 'm.room.topic',
  avatar: 'm.room.avatar',
  create: 'm.room.create',
  powerLevels: 'm.room.power_levels',
  joinRules: 'm.room.join_rules',
  historyVisibility: 'm.room.history_visibility',
  tombstone: 'm.room.tombstone',
  pinned: 'm.room.pinned_events',
  spaceChild: 'm.space.child',
  spaceParent: 'm.space.parent',
  pollStart: 'org.matrix.msc3381.poll.start',
  pollResponse: 'org.matrix.msc3381.poll.response',
  pollEnd: 'org.matrix.msc3381.poll.end',
} as const;

/** Account data types. */
export const ACCOUNT_DATA = {
  direct: 'm.direct',
  pushRules: 'm.push_rules',
  fullyRead: 'm.fully_read',
  markedUnread: 'm.marked_unread',
  recentEmoji: 'io.element.recent_emoji',
} as const;

/** Relations (`m.relates_to`). */
export const RELATION = {
  annotation: 'm.annotation',
  replace: 'm.replace',
  thread: 'm.thread',
  reference: 'm.reference',
} as const;

/** Room tags. */
export const TAG = { favourite: 'm.favourite', lowPriority: 'm.lowpriority' } as const;
