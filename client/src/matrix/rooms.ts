import { ViewModel } from '@qiao/ui-kit';
import {
  ClientEvent,
  EventType,
  MatrixEventEvent,
  RoomEvent,
  RoomStateEvent,
  SyncState,
  UserEvent,
  type MatrixClient,
  type MatrixEvent,
  type Room,
} from 'matrix-js-sdk';
import { modules } from '../modules.ts';
import type { Conversations } from './conversations.ts';
import type { Draft, Drafts } from './drafts.ts';
import { ACCOUNT_DATA, EVENT } from './names.ts';
import { changedKeys, levelsOf, partnersOf } from './rooms-account.ts';
import { RoomActions } from './rooms-actions.ts';
import {
  orderRooms,
  sameEntry,
  totalsOf,
  waits,
  type NotificationLevel,
  type RoomEntry,
  type RoomTotals,
} from './rooms-entry.ts';
import { isReplaced, stateOf } from './room-state.ts';
import { lastEventOf, readRoom, readSpace, type ReadContext } from './rooms-read.ts';
import { spaceTree, type SpaceFacts, type SpaceNode } from './rooms-spaces.ts';
import { serverOf } from './rooms-text.ts';
import { unreadOf } from './unread.ts';

export * from './rooms-entry.ts';
export type { SpaceNode } from './rooms-spaces.ts';

export interface RoomsSnapshot {
  /** False until the stored or the first sync is read; before that some conversations may be known already. */
  readonly ready: boolean;
  /** Conversations and invitations, newest first. */
  readonly rooms: readonly RoomEntry[];
  readonly byId: ReadonlyMap<string, RoomEntry>;
  /** Departments and other spaces, the company's first. */
  readonly spaces: readonly SpaceNode[];
  readonly totals: RoomTotals;
}

/** Rooms above this many members are not asked for all of them only to name their servers. */
const MAX_MEMBERS_LOADED = 300;
/** Members of so many rooms are asked for at once. */
const LOADS_AT_ONCE = 2;

const STATE_SHOWN: ReadonlySet<string> = new Set([
  EVENT.name,
  EVENT.avatar,
  EVENT.create,
  EVENT.encryption,
  EVENT.spaceChild,
  EVENT.tombstone,
]);

/**
 * The conversations of the device, for lists. What the client tells is only noted; once a frame the rooms noted
 * are read anew, so that a sync with many events costs one pass and 2,000 quiet rooms cost nothing.
 */
export class RoomsStore extends ViewModel<RoomsSnapshot> {
  readonly client: MatrixClient;
  readonly actions: RoomActions;
  readonly #entries = new Map<string, RoomEntry>();
  readonly #spaces = new Map<string, SpaceFacts>();
  readonly #noted = new Set<string>();
  readonly #watched = new WeakSet<Room>();
  readonly #typing = new Map<string, readonly string[]>();
  readonly #servers = new Map<string, readonly string[]>();
  readonly #asked = new Set<string>();
  readonly #loads: Room[] = [];
  readonly #custom: ReadonlySet<string>;
  #partners: ReadonlyMap<string, string> = new Map();
  #levels: ReadonlyMap<string, NotificationLevel> = new Map();
  #drafts: ReadonlyMap<string, Draft> = new Map();
  #loading = 0;
  #planned = false;
  #ready = false;

