import type { MatrixClient } from 'matrix-js-sdk';
import { plainLine, plainName, isExternalUser, serverOf } from './rooms-text.ts';

/** A person as Matrix knows them. */
export interface MatrixPerson {
  readonly userId: string;
  readonly name: string;
  /** `mxc:` address. */
  readonly avatar: string | undefined;
  /** Server name where it is not our own. */
  readonly server: string | undefined;
}

const USER_ID = /^@[^\s:]{1,200}:[^\s/@]{1,200}$/;

/** Whether what was typed is a whole Matrix id. */
export const isUserId = (text: string): boolean => USER_ID.test(text);

/** What Matrix knows of people: whoever is in no directory of ours (partners, guests, plain accounts) is found here. */
export class PeopleStore {
  readonly #client: MatrixClient;

  constructor(client: MatrixClient) {
    this.#client = client;
  }

  /** Whether the account is on another server. */
  readonly isExternal = (userId: string): boolean => isExternalUser(userId, this.#client.getDomain() ?? '');

  /** Name and picture as far as this device knows them; asks nobody. */
  readonly known = (userId: string): MatrixPerson => {
    const user = this.#client.getUser(userId);
    return this.#person(userId, user?.displayName, user?.avatarUrl);
  };

  /** The public profile. @throws MatrixError for accounts that are not there, or not shown to us */
  readonly profile = async (userId: string): Promise<MatrixPerson> => {
    const profile = await this.#client.getProfileInfo(userId);
    return this.#person(userId, profile.displayname, profile.avatar_url);
  };

  /** Ids of the conversations one shares with a person, as far as this device or the homeserver says (MSC2666). */
  readonly sharedRooms = async (userId: string): Promise<string[]> => {
    const rooms = this.#client
      .getRooms()
      .filter((room) => room.getMyMembership() === 'join' && !room.isSpaceRoom());
    const here = rooms
      .filter((room) => room.getMember(userId)?.membership === 'join')
      .map((room) => room.roomId);
    const mine = new Set(rooms.map((room) => room.roomId));
    const there = await this.#client._unstable_getSharedRooms(userId).catch((): string[] => []);
    return [...new Set([...here, ...there.filter((roomId) => mine.has(roomId))])];
  };

  /** Whether one has checked the person's identity; undefined where encryption is not set up. */
  readonly verified = async (userId: string): Promise<boolean | undefined> => {
    const status = await this.#client.getCrypto()?.getUserVerificationStatus(userId);
    return status?.isCrossSigningVerified();
  };

  #person(userId: string, name: unknown, avatar: unknown): MatrixPerson {
    const id = plainLine(userId, 255);
    return {
      userId: id,
      name: plainName(name, id),
      avatar: typeof avatar === 'string' && avatar.startsWith('mxc://') ? avatar : undefined,
      server: this.isExternal(id) ? serverOf(id) : undefined,
    };
  }
}
