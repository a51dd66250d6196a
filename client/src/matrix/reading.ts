import {
  ClientEvent,
  MatrixEventEvent,
  RoomEvent,
  RoomStateEvent,
  type MatrixClient,
  type MatrixEvent,
  type Room,
  type RoomMember,
} from 'matrix-js-sdk';
import { readAt } from './has-read.ts';
import { isWholeInPreview, previewOf } from './message-words.ts';
import { EVENT, RELATION } from './names.ts';
import { cleanName } from './safe-text.ts';
import type { Preview } from './timeline-types.ts';

/** Somebody in a room, and whether a message of it was read. */
export interface Reader {
  readonly userId: string;
  readonly name: string;
  /** When the receipt was given, milliseconds since 1970; undefined: not read. */
  readonly readAt: number | undefined;
}

/** Somebody answered a message: by a reply or a reaction that everybody in the room can see. */
export interface Answered {
  readonly roomId: string;
  /** The message that was answered. */
  readonly eventId: string;
  readonly by: string;
  readonly how: 'reply' | 'reaction';
  /** Whether the answered message is the person's own, as far as it is loaded. */
  readonly mine: boolean;
}

/** People of a room, as many as are listed. */
export interface Readers {
  readonly people: readonly Reader[];
  /** Invited and not joined yet: they have read nothing. */
  readonly invited: readonly Reader[];
  /** How many more are in the room. */
  readonly unlisted: number;
}

/** Most people named for one message. */
const MAX_READERS = 1000;
/** Bots' localparts begin like this. */
const BOT = '@_';

const targetOf = (event: MatrixEvent): { eventId: string; how: Answered['how'] } | undefined => {
  // Relations stand outside of what is encrypted.
  const relates: unknown = event.getWireContent()['m.relates_to'];
  if (typeof relates !== 'object' || relates === null) return undefined;
  const { rel_type, event_id, 'm.in_reply_to': reply } = relates as Record<string, unknown>;
  if (event.getType() === EVENT.reaction)
    return rel_type === RELATION.annotation && typeof event_id === 'string'
      ? { eventId: event_id, how: 'reaction' }
      : undefined;
  const replied =
    typeof reply === 'object' && reply !== null ? (reply as Record<string, unknown>)['event_id'] : undefined;
  if (typeof replied === 'string') return { eventId: replied, how: 'reply' };
  return rel_type === RELATION.thread && typeof event_id === 'string'
    ? { eventId: event_id, how: 'reply' }
    : undefined;
};

/** Who has read and answered what, of the running session. */
export class Reading {
  readonly #client: MatrixClient;

  constructor(client: MatrixClient) {
    this.#client = client;
  }

  /**
   * People of the room but the reader, those who read the message first, and who is invited to it; bots are left out.
   * Without a message nobody has read it.
   */
  async readers(roomId: string, eventId?: string): Promise<Readers> {
    const room = this.#client.getRoom(roomId);
    if (!room) return { people: [], invited: [], unlisted: 0 };
    await room.loadMembersIfNeeded().catch(() => undefined);
    const me = this.#client.getSafeUserId();
    const others = (membership: 'join' | 'invite'): RoomMember[] =>
      room
        .getMembersWithMembership(membership)
        .filter(({ userId }) => userId !== me && !userId.startsWith(BOT));
    const asReader = ({ userId, rawDisplayName }: RoomMember, at?: number): Reader => ({
      userId,
      // Whoever shows it tells namesakes apart by what the directory says.
      name: cleanName(rawDisplayName, userId),
      readAt: at,
    });
    const joined = others('join');
    const people = joined
      .slice(0, MAX_READERS)
      .map((member) =>
        asReader(member, eventId === undefined ? undefined : readAt(room, member.userId, eventId)),
      )
      .sort(
        (one, other) =>
          (one.readAt ?? Infinity) - (other.readAt ?? Infinity) || one.name.localeCompare(other.name),
      );
    const invited = others('invite')
      .slice(0, MAX_READERS - people.length)
      .map((member) => asReader(member))
      .sort((one, other) => one.name.localeCompare(other.name));
    const unlisted = joined.length - people.length + (others('invite').length - invited.length);
    return { people, invited, unlisted };
  }

