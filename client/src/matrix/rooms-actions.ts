import { EventType, Preset, PushRuleKind, ReceiptType, type MatrixClient, type Room } from 'matrix-js-sdk';
import { FirstSync } from './first-sync.ts';
import { EVENT, TAG } from './names.ts';
import { partnersOf, withDirect, withoutDirect } from './rooms-account.ts';
import type { NotificationLevel } from './rooms-entry.ts';
import { isExternalUser, serverOf } from './rooms-text.ts';

/** Place of a new favourite among the others: the spec's orders go from 0 to 1. */
const TAG_ORDER = 0.5;
const MEGOLM = 'm.megolm.v1.aes-sha2';

/** What a person does to conversations from the list. Each rejects with the SDK's `MatrixError`. */
export class RoomActions {
  readonly #client: MatrixClient;
  readonly #firstSync: FirstSync;

  /** @param client one that has not been started yet */
  constructor(client: MatrixClient) {
    this.#client = client;
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
    const event = room.getLastLiveEvent();
    // Without a thread the receipt holds for the main timeline and all threads (MSC3771).
    if (event) await this.#client.sendReadReceipt(event, ReceiptType.Read, true);
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

  /** The direct chat with a person, if there is one that both are in. */
  findDirect(userId: string): string | undefined {
    for (const [roomId, partner] of partnersOf(this.#direct())) {
      if (partner !== userId) continue;
      const room = this.#client.getRoom(roomId);
      if (room?.getMyMembership() !== 'join') continue;
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
   * @throws ApiError `kit.not_read` when the first sync takes too long
   */
  async openDirect(userId: string, signal?: AbortSignal): Promise<string> {
    const stored = this.findDirect(userId);
    if (stored !== undefined) return stored;
    await this.#firstSync.wait(signal);
    const known = this.findDirect(userId);
    if (known !== undefined) return known;
    const { room_id: roomId } = await this.#client.createRoom({
      preset: Preset.TrustedPrivateChat,
      is_direct: true,
      invite: [userId],
      initial_state: this.#initialState(),
      ...this.#bounds([userId]),
    });
    await this.#changeDirect((direct) => withDirect(direct, userId, roomId));
    return roomId;
  }

  /** Makes a group of people. Encrypted; everybody in it may invite, moderators change it. @returns its id */
  async createGroup(name: string, userIds: readonly string[]): Promise<string> {
    const { room_id: roomId } = await this.#client.createRoom({
      preset: Preset.PrivateChat,
      name,
      invite: [...userIds],
      initial_state: this.#initialState(),
      power_level_content_override: {
        invite: 0,
        kick: 50,
        ban: 50,
        redact: 50,
        state_default: 50,
        events: {
          [EVENT.name]: 50,
          [EVENT.topic]: 50,
          [EVENT.avatar]: 50,
          [EVENT.pinned]: 50,
          [EVENT.powerLevels]: 100,
          [EVENT.encryption]: 100,
          [EVENT.historyVisibility]: 100,
          [EVENT.joinRules]: 100,
          [EVENT.tombstone]: 100,
          'm.call.member': 0,
          'org.matrix.msc3401.call.member': 0,
        },
      },
      ...this.#bounds(userIds),
    });
    return roomId;
  }

  #initialState(): { type: string; state_key: string; content: Record<string, unknown> }[] {
    return [
      { type: EVENT.encryption, state_key: '', content: { algorithm: MEGOLM } },
      { type: 'm.room.guest_access', state_key: '', content: { guest_access: 'forbidden' } },
    ];
  }

  /** A conversation of our own people never federates (EXT-5). */
  #bounds(userIds: readonly string[]): { creation_content?: object } {
    const own = this.#client.getDomain() ?? '';
    return userIds.some((userId) => isExternalUser(userId, own))
      ? {}
      : { creation_content: { 'm.federate': false } };
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
