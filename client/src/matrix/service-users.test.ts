import { createClient, MatrixEvent, Room } from 'matrix-js-sdk';
import { expect, test } from 'vitest';
import { quietLogger } from './quiet-logger.ts';
import { allPeople, fitsTwo, isServiceUser, joinedPeople } from './service-users.ts';

const ME = '@me:example.org';
const LI = '@li:example.org';
const MAKER = '@_qiao_org_rooms:example.org';
const client = createClient({ baseUrl: 'https://example.org', userId: ME, logger: quietLogger });

const roomOf = (creator: string, members: Record<string, string>): Room => {
  const room = new Room('!room', client, ME);
  const state = (type: string, state_key: string, sender: string, content: object): MatrixEvent =>
    new MatrixEvent({ type, state_key, sender, room_id: '!room', content: { ...content } });
  room
    .getLiveTimeline()
    .initialiseState([
      state('m.room.create', '', creator, { room_version: '12' }),
      ...Object.entries(members).map(([userId, membership]) =>
        state('m.room.member', userId, userId, { membership }),
      ),
    ]);
  return room;
};

test('only the service user of our own server is none of the people', () => {
  expect(isServiceUser(MAKER, ME)).toBe(true);
  expect(isServiceUser('@_qiao_org_rooms:elsewhere.example', ME)).toBe(false);
  expect(isServiceUser('@_qiao_org_bot:example.org', ME)).toBe(false);
});

test('it is not counted in the rooms it made, and others are', () => {
  const made = roomOf(MAKER, { [MAKER]: 'join', [ME]: 'join', [LI]: 'invite' });
  expect([joinedPeople(made), allPeople(made), fitsTwo(made)]).toEqual([1, 2, true]);
  const third = roomOf(MAKER, { [MAKER]: 'join', [ME]: 'join', [LI]: 'join', '@x:example.org': 'join' });
  expect([joinedPeople(third), fitsTwo(third)]).toEqual([3, false]);
  // Somebody's room: all that are in it are people.
  const own = roomOf(ME, { [ME]: 'join', [LI]: 'join', '@x:example.org': 'join' });
  expect([joinedPeople(own), fitsTwo(own)]).toEqual([3, false]);
});