  /** Whether this person has read the message, as far as their devices told. */
  hasRead(roomId: string, eventId: string): boolean {
    const room = this.#client.getRoom(roomId);
    return room !== null && readAt(room, this.#client.getSafeUserId(), eventId) !== undefined;
  }

  /**
   * What a message says, for lists of messages of many conversations; fetched where it is not loaded.
   * @returns undefined where it cannot be had; `whole`: the preview is all that it says
   */
  async glance(
    roomId: string,
    eventId: string,
  ): Promise<{ readonly room: string; readonly preview: Preview; readonly whole: boolean } | undefined> {
    const room = this.#client.getRoom(roomId);
    if (!room) return undefined;
    const event = room.findEventById(eventId) ?? (await this.#fetch(roomId, eventId));
    if (!event) return undefined;
    await this.#client.decryptEventIfNeeded(event).catch(() => undefined);
    return {
      room: cleanName(room.name, roomId),
      preview: previewOf(event),
      whole: isWholeInPreview(event),
    };
  }

  async #fetch(roomId: string, eventId: string): Promise<MatrixEvent | undefined> {
    try {
      return this.#client.getEventMapper()(await this.#client.fetchRoomEvent(roomId, eventId));
    } catch {
      return undefined;
    }
  }

  /** Calls back when people come to a room or go; answers how to end it. */
  onMembers(roomId: string, work: () => void): () => void {
    const heard = (event: MatrixEvent): void => {
      if (event.getRoomId() === roomId) work();
    };
    this.#client.on(RoomStateEvent.Members, heard);
    return () => this.#client.off(RoomStateEvent.Members, heard);
  }

  /** Calls back with each new receipt of the room, or of any; answers how to end it. */
  onReceipts(roomId: string | undefined, work: () => void): () => void {
    const heard = (_event: MatrixEvent, room: Room): void => {
      if (roomId === undefined || room.roomId === roomId) work();
    };
    this.#client.on(RoomEvent.Receipt, heard);
    return () => this.#client.off(RoomEvent.Receipt, heard);
  }

  /** Calls back when a message could be decrypted; answers how to end it. */
  onReadable(work: (eventId: string) => void): () => void {
    const heard = (event: MatrixEvent): void => {
      const eventId = event.getId();
      if (eventId !== undefined && !event.isDecryptionFailure()) work(eventId);
    };
    this.#client.on(MatrixEventEvent.Decrypted, heard);
    return () => this.#client.off(MatrixEventEvent.Decrypted, heard);
  }

  /** Calls back when the server says, without content, that something changed. */
  onSignal(type: string, sender: string, work: () => void): () => void {
    const heard = ({ message }: { message: { type: string; sender: string } }): void => {
      if (message.type === type && message.sender === sender) work();
    };
    this.#client.on(ClientEvent.ReceivedToDeviceMessage, heard);
    return () => this.#client.off(ClientEvent.ReceivedToDeviceMessage, heard);
  }

  /** Calls back for each new reply and reaction, of one's own too; not for what the history brings. */
  onAnswer(work: (answered: Answered) => void): () => void {
    const me = this.#client.getSafeUserId();
    const heard = (
      event: MatrixEvent,
      room: Room | undefined,
      toStart: boolean | undefined,
      removed: boolean,
    ): void => {
      const by = event.getSender();
      // The timeline lets go of what is far from what is looked at.
      if (removed || toStart === true || room === undefined || by === undefined || event.status !== null)
        return;
      const target = targetOf(event);
      if (target === undefined) return;
      const mine = room.findEventById(target.eventId)?.getSender() === me;
      work({ roomId: room.roomId, by, mine, ...target });
    };
    this.#client.on(RoomEvent.Timeline, heard);
    return () => this.#client.off(RoomEvent.Timeline, heard);
  }
}
