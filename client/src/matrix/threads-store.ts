import { MatrixEventEvent, RoomEvent, ThreadEvent, type MatrixClient, type Room } from 'matrix-js-sdk';
import { authorOf, previewOf } from './message-words.ts';
import type { ListedMessage } from './pinned-store.ts';
import { RoomViewModel } from './room-listener.ts';
import { saneTime } from './timeline-items.ts';
import { unreadOf } from './unread.ts';

/** A thread in the list of threads. */
export interface ListedThread extends ListedMessage {
  readonly count: number;
  readonly unread: number;
  readonly mentions: number;
  readonly last: ListedMessage | undefined;
}

export interface ThreadsSnapshot {
  readonly state: 'loading' | 'ready' | 'failed';
  /** The one with the newest reply first. */
  readonly threads: readonly ListedThread[];
}

/** The threads of a room. */
export class ThreadsStore extends RoomViewModel<ThreadsSnapshot> {
  constructor(client: MatrixClient, roomId: string) {
    super(client, roomId, { state: 'loading', threads: [] });
  }

  protected begin(room: Room): void {
    for (const name of [
      ThreadEvent.New,
      ThreadEvent.Update,
      ThreadEvent.NewReply,
      ThreadEvent.Delete,
      RoomEvent.UnreadNotifications,
    ]) {
      this.hear(room, name);
    }
    this.hear(this.client, MatrixEventEvent.Decrypted);
    this.own(
      unreadOf(this.client).onRead((roomId) => {
        if (roomId === this.roomId) this.later();
      }),
    );
    this.look();
    void this.load();
  }

  readonly load = async (): Promise<void> => {
    const { room } = this;
    if (!room) return;
    try {
      await room.createThreadsTimelineSets();
      await room.fetchRoomThreads();
      this.set({ state: 'ready' });
    } catch {
      this.set({ state: this.snapshot.threads.length > 0 ? 'ready' : 'failed' });
    }
    this.look();
  };

  protected look(): void {
    const { room } = this;
    if (!room) return;
    const threads = room.getThreads().flatMap((thread): ListedThread[] => {
      const root = thread.rootEvent;
      if (!root || thread.length === 0) return [];
      const last = thread.replyToEvent;
      const listed = (event: typeof root): ListedMessage => ({
        eventId: event.getId() ?? '',
        author: authorOf(room, event.getSender() ?? ''),
        ts: saneTime(event.getTs()),
        preview: previewOf(event),
      });
      return [
        {
          ...listed(root),
          eventId: thread.id,
          count: thread.length,
          ...unreadOf(this.client).ofThread(room, thread.id),
          last: last && last.getId() !== thread.id ? listed(last) : undefined,
        },
      ];
    });
    threads.sort((one, other) => (other.last?.ts ?? other.ts) - (one.last?.ts ?? one.ts));
    this.set({ threads });
  }
}
