import type { Room, RoomMember } from 'matrix-js-sdk';
import { OWN_BOT } from './ask-content.ts';
import { EVENT } from './names.ts';
import { stateOf } from './room-state.ts';
import { asRecord, serverOf } from './safe-text.ts';

/**
 * People of the own server who are in a room or invited to it, without oneself, our bots and our service users. What
 * a room's state calls functional (MSC4171) hides nobody.
 */
export function colleaguesOf(room: Room): RoomMember[] {
  const own = serverOf(room.myUserId);
  return room
    .getMembers()
    .filter(
      ({ userId, membership }) =>
        (membership === 'join' || membership === 'invite') &&
        userId !== room.myUserId &&
        serverOf(userId) === own &&
        !OWN_BOT.test(userId),
    );
}

/** In a larger conversation only invitations are looked at: nobody is joined to it before a first device. */
const MOST_LOOKED_AT = 200;

/** Those of a conversation who may have no device yet. */
export function peopleToLookAt(room: Room): RoomMember[] {
  const people = colleaguesOf(room);
  return people.length <= MOST_LOOKED_AT
    ? people
    : people.filter(({ membership }) => membership === 'invite');
}

/** Whether who comes later may read what is written now. */
export function isHistoryShared(room: Room): boolean {
  const visibility = asRecord(stateOf(room).getStateEvents(EVENT.historyVisibility, '')?.getContent())[
    'history_visibility'
  ];
  return visibility === undefined || visibility === 'shared' || visibility === 'world_readable';
}
