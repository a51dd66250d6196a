import { EventTimeline, type Room, type RoomState } from 'matrix-js-sdk';
import { EVENT } from './names.ts';
import { asList, asRecord } from './safe-text.ts';

/** A room's state as it is now. */
export function stateOf(room: Room): RoomState {
  const state = room.getLiveTimeline().getState(EventTimeline.FORWARDS);
  // Every live timeline has one; only its type does not say so.
  if (!state) throw new Error('a room without state');
  return state;
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