  constructor(client: MatrixClient, conversations: Conversations) {
    super({
      ready: false,
      rooms: [],
      byId: new Map(),
      spaces: [],
      totals: { unread: 0, mentions: 0, invites: 0 },
    });
    this.client = client;
    this.actions = new RoomActions(client, conversations);
    this.#custom = new Set(
      modules.flatMap((module) =>
        (module.client?.tiles ?? []).flatMap((tile) => (tile.preview ? tile.types : [])),
      ),
    );
    this.#listen(client);
  }

  /** Drafts to show; set once, when their store is there. */
  set drafts(source: Drafts) {
    const read = (): void => {
      const before = this.#drafts;
      this.#drafts = source.getSnapshot().byRoom;
      for (const roomId of changedKeys(before, this.#drafts)) this.#note(roomId);
    };
    source.subscribe(read);
    read();
  }

  /** Event types of domains that have a line of their own in the list. */
  get customTypes(): ReadonlySet<string> {
    return this.#custom;
  }

  /** Shows these until the first sync is read. */
  foresee(rooms: readonly RoomEntry[]): void {
    if (this.#ready) return;
    this.set({ rooms: orderRooms(rooms, 'recent'), byId: new Map(rooms.map((room) => [room.roomId, room])) });
  }

  /** The entry of a conversation, as of the last frame. */
  readonly entry = (roomId: string): RoomEntry | undefined => this.#entries.get(roomId);

  /**
   * Tells which conversations are on the screen: their newest message is decrypted, and their members are asked
   * for where somebody of another server could be among them.
   */
  readonly show = (roomIds: readonly string[]): void => {
    for (const roomId of roomIds) {
      const room = this.client.getRoom(roomId);
      if (!room) continue;
      const event = lastEventOf(room, this.#custom)?.event;
      if (event?.shouldAttemptDecryption())
        void this.client.decryptEventIfNeeded(event).catch(() => undefined);
      this.#askForMembers(room);
    }
  };

  /** Everything in all conversations is read; one that fails keeps no other back. @throws MatrixError the first */
  readonly readEverything = async (): Promise<void> => {
    const waiting = [...this.#entries.values()].filter(
      (entry) => entry.invitation === undefined && waits(entry),
    );
    let failed: unknown;
    for (const { roomId } of waiting)
      await this.actions.markRead(roomId).catch((error: unknown) => (failed ??= error));
    if (failed !== undefined) throw failed as Error;
  };

  /** Waits until a conversation is in the list, as after making or joining it. */
  readonly appears = (roomId: string): Promise<void> =>
    new Promise((resolve) => {
      const there = (): boolean => this.client.getRoom(roomId)?.getMyMembership() === 'join';
      if (there()) {
        resolve();
        return;
      }
      const look = (): void => {
        if (!there()) return;
        this.client.off(ClientEvent.Room, look);
        this.client.off(RoomEvent.MyMembership, look);
        resolve();
      };
      this.client.on(ClientEvent.Room, look);
      this.client.on(RoomEvent.MyMembership, look);
    });

  #listen(client: MatrixClient): void {
    const ofEvent = (event: MatrixEvent): void => {
      this.#note(event.getRoomId());
    };
    const ofRoom = (room: Room | undefined): void => {
      this.#note(room?.roomId);
    };
    client.on(ClientEvent.Room, (room) => {
      this.#watch(room);
      ofRoom(room);
    });
    client.on(ClientEvent.DeleteRoom, (roomId) => {
      this.#note(roomId);
    });
    client.on(RoomEvent.Timeline, (_event, room) => {
      ofRoom(room);
    });
    client.on(RoomEvent.TimelineReset, ofRoom);
    client.on(RoomEvent.Name, ofRoom);
    client.on(RoomEvent.MyMembership, (room) => {
      this.#servers.delete(room.roomId);
      ofRoom(room);
    });
    client.on(RoomEvent.Tags, (_event, room) => {
      ofRoom(room);
    });
    client.on(RoomEvent.AccountData, (_event, room) => {
      ofRoom(room);
    });
    client.on(RoomEvent.LocalEchoUpdated, (_event, room) => {
      ofRoom(room);
    });
    client.on(RoomEvent.Redaction, (_event, room) => {
      ofRoom(room);
    });
    unreadOf(client).onRead((roomId) => {
      this.#note(roomId);
    });
    client.on(RoomStateEvent.Events, (event) => {
      if (STATE_SHOWN.has(event.getType())) ofEvent(event);
    });
    client.on(RoomStateEvent.Members, (event) => {
      this.#servers.delete(event.getRoomId() ?? '');
      ofEvent(event);
    });
    client.on(MatrixEventEvent.Decrypted, ofEvent);
    client.on(MatrixEventEvent.Replaced, ofEvent);
    client.on(ClientEvent.Event, (event) => {
      if (event.getType() === 'm.typing') this.#type(event.getContent()['user_ids']);
    });
    client.on(UserEvent.Presence, (_event, user) => {
      for (const [roomId, partner] of this.#partners) if (partner === user.userId) this.#note(roomId);
    });
    client.on(ClientEvent.AccountData, (event) => {
      this.#account(event.getType(), event.getContent());
    });
    client.on(ClientEvent.Sync, (state) => {
      if (this.#ready || (state !== SyncState.Prepared && state !== SyncState.Syncing)) return;
      this.#ready = true;
      this.#account(ACCOUNT_DATA.direct, client.getAccountData(EventType.Direct)?.getContent());
      this.#account(ACCOUNT_DATA.pushRules, client.getAccountData(EventType.PushRules)?.getContent());
      this.#noteAll();
    });
  }

  #account(type: string, content: unknown): void {
    if (type === ACCOUNT_DATA.direct) {
      const before = this.#partners;
      this.#partners = partnersOf(content);
      for (const roomId of changedKeys(before, this.#partners)) {
        this.#servers.delete(roomId);
        this.#note(roomId);
      }
    } else if (type === ACCOUNT_DATA.pushRules) {
      const before = this.#levels;
      this.#levels = levelsOf(content);
      for (const roomId of changedKeys(before, this.#levels)) this.#note(roomId);
    }
  }

  /**
   * Notes who writes. The event names no room, and members of a timeline that was reset tell nothing through the
   * client (js-sdk 43): so the members are asked. @param users who write, in whichever room it is
   */
  #type(users: unknown): void {
    const me = this.client.getUserId();
    const writers = Array.isArray(users)
      ? users.filter((user): user is string => typeof user === 'string' && user !== me)
      : [];
    const rooms = writers.length > 0 ? this.#entries.keys() : this.#typing.keys();
    for (const roomId of new Set([...this.#typing.keys(), ...rooms])) {
      const room = this.client.getRoom(roomId);
      const before = this.#typing.get(roomId) ?? [];
      const asked = new Set<string>([...before, ...writers]);
      const now = [...asked].filter((user) => room?.getMember(user)?.typing === true);
      if (now.join() === before.join()) continue;
      if (now.length > 0) this.#typing.set(roomId, now);
      else this.#typing.delete(roomId);
      this.#note(roomId);
    }
  }

  /** What a room does not tell through the client. */
  #watch(room: Room): void {
    if (this.#watched.has(room)) return;
    this.#watched.add(room);
    room.on(RoomEvent.UnreadNotifications, () => {
      this.#note(room.roomId);
    });
  }

  #askForMembers(room: Room): void {
    const { roomId } = room;
    if (this.#asked.has(roomId) || room.getMyMembership() !== 'join') return;
    this.#asked.add(roomId);
    const federates = stateOf(room).getStateEvents(EVENT.create, '')?.getContent()['m.federate'] !== false;
    if (!federates || room.getJoinedMemberCount() > MAX_MEMBERS_LOADED || room.membersLoaded()) return;
    this.#loads.push(room);
    this.#loadNext();
  }

  #loadNext(): void {
    if (this.#loading >= LOADS_AT_ONCE) return;
    const room = this.#loads.shift();
    if (!room) return;
    this.#loading++;
    room
      .loadMembersIfNeeded()
      .then(
        () => {
          this.#servers.delete(room.roomId);
          this.#note(room.roomId);
        },
        () => {
          // Asked again when it is next shown.
          this.#asked.delete(room.roomId);
        },
      )
      .finally(() => {
        this.#loading--;
        this.#loadNext();
      });
  }

  #noteAll(): void {
    if (!this.#ready) return;
    for (const room of this.client.getRooms()) {
      this.#watch(room);
      this.#note(room.roomId);
    }
    // Also without any room: then that is what there is to say.
    this.#plan();
  }

  #note(roomId: string | undefined): void {
    if (roomId === undefined) return;
    this.#noted.add(roomId);
    this.#plan();
  }

  #plan(): void {
    if (!this.#ready || this.#planned) return;
    this.#planned = true;
    const work = (): void => {
      this.#planned = false;
      this.#read();
    };
    // A hidden page has no frames, but its badge counts on.
    if (document.hidden) setTimeout(work, 100);
    else requestAnimationFrame(work);
  }

  #read(): void {
    const me = this.client.getUserId() ?? '';
    const context: ReadContext = {
      client: this.client,
      me,
      own: serverOf(me) ?? '',
      customTypes: this.#custom,
      drafts: this.#drafts,
      partners: this.#partners,
      levels: this.#levels,
      typing: this.#typing,
      servers: this.#servers,
    };
    let changed = !this.snapshot.ready;
    for (const roomId of this.#noted) changed = this.#readOne(context, roomId) || changed;
    this.#noted.clear();
    if (!changed) return;
    const byId = new Map(this.#entries);
    this.set({
      ready: true,
      rooms: orderRooms([...byId.values()], 'recent'),
      byId,
      spaces: spaceTree(this.#spaces, byId),
      totals: totalsOf(byId.values()),
    });
  }

  /** @returns whether anything of it changed */
  #readOne(context: ReadContext, roomId: string): boolean {
    const room = this.client.getRoom(roomId);
    const membership = room?.getMyMembership();
    const wasSpace = this.#spaces.get(roomId);
    const joined = (id: string): Room | undefined => {
      const other = this.client.getRoom(id);
      return other?.getMyMembership() === 'join' ? other : undefined;
    };
    if (!room || (membership !== 'join' && membership !== 'invite') || isReplaced(room, joined)) {
      return this.#entries.delete(roomId) || this.#spaces.delete(roomId);
    }
    if (membership === 'join' && room.isSpaceRoom()) {
      const space = readSpace(context, room);
      const gone = this.#entries.delete(roomId);
      if (!gone && wasSpace && JSON.stringify(wasSpace) === JSON.stringify(space)) return false;
      this.#spaces.set(roomId, space);
      return true;
    }
    const before = this.#entries.get(roomId);
    const entry = readRoom(context, room);
    if (before && sameEntry(before, entry)) return false;
    this.#entries.set(roomId, entry);
    return true;
  }
}
