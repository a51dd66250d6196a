import {
  MatrixEventEvent,
  RoomEvent,
  RoomStateEvent,
  type MatrixClient,
  type MatrixEvent,
  type Room,
} from 'matrix-js-sdk';
import { authorOf, previewOf } from './message-words.ts';
import { EVENT } from './names.ts';
import { pinnedIn, stateOf } from './room-state.ts';
import { RoomViewModel } from './room-listener.ts';
import { saneTime } from './timeline-items.ts';
import type { Author, Preview } from './timeline-types.ts';

/** A message in a list: who, when, and one line. */
export interface ListedMessage {
  readonly eventId: string;
  readonly author: Author;
  readonly ts: number;
  readonly preview: Preview;
}

export interface PinnedSnapshot {
  readonly state: 'loading' | 'ready';
  /** Last pinned first. */
  readonly messages: readonly ListedMessage[];
  readonly mayUnpin: boolean;
}

/** Most pinned messages that are loaded. */
const MOST = 50;

/** The pinned messages of a room. */
export class PinnedStore extends RoomViewModel<PinnedSnapshot> {
  readonly #fetched = new Map<string, MatrixEvent | undefined>();

  constructor(client: MatrixClient, roomId: string) {
    super(client, roomId, { state: 'loading', messages: [], mayUnpin: false });
  }

  protected begin(room: Room): void {
    this.hear(room, RoomStateEvent.Update);
    this.hear(room, RoomEvent.Redaction);
    this.hear(this.client, MatrixEventEvent.Decrypted);
    this.hear(this.client, MatrixEventEvent.Replaced);
    this.look();
  }

  protected look(): void {
    void this.#look();
  }

  async #look(): Promise<void> {
    const { room } = this;
    if (!room) return;
    const ids = pinnedIn(room).slice(0, MOST);
    const events = await Promise.all(ids.map((id) => this.#event(room, id)));
    this.set({
      state: 'ready',
      mayUnpin:
        room.getMyMembership() === 'join' && stateOf(room).maySendStateEvent(EVENT.pinned, room.myUserId),
      messages: events.flatMap((event) => {
        const eventId = event?.getId();
        if (!event || eventId === undefined || event.isRedacted()) return [];
        return [
          {
            eventId,
            author: authorOf(room, event.getSender() ?? ''),
            ts: saneTime(event.getTs()),
            preview: previewOf(event),
          },
        ];
      }),
    });
  }

  async #event(room: Room, eventId: string): Promise<MatrixEvent | undefined> {
    const here = room.findEventById(eventId);
    if (here) return here;
    if (this.#fetched.has(eventId)) return this.#fetched.get(eventId);
    try {
      const event = this.client.getEventMapper()(await this.client.fetchRoomEvent(room.roomId, eventId));
      await this.client.decryptEventIfNeeded(event).catch(() => undefined);
      this.#fetched.set(eventId, event);
      return event;
    } catch {
      this.#fetched.set(eventId, undefined);
      return undefined;
    }
  }
}
