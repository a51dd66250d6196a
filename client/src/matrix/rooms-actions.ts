import type { Conversation } from '@qiao/org/contract';
import { EventType, PushRuleKind, type MatrixClient, type Room } from 'matrix-js-sdk';
import type { Conversations } from './conversations.ts';
import { FirstSync } from './first-sync.ts';
import { TAG } from './names.ts';
import { partnersOf, withDirect, withoutDirect } from './rooms-account.ts';
import type { NotificationLevel } from './rooms-entry.ts';
import { replacementOf } from './room-state.ts';
import { serverOf } from './rooms-text.ts';
import { fitsTwo } from './service-users.ts';
import { unreadOf } from './unread.ts';

/** Place of a new favourite among the others: the spec's orders go from 0 to 1. */
const TAG_ORDER = 0.5;

/** What a person does to conversations from the list. Each rejects with the SDK's `MatrixError`. */
export class RoomActions {
  readonly #client: MatrixClient;
  readonly #conversations: Conversations;
  readonly #firstSync: FirstSync;
  /** The group that was asked for last, until it is there. */
  #group: { readonly content: string; readonly key: string } | undefined;

  /** @param client one that has not been started yet */
  constructor(client: MatrixClient, conversations: Conversations) {
    this.#client = client;
    this.#conversations = conversations;
    this.#firstSync = new FirstSync(client);
  }

