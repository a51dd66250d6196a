import type { MatrixClient, MatrixEvent, Room } from 'matrix-js-sdk';
import type { Draft } from './drafts.ts';
import { EVENT, TAG } from './names.ts';
import { followsDirectory, orgOwnerOf, stateOf } from './room-state.ts';
import type { Invitation, LastMessage, NotificationLevel, RoomEntry } from './rooms-entry.ts';
import { isListed, previewOf } from './rooms-preview.ts';
import type { ChildEvent, SpaceFacts } from './rooms-spaces.ts';
import { childrenOf } from './rooms-spaces.ts';
import { fitsTwo, isServiceUser } from './service-users.ts';
import { isExternalUser, MAX_PREVIEW, plainLine, plainName, serverOf } from './rooms-text.ts';
import { unreadOf, type RoomUnread } from './unread.ts';

/** Events looked at, from the newest back, for one that shows in the list. */
const LOOK_BACK = 60;
/** Other servers named at a conversation. */
const MAX_SERVERS = 3;
/** People named as writing. */
const MAX_TYPING = 3;

const NOTHING_UNREAD: Pick<RoomUnread, 'unread' | 'mentions' | 'fresh'> = {
  unread: 0,
  mentions: 0,
  fresh: false,
};

/** What is known besides the rooms themselves. */
export interface ReadContext {
  readonly client: MatrixClient;
  readonly me: string;
  /** Own server name. */
  readonly own: string;
  readonly customTypes: ReadonlySet<string>;
  readonly drafts: ReadonlyMap<string, Draft>;
  /** Partner of a direct chat, by room. */
  readonly partners: ReadonlyMap<string, string>;
  readonly levels: ReadonlyMap<string, NotificationLevel>;
  /** Who writes, by room. */
  readonly typing: ReadonlyMap<string, readonly string[]>;
  /** Other servers by room, kept until a membership changes. */
  readonly servers: Map<string, readonly string[]>;
}

const timeOf = (event: MatrixEvent | undefined): number => {
  const ts = event?.getTs();
  // A server elsewhere can say any time: none is later than now.
  return typeof ts === 'number' && Number.isFinite(ts) && ts > 0 ? Math.min(ts, Date.now()) : 0;
};

const listed = (event: MatrixEvent, custom: ReadonlySet<string>): boolean =>
  isListed(event.getType(), event.getWireContent(), custom);

/** The newest message of the main timeline, the threads, and what is still being sent. */
export function lastEventOf(
  room: Room,
  custom: ReadonlySet<string>,
): { event: MatrixEvent; thread: boolean } | undefined {
  const pending = room.getPendingEvents().findLast((event) => listed(event, custom));
  if (pending) return { event: pending, thread: pending.threadRootId !== undefined };
  const events = room.getLiveTimeline().getEvents();
  let newest: MatrixEvent | undefined;
  for (let at = events.length - 1, looked = 0; at >= 0 && looked < LOOK_BACK; at--, looked++) {
    const event = events[at];
    if (event && listed(event, custom)) {
      newest = event;
      break;
    }
  }
  const thread = room.getLastThread();
  const reply = thread?.replyToEvent;
  if (reply && reply.getId() !== thread.id && listed(reply, custom) && timeOf(reply) > timeOf(newest))
    return { event: reply, thread: true };
  return newest && { event: newest, thread: false };
}

function lastMessage(context: ReadContext, room: Room): LastMessage | undefined {
  const found = lastEventOf(room, context.customTypes);
  if (!found) return undefined;
  const { event, thread } = found;
  const sender = event.getSender() ?? '';
  const status = event.status as string | null;
  const redacted = event.isRedacted();
  const preview = previewOf(event.getType(), redacted ? {} : event.getContent(), {
    redacted,
    failed: event.isDecryptionFailure(),
    custom: context.customTypes,
  });
  return {
    eventId: event.getId() ?? '',
    preview,
    sender,
    senderName: plainName(room.getMember(sender)?.rawDisplayName ?? event.sender?.rawDisplayName, sender),
    own: sender === context.me,
    thread,
    sending:
      status === null || status === 'sent'
        ? 'no'
        : status === 'not_sent' || status === 'cancelled'
          ? 'failed'
          : 'sending',
    type: event.getType(),
    content: preview.kind === 'custom' ? event.getContent() : {},
    ts: timeOf(event),
  };
}

