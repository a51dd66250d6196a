import type { NotificationLevel } from './rooms-entry.ts';

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** `m.direct`, turned round: the partner by room. The first person wins where a room stands below two. */
export function partnersOf(direct: unknown): Map<string, string> {
  const partners = new Map<string, string>();
  for (const [userId, rooms] of Object.entries(fieldsOf(direct))) {
    if (!userId.startsWith('@')) continue;
    for (const roomId of listOf(rooms))
      if (typeof roomId === 'string' && !partners.has(roomId)) partners.set(roomId, userId);
  }
  return partners;
}

/** `m.direct` with one more chat with a person; other entries stay as they are. */
export function withDirect(direct: unknown, userId: string, roomId: string): Record<string, unknown> {
  const before = fieldsOf(direct);
  const rooms = listOf(before[userId]).filter((each) => typeof each === 'string' && each !== roomId);
  return { ...before, [userId]: [roomId, ...rooms] };
}

/** `m.direct` without a room. */
export function withoutDirect(direct: unknown, roomId: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fieldsOf(direct)).map(([userId, rooms]) => [
      userId,
      listOf(rooms).filter((each) => each !== roomId),
    ]),
  );
}

const notifies = (actions: unknown): boolean => listOf(actions).includes('notify');

/**
 * The level of each conversation that has a rule of its own: an override rule named like the room that does not
 * notify mutes it; a room rule decides between everything and mentions only (client-server API, "Push rules").
 * @param rules content of `m.push_rules`
 */
export function levelsOf(rules: unknown): Map<string, NotificationLevel> {
  const levels = new Map<string, NotificationLevel>();
  const global = fieldsOf(fieldsOf(rules)['global']);
  for (const each of listOf(global['room'])) {
    const rule = fieldsOf(each);
    const id = rule['rule_id'];
    if (typeof id === 'string' && rule['enabled'] !== false)
      levels.set(id, notifies(rule['actions']) ? 'all' : 'mentions');
  }
  for (const each of listOf(global['override'])) {
    const rule = fieldsOf(each);
    const id = rule['rule_id'];
    if (typeof id !== 'string' || !id.startsWith('!') || rule['enabled'] === false) continue;
    const ofRoom = listOf(rule['conditions']).some((condition) => {
      const { kind, key, pattern } = fieldsOf(condition);
      return kind === 'event_match' && key === 'room_id' && pattern === id;
    });
    if (ofRoom && !notifies(rule['actions'])) levels.set(id, 'mute');
  }
  return levels;
}

/** Keys whose values differ between two maps. */
export function changedKeys<V>(before: ReadonlyMap<string, V>, after: ReadonlyMap<string, V>): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key));
}
