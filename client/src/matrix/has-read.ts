import { ReceiptType, type MatrixEvent, type Room, type Thread } from 'matrix-js-sdk';
import { compareEventOrdering } from 'matrix-js-sdk/lib/models/compare-event-ordering';

/** The event somebody has read up to in a room or thread, and when. */
export interface ReadUpTo {
  readonly eventId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * How far somebody has read, as their own client said, or by what they wrote. The SDK takes every event that a person
 * sent for reading; changes of the room in a person's name (brought in, renamed, taken out) are made by the server and
 * by the directory: nobody has looked at anything by them.
 */
export function readUpTo(
  room: Room,
  place: Room | Thread,
  userId: string,
  type: ReceiptType = ReceiptType.Read,
): ReadUpTo | undefined {
  const newest = place.getReadReceiptForUserId(userId, false, type);
  const byChange = newest !== null && room.findEventById(newest.eventId)?.isState() === true;
  // What a client said of a change of the room stands: only what the SDK made up of it does not.
  const receipt = byChange ? place.getReadReceiptForUserId(userId, true, type) : newest;
  return receipt === null ? undefined : { eventId: receipt.eventId, at: receipt.data.ts };
}

const isAfterOrSame = (room: Room, eventId: string, than: string): boolean =>
  eventId === than || (compareEventOrdering(room, eventId, than) ?? -1) >= 0;

/** The newest that somebody wrote, of the events of a room or thread. */
const lastWritten = (events: readonly MatrixEvent[] | undefined, userId: string): MatrixEvent | undefined =>
  events?.findLast((event) => event.getSender() === userId && !event.isState() && event.status === null);

/**
 * When somebody read a message, as far as the loaded events tell; undefined: they have not.
 * @returns milliseconds since 1970, of the receipt or of what they wrote
 */
export function readAt(room: Room, userId: string, eventId: string): number | undefined {
  const event = room.findEventById(eventId);
  if (!event) return undefined;
  const { threadRootId } = event;
  const thread = threadRootId === undefined ? undefined : (room.getThread(threadRootId) ?? undefined);
  const inThread = thread !== undefined && threadRootId !== eventId;
  for (const type of [ReceiptType.Read, ReceiptType.ReadPrivate]) {
    const upTo = readUpTo(room, inThread ? thread : room, userId, type);
    if (upTo && isAfterOrSame(room, upTo.eventId, eventId)) return upTo.at;
    if (!inThread) continue;
    // Clients without threads tell of a whole room at once.
    const ofAll = readUpTo(room, room, userId, type);
    const isUnthreaded = ofAll !== undefined && room.getLastUnthreadedReceiptFor(userId)?.ts === ofAll.at;
    if (isUnthreaded && isAfterOrSame(room, ofAll.eventId, eventId)) return ofAll.at;
  }
  const beside = inThread ? thread.events : room.getLiveTimeline().getEvents();
  const written = lastWritten(beside, userId);
  const id = written?.getId();
  if (written && id !== undefined && isAfterOrSame(room, id, eventId)) return written.getTs();
  // Nobody answers in a thread without its first message before their eyes.
  if (!event.isThreadRoot) return undefined;
  return lastWritten(
    thread?.events.filter((each) => each.getId() !== eventId),
    userId,
  )?.getTs();
}
