import { CREATION_MARK, ORG_PREFIX } from '@qiao/org/contract/names';
import { EventTimeline, RoomState, type Room } from 'matrix-js-sdk';
import { EVENT } from './names.ts';
import { asList, asRecord, serverOf } from './safe-text.ts';

/** A room's state as it is now; empty for a room whose timeline has none yet. */
export const stateOf = (room: Room): RoomState =>
  room.getLiveTimeline().getState(EventTimeline.FORWARDS) ?? new RoomState(room.roomId);

/** Who made a room, as its create event says. */
export const creatorOf = (room: Room): string =>
  stateOf(room).getStateEvents(EVENT.create, '')?.getSender() ?? '';

/** For which department, or "company", the organisation of our own server made a room; undefined for all others. */
export function orgOwnerOf(room: Room): string | undefined {
  const creator = creatorOf(room);
  // The namespace is its alone: nobody else can make a room that says so.
  if (!creator.startsWith(`@${ORG_PREFIX}`) || serverOf(creator) !== serverOf(room.myUserId))
    return undefined;
  const mark = asRecord(stateOf(room).getStateEvents(EVENT.create, '')?.getContent()[CREATION_MARK]);
  return typeof mark['owner'] === 'string' ? mark['owner'] : undefined;
}

/** Level of state and membership in rooms that follow the directory; only the organisation's bot has it. */
const DIRECTORY_LEVEL = 100;

/**
 * Whether the directory decides who is in a room: whoever leaves it is brought back. Not of a group that was a
 * department's: in that, people invite each other.
 */
export function followsDirectory(room: Room): boolean {
  const power = asRecord(stateOf(room).getStateEvents(EVENT.powerLevels, '')?.getContent());
  return orgOwnerOf(room) !== undefined && Number(power['invite'] ?? 0) >= DIRECTORY_LEVEL;
}

/** Ids of the pinned messages, each once, last pinned first. */
export function pinnedIn(room: Room): string[] {
  const content = asRecord(stateOf(room).getStateEvents(EVENT.pinned, '')?.getContent());
  return [...new Set(asList(content['pinned']).filter((id): id is string => typeof id === 'string'))];
}

/** The room that goes on in this one's place, as its tombstone says. */
export function replacementOf(room: Room): string | undefined {
  const successor: unknown = asRecord(stateOf(room).getStateEvents(EVENT.tombstone, '')?.getContent())[
    'replacement_room'
  ];
  return typeof successor === 'string' && successor.startsWith('!') ? successor : undefined;
}

/**
 * Whether another room is shown in a room's place: one has joined the one that goes on. Of rooms that name each
 * other in a circle all are shown, else none of them would be.
 * @param roomOf the room of an id, where one has joined it
 */
export function isReplaced(room: Room, roomOf: (roomId: string) => Room | undefined): boolean {
  const first = replacementOf(room);
  if (first === undefined || !roomOf(first)) return false;
  const seen = new Set<string>();
  for (let next: string | undefined = first; next !== undefined && !seen.has(next);) {
    if (next === room.roomId) return false;
    seen.add(next);
    const after = roomOf(next);
    next = after && replacementOf(after);
  }
  return true;
}

/** What somebody who is added reads: everything said so far, or what comes afterwards. */
export function historyOf(room: Room): 'shared' | 'joined' {
  const content = asRecord(stateOf(room).getStateEvents(EVENT.historyVisibility, '')?.getContent());
  const visibility = content['history_visibility'];
  return visibility === 'joined' || visibility === 'invited' ? 'joined' : 'shared';
}

/** First room version in which a creator can never be demoted or succeeded (MSC4289). */
const CREATORS_FOR_GOOD = 12;

/** Whether the reader, a person, is above everybody in it for good: then it can be given a successor. */
export function isRenewable(room: Room): boolean {
  const create = stateOf(room).getStateEvents(EVENT.create, '');
  const content = asRecord(create?.getContent());
  return (
    room.getMyMembership() === 'join' &&
    create?.getSender() === room.myUserId &&
    content['type'] === undefined &&
    Number(content['room_version'] ?? 1) >= CREATORS_FOR_GOOD &&
    replacementOf(room) === undefined
  );
}
