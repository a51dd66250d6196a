import type { Room } from 'matrix-js-sdk';
import { expect, test } from 'vitest';
import { isReplaced } from './room-state.ts';

/** Rooms that have been joined, by the room that each names as its successor. */
function replaced(rooms: Readonly<Record<string, string | undefined>>): string[] {
  const made = new Map(
    Object.entries(rooms).map(([roomId, next]) => {
      const state = { getStateEvents: () => ({ getContent: () => ({ replacement_room: next }) }) };
      const room = {
        roomId,
        currentState: state,
        getLiveTimeline: () => ({ getState: () => state }),
      } as unknown as Room;
      return [roomId, room];
    }),
  );
  return [...made.values()]
    .filter((room) => isReplaced(room, (id) => made.get(id)))
    .map(({ roomId }) => roomId);
}

test('a room is replaced by a later one that has been joined', () => {
  expect(replaced({ '!a': '!b', '!b': '!c', '!c': undefined })).toEqual(['!a', '!b']);
  expect(replaced({ '!a': '!elsewhere' })).toEqual([]);
});

test('rooms that replace each other in a circle are all shown', () => {
  expect(replaced({ '!a': '!b', '!b': '!a' })).toEqual([]);
  expect(replaced({ '!a': '!a' })).toEqual([]);
  expect(replaced({ '!x': '!a', '!a': '!b', '!b': '!c', '!c': '!a' })).toEqual(['!x']);
});
