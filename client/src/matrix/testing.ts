import {
  createClient,
  EventTimeline,
  EventType,
  MatrixClient,
  MatrixEvent,
  PendingEventOrdering,
  Room,
  type IEvent,
} from 'matrix-js-sdk';
import { quietLogger } from './quiet-logger.ts';
import { Reading } from './reading.ts';
import { stateOf } from './room-state.ts';
import { arrange } from './timeline-items.ts';
import { MessageMaker } from './timeline-messages.ts';
import type { StateItem } from './timeline-types.ts';

export const ROOM = '!room:example.org';
export const ME = '@me:example.org';
/** Events of the room that came with the first sync. */
const LIVE = 20;

export const idOf = (at: number): string => `$${String(at)}`;

/** Event number `at` of a room, as its homeserver tells it. */
export type EventAt = (at: number) => Partial<IEvent>;

/** An ordinary message. */
export const messageAt: EventAt = (at) => ({
  event_id: idOf(at),
  room_id: ROOM,
  sender: '@other:example.org',
  type: EventType.RoomMessage,
  origin_server_ts: at * 1000,
  content: { msgtype: 'm.text', body: String(at) },
});

/**
 * The SDK with a room of so many numbered events whose newest have come by sync; the rest is told by `/messages` and
 * `/context` (a token is the number of the next newer event). No homeserver runs: only the SDK is under test.
 */
export async function numberedRoom(
  count: number,
  eventAt: EventAt = messageAt,
): Promise<{ client: MatrixClient; room: Room }> {
  const answer = (url: URL): unknown => {
    const context = /\/context\/([^/]+)$/.exec(url.pathname);
    if (context) {
      const at = Number(decodeURIComponent(context[1] ?? '').slice(1));
      const around = { events_before: [], events_after: [], state: [] };
      return { event: eventAt(at), start: String(at), end: String(at + 1), ...around };
    }
    if (!url.pathname.endsWith('/messages')) return {};
    const from = Number(url.searchParams.get('from'));
    const limit = Number(url.searchParams.get('limit'));
    if (url.searchParams.get('dir') === 'b') {
      const begin = Math.max(0, from - limit);
      const chunk = Array.from({ length: from - begin }, (_, step) => eventAt(from - 1 - step));
      return { chunk, start: String(from), ...(begin > 0 && { end: String(begin) }) };
    }
    const end = Math.min(count, from + limit);
    const chunk = Array.from({ length: end - from }, (_, step) => eventAt(from + step));
    return { chunk, start: String(from), ...(end < count && { end: String(end) }) };
  };
  const client = createClient({
    baseUrl: 'https://example.org',
    userId: ME,
    accessToken: 'token',
    timelineSupport: true,
    logger: quietLogger,
    fetchFn: (input) =>
      Promise.resolve(Response.json(answer(new URL(input instanceof Request ? input.url : input)))),
  });
  // As after `startClient`, which would begin to sync.
  Object.assign(client, { clientOpts: { threadSupport: true } });
  const room = new Room(ROOM, client, ME, {
    timelineSupport: true,
    pendingEventOrdering: PendingEventOrdering.Detached,
  });
  client.store.storeRoom(room);
  client.store.setSyncToken(String(count));
  const events = Array.from({ length: LIVE }, (_, step) => new MatrixEvent(eventAt(count - LIVE + step)));
  await room.addLiveEvents(events, { addToState: false });
  room.getLiveTimeline().setPaginationToken(String(count - LIVE), EventTimeline.BACKWARDS);
  return { client, room };
}

/** Who reads in a room with one message of `me`, which `readers` of those who joined have read. */
export async function readingOf(given: {
  me: string;
  roomId: string;
  eventId: string;
  joined: readonly string[];
  invited: readonly string[];
  readers: readonly string[];
}): Promise<Reading> {
  const { me, roomId, eventId } = given;
  const client = new MatrixClient({ baseUrl: 'https://x.invalid', userId: me });
  const room = new Room(roomId, client, me);
  Object.assign(room, { loadMembersIfNeeded: () => Promise.resolve(true) });
  Object.assign(client, { getRoom: () => room });
  const member = (membership: string) => (userId: string) =>
    new MatrixEvent({
      event_id: `$${userId}`,
      room_id: roomId,
      sender: userId,
      type: EventType.RoomMember,
      state_key: userId,
      content: { membership },
    });
  stateOf(room).setStateEvents([
    ...[me, ...given.joined].map(member('join')),
    ...given.invited.map(member('invite')),
  ]);
  const message = { event_id: eventId, room_id: roomId, sender: me, type: EventType.RoomMessage };
  await room.addLiveEvents([new MatrixEvent({ ...message, content: { body: '通知' } })], {
    addToState: false,
  });
  const receipts = Object.fromEntries(given.readers.map((userId) => [userId, { ts: 1 }]));
  room.addReceipt(new MatrixEvent({ type: 'm.receipt', content: { [eventId]: { 'm.read': receipts } } }));
  return new Reading(client);
}

/** The groups of changes that `me` sees of these state events, one second apart. */
export function stateGroupsOf(
  me: string,
  events: readonly (readonly [
    sender: string,
    type: string,
    content: object,
    stateKey?: string,
    before?: object,
  ])[],
): StateItem[] {
  const roomId = '!a:x';
  const client = new MatrixClient({ baseUrl: 'https://x.invalid', userId: me });
  const room = new Room(roomId, client, me);
  const made = events.map(
    ([sender, type, content, stateKey = '', before], at) =>
      new MatrixEvent({
        event_id: `$${String(at)}`,
        sender,
        room_id: roomId,
        type,
        state_key: stateKey,
        content: { ...content },
        origin_server_ts: 1_700_000_000_000 + at * 1000,
        unsigned: before === undefined ? {} : { prev_content: { ...before } },
      }),
  );
  const maker = new MessageMaker(client, room, undefined, () => undefined);
  const { entries } = maker.entries(room.getUnfilteredTimelineSet(), made, undefined);
  maker.close();
  return arrange(entries, undefined, (item) => item).filter((item) => item.kind === 'state');
}
