import { ViewModel } from '@qiao/ui-kit';
import {
  ClientEvent,
  Direction,
  MatrixEventEvent,
  PollEvent,
  RoomEvent,
  RoomMemberEvent,
  RoomStateEvent,
  ThreadEvent,
  type TimelineWindow,
  type EventStatus,
  type EventTimelineSet,
  type MatrixClient,
  type MatrixEvent,
  type Room,
  type RoomMember,
} from 'matrix-js-sdk';
import { authorOf, isShown } from './message-words.ts';
import { ACCOUNT_DATA, RELATION } from './names.ts';
import { asRecord } from './safe-text.ts';
import { ReadReceipts } from './read-receipts.ts';
import { boundTimeline } from './timeline-bounds.ts';
import { arrange, ItemCache } from './timeline-items.ts';
import { MessageMaker } from './timeline-messages.ts';
import { rowFrom } from './timeline-rows.ts';
import type { Edge, TimelineSnapshot } from './timeline-types.ts';
import { ENOUGH, openWindow, PAGE, pageWindow } from './timeline-window.ts';
import { unreadOf } from './unread.ts';

/** Changes within this time are drawn together, milliseconds. */
const GATHER_MS = 30;

interface Emitter {
  on(event: string, listener: (...given: never[]) => void): unknown;
  off(event: string, listener: (...given: never[]) => void): unknown;
}

/**
 * The timeline of a conversation, or of one thread: a window over the SDK's timelines that moves in both
 * directions, as items for a view. Its memory is bounded by the window.
 */
export class TimelineStore extends ViewModel<TimelineSnapshot> {
  readonly roomId: string;
  readonly threadId: string | undefined;
  readonly #client: MatrixClient;
  readonly #receipts: ReadReceipts;
  readonly #cache = new ItemCache();
  #room: Room | undefined;
  #set: EventTimelineSet | undefined;
  #window: TimelineWindow | undefined;
  #closeWindow: () => void = () => undefined;
  #bounding = false;
  #maker: MessageMaker | undefined;
  #readUpTo: string | undefined;
  #atBottom = true;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #loads = 0;
  readonly #paging = new Map<Direction, Promise<void>>();
  #failed = new Set<Direction>();
  #unseen = new Set<string>();
  #opened = false;

  constructor(client: MatrixClient, roomId: string, threadId?: string) {
    super({
      state: 'loading',
      items: [],
      older: 'more',
      newer: 'end',
      unseen: 0,
      focus: undefined,
      typing: [],
      firstUnread: undefined,
      pages: 0,
      sent: 0,
    });
    this.#client = client;
    this.roomId = roomId;
    this.threadId = threadId;
    this.#receipts = new ReadReceipts(client, roomId, threadId);
  }

  protected override onMount(): void {
    void this.#open();
    this.own(() => {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#opened = false;
      this.#loads++;
      this.#receipts.stop();
      this.#maker?.close();
      this.#maker = undefined;
      this.#closeWindow();
      this.#window = undefined;
      this.#unseen.clear();
    });
  }

  /** Shows the newest messages. */
  readonly toNewest = (): Promise<void> => this.#load(undefined);

  /** Shows the messages around one, and that one marked. */
  readonly jumpTo = async (eventId: string): Promise<void> => {
    if (this.snapshot.items.some((item) => item.kind === 'message' && item.eventId === eventId)) {
      this.set({ focus: { eventId, highlight: true } });
      return;
    }
    await this.#load(eventId);
  };

