import { createClient, MatrixEvent, Room } from 'matrix-js-sdk';
import { expect, test } from 'vitest';
import { quietLogger } from './quiet-logger.ts';
import { followsDirectory, isReplaced, orgOwnerOf } from './room-state.ts';

const ME = '@me:example.org';
const BOT = '@_qiao_org_bot:example.org';
const client = createClient({ baseUrl: 'https://example.org', userId: ME, logger: quietLogger });

/** A room by who made it, what its creation says and who may invite. */
function roomOf(creator: string, mark: unknown, invite?: number): Room {
  const room = new Room('!room', client, ME);
  const state = (type: string, content: Record<string, unknown>): MatrixEvent =>
    new MatrixEvent({ type, state_key: '', sender: creator, room_id: '!room', content });
  room
    .getLiveTimeline()
    .initialiseState([
      state('m.room.create', { room_version: '12', ...(mark === undefined ? {} : { 'im.qiao.org': mark }) }),
      ...(invite === undefined ? [] : [state('m.room.power_levels', { invite })]),
    ]);
  return room;
}

test('the directory decides who is in the rooms of departments, and in no others', () => {
  expect(followsDirectory(roomOf(BOT, { owner: 'a-department' }, 100))).toBe(true);
  // A department that became a group: its people invite each other.
  expect(followsDirectory(roomOf(BOT, { owner: 'a-department' }, 0))).toBe(false);
  expect(followsDirectory(roomOf(BOT, { owner: 'a-department' }, 50))).toBe(false);
  expect(followsDirectory(roomOf('@_qiao_org_rooms:example.org', undefined, 100))).toBe(false);
});

test('nobody else makes a room that says it is a department’s', () => {
  const mark = { owner: 'a-department' };
  for (const creator of [ME, '@_qiao_org_bot:elsewhere.example', '@x_qiao_org_bot:example.org', ''])
    expect([creator, orgOwnerOf(roomOf(creator, mark, 100))]).toEqual([creator, undefined]);
  for (const odd of [undefined, null, 'a-department', { owner: 7 }, []])
    expect(orgOwnerOf(roomOf(BOT, odd, 100))).toBeUndefined();
  expect(orgOwnerOf(roomOf(BOT, { owner: 'company' }, 100))).toBe('company');
});

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
