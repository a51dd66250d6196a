import { createHash } from 'node:crypto';

/** A JSON object, as content of an event. */
export type Content = Readonly<Record<string, unknown>>;

/** State of a room by `stateKey(type, key)`. */
export type StateMap = ReadonlyMap<string, Content>;

/** Version of the rooms we make: creators stand above everybody and cannot be demoted (MSC4289). */
export const ROOM_VERSION = '12';
/** Level of a department's heads: they take messages back and notify all. */
const HEAD_LEVEL = 50;
/** Level nobody but the creator (the bot) reaches. */
const BOT_LEVEL = 100;

const LINKS = new Set(['m.space.child', 'm.space.parent']);

export const stateKey = (type: string, key = ''): string => `${type}|${key}`;

export function splitStateKey(key: string): { type: string; key: string } {
  const at = key.indexOf('|');
  return { type: key.slice(0, at), key: key.slice(at + 1) };
}

/** True for state that is taken back with an empty content when it is not wanted any more. */
export const isLink = (key: string): boolean => LINKS.has(splitStateKey(key).type);

/** JSON with sorted keys: equal contents give equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
  }
  return value === undefined ? 'null' : JSON.stringify(value);
}

/** Short fingerprint of a content; what `applied` keeps of it. */
export const fingerprint = (content: Content): string =>
  createHash('sha256').update(canonical(content)).digest('base64url').slice(0, 16);

/** `closed`: nobody writes any more. `free`: an ordinary group whose moderators look after it themselves. */
export type PowerKind = 'department' | 'space' | 'closed' | 'free';

/**
 * Power levels. Membership and state follow the directory, so nobody but the bot invites, removes or renames; the
 * bot is not listed, a creator's power is above all levels in room version 12.
 */
export function powerLevels(kind: PowerKind, heads: readonly string[]): Content {
  const users = Object.fromEntries([...heads].sort().map((userId) => [userId, HEAD_LEVEL]));
  const base = {
    users,
    users_default: 0,
    events_default: kind === 'space' || kind === 'closed' ? BOT_LEVEL : 0,
    state_default: BOT_LEVEL,
    invite: BOT_LEVEL,
    kick: BOT_LEVEL,
    ban: BOT_LEVEL,
    redact: HEAD_LEVEL,
    notifications: { room: HEAD_LEVEL },
  };
  if (kind === 'space' || kind === 'closed') return { ...base, events: {} };
  const calls = { 'm.call.member': 0, 'org.matrix.msc3401.call.member': 0 };
  if (kind === 'department') {
    return { ...base, events: { ...calls, 'm.room.pinned_events': HEAD_LEVEL, 'm.room.redaction': 0 } };
  }
  // With nobody to moderate it, everybody may.
  const level = heads.length > 0 ? HEAD_LEVEL : 0;
  return {
    ...base,
    invite: level,
    kick: HEAD_LEVEL,
    ban: HEAD_LEVEL,
    state_default: level,
    events: {
      ...calls,
      'm.room.redaction': 0,
      'm.room.power_levels': BOT_LEVEL,
      'm.room.encryption': BOT_LEVEL,
      'm.room.history_visibility': BOT_LEVEL,
      'm.room.join_rules': BOT_LEVEL,
      'm.room.server_acl': BOT_LEVEL,
      'm.room.tombstone': BOT_LEVEL,
    },
  };
}
