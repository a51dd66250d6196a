import {
  MatrixEventEvent,
  PushRuleActionName,
  PushRuleKind,
  RoomEvent,
  RoomStateEvent,
  ThreadEvent,
  ClientEvent,
  type MatrixClient,
  type Room,
} from 'matrix-js-sdk';
import { ACCOUNT_DATA, EVENT } from './names.ts';
import { followsDirectory, historyOf, isRenewable, pinnedIn, stateOf } from './room-state.ts';
import { RoomViewModel } from './room-listener.ts';
import { partnersOf } from './rooms-account.ts';
import { partnerOf } from './rooms-read.ts';
import { allPeople, joinedPeople } from './service-users.ts';
import { asRecord, cleanName, serverOf } from './safe-text.ts';
import { unreadOf } from './unread.ts';

/** When a room notifies. */
export type NotifyLevel = 'all' | 'mentions' | 'none';

export interface RoomInfo {
  readonly known: boolean;
  readonly name: string;
  readonly topic: string;
  readonly avatar: string | undefined;
  readonly encrypted: boolean;
  /** Somebody of another homeserver is in it, or may come. */
  readonly external: boolean;
  /** Of two people. */
  readonly direct: boolean;
  /** The other one of them. */
  readonly partner: string | undefined;
  readonly members: number;
  /** People who are invited and not there yet. */
  readonly waiting: number;
  /** Made by this person, who stands above all in it for good: it can be given a successor. */
  readonly renewable: boolean;
  /** A department's: the directory decides who is in it. */
  readonly followsDirectory: boolean;
  /** What somebody reads who is added now: everything, or what comes. */
  readonly history: 'shared' | 'joined';
  readonly joined: boolean;
  readonly pinned: readonly string[];
  readonly notify: NotifyLevel;
  readonly rights: {
    readonly name: boolean;
    readonly topic: boolean;
    readonly invite: boolean;
    readonly pin: boolean;
    readonly send: boolean;
  };
  /** Unread replies in threads, and those among them that mention the person. */
  readonly threads: { readonly unread: number; readonly mentions: number };
}

const EMPTY: RoomInfo = {
  known: false,
  name: '',
  topic: '',
  avatar: undefined,
  encrypted: false,
  external: false,
  direct: false,
  partner: undefined,
  members: 0,
  waiting: 0,
  renewable: false,
  followsDirectory: false,
  history: 'shared',
  joined: false,
  pinned: [],
  notify: 'all',
  rights: { name: false, topic: false, invite: false, pin: false, send: false },
  threads: { unread: 0, mentions: 0 },
};

/** A room's name, topic, settings, and what the person may change. */
export class RoomInfoStore extends RoomViewModel<RoomInfo> {
  constructor(client: MatrixClient, roomId: string) {
    super(client, roomId, EMPTY);
    if (this.room) this.look();
  }

  protected begin(room: Room): void {
    this.look();
    for (const name of [
      RoomEvent.Name,
      RoomEvent.MyMembership,
      RoomEvent.Summary,
      RoomEvent.UnreadNotifications,
      ThreadEvent.New,
      ThreadEvent.Update,
      ThreadEvent.NewReply,
    ]) {
      this.hear(room, name);
    }
    this.hear(this.client, MatrixEventEvent.Decrypted);
    this.own(
      unreadOf(this.client).onRead((roomId) => {
        if (roomId === this.roomId) this.later();
      }),
    );
    this.hear(room, RoomStateEvent.Update);
    this.hear(this.client, ClientEvent.AccountData);
  }

  protected look(): void {
    const { room } = this;
    if (!room) return;
    const me = room.myUserId;
    const state = stateOf(room);
    const joined = room.getMyMembership() === 'join';
    const may = (type: string): boolean => joined && state.maySendStateEvent(type, me);
    const own = serverOf(me);
    const direct = this.client.getAccountData(ACCOUNT_DATA.direct as never)?.getContent();
    const partner = partnerOf({ partners: partnersOf(direct), me }, room);
    const people = room
      .getMembers()
      .filter((member) => member.membership === 'join' || member.membership === 'invite');
    this.set({
      known: true,
      name: cleanName(room.name, this.roomId),
      topic: cleanName(asRecord(state.getStateEvents(EVENT.topic, '')?.getContent())['topic'], ''),
      avatar: room.getMxcAvatarUrl() ?? room.getAvatarFallbackMember()?.getMxcAvatarUrl() ?? undefined,
      encrypted: room.hasEncryptionStateEvent(),
      external: people.some((member) => serverOf(member.userId) !== own),
      direct: partner !== undefined,
      partner,
      members: joinedPeople(room),
      waiting: allPeople(room) - joinedPeople(room),
      renewable: isRenewable(room),
      followsDirectory: followsDirectory(room),
      history: historyOf(room),
      joined,
      pinned: pinnedIn(room),
      notify: this.#level(),
      rights: {
        name: may(EVENT.name),
        topic: may(EVENT.topic),
        invite: joined && room.canInvite(me),
        pin: may(EVENT.pinned),
        send: joined && room.maySendMessage(),
      },
      threads: this.#threads(room),
    });
  }

  #threads(room: Room): RoomInfo['threads'] {
    const { unread, mentions, main } = unreadOf(this.client).of(room);
    const now = { unread: unread - main.unread, mentions: mentions - main.mentions };
    const { threads: before } = this.snapshot;
    return before.unread === now.unread && before.mentions === now.mentions ? before : now;
  }

  #level(): NotifyLevel {
    const rules = this.client.pushRules?.global;
    const off = (rules?.override ?? []).some(
      (rule) =>
        rule.rule_id === this.roomId && rule.enabled && !rule.actions.includes(PushRuleActionName.Notify),
    );
    if (off) return 'none';
    const room = (rules?.room ?? []).find((rule) => rule.rule_id === this.roomId && rule.enabled);
    return room && !room.actions.includes(PushRuleActionName.Notify) ? 'mentions' : 'all';
  }

  readonly setNotify = async (level: NotifyLevel): Promise<void> => {
    const { client, roomId } = this;
    const rules = client.pushRules?.global;
    const isSet = (kind: 'override' | 'room'): boolean =>
      (rules?.[kind] ?? []).some((rule) => rule.rule_id === roomId);
    if (level === 'none') {
      await client.addPushRule('global', PushRuleKind.Override, roomId, {
        conditions: [{ kind: 'event_match' as never, key: 'room_id', pattern: roomId }],
        actions: [],
      });
    } else if (isSet('override')) {
      await client.deletePushRule('global', PushRuleKind.Override, roomId);
    }
    if (level === 'mentions') {
      await client.addPushRule('global', PushRuleKind.RoomSpecific, roomId, { actions: [] });
    } else if (isSet('room')) {
      await client.deletePushRule('global', PushRuleKind.RoomSpecific, roomId);
    }
    this.set({ notify: level });
  };

  readonly setName = async (name: string): Promise<void> => {
    await this.client.setRoomName(this.roomId, name);
  };

  readonly setTopic = async (topic: string): Promise<void> => {
    await this.client.setRoomTopic(this.roomId, topic);
  };

  readonly leave = async (): Promise<void> => {
    await this.client.leave(this.roomId);
  };

  readonly join = async (): Promise<void> => {
    await this.client.joinRoom(this.roomId);
  };
}
