import type { MatrixClient } from 'matrix-js-sdk';
import { emojiKey } from './emoji-variants.ts';
import { EVENT, RELATION } from './names.ts';
import { forwardableOf, type Forwardable } from './forward.ts';
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
  readonly previews: LinkPreviews;
  readonly #sender: Sender;

  /** @param sender everything that is sent goes through its queue */
  constructor(client: MatrixClient, sender: Sender) {
    this.client = client;
    this.#sender = sender;
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

  /** Adds the person's reaction, or takes it back; also one that is not sent yet, or on its way. */
  async react(roomId: string, eventId: string, key: string): Promise<void> {
    const room = this.client.getRoom(roomId);
    const me = this.client.getSafeUserId();
    const mine = room?.relations
      .getChildEventsForEvent(eventId, RELATION.annotation, EVENT.reaction)
      ?.getAnnotationsBySender()?.[me];
    const there = [...(mine ?? [])].find(
      (event) => emojiKey(event.getRelation()?.key ?? '') === emojiKey(key) && !event.isRedacted(),
    );
    const id = there?.getId();
    if (there && id !== undefined) {
      const txnId = there.getTxnId();
      if (txnId !== undefined && this.#sender.stateOf(there)) await this.#sender.withdraw(roomId, txnId);
      else await this.#sender.redact(roomId, id);
      return;
    }
    await this.#sender.sendQuietly(roomId, EVENT.reaction, {
      'm.relates_to': { rel_type: RELATION.annotation, event_id: eventId, key },
    });
  }

  async redact(roomId: string, eventId: string): Promise<void> {
    await this.#sender.redact(roomId, eventId);
  }

  async vote(roomId: string, pollId: string, answers: readonly string[]): Promise<void> {
    await this.#sender.sendQuietly(roomId, EVENT.pollResponse, {
      'm.relates_to': { rel_type: RELATION.reference, event_id: pollId },
      [EVENT.pollResponse]: { answers },
    });
  }

  /** @param text said in clients that do not know polls */
  async endPoll(roomId: string, pollId: string, text: string): Promise<void> {
    await this.#sender.sendQuietly(roomId, EVENT.pollEnd, {
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

  /**
   * Sends a domain's event, encrypted where the room is; answers its id when the homeserver has it.
   * @throws RefusedError
   */
  send(roomId: string, type: string, content: Record<string, unknown>): Promise<string> {
    return this.#sender.sendQuietly(roomId, type, content, true);
  }

  /**
   * What of a message may be sent to another conversation, as it is now; undefined: it cannot be forwarded.
   */
  forwardable(roomId: string, eventId: string): Forwardable | undefined {
    const event = this.client.getRoom(roomId)?.findEventById(eventId);
    return event && forwardableOf(event);
  }

  /** Sends a copy of a message to another conversation; it is in the queue when this returns. */
  forward(roomId: string, copy: Forwardable): void {
    this.#sender.send(roomId, copy.type, copy.content).catch(() => undefined);
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
}
