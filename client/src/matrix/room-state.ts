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
