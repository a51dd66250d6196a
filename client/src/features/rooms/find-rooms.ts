import { foldName, type NameIndex } from '../../matrix/people-pinyin.ts';
import { isUnread, type RoomEntry } from '../../matrix/rooms.ts';

const MAX_ROOMS = 12;

/** Conversations that fit a query, best first; without one those that wait to be read, then the newest. */
export function findRooms(
  rooms: readonly RoomEntry[],
  query: string,
  index: Pick<NameIndex, 'match'>,
): RoomEntry[] {
  if (foldName(query) === '')
    return rooms
      .filter((entry) => !entry.lowPriority || isUnread(entry))
      .toSorted((one, other) => Number(isUnread(other)) - Number(isUnread(one)) || other.ts - one.ts)
      .slice(0, MAX_ROOMS);
  return rooms
    .map((entry) => ({ entry, fit: index.match(entry.name, query) }))
    .filter(({ fit }) => fit > 0)
    .toSorted(
      (one, other) =>
        other.fit - one.fit ||
        Number(other.entry.partner !== undefined) - Number(one.entry.partner !== undefined) ||
        other.entry.ts - one.entry.ts,
    )
    .slice(0, MAX_ROOMS)
    .map(({ entry }) => entry);
}
