import type { MatrixClient } from 'matrix-js-sdk';
import { isServiceUser } from './service-users.ts';

/** Whether a membership (`m.room.member`) is that of a member. */
export const isJoined = (membership: string): boolean => membership === 'join';

/** A conversation that can be opened. */
export interface KnownRoom {
  readonly roomId: string;
  readonly name: string;
  readonly encrypted: boolean;
  /** Latest event, milliseconds since 1970. */
  readonly active: number;
}

/** Somebody who is in a conversation with us. */
export interface KnownPerson {
  readonly userId: string;
  readonly name: string;
}

/** Names of conversations and people for search results; asks no server. */
export class SearchPlaces {
  readonly #client: MatrixClient;

  constructor(client: MatrixClient) {
    this.#client = client;
  }

  roomName(roomId: string): string {
    return this.#client.getRoom(roomId)?.name ?? roomId;
  }

  personName(roomId: string, userId: string): string {
    const member = this.#client.getRoom(roomId)?.getMember(userId);
    return member?.rawDisplayName ?? this.#client.getUser(userId)?.displayName ?? userId;
  }

  /** Conversations one is in, without spaces, the latest first. */
  rooms(): KnownRoom[] {
    return this.#client
      .getVisibleRooms()
      .filter((room) => isJoined(room.getMyMembership()) && !room.isSpaceRoom())
      .map((room) => ({
        roomId: room.roomId,
        name: room.name,
        encrypted: room.hasEncryptionStateEvent(),
        active: room.getLastActiveTimestamp(),
      }))
      .sort((one, other) => other.active - one.active);
  }

  /** People of these conversations, or of all, as far as the device knows them; each once. */
  people(roomIds?: readonly string[]): KnownPerson[] {
    const found = new Map<string, string>();
    const chosen = roomIds?.map((roomId) => this.#client.getRoom(roomId)) ?? this.#client.getVisibleRooms();
    for (const room of chosen) {
      for (const member of room?.getJoinedMembers() ?? []) {
        if (!found.has(member.userId) && !isServiceUser(member.userId, this.#client.getSafeUserId()))
          found.set(member.userId, member.rawDisplayName);
      }
    }
    return [...found]
      .map(([userId, name]) => ({ userId, name }))
      .sort((one, other) => one.name.localeCompare(other.name, 'zh-Hans'));
  }
}
