import type { MatrixClient } from 'matrix-js-sdk';
import { EVENT, RELATION } from './names.ts';
import { LinkPreviews } from './link-previews.ts';
import { MembersStore } from './members-store.ts';
import { PinnedStore } from './pinned-store.ts';
import { RoomInfoStore } from './room-info-store.ts';
import { pinnedIn } from './room-state.ts';
import type { Sender } from './sender.ts';
import { ThreadsStore } from './threads-store.ts';
import { TimelineStore } from './timeline-store.ts';

/** An open conversation's timeline keeps at most so many events in memory when it is left. */
const KEPT_EVENTS = 1500;

/** The timelines of conversations and threads that are open, and what can be done with their messages. */
export class Timelines {
  readonly client: MatrixClient;
  /** The send queue, set by the session: what waits in it is retried and given up there. */
  sender: Pick<Sender, 'has' | 'retry' | 'remove'> | undefined;
  readonly previews: LinkPreviews;

  constructor(client: MatrixClient) {
    this.client = client;
    this.previews = new LinkPreviews(client);
  }

  timeline(roomId: string, threadId?: string): TimelineStore {
    return new TimelineStore(this.client, roomId, threadId);
  }

  info(roomId: string): RoomInfoStore {
    return new RoomInfoStore(this.client, roomId);
  }

  members(roomId: string): MembersStore {
    return new MembersStore(this.client, roomId);
  }

  pinned(roomId: string): PinnedStore {
    return new PinnedStore(this.client, roomId);
  }

  threads(roomId: string): ThreadsStore {
    return new ThreadsStore(this.client, roomId);
  }

  /** Lets go of what was scrolled through, when nobody looks at the conversation any more. */
  trim(roomId: string): void {
    const room = this.client.getRoom(roomId);
    const set = room?.getUnfilteredTimelineSet();
    const held = set?.getTimelines().reduce((sum, timeline) => sum + timeline.getEvents().length, 0) ?? 0;
    const token = this.client.store.getSyncToken();
    if (!set || held <= KEPT_EVENTS || token === null) return;
    set.resetLiveTimeline(token);
    // The conversation list shows the newest message.
    void this.client
      .paginateEventTimeline(set.getLiveTimeline(), { backwards: true, limit: 20 })
      .catch(() => undefined);
  }

  /** Adds the person's reaction, or takes it back. */
  async react(roomId: string, eventId: string, key: string): Promise<void> {
    const room = this.client.getRoom(roomId);
    const me = this.client.getSafeUserId();
    const mine = room?.relations
      .getChildEventsForEvent(eventId, RELATION.annotation, EVENT.reaction)
      ?.getAnnotationsBySender()?.[me];
    const there = [...(mine ?? [])].find((event) => event.getRelation()?.key === key && !event.isRedacted());
    const id = there?.getId();
    if (there && id !== undefined) {
      if (there.status === null) await this.client.redactEvent(roomId, id);
      return;
    }
    await this.send(roomId, EVENT.reaction, {
      'm.relates_to': { rel_type: RELATION.annotation, event_id: eventId, key },
    });
  }

  async redact(roomId: string, eventId: string): Promise<void> {
    await this.client.redactEvent(roomId, eventId);
  }

  async vote(roomId: string, pollId: string, answers: readonly string[]): Promise<void> {
    await this.send(roomId, EVENT.pollResponse, {
      'm.relates_to': { rel_type: RELATION.reference, event_id: pollId },
      [EVENT.pollResponse]: { answers },
    });
  }

  /** @param text said in clients that do not know polls */
  async endPoll(roomId: string, pollId: string, text: string): Promise<void> {
    await this.send(roomId, EVENT.pollEnd, {
      'm.relates_to': { rel_type: RELATION.reference, event_id: pollId },
      [EVENT.pollEnd]: {},
      'org.matrix.msc1767.text': text,
    });
  }

  async setPinned(roomId: string, eventId: string, pinned: boolean): Promise<void> {
    const room = this.client.getRoom(roomId);
    const before = room ? pinnedIn(room).filter((id) => id !== eventId) : [];
    await this.client.sendStateEvent(
      roomId,
      EVENT.pinned as never,
      {
        pinned: pinned ? [eventId, ...before] : before,
      } as never,
    );
  }

  /** Sends an event, encrypted where the room is; answers its id when the homeserver has it. */
  async send(roomId: string, type: string, content: Record<string, unknown>): Promise<string> {
    // The SDK types only the types it knows; domains have their own.
    const { event_id } = await this.client.sendEvent(roomId, type as never, content as never);
    return event_id;
  }

  /** An event as it came and as it was decrypted, as text. */
  source(roomId: string, eventId: string): { wire: string; clear: string | undefined } | undefined {
    const event = this.client.getRoom(roomId)?.findEventById(eventId);
    if (!event) return undefined;
    const clear = event.isEncrypted() ? event.getEffectiveEvent() : undefined;
    return {
      wire: JSON.stringify(event.event, undefined, 2),
      clear: clear && JSON.stringify(clear, undefined, 2),
    };
  }

  /** Sends a message that failed once more. */
  async retry(roomId: string, eventId: string): Promise<void> {
    const room = this.client.getRoom(roomId);
    const event = room?.getPendingEvents().find((each) => each.getId() === eventId);
    const txnId = event?.getTxnId();
    if (event && txnId !== undefined && this.sender?.has(event) === true) this.sender.retry(txnId);
    else if (room && event) await this.client.resendEvent(event, room);
  }

  /** Gives up a message that failed. */
  discard(roomId: string, eventId: string): void {
    const event = this.client
      .getRoom(roomId)
      ?.getPendingEvents()
      .find((each) => each.getId() === eventId);
    const txnId = event?.getTxnId();
    if (event && txnId !== undefined && this.sender?.has(event) === true) void this.sender.remove(txnId);
    else if (event) this.client.cancelPendingEvent(event);
  }
}
