import type { Room, RoomMember } from 'matrix-js-sdk';
import { OWN_BOT } from './ask-content.ts';
import { EVENT } from './names.ts';
import { stateOf } from './room-state.ts';
import { asList, asRecord, serverOf } from './safe-text.ts';

/** Accounts of services in a room (MSC4171): they are nobody. */
export function servicesOf(room: Room): ReadonlySet<string> {
  const content = asRecord(stateOf(room).getStateEvents(EVENT.functionalMembers, '')?.getContent());
  return new Set(asList(content['service_members']).filter((id): id is string => typeof id === 'string'));
}

/** People of the own server who are in a room or invited to it, without oneself and without services. */
export function colleaguesOf(room: Room): RoomMember[] {
  const services = servicesOf(room);
  const own = serverOf(room.myUserId);
  return room
    .getMembers()
    .filter(
      ({ userId, membership }) =>
        (membership === 'join' || membership === 'invite') &&
        userId !== room.myUserId &&
        serverOf(userId) === own &&
        !services.has(userId) &&
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