  async setFavourite(roomId: string, on: boolean): Promise<void> {
    if (!on) {
      await this.#client.deleteRoomTag(roomId, TAG.favourite);
      return;
    }
    await this.#client.setRoomTag(roomId, TAG.favourite, { order: TAG_ORDER });
    if (this.#tags(roomId, TAG.lowPriority)) await this.#client.deleteRoomTag(roomId, TAG.lowPriority);
  }

  async setLowPriority(roomId: string, on: boolean): Promise<void> {
    if (!on) {
      await this.#client.deleteRoomTag(roomId, TAG.lowPriority);
      return;
    }
    await this.#client.setRoomTag(roomId, TAG.lowPriority, { order: TAG_ORDER });
    if (this.#tags(roomId, TAG.favourite)) await this.#client.deleteRoomTag(roomId, TAG.favourite);
  }

  async setMarkedUnread(roomId: string, unread: boolean): Promise<void> {
    await this.#client.setRoomAccountData(roomId, EventType.MarkedUnread, { unread });
  }

  /** Everything in it is read, threads included. */
  async markRead(roomId: string): Promise<void> {
    const room = this.#client.getRoom(roomId);
    if (!room) return;
    await unreadOf(this.#client).readAll(roomId);
    if (room.getAccountData('m.marked_unread')?.getContent()['unread'] === true)
      await this.setMarkedUnread(roomId, false);
  }

  /** Replaces the conversation's push rules by the one of the level. */
  async setLevel(roomId: string, level: NotificationLevel): Promise<void> {
    const client = this.#client;
    const rules = client.pushRules?.global;
    const has = (kind: PushRuleKind.Override | PushRuleKind.RoomSpecific): boolean =>
      rules?.[kind]?.some((rule) => rule.rule_id === roomId) === true;
    const remove = async (kind: PushRuleKind.Override | PushRuleKind.RoomSpecific): Promise<void> => {
      if (has(kind)) await client.deletePushRule('global', kind, roomId);
    };
    if (level === 'mute') {
      await client.addPushRule('global', PushRuleKind.Override, roomId, {
        // The SDK's type knows no plain condition of a room.
        conditions: [{ kind: 'event_match', key: 'room_id', pattern: roomId }] as never,
        actions: [],
      });
      await remove(PushRuleKind.RoomSpecific);
      return;
    }
    if (level === 'default') await remove(PushRuleKind.RoomSpecific);
    else
      await client.addPushRule('global', PushRuleKind.RoomSpecific, roomId, {
        actions: level === 'all' ? (['notify', { set_tweak: 'sound', value: 'default' }] as never) : [],
      });
    await remove(PushRuleKind.Override);
  }

  /** Leaves a conversation, or declines an invitation, and forgets it. */
  async leave(roomId: string): Promise<void> {
    await this.#client.leave(roomId);
    if (partnersOf(this.#direct()).has(roomId))
      await this.#changeDirect((direct) => withoutDirect(direct, roomId));
    await this.#client.forget(roomId).catch(() => undefined);
  }

  /** Accepts an invitation; one to a direct chat is noted as such. */
  async join(roomId: string): Promise<void> {
    const room = this.#client.getRoom(roomId);
    const inviter = room?.getDMInviter();
    const sender = room?.getMember(this.#client.getUserId() ?? '')?.events.member?.getSender();
    const via = sender === undefined ? undefined : serverOf(sender);
    await this.#client.joinRoom(roomId, via === undefined ? {} : { viaServers: [via] });
    if (typeof inviter === 'string')
      await this.#changeDirect((direct) => withDirect(direct, inviter, roomId));
  }

  /**
   * The direct chat with a person, if there is one that both are in, and nobody else: what is labelled so by this or
   * another client is not believed against the members.
   */
  findDirect(userId: string): string | undefined {
    for (const [roomId, partner] of partnersOf(this.#direct())) {
      if (partner !== userId) continue;
      const room = this.#client.getRoom(roomId);
      if (room?.getMyMembership() !== 'join' || !fitsTwo(room) || replacementOf(room) !== undefined) continue;
      const other = room.getMember(userId)?.membership;
      if (other === 'join' || other === 'invite' || other === undefined) return roomId;
    }
    return undefined;
  }

  /**
   * The direct chat with a person; made if there is none. Encrypted. Whether there is one nobody can say before the
   * first sync is read: then it is waited for.
   * @param signal ends the waiting; what is being made is made
   * @returns its id
   * @throws ApiError `kit.not_read` when the first sync takes too long; what the server says against it
   */
  async openDirect(userId: string, signal?: AbortSignal): Promise<string> {
    const stored = this.findDirect(userId);
    if (stored !== undefined) return stored;
    await this.#firstSync.wait(signal);
    const known = this.findDirect(userId);
    if (known !== undefined) return known;
    const made = await this.#conversations.start({ kind: 'direct', user_id: userId });
    const [failed] = await this.#inviteOutsiders(made);
    // A chat with nobody is none.
    if (failed) throw failed.error;
    return made.room_id;
  }

  /**
   * Makes a group of people. Encrypted; everybody in it may invite, moderators change it. Asked again after a failure
   * it is the same group.
   * @returns its id, and whom the server or an invitation left out
   * @throws ApiError with what the server says against it
   */
  async createGroup(
    name: string,
    userIds: readonly string[],
  ): Promise<{ readonly roomId: string; readonly leftOut: readonly string[] }> {
    const content = JSON.stringify([name, userIds]);
    if (this.#group?.content !== content) this.#group = { content, key: crypto.randomUUID() };
    const made = await this.#conversations.start(
      { kind: 'group', name, user_ids: [...userIds] },
      this.#group.key,
    );
    const refused = made.people.filter(({ state }) => state === 'refused').map(({ user_id }) => user_id);
    const failed = await this.#inviteOutsiders(made);
    const leftOut = [...refused, ...failed.map(({ userId }) => userId)];
    this.#group = undefined;
    return { roomId: made.room_id, leftOut };
  }

  /**
   * Gives an old room, of which this person is the creator for good, a successor, and closes it. Everybody in it is
   * in the successor at once; pressed again after a failure it goes on. @returns the successor's id
   * @throws ApiError, MatrixError
   */
  async renew(roomId: string): Promise<string> {
    const made = await this.#conversations.renew(roomId);
    const [failed] = await this.#inviteOutsiders(made);
    // Closed, the old one would be lost to them.
    if (failed) throw failed.error;
    await this.#client.sendStateEvent(roomId, EventType.RoomTombstone, {
      body: '',
      replacement_room: made.room_id,
    });
    return made.room_id;
  }

  /**
   * People of other servers are invited by who asked for them: our server cannot bring them in. One whose server does
   * not answer keeps nobody else out. @returns those it did not work for, and why
   */
  async #inviteOutsiders({
    room_id: roomId,
    people,
  }: Conversation): Promise<{ userId: string; error: unknown }[]> {
    const failed: { userId: string; error: unknown }[] = [];
    for (const { user_id: userId, state } of people) {
      if (state !== 'external') continue;
      const there = this.#client.getRoom(roomId)?.getMember(userId)?.membership;
      if (there === 'join' || there === 'invite') continue;
      await this.#client.invite(roomId, userId).catch((error: unknown) => failed.push({ userId, error }));
    }
    return failed;
  }

  #tags(roomId: string, tag: string): boolean {
    const room: Room | null = this.#client.getRoom(roomId);
    return room !== null && tag in room.tags;
  }

  #direct(): unknown {
    return this.#client.getAccountData(EventType.Direct)?.getContent();
  }

  /** What other devices have put there meanwhile stays: it is read before. */
  async #changeDirect(change: (direct: unknown) => Record<string, unknown>): Promise<void> {
    await this.#firstSync.wait();
    await this.#client.setAccountData(EventType.Direct, change(this.#direct()) as Record<string, string[]>);
  }
}