  /** Shows the messages from a moment on; answers false when there are none after it. */
  readonly jumpToDate = async (ts: number): Promise<boolean> => {
    const found =
      (await this.#client.timestampToEvent(this.roomId, ts, Direction.Forward).catch(() => undefined)) ??
      (await this.#client.timestampToEvent(this.roomId, ts, Direction.Backward).catch(() => undefined));
    if (!found) return false;
    await this.#load(await rowFrom(this.#client, this.roomId, found.event_id), false);
    return this.snapshot.state === 'ready';
  };

  /** The view has gone where it was told. */
  readonly focused = (): void => {
    if (this.snapshot.focus) this.set({ focus: undefined });
  };

  readonly older = (): void => void this.#page(Direction.Backward);
  readonly newer = (): void => void this.#page(Direction.Forward);

  /** The view tells whether its lower end is in sight. */
  readonly setAtBottom = (atBottom: boolean): void => {
    this.#atBottom = atBottom;
    if (atBottom && this.snapshot.newer === 'end' && this.#unseen.size > 0) {
      this.#unseen.clear();
      this.set({ unseen: 0 });
    }
    this.#markRead();
  };

  /** Puts the marker of the unread away. */
  readonly forgetMarker = (): void => {
    this.#readUpTo = undefined;
    this.#later();
  };

  readonly again = (): void => void this.#load(undefined);

  async #open(): Promise<void> {
    if (this.#opened) return;
    this.#opened = true;
    const room = this.#client.getRoom(this.roomId);
    if (!room) {
      this.#missing();
      const onRoom = (added: Room): void => {
        if (added.roomId !== this.roomId) return;
        this.#client.off(ClientEvent.Room, onRoom);
        this.#opened = false;
        this.set({ state: 'loading' });
        void this.#open();
      };
      this.#client.on(ClientEvent.Room, onRoom);
      this.own(() => this.#client.off(ClientEvent.Room, onRoom));
      return;
    }
    this.#room = room;
    this.#maker = new MessageMaker(this.#client, room, this.threadId, this.#later);
    this.#listen(room);
    if (this.#readUpTo === undefined && this.threadId === undefined) {
      const fully = asRecord(room.getAccountData(ACCOUNT_DATA.fullyRead)?.getContent())['event_id'];
      const read = typeof fully === 'string' ? fully : (room.getEventReadUpTo(room.myUserId) ?? undefined);
      const newest = room.getLiveTimeline().getEvents().at(-1)?.getId();
      this.#readUpTo = read === newest ? undefined : read;
    }
    void room.loadMembersIfNeeded().then(this.#later, () => undefined);
    // Somebody may have asked for a place before the view was there.
    await this.#load(this.#wish);
  }

  /** Of a conversation that is not known nobody can say that it is not there before the first sync is read. */
  #missing(): void {
    if (this.#client.isInitialSyncComplete()) {
      this.set({ state: 'missing' });
      return;
    }
    const onSync = (): void => {
      if (!this.#client.isInitialSyncComplete()) return;
      this.#client.off(ClientEvent.Sync, onSync);
      if (!this.#room) this.set({ state: 'missing' });
    };
    this.#client.on(ClientEvent.Sync, onSync);
    this.own(() => this.#client.off(ClientEvent.Sync, onSync));
  }

  #wish: string | undefined;

  /** Where to open, said before the view is mounted. */
  openAt(eventId: string): void {
    this.#wish = eventId;
  }

  async #timelineSet(room: Room): Promise<EventTimelineSet> {
    if (this.threadId === undefined) return room.getUnfilteredTimelineSet();
    let thread = room.getThread(this.threadId);
    if (!thread) {
      let root = room.findEventById(this.threadId);
      if (!root) {
        root = this.#client.getEventMapper()(await this.#client.fetchRoomEvent(this.roomId, this.threadId));
        await this.#client.decryptEventIfNeeded(root).catch(() => undefined);
      }
      thread = room.getThread(this.threadId) ?? room.createThread(this.threadId, root, [root], true);
    }
    return thread.timelineSet;
  }

  async #load(eventId: string | undefined, highlight = true): Promise<void> {
    const room = this.#room;
    if (!room) {
      this.#wish = eventId;
      return;
    }
    const load = ++this.#loads;
    const before = this.#window;
    try {
      const set = await this.#timelineSet(room);
      if (load !== this.#loads) return;
      if (this.#set !== set) this.#listenToSet(set);
      this.#set = set;
      const { window: made, close } = openWindow(this.#client, set);
      try {
        await made.load(eventId, eventId === undefined ? ENOUGH : PAGE);
      } catch (error) {
        close();
        throw error;
      }
      if (load !== this.#loads) {
        close();
        return;
      }
      this.#closeWindow();
      this.#closeWindow = close;
      this.#window = made;
      this.#failed.clear();
      this.#paging.clear();
      if (eventId === undefined) {
        this.#unseen.clear();
        this.#atBottom = true;
      }
      this.#build();
      if (this.snapshot.items.length < ENOUGH) await this.#page(Direction.Backward);
      if (load !== this.#loads) return;
      this.#build({
        state: 'ready',
        unseen: this.#unseen.size,
        focus: eventId === undefined ? undefined : { eventId, highlight },
      });
      this.#markRead();
    } catch {
      if (load !== this.#loads) return;
      // What is shown stays when only a jump failed.
      this.set({ state: before ? 'ready' : 'failed' });
      if (eventId !== undefined) {
        if (before) throw new Error('the message cannot be had');
        this.#wish = undefined;
        await this.#load(undefined);
      }
    }
  }

  #page(direction: Direction): Promise<void> {
    const known = this.#paging.get(direction);
    if (known) return known;
    const work = this.#pageNow(direction).finally(() => {
      if (this.#paging.get(direction) === work) this.#paging.delete(direction);
      this.#build({ pages: this.snapshot.pages + 1 });
      void this.#bound();
    });
    this.#paging.set(direction, work);
    return work;
  }

  /** Lets go of what is far from the window; what fails is tried again after the next page. */
  async #bound(): Promise<void> {
    const [room, set, window] = [this.#room, this.#set, this.#window];
    if (!room || !set || !window || this.threadId !== undefined || this.#bounding) return;
    this.#bounding = true;
    const isFree = (direction: Direction): boolean => this.#window === window && !this.#paging.has(direction);
    await boundTimeline(this.#client, room, set, window, isFree).catch(() => false);
    this.#bounding = false;
  }

  async #pageNow(direction: Direction): Promise<void> {
    const [set, window] = [this.#set, this.#window];
    if (!set || !window?.canPaginate(direction)) return;
    this.#failed.delete(direction);
    try {
      await pageWindow(this.#client, set, window, direction, {
        isCurrent: () => this.#window === window,
        draw: () => {
          const before = this.snapshot.items;
          this.#build();
          return this.snapshot.items !== before;
        },
        onRequest: () => {
          this.set(direction === Direction.Backward ? { older: 'loading' } : { newer: 'loading' });
        },
      });
    } catch {
      this.#failed.add(direction);
    }
  }

  readonly #later = (): void => {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#build();
    }, GATHER_MS);
  };

  /** What the person sends is not gathered: it is seen with the next frame. */
  readonly #atOnce = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#build();
  };

  readonly #onEcho = (event: MatrixEvent, _room: Room, _id?: string, before?: EventStatus | null): void => {
    this.#atOnce();
    // Once, when it appears; changes and reactions stay where what they are about is.
    const appears = before === undefined && event.threadRootId === this.threadId;
    if (!appears || !isShown(event) || event.isRelation(RELATION.replace)) return;
    const tell = (): void => {
      this.set({ sent: this.snapshot.sent + 1 });
    };
    if (this.snapshot.newer === 'end') tell();
    else void this.#load(undefined).then(tell);
  };

  #edge(direction: Direction): Edge {
    if (this.#failed.has(direction)) return 'failed';
    if (!this.#window?.canPaginate(direction)) return 'end';
    return this.#paging.has(direction) ? 'loading' : 'more';
  }

  #build(more: Partial<TimelineSnapshot> = {}): void {
    const room = this.#room;
    const set = this.#set;
    const window = this.#window;
    if (!room || !set || !window || !this.#maker) return;
    // What was waiting to be drawn is drawn now.
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const newer = this.#edge(Direction.Forward);
    const pending =
      newer === 'end'
        ? room
            .getPendingEvents()
            .filter((event) => event.threadRootId === this.threadId && String(event.status) !== 'cancelled')
        : [];
    const events = [...new Set<MatrixEvent>([...window.getEvents(), ...pending])];
    const { entries, markAfter } = this.#maker.entries(set, events, this.#readUpTo);
    const items = arrange(entries, markAfter, this.#cache.keep);
    this.#cache.turn();
    const before = this.snapshot.items;
    const same = before.length === items.length && before.every((item, index) => item === items[index]);
    this.set({
      ...(same ? {} : { items }),
      older: this.#edge(Direction.Backward),
      newer,
      firstUnread: this.#readUpTo,
      ...more,
    });
  }

  #markRead(): void {
    const window = this.#window;
    if (!window || !this.#atBottom || this.snapshot.state !== 'ready' || this.snapshot.newer !== 'end')
      return;
    const newest = window.getEvents().at(-1);
    if (newest) this.#receipts.reach(newest);
  }

  #onTimeline = (
    event: MatrixEvent,
    _room: Room | undefined,
    toStart: boolean | undefined,
    removed: boolean,
    data: { liveEvent?: boolean },
  ): void => {
    const window = this.#window;
    // Redactions take nothing out; what is taken out is beyond the window.
    if (!window || (removed && this.#bounding)) return;
    if (!removed && toStart !== true && data.liveEvent === true) {
      const own = event.getSender() === this.#room?.myUserId;
      if ((this.#atBottom || own) && this.snapshot.newer === 'end') window.extend(Direction.Forward, PAGE);
      if (!own && !event.isState() && isShown(event) && !this.#watching()) {
        this.#unseen.add(event.getId() ?? '');
        this.set({ unseen: this.#unseen.size });
      }
    }
    this.#later();
    // The receipt goes when the message is on the screen.
    setTimeout(() => {
      this.#markRead();
    }, GATHER_MS * 2);
  };

  #watching(): boolean {
    return this.#atBottom && document.hasFocus();
  }

  readonly #onReset = (): void => {
    // After a gap in the sync: the old timeline is still linked; at the newest end the new one is shown.
    if (this.snapshot.newer === 'end') void this.#load(undefined);
  };

  #listenToSet(set: EventTimelineSet): void {
    this.#hear(set, RoomEvent.Timeline, this.#onTimeline);
    this.#hear(set, RoomEvent.TimelineReset, this.#onReset);
  }

  #hear(emitter: unknown, event: string, listener: (...given: never[]) => void): void {
    const heard = emitter as Emitter;
    heard.on(event, listener);
    this.own(() => heard.off(event, listener));
  }

  #listen(room: Room): void {
    const ofRoom = (event: MatrixEvent): void => {
      if (event.getRoomId() === this.roomId) this.#later();
    };
    this.#hear(room, RoomEvent.LocalEchoUpdated, this.#onEcho);
    for (const name of [
      RoomEvent.Redaction,
      RoomEvent.RedactionCancelled,
      RoomEvent.Receipt,
      RoomEvent.UnreadNotifications,
      RoomEvent.MyMembership,
      ThreadEvent.New,
      ThreadEvent.Update,
      ThreadEvent.NewReply,
      ThreadEvent.Delete,
      PollEvent.New,
    ]) {
      this.#hear(room, name, this.#later);
    }
    this.#hear(room, RoomStateEvent.Update, this.#later);
    this.#hear(this.#client, MatrixEventEvent.Decrypted, ofRoom);
    this.#hear(this.#client, MatrixEventEvent.Replaced, ofRoom);
    this.#hear(this.#client, RoomMemberEvent.Typing, (_event: MatrixEvent, member: RoomMember) => {
      if (member.roomId !== this.roomId || this.threadId !== undefined) return;
      const typing = room
        .getMembers()
        .filter((each) => each.typing && each.userId !== room.myUserId)
        .map((each) => authorOf(room, each.userId).name);
      this.set({ typing });
    });
    this.own(
      unreadOf(this.#client).onRead((roomId) => {
        if (roomId === this.roomId) this.#later();
      }),
    );
    const onFocus = (): void => {
      this.#markRead();
    };
    window.addEventListener('focus', onFocus);
    this.own(() => {
      window.removeEventListener('focus', onFocus);
    });
    this.own(() => {
      this.#set = undefined;
    });
  }
}
