import { RoomStateEvent, type MatrixClient, type Room } from 'matrix-js-sdk';
import { authorOf } from './message-words.ts';
import { EVENT } from './names.ts';
import { stateOf } from './room-state.ts';
import { RoomViewModel } from './room-listener.ts';
import { cleanName } from './safe-text.ts';
import { isServiceUser } from './service-users.ts';
import type { Author } from './timeline-types.ts';

/** A person of a room, with what one may do about it. */
export interface RoomPerson extends Author {
  readonly invited: boolean;
  readonly role: 'creator' | 'admin' | 'moderator' | 'member';
  readonly mayRemove: boolean;
}

export interface MembersSnapshot {
  readonly state: 'loading' | 'ready';
  readonly people: readonly RoomPerson[];
  /** People of other servers can come in. */
  readonly federates: boolean;
}

/** Power levels as clients use them (50 moderates, 100 administers). */
const MODERATOR = 50;
const ADMIN = 100;
const ORDER = ['creator', 'admin', 'moderator', 'member'] as const;

/** The people of a room. */
export class MembersStore extends RoomViewModel<MembersSnapshot> {
  constructor(client: MatrixClient, roomId: string) {
    super(client, roomId, { state: 'loading', people: [], federates: false });
  }

  protected begin(room: Room): void {
    this.hear(room, RoomStateEvent.Update);
    this.look();
    room
      .loadMembersIfNeeded()
      .catch(() => undefined)
      .finally(() => {
        this.set({ state: 'ready' });
        this.look();
      });
  }

  protected look(): void {
    const { room } = this;
    if (!room) return;
    const me = room.getMember(room.myUserId);
    const mine = me?.powerLevel ?? 0;
    const state = stateOf(room);
    const collator = new Intl.Collator('zh-Hans-u-co-pinyin');
    const people = room
      .getMembers()
      .filter(
        ({ membership, userId }) =>
          (membership === 'join' || membership === 'invite') && !isServiceUser(userId, room.myUserId),
      )
      .map((member): RoomPerson => {
        const level = member.powerLevel;
        return {
          ...authorOf(room, member.userId),
          // Whoever shows it tells namesakes apart by what the directory says.
          name: cleanName(member.rawDisplayName, member.userId),
          invited: member.membership === 'invite',
          role:
            level === Infinity
              ? 'creator'
              : level >= ADMIN
                ? 'admin'
                : level >= MODERATOR
                  ? 'moderator'
                  : 'member',
          mayRemove:
            member.userId !== room.myUserId && level < mine && state.hasSufficientPowerLevelFor('kick', mine),
        };
      })
      .sort(
        (one, other) =>
          ORDER.indexOf(one.role) - ORDER.indexOf(other.role) || collator.compare(one.name, other.name),
      );
    const federates = stateOf(room).getStateEvents(EVENT.create, '')?.getContent()['m.federate'] !== false;
    this.set({ people, federates });
  }

  readonly invite = async (userId: string): Promise<void> => {
    await this.client.invite(this.roomId, userId);
  };

  readonly remove = async (userId: string): Promise<void> => {
    await this.client.kick(this.roomId, userId);
  };
}
