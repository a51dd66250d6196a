import { EventStatus, RoomEvent, type MatrixClient, type MatrixEvent, type Room } from 'matrix-js-sdk';
import type { ComposeEvent } from './compose-target.ts';
import { authorOf } from './message-words.ts';
import { EVENT } from './names.ts';
import { isServiceUser } from './service-users.ts';

/** A person that can be mentioned. */
export interface Mentionable {
  readonly userId: string;
  readonly name: string;
  readonly avatar: string | undefined;
}

const TEXTS = new Set<unknown>(['m.text', 'm.emote']);

const isOwnText = (client: MatrixClient, event: MatrixEvent): boolean =>
  event.getSender() === client.getUserId() &&
  event.getType() === EVENT.message &&
  (event.status === null || event.status === EventStatus.SENT) &&
  !event.isRedacted() &&
  !event.isRelation('m.replace') &&
  TEXTS.has(event.getContent()['msgtype']);

/** A message for the strip above the composer. */
function composeEvent(client: MatrixClient, event: MatrixEvent): ComposeEvent {
  const sender = event.getSender() ?? '';
  const body: unknown = event.getContent()['body'];
  const room = client.getRoom(event.getRoomId());
  return {
    eventId: event.getId() ?? '',
    sender,
    senderName: room ? authorOf(room, sender).name : sender,
    text: typeof body === 'string' ? body : '',
  };
}

/** Events that the homeserver has and the sync has not brought yet. */
const arrived = (room: Room | null): MatrixEvent[] =>
  room?.getPendingEvents().filter((event) => event.status === EventStatus.SENT) ?? [];

/** The newest own text of a conversation or thread, as far as it is loaded: the arrow up edits it. */
export function lastOwnText(
  client: MatrixClient,
  roomId: string,
  threadId: string | undefined,
): ComposeEvent | undefined {
  const room = client.getRoom(roomId);
  const events =
    threadId === undefined ? room?.getLiveTimeline().getEvents() : room?.getThread(threadId)?.events;
  const found = [...(events ?? []), ...arrived(room)].findLast(
    (event) => isOwnText(client, event) && (event.threadRootId === threadId || event.isThreadRoot),
  );
  return found && composeEvent(client, found);
}

/** The content of an own text as it is now, with what was edited; undefined where there is none. */
export function ownText(
  client: MatrixClient,
  roomId: string,
  eventId: string,
): Readonly<Record<string, unknown>> | undefined {
  const room = client.getRoom(roomId);
  const event = room?.findEventById(eventId) ?? arrived(room).find((each) => each.getId() === eventId);
  return event && isOwnText(client, event) ? event.getContent() : undefined;
}

/** Whether a message is known and deleted; one that is not loaded is not. */
export const isDeleted = (client: MatrixClient, roomId: string, eventId: string): boolean =>
  client.getRoom(roomId)?.findEventById(eventId)?.isRedacted() ?? false;

/** Calls `work` when something in a conversation is deleted; answers what ends it. */
export function watchDeletions(client: MatrixClient, roomId: string, work: () => void): () => void {
  const onDeleted = (_event: MatrixEvent, room: Room): void => {
    if (room.roomId === roomId) work();
  };
  client.on(RoomEvent.Redaction, onDeleted);
  return () => {
    client.off(RoomEvent.Redaction, onDeleted);
  };
}

/** Members of a conversation, those who wrote last first; loads the list when it is not there yet. */
export async function mentionables(client: MatrixClient, roomId: string): Promise<Mentionable[]> {
  const room = client.getRoom(roomId);
  if (!room) return [];
  await room.loadMembersIfNeeded().catch(() => undefined);
  const me = client.getUserId();
  const recent = new Map<string, number>();
  for (const [at, event] of room.getLiveTimeline().getEvents().entries()) {
    const sender = event.getSender();
    if (sender !== undefined) recent.set(sender, at);
  }
  return room
    .getJoinedMembers()
    .filter((member) => member.userId !== me && !isServiceUser(member.userId, room.myUserId))
    .map((member) => ({
      userId: member.userId,
      name: member.rawDisplayName === '' ? member.userId : member.rawDisplayName,
      avatar: member.getMxcAvatarUrl(),
    }))
    .sort(
      (one, other) =>
        (recent.get(other.userId) ?? -1) - (recent.get(one.userId) ?? -1) ||
        one.name.localeCompare(other.name, 'zh'),
    );
}
