import type { PushedEvent } from '@qiao/platform';
import type { ManagedRoom, ProvisionRepository } from './provision.repository.ts';

/** Most memberships awaited at once; beyond it the oldest are forgotten, which costs a query each. */
const MAX_EXPECTED = 50_000;
/** State that only the bot sets; anybody else's change is drift. */
const OURS = new Set([
  'm.room.name',
  'm.room.topic',
  'm.room.join_rules',
  'm.room.power_levels',
  'm.room.history_visibility',
  'm.room.guest_access',
  'm.room.encryption',
  'm.space.child',
  'm.space.parent',
]);

/**
 * Watches what happens in our rooms. Echoes of our own acts cost nothing; an act of somebody else is compared with the
 * directory, and `drifted` hears of the room when it does not fit.
 */
export interface Watch {
  expect(roomId: string, userId: string, membership: 'join' | 'leave'): void;
  /** The set of rooms changed. */
  forget(): void;
  take(event: PushedEvent): Promise<void>;
}

export function createWatch(options: {
  repository: ProvisionRepository;
  botId: string;
  serverName: string;
  drifted: (roomId: string) => Promise<void>;
}): Watch {
  const { repository, botId, serverName } = options;
  const expected = new Set<string>();
  let rooms: Promise<ReadonlyMap<string, ManagedRoom>> | undefined;
  const managed = async (roomId: string): Promise<ManagedRoom | undefined> => {
    rooms ??= repository.managedRooms().then(
      (list) => new Map(list.map((room) => [room.room_id, room])),
      (error: unknown) => {
        rooms = undefined;
        throw error;
      },
    );
    return (await rooms).get(roomId);
  };

  const membership = async (event: PushedEvent, userId: string): Promise<void> => {
    const now = event.content['membership'];
    const joined = now === 'join';
    if (expected.delete(`${event.room_id}|${userId}|${joined ? 'join' : 'leave'}`)) return;
    // The bot's own acts (invitations, removals) are the provisioner's, whichever process it ran in.
    if (event.sender === botId && userId !== botId) return;
    const room = await managed(event.room_id);
    if (room === undefined) return;
    if (userId === botId) {
      if (!joined) await options.drifted(room.room_id);
      return;
    }
    if (room.state === 'converted') {
      // A group of its own: who comes and goes is its business, the record follows.
      await record(room.room_id, userId, joined);
      return;
    }
    const wanted = (await repository.wantedIn([room.room_id])).has(`${room.room_id}|${userId}`);
    if (wanted === joined) await record(room.room_id, userId, joined);
    else await options.drifted(room.room_id);
  };

  const record = async (roomId: string, userId: string, joined: boolean): Promise<void> => {
    const localpart = userId.slice(1, -1 - serverName.length);
    const personId = (await repository.peopleByLocalpart([localpart])).get(localpart);
    if (personId === undefined) return;
    const member = [{ room_id: roomId, person_id: personId }];
    if (joined) await repository.addMembers(member);
    else await repository.removeMembers(member);
  };

  return {
    expect(roomId, userId, kind) {
      if (expected.size >= MAX_EXPECTED) {
        const [oldest] = expected;
        if (oldest !== undefined) expected.delete(oldest);
      }
      expected.add(`${roomId}|${userId}|${kind}`);
    },
    forget() {
      rooms = undefined;
    },
    async take(event) {
      if (event.state_key === undefined) return;
      if (event.type === 'm.room.member') await membership(event, event.state_key);
      else if (OURS.has(event.type) && event.sender !== botId) {
        const room = await managed(event.room_id);
        if (room?.state === 'active') await options.drifted(room.room_id);
      }
    },
  };
}
