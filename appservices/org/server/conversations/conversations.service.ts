import { setTimeout as delay } from 'node:timers/promises';
import { makeErrors, platformErrors, type Actor } from '@qiao/platform';
import type { Transaction } from 'kysely';
import {
  MAX_CONVERSATION_NAME,
  type Conversation,
  type ConversationPerson,
  type StartConversation,
} from '../../contract/conversations.ts';
import { orgErrorTable } from '../../contract/errors.ts';
import { orUnavailable } from '../lifecycle/homeserver.ts';
import { cleanName } from '../names.ts';
import { localpartOf, type Holder } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import type { Visibility } from '../visibility/visibility.service.ts';
import {
  createConversationsRepository,
  type ConversationRow,
  type Sameness,
} from './conversations.repository.ts';
import type { ConversationHomeserver } from './homeserver.ts';
import { conversationRoom, pairKey, type RoomPlan } from './room.ts';

const errors = makeErrors('org', orgErrorTable);

/** A claim older than this was left by a process that ended, milliseconds. */
const CLAIM_MS = 40_000;
/** Who asks for the same at the same moment looks this often whether it is there, milliseconds. */
const LOOK_MS = 100;

type NewRoom = Omit<RoomPlan, 'serviceUser'> & { readonly same: Sameness };

/** Direct chats and groups, made for people by a service user that nobody has to succeed. */
export function createConversations(
  context: OrgContext,
  services: { homeserver: ConversationHomeserver; visibility: Visibility },
) {
  const { acts, clock, random } = context;
  const { homeserver, visibility } = services;
  const db = context.db as OrgDb;
  const { serverName } = context.homeserver;
  const repository = createConversationsRepository(db);
  const { serviceUser } = homeserver;
  const isLocal = (userId: string): boolean => userId.slice(userId.indexOf(':') + 1) === serverName;

  /** What is to become of each person asked for, by the rules of who may contact whom. */
  async function judge(actor: Actor, userIds: readonly string[]): Promise<ConversationPerson[]> {
    const local = userIds.filter(isLocal).map(localpartOf);
    const known = await visibility.contacts(actor, local);
    if (!known) throw platformErrors.not_allowed();
    return userIds.map((user_id): ConversationPerson => {
      if (!isLocal(user_id)) {
        return known.external
          ? { user_id, state: 'external' }
          : { user_id, state: 'refused', reason: 'not_allowed' };
      }
      const row = known.people.get(localpartOf(user_id));
      if (!row) return { user_id, state: 'refused', reason: 'not_found' };
      if (!row.can_contact) return { user_id, state: 'refused', reason: 'not_allowed' };
      if (row.account !== 'created') return { user_id, state: 'refused', reason: 'no_account' };
      return { user_id, state: 'waiting' };
    });
  }

  /** Finds the room of the same request, or makes it; whoever comes second waits for the first. */
  async function obtain(actor: Actor, plan: NewRoom): Promise<{ row: ConversationRow; created: boolean }> {
    const { same, ...room } = plan;
    const began = Date.now();
    for (;;) {
      const now = clock.now();
      const claimed = await repository.claim({
        id: random.uuid(),
        kind: room.kind,
        external: room.external,
        history: room.history,
        requested_by: actor.userId,
        same,
        now,
      });
      if (claimed) return { row: await make(actor, claimed, room), created: true };
      const found = await repository.find(same, actor.userId);
      if (found !== undefined && found.room_id !== null) return { row: found, created: false };
      const stale = found && now.getTime() - found.claimed_at.getTime() > CLAIM_MS;
      if (stale && (await repository.takeOver(found, now))) {
        return { row: await make(actor, found, room), created: true };
      }
      if (Date.now() - began > CLAIM_MS) throw errors.homeserver_unavailable();
      await delay(LOOK_MS);
    }
  }

  /** Makes the room of a claim. Where that fails, the claim is given back: the next request begins anew. */
  async function make(
    actor: Actor,
    row: ConversationRow,
    room: Omit<NewRoom, 'same'>,
  ): Promise<ConversationRow> {
    let roomId: string;
    try {
      roomId = await orUnavailable(homeserver.createRoom(conversationRoom({ ...room, serviceUser })));
    } catch (error) {
      await repository.drop(row.id, null);
      throw error;
    }
    await db.transaction().execute(async (trx) => {
      await repository.made(trx, row.id, roomId);
      const action = room.predecessor !== undefined ? 'renew' : room.external ? 'external' : undefined;
      // Who talks with whom inside is nobody's to read in a log; that somebody let the outside in is.
      if (action === undefined) return;
      await acts.record(trx as unknown as Transaction<never>, {
        actor: actor.userId,
        action: `org.conversation.${action}`,
        subject: `room:${roomId}`,
        scope: 'company',
        details: room.predecessor === undefined ? {} : { predecessor: room.predecessor },
      });
    });
    return { ...row, room_id: roomId };
  }

  /** Brings the requester and the others in. Undefined where the room is gone, or no direct chat any more. */
  async function bringIn(
    actor: Actor,
    row: ConversationRow,
    people: readonly ConversationPerson[],
  ): Promise<ConversationPerson[] | undefined> {
    const local = people.filter((one) => one.state === 'waiting').map((one) => one.user_id);
    const direct = row.kind === 'direct';
    const added = await orUnavailable(
      homeserver.add(row.room_id ?? '', local, {
        requester: actor.userId,
        direct,
        ...(direct ? { only: [actor.userId, ...people.map((one) => one.user_id)] } : {}),
      }),
    );
    if (!added || added.others) return undefined;
    const by = new Map(added.results.map((result) => [result.user_id, result]));
    if (by.get(actor.userId)?.state !== 'joined') throw errors.homeserver_unavailable();
    return people.map((one): ConversationPerson => {
      if (one.state !== 'waiting') return one;
      const result = by.get(one.user_id);
      if (result?.state === 'joined') return { user_id: one.user_id, state: 'joined' };
      if (result?.state === 'invited') return one;
      const reason = result?.errcode === 'M_NOT_FOUND' ? 'no_account' : 'not_allowed';
      return { user_id: one.user_id, state: 'refused', reason };
    });
  }

  async function settle(
    actor: Actor,
    plan: NewRoom,
    people: readonly ConversationPerson[],
  ): Promise<Conversation> {
    // Twice at most: what was there is gone, or a third one is in it; what was just made is neither.
    for (let round = 0; round < 2; round += 1) {
      const { row, created } = await obtain(actor, plan);
      const result = await bringIn(actor, row, people);
      if (result) {
        return {
          room_id: row.room_id ?? '',
          created,
          external: row.external,
          history: row.history,
          people: result,
        };
      }
      if (row.kind === 'direct') await repository.noLongerDirect(row.id);
      else await repository.drop(row.id, row.room_id);
    }
    throw errors.homeserver_unavailable();
  }

  async function direct(actor: Actor, userId: string): Promise<Conversation> {
    if (userId === actor.userId) throw errors.not_yourself();
    const [person] = await judge(actor, [userId]);
    if (person?.reason === 'not_allowed') throw errors.contact_not_allowed();
    if (person?.reason === 'no_account') throw errors.account_not_ready();
    if (!person || person.state === 'refused') throw platformErrors.not_found();
    const external = person.state === 'external';
    return settle(
      actor,
      {
        kind: 'direct',
        external,
        history: external ? 'joined' : 'shared',
        admins: external ? [actor.userId] : [actor.userId, userId],
        same: { pair_key: pairKey(actor.userId, userId) },
      },
      [person],
    );
  }

  async function group(
    actor: Actor,
    wanted: Extract<StartConversation, { kind: 'group' }>,
    requestKey: string | undefined,
  ): Promise<Conversation> {
    const name = cleanName(wanted.name, MAX_CONVERSATION_NAME);
    if (name === undefined) throw errors.name_not_valid();
    const others = [...new Set(wanted.user_ids)].filter((userId) => userId !== actor.userId);
    const people = await judge(actor, others);
    if (people.length > 0 && people.every((one) => one.state === 'refused')) {
      throw errors.contact_not_allowed();
    }
    const external = people.some((one) => one.state === 'external');
    return settle(
      actor,
      {
        kind: 'group',
        name,
        external,
        // Outsiders must not get what was said before them, and clients hand over all there is unasked.
        history: external ? 'joined' : (wanted.history ?? 'shared'),
        admins: [actor.userId],
        same: requestKey === undefined ? {} : { request_key: requestKey },
      },
      people,
    );
  }

  return {
    /**
     * Opens the direct chat of two people or makes a group.
     * @throws DomainError where nobody asked for may be contacted, or the homeserver is away
     */
    async start(holder: Holder, wanted: StartConversation, requestKey?: string): Promise<Conversation> {
      const { actor, held } = holder;
      if (!held.somewhere('org.directory.read')) throw platformErrors.not_allowed();
      return wanted.kind === 'direct' ? direct(actor, wanted.user_id) : group(actor, wanted, requestKey);
    },

    /** Gives a room whose creator is a person a successor without one. @throws DomainError unless the holder made it */
    async renew({ actor, held }: Holder, roomId: string): Promise<Conversation> {
      if (!held.somewhere('org.directory.read')) throw platformErrors.not_allowed();
      const facts = await orUnavailable(homeserver.renewal(roomId, actor.userId));
      if (!facts) throw platformErrors.not_found();
      const others = facts.members.filter((userId) => userId !== actor.userId);
      const invited = others.filter((userId) => facts.invited.includes(userId));
      const judged = new Map(
        invited.length === 0 ? [] : (await judge(actor, invited)).map((person) => [person.user_id, person]),
      );
      // Who is there: the rules of contact were applied when they came, and are not asked again.
      const people = others.map(
        (user_id): ConversationPerson =>
          judged.get(user_id) ?? { user_id, state: isLocal(user_id) ? 'waiting' : 'external' },
      );
      const [partner] = others;
      const isDirect =
        facts.direct &&
        others.length === 1 &&
        partner !== undefined &&
        judged.get(partner)?.state !== 'refused';
      const external = people.some((one) => one.state === 'external');
      const locals = people.filter((one) => one.state === 'waiting').map((one) => one.user_id);
      return settle(
        actor,
        {
          kind: isDirect ? 'direct' : 'group',
          external,
          history: external ? 'joined' : facts.history,
          admins: isDirect ? [actor.userId, ...locals] : [actor.userId],
          levels: facts.levels,
          predecessor: roomId,
          ...(facts.name === null ? {} : { name: facts.name }),
          ...(facts.topic === null ? {} : { topic: facts.topic }),
          ...(facts.avatar_url === null ? {} : { avatarUrl: facts.avatar_url }),
          same: {
            predecessor: roomId,
            ...(isDirect ? { pair_key: pairKey(actor.userId, partner) } : {}),
          },
        },
        people,
      );
    },

    /** Whether each person may write to the other, for the homeserver, which asks before it joins somebody. */
    async allowed(pairs: readonly { from: string; to: string }[]): Promise<boolean[]> {
      const byWriter = new Map<string, Set<string>>();
      for (const { from, to } of pairs) byWriter.set(from, (byWriter.get(from) ?? new Set()).add(to));
      const may = new Set<string>();
      for (const [from, targets] of byWriter) {
        if (!isLocal(from)) continue;
        const local = [...targets].filter(isLocal);
        const known = await visibility.contacts({ userId: from, local: true }, local.map(localpartOf));
        for (const to of local) {
          if (known?.people.get(localpartOf(to))?.can_contact === true) may.add(wayOf(from, to));
        }
      }
      return pairs.map(({ from, to }) => from === serviceUser || may.has(wayOf(from, to)));
    },
  };
}
export type Conversations = ReturnType<typeof createConversations>;

/** From one person to another, in this direction. */
const wayOf = (from: string, to: string): string => `${from}|${to}`;
