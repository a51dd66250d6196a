import type { MatrixClient } from 'matrix-js-sdk';
import { EVENT } from './names.ts';
import { stateOf } from './room-state.ts';

/** Why nothing can be written into a conversation. */
export type WriteBarrier =
  | { readonly why: 'loading' | 'unknown' | 'left' | 'banned' | 'invited' | 'power' | 'no-encryption' }
  /** The conversation goes on elsewhere. */
  | { readonly why: 'replaced'; readonly successor: string };

/** What stands against writing, or undefined. */
export function writeBarrier(client: MatrixClient, roomId: string): WriteBarrier | undefined {
  const room = client.getRoom(roomId);
  // Before the first sync is read nobody knows.
  if (!room) return { why: client.isInitialSyncComplete() ? 'unknown' : 'loading' };
  switch (room.getMyMembership()) {
    case 'join':
      break;
    case 'ban':
      return { why: 'banned' };
    case 'invite':
    case 'knock':
      return { why: 'invited' };
    default:
      return { why: 'left' };
  }
  const tombstone = stateOf(room).getStateEvents(EVENT.tombstone, '')?.getContent();
  if (tombstone) {
    const successor: unknown = tombstone['replacement_room'];
    return typeof successor === 'string' && successor.startsWith('!')
      ? { why: 'replaced', successor }
      : { why: 'power' };
  }
  if (room.hasEncryptionStateEvent() && !client.getCrypto()) return { why: 'no-encryption' };
  return room.maySendMessage() ? undefined : { why: 'power' };
}

/** Whether a mention of the whole room notifies everybody, by the sender's power. */
export function mayMentionRoom(client: MatrixClient, roomId: string): boolean {
  const room = client.getRoom(roomId);
  const me = client.getUserId();
  return room !== null && me !== null && stateOf(room).mayTriggerNotifOfType('room', me);
}
