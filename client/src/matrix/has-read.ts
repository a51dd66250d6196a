import { ReceiptType, type MatrixEvent, type Room, type Thread } from 'matrix-js-sdk';
import { compareEventOrdering } from 'matrix-js-sdk/lib/models/compare-event-ordering';

/** The event somebody has read up to in a room or thread, and when. */
export interface ReadUpTo {
  readonly eventId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What alone it tells of: `main` or a thread; undefined: of the whole room. */
  readonly threadId: string | undefined;
}

/** Finds an event that is loaded. */
export type Find = (eventId: string) => MatrixEvent | undefined;

/** What somebody's own client said, or what the SDK made of something they sent. */
type Receipt = NonNullable<ReturnType<Room['getReadReceiptForUserId']>>;

/** Whether one is later; of what is not loaded nobody knows where it stands: then the other tells more. */
function isLater(room: Room, one: Receipt, than: Receipt, find: Find): boolean {
  const order = compareEventOrdering(room, one.eventId, than.eventId);
  if (order !== null) return order > 0;
  const isHere = find(one.eventId) !== undefined;
  return isHere === (find(than.eventId) !== undefined) ? one.data.ts > than.data.ts : isHere;
}

/**
 * How far somebody has read, as their own client said, or by what they wrote. The SDK takes every event that a person
 * sent for reading; changes of the room in a person's name (brought in, renamed, taken out) are made by the server and
 * by the directory: nobody has looked at anything by them. It also takes what it made for the later of the two where
 * they are in timelines of their own, as after a gap in the sync.
 */
export function readUpTo(
  room: Room,
  place: Room | Thread,
  userId: string,
  type: ReceiptType = ReceiptType.Read,
  find: Find = (eventId) => room.findEventById(eventId),
): ReadUpTo | undefined {
  const told = place.getReadReceiptForUserId(userId, true, type);
  const newest = place.getReadReceiptForUserId(userId, false, type);
  const made = newest === told ? null : newest;
  // What a client said of a change of the room stands: only what the SDK made up of it does not.
  const counts = made !== null && find(made.eventId)?.isState() !== true;
  const receipt = !counts || (told !== null && isLater(room, told, made, find)) ? told : made;
  if (receipt === null) return undefined;
  const { eventId, data } = receipt;
  return { eventId, at: data.ts, threadId: data.thread_id };
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