/** Servers of the members that are known, other than our own. */
function serversOf(context: ReadContext, room: Room): readonly string[] {
  const known = context.servers.get(room.roomId);
  if (known) return known;
  const servers = new Set<string>();
  const create = stateOf(room).getStateEvents(EVENT.create, '');
  if (create?.getContent()['m.federate'] !== false) {
    for (const member of Object.values(stateOf(room).members)) {
      if (member.membership !== 'join' && member.membership !== 'invite') continue;
      const server = serverOf(member.userId);
      if (server !== undefined && server !== context.own) servers.add(server);
    }
    const partner = context.partners.get(room.roomId);
    if (partner !== undefined && isExternalUser(partner, context.own)) servers.add(serverOf(partner) ?? '');
  }
  const some = [...servers].sort().slice(0, MAX_SERVERS);
  context.servers.set(room.roomId, some);
  return some;
}

function invitationOf(context: ReadContext, room: Room): Invitation | undefined {
  if (room.getMyMembership() !== 'invite') return undefined;
  const event = room.getMember(context.me)?.events.member;
  const inviter = event?.getSender() ?? '';
  return {
    inviter,
    inviterName: plainName(room.getMember(inviter)?.rawDisplayName, inviter),
    external: isExternalUser(inviter, context.own),
    reason: plainLine(event?.getContent()['reason'], MAX_PREVIEW),
    space: room.isSpaceRoom(),
  };
}

/** Who the other one of a direct chat is; an invitation says it of itself. */
export function partnerOf(context: Pick<ReadContext, 'partners' | 'me'>, room: Room): string | undefined {
  const partner = fitsTwo(room) ? context.partners.get(room.roomId) : undefined;
  if (partner !== undefined || room.getMyMembership() !== 'invite') return partner;
  const inviter = room.getDMInviter();
  return typeof inviter === 'string' && !isServiceUser(inviter, context.me) ? inviter : undefined;
}

/** Reads a conversation; costs about as much as the room's newest events. */
export function readRoom(context: ReadContext, room: Room): RoomEntry {
  const { roomId } = room;
  const partner = partnerOf(context, room);
  const invitation = invitationOf(context, room);
  const last = invitation ? undefined : lastMessage(context, room);
  const level = context.levels.get(roomId) ?? 'default';
  const { unread, mentions, fresh } = invitation ? NOTHING_UNREAD : unreadOf(context.client).of(room);
  const events = room.getLiveTimeline().getEvents();
  const avatar =
    room.getMxcAvatarUrl() ??
    (partner === undefined ? undefined : room.getMember(partner)?.getMxcAvatarUrl()) ??
    undefined;
  const marked: unknown = room.getAccountData('m.marked_unread')?.getContent()['unread'];
  return {
    roomId,
    name: plainName(room.name, roomId),
    avatar: avatar === '' ? undefined : avatar,
    partner,
    online: partner !== undefined && context.client.getUser(partner)?.presence === 'online',
    ts: last?.ts ?? timeOf(events.at(-1)),
    last,
    unread,
    mentions,
    markedUnread: marked === true,
    activity: level !== 'default' && unread === 0 && fresh,
    level,
    favourite: TAG.favourite in room.tags,
    lowPriority: TAG.lowPriority in room.tags,
    draft: plainLine(context.drafts.get(roomId)?.text, MAX_PREVIEW) || undefined,
    typing: (context.typing.get(roomId) ?? [])
      .slice(0, MAX_TYPING)
      .map((userId) => plainName(room.getMember(userId)?.rawDisplayName, userId)),
    servers: invitation?.external ? [serverOf(invitation.inviter) ?? ''] : serversOf(context, room),
    encrypted: room.hasEncryptionStateEvent(),
    followsDirectory: followsDirectory(room),
    invitation,
  };
}

/** Reads a space. */
export function readSpace(context: ReadContext, room: Room): SpaceFacts {
  const events = stateOf(room)
    .getStateEvents(EVENT.spaceChild)
    .flatMap((event): ChildEvent[] => {
      const roomId = event.getStateKey();
      return roomId === undefined || roomId === ''
        ? []
        : [{ roomId, content: event.getContent(), ts: event.getTs() }];
    });
  const owner = orgOwnerOf(room);
  return {
    roomId: room.roomId,
    name: plainName(room.name, room.roomId),
    avatar: room.getMxcAvatarUrl() ?? undefined,
    company: owner === 'company',
    department: owner !== undefined,
    children: childrenOf(events),
  };
}
